//! The log of events.

mod append;
pub mod embedded;
pub mod kafka;
mod names;
pub mod nats;
mod outbox;
mod queue;
pub mod redis;
pub mod schedule;
mod schema;
mod sessions;

use crate::broker::BrokerSettings;

/// How the log lies in a system outside, and who asks there.
#[derive(Debug, Clone)]
pub struct OutsideSettings {
    pub server: BrokerSettings,
    /// The stream, or topic; made when it is not there, where the system lets us.
    pub stream: String,
    /// Entries that a stream made here keeps, roughly, at least 1. A topic of Kafka keeps what its settings there say.
    pub keep: u64,
    /// After so many failed attempts an event is a dead letter of its group.
    pub attempts: u32,
}
