//! The tools about code: scanning, reading what was found, and, where it is allowed, fixing and undoing.

use super::Tools;
use super::arguments::{Arguments, folder_of, within};
use super::catalogue::{Tool, count, cursor, object, paged, text};
use super::command::Ended;
use super::page::page;
use crate::mcp::Context;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

/// Scans that are kept for `findings`, of all sessions.
const MOST_SCANS: usize = 8;
/// Findings of one answer at most.
const MOST: u64 = 500;
const SEVERITIES: [&str; 5] = ["info", "low", "medium", "high", "critical"];

/// What a scan found, for the session that asked.
#[derive(Debug)]
pub struct Scan {
    session: String,
    id: String,
    findings: Vec<Value>,
    summary: Value,
}

/// The latest scans, oldest first.
pub type Scans = VecDeque<Arc<Scan>>;

pub fn tools() -> Vec<Tool> {
    let severity = || json!({ "type": "string", "enum": SEVERITIES, "description": "Only findings at least this severe" });
    let about = || {
        json!({
            "scan": text("Names this scan for `findings`"),
            "summary": { "type": "object", "description": "Counts, and what could not be examined" },
        })
    };
    let changed = || json!({ "type": "object", "required": ["report"], "properties": { "report": { "type": "object" } } });
    let path = || text("A file or folder within the folders that are open; the first of them by default");
    vec![
        Tool::reads(
            (
                "scan",
                "Scan code",
                "Finds bugs, vulnerabilities and bad configuration in a file or folder. Changes nothing.",
            ),
            ("mcp", "read"),
            (
                object(
                    &[],
                    json!({
                        "path": path(), "severity": severity(),
                        "rule": text("Only rules of this id; `*` stands for anything"),
                        "from_ref": text("Only lines that are new since the merge base with this commit or branch"),
                        "limit": count("Findings of this answer", 50, MOST),
                    }),
                ),
                paged("findings", about()),
            ),
            scan,
        ),
        Tool::reads(
            ("findings", "Read findings", "More of what an earlier `scan` found, without scanning again."),
            ("mcp", "read"),
            (
                object(
                    &[],
                    json!({
                        "scan": text("The scan's name; the latest by default"), "severity": severity(),
                        "rule": text("Only this rule's"), "path": text("Only of paths that begin so"),
                        "limit": count("Findings of this answer", 50, MOST), "cursor": cursor(),
                    }),
                ),
                paged("findings", about()),
            ),
            findings,
        ),
        Tool {
            writes: true,
            idempotent: false,
            destroys: true,
            ..Tool::reads(
                (
                    "fix",
                    "Fix code",
                    "Fixes what `scan` finds: validated in a copy, gated by policy, recorded, and undone with `undo`.",
                ),
                ("mcp", "write"),
                (
                    object(
                        &[],
                        json!({
                            "path": path(), "rule": text("Only rules of this id"),
                            "unsafe_fixes": { "type": "boolean", "description": "Also fixes that may change what the code does" },
                            "dry_run": { "type": "boolean", "description": "Validate the change in a copy and write nothing" },
                        }),
                    ),
                    changed(),
                ),
                fix,
            )
        },
        Tool {
            writes: true,
            idempotent: false,
            destroys: true,
            ..Tool::reads(
                (
                    "undo",
                    "Undo a fix",
                    "Takes a fix back, byte for byte; refuses when a file was changed since.",
                ),
                ("mcp", "write"),
                (
                    object(&[], json!({ "path": path(), "run": text("The run; the last one by default") })),
                    json!({ "type": "object", "required": ["undone"], "properties": { "undone": { "type": "boolean" } } }),
                ),
                undo,
            )
        },
    ]
}

fn words(all: &[&str]) -> Vec<OsString> {
    all.iter().map(Into::into).collect()
}

/// A word that a rule's id is made of; never an option.
fn plain<'a>(name: &str, text: Option<&'a str>) -> Result<Option<&'a str>, String> {
    match text {
        Some(text) if text.starts_with('-') || text.is_empty() => Err(format!("`{name}` cannot be {text:?}")),
        other => Ok(other),
    }
}

