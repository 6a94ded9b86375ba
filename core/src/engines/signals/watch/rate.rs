//! How often something happens, second by second, and whether that is out of the ordinary.
//!
//! Counts are held against a Poisson process whose rate and dispersion are learnt with exponential forgetting
//! (McCullagh & Nelder, "Generalized Linear Models", 1989, on overdispersion), so that a steady trickle, heavy
//! traffic and bursty traffic are judged alike.

use std::collections::VecDeque;

/// Seconds that are looked at as one: a sharp burst shows in one, a broad one in more.
const SHORT: usize = 1;
const LONG: usize = 5;
/// Seconds of which the share of errors is taken.
const SHARED: usize = 10;
/// Seconds after which the past counts half.
const HALF_LIFE: f64 = 120.0;
/// Seconds that must have been seen before anything is said.
const WARM: u32 = 30;
/// Seconds that are closed one by one at most; a longer gap is a new beginning.
pub(super) const LONGEST: u32 = 120;
/// Fewer in a burst, or fewer errors, are chance.
const FEWEST: f64 = 10.0;
const FEWEST_ERRORS: f64 = 5.0;
/// A burst is at least so many times the usual.
const TIMES: f64 = 3.0;
/// Standard deviations.
const FAR: f64 = 6.0;

/// How many times the dispersion a second of a burst may teach.
const LEARNT: f64 = 400.0;

/// Something that happens more often than it did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Burst {
    /// A second, or a share.
    pub observed: f64,
    pub expected: f64,
    /// 0 to 1.
    pub score: f64,
}

#[derive(Debug, Clone)]
pub(super) struct Rate {
    current: u64,
    recent: VecDeque<u64>,
    mean: f64,
    /// Variance over mean.
    dispersion: f64,
    seconds: u32,
    bursting: bool,
}

impl Default for Rate {
    fn default() -> Self {
        Self { current: 0, recent: VecDeque::new(), mean: 0.0, dispersion: 1.0, seconds: 0, bursting: false }
    }
}

impl Rate {
    pub fn count(&mut self, weight: u32) {
        self.current += u64::from(weight);
    }

    /// A second, by the past.
    pub fn usual(&self) -> f64 {
        self.mean
    }

    /// The second has ended: what it is, when it begins a burst.
    pub fn close(&mut self) -> Option<Burst> {
        let count = std::mem::take(&mut self.current);
        self.recent.push_back(count);
        if self.recent.len() > SHARED {
            self.recent.pop_front();
        }
        let burst = if self.seconds >= WARM { self.burst() } else { None };
        let begins = burst.is_some() && !self.bursting;
        self.bursting = burst.is_some() || (self.bursting && self.lasts());
        self.learn(count as f64);
        burst.filter(|_| begins)
    }

    fn sum(&self, seconds: usize) -> f64 {
        self.recent.iter().rev().take(seconds).sum::<u64>() as f64
    }

    fn burst(&self) -> Option<Burst> {
        [SHORT, LONG].into_iter().find_map(|seconds| {
            let (seen, expected) = (self.sum(seconds), self.mean * seconds as f64);
            let deviation = (expected * self.dispersion + 1.0).sqrt();
            let far = (seen - expected) / deviation;
            // A single second has to be farther out than five.
            let enough = if seconds == SHORT { FAR * 1.5 } else { FAR };
            (far > enough && seen >= FEWEST && seen > TIMES * expected).then(|| Burst {
                observed: seen / seconds as f64,
                expected: self.mean,
                score: 1.0 - (-far / (3.0 * FAR)).exp(),
            })
        })
    }

    /// A burst that was told lasts until the rate has come down to half as much again as usual.
    fn lasts(&self) -> bool {
        self.sum(LONG) > 1.5 * self.mean * LONG as f64 + 1.0
    }

