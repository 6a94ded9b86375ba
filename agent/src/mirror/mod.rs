//! Mirrors the audit log to another system, in order, each entry once: to the kernel's policy-audit, and to the
//! PostgreSQL server that holds an org's incidents.
//!
//! The log itself is the record; this is a copy for who looks elsewhere. While the other side is away the entries stay
//! where they are, in the log, and the part tries again for as long as it takes. Where it is not known whether an entry
//! arrived, because a connection or this process died, the other side is asked before it is written again. What the other
//! side will not take is set aside, named in the part's health, and never forgotten silently.

mod place;

use crate::component::{Component, Desk, Health, Status};
use crate::deliver::pause;
use crate::kernel::Clock;
use ecoops_core::domain::{AuditEntry, ContentHash};
use ecoops_core::engines::ledger::entry as ledger_entry;
use ecoops_core::ports::audit_log::{AuditCopy, AuditLog, CopyError};
use place::Place;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often the log is looked at for what other processes wrote to it.
const LOOK: Duration = Duration::from_secs(1);
/// Entries between two writings of the place. After a crash so many are looked for before they are written.
const BATCH: usize = 64;
/// Failures at one entry after which it is set aside, if the other side then takes another.
const PATIENCE: u32 = 5;
const STOP: Duration = Duration::from_secs(2);

type Open = Box<dyn Fn() -> Result<Box<dyn AuditCopy>, String> + Send + Sync>;

/// The part.
pub struct Mirror(Arc<Work>);

struct Work {
    name: &'static str,
    log: Arc<Desk<dyn AuditLog>>,
    open: Open,
    /// Where the place in the log is kept.
    file: PathBuf,
    host: Clock,
    flags: Mutex<Flags>,
    changed: Condvar,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct Flags {
    stop: bool,
    running: bool,
}

#[derive(Debug, Default)]
struct State {
    since: Option<Instant>,
    took: Duration,
    down: Option<String>,
    waiting: u64,
    refused: u64,
    why_refused: String,
}

/// Why a round ended early.
struct Down(String);

/// What the thread knows between two rounds.
struct Memory {
    to: Box<dyn AuditCopy>,
    log: String,
    place: Place,
    /// Entries before this one may have been written by whoever came before.
    unsure: u64,
    failures: u32,
    /// Entries of this round that were not taken: whether that is their own fault or the other side's is known when
    /// it takes one that comes after them.
    doubtful: Vec<(u64, String)>,
}

impl std::fmt::Debug for Mirror {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mirror").field("file", &self.0.file).finish_non_exhaustive()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Mirror {
    /// Writes nothing yet. `open` makes the other side, and is asked again when it could not.
    pub fn new(
        name: &'static str,
        log: Arc<Desk<dyn AuditLog>>,
        file: PathBuf,
        host: Clock,
        open: impl Fn() -> Result<Box<dyn AuditCopy>, String> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Work {
            name,
            log,
            open: Box::new(open),
            file,
            host,
            flags: Mutex::default(),
            changed: Condvar::new(),
            state: Mutex::default(),
        }))
    }
}

impl Component for Mirror {
    fn name(&self) -> &str {
        self.0.name
    }

    fn start(&self) {
        let work = self.0.clone();
        let mut flags = locked(&work.flags);
        if flags.running || flags.stop {
            return;
        }
        let built = std::thread::Builder::new().name(work.name.into()).stack_size(2 << 20);
        let runs = work.clone();
        match built.spawn(move || runs.run()) {
            Ok(_) => flags.running = true,
            Err(why) => locked(&work.state).down = Some(format!("no thread: {why}")),
        }
    }

    fn stop(&self) {
        let mut flags = locked(&self.0.flags);
        flags.stop = true;
        self.0.changed.notify_all();
        drop(self.0.changed.wait_timeout_while(flags, STOP, |flags| flags.running));
    }

    fn health(&self) -> Health {
        let state = locked(&self.0.state);
        let (waiting, refused) = (state.waiting, state.refused);
        let mut said = Vec::new();
        if let Some(why) = &state.down {
            said.push(format!("{waiting} entries wait: {why}"));
        }
        if refused > 0 {
            said.push(format!("{refused} entries were not taken, the last because: {}", state.why_refused));
        }
        let status = if said.is_empty() { Status::Healthy } else { Status::Degraded };
        let took = state.since.map_or(state.took, |since| since.elapsed());
        Health { status, latency_ms: (took.as_secs_f64() * 1e6).round() / 1e3, message: said.join("; ") }
    }

    fn busy(&self) -> usize {
        usize::from(locked(&self.0.state).since.is_some())
    }

    fn waiting(&self) -> Option<u64> {
        Some(locked(&self.0.state).waiting)
    }
}

impl Work {
    fn run(&self) {
        let (mut memory, mut rounds) = (None, 0u32);
        while !locked(&self.flags).stop {
            match self.round(&mut memory) {
                Ok(done) => {
                    if rounds > 0 {
                        tracing::info!("the audit log is mirrored again");
                    }
                    (rounds, locked(&self.state).down) = (0, None);
                    if done == 0 {
                        self.rest(LOOK);
                    }
                }
                Err(Down(why)) => {
                    rounds = rounds.saturating_add(1);
                    if rounds == 1 {
                        tracing::warn!(why, "the audit log cannot be mirrored; its entries wait");
                    }
                    locked(&self.state).down = Some(why);
                    self.rest(pause::after(rounds, None, &*self.host.0));
                }
            }
        }
        locked(&self.flags).running = false;
        self.changed.notify_all();
    }

    fn rest(&self, long: Duration) {
        let flags = locked(&self.flags);
        drop(self.changed.wait_timeout_while(flags, long, |flags| !flags.stop));
    }

