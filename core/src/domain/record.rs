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
    /// Who signed the log that this stands in: `self` when the actor holds the key.
    pub signer: String,
}
