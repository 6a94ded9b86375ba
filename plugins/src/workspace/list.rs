//! Which files are examined: tracked ones and untracked ones that are not ignored, and why the
//! others are not.

use super::git::{GitWorkspace, git};
use super::objects::{LFS_POINTER_LIMIT, is_lfs_pointer};
use super::own_ignore::{self, OwnIgnores};
use super::walk::{self, Kind, Met};
use super::{changed, objects};
use ecoops_core::domain::RepoPath;
use ecoops_core::ports::workspace::{Entry, Listing, Selection, Skipped, View, WorkspaceError};
use git2::Repository;
use std::collections::{HashMap, HashSet};
use std::io::Read;

pub(super) fn list(ws: &GitWorkspace, selection: &Selection) -> Result<Listing, WorkspaceError> {
    let mut listing = match &selection.view {
        View::WorkingTree => on_disk(ws, selection)?,
        View::Commit(revision) => objects::list_commit(ws, revision)?,
        View::Index => objects::list_index(ws)?,
    };
    if !selection.paths.is_empty() {
        listing.entries.retain(|entry| selects(selection, entry.path.as_str()));
        listing.skipped.retain(|skipped| selects(selection, &skipped.path));
    }
    if let Some(reference) = &selection.from_ref {
        let changed = changed::changed_paths(ws, &selection.view, reference)?;
        listing.entries.retain(|entry| changed.contains(entry.path.as_str()));
        listing.skipped.retain(|skipped| changed.contains(&skipped.path));
    }
    listing.entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    listing.entries.dedup_by(|a, b| a.path == b.path);
    listing.skipped.sort_unstable_by(|a, b| (&a.path, &a.why).cmp(&(&b.path, &b.why)));
    listing.skipped.dedup();
    Ok(listing)
}

/// Whether a path is selected or below a selected folder.
fn selects(selection: &Selection, path: &str) -> bool {
    selection.paths.is_empty()
        || selection.paths.iter().any(|chosen| {
            path.strip_prefix(chosen.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
}

/// What git's index says about a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Tracked,
    /// Not materialised by a sparse checkout.
    Sparse,
    Conflict,
}

/// The index's view of the tree.
#[derive(Debug, Default)]
pub(super) struct Tracked {
    pub files: HashMap<String, State>,
    pub submodules: HashSet<String>,
    /// Why the index could not be read; HEAD's tree then stands in for it.
    pub degraded: Option<String>,
}

impl Tracked {
    pub(super) fn read(repository: &Repository) -> Result<Self, WorkspaceError> {
        let mut tracked = Self::default();
        let index = match repository.index() {
            Ok(index) => index,
            Err(error) => return Self::from_head(repository, error.message()),
        };
        for entry in index.iter() {
            let Ok(path) = String::from_utf8(entry.path) else { continue };
            if entry.mode & 0o170_000 == 0o160_000 {
                tracked.submodules.insert(path);
                continue;
            }
            let skip_worktree = git2::IndexEntryExtendedFlag::SKIP_WORKTREE.bits();
            let state = match (entry.flags >> 12 & 3, entry.flags_extended & skip_worktree) {
                (0, 0) => State::Tracked,
                (0, _) => State::Sparse,
                _ => State::Conflict,
            };
            tracked.files.insert(path, state);
        }
        Ok(tracked)
    }

    /// libgit2 cannot read split and sparse indexes.
    fn from_head(repository: &Repository, why: &str) -> Result<Self, WorkspaceError> {
        let mut tracked = Self { degraded: Some(why.to_owned()), ..Self::default() };
        let Ok(tree) = repository.head().and_then(|head| head.peel_to_tree()) else { return Ok(tracked) };
        tree.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
            if let Ok(name) = std::str::from_utf8(entry.name_bytes()) {
                match entry.filemode() & 0o170_000 {
                    0o160_000 => drop(tracked.submodules.insert(format!("{folder}{name}"))),
                    0o040_000 => {}
                    _ => drop(tracked.files.insert(format!("{folder}{name}"), State::Tracked)),
                }
            }
            git2::TreeWalkResult::Ok
        })
        .map_err(git)?;
        Ok(tracked)
    }
}

fn on_disk(ws: &GitWorkspace, selection: &Selection) -> Result<Listing, WorkspaceError> {
    let repository = if ws.about.git { Some(ws.repository()?) } else { None };
    ws.tree()?;
    let tracked = repository.as_ref().map(Tracked::read).transpose()?.unwrap_or_default();
    let mut listing = Listing::default();
    if let Some(why) = &tracked.degraded {
        let why = format!("it cannot be read ({why}); HEAD says which files are tracked");
        listing.skipped.push(Skipped { path: ".git/index".into(), why });
    }
    let met = meet(ws, selection, &tracked, &mut listing)?;
    let lfs = uses_lfs(ws, &met);
    let head = repository.as_ref().and_then(|r| r.head().ok()?.peel_to_tree().ok());
    for file in met {
        let state = tracked.files.get(&file.path).copied();
        let removed = || head.as_ref().is_some_and(|tree| tree.get_path(file.path.as_ref()).is_ok());
        let why = match (file.kind, state) {
            (Kind::Link, _) => Some("it is a symbolic link".to_owned()),
            (Kind::Other, _) => Some("it is no regular file".to_owned()),
            (_, Some(State::Conflict)) => Some("it is in a merge conflict".to_owned()),
            (_, None) if removed() => Some("it is staged as removed".to_owned()),
            _ if file.size > ws.settings.largest_file => {
                Some(format!("it has {} bytes; the limit is {}", file.size, ws.settings.largest_file))
            }
            _ if lfs && file.size <= LFS_POINTER_LIMIT && pointer(ws, &file.path) => {
                Some("it is a git-lfs pointer".to_owned())
            }
            _ => None,
        };
        match (why, RepoPath::new(file.path.clone())) {
            (None, Ok(path)) => {
                listing.entries.push(Entry { path, size: file.size, tracked: state.is_some() });
            }
            (why, _) => listing.skipped.push(Skipped {
                path: file.path,
                why: why.unwrap_or_else(|| "its name is no path that can be examined".into()),
            }),
        }
    }
    if selection.submodules && selection.from_ref.is_none() {
        for submodule in &tracked.submodules {
            descend(ws, submodule, &mut listing);
        }
    }
    Ok(listing)
}

