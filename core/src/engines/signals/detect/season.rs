//! Whether a series has a season, and what it makes of the present.
//!
//! The period is the shortest strong peak of the autocorrelation after its first zero. It is looked for again
//! whenever the past has grown by a fifth, so that a prefix of a series has the same seasons. The present is
//! compared with the same phase of past cycles: with the nearest of them for its novelty, with their median
//! for the expectation.
//!
//! Never forecasts without having seen two cycles, and says so by saying nothing.

use super::history::newest;
use super::spikes::{mad, median};
use std::ops::RangeInclusive;

/// The shortest period looked for; anything faster is texture.
const SHORTEST: usize = 8;
/// An autocorrelation below this is no season.
const STRONG: f64 = 0.3;
/// Of several peaks the shortest is the period if it is nearly as high as the highest.
const NEARLY: f64 = 0.9;
/// Values that the search looks at, at most.
const REACH: usize = 8192;
/// Values after which it is first looked for.
const FIRST: usize = 64;
/// Past cycles compared with.
const CYCLES: usize = 10;
/// A cycle may come early or late by this many values.
const JITTER: usize = 2;

/// Where the present is expected: the median of its analogues, and three robust deviations to each side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// In the unit of the values.
    pub low: f64,
    /// In the unit of the values; at least `low`.
    pub high: f64,
}

impl Band {
    /// The middle.
    pub fn expected(&self) -> f64 {
        self.low + (self.high - self.low) / 2.0
    }

    /// One robust deviation.
    pub fn deviation(&self) -> f64 {
        (self.high - self.low) / 6.0
    }

    pub(super) fn around(values: &[f64]) -> Option<Self> {
        let middle = median(values)?;
        let spread = 3.0 * mad(values)?;
        Some(Self { low: middle - spread, high: middle + spread })
    }
}

/// The season in force.
#[derive(Debug, Clone)]
pub struct Season {
    seen: usize,
    look_at: usize,
    period: Option<f64>,
}

impl Default for Season {
    fn default() -> Self {
        Self { seen: 0, look_at: FIRST, period: None }
    }
}

impl Season {
    /// The period in values, if there is one; at least 8, and not always whole.
    pub fn period(&self) -> Option<f64> {
        self.period
    }

    /// Takes in the newest value of `history`; to be called once for each.
    pub fn push(&mut self, history: &[f64]) {
        self.seen += 1;
        if self.seen == self.look_at {
            self.period = period(&history[history.len().saturating_sub(REACH)..]);
            self.look_at += (self.look_at / 5 + 1).min(REACH / 2);
        }
    }

    /// The distance of the mean of the newest `width` values to the nearest such mean at its phase, in the
    /// unit of the values; `None` without a season or before two cycles.
    pub fn novelty(&self, history: &[f64], width: usize) -> Option<f64> {
        let present = mean(newest(history, width)?);
        let mut cycles = 0;
        let mut nearest = f64::INFINITY;
        self.analogues(history, |cycle| {
            let means = cycle.filter_map(|end| newest(&history[..=end], width)).map(mean);
            let closest = means.map(|m| (m - present).abs()).fold(f64::INFINITY, f64::min);
            cycles += usize::from(closest.is_finite());
            nearest = nearest.min(closest);
        });
        (cycles >= 2).then_some(nearest)
    }

    /// Where the newest value was to be expected from past cycles.
    pub fn band(&self, history: &[f64]) -> Option<Band> {
        let mut values = Vec::new();
        let mut cycles = 0;
        self.analogues(history, |cycle| {
            cycles += 1;
            values.extend_from_slice(&history[cycle]);
        });
        if cycles < 2 { None } else { Band::around(&values) }
    }

