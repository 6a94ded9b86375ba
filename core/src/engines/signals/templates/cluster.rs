//! A live cluster of lines: its pattern, and what is remembered of its lines.
//!
//! Bounded: a few exemplars, cut, and one [`Distribution`] a parameter. Never decides what belongs
//! to it.

use super::hash::mix;
use super::mask::{Masked, VAR};
use super::values::Distribution;
use super::words::{Word, Words};

/// Exemplars kept of a cluster.
pub const EXEMPLARS: usize = 3;
/// Bytes kept of an exemplar.
const EXEMPLAR_BYTES: usize = 512;
/// Parameters whose values are looked at; a line with more is a dump.
const PARAMETERS: usize = 16;
/// The first lines of a cluster are all looked at, then about one in [`SAMPLED`], in no rhythm that
/// lines could share.
const LOOKED_AT: u64 = 32;
const SAMPLED: u64 = 16;

/// A line's place: its number, from 0, and its time where the caller knows one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub line: u64,
    pub at: Option<i64>,
}

#[derive(Debug, Clone)]
pub struct Cluster {
    pub tokens: Box<[Word]>,
    /// The columns in which its lines differ besides what is masked.
    pub open: Box<[usize]>,
    /// The white space before each token but the first, where it is not one space throughout.
    pub gaps: Option<Box<[Word]>>,
    pub count: u64,
    /// The lines of the member whose spacing `gaps` is.
    pub spaced: u64,
    pub first: Seen,
    pub last: Seen,
    pub exemplars: Vec<Box<[u8]>>,
    pub parameters: Vec<Distribution>,
    /// The number by which lines were told that they belong here.
    pub ticket: u32,
}

impl Cluster {
    pub fn new(tokens: Box<[Word]>, gaps: Option<Box<[Word]>>, seen: Seen, ticket: u32) -> Self {
        Self {
            tokens,
            open: [].into(),
            gaps,
            count: 0,
            spaced: 0,
            first: seen,
            last: seen,
            exemplars: Vec::new(),
            parameters: Vec::new(),
            ticket,
        }
    }

    /// Counts a line. True when its values should be looked at.
    pub fn count(&mut self, seen: Seen) -> bool {
        self.count += 1;
        self.spaced += 1;
        self.last = seen;
        self.count <= LOOKED_AT || mix(self.count).is_multiple_of(SAMPLED)
    }

    /// Remembers what is in a line: itself, if it is among the first, and its values.
    pub fn look(&mut self, line: &[u8], masked: &Masked, words: &Words) {
        if self.exemplars.len() < EXEMPLARS && !self.exemplars.iter().any(|e| cut(line) == &**e) {
            self.exemplars.push(cut(line).into());
        }
        let mut parameter = 0;
        let mut reader = Values { line, masked, at: 0, raw: 0, value: 0 };
        for token in &self.tokens {
            let pattern = words.text(*token);
            let wildcards = pattern.iter().filter(|b| **b == VAR).count();
            let read = reader.token();
            if wildcards == 0 {
                continue;
            }
            if self.parameters.len() < parameter + wildcards {
                self.parameters.resize_with((parameter + wildcards).min(PARAMETERS), Distribution::default);
            }
            let kept = self.parameters.len();
            let into = &mut self.parameters[parameter.min(kept)..(parameter + wildcards).min(kept)];
            read.distribute(pattern, line, masked, into);
            parameter += wildcards;
        }
    }

    /// Takes in `other`, which is found to be the same; `tokens` is what both become.
    pub fn absorb(&mut self, other: Cluster, words: &Words, tokens: &[Word]) {
        let theirs = remap(&other, words, tokens);
        self.parameters = remap(self, words, tokens);
        self.parameters.resize_with(self.parameters.len().max(theirs.len()), Distribution::default);
        self.parameters.iter_mut().zip(&theirs).for_each(|(ours, theirs)| ours.merge(theirs));
        let differs = |c: &usize| {
            let (ours, theirs, new) = (self.tokens.get(*c), other.tokens.get(*c), tokens.get(*c));
            ours != new || theirs != new || self.open.contains(c) || other.open.contains(c)
        };
        self.open = (0..tokens.len()).filter(differs).collect();
        self.tokens = tokens.into();
        if other.spaced > self.spaced {
            (self.gaps, self.spaced) = (other.gaps, other.spaced);
        }
        self.count += other.count;
        if other.first.line < self.first.line {
            self.first = other.first;
        }
        if other.last.line > self.last.line {
            self.last = other.last;
        }
        for exemplar in other.exemplars {
            if self.exemplars.len() < EXEMPLARS {
                self.exemplars.push(exemplar);
            }
        }
    }
}

