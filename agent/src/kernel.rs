//! The ports of the daemon, each behind a desk of its own, opened as the settings say.

mod elsewhere;

use crate::component::{Component, Desk};
use crate::credentials::Credentials;
use crate::deliver::{Deliverer, Means};
use crate::gather::Gather;
use crate::identity::Whose;
use crate::mirror::Mirror;
use crate::tls::Tls;
use crate::trace;
use crate::upkeep::Upkeep;
use crate::upkeep::certificate::{Issued, IssuedError};
use crate::upkeep::lease::Lease;
use crate::upkeep::login::Login as Renewal;
use crate::waiting::Bringer;
use crate::{Places, boot, secret, token};
use ecoops_core::config::Settings;
use ecoops_core::domain::{AuditEntry, Identifiers, RemediationEvent};
use ecoops_core::engines::redact::Redactor;
use ecoops_core::ports::audit_log::{Appended, AuditError, AuditLog};
use ecoops_core::ports::bus::Bus;
use ecoops_core::ports::delivery::Delivery;
use ecoops_core::ports::events::{EventsError, Offset, Outbox};
use ecoops_core::ports::host::{Host, identifiers};
use ecoops_core::ports::identity::Identity;
use ecoops_core::ports::limits::Limits;
use ecoops_core::ports::memory::Memory;
use ecoops_core::ports::policy::Policy;
use ecoops_core::ports::replies::Replies;
use ecoops_plugins::registry::{self, Password};
use elsewhere::{bringer, deliverers, limits, mirrors, telemetry};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// How long a caller waits for a part.
const DEADLINE: Duration = Duration::from_secs(5);
/// What a request may lose to a server that counts it.
const LIMITS_DEADLINE: Duration = Duration::from_millis(100);
/// An issuer that renews a login is asked up to twice.
const ISSUER_DEADLINE: Duration = Duration::from_secs(25);
/// Embedding a large document takes longer.
const MEMORY_DEADLINE: Duration = Duration::from_secs(30);

type Publishing = Gather<dyn Outbox, (RemediationEvent, String), Offset, EventsError>;
type Recording = Gather<dyn AuditLog, AuditEntry, Appended, AuditError>;

/// Every port of the daemon.
#[derive(Debug)]
pub struct Kernel {
    pub identity: Arc<Desk<dyn Identity>>,
    /// Whoever logged in here, for the user's own commands; without an issuer or an auth-service nobody does.
    pub login: Option<Arc<Desk<dyn Identity>>>,
    /// Renews that login.
    pub renewal: Option<Upkeep<Renewal>>,
    /// Renews what the credentials were opened with.
    pub lease: Option<Upkeep<Lease>>,
    /// Renews the certificate of the TCP door, when it is issued.
    pub certificate: Option<Upkeep<Issued>>,
    credentials: Credentials,
    pub memory: Arc<Desk<dyn Memory>>,
    pub events: Arc<Desk<dyn Outbox>>,
    /// Events with their keys, on their way into the log.
    pub publishing: Arc<Publishing>,
    /// Who is told of events; none with settings that name nobody.
    pub deliverers: Vec<Deliverer>,
    pub bus: Arc<Desk<dyn Bus>>,
    pub policy: Arc<Desk<dyn Policy>>,
    pub audit: Arc<Desk<dyn AuditLog>>,
    /// Entries on their way into the audit log.
    pub recording: Arc<Recording>,
    /// Write the audit log elsewhere as well.
    pub mirrors: Vec<Mirror>,
    /// Brings documents to a memory that was away.
    pub bringer: Option<Bringer>,
    /// Tells a collector what is done.
    pub telemetry: Option<trace::Part>,
    pub delivery: Arc<Desk<dyn Delivery>>,
    pub replies: Arc<Desk<dyn Replies>>,
    /// The server that counts requests with other agents, when there is one.
    pub limits: Option<Arc<Desk<dyn Limits>>>,
    pub redactor: Redactor,
    pub identifiers: Arc<Identifiers>,
    pub tokens: token::Tokens,
    pub host: Clock,
    pub settings: Settings,
}

/// The host, which need not show itself.
#[derive(Clone)]
pub struct Clock(pub Arc<dyn Host>);

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

