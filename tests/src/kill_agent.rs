//! Kills a daemon under load again and again, and holds it to what it promised.
//!
//! Clients publish events and write audit entries without a pause, each request under a key of its own, and ask
//! again with the same key until they are answered; the daemon carries its log to a second one. It is killed
//! (SIGKILL) at moments that a seed decides: while it starts, while it serves, while it delivers. After every
//! kill: no answer that was given is untrue, nothing is there twice, every key's events are at the receiver in
//! their order without a hole, and the audit log verifies.

use crate::agent::{Agent, Reply, exchange, wait};
use ecoops_core::domain::{EVENT_SOURCE, EventData, RemediationEvent};
use ecoops_core::ports::audit_log::AuditLog;
use ecoops_core::ports::events::Events;
use ecoops_plugins::registry::{self, EventsChoice, Retention};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Clients at once; each has [`TRACES`] keys whose order is watched.
const CLIENTS: usize = 4;
const TRACES: usize = 3;
/// Of so many requests one is an audit entry.
const AUDIT_EVERY: u64 = 5;
/// The longest time from a start to a kill, in milliseconds.
const LONGEST_MILLIS: u64 = 700;

/// What was done and seen.
#[derive(Debug, Default)]
pub struct Report {
    pub kills: usize,
    pub events: u64,
    pub entries: u64,
    /// Requests that got no answer and were asked again.
    pub asked_again: u64,
    pub audit_log: u64,
    pub seconds: f64,
}

/// Answers that the daemon gave: key to offset, id of an entry to its index.
#[derive(Debug, Default)]
struct Promised {
    events: BTreeMap<String, u64>,
    entries: BTreeMap<String, u64>,
}

struct Load {
    socket: PathBuf,
    stop: AtomicBool,
    promised: Mutex<Promised>,
    asked_again: AtomicU64,
}

