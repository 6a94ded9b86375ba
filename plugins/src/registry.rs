//! The one place that turns a name in the configuration into an adapter.
//!
//! No other module names two adapters, and no caller of a port names one. One function a port: it
//! takes a small settings struct with the adapter's name, and an unknown name is an error that lists
//! the known ones.

use crate::audit_log::embedded::{self as audit, EmbeddedAuditLog};
use crate::audit_log::policy_audit::PolicyAuditCopy;
use crate::audit_log::postgres::AuditCopy as PgAuditCopy;
use crate::bus::embedded::EmbeddedBus;
use crate::bus::event_bus::EventBus;
use crate::bus::redis::RedisBus;
use crate::cache::embedded::{Bounds, EmbeddedCache};
use crate::delivery::folder::FolderDelivery;
use crate::delivery::infra_manager::InfraManager;
use crate::embedder::cached::{CachedEmbedder, ENTRIES};
use crate::embedder::embedded::EmbeddedEmbedder;
use crate::embedder::openai::OpenAiEmbedder;
use crate::embedder::redacted::RedactedEmbedder;
use crate::embedder::standby::StandbyEmbedder;
use crate::events::embedded::Embedded as EmbeddedEvents;
use crate::events::kafka::KafkaEvents;
use crate::events::kafka::session::KafkaSettings;
use crate::events::nats::NatsEvents;
use crate::events::nats::session::NatsSettings;
use crate::events::redis::{RedisEvents, RedisEventsSettings};
use crate::host::{frozen::Frozen, system::System};
use crate::http::{Limits as ServiceLimits, Server as HttpServer};
use crate::identity::logged_in::LoggedIn;
use crate::identity::os_user::OsUser;
use crate::incidents::embedded::{EmbeddedIncidents, IngestBounds};
use crate::incidents::postgres::PgIncidents;
use crate::limits::embedded::EmbeddedLimits;
use crate::limits::redis::RedisLimits;
use crate::memory::embedded::EmbeddedMemory;
use crate::memory::memory_hub::MemoryHub;
use crate::memory::pgvector::PgMemory;
use crate::memory::redacted::RedactedMemory;
use crate::memory::remembered::RememberedMemory;
use crate::notify::bus::BusNotify;
use crate::notify::slack::Slack;
use crate::notify::webhook::Webhook;
use crate::objects::folder::FolderObjects;
use crate::objects::s3::S3Objects;
use crate::policy::asked::{Asked as AskedPolicy, Remote as RemotePolicy, System as PolicySystem};
use crate::policy::embedded::Embedded as EmbeddedPolicy;
use crate::replies::embedded::EmbeddedReplies;
use crate::runner::local::LocalRunner;
use crate::secrets::confirmed::Confirmed;
use crate::secrets::file::FileSecrets;
use crate::secrets::keyring::KeyringSecrets;
use crate::secrets::layered::Layered;
use crate::secrets::openbao::OpenBao;
use crate::store::sqlite::SqliteStore;
use crate::telemetry::alertmanager::Alertmanager;
use crate::telemetry::files::FileBundle;
use crate::telemetry::loki::Loki;
use crate::telemetry::prometheus::Prometheus;
use crate::telemetry::tempo::Tempo;
use crate::workspace::git::GitWorkspace;
use ecoops_core::config::{self, Sink, SinkKind};
use ecoops_core::engines::redact::Redactor;
use ecoops_core::ports::audit_log::{AuditCopy, AuditError, AuditLog, Verified};
use ecoops_core::ports::bus::Bus;
use ecoops_core::ports::cache::Cache;
use ecoops_core::ports::delivery::Delivery;
use ecoops_core::ports::embedder::Embedder;
use ecoops_core::ports::events::{Events, Outbox};
use ecoops_core::ports::host::Host;
use ecoops_core::ports::identity::Identity;
use ecoops_core::ports::incidents::Incidents;
use ecoops_core::ports::limits::Limits;
use ecoops_core::ports::memory::Memory;
use ecoops_core::ports::notify::Notify;
use ecoops_core::ports::objects::Objects;
use ecoops_core::ports::policy::Policy;
use ecoops_core::ports::replies::{Replies, RepliesError};
use ecoops_core::ports::runner::Runner;
use ecoops_core::ports::secrets::Secrets;
use ecoops_core::ports::store::Store;
use ecoops_core::ports::telemetry::{Telemetry, TelemetryError};
use ecoops_core::ports::workspace::{Workspace, WorkspaceError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use zeroize::Zeroizing;

// What callers fill in, or need beside a port; they have it from here and name no adapter.
pub use crate::events::embedded::Retention;
pub use crate::identity::logged_in::{Login, headers_for};
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
pub use crate::redis_server::client::RedisSettings;
pub use crate::runner::local::Settings as RunnerSettings;
pub use crate::runner::{launcher, tools};
pub use crate::secrets::confirmed::Confirm;
pub use crate::secrets::file::{AskPassphrase, Unlock};
pub use crate::secrets::openbao::{Auth as OpenBaoAuth, Certificate, OpenBaoSettings};
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

/// Where and how to find out who is asking.
#[derive(Debug, Clone)]
pub struct IdentityChoice {
    /// `os-user`.
    pub adapter: String,
    /// Holds the signing key: `<state>/identity`.
    pub folder: PathBuf,
    pub settings: IdentitySettings,
}

/// # Errors
/// [`RegistryError`] when the name is unknown or the key cannot be used.
pub fn identity(choice: &IdentityChoice, host: Arc<dyn Host>) -> Result<Box<dyn Identity>, RegistryError> {
    let failed = open_error("identity", &choice.adapter);
    match choice.adapter.as_str() {
        "os-user" => {
            let opened = OsUser::open(&choice.folder, choice.settings.clone(), host);
            Ok(Box::new(opened.map_err(|e| failed(e.into()))?))
        }
        name => Err(unknown("identity", name, &["os-user"])),
    }
}

/// The same with logins at an issuer: its roles are in `choice.settings`; without `login` only bearer tokens of
/// others are verified by it.
///
/// # Errors
/// As [`identity`].
pub fn identity_with_issuer(
    choice: &IdentityChoice,
    oidc: Oidc,
    login: Option<Login>,
    host: Arc<dyn Host>,
) -> Result<Box<dyn Identity>, RegistryError> {
    let failed = open_error("identity", "oidc");
    let local = OsUser::open(&choice.folder, choice.settings.clone(), host).map_err(|e| failed(e.into()))?;
    Ok(Box::new(LoggedIn::new(local, oidc, login)))
}

/// Where credentials live.
#[derive(Clone)]
pub struct SecretsChoice {
    /// `auto` (the desktop's keyring where there is one, else the file), `keyring`, `file` or `openbao`.
    pub adapter: String,
    /// The encrypted file: `<state>/credentials.json`.
    pub file: PathBuf,
    pub unlock: Unlock,
    /// What our entries of a keyring are found by.
    pub service: String,
    /// The server of `openbao`; how to log in there may itself be a credential of the others.
    pub openbao: Option<OpenBaoSettings>,
    /// Asks before a use that is to be confirmed.
    pub confirm: Arc<Confirm>,
}

impl std::fmt::Debug for SecretsChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretsChoice")
            .field("adapter", &self.adapter)
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// # Errors
/// [`RegistryError`] when the name is unknown, or there is no keyring and one is demanded.
pub fn secrets(choice: &SecretsChoice, host: Arc<dyn Host>) -> Result<Box<dyn Secrets>, RegistryError> {
    let failed = open_error("secrets", &choice.adapter);
    let file = || FileSecrets::new(choice.file.clone(), choice.unlock.clone(), host.clone());
    let keyring = || KeyringSecrets::open(choice.service.clone(), host.clone());
    let opened: Box<dyn Secrets> = match choice.adapter.as_str() {
        "auto" => match keyring() {
            Ok(keyring) => Box::new(Layered::new(Box::new(keyring), Box::new(file()))),
            Err(_) => Box::new(file()),
        },
        "keyring" => Box::new(keyring().map_err(|e| failed(e.into()))?),
        "file" => Box::new(file()),
        "openbao" => {
            let none = || failed("no server is named (openbao.address)".into());
            let settings = choice.openbao.clone().ok_or_else(none)?;
            Box::new(OpenBao::new(settings, host.clone()).map_err(|e| failed(e.into()))?)
        }
        name => return Err(unknown("secrets", name, &["auto", "keyring", "file", "openbao"])),
    };
    Ok(Box::new(Confirmed::new(opened, choice.confirm.clone())))
}

/// Where the events go.
#[derive(Debug, Clone)]
pub struct EventsChoice {
    /// `embedded`.
    pub adapter: String,
    /// The log's file: `<state>/events.sqlite`.
    pub file: PathBuf,
    pub retention: Retention,
    /// Groups for which events are kept until they are settled.
    pub outboxes: Vec<String>,
}

/// # Errors
/// [`RegistryError`] when the name is unknown or the log cannot be used.
pub fn events(choice: &EventsChoice, host: Arc<dyn Host>) -> Result<Box<dyn Events>, RegistryError> {
    outbox(choice, host).map(|log| log as _)
}

/// The same log, for whoever carries it elsewhere.
///
/// # Errors
/// As [`events`].
pub fn outbox(choice: &EventsChoice, host: Arc<dyn Host>) -> Result<Box<dyn Outbox>, RegistryError> {
    let failed = open_error("events", &choice.adapter);
    match choice.adapter.as_str() {
        "embedded" => {
            let opened = EmbeddedEvents::open(&choice.file, choice.retention, host);
            Ok(Box::new(opened.map_err(|e| failed(e.into()))?.keeping(choice.outboxes.clone())))
        }
        name => Err(unknown("events", name, &["embedded"])),
    }
}

/// Entries that an outside stream keeps, roughly.
const KEPT_OUTSIDE: u64 = 100_000;

/// The event system outside that takes what is durable here.
#[derive(Clone)]
pub struct OutsideEventsChoice {
    /// `embedded`, which is none, `redis`, `nats` or `kafka`.
    pub adapter: String,
    /// Without user and password.
    pub address: String,
    /// The stream there.
    pub stream: String,
    pub user: Option<String>,
    pub password: Option<Password>,
    /// After so many failed attempts an event is a dead letter of its group.
    pub attempts: u32,
    /// For one call.
    pub deadline: Duration,
}

impl std::fmt::Debug for OutsideEventsChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { adapter, address, stream, .. } = self;
        f.debug_struct("OutsideEventsChoice")
            .field("adapter", adapter)
            .field("address", address)
            .field("stream", stream)
            .finish_non_exhaustive()
    }
}

