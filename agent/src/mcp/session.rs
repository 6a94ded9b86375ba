//! One client's session: what was agreed on, what is under way, what was asked of the client.
//!
//! Knows no transport: messages come in, and what must be worked on comes out as a job that the
//! transport runs wherever it likes.

use super::context::{Context, Outlet, Rights};
use super::message::{self, Failure, Id, Message};
use super::{Service, VERSIONS};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Requests of one session that are under way at once.
const MOST: usize = 16;
/// Resources that one session may watch.
const MOST_WATCHED: usize = 256;
/// How often one that waits for the client looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// How much a log message matters (RFC 5424).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Debug,
    #[default]
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

#[derive(Debug, Default)]
struct Agreed {
    /// The protocol's version, once `initialize` was answered.
    version: Option<&'static str>,
    capabilities: Map<String, Value>,
    level: Level,
    watched: BTreeSet<String>,
}

type Waiting = BTreeMap<i64, SyncSender<Result<Value, Value>>>;

/// One session.
pub struct Session {
    name: String,
    service: Arc<dyn Service>,
    agreed: Mutex<Agreed>,
    under_way: Mutex<BTreeMap<Id, Arc<AtomicBool>>>,
    waiting: Mutex<Waiting>,
    asked: AtomicI64,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("agreed", &self.agreed).finish_non_exhaustive()
    }
}

/// What a message leads to.
#[derive(Debug)]
pub enum Step {
    /// Nothing more.
    Done,
    /// An answer that needs no work.
    Answer(Value),
    /// Work, whose end is the answer.
    Run(Job),
}

