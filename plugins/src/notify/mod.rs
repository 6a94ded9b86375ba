//! Receivers of the local log's events.

pub mod bus;