/// Nothing is connected before the first call; `None` when the events stay here.
///
/// # Errors
/// [`RegistryError`] when the name is unknown, or the address or the stream is none.
pub fn outside_events(
    choice: &OutsideEventsChoice,
    host: Arc<dyn Host>,
) -> Result<Option<Box<dyn Events>>, RegistryError> {
    let failed = open_error("events", &choice.adapter);
    match choice.adapter.as_str() {
        "embedded" => Ok(None),
        "redis" => {
            let settings = RedisEventsSettings {
                server: RedisSettings {
                    address: choice.address.clone(),
                    user: choice.user.clone(),
                    password: choice.password.clone(),
                    deadline: choice.deadline,
                },
                stream: choice.stream.clone(),
                keep: KEPT_OUTSIDE,
                attempts: choice.attempts,
            };
            Ok(Some(Box::new(RedisEvents::new(settings, host).map_err(|e| failed(e.into()))?)))
        }
        "nats" => {
            let settings = NatsSettings {
                address: choice.address.clone(),
                user: choice.user.clone(),
                password: choice.password.clone(),
                deadline: choice.deadline,
                stream: choice.stream.clone(),
                keep: KEPT_OUTSIDE,
                attempts: choice.attempts,
            };
            Ok(Some(Box::new(NatsEvents::new(settings, host).map_err(|e| failed(e.into()))?)))
        }
        "kafka" => {
            let settings = KafkaSettings {
                address: choice.address.clone(),
                user: choice.user.clone(),
                password: choice.password.clone(),
                deadline: choice.deadline,
                topic: choice.stream.clone(),
                attempts: choice.attempts,
            };
            Ok(Some(Box::new(KafkaEvents::new(settings, host).map_err(|e| failed(e.into()))?)))
        }
        name => Err(unknown("events", name, &["embedded", "redis", "nats", "kafka"])),
    }
}

