//! Carries the local log to other systems: one part, and one thread, for each that is configured.
//!
//! At least once, in order per key ([`RemediationEvent::ordering_key`]). An event that fails parks its key and
//! comes again as the log's backoff says; after the last attempt it is a dead letter, and its key goes on
//! without it. A receiver that cannot be reached counts as nobody's failure: the events stay in the log, on
//! disk, and the part tries again after a jittered, doubling pause, for as long as it takes. So does one that
//! fails at everything: each round may fail at so many events, twice as many after each round that told
//! nothing, so that one that is well behind others that are not is found, and a sick receiver is left in peace.
//!
//! [`RemediationEvent::ordering_key`]: ecoops_core::domain::RemediationEvent::ordering_key

mod lanes;
pub mod pause;
mod record;
mod round;

pub use record::Recorder;

use crate::component::{Component, Desk, Health, Status};
use crate::kernel::Clock;
use ecoops_core::engines::redact::Redactor;
use ecoops_core::ports::audit_log::AuditLog;
use ecoops_core::ports::events::{Backlog, Outbox, Stored};
use ecoops_core::ports::notify::Notify;
use ecoops_plugins::registry::Password;
use lanes::Lanes;
use round::{Down, PAGE, Route};
use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often the log is looked at for what other processes wrote to it.
const LOOK: Duration = Duration::from_millis(500);
/// How often a part that is busy counts what waits.
const COUNT: Duration = Duration::from_secs(5);
/// Events that are older than this when they wait make a part degraded.
const OLD_SECONDS: i64 = 60;
/// How long a stop waits for a telling that is under way.
const STOP: Duration = Duration::from_secs(2);
/// Failures of a first round; see the module.
const PATIENCE: usize = 3;

type Secret = Box<dyn Fn() -> Result<Option<Password>, String> + Send + Sync>;
type Open = Box<dyn Fn(Option<Password>) -> Result<Box<dyn Notify>, String> + Send + Sync>;

/// What a delivery needs of the daemon.
#[derive(Debug, Clone)]
pub struct Means {
    pub log: Arc<Desk<dyn Outbox>>,
    pub audit: Arc<Desk<dyn AuditLog>>,
    pub identifiers: Arc<ecoops_core::domain::Identifiers>,
    pub redactor: Redactor,
    pub host: Clock,
    /// See [`Route::attempts`].
    pub attempts: u32,
}

/// One receiver and its group of the log.
pub struct Deliverer {
    work: Arc<Work>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Work {
    group: String,
    wants: BTreeSet<String>,
    secret: Secret,
    open: Open,
    means: Means,
    record: Recorder,
    flags: Mutex<Flags>,
    changed: Condvar,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct Flags {
    stop: bool,
    woken: bool,
    ended: bool,
}

#[derive(Debug, Default)]
struct State {
    telling: Option<Instant>,
    took: Duration,
    down: Option<String>,
    parked: usize,
    backlog: Backlog,
}

impl std::fmt::Debug for Deliverer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deliverer").field("group", &self.work.group).finish_non_exhaustive()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Deliverer {
    /// Delivers nothing yet. `open` makes the receiver with what `secret` gives, and is asked again when it could not,
    /// and when in an outage there is another secret.
    pub fn new(
        group: &str,
        wants: BTreeSet<String>,
        means: Means,
        secret: impl Fn() -> Result<Option<String>, String> + Send + Sync + 'static,
        open: impl Fn(Option<Password>) -> Result<Box<dyn Notify>, String> + Send + Sync + 'static,
    ) -> Self {
        let record = Recorder {
            audit: means.audit.clone(),
            identifiers: means.identifiers.clone(),
            host: means.host.clone(),
        };
        let work = Work {
            group: group.to_owned(),
            wants,
            secret: Box::new(move || Ok(secret()?.map(Password::from))),
            open: Box::new(open),
            means,
            record,
            flags: Mutex::default(),
            changed: Condvar::new(),
            state: Mutex::default(),
        };
        Self { work: Arc::new(work), thread: Mutex::new(None) }
    }

    /// Something was published.
    pub fn wake(&self) {
        locked(&self.work.flags).woken = true;
        self.work.changed.notify_all();
    }
}

impl Component for Deliverer {
    fn name(&self) -> &str {
        &self.work.group
    }

