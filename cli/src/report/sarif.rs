//! SARIF 2.1.0, one run.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>. Its results are what counts:
//! suppressed findings stand in it, with their suppressions, only when asked for.

use super::json::safe;
use super::{Level, level};
use ecoops_core::domain::{
    Category, Confidence, LocatedEdit, Location, Note, NoteLevel, RepoPath, Reported, RuleInfo, ScanReport,
    Severity, Suppressed, SuppressedBy, Tier,
};
use serde_json::{Map, Value, json};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub fn render(report: &ScanReport, suppressed: bool) -> String {
    let mut results: Vec<_> = report.findings.iter().map(|f| result(f, &report.rules)).collect();
    if suppressed {
        results.extend(report.suppressed.iter().map(|s| suppressed_result(s, &report.rules)));
    }
    let notifications: Vec<_> = report.notes.iter().map(notification).collect();
    let run = json!({
        "tool": { "driver": {
            "name": "ecoops",
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": report.rules.iter().map(rule).collect::<Vec<_>>(),
        } },
        "invocations": [{
            "executionSuccessful": !report.notes.iter().any(|n| n.level == NoteLevel::Error),
            "toolExecutionNotifications": notifications,
        }],
        "originalUriBaseIds": { "SRCROOT": { "description": { "text": "The top of the repository." } } },
        // Columns count characters; a character outside of the basic plane is one.
        "columnKind": "unicodeCodePoints",
        "results": results,
    });
    let mut text = safe(&format!("{:#}", json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] })));
    text.push('\n');
    text
}

fn level_name(severity: Severity) -> &'static str {
    match level(severity) {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

fn rule(rule: &RuleInfo) -> Value {
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    let why = or(&rule.why, &rule.title);
    let help = format!("{why}\n\n{}", rule.remedy);
    let mut value = json!({
        "id": rule.id,
        "shortDescription": { "text": or(&rule.title, &rule.id) },
        "fullDescription": { "text": or(&why, &rule.id) },
        "help": { "text": or(help.trim(), &rule.id), "markdown": or(help.trim(), &rule.id) },
        "defaultConfiguration": { "level": level_name(rule.severity) },
        "properties": properties(rule),
    });
    if let (Value::Object(object), true) =
        (&mut value, rule.link.starts_with("https://") && is_uri(&rule.link))
    {
        object.insert("helpUri".to_owned(), json!(rule.link));
    }
    value
}

fn is_uri(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b))
}

fn properties(rule: &RuleInfo) -> Value {
    let mut tags = vec![category(rule.category).to_owned()];
    tags.extend(rule.cwe.iter().map(|n| format!("external/cwe/cwe-{n:03}")));
    tags.extend(rule.owasp.iter().map(|o| format!("external/owasp/{}", o.to_lowercase())));
    let precision = match rule.confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    };
    let mut value =
        json!({ "tags": tags, "precision": precision, "problem.severity": problem(rule.severity) });
    if let (Value::Object(object), Category::Security) = (&mut value, rule.category) {
        object.insert("security-severity".to_owned(), json!(score(rule.severity)));
    }
    value
}

fn category(category: Category) -> &'static str {
    match category {
        Category::Security => "security",
        Category::Reliability => "reliability",
        Category::Generated => "generated-code",
        Category::Kubernetes => "kubernetes",
        Category::Ci => "ci",
        Category::Technology => "technology",
    }
}

fn problem(severity: Severity) -> &'static str {
    match level(severity) {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "recommendation",
    }
}

/// In the middle of the bands that code scanning makes of it: critical over 9.0, high 7.0, medium 4.0.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.5",
        Severity::Info => "0.5",
    }
}