/// The same, as a receiver of the local log's events.
///
/// # Errors
/// As [`outside_events`], and when the adapter is `embedded`.
pub fn notify_outside(
    choice: &OutsideEventsChoice,
    host: Arc<dyn Host>,
) -> Result<Box<dyn Notify>, RegistryError> {
    let failed = open_error("events", &choice.adapter);
    let events = outside_events(choice, host)?.ok_or_else(|| failed("it is here, not outside".into()))?;
    Ok(Box::new(BusNotify::new(events, format!("{}:{}", choice.adapter, choice.stream))))
}

/// Who counts requests.
#[derive(Debug, Clone)]
pub struct LimitsChoice {
    /// `embedded` or `redis`.
    pub adapter: String,
    /// Requests a second, at least 1.
    pub rate: u32,
    /// For `redis`.
    pub server: Option<RedisSettings>,
}

/// # Errors
/// [`RegistryError`] when the name is unknown or the address is none.
pub fn limits(choice: &LimitsChoice) -> Result<Box<dyn Limits>, RegistryError> {
    let failed = open_error("limits", &choice.adapter);
    match choice.adapter.as_str() {
        "embedded" => Ok(limits_here(choice.rate)),
        "redis" => {
            let server = choice.server.as_ref().ok_or_else(|| failed("it has no address".into()))?;
            Ok(Box::new(RedisLimits::new(server, choice.rate).map_err(|e| failed(e.into()))?))
        }
        name => Err(unknown("limits", name, &["embedded", "redis"])),
    }
}

