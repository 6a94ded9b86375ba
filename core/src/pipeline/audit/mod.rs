//! Audit: what a run leaves behind for the next one. Each fix goes into memory, with its cause, its
//! patch, how it was validated and where its record is.
//!
//! The entries of the audit log itself are written phase by phase by the session.

pub mod compliance;

use crate::domain::{Landed, RunId, Verdict};
use crate::ports::memory::{Document, DocumentKind, Memory, MemoryError};
use serde_json::{Map, Value, json};

/// Ingests each fix; the same fix again is kept once. Every text passes through `redact` first.
///
/// # Errors
/// [`MemoryError`] when one could not be kept. The fix itself has landed all the same.
pub fn remember(
    memory: &dyn Memory,
    run: &RunId,
    verdict: &Verdict,
    landed: &[Landed],
    redact: &dyn Fn(&str) -> String,
) -> Result<usize, MemoryError> {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for fix in landed {
        // One document a rule and before-text is enough: others would only repeat it.
        let place = fix.place.as_ref().map_or(fix.patch.as_str(), |(before, _)| before.as_str());
        if seen.contains(&(fix.rule.as_str(), place)) {
            continue;
        }
        seen.push((&fix.rule, place));
        memory.ingest(&document(run, verdict, fix, redact))?;
    }
    Ok(seen.len())
}

fn document(run: &RunId, verdict: &Verdict, fix: &Landed, redact: &dyn Fn(&str) -> String) -> Document {
    let mut metadata = Map::new();
    let mut put = |key: &str, value: Value| metadata.insert(key.to_owned(), value);
    put("rule", json!(fix.rule));
    put("tier", json!(fix.tier));
    put("path", json!(fix.path));
    put("run", json!(run));
    if let Some((before, after)) = &fix.place {
        // A text with a secret in it cannot be carried over without it, so it is not kept for that.
        if redact(before) == *before && redact(after) == *after {
            put("before", json!(before));
            put("after", json!(after));
        }
    }
    let layers: Vec<String> =
        verdict.layers.iter().map(|l| format!("{}: {}", l.name, outcome(&l.outcome))).collect();
    let text = format!(
        "Root cause: {}\n\nFix: {} in {}\n\n{}\n\nValidation: {}\n\nRecord: urn:ecoops:run:{}\n",
        fix.cause,
        fix.title,
        fix.path,
        fix.patch,
        layers.join(", "),
        run.0
    );
    Document {
        kind: DocumentKind::Fix,
        title: redact(&fix.title),
        text: redact(&text),
        source: format!("urn:ecoops:run:{}", run.0),
        metadata,
    }
}

fn outcome(outcome: &crate::domain::LayerOutcome) -> &'static str {
    use crate::domain::LayerOutcome::{Failed, FailedBefore, Inconclusive, Passed, Skipped};
    match outcome {
        Passed => "passed",
        Failed { .. } => "failed",
        FailedBefore { .. } => "failed before as well",
        Skipped { .. } => "not run",
        Inconclusive { .. } => "inconclusive",
    }
}
