//! What was observed, cited so that anyone can look again.

use super::{ContentHash, Location};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EvidenceKind {
    /// A place in the code.
    Code,
    /// Something remembered: an earlier fix, a runbook.
    Memory,
    /// The outcome of a check.
    Check,
}

/// One observation. `id` is unique within its run: `e1`, `e2`, …
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub id: String,
    pub kind: EvidenceKind,
    /// The place, when it is one in the code.
    pub location: Option<Location>,
    /// What was seen, shortened for reading.
    pub excerpt: String,
    /// Of the whole file or document that it was seen in.
    pub content: ContentHash,
}
