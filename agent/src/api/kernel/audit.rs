//! Audit service: entries of other programs, kept in the same signed log as our own.

use super::events::{Decision, PartyBody, SubjectBody, decision_schema, trace};
use crate::api::App;
use crate::api::answer::{Answer, Code, Fault, Pages};
use crate::api::ask::{Ask, Time, Uid};
use crate::api::once::Retry;
use crate::api::routes::{Needs, Route};
use axum::http::Method;
use ecoops_core::domain::{AuditEntry, AuditFilter, AuditResult, ContentHash, PolicyStamp};
use ecoops_core::engines::ledger::entry;
use ecoops_core::ports::audit_log::{Appended, AuditError, Page, newest};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Reading the whole log takes longer than a write.
const DEADLINE: Duration = Duration::from_secs(30);
/// The largest entry, in bytes, with room for what the log adds.
const LARGEST: usize = 60_000;

pub fn routes() -> Vec<Route> {
    let text = || json!({ "type": "string", "minLength": 1, "maxLength": 512 });
    let time = || json!({ "type": "string", "format": "date-time" });
    vec![
        Route::new(
            (Method::POST, "/audit/write"),
            ("writeAuditEntry", "Write an immutable audit entry"),
            Needs::Scope("audit", "write"),
            |a, q| Box::pin(write(a, q)),
        )
        .tag("Audit")
        .retry(Retry::Body)
        .takes(schema())
        .gives(201, json!({ "type": "object", "required": ["id", "logIndex"] })),
        Route::new(
            (Method::GET, "/audit/query"),
            ("queryAuditEntries", "Query audit entries"),
            Needs::Scope("audit", "read"),
            |a, q| Box::pin(query(a, q)),
        )
        .tag("Audit")
        .query("startTime", time())
        .query("endTime", time())
        .query("actorId", text())
        .query("resourceKind", text())
        .query("resourceId", text())
        .query("action", text())
        .query("result", json!({ "enum": ["success", "failure", "denied"] }))
        .query("complianceTag", text())
        .query("traceId", text())
        .query("page", json!({ "type": "integer", "minimum": 1, "maximum": 1_000_000, "default": 1 }))
        .query("pageSize", json!({ "type": "integer", "minimum": 1, "maximum": 1000, "default": 50 })),
    ]
}

