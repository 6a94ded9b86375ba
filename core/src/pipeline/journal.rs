//! The run's journal: each step is durable before the next is taken, so that a kill at any point
//! leaves either the old state or the new one, and the next command can tell which.
//!
//! Knows states and write sets; never decides what is fixed.

use super::PipelineError;
use crate::domain::{ContentHash, Run, RunState, WriteSet};
use crate::ports::host::Host;
use crate::ports::store::{Store, StoreError};
use crate::ports::workspace::{Side, Workspace, WorkspaceError};

/// How many of the latest runs are looked at for one that was cut off. A cut-off run is taken care of
/// by the very next command, so it is always among the latest.
const LOOK_BACK: usize = 20;

/// Writes the run's new state, durably.
///
/// # Errors
/// [`PipelineError::Store`]; the journal then holds the state before.
pub fn advance(
    store: &dyn Store,
    host: &dyn Host,
    run: &mut Run,
    state: RunState,
) -> Result<(), PipelineError> {
    let before = std::mem::replace(&mut run.state, state);
    run.updated = host.now().to_string();
    if let Err(error) = store.put_run(run) {
        run.state = before;
        return Err(error.into());
    }
    Ok(())
}

/// Replaces the files of `set`, as a whole: when one cannot be replaced, those that were are taken back.
///
/// # Errors
/// What stopped it; the run is then [`RunState::Failed`] and the tree what it was.
pub fn land(
    store: &dyn Store,
    workspace: &dyn Workspace,
    host: &dyn Host,
    run: &mut Run,
    set: WriteSet,
    step: &dyn Fn(&str),
) -> Result<(), PipelineError> {
    run.write_set = set;
    step("journal applying");
    advance(store, host, run, RunState::Applying)?;
    let contents = |hash: &ContentHash| content(store, hash);
    let landed = workspace.settle(&run.write_set, Side::After, &contents, step);
    let stopped = match landed {
        Ok(restored) if restored.conflicts.is_empty() => {
            step("journal applied");
            return advance(store, host, run, RunState::Applied);
        }
        Ok(restored) => restored.conflicts.into_iter().next().map(WorkspaceError::Moved),
        Err(error) => Some(error),
    };
    workspace.settle(&run.write_set, Side::Before, &contents, &|_| ())?;
    workspace.sweep(&run.id, &run.write_set)?;
    let error = stopped.unwrap_or_else(|| WorkspaceError::Storage("nothing was replaced".into()));
    run.note = format!("restored: {error}");
    advance(store, host, run, RunState::Failed)?;
    Err(error.into())
}

/// Takes a run's write set back, byte for byte, or refuses before it touches anything. The run stays
/// [`RunState::Undoing`] for the caller to record.
///
/// # Errors
/// [`PipelineError::ChangedSince`] when a file is no longer what the run left.
pub fn take_back(
    store: &dyn Store,
    workspace: &dyn Workspace,
    host: &dyn Host,
    run: &mut Run,
    step: &dyn Fn(&str),
) -> Result<(), PipelineError> {
    if !matches!(run.state, RunState::Applied | RunState::Completed | RunState::Undoing) {
        return Err(PipelineError::WrongState {
            run: run.id.0.clone(),
            state: name(run.state),
            action: "undone",
        });
    }
    let moved = changed_since(workspace, &run.write_set)?;
    if !moved.is_empty() {
        return Err(PipelineError::ChangedSince { run: run.id.0.clone(), files: moved });
    }
    step("journal undoing");
    advance(store, host, run, RunState::Undoing)?;
    let restored = workspace.settle(&run.write_set, Side::Before, &|h| content(store, h), step)?;
    if let Some(path) = restored.conflicts.into_iter().next() {
        return Err(WorkspaceError::Moved(path).into());
    }
    workspace.sweep(&run.id, &run.write_set).map_err(PipelineError::from)
}

/// What a kill had left, and what was done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    pub run: Run,
    /// Files that are neither as before nor as after: someone else changed them; they were left.
    pub left: Vec<String>,
}

impl Eq for Run {}

/// Puts in order what killed runs left in this repository: a half-applied set is taken back, worktrees
/// and temporaries are removed. Runs that another process is still working on are left alone. A run
/// that had applied everything stays [`RunState::Applied`], and one that was being taken back
/// [`RunState::Undoing`], for the caller to record.
///
/// # Errors
/// When the journal cannot be read or a file cannot be restored.
pub fn recover(
    store: &dyn Store,
    workspace: &dyn Workspace,
    host: &dyn Host,
    step: &dyn Fn(&str),
) -> Result<Vec<Recovered>, PipelineError> {
    let repository = workspace.about().repository.clone();
    let cut_off = |run: &Run| {
        matches!(
            run.state,
            RunState::Started
                | RunState::Validating
                | RunState::Applying
                | RunState::Applied
                | RunState::Undoing
        )
    };
    if !store.runs(Some(&repository), LOOK_BACK)?.iter().any(cut_off) {
        return Ok(Vec::new());
    }
    let lease = match store.lease(&repository) {
        Ok(lease) => lease,
        Err(StoreError::Busy(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut recovered = Vec::new();
    for mut run in store.runs(Some(&repository), LOOK_BACK)?.into_iter().filter(cut_off) {
        let mut left = Vec::new();
        if matches!(run.state, RunState::Applying | RunState::Undoing) {
            let restored = workspace.settle(&run.write_set, Side::Before, &|h| content(store, h), step)?;
            left = restored.conflicts.iter().map(ToString::to_string).collect();
        }
        workspace.sweep(&run.id, &run.write_set)?;
        step("journal recovered");
        if !matches!(run.state, RunState::Applied | RunState::Undoing) {
            advance(store, host, &mut run, RunState::Interrupted)?;
        }
        recovered.push(Recovered { run, left });
    }
    drop(lease);
    Ok(recovered)
}

/// The state's name, as `ecoops runs` shows it.
pub fn name(state: RunState) -> String {
    serde_json::to_value(state).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Gives the store's blob in the workspace's terms.
pub fn content(store: &dyn Store, hash: &ContentHash) -> Result<Vec<u8>, WorkspaceError> {
    store.blob(hash).map_err(|e| WorkspaceError::Storage(e.to_string()))
}

fn changed_since(workspace: &dyn Workspace, set: &WriteSet) -> Result<Vec<String>, PipelineError> {
    let view = crate::ports::workspace::View::WorkingTree;
    let mut moved = Vec::new();
    for write in &set.writes {
        match workspace.read(&view, &write.path, u64::MAX) {
            Ok(file) => {
                let now = ContentHash::of(&file.bytes);
                if now != write.after && now != write.before {
                    moved.push(write.path.to_string());
                }
            }
            Err(_) => moved.push(write.path.to_string()),
        }
    }
    Ok(moved)
}
