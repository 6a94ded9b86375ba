//! Reading one file: from disk, a commit or the index.

use super::beneath::{failed, file_failed};
use super::git::{GitWorkspace, git};
use super::objects;
use ecoops_core::domain::RepoPath;
use ecoops_core::ports::workspace::{File, View, WorkspaceError};
use git2::{Oid, Repository};
use std::io::Read;
use std::os::unix::fs::MetadataExt;

pub(super) fn read(
    ws: &GitWorkspace,
    view: &View,
    path: &RepoPath,
    limit: u64,
) -> Result<File, WorkspaceError> {
    match view {
        View::WorkingTree => from_disk(ws, path, limit),
        View::Commit(revision) => ws.with_repository(|repository| {
            let tree = objects::tree_of(repository, revision)?;
            let entry = tree
                .get_path(path.as_str().as_ref())
                .map_err(|_| other(path, format!("it is not in {revision}")))?;
            from_objects(repository, path, entry.id(), entry.filemode().cast_unsigned(), limit)
        }),
        View::Index => ws.with_repository(|repository| {
            let mut index = repository.index().map_err(git)?;
            index.read(false).map_err(git)?;
            let entry = index
                .get_path(path.as_str().as_ref(), 0)
                .ok_or_else(|| other(path, "it is not in the index".into()))?;
            from_objects(repository, path, entry.id, entry.mode, limit)
        }),
    }
}

fn other(path: &RepoPath, why: String) -> WorkspaceError {
    WorkspaceError::File { path: path.as_str().into(), why }
}

fn from_disk(ws: &GitWorkspace, path: &RepoPath, limit: u64) -> Result<File, WorkspaceError> {
    let file = ws.tree()?.file(path.as_str()).map_err(file_failed(path))?;
    let about = file.metadata().map_err(file_failed(path))?;
    if !about.is_file() {
        return Err(other(path, "it is not a regular file".into()));
    }
    let too_large = |size| WorkspaceError::TooLarge { path: path.clone(), size, limit };
    if about.len() > limit {
        return Err(too_large(about.len()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(about.len()).unwrap_or(0));
    // It may grow while it is read.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|e| failed(path.as_str(), &e))?;
    if bytes.len() as u64 > limit {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(File { bytes, mode: about.mode() & 0o7777 })
}

fn from_objects(
    repository: &Repository,
    path: &RepoPath,
    id: Oid,
    mode: u32,
    limit: u64,
) -> Result<File, WorkspaceError> {
    if mode & 0o170_000 != 0o100_000 {
        return Err(other(path, "it is not a regular file".into()));
    }
    let objects = repository.odb().map_err(git)?;
    let (size, _) = objects.read_header(id).map_err(git)?;
    if size as u64 > limit {
        return Err(WorkspaceError::TooLarge { path: path.clone(), size: size as u64, limit });
    }
    let blob = repository.find_blob(id).map_err(git)?;
    Ok(File { bytes: blob.content().to_vec(), mode: mode & 0o777 })
}
