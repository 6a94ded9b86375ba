//! Bringing the whole of a write set to one side, however far it had come.
//!
//! Going forward: files, index, reference, HEAD. Going back: the other way round. Everything is looked
//! at before anything is touched.

use super::git::GitWorkspace;
use super::refs::{GitSide, NO_COMMIT, Standing};
use super::replace;
use ecoops_core::domain::WriteSet;
use ecoops_core::ports::workspace::{Contents, Restored, Side, WorkspaceError};

pub(super) fn settle(
    ws: &GitWorkspace,
    set: &WriteSet,
    side: Side,
    contents: Contents<'_>,
    step: &dyn Fn(&str),
) -> Result<Restored, WorkspaceError> {
    let repository = if set.reference.is_some() { Some(ws.repository()?) } else { None };
    let git = repository.as_ref().map(|repository| GitSide::new(repository, set));
    match side {
        Side::After => forward(ws, set, git.as_ref(), contents, step),
        Side::Before => back(ws, set, git.as_ref(), contents, step),
    }
}

/// Removes temporaries and locks that a killed run left.
pub(super) fn sweep(ws: &GitWorkspace, set: &WriteSet) -> Result<(), WorkspaceError> {
    if ws.about.bare {
        return Ok(());
    }
    for write in &set.writes {
        replace::clear(ws.tree()?, write)?;
    }
    if set.reference.is_some() {
        GitSide::new(&ws.repository()?, set).clear()?;
    }
    Ok(())
}

fn forward(
    ws: &GitWorkspace,
    set: &WriteSet,
    git: Option<&GitSide<'_>>,
    contents: Contents<'_>,
    step: &dyn Fn(&str),
) -> Result<Restored, WorkspaceError> {
    let tree = ws.tree()?;
    let mut standings = Vec::with_capacity(set.writes.len());
    for write in &set.writes {
        match replace::standing(tree, write)? {
            Standing::Neither => return Err(WorkspaceError::Moved(write.path.clone())),
            standing => standings.push(standing),
        }
    }
    let mut git_standing = None;
    if let Some(git) = git {
        git.clear()?;
        let now = (git.index_standing(contents)?, git.reference_standing(), git.head_standing()?);
        if [now.0, now.1, now.2].contains(&Standing::Neither) {
            let why = "the branch or the index changed while ecoops was working; nothing was written";
            return Err(WorkspaceError::Git(why.into()));
        }
        git_standing = Some(now);
    }
    let mut done = Restored::default();
    for (write, standing) in set.writes.iter().zip(standings) {
        replace::clear(tree, write)?;
        if standing == Standing::Before && write.before != write.after {
            replace::replace(tree, write, Side::After, &contents(&write.after)?, step)?;
            done.restored.push(write.path.clone());
        }
    }
    if let (Some(git), Some((index, reference, head))) = (git, git_standing) {
        if !index.is(Side::After) {
            git.put_index(Side::After, contents, step)?;
        }
        if !reference.is(Side::After) {
            git.put_reference(Side::After, step)?;
        }
        if set.head.is_some() && !head.is(Side::After) {
            git.put_head(Side::After, step)?;
        }
    }
    Ok(done)
}

fn back(
    ws: &GitWorkspace,
    set: &WriteSet,
    git: Option<&GitSide<'_>>,
    contents: Contents<'_>,
    step: &dyn Fn(&str),
) -> Result<Restored, WorkspaceError> {
    if let Some(git) = git {
        git.clear()?;
        git_back(git, set, contents, step)?;
    }
    let tree = ws.tree()?;
    let mut done = Restored::default();
    for write in &set.writes {
        replace::clear(tree, write)?;
        match replace::standing(tree, write)? {
            _ if write.before == write.after => {}
            Standing::Before => {}
            Standing::Neither => done.conflicts.push(write.path.clone()),
            Standing::After => {
                match replace::replace(tree, write, Side::Before, &contents(&write.before)?, step) {
                    Ok(()) => done.restored.push(write.path.clone()),
                    Err(WorkspaceError::Moved(path)) => done.conflicts.push(path),
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Ok(done)
}

/// HEAD, reference and index. When the reference never came to our commit, or was taken from it, there
/// is nothing of ours in it; when it was built upon, only git can take the commit back.
fn git_back(
    git: &GitSide<'_>,
    set: &WriteSet,
    contents: Contents<'_>,
    step: &dyn Fn(&str),
) -> Result<(), WorkspaceError> {
    let Some((name, old, new)) = &set.reference else { return Ok(()) };
    if git.has_moved_on() {
        return Err(WorkspaceError::Git(format!("{name} has moved on since; use `git revert {new}`")));
    }
    let reference = git.reference_standing();
    let index = git.index_standing(contents)?;
    let head = git.head_standing()?;
    if reference == Standing::After && index == Standing::Neither {
        return Err(WorkspaceError::Git(format!(
            "the index has changed since; unstage those changes first, or use `git revert {new}`"
        )));
    }
    if old == NO_COMMIT && reference == Standing::After && head == Standing::Neither {
        return Err(WorkspaceError::Git(format!(
            "HEAD was switched since; switch back to {name} first, or use `git revert {new}`"
        )));
    }
    if set.head.is_some() && head == Standing::After {
        git.put_head(Side::Before, step)?;
    }
    if reference == Standing::After {
        git.put_reference(Side::Before, step)?;
    }
    if index == Standing::After {
        git.put_index(Side::Before, contents, step)?;
    }
    Ok(())
}
