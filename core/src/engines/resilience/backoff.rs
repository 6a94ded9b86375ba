//! How long to wait before asking again, and how often that may be done at all.
//!
//! Sources: M. Brooker, "Exponential Backoff And Jitter" (2015), equal jitter; the budget is Finagle's
//! (`RetryBudget`): retries are a share of requests, so that a system in trouble is not asked more for it.

use std::time::Duration;

/// Doubling from `first` up to `most`, half of it by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    pub first: Duration,
    pub most: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(250), most: Duration::from_secs(30) }
    }
}

impl Backoff {
    /// The pause before attempt `attempt` (1 is the first repetition), between half of its base and all of it.
    pub fn pause(&self, attempt: u32, chance: u8) -> Duration {
        let doubled = self.first.saturating_mul(1 << attempt.saturating_sub(1).min(20));
        let base = doubled.min(self.most);
        base / 2 + base.mul_f64(f64::from(chance) / 510.0)
    }
}

/// Repetitions that are left: each request earns a tenth of one, up to ten requests' reserve of 10.
#[derive(Debug)]
pub struct Budget {
    /// In tenths of a repetition.
    tenths: u32,
}

/// The reserve, which also is what one begins with.
const RESERVE: u32 = 100;

impl Default for Budget {
    fn default() -> Self {
        Self { tenths: RESERVE }
    }
}

impl Budget {
    /// A request is made for the first time.
    pub fn earn(&mut self) {
        self.tenths = (self.tenths + 1).min(RESERVE);
    }

    /// Takes one repetition; false when none is left.
    pub fn spend(&mut self) -> bool {
        let enough = self.tenths >= 10;
        if enough {
            self.tenths -= 10;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_within_their_bounds() {
        let backoff = Backoff { first: Duration::from_millis(100), most: Duration::from_secs(1) };
        for (attempt, least, most) in
            [(1, 50, 100), (2, 100, 200), (4, 400, 800), (5, 500, 1000), (99, 500, 1000)]
        {
            let pause = |chance| backoff.pause(attempt, chance).as_millis();
            assert_eq!((pause(0), pause(255)), (least, most), "attempt {attempt}");
        }
    }

    #[test]
    fn a_system_in_trouble_is_asked_a_tenth_more_at_most() {
        let mut budget = Budget::default();
        let at_once = (0..1000).filter(|_| budget.spend()).count();
        assert_eq!(at_once, 10);
        let later = (0..1000)
            .filter(|_| {
                budget.earn();
                budget.spend()
            })
            .count();
        assert_eq!(later, 100);
    }
}
