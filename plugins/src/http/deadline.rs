//! When whoever asked this thread stops waiting. Requests to others end by then; nobody is asked for an answer that
//! nobody waits for. Never makes a deadline, and never stops what runs.

use std::cell::Cell;
use std::time::{Duration, Instant};

thread_local! {
    static UNTIL: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Runs `act` for somebody who waits until `until`, or less where a deadline holds already; what was before is there
/// again afterwards, after a panic too.
pub fn until<T>(until: Instant, act: impl FnOnce() -> T) -> T {
    struct Back(Option<Instant>);
    impl Drop for Back {
        fn drop(&mut self) {
            UNTIL.set(self.0);
        }
    }
    let before = UNTIL.get();
    let _back = Back(before);
    UNTIL.set(Some(before.map_or(until, |before| before.min(until))));
    act()
}

/// The time that is left; `None` where nobody waits.
pub fn left() -> Option<Duration> {
    UNTIL.get().map(|until| until.saturating_duration_since(Instant::now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_deadline_holds_and_ends_with_its_work() {
        let now = Instant::now();
        let (near, far) = (now + Duration::from_secs(10), now + Duration::from_secs(1000));
        until(near, || {
            until(far, || assert!(left().is_some_and(|left| left <= Duration::from_secs(10))));
            let inner = std::panic::catch_unwind(|| until(now, || panic!("{:?}", left())));
            assert!(inner.is_err());
            assert!(left().is_some_and(|left| left > Duration::from_secs(5)));
        });
        assert_eq!(left(), None);
    }
}
