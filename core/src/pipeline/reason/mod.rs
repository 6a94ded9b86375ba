//! Reason: which candidates may answer each finding, and in which order.
//!
//! A candidate's source decides when it is tried, never how it is checked.

pub mod incident;

use crate::domain::{Edit, Finding, FixSource, Remediation, RemediationId, Tier};
use crate::engines::code::transfer::transfer;
use crate::ports::memory::Hit;
use std::collections::BTreeMap;

/// What may be proposed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Leave {
    /// Also fixes that may change the meaning of correct code.
    pub unsafe_fixes: bool,
}

/// Why a finding has no candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unanswered {
    /// No fix is known.
    NoFix,
    /// There is one, but it may change what correct code means, and that was not asked for.
    NeedsUnsafe,
}

/// The candidates for one finding in `text`, cheapest source first. Ids are those of the finding, with
/// the source's letter behind when it is not the first.
///
/// # Errors
/// [`Unanswered`] when there is none.
pub fn candidates(
    finding: &Finding,
    text: &str,
    remembered: &BTreeMap<String, Vec<Hit>>,
    leave: Leave,
) -> Result<Vec<Remediation>, Unanswered> {
    let mut found: Vec<(FixSource, Tier, Vec<Edit>)> = Vec::new();
    for hit in remembered.get(&finding.rule).into_iter().flatten() {
        if let Some((tier, edits)) = remembered_edits(hit, finding, text)
            && !found.iter().any(|f| f.2 == edits)
        {
            found.push((FixSource::Memory, tier, edits));
        }
    }
    if !finding.fix.is_empty() && !found.iter().any(|f| f.2 == finding.fix) {
        let source = if finding.tool == "ecoops" { FixSource::Rule } else { FixSource::Tool };
        found.push((source, finding.tier, finding.fix.clone()));
    }
    if found.is_empty() {
        return Err(Unanswered::NoFix);
    }
    found.retain(|(_, tier, _)| *tier == Tier::Safe || (leave.unsafe_fixes && *tier == Tier::Unsafe));
    if found.is_empty() {
        return Err(Unanswered::NeedsUnsafe);
    }
    let candidates = found.into_iter().map(|(source, tier, edits)| Remediation {
        id: RemediationId(format!("{}:{}", finding.fingerprint, letter(source))),
        source,
        tier,
        rule: finding.rule.clone(),
        fingerprint: finding.fingerprint.clone(),
        title: finding.title.clone(),
        path: finding.location.path.clone(),
        edits,
    });
    Ok(candidates.collect())
}

/// What a remembered fix means here: its `before` must be this place's text, up to names.
fn remembered_edits(hit: &Hit, finding: &Finding, text: &str) -> Option<(Tier, Vec<Edit>)> {
    let field = |name: &str| hit.document.metadata.get(name).and_then(|v| v.as_str());
    let tier: Tier = serde_json::from_value(hit.document.metadata.get("tier")?.clone()).ok()?;
    let place = text.get(finding.location.bytes.clone())?;
    let new = transfer(field("before")?, field("after")?, place)?;
    Some((tier, vec![Edit { range: finding.location.bytes.clone(), text: new }]))
}

fn letter(source: FixSource) -> char {
    match source {
        FixSource::Memory => 'm',
        FixSource::Rule => 'r',
        FixSource::Tool => 't',
        FixSource::Template => 's',
        FixSource::Model => 'l',
    }
}
