//! The repository: what is in it, what changed, an isolated copy to try things in, and the atomic
//! replacement of files.

use crate::domain::{ContentHash, RepoPath, RunId, WriteSet};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What of the repository is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum View {
    /// The files on disk: tracked, and untracked ones that are not ignored.
    #[default]
    WorkingTree,
    /// The files of a commit, read from the object database; the only view of a bare repository.
    Commit(String),
    /// What is staged, read from the index.
    Index,
}

#[derive(Debug, Clone, Default)]
pub struct Selection {
    pub view: View,
    /// Files or folders; empty means everything.
    pub paths: Vec<RepoPath>,
    /// Only files that differ from the merge base with this reference.
    pub from_ref: Option<String>,
    /// Descend into submodules (default no).
    pub submodules: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub path: RepoPath,
    pub size: u64,
    pub tracked: bool,
}

/// A file that is not examined, and why, in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    pub path: String,
    pub why: String,
}

#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Sorted by path.
    pub entries: Vec<Entry>,
    pub skipped: Vec<Skipped>,
}

#[derive(Debug, Clone)]
pub struct About {
    /// Hash of the canonical location; names the repository in the journal.
    pub repository: String,
    pub location: PathBuf,
    pub bare: bool,
    /// Full id of HEAD's commit; `None` when unborn or when it is no git repository.
    pub head: Option<String>,
    pub branch: Option<String>,
    /// False for a plain folder: it can be scanned, and fixed only with an undo of ours.
    pub git: bool,
}

/// A file as it was read.
#[derive(Debug, Clone)]
pub struct File {
    pub bytes: Vec<u8>,
    pub mode: u32,
}

/// An independent copy of the working tree in a folder of its own, with a git repository that
/// borrows the original's objects and writes only its own. Nothing of it is registered in the original.
pub trait Isolated: Send {
    fn folder(&self) -> &Path;
    /// # Errors
    /// [`WorkspaceError`] when the copy cannot be written.
    fn write(&self, path: &RepoPath, bytes: &[u8]) -> Result<(), WorkspaceError>;
    /// Folders of the original that the copy only links to (installed dependencies) and the object
    /// database that it borrows: a sandbox must let them be read, and never be written.
    fn borrowed(&self) -> &[PathBuf] {
        &[]
    }
    /// Removes the copy; dropping does so too, and a kill leaves it for [`Workspace::sweep`].
    fn remove(self: Box<Self>);
}

/// What a restore could not do: files that are neither their old nor their new self, left as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    pub restored: Vec<RepoPath>,
    pub conflicts: Vec<RepoPath>,
}

/// Which side of a write set the files are to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

/// A commit to be made of a change set's own hunks.
#[derive(Debug, Clone)]
pub struct CommitRequest {
    pub message: String,
    /// Make and switch to this branch first.
    pub branch: Option<String>,
    /// RFC 3339, UTC.
    pub timestamp: String,
}

/// Gives a content by its hash (the store's blobs).
pub type Contents<'a> = &'a dyn Fn(&ContentHash) -> Result<Vec<u8>, WorkspaceError>;
/// Keeps a content under its hash.
pub type Keep<'a> = &'a dyn Fn(&[u8]) -> Result<ContentHash, WorkspaceError>;

pub trait Workspace: Send + Sync {
    fn about(&self) -> &About;

    /// # Errors
    /// [`WorkspaceError`] when the repository cannot be read.
    fn list(&self, selection: &Selection) -> Result<Listing, WorkspaceError>;

    /// # Errors
    /// [`WorkspaceError::TooLarge`] above `limit` bytes; symlinks are never followed.
    fn read(&self, view: &View, path: &RepoPath, limit: u64) -> Result<File, WorkspaceError>;

    /// Lines (from 1, end exclusive) that each file has and the merge base with `reference` has not.
    ///
    /// # Errors
    /// [`WorkspaceError`] when the reference is unknown.
    fn changed_lines(
        &self,
        view: &View,
        reference: &str,
    ) -> Result<BTreeMap<RepoPath, Vec<Range<u32>>>, WorkspaceError>;

    /// # Errors
    /// [`WorkspaceError`] when the copy cannot be made; then nothing of it is left.
    fn isolate(&self, run: &RunId) -> Result<Box<dyn Isolated>, WorkspaceError>;

    /// Works out the whole effect of replacing `files` (path, hash before, new bytes) without doing
    /// it: temporaries' names, modes, and with `commit` the new commit and index. Contents go to `keep`.
    ///
    /// # Errors
    /// [`WorkspaceError::Moved`] when a file no longer has its hash, [`WorkspaceError::Entangled`]
    /// when a commit would need lines of the user's uncommitted work.
    fn prepare(
        &self,
        run: &RunId,
        files: &[(RepoPath, ContentHash, Vec<u8>)],
        commit: Option<&CommitRequest>,
        keep: Keep<'_>,
    ) -> Result<WriteSet, WorkspaceError>;

    /// Brings every file, the index and the reference of the set to one side: each by a temporary
    /// file, fsync and rename; idempotent. Going back, a file that is on neither side is left and reported.
    /// `step` is called before each single act (making a temporary, a lock, a rename), for fault
    /// injection and progress.
    ///
    /// # Errors
    /// [`WorkspaceError`] when a file could not be replaced (the caller then restores the other side):
    /// [`WorkspaceError::Moved`] going forward when a file is on neither side; [`WorkspaceError::Git`],
    /// before anything is touched, when the branch or the index has moved on since.
    fn settle(
        &self,
        set: &WriteSet,
        side: Side,
        contents: Contents<'_>,
        step: &dyn Fn(&str),
    ) -> Result<Restored, WorkspaceError>;

    /// Removes what killed runs left: temporaries of `set`, isolated worktrees of `run`.
    ///
    /// # Errors
    /// [`WorkspaceError`] when something could not be removed.
    fn sweep(&self, run: &RunId, set: &WriteSet) -> Result<(), WorkspaceError>;
}

#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    #[error("{0} is not a folder that can be examined: {1}")]
    NotARepository(PathBuf, String),
    #[error("`{0}` names no commit here")]
    UnknownReference(String),
    #[error("{path}: {why}")]
    File { path: String, why: String },
    #[error("{path} has {size} bytes; the limit is {limit}")]
    TooLarge { path: RepoPath, size: u64, limit: u64 },
    #[error("{0} changed while ecoops was working; nothing was written")]
    Moved(RepoPath),
    #[error("the fix for {0} touches lines that are not committed, so it cannot be committed without them")]
    Entangled(RepoPath),
    #[error("git: {0}")]
    Git(String),
    #[error("{0}")]
    Storage(String),
}
