//! Taking a landed run back, and going on with the record of one that was killed before it was written.

use super::record;
use super::{PipelineError, Ports, journal};
use crate::domain::{Run, RunState};
use crate::ports::store::StoreError;

/// Restores every byte that the run changed, and records that it was taken back.
///
/// # Errors
/// [`PipelineError::ChangedSince`] when a file was changed since; then nothing is touched.
pub fn undo(ports: &Ports<'_>, run: &mut Run, step: &dyn Fn(&str)) -> Result<(), PipelineError> {
    let _lease = ports.store.lease(&run.repository)?;
    let session = record::resumed(ports, run)?;
    session.actor(super::Phase::Integrate)?;
    match journal::take_back(ports.store, ports.workspace, ports.host, run, step) {
        Ok(()) => record::undone(ports, &session, run, step),
        Err(error) => Err(record::not_undone(&session, run, error)),
    }
}

/// Writes what is missing of the record of a run that was killed between landing and recording, or
/// between being taken back and recording that. Gives what must be said besides. A run that another
/// process is busy with is left to it.
///
/// # Errors
/// When the record cannot be written; the run then keeps its state for the next attempt.
pub fn finish(ports: &Ports<'_>, run: &mut Run, step: &dyn Fn(&str)) -> Result<Vec<String>, PipelineError> {
    let _lease = match ports.store.lease(&run.repository) {
        Ok(lease) => lease,
        Err(StoreError::Busy(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    if let Some(now) = ports.store.run(&run.id)? {
        *run = now;
    }
    let session = record::resumed(ports, run)?;
    match run.state {
        RunState::Applied => Ok(record::landed(ports, &session, run, step)?.warnings),
        RunState::Undoing => record::undone(ports, &session, run, step).map(|()| Vec::new()),
        _ => Ok(Vec::new()),
    }
}
