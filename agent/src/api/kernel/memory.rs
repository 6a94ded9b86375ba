//! Memory hub: searching and keeping documents. Also NextGen's `/api/v1/search`, which asks the same memory.

use super::multipart;
use crate::api::App;
use crate::api::answer::{Answer, Code, Fault};
use crate::api::ask::Ask;
use crate::api::once::Retry;
use crate::api::routes::{Needs, Route};
use crate::trace;
use axum::http::Method;
use ecoops_core::ports::memory::{
    Document, DocumentKind, Filters, Hit, MOST_BYTES, MOST_TITLE_BYTES, MemoryError, Query,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// A whole document and what stands around it in a form.
const MOST_BODY: usize = 4 << 20;
/// Characters of a query.
const LONGEST_QUERY: usize = 4096;
/// A document's own field for when it was kept; not the caller's to set.
const CREATED: &str = "createdAt";

pub fn routes() -> Vec<Route> {
    let query = |count: &str| {
        json!({ "type": "object", "required": ["query"], "properties": {
            "query": { "type": "string", "minLength": 1, "maxLength": 4096, "pattern": "\\S" },
            count: { "type": "integer", "minimum": 1, "maximum": 100, "default": 10 },
            "filters": { "type": "object", "properties": {
                "type": { "anyOf": [kinds(), { "type": "array", "items": kinds() }] },
            } },
            "similarityThreshold": { "type": "number", "minimum": 0, "maximum": 1 },
        } })
    };
    let document = json!({ "type": "object", "required": ["content"], "properties": {
        "title": { "type": "string" }, "source": { "type": "string" },
        "content": { "type": "string", "minLength": 1, "pattern": "\\S" },
        "metadata": { "type": "object" },
    } });
    let form = json!({ "type": "object", "required": ["file"], "properties": {
        "file": { "type": "string", "format": "binary" }, "metadata": { "type": "string" },
        "title": { "type": "string" }, "source": { "type": "string" },
    }, "additionalProperties": false });
    let (read, write) = (Needs::Scope("memory", "read"), Needs::Scope("memory", "write"));
    vec![
        Route::new(
            (Method::POST, "/memory/search"),
            ("searchMemory", "Vector search across document store"),
            read,
            |a, q| Box::pin(search(a, q)),
        )
        .tag("Memory")
        .takes(query("topK")),
        Route::new(
            (Method::POST, "/memory/ingest"),
            ("ingestDocument", "Ingest a document"),
            write,
            |a, q| Box::pin(ingest(a, q)),
        )
        .tag("Memory")
        .retry(Retry::Key)
        .most(MOST_BODY)
        .takes(document)
        .takes_as("multipart/form-data", form)
        .gives(201, json!({ "type": "object", "required": ["documentId"] })),
        Route::new((Method::GET, "/memory/documents/{id}"), ("getDocument", "One document"), read, |a, q| {
            Box::pin(document_of(a, q))
        })
        .tag("Memory")
        .fault(404),
        Route::new(
            (Method::POST, "/api/v1/search"),
            ("search", "Search what was seen before"),
            read,
            |a, q| Box::pin(search(a, q)),
        )
        .tag("Memory")
        .takes(query("top_k"))
        .gives(200, json!({ "type": "object", "required": ["results"] })),
    ]
}

fn kinds() -> Value {
    json!({ "type": "string", "enum": ["fix", "incident", "runbook", "postmortem"] })
}

#[derive(Debug, Deserialize)]
struct SearchBody {
    query: String,
    #[serde(default, alias = "top_k")]
    #[serde(rename = "topK")]
    top_k: Option<i64>,
    #[serde(default)]
    filters: Option<Map<String, Value>>,
    #[serde(default, rename = "similarityThreshold")]
    threshold: Option<f64>,
}

fn kind(name: &Value) -> Result<DocumentKind, Fault> {
    serde_json::from_value(name.clone())
        .map_err(|_| Fault::bad("`type` is fix, incident, runbook or postmortem"))
}

fn kind_name(kind: DocumentKind) -> Value {
    serde_json::to_value(kind).unwrap_or_default()
}

/// Filters of both writings: `type` selects kinds; `source`, `documentId` and `modelVersion` are looked at
/// afterwards; every other field is one of the document's own.
struct Wanted {
    filters: Filters,
    source: Option<String>,
    id: Option<String>,
    model: Option<String>,
}

fn wanted(filters: Option<Map<String, Value>>) -> Result<Wanted, Fault> {
    let mut fields = filters.unwrap_or_default();
    let kinds = match fields.remove("type") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(names)) => names.iter().map(kind).collect::<Result<_, _>>()?,
        Some(name) => vec![kind(&name)?],
    };
    let mut text = |name: &str| fields.remove(name).and_then(|v| v.as_str().map(str::to_owned));
    let (source, id, model) = (text("source"), text("documentId"), text("modelVersion"));
    Ok(Wanted { filters: Filters { kinds, metadata: fields }, source, id, model })
}

