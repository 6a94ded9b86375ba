//! GitLab's code quality report.
//!
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>

use super::json::safe;
use ecoops_core::domain::{ContentHash, Finding, ScanReport, Severity};
use serde_json::json;

pub fn render(report: &ScanReport) -> String {
    let issues: Vec<_> = report.findings.iter().map(|f| issue(&f.finding)).collect();
    let mut text = safe(&format!("{:#}", json!(issues)));
    text.push('\n');
    text
}

fn issue(finding: &Finding) -> serde_json::Value {
    let severity = match finding.severity {
        Severity::Critical => "blocker",
        Severity::High => "critical",
        Severity::Medium => "major",
        Severity::Low => "minor",
        Severity::Info => "info",
    };
    let fingerprint = ContentHash::of(format!("{}\0{}", finding.rule, finding.fingerprint).as_bytes());
    json!({
        "type": "issue",
        "description": format!("{}: {}", finding.title, finding.message),
        "check_name": finding.rule,
        "fingerprint": fingerprint.hex(),
        "severity": severity,
        "location": {
            "path": finding.location.path,
            "lines": { "begin": finding.location.start.0, "end": finding.location.end.0 },
        },
    })
}