/// Numbers from a seed (xorshift64*, Vigna 2016).
fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    seed.wrapping_mul(0x2545_F491_4F6C_DD1D)
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
            std::thread::park_timeout(Duration::from_millis(3));
        }
    }

    fn client(&self, client: usize) {
        for number in 0.. {
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            let key = format!("{client}-{number}");
            let Some(reply) = self.insist("/v1/events", &key, &event(client, number)) else { return };
            let offset = reply.json()["offset"].as_u64().expect("an offset");
            self.promised.lock().expect("no client panicked").events.insert(key.clone(), offset);
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

/// What is read of the files after each kill, each time from where the last reading ended.
struct Witness {
    log: Box<dyn Events>,
    copy: Box<dyn Events>,
    state: PathBuf,
    read: u64,
    copied: u64,
    /// Key to offset of all that is in the log.
    keys: BTreeMap<String, u64>,
    /// The newest number of each trace at the receiver.
    newest: BTreeMap<String, u64>,
    arrived: BTreeSet<String>,
    entries: u64,
    ids: BTreeMap<String, u64>,
}

fn open(file: PathBuf) -> Box<dyn Events> {
    let retention = Retention { events: u64::MAX, bytes: u64::MAX, days: 0, attempts: 5 };
    let choice = EventsChoice { adapter: "embedded".into(), file, retention, outboxes: Vec::new() };
    registry::events(&choice, registry::host("system").expect("a host")).expect("an event log")
}

impl Witness {
    fn new(state: &Path, copy: PathBuf) -> Self {
        Self {
            log: open(state.join("events.sqlite")),
            copy: open(copy),
            state: state.to_owned(),
            read: 0,
            copied: 0,
            keys: BTreeMap::new(),
            newest: BTreeMap::new(),
            arrived: BTreeSet::new(),
            entries: 0,
            ids: BTreeMap::new(),
        }
    }

    /// Every acknowledged event is in the log, once, where it was said to be.
    fn hold_events(&mut self, promised: &BTreeMap<String, u64>) {
        loop {
            let page = self.log.replay(self.read + 1, 1000).expect("the log can be read");
            let Some(last) = page.last() else { break };
            self.read = last.offset;
            for stored in page {
                let twice = self.keys.insert(stored.idempotency_key.clone(), stored.offset);
                assert_eq!(twice, None, "{} is in the log twice", stored.idempotency_key);
            }
        }
        for (key, offset) in promised {
            assert_eq!(self.keys.get(key), Some(offset), "{key} was acknowledged at {offset}");
        }
    }

    /// What arrived is the log's, once, and in each key's order without a hole.
    fn hold_copy(&mut self) {
        loop {
            let page = self.copy.replay(self.copied + 1, 1000).expect("the receiver can be read");
            let Some(last) = page.last() else { break };
            self.copied = last.offset;
            for stored in page {
                let key = &stored.idempotency_key;
                assert!(self.arrived.insert(key.clone()), "{key} arrived twice");
                let number: u64 = key.rsplit('-').next().and_then(|n| n.parse().ok()).expect("a number");
                let trace = stored.event.trace_id;
                let expected = self.newest.get(&trace).map_or(number % TRACES as u64, |n| n + TRACES as u64);
                assert_eq!(number, expected, "{key} arrived out of its place in {trace}");
                self.newest.insert(trace, number);
            }
        }
    }

    /// Every acknowledged entry is in the audit log, once, where it was said to be.
    fn hold_audit(&mut self, audit: &dyn AuditLog, promised: &BTreeMap<String, u64>) {
        loop {
            let page = audit.entries(self.entries, 1000).expect("the audit log can be read");
            let Some((last, _)) = page.last() else { break };
            self.entries = last + 1;
            for (index, entry) in page {
                let id = entry.details.as_ref().and_then(|d| d.get("id")).and_then(Value::as_str);
                if let Some(id) = id.filter(|_| entry.action == "soak.write") {
                    assert_eq!(self.ids.insert(id.to_owned(), index), None, "{id} is recorded twice");
                }
            }
        }
        for (id, index) in promised {
            assert_eq!(self.ids.get(id), Some(index), "{id} was recorded at {index}");
        }
    }

    fn hold(&mut self, load: &Load) {
        // Taken first: what is promised meanwhile is looked at the next time.
        let (events, entries) = {
            let mut promised = load.promised.lock().expect("no client panicked");
            (std::mem::take(&mut promised.events), std::mem::take(&mut promised.entries))
        };
        self.hold_events(&events);
        self.hold_copy();
        let audit = registry::audit_log(&self.state, "soak").expect("the audit log opens");
        self.hold_audit(&*audit, &entries);
    }
}

/// Runs so many rounds. `say` hears how it goes.
///
/// # Panics
/// When the daemon did not keep what it promised.
pub fn run(rounds: usize, seed: u64, say: &dyn Fn(&str)) -> Report {
    let begin = Instant::now();
    let mut agent = Agent::new();
    let copy = agent.home().join("copy.sqlite");
    agent.configure(&format!(
        "[agent]\nrate_limit = 1000000\n[events.sinks]\ncopy = [\"type=log\", \"path={}\"]\n",
        copy.display()
    ));
    agent.run(&[]);
    let load = Arc::new(Load {
        socket: agent.socket(),
        stop: AtomicBool::new(false),
        promised: Mutex::default(),
        asked_again: AtomicU64::new(0),
    });
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let load = load.clone();
            std::thread::spawn(move || load.client(client))
        })
        .collect();
    let mut witness = Witness::new(&agent.state(), copy);
    let mut dice = seed.max(1);
    for round in 1..=rounds {
        let moment = Duration::from_micros(next(&mut dice) % (LONGEST_MILLIS * 1000));
        std::thread::sleep(moment);
        agent.kill();
        assert!(clients.iter().all(|c| !c.is_finished()), "a client saw a broken promise");
        witness.hold(&load);
        agent.spawn();
        if round % 10 == 0 || round == rounds {
            wait("a hello", || agent.hello());
            verified(&agent);
        } else {
            let audit = registry::audit_log(&agent.state(), "soak").expect("the audit log opens");
            audit.verify().expect("the audit log verifies");
        }
        if round % 50 == 0 {
            say(&format!("{round} kills, {} events, {:.0} s", witness.read, begin.elapsed().as_secs_f64()));
        }
    }
    load.stop.store(true, Ordering::SeqCst);
    for client in clients {
        client.join().expect("no client saw a broken promise");
    }
    wait("the last delivery", || {
        witness.hold(&load);
        (witness.arrived.len() == witness.keys.len()).then_some(())
    });
    verified(&agent);
    Report {
        kills: rounds,
        events: witness.keys.len() as u64,
        entries: witness.ids.len() as u64,
        asked_again: load.asked_again.load(Ordering::Relaxed),
        audit_log: witness.entries,
        seconds: begin.elapsed().as_secs_f64(),
    }
}

/// By the command that people use.
fn verified(agent: &Agent) {
    if !registry::has_audit_log(&agent.state()) {
        return;
    }
    let output = agent.ecoops(&["audit", "verify"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