fn fault(error: MemoryError) -> Fault {
    match error {
        MemoryError::BadQuery(why) => Fault::bad(why),
        other => Fault::new(Code::Unavailable, other.to_string()),
    }
}

async fn search(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let body: SearchBody = ask.json()?;
    let top_k = usize::try_from(body.top_k.unwrap_or(10)).ok().filter(|n| (1..=100).contains(n));
    let top_k = top_k.ok_or_else(|| Fault::bad("the number of results must be 1 to 100"))?;
    if body.query.chars().count() > LONGEST_QUERY {
        return Err(Fault::bad(format!("`query` has more than {LONGEST_QUERY} characters")));
    }
    let threshold = body.threshold.unwrap_or(0.0);
    if !(0.0..=1.0).contains(&threshold) {
        return Err(Fault::bad("`similarityThreshold` must be from 0 to 1"));
    }
    let wanted = wanted(body.filters)?;
    // What is filtered afterwards needs more to choose from.
    let sifted = [&wanted.source, &wanted.id, &wanted.model].into_iter().any(Option::is_some);
    let query = Query {
        query: app.kernel.redact(&body.query),
        top_k: if sifted { 100 } else { top_k },
        filters: wanted.filters,
    };
    let searched = trace::span("rag.search", trace::Kind::Internal);
    let hits =
        searched.within(app.kernel.memory.ask(move |memory| memory.search(&query))).await?.map_err(fault)?;
    drop(searched);
    let fits = |hit: &Hit| {
        wanted.source.as_ref().is_none_or(|source| *source == hit.document.source)
            && wanted.id.as_ref().is_none_or(|id| *id == hit.id)
            && wanted.model.as_ref().is_none_or(|model| *model == hit.model)
            && hit.score >= threshold
    };
    let results: Vec<Value> = hits.iter().filter(|hit| fits(hit)).take(top_k).map(found).collect();
    let total = results.len();
    Ok(Answer::ok(json!({ "results": results, "total": total })))
}

/// A hit as the memory hub shows one, and what it leaves out: title, kind and the document's own fields.
fn found(hit: &Hit) -> Value {
    let document = &hit.document;
    let mut found = json!({
        "chunk": {
            "id": hit.id, "documentId": hit.id, "content": hit.snippet,
            "metadata": { "source": document.source, "chunkIndex": 0, "totalChunks": 1,
                "modelVersion": hit.model },
            "createdAt": created(document),
        },
        "score": hit.score, "id": hit.id, "type": kind_name(document.kind), "title": document.title,
        "content": hit.snippet, "source": document.source, "metadata": own(document),
    });
    if let Some(stale) = hit.stale {
        found["stale"] = json!(stale);
    }
    found
}

fn created(document: &Document) -> Value {
    document.metadata.get(CREATED).cloned().unwrap_or(Value::Null)
}

