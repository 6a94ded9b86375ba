//! A machine whose clock moves only when told to and whose randomness follows from a seed: for tests
//! and for replaying a run. Its randomness is predictable, so it never makes a secret that matters.

use ecoops_core::ports::host::{Host, NoRandomness};
use jiff::{SignedDuration, Timestamp};
use std::sync::{Mutex, PoisonError};

#[derive(Debug)]
pub struct Frozen {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    now: Timestamp,
    monotonic: u64,
    generator: u64,
}

impl Frozen {
    pub fn at(now: Timestamp, seed: u64) -> Self {
        Self { state: Mutex::new(State { now, monotonic: 0, generator: seed }) }
    }

    /// Time passes, on both clocks.
    pub fn advance(&self, millis: u64) {
        self.with(|state| {
            state.monotonic = state.monotonic.saturating_add(millis);
            let millis = i64::try_from(millis).unwrap_or(i64::MAX);
            state.now = shifted(state.now, SignedDuration::from_millis(millis));
        });
    }

    /// Somebody sets the wall clock, forward or back; the monotonic clock does not notice.
    pub fn set(&self, now: Timestamp) {
        self.with(|state| state.now = now);
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn shifted(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.saturating_add(by).unwrap_or(Timestamp::MAX)
}

impl Host for Frozen {
    fn now(&self) -> Timestamp {
        self.with(|state| state.now)
    }

    fn monotonic_millis(&self) -> u64 {
        self.with(|state| state.monotonic)
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        self.with(|state| {
            for chunk in bytes.chunks_mut(8) {
                let word = split_mix(&mut state.generator).to_le_bytes();
                for (byte, random) in chunk.iter_mut().zip(word) {
                    *byte = random;
                }
            }
        });
        Ok(())
    }
}

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_published_sequence() {
        // Reference output of splitmix64.c for the seed 1234567.
        let mut state = 1_234_567;
        assert_eq!(split_mix(&mut state), 6_457_827_717_110_365_317);
        assert_eq!(split_mix(&mut state), 3_203_168_211_198_807_973);
    }

    #[test]
    fn the_clock_moves_only_when_told() {
        let host = Frozen::at(Timestamp::UNIX_EPOCH, 1);
        host.advance(1_500);
        assert_eq!((host.now().as_millisecond(), host.monotonic_millis()), (1_500, 1_500));
        host.set(Timestamp::UNIX_EPOCH);
        assert_eq!((host.now().as_millisecond(), host.monotonic_millis()), (0, 1_500));
    }
}