/// Requests of this process alone; `rate` a second.
pub fn limits_here(rate: u32) -> Box<dyn Limits> {
    Box::new(EmbeddedLimits::new(rate))
}

/// Who is told of events.
#[derive(Debug, Clone)]
pub struct NotifyChoice {
    pub sink: Sink,
    /// The credential that the sink names.
    pub secret: Option<String>,
}

/// A receiver's server: one try a request, because the log repeats.
fn server(url: &str) -> crate::http::Server {
    let limits = crate::http::Limits { tries: 1, answer: 1 << 20, ..Default::default() };
    crate::http::Server { url: url.to_owned(), limits, ..Default::default() }
}

fn secret(choice: &NotifyChoice) -> Result<&str, String> {
    let none = || format!("there is no credential `{}`", choice.sink.secret);
    choice.secret.as_deref().filter(|secret| !secret.is_empty()).ok_or_else(none)
}

/// # Errors
/// [`RegistryError`] when it cannot be opened.
pub fn notify(choice: &NotifyChoice, host: Arc<dyn Host>) -> Result<Box<dyn Notify>, RegistryError> {
    let sink = &choice.sink;
    match sink.kind {
        SinkKind::Log => {
            let log = EventsChoice {
                adapter: "embedded".to_owned(),
                file: PathBuf::from(&sink.path),
                retention: Retention::default(),
                outboxes: Vec::new(),
            };
            Ok(Box::new(BusNotify::new(events(&log, host)?, format!("file:{}", sink.path))))
        }
        SinkKind::Webhook => {
            let opened = secret(choice).and_then(|s| Webhook::new(server(&sink.url), s, host));
            Ok(Box::new(opened.map_err(|why| open_error("notify", "webhook")(why.into()))?))
        }
        SinkKind::Slack => {
            let opened = secret(choice).and_then(|s| Slack::new(server(""), s));
            Ok(Box::new(opened.map_err(|why| open_error("notify", "slack")(why.into()))?))
        }
    }
}

/// A system outside that speaks HTTP.
#[derive(Clone, Default)]
pub struct ServiceChoice {
    /// `http://host:port`, without user and password.
    pub address: String,
    /// A bearer token.
    pub token: Option<Zeroizing<String>>,
    pub offline: bool,
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
            offline: self.offline,
            limits: ServiceLimits { whole, request: limits.request.min(whole), ..limits },
            ..HttpServer::default()
        }
    }
}

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

