//! `ruff check --output-format json`. Columns count characters from 1.
//!
//! <https://docs.astral.sh/ruff/settings/#output-format>; the applicability of fixes:
//! <https://docs.astral.sh/ruff/linter/#fix-safety>.

use super::draft::{Draft, Drafts, Span, Unit};
use crate::domain::{Category, Severity, Tier};
use serde::Deserialize;

#[derive(Deserialize)]
struct Diagnostic {
    code: Option<String>,
    #[serde(default)]
    name: Option<String>,
    message: String,
    filename: String,
    location: Place,
    end_location: Place,
    #[serde(default)]
    fix: Option<Fix>,
    #[serde(default)]
    url: Option<String>,
    /// In a notebook, places count within a cell.
    #[serde(default)]
    cell: Option<u32>,
}

#[derive(Deserialize, Clone, Copy)]
struct Place {
    row: u32,
    column: u32,
}

#[derive(Deserialize)]
struct Fix {
    applicability: String,
    edits: Vec<FixEdit>,
}

#[derive(Deserialize)]
struct FixEdit {
    content: String,
    location: Place,
    end_location: Place,
}

fn span(start: Place, end: Place) -> Span {
    Span::Lines { start: (start.row, start.column), end: (end.row, Some(end.column)) }
}

pub fn read(text: &str, drafts: &mut Drafts<'_>) -> Result<(), serde_json::Error> {
    for diagnostic in serde_json::from_str::<Vec<Diagnostic>>(text)? {
        let rule = diagnostic.code.as_deref().unwrap_or("syntax-error");
        if diagnostic.cell.is_some() {
            drafts.note(format!("ruff/{rule}: {} is a notebook", diagnostic.filename));
            continue;
        }
        let (tier, fix) = match diagnostic.fix {
            Some(fix) if fix.applicability == "safe" => (Tier::Safe, fix.edits),
            Some(fix) if fix.applicability == "unsafe" => (Tier::Unsafe, fix.edits),
            _ => (Tier::Manual, Vec::new()),
        };
        // The rules of flake8-bandit.
        let security = rule.starts_with('S') && rule[1..].bytes().all(|b| b.is_ascii_digit());
        let draft = Draft {
            tool: "ruff",
            rule,
            title: &diagnostic.name.map(|n| n.replace('-', " ")).unwrap_or_default(),
            message: &diagnostic.message,
            severity: if diagnostic.code.is_none() || security { Severity::Medium } else { Severity::Low },
            category: if security { Category::Security } else { Category::Reliability },
            tier,
            link: diagnostic.url.as_deref().unwrap_or_default(),
            cwe: Vec::new(),
            unit: Unit::Character,
            span: span(diagnostic.location, diagnostic.end_location),
            fix: fix.into_iter().map(|e| (span(e.location, e.end_location), e.content)).collect(),
        };
        drafts.add(&diagnostic.filename, draft);
    }
    Ok(())
}
