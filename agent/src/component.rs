//! Parts with one life: each owns one port, opens it when it starts or is first asked, answers within a
//! deadline, and says how it is.
//!
//! Ports block, so every call runs on a thread for blocking work. A part takes only so many calls at
//! once: one that hangs fills its own places and nobody else's.

use crate::trace;
use ecoops_plugins::kernel::user::{self, User};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Calls that one part has under way at most.
const PLACES: usize = 8;
/// A call that takes longer makes its part unhealthy.
const TOO_LONG: Duration = Duration::from_secs(3);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Healthy,
    Degraded,
    Unhealthy,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Health {
    pub status: Status,
    pub latency_ms: f64,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// Why a part gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    #[error("the {0} is stopped")]
    Stopped(&'static str),
    #[error("the {0} has too much to do; try again")]
    Busy(&'static str),
    #[error("the {0} gave no answer within {1} ms")]
    Late(&'static str, u128),
    #[error("the {0} cannot be used: {1}")]
    Broken(&'static str, String),
}

tokio::task_local! {
    static USER: User;
}

/// Does something for somebody: what is asked of the kernel's services meanwhile says for whom.
pub async fn on_behalf_of<T>(user: User, future: impl Future<Output = T>) -> T {
    USER.scope(user, future).await
}

/// One life for all parts.
pub trait Component: Send + Sync {
    fn name(&self) -> &str;
    /// Opens what can be opened early. A part that cannot start says so in its health and tries again
    /// at the next call.
    fn start(&self);
    /// No more calls; those under way go on.
    fn stop(&self);
    /// How it is, by what it did last; asks nothing.
    fn health(&self) -> Health;
    /// Calls under way.
    fn busy(&self) -> usize;
    /// What waits to be done, where there is a queue.
    fn waiting(&self) -> Option<u64> {
        None
    }
}

type Open<P> = Box<dyn Fn() -> Result<Arc<P>, String> + Send + Sync>;

/// A part that owns the port `P`.
pub struct Desk<P: ?Sized> {
    name: &'static str,
    deadline: Duration,
    open: Open<P>,
    /// Whether it is opened before anybody asks.
    early: bool,
    port: Mutex<Option<Arc<P>>>,
    places: Arc<Semaphore>,
    record: Mutex<Record>,
    next: AtomicU64,
}

#[derive(Debug, Default)]
struct Record {
    under_way: BTreeMap<u64, Instant>,
    /// Of the last call that ended.
    took: Duration,
    trouble: Option<String>,
}

impl<P: ?Sized> fmt::Debug for Desk<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("name", &self.name).finish_non_exhaustive()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<P: ?Sized + Send + Sync + 'static> Desk<P> {
    pub fn new(
        name: &'static str,
        deadline: Duration,
        open: impl Fn() -> Result<Arc<P>, String> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Self::with(name, deadline, true, Box::new(open))
    }

    /// One that costs much to have open: it is opened when it is first asked, not before.
    pub fn when_asked(
        name: &'static str,
        deadline: Duration,
        open: impl Fn() -> Result<Arc<P>, String> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Self::with(name, deadline, false, Box::new(open))
    }

    fn with(name: &'static str, deadline: Duration, early: bool, open: Open<P>) -> Arc<Self> {
        Arc::new(Self {
            name,
            deadline,
            open,
            early,
            port: Mutex::new(None),
            places: Arc::new(Semaphore::new(PLACES)),
            record: Mutex::default(),
            next: AtomicU64::new(0),
        })
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How long a caller waits.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Asks the port on a thread of its own. What is late goes on there, and keeps its place until it ends.
    ///
    /// # Errors
    /// [`Unavailable`] when the port cannot be opened, is full, or is too slow.
    pub async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        act: impl FnOnce(&P) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        self.ask_within(self.deadline, act).await
    }

    /// The same with another deadline.
    ///
    /// # Errors
    /// As [`Desk::ask`].
    pub async fn ask_within<T: Send + 'static>(
        self: &Arc<Self>,
        deadline: Duration,
        act: impl FnOnce(&P) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        let begin = Instant::now();
        let place = match tokio::time::timeout(deadline, self.places.clone().acquire_owned()).await {
            Err(_) => return Err(Unavailable::Busy(self.name)),
            Ok(Err(_)) => return Err(Unavailable::Stopped(self.name)),
            Ok(Ok(place)) => place,
        };
        let desk = self.clone();
        let mut span = trace::span("store", trace::Kind::Internal);
        span.note("component", self.name);
        let user = USER.try_with(Clone::clone).ok();
        let work = tokio::task::spawn_blocking(move || {
            let call = desk.begin();
            let act = || desk.port().map(|port| user::within(user, || act(&port)));
            // What is asked of others ends when the caller stops waiting.
            let act = || ecoops_plugins::http::deadline::until(begin + deadline, act);
            let (answer, outside) = span.within_blocking(|| ecoops_plugins::http::trace::watched(act));
            if outside {
                span.rename("external", trace::Kind::Client);
            }
            if let Err(why) = &answer {
                span.fail(&why.to_string());
            }
            drop(span);
            drop(call);
            drop(place);
            answer
        });
        let left = deadline.saturating_sub(begin.elapsed());
        match tokio::time::timeout(left, work).await {
            Err(_) => Err(Unavailable::Late(self.name, deadline.as_millis())),
            Ok(Err(panic)) => Err(Unavailable::Broken(self.name, panic.to_string())),
            Ok(Ok(answer)) => answer,
        }
    }

    /// The port itself, for a part that has a thread of its own. It waits as long as it takes.
    ///
    /// # Errors
    /// [`Unavailable`] when it cannot be opened.
    pub fn direct(&self) -> Result<Arc<P>, Unavailable> {
        self.port()
    }

    /// The port, opened when it is not.
    fn port(&self) -> Result<Arc<P>, Unavailable> {
        let mut port = locked(&self.port);
        if let Some(open) = port.as_ref() {
            return Ok(open.clone());
        }
        let opened = (self.open)();
        locked(&self.record).trouble = opened.as_ref().err().cloned();
        match opened {
            Ok(open) => {
                *port = Some(open.clone());
                Ok(open)
            }
            Err(why) => {
                tracing::warn!(component = self.name, why, "cannot be opened");
                Err(Unavailable::Broken(self.name, why))
            }
        }
    }

    fn begin(&self) -> Call<'_> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        locked(&self.record).under_way.insert(number, Instant::now());
        Call { record: &self.record, number }
    }
}

/// One call under way; it ends when dropped, by a panic too.
struct Call<'a> {
    record: &'a Mutex<Record>,
    number: u64,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let mut record = locked(self.record);
        if let Some(begin) = record.under_way.remove(&self.number) {
            record.took = begin.elapsed();
        }
    }
}