impl Kernel {
    /// Opens nothing yet but the keys; what a port lacks shows when it is asked.
    ///
    /// # Errors
    /// What is wrong with the clock or a key.
    pub fn new(places: &Places, settings: Settings) -> Result<Self, String> {
        let host = registry::host("system").map_err(|e| e.to_string())?;
        let key = |what: &str, e: std::io::Error| format!("the {what} cannot be used: {e}");
        let redactor = secret::redactor(&places.state, &*host).map_err(|e| key("redactor's key", e))?;
        let token = secret::in_file(&places.token_key(), &*host).map_err(|e| key("tokens' key", e))?;
        let credentials = Credentials::new(&settings, &places.state, boot::surroundings(), host.clone());
        let identifiers = Arc::new(identifiers(&*host).map_err(|e| e.to_string())?);
        let (events, audit) = (events(places, &settings, &host), audit(places, &settings));
        let memory = memory(places, &settings, &credentials, &redactor, &host);
        let means = Means {
            log: events.clone(),
            audit: audit.clone(),
            identifiers: identifiers.clone(),
            redactor: redactor.clone(),
            host: Clock(host.clone()),
            attempts: settings.events.max_attempts,
        };
        let whose = Whose::new(&settings, &places.state, credentials.clone(), host.clone());
        let whose = whose.map_err(|e| said(&e))?;
        let clock = || Clock(host.clone());
        let renewed = |oidc: &Arc<registry::Oidc>| {
            Renewal::new(oidc.clone(), credentials.clone(), whose.lock(), clock())
        };
        let leased = settings.secrets.store == "openbao";
        Ok(Self {
            deliverers: deliverers(&settings, &credentials, &means),
            identity: identity("identity", DEADLINE, &whose, false),
            login: whose.is_told_outside().then(|| identity("login-token", ISSUER_DEADLINE, &whose, true)),
            renewal: whose.oidc().map(renewed).map(Upkeep::new),
            lease: leased.then(|| Upkeep::new(Lease::new(credentials.clone(), clock()))),
            certificate: None,
            bringer: bringer(&settings, &memory, &host),
            memory,
            publishing: Gather::new(events.clone(), |log, events| log.publish_all(events)),
            events,
            bus: bus(places, &settings, &credentials, &host),
            policy: policy(places, &settings, &credentials, &redactor),
            telemetry: telemetry(&settings, &credentials, &host),
            mirrors: mirrors(places, &settings, &credentials, &audit, &host),
            recording: Gather::new(audit.clone(), |log, entries| log.append(entries)),
            audit,
            delivery: delivery(places, &settings, &credentials, &host),
            replies: replies(places),
            limits: limits(&settings, &credentials),
            credentials,
            redactor,
            identifiers,
            tokens: token::Tokens::new(&token),
            host: Clock(host),
            settings,
        })
    }

    /// Every part, in the order in which they start; they stop the other way round.
    pub fn components(&self) -> Vec<&dyn Component> {
        let ports: [&dyn Component; 8] = [
            &*self.replies,
            &*self.identity,
            &*self.policy,
            &*self.audit,
            &*self.events,
            &*self.bus,
            &*self.memory,
            &*self.delivery,
        ];
        self.kept().into_iter().chain(ports).chain(self.elsewhere()).collect()
    }

    /// The parts that bring things to other systems, or count with them.
    pub fn elsewhere(&self) -> Vec<&dyn Component> {
        let limits = self.limits.iter().map(|desk| &**desk as &dyn Component);
        let mirrors = self.mirrors.iter().map(|m| m as &dyn Component);
        let bringer = self.bringer.iter().map(|b| b as &dyn Component);
        let telemetry = self.telemetry.iter().map(|t| t as &dyn Component);
        let deliverers = self.deliverers.iter().map(|d| d as &dyn Component);
        limits.chain(deliverers).chain(mirrors).chain(bringer).chain(telemetry).collect()
    }

    /// The parts that renew what ends by itself: the first to start and the last to stop, as others may still need a
    /// credential.
    fn kept(&self) -> Vec<&dyn Component> {
        let lease = self.lease.iter().map(|l| l as &dyn Component);
        let renewal = self.renewal.iter().map(|r| r as &dyn Component);
        let login = self.login.iter().map(|desk| &**desk as &dyn Component);
        let certificate = self.certificate.iter().map(|c| c as &dyn Component);
        lease.chain(certificate).chain(renewal).chain(login).collect()
    }

