//! Templates that are variants of one another: for people, who want to see a message once.
//!
//! Candidates share shingles of words, found by MinHash and banding (Broder 1997; Leskovec,
//! Rajaraman and Ullman, "Mining of Massive Datasets", 3.4); a pair is kept when its true Jaccard
//! similarity is high, or, when the caller can embed text, when its vectors are close. Changes no
//! template and no ticket.

use std::collections::{HashMap, HashSet};

use super::hash::{self, BuildHash, mix};
use super::template::WILDCARD;

const HASHES: usize = 32;
const BAND: usize = 2;
/// Pairs of one bucket that are compared; a bucket of more is of a phrase that says little.
const BUCKET: usize = 64;

/// When two templates are variants.
#[derive(Debug, Clone, Copy)]
pub struct Likeness {
    /// The share of shingles that are common, from 0 to 1, above which they are.
    pub jaccard: f64,
    /// The cosine of the embeddings above which they are, if half of `jaccard` is reached.
    pub cosine: f32,
}

impl Default for Likeness {
    fn default() -> Self {
        Self { jaccard: 0.6, cosine: 0.85 }
    }
}

/// Turns a text into a vector; all vectors of one length.
pub type Embed<'a> = &'a dyn Fn(&str) -> Vec<f32>;

/// Groups templates, each with the number of its lines, that say the same in other words. Gives for each the
/// place in `templates` of its group's most frequent one, which for most is its own.
pub fn variants(templates: &[(&str, u64)], likeness: Likeness, embed: Option<Embed<'_>>) -> Vec<usize> {
    let shingles: Vec<HashSet<u64, BuildHash>> = templates.iter().map(|(text, _)| shingles(text)).collect();
    let mut vectors: HashMap<usize, Vec<f32>> = HashMap::new();
    let mut parent: Vec<usize> = (0..templates.len()).collect();
    for (a, b) in candidates(&shingles) {
        let common = jaccard(&shingles[a], &shingles[b]);
        let close = common >= likeness.jaccard
            || common * 2.0 >= likeness.jaccard
                && embed.is_some_and(|embed| {
                    for i in [a, b] {
                        vectors.entry(i).or_insert_with(|| embed(&words_of(templates[i].0)));
                    }
                    cosine(&vectors[&a], &vectors[&b]) >= likeness.cosine
                });
        if close {
            let (a, b) = (root(&mut parent, a), root(&mut parent, b));
            // The more frequent stands for both.
            let (of, into) = if templates[a].1 >= templates[b].1 { (b, a) } else { (a, b) };
            parent[of] = into;
        }
    }
    (0..templates.len()).map(|i| root(&mut parent, i)).collect()
}

fn root(parent: &mut [usize], mut of: usize) -> usize {
    while parent[of] != of {
        parent[of] = parent[parent[of]];
        of = parent[of];
    }
    of
}

/// A template's words without its wildcards.
fn words_of(text: &str) -> String {
    text.replace(WILDCARD, " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Single words and pairs of neighbours.
fn shingles(text: &str) -> HashSet<u64, BuildHash> {
    let letters = |c: char| !c.is_alphanumeric();
    let words: Vec<u64> =
        text.replace(WILDCARD, " ").split(letters).filter(|w| !w.is_empty()).map(word_hash).collect();
    let pairs = words.windows(2).map(|w| mix(w[0] ^ mix(w[1])));
    words.iter().copied().chain(pairs).collect()
}

fn word_hash(word: &str) -> u64 {
    hash::bytes(word.to_lowercase().as_bytes())
}

/// Pairs that share a band of their MinHash signatures, each once, in order.
fn candidates(shingles: &[HashSet<u64, BuildHash>]) -> Vec<(usize, usize)> {
    let mut buckets: HashMap<(usize, u64), Vec<usize>, BuildHash> = HashMap::default();
    for (i, set) in shingles.iter().enumerate().filter(|(_, s)| !s.is_empty()) {
        let least = |salt: usize| set.iter().map(|s| mix(s ^ mix(salt as u64 + 1))).min().unwrap_or(0);
        let signature: Vec<u64> = (0..HASHES).map(least).collect();
        for (band, rows) in signature.chunks(BAND).enumerate() {
            let key = rows.iter().fold(band as u64, |sum, row| mix(sum ^ row));
            buckets.entry((band, key)).or_default().push(i);
        }
    }
    let mut pairs: Vec<(usize, usize)> = buckets
        .into_values()
        .flat_map(|bucket| {
            let few: Vec<usize> = bucket.into_iter().take(BUCKET).collect();
            few.iter()
                .enumerate()
                .flat_map(|(k, a)| few[k + 1..].iter().map(|b| (*a, *b)))
                .collect::<Vec<_>>()
        })
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

fn jaccard(a: &HashSet<u64, BuildHash>, b: &HashSet<u64, BuildHash>) -> f64 {
    let common = a.intersection(b).count();
    common as f64 / (a.len() + b.len() - common).max(1) as f64
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot: f32 = a.iter().zip(b).map(|(x, y)| x * y).sum();
    let norm = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
    let length = norm(a) * norm(b);
    if length > 0.0 { dot / length } else { 0.0 }
}
