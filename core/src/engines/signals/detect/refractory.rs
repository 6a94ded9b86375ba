//! After an alarm, only what is more surprising than it is news.
//!
//! One event makes many surprises. After a peak the bar is as high as the peak and comes down in a straight
//! line, for a tenth of the time the series is known, so that the number of alarms grows with the logarithm
//! of time.
//!
//! Never hides that a value is unusual: below the bar the surprise is capped, not removed.

/// The share of the values seen over which the bar comes down.
const SHARE: f64 = 0.1;
/// It takes at least so many values.
const LEAST: f64 = 200.0;
/// What is below the bar counts no more than this: one in ten.
const CAP: f64 = 1.0;

/// The bar that a surprise has to pass.
#[derive(Debug, Clone, Copy, Default)]
pub struct Refractory {
    seen: f64,
    peak: f64,
    since: f64,
}

impl Refractory {
    /// The part of `surprise` that is news; it sets the bar if it passes it.
    pub fn news(&mut self, surprise: f64) -> f64 {
        self.seen += 1.0;
        self.since += 1.0;
        let bar = self.peak * (1.0 - self.since / (SHARE * self.seen).max(LEAST));
        if surprise <= bar {
            return surprise.min(CAP);
        }
        self.peak = surprise;
        self.since = 0.0;
        surprise
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_comes_down() {
        let mut refractory = Refractory::default();
        assert_eq!(refractory.news(4.0), 4.0);
        assert_eq!(refractory.news(3.9), 1.0);
        assert_eq!(refractory.news(0.5), 0.5);
        assert_eq!(refractory.news(5.0), 5.0);
        (0..99).for_each(|_| {
            refractory.news(0.0);
        });
        // half of it after half the time
        assert_eq!(refractory.news(2.4), 1.0);
        assert_eq!(refractory.news(2.6), 2.6);
    }

    #[test]
    fn it_comes_down_slower_in_a_series_long_known() {
        let mut refractory = Refractory::default();
        (0..10_000).for_each(|_| {
            refractory.news(0.0);
        });
        refractory.news(4.0);
        (0..500).for_each(|_| {
            refractory.news(0.0);
        });
        assert_eq!(refractory.news(1.9), 1.0);
        assert_eq!(refractory.news(2.1), 2.1);
    }
}
