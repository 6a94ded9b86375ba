//! The log of events.

pub mod embedded;
pub mod schedule;
mod schema;