    fn start(&self) {
        let work = self.work.clone();
        let mut thread = locked(&self.thread);
        if thread.is_some() {
            return;
        }
        let built = std::thread::Builder::new().name(work.group.clone()).stack_size(512 << 10);
        match built.spawn(move || work.run()) {
            Ok(handle) => *thread = Some(handle),
            Err(why) => locked(&self.work.state).down = Some(format!("no thread: {why}")),
        }
    }

    fn stop(&self) {
        let mut flags = locked(&self.work.flags);
        flags.stop = true;
        self.work.changed.notify_all();
        if locked(&self.thread).is_some() {
            let ended = |flags: &mut Flags| !flags.ended;
            let waited = self.work.changed.wait_timeout_while(flags, STOP, ended);
            drop(waited);
        }
    }

    fn health(&self) -> Health {
        let state = locked(&self.work.state);
        let latency = state.telling.map_or(state.took, |begin| begin.elapsed());
        let age = age(&state.backlog, self.work.means.host.0.now().as_second());
        let late = state.backlog.waiting > 0 && age > OLD_SECONDS;
        let (status, why) = match &state.down {
            Some(why) => (Status::Degraded, why.clone()),
            None if late => (Status::Degraded, "it does not keep up".to_owned()),
            None if state.parked > 0 => {
                (Status::Degraded, format!("{} keys wait for another attempt", state.parked))
            }
            None => (Status::Healthy, String::new()),
        };
        let message = match status {
            Status::Healthy => why,
            _ => format!("{} events wait, the oldest for {age} s: {why}", state.backlog.waiting),
        };
        Health { status, latency_ms: (latency.as_secs_f64() * 1e6).round() / 1e3, message }
    }

    fn busy(&self) -> usize {
        usize::from(locked(&self.work.state).telling.is_some())
    }

    fn waiting(&self) -> Option<u64> {
        Some(locked(&self.work.state).backlog.waiting)
    }
}

/// Seconds since the oldest event that waits.
fn age(backlog: &Backlog, now: i64) -> i64 {
    let oldest = backlog.oldest.as_deref().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    oldest.map_or(0, |oldest| now.saturating_sub(oldest.as_second()).max(0))
}

/// What a thread remembers between rounds.
#[derive(Default)]
struct Memory {
    /// With the secret that it was opened with.
    to: Option<(Box<dyn Notify>, Option<Password>)>,
    lanes: Lanes,
    /// What a consumer before this one held was taken back.
    clean: bool,
    /// Rounds in a row that stopped early, and since when.
    outage: Option<(u32, Instant)>,
    counted: Option<Instant>,
}

impl Work {
    fn run(&self) {
        let mut memory = Memory::default();
        while !locked(&self.flags).stop {
            match self.round(&mut memory) {
                Ok(settled) => {
                    self.recovered(&mut memory);
                    if settled == 0 {
                        self.rest(LOOK, true);
                    }
                }
                Err(down) => self.fell(&mut memory, down),
            }
        }
        if let Ok(log) = self.means.log.direct() {
            let _ = log.reclaim(&self.group);
        }
        locked(&self.flags).ended = true;
        self.changed.notify_all();
    }