    /// The indices of each past cycle's values at the phase of the newest.
    fn analogues(&self, history: &[f64], mut each: impl FnMut(RangeInclusive<usize>)) {
        let (Some(period), Some(present)) = (self.period, history.len().checked_sub(1)) else { return };
        for cycle in 1..=CYCLES {
            let Some(same) = present.checked_sub((cycle as f64 * period).round() as usize) else { return };
            each(same.saturating_sub(JITTER)..=(same + JITTER).min(present - 1));
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The period of `values` in values, by autocorrelation: at least 8, at most a third of them. Every value is
/// finite.
pub fn period(values: &[f64]) -> Option<f64> {
    shortest(values, NEARLY)
}

/// The shortest strong period whose correlation is at least the share `nearly` of the strongest's.
pub(super) fn shortest(values: &[f64], nearly: f64) -> Option<f64> {
    let correlation = autocorrelation(values)?;
    let zero = correlation.iter().position(|c| *c < 0.0)?;
    let peak = |lag: usize| {
        let wide = (lag / 8).max(1);
        let around = &correlation[(lag - wide).max(1)..(lag + wide + 1).min(correlation.len())];
        correlation[lag] > STRONG && around.iter().all(|c| *c <= correlation[lag])
    };
    let end = correlation.len().saturating_sub(1);
    let peaks: Vec<usize> = (zero.max(SHORTEST)..end).filter(|lag| peak(*lag)).collect();
    let highest = peaks.iter().map(|lag| correlation[*lag]).fold(0.0, f64::max);
    peaks.into_iter().find(|lag| correlation[*lag] >= nearly * highest).map(|lag| refined(&correlation, lag))
}

/// Noise moves a peak by a value or two; that of the tenth multiple tells the period ten times as exactly.
fn refined(correlation: &[f64], lag: usize) -> f64 {
    let mut period = lag as f64;
    for multiple in 2.. {
        let near = (period * multiple as f64).round() as usize;
        let wide = (lag / 16).max(JITTER);
        let reach = near - wide..=near + wide;
        let Some(around) = correlation.get(reach.clone()) else { break };
        let Some((best, highest)) = reach.zip(around).max_by(|a, b| a.1.total_cmp(b.1)) else { break };
        if *highest <= STRONG {
            break;
        }
        period = best as f64 / multiple as f64;
    }
    period
}

/// Of lags up to a third of the values, without their trend and their far tails.
fn autocorrelation(values: &[f64]) -> Option<Vec<f64>> {
    let values = detrended(&clipped(values)?);
    let n = values.len();
    let power = dot(&values, &values);
    if !power.is_finite() || power / n as f64 <= f64::EPSILON {
        return None;
    }
    let at = |lag: usize| dot(&values[lag..], &values[..n - lag]) / power * n as f64 / (n - lag) as f64;
    Some((0..n / 3).map(at).collect())
}

/// In units of their own standard deviation, so that no power of them overflows.
fn clipped(values: &[f64]) -> Option<Vec<f64>> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[(share * (sorted.len() - 1) as f64) as usize];
    if sorted.len() < 3 * SHORTEST {
        return None;
    }
    let (low, high) = (at(0.02), at(0.98));
    let span = high - low;
    (span > 0.0 && span.is_finite())
        .then(|| values.iter().map(|v| (v.clamp(low, high) - low) / span).collect())
}

fn detrended(values: &[f64]) -> Vec<f64> {
    let n = values.len() as f64;
    let middle = (n - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / n;
    let places = || values.iter().enumerate().map(|(i, v)| (i as f64 - middle, v - mean));
    let slope = places().map(|(x, y)| x * y).sum::<f64>() / places().map(|(x, _)| x * x).sum::<f64>();
    places().map(|(x, y)| y - slope * x).collect()
}

/// In lanes of their own so that the compiler can do several at once, and always in this order.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(n: usize, period: usize) -> Vec<f64> {
        let noise = |i: usize| (i * 7919 % 101) as f64 / 101.0 - 0.5;
        (0..n)
            .map(|i| (i as f64 * std::f64::consts::TAU / period as f64).sin() * 3.0 + noise(i) + 9.0)
            .collect()
    }

    #[test]
    fn periods_are_found_where_there_are_any() {
        let noise: Vec<f64> = (0..700u64).map(|i| (i * i * 2_654_435_761 % 1009) as f64).collect();
        let ramp: Vec<f64> = (0..700).map(f64::from).collect();
        let mut drifting = wave(900, 24);
        drifting.iter_mut().enumerate().for_each(|(i, v)| *v += i as f64 * 0.1);
        let mut spiked = wave(900, 24);
        spiked.iter_mut().step_by(97).for_each(|v| *v += 1e9);
        for (values, expected) in [
            (wave(700, 24), Some(24)),
            (wave(5000, 288), Some(288)),
            (drifting, Some(24)),
            (spiked, Some(24)),
            (noise, None),
            (ramp, None),
            (vec![4.0; 700], None),
            (vec![f64::MAX; 70], None),
            (wave(20, 8), None),
            (vec![], None),
        ] {
            let close = |found: f64| expected.is_some_and(|e: i32| (found - f64::from(e)).abs() < 0.5);
            let found = period(&values);
            assert!(found.map_or(expected.is_none(), close), "{found:?} instead of {expected:?}");
        }
    }

    #[test]
    fn the_phase_tells_what_the_level_cannot() {
        let mut season = Season::default();
        let mut values = wave(963, 50);
        (1..=values.len()).for_each(|n| season.push(&values[..n]));
        assert!((season.period().unwrap() - 50.0).abs() < 0.5);
        // a peak's value in the trough: nothing new as a level
        values[962] = values[962 - 25];
        assert!(season.novelty(&values, 1).unwrap() > 1.0);
        let band = season.band(&values).unwrap();
        assert!(values[962] < band.low && (band.expected() - 12.0).abs() < 0.6, "{band:?}");
        assert_eq!(Season::default().novelty(&values, 1), None);
    }
}
