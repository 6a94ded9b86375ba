//! `cargo clippy --message-format=json`: a JSON object a line. Columns count characters from 1.
//!
//! <https://doc.rust-lang.org/rustc/json.html>. Only suggestions that the compiler calls machine
//! applicable are safe; those with placeholders are not taken.

use super::draft::{Draft, Drafts, Span, Unit};
use crate::domain::{Category, RepoPath, Severity, Tier};
use serde::Deserialize;

#[derive(Deserialize)]
struct Line {
    reason: String,
    #[serde(default)]
    manifest_path: Option<String>,
    #[serde(default)]
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    message: String,
    #[serde(default)]
    code: Option<Code>,
    level: String,
    #[serde(default)]
    spans: Vec<Place>,
    #[serde(default)]
    children: Vec<Child>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Child {
    #[serde(default)]
    message: String,
    #[serde(default)]
    spans: Vec<Place>,
}

#[derive(Deserialize)]
struct Place {
    file_name: String,
    line_start: u32,
    line_end: u32,
    column_start: u32,
    column_end: u32,
    is_primary: bool,
    #[serde(default)]
    suggested_replacement: Option<String>,
    #[serde(default)]
    suggestion_applicability: Option<String>,
    /// The macro that the place was made by.
    #[serde(default)]
    expansion: Option<serde::de::IgnoredAny>,
}

impl Place {
    fn span(&self) -> Span {
        Span::Lines {
            start: (self.line_start, self.column_start),
            end: (self.line_end, Some(self.column_end)),
        }
    }
}

pub fn read(text: &str, drafts: &mut Drafts<'_>) -> Result<(), serde_json::Error> {
    for (index, line) in text.lines().enumerate().filter(|(_, l)| l.trim_start().starts_with('{')) {
        let line: Line = serde_json::from_str(line).map_err(|e| at(index, &e))?;
        let Some(message) = line.message.filter(|_| line.reason == "compiler-message") else { continue };
        let severity = match message.level.as_str() {
            "error" => Severity::High,
            "warning" => Severity::Low,
            _ => continue,
        };
        add(&message, severity, line.manifest_path.as_deref(), drafts);
    }
    Ok(())
}

/// The same error, with the line of the report that it is in.
fn at(index: usize, error: &serde_json::Error) -> serde_json::Error {
    serde::de::Error::custom(format!("line {}: {error}", index + 1))
}

fn add(message: &Message, severity: Severity, manifest: Option<&str>, drafts: &mut Drafts<'_>) {
    // Summaries ("3 warnings emitted") have no place.
    let Some(primary) = message.spans.iter().find(|s| s.is_primary) else { return };
    let code = message.code.as_ref().map_or("error", |c| c.code.as_str());
    let (tool, rule) = code.split_once("::").filter(|(t, _)| *t == "clippy").unwrap_or(("rustc", code));
    let (tier, fix) = suggestion(message, primary);
    let link = message
        .children
        .iter()
        .find_map(|c| c.message.split_whitespace().find(|w| w.starts_with("https://")));
    let draft = Draft {
        tool,
        rule,
        title: "",
        message: &message.message,
        severity,
        category: Category::Reliability,
        tier,
        link: link.unwrap_or_default(),
        cwe: Vec::new(),
        unit: Unit::Character,
        span: primary.span(),
        fix,
    };
    match locate(&primary.file_name, manifest, drafts) {
        Some(path) => drafts.add_at(path, draft),
        None => drafts.add(&primary.file_name, draft),
    }
}

/// The first suggestion that can be applied as it is, and only in the primary place's file.
fn suggestion(message: &Message, primary: &Place) -> (Tier, Vec<(Span, String)>) {
    let mut found = (Tier::Manual, Vec::new());
    for child in &message.children {
        let parts: Vec<_> = child.spans.iter().filter(|s| s.suggested_replacement.is_some()).collect();
        let all = |name: &str| parts.iter().all(|s| s.suggestion_applicability.as_deref() == Some(name));
        let usable = |s: &&Place| s.file_name == primary.file_name && s.expansion.is_none();
        let tier = if all("MachineApplicable") { Tier::Safe } else { Tier::Unsafe };
        let placeholders =
            parts.iter().any(|s| s.suggestion_applicability.as_deref() == Some("HasPlaceholders"));
        if parts.is_empty() || placeholders || !parts.iter().all(usable) || tier >= found.0 {
            continue;
        }
        let edit = |s: &&Place| (s.span(), s.suggested_replacement.clone().unwrap_or_default());
        found = (tier, parts.iter().map(edit).collect());
    }
    found
}

/// Names of files are relative to the folder of the cargo workspace, which is the manifest's or one above it.
fn locate(file: &str, manifest: Option<&str>, drafts: &mut Drafts<'_>) -> Option<RepoPath> {
    let mut folder = manifest.filter(|_| !file.starts_with('/'))?.rsplit_once('/')?.0;
    loop {
        let path = drafts.inside(&format!("{folder}/{file}"))?;
        if drafts.text(&path).is_some() {
            return Some(path);
        }
        folder = folder.rsplit_once('/')?.0;
    }
}
