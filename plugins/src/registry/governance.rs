//! Who decides, and where it is recorded.

use super::{IncidentsChoice, PolicySettings, RegistryError, ServiceChoice, open_error, unknown};
use crate::audit_log::embedded as audit;
use crate::audit_log::embedded::EmbeddedAuditLog;
use crate::audit_log::policy_audit::PolicyAuditCopy;
use crate::audit_log::postgres::PgAuditCopy;
use crate::policy::asked::{Asked as AskedPolicy, Remote as RemotePolicy, System as PolicySystem};
use crate::policy::embedded::Embedded as EmbeddedPolicy;
use ecoops_core::engines::redact::Redactor;
use ecoops_core::ports::audit_log::{AuditCopy, AuditError, AuditLog, Verified};
use ecoops_core::ports::policy::Policy;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Who decides.
#[derive(Debug, Clone)]
pub struct PolicyChoice {
    /// `embedded`, or with it `opa` or `policy_audit`.
    pub adapter: String,
    pub settings: PolicySettings,
    /// For those outside.
    pub service: ServiceChoice,
    /// How long a decision from outside is good for.
    pub good_for: Duration,
    /// Takes the secrets out of what leaves.
    pub redactor: Option<Redactor>,
}

impl PolicyChoice {
    /// The policies in this process alone.
    pub fn embedded(settings: PolicySettings) -> Self {
        let (service, good_for) = (ServiceChoice::default(), Duration::ZERO);
        Self { adapter: "embedded".into(), settings, service, good_for, redactor: None }
    }
}

/// # Errors
/// [`RegistryError::Unknown`]. A policy that cannot be used is no error here: it denies, aloud.
pub fn policy(choice: &PolicyChoice) -> Result<Box<dyn Policy>, RegistryError> {
    match choice.adapter.as_str() {
        "embedded" => Ok(Box::new(EmbeddedPolicy::new(&choice.settings))),
        "opa" => asked(choice, PolicySystem::Opa),
        "policy_audit" => asked(choice, PolicySystem::PolicyAudit),
        name => Err(unknown("policy", name, &["embedded", "opa", "policy_audit"])),
    }
}

fn asked(choice: &PolicyChoice, system: PolicySystem) -> Result<Box<dyn Policy>, RegistryError> {
    let (server, good_for, redactor) = (choice.service.server(), choice.good_for, choice.redactor.clone());
    let opened = AskedPolicy::new(&choice.settings, RemotePolicy { system, server, good_for, redactor });
    Ok(Box::new(opened.map_err(|e| open_error("policy", &choice.adapter)(e.into()))?))
}

/// The kernel's policy-audit as a copy of the audit log.
///
/// # Errors
/// [`RegistryError`] when the address is none.
pub fn audit_copy(service: &ServiceChoice) -> Result<Box<dyn AuditCopy>, RegistryError> {
    let opened = PolicyAuditCopy::new(service.server());
    Ok(Box::new(opened.map_err(|e| open_error("audit log", "policy_audit")(e.into()))?))
}

/// The server that holds the incidents as a copy of the audit log, asked when something is copied.
pub fn audit_copy_in_postgres(choice: &IncidentsChoice) -> Box<dyn AuditCopy> {
    Box::new(PgAuditCopy::new(choice.postgres.clone()))
}

/// Copies what is new in the audit log to the server that holds the incidents; how many entries.
///
/// # Errors
/// [`AuditError`]; what was copied until then is there.
pub fn copy_audit_log(choice: &IncidentsChoice, log: &dyn AuditLog) -> Result<u64, AuditError> {
    if choice.postgres.address.is_empty() {
        return Err(AuditError::Storage("no server is named: set incidents.address".into()));
    }
    PgAuditCopy::new(choice.postgres.clone()).catch_up(log)
}

/// The audit log of a state folder. One that is begun takes its name from `origin`; see
/// [`EmbeddedAuditLog::in_state`].
///
/// # Errors
/// [`AuditError`] when its key cannot be used, or it is broken.
pub fn audit_log(state: &Path, origin: &str) -> Result<Box<dyn AuditLog>, AuditError> {
    Ok(Box::new(EmbeddedAuditLog::in_state(state, origin)?))
}

/// The same, opened by the one process that writes for others: what it appends says so.
///
/// # Errors
/// As [`audit_log`].
pub fn audit_log_of_agent(state: &Path, origin: &str) -> Result<Box<dyn AuditLog>, AuditError> {
    Ok(Box::new(EmbeddedAuditLog::signed_by(state, origin, "agent")?))
}

/// Whether a state folder holds an audit log at all.
pub fn has_audit_log(state: &Path) -> bool {
    audit::has_log(state)
}

/// The folder of a state folder's audit log, in the tlog-tiles layout.
pub fn audit_folder(state: &Path) -> PathBuf {
    audit::log_folder(state)
}

/// Verifies the folder of an audit log, or a copy of it, with its public key alone.
///
/// # Errors
/// [`AuditError::Broken`] says what does not hold.
pub fn verify_audit_folder(folder: &Path, key: &str) -> Result<Verified, AuditError> {
    audit::verify_folder(folder, key)
}

/// Copies the audit log of a state folder to a new folder, as any tlog-tiles client reads it.
///
/// # Errors
/// [`AuditError`]; then nothing of the copy is left.
pub fn export_audit_log(state: &Path, to: &Path) -> Result<Verified, AuditError> {
    EmbeddedAuditLog::in_state(state, audit::ORIGIN)?.export(to)
}
