//! The real machine: its wall clock, its monotonic clock and its random generator.

use ecoops_core::ports::host::{Host, NoRandomness};
use jiff::Timestamp;
use std::time::Instant;

/// Counts monotonic time from its making.
#[derive(Debug)]
pub struct System {
    start: Instant,
}

impl System {
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for System {
    fn default() -> Self {
        Self::new()
    }
}

impl Host for System {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic_millis(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(bytes).map_err(|e| NoRandomness(e.to_string()))
    }
}
