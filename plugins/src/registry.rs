//! The one place that turns a name in the configuration into an adapter.
//!
//! No other module names two adapters, and no caller of a port names one. One function a port: it
//! takes a small settings struct with the adapter's name, and an unknown name is an error that lists
//! the known ones.

mod events;
mod governance;
mod identity;
mod incidents;
mod memory;

use crate::cache::embedded::{Bounds, EmbeddedCache};
use crate::delivery::folder::FolderDelivery;
use crate::delivery::infra_manager::InfraManager;
use crate::host::frozen::Frozen;
use crate::host::system::System;
use crate::http::{Limits as ServiceLimits, Server as HttpServer};
use crate::objects::folder::FolderObjects;
use crate::objects::s3::S3Objects;
use crate::replies::embedded::EmbeddedReplies;
use crate::runner::local::LocalRunner;
use crate::store::sqlite::SqliteStore;
use crate::workspace::git::GitWorkspace;
use ecoops_core::config;
use ecoops_core::ports::cache::Cache;
use ecoops_core::ports::delivery::Delivery;
use ecoops_core::ports::host::Host;
use ecoops_core::ports::objects::Objects;
use ecoops_core::ports::replies::{Replies, RepliesError};
use ecoops_core::ports::runner::Runner;
use ecoops_core::ports::store::Store;
use ecoops_core::ports::workspace::{Workspace, WorkspaceError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

pub use events::{
    BusChoice, EventsChoice, LimitsChoice, NotifyChoice, OutsideEventsChoice, broker, bus, events, limits,
    limits_here, notify, notify_outside, outbox, outside_events,
};
pub use governance::{
    PolicyChoice, audit_copy, audit_copy_in_postgres, audit_folder, audit_log, audit_log_of_agent,
    copy_audit_log, export_audit_log, has_audit_log, policy, verify_audit_folder,
};
pub use identity::{
    IdentityChoice, SecretsChoice, auth_service, identity, identity_by_service, identity_with_issuer, secrets,
};
pub use incidents::{IncidentsChoice, TelemetryChoice, bundle, incidents, is_archive, plans, telemetry};
pub use memory::{DEFAULT_MODEL, EmbedderChoice, MemoryChoice, embedder, memory, memory_hub};

// What callers fill in, or need beside a port; they have it from here and name no adapter.
pub use crate::broker::BrokerSettings;
pub use crate::events::embedded::Retention;
pub use crate::identity::auth_service::{AuthError, AuthService, Standing};
pub use crate::identity::by_service::Showing;
pub use crate::identity::logged_in::Login;
pub use crate::identity::oidc::{
    DeviceLogin, Loopback, Oidc, OidcError, OidcSettings, PendingLogin, Person, Polled, Session, SessionStore,
};
pub use crate::identity::settings::IdentitySettings;
pub use crate::objects::s3::S3Settings;
pub use crate::policy::embedded::{
    DEFAULT as DEFAULT_POLICY, DEFAULT_TEST as DEFAULT_POLICY_TEST, PolicySettings,
};
pub use crate::policy::files as policy_files;
pub use crate::postgres::{PostgresError, PostgresSettings, admin as database};
pub use crate::runner::local::Settings as RunnerSettings;
pub use crate::runner::{launcher, tools};
pub use crate::secrets::confirmed::Confirm;
pub use crate::secrets::file::{AskPassphrase, Unlock};
pub use crate::secrets::openbao::{
    Auth as OpenBaoAuth, Certificate, CertificateRequest, OpenBao, OpenBaoSettings,
};
pub use crate::telemetry::capture;
pub use crate::telemetry::files::BundleBounds;
pub use crate::telemetry::http::{Limits as HttpLimits, Server};
pub use crate::telemetry::loki::LokiSettings;
pub use crate::telemetry::prometheus::PrometheusSettings;
pub use crate::workspace::author::{Identities, Variables as IdentityVariables};
pub use crate::workspace::git::Settings as WorkspaceSettings;

/// A password on its way to an adapter; it is wiped when it is dropped.
pub type Password = Zeroizing<String>;

/// Why a port could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    #[error("there is no {port} adapter `{name}`; known: {}", known.join(", "))]
    Unknown { port: &'static str, name: String, known: &'static [&'static str] },
    #[error("the {port} adapter `{name}` cannot be opened")]
    Open {
        port: &'static str,
        name: String,
        #[source]
        why: Box<dyn std::error::Error + Send + Sync>,
    },
}

fn unknown(port: &'static str, name: &str, known: &'static [&'static str]) -> RegistryError {
    RegistryError::Unknown { port, name: name.to_owned(), known }
}

fn open_error(
    port: &'static str,
    name: &str,
) -> impl Fn(Box<dyn std::error::Error + Send + Sync>) -> RegistryError {
    let name = name.to_owned();
    move |why| RegistryError::Open { port, name: name.clone(), why }
}

/// `system` is the machine; `frozen` stands still at 1970 and is predictable, for tests and replay.
///
/// # Errors
/// [`RegistryError::Unknown`].
pub fn host(name: &str) -> Result<Arc<dyn Host>, RegistryError> {
    match name {
        "system" => Ok(Arc::new(System::new())),
        "frozen" => Ok(Arc::new(Frozen::at(jiff::Timestamp::UNIX_EPOCH, 0))),
        _ => Err(unknown("host", name, &["system", "frozen"])),
    }
}

/// A system outside that speaks HTTP.
#[derive(Clone, Default)]
pub struct ServiceChoice {
    /// `http://host:port`, without user and password.
    pub address: String,
    /// A bearer token.
    pub token: Option<Zeroizing<String>>,
    /// Certificates to trust, in PEM; without it those that the system trusts.
    pub ca_file: Option<PathBuf>,
    /// For one request with all its repetitions; the caller's own deadline holds besides.
    pub deadline: Duration,
}

impl std::fmt::Debug for ServiceChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceChoice").field("address", &self.address).finish_non_exhaustive()
    }
}

impl ServiceChoice {
    fn server(&self) -> HttpServer {
        let limits = ServiceLimits::default();
        let whole = if self.deadline.is_zero() { limits.whole } else { self.deadline };
        HttpServer {
            url: self.address.clone(),
            token: self.token.as_ref().map(|token| token.to_string()),
            ca_file: self.ca_file.clone(),
            limits: ServiceLimits { whole, request: limits.request.min(whole), ..limits },
            ..HttpServer::default()
        }
    }
}

/// A file that a setting names; an empty setting names none.
fn named_file(setting: &str) -> Option<PathBuf> {
    (!setting.is_empty()).then(|| PathBuf::from(setting))
}

/// Opens the repository or plain folder that `here` stands in. There is one kind of workspace, on disk.
///
/// # Errors
/// [`WorkspaceError::NotARepository`], which says what to do about it.
pub fn workspace(here: &Path, settings: WorkspaceSettings) -> Result<Arc<dyn Workspace>, WorkspaceError> {
    Ok(Arc::new(GitWorkspace::open(here, settings)?))
}

/// Where the journal is kept.
#[derive(Debug, Clone)]
pub struct StoreChoice {
    /// `sqlite`.
    pub adapter: String,
    /// Holds `runs.sqlite` and `leases/`.
    pub state: PathBuf,
}

/// # Errors
/// [`RegistryError`] when the name is unknown or the journal cannot be opened.
pub fn store(choice: &StoreChoice) -> Result<Arc<dyn Store>, RegistryError> {
    let failed = open_error("store", &choice.adapter);
    match choice.adapter.as_str() {
        "sqlite" => {
            SqliteStore::open(&choice.state).map(|s| Arc::new(s) as _).map_err(|e| failed(Box::new(e)))
        }
        name => Err(unknown("store", name, &["sqlite"])),
    }
}

/// For one large object to come or go.
const LARGE: Duration = Duration::from_secs(60);

/// Where reports and attachments are kept.
#[derive(Debug, Clone, Default)]
pub struct ObjectsChoice {
    /// `folder`, `s3`.
    pub adapter: String,
    /// Holds `objects/`.
    pub state: PathBuf,
    pub s3: S3Settings,
}

impl ObjectsChoice {
    /// As the settings say it; `secret_key` is the credential that they name.
    pub fn of(settings: &config::Objects, state: &Path, secret_key: Option<String>) -> Self {
        let server = HttpServer {
            url: settings.address.clone(),
            ca_file: (!settings.ca_file.is_empty()).then(|| settings.ca_file.clone().into()),
            limits: ServiceLimits { request: LARGE, whole: 3 * LARGE, ..ServiceLimits::default() },
            ..HttpServer::default()
        };
        let s3 = S3Settings {
            server,
            region: settings.region.clone(),
            access_key: settings.access_key.clone(),
            secret_key: secret_key.unwrap_or_default(),
        };
        Self { adapter: settings.adapter.clone(), state: state.to_owned(), s3 }
    }
}

/// # Errors
/// [`RegistryError`] when the name is unknown or the server's address is none.
pub fn objects(choice: &ObjectsChoice, host: Arc<dyn Host>) -> Result<Box<dyn Objects>, RegistryError> {
    let failed = open_error("objects", &choice.adapter);
    match choice.adapter.as_str() {
        "folder" => Ok(Box::new(FolderObjects::new(&choice.state.join("objects")))),
        "s3" => Ok(Box::new(S3Objects::new(choice.s3.clone(), host).map_err(|e| failed(e.into()))?)),
        name => Err(unknown("objects", name, &["folder", "s3"])),
    }
}

/// Results of scans, in a folder of their own.
pub fn cache(folder: &Path) -> Box<dyn Cache> {
    Box::new(EmbeddedCache::new(folder, Bounds::default()))
}

/// The runner of checks: processes of this machine, caged.
pub fn runner(settings: RunnerSettings) -> Box<dyn Runner> {
    Box::new(LocalRunner::new(settings))
}

/// Where applications are deployed to, and how.
#[derive(Debug, Clone)]
pub struct DeliveryChoice {
    /// `folder` or `infra_manager`.
    pub adapter: String,
    /// For `infra_manager`.
    pub service: ServiceChoice,
    pub applications: BTreeMap<String, Vec<String>>,
    pub state: PathBuf,
}

/// # Errors
/// [`RegistryError`] when the name is unknown or an application cannot be used.
pub fn delivery(choice: &DeliveryChoice, host: Arc<dyn Host>) -> Result<Box<dyn Delivery>, RegistryError> {
    let failed = open_error("delivery", &choice.adapter);
    match choice.adapter.as_str() {
        "folder" => {
            let opened = FolderDelivery::new(&choice.applications, &choice.state, host);
            Ok(Box::new(opened.map_err(|e| failed(e.into()))?))
        }
        "infra_manager" => {
            let opened = InfraManager::new(choice.service.server(), host);
            Ok(Box::new(opened.map_err(|e| failed(e.into()))?))
        }
        name => Err(unknown("delivery", name, &["folder", "infra_manager"])),
    }
}

/// Answers by idempotency key, in the file at `path`.
///
/// # Errors
/// [`RepliesError`] when the file cannot be used.
pub fn replies(path: &Path) -> Result<Box<dyn Replies>, RepliesError> {
    Ok(Box::new(EmbeddedReplies::open(path)?))
}

/// Whether this kernel can confine what the runner starts (Landlock).
pub fn sandbox_works() -> bool {
    crate::runner::confine::works()
}
