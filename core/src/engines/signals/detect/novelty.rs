//! How far the present is from everything seen before: of levels and of shapes.
//!
//! The measure is the distance to the nearest neighbour among past windows that do not overlap the present
//! one (a left discord: Keogh, Lin & Fu, "HOT SAX", 2005; for streams, Burnaev & Ishimtsev, "Conformalized
//! density- and distance-based anomaly detection in time-series data", 2016). One look is enough to remember:
//! what came back is no news.
//!
//! Never judges whether a distance is large: that is the tail's.

use super::history::newest;
use std::collections::VecDeque;

/// How far a level, as a mean of the newest values, is from any before.
#[derive(Debug, Clone)]
pub struct LevelNovelty {
    width: usize,
    capacity: usize,
    /// Means that still overlap the newest window, then those remembered, by age.
    waiting: VecDeque<f64>,
    remembered: VecDeque<f64>,
    sorted: Vec<f64>,
}

impl LevelNovelty {
    /// Of levels that take `width` values each, remembering `capacity` of them.
    pub fn new(width: usize, capacity: usize) -> Self {
        Self {
            width: width.max(1),
            capacity: capacity.max(1),
            waiting: VecDeque::new(),
            remembered: VecDeque::new(),
            sorted: Vec::new(),
        }
    }

    /// The distance of the newest level to the nearest before that shares no value with it, in their unit;
    /// `None` if there is none. To be called once for each new value.
    pub fn push(&mut self, mean: f64) -> Option<f64> {
        if self.waiting.len() == self.width
            && let Some(old) = self.waiting.pop_front()
        {
            self.remember(old);
        }
        self.waiting.push_back(mean);
        self.nearest(mean)
    }

    fn remember(&mut self, mean: f64) {
        if self.remembered.len() == self.capacity
            && let Some(oldest) = self.remembered.pop_front()
        {
            let place = self.sorted.partition_point(|s| *s < oldest);
            self.sorted.remove(place);
        }
        self.remembered.push_back(mean);
        self.sorted.insert(self.sorted.partition_point(|s| *s < mean), mean);
    }

    fn nearest(&self, mean: f64) -> Option<f64> {
        let place = self.sorted.partition_point(|s| *s < mean);
        let above = self.sorted.get(place).map(|s| s - mean);
        let below = place.checked_sub(1).and_then(|p| self.sorted.get(p)).map(|s| mean - s);
        match (above, below) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        }
    }
}

/// The root mean square distance of the newest `width` values to the nearest such window before that does not
/// overlap it; `None` while there are fewer than two.
pub fn shape_novelty(history: &[f64], width: usize) -> Option<f64> {
    let present = newest(history, width)?;
    let last = history.len().checked_sub(2 * width).filter(|last| *last >= 1)?;
    let past = &history[..last + width];
    let nearest = match present {
        [a, b] => nearest_pair(past, *a, *b),
        _ => nearest_window(past, present),
    };
    Some((nearest / width as f64).sqrt())
}

fn nearest_window(past: &[f64], present: &[f64]) -> f64 {
    let mut best = f64::INFINITY;
    // the latest first: it is often near, and then the others are given up early
    for window in past.windows(present.len()).rev() {
        let mut distance = 0.0;
        for (p, w) in present.chunks(4).zip(window.chunks(4)) {
            distance += p.iter().zip(w).map(|(p, w)| (p - w) * (p - w)).sum::<f64>();
            if distance >= best {
                break;
            }
        }
        best = best.min(distance);
    }
    best
}

/// The same for two values, in lanes of their own so that the compiler can do several at once.
fn nearest_pair(past: &[f64], a: f64, b: f64) -> f64 {
    const LANES: usize = 8;
    let mut best = [f64::INFINITY; LANES];
    let (firsts, seconds) = (&past[..past.len() - 1], &past[1..]);
    let (firsts, rest) = firsts.as_chunks::<LANES>();
    let (seconds, other_rest) = seconds.as_chunks::<LANES>();
    let distance = |first: f64, second: f64| (a - first) * (a - first) + (b - second) * (b - second);
    for (first, second) in firsts.iter().zip(seconds) {
        for lane in 0..LANES {
            let d = distance(first[lane], second[lane]);
            best[lane] = if d < best[lane] { d } else { best[lane] };
        }
    }
    let rest = rest.iter().zip(other_rest).map(|(f, s)| distance(*f, *s));
    best.into_iter().chain(rest).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn levels(values: &[f64], width: usize, capacity: usize) -> Vec<Option<f64>> {
        let mut novelty = LevelNovelty::new(width, capacity);
        values.windows(width).map(|w| novelty.push(w.iter().sum::<f64>() / width as f64)).collect()
    }

    #[test]
    fn a_level_is_as_new_as_its_nearest_is_far() {
        assert_eq!(
            levels(&[1.0, 3.0, 2.5, 9.0, 9.0], 1, 99),
            [None, Some(2.0), Some(0.5), Some(6.0), Some(0.0)]
        );
        assert_eq!(levels(&[1.0, 3.0, 5.0, 7.0], 2, 99), [None, None, Some(4.0)]);
        // with memory for two, the 1 is forgotten
        assert_eq!(levels(&[1.0, 5.0, 5.0, 1.0], 1, 2)[3], Some(4.0));
    }

    #[test]
    fn a_shape_that_came_before_is_not_new() {
        let wave: Vec<f64> = (0..64).map(|i| f64::from(i % 16)).collect();
        for width in [2, 3, 16] {
            assert_eq!(shape_novelty(&wave, width), Some(0.0), "{width}");
            assert_eq!(shape_novelty(&wave[..2 * width], width), None, "{width}");
        }
        let mut turned = wave;
        turned.extend([15.0, 14.0]);
        assert!(shape_novelty(&turned, 2) > Some(0.5));
    }

    proptest! {
        #[test]
        fn the_nearest_is_the_nearest(values in prop::collection::vec(-1e3..1e3f64, 8..80), width in 2usize..6) {
            let present = &values[values.len().saturating_sub(width)..];
            let past = values.len().saturating_sub(width);
            let slow = values[..past]
                .windows(width)
                .map(|w| w.iter().zip(present).map(|(a, b)| (a - b).powi(2)).sum::<f64>())
                .fold(f64::INFINITY, f64::min);
            if let Some(fast) = shape_novelty(&values, width) {
                prop_assert!((fast - (slow / width as f64).sqrt()).abs() < 1e-9);
            }
        }
    }
}
