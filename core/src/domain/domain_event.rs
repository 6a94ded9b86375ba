//! The kernel's event envelope, as its AsyncAPI document has it, with the id and time that a bus gives.

use super::ActorKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: ActorKind,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    pub kind: String,
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    Critical,
    High,
    #[default]
    Normal,
    Low,
}

/// One event of a named stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DomainEvent {
    /// A UUID that the first bus gave it.
    pub id: String,
    /// For instance `platform-01.healing.completed`.
    #[serde(rename = "type")]
    pub kind: String,
    pub source: String,
    /// RFC 3339, UTC.
    pub time: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// A UUID.
    pub trace_id: String,
    pub actor: Party,
    pub resource: Subject,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_decision: Option<Map<String, Value>>,
    pub idempotency_key: String,
    #[serde(default)]
    pub priority: Priority,
    pub data: Map<String, Value>,
}
