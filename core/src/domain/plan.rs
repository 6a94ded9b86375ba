//! A change as it was put before whoever approves it, and what they said.
//!
//! A plan never changes: what would be done to other files, or to the same files once they moved, is another plan with
//! another digest, and an approval is of one digest.

use super::{ContentHash, RepoPath, RunId, Tier, Verdict};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlanStatus {
    /// Nobody has said anything.
    Proposed,
    Approved,
    Rejected,
    /// It was approved, and done.
    Executed,
}

impl PlanStatus {
    pub const ALL: [Self; 4] = [Self::Proposed, Self::Approved, Self::Rejected, Self::Executed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Executed => "executed",
        }
    }
}

/// One part of what would be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanStep {
    pub path: RepoPath,
    pub rule: String,
    pub title: String,
    pub tier: Tier,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// A ULID.
    pub id: String,
    /// The run that made it.
    pub run: RunId,
    /// Where, for people.
    pub repository: String,
    pub summary: String,
    /// What the checks in an isolated copy said.
    pub preflight: Verdict,
    pub steps: Vec<PlanStep>,
    /// The change as text, without secrets.
    pub patch: String,
    /// How it is taken back, once done.
    pub rollback: String,
    /// Of every path with its content before and after.
    pub digest: ContentHash,
    pub proposed_by: String,
    /// RFC 3339, UTC.
    pub created_at: String,
    pub status: PlanStatus,
}

/// What somebody said of a plan. What was said stays said; the last word counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanApproval {
    pub plan: String,
    pub approver: String,
    /// True: approved; false: rejected.
    pub approved: bool,
    pub notes: String,
    /// Of the plan that they looked at.
    pub digest: ContentHash,
    /// RFC 3339, UTC.
    pub created_at: String,
}
