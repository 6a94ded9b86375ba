//! The log of events.

pub mod embedded;
mod names;
pub mod redis;
pub mod schedule;
mod schema;