fn own(document: &Document) -> Map<String, Value> {
    document
        .metadata
        .iter()
        .filter(|(name, _)| *name != CREATED)
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

#[derive(Debug, Default, Deserialize)]
struct IngestBody {
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    source: Option<String>,
    content: String,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
}

async fn ingest(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let is_form =
        ask.header("content-type").is_some_and(|t| t.to_ascii_lowercase().starts_with("multipart/"));
    let body = if is_form { form(&ask).await? } else { ask.json()? };
    let document = document(&app, body, &ask)?;
    let asked = document.clone();
    let (id, known) = app
        .kernel
        .memory
        .ask(move |memory| {
            let id = memory.ingest(&asked)?;
            // The first to keep a text sets its time; a later one finds another's.
            let kept = memory.get(&id)?;
            let known = kept.is_some_and(|kept| kept.metadata.get(CREATED) != asked.metadata.get(CREATED));
            Ok((id, known))
        })
        .await?
        .map_err(fault)?;
    Ok(Answer::with(
        201,
        json!({
            "documentId": id, "id": id, "title": document.title,
            "chunksCreated": u8::from(!known), "scanStatus": if known { "duplicate" } else { "clean" },
        }),
    ))
}

fn document(app: &App, body: IngestBody, ask: &Ask) -> Result<Document, Fault> {
    let mut metadata = body.metadata.unwrap_or_default();
    let kind = match metadata.remove("type") {
        None | Some(Value::Null) => DocumentKind::Runbook,
        Some(name) => kind(&name)?,
    };
    if body.content.trim().is_empty() || body.content.len() > MOST_BYTES {
        return Err(Fault::bad(format!(
            "`content` must have 1 to {MOST_BYTES} bytes, not white space alone"
        )));
    }
    let first = body.content.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let title = super::given(body.title)
        .unwrap_or_else(|| first.trim_start_matches(['#', ' ']).chars().take(120).collect());
    if title.len() > MOST_TITLE_BYTES {
        return Err(Fault::bad(format!("`title` must have at most {MOST_TITLE_BYTES} bytes")));
    }
    let mut metadata = Value::Object(metadata);
    app.kernel.redact_all(&mut metadata);
    let mut metadata = metadata.as_object().cloned().unwrap_or_default();
    metadata.insert(CREATED.to_owned(), json!(ask.ids.now));
    Ok(Document {
        kind,
        title: app.kernel.redact(&title),
        text: app.kernel.redact(&body.content),
        source: app.kernel.redact(&super::given(body.source).unwrap_or_else(|| ask.caller.id.clone())),
        metadata,
    })
}

/// A form: the document in `file`, its fields as JSON text in `metadata`, `title` and `source` as texts.
async fn form(ask: &Ask) -> Result<IngestBody, Fault> {
    let parts = multipart::read(ask).await?;
    let mut body = IngestBody::default();
    let mut found = false;
    for part in parts {
        let text = String::from_utf8(part.bytes).map_err(|_| {
            Fault::new(Code::UnsupportedMediaType, format!("`{:.100}` is not UTF-8 text", part.name))
        })?;
        match part.name.as_str() {
            "file" => {
                found = true;
                body.content = text;
                body.source = body.source.or(part.file_name);
            }
            "title" => body.title = Some(text),
            "source" => body.source = Some(text),
            "metadata" if text.trim().is_empty() => {}
            "metadata" => {
                let fields = serde_json::from_str(&text);
                // What is no JSON object is somebody's remark.
                body.metadata =
                    Some(fields.unwrap_or_else(|_| Map::from_iter([("note".into(), json!(text))])));
            }
            other => return Err(Fault::bad(format!("the form has no place for `{other:.100}`"))),
        }
    }
    if found { Ok(body) } else { Err(Fault::bad("the form has no `file`")) }
}

async fn document_of(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let id = ask.part("id")?.to_owned();
    let asked = id.clone();
    let found = app.kernel.memory.ask(move |memory| memory.get_marked(&asked)).await?.map_err(fault)?;
    let (document, stale) =
        found.ok_or_else(|| Fault::not_found(format!("there is no document {id:.100}")))?;
    let mut shown = json!({
        "id": id, "title": document.title, "source": document.source, "content": document.text,
        "type": kind_name(document.kind), "metadata": own(&document), "createdAt": created(&document),
    });
    if let Some(stale) = stale {
        shown["stale"] = json!(stale);
    }
    Ok(Answer::ok(shown))
}
