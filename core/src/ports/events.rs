//! A durable log of events with consumer groups: at-least-once delivery, acknowledgement, replay,
//! deduplication, backoff and dead letters.

use crate::domain::RemediationEvent;

/// An event's place in the log: it grows with every event and is never reused, but need not grow by one. 0 stands
/// before the first.
pub type Offset = u64;

#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub offset: Offset,
    pub idempotency_key: String,
    pub event: RemediationEvent,
    /// How often this group was given it, this time included.
    pub attempt: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    pub group: String,
    pub stored: Stored,
    pub reason: String,
}

pub trait Events: Send + Sync {
    /// Makes the event durable and returns its offset. A key seen before returns the first offset
    /// and stores nothing; 0 when only that it was seen is known.
    ///
    /// # Errors
    /// [`EventsError`] when it could not be made durable; then it was not stored.
    fn publish(&self, event: &RemediationEvent, idempotency_key: &str) -> Result<Offset, EventsError>;

    /// The same for several events, in their order, as one step where the log can: then all are durable
    /// or none is. Where it cannot, those before the one that failed are.
    ///
    /// # Errors
    /// As [`Events::publish`].
    fn publish_all(&self, events: &[(RemediationEvent, String)]) -> Result<Vec<Offset>, EventsError> {
        events.iter().map(|(event, key)| self.publish(event, key)).collect()
    }

    /// Up to `count` events that `group` has neither acknowledged nor has in flight, oldest first,
    /// those due for another attempt included. They stay in flight for `lease_millis`.
    ///
    /// # Errors
    /// [`EventsError`] when the log cannot be read.
    fn read(
        &self,
        group: &str,
        consumer: &str,
        count: usize,
        lease_millis: u64,
    ) -> Result<Vec<Stored>, EventsError>;

    /// # Errors
    /// [`EventsError::NotInFlight`] when the group does not hold it.
    fn acknowledge(&self, group: &str, offset: Offset) -> Result<(), EventsError>;

    /// Processing failed: it is given again after an exponential, jittered backoff, and becomes a
    /// dead letter after the last attempt.
    ///
    /// # Errors
    /// [`EventsError::NotInFlight`] when the group does not hold it.
    fn fail(&self, group: &str, offset: Offset, reason: &str) -> Result<(), EventsError>;

    /// Up to `count` events from `from` on (inclusive), for nobody in particular.
    ///
    /// # Errors
    /// [`EventsError`] when the log cannot be read.
    fn replay(&self, from: Offset, count: usize) -> Result<Vec<Stored>, EventsError>;

    /// # Errors
    /// [`EventsError`] when the log cannot be read.
    fn dead_letters(&self, group: Option<&str>) -> Result<Vec<DeadLetter>, EventsError>;

    /// Gives a dead letter to its group again, as if new.
    ///
    /// # Errors
    /// [`EventsError::NotInFlight`] when there is no such dead letter.
    fn revive(&self, group: &str, offset: Offset) -> Result<(), EventsError>;

    /// Gives a dead letter up: the group never gets it again. The event itself stays in the log.
    ///
    /// # Errors
    /// [`EventsError::NotInFlight`] when there is no such dead letter.
    fn discard(&self, group: &str, offset: Offset) -> Result<(), EventsError>;

    /// The newest event's offset, 0 for an empty log.
    ///
    /// # Errors
    /// [`EventsError`] when the log cannot be read.
    fn latest(&self) -> Result<Offset, EventsError>;
}

/// What a group of an outbox still has before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Events that were neither acknowledged nor given up.
    pub waiting: u64,
    /// The oldest event's own time, RFC 3339.
    pub oldest: Option<String>,
    /// Its dead letters.
    pub dead: u64,
}

/// A log that one consumer a group carries to other systems: the local log as an outbox.
///
/// A group of an outbox has one consumer at a time. It holds what it was given until that is settled, and
/// gives nothing of it back but by [`Outbox::reclaim`].
pub trait Outbox: Events {
    /// Acknowledges several at once. Those that the group does not hold are passed over.
    ///
    /// # Errors
    /// [`EventsError`]; then none is acknowledged.
    fn acknowledge_all(&self, group: &str, offsets: &[Offset]) -> Result<(), EventsError>;

    /// Makes a dead letter at once of an event that can never be delivered.
    ///
    /// # Errors
    /// [`EventsError::NotInFlight`] when the group does not hold it.
    fn bury(&self, group: &str, offset: Offset, reason: &str) -> Result<(), EventsError>;

    /// Takes back all that the group was given and did not settle: the next reading gives it again, oldest
    /// first and before anything new. What was in flight was not at fault: its attempt does not count.
    ///
    /// # Errors
    /// [`EventsError`] when the log cannot be used.
    fn reclaim(&self, group: &str) -> Result<(), EventsError>;

    /// # Errors
    /// [`EventsError`] when the log cannot be read.
    fn backlog(&self, group: &str) -> Result<Backlog, EventsError>;
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum EventsError {
    #[error("the event log cannot be used: {0}")]
    Storage(String),
    #[error("event {offset} is not in flight for the group `{group}`")]
    NotInFlight { group: String, offset: Offset },
    #[error("the event at offset {0} is damaged: {1}")]
    Damaged(Offset, String),
}