    /// Has a certificate issued for the TCP door, where the settings want that.
    ///
    /// # Errors
    /// [`IssuedError`] when it cannot be had.
    pub fn certify(&mut self) -> Result<Option<Arc<Tls>>, IssuedError> {
        let agent = &self.settings.agent;
        if agent.tls_role.is_empty() {
            return Ok(None);
        }
        let refused = |why: String| IssuedError::Refused(why);
        let authority = self.credentials.authority().map_err(|e| refused(said(&e)))?;
        let authority = authority.ok_or_else(|| refused("no server is named (openbao.address)".into()))?;
        let request = registry::CertificateRequest {
            mount: agent.tls_mount.clone(),
            role: agent.tls_role.clone(),
            names: agent.tls_names.clone(),
            seconds: agent.tls_life,
        };
        let issued = Issued::open(authority, request, self.host.clone())?;
        let tls = issued.tls();
        self.certificate = Some(Upkeep::new(issued));
        Ok(Some(tls))
    }

    /// Whether tokens of others than this agent are worth a look.
    pub fn knows_bearers(&self) -> bool {
        self.login.is_some()
    }

    /// How many requests each caller may make, counted by this process.
    pub fn limits_here(&self) -> Box<dyn Limits> {
        registry::limits_here(self.settings.agent.rate_limit)
    }

    /// Something was published: those who deliver it look at once.
    pub fn published(&self) {
        self.deliverers.iter().for_each(Deliverer::wake);
    }

    /// A ULID that is greater than all before it; of the clock alone when the system gives no randomness.
    pub fn ulid(&self) -> String {
        let mut entropy = [0; 10];
        let _ = self.host.0.random(&mut entropy);
        self.identifiers.ulid(self.host.0.now(), entropy)
    }

    pub fn redact(&self, text: &str) -> String {
        self.redactor.redact(text).text
    }

    /// Takes the secrets out of every text of a document. Names of fields stay.
    pub fn redact_all(&self, value: &mut Value) {
        self.redactor.redact_all(value);
    }
}

fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// With `login` for whoever logged in here. Else who logs in are people and services; the daemon verifies what they
/// bring.
fn identity(name: &'static str, deadline: Duration, whose: &Whose, login: bool) -> Arc<Desk<dyn Identity>> {
    let whose = whose.clone();
    Desk::new(name, deadline, move || whose.open(login).map(Arc::from).map_err(|e| said(&e)))
}

fn memory(
    places: &Places,
    settings: &Settings,
    credentials: &Credentials,
    redactor: &Redactor,
    host: &Arc<dyn Host>,
) -> Arc<Desk<dyn Memory>> {
    let credentials = credentials.clone();
    let (state, settings, host) = (places.state.clone(), settings.memory.clone(), host.clone());
    let redactor = redactor.clone();
    Desk::when_asked("memory", MEMORY_DEADLINE, move || {
        if !settings.enabled {
            return Err("it is turned off (memory.enabled)".to_owned());
        }
        let key = credentials.text(&settings.embeddings_credential).map_err(|e| said(&e))?;
        let embedder = registry::EmbedderChoice::of(&settings, &state, key, Some(redactor.clone()));
        let embedder = registry::embedder(&embedder).map_err(|e| said(&e))?;
        let password = credentials.text(&settings.credential).map_err(|e| said(&e))?;
        let choice = registry::MemoryChoice::of(&settings, &state, password, Some(redactor.clone()));
        registry::memory(&choice, embedder, host.clone()).map(Arc::from).map_err(|e| said(&e))
    })
}

fn events(places: &Places, settings: &Settings, host: &Arc<dyn Host>) -> Arc<Desk<dyn Outbox>> {
    let choice = registry::EventsChoice {
        adapter: "embedded".into(),
        file: places.state.join("events.sqlite"),
        retention: registry::Retention {
            days: settings.events.keep_days,
            attempts: settings.events.max_attempts,
            ..registry::Retention::default()
        },
        outboxes: settings.events.groups(),
    };
    let host = host.clone();
    Desk::new("events", DEADLINE, move || {
        registry::outbox(&choice, host.clone()).map(Arc::from).map_err(|e| said(&e))
    })
}

/// A service outside that is shown what others bring, and nothing of its own.
fn direct(address: &str, deadline: Duration) -> Result<registry::ServiceChoice, String> {
    if address.is_empty() {
        return Err("it has no address".to_owned());
    }
    Ok(registry::ServiceChoice { address: address.to_owned(), deadline, ..Default::default() })
}

/// A service outside, with its credential.
///
/// # Errors
/// When there is no address, or the credential cannot be had.
fn service(
    credentials: &Credentials,
    address: &str,
    credential: &str,
    deadline: Duration,
) -> Result<registry::ServiceChoice, String> {
    let token = || credentials.of_service(credential).map_err(|e| said(&e));
    let service = direct(address, deadline)?;
    Ok(registry::ServiceChoice { token: token()?.map(Into::into), ..service })
}