impl Tools {
    /// The path that is meant, and the folder to work in.
    fn place(&self, arguments: &Arguments<'_>) -> Result<(PathBuf, PathBuf), String> {
        let (path, _) = within(&self.options.roots, arguments.text("path")?.unwrap_or("."))?;
        let folder = folder_of(&path).to_path_buf();
        Ok((path, folder))
    }

    fn command(
        &self,
        folder: &std::path::Path,
        words: &[OsString],
        context: &Context,
    ) -> Result<Ended, String> {
        self.options.program.run(folder, words, context)
    }

    fn keep(&self, scan: Scan) -> Arc<Scan> {
        keep(&mut self.scans.lock().unwrap_or_else(PoisonError::into_inner), scan)
    }
}

/// Keeps a scan under the next name.
fn keep(scans: &mut Scans, scan: Scan) -> Arc<Scan> {
    let last = scans.back().and_then(|scan| scan.id.strip_prefix("scan-")?.parse::<u64>().ok());
    let scan = Arc::new(Scan { id: format!("scan-{}", last.unwrap_or(0) + 1), ..scan });
    scans.push_back(scan.clone());
    while scans.len() > MOST_SCANS {
        scans.pop_front();
    }
    scan
}

fn scan(tools: &Tools, arguments: &Arguments<'_>, context: &Context) -> Result<Value, String> {
    let (path, folder) = tools.place(arguments)?;
    let limit = arguments.number("limit", 50, MOST)?.max(1) as usize;
    let mut words = words(&["--output", "json", "scan"]);
    for (option, value) in [
        ("--severity", arguments.one_of("severity", &SEVERITIES)?),
        ("--rule", plain("rule", arguments.text("rule")?)?),
        ("--from-ref", plain("from_ref", arguments.text("from_ref")?)?),
    ] {
        words.extend(value.map(|value| format!("{option}={value}").into()));
    }
    words.push("--".into());
    words.push(path.into_os_string());
    let ended = tools.command(&folder, &words, context)?;
    // Nothing to examine is an answer too.
    let report = match ended.code {
        3 if ended.output.trim().is_empty() => json!({}),
        _ => ended.json(&[0, 1, 3])?,
    };
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let mut by_severity = serde_json::Map::new();
    for finding in &findings {
        let severity = finding["severity"].as_str().unwrap_or("unknown");
        let count = by_severity.get(severity).and_then(Value::as_u64).unwrap_or(0);
        by_severity.insert(severity.to_owned(), json!(count + 1));
    }
    let summary = json!({
        "findings": findings.len(), "by_severity": by_severity, "stats": report["stats"], "notes": report["notes"],
    });
    let kept = tools.keep(Scan {
        session: context.session().to_owned(),
        id: String::new(),
        findings: findings.iter().map(slim).collect(),
        summary,
    });
    Ok(shown(&kept, &kept.findings, 0, limit, tools.options.most))
}

/// What a model needs of a finding: where, what, why, and the change that would mend it.
fn slim(finding: &Value) -> Value {
    let mut slim = json!({
        "rule": finding["rule"], "severity": finding["severity"], "title": finding["title"],
        "message": finding["message"], "path": finding["location"]["path"],
        "start": finding["location"]["start"], "end": finding["location"]["end"],
        "fix": finding["tier"], "fingerprint": finding["fingerprint"],
    });
    for extra in ["diff", "source"] {
        if let Some(value) = finding.get(extra) {
            slim[extra] = value.clone();
        }
    }
    slim
}

fn shown(scan: &Scan, findings: &[Value], cursor: usize, limit: usize, bytes: usize) -> Value {
    let mut answer = page("findings", findings, cursor, limit, bytes);
    answer["scan"] = json!(scan.id);
    answer["summary"] = scan.summary.clone();
    answer
}

