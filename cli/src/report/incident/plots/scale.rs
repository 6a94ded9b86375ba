//! From values and times to places, and where to put ticks.

use ecoops_core::domain::incident::TimeRange;

/// The values that an axis shows, from its lower to its upper end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    pub low: f64,
    pub high: f64,
}

impl Scale {
    /// Room for all finite values; from 0 where that does not flatten what is to be seen.
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for v in values.filter(|v| v.is_finite()) {
            (low, high) = (low.min(v), high.max(v));
        }
        if low > high {
            return Self { low: 0.0, high: 1.0 };
        }
        if low >= 0.0 && low < 0.6 * high {
            low = 0.0;
        }
        if high - low <= high.abs().max(low.abs()) * 1e-9 {
            let room = if high == 0.0 { 1.0 } else { high.abs() * 0.1 };
            return Self { low: if low == 0.0 { 0.0 } else { low - room }, high: high + room };
        }
        let room = (high - low) * 0.06;
        Self { low: if low == 0.0 { 0.0 } else { low - room }, high: high + room }
    }

    /// 0 at the lower end, 1 at the upper one, never outside.
    pub fn share(self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// Two to five round values; bytes are round in powers of 1024.
    pub fn ticks(self, unit: Option<&str>) -> Vec<f64> {
        let mut base = 1.0;
        if unit.is_some_and(|u| u.starts_with("bytes")) {
            while self.high / base >= 1024.0 {
                base *= 1024.0;
            }
        }
        let step = nice((self.high - self.low) / base / 3.0) * base;
        if !(step.is_finite() && step > 0.0) {
            return Vec::new();
        }
        let first = (self.low / step).ceil();
        (0..6).map(|n| (first + f64::from(n)) * step).filter(|v| *v <= self.high).collect()
    }
}

/// 1, 2 or 5 times a power of ten, not below `rough`.
fn nice(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|f| f * power >= rough * 0.999).unwrap_or(10.0);
    factor * power
}

/// Seconds between ticks that people read easily.
const STEPS: [f64; 15] = [
    1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 10_800.0, 21_600.0, 43_200.0,
    86_400.0,
];

/// Round times within the range, at most `most` of them.
pub fn time_ticks(range: TimeRange, most: usize) -> Vec<f64> {
    let rough = range.length() / most.max(1) as f64;
    let days = (rough / 86_400.0).ceil().max(1.0) * 86_400.0;
    let step = STEPS.into_iter().find(|s| *s >= rough).unwrap_or(days);
    if !(range.length().is_finite() && range.length() > 0.0) {
        return Vec::new();
    }
    let first = (range.start / step).ceil();
    (0..=most).map(|n| (first + n as f64) * step).filter(|t| *t <= range.end).collect()
}

/// Where in the range a time lies, in percent; never outside.
pub fn percent(range: TimeRange, time: f64) -> f64 {
    let known = range.length() > 0.0 && time.is_finite();
    if known { ((time - range.start) / range.length() * 100.0).clamp(0.0, 100.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_have_room_and_start_at_zero_where_it_helps() {
        let of = |v: &[f64]| Scale::of(v.iter().copied());
        assert_eq!(of(&[0.0, 1.0]).low, 0.0);
        assert_eq!(of(&[20.0, 100.0]).low, 0.0);
        assert!(of(&[95.0, 100.0]).low > 90.0);
        assert_eq!(of(&[]), Scale { low: 0.0, high: 1.0 });
        assert_eq!(of(&[f64::NAN, f64::INFINITY]), Scale { low: 0.0, high: 1.0 });
        let flat = of(&[5.0, 5.0]);
        assert!(flat.low < 5.0 && flat.high > 5.0);
        assert_eq!(of(&[0.0]), Scale { low: 0.0, high: 1.0 });
    }

    #[test]
    fn ticks_are_round_and_few() {
        for (low, high, unit, expected) in [
            (0.0, 1.0, None, vec![0.0, 0.5, 1.0]),
            (0.0, 0.31, Some("ratio"), vec![0.0, 0.2]),
            (0.0, 3.2e8, Some("bytes"), vec![0.0, 209_715_200.0]),
            (95.0, 100.0, None, vec![96.0, 98.0, 100.0]),
        ] {
            assert_eq!(Scale { low, high }.ticks(unit), expected);
        }
        let range = TimeRange { start: 1_000_000.0, end: 1_005_400.0 };
        let ticks = time_ticks(range, 6);
        assert!(ticks.len() >= 3 && ticks.iter().all(|t| t % 900.0 == 0.0), "{ticks:?}");
        assert!(time_ticks(TimeRange { start: 5.0, end: 5.0 }, 6).is_empty());
        assert!(time_ticks(TimeRange { start: 0.0, end: f64::INFINITY }, 6).is_empty());
        assert!(time_ticks(TimeRange { start: 0.0, end: 86_400.0 * 40.0 }, 6).len() <= 7);
    }
}
