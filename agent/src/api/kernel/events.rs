//! Event bus: publishing to named streams, once a key, and reading them again.

use crate::api::App;
use crate::api::answer::{Answer, Code, Fault};
use crate::api::ask::{Ask, Time, parse_trace};
use crate::api::routes::{Needs, Route};
use axum::http::Method;
use ecoops_core::domain::{ActorKind, DomainEvent, Party, Priority, Subject};
use ecoops_core::ports::bus::{BusError, Position};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub fn routes() -> Vec<Route> {
    let id = json!({ "type": "string", "pattern": "^[0-9]{1,15}(-[0-9]{1,15})?$" });
    vec![
        Route::new(
            (Method::POST, "/events/publish"),
            ("publishEvent", "Publish an event"),
            Needs::Scope("events", "write"),
            |a, q| Box::pin(publish(a, q)),
        )
        .tag("Events")
        .takes(schema())
        .gives(201, json!({ "type": "object", "required": ["eventId", "streamId"] })),
        Route::new(
            (Method::GET, "/events/replay/{streamName}"),
            ("replayEvents", "Replay events from a stream"),
            Needs::Scope("events", "read"),
            |a, q| Box::pin(replay(a, q)),
        )
        .tag("Events")
        .part("streamName", stream_schema())
        .query("startId", id.clone())
        .query("endId", id)
        .query("count", json!({ "type": "integer", "minimum": 1, "maximum": 1000, "default": 100 })),
    ]
}

pub fn decision_schema() -> Value {
    json!({ "type": "object",
        "required": ["verdict", "policyId", "policyVersion", "reason", "complianceTags", "evaluatedAt"],
        "properties": {
            "verdict": { "enum": ["allow", "deny", "warn"] }, "policyId": { "type": "string" },
            "policyVersion": { "type": "string" }, "reason": { "type": "string" },
            "complianceTags": { "type": "array", "items": { "type": "string" } },
            "evaluatedAt": { "type": "string", "format": "date-time" },
        } })
}

fn stream_schema() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[A-Za-z0-9:._-]+$" })
}

/// Names of streams are plain, so that every bus can have them.
fn check_stream(name: &str) -> Result<(), Fault> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b":._-".contains(&b);
    match (1..=200).contains(&name.len()) && name.bytes().all(plain) {
        true => Ok(()),
        false => Err(Fault::bad("a stream's name has 1 to 200 letters, digits, `:`, `.`, `_` and `-`")),
    }
}

fn schema() -> Value {
    let text = || json!({ "type": "string", "minLength": 1, "maxLength": 512, "pattern": "^[ -~]+$" });
    json!({ "type": "object",
        "required": ["type", "source", "traceId", "actor", "resource", "idempotencyKey", "data"],
        "properties": {
            "streamName": stream_schema(), "type": text(), "source": text(), "subject": { "type": "string" },
            "traceId": { "type": "string", "format": "uuid" },
            "actor": { "type": "object", "properties": {
                "id": { "type": "string" }, "type": { "enum": ["user", "service", "system"] },
            } },
            "resource": { "type": "object", "properties": {
                "kind": { "type": "string" }, "id": { "type": "string" }, "namespace": { "type": "string" },
            } },
            "policyDecision": decision_schema(),
            "idempotencyKey": text(),
            "priority": { "enum": ["critical", "high", "normal", "low"] },
            "data": { "type": "object" },
        } })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PublishBody {
    #[serde(default)]
    stream_name: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    source: String,
    #[serde(default)]
    subject: Option<String>,
    trace_id: String,
    #[serde(deserialize_with = "super::object")]
    actor: PartyBody,
    #[serde(deserialize_with = "super::object")]
    resource: SubjectBody,
    #[serde(default, deserialize_with = "super::maybe_object")]
    policy_decision: Option<Decision>,
    idempotency_key: String,
    #[serde(default)]
    priority: Option<Priority>,
    data: Map<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
pub struct PartyBody {
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default, rename = "type")]
    pub kind: Option<ActorKind>,
    #[serde(default)]
    pub email: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub struct SubjectBody {
    #[serde(default)]
    pub kind: Option<String>,
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub namespace: Option<String>,
}

/// The kernel's decision; read to be checked, kept as it came.
#[derive(Debug, Clone, Deserialize, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    pub verdict: Verdict,
    pub policy_id: String,
    pub policy_version: String,
    pub reason: String,
    pub compliance_tags: Vec<String>,
    pub evaluated_at: Time,
}

#[derive(Debug, Clone, Copy, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Allow,
    Deny,
    Warn,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Warn => "warn",
        }
    }
}

fn fault(error: BusError) -> Fault {
    match error {
        BusError::Refused(why) => Fault::bad(why),
        other => Fault::new(Code::Unavailable, other.to_string()),
    }
}

/// A UUID however it is written; 32 hex digits, as W3C has it, are the same bits.
pub fn trace(text: &str) -> Result<String, Fault> {
    let bits = parse_trace(text).or_else(|| uuid::Uuid::parse_str(text).ok().map(|u| u.as_u128()));
    let bits = bits.ok_or_else(|| Fault::bad("`traceId` must be a UUID or a W3C trace id"))?;
    Ok(uuid::Uuid::from_u128(bits).to_string())
}

