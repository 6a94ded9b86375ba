//! Working out the whole effect of a change before anything is done, and refusing what could not be
//! carried out or taken back exactly.

use super::beneath::{file_failed, open_in};
use super::commit::{self, Fixed};
use super::git::GitWorkspace;
use ecoops_core::domain::{ContentHash, RepoPath, RunId, Write, WriteSet};
use ecoops_core::ports::workspace::{CommitRequest, Keep, WorkspaceError};
use rustix::fs::{Access, AtFlags, IFlags};
use std::collections::HashSet;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

pub(super) fn prepare(
    ws: &GitWorkspace,
    run: &RunId,
    files: &[(RepoPath, ContentHash, Vec<u8>)],
    commit: Option<&CommitRequest>,
    keep: Keep<'_>,
) -> Result<WriteSet, WorkspaceError> {
    if run.0.is_empty() || run.0.len() > 64 || !run.0.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    {
        return Err(WorkspaceError::Storage(format!("`{}` is no id of a run", run.0)));
    }
    let mut seen = HashSet::new();
    let mut set = WriteSet::default();
    let mut fixed = Vec::with_capacity(files.len());
    for (number, (path, expected, after)) in files.iter().enumerate() {
        if !seen.insert(path) {
            return Err(refused(path, "it is to be replaced twice"));
        }
        let (before, mode) = examine(ws, path, expected)?;
        set.writes.push(Write {
            path: path.clone(),
            before: keep(&before)?,
            after: keep(after)?,
            mode,
            temporary: format!(".ecoops-{}-{number}.tmp", run.0),
        });
        fixed.push(Fixed { path, before, after });
    }
    if let Some(request) = commit {
        commit::plan(ws, &fixed, request, keep, &mut set)?;
    }
    Ok(set)
}

fn refused(path: &RepoPath, why: &str) -> WorkspaceError {
    WorkspaceError::File { path: path.as_str().into(), why: why.into() }
}

/// The file's bytes and permission bits, once it is clear that it can be replaced.
fn examine(
    ws: &GitWorkspace,
    path: &RepoPath,
    expected: &ContentHash,
) -> Result<(Vec<u8>, u32), WorkspaceError> {
    let failed = file_failed(path);
    let (folder, name) = ws.tree()?.parent(path.as_str()).map_err(&failed)?;
    let mut file = open_in(&folder, name).map_err(&failed)?;
    let about = file.metadata().map_err(&failed)?;
    if !about.is_file() {
        return Err(refused(path, "it is not a regular file"));
    }
    if about.nlink() > 1 {
        return Err(refused(path, "it has several names (hard links); replacing it would tear them apart"));
    }
    if about.mode() & 0o222 == 0 {
        return Err(refused(path, "it is read-only; chmod u+w it first"));
    }
    let user = rustix::process::geteuid();
    if about.uid() != user.as_raw() && !user.is_root() {
        return Err(refused(path, "it belongs to another user, and replacing it would change that"));
    }
    let parent = rustix::fs::fstat(&folder).map_err(|e| failed(e.into()))?;
    let may = rustix::fs::accessat(&folder, ".", Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS);
    if parent.st_mode & 0o222 == 0 || may.is_err() {
        return Err(refused(path, "its folder is read-only"));
    }
    if is_immutable(&file) || is_immutable(&folder) {
        return Err(refused(path, "it or its folder is immutable or append-only (lsattr shows it)"));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(&failed)?;
    if ContentHash::of(&bytes) != *expected {
        return Err(WorkspaceError::Moved(path.clone()));
    }
    Ok((bytes, about.mode() & 0o7777))
}

fn is_immutable(file: impl AsFd) -> bool {
    // Not every file system has such flags.
    rustix::fs::ioctl_getflags(file).is_ok_and(|flags| flags.intersects(IFlags::IMMUTABLE | IFlags::APPEND))
}
