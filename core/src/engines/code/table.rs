//! All rules of one language merged: which words decide that a file is parsed, which rules look at which
//! kinds of nodes.
//!
//! Never changes after it is made.

use super::finder::Finder;
use super::language::KindSet;
use crate::domain::RepoPath;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// One rule of the language.
#[derive(Debug)]
pub struct Entry {
    /// Index of the rule in its set.
    pub rule: usize,
    pub finder: Finder,
    /// Numbers of words: of each clause at least one must be in the file.
    clauses: Vec<Vec<u32>>,
}

#[derive(Debug, Default)]
pub struct Table {
    pub entries: Vec<Entry>,
    /// For each kind the entries that can match it.
    by_kind: Vec<Vec<u32>>,
    /// Entries whose matcher can match any kind.
    any_kind: Vec<u32>,
    words: Option<AhoCorasick>,
    word_count: usize,
}

/// The entries that can find something in one file.
#[derive(Debug)]
pub struct Active {
    entries: Vec<bool>,
    pub kinds: KindSet,
    pub every_kind: bool,
    pub count: usize,
}

impl Active {
    #[inline]
    pub fn has(&self, entry: u32) -> bool {
        self.entries.get(entry as usize).copied().unwrap_or(false)
    }
}

impl Table {
    pub fn new(finders: Vec<(usize, Finder)>) -> Self {
        let mut words: Vec<String> = Vec::new();
        let mut table = Self::default();
        for (rule, finder) in finders {
            let mut number = |word: &String| match words.iter().position(|w| w == word) {
                Some(at) => at as u32,
                None => {
                    words.push(word.clone());
                    words.len() as u32 - 1
                }
            };
            let clauses =
                finder.clauses().iter().map(|clause| clause.iter().map(&mut number).collect()).collect();
            let index = table.entries.len() as u32;
            if let Finder::Match(matcher) = &finder {
                match matcher.kinds() {
                    None => table.any_kind.push(index),
                    Some(kinds) => {
                        for kind in kinds.iter() {
                            let slot = usize::from(kind);
                            if table.by_kind.len() <= slot {
                                table.by_kind.resize_with(slot + 1, Vec::new);
                            }
                            table.by_kind[slot].push(index);
                        }
                    }
                }
            }
            table.entries.push(Entry { rule, finder, clauses });
        }
        table.word_count = words.len();
        if !words.is_empty() {
            let built = AhoCorasick::builder()
                .kind(Some(AhoCorasickKind::DFA))
                .match_kind(MatchKind::Standard)
                .build(&words);
            match built {
                Ok(words) => table.words = Some(words),
                // Too many words: then every rule looks into every file.
                Err(_) => table.entries.iter_mut().for_each(|entry| entry.clauses.clear()),
            }
        }
        table
    }

    /// Which entries can find something, by the file's path, its words and what `applies` says of the rule.
    pub fn active(&self, path: &RepoPath, text: &str, applies: impl Fn(usize) -> bool) -> Active {
        let present = self.words_in(text);
        let mut active = Active {
            entries: vec![false; self.entries.len()],
            kinds: KindSet::default(),
            every_kind: false,
            count: 0,
        };
        for (index, entry) in self.entries.iter().enumerate() {
            let words = entry.clauses.iter().all(|c| c.iter().any(|w| present[*w as usize]));
            if words && entry.finder.looks_at(path.as_str()) && applies(entry.rule) {
                active.entries[index] = true;
                active.count += 1;
                if let Finder::Match(matcher) = &entry.finder {
                    match matcher.kinds() {
                        Some(kinds) => active.kinds.union_with(kinds),
                        None => active.every_kind = true,
                    }
                }
            }
        }
        active
    }

    fn words_in(&self, text: &str) -> Vec<bool> {
        let mut present = vec![false; self.word_count];
        let Some(words) = &self.words else { return present };
        let mut missing = self.word_count;
        for found in words.find_overlapping_iter(text) {
            let slot = &mut present[found.pattern().as_usize()];
            if !*slot {
                *slot = true;
                missing -= 1;
                if missing == 0 {
                    break;
                }
            }
        }
        present
    }

    /// The entries that can match a node of this kind.
    #[inline]
    pub fn for_kind(&self, kind: u16) -> impl Iterator<Item = u32> + '_ {
        let own = self.by_kind.get(usize::from(kind)).map(Vec::as_slice).unwrap_or_default();
        own.iter().chain(&self.any_kind).copied()
    }
}
