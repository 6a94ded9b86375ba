//! How much one caller may ask for: counted by a server that agents share when the settings name one, else here.
//! A server that does not answer at once is left alone for a while, and this process counts.

use super::ask::Caller;
use crate::component::Desk;
use ecoops_core::ports::limits::{Left, Limits as Counting};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What a request may lose to a server that is slow.
const PATIENCE: Duration = Duration::from_millis(100);
/// A server that failed is not asked again for so long.
const LEFT_ALONE: Duration = Duration::from_secs(5);

/// See the module.
pub struct Limits {
    here: Box<dyn Counting>,
    shared: Option<Arc<Desk<dyn Counting>>>,
    away_until: Mutex<Option<Instant>>,
}

impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limits").field("shared", &self.shared).finish_non_exhaustive()
    }
}

impl Limits {
    pub fn new(here: Box<dyn Counting>, shared: Option<Arc<Desk<dyn Counting>>>) -> Self {
        Self { here, shared, away_until: Mutex::default() }
    }

    /// Takes one request of the caller. When nobody can count, it is not held back.
    pub async fn take(&self, caller: &Caller) -> Left {
        let (user, purpose) = (caller.id.clone(), caller.purpose());
        if let Some(left) = self.ask_shared(&user, &purpose).await {
            return left;
        }
        let free = Left { limit: 0, remaining: 0, wait: None };
        self.here.take(&user, &purpose).unwrap_or(free)
    }

    async fn ask_shared(&self, user: &str, purpose: &str) -> Option<Left> {
        let shared = self.shared.as_ref()?;
        let away = *self.away_until.lock().unwrap_or_else(PoisonError::into_inner);
        if away.is_some_and(|until| Instant::now() < until) {
            return None;
        }
        let (user, purpose) = (user.to_owned(), purpose.to_owned());
        let asked = shared.ask_within(PATIENCE, move |limits| limits.take(&user, &purpose)).await;
        let why = match asked {
            Ok(Ok(left)) => return Some(left),
            Ok(Err(error)) => error.to_string(),
            Err(unavailable) => unavailable.to_string(),
        };
        tracing::warn!(why, "requests are counted by this process for a while");
        *self.away_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + LEFT_ALONE);
        None
    }
}
