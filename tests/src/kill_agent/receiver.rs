//! What the daemon delivers to, outside it and never killed: another event log, Redis Streams, or a program behind
//! a webhook. Each says what arrived, in the order in which it took effect.

use crate::servers::{Server, redis};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use ecoops_core::ports::events::Events;
use ecoops_plugins::registry::{self, EventsChoice, OutsideEventsChoice, Retention};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex};

/// Events that are asked for at once.
const PAGE: usize = 1000;
/// The webhook's receiver loses so many answers in so many requests: the effect is there, and the sender cannot know.
const LOSES_ONE_IN: u64 = 400;

/// What the events are delivered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sink {
    /// Another event log, in a file.
    Log,
    /// A stream of a real Redis.
    Redis,
    /// A program of its own over HTTP, which knows what it has seen by `webhook-id`.
    Http,
}

impl FromStr for Sink {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "log" => Ok(Self::Log),
            "redis" => Ok(Self::Redis),
            "http" => Ok(Self::Http),
            other => Err(format!("there is no sink `{other}`: log, redis, http")),
        }
    }
}

/// One effect at the receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    pub key: String,
    pub trace: String,
}

/// See the module.
pub enum Receiver {
    Stream { events: Box<dyn Events>, read: u64, settings: String, _server: Option<Server> },
    Program { program: Arc<Program>, settings: String, _runtime: tokio::runtime::Runtime },
}

/// Opens a log whatever its size.
///
/// # Panics
/// When it cannot.
pub fn open(file: PathBuf) -> Box<dyn Events> {
    let retention = Retention { events: u64::MAX, bytes: u64::MAX, days: 0, attempts: 5 };
    let choice = EventsChoice { adapter: "embedded".into(), file, retention, outboxes: Vec::new() };
    registry::events(&choice, registry::host("system").expect("a host")).expect("an event log")
}

impl Receiver {
    /// `None` when the part that it needs is not installed.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(sink: Sink, home: &Path) -> Option<Self> {
        match sink {
            Sink::Log => {
                let file = home.join("copy.sqlite");
                let settings =
                    format!("[events.sinks]\ncopy = [\"type=log\", \"path={}\"]\n", file.display());
                Some(Self::Stream { events: open(file), read: 0, settings, _server: None })
            }
            Sink::Redis => redis::start().map(Self::redis),
            Sink::Http => Some(Self::program()),
        }
    }

    fn redis(server: Server) -> Self {
        let address = format!("redis://{}", server.address());
        let settings = format!("[events]\nadapter = \"redis\"\naddress = \"{address}\"\nstream = \"soak\"\n");
        let choice = OutsideEventsChoice { stream: "soak".into(), ..crate::events::choice("redis", address) };
        let events = registry::outside_events(&choice, registry::host("system").expect("a host"));
        let events = events.expect("a stream").expect("it is outside");
        Self::Stream { events, read: 0, settings, _server: Some(server) }
    }

    fn program() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("its address");
        let program = Arc::new(Program::default());
        let router = Router::new().route("/hook", post(take)).with_state(program.clone());
        runtime.spawn(async move { axum::serve(listener, router).await });
        let settings = format!(
            "[secrets]\nstore = \"file\"\n[events.sinks]\n\
             hook = [\"type=webhook\", \"url=http://{address}/hook\", \"secret=hook\"]\n"
        );
        Self::Program { program, settings, _runtime: runtime }
    }

    /// What the daemon's settings say to deliver to it.
    pub fn settings(&self) -> &str {
        match self {
            Self::Stream { settings, .. } | Self::Program { settings, .. } => settings,
        }
    }

    /// The secret that signs, where one does: its name and what it is.
    pub fn secret(&self) -> Option<(&'static str, &'static str)> {
        matches!(self, Self::Program { .. }).then_some(("hook", "a secret of the soak, for signing"))
    }

    /// What took effect since the last time.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn arrivals(&mut self) -> Vec<Arrival> {
        match self {
            Self::Stream { events, read, .. } => {
                let mut found = Vec::new();
                loop {
                    let page = events.replay(*read + 1, PAGE).expect("the receiver can be read");
                    let Some(last) = page.last() else { return found };
                    *read = last.offset;
                    found.extend(
                        page.into_iter().map(|s| Arrival { key: s.idempotency_key, trace: s.event.trace_id }),
                    );
                }
            }
            Self::Program { program, .. } => {
                std::mem::take(&mut program.0.lock().expect("the program lives").effects)
            }
        }
    }

    /// Deliveries that it had seen already, where it is the one who tells them apart.
    pub fn repeated(&self) -> u64 {
        match self {
            Self::Stream { .. } => 0,
            Self::Program { program, .. } => program.0.lock().expect("the program lives").repeated,
        }
    }
}

/// An idempotent consumer: what it has seen has no second effect.
#[derive(Debug, Default)]
pub struct Program(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    ids: BTreeSet<String>,
    effects: Vec<Arrival>,
    repeated: u64,
    requests: u64,
}

async fn take(State(program): State<Arc<Program>>, headers: HeaderMap, body: String) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let (Some(id), Some(_)) = (header("webhook-id"), header("webhook-signature")) else {
        return StatusCode::BAD_REQUEST;
    };
    let Ok(body) = serde_json::from_str::<Value>(&body) else { return StatusCode::BAD_REQUEST };
    let text = |name: &str| body["data"][name].as_str().map(str::to_owned);
    let (Some(key), Some(trace)) = (text("idempotency_key"), text("trace_id")) else {
        return StatusCode::BAD_REQUEST;
    };
    let mut seen = program.0.lock().expect("the program lives");
    seen.requests += 1;
    match seen.ids.insert(id) {
        true => seen.effects.push(Arrival { key, trace }),
        false => seen.repeated += 1,
    }
    match seen.requests.is_multiple_of(LOSES_ONE_IN) {
        true => StatusCode::BAD_GATEWAY,
        false => StatusCode::NO_CONTENT,
    }
}
