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
