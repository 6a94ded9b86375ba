//! Tells a collector of finished spans: in batches, from a queue with an end. A collector that is slow or away costs
//! spans, which are counted, and never the work that they are of.

use super::{Kind, otlp};
use crate::component::{Component, Health, Status};
use crate::deliver::pause;
use crate::kernel::Clock;
use ecoops_core::ports::host::Host;
use ecoops_plugins::http::{Client, Limits, Server};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Spans that wait at most.
const MOST: usize = 4096;
/// Spans of one request.
const BATCH: usize = 512;
/// How long a span waits for others.
const PAUSE: Duration = Duration::from_secs(1);
const STOP: Duration = Duration::from_secs(2);

/// A span that ended.
#[derive(Debug, Clone)]
pub struct Finished {
    pub trace: u128,
    pub span: u64,
    pub parent: Option<u64>,
    pub name: &'static str,
    pub kind: Kind,
    pub begin: SystemTime,
    pub end: SystemTime,
    pub notes: Vec<(&'static str, String)>,
    pub failed: Option<String>,
    pub state: Option<String>,
}

/// See the module.
#[derive(Debug)]
pub struct Exporter {
    address: String,
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    spans: VecDeque<Finished>,
    dropped: u64,
    told: u64,
    running: bool,
    stop: bool,
    trouble: Option<String>,
    took: Duration,
}

impl Exporter {
    /// `address` is the collector's; `/v1/traces` is put behind it.
    pub fn new(address: &str) -> Arc<Self> {
        Arc::new(Self { address: address.to_owned(), queue: Mutex::default(), changed: Condvar::new() })
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn take(&self, span: Finished) {
        let mut queue = self.queue();
        if queue.spans.len() >= MOST || queue.stop {
            queue.dropped += 1;
            return;
        }
        queue.spans.push_back(span);
        if queue.spans.len() >= BATCH {
            self.changed.notify_all();
        }
    }

    /// Spans that the collector took, and those that it never will.
    pub fn counts(&self) -> (u64, u64) {
        let queue = self.queue();
        (queue.told, queue.dropped)
    }

    fn client(&self, token: Option<String>) -> Result<Client, String> {
        let limits = Limits { whole: Duration::from_secs(10), ..Limits::default() };
        let server = Server { url: self.address.clone(), token, limits, ..Server::default() };
        Client::new(server).map_err(|e| e.to_string())
    }

    /// Until it is told to stop. What tells the collector who we are is asked for again as long as it cannot be had,
    /// and when the collector no longer takes it.
    fn run(&self, token: &Token, host: &dyn Host) {
        let mut failures = 0u32;
        loop {
            let done = token().and_then(|token| self.client(token)).map(|client| self.tells(&client));
            match done {
                Ok(Ended::Stopped) => break,
                Ok(Ended::TurnedAway { told }) => {
                    failures = if told { 1 } else { failures.saturating_add(1) }
                }
                Err(why) => {
                    failures = failures.saturating_add(1);
                    self.queue().trouble = Some(why);
                }
            }
            let wait = pause::after(failures, None, host);
            let waited = self.changed.wait_timeout_while(self.queue(), wait, |queue| !queue.stop);
            if waited.unwrap_or_else(PoisonError::into_inner).0.stop {
                break;
            }
        }
        self.queue().running = false;
        self.changed.notify_all();
    }

    /// Tells of what comes, with one client.
    fn tells(&self, client: &Client) -> Ended {
        let mut told = false;
        loop {
            let queue = self.queue();
            let rests = |queue: &mut Queue| queue.spans.len() < BATCH && !queue.stop;
            let waited = self.changed.wait_timeout_while(queue, PAUSE, rests);
            let mut queue = waited.unwrap_or_else(PoisonError::into_inner).0;
            let count = queue.spans.len().min(BATCH);
            let batch: Vec<Finished> = queue.spans.drain(..count).collect();
            let ends = queue.stop && queue.spans.is_empty();
            drop(queue);
            if !batch.is_empty() {
                if self.tell(client, &batch) {
                    return Ended::TurnedAway { told };
                }
                told = true;
            }
            if ends {
                return Ended::Stopped;
            }
        }
    }

    /// Whether the collector does not know us.
    fn tell(&self, client: &Client, batch: &[Finished]) -> bool {
        let begin = Instant::now();
        // A collector that took a batch twice knows its spans by their ids.
        let answer = client.post("/v1/traces").json(&otlp::request(batch)).repeatable().send();
        let all = batch.len() as u64;
        let turned_away = answer.as_ref().is_ok_and(|answer| matches!(answer.status, 401 | 403));
        let (rejected, trouble) = match answer {
            Ok(answer) if answer.is_page() => (all, Some("a page for people was answered".to_owned())),
            Ok(answer) if answer.is_success() => {
                (rejected(&answer.json().unwrap_or_default()).min(all), None)
            }
            Ok(answer) => {
                (all, Some(format!("the collector answered {}: {}", answer.status, answer.excerpt())))
            }
            Err(why) => (all, Some(why.to_string())),
        };
        let mut queue = self.queue();
        (queue.told, queue.dropped) = (queue.told + all - rejected, queue.dropped + rejected);
        (queue.trouble, queue.took) = (trouble, begin.elapsed());
        turned_away
    }
}

/// `partialSuccess.rejectedSpans`, a number or a text that is one.
fn rejected(answer: &Value) -> u64 {
    let found = answer.pointer("/partialSuccess/rejectedSpans");
    let number = found.and_then(|v| v.as_u64().or_else(|| v.as_str().and_then(|text| text.parse().ok())));
    number.unwrap_or_default()
}

/// Why a client is used no more.
enum Ended {
    Stopped,
    /// The collector does not know us; whether it did before.
    TurnedAway {
        told: bool,
    },
}

/// Gives the collector's bearer token, or says why it cannot be had.
pub type Token = Box<dyn Fn() -> Result<Option<String>, String> + Send + Sync>;

/// The exporter as a part of the daemon.
pub struct Part {
    pub exporter: Arc<Exporter>,
    pub token: Arc<Token>,
    pub host: Clock,
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Part").field("exporter", &self.exporter.address).finish_non_exhaustive()
    }
}

impl Component for Part {
    fn name(&self) -> &str {
        "telemetry"
    }

    fn start(&self) {
        let exporter = self.exporter.clone();
        let mut queue = self.exporter.queue();
        if queue.running || queue.stop {
            return;
        }
        let (token, host) = (self.token.clone(), self.host.clone());
        let built = std::thread::Builder::new().name("telemetry".into()).stack_size(512 << 10);
        let started = built.spawn(move || exporter.run(&token, &*host.0));
        queue.running = started.is_ok();
        queue.trouble = started.err().map(|why| format!("no thread: {why}"));
    }

    fn stop(&self) {
        let mut queue = self.exporter.queue();
        queue.stop = true;
        self.exporter.changed.notify_all();
        drop(self.exporter.changed.wait_timeout_while(queue, STOP, |queue| queue.running));
    }

    fn health(&self) -> Health {
        let queue = self.exporter.queue();
        let (status, message) = match &queue.trouble {
            Some(why) => (Status::Degraded, format!("{} spans were dropped: {why}", queue.dropped)),
            None => (Status::Healthy, String::new()),
        };
        Health { status, latency_ms: (queue.took.as_secs_f64() * 1e6).round() / 1e3, message }
    }

    fn busy(&self) -> usize {
        0
    }

    fn waiting(&self) -> Option<u64> {
        u64::try_from(self.exporter.queue().spans.len()).ok()
    }
}
