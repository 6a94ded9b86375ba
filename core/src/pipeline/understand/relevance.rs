//! Narrows findings to those that the user's own words mean, nearest first.
//!
//! Meaning (cosine of embeddings) and words (overlap) both count; a finding that shares neither goes.

use crate::domain::Finding;
use crate::engines::recall::terms::terms;
use crate::ports::embedder::{Embedder, EmbedderError};
use std::collections::{BTreeMap, BTreeSet};

// Set by the table in `tests/tests/relevance.rs`, over the texts of the rules that ecoops brings along:
// wordings that name no rule score at most 0.23, those that do at least 0.35; a second rule that is meant
// has at least 0.79 of the best score, one that is not at most 0.68 where it matters.

/// A finding below this share of the best score is not what was meant.
const KEEP: f64 = 0.74;
/// And below this it is not, even if nothing scored better.
const FLOOR: f64 = 0.29;
/// What a full overlap of words adds to the cosine.
const WORDS: f64 = 0.35;

/// `about` gives the words that describe a finding's rule; `near` those of its place (path and code).
///
/// # Errors
/// [`EmbedderError`] when the embedder cannot be used.
pub fn narrow(
    embedder: &dyn Embedder,
    wording: &str,
    findings: Vec<Finding>,
    about: &dyn Fn(&Finding) -> String,
    near: &dyn Fn(&Finding) -> String,
) -> Result<Vec<Finding>, EmbedderError> {
    let mut abouts: BTreeMap<&str, String> = BTreeMap::new();
    for finding in &findings {
        abouts.entry(&finding.rule).or_insert_with(|| about(finding));
    }
    let mut texts: Vec<&str> = vec![wording];
    texts.extend(abouts.values().map(String::as_str));
    let (_, vectors) = embedder.embed_named(&texts)?;
    let (question, answers) =
        vectors.split_first().ok_or_else(|| EmbedderError::Unusable("no vector".into()))?;
    let meaning: BTreeMap<&str, f64> =
        abouts.keys().zip(answers).map(|(rule, vector)| (*rule, dot(question, vector))).collect();
    let asked = words(wording);
    let scores: Vec<f64> = findings
        .iter()
        .map(|f| {
            let described = abouts.get(f.rule.as_str()).map_or("", String::as_str);
            let there = words(&format!("{described} {}", near(f)));
            let shared = asked.intersection(&there).count() as f64 / asked.len().max(1) as f64;
            meaning.get(f.rule.as_str()).copied().unwrap_or_default() + WORDS * shared
        })
        .collect();
    let best = scores.iter().copied().fold(0.0, f64::max);
    let mut ranked: Vec<(f64, Finding)> =
        scores.into_iter().zip(findings).filter(|(s, _)| *s >= FLOOR && *s >= best * KEEP).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok(ranked.into_iter().map(|(_, finding)| finding).collect())
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
}

/// Index terms: identifiers split, endings cut, words that are in every text left out.
fn words(text: &str) -> BTreeSet<String> {
    terms(text).into_iter().collect()
}