    /// A batch of entries; how many there were.
    fn round(&self, kept: &mut Option<Memory>) -> Result<usize, Down> {
        let log = self.log.direct().map_err(|e| Down(e.to_string()))?;
        if kept.is_none() {
            *kept = Some(self.begin(&*log)?);
        }
        let Some(memory) = kept else { return Ok(0) };
        let entries = log.entries(memory.place.next, BATCH).map_err(|e| Down(e.to_string()))?;
        self.count(memory, &*log, entries.len())?;
        let before = memory.place.next;
        memory.doubtful.clear();
        let done = entries.iter().try_for_each(|(index, entry)| {
            if locked(&self.flags).stop {
                return Err(CopyError::Failed("it stops".into()));
            }
            if !self.is_ours(memory, &*log, entry) {
                self.carry(memory, *index, entry)?;
            }
            if memory.doubtful.is_empty() {
                memory.place.next = index + 1;
            }
            Ok(())
        });
        let doubt = memory.doubtful.first().map(|(_, why)| CopyError::Failed(why.clone()));
        let done = done.and_then(|()| doubt.map_or(Ok(()), Err));
        if memory.place.next > before {
            memory.place.save(&self.file).map_err(|e| Down(format!("{}: {e}", self.file.display())))?;
        }
        let mut state = locked(&self.state);
        state.waiting = state.waiting.saturating_sub(memory.place.next - before);
        (state.refused, state.why_refused) = (memory.place.refused, memory.place.why.clone());
        drop(state);
        if matches!(done, Err(CopyError::Away(_))) {
            // Made anew: what it lets us in by may have been replaced.
            *kept = None;
        }
        done.map(|()| entries.len()).map_err(|why| Down(why.to_string()))
    }

    fn begin(&self, log: &dyn AuditLog) -> Result<Memory, Down> {
        let to = (self.open)().map_err(Down)?;
        // Another log, or another key, begins anew.
        let name = log.name();
        let mut place =
            Place::load(&self.file, &name).map_err(|e| Down(format!("{}: {e}", self.file.display())))?;
        // One that was set up anew, or put back to an older state, lacks what was written there once.
        if let Some(mut next) = to.next(&name).map_err(|e| Down(e.to_string()))? {
            while place.named.contains(&next) {
                next += 1;
            }
            place.next = next;
        }
        let unsure = place.next + BATCH as u64;
        Ok(Memory { to, log: name, place, unsure, failures: 0, doubtful: Vec::new() })
    }

    /// How many wait, counted only when it matters: behind a full batch.
    fn count(&self, memory: &Memory, log: &dyn AuditLog, found: usize) -> Result<(), Down> {
        let waiting = match found < BATCH {
            true => found as u64,
            false => log.size().map_err(|e| Down(e.to_string()))?.saturating_sub(memory.place.next),
        };
        locked(&self.state).waiting = waiting;
        Ok(())
    }

    /// Whether an entry is itself a copy of one of this log: the other side may be this very daemon.
    fn is_ours(&self, memory: &Memory, log: &dyn AuditLog, entry: &AuditEntry) -> bool {
        let Some((of, index, hash)) = memory.to.origin(entry).filter(|(of, ..)| *of == memory.log) else {
            return false;
        };
        let original = log.entries(index, 1).unwrap_or_default();
        let same = |entry: &AuditEntry| {
            ledger_entry::encode(entry).is_ok_and(|bytes| ContentHash::of(&bytes).as_str() == hash)
        };
        let copied = original.first().is_some_and(|(at, entry)| *at == index && same(entry));
        if copied {
            tracing::debug!(log = of, index, "a copy of our own is not mirrored again");
        }
        copied
    }

    /// Brings one entry over, sets it aside, or leaves that in doubt: what fails again and again is set aside when one
    /// behind it is taken. A side that takes nothing is itself at fault, for as long as it takes.
    fn carry(&self, memory: &mut Memory, index: u64, entry: &AuditEntry) -> Result<(), CopyError> {
        let begin = Instant::now();
        locked(&self.state).since = Some(begin);
        let unsure = index < memory.unsure;
        let (to, log) = (&memory.to, &memory.log);
        let sent = match unsure.then(|| to.holds(log, index, entry)).transpose() {
            Ok(Some(true)) => Ok(()),
            Ok(_) => to.write(log, index, entry),
            // That it cannot be looked for says nothing of the entry.
            Err(CopyError::Refused(why) | CopyError::Failed(why)) => Err(CopyError::Away(why)),
            Err(why) => Err(why),
        };
        let mut state = locked(&self.state);
        (state.since, state.took) = (None, begin.elapsed());
        drop(state);
        match sent {
            Ok(()) => {
                for (index, why) in std::mem::take(&mut memory.doubtful) {
                    memory.set_aside(index, &why);
                }
                memory.failures = 0;
            }
            Err(CopyError::Refused(why)) if memory.doubtful.is_empty() => {
                memory.set_aside(index, &why);
                memory.failures = 0;
            }
            Err(CopyError::Refused(why)) => memory.doubtful.push((index, why)),
            Err(error) => {
                // It may have arrived.
                memory.unsure = memory.unsure.max(index + 1);
                match error {
                    CopyError::Failed(why) if memory.doubtful.is_empty() => {
                        memory.failures = memory.failures.saturating_add(1);
                        if memory.failures < PATIENCE {
                            return Err(CopyError::Failed(why));
                        }
                        memory.doubtful.push((index, why));
                    }
                    error => return Err(error),
                }
            }
        }
        Ok(())
    }
}

impl Memory {
    fn set_aside(&mut self, index: u64, why: &str) {
        tracing::error!(index, why, "an entry of the audit log is not taken by its mirror");
        self.place.set_aside(index, why);
    }
}

#[cfg(test)]
mod tests;
