//! How far the distribution of the newest values is from every distribution seen before.
//!
//! Wang, Viswanathan, Choudur, Talwar, Satterfield & Schwan, "Statistical techniques for online anomaly
//! detection in data centers" (2011): the relative entropy of a window's histogram to those of past windows.
//! The bins span the range seen, with one beyond it on each side, and are laid anew whenever the past has
//! doubled.
//!
//! Never judges whether a divergence is large: that is the tail's.

use super::history::newest;

/// Values in a window.
const WIDTH: usize = 52;
/// Windows are remembered at this distance.
const STRIDE: usize = 26;
const BINS: usize = 7;
/// What an empty bin counts, so that no divergence is infinite.
const PRIOR: f64 = 0.1;
/// Values after which the bins are first laid.
const WARM: usize = 200;

/// Histograms of past windows.
#[derive(Debug, Clone)]
pub struct DistributionNovelty {
    capacity: usize,
    seen: usize,
    relay_at: usize,
    low: f64,
    per_unit: f64,
    /// The logarithms of the shares.
    remembered: Vec<[f64; BINS]>,
    next: usize,
}

impl DistributionNovelty {
    /// Remembers windows over the last `capacity` values.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: (capacity / STRIDE).max(1),
            seen: 0,
            relay_at: WARM,
            low: 0.0,
            per_unit: 0.0,
            remembered: Vec::new(),
            next: 0,
        }
    }

    /// The least relative entropy in nats to a past window that does not overlap the newest; `None` before
    /// there are two. To be called once for each new value.
    pub fn push(&mut self, history: &[f64]) -> Option<f64> {
        self.seen += 1;
        if self.seen == self.relay_at {
            self.relay(history);
        } else if self.seen > WARM && self.seen.is_multiple_of(STRIDE) {
            let end = history.len().checked_sub(WIDTH)?;
            self.remember(newest(&history[..end], WIDTH)?);
        }
        if self.remembered.len() < 2 {
            return None;
        }
        let shares = self.shares(newest(history, WIDTH)?);
        let entropy: f64 = shares.iter().map(|s| s * s.ln()).sum();
        let cross = |past: &[f64; BINS]| -> f64 { shares.iter().zip(past).map(|(s, p)| s * p).sum() };
        let nearest = self.remembered.iter().map(cross).fold(f64::NEG_INFINITY, f64::max);
        Some((entropy - nearest).max(0.0))
    }

    fn relay(&mut self, history: &[f64]) {
        self.relay_at = self.relay_at.saturating_mul(2);
        let (low, high) =
            history.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
        self.low = low;
        self.per_unit = (BINS - 2) as f64 / (high - low).max(f64::MIN_POSITIVE);
        self.remembered.clear();
        self.next = 0;
        let past = &history[..history.len().saturating_sub(WIDTH)];
        for window in past.windows(WIDTH).step_by(STRIDE) {
            self.remember(window);
        }
    }

    fn remember(&mut self, window: &[f64]) {
        let logs = self.shares(window).map(f64::ln);
        if self.remembered.len() < self.capacity {
            self.remembered.push(logs);
        } else {
            self.remembered[self.next] = logs;
            self.next = (self.next + 1) % self.capacity;
        }
    }

    fn shares(&self, window: &[f64]) -> [f64; BINS] {
        let mut counts = [PRIOR; BINS];
        for value in window {
            counts[self.bin(*value)] += 1.0;
        }
        let all = window.len() as f64 + PRIOR * BINS as f64;
        counts.map(|c| c / all)
    }

    fn bin(&self, value: f64) -> usize {
        // from a float to an integer saturates, so that the far ends need no care
        if value < self.low { 0 } else { 1 + (((value - self.low) * self.per_unit) as usize).min(BINS - 2) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(values: &[f64]) -> Option<f64> {
        let mut novelty = DistributionNovelty::new(4096);
        (1..=values.len()).map(|n| novelty.push(&values[..n])).last().flatten()
    }

    #[test]
    fn only_a_new_mixture_is_far() {
        let mixture = |i: i32| f64::from(i * 37 % 101);
        let mut values: Vec<f64> = (0..600).map(mixture).collect();
        assert!(last(&values).unwrap() < 0.2);
        assert_eq!(last(&values[..150]), None);
        // the same range, but only its upper half
        values.extend((0..52).map(|i| 60.0 + f64::from(i % 40)));
        assert!(last(&values).unwrap() > 0.5);
    }

    #[test]
    fn a_constant_is_not_far_from_itself_and_any_other_value_is() {
        let mut values = vec![5.0; 500];
        assert!(last(&values).unwrap() < 1e-9);
        values.extend([7.0; 30]);
        assert!(last(&values).unwrap() > 0.5);
    }

    #[test]
    fn windows_are_forgotten() {
        let mut novelty = DistributionNovelty::new(260);
        let values: Vec<f64> = (0..3000).map(|i| f64::from(i % 13)).collect();
        (1..=values.len()).for_each(|n| {
            novelty.push(&values[..n]);
        });
        assert_eq!(novelty.remembered.len(), 10);
    }
}
