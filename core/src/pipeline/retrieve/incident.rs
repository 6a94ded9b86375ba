//! What we saw before of an incident: runbooks, past incidents and postmortems that are like it.
//!
//! Only asks the memory; decides nothing.

use crate::domain::incident::{IncidentData, LogLevel};
use crate::ports::memory::{DocumentKind, Filters, Hit, Memory, MemoryError, Query};

/// How many documents are shown.
const SHOWN: usize = 4;
/// A document whose best cosine is lower is about something else.
const NEAR: f64 = 0.35;
/// New errors whose words are asked for.
const ERRORS: usize = 3;
/// Bytes of one error that are asked for.
const WORDS: usize = 300;

/// # Errors
/// [`MemoryError`] when the memory cannot be read. One that is away is no error: nothing was seen before.
pub fn recall(memory: &dyn Memory, data: &IncidentData) -> Result<Vec<Hit>, MemoryError> {
    match ask(memory, data) {
        Err(MemoryError::Away(why)) => {
            tracing::warn!(why, "what was seen before is not looked at");
            Ok(Vec::new())
        }
        answer => answer,
    }
}

fn ask(memory: &dyn Memory, data: &IncidentData) -> Result<Vec<Hit>, MemoryError> {
    let kinds = vec![DocumentKind::Incident, DocumentKind::Runbook, DocumentKind::Postmortem];
    if memory.is_empty(&kinds)? {
        return Ok(Vec::new());
    }
    let query = wording(data);
    if query.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut hits =
        memory.search(&Query { query, top_k: SHOWN, filters: Filters { kinds, ..Filters::default() } })?;
    hits.retain(|hit| hit.cosine >= NEAR);
    Ok(hits)
}

/// The incident in words: what was noticed, and the errors that are new.
fn wording(data: &IncidentData) -> String {
    let mut errors: Vec<_> = data
        .logs
        .iter()
        .filter(|l| l.level.is_some_and(|level| level >= LogLevel::Error) && l.novelty >= 0.5)
        .collect();
    errors.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.template.cmp(&b.template)));
    let bad = data.events.iter().filter(|e| e.bad).take(ERRORS).map(|e| e.reason.as_str());
    let brief = &data.brief;
    let told = [Some(brief.title.as_str()), brief.service.as_deref(), brief.metric.as_deref()];
    let errors = errors.into_iter().take(ERRORS).map(|l| l.template.as_str());
    let words: Vec<&str> = told.into_iter().flatten().chain(bad).chain(errors).map(cut).collect();
    words.join(". ").replace("<*>", " ")
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(WORDS)).unwrap_or(text)
}