/// The kernel's memory-hub.
///
/// # Errors
/// [`RegistryError`] when the address is none.
pub fn memory_hub(service: &ServiceChoice) -> Result<Box<dyn Memory>, RegistryError> {
    let opened = MemoryHub::new(service.server());
    Ok(Box::new(opened.map_err(|e| open_error("memory", "memory_hub")(e.into()))?))
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

/// Where incidents are kept.
#[derive(Debug, Clone, Default)]
pub struct IncidentsChoice {
    /// `sqlite`, `postgres`.
    pub adapter: String,
    /// Holds `incidents.sqlite`: everything, or the signals of this machine.
    pub state: PathBuf,
    pub postgres: PostgresSettings,
}

impl IncidentsChoice {
    /// As the settings say it; `password` is the credential that they name.
    pub fn of(settings: &config::Incidents, state: &Path, password: Option<String>, offline: bool) -> Self {
        let postgres = PostgresSettings {
            address: settings.address.clone(),
            login: settings.login.clone(),
            password,
            org: settings.org.clone(),
            offline,
            ..PostgresSettings::default()
        };
        Self { adapter: settings.adapter.clone(), state: state.to_owned(), postgres }
    }
}

/// # Errors
/// [`RegistryError`] when the name is unknown or the file cannot be used. A server is asked when it is first needed.
pub fn incidents(choice: &IncidentsChoice) -> Result<Box<dyn Incidents>, RegistryError> {
    let failed = open_error("incidents", &choice.adapter);
    let local =
        || EmbeddedIncidents::open(&choice.state, IngestBounds::default()).map_err(|e| failed(e.into()));
    match choice.adapter.as_str() {
        "sqlite" => Ok(Box::new(local()?)),
        "postgres" => Ok(Box::new(PgIncidents::new(choice.postgres.clone(), local()?))),
        name => Err(unknown("incidents", name, &["sqlite", "postgres"])),
    }
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

/// Where reports and attachments are kept.
#[derive(Debug, Clone, Default)]
pub struct ObjectsChoice {
    /// `folder`, `s3`.
    pub adapter: String,
    /// Holds `objects/`.
    pub state: PathBuf,
    pub s3: S3Settings,
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

/// The incident bundle at `path`, a folder or a `.tar.zst`, as a source of telemetry.
///
/// # Errors
/// [`TelemetryError`] when there is none, or it is no bundle.
pub fn bundle(path: &Path, bounds: BundleBounds) -> Result<Box<dyn Telemetry>, TelemetryError> {
    Ok(Box::new(FileBundle::open(path, bounds)?))
}

/// A folder in which loose files were put together, which messages call `label`.
///
/// # Errors
/// As [`bundle`].
pub fn loose(path: &Path, label: String, bounds: BundleBounds) -> Result<Box<dyn Telemetry>, TelemetryError> {
    Ok(Box::new(FileBundle::open(path, bounds)?.called(label)))
}

/// A bundle, or a folder of loose files that messages call by `label`, whose reading ends soon after `stop` is set.
///
/// # Errors
/// As [`bundle`].
pub fn stoppable(
    path: &Path,
    label: Option<String>,
    bounds: BundleBounds,
    stop: Arc<AtomicBool>,
) -> Result<Box<dyn Telemetry>, TelemetryError> {
    let bundle = FileBundle::open(path, bounds)?.until(stop);
    Ok(Box::new(match label {
        Some(label) => bundle.called(label),
        None => bundle,
    }))
}

/// A server that holds signals.
#[derive(Debug, Clone, Default)]
pub struct TelemetryChoice {
    /// `prometheus`, `alertmanager`, `loki`, `tempo`.
    pub adapter: String,
    pub server: Server,
    pub prometheus: PrometheusSettings,
    pub loki: LokiSettings,
    /// Traces asked of Tempo for one range; 0 stands for 200.
    pub traces: usize,
}

/// # Errors
/// [`RegistryError`] when the name is unknown, or the address is none.
pub fn telemetry(choice: TelemetryChoice) -> Result<Box<dyn Telemetry>, RegistryError> {
    let failed = open_error("telemetry", &choice.adapter);
    let opened: Result<Box<dyn Telemetry>, TelemetryError> = match choice.adapter.as_str() {
        "prometheus" => Prometheus::new(choice.server, choice.prometheus).map(|a| Box::new(a) as _),
        "alertmanager" => Alertmanager::new(choice.server).map(|a| Box::new(a) as _),
        "loki" => Loki::new(choice.server, choice.loki).map(|a| Box::new(a) as _),
        "tempo" => Tempo::new(choice.server, if choice.traces == 0 { 200 } else { choice.traces })
            .map(|a| Box::new(a) as _),
        name => return Err(unknown("telemetry", name, &["prometheus", "alertmanager", "loki", "tempo"])),
    };
    opened.map_err(|e| failed(Box::new(e)))
}

/// Results of scans, in a folder of their own.
pub fn cache(folder: &Path) -> Box<dyn Cache> {
    Box::new(EmbeddedCache::new(folder, Bounds::default()))
}

/// The runner of checks: processes of this machine, caged.
pub fn runner(settings: RunnerSettings) -> Box<dyn Runner> {
    Box::new(LocalRunner::new(settings))
}

/// The model that a server of the OpenAI protocol is asked for when no other is named.
pub const DEFAULT_MODEL: &str = "text-embedding-3-small";

/// What embeds.
#[derive(Debug, Clone, Default)]
pub struct EmbedderChoice {
    /// `builtin`, which works offline, or a model of `server`, where `builtin` stands for [`DEFAULT_MODEL`].
    pub model: String,
    /// A server of the OpenAI protocol.
    pub server: Option<crate::http::Server>,
    /// Holds `vectors.sqlite`, what the server made.
    pub state: PathBuf,
    /// Takes secrets out of what the server gets; without one nothing is sent.
    pub redactor: Option<Redactor>,
}

impl EmbedderChoice {
    /// As the settings say it; `key` is the credential that they name.
    pub fn of(
        settings: &config::Memory,
        state: &Path,
        key: Option<String>,
        redactor: Option<Redactor>,
        offline: bool,
    ) -> Self {
        let server = crate::http::Server {
            url: settings.embeddings.clone(),
            token: key,
            offline,
            ..crate::http::Server::default()
        };
        let server = (!settings.embeddings.is_empty()).then_some(server);
        Self { model: settings.model.clone(), server, state: state.to_owned(), redactor }
    }
}

/// The embedding model. One of a server is asked once for each text, and the built-in one stands in while it is away.
///
/// # Errors
/// [`RegistryError`] when there is none of this name, or the server's address is none.
pub fn embedder(choice: &EmbedderChoice) -> Result<Arc<dyn Embedder>, RegistryError> {
    let failed = open_error("embedder", &choice.model);
    let builtin = Arc::new(EmbeddedEmbedder::new());
    let Some(server) = &choice.server else {
        return match choice.model.as_str() {
            "builtin" => Ok(builtin),
            name => Err(unknown("embedder", name, &["builtin", "any of a server: set memory.embeddings"])),
        };
    };
    let model = if choice.model == "builtin" { DEFAULT_MODEL } else { &choice.model };
    let asked = OpenAiEmbedder::new(server.clone(), model).map_err(|e| failed(e.into()))?;
    let redactor = choice.redactor.clone().ok_or_else(|| failed(NO_REDACTOR.into()))?;
    let clean = RedactedEmbedder::new(Arc::new(asked), redactor);
    let file = choice.state.join("vectors.sqlite");
    let cached = CachedEmbedder::open(&file, Arc::new(clean), ENTRIES).map_err(|e| failed(e.into()))?;
    Ok(Arc::new(StandbyEmbedder::new(Arc::new(cached), builtin)))
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

/// Where other programs' events go.
#[derive(Debug, Clone)]
pub struct BusChoice {
    /// `embedded`, `redis` or `event_bus`.
    pub adapter: String,
    /// The embedded streams' file: `<state>/bus.sqlite`.
    pub file: PathBuf,
    /// For `event_bus`.
    pub service: ServiceChoice,
    /// For `redis`.
    pub server: Option<RedisSettings>,
}

/// # Errors
/// [`RegistryError`] when the name is unknown or the streams cannot be used.
pub fn bus(choice: &BusChoice, host: Arc<dyn Host>) -> Result<Box<dyn Bus>, RegistryError> {
    let failed = open_error("bus", &choice.adapter);
    match choice.adapter.as_str() {
        "embedded" => Ok(Box::new(EmbeddedBus::open(&choice.file, host).map_err(|e| failed(e.into()))?)),
        "redis" => {
            let server = choice.server.as_ref().ok_or_else(|| failed("it has no address".into()))?;
            Ok(Box::new(RedisBus::new(server).map_err(|e| failed(e.into()))?))
        }
        "event_bus" => {
            let opened = EventBus::new(choice.service.server());
            Ok(Box::new(opened.map_err(|e| failed(e.into()))?))
        }
        name => Err(unknown("bus", name, &["embedded", "redis", "event_bus"])),
    }
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

/// Whether a state folder holds an audit log at all.
pub fn has_audit_log(state: &Path) -> bool {
    audit::has_log(&audit_folder(state))
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

/// Where the memory is.
#[derive(Debug, Clone, Default)]
pub struct MemoryChoice {
    /// `embedded`, `pgvector` or `memory_hub`.
    pub adapter: String,
    /// Holds `memory.sqlite`, or `answers.sqlite` of a memory that is elsewhere.
    pub state: PathBuf,
    /// Takes secrets out of what a memory elsewhere gets; without one nothing is sent.
    pub redactor: Option<Redactor>,
    pub postgres: PostgresSettings,
    /// For `memory_hub`.
    pub service: ServiceChoice,
}

impl MemoryChoice {
    /// As the settings say it; `password` is the credential that they name.
    pub fn of(
        settings: &config::Memory,
        state: &Path,
        password: Option<String>,
        redactor: Option<Redactor>,
        offline: bool,
    ) -> Self {
        let service = ServiceChoice {
            address: settings.address.clone(),
            token: password.clone().map(Zeroizing::new),
            offline,
            deadline: Duration::ZERO,
        };
        let postgres = PostgresSettings {
            address: settings.address.clone(),
            login: settings.login.clone(),
            password,
            org: settings.org.clone(),
            offline,
            ..PostgresSettings::default()
        };
        let (adapter, state) = (settings.adapter.clone(), state.to_owned());
        Self { adapter, state, redactor, postgres, service }
    }
}

const NO_REDACTOR: &str = "nothing is sent to another machine without a redactor";

/// # Errors
/// [`RegistryError`] when the name is unknown or a file cannot be used. A server is asked when it is first needed.
pub fn memory(
    choice: &MemoryChoice,
    embedder: Arc<dyn Embedder>,
    host: Arc<dyn Host>,
) -> Result<Box<dyn Memory>, RegistryError> {
    let failed = open_error("memory", &choice.adapter);
    match choice.adapter.as_str() {
        "embedded" => {
            let opened = EmbeddedMemory::open(&choice.state.join("memory.sqlite"), embedder);
            Ok(Box::new(opened.map_err(|e| failed(e.into()))?))
        }
        "pgvector" => {
            let settings = &choice.postgres;
            let whose = format!("{} {} {}", settings.address, settings.login, settings.org);
            let remote = Box::new(PgMemory::new(settings.clone(), embedder));
            let file = choice.state.join("answers.sqlite");
            let redactor = choice.redactor.clone().ok_or_else(|| failed(NO_REDACTOR.into()))?;
            let remote = Box::new(RedactedMemory::new(remote, redactor));
            let opened = RememberedMemory::open(&file, remote, &whose, host);
            Ok(Box::new(opened.map_err(|e| failed(e.into()))?))
        }
        "memory_hub" => {
            let remote = memory_hub(&choice.service)?;
            let redactor = choice.redactor.clone().ok_or_else(|| failed(NO_REDACTOR.into()))?;
            let remote = Box::new(RedactedMemory::new(remote, redactor));
            let whose = format!("memory-hub {}", choice.service.address);
            let opened = RememberedMemory::open(&choice.state.join("answers.sqlite"), remote, &whose, host);
            Ok(Box::new(opened.map_err(|e| failed(e.into()))?))
        }
        name => Err(unknown("memory", name, &["embedded", "pgvector", "memory_hub"])),
    }
}

/// Whether this kernel can confine what the runner starts (Landlock).
pub fn sandbox_works() -> bool {
    crate::runner::confine::works()
}