fn findings(tools: &Tools, arguments: &Arguments<'_>, context: &Context) -> Result<Value, String> {
    let wanted = arguments.text("scan")?;
    let found = {
        let scans = tools.scans.lock().unwrap_or_else(PoisonError::into_inner);
        let own = |scan: &&Arc<Scan>| {
            scan.session == context.session() && wanted.is_none_or(|wanted| scan.id == wanted)
        };
        scans.iter().rev().find(own).cloned()
    };
    let scan = found.ok_or("there is no such scan in this session any more: call `scan`")?;
    let least = arguments.one_of("severity", &SEVERITIES)?;
    let rank = |name: &str| SEVERITIES.iter().position(|known| *known == name).unwrap_or(0);
    let (rule, path) = (arguments.text("rule")?, arguments.text("path")?);
    let fits = |finding: &&Value| {
        let text = |name: &str| finding[name].as_str().unwrap_or_default();
        least.is_none_or(|least| rank(text("severity")) >= rank(least))
            && rule.is_none_or(|rule| text("rule") == rule)
            && path.is_none_or(|path| text("path").starts_with(path))
    };
    let fitting: Vec<Value> = scan.findings.iter().filter(fits).cloned().collect();
    let limit = arguments.number("limit", 50, MOST)?.max(1) as usize;
    Ok(shown(&scan, &fitting, arguments.cursor()?, limit, tools.options.most))
}

fn fix(tools: &Tools, arguments: &Arguments<'_>, context: &Context) -> Result<Value, String> {
    let (path, folder) = tools.place(arguments)?;
    let mut words = words(&["--output", "json", "fix", "--yes"]);
    words.extend(plain("rule", arguments.text("rule")?)?.map(|rule| format!("--rule={rule}").into()));
    for (option, name) in [("--unsafe-fixes", "unsafe_fixes"), ("--dry-run", "dry_run")] {
        if arguments.flag(name)? {
            words.push(option.into());
        }
    }
    words.push("--".into());
    words.push(path.into_os_string());
    let ended = tools.command(&folder, &words, context)?;
    let report = ended.json(&[0, 1, 3, 4, 5])?;
    let list = |name: &str| report[name].as_array().cloned().unwrap_or_default();
    let left: Vec<Value> = list("left").iter().map(left_over).collect();
    if ended.code > 3 {
        let why: Vec<&str> =
            left.iter().filter_map(|one| one["detail"].as_str()).filter(|d| !d.is_empty()).collect();
        let what = if ended.code == 4 {
            "the policy denies it"
        } else {
            "it failed its validation, and all was restored"
        };
        return Err(format!("{what}: {}", why.join("; ")));
    }
    let most = tools.options.most / 2;
    let mut answer =
        page("fixed", &list("fixed").iter().map(slim).collect::<Vec<_>>(), 0, MOST as usize, most);
    let rest = page("left", &left, 0, MOST as usize, most);
    for name in ["applied", "run", "branch", "commit", "files", "audit", "notes"] {
        answer[name] = super::page::shortened(&report[name]);
    }
    (answer["left"], answer["left_total"]) = (rest["left"].clone(), rest["total"].clone());
    Ok(json!({ "report": answer }))
}

/// What was not fixed, and why.
fn left_over(finding: &Value) -> Value {
    let mut slim = slim(finding);
    for name in ["because", "detail"] {
        slim[name] = finding[name].clone();
    }
    slim
}

fn undo(tools: &Tools, arguments: &Arguments<'_>, context: &Context) -> Result<Value, String> {
    let (_, folder) = tools.place(arguments)?;
    let mut words = words(&["undo"]);
    if let Some(run) = plain("run", arguments.text("run")?)? {
        words.push("--".into());
        words.push(run.into());
    }
    let ended = tools.command(&folder, &words, context)?;
    ended.check(&[0])?;
    Ok(json!({ "undone": true, "said": ended.output.trim() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_scans_have_one_name_though_they_began_together() {
        let mut scans = Scans::new();
        let blank =
            || Scan { session: String::new(), id: String::new(), findings: Vec::new(), summary: Value::Null };
        let ids: Vec<String> = (0..MOST_SCANS + 2).map(|_| keep(&mut scans, blank()).id.clone()).collect();
        let expected: Vec<String> = (1..=MOST_SCANS + 2).map(|n| format!("scan-{n}")).collect();
        assert_eq!((ids, scans.len()), (expected, MOST_SCANS));
    }
}
