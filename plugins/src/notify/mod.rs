//! Receivers of the local log's events.

mod answer;
pub mod bus;
pub mod slack;
pub mod webhook;
