//! What a run is asked, and what it asks back.

use crate::domain::{FixReport, Remediation, Verdict};
use serde::{Deserialize, Serialize};

/// How far a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// Works out the change and asks the policy; runs nothing, writes nothing.
    Diff,
    /// And validates it in an isolated copy.
    Validated,
    /// And lands it.
    #[default]
    Landed,
}

/// What `fix` is asked. Kept in the journal, so that `resume` can ask it again.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Request {
    /// What the user calls the problem: narrows and orders what is fixed.
    pub problem: Option<String>,
    pub unsafe_fixes: bool,
    pub until: Until,
    /// Make a commit of exactly the fix's hunks.
    pub commit: bool,
    /// Make and switch to this branch first.
    pub branch: Option<String>,
    /// `standard` or `enterprise`.
    pub compliance_mode: String,
    /// Run the project's own checks.
    pub validate: bool,
    /// What of the repository is looked at, in words, for the record.
    pub scope: String,
}

/// The effect that is to be approved.
#[derive(Debug)]
pub struct Proposal<'a> {
    pub remediations: &'a [Remediation],
    pub patch: &'a str,
    pub verdict: &'a Verdict,
    /// Of every path with its content before and after; what is approved is this and nothing else.
    pub hash: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// A person has seen it and said yes.
    Yes,
    /// It was approved beforehand, unseen (`--yes`).
    Standing,
    No,
    /// There is nobody to ask.
    Nobody,
}

/// What the run tells while it works: one more step, in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    pub what: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Nothing is left to fix in what was asked.
    Clean,
    /// Something is left.
    Remaining,
    NothingToExamine,
    /// The policy denied all that could have been fixed.
    PolicyDenied,
    /// Nothing could be landed, because validation failed.
    ValidationFailed,
    ApprovalRequired,
    Inconclusive,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub ending: Ending,
    pub report: FixReport,
}
