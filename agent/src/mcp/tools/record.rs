//! The tools about the record: the signed log with its proofs, and the events.

use super::Tools;
use super::arguments::Arguments;
use super::catalogue::{Tool, count, cursor, object, text};
use super::page::page;
use crate::mcp::Context;
use serde_json::{Value, json};
use std::ffi::OsString;

/// Items of one answer at most.
const MOST: u64 = 500;

pub fn tools() -> Vec<Tool> {
    let index = || json!({ "type": "integer", "minimum": 0, "description": "The entry's index" });
    vec![
        Tool::reads(
            ("audit_log", "Read the record", "Entries of the signed record of what was done, oldest first."),
            ("audit", "read"),
            (
                object(
                    &[],
                    json!({ "limit": count("Entries of this answer", 50, MOST), "cursor": cursor() }),
                ),
                json!({ "type": "object", "required": ["entries", "truncated"], "properties": {
                    "entries": { "type": "array", "items": { "type": "object" } },
                    "truncated": { "type": "boolean" }, "next_cursor": { "type": ["string", "null"] },
                } }),
            ),
            log,
        ),
        Tool {
            verbatim: true,
            ..Tool::reads(
                (
                    "audit_proof",
                    "Prove an entry",
                    "A proof that an entry is in the record, which anyone can check (C2SP tlog-proof).",
                ),
                ("audit", "read"),
                (
                    object(&["index"], json!({ "index": index() })),
                    json!({ "type": "object", "required": ["index", "proof"], "properties": {
                    "index": index(), "proof": text("The proof, which stands alone"),
                } }),
                ),
                prove,
            )
        },
        Tool {
            verbatim: true,
            ..Tool::reads(
                (
                    "audit_verify",
                    "Verify the record",
                    "Recomputes every hash of the record and checks its signature.",
                ),
                ("audit", "read"),
                (
                    object(&[], json!({})),
                    json!({ "type": "object", "required": ["whole"], "properties": { "whole": { "type": "boolean" } } }),
                ),
                verify,
            )
        },
        Tool::reads(
            ("events", "Read events", "What the pipeline did, as events, oldest first."),
            ("events", "read"),
            (
                object(
                    &[],
                    json!({
                        "from": count("The first offset", 1, 1 << 53), "limit": count("Events of this answer", 50, MOST),
                        "cursor": cursor(),
                    }),
                ),
                json!({ "type": "object", "required": ["events", "truncated"], "properties": {
                    "events": { "type": "array", "items": { "type": "object" } },
                    "truncated": { "type": "boolean" }, "next_cursor": { "type": ["string", "null"] },
                } }),
            ),
            events,
        ),
    ]
}

impl Tools {
    fn record(&self, words: &[&str], context: &Context) -> Result<super::command::Ended, String> {
        let words: Vec<OsString> = words.iter().map(Into::into).collect();
        self.options.program.run(std::path::Path::new("/"), &words, context)
    }
}

/// A page of what begins at `from`, of which one more than `limit` was asked for.
fn opened(
    name: &str,
    all: Vec<Value>,
    from: u64,
    limit: usize,
    most: usize,
    next: fn(&Value) -> u64,
) -> Value {
    let mut answer = page(name, &all, 0, limit, most);
    let count = answer[name].as_array().map_or(0, Vec::len);
    let more = count < all.len();
    let cursor = all.get(count).map_or(from, next);
    answer["truncated"] = json!(more);
    answer["next_cursor"] = if more { json!(cursor.to_string()) } else { Value::Null };
    if let Some(fields) = answer.as_object_mut() {
        fields.remove("total");
    }
    answer
}

fn log(tools: &Tools, arguments: &Arguments<'_>, context: &Context) -> Result<Value, String> {
    let (from, limit) = (arguments.cursor()? as u64, arguments.number("limit", 50, MOST)?.max(1));
    let (from_word, count) = (from.to_string(), (limit + 1).to_string());
    let words = ["--output", "json", "audit", "log", "--from", &from_word, "--limit", &count];
    let entries = tools.record(&words, context)?.json(&[0])?;
    let entries = entries.as_array().cloned().unwrap_or_default();
    Ok(opened("entries", entries, from, limit as usize, tools.options.most, |entry| {
        entry["index"].as_u64().unwrap_or_default()
    }))
}

fn prove(tools: &Tools, arguments: &Arguments<'_>, context: &Context) -> Result<Value, String> {
    let index = arguments.number("index", 0, u64::MAX)?;
    let ended = tools.record(&["audit", "proof", &index.to_string()], context)?;
    ended.check(&[0])?;
    Ok(json!({ "index": index, "proof": ended.output }))
}

fn verify(tools: &Tools, _: &Arguments<'_>, context: &Context) -> Result<Value, String> {
    // A log that does not hold is an answer.
    tools.record(&["--output", "json", "audit", "verify"], context)?.json(&[0, 8])
}

fn events(tools: &Tools, arguments: &Arguments<'_>, context: &Context) -> Result<Value, String> {
    let first = match arguments.cursor()? as u64 {
        0 => arguments.number("from", 1, 1 << 53)?.max(1),
        cursor => cursor,
    };
    let limit = arguments.number("limit", 50, MOST)?.max(1);
    let (from, count) = (first.to_string(), (limit + 1).to_string());
    let words = ["--output", "jsonl", "events", "replay", "--from", &from, "--count", &count];
    let ended = tools.record(&words, context)?;
    ended.check(&[0])?;
    let lines = ended.output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    Ok(opened("events", lines, first, limit as usize, tools.options.most, |event| {
        event["offset"].as_u64().unwrap_or_default()
    }))
}
