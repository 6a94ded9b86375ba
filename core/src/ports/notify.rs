//! Somewhere that events of the local log are told to: a bus, a webhook, a chat.
//!
//! The log is the outbox: an event is durable there before anyone is told. An adapter keeps nothing and
//! retries nothing; whoever calls it does both.

use super::events::Stored;

pub trait Notify: Send + Sync {
    /// Tells events in this order, and stops at the first that cannot be told. A receiver that was told of one
    /// before knows it by its idempotency key.
    fn tell(&self, events: &[Stored]) -> Told;

    /// Where it goes, for people; without anything secret.
    fn place(&self) -> String;
}

/// How far a telling went.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    /// So many from the first on have arrived.
    pub count: usize,
    /// What stopped it at the next.
    pub stopped: Option<NotifyError>,
}

impl Told {
    pub fn all(count: usize) -> Self {
        Self { count, stopped: None }
    }

    pub fn until(count: usize, error: NotifyError) -> Self {
        Self { count, stopped: Some(error) }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// Nobody can be told at present; the event is not at fault.
    #[error("{why}")]
    Unavailable {
        why: String,
        /// Milliseconds that the receiver asks to be left alone for.
        retry_after: Option<u64>,
    },
    /// It went wrong with this event, and may go well another time.
    #[error("{0}")]
    Failed(String),
    /// This event will never be taken.
    #[error("{0}")]
    Refused(String),
}

impl NotifyError {
    pub fn unavailable(why: impl Into<String>) -> Self {
        Self::Unavailable { why: why.into(), retry_after: None }
    }
}
