//! Brings the documents that wait for a memory that was away, once it answers again.
//!
//! They wait in a file of this machine, whoever put them there; see the memory itself for how each arrives once. Never
//! looks into a document, and never gives one up.

use crate::component::{Component, Desk, Health, Status};
use crate::deliver::pause;
use crate::kernel::Clock;
use ecoops_core::ports::memory::Memory;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often the file is looked at for what others put there.
const LOOK: Duration = Duration::from_secs(2);
/// A memory that was away for long is asked again after this.
const LONGEST: Duration = Duration::from_secs(10);
const STOP: Duration = Duration::from_secs(2);

/// The part.
pub struct Bringer(Arc<Work>);

struct Work {
    memory: Arc<Desk<dyn Memory>>,
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
    waiting: u64,
    why: String,
}

impl std::fmt::Debug for Bringer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bringer")
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bringer {
    pub fn new(memory: Arc<Desk<dyn Memory>>, host: Clock) -> Self {
        let (flags, changed, state) = (Mutex::default(), Condvar::new(), Mutex::default());
        Self(Arc::new(Work { memory, host, flags, changed, state }))
    }
}

impl Component for Bringer {
    fn name(&self) -> &str {
        "memory-waiting"
    }

    fn start(&self) {
        let mut flags = locked(&self.0.flags);
        if flags.running || flags.stop {
            return;
        }
        let work = self.0.clone();
        let built = std::thread::Builder::new().name("memory-waiting".into()).stack_size(2 << 20);
        match built.spawn(move || work.run()) {
            Ok(_) => flags.running = true,
            Err(why) => locked(&self.0.state).why = format!("no thread: {why}"),
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
        let message = match (state.waiting, state.why.as_str()) {
            (0, why) => why.to_owned(),
            (waiting, why) => format!("{waiting} documents wait: {why}"),
        };
        let status = if message.is_empty() { Status::Healthy } else { Status::Degraded };
        Health { status, latency_ms: 0.0, message }
    }

    fn busy(&self) -> usize {
        0
    }

    fn waiting(&self) -> Option<u64> {
        Some(locked(&self.0.state).waiting)
    }
}

impl Work {
    fn run(&self) {
        let mut rounds = 0u32;
        while !locked(&self.flags).stop {
            let (waiting, why) = self.round();
            rounds = if waiting > 0 || !why.is_empty() { rounds.saturating_add(1) } else { 0 };
            if rounds == 1 {
                tracing::warn!(waiting, why, "documents wait for the memory");
            }
            *locked(&self.state) = State { waiting, why };
            let rest = if rounds == 0 {
                LOOK
            } else {
                pause::after(rounds, None, &*self.host.0).clamp(LOOK, LONGEST)
            };
            let flags = locked(&self.flags);
            drop(self.changed.wait_timeout_while(flags, rest, |flags| !flags.stop));
        }
        locked(&self.flags).running = false;
        self.changed.notify_all();
    }

    /// Brings what it can; how many still wait, and why.
    fn round(&self) -> (u64, String) {
        let memory = match self.memory.direct() {
            Ok(memory) => memory,
            Err(why) => return (locked(&self.state).waiting, why.to_string()),
        };
        match memory.bring() {
            Ok(left) => {
                (left as u64, if left > 0 { "the memory did not take them".into() } else { String::new() })
            }
            Err(why) => (locked(&self.state).waiting.max(1), why.to_string()),
        }
    }
}
