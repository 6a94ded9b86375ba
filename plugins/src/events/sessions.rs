//! The connection of an adapter whose client is asynchronous: opened with the first call and used again, every call
//! within its deadline.

use crate::background::Background;
use ecoops_core::ports::events::EventsError;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// `S` is what a connection is to the adapter.
pub struct Sessions<S> {
    /// As errors name it: `NATS at host:4222`.
    place: String,
    deadline: Duration,
    kept: Mutex<Option<Arc<S>>>,
    // Last: what the others still do when they are dropped is done on its thread.
    background: Background,
}

pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Send + Sync + 'static> Sessions<S> {
    /// Connects to nothing yet, and starts no thread.
    pub fn new(system: &'static str, address: &str, deadline: Duration) -> Self {
        let place = format!("{system} at {address}");
        Self { place, deadline, kept: Mutex::default(), background: Background::new(system) }
    }

    /// Asks within the deadline, `open` included where nothing is open; a failure of the system names it.
    ///
    /// # Errors
    /// What `open` or `act` say, or [`EventsError::Storage`] at the deadline.
    pub fn ask<T: Send + 'static, O, A>(
        &self,
        open: impl FnOnce() -> O,
        act: impl FnOnce(Arc<S>) -> A + Send + 'static,
    ) -> Result<T, EventsError>
    where
        O: Future<Output = Result<S, EventsError>> + Send + 'static,
        A: Future<Output = Result<T, EventsError>> + Send + 'static,
    {
        let known = locked(&self.kept).clone();
        let opening = open();
        let asked = self.background.run(self.deadline, async move {
            let session = match known {
                Some(session) => session,
                None => Arc::new(opening.await?),
            };
            act(session.clone()).await.map(|done| (session, done))
        });
        let answer = asked.unwrap_or_else(|late| {
            // Its peer may have forgotten it, and it would wait for it again: the next call begins with another.
            self.forget();
            Err(EventsError::Storage(late.to_string()))
        });
        match answer {
            Ok((session, done)) => {
                locked(&self.kept).get_or_insert(session);
                Ok(done)
            }
            Err(EventsError::Storage(why)) => Err(EventsError::Storage(format!("{}: {why}", self.place))),
            Err(other) => Err(other),
        }
    }

    /// On its own thread, where it may need to be dropped, and nobody waits for that.
    fn forget(&self) {
        if let Some(session) = self.take() {
            self.background.later(async move { drop(session) });
        }
    }

    /// The connection, if there is one; it is not kept any more.
    pub fn take(&self) -> Option<Arc<S>> {
        locked(&self.kept).take()
    }

    /// On the connection's thread, as long as `time`; what becomes of it is not told.
    pub fn finally(&self, time: Duration, act: impl Future<Output = ()> + Send + 'static) {
        let _ = self.background.run(time, act);
    }
}
