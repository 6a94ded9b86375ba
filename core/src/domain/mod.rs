//! The nouns. Data and their invariants, nothing that acts.
//!
//! Never imports an engine, a port or the pipeline.

mod actor;
mod audit_filter;
mod change;
mod content;
pub mod credential;
mod domain_event;
mod event;
mod evidence;
mod finding;
mod hypothesis;
mod identifier;
pub mod incident;
mod lines;
mod path;
mod plan;
mod problem;
mod record;
mod report;
mod run;
mod verdict;

pub use actor::{Actor, ActorKind, Permission, PermissionDenied, Role};
pub use audit_filter::{AuditFilter, AuditHead};
pub use change::{ChangeSet, Edit, FileChange, FixSource, Remediation, RemediationId};
pub use content::{ContentHash, hex};
pub use domain_event::{DomainEvent, Party, Priority, Subject};
pub use event::{EVENT_SOURCE, EventData, RemediationEvent};
pub use evidence::{Evidence, EvidenceKind};
pub use finding::{Category, Confidence, Finding, Location, Persona, Severity, Tier};
pub use hypothesis::{Diagnosis, Hypothesis, Unsupported};
pub use identifier::{Identifiers, gregorian_ticks, trace_id};
pub use lines::Lines;
pub use path::{BadPath, RepoPath};
pub use plan::{Plan, PlanApproval, PlanStatus, PlanStep};
pub use problem::{Problem, ProblemId, ProblemKind};
pub use record::{Asked, AuditEntry, AuditResult, PolicyStamp};
pub use report::{
    AuditPlace, FixReport, Fixed, Left, LeftBecause, LocatedEdit, Note, NoteLevel, Reported, RuleInfo,
    ScanReport, SourceLine, Stats, Suppressed, SuppressedBy,
};
pub use run::{Landed, Run, RunId, RunState, Unrecorded, Write, WriteSet};
pub use verdict::{Layer, LayerOutcome, Verdict};
