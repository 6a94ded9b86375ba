//! The pipeline's events: publishing, pages of them, and following them.

use super::{page, paged, paging, stream};
use crate::api::answer::{Answer, Code, Fault};
use crate::api::ask::Ask;
use crate::api::routes::{Needs, Route};
use crate::api::{App, local};
use axum::http::Method;
use ecoops_core::domain::RemediationEvent;
use ecoops_core::ports::events::{EventsError, Stored};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

pub fn routes() -> Vec<Route> {
    let read = Needs::Scope("events", "read");
    vec![
        Route::new(
            (Method::POST, "/v1/events"),
            ("publishRemediationEvent", "Make an event of the pipeline durable, once a key"),
            Needs::Scope("events", "write"),
            |a, q| Box::pin(publish(a, q)),
        )
        .tag("Events")
        .most(9 << 20)
        .takes(json!({ "type": "object", "required": ["event", "idempotencyKey"], "properties": {
            "event": { "type": "object" }, "idempotencyKey": { "type": "string" },
        } }))
        .gives(201, json!({ "type": "object", "required": ["offset"] })),
        paging(
            Route::new((Method::GET, "/v1/events"), ("listEvents", "Events, oldest first"), read, |a, q| {
                Box::pin(list(a, q))
            })
            .tag("Events"),
        ),
        Route::new(
            (Method::GET, "/v1/events/stream"),
            ("followEvents", "Events as they come (server-sent events); Last-Event-ID resumes"),
            read,
            |a, q| Box::pin(stream::follow(a, q)),
        )
        .tag("Events")
        .query("from", json!({ "type": "integer", "minimum": 0, "maximum": 1_000_000_000 }))
        .gives_as("text/event-stream", json!({ "type": "string" })),
    ]
}

pub fn fault(error: EventsError) -> Fault {
    Fault::new(Code::Unavailable, error.to_string())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    event: RemediationEvent,
    idempotency_key: String,
}

async fn publish(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    local(&ask)?;
    let Body { event, idempotency_key } = ask.json()?;
    if idempotency_key.is_empty() || idempotency_key.len() > 512 || idempotency_key.contains('\0') {
        return Err(Fault::bad("`idempotencyKey` must have 1 to 512 bytes and no NUL"));
    }
    let published = app.kernel.events.ask(move |events| events.publish(&event, &idempotency_key)).await?;
    let offset = published.map_err(fault)?;
    app.published.send_replace(offset);
    app.kernel.published();
    Ok(Answer::with(201, json!({ "offset": offset })))
}

async fn list(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let (cursor, limit) = page(&ask, 1)?;
    let cursor = cursor.max(1);
    let found = app.kernel.events.ask(move |events| events.replay(cursor, limit)).await?.map_err(fault)?;
    let next = found.last().filter(|_| found.len() == limit).map(|last| last.offset + 1);
    Ok(Answer::ok(paged(found.iter().map(shown).collect(), next)))
}

/// The event's own fields, with its place in the log.
pub fn shown(stored: &Stored) -> Value {
    let mut value = serde_json::to_value(&stored.event).unwrap_or_default();
    value["offset"] = json!(stored.offset);
    value["idempotency_key"] = json!(stored.idempotency_key);
    value
}