    fn round(&self, memory: &mut Memory) -> Result<usize, Down> {
        let down = |why: String| Down { why, retry_after: None };
        let log = self.means.log.direct().map_err(|e| down(e.to_string()))?;
        if !memory.clean {
            log.reclaim(&self.group).map_err(|e| down(e.to_string()))?;
            memory.clean = true;
        }
        let (to, secret) = self.receiver(memory).map_err(down)?;
        let rounds = memory.outage.as_ref().map_or(0, |(rounds, _)| *rounds);
        let redact = |stored: &Stored| redacted(&self.means.redactor, stored);
        let route = Route {
            log: &*log,
            to: &*to,
            record: &self.record,
            group: &self.group,
            wants: &self.wants,
            redact: &redact,
            attempts: self.means.attempts,
            patience: (PATIENCE << rounds.min(8)).min(PAGE),
        };
        let begin = Instant::now();
        locked(&self.state).telling = Some(begin);
        let done = route.run(&mut memory.lanes);
        let mut state = locked(&self.state);
        state.telling = None;
        state.took = begin.elapsed();
        state.parked = memory.lanes.parked();
        drop(state);
        memory.to = Some((to, secret));
        if memory.lanes.parked() > 0 || memory.counted.is_none_or(|at| at.elapsed() > COUNT) {
            self.count(&*log, memory);
        }
        done
    }

    /// In an outage the secret may have been replaced. One that merely fails is kept, with what it knows.
    fn receiver(&self, memory: &mut Memory) -> Result<(Box<dyn Notify>, Option<Password>), String> {
        if memory.outage.is_none()
            && let Some(kept) = memory.to.take()
        {
            return Ok(kept);
        }
        let secret = (self.secret)()?;
        match memory.to.take() {
            Some((to, known)) if known == secret => Ok((to, known)),
            _ => Ok(((self.open)(secret.clone())?, secret)),
        }
    }

    fn count(&self, log: &dyn Outbox, memory: &mut Memory) {
        memory.counted = Some(Instant::now());
        if let Ok(backlog) = log.backlog(&self.group) {
            locked(&self.state).backlog = backlog;
        }
    }

    /// Nothing can be delivered: gives everything back to the log and waits.
    fn fell(&self, memory: &mut Memory, down: Down) {
        let (rounds, _) = memory.outage.get_or_insert_with(|| (0, Instant::now()));
        *rounds = rounds.saturating_add(1);
        if *rounds == 1 {
            tracing::warn!(group = self.group, why = down.why, "cannot be delivered to; the events wait");
            if let Err(why) = self.record.down(&self.group, &down.why) {
                tracing::error!(group = self.group, why, "an outage could not be recorded");
            }
        }
        let pause = pause::after(*rounds, down.retry_after, &*self.means.host.0);
        memory.lanes = Lanes::default();
        memory.clean = false;
        locked(&self.state).down = Some(down.why);
        if let Ok(log) = self.means.log.direct() {
            self.count(&*log, memory);
        }
        self.rest(pause, false);
    }

    fn recovered(&self, memory: &mut Memory) {
        let Some((_, since)) = memory.outage.take() else { return };
        // What waits is counted anew before anyone is told that it does not keep up.
        memory.counted = None;
        locked(&self.state).backlog = Backlog::default();
        let seconds = since.elapsed().as_secs();
        tracing::info!(group = self.group, seconds, "is delivered to again");
        if let Err(why) = self.record.up(&self.group, seconds) {
            tracing::error!(group = self.group, why, "the end of an outage could not be recorded");
        }
        locked(&self.state).down = None;
    }

    /// Waits so long, or until it is told to stop, or with `early` until something is published.
    fn rest(&self, long: Duration, early: bool) {
        let flags = locked(&self.flags);
        let on = |flags: &mut Flags| !(flags.stop || early && flags.woken);
        let waited = self.changed.wait_timeout_while(flags, long, on);
        waited.unwrap_or_else(PoisonError::into_inner).0.woken = false;
    }
}

/// The event without its secrets.
fn redacted(redactor: &Redactor, stored: &Stored) -> Result<Stored, String> {
    let mut value = serde_json::to_value(&stored.event).map_err(|e| e.to_string())?;
    redactor.redact_all(&mut value);
    let event =
        serde_json::from_value::<ecoops_core::domain::RemediationEvent>(value).map_err(|e| e.to_string())?;
    Ok(Stored { event, ..stored.clone() })
}

#[cfg(test)]
mod tests;
