//! Finding secrets in a text by the table of known formats.
//!
//! Errs on the side of hiding: a checksum that does not fit does not save a value in a known format.

use super::token_spans;
use crate::domain::credential::{Check, FORMATS, Format, entropy, is_placeholder};
use aho_corasick::AhoCorasick;
use regex::{Regex, RegexBuilder};
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

/// A secret's place. `kind` names its format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub range: Range<usize>,
    pub kind: &'static str,
}

struct Table {
    keywords: AhoCorasick,
    /// For each keyword, the formats that have it.
    owners: Vec<usize>,
}

static TABLE: LazyLock<Option<Table>> = LazyLock::new(|| {
    let (owners, words): (Vec<usize>, Vec<&str>) = FORMATS
        .iter()
        .enumerate()
        .flat_map(|(index, format)| format.keywords.iter().map(move |word| (index, *word)))
        .unzip();
    let keywords = AhoCorasick::builder().ascii_case_insensitive(true).build(words).ok()?;
    Some(Table { keywords, owners })
});

/// Each format's expression, compiled when a text first has one of its keywords: all of them take 10 MB, and most
/// texts have none.
static EXPRESSIONS: [OnceLock<Option<Regex>>; FORMATS.len()] = [const { OnceLock::new() }; FORMATS.len()];

fn expression(index: usize) -> Option<&'static Regex> {
    let (place, format) = (EXPRESSIONS.get(index)?, FORMATS.get(index)?);
    place.get_or_init(|| RegexBuilder::new(format.regex).size_limit(1 << 24).build().ok()).as_ref()
}

/// The secrets of a text, in order, not overlapping.
pub fn scan(text: &str) -> Vec<Hit> {
    let mut hits = search(text);
    if let Some((plain, places)) = unescape(text) {
        hits.extend(
            search(&plain)
                .into_iter()
                .map(|(priority, range)| (priority, places[range.start]..places[range.end])),
        );
    }
    let taken = token_spans(text);
    hits.retain(|(_, range)| {
        let next = taken.partition_point(|token| token.end <= range.start);
        taken.get(next).is_none_or(|token| token.start >= range.end)
    });
    merge(hits)
}

fn search(text: &str) -> Vec<(usize, Range<usize>)> {
    let Some(table) = TABLE.as_ref() else { return Vec::new() };
    let mut present = vec![false; FORMATS.len()];
    let mut missing = present.len();
    for found in table.keywords.find_overlapping_iter(text) {
        let owner = table.owners[found.pattern().as_usize()];
        if !std::mem::replace(&mut present[owner], true) {
            missing -= 1;
            if missing == 0 {
                break;
            }
        }
    }
    let mut hits = Vec::new();
    for (priority, format) in FORMATS.iter().enumerate().filter(|(index, _)| present[*index]) {
        let Some(regex) = expression(priority) else { continue };
        for captures in regex.captures_iter(text) {
            if let Some(group) = captures.get(1).or_else(|| captures.get(0))
                && is_secret(format, group.as_str())
            {
                hits.push((priority, group.range()));
            }
        }
    }
    hits
}

fn is_secret(format: &Format, value: &str) -> bool {
    if entropy(value) < format.min_entropy || is_placeholder(value, format.known) {
        return false;
    }
    match format.check {
        // A mistyped or truncated token is still most of a token.
        Check::Github | Check::AwsKey => true,
        check => check.passes(value),
    }
}

/// Overlapping hits become one, named by the more telling format.
fn merge(mut hits: Vec<(usize, Range<usize>)>) -> Vec<Hit> {
    hits.sort_by_key(|(priority, range)| (range.start, *priority));
    let mut merged: Vec<(usize, Range<usize>)> = Vec::new();
    for (priority, range) in hits {
        match merged.last_mut() {
            Some((best, last)) if range.start < last.end => {
                last.end = last.end.max(range.end);
                *best = (*best).min(priority);
            }
            _ => merged.push((priority, range)),
        }
    }
    merged.into_iter().map(|(priority, range)| Hit { range, kind: FORMATS[priority].kind }).collect()
}

/// The text with JSON's `\/` and `\u00xx` decoded, and for each of its bytes (and its end) the place in
/// the original; `None` when there is nothing to decode.
fn unescape(text: &str) -> Option<(String, Vec<usize>)> {
    if !text.contains("\\/") && !text.contains("\\u00") {
        return None;
    }
    let mut plain = String::with_capacity(text.len());
    let mut places = Vec::with_capacity(text.len() + 1);
    let mut rest = text.char_indices();
    while let Some((at, c)) = rest.next() {
        let (decoded, skip) = if c == '\\' { escape_at(&text[at..]) } else { (c, 0) };
        plain.push(decoded);
        places.resize(plain.len(), at);
        for _ in 0..skip {
            rest.next();
        }
    }
    places.push(text.len());
    Some((plain, places))
}

/// The character that `text` (which starts with a backslash) stands for, and how many more characters it takes.
fn escape_at(text: &str) -> (char, usize) {
    if text.as_bytes().get(1) == Some(&b'/') {
        return ('/', 1);
    }
    let code = text
        .strip_prefix("\\u00")
        .and_then(|hex| hex.get(..2))
        .and_then(|hex| u8::from_str_radix(hex, 16).ok());
    match code {
        Some(byte @ 0x20..0x7f) => (char::from(byte), 5),
        _ => ('\\', 0),
    }
}
