//! The time of a stream, told by its records, which may come out of order, late, or from the future.

/// Seconds that a record may be ahead of all before it without being doubted.
const AHEAD: f64 = 600.0;
/// Records in a row that agree on another time before it is believed.
const AGREED: u32 = 20;

/// The latest time told, in whole seconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clock {
    now: Option<f64>,
    /// A time far from it, and how many records in a row tell it.
    doubted: (f64, u32),
    /// Seconds that passed without a record, not yet whole.
    passed: f64,
}

impl Clock {
    /// The latest second that was begun.
    pub fn now(&self) -> f64 {
        self.now.unwrap_or(0.0)
    }

    /// A record tells its time. How many seconds have ended by it, if any.
    pub fn told(&mut self, time: f64) -> Option<u32> {
        if !time.is_finite() {
            return None;
        }
        self.passed = 0.0;
        let second = time.floor();
        let Some(now) = self.now else {
            self.now = Some(second);
            return None;
        };
        let ahead = second - now;
        if (-AHEAD..=AHEAD).contains(&ahead) {
            self.doubted.1 = 0;
            if ahead < 1.0 {
                return None;
            }
            self.now = Some(second);
            return Some(ahead as u32);
        }
        // Another time altogether: of one clock that is wrong, or a stream that goes on another day.
        let agrees = (second - self.doubted.0).abs() <= AHEAD;
        self.doubted = (second, if agrees { self.doubted.1 + 1 } else { 1 });
        if self.doubted.1 >= AGREED {
            self.doubted.1 = 0;
            self.now = Some(second);
            return Some(1);
        }
        None
    }

    /// Time passed without a record.
    pub fn passed(&mut self, seconds: f64) -> Option<u32> {
        let now = self.now?;
        self.passed += seconds.max(0.0);
        let whole = self.passed.floor();
        if whole < 1.0 {
            return None;
        }
        self.passed -= whole;
        self.now = Some(now + whole);
        Some(whole.min(f64::from(u32::MAX)) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_whatever_single_records_say() {
        let mut clock = Clock::default();
        for (time, ended, now) in [
            (100.2, None, 100.0),
            (100.9, None, 100.0),
            (103.0, Some(3), 103.0),
            (99.0, None, 103.0),
            (1e12, None, 103.0),
            (f64::NAN, None, 103.0),
            (-5e9, None, 103.0),
            (104.0, Some(1), 104.0),
        ] {
            assert_eq!((clock.told(time), clock.now()), (ended, now), "{time}");
        }
        assert_eq!(clock.passed(0.6), None);
        assert_eq!((clock.passed(0.6), clock.now()), (Some(1), 105.0));
        let moved = (0..AGREED).filter_map(|n| clock.told(50_000.0 + f64::from(n))).count();
        assert_eq!((moved, clock.now()), (1, 50_000.0 + f64::from(AGREED - 1)));
    }
}
