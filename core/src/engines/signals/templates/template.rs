//! What mining gives: the templates as text, with what is known of their lines.

use super::cluster::{Cluster, Seen};
use super::hash;
use super::mask::VAR;
use super::values::Distribution;
use super::words::Words;

/// The wildcard in a template's text.
pub const WILDCARD: &str = "<*>";

/// A template and what was seen of it.
#[derive(Debug, Clone)]
pub struct Template {
    /// From 1, in the order of first lines.
    pub id: u32,
    /// The text, `<*>` for each parameter, all else as in the lines (bytes that are not UTF-8
    /// replaced by U+FFFD).
    pub text: String,
    /// A hash of the text in hexadecimal: the same in every run over whatever input.
    pub fingerprint: String,
    /// How many lines it has.
    pub count: u64,
    pub first: Seen,
    pub last: Seen,
    /// Some of its lines, cut when long.
    pub exemplars: Vec<String>,
    /// The values of each `<*>` from left to right; fewer where the line has very many.
    pub parameters: Vec<Distribution>,
}

impl Template {
    pub(super) fn of(cluster: &Cluster, words: &Words, id: u32) -> Self {
        let text = text(cluster, words);
        Self {
            id,
            fingerprint: format!("{:016x}", hash::bytes(text.as_bytes())),
            text,
            count: cluster.count,
            first: cluster.first,
            last: cluster.last,
            exemplars: cluster.exemplars.iter().map(|e| String::from_utf8_lossy(e).into_owned()).collect(),
            parameters: cluster.parameters.clone(),
        }
    }
}

/// The text of a cluster's pattern.
fn text(cluster: &Cluster, words: &Words) -> String {
    let mut bytes = Vec::new();
    for (i, word) in cluster.tokens.iter().enumerate() {
        if i > 0 {
            match cluster.gaps.as_ref().and_then(|g| g.get(i - 1)) {
                Some(gap) => bytes.extend_from_slice(words.text(*gap)),
                None => bytes.push(b' '),
            }
        }
        bytes.extend_from_slice(words.text(*word));
    }
    visible(&bytes)
}

/// Masked text as people read it.
pub(super) fn visible(masked: &[u8]) -> String {
    let mut text = String::with_capacity(masked.len() + 8);
    for (i, part) in masked.split(|b| *b == VAR).enumerate() {
        if i > 0 {
            text.push_str(WILDCARD);
        }
        text.push_str(&String::from_utf8_lossy(part));
    }
    text
}
