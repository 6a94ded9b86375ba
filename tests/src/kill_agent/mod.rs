//! Kills a daemon under load again and again, and holds it to what it promised.
//!
//! Clients publish events and write audit entries ([`load`]); the daemon carries its log to a receiver outside
//! ([`receiver`]). It is killed (SIGKILL) at moments that a seed decides: while it starts, while it serves, while it
//! delivers. After every kill: no answer that was given is untrue, nothing is there twice, every key's events took
//! effect at the receiver once and in their order without a hole, and the audit log verifies.

mod load;
mod receiver;

pub use receiver::Sink;

use crate::agent::{Agent, wait};
use ecoops_core::ports::audit_log::AuditLog;
use ecoops_core::ports::events::Events;
use ecoops_plugins::registry;
use load::{CLIENTS, Load, TRACES};
use receiver::{Arrival, Receiver, open};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest time from a start to a kill, in milliseconds.
const LONGEST_MILLIS: u64 = 700;
/// How long nothing may arrive at the end while something is missing.
const STILL: Duration = Duration::from_secs(60);

/// What was done and seen.
#[derive(Debug, Default)]
pub struct Report {
    pub kills: usize,
    pub events: u64,
    pub entries: u64,
    /// Requests that got no answer and were asked again.
    pub asked_again: u64,
    /// Deliveries that the receiver had seen before and took no second effect from.
    pub repeated: u64,
    pub audit_log: u64,
    pub seconds: f64,
}

/// Numbers from a seed (xorshift64*, Vigna 2016).
fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    seed.wrapping_mul(0x2545_F491_4F6C_DD1D)
}

/// What is read of the files after each kill, each time from where the last reading ended.
struct Witness {
    log: Box<dyn Events>,
    receiver: Receiver,
    state: PathBuf,
    read: u64,
    /// Key to offset of all that is in the log.
    keys: BTreeMap<String, u64>,
    /// The newest number of each trace at the receiver.
    newest: BTreeMap<String, u64>,
    arrived: BTreeSet<String>,
    entries: u64,
    ids: BTreeMap<String, u64>,
}

impl Witness {
    fn new(state: &Path, receiver: Receiver) -> Self {
        Self {
            log: open(state.join("events.sqlite")),
            receiver,
            state: state.to_owned(),
            read: 0,
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

    /// What took effect is the log's, once, and in each key's order without a hole.
    fn hold_receiver(&mut self) {
        for Arrival { key, trace } in self.receiver.arrivals() {
            assert!(self.keys.contains_key(&key), "{key} was delivered and is not in the log");
            assert!(self.arrived.insert(key.clone()), "{key} took effect twice");
            let number: u64 = key.rsplit('-').next().and_then(|n| n.parse().ok()).expect("a number");
            let expected = self.newest.get(&trace).map_or(number % TRACES as u64, |n| n + TRACES as u64);
            assert_eq!(number, expected, "{key} arrived out of its place in {trace}");
            self.newest.insert(trace, number);
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
        let promised = load.promised();
        self.hold_events(&promised.events);
        self.hold_receiver();
        load.arrived(self.arrived.len() as u64);
        let audit = registry::audit_log(&self.state, "soak").expect("the audit log opens");
        self.hold_audit(&*audit, &promised.entries);
    }

    /// Waits until all has arrived.
    fn hold_rest(&mut self, load: &Load) {
        let (mut before, mut since) = (self.arrived.len(), Instant::now());
        loop {
            self.hold(load);
            if self.arrived.len() == self.keys.len() {
                return;
            }
            if self.arrived.len() > before {
                (before, since) = (self.arrived.len(), Instant::now());
            }
            let missing = self.keys.len() - self.arrived.len();
            assert!(since.elapsed() < STILL, "{missing} events never arrived");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}

/// A home whose daemon delivers to that receiver.
fn prepare(agent: &Agent, receiver: &Receiver) {
    agent.configure(&format!("[agent]\nrate_limit = 1000000\n{}", receiver.settings()));
    let Some((name, secret)) = receiver.secret() else { return };
    let mut command = agent.command();
    command.args(["credential", "add", name]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.spawn().expect("ecoops starts");
    child.stdin.take().expect("its input").write_all(secret.as_bytes()).expect("it reads");
    assert!(child.wait().expect("it ends").success(), "the secret is kept");
}

/// Runs so many rounds; `None` when the receiver is not installed. `say` hears how it goes.
///
/// # Panics
/// When the daemon did not keep what it promised.
pub fn run(rounds: usize, seed: u64, sink: Sink, say: &dyn Fn(&str)) -> Option<Report> {
    let begin = Instant::now();
    let mut agent = Agent::new();
    let receiver = Receiver::start(sink, agent.home())?;
    prepare(&agent, &receiver);
    agent.run(&[]);
    let load = Arc::new(Load::new(agent.socket()));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let load = load.clone();
            std::thread::spawn(move || load.client(client))
        })
        .collect();
    let mut witness = Witness::new(&agent.state(), receiver);
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
            let (there, arrived) = (witness.keys.len(), witness.arrived.len());
            let seconds = begin.elapsed().as_secs_f64();
            say(&format!("{round} kills, {there} events, {arrived} arrived, {seconds:.0} s"));
        }
    }
    load.stop();
    for client in clients {
        client.join().expect("no client saw a broken promise");
    }
    witness.hold_rest(&load);
    verified(&agent);
    Some(Report {
        kills: rounds,
        events: witness.keys.len() as u64,
        entries: witness.ids.len() as u64,
        asked_again: load.asked_again(),
        repeated: witness.receiver.repeated(),
        audit_log: witness.entries,
        seconds: begin.elapsed().as_secs_f64(),
    })
}

/// By the command that people use.
fn verified(agent: &Agent) {
    if !registry::has_audit_log(&agent.state()) {
        return;
    }
    let output = agent.ecoops(&["audit", "verify"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
