//! Finds the template with wildcards that a line never seen before belongs to.
//!
//! Templates are filed under their tokens without the open ones; a line is looked up once for each
//! set of open columns that templates of its length have, so that the search does not grow with the
//! number of templates.

use std::collections::HashMap;

use super::hash::{BuildHash, mix};
use super::mask::VAR;
use super::words::{Word, Words};

#[derive(Debug, Default)]
pub struct Index {
    /// By the number of tokens: the sets of open columns.
    open: HashMap<usize, Vec<Box<[usize]>>, BuildHash>,
    filed: HashMap<u64, Vec<u32>, BuildHash>,
}

fn place(column: usize, word: Word) -> u64 {
    mix(((column as u64) << 32) | u64::from(word.0))
}

fn whole(tokens: &[Word]) -> u64 {
    tokens.iter().enumerate().fold(mix(tokens.len() as u64), |sum, (c, w)| sum.wrapping_add(place(c, *w)))
}

fn without(tokens: &[Word], sum: u64, open: &[usize]) -> u64 {
    let rest = open.iter().fold(sum, |sum, c| sum.wrapping_sub(place(*c, tokens[*c])));
    open.iter().fold(rest, |sum, c| mix(sum ^ *c as u64))
}

impl Index {
    /// Files template number `number` by `tokens`; `open` says which columns differ between its lines.
    pub fn insert(&mut self, tokens: &[Word], open: &[usize], number: u32) {
        let sets = self.open.entry(tokens.len()).or_default();
        if !sets.iter().any(|s| **s == *open) {
            sets.push(open.into());
        }
        self.filed.entry(without(tokens, whole(tokens), open)).or_default().push(number);
    }

    /// The first template that `tokens` match; `pattern` gives the tokens of a template.
    pub fn find<'a>(
        &self,
        tokens: &[Word],
        words: &Words,
        pattern: impl Fn(u32) -> &'a [Word],
    ) -> Option<u32> {
        let sets = self.open.get(&tokens.len())?;
        let sum = whole(tokens);
        for open in sets {
            let Some(numbers) = self.filed.get(&without(tokens, sum, open)) else { continue };
            for number in numbers {
                let wanted = pattern(*number);
                let fits = |(a, b): (&Word, &Word)| a == b || matches(words.text(*a), words.text(*b));
                if wanted.len() == tokens.len() && wanted.iter().zip(tokens).all(fits) {
                    return Some(*number);
                }
            }
        }
        None
    }
}

/// Whether `text` is what `pattern` says, each of its wildcards standing for anything.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let mut parts = pattern.split(|b| *b == VAR);
    let Some(rest) = parts.next().and_then(|prefix| text.strip_prefix(prefix)) else { return false };
    let mut rest = rest;
    let Some(mut last) = parts.next() else { return rest.is_empty() };
    for next in parts {
        let Some(found) = find(rest, last) else { return false };
        rest = &rest[found + last.len()..];
        last = next;
    }
    rest.ends_with(last)
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    if wanted.is_empty() {
        return Some(0);
    }
    text.windows(wanted.len()).position(|w| w == wanted)
}
