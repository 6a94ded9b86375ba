//! SARIF 2.1.0 of any tool.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>. Results that passed, are
//! suppressed or are gone since a baseline are no findings. Nothing in SARIF says that a fix is safe,
//! so none is.

use super::draft::{Draft, Drafts, Span, Unit};
use super::paths::decode;
use crate::domain::{Category, Severity, Tier};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Log {
    runs: Vec<Run>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Run {
    tool: Tool,
    results: Option<Vec<ResultObject>>,
    original_uri_base_ids: BTreeMap<String, Artifact>,
    artifacts: Vec<ArtifactEntry>,
    column_kind: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Tool {
    driver: Component,
    extensions: Vec<Component>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Component {
    name: String,
    rules: Vec<Rule>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Rule {
    id: String,
    short_description: Text,
    help_uri: String,
    default_configuration: Configuration,
    properties: Properties,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Configuration {
    level: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Properties {
    tags: Vec<String>,
    /// A number from 0 to 10, as text; some tools write a number.
    #[serde(rename = "security-severity")]
    score: Option<serde_json::Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Text {
    text: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ResultObject {
    rule_id: Option<String>,
    rule_index: Option<i64>,
    rule: Option<Reference>,
    level: Option<String>,
    kind: Option<String>,
    message: Text,
    locations: Vec<Place>,
    fixes: Vec<Fix>,
    suppressions: Vec<Suppression>,
    baseline_state: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Reference {
    id: Option<String>,
    index: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Suppression {
    status: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Place {
    physical_location: Option<Physical>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Physical {
    artifact_location: Artifact,
    region: Option<Region>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "camelCase", default)]
struct Artifact {
    uri: Option<String>,
    uri_base_id: Option<String>,
    index: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ArtifactEntry {
    location: Artifact,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Region {
    start_line: Option<u32>,
    start_column: Option<u32>,
    end_line: Option<u32>,
    end_column: Option<u32>,
    char_offset: Option<u64>,
    char_length: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Fix {
    artifact_changes: Vec<Change>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Change {
    artifact_location: Artifact,
    replacements: Vec<Replacement>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Replacement {
    deleted_region: Region,
    inserted_content: Text,
}

impl Region {
    /// Section 3.30: a missing start column is 1, a missing end line the start's, a missing end column the line's end.
    fn span(&self) -> Span {
        match (self.start_line, self.char_offset) {
            (None, Some(start)) => {
                Span::Offsets { start, end: start.saturating_add(self.char_length.unwrap_or(0)) }
            }
            (line, _) => {
                let line = line.unwrap_or(1);
                let end = (self.end_line.unwrap_or(line), self.end_column);
                Span::Lines { start: (line, self.start_column.unwrap_or(1)), end }
            }
        }
    }
}

pub fn read(text: &str, drafts: &mut Drafts<'_>) -> Result<(), serde_json::Error> {
    for run in serde_json::from_str::<Log>(text)?.runs {
        let tool = tool_name(&run.tool.driver.name);
        for result in run.results.iter().flatten().filter(|r| counts(r)) {
            add(&run, result, &tool, drafts);
        }
    }
    Ok(())
}

/// Lower case, words joined by `-`.
fn tool_name(name: &str) -> String {
    let letters =
        name.chars().take(60).map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let name: String = letters.collect();
    let parts: Vec<_> = name.split('-').filter(|p| !p.is_empty()).collect();
    if parts.is_empty() { "sarif".to_owned() } else { parts.join("-") }
}

fn counts(result: &ResultObject) -> bool {
    let in_force = |s: &Suppression| s.status.as_deref().is_none_or(|s| s == "accepted");
    matches!(result.kind.as_deref(), None | Some("fail" | "open" | "review"))
        && !result.suppressions.iter().any(in_force)
        && result.baseline_state.as_deref() != Some("absent")
}

fn add(run: &Run, result: &ResultObject, tool: &str, drafts: &mut Drafts<'_>) {
    let rule = rule_of(run, result);
    let reference = result.rule.as_ref().and_then(|r| r.id.as_deref());
    let id = result.rule_id.as_deref().or(reference).or(rule.map(|r| r.id.as_str())).unwrap_or("unnamed");
    let place = result.locations.iter().find_map(|l| l.physical_location.as_ref());
    let path = place.and_then(|p| path(run, &p.artifact_location));
    let (Some(place), Some(path)) = (place, path) else {
        return drafts.note(format!("{tool}/{id}: the result names no place"));
    };
    let tags: &[String] = rule.map_or(&[], |r| &r.properties.tags);
    let security = tags.iter().any(|t| t == "security") || rule.is_some_and(|r| r.properties.score.is_some());
    let level = result.level.as_deref().or(rule.and_then(|r| r.default_configuration.level.as_deref()));
    let draft = Draft {
        tool,
        rule: id,
        title: rule.map_or("", |r| &r.short_description.text),
        message: &result.message.text,
        severity: severity(level, rule),
        category: if security { Category::Security } else { Category::Reliability },
        tier: Tier::Unsafe,
        link: rule.map_or("", |r| &r.help_uri),
        cwe: tags.iter().filter_map(|t| t.strip_prefix("external/cwe/cwe-")?.parse().ok()).collect(),
        unit: if run.column_kind.as_deref() == Some("utf16CodeUnits") {
            Unit::Utf16
        } else {
            Unit::Character
        },
        span: place.region.as_ref().map_or(Span::Lines { start: (1, 1), end: (1, None) }, Region::span),
        fix: fix(run, result, &path, drafts),
    };
    drafts.add(&path, draft);
}

/// The first fix that changes this file alone.
fn fix(run: &Run, result: &ResultObject, file: &str, drafts: &Drafts<'_>) -> Vec<(Span, String)> {
    let here = drafts.inside(file);
    let same = |c: &Change| path(run, &c.artifact_location).and_then(|p| drafts.inside(&p)) == here;
    let usable =
        |f: &&Fix| here.is_some() && !f.artifact_changes.is_empty() && f.artifact_changes.iter().all(same);
    let replacements =
        result.fixes.iter().find(usable).map(|f| f.artifact_changes.iter().flat_map(|c| &c.replacements));
    let edit = |r: &Replacement| {
        let mut span = r.deleted_region.span();
        // An insertion: a region without an end deletes nothing.
        if let (Span::Lines { start, end }, None, None) =
            (&mut span, r.deleted_region.end_line, r.deleted_region.end_column)
            && r.deleted_region.start_column.is_some()
        {
            *end = (start.0, Some(start.1));
        }
        (span, r.inserted_content.text.clone())
    };
    replacements.into_iter().flatten().map(edit).collect()
}

fn rule_of<'r>(run: &'r Run, result: &ResultObject) -> Option<&'r Rule> {
    let id = result.rule_id.as_deref().or(result.rule.as_ref().and_then(|r| r.id.as_deref()));
    let index = result.rule_index.or(result.rule.as_ref().and_then(|r| r.index));
    let by_index = index.and_then(|i| run.tool.driver.rules.get(usize::try_from(i).ok()?));
    let all = || std::iter::once(&run.tool.driver).chain(&run.tool.extensions).flat_map(|c| &c.rules);
    match id {
        Some(id) => by_index.filter(|r| r.id == id).or_else(|| all().find(|r| r.id == id)),
        None => by_index,
    }
}

fn severity(level: Option<&str>, rule: Option<&Rule>) -> Severity {
    let score = rule.and_then(|r| r.properties.score.as_ref());
    let score = score.and_then(|s| s.as_f64().or_else(|| s.as_str()?.parse().ok()));
    match (score, level) {
        (Some(s), _) if s >= 9.0 => Severity::Critical,
        (Some(s), _) if s >= 7.0 => Severity::High,
        (Some(s), _) if s >= 4.0 => Severity::Medium,
        (Some(_), _) => Severity::Low,
        (None, Some("error")) => Severity::High,
        (None, Some("note")) => Severity::Low,
        (None, Some("none")) => Severity::Info,
        (None, _) => Severity::Medium,
    }
}

/// The path of an artifact: its URI, resolved against its bases, percent-decoded.
fn path(run: &Run, artifact: &Artifact) -> Option<String> {
    let entry = artifact.index.and_then(|i| run.artifacts.get(usize::try_from(i).ok()?));
    let location = if artifact.uri.is_some() { artifact } else { &entry?.location };
    let mut uri = location.uri.clone()?;
    let mut base = location.uri_base_id.clone();
    // Bases may lean on one another, and a hostile report may make them do so in a circle.
    for _ in 0..8 {
        let Some(next) = base.and_then(|b| run.original_uri_base_ids.get(&b)) else { break };
        if uri.contains(':') || uri.starts_with('/') {
            break;
        }
        if let Some(prefix) = &next.uri {
            uri = format!("{}/{uri}", prefix.trim_end_matches('/'));
        }
        base = next.uri_base_id.clone();
    }
    if uri.contains("://") || uri.starts_with("file:") { Some(uri) } else { decode(&uri) }
}
