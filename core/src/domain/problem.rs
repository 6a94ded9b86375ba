//! What is wrong, in whatever form it came.

use super::{Finding, RepoPath, Severity};
use serde::{Deserialize, Serialize};

/// A problem's id: a ULID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProblemId(pub String);

/// Where it came from. Later kinds (a failing test, drift, a pull request) join here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    Finding,
    /// Something is wrong in a running system; its target path is the service to blame.
    Incident,
}

/// One problem: findings of one rule in one file, to be understood and fixed together, or an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    pub id: ProblemId,
    pub kind: ProblemKind,
    pub title: String,
    pub severity: Severity,
    pub target_path: RepoPath,
    pub findings: Vec<Finding>,
}
