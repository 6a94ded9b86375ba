//! JSON: one document, or one a line. Additions to it are compatible; what is there does not change.

use ecoops_core::domain::incident::IncidentAnalysis;
use ecoops_core::domain::{FixReport, ScanReport};
use serde::Serialize;
use serde_json::{Value, json};

pub fn scan(report: &ScanReport) -> String {
    document("ecoops/scan/1", report)
}

pub fn fix(report: &FixReport) -> String {
    document("ecoops/fix/1", report)
}

pub fn incident(analysis: &IncidentAnalysis) -> String {
    document("ecoops/incident/1", analysis)
}

pub fn incident_lines(analysis: &IncidentAnalysis) -> String {
    let mut out = String::new();
    let IncidentAnalysis { verdict, answer, .. } = analysis;
    lines("verdict", &[json!({ "verdict": verdict, "answer": answer })], &mut out);
    lines("hypothesis", &analysis.hypotheses, &mut out);
    lines("anomaly", &analysis.anomalies, &mut out);
    lines("log_cluster", &analysis.log_clusters, &mut out);
    lines("blast_radius", &[&analysis.blast_radius], &mut out);
    lines("moment", &analysis.timeline, &mut out);
    lines("evidence", &analysis.evidence, &mut out);
    lines("note", &analysis.notes.iter().map(|text| json!({ "text": text })).collect::<Vec<_>>(), &mut out);
    out
}

fn document(schema: &str, report: &impl Serialize) -> String {
    let mut value = json!({ "schema": schema, "version": env!("CARGO_PKG_VERSION") });
    if let (Value::Object(whole), Ok(Value::Object(own))) = (&mut value, serde_json::to_value(report)) {
        whole.extend(own);
    }
    safe(&format!("{value:#}"))
}

pub fn scan_lines(report: &ScanReport) -> String {
    let mut out = String::new();
    lines("finding", &report.findings, &mut out);
    lines("suppressed", &report.suppressed, &mut out);
    lines("note", &report.notes, &mut out);
    lines("summary", &[json!({ "findings": report.findings.len(), "stats": report.stats })], &mut out);
    out
}

pub fn fix_lines(report: &FixReport) -> String {
    let mut out = String::new();
    lines("fixed", &report.fixed, &mut out);
    lines("left", &report.left, &mut out);
    lines("suppressed", &report.suppressed, &mut out);
    lines("note", &report.notes, &mut out);
    let summary = json!({
        "run": report.run, "applied": report.applied, "fixed": report.fixed.len(), "left": report.left.len(),
        "verdict": report.verdict, "files": report.files, "branch": report.branch, "commit": report.commit,
        "audit": report.audit, "stats": report.stats,
    });
    lines("summary", &[summary], &mut out);
    out
}

/// Each item as an object of its own, its `type` first.
fn lines(kind: &str, items: &[impl Serialize], out: &mut String) {
    for item in items {
        let mut object = serde_json::Map::from_iter([("type".to_owned(), json!(kind))]);
        if let Ok(Value::Object(fields)) = serde_json::to_value(item) {
            object.extend(fields);
        }
        out.push_str(&safe(&Value::Object(object).to_string()));
        out.push('\n');
    }
}

/// JSON escapes control characters below the space only; this escapes those from DEL to U+009F and
/// those that reorder text as well, so that a terminal can show the document. They stand in strings only.
pub fn safe(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\u{7F}'..='\u{9F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2066}'..='\u{2069}'
            | '\u{2028}'
            | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out
}