    fn learn(&mut self, count: f64) {
        self.seconds = self.seconds.saturating_add(1);
        // At first the mean of all, later with forgetting.
        let weight = (1.0 / f64::from(self.seconds)).max(1.0 - 0.5_f64.powf(1.0 / HALF_LIFE));
        // While it bursts, the past is forgotten more slowly, so that the burst does not become the usual at once.
        let weight = if self.bursting { weight / 4.0 } else { weight };
        let far = (count - self.mean).powi(2) / self.mean.max(0.1);
        // Nor does a single burst make every later one usual.
        let far = if self.bursting { far.min(LEARNT * self.dispersion) } else { far };
        if self.seconds > 1 {
            self.dispersion += weight * (far - self.dispersion);
            self.dispersion = self.dispersion.clamp(1.0, 1e6);
        }
        self.mean += weight * (count - self.mean);
    }

    /// Whether `quiet` seconds without anything are too many for a rate of `usual`.
    pub fn is_too_quiet(&self, usual: f64, quiet: f64) -> bool {
        // exp(-14) is about one in a million.
        self.seconds >= WARM && usual > 0.2 && quiet >= 3.0 && quiet * usual > 14.0 * self.dispersion.sqrt()
    }

    /// Nothing is left to compare with.
    pub fn is_forgotten(&self) -> bool {
        self.mean < 1e-4 && self.current == 0 && self.recent.iter().all(|n| *n == 0)
    }
}

/// The share of `part` in `whole` over the last seconds, when it is far above the past's.
pub(super) fn share(part: &Rate, whole: &Rate) -> Option<Burst> {
    let (seen, all) =
        (part.sum(SHARED - 1) + part.current as f64, whole.sum(SHARED - 1) + whole.current as f64);
    if part.seconds < WARM || seen < FEWEST_ERRORS || all <= 0.0 {
        return None;
    }
    // One error in a thousand is expected of anyone.
    let expected = (part.mean / whole.mean.max(1e-9)).clamp(0.001, 1.0);
    let deviation = (all * expected * (1.0 - expected) * part.dispersion + 1.0).sqrt();
    let far = (seen - all * expected) / deviation;
    let observed = (seen / all).min(1.0);
    (far > FAR && observed > 2.0 * expected).then(|| Burst {
        observed,
        expected,
        score: 1.0 - (-far / (3.0 * FAR)).exp(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds, from 0, in which a burst begins.
    fn bursts(counts: impl IntoIterator<Item = u32>) -> Vec<usize> {
        let mut rate = Rate::default();
        let close = |(second, count)| {
            rate.count(count);
            rate.close().map(|_| second)
        };
        counts.into_iter().enumerate().filter_map(close).collect()
    }

    #[test]
    fn a_burst_is_told_once_when_it_begins() {
        let steady = |n: usize, count: u32| std::iter::repeat_n(count, n);
        assert_eq!(bursts(steady(100, 20)), [0usize; 0]);
        assert_eq!(bursts(steady(100, 20).chain(steady(20, 200))), [100]);
        assert_eq!(bursts(steady(100, 0).chain(steady(20, 12))), [100]);
        assert_eq!(bursts(steady(100, 2).chain([12; 10])), [102]);
        assert_eq!(bursts(steady(10, 2).chain([500; 5])), [0usize; 0], "too early to tell");
        assert_eq!(
            bursts(steady(100, 20).chain(steady(30, 200)).chain(steady(300, 20)).chain([200; 5])),
            [100, 430]
        );
    }

    #[test]
    fn a_second_burst_is_told_as_well() {
        let calm = |n: u32| (0..n).map(|second| u32::from(second % 5 == 0));
        let told = bursts(calm(60).chain([400; 3]).chain(calm(40)).chain([400; 3]).chain(calm(20)));
        assert_eq!(told, [60, 103]);
    }

    #[test]
    fn what_is_always_bursty_is_no_burst() {
        let bursty = (0..600).map(|n| if n % 17 == 0 { 300 } else { 3 });
        assert!(bursts(bursty).len() <= 1);
    }

    #[test]
    fn silence_needs_a_rate_that_was_there() {
        let mut rate = Rate::default();
        for _ in 0..100 {
            rate.count(5);
            rate.close();
        }
        assert!(rate.is_too_quiet(rate.usual(), 6.0));
        assert!(!rate.is_too_quiet(rate.usual(), 2.0));
        assert!(!rate.is_too_quiet(0.1, 60.0));
    }
}
