//! The record of a run that landed, and of one that was taken back: each part exactly once, however often
//! the run was killed on the way.
//!
//! What is to be recorded stands in the run's journal before the first file is replaced. Never looks at a
//! change itself.

use super::audit;
use super::session::{Note, Session, Witnesses};
use super::{Phase, PipelineError, Ports, journal};
use crate::domain::{AuditResult, ContentHash, EventData, Run, RunState};

/// The action under which an undo stands in the audit log.
const UNDO: &str = "undo";

/// How many entries of the audit log are looked through at once.
const PAGE: u64 = 256;

/// What was recorded of a landed run.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    /// Index of the run's last entry in the audit log.
    pub entry: u64,
    /// What did not stop the record but must be said.
    pub warnings: Vec<String>,
}

/// Opens a session in which a run that is already in the journal goes on.
pub(super) fn resumed<'a>(ports: &Ports<'a>, run: &Run) -> Result<Session<'a>, PipelineError> {
    let witnesses: &Witnesses<'a> = &ports.witnesses;
    Session::open(run.id.clone(), run.trace_id.clone(), format!("file://{}", run.location), witnesses)
}

/// Writes what is still missing of the record of a run that has landed: its last audit entry, its last
/// event, and its fixes in memory. A memory that fails is a warning: the fix has landed.
///
/// # Errors
/// When the record cannot be written; the run then stays [`RunState::Applied`].
pub(super) fn landed(
    ports: &Ports<'_>,
    session: &Session<'_>,
    run: &mut Run,
    step: &dyn Fn(&str),
) -> Result<Recorded, PipelineError> {
    let actor = session.actor(Phase::Audit)?;
    let pending = run.unrecorded.clone().unwrap_or_default();
    let resource = if pending.resource.is_empty() { &run.location } else { &pending.resource };
    let content = ContentHash::of(run.patch.as_bytes());
    let note = Note { content: Some(content), policy: pending.policy.clone(), ..Note::default() };
    step("record");
    let entry = match written(ports, run, Phase::Audit.as_str())? {
        Some(index) => index,
        None => session.write(&actor, Phase::Audit.as_str(), resource, AuditResult::Success, &note)?,
    };
    step("tell");
    let compliance_tags = pending.compliance_tags.clone();
    session.emit(EventData::Completed { trace_id: run.trace_id.clone(), compliance_tags })?;
    step("remember");
    let mut warnings = Vec::new();
    if let Some(memory) = ports.memory {
        let verdict = run.verdict.clone().unwrap_or_default();
        let kept = audit::remember(memory, &run.id, &verdict, &pending.landed, ports.witnesses.redact);
        if let Err(error) = kept {
            warnings.push(format!("the fix is not remembered: {error}"));
        }
    }
    step("note the plan");
    if let Some(plan) = &pending.plan
        && let Err(error) = ports.plans.execute(plan)
    {
        warnings.push(format!("plan {plan} is not noted as done: {error}"));
    }
    step("journal completed");
    run.unrecorded = None;
    journal::advance(ports.store, ports.host, run, RunState::Completed)?;
    Ok(Recorded { entry, warnings })
}

/// Writes what is still missing of the record of an undo that has restored every file.
///
/// # Errors
/// When the record cannot be written; the run then stays [`RunState::Undoing`].
pub(super) fn undone(
    ports: &Ports<'_>,
    session: &Session<'_>,
    run: &mut Run,
    step: &dyn Fn(&str),
) -> Result<(), PipelineError> {
    let actor = session.actor(Phase::Integrate)?;
    step("record the undo");
    if written(ports, run, UNDO)?.is_none() {
        let note = Note { content: Some(ContentHash::of(run.patch.as_bytes())), ..Note::default() };
        session.write(&actor, UNDO, &run.location, AuditResult::Success, &note)?;
    }
    step("tell of the undo");
    let layers = run.verdict.clone().unwrap_or_default();
    session.emit(EventData::Rollback { reason: "undone by the user".to_owned(), layers })?;
    step("journal undone");
    run.unrecorded = None;
    journal::advance(ports.store, ports.host, run, RunState::Undone)
}

/// Records an undo that was refused or failed, and gives its error back.
pub(super) fn not_undone(session: &Session<'_>, run: &Run, error: PipelineError) -> PipelineError {
    let written = session
        .actor(Phase::Integrate)
        .and_then(|actor| session.write(&actor, UNDO, &run.location, AuditResult::Failure, &Note::default()));
    written.err().unwrap_or(error)
}

/// The index of the run's successful entry of `action`, if the log has it. Looks back as far as the run
/// began.
fn written(ports: &Ports<'_>, run: &Run, action: &str) -> Result<Option<u64>, PipelineError> {
    let log = ports.witnesses.audit;
    let mut end = log.size()?;
    while end > 0 {
        let start = end.saturating_sub(PAGE);
        let entries = log.entries(start, usize::try_from(end - start).unwrap_or(usize::MAX))?;
        for (index, entry) in entries.iter().rev().filter(|(_, entry)| entry.run == run.id.0) {
            if entry.action == action && entry.result == AuditResult::Success {
                return Ok(Some(*index));
            }
            if entry.action == Phase::Understand.as_str() {
                return Ok(None);
            }
        }
        end = start;
    }
    Ok(None)
}
