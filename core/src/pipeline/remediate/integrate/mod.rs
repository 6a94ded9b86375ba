//! Integrate: puts a granted change set into an isolated copy, and works out what landing it in the
//! user's tree would do.
//!
//! Takes [`Granted`] change sets only; never touches the user's tree itself (the journal lands it).

use crate::domain::{ChangeSet, ContentHash, RepoPath, RunId, WriteSet};
use crate::pipeline::gate::Granted;
use crate::ports::workspace::{CommitRequest, Isolated, Keep, Workspace, WorkspaceError};

/// Writes the set's files into the isolated copy.
///
/// # Errors
/// [`WorkspaceError`] when one cannot be written; the copy is then of no use.
pub fn write(copy: &dyn Isolated, granted: &Granted<ChangeSet>) -> Result<(), WorkspaceError> {
    granted.get().files.iter().try_for_each(|file| copy.write(&file.path, &file.content))
}

/// The whole effect of landing the set, without doing it.
///
/// # Errors
/// [`WorkspaceError::Moved`] when a file changed since it was read, [`WorkspaceError::Entangled`] when
/// it cannot be committed without the user's own uncommitted lines.
pub fn prepare(
    workspace: &dyn Workspace,
    run: &RunId,
    granted: &Granted<ChangeSet>,
    commit: Option<&CommitRequest>,
    keep: Keep<'_>,
) -> Result<WriteSet, WorkspaceError> {
    let files: Vec<(RepoPath, ContentHash, Vec<u8>)> =
        granted.get().files.iter().map(|f| (f.path.clone(), f.before.clone(), f.content.clone())).collect();
    workspace.prepare(run, &files, commit, keep)
}
