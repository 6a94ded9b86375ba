//! How long a receiver that cannot be reached is left alone.

use ecoops_core::ports::host::Host;
use std::time::Duration;

const FIRST_MILLIS: u64 = 500;
/// Somebody who comes back into the network waits no longer than this.
const LONGEST_MILLIS: u64 = 60_000;
/// A receiver that asks for more is asked again after this.
const LONGEST_ASKED_MILLIS: u64 = 60 * 60 * 1000;

/// Doubling with every round, of that a random part between one half and the whole ("equal jitter", AWS
/// Architecture Blog, Exponential Backoff And Jitter, 2015); never less than the receiver asked for.
pub fn after(rounds: u32, asked: Option<u64>, host: &dyn Host) -> Duration {
    let mut random = [0; 8];
    // Without randomness the pause is merely not spread.
    let _ = host.random(&mut random);
    Duration::from_millis(millis(rounds, asked, u64::from_le_bytes(random)))
}

fn millis(rounds: u32, asked: Option<u64>, random: u64) -> u64 {
    let whole = FIRST_MILLIS.saturating_mul(1 << rounds.saturating_sub(1).min(20)).min(LONGEST_MILLIS);
    let half = whole / 2;
    (half + random % (whole - half + 1)).max(asked.unwrap_or(0).min(LONGEST_ASKED_MILLIS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_within_bounds_and_heeds_the_receiver() {
        for (rounds, asked, least, most) in [
            (1, None, 250, 500),
            (2, None, 500, 1_000),
            (9, None, 30_000, 60_000),
            (u32::MAX, None, 30_000, 60_000),
            (1, Some(7_000), 7_000, 7_000),
            (1, Some(u64::MAX), LONGEST_ASKED_MILLIS, LONGEST_ASKED_MILLIS),
        ] {
            for random in [0, 1, 249, 250, 12_345, u64::MAX] {
                let pause = millis(rounds, asked, random);
                assert!((least..=most).contains(&pause), "{rounds} {asked:?} {random}: {pause}");
            }
        }
    }
}