/// The same for what is no service of the kernel: it never gets the kernel's own key, only what is named for it.
///
/// # Errors
/// As [`service`].
fn stranger(
    credentials: &Credentials,
    address: &str,
    credential: &str,
    deadline: Duration,
) -> Result<registry::ServiceChoice, String> {
    let token = || credentials.text(credential).map_err(|e| said(&e));
    let service = direct(address, deadline)?;
    Ok(registry::ServiceChoice { token: token()?.map(Into::into), ..service })
}

fn bus(
    places: &Places,
    settings: &Settings,
    credentials: &Credentials,
    host: &Arc<dyn Host>,
) -> Arc<Desk<dyn Bus>> {
    let credentials = credentials.clone();
    let (file, settings, host) = (places.state.join("bus.sqlite"), settings.bus.clone(), host.clone());
    Desk::new("bus", DEADLINE, move || {
        let service = match settings.adapter.as_str() {
            "event_bus" => service(&credentials, &settings.address, &settings.credential, DEADLINE)?,
            _ => registry::ServiceChoice::default(),
        };
        let server = match settings.adapter.as_str() {
            "redis" => {
                let password = credentials.text(&settings.credential).map_err(|e| said(&e))?;
                let (password, ca_file) = (password.map(Password::from), &settings.ca_file);
                Some(registry::broker(&settings.address, &settings.user, password, ca_file, DEADLINE))
            }
            _ => None,
        };
        let choice =
            registry::BusChoice { adapter: settings.adapter.clone(), file: file.clone(), service, server };
        registry::bus(&choice, host.clone()).map(Arc::from).map_err(|e| said(&e))
    })
}

fn policy(
    places: &Places,
    settings: &Settings,
    credentials: &Credentials,
    redactor: &Redactor,
) -> Arc<Desk<dyn Policy>> {
    let credentials = credentials.clone();
    let rego = registry::PolicySettings {
        default: true,
        user: Some(places.config.join("policies")),
        extra: settings.policy.extra.iter().map(|path| places.config.join(path)).collect(),
        repository: None,
    };
    let (settings, redactor) = (settings.policy.clone(), redactor.clone());
    Desk::when_asked("policy", DEADLINE, move || {
        let choice = registry::PolicyChoice::embedded(rego.clone());
        let choice = match settings.adapter.as_str() {
            "embedded" => choice,
            // One that cannot be reached at all must not be left out: then this part cannot be opened, and denies.
            adapter => registry::PolicyChoice {
                adapter: adapter.to_owned(),
                service: match adapter {
                    "opa" => stranger(&credentials, &settings.address, &settings.credential, DEADLINE)?,
                    _ => service(&credentials, &settings.address, &settings.credential, DEADLINE)?,
                },
                good_for: Duration::from_secs(settings.cache),
                redactor: Some(redactor.clone()),
                ..choice
            },
        };
        registry::policy(&choice).map(Arc::from).map_err(|e| said(&e))
    })
}

fn audit(places: &Places, settings: &Settings) -> Arc<Desk<dyn AuditLog>> {
    let (state, origin) = (places.state.clone(), settings.audit.origin.clone());
    Desk::new("audit", DEADLINE, move || {
        registry::audit_log_of_agent(&state, &origin).map(Arc::from).map_err(|e| said(&e))
    })
}

fn delivery(
    places: &Places,
    settings: &Settings,
    credentials: &Credentials,
    host: &Arc<dyn Host>,
) -> Arc<Desk<dyn Delivery>> {
    let credentials = credentials.clone();
    let (state, settings, host) = (places.state.clone(), settings.delivery.clone(), host.clone());
    Desk::new("delivery", MEMORY_DEADLINE, move || {
        let choice = registry::DeliveryChoice {
            adapter: settings.adapter.clone(),
            service: match settings.adapter.as_str() {
                "folder" => registry::ServiceChoice::default(),
                _ => service(&credentials, &settings.address, &settings.credential, MEMORY_DEADLINE)?,
            },
            applications: settings.applications.clone(),
            state: state.clone(),
        };
        registry::delivery(&choice, host.clone()).map(Arc::from).map_err(|e| said(&e))
    })
}

fn replies(places: &Places) -> Arc<Desk<dyn Replies>> {
    let file = places.own().join("replies.sqlite");
    Desk::new("replies", DEADLINE, move || {
        let replies = registry::replies(&file).map_err(|e| said(&e))?;
        // We hold the lock: whoever began something and did not finish is dead.
        replies.abandon().map_err(|e| said(&e))?;
        Ok(Arc::from(replies))
    })
}
