//! What was asked of each system and how it went: requests, repetitions, times, and whether it is asked at all.
//!
//! One for the process, because clients live in adapters that nobody else sees; by address, without credentials.

use ecoops_core::engines::resilience::BreakerState;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Upper bounds of times, in seconds.
pub const BOUNDS: [f64; 8] = [0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];
/// Systems that are told apart; more are not counted.
const MOST: usize = 256;

/// One system.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    /// Tries that were answered, whatever the answer; and those that were not, or by 502, 503 or 504.
    pub answered: u64,
    pub failed: u64,
    pub repeated: u64,
    /// Requests that were not made, because the system fails.
    pub spared: u64,
    pub breaker: BreakerState,
    /// Tries that took no longer than each of [`BOUNDS`].
    pub buckets: [u64; BOUNDS.len()],
    /// Seconds of all tries.
    pub seconds: f64,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            answered: 0,
            failed: 0,
            repeated: 0,
            spared: 0,
            breaker: BreakerState::Closed,
            buckets: [0; BOUNDS.len()],
            seconds: 0.0,
        }
    }
}

static ALL: Mutex<BTreeMap<String, Tally>> = Mutex::new(BTreeMap::new());

fn all() -> MutexGuard<'static, BTreeMap<String, Tally>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

fn change(system: &str, act: impl FnOnce(&mut Tally)) {
    let mut all = all();
    if let Some(tally) = all.get_mut(system) {
        act(tally);
    } else if all.len() < MOST {
        act(all.entry(system.to_owned()).or_default());
    }
}

pub(super) fn tried(system: &str, well: bool, took: Duration, breaker: BreakerState) {
    change(system, |tally| {
        *(if well { &mut tally.answered } else { &mut tally.failed }) += 1;
        let seconds = took.as_secs_f64();
        tally.seconds += seconds;
        tally.buckets.iter_mut().zip(BOUNDS).for_each(|(count, bound)| *count += u64::from(seconds <= bound));
        tally.breaker = breaker;
    });
}

pub(super) fn repeated(system: &str) {
    change(system, |tally| tally.repeated += 1);
}

pub(super) fn spared(system: &str, breaker: BreakerState) {
    change(system, |tally| {
        tally.spared += 1;
        tally.breaker = breaker;
    });
}

/// Every system that was asked, by address.
pub fn systems() -> Vec<(String, Tally)> {
    all().iter().map(|(system, tally)| (system.clone(), tally.clone())).collect()
}
