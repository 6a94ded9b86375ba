//! A series made ready for comparison: finite, one value a moment, counters turned into rates.
//!
//! Never fills gaps and never invents a point.

use crate::domain::incident::{Meaning, Series, TimeRange};

/// Values over time, in the order of time, no two at the same moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Track {
    pub times: Vec<f64>,
    pub values: Vec<f64>,
}

impl Track {
    /// Of a series as delivered.
    pub fn of(series: &Series, meaning: &Meaning) -> Self {
        let mut points: Vec<(f64, f64)> = series
            .points
            .iter()
            .copied()
            .filter(|(time, value)| time.is_finite() && value.is_finite())
            .collect();
        if !points.is_sorted_by(|a, b| a.0 <= b.0) {
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let track = Self::merged(&points);
        if meaning.counter && track.only_grows() { track.rates() } else { track }
    }

    /// Points in the order of time; those of one moment become their mean.
    pub fn merged(points: &[(f64, f64)]) -> Self {
        let mut track = Self::default();
        let mut at = 0;
        while at < points.len() {
            let same = points[at..].iter().take_while(|point| point.0 == points[at].0).count();
            if same == 1 {
                track.times.push(points[at].0);
                track.values.push(points[at].1);
                at += 1;
                continue;
            }
            let mut values: Vec<f64> = points[at..at + same].iter().map(|point| point.1).collect();
            // In the order of size, so that the sum does not depend on who came first.
            values.sort_by(f64::total_cmp);
            track.times.push(points[at].0);
            track.values.push(values.iter().sum::<f64>() / same as f64);
            at += same;
        }
        track
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// The part within a range.
    pub fn within(&self, range: &TimeRange) -> Self {
        let from = self.times.partition_point(|time| *time < range.start);
        let to = self.times.partition_point(|time| *time < range.end).max(from);
        Self { times: self.times[from..to].to_vec(), values: self.values[from..to].to_vec() }
    }

    /// Seconds between points, typically.
    pub fn step(&self) -> Option<f64> {
        let gaps: Vec<f64> = self.times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        median(&gaps)
    }

    fn only_grows(&self) -> bool {
        let steps = self.values.len().saturating_sub(1);
        let falls = self.values.windows(2).filter(|pair| pair[1] < pair[0]).count();
        steps >= 2 && falls * 10 <= steps
    }

    /// Growth a second; a reset counts what came after it.
    fn rates(&self) -> Self {
        let mut rates = Self::default();
        for at in 1..self.len() {
            let (before, now) = (self.values[at - 1], self.values[at]);
            let growth = if now >= before { now - before } else { now };
            rates.times.push(self.times[at]);
            rates.values.push(growth / (self.times[at] - self.times[at - 1]));
        }
        rates
    }
}

/// The middle value; the mean of the middle two.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted_quantile(&sorted, 0.5)
}

/// Of values in the order of size, by linear interpolation; `share` is 0 to 1.
pub(super) fn sorted_quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    let part = place - below as f64;
    Some(sorted[below] * (1.0 - part) + sorted[above] * part)
}

/// A sum that does not depend on the order of its terms.
pub(super) fn ordered_sum(mut terms: Vec<f64>) -> f64 {
    terms.sort_by(f64::total_cmp);
    terms.iter().sum()
}
