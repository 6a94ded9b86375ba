//! The memory, as this program's own commands use it.

use crate::api::App;
use crate::api::answer::{Answer, Code, Fault};
use crate::api::ask::Ask;
use crate::api::once::Retry;
use crate::api::routes::{Needs, Route};
use axum::http::Method;
use ecoops_core::ports::memory::{Document, DocumentKind, Memory, MemoryError, Query};
use serde_json::{Value, json};
use std::sync::Arc;

/// Characters of a query.
const LONGEST_QUERY: usize = 4096;

pub fn routes() -> Vec<Route> {
    let (read, write) = (Needs::Scope("memory", "read"), Needs::Scope("memory", "write"));
    let kind = || json!({ "type": "string", "enum": ["fix", "incident", "runbook", "postmortem"] });
    let id = || json!({ "type": "string", "pattern": "^[a-z]+-[0-9a-f]{16}$" });
    vec![
        Route::new(
            (Method::POST, "/v1/memory/search"),
            ("searchDocuments", "Search by meaning and by words"),
            read,
            |a, q| Box::pin(search(a, q)),
        )
        .tag("Memory")
        .takes(json!({ "type": "object", "required": ["query"], "properties": {
            "query": { "type": "string", "minLength": 1, "maxLength": 4096, "pattern": "\\S" },
            "top_k": { "type": "integer", "minimum": 1, "maximum": 100 },
            "filters": { "type": "object", "properties": {
                "type": { "type": "array", "items": kind() }, "metadata": { "type": "object" },
            } },
        } }))
        .gives(200, json!({ "type": "object", "required": ["hits"] })),
        Route::new(
            (Method::POST, "/v1/memory/documents"),
            ("keepDocument", "Keep a document"),
            write,
            |a, q| Box::pin(keep(a, q)),
        )
        .tag("Memory")
        .retry(Retry::Key)
        .most(4 << 20)
        .takes(json!({ "type": "object", "required": ["kind", "title", "text", "source"], "properties": {
            "kind": kind(), "title": { "type": "string" }, "source": { "type": "string" },
            "text": { "type": "string", "minLength": 1, "pattern": "\\S" },
            "metadata": { "type": "object" },
        } }))
        .gives(201, json!({ "type": "object", "required": ["id", "waits"], "properties": {
            "id": { "type": "string" }, "waits": { "type": "boolean" },
        } })),
        Route::new(
            (Method::GET, "/v1/memory/documents"),
            ("listDocuments", "Documents, newest first"),
            read,
            |a, q| Box::pin(list(a, q)),
        )
        .tag("Memory")
        .query("type", kind())
        .query("cursor", id())
        .query("limit", json!({ "type": "integer", "minimum": 1, "maximum": 1000, "default": 100 }))
        .gives(200, json!({ "type": "object", "required": ["items", "next"], "properties": {
            "items": { "type": "array", "items": { "type": "object" } }, "next": { "type": ["string", "null"] },
        } }))
        .fault(404),
        Route::new(
            (Method::GET, "/v1/memory/documents/{id}"),
            ("readDocument", "One document"),
            read,
            |a, q| Box::pin(read_one(a, q)),
        )
        .tag("Memory")
        .part("id", id())
        .fault(404),
        Route::new(
            (Method::DELETE, "/v1/memory/documents/{id}"),
            ("forgetDocument", "Forget a document"),
            write,
            |a, q| Box::pin(forget(a, q)),
        )
        .tag("Memory")
        .retry(Retry::Key)
        .part("id", id())
        .fault(404),
    ]
}

fn fault(error: MemoryError) -> Fault {
    match error {
        MemoryError::BadQuery(why) => Fault::bad(why),
        other => Fault::new(Code::Unavailable, other.to_string()),
    }
}

async fn search(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let mut query: Query = ask.json()?;
    if query.query.chars().count() > LONGEST_QUERY {
        return Err(Fault::bad(format!("`query` has more than {LONGEST_QUERY} characters")));
    }
    query.query = app.kernel.redact(&query.query);
    let hits = app.kernel.memory.ask(move |memory| memory.search(&query)).await?.map_err(fault)?;
    Ok(Answer::ok(json!({ "hits": hits })))
}

async fn keep(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let mut document: Document = ask.json()?;
    document.title = app.kernel.redact(&document.title);
    document.text = app.kernel.redact(&document.text);
    let mut metadata = Value::Object(document.metadata);
    app.kernel.redact_all(&mut metadata);
    document.metadata = metadata.as_object().cloned().unwrap_or_default();
    let kept = app.kernel.memory.ask(move |memory| memory.keep(&document)).await?.map_err(fault)?;
    Ok(Answer::with(201, json!(kept)))
}

async fn list(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let kinds: Vec<DocumentKind> = match ask.text("type")? {
        Some(name) => vec![
            serde_json::from_value(json!(name))
                .map_err(|_| Fault::bad("`type` is fix, incident, runbook or postmortem"))?,
        ],
        None => Vec::new(),
    };
    let limit = ask.number("limit", 100, 1..=1000)? as usize;
    let after = ask.text("cursor")?.map(str::to_owned);
    let found =
        app.kernel.memory.ask(move |memory| after_cursor(memory, &kinds, after.as_deref(), limit)).await?;
    let Some((page, more)) = found.map_err(fault)? else {
        return Err(Fault::new(
            Code::NotFound,
            "`cursor` is not what a page before gave as `next`, or its document is forgotten",
        ));
    };
    let next = page.last().filter(|_| more).map(|(id, _)| id.clone());
    let items: Vec<Value> =
        page.into_iter().map(|(id, document)| json!({ "id": id, "document": document })).collect();
    Ok(Answer::ok(json!({ "items": items, "next": next })))
}

type Page = (Vec<(String, Document)>, bool);

/// The documents after one, and whether there are more; `None` when that one is not there. A document that comes in
/// meanwhile moves nothing: pages go from the newest to the oldest.
fn after_cursor(
    memory: &dyn Memory,
    kinds: &[DocumentKind],
    after: Option<&str>,
    limit: usize,
) -> Result<Option<Page>, MemoryError> {
    let mut most = limit + 1;
    loop {
        let found = memory.list(kinds, most)?;
        let all = found.len() < most;
        let start = match after {
            None => Some(0),
            Some(after) => found.iter().position(|(id, _)| id == after).map(|place| place + 1),
        };
        match start {
            // as many as are wanted, and one more, or all there are
            Some(start) if all || found.len() > start + limit => {
                let more = found.len() > start + limit;
                return Ok(Some((found.into_iter().skip(start).take(limit).collect(), more)));
            }
            None if all => return Ok(None),
            _ => most = most.saturating_mul(4),
        }
    }
}

async fn read_one(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let id = ask.part("id")?.to_owned();
    let asked = id.clone();
    let found = app.kernel.memory.ask(move |memory| memory.get_marked(&asked)).await?.map_err(fault)?;
    let (document, stale) =
        found.ok_or_else(|| Fault::not_found(format!("there is no document {id:.100}")))?;
    let mut shown = json!({ "id": id, "document": document });
    if let Some(stale) = stale {
        shown["stale"] = json!(stale);
    }
    Ok(Answer::ok(shown))
}

async fn forget(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let id = ask.part("id")?.to_owned();
    let asked = id.clone();
    match app.kernel.memory.ask(move |memory| memory.forget(&asked)).await?.map_err(fault)? {
        true => Ok(Answer::ok(json!({ "forgotten": id }))),
        false => Err(Fault::not_found(format!("there is no document {id:.100}"))),
    }
}
