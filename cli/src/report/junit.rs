//! JUnit XML: a failed test case for each finding, one that passed when there is none.

use crate::ui::harmless;
use ecoops_core::domain::{NoteLevel, ScanReport};
use std::fmt::Write;

pub fn render(report: &ScanReport) -> String {
    let failures = report.findings.len();
    let errors: Vec<_> = report.notes.iter().filter(|n| n.level == NoteLevel::Error).collect();
    let tests = (failures + errors.len()).max(1);
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{}\"", errors.len());
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(out, "<testsuites name=\"ecoops\" {counts}>\n  <testsuite name=\"ecoops\" {counts}>");
    for f in report.findings.iter().map(|f| &f.finding) {
        let (line, column) = f.location.start;
        let path = escape(f.location.path.as_str());
        let _ = writeln!(
            out,
            "    <testcase classname=\"{path}\" name=\"{} at {line}:{column}\" file=\"{path}\" line=\"{line}\">",
            escape(&f.rule)
        );
        let text = format!("{}:{line}:{column}: {}", f.location.path, f.message);
        let (title, severity) = (escape(&f.title), f.severity.as_str());
        let _ = writeln!(
            out,
            "      <failure message=\"{title}\" type=\"{severity}\">{}</failure>\n    </testcase>",
            escape(&text)
        );
    }
    for note in errors {
        let path = escape(note.path.as_deref().unwrap_or("ecoops"));
        let _ = writeln!(
            out,
            "    <testcase classname=\"{path}\" name=\"examined\">\n      <error message=\"{}\"/>\n    </testcase>",
            escape(&note.text)
        );
    }
    if tests == 1 && failures == 0 && !out.contains("<testcase") {
        out.push_str("    <testcase classname=\"ecoops\" name=\"no findings\"/>\n");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// For text and attributes. XML 1.0 has no way to write most control characters: they are made visible.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in harmless(text, true).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}
