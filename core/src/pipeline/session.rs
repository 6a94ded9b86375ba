//! What every phase does besides its work: verifies its actor, opens a span, writes its audit
//! entry and emits its event.
//!
//! Never looks at what a phase found; it is told what to write down.

use super::{Phase, PipelineError};
use crate::domain::{
    AuditEntry, AuditResult, ContentHash, EVENT_SOURCE, EventData, PolicyStamp, RemediationEvent, RunId,
};
use crate::ports::audit_log::AuditLog;
use crate::ports::events::Events;
use crate::ports::host::Host;
use crate::ports::identity::{Identity, IdentityError, Token};
use std::cell::RefCell;

/// Seconds that a token lives. A phase that outlives it asks for a new one.
const TOKEN_SECONDS: u32 = 900;

/// One run's actor, trace and record. Not shared between threads: phases follow one another.
pub struct Session<'a> {
    pub run: RunId,
    /// UUID v1.
    pub trace_id: String,
    /// `file:` URI of the repository.
    pub uri: String,
    identity: &'a dyn Identity,
    audit: &'a dyn AuditLog,
    events: &'a dyn Events,
    host: &'a dyn Host,
    redact: &'a dyn Fn(&str) -> String,
    token: RefCell<Token>,
}

impl std::fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("run", &self.run)
            .field("trace_id", &self.trace_id)
            .finish_non_exhaustive()
    }
}

/// What is written down of a phase.
#[derive(Debug, Default)]
pub struct Note {
    pub content: Option<ContentHash>,
    pub policy: Option<PolicyStamp>,
    pub event: Option<EventData>,
    /// The phase ended without an error, but what it did must count as this.
    pub result: Option<AuditResult>,
}

/// The ports of a session.
pub struct Witnesses<'a> {
    pub identity: &'a dyn Identity,
    pub audit: &'a dyn AuditLog,
    pub events: &'a dyn Events,
    pub host: &'a dyn Host,
    /// Takes secrets out of a text; every event passes through it.
    pub redact: &'a dyn Fn(&str) -> String,
}

impl std::fmt::Debug for Witnesses<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Witnesses")
    }
}

impl<'a> Session<'a> {
    /// # Errors
    /// [`PipelineError::Identity`] when the user cannot be identified.
    pub fn open(
        run: RunId,
        trace_id: String,
        uri: String,
        witnesses: &Witnesses<'a>,
    ) -> Result<Self, PipelineError> {
        let token = witnesses
            .identity
            .login(TOKEN_SECONDS)
            .map_err(|source| PipelineError::Identity { phase: Phase::Understand, source })?;
        Ok(Self {
            run,
            trace_id,
            uri,
            identity: witnesses.identity,
            audit: witnesses.audit,
            events: witnesses.events,
            host: witnesses.host,
            redact: witnesses.redact,
            token: RefCell::new(token),
        })
    }

    /// The verified id of whoever acts in `phase`.
    ///
    /// # Errors
    /// [`PipelineError::Identity`] when the token does not verify or lacks the phase's permission.
    pub fn actor(&self, phase: Phase) -> Result<String, PipelineError> {
        let refused = |source| PipelineError::Identity { phase, source };
        let checked = self.identity.check(&self.token.borrow(), phase.permission());
        let actor = match checked {
            Err(IdentityError::Expired(_)) => {
                let fresh = self.identity.login(TOKEN_SECONDS).map_err(refused)?;
                let actor = self.identity.check(&fresh, phase.permission()).map_err(refused)?;
                self.token.replace(fresh);
                actor
            }
            other => other.map_err(refused)?,
        };
        Ok(actor.id)
    }

    /// Runs one phase on `resource`: permission, span, work, audit entry, event. What `note` returns is
    /// written before the phase counts as done; a failure is written too.
    ///
    /// # Errors
    /// The work's own, a missing permission, or a record or event that could not be written.
    pub fn phase<T>(
        &self,
        phase: Phase,
        resource: &str,
        work: impl FnOnce() -> Result<T, PipelineError>,
        note: impl FnOnce(&T) -> Note,
    ) -> Result<T, PipelineError> {
        let span =
            tracing::info_span!("phase", name = phase.as_str(), trace_id = %self.trace_id, run = %self.run.0);
        let _entered = span.enter();
        let actor = match self.actor(phase) {
            Ok(actor) => actor,
            Err(refusal) => {
                self.write("unverified", phase.as_str(), resource, AuditResult::Denied, &Note::default())?;
                return Err(refusal);
            }
        };
        match work() {
            Ok(done) => {
                let note = note(&done);
                let result = note.result.unwrap_or(AuditResult::Success);
                self.write(&actor, phase.as_str(), resource, result, &note)?;
                if let Some(event) = note.event {
                    self.emit(event)?;
                }
                Ok(done)
            }
            Err(error) => {
                self.write(&actor, phase.as_str(), resource, AuditResult::Failure, &Note::default())?;
                Err(error)
            }
        }
    }

    /// Appends one audit entry.
    ///
    /// # Errors
    /// [`PipelineError::Audit`]: a run that cannot be recorded stops.
    pub fn write(
        &self,
        actor: &str,
        action: &str,
        resource: &str,
        result: AuditResult,
        note: &Note,
    ) -> Result<u64, PipelineError> {
        let entry = AuditEntry {
            timestamp: self.host.now().to_string(),
            trace_id: self.trace_id.clone(),
            run: self.run.0.clone(),
            actor: actor.to_owned(),
            action: action.to_owned(),
            resource: (self.redact)(resource),
            result,
            policy: note.policy.clone(),
            content_hash: note.content.clone(),
            urn: format!("urn:ecoops:run:{}", self.run.0),
            uri: self.uri.clone(),
            signer: "self".to_owned(),
            asked: None,
            details: None,
        };
        let appended = self.audit.append(&[entry])?;
        Ok(appended.first().map_or(0, |a| a.index))
    }

    /// Makes an event durable, once however often it is tried.
    ///
    /// # Errors
    /// [`PipelineError::Events`] when it could not be stored.
    pub fn emit(&self, data: EventData) -> Result<(), PipelineError> {
        let data = self.redacted(data);
        let key = format!("{}:{}", self.run.0, ContentHash::of(format!("{data:?}").as_bytes()).hex());
        let event = RemediationEvent {
            data,
            source: EVENT_SOURCE.to_owned(),
            timestamp: self.host.now().to_string(),
            trace_id: self.trace_id.clone(),
        };
        self.events.publish(&event, &key)?;
        Ok(())
    }

    fn redacted(&self, data: EventData) -> EventData {
        let clean = |text: String| (self.redact)(&text);
        match data {
            EventData::Started { problem_id, target_path, actor } => {
                EventData::Started { problem_id, target_path: clean(target_path), actor }
            }
            EventData::Analyzed { root_causes, severity } => {
                EventData::Analyzed { root_causes: root_causes.into_iter().map(clean).collect(), severity }
            }
            EventData::Fixed { commit_sha, patch_diff } => {
                EventData::Fixed { commit_sha, patch_diff: clean(patch_diff) }
            }
            EventData::Rollback { reason, layers } => EventData::Rollback { reason: clean(reason), layers },
            same @ (EventData::Validated { .. } | EventData::Completed { .. }) => same,
        }
    }
}
