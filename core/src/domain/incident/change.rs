//! What people did to the system: one record is one rollout.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    Deploy,
    Flag,
    Config,
    Infra,
}

/// One line of `changes.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeRecord {
    pub id: String,
    /// Unix seconds.
    pub time: f64,
    pub kind: ChangeKind,
    pub service: String,
    pub from: Option<String>,
    pub to: Option<String>,
    /// The instances replaced so far: those that run what is new.
    pub instances: Vec<String>,
    pub author: Option<String>,
    /// A commit, tag or ticket.
    pub reference: Option<String>,
}
