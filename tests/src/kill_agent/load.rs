//! Clients that publish and write audit entries without a pause, each request under a key of its own, and ask again
//! with the same key until they are answered. Knows nothing of kills.

use crate::agent::{Reply, exchange};
use ecoops_core::domain::{EVENT_SOURCE, EventData, RemediationEvent};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Clients at once; each has [`TRACES`] keys whose order is watched.
pub const CLIENTS: usize = 4;
pub const TRACES: usize = 3;
/// Of so many requests one is an audit entry.
const AUDIT_EVERY: u64 = 5;
/// So many events may be acknowledged and not have arrived before the clients pause: a slow receiver must not make
/// the run endless.
const MOST_AHEAD: u64 = 5_000;
const PAUSE: Duration = Duration::from_millis(3);

/// Answers that the daemon gave: key to offset, id of an entry to its index.
#[derive(Debug, Default)]
pub struct Promised {
    pub events: BTreeMap<String, u64>,
    pub entries: BTreeMap<String, u64>,
}

pub struct Load {
    socket: PathBuf,
    stop: AtomicBool,
    promised: Mutex<Promised>,
    acknowledged: AtomicU64,
    arrived: AtomicU64,
    asked_again: AtomicU64,
}

fn trace(client: usize, lane: usize) -> String {
    format!("c232ab00-9414-11ec-b3c8-{client:06x}{lane:06x}")
}

fn event(client: usize, number: u64) -> Value {
    let trace_id = trace(client, number as usize % TRACES);
    let event = RemediationEvent {
        data: EventData::Completed { trace_id: number.to_string(), compliance_tags: vec!["x".repeat(64)] },
        source: EVENT_SOURCE.to_owned(),
        timestamp: "2026-11-20T08:00:00Z".to_owned(),
        trace_id,
    };
    json!({ "event": event, "idempotencyKey": format!("{client}-{number}") })
}

fn entry(client: usize, number: u64) -> Value {
    let id = format!("00000000-0000-4000-8000-{client:04x}{number:08x}");
    json!({ "id": id, "timestamp": "2026-11-20T08:00:00Z", "traceId": trace(client, 0),
        "actor": { "id": "soak", "type": "service" }, "resource": { "kind": "soak", "id": "x" },
        "action": "soak.write", "result": "success" })
}

impl Load {
    pub fn new(socket: PathBuf) -> Self {
        Self {
            socket,
            stop: AtomicBool::new(false),
            promised: Mutex::default(),
            acknowledged: AtomicU64::new(0),
            arrived: AtomicU64::new(0),
            asked_again: AtomicU64::new(0),
        }
    }

    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// Requests that got no answer and were asked again.
    pub fn asked_again(&self) -> u64 {
        self.asked_again.load(Ordering::Relaxed)
    }

    /// So many events are at the receiver.
    pub fn arrived(&self, count: u64) {
        self.arrived.store(count, Ordering::Relaxed);
    }

    /// What was promised since the last time.
    ///
    /// # Panics
    /// When a client did.
    pub fn promised(&self) -> Promised {
        std::mem::take(&mut *self.promised.lock().expect("no client panicked"))
    }

    /// Asks until it is answered; `None` when the load is to stop.
    fn insist(&self, path: &str, key: &str, body: &Value) -> Option<Reply> {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        let bytes = crate::agent::request("POST", path, &headers, body.to_string().as_bytes());
        loop {
            let asked = UnixStream::connect(&self.socket).and_then(|mut stream| {
                stream.set_read_timeout(Some(Duration::from_secs(30)))?;
                exchange(&mut stream, &bytes)
            });
            match asked {
                Ok(reply) if reply.status < 300 => return Some(reply),
                // Stopping, or what a dead daemon had begun is not free yet.
                Ok(reply) => assert!([409, 503, 504].contains(&reply.status), "{}", reply.text()),
                Err(_) => {
                    self.asked_again.fetch_add(1, Ordering::Relaxed);
                }
            }
            if self.stop.load(Ordering::SeqCst) {
                return None;
            }
            std::thread::park_timeout(PAUSE);
        }
    }

    /// Whether the receiver keeps up, once it does; false when the load is to stop.
    fn may_go_on(&self) -> bool {
        while !self.stop.load(Ordering::SeqCst) {
            let ahead = self
                .acknowledged
                .load(Ordering::Relaxed)
                .saturating_sub(self.arrived.load(Ordering::Relaxed));
            if ahead < MOST_AHEAD {
                return true;
            }
            std::thread::park_timeout(PAUSE);
        }
        false
    }

    /// One client, until the load is to stop.
    ///
    /// # Panics
    /// When an answer is none.
    pub fn client(&self, client: usize) {
        for number in 0.. {
            if !self.may_go_on() {
                return;
            }
            let key = format!("{client}-{number}");
            let Some(reply) = self.insist("/v1/events", &key, &event(client, number)) else { return };
            let offset = reply.json()["offset"].as_u64().expect("an offset");
            self.promised.lock().expect("no client panicked").events.insert(key.clone(), offset);
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
            if number % AUDIT_EVERY == 0 {
                let entry = entry(client, number);
                let Some(reply) = self.insist("/audit/write", &key, &entry) else { return };
                let index = reply.json()["data"]["logIndex"].as_u64().expect("an index");
                let id = entry["id"].as_str().unwrap_or_default().to_owned();
                self.promised.lock().expect("no client panicked").entries.insert(id, index);
            }
        }
    }
}
