//! When values come: the step of a series, what is missing, repeated, late.
//!
//! Never looks at a clock: only at the times that come with the values.

use super::spikes::median;
use std::collections::VecDeque;

/// Steps remembered.
const STEPS: usize = 63;
/// Steps before anything can be said to be missing.
const WARM: usize = 8;
/// So many late values in a row, each after the other, are a clock that was set back.
const SET_BACK: usize = 3;

/// How a value came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arrival {
    /// After the newest; `missing` steps of the usual length were left out, and `unusual` says that no such
    /// gap was among the last steps.
    Next {
        /// Steps left out.
        missing: u64,
        /// More than twice the longest of the last steps.
        unusual: bool,
    },
    /// The newest value once more.
    Repeated,
    /// Before the newest.
    Late,
    /// Its time is no number.
    Timeless,
}

/// The times of one series.
#[derive(Debug, Clone, Default)]
pub struct Arrivals {
    newest: Option<(f64, f64)>,
    steps: VecDeque<f64>,
    late: Vec<f64>,
}

impl Arrivals {
    /// The usual step in seconds: the median of the last ones.
    pub fn step(&self) -> Option<f64> {
        if self.steps.len() < WARM {
            return None;
        }
        let steps: Vec<f64> = self.steps.iter().copied().collect();
        median(&steps).filter(|s| *s > 0.0)
    }

    /// Takes in a value and its time `at`, seconds since any fixed moment.
    pub fn push(&mut self, at: f64, value: f64) -> Arrival {
        if !at.is_finite() {
            return Arrival::Timeless;
        }
        let Some((newest, newest_value)) = self.newest else {
            self.newest = Some((at, value));
            return Arrival::Next { missing: 0, unusual: false };
        };
        if at < newest && !self.set_back(at) {
            return Arrival::Late;
        }
        if at == newest && value.to_bits() == newest_value.to_bits() {
            return Arrival::Repeated;
        }
        self.newest = Some((at, value));
        self.late.clear();
        if at < newest { Arrival::Next { missing: 0, unusual: false } } else { self.stepped(at - newest) }
    }

    fn set_back(&mut self, at: f64) -> bool {
        if self.late.last().is_some_and(|last| at <= *last) {
            self.late.clear();
        }
        self.late.push(at);
        self.late.len() >= SET_BACK
    }

    fn stepped(&mut self, step: f64) -> Arrival {
        let usual = self.step();
        let longest = self.steps.iter().copied().fold(0.0, f64::max);
        let missing = usual.map_or(0, |usual| ((step / usual).round() as u64).saturating_sub(1));
        if self.steps.len() == STEPS {
            self.steps.pop_front();
        }
        self.steps.push_back(step);
        Arrival::Next { missing, unusual: missing > 0 && step > 2.0 * longest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEXT: Arrival = Arrival::Next { missing: 0, unusual: false };

    fn last(times: &[f64]) -> Arrival {
        let mut arrivals = Arrivals::default();
        times.iter().enumerate().map(|(i, t)| arrivals.push(*t, i as f64)).last().unwrap()
    }

    #[test]
    fn gaps_are_measured_in_steps() {
        let regular: Vec<f64> = (0..20).map(|i| f64::from(i) * 60.0).collect();
        let then = |at: f64| last(&[&regular[..], &[at]].concat());
        assert_eq!(then(1200.0), NEXT);
        assert_eq!(then(1260.0), Arrival::Next { missing: 1, unusual: false });
        assert_eq!(then(1800.0), Arrival::Next { missing: 10, unusual: true });
        assert!(matches!(then(4e18), Arrival::Next { missing: 60_000_000_000_000_000.., unusual: true }));
        assert_eq!(last(&[0.0, 60.0, 6000.0]), NEXT);
        let irregular: Vec<f64> = (0..20).map(|i| f64::from(i * i)).collect();
        assert!(matches!(last(&irregular), Arrival::Next { unusual: false, .. }));
    }

    #[test]
    fn order() {
        for (times, expected) in [
            (&[f64::NAN][..], Arrival::Timeless),
            (&[5.0, f64::INFINITY], Arrival::Timeless),
            (&[5.0, 4.0], Arrival::Late),
            (&[5.0, 4.0, 4.5], Arrival::Late),
            (&[5.0, 4.0, 4.5, 4.7], NEXT),
            (&[5.0, 4.0, 3.0, 2.0, 1.0], Arrival::Late),
            (&[5.0, 4.0, 6.0], NEXT),
            (&[5.0, 5.0], NEXT),
        ] {
            assert_eq!(last(times), expected, "{times:?}");
        }
        let mut arrivals = Arrivals::default();
        assert_eq!((arrivals.push(5.0, 1.0), arrivals.push(5.0, 1.0)), (NEXT, Arrival::Repeated));
    }
}
