//! The log of events.

mod append;
pub mod embedded;
mod names;
mod outbox;
mod queue;
pub mod redis;
pub mod schedule;
mod schema;
