//! The log of events.

mod append;
pub mod embedded;
mod outbox;
mod queue;
pub mod schedule;
mod schema;
