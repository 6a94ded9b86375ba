//! Retrieve: what we saw before. Fixes of the same rule, and runbooks and incidents like the problem.
//!
//! Only asks the memory; decides nothing.

pub mod incident;

use crate::domain::Problem;
use crate::ports::memory::{DocumentKind, Filters, Hit, Memory, MemoryError, Query};
use std::collections::BTreeMap;

/// How many remembered fixes a rule, and how many related documents a run, are worth looking at.
const FIXES: usize = 8;
const RELATED: usize = 3;

/// What was remembered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recalled {
    /// By rule: earlier fixes, nearest first.
    pub fixes: BTreeMap<String, Vec<Hit>>,
    /// Runbooks, incidents and postmortems like the problem as the user put it.
    pub related: Vec<Hit>,
    /// Why a memory that is elsewhere gave no answer. The run goes on with what is known here.
    pub away: Option<String>,
}

/// `wording` is what the user called the problem, if they did.
///
/// # Errors
/// [`MemoryError`] when the memory cannot be read. One that is away is no error: nothing was seen before.
pub fn retrieve(
    memory: &dyn Memory,
    problems: &[Problem],
    wording: Option<&str>,
) -> Result<Recalled, MemoryError> {
    match ask(memory, problems, wording) {
        Err(away @ MemoryError::Away(_)) => {
            Ok(Recalled { away: Some(away.to_string()), ..Recalled::default() })
        }
        answer => answer,
    }
}

fn ask(memory: &dyn Memory, problems: &[Problem], wording: Option<&str>) -> Result<Recalled, MemoryError> {
    let mut recalled = Recalled::default();
    if !memory.is_empty(&[DocumentKind::Fix])? {
        for problem in problems {
            let Some(finding) = problem.findings.first() else { continue };
            if recalled.fixes.contains_key(&finding.rule) {
                continue;
            }
            let mut metadata = serde_json::Map::new();
            metadata.insert("rule".to_owned(), finding.rule.clone().into());
            let hits = memory.search(&Query {
                query: format!("{} {}", finding.title, finding.message),
                top_k: FIXES,
                filters: Filters { kinds: vec![DocumentKind::Fix], metadata },
            })?;
            recalled.fixes.insert(finding.rule.clone(), hits);
        }
    }
    if let Some(wording) = wording {
        let kinds = vec![DocumentKind::Incident, DocumentKind::Runbook, DocumentKind::Postmortem];
        recalled.related = memory.search(&Query {
            query: wording.to_owned(),
            top_k: RELATED,
            filters: Filters { kinds, ..Filters::default() },
        })?;
    }
    Ok(recalled)
}
