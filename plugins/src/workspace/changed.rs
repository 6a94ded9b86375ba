//! What differs from the merge base with a reference: paths and lines.

use super::git::{GitWorkspace, git};
use super::objects;
use ecoops_core::domain::RepoPath;
use ecoops_core::ports::workspace::{View, WorkspaceError};
use git2::{Delta, Diff, DiffFindOptions, DiffOptions, ErrorCode, Repository, Tree};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Paths that the view has and that differ from the merge base.
pub(super) fn changed_paths(
    ws: &GitWorkspace,
    view: &View,
    reference: &str,
) -> Result<BTreeSet<String>, WorkspaceError> {
    let repository = ws.repository()?;
    let diff = diff(&repository, view, reference, false)?;
    Ok(diff
        .deltas()
        .filter(|delta| delta.status() != Delta::Deleted)
        .filter_map(|delta| Some(delta.new_file().path()?.to_str()?.to_owned()))
        .collect())
}

pub(super) fn changed_lines(
    ws: &GitWorkspace,
    view: &View,
    reference: &str,
) -> Result<BTreeMap<RepoPath, Vec<Range<u32>>>, WorkspaceError> {
    let repository = ws.repository()?;
    let mut diff = diff(&repository, view, reference, true)?;
    // A file that only moved has no new lines.
    diff.find_similar(Some(DiffFindOptions::new().renames(true).for_untracked(true))).map_err(git)?;
    let lines: std::cell::RefCell<BTreeMap<RepoPath, Vec<Range<u32>>>> = Default::default();
    let path_of = |delta: &git2::DiffDelta<'_>| {
        delta.new_file().path().and_then(|p| p.to_str()).and_then(|p| RepoPath::new(p).ok())
    };
    diff.foreach(
        &mut |_, _| true,
        // Lines of what git takes for binary (UTF-16 too) are not known: all of them count as new.
        Some(&mut |delta, _| {
            if let Some(path) = path_of(&delta).filter(|_| delta.status() != Delta::Deleted) {
                let all = 1..u32::MAX;
                lines.borrow_mut().insert(path, vec![all]);
            }
            true
        }),
        Some(&mut |delta, hunk| {
            if hunk.new_lines() > 0
                && let Some(path) = path_of(&delta)
            {
                let start = hunk.new_start();
                lines
                    .borrow_mut()
                    .entry(path)
                    .or_default()
                    .push(start..start.saturating_add(hunk.new_lines()));
            }
            true
        }),
        None,
    )
    .map_err(git)?;
    Ok(lines.into_inner())
}

fn diff<'r>(
    repository: &'r Repository,
    view: &View,
    reference: &str,
    contents: bool,
) -> Result<Diff<'r>, WorkspaceError> {
    let base = base(repository, view, reference)?;
    let mut options = DiffOptions::new();
    options
        .context_lines(0)
        .include_untracked(true)
        .recurse_untracked_dirs(true)
        .show_untracked_content(contents)
        .ignore_submodules(true)
        .include_typechange(true)
        .disable_pathspec_match(true);
    match view {
        View::WorkingTree => repository.diff_tree_to_workdir_with_index(Some(&base), Some(&mut options)),
        View::Index => repository.diff_tree_to_index(Some(&base), None, Some(&mut options)),
        View::Commit(revision) => {
            let tree = objects::tree_of(repository, revision)?;
            repository.diff_tree_to_tree(Some(&base), Some(&tree), Some(&mut options))
        }
    }
    .map_err(git)
}

fn base<'r>(repository: &'r Repository, view: &View, reference: &str) -> Result<Tree<'r>, WorkspaceError> {
    let other = objects::commit_of(repository, reference)?;
    let ours = match view {
        View::Commit(revision) => objects::commit_of(repository, revision)?,
        // Nothing is committed yet: all is new compared with the reference itself.
        _ => match repository.head() {
            Ok(head) => head.peel_to_commit().map_err(git)?,
            Err(_) => return other.tree().map_err(git),
        },
    };
    let base = repository.merge_base(other.id(), ours.id()).map_err(|error| match error.code() {
        ErrorCode::NotFound => WorkspaceError::Git(format!(
            "`{reference}` and HEAD have no common ancestor here{}",
            if repository.is_shallow() { "; the clone is shallow: git fetch --unshallow" } else { "" }
        )),
        _ => git(error),
    })?;
    repository.find_commit(base).and_then(|commit| commit.tree()).map_err(git)
}
