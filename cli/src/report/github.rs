//! GitHub workflow commands: a line for each finding, shown as an annotation.
//!
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>

use super::{Level, level};
use crate::ui::harmless;
use ecoops_core::domain::{Finding, NoteLevel, ScanReport};

/// Nothing when there is nothing to say.
pub fn render(report: &ScanReport) -> String {
    let mut out: String = report.findings.iter().map(|f| annotation(&f.finding)).collect();
    for note in report.notes.iter().filter(|n| n.level > NoteLevel::Note) {
        let path = note.path.as_ref().map(|p| format!("{p}: ")).unwrap_or_default();
        out.push_str(&format!("::warning title=ecoops::{}\n", data(&format!("{path}{}", note.text))));
    }
    out
}

fn annotation(finding: &Finding) -> String {
    let command = match level(finding.severity) {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    let (start, end) = (finding.location.start, finding.location.end);
    // Columns only count within one line.
    let columns = if start.0 == end.0 {
        format!(",col={},endColumn={}", start.1, end.1.max(start.1))
    } else {
        String::new()
    };
    format!(
        "::{command} file={},line={},endLine={}{columns},title={}::{}\n",
        property(finding.location.path.as_str()),
        start.0,
        end.0,
        property(&format!("{} [{}]", finding.title, finding.rule)),
        data(&finding.message),
    )
}

fn data(text: &str) -> String {
    harmless(&text.replace("\r\n", "\n"), true).replace('%', "%25").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
