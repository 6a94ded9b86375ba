//! How to live with systems that fail: when to stop asking, and when to ask again.
//!
//! Pure: time comes in as a duration since a moment of the caller's, chance as a byte. Never waits, never asks.

mod backoff;
mod breaker;

pub use backoff::{Backoff, Budget};
pub use breaker::{Breaker, BreakerSettings, BreakerState};