fn cut(line: &[u8]) -> &[u8] {
    &line[..line.len().min(EXEMPLAR_BYTES)]
}

fn wildcards(text: &[u8]) -> usize {
    text.iter().filter(|b| **b == VAR).count()
}

/// The parameters of `cluster` as those of `tokens`, a generalisation of its own.
fn remap(cluster: &Cluster, words: &Words, tokens: &[Word]) -> Vec<Distribution> {
    let mut out = Vec::new();
    let mut at = 0;
    for (own, new) in cluster.tokens.iter().zip(tokens) {
        let (own_text, new_text) = (words.text(*own), words.text(*new));
        let had = wildcards(own_text);
        if own == new {
            out.extend((at..at + had).map(|p| cluster.parameters.get(p).cloned().unwrap_or_default()));
        } else {
            out.extend(generalised(own_text, new_text, cluster.parameters.get(at), cluster.count));
        }
        at += had;
    }
    out.truncate(PARAMETERS);
    out
}

/// What stood in a token that is now `new`: the words between its affixes, or the values that
/// stood there already.
fn generalised(own: &[u8], new: &[u8], had: Option<&Distribution>, count: u64) -> Vec<Distribution> {
    let mut out = vec![Distribution::default(); wildcards(new)];
    if let ([one], Some(place)) = (&mut out[..], new.iter().position(|b| *b == VAR)) {
        let end = own.len().saturating_sub(new.len() - place - 1).max(place.min(own.len()));
        let value = own.get(place..end).unwrap_or(own);
        match had {
            Some(values) if value == [VAR] => *one = values.clone(),
            _ => one.add_times(&super::template::visible(value).into_bytes(), count),
        }
    }
    out
}

/// Walks a masked line and the line itself together, token by token.
struct Values<'a> {
    line: &'a [u8],
    masked: &'a Masked,
    at: usize,
    raw: usize,
    value: usize,
}

/// A token of a line: where it lies, and which values are in it.
struct Read {
    raw: (usize, usize),
    values: (usize, usize),
}

impl Values<'_> {
    fn token(&mut self) -> Read {
        let text = &self.masked.text;
        while text.get(self.at).is_some_and(u8::is_ascii_whitespace) || text.get(self.at) == Some(&0x0b) {
            self.at += 1;
            self.raw += 1;
        }
        let (begin, first) = (self.raw, self.value);
        while let Some(byte) = text.get(self.at).filter(|b| !b.is_ascii_whitespace() && **b != 0x0b) {
            if *byte == VAR {
                self.raw = self.masked.values.get(self.value).map_or(self.raw, |v| v.1 as usize);
                self.value += 1;
            } else {
                self.raw += 1;
            }
            self.at += 1;
        }
        Read { raw: (begin, self.raw.min(self.line.len()).max(begin)), values: (first, self.value) }
    }
}

impl Read {
    fn distribute(&self, pattern: &[u8], line: &[u8], masked: &Masked, into: &mut [Distribution]) {
        let values = self.values.1 - self.values.0;
        if values == wildcards(pattern) {
            for (one, span) in into.iter_mut().zip(&masked.values[self.values.0..self.values.1]) {
                one.add(line.get(span.0 as usize..span.1 as usize).unwrap_or_default());
            }
            return;
        }
        let ([one], Some(place)) = (into, pattern.iter().position(|b| *b == VAR)) else { return };
        let raw = line.get(self.raw.0..self.raw.1).unwrap_or_default();
        let suffix = pattern.len() - place - 1;
        one.add(raw.get(place..raw.len().saturating_sub(suffix)).unwrap_or(raw));
    }
}
