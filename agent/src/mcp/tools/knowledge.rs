//! The tools about what is remembered, and about incidents.

use super::Tools;
use super::arguments::{Arguments, folder_of, within};
use super::catalogue::{Tool, count, cursor, object, paged, text};
use super::page::{page, shortened};
use crate::mcp::Context;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::PathBuf;

const KINDS: [&str; 4] = ["fix", "incident", "runbook", "postmortem"];
/// Documents of one answer at most.
const MOST: u64 = 100;

pub fn tools() -> Vec<Tool> {
    let kind = || json!({ "type": "string", "enum": KINDS, "description": "Only this kind of documents" });
    vec![
        Tool::reads(
            (
                "memory_search",
                "Search what is remembered",
                "Finds fixes, incidents, runbooks and postmortems by meaning and by words.",
            ),
            ("memory", "read"),
            (
                object(
                    &["query"],
                    json!({
                        "query": text("What to look for, in plain words"), "type": kind(),
                        "limit": count("Documents of this answer", 10, MOST), "cursor": cursor(),
                    }),
                ),
                paged("results", json!({})),
            ),
            search,
        ),
        Tool::reads(
            (
                "incident_analyze",
                "Analyse an incident",
                "Says from logs, metrics, traces and changes what is wrong, who is to blame and why, and what speaks against it.",
            ),
            ("mcp", "read"),
            (
                object(
                    &["path"],
                    json!({
                        "path": text("A bundle or a file with signals, within the folders that are open"),
                        "at": text("When it was noticed, as 2026-03-02T10:31:00Z"),
                        "service": text("Where it was noticed"), "metric": text("In what it was noticed"),
                    }),
                ),
                json!({ "type": "object", "required": ["analysis"], "properties": {
                    "analysis": { "type": "object" }, "truncated": { "type": "boolean" },
                } }),
            ),
            analyze,
        ),
        Tool {
            writes: true,
            ..Tool::reads(
                ("memory_add", "Remember a document", "Keeps a text, to be found by `memory_search`."),
                ("memory", "write"),
                (
                    object(
                        &["title", "text"],
                        json!({
                            "title": text("Its title"), "text": text("The document, as Markdown"), "type": kind(),
                        }),
                    ),
                    json!({ "type": "object", "required": ["added"], "properties": {
                        "added": { "type": "array", "items": { "type": "object" } },
                    } }),
                ),
                add,
            )
        },
    ]
}

impl Tools {
    /// Where commands work that read no repository.
    fn anywhere(&self) -> PathBuf {
        self.options.roots.first().filter(|root| root.is_dir()).cloned().unwrap_or_else(|| "/".into())
    }
}

fn search(tools: &Tools, arguments: &Arguments<'_>, context: &Context) -> Result<Value, String> {
    let query = arguments.needed("query")?;
    let limit = arguments.number("limit", 10, MOST)?.max(1) as usize;
    let mut words: Vec<OsString> =
        ["--output", "json", "memory", "search", "--top-k", "100"].iter().map(Into::into).collect();
    words.extend(arguments.one_of("type", &KINDS)?.map(|kind| format!("--type={kind}").into()));
    words.extend(["--".into(), query.into()]);
    let ended = tools.options.program.run(&tools.anywhere(), &words, context)?;
    let found = ended.json(&[0, 3])?;
    let results = found["results"].as_array().cloned().unwrap_or_default();
    Ok(page("results", &results, arguments.cursor()?, limit, tools.options.most))
}

fn analyze(tools: &Tools, arguments: &Arguments<'_>, context: &Context) -> Result<Value, String> {
    let (path, _) = within(&tools.options.roots, arguments.needed("path")?)?;
    let mut words: Vec<OsString> =
        ["--output", "json", "incident", "analyze"].iter().map(Into::into).collect();
    for name in ["at", "service", "metric"] {
        words.extend(arguments.text(name)?.map(|value| format!("--{name}={value}").into()));
    }
    words.extend(["--".into(), path.clone().into_os_string()]);
    let ended = tools.options.program.run(folder_of(&path), &words, context)?;
    let analysis = shortened(&ended.json(&[0, 7])?);
    Ok(fitting(analysis, tools.options.most))
}

/// An analysis whose longest lists are cut until it fits.
fn fitting(mut analysis: Value, most: usize) -> Value {
    let mut cut = false;
    for keep in [100, 30, 10, 3, 1] {
        if analysis.to_string().len() <= most {
            break;
        }
        cut |= shorten_lists(&mut analysis, keep);
    }
    json!({ "analysis": analysis, "truncated": cut })
}

/// True when something was cut. Every list is, not only the first.
fn shorten_lists(value: &mut Value, keep: usize) -> bool {
    let mut cut = false;
    match value {
        Value::Array(items) => {
            cut = items.len() > keep;
            items.truncate(keep);
            items.iter_mut().for_each(|item| cut |= shorten_lists(item, keep));
        }
        Value::Object(fields) => fields.values_mut().for_each(|field| cut |= shorten_lists(field, keep)),
        _ => {}
    }
    cut
}

fn add(tools: &Tools, arguments: &Arguments<'_>, context: &Context) -> Result<Value, String> {
    let (title, text) = (arguments.needed("title")?, arguments.needed("text")?);
    let failed = |e: std::io::Error| format!("the document cannot be handed over: {e}");
    let folder = tempfile::tempdir().map_err(failed)?;
    let file = folder.path().join("mcp.md");
    std::fs::write(&file, text).map_err(failed)?;
    let kind = arguments.one_of("type", &KINDS)?.unwrap_or("runbook");
    let mut words: Vec<OsString> = ["--output", "json", "memory", "add"].iter().map(Into::into).collect();
    words.extend([format!("--type={kind}").into(), format!("--title={title}").into(), "--".into()]);
    words.push(file.into());
    let mut added = tools.options.program.run(&tools.anywhere(), &words, context)?.json(&[0])?;
    // The file is gone when this is read.
    for one in added["added"].as_array_mut().into_iter().flatten() {
        if let Some(fields) = one.as_object_mut() {
            fields.remove("source");
        }
    }
    Ok(added)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_analysis_is_cut_until_it_fits() {
        let evidence: Vec<Value> =
            (0..500).map(|n| json!({ "n": n, "lines": vec!["x".repeat(50); 40] })).collect();
        let whole = fitting(json!({ "evidence": evidence.clone() }), usize::MAX);
        assert_eq!(
            (whole["truncated"].clone(), whole["analysis"]["evidence"].as_array().unwrap().len()),
            (json!(false), 500)
        );
        let cut = fitting(json!({ "verdict": "cause", "evidence": evidence }), 40_000);
        assert_eq!(
            (cut["truncated"].clone(), cut["analysis"]["verdict"].clone()),
            (json!(true), json!("cause"))
        );
        assert!(cut["analysis"].to_string().len() <= 40_000);
    }
}