fn schema() -> Value {
    let text = || json!({ "type": "string" });
    json!({ "type": "object",
        "required": ["timestamp", "traceId", "actor", "resource", "action", "result"],
        "properties": {
            "id": { "type": "string", "format": "uuid" },
            "timestamp": { "type": "string", "format": "date-time" },
            "traceId": { "type": "string", "minLength": 1, "maxLength": 200 },
            "actor": { "type": "object", "properties": {
                "id": text(), "type": { "enum": ["user", "service", "system"] }, "email": text(),
            } },
            "resource": { "type": "object", "properties": { "kind": text(), "id": text(), "namespace": text() } },
            "action": { "type": "string", "minLength": 1, "maxLength": 200 },
            "result": { "enum": ["success", "failure", "denied"] },
            "policyDecision": decision_schema(),
            "complianceTags": { "type": "array", "items": text() },
            "metadata": { "type": "object" },
        } })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WriteBody {
    #[serde(default)]
    id: Option<Uid>,
    timestamp: Time,
    trace_id: String,
    #[serde(deserialize_with = "super::object")]
    actor: PartyBody,
    #[serde(deserialize_with = "super::object")]
    resource: SubjectBody,
    action: String,
    result: AuditResult,
    #[serde(default, deserialize_with = "super::maybe_object")]
    policy_decision: Option<Decision>,
    #[serde(default)]
    compliance_tags: Option<Vec<String>>,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
}

pub fn fault(error: AuditError) -> Fault {
    match error {
        AuditError::NoSuchEntry(index) => Fault::not_found(format!("the log has no entry {index}")),
        other => Fault::new(Code::Unavailable, other.to_string()),
    }
}

/// The entry as the log keeps it: what it knows in its own fields, all else as details.
fn entry_of(app: &App, ask: &Ask, body: WriteBody) -> Result<AuditEntry, Fault> {
    let fits = |text: &str| (1..=200).contains(&text.chars().count());
    if !fits(&body.trace_id) || !fits(&body.action) {
        return Err(Fault::bad("`traceId` and `action` must have 1 to 200 characters"));
    }
    let id = body.id.map_or_else(|| app.kernel.identifiers.trace_id(app.kernel.host.0.now()), |id| id.0);
    let policy = body.policy_decision.as_ref().map(|d| PolicyStamp {
        version: d.policy_version.clone(),
        decision: d.verdict.as_str().to_owned(),
        reason: app.kernel.redact(&d.reason),
    });
    let resource = super::given(body.resource.id.clone()).unwrap_or_else(|| "unknown".into());
    let mut details = json!({
        "id": id, "actor": { "type": body.actor.kind, "email": body.actor.email },
        "resource": { "kind": body.resource.kind, "namespace": body.resource.namespace },
        "policyDecision": body.policy_decision, "complianceTags": body.compliance_tags,
        "metadata": body.metadata, "submittedBy": ask.caller.id, "service": ask.caller.service,
    });
    app.kernel.redact_all(&mut details);
    details["request"] = json!(ask.again.as_ref().map(|again| &again.mark));
    bare(&mut details);
    let text = |key: &str| {
        let found = details.get("metadata").and_then(|m| m.get(key)).and_then(Value::as_str);
        found.map(str::to_owned)
    };
    let content_hash =
        text("contentHash").and_then(|hash| serde_json::from_value::<ContentHash>(json!(hash)).ok());
    let uri = text("uri").unwrap_or_default();
    let urn = text("urn").unwrap_or_else(|| format!("urn:ecoops:audit:{id}"));
    Ok(AuditEntry {
        timestamp: body.timestamp.0.to_string(),
        trace_id: body.trace_id,
        run: String::new(),
        actor: super::given(body.actor.id).unwrap_or_else(|| ask.caller.id.clone()),
        action: app.kernel.redact(&body.action),
        resource: app.kernel.redact(&resource),
        result: body.result,
        policy,
        content_hash,
        urn,
        uri,
        signer: String::new(),
        asked: None,
        details: details.as_object().cloned(),
    })
}

/// Takes out what is null or empty.
fn bare(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.values_mut().for_each(bare);
        fields.retain(|_, field| !field.is_null() && field.as_object().is_none_or(|o| !o.is_empty()));
    }
}

async fn write(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let entry = entry_of(&app, &ask, ask.json()?)?;
    let size = entry::encode(&entry).map_or(usize::MAX, |bytes| bytes.len());
    if size > LARGEST {
        return Err(Fault::new(Code::PayloadTooLarge, format!("the entry has more than {LARGEST} bytes")));
    }
    let id = entry.details.as_ref().and_then(|d| d.get("id")).cloned();
    if let Some(mark) = ask.again.filter(|again| again.unsure).map(|again| again.mark) {
        let same = move |entry: &AuditEntry| request(entry) == Some(mark.as_str());
        let found = app.kernel.audit.ask(move |audit| newest(audit, same)).await?.map_err(fault)?;
        if let Some((appended, entry)) = found {
            let id = entry.details.as_ref().and_then(|d| d.get("id")).cloned();
            return Ok(written(id, &appended));
        }
    }
    let appended = app.kernel.recording.ask(vec![entry]).await?.map_err(fault)?;
    let appended = appended.first().ok_or_else(|| Fault::new(Code::Internal, "nothing was appended"))?;
    Ok(written(id, appended))
}

fn written(id: Option<Value>, appended: &Appended) -> Answer {
    Answer::with(201, json!({ "id": id, "logIndex": appended.index, "logSize": appended.size }))
}

/// The request that an entry was written for.
pub fn request(entry: &AuditEntry) -> Option<&str> {
    entry.details.as_ref()?.get("request")?.as_str()
}

