//! The pipeline's six events, with the kernel's names and fields.

use super::{ActorKind, DomainEvent, Party, Priority, Severity, Subject, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The `source` of every event.
pub const EVENT_SOURCE: &str = "ai-code-editor-workflow-pipeline";

/// An event's type and its payload; it serialises to `event_type` and `data`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event_type", content = "data")]
pub enum EventData {
    #[serde(rename = "remediation.started")]
    Started { problem_id: String, target_path: String, actor: String },
    #[serde(rename = "remediation.analyzed")]
    Analyzed { root_causes: Vec<String>, severity: Severity },
    #[serde(rename = "remediation.fixed")]
    Fixed { commit_sha: String, patch_diff: String },
    #[serde(rename = "remediation.validated")]
    Validated { success_rate: f64, layers: Verdict },
    #[serde(rename = "remediation.rollback")]
    Rollback { reason: String, layers: Verdict },
    #[serde(rename = "remediation.completed")]
    Completed { trace_id: String, compliance_tags: Vec<String> },
}

/// The envelope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemediationEvent {
    #[serde(flatten)]
    pub data: EventData,
    pub source: String,
    /// ISO 8601, UTC.
    pub timestamp: String,
    /// UUID v1.
    pub trace_id: String,
}

/// What the events of a run are about, in the kernel's envelope: the run itself, named by its trace.
const RESOURCE: &str = "remediation";

impl RemediationEvent {
    /// What its place among others is kept by: events of one key are delivered in the order in which they
    /// were published. It is the trace, which every event of a problem's run carries.
    pub fn ordering_key(&self) -> &str {
        &self.trace_id
    }

    /// Its type, such as `remediation.started`.
    pub fn kind(&self) -> &'static str {
        match &self.data {
            EventData::Started { .. } => "remediation.started",
            EventData::Analyzed { .. } => "remediation.analyzed",
            EventData::Fixed { .. } => "remediation.fixed",
            EventData::Validated { .. } => "remediation.validated",
            EventData::Rollback { .. } => "remediation.rollback",
            EventData::Completed { .. } => "remediation.completed",
        }
    }

    /// In the kernel's envelope. `id` is a UUID; the resource is the run, so that all events of one run
    /// have the same.
    pub fn to_domain(&self, id: String, idempotency_key: &str) -> DomainEvent {
        let data = match serde_json::to_value(&self.data) {
            Ok(Value::Object(mut fields)) => fields.remove("data"),
            _ => None,
        };
        let by = match &self.data {
            EventData::Started { actor, .. } if !actor.is_empty() => {
                Party { id: actor.clone(), kind: ActorKind::User }
            }
            _ => Party { id: self.source.clone(), kind: ActorKind::Service },
        };
        DomainEvent {
            id,
            kind: self.kind().to_owned(),
            source: self.source.clone(),
            time: self.timestamp.clone(),
            subject: None,
            trace_id: self.trace_id.clone(),
            actor: by,
            resource: Subject { kind: RESOURCE.to_owned(), id: self.trace_id.clone(), namespace: None },
            policy_decision: None,
            idempotency_key: idempotency_key.to_owned(),
            priority: Priority::Normal,
            data: match data {
                Some(Value::Object(data)) => data,
                _ => Map::new(),
            },
        }
    }

    /// The event in that envelope; `None` when it is none of the pipeline's six.
    pub fn from_domain(event: &DomainEvent) -> Option<Self> {
        let tagged = serde_json::json!({ "event_type": event.kind, "data": event.data });
        Some(Self {
            data: serde_json::from_value(tagged).ok()?,
            source: event.source.clone(),
            timestamp: event.time.clone(),
            trace_id: event.trace_id.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_survives_the_kernels_envelope() {
        for data in [
            EventData::Started { problem_id: "p".into(), target_path: "ü\u{0}".into(), actor: "ana".into() },
            EventData::Analyzed { root_causes: vec!["a".into()], severity: Severity::High },
            EventData::Fixed { commit_sha: String::new(), patch_diff: "-a\n+b".into() },
            EventData::Completed { trace_id: "t".into(), compliance_tags: vec![] },
        ] {
            let event = RemediationEvent {
                data,
                source: EVENT_SOURCE.into(),
                timestamp: "2026-01-02T03:04:05Z".into(),
                trace_id: "5b2c7f30-0a53-11f1-8d4e-0242ac120002".into(),
            };
            let wrapped = event.to_domain("i".into(), "k");
            assert!(wrapped.kind.starts_with("remediation."));
            assert_eq!(
                (wrapped.idempotency_key.as_str(), wrapped.resource.id.as_str()),
                ("k", &*event.trace_id)
            );
            assert_eq!(RemediationEvent::from_domain(&wrapped), Some(event));
            let foreign = DomainEvent { kind: "platform-01.healing.completed".into(), ..wrapped };
            assert_eq!(RemediationEvent::from_domain(&foreign), None);
        }
    }
}
