//! From an analysis to a problem: what memory knows of it is added as evidence, and how severe it is.
//!
//! Never changes a hypothesis: what was remembered supports nobody.

use crate::domain::incident::{
    Impact, IncidentAnalysis, IncidentEvidence, IncidentEvidenceKind, IncidentVerdict,
};
use crate::domain::{ContentHash, Problem, ProblemId, ProblemKind, RepoPath, Severity};
use crate::ports::memory::{DocumentKind, Hit};

/// Characters of a snippet that are shown.
const EXCERPT: usize = 240;

/// Adds what was remembered as evidence, after all else. Cites documents by id, never by where they lie on
/// this machine.
pub fn remember(analysis: &mut IncidentAnalysis, hits: &[Hit]) {
    let last = analysis.evidence.iter().filter_map(|e| e.id.strip_prefix('e')?.parse::<usize>().ok()).max();
    for (number, hit) in (last.unwrap_or(0) + 1..).zip(hits) {
        let kind = match hit.document.kind {
            DocumentKind::Incident => "past incident",
            DocumentKind::Runbook => "runbook",
            DocumentKind::Postmortem => "postmortem",
            DocumentKind::Fix => "fix",
        };
        let snippet = hit.snippet.split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = snippet.chars().take(EXCERPT).collect();
        let more = if short.len() < snippet.len() { "…" } else { "" };
        analysis.evidence.push(IncidentEvidence {
            id: format!("e{number}"),
            kind: IncidentEvidenceKind::Memory,
            service: None,
            excerpt: format!("{kind} \u{201c}{}\u{201d}: {short}{more}", hit.document.title),
            score: (hit.cosine.clamp(0.0, 1.0) * 1000.0).round() / 1000.0,
            file: Some(hit.id.clone()),
            offset: Some(hit.document.text.find(&hit.snippet).unwrap_or(0) as u64),
            hash: Some(ContentHash::of(hit.document.text.as_bytes()).to_string()),
        });
    }
}

/// The incident as a problem of the pipeline.
pub fn problem(id: ProblemId, analysis: &IncidentAnalysis, severity: Severity) -> Option<Problem> {
    let service = analysis.hypotheses.first().map_or("incident", |h| h.service.as_str());
    let target_path = RepoPath::new(service).or_else(|_| RepoPath::new("incident")).ok()?;
    Some(Problem {
        id,
        kind: ProblemKind::Incident,
        title: analysis.answer.clone(),
        severity,
        target_path,
        findings: Vec::new(),
    })
}

/// By how many services are hurt, and whether an objective is.
pub fn severity(analysis: &IncidentAnalysis) -> Severity {
    let hurt = analysis.blast_radius.services.iter().filter(|s| s.impact != Impact::Exposed).count();
    match (analysis.verdict, hurt) {
        (IncidentVerdict::NoCause, _) => Severity::Info,
        (_, 0..=1) if analysis.blast_radius.objectives.is_empty() => Severity::Medium,
        (_, 0..=3) => Severity::High,
        _ => Severity::Critical,
    }
}
