//! The pipeline's events: publishing, pages of them, and following them.

use super::{page, paged, paging, socket, stream};
use crate::api::answer::{Answer, Code, Fault};
use crate::api::ask::Ask;
use crate::api::once::Retry;
use crate::api::routes::{Needs, Route};
use crate::api::{App, local};
use axum::http::Method;
use ecoops_core::domain::RemediationEvent;
use ecoops_core::ports::events::{EventsError, Stored};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Events of one call.
const MOST: usize = 1000;

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
        .retry(Retry::Key)
        .most(9 << 20)
        .takes(json!({ "anyOf": [one(), { "type": "object", "required": ["events"], "properties": {
            "events": { "type": "array", "items": one(), "minItems": 1, "maxItems": MOST },
        } }] }))
        .gives(
            201,
            json!({ "type": "object", "properties": {
            "offset": { "type": "integer" }, "offsets": { "type": "array", "items": { "type": "integer" } },
        } }),
        ),
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
        .query("from", place())
        .query("after", place())
        .gives_as("text/event-stream", json!({ "type": "string" })),
        Route::new(
            (Method::GET, "/v1/events/socket"),
            ("socketEvents", "Events as they come (WebSocket); `after` resumes"),
            read,
            |a, q| Box::pin(socket::follow(a, q)),
        )
        .tag("Events")
        .query("from", place())
        .query("after", place())
        .gives(101, json!({}))
        .fault(426),
    ]
}

/// Schema of an event's place in the log.
fn place() -> Value {
    json!({ "type": "integer", "minimum": 0, "maximum": 1_000_000_000 })
}

pub fn fault(error: EventsError) -> Fault {
    Fault::new(Code::Unavailable, error.to_string())
}

/// Schema of an event with its key.
fn one() -> Value {
    json!({ "type": "object", "required": ["event", "idempotencyKey"], "properties": {
        "event": { "type": "object" }, "idempotencyKey": { "type": "string" },
    } })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct One {
    event: RemediationEvent,
    idempotency_key: String,
}

#[derive(Debug, Deserialize)]
struct Several {
    events: Vec<One>,
}

/// One event, or several that are stored together or not at all.
async fn publish(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    local(&ask)?;
    let fields: serde_json::Map<String, Value> = ask.json()?;
    let alone = !fields.contains_key("events");
    let bodies = match alone {
        true => vec![ask.json::<One>()?],
        false => ask.json::<Several>()?.events,
    };
    if !(1..=MOST).contains(&bodies.len()) {
        return Err(Fault::bad(format!("`events` has 1 to {MOST} events")));
    }
    let named = |key: &str| !key.is_empty() && key.len() <= 512 && !key.contains('\0');
    if !bodies.iter().all(|body| named(&body.idempotency_key)) {
        return Err(Fault::bad("`idempotencyKey` must have 1 to 512 bytes and no NUL"));
    }
    let events: Vec<_> = bodies.into_iter().map(|body| (body.event, body.idempotency_key)).collect();
    let offsets = app.kernel.publishing.ask(events).await?.map_err(fault)?;
    app.published.send_replace(offsets.last().copied().unwrap_or_default());
    app.kernel.published();
    Ok(match (alone, offsets.first()) {
        (true, Some(offset)) => Answer::with(201, json!({ "offset": offset })),
        _ => Answer::with(201, json!({ "offsets": offsets })),
    })
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