/// What the query parameters ask for.
fn filter(ask: &Ask) -> Result<AuditFilter, Fault> {
    let time = |name: &str| ask.parsed::<Timestamp>(name, "a time such as 2026-01-31T12:00:00Z");
    let text = |name: &str| match ask.text(name)? {
        Some(text) if text.chars().count() > 512 => {
            Err(Fault::bad(format!("`{name}` has more than 512 characters")))
        }
        text => Ok(text.map(str::to_owned)),
    };
    let result = match text("result")?.as_deref() {
        None => None,
        Some("success") => Some(AuditResult::Success),
        Some("failure") => Some(AuditResult::Failure),
        Some("denied") => Some(AuditResult::Denied),
        Some(_) => return Err(Fault::bad("`result` is success, failure or denied")),
    };
    // A trace may be asked for in either writing.
    let mut writings: Vec<String> = text("traceId")?.into_iter().collect();
    writings.extend(writings.first().and_then(|text| trace(text).ok()));
    writings.dedup();
    Ok(AuditFilter {
        since: time("startTime")?,
        until: time("endTime")?,
        actor: text("actorId")?,
        action: text("action")?,
        resource: text("resourceId")?,
        result,
        trace: writings,
        kind: text("resourceKind")?,
        tag: text("complianceTag")?,
    })
}

/// The newest first.
async fn query(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let filter = filter(&ask)?;
    let page = ask.number("page", 1, 1..=1_000_000)?;
    let size = ask.number("pageSize", 50, 1..=1000)?;
    let part = Page { skip: (page - 1) * size, most: size as usize, count: true };
    let asked = app.kernel.audit.ask_within(DEADLINE, move |audit| audit.find(&filter, part)).await?;
    let found = asked.map_err(fault)?;
    let entries: Vec<Value> = found.entries.iter().map(|(index, entry)| shown(*index, entry)).collect();
    let pages = Pages { page, size, total: found.total.unwrap_or_default() };
    Ok(Answer::ok(json!({ "entries": entries, "pagination": pages.json() })).pages(pages))
}

/// An entry of the log as the kernel writes one. What it does not have is left out.
pub fn shown(index: u64, entry: &AuditEntry) -> Value {
    let details = entry.details.clone().unwrap_or_default();
    let of = |name: &str| details.get(name).cloned().unwrap_or_else(|| json!({}));
    let (mut actor, mut resource) = (of("actor"), of("resource"));
    actor["id"] = json!(entry.actor);
    resource["id"] = json!(entry.resource);
    if details.is_empty() {
        actor["type"] = json!("user");
        resource["kind"] = json!("path");
    }
    let decision = details.get("policyDecision").cloned().or_else(|| {
        let stamp = entry.policy.as_ref()?;
        Some(json!({
            "verdict": stamp.decision, "policyId": "remediation", "policyVersion": stamp.version,
            "reason": stamp.reason, "complianceTags": [], "evaluatedAt": entry.timestamp,
        }))
    });
    let metadata = details.get("metadata").cloned().unwrap_or_else(
        || json!({ "run": entry.run, "contentHash": entry.content_hash, "urn": entry.urn, "uri": entry.uri }),
    );
    let mut shown = json!({
        "id": details.get("id").cloned().unwrap_or_else(|| json!(id_of(index, entry))),
        "timestamp": entry.timestamp, "traceId": entry.trace_id, "actor": actor, "resource": resource,
        "action": entry.action, "result": entry.result, "policyDecision": decision,
        "complianceTags": details.get("complianceTags").cloned().unwrap_or_else(|| json!([])),
        "metadata": metadata, "logIndex": index, "signer": entry.signer,
    });
    bare(&mut shown);
    shown
}

/// A UUID that is the same whenever the entry is shown (RFC 9562, section 5.8).
fn id_of(index: u64, entry: &AuditEntry) -> String {
    let hash = ContentHash::of(format!("{index}:{}:{}", entry.urn, entry.timestamp).as_bytes());
    let hex = hash.hex().get(..32).and_then(|hex| u128::from_str_radix(hex, 16).ok()).unwrap_or_default();
    uuid::Builder::from_custom_bytes(hex.to_be_bytes()).into_uuid().to_string()
}