fn result(reported: &Reported, rules: &[RuleInfo]) -> Value {
    let f = &reported.finding;
    let related = f.related.iter().enumerate().map(|(index, (place, label))| {
        json!({ "id": index + 1, "message": { "text": label }, "physicalLocation": physical(place) })
    });
    let mut value = json!({
        "ruleId": f.rule,
        "level": level_name(f.severity),
        "message": { "text": if f.message.is_empty() { &f.title } else { &f.message } },
        "locations": [{ "physicalLocation": with_snippet(reported) }],
        "partialFingerprints": { "ecoops/v1": f.fingerprint },
        "properties": { "severity": f.severity, "confidence": f.confidence, "tier": f.tier, "tool": f.tool },
    });
    let Value::Object(object) = &mut value else { return value };
    if let Some(index) = rules.iter().position(|r| r.id == f.rule) {
        object.insert("ruleIndex".to_owned(), json!(index));
    }
    if !f.related.is_empty() {
        object.insert("relatedLocations".to_owned(), related.collect());
    }
    if !reported.edits.is_empty() {
        object.insert("fixes".to_owned(), json!([fix(reported)]));
    }
    value
}

fn with_snippet(reported: &Reported) -> Value {
    let mut place = physical(&reported.finding.location);
    let shown: Vec<_> = reported.source.iter().map(|l| l.text.as_str()).collect();
    let whole = reported.source.iter().all(|l| l.skipped == 0);
    if let (false, true, Some(Value::Object(region))) = (shown.is_empty(), whole, place.get_mut("region")) {
        region.insert("snippet".to_owned(), json!({ "text": shown.join("\n") }));
    }
    place
}

fn suppressed_result(one: &Suppressed, rules: &[RuleInfo]) -> Value {
    let suppression = match &one.suppressed {
        SuppressedBy::Inline { reason, .. } => {
            let mut own = Map::from_iter([("kind".to_owned(), json!("inSource"))]);
            own.extend(reason.as_ref().map(|r| ("justification".to_owned(), json!(r))));
            Value::Object(own)
        }
        SuppressedBy::Baseline => json!({ "kind": "external", "justification": "known to the baseline" }),
    };
    let mut value = result(&one.reported, rules);
    if let Value::Object(object) = &mut value {
        object.insert("suppressions".to_owned(), json!([suppression]));
    }
    value
}

fn fix(reported: &Reported) -> Value {
    let description = match reported.finding.tier {
        Tier::Safe => "Keeps the meaning of correct code.",
        Tier::Unsafe | Tier::Manual => "May change what the code does.",
    };
    let replacement = |edit: &LocatedEdit| json!({ "deletedRegion": region(edit.start, edit.end), "insertedContent": { "text": edit.text } });
    json!({
        "description": { "text": description },
        "artifactChanges": [{
            "artifactLocation": artifact(&reported.finding.location.path),
            "replacements": reported.edits.iter().map(replacement).collect::<Vec<_>>(),
        }],
    })
}

fn physical(location: &Location) -> Value {
    json!({
        "artifactLocation": artifact(&location.path),
        "region": region(location.start, location.end),
    })
}

fn region(start: (u32, u32), end: (u32, u32)) -> Value {
    json!({ "startLine": start.0, "startColumn": start.1, "endLine": end.0, "endColumn": end.1 })
}

fn artifact(path: &RepoPath) -> Value {
    json!({ "uri": uri(path.as_str()), "uriBaseId": "SRCROOT" })
}

/// A relative reference after RFC 3986: all but unreserved characters and `/` percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte))
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn notification(note: &Note) -> Value {
    let level = match note.level {
        NoteLevel::Note => "note",
        NoteLevel::Warning => "warning",
        NoteLevel::Error => "error",
    };
    let mut value = json!({ "level": level, "message": { "text": note.text } });
    if let (Value::Object(object), Some(path)) = (&mut value, &note.path) {
        let mut place = json!({ "uri": uri(path) });
        if let (Value::Object(place), true) = (&mut place, RepoPath::new(path.as_str()).is_ok()) {
            place.insert("uriBaseId".to_owned(), json!("SRCROOT"));
        }
        object.insert("locations".to_owned(), json!([{ "physicalLocation": { "artifactLocation": place } }]));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_percent_encoded() {
        for (path, expected) in [
            ("src/a.py", "src/a.py"),
            ("a b/ü.py", "a%20b/%C3%BC.py"),
            ("100%.py", "100%25.py"),
            ("c:d?e#f", "c%3Ad%3Fe%23f"),
        ] {
            assert_eq!(uri(path), expected);
        }
    }
}