/// The files that the walk finds, the selected ones, and the tracked ones that it passed over
/// because an ignore file names them.
fn meet(
    ws: &GitWorkspace,
    selection: &Selection,
    tracked: &Tracked,
    listing: &mut Listing,
) -> Result<Vec<Met>, WorkspaceError> {
    let mut plan =
        walk::Plan { own_ignores: true, submodules: tracked.submodules.clone(), ..walk::Plan::default() };
    let mut met = Vec::new();
    for path in &selection.paths {
        match look(ws, path.as_str()) {
            Ok(found) if found.kind == Kind::Folder => plan.from.push(found.path),
            Ok(found) => met.push(found),
            Err(why) => listing.skipped.push(Skipped { path: path.as_str().into(), why }),
        }
    }
    if selection.paths.is_empty() || !plan.from.is_empty() {
        let mut walked = walk::walk(&ws.about.location, plan);
        met.append(&mut walked.met);
        listing.skipped.append(&mut walked.skipped);
    }
    let missed: Vec<&String> = {
        let seen: HashSet<&str> = met.iter().map(|m| m.path.as_str()).collect();
        tracked
            .files
            .iter()
            .filter(|(path, state)| **state != State::Sparse && !seen.contains(path.as_str()))
            .filter(|(path, _)| selects(selection, path))
            .map(|(path, _)| path)
            .collect()
    };
    let rules = own_ignores_above(ws, &missed);
    for path in missed {
        // One that is deleted is none to be examined.
        if !rules.ignores(path)
            && let Ok(found) = look(ws, path)
            && found.kind != Kind::Folder
        {
            met.push(found);
        }
    }
    Ok(met)
}

/// What a path is on disk, without following any link.
pub(super) fn look(ws: &GitWorkspace, path: &str) -> Result<Met, String> {
    let tree = ws.tree().map_err(|e| e.to_string())?;
    let why = |e: std::io::Error| match super::beneath::failed(path, &e) {
        WorkspaceError::File { why, .. } => why,
        other => other.to_string(),
    };
    let (parent, name) = tree.parent(path).map_err(why)?;
    let about = rustix::fs::statat(&parent, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)
        .map_err(|e| why(e.into()))?;
    let kind = match rustix::fs::FileType::from_raw_mode(about.st_mode) {
        rustix::fs::FileType::RegularFile => Kind::File,
        rustix::fs::FileType::Directory => Kind::Folder,
        rustix::fs::FileType::Symlink => Kind::Link,
        _ => Kind::Other,
    };
    Ok(Met { path: path.to_owned(), kind, size: u64::try_from(about.st_size).unwrap_or(0) })
}

/// The `.ecoopsignore` files in the folders above some paths.
fn own_ignores_above(ws: &GitWorkspace, paths: &[&String]) -> OwnIgnores {
    let mut rules = OwnIgnores::default();
    let mut looked: HashSet<&str> = HashSet::new();
    for path in paths {
        let mut folder = path.as_str();
        while !folder.is_empty() {
            folder = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
            if !looked.insert(folder) {
                break;
            }
            let place = if folder.is_empty() {
                own_ignore::NAME.to_owned()
            } else {
                format!("{folder}/{}", own_ignore::NAME)
            };
            if let Some(text) = small_text(ws, &place, 1 << 20) {
                rules.add(folder, &text);
            }
        }
    }
    rules
}

fn small_text(ws: &GitWorkspace, path: &str, limit: u64) -> Option<String> {
    let file = ws.tree().ok()?.file(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether any attributes file speaks of git-lfs; only then small files are opened to see.
fn uses_lfs(ws: &GitWorkspace, met: &[Met]) -> bool {
    met.iter()
        .filter(|m| m.path == ".gitattributes" || m.path.ends_with("/.gitattributes"))
        .any(|m| small_text(ws, &m.path, 1 << 20).is_some_and(|text| text.contains("filter=lfs")))
}

fn pointer(ws: &GitWorkspace, path: &str) -> bool {
    small_text(ws, path, LFS_POINTER_LIMIT).is_some_and(|text| is_lfs_pointer(text.as_bytes()))
}

/// The files of a submodule, as paths of the outer repository.
fn descend(ws: &GitWorkspace, submodule: &str, listing: &mut Listing) {
    let place = ws.about.location.join(submodule);
    let inner = match look(ws, submodule) {
        Ok(found) if found.kind == Kind::Folder && place.join(".git").symlink_metadata().is_ok() => {
            GitWorkspace::open(&place, ws.settings.clone())
                .and_then(|inner| list(&inner, &Selection { submodules: true, ..Selection::default() }))
        }
        _ => return,
    };
    match inner {
        Ok(inner) => {
            for entry in inner.entries {
                if let Ok(path) = RepoPath::new(format!("{submodule}/{}", entry.path)) {
                    listing.entries.push(Entry { path, ..entry });
                }
            }
            let outer = |s: Skipped| Skipped { path: format!("{submodule}/{}", s.path), why: s.why };
            listing.skipped.extend(inner.skipped.into_iter().map(outer));
        }
        Err(error) => listing.skipped.push(Skipped { path: submodule.into(), why: error.to_string() }),
    }
}
