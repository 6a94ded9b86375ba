//! One run of the pipeline, as its journal keeps it.

use super::{ContentHash, PolicyStamp, RepoPath, Tier, Verdict};
use serde::{Deserialize, Serialize};

/// A run's id: a ULID, so that runs sort by their start.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunId(pub String);

/// How far a run has come. Each is written durably before what follows it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Looking and thinking; nothing of the user's is touched.
    Started,
    /// An isolated worktree exists and is being changed or checked.
    Validating,
    /// The files of the write set are being replaced, one by one, each atomically.
    Applying,
    /// All are replaced; the record is not yet written. [`Run::unrecorded`] says what goes into it.
    Applied,
    /// Done and recorded.
    Completed,
    /// The write set is being taken back, or that is not yet recorded.
    Undoing,
    /// Taken back byte for byte.
    Undone,
    /// Stopped before anything of the user's was touched, or restored since. `Run::note` says why.
    Failed,
    /// Killed or interrupted; what it had begun to apply was taken back. It can be resumed.
    Interrupted,
}

/// One file's replacement. Both contents are kept by hash in the store until the run is forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    pub path: RepoPath,
    pub before: ContentHash,
    pub after: ContentHash,
    /// Unix permission bits of the file, kept as they were.
    pub mode: u32,
    /// The temporary file in the same folder; named before it is made, so that it can be removed.
    pub temporary: String,
}

/// What is replaced as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteSet {
    pub writes: Vec<Write>,
    /// With `--commit` or `--branch`: the reference, its old and its new commit. The old one of a
    /// reference that is made is all zeros.
    pub reference: Option<(String, String, String)>,
    /// With `--commit`: the index file before and after.
    pub index: Option<(ContentHash, ContentHash)>,
    /// With `--branch`: what the file HEAD says before and after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<(String, String)>,
}

/// A fix that has landed, as memory keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Landed {
    pub rule: String,
    pub title: String,
    pub tier: Tier,
    pub path: RepoPath,
    /// Why it was a problem.
    pub cause: String,
    /// The text of the finding's place before and after, when the whole fix lies within it; only such
    /// a fix can be carried over to another place.
    pub place: Option<(String, String)>,
    pub patch: String,
}

/// What is written about a run after it has landed. It is in the journal before the first file is replaced,
/// so that a run killed in between is recorded as if it had not been.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Unrecorded {
    /// What was examined, as the audit log names it.
    pub resource: String,
    pub policy: Option<PolicyStamp>,
    pub compliance_tags: Vec<String>,
    pub landed: Vec<Landed>,
    /// The plan that was approved; `None` when none was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
}

/// The journal's row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub id: RunId,
    /// Names the repository: hash of its canonical location.
    pub repository: String,
    /// The canonical location, for people.
    pub location: String,
    pub state: RunState,
    /// RFC 3339, UTC.
    pub started: String,
    pub updated: String,
    pub actor: String,
    /// UUID v1.
    pub trace_id: String,
    /// What was asked, as JSON, so that `resume` can ask again.
    pub request: serde_json::Value,
    pub write_set: WriteSet,
    /// What is still to be recorded of what landed; `None` once it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrecorded: Option<Unrecorded>,
    pub verdict: Option<Verdict>,
    /// One line for people: what was fixed, or why it failed.
    pub note: String,
    pub patch: String,
}
