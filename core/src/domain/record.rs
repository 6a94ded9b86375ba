//! What the audit log keeps of one action.

use super::ContentHash;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditResult {
    Success,
    Failure,
    Denied,
}

/// Which policy decided what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyStamp {
    pub version: String,
    /// `allow`, `deny` or `warn`.
    pub decision: String,
    pub reason: String,
}

/// One entry. Its serialised form (JSON, keys sorted, no white space) is the log's leaf data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// RFC 3339, UTC.
    pub timestamp: String,
    /// UUID v1 of the run.
    pub trace_id: String,
    pub run: String,
    pub actor: String,
    /// `understand`, …, `audit`, or a command such as `undo`.
    pub action: String,
    pub resource: String,
    pub result: AuditResult,
    pub policy: Option<PolicyStamp>,
    /// Of what the action produced: a diff, a plan, a verdict.
    pub content_hash: Option<ContentHash>,
    /// Governance stamp: `urn:ecoops:<kind>:<id>`.
    pub urn: String,
    /// Governance stamp: where the thing is, as a URI.
    pub uri: String,
    /// Who signed the log that this stands in: `self` when the actor holds the key, `agent` when
    /// another process does.
    pub signer: String,
    /// Who asked the signer for this entry, when the two are not the same process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// What an entry of another program says besides: its id, the kind of its actor and resource,
    /// compliance tags, its own metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<serde_json::Map<String, serde_json::Value>>,
}

/// The signature of whoever asked, over the entry as it was asked for: without this field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The verified id of the actor.
    pub by: String,
    /// Base64.
    pub signature: String,
}
