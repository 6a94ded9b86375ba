//! The pipeline's six events, with the kernel's names and fields.

use super::{Severity, Verdict};
use serde::{Deserialize, Serialize};

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
}
