//! What the detector makes of one stretch of a series that is at hand: its season, how strange it is by its own past, and
//! whether all windows agree.
//!
//! The same detector as for a stream, run up to the end of the stretch; it never looks at what comes after.

use super::explain::Kind;
use super::season::Band;
use super::stream::{Detector, Level, Settings, Verdict};

/// A stretch, seen with what came before it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Look {
    /// Seconds after which the series repeats itself, where a season was in force when the stretch began.
    pub season: Option<f64>,
    /// Where its strangest value was expected, at its phase of the season; only with a season.
    pub band: Option<Band>,
    /// The highest in the stretch.
    pub level: Level,
    /// How strange its strangest value is, 0 to 1, and of what kind.
    pub strangeness: f64,
    pub kind: Option<Kind>,
    /// That value.
    pub value: f64,
    /// Points before the stretch.
    pub before: usize,
}

impl Look {
    /// Whether the season led to expect what the stretch shows.
    pub fn as_expected(&self) -> bool {
        self.band.is_some_and(|band| band.low <= self.value && self.value <= band.high)
    }
}

/// Looks at `points` (seconds, value), in the order of time, up to `to`; the stretch begins at `from`.
pub fn look(points: &[(f64, f64)], from: f64, to: f64, settings: Settings) -> Look {
    let mut detector = Detector::new(settings);
    let mut found = Look::default();
    let mut begun = false;
    let mut strangest: Option<(f64, Verdict)> = None;
    for (at, value) in points.iter().copied().take_while(|(at, _)| *at < to) {
        if at < from {
            detector.push(at, value);
            found.before += 1;
            continue;
        }
        if !std::mem::replace(&mut begun, true) {
            found.season = detector.period().zip(detector.step()).map(|(period, step)| period * step);
        }
        let verdict = detector.push(at, value);
        found.level = found.level.max(verdict.level);
        if strangest.is_none_or(|(_, most)| verdict.strangeness > most.strangeness) {
            strangest = Some((value, verdict));
        }
    }
    if let Some((value, verdict)) = strangest {
        (found.value, found.strangeness, found.kind) = (value, verdict.strangeness, verdict.kind);
        found.band = found.season.and(verdict.band);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(n: usize, value: impl Fn(usize) -> f64) -> Vec<(f64, f64)> {
        (0..n).map(|i| (i as f64 * 60.0, value(i))).collect()
    }

    /// Twenty slots high, thirty low, with a little texture.
    fn shift_work(i: usize) -> f64 {
        let high = if i % 50 < 20 { 40.0 } else { 0.0 };
        high + 10.0 + (i * 37 % 11) as f64 / 10.0
    }

    #[test]
    fn a_season_explains_what_it_leads_to_expect_and_nothing_else() {
        let (from, to) = (1500.0 * 60.0, 1510.0 * 60.0);
        let usual = look(&series(1510, shift_work), from, to, Settings::default());
        assert!(usual.season.is_some_and(|s| (s - 3000.0).abs() < 121.0), "{usual:?}");
        assert!(usual.as_expected() && usual.strangeness < 0.5 && usual.before == 1500, "{usual:?}");
        let odd = |i: usize| if i >= 1500 { 120.0 } else { shift_work(i) };
        let odd = look(&series(1510, odd), from, to, Settings::default());
        assert!(!odd.as_expected() && odd.strangeness >= 0.5 && odd.level >= Level::Notice, "{odd:?}");
    }

    #[test]
    fn what_lasts_for_hours_after_days_is_worth_waking_somebody() {
        let noise = |i: usize| (i * 7919 % 101) as f64 / 10.0;
        let days = 3 * 288;
        let lasting = |i: usize| 100.0 + noise(i) + if i >= days { 60.0 } else { 0.0 };
        let points: Vec<(f64, f64)> = (0..days + 100).map(|i| (i as f64 * 300.0, lasting(i))).collect();
        let from = days as f64 * 300.0;
        assert_eq!(look(&points, from, f64::INFINITY, Settings::default()).level, Level::Page);
        assert_eq!(look(&points, from - 9000.0, from, Settings::default()).level, Level::None);
    }

    #[test]
    fn nothing_to_look_at() {
        for points in [&[][..], &[(0.0, 1.0)], &[(f64::NAN, f64::NAN), (5.0, f64::INFINITY)]] {
            let found = look(points, 10.0, 20.0, Settings::default());
            assert_eq!((found.level, found.strangeness, found.season), (Level::None, 0.0, None));
        }
    }
}
