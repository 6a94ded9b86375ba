//! How improbable a surprise is among all surprises of its own series.
//!
//! A channel's surprise has the unit of its series, so it means nothing beside another channel's. Its rank
//! among the channel's past does: that is the conformal p-value (Laxhammar & Falkman, "Conformal prediction
//! for distribution-independent anomaly detection in streaming vessel data", 2010). Beyond the largest ranks
//! the tail is extrapolated as a power law with Hill's estimator ("A simple general approach to inference
//! about the tail of a distribution", 1975), so that a record by far counts for more than a record by a hair.
//!
//! Never looks at values: only at what a channel made of them.

/// Surprises kept: the largest only, since what is commonplace needs no exact rank.
const KEPT: usize = 1024;
/// The share of the past from which on the tail is extrapolated.
const TAIL: f64 = 0.005;
/// The fewest surprises a tail is estimated from.
const FEWEST: usize = 5;
/// Below this many surprises nothing is said.
const WARM: u64 = 50;
/// Past this many the past is thinned to every second one, so that old records fade.
const THIN: u64 = 65_536;
/// No probability is told below this: an estimate from so few is not worth more digits.
const LEAST: f64 = 1e-12;

/// The past surprises of one channel, as far as their ranks matter. Memory is bounded.
#[derive(Debug, Clone, Default)]
pub struct Tail {
    /// The largest, ascending.
    kept: Vec<f64>,
    count: u64,
}

impl Tail {
    /// The surprise as −log10 of the probability that the past gives one as large: 0 for the commonplace, 2
    /// for one in a hundred, at most 12. 0 while the past is shorter than 50.
    pub fn rank(&self, surprise: f64) -> f64 {
        if self.count < WARM || !surprise.is_finite() {
            return 0.0;
        }
        -self.probability(surprise).clamp(LEAST, 1.0).log10()
    }

    /// Adds to the past. What is not finite is left out.
    pub fn learn(&mut self, surprise: f64) {
        if !surprise.is_finite() {
            return;
        }
        self.count += 1;
        if self.kept.len() == KEPT {
            if surprise <= self.kept[0] {
                return;
            }
            let place = self.kept.partition_point(|k| *k <= surprise);
            self.kept[..place].rotate_left(1);
            self.kept[place - 1] = surprise;
        } else {
            let place = self.kept.partition_point(|k| *k <= surprise);
            self.kept.insert(place, surprise);
        }
        if self.count >= THIN {
            self.thin();
        }
    }

    fn thin(&mut self) {
        let mut odd = false;
        self.kept.retain(|_| {
            odd = !odd;
            !odd
        });
        self.count /= 2;
    }

    fn probability(&self, surprise: f64) -> f64 {
        let all = self.count as f64 + 1.0;
        let smallest = self.kept[0];
        if surprise < smallest {
            // between the kept ones and certainty
            let kept = (self.kept.len() as f64 + 1.0) / all;
            return 1.0 - (1.0 - kept) * (surprise / smallest).max(0.0);
        }
        let place = self.kept.partition_point(|k| *k < surprise);
        let larger = self.kept.len() - place;
        let rank = (larger as f64 + 1.0) / all;
        let tail = ((TAIL * self.count as f64) as usize).max(FEWEST).min(self.kept.len() - 1);
        let start = self.kept[self.kept.len() - 1 - tail];
        if surprise <= start {
            return rank;
        }
        if start <= 0.0 {
            // a tail of nothing: the first surprise ever is an order of magnitude beyond its rank
            return if larger == 0 { rank / 10.0 } else { rank };
        }
        let excess = &self.kept[self.kept.len() - tail..];
        let index = excess.iter().map(|k| (k / start).ln()).sum::<f64>() / tail as f64;
        (tail as f64 + 1.0) / all * (surprise / start).powf(-1.0 / index.max(1e-3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn learnt(surprises: impl IntoIterator<Item = f64>) -> Tail {
        let mut tail = Tail::default();
        surprises.into_iter().for_each(|s| tail.learn(s));
        tail
    }

    #[test]
    fn a_short_past_says_nothing() {
        assert_eq!(learnt((0..49).map(f64::from)).rank(1e9), 0.0);
        assert!(learnt((0..50).map(f64::from)).rank(1e9) > 1.0);
    }

    #[test]
    fn ranks_are_shares_of_the_past() {
        let tail = learnt((1..=999).map(f64::from));
        for (surprise, expected) in [(1.0, 0.0), (501.0, 0.301), (900.5, 1.0), (990.5, 2.0)] {
            assert!((tail.rank(surprise) - expected).abs() < 0.01, "{surprise}: {}", tail.rank(surprise));
        }
    }

    #[test]
    fn the_first_surprise_after_none_is_rare() {
        let tail = learnt([0.0; 200]);
        assert_eq!(tail.rank(0.0), 0.0);
        assert!(tail.rank(1e-9) > 3.0);
    }

    #[test]
    fn memory_is_bounded_and_what_is_not_finite_is_left_out() {
        let mut tail = learnt((0..200_000).map(|i| f64::from(i % 977)));
        assert!(tail.kept.len() <= KEPT && tail.count < THIN);
        let before = tail.clone();
        [f64::NAN, f64::INFINITY].into_iter().for_each(|s| tail.learn(s));
        assert_eq!((tail.count, tail.kept.len()), (before.count, before.kept.len()));
        assert_eq!(tail.rank(f64::NAN), 0.0);
    }

    proptest! {
        #[test]
        fn more_surprise_is_never_less_rare(
            past in prop::collection::vec(0.0..1e6f64, 50..1500), a in 0.0..2e6f64, b in 0.0..2e6f64,
        ) {
            let tail = learnt(past);
            let (low, high) = if a < b { (a, b) } else { (b, a) };
            prop_assert!(tail.rank(low) <= tail.rank(high) + 1e-9);
            prop_assert!((0.0..=12.0).contains(&tail.rank(high)));
        }
    }
}
