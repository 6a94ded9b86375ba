//! How long a receiver that cannot be reached is left alone.

use ecoops_core::engines::resilience::Backoff;
use ecoops_core::ports::host::Host;
use std::time::Duration;

/// Somebody who comes back into the network waits no longer than a minute.
const BACKOFF: Backoff = Backoff { first: Duration::from_millis(500), most: Duration::from_secs(60) };
/// A receiver that asks for more is asked again after this.
const LONGEST_ASKED_MILLIS: u64 = 60 * 60 * 1000;

/// Doubling with every round; never less than the milliseconds that the receiver asked for.
pub fn after(rounds: u32, asked: Option<u64>, host: &dyn Host) -> Duration {
    let mut random = [0; 1];
    // Without randomness the pause is merely not spread.
    let _ = host.random(&mut random);
    of(rounds, asked, random[0])
}

fn of(rounds: u32, asked: Option<u64>, chance: u8) -> Duration {
    let asked = Duration::from_millis(asked.unwrap_or(0).min(LONGEST_ASKED_MILLIS));
    BACKOFF.pause(rounds, chance).max(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_within_bounds_and_heeds_the_receiver() {
        for (rounds, asked, least, most) in [
            (1, None, 250_u64, 500_u64),
            (2, None, 500, 1_000),
            (9, None, 30_000, 60_000),
            (u32::MAX, None, 30_000, 60_000),
            (1, Some(7_000), 7_000, 7_000),
            (1, Some(u64::MAX), LONGEST_ASKED_MILLIS, LONGEST_ASKED_MILLIS),
        ] {
            for chance in [0, 1, 127, 128, 255] {
                let pause = of(rounds, asked, chance).as_millis();
                let bounds = u128::from(least)..=u128::from(most);
                assert!(bounds.contains(&pause), "{rounds} {asked:?} {chance}: {pause}");
            }
        }
    }
}