/// Where an event goes when nobody says: `platform-01.healing.completed` to `platform-01:healing`.
fn default_stream(kind: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '-' };
    let parts = kind.split('.').filter(|part| !part.is_empty());
    let mut parts = parts.map(|part| part.chars().map(plain).take(90).collect::<String>());
    match (parts.next(), parts.next()) {
        (Some(service), Some(topic)) => format!("{service}:{topic}"),
        (Some(one), None) => format!("ecoops:{one}"),
        _ => "ecoops:events".to_owned(),
    }
}

fn printable(name: &str, text: &str) -> Result<(), Fault> {
    let plain = (1..=512).contains(&text.len()) && text.bytes().all(|b| (b' '..=b'~').contains(&b));
    match plain {
        true => Ok(()),
        false => Err(Fault::bad(format!("`{name}` must have 1 to 512 printable ASCII characters"))),
    }
}

async fn publish(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let body: PublishBody = ask.json()?;
    printable("type", &body.kind)?;
    printable("source", &body.source)?;
    printable("idempotencyKey", &body.idempotency_key)?;
    let stream = body.stream_name.unwrap_or_else(|| default_stream(&body.kind));
    check_stream(&stream)?;
    let mut data = Value::Object(body.data);
    app.kernel.redact_all(&mut data);
    let Value::Object(data) = data else { return Err(Fault::bad("`data` must be an object")) };
    let mut decision = serde_json::to_value(body.policy_decision).unwrap_or_default();
    app.kernel.redact_all(&mut decision);
    let clean = |text: Option<String>| super::given(text).map(|text| app.kernel.redact(&text));
    let event = DomainEvent {
        id: app.kernel.identifiers.trace_id(app.kernel.host.0.now()),
        kind: body.kind,
        source: body.source,
        time: ask.ids.now.clone(),
        subject: body.subject.map(|s| app.kernel.redact(&s)),
        trace_id: trace(&body.trace_id)?,
        actor: Party {
            id: clean(body.actor.id).unwrap_or_else(|| ask.caller.id.clone()),
            kind: body.actor.kind.unwrap_or(ActorKind::Service),
        },
        resource: Subject {
            kind: clean(body.resource.kind).unwrap_or_else(|| "unknown".into()),
            id: clean(body.resource.id).unwrap_or_else(|| "unknown".into()),
            namespace: clean(body.resource.namespace),
        },
        policy_decision: decision.as_object().cloned(),
        idempotency_key: body.idempotency_key,
        priority: body.priority.unwrap_or_default(),
        data,
    };
    let name = stream.clone();
    let published = app.kernel.bus.ask(move |bus| bus.publish(&name, &event)).await?.map_err(fault)?;
    Ok(Answer::with(
        201,
        json!({
            "eventId": published.id, "streamId": published.position.to_string(), "streamName": stream,
            "duplicate": published.duplicate,
        }),
    ))
}

async fn replay(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let stream = ask.part("streamName")?.to_owned();
    check_stream(&stream)?;
    let what = "a place in a stream, such as 1700000000000-0";
    let place = |name: &str, ends: [&str; 2], default: Position| match ask.text(name)? {
        Some(text) if ends.contains(&text) => Ok::<_, Fault>(default),
        _ => Ok(ask.parsed::<Position>(name, what)?.unwrap_or(default)),
    };
    let from = place("startId", ["-", "0"], Position::FIRST)?;
    let to = place("endId", ["+", "+"], Position::LAST)?;
    let count = ask.number("count", 100, 1..=1000)?;
    let name = stream.clone();
    let asked = app.kernel.bus.ask(move |bus| bus.replay(&name, from, to, count as usize)).await?;
    let events: Vec<Value> =
        asked.map_err(fault)?.into_iter().map(|(place, event)| shown(place, &event)).collect();
    Ok(Answer::ok(json!({ "streamName": stream, "count": events.len(), "events": events })))
}

/// An event with its place, so that a reader can go on right after it.
fn shown(place: Position, event: &DomainEvent) -> Value {
    let mut value = serde_json::to_value(event).unwrap_or_default();
    value["streamId"] = json!(place.to_string());
    value["nextId"] = json!(place.next().to_string());
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_finds_its_stream_by_its_type() {
        for (kind, stream) in [
            ("platform-01.healing.completed", "platform-01:healing"),
            ("core.audit", "core:audit"),
            ("started", "ecoops:started"),
            ("..", "ecoops:events"),
        ] {
            assert_eq!(default_stream(kind), stream);
        }
    }

    #[test]
    fn a_trace_id_is_a_uuid_in_either_writing() {
        let uuid = "0af76519-16cd-11dd-8448-eb211c80319c";
        for (text, expected) in [
            (uuid, Some(uuid)),
            ("0af7651916cd11dd8448eb211c80319c", Some(uuid)),
            ("0AF76519-16CD-11DD-8448-EB211C80319C", Some(uuid)),
            ("00000000-0000-0000-0000-000000000000", Some("00000000-0000-0000-0000-000000000000")),
            ("", None),
            ("abc", None),
            ("0af7651916cd11dd8448eb211c80319c0af7651916cd11dd", None),
        ] {
            assert_eq!(trace(text).ok().as_deref(), expected, "{text}");
        }
    }
}
