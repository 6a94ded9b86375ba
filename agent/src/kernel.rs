//! The ports of the daemon, each behind a desk of its own, opened as the settings say.

use crate::component::{Component, Desk};
use crate::credentials::Credentials;
use crate::deliver::{Deliverer, Means};
use crate::mirror::Mirror;
use crate::trace;
use crate::{Places, boot, secret, token};
use ecoops_core::config::{Login, Settings, Sink};
use ecoops_core::domain::Identifiers;
use ecoops_core::engines::redact::Redactor;
use ecoops_core::ports::audit_log::AuditLog;
use ecoops_core::ports::bus::Bus;
use ecoops_core::ports::delivery::Delivery;
use ecoops_core::ports::events::Outbox;
use ecoops_core::ports::host::{Host, identifiers};
use ecoops_core::ports::identity::Identity;
use ecoops_core::ports::limits::Limits;
use ecoops_core::ports::memory::Memory;
use ecoops_core::ports::policy::Policy;
use ecoops_core::ports::replies::Replies;
use ecoops_plugins::registry::{self, Password};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// How long a caller waits for a part.
const DEADLINE: Duration = Duration::from_secs(5);
/// What a request may lose to a server that counts it.
const LIMITS_DEADLINE: Duration = Duration::from_millis(100);
/// Embedding a large document takes longer.
const MEMORY_DEADLINE: Duration = Duration::from_secs(30);

