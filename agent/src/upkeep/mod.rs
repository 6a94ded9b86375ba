//! What ends by itself and is renewed before it does: a login, a lease, a certificate. Each is a part of the daemon with
//! a thread of its own, which one that hangs keeps to itself.
//!
//! Never gives up: what cannot be renewed is tried again, and its part's health says why.

pub mod certificate;
pub mod lease;
pub mod login;

use crate::component::{Component, Health, Status};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a stop waits for the last words.
const STOP: Duration = Duration::from_secs(4);

/// What is done again and again.
pub trait Chore: Send + Sync + 'static {
    fn name(&self) -> &'static str;
    /// Does what is due, and says after how long to look again.
    fn round(&self) -> Duration;
    /// What does not go well, if something.
    fn trouble(&self) -> Option<String>;
    /// The daemon stops: gives back what must not outlive it.
    fn end(&self) {}
}

/// The part.
pub struct Upkeep<C> {
    pub chore: Arc<C>,
    work: Arc<Work>,
}

#[derive(Default)]
struct Work {
    flags: Mutex<Flags>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Flags {
    stop: bool,
    running: bool,
    woken: bool,
    since: Option<Instant>,
    took: Duration,
}

impl<C: Chore> std::fmt::Debug for Upkeep<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upkeep").field("chore", &self.chore.name()).finish_non_exhaustive()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C: Chore> Upkeep<C> {
    pub fn new(chore: C) -> Self {
        Self { chore: Arc::new(chore), work: Arc::default() }
    }

    /// Looks again at once.
    pub fn wake(&self) {
        locked(&self.work.flags).woken = true;
        self.work.changed.notify_all();
    }
}

fn run(chore: &impl Chore, work: &Work) {
    loop {
        locked(&work.flags).since = Some(Instant::now());
        let wait = chore.round();
        let mut flags = locked(&work.flags);
        flags.took = flags.since.take().map(|since| since.elapsed()).unwrap_or_default();
        let rests = |flags: &mut Flags| !flags.stop && !flags.woken;
        let waited = work.changed.wait_timeout_while(flags, wait, rests);
        let mut flags = waited.unwrap_or_else(PoisonError::into_inner).0;
        flags.woken = false;
        if flags.stop {
            break;
        }
    }
    chore.end();
    locked(&work.flags).running = false;
    work.changed.notify_all();
}

impl<C: Chore> Component for Upkeep<C> {
    fn name(&self) -> &str {
        self.chore.name()
    }

    fn start(&self) {
        let (chore, work) = (self.chore.clone(), self.work.clone());
        let mut flags = locked(&self.work.flags);
        if flags.running || flags.stop {
            return;
        }
        let built = std::thread::Builder::new().name(chore.name().to_owned()).stack_size(1 << 20);
        match built.spawn(move || run(&*chore, &work)) {
            Ok(_) => flags.running = true,
            Err(why) => tracing::error!(component = self.name(), %why, "has no thread"),
        }
    }

    fn stop(&self) {
        let mut flags = locked(&self.work.flags);
        let never_ran = !flags.running && !flags.stop;
        flags.stop = true;
        self.work.changed.notify_all();
        drop(self.work.changed.wait_timeout_while(flags, STOP, |flags| flags.running));
        // What was begun before the thread was to run is given back all the same.
        if never_ran {
            self.chore.end();
        }
    }

    fn health(&self) -> Health {
        let trouble = self.chore.trouble();
        let flags = locked(&self.work.flags);
        let took = flags.since.map_or(flags.took, |since| since.elapsed());
        let status = if trouble.is_some() { Status::Degraded } else { Status::Healthy };
        let latency_ms = (took.as_secs_f64() * 1e6).round() / 1e3;
        Health { status, latency_ms, message: trouble.unwrap_or_default() }
    }

    fn busy(&self) -> usize {
        usize::from(locked(&self.work.flags).since.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Tells of its rounds and its end.
    struct Told(Mutex<Sender<&'static str>>, Mutex<Option<String>>);

    impl Chore for Told {
        fn name(&self) -> &'static str {
            "told"
        }
        fn round(&self) -> Duration {
            let _ = locked(&self.0).send("round");
            Duration::from_secs(3600)
        }
        fn trouble(&self) -> Option<String> {
            locked(&self.1).clone()
        }
        fn end(&self) {
            let _ = locked(&self.0).send("end");
        }
    }

    fn heard(of: &Receiver<&'static str>) -> Option<&'static str> {
        of.recv_timeout(Duration::from_secs(10)).ok()
    }

    #[test]
    fn it_begins_at_once_looks_again_when_woken_and_ends_what_it_began() {
        let (tell, told) = channel();
        let upkeep = Upkeep::new(Told(Mutex::new(tell), Mutex::default()));
        upkeep.start();
        upkeep.start();
        assert_eq!(heard(&told), Some("round"));
        upkeep.wake();
        assert_eq!(heard(&told), Some("round"));
        assert_eq!(upkeep.health().status, Status::Healthy);
        *locked(&upkeep.chore.1) = Some("no".into());
        assert_eq!((upkeep.health().status, upkeep.health().message), (Status::Degraded, "no".into()));
        upkeep.stop();
        assert_eq!(heard(&told), Some("end"));
        upkeep.start();
        upkeep.stop();
        assert!(told.try_recv().is_err(), "what was stopped stays so");
        let (tell, told) = channel();
        Upkeep::new(Told(Mutex::new(tell), Mutex::default())).stop();
        assert_eq!((heard(&told), told.try_recv().ok()), (Some("end"), None), "what never began, too");
    }
}
