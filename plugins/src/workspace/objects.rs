//! Listing a commit or the index from the object database, without a working tree.

use super::git::{GitWorkspace, git};
use super::own_ignore::{self, OwnIgnores};
use ecoops_core::domain::RepoPath;
use ecoops_core::ports::workspace::{Entry, Listing, Skipped, WorkspaceError};
use git2::{Commit, ObjectType, Odb, Oid, Repository, Tree, TreeWalkMode, TreeWalkResult};

/// No pointer of git-lfs is larger, in bytes (its specification says so).
pub(super) const LFS_POINTER_LIMIT: u64 = 1024;

pub(super) fn is_lfs_pointer(bytes: &[u8]) -> bool {
    bytes.starts_with(b"version https://git-lfs.github.com/spec/")
}

pub(super) fn commit_of<'r>(
    repository: &'r Repository,
    revision: &str,
) -> Result<Commit<'r>, WorkspaceError> {
    let unknown = |_| WorkspaceError::UnknownReference(revision.to_owned());
    if revision.contains('\0') {
        return Err(WorkspaceError::UnknownReference(revision.to_owned()));
    }
    repository.revparse_single(revision).and_then(|object| object.peel_to_commit()).map_err(unknown)
}

/// The tree of a commit, or a tree named itself.
pub(super) fn tree_of<'r>(repository: &'r Repository, revision: &str) -> Result<Tree<'r>, WorkspaceError> {
    if revision.contains('\0') {
        return Err(WorkspaceError::UnknownReference(revision.to_owned()));
    }
    repository
        .revparse_single(revision)
        .and_then(|object| object.peel_to_tree())
        .map_err(|_| WorkspaceError::UnknownReference(revision.to_owned()))
}

/// One file of a tree or of the index.
struct Stored {
    path: String,
    id: Oid,
    mode: u32,
}

pub(super) fn list_commit(ws: &GitWorkspace, revision: &str) -> Result<Listing, WorkspaceError> {
    let repository = ws.repository()?;
    let mut listing = Listing::default();
    let mut stored = Vec::new();
    tree_of(&repository, revision)?
        .walk(TreeWalkMode::PreOrder, |folder, entry| {
            if entry.kind() == Some(ObjectType::Tree) {
                return TreeWalkResult::Ok;
            }
            match (std::str::from_utf8(folder.as_bytes()), std::str::from_utf8(entry.name_bytes())) {
                (Ok(folder), Ok(name)) => stored.push(Stored {
                    path: format!("{folder}{name}"),
                    id: entry.id(),
                    mode: entry.filemode().cast_unsigned(),
                }),
                _ => listing.skipped.push(Skipped {
                    path: String::from_utf8_lossy(entry.name_bytes()).into_owned(),
                    why: "its name is not UTF-8".into(),
                }),
            }
            TreeWalkResult::Ok
        })
        .map_err(git)?;
    fill(ws, &repository, stored, listing)
}

pub(super) fn list_index(ws: &GitWorkspace) -> Result<Listing, WorkspaceError> {
    let repository = ws.repository()?;
    let mut listing = Listing::default();
    let mut stored = Vec::new();
    for entry in repository.index().map_err(git)?.iter() {
        match (String::from_utf8(entry.path), entry.flags >> 12 & 3) {
            (Ok(path), 0) => stored.push(Stored { path, id: entry.id, mode: entry.mode }),
            (Ok(path), stage) => {
                if stage == 2 {
                    listing.skipped.push(Skipped { path, why: "it is in a merge conflict".into() });
                }
            }
            (Err(error), _) => listing.skipped.push(Skipped {
                path: String::from_utf8_lossy(error.as_bytes()).into_owned(),
                why: "its name is not UTF-8".into(),
            }),
        }
    }
    fill(ws, &repository, stored, listing)
}

/// Judges each stored file by mode, ignore rules, size and content.
fn fill(
    ws: &GitWorkspace,
    repository: &Repository,
    stored: Vec<Stored>,
    mut listing: Listing,
) -> Result<Listing, WorkspaceError> {
    let objects = repository.odb().map_err(git)?;
    let (rules, lfs) = settings_files(&objects, &stored);
    for Stored { path, id, mode } in stored {
        let mut skip = |why: &str| listing.skipped.push(Skipped { path: path.clone(), why: why.into() });
        match mode & 0o170_000 {
            0o100_000 => {}
            0o120_000 => {
                skip("it is a symbolic link");
                continue;
            }
            // A submodule: a repository of its own.
            _ => continue,
        }
        if rules.ignores(&path) {
            continue;
        }
        let Ok(place) = RepoPath::new(path.clone()) else {
            skip("its name is no path that can be examined");
            continue;
        };
        let Ok((size, ObjectType::Blob)) = objects.read_header(id) else {
            skip("its content is not in the object database");
            continue;
        };
        let size = size as u64;
        if size > ws.settings.largest_file {
            skip(&format!("it has {size} bytes; the limit is {}", ws.settings.largest_file));
        } else if lfs && size <= LFS_POINTER_LIMIT && objects.read(id).is_ok_and(|o| is_lfs_pointer(o.data()))
        {
            skip("it is a git-lfs pointer");
        } else {
            listing.entries.push(Entry { path: place, size, tracked: true });
        }
    }
    Ok(listing)
}

/// The ignore rules among the files, and whether any attributes speak of git-lfs.
fn settings_files(objects: &Odb<'_>, stored: &[Stored]) -> (OwnIgnores, bool) {
    let mut rules = OwnIgnores::default();
    let mut lfs = false;
    for file in stored {
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        if name != own_ignore::NAME && name != ".gitattributes" {
            continue;
        }
        let Ok(object) = objects.read(file.id) else { continue };
        let text = String::from_utf8_lossy(object.data());
        if name == own_ignore::NAME {
            rules.add(folder, &text);
        } else {
            lfs |= text.contains("filter=lfs");
        }
    }
    (rules, lfs)
}
