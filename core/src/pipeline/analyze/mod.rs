//! Analyze: why each problem is one, with evidence for and against.
//!
//! Only weighs what is in the code and the memory; proposes nothing.

pub mod incident;
mod views;

use crate::domain::{
    Confidence, ContentHash, Diagnosis, Evidence, EvidenceKind, Finding, Hypothesis, Problem, Severity,
};

/// A problem with what is believed about its cause.
#[derive(Debug, Clone, PartialEq)]
pub struct Analyzed {
    pub problem: Problem,
    pub diagnosis: Diagnosis,
}

/// `excerpt` gives the text of a finding's place and the hash of its file; `None` when it is gone.
pub fn analyze(
    problems: Vec<Problem>,
    excerpt: &dyn Fn(&Finding) -> Option<(String, ContentHash)>,
) -> Vec<Analyzed> {
    let mut number = 0;
    problems
        .into_iter()
        .map(|problem| {
            let mut support = Vec::new();
            for finding in &problem.findings {
                let Some((text, content)) = excerpt(finding) else { continue };
                number += 1;
                support.push(Evidence {
                    id: format!("e{number}"),
                    kind: EvidenceKind::Code,
                    location: Some(finding.location.clone()),
                    excerpt: text,
                    content,
                });
            }
            let diagnosis = diagnose(&problem, support);
            Analyzed { problem, diagnosis }
        })
        .collect()
}

/// The causes of all that was analyzed, each once, and the highest severity.
pub fn summary(analyzed: &[Analyzed]) -> (Vec<String>, Severity) {
    let mut causes: Vec<String> = Vec::new();
    let mut severity = Severity::Info;
    for one in analyzed {
        severity = severity.max(one.problem.severity);
        if matches!(one.diagnosis, Diagnosis::CauseFound { .. }) && !causes.contains(&one.problem.title) {
            causes.push(one.problem.title.clone());
        }
    }
    (causes, severity)
}

fn diagnose(problem: &Problem, support: Vec<Evidence>) -> Diagnosis {
    let confidence = problem.findings.iter().map(|f| f.confidence).max().map_or(0.0, probability);
    let counter = counter(problem, &support);
    // A cause that half of its places speak against is worth less than its rule says.
    let against = if support.is_empty() { 0.0 } else { counter.len() as f64 / support.len() as f64 };
    match Hypothesis::new(problem.title.clone(), confidence * (1.0 - against / 2.0), support) {
        Ok(mut hypothesis) => {
            hypothesis.counter = counter;
            hypothesis.missing = vec!["whether this place is reached with such input at run time".to_owned()];
            Diagnosis::CauseFound { hypotheses: vec![hypothesis] }
        }
        Err(_) => {
            Diagnosis::Inconclusive { missing: vec!["the file as it was when it was found".to_owned()] }
        }
    }
}

/// The share of a rule's findings that are right, by its declared confidence.
fn probability(confidence: Confidence) -> f64 {
    match confidence {
        Confidence::High => 0.9,
        Confidence::Medium => 0.8,
        Confidence::Low => 0.6,
    }
}

/// Places in tests and examples speak against a security problem: nobody attacks them.
fn counter(problem: &Problem, support: &[Evidence]) -> Vec<Evidence> {
    let sheltered = |path: &str| {
        path.split('/').any(|part| {
            matches!(part, "test" | "tests" | "spec" | "examples" | "testdata" | "fixtures" | "__tests__")
        })
    };
    if problem.findings.first().is_some_and(|f| f.category != crate::domain::Category::Security) {
        return Vec::new();
    }
    support
        .iter()
        .filter(|e| e.location.as_ref().is_some_and(|l| sheltered(l.path.as_str())))
        .cloned()
        .collect()
}