/// Every port of the daemon.
#[derive(Debug)]
pub struct Kernel {
    pub identity: Arc<Desk<dyn Identity>>,
    pub memory: Arc<Desk<dyn Memory>>,
    pub events: Arc<Desk<dyn Outbox>>,
    /// Who is told of events; none with settings that name nobody.
    pub deliverers: Vec<Deliverer>,
    pub bus: Arc<Desk<dyn Bus>>,
    pub policy: Arc<Desk<dyn Policy>>,
    pub audit: Arc<Desk<dyn AuditLog>>,
    /// Writes the audit log elsewhere as well.
    pub mirror: Option<Mirror>,
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
        let means = Means {
            log: events.clone(),
            audit: audit.clone(),
            identifiers: identifiers.clone(),
            redactor: redactor.clone(),
            host: Clock(host.clone()),
            attempts: settings.events.max_attempts,
        };
        Ok(Self {
            deliverers: deliverers(&settings, &credentials, &means),
            identity: identity(places, &settings, &host),
            memory: memory(places, &settings, &credentials, &redactor, &host),
            events,
            bus: bus(places, &settings, &credentials, &host),
            policy: policy(places, &settings, &credentials, &redactor),
            telemetry: telemetry(&settings, &credentials),
            mirror: mirror(places, &settings, &credentials, &audit, &host),
            audit,
            delivery: delivery(places, &settings, &credentials, &host),
            replies: replies(places),
            limits: limits(&settings, &credentials),
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
        let limits = self.limits.iter().map(|desk| &**desk as &dyn Component);
        let mirror = self.mirror.iter().map(|m| m as &dyn Component);
        let telemetry = self.telemetry.iter().map(|t| t as &dyn Component);
        let deliverers = self.deliverers.iter().map(|d| d as &dyn Component);
        ports.into_iter().chain(limits).chain(deliverers).chain(mirror).chain(telemetry).collect()
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
        redact_all(&self.redactor, value);
    }
}

/// Takes the secrets out of every text of a document. Names of fields stay.
pub fn redact_all(redactor: &Redactor, value: &mut Value) {
    match value {
        Value::String(text) => *text = redactor.redact(text).text,
        Value::Array(items) => items.iter_mut().for_each(|item| redact_all(redactor, item)),
        Value::Object(fields) => fields.values_mut().for_each(|field| redact_all(redactor, field)),
        _ => {}
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

fn identity(places: &Places, settings: &Settings, host: &Arc<dyn Host>) -> Arc<Desk<dyn Identity>> {
    let (settings, login) = (&settings.identity, &settings.login);
    let mut members: BTreeMap<_, BTreeSet<String>> =
        settings.members.iter().map(|(k, v)| (k.clone(), v.iter().cloned().collect())).collect();
    members.entry("*".to_owned()).or_default().extend(settings.default_roles.iter().cloned());
    let choice = registry::IdentityChoice {
        adapter: "os-user".into(),
        folder: places.state.join("identity"),
        settings: registry::IdentitySettings { roles: settings.roles.clone(), members }
            .with_issuer_roles(&login.roles),
    };
    let (host, issuer) = (host.clone(), issuer(login));
    // Who logs in are people and services; the daemon verifies what they bring.
    Desk::new("identity", DEADLINE, move || match issuer.clone() {
        None => registry::identity(&choice, host.clone()).map(Arc::from).map_err(|e| said(&e)),
        Some(settings) => {
            let oidc = registry::Oidc::public(settings, host.clone());
            registry::identity_with_issuer(&choice, oidc, None, host.clone())
                .map(Arc::from)
                .map_err(|e| said(&e))
        }
    })
}

/// The issuer whose bearer tokens are taken, when one is configured.
fn issuer(login: &Login) -> Option<registry::OidcSettings> {
    (!login.issuer.is_empty()).then(|| registry::OidcSettings {
        issuer: login.issuer.clone(),
        client_id: login.client_id.clone(),
        scopes: Vec::new(),
        resource: String::new(),
        audiences: login.audiences.clone(),
        role_claims: login.role_claims.clone(),
        skew: login.skew,
        ca_file: (!login.ca_file.is_empty()).then(|| login.ca_file.clone().into()),
        offline: false,
    })
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
    Desk::new("memory", MEMORY_DEADLINE, move || {
        if !settings.enabled {
            return Err("it is turned off (memory.enabled)".to_owned());
        }
        let key = credentials.text(&settings.embeddings_credential).map_err(|e| said(&e))?;
        let embedder = registry::EmbedderChoice::of(&settings, &state, key, Some(redactor.clone()), false);
        let embedder = registry::embedder(&embedder).map_err(|e| said(&e))?;
        let password = credentials.text(&settings.credential).map_err(|e| said(&e))?;
        let choice = registry::MemoryChoice::of(&settings, &state, password, Some(redactor.clone()), false);
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
    if address.is_empty() {
        return Err("it has no address".to_owned());
    }
    let token = credentials.of_service(credential).map_err(|e| said(&e))?.map(Into::into);
    Ok(registry::ServiceChoice { address: address.to_owned(), token, offline: false, deadline })
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
    if address.is_empty() {
        return Err("it has no address".to_owned());
    }
    let token = credentials.text(credential).map_err(|e| said(&e))?.map(Into::into);
    Ok(registry::ServiceChoice { address: address.to_owned(), token, offline: false, deadline })
}

fn telemetry(settings: &Settings, credentials: &Credentials) -> Option<trace::Part> {
    let settings = &settings.telemetry;
    (!settings.otlp.is_empty()).then(|| {
        let service = stranger(credentials, &settings.otlp, &settings.credential, DEADLINE);
        let token = service.map(|service| service.token.map(|token| token.to_string()));
        trace::Part { exporter: trace::Exporter::new(&settings.otlp), token }
    })
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

fn mirror(
    places: &Places,
    settings: &Settings,
    credentials: &Credentials,
    log: &Arc<Desk<dyn AuditLog>>,
    host: &Arc<dyn Host>,
) -> Option<Mirror> {
    let credentials = credentials.clone();
    let (address, credential) = (settings.audit.mirror.clone(), settings.audit.mirror_credential.clone());
    let file = places.own().join("audit-mirror.json");
    (!address.is_empty()).then(|| {
        Mirror::new(log.clone(), file, Clock(host.clone()), move || {
            let service = service(&credentials, &address, &credential, MEMORY_DEADLINE)?;
            registry::audit_copy(&service).map_err(|e| said(&e))
        })
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
    Desk::new("policy", DEADLINE, move || {
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

/// Who is told of events. One whose entry cannot be understood is there too, and says so in its health.
fn deliverers(settings: &Settings, credentials: &Credentials, means: &Means) -> Vec<Deliverer> {
    let sinks = settings.events.sinks.iter().map(|(name, words)| {
        let parsed = Sink::parse(name, words);
        let wants = parsed.as_ref().map(|sink| sink.events.clone()).unwrap_or_default();
        let (host, credentials) = (means.host.clone(), credentials.clone());
        Deliverer::new(&Sink::group(name), wants, means.clone(), move || {
            let sink = parsed.clone()?;
            let secret = credentials.text(&sink.secret).map_err(|e| said(&e))?;
            let choice = registry::NotifyChoice { sink, secret };
            registry::notify(&choice, host.0.clone()).map_err(|e| said(&e))
        })
    });
    sinks.chain(outside(settings, credentials, means)).collect()
}

/// What carries the log to the event system of `events.adapter`.
fn outside(settings: &Settings, credentials: &Credentials, means: &Means) -> Option<Deliverer> {
    let events = &settings.events;
    let (host, credentials, events) = (means.host.clone(), credentials.clone(), events.clone());
    (events.adapter != "embedded").then(|| {
        Deliverer::new(&events.outside(), BTreeSet::new(), means.clone(), move || {
            let password = credentials.text(&events.credential).map_err(|e| said(&e))?.map(Password::from);
            let choice = registry::OutsideEventsChoice::of(&events, password, DEADLINE);
            registry::notify_outside(&choice, host.0.clone()).map_err(|e| said(&e))
        })
    })
}

fn limits(settings: &Settings, credentials: &Credentials) -> Option<Arc<Desk<dyn Limits>>> {
    let (agent, credentials) = (settings.agent.clone(), credentials.clone());
    (!agent.limits_address.is_empty()).then(|| {
        Desk::new("limits", LIMITS_DEADLINE, move || {
            let password = credentials.text(&agent.limits_credential).map_err(|e| said(&e))?;
            let (address, user, ca_file) = (&agent.limits_address, &agent.limits_user, &agent.limits_ca_file);
            let password = password.map(Password::from);
            let server = registry::broker(address, user, password, ca_file, LIMITS_DEADLINE);
            let (adapter, rate) = ("redis".into(), agent.rate_limit);
            let choice = registry::LimitsChoice { adapter, rate, server: Some(server) };
            registry::limits(&choice).map(Arc::from).map_err(|e| said(&e))
        })
    })
}