impl<P: ?Sized + Send + Sync + 'static> Component for Desk<P> {
    fn name(&self) -> &str {
        self.name
    }

    fn start(&self) {
        if self.early {
            let _ = self.port();
        }
    }

    fn stop(&self) {
        self.places.close();
    }

    fn health(&self) -> Health {
        let record = locked(&self.record);
        let oldest = record.under_way.values().map(Instant::elapsed).max();
        let (status, message) = match (&record.trouble, oldest) {
            (_, Some(age)) if age > TOO_LONG => {
                (Status::Unhealthy, format!("a call has been under way for {} s", age.as_secs()))
            }
            (Some(why), _) => (Status::Unhealthy, why.clone()),
            _ if self.places.available_permits() == 0 && !self.places.is_closed() => {
                (Status::Degraded, "every place is taken".to_owned())
            }
            _ => (Status::Healthy, String::new()),
        };
        let took = oldest.filter(|age| *age > record.took).unwrap_or(record.took);
        Health { status, latency_ms: (took.as_secs_f64() * 1e6).round() / 1e3, message }
    }

    fn busy(&self) -> usize {
        locked(&self.record).under_way.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
    }

    #[test]
    fn one_that_costs_much_is_opened_when_it_is_asked() {
        let opened = Arc::new(AtomicU64::new(0));
        let count = opened.clone();
        let open = move || {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(Arc::from("port"))
        };
        let desk: Arc<Desk<str>> = Desk::when_asked("part", Duration::from_secs(5), open);
        desk.start();
        assert_eq!((opened.load(Ordering::Relaxed), desk.health().status), (0, Status::Healthy));
        for _ in 0..2 {
            assert_eq!(run(desk.ask(|port| port.len())), Ok(4));
            assert_eq!(opened.load(Ordering::Relaxed), 1);
        }
    }

    fn desk(deadline: Duration) -> Arc<Desk<str>> {
        Desk::new("part", deadline, || Ok(Arc::from("port")))
    }

    #[test]
    fn one_that_hangs_is_late_then_full_and_others_go_on() {
        let (let_go, wait) = mpsc::channel::<()>();
        let wait = Arc::new(Mutex::new(wait));
        run(async {
            let (hangs, well) = (desk(Duration::from_millis(20)), desk(Duration::from_secs(5)));
            for _ in 0..PLACES {
                let wait = wait.clone();
                let late = hangs.ask(move |_| locked(&wait).recv().is_ok()).await;
                assert_eq!(late, Err(Unavailable::Late("part", 20)));
            }
            assert_eq!(hangs.ask(|_| ()).await, Err(Unavailable::Busy("part")));
            assert_eq!(hangs.health().status, Status::Degraded);
            assert_eq!(well.ask(|port| port.len()).await, Ok(4));
            drop(let_go);
            assert_eq!(hangs.ask_within(Duration::from_secs(5), |port| port.len()).await, Ok(4));
        });
    }

    #[test]
    fn one_that_cannot_open_tries_again_and_one_that_is_stopped_does_not() {
        let works = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let asked = works.clone();
        let desk: Arc<Desk<str>> = Desk::new("part", Duration::from_secs(5), move || {
            if asked.load(Ordering::Relaxed) { Ok(Arc::from("port")) } else { Err("no".into()) }
        });
        run(async {
            desk.start();
            assert_eq!(desk.health().status, Status::Unhealthy);
            assert_eq!(desk.ask(|_| ()).await, Err(Unavailable::Broken("part", "no".into())));
            works.store(true, Ordering::Relaxed);
            assert_eq!(desk.ask(|_| ()).await, Ok(()));
            assert_eq!(desk.health().status, Status::Healthy);
            desk.stop();
            assert_eq!(desk.ask(|_| ()).await, Err(Unavailable::Stopped("part")));
        });
    }

    #[test]
    fn a_panic_is_an_answer_and_frees_its_place() {
        let desk = desk(Duration::from_secs(5));
        run(async {
            for _ in 0..2 * PLACES {
                assert!(matches!(desk.ask(|_| panic!("x")).await, Err(Unavailable::Broken("part", _))));
            }
            assert_eq!(desk.busy(), 0);
        });
    }
}
