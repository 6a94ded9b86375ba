//! The log of events, what is outside beside it, who is told, and who counts requests.

use super::{BrokerSettings, Password, RegistryError, Retention, ServiceChoice, open_error, unknown};
use crate::bus::embedded::EmbeddedBus;
use crate::bus::event_bus::EventBus;
use crate::bus::redis::RedisBus;
use crate::events::OutsideSettings;
use crate::events::embedded::Embedded as EmbeddedEvents;
use crate::events::kafka::KafkaEvents;
use crate::events::nats::NatsEvents;
use crate::events::redis::RedisEvents;
use crate::limits::embedded::EmbeddedLimits;
use crate::limits::redis::RedisLimits;
use crate::notify::bus::BusNotify;
use crate::notify::slack::Slack;
use crate::notify::webhook::Webhook;
use ecoops_core::config::{self, Sink, SinkKind};
use ecoops_core::ports::bus::Bus;
use ecoops_core::ports::events::{Events, EventsError, Outbox};
use ecoops_core::ports::host::Host;
use ecoops_core::ports::limits::Limits;
use ecoops_core::ports::notify::Notify;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

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
#[derive(Debug, Clone)]
pub struct OutsideEventsChoice {
    /// `embedded`, which is none, `redis`, `nats` or `kafka`.
    pub adapter: String,
    pub server: BrokerSettings,
    /// The stream there.
    pub stream: String,
    /// After so many failed attempts an event is a dead letter of its group.
    pub attempts: u32,
}

impl OutsideEventsChoice {
    /// As the settings say it; `password` is the credential that they name.
    pub fn of(settings: &config::Events, password: Option<Password>, deadline: Duration) -> Self {
        let server = broker(&settings.address, &settings.user, password, &settings.ca_file, deadline);
        let (adapter, stream) = (settings.adapter.clone(), settings.stream.clone());
        Self { adapter, server, stream, attempts: settings.max_attempts }
    }
}

/// Of settings, in which an empty text stands for none.
pub fn broker(
    address: &str,
    user: &str,
    password: Option<Password>,
    ca_file: &str,
    deadline: Duration,
) -> BrokerSettings {
    let user = Some(user.to_owned()).filter(|user| !user.is_empty());
    let ca_file = (!ca_file.is_empty()).then(|| PathBuf::from(ca_file));
    BrokerSettings { address: address.to_owned(), user, password, ca_file, deadline }
}

/// Nothing is connected before the first call; `None` when the events stay here.
///
/// # Errors
/// [`RegistryError`] when the name is unknown, or the address or the stream is none.
pub fn outside_events(
    choice: &OutsideEventsChoice,
    host: Arc<dyn Host>,
) -> Result<Option<Box<dyn Events>>, RegistryError> {
    let OutsideEventsChoice { adapter, server, stream, attempts } = choice.clone();
    let settings = OutsideSettings { server, stream, keep: KEPT_OUTSIDE, attempts };
    let opened: Result<Box<dyn Events>, EventsError> = match adapter.as_str() {
        "embedded" => return Ok(None),
        "redis" => RedisEvents::new(settings, host).map(|log| Box::new(log) as _),
        "nats" => NatsEvents::new(settings, host).map(|log| Box::new(log) as _),
        "kafka" => KafkaEvents::new(settings, host).map(|log| Box::new(log) as _),
        name => return Err(unknown("events", name, &["embedded", "redis", "nats", "kafka"])),
    };
    opened.map(Some).map_err(|e| open_error("events", &adapter)(e.into()))
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
    pub server: Option<BrokerSettings>,
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
    pub server: Option<BrokerSettings>,
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