/// A request to be worked on. Dropped unrun it is forgotten.
#[derive(Debug)]
pub struct Job {
    session: Arc<Session>,
    id: Id,
    method: String,
    params: Map<String, Value>,
    cancelled: Arc<AtomicBool>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    /// `name` tells it from others; nobody can guess it where strangers can come.
    pub fn new(name: String, service: Arc<dyn Service>) -> Arc<Self> {
        Arc::new(Self {
            name,
            service,
            agreed: Mutex::default(),
            under_way: Mutex::default(),
            waiting: Mutex::default(),
            asked: AtomicI64::new(0),
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version that was agreed on.
    pub fn version(&self) -> Option<&'static str> {
        locked(&self.agreed).version
    }

    pub fn level(&self) -> Level {
        locked(&self.agreed).level
    }

    pub fn client_can(&self, capability: &str) -> bool {
        locked(&self.agreed).capabilities.contains_key(capability)
    }

    pub fn is_busy(&self) -> bool {
        !locked(&self.under_way).is_empty()
    }

    /// Gives up everything that is under way.
    pub fn end(&self) {
        locked(&self.under_way).values().for_each(|job| job.store(true, Ordering::Relaxed));
        locked(&self.waiting).clear();
    }

    /// Takes a message in.
    pub fn take(self: &Arc<Self>, message: Message) -> Step {
        match message {
            Message::Response { id, outcome } => {
                if let Id::Number(number) = id
                    && let Some(waiting) = locked(&self.waiting).remove(&number)
                {
                    let _ = waiting.try_send(outcome);
                }
                Step::Done
            }
            Message::Notification { method, params } => {
                self.told(&method, &params);
                Step::Done
            }
            Message::Request { id, method, params } => match self.request(&id, &method, &params) {
                Some(outcome) => Step::Answer(message::response(Some(&id), outcome)),
                None => self.begin(id, method, params),
            },
        }
    }

    fn told(&self, method: &str, params: &Map<String, Value>) {
        if method == "notifications/cancelled"
            && let Ok(id) = id_of(params.get("requestId"))
            && let Some(job) = locked(&self.under_way).get(&id)
        {
            job.store(true, Ordering::Relaxed);
        }
    }

    /// What is answered at once; `None` for what the service must work on.
    fn request(&self, id: &Id, method: &str, params: &Map<String, Value>) -> Option<Result<Value, Failure>> {
        match method {
            "ping" => return Some(Ok(json!({}))),
            "initialize" => return Some(self.initialize(params)),
            _ if self.version().is_none() => {
                return Some(Err(Failure::invalid_request("the first request must be `initialize`")));
            }
            "logging/setLevel" => return Some(self.set_level(params)),
            "resources/subscribe" | "resources/unsubscribe" => {
                let offered = self.service.about().capabilities;
                if offered.pointer("/resources/subscribe") == Some(&Value::Bool(true)) {
                    return Some(self.watch(params, method == "resources/subscribe"));
                }
                return Some(Err(Failure::no_such_method(method)));
            }
            _ => {}
        }
        let under_way = locked(&self.under_way);
        if under_way.contains_key(id) {
            return Some(Err(Failure::invalid_request("a request of this id is under way")));
        }
        (under_way.len() >= MOST)
            .then(|| Err(Failure::refused(format!("{MOST} requests are under way; wait for one to end"))))
    }

    fn initialize(&self, params: &Map<String, Value>) -> Result<Value, Failure> {
        let text = |name: &str| params.get(name).and_then(Value::as_str);
        let asked =
            text("protocolVersion").ok_or_else(|| Failure::invalid_params("`protocolVersion` is missing"))?;
        let mut agreed = locked(&self.agreed);
        if agreed.version.is_some() {
            return Err(Failure::invalid_request("the session was initialized already"));
        }
        let version = VERSIONS.iter().find(|known| **known == asked).unwrap_or(&VERSIONS[0]);
        agreed.version = Some(version);
        agreed.capabilities =
            params.get("capabilities").and_then(Value::as_object).cloned().unwrap_or_default();
        drop(agreed);
        let about = self.service.about();
        let mut info = json!({ "name": about.name, "version": about.version });
        if let Some(title) = about.title {
            info["title"] = json!(title);
        }
        let mut result =
            json!({ "protocolVersion": version, "capabilities": about.capabilities, "serverInfo": info });
        if let Some(instructions) = about.instructions {
            result["instructions"] = json!(instructions);
        }
        Ok(result)
    }

    fn set_level(&self, params: &Map<String, Value>) -> Result<Value, Failure> {
        let level = params.get("level").cloned().unwrap_or_default();
        let level = serde_json::from_value(level).map_err(|_| {
            Failure::invalid_params(
                "`level` is debug, info, notice, warning, error, critical, alert or emergency",
            )
        })?;
        locked(&self.agreed).level = level;
        Ok(json!({}))
    }

    fn watch(&self, params: &Map<String, Value>, begin: bool) -> Result<Value, Failure> {
        let uri =
            params.get("uri").and_then(Value::as_str).filter(|uri| !uri.is_empty() && uri.len() <= 4096);
        let uri = uri.ok_or_else(|| Failure::invalid_params("`uri` is missing"))?;
        let watched = &mut locked(&self.agreed).watched;
        if begin && watched.len() >= MOST_WATCHED {
            return Err(Failure::refused(format!("{MOST_WATCHED} resources are the most")));
        }
        if begin {
            watched.insert(uri.to_owned())
        } else {
            watched.remove(uri)
        };
        Ok(json!({}))
    }

    fn begin(self: &Arc<Self>, id: Id, method: String, params: Map<String, Value>) -> Step {
        let cancelled = Arc::new(AtomicBool::new(false));
        locked(&self.under_way).insert(id.clone(), cancelled.clone());
        Step::Run(Job { session: self.clone(), id, method, params, cancelled })
    }

    /// Asks the client and waits.
    pub(super) fn ask(
        &self,
        outlet: &dyn Outlet,
        method: &str,
        params: Value,
        patience: Duration,
        cancelled: &AtomicBool,
    ) -> Result<Value, Failure> {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let (give, take) = sync_channel(1);
        locked(&self.waiting).insert(number, give);
        outlet.send(&message::request(&Id::Number(number), method, params));
        let until = Instant::now() + patience;
        let outcome = loop {
            match take.recv_timeout(LOOK.min(until.saturating_duration_since(Instant::now()))) {
                Ok(Ok(result)) => break Ok(result),
                Ok(Err(error)) => {
                    let said = error.get("message").and_then(Value::as_str).unwrap_or("it gave no reason");
                    break Err(Failure::refused(format!("the client refused: {said:.500}")));
                }
                Err(RecvTimeoutError::Disconnected) => break Err(Failure::refused("the session has ended")),
                Err(RecvTimeoutError::Timeout) if cancelled.load(Ordering::Relaxed) => {
                    break Err(Failure::refused("the request was cancelled"));
                }
                Err(RecvTimeoutError::Timeout) if Instant::now() >= until => {
                    break Err(Failure::refused("the client gave no answer in time"));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        };
        locked(&self.waiting).remove(&number);
        outcome
    }
}

fn id_of(value: Option<&Value>) -> Result<Id, ()> {
    match value {
        Some(Value::String(text)) => Ok(Id::Text(text.clone())),
        Some(number) => number.as_i64().map(Id::Number).ok_or(()),
        None => Err(()),
    }
}

impl Job {
    /// Does the work, within `patience`. `None` when the client gave it up: it wants no answer then.
    pub fn run(mut self, outlet: Arc<dyn Outlet>, rights: Rights, patience: Duration) -> Option<Value> {
        let meta = self.params.remove("_meta");
        let progress = meta.and_then(|mut meta| meta.get_mut("progressToken").map(Value::take));
        let context = Context {
            session: self.session.clone(),
            outlet,
            cancelled: self.cancelled.clone(),
            progress: progress.filter(|token| token.is_string() || token.is_number()),
            rights,
            until: Instant::now() + patience,
        };
        let service = self.session.service.clone();
        let answer = || service.answer(&self.method, &self.params, &context);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(answer))
            .unwrap_or_else(|_| Err(Failure::internal("the request could not be worked on")));
        (!self.cancelled.load(Ordering::Relaxed)).then(|| message::response(Some(&self.id), outcome))
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        locked(&self.session.under_way).remove(&self.id);
    }
}
