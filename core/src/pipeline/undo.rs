//! Taking a landed run back, and finishing the record of one that was killed after it had landed.

use super::session::{Note, Session, Witnesses};
use super::{Phase, PipelineError, Ports, journal};
use crate::domain::{AuditResult, ContentHash, EventData, Run, RunState};

/// Restores every byte that the run changed, and records that it was taken back.
///
/// # Errors
/// [`PipelineError::ChangedSince`] when a file was changed since; then nothing is touched.
pub fn undo(ports: &Ports<'_>, run: &mut Run, step: &dyn Fn(&str)) -> Result<(), PipelineError> {
    let _lease = ports.store.lease(&run.repository)?;
    let session = open(ports, run)?;
    let actor = session.actor(Phase::Integrate)?;
    let taken = journal::take_back(ports.store, ports.workspace, ports.host, run, step);
    step("record the undo");
    let result = if taken.is_ok() { AuditResult::Success } else { AuditResult::Failure };
    let note = Note { content: Some(ContentHash::of(run.patch.as_bytes())), ..Note::default() };
    session.write(&actor, "undo", &run.location, result, &note)?;
    taken?;
    session.emit(EventData::Rollback {
        reason: "undone by the user".to_owned(),
        layers: run.verdict.clone().unwrap_or_default(),
    })
}

/// Writes the record of a run that was killed between landing and recording.
///
/// # Errors
/// When the record cannot be written; the run then stays [`RunState::Applied`].
pub fn finish(ports: &Ports<'_>, run: &mut Run) -> Result<(), PipelineError> {
    let session = open(ports, run)?;
    let actor = session.actor(Phase::Audit)?;
    let note = Note { content: Some(ContentHash::of(run.patch.as_bytes())), ..Note::default() };
    session.write(&actor, Phase::Audit.as_str(), &run.location, AuditResult::Success, &note)?;
    session.emit(EventData::Completed { trace_id: run.trace_id.clone(), compliance_tags: Vec::new() })?;
    journal::advance(ports.store, ports.host, run, RunState::Completed)
}

fn open<'a>(ports: &Ports<'a>, run: &Run) -> Result<Session<'a>, PipelineError> {
    let witnesses: &Witnesses<'a> = &ports.witnesses;
    Session::open(run.id.clone(), run.trace_id.clone(), format!("file://{}", run.location), witnesses)
}
