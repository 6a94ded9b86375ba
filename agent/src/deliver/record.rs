//! What of deliveries stands in the audit log: one entry for all that a round told, one for each round's
//! dead letters, one when an outage begins and one when it ends.
//!
//! An entry names the first and the last offset, their number, and the hash of the lines
//! `<offset> <idempotency key>`, so that it stands for each single event. A failed attempt that is made
//! again is in the daemon's log alone.

use crate::component::{Desk, Unavailable};
use crate::kernel::Clock;
use ecoops_core::domain::{AuditEntry, AuditResult, ContentHash, Identifiers};
use ecoops_core::ports::audit_log::AuditLog;
use ecoops_core::ports::events::{Offset, Stored};
use serde_json::{Value, json};
use std::sync::Arc;

pub struct Recorder {
    pub audit: Arc<Desk<dyn AuditLog>>,
    pub identifiers: Arc<Identifiers>,
    pub host: Clock,
}

/// What is recorded of several events at once.
struct Entry<'a> {
    group: &'a str,
    action: &'a str,
    uri: &'a str,
    result: AuditResult,
    content: Option<ContentHash>,
    trace: Option<&'a str>,
    details: Value,
}

impl Recorder {
    pub fn delivered(&self, group: &str, place: &str, told: &[Stored]) -> Result<(), String> {
        let (Some(first), Some(last)) = (told.first(), told.last()) else { return Ok(()) };
        let details = json!({ "metadata": {
            "events": told.len(), "first": first.offset, "last": last.offset, "place": place,
        } });
        self.append(Entry {
            group,
            action: "deliver",
            uri: place,
            result: AuditResult::Success,
            content: Some(hash(told.iter())),
            trace: same_trace(told),
            details,
        })
    }

    pub fn dead(&self, group: &str, place: &str, dead: &[(Stored, String)]) -> Result<(), String> {
        let Some((first, _)) = dead.first() else { return Ok(()) };
        let letters: Vec<Value> = dead
            .iter()
            .take(100)
            .map(|(s, why)| json!({ "offset": s.offset, "attempt": s.attempt, "reason": why }))
            .collect();
        self.append(Entry {
            group,
            action: "deliver",
            uri: place,
            result: AuditResult::Failure,
            content: Some(hash(dead.iter().map(|(stored, _)| stored))),
            trace: (dead.len() == 1).then_some(first.event.trace_id.as_str()),
            details: json!({ "metadata": { "deadLetters": dead.len(), "letters": letters, "place": place } }),
        })
    }

    pub fn damaged(&self, group: &str, offset: Offset, why: &str) -> Result<(), String> {
        let details = json!({ "metadata": { "damaged": offset, "reason": why } });
        self.outage(group, "deliver", AuditResult::Failure, details)
    }

    pub fn down(&self, group: &str, why: &str) -> Result<(), String> {
        self.outage(group, "deliver.outage", AuditResult::Failure, json!({ "metadata": { "reason": why } }))
    }

    pub fn up(&self, group: &str, seconds: u64) -> Result<(), String> {
        let details = json!({ "metadata": { "seconds": seconds } });
        self.outage(group, "deliver.outage", AuditResult::Success, details)
    }

    fn outage(&self, group: &str, action: &str, result: AuditResult, details: Value) -> Result<(), String> {
        let uri = "local:events";
        self.append(Entry { group, action, uri, result, content: None, trace: None, details })
    }

    fn append(&self, entry: Entry<'_>) -> Result<(), String> {
        let now = self.host.0.now();
        let trace = entry.trace.map_or_else(|| self.identifiers.trace_id(now), str::to_owned);
        let entry = AuditEntry {
            timestamp: now.to_string(),
            urn: format!("urn:ecoops:events:{}", entry.group),
            trace_id: trace,
            run: String::new(),
            actor: crate::SERVICE.to_owned(),
            action: entry.action.to_owned(),
            resource: entry.group.to_owned(),
            result: entry.result,
            policy: None,
            content_hash: entry.content,
            uri: entry.uri.to_owned(),
            signer: String::new(),
            asked: None,
            details: entry.details.as_object().cloned(),
        };
        let audit = self.audit.direct().map_err(|e: Unavailable| e.to_string())?;
        audit.append(&[entry]).map(drop).map_err(|e| e.to_string())
    }
}

/// The trace of all, if they share one.
fn same_trace(told: &[Stored]) -> Option<&str> {
    let first = told.first()?.event.trace_id.as_str();
    told.iter().all(|stored| stored.event.trace_id == first).then_some(first)
}

fn hash<'a>(events: impl Iterator<Item = &'a Stored>) -> ContentHash {
    let lines: String = events.map(|s| format!("{} {}\n", s.offset, s.idempotency_key)).collect();
    ContentHash::of(lines.as_bytes())
}
