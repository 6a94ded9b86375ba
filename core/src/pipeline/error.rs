//! Why a run ended early.

use super::Phase;
use crate::ports::audit_log::AuditError;
use crate::ports::events::EventsError;
use crate::ports::host::NoRandomness;
use crate::ports::identity::IdentityError;
use crate::ports::memory::MemoryError;
use crate::ports::plans::PlansError;
use crate::ports::runner::RunnerError;
use crate::ports::store::StoreError;
use crate::ports::telemetry::TelemetryError;
use crate::ports::workspace::WorkspaceError;

/// What kind of end it was; the caller turns it into an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Internal,
    Denied,
    AuditBroken,
    Interrupted,
    Conflict,
    NotFound,
    /// There is nothing to examine.
    Nothing,
}

#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    #[error("the {phase} phase was refused")]
    Identity { phase: Phase, source: IdentityError },
    #[error("the repository could not be used")]
    Workspace(#[from] WorkspaceError),
    #[error("the journal could not be used")]
    Store(#[from] StoreError),
    #[error("the record could not be written, so nothing more was done")]
    Audit(#[from] AuditError),
    #[error("the event could not be made durable")]
    Events(#[from] EventsError),
    #[error("the memory could not be used")]
    Memory(#[from] MemoryError),
    #[error("the plan could not be used")]
    Plans(#[from] PlansError),
    #[error("the incident could not be read")]
    Telemetry(#[from] TelemetryError),
    #[error("a check could not be run")]
    Runner(#[from] RunnerError),
    #[error(transparent)]
    Host(#[from] NoRandomness),
    #[error("interrupted during {0}; nothing of yours was changed")]
    Interrupted(Phase),
    #[error("there is no run {0} in this repository")]
    NoRun(String),
    #[error("run {run} is {state}, so it cannot be {action}")]
    WrongState { run: String, state: String, action: &'static str },
    #[error("changed since run {run}: {}", files.join(", "))]
    ChangedSince { run: String, files: Vec<String> },
    #[error("{0}")]
    Invalid(String),
}

impl PipelineError {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Identity { .. } => Kind::Denied,
            Self::Audit(_) => Kind::AuditBroken,
            Self::Interrupted(_) => Kind::Interrupted,
            Self::ChangedSince { .. } | Self::WrongState { .. } => Kind::Conflict,
            Self::NoRun(_) | Self::Plans(PlansError::Unknown(_)) => Kind::NotFound,
            Self::Plans(PlansError::Executed(_) | PlansError::Moved(_)) => Kind::Conflict,
            Self::Telemetry(TelemetryError::Nothing(_) | TelemetryError::Missing(_)) => Kind::Nothing,
            _ => Kind::Internal,
        }
    }
}
