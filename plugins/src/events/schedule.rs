//! When an event is given again: leases, backoff and the last attempt. Pure but for the host's randomness; works on wall-clock
//! milliseconds, because the log outlives processes and reboots, and bears a clock that is set back.

use ecoops_core::engines::resilience::Backoff;
use ecoops_core::ports::host::Host;
use std::time::Duration;

/// An event that failed this often becomes a dead letter, unless the settings say otherwise.
pub const MAX_ATTEMPTS: u32 = 5;
/// The longest lease; longer wishes are cut, so that a lost consumer cannot hold an event for ever.
pub const LONGEST_LEASE_MILLIS: u64 = 24 * 60 * 60 * 1000;
const BACKOFF: Backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(5 * 60) };
/// A clock that was set back by more than this no longer tells how old a lease is.
pub const CLOCK_TOLERANCE_MILLIS: i64 = 5_000;

/// Whether something that was set at `since` to wait until `until` is due at `now`. When the clock
/// was set back behind `since` it is due at once: an event given twice is allowed, one that stalls is not.
pub fn is_due(now: i64, since: i64, until: i64) -> bool {
    now >= until || now < since.saturating_sub(CLOCK_TOLERANCE_MILLIS)
}

/// The pause after failed attempt number `attempt` (from 1). `random` is any number.
pub fn backoff_millis(attempt: u32, random: u64) -> u64 {
    let pause = BACKOFF.pause(attempt, random.to_le_bytes()[0]);
    u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)
}

/// The same with a number of the host's.
pub fn backoff(attempt: u32, host: &dyn Host) -> u64 {
    let mut random = [0; 8];
    // Without randomness the pause is merely not spread.
    let _ = host.random(&mut random);
    backoff_millis(attempt, u64::from_le_bytes(random))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn due_by_time_or_by_a_clock_set_back() {
        for (now, since, until, expected) in [
            (10_000, 10_000, 11_000, false),
            (11_000, 10_000, 11_000, true),
            (i64::MAX, 10_000, 11_000, true),
            // A small correction of the clock changes nothing, a large one makes it due.
            (9_000, 10_000, 11_000, false),
            (4_000, 10_000, 11_000, true),
            (i64::MIN, i64::MIN, i64::MAX, false),
        ] {
            assert_eq!(is_due(now, since, until), expected, "{now} {since} {until}");
        }
    }

    proptest! {
        #[test]
        fn backoff_doubles_within_its_bounds(attempt in 1u32..100, random: u64) {
            let pause = backoff_millis(attempt, random);
            let whole = (1_000u64 << (attempt - 1).min(20)).min(300_000);
            prop_assert!(pause >= whole / 2 && pause <= whole);
        }

        #[test]
        fn nothing_waits_for_ever(since in -1i64<<50..1i64<<50, wait in 0i64..1<<40, now: i64) {
            // Whatever the clock says, it is due either now or once the wait has passed from now on.
            prop_assert!(is_due(now, since, since + wait) || is_due(now.saturating_add(wait).saturating_add(CLOCK_TOLERANCE_MILLIS), since, since + wait));
        }
    }
}
