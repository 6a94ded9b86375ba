//! What was found or fixed, written in one of the formats; one file a format.
//!
//! Takes finished data and gives text. Never prints, never decides what counts: the exit code is
//! the same in every format.

pub mod compliance;
mod github;
mod gitlab;
pub mod incident;
mod json;
mod junit;
mod markdown;
pub mod metrics;
pub mod paint;
mod sarif;
mod snippet;
mod text;

#[cfg(test)]
mod samples;

use crate::app::Output;
use crate::ui::{Ui, harmless};
use ecoops_core::domain::incident::IncidentAnalysis;
use ecoops_core::domain::{FixReport, Note, NoteLevel, ScanReport, Severity, Verdict};

/// How text for people looks.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub color: bool,
    /// Columns.
    pub width: usize,
    /// Show suppressed findings too, marked as such.
    pub suppressed: bool,
}

impl Look {
    pub fn of(ui: &Ui) -> Self {
        Self { color: ui.color, width: ui.width, suppressed: false }
    }
}

/// A scan's report.
pub fn scan(report: &ScanReport, output: Output, look: Look) -> String {
    match output {
        Output::Text | Output::Csv | Output::Html => text::scan(report, look),
        Output::Json => json::scan(report),
        Output::Jsonl => json::scan_lines(report),
        Output::Sarif => sarif::render(report, look.suppressed),
        Output::Github => github::render(report),
        Output::Gitlab => gitlab::render(report),
        Output::Junit => junit::render(report),
        Output::Markdown => markdown::scan(report),
    }
}

/// A fix's report. Formats that only know findings show those that are left.
pub fn fix(report: &FixReport, output: Output, look: Look) -> String {
    match output {
        Output::Text | Output::Csv | Output::Html => text::fix(report, look),
        Output::Json => json::fix(report),
        Output::Jsonl => json::fix_lines(report),
        Output::Markdown => markdown::fix(report),
        Output::Sarif | Output::Github | Output::Gitlab | Output::Junit => scan(&left(report), output, look),
    }
}

/// The findings that a fix left, as a scan would report them.
fn left(report: &FixReport) -> ScanReport {
    ScanReport {
        findings: report.left.iter().map(|l| l.reported.clone()).collect(),
        suppressed: report.suppressed.clone(),
        notes: report.notes.clone(),
        rules: report.rules.clone(),
        stats: report.stats.clone(),
    }
}

/// An incident's analysis as one JSON document.
pub fn incident_json(analysis: &IncidentAnalysis) -> String {
    json::incident(analysis)
}

/// An incident's analysis as JSON lines.
pub fn incident_lines(analysis: &IncidentAnalysis) -> String {
    json::incident_lines(analysis)
}

/// Harmless text, broken at the width.
pub fn wrapped(text: &str, width: usize) -> String {
    snippet::wrap(&harmless(text, false), "", width)
}

/// JSON that a terminal can show.
pub fn safe_json(json: &str) -> String {
    json::safe(json)
}

/// A unified diff as it is shown on a terminal.
pub fn paint_diff(text: &str, look: Look) -> String {
    paint::Paint { color: look.color }.diff(text, "", look.width)
}

/// A verdict's layers, a line each, as a fix's report shows them.
pub fn verdict(verdict: &Verdict, look: Look) -> String {
    text::verdict(verdict, look)
}

/// Skipped files and errors, a line each, for stderr; mere notes are only counted.
pub fn notes(notes: &[Note]) -> Vec<String> {
    let line = |n: &Note| {
        let level = if n.level == NoteLevel::Error { "error" } else { "warning" };
        let path = n.path.as_ref().map(|p| format!("{p}: ")).unwrap_or_default();
        harmless(&format!("{level}: {path}{}", n.text), false)
    };
    let mut lines: Vec<_> = notes.iter().filter(|n| n.level > NoteLevel::Note).map(line).collect();
    let (plain, telling): (Vec<_>, Vec<_>) = notes
        .iter()
        .filter(|n| n.level == NoteLevel::Note)
        .partition(|n| ORDINARY.contains(&n.text.as_str()));
    lines.extend(telling.iter().take(MOST_NAMED).map(|n| {
        let path = n.path.as_deref().unwrap_or("a file");
        harmless(&format!("note: {path} was not examined: {}", n.text), false)
    }));
    let more = telling.len().saturating_sub(MOST_NAMED);
    for (n, what) in
        [(more, "--output json names them"), (plain.len(), "binary, a link or a git-lfs pointer")]
    {
        match n {
            0 => {}
            1 => lines.push(format!("note: 1 file was not examined ({what})")),
            n => lines.push(format!("note: {n} files were not examined ({what})")),
        }
    }
    lines
}

/// Why files are left out that nobody expects to be examined; they are only counted.
const ORDINARY: [&str; 3] = ["binary", "it is a symbolic link", "it is a git-lfs pointer"];

/// How many of the other files that were left out are named.
const MOST_NAMED: usize = 5;

/// The three levels that outside formats know.
fn level(severity: Severity) -> Level {
    match severity {
        Severity::Critical | Severity::High => Level::Error,
        Severity::Medium => Level::Warning,
        Severity::Low | Severity::Info => Level::Note,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Error,
    Warning,
    Note,
}

/// `1 finding`, `2 findings`.
fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}
