//! What kind of event an alarm is.
//!
//! Looks at the newest values beside those before them, in the order in which a person would: does it stand
//! still, is it at its limit, did it move for good, is it wrong for the hour, is it a spike, or just new.
//!
//! Never decides whether there is an alarm.

use super::channels::Surprise;
use super::season::Band;
use super::shift::trend;
use super::spikes::{density_tail, generalized_esd};

/// What kind of event it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// One value, or a few, far from the others.
    Spike,
    /// The values moved and stay.
    LevelShift,
    /// The values have begun to climb or fall.
    TrendShift,
    /// Usual as a value, but not at this time of its cycle.
    Seasonal,
    /// A pattern or mixture not seen before.
    Novelty,
    /// Values that should have come did not.
    Missing,
    /// At the limit of what can be measured or given.
    Saturation,
    /// A series that varied stands still.
    Flatline,
}

impl Kind {
    /// As reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spike => "spike",
            Self::LevelShift => "level_shift",
            Self::TrendShift => "trend_shift",
            Self::Seasonal => "seasonal",
            Self::Novelty => "novelty",
            Self::Missing => "missing",
            Self::Saturation => "saturation",
            Self::Flatline => "flatline",
        }
    }
}

/// Values that a change is looked for in.
const RECENT: usize = 24;
/// Values before them that they are compared with.
const BEFORE: usize = 128;
/// Values in a row outside the band that are no spike any more.
const LASTING: usize = 6;
/// Equal values in a row that stand still, or are pinned to a limit.
const STILL: usize = 24;
const PINNED: usize = 3;

/// The band of the values before the newest ones, for a series without a season.
pub fn earlier_band(history: &[f64]) -> Option<Band> {
    Band::around(before(history))
}

fn before(history: &[f64]) -> &[f64] {
    let end = history.len().saturating_sub(RECENT);
    &history[end.saturating_sub(BEFORE)..end]
}

/// The kind of the event at the newest value of `history`.
pub fn explain(
    history: &[f64],
    surprise: &Surprise,
    season: Option<Band>,
    limits: Option<(f64, f64)>,
) -> Kind {
    let before = before(history);
    if still(history, STILL) && before.windows(2).any(|w| w[0] != w[1]) {
        return Kind::Flatline;
    }
    if saturated(history, limits) {
        return Kind::Saturation;
    }
    // with a season, only what leaves its cycle for long has moved, and the phase is known for the present
    // alone
    if season.is_none()
        && let Some(kind) = Band::around(before).and_then(|band| moved(history, &band))
    {
        return kind;
    }
    if season.is_some() && surprise.is_seasonal() {
        return Kind::Seasonal;
    }
    if spikes(history) { Kind::Spike } else { Kind::Novelty }
}

fn still(history: &[f64], width: usize) -> bool {
    let newest = &history[history.len().saturating_sub(width)..];
    newest.len() == width && newest.iter().all(|v| *v == newest[0])
}

/// Whether the newest values are at a limit: a known one within a fiftieth of the range, or the maximum
/// of all that was seen, again and again.
pub fn saturated(history: &[f64], limits: Option<(f64, f64)>) -> bool {
    let newest = &history[history.len().saturating_sub(PINNED)..];
    if newest.len() < PINNED {
        return false;
    }
    if let Some((low, high)) = limits {
        let margin = (high - low) / 50.0;
        return newest.iter().all(|v| *v >= high - margin);
    }
    let highest = before(history).iter().copied().fold(f64::NEG_INFINITY, f64::max);
    still(history, PINNED) && newest[0] > highest && highest.is_finite()
}

/// A shift, if the newest values have left the `band` to one side: of the trend if they climb on, else of the
/// level.
fn moved(history: &[f64], band: &Band) -> Option<Kind> {
    let newest = &history[history.len().saturating_sub(RECENT)..];
    let above = *newest.last()? > band.high;
    let outside = |v: &&f64| if above { **v > band.high } else { **v < band.low };
    let lasting = newest.iter().rev().take_while(outside).count();
    if lasting < LASTING {
        return None;
    }
    let run = &newest[newest.len() - lasting..];
    let climb = trend(run)?.slope * run.len() as f64;
    let first = (run[0] - band.expected()).abs();
    let climbs = (climb > 0.0) == above && climb.abs() > first.max(band.deviation());
    Some(if climbs { Kind::TrendShift } else { Kind::LevelShift })
}

fn spikes(history: &[f64]) -> bool {
    let newest = &history[history.len().saturating_sub(BEFORE)..];
    let Some((value, past)) = newest.split_last() else { return false };
    let last = newest.len() - 1;
    density_tail(past, *value).is_some_and(|p| p < 0.01)
        || generalized_esd(newest, LASTING, 0.01).contains(&last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texture(n: usize) -> Vec<f64> {
        (0..n).map(|i| (i * 37 % 101) as f64).collect()
    }

    fn kind(newest: &[f64], limits: Option<(f64, f64)>) -> Kind {
        explain(&[texture(300), newest.to_vec()].concat(), &Surprise::default(), None, limits)
    }

    #[test]
    fn kinds() {
        let shifted: Vec<f64> = (0..12).map(|i| 900.0 + f64::from(i % 3)).collect();
        let climbing: Vec<f64> = (0..20).map(|i| 120.0 + 60.0 * f64::from(i)).collect();
        for (newest, expected) in [
            (&[900.0][..], Kind::Spike),
            (&[-400.0], Kind::Spike),
            (&[50.0], Kind::Novelty),
            (&[4.0; 30], Kind::Flatline),
            (&[900.0; 4], Kind::Saturation),
            (&shifted, Kind::LevelShift),
            (&climbing, Kind::TrendShift),
        ] {
            assert_eq!(kind(newest, None), expected, "{newest:?}");
        }
        assert_eq!(kind(&[99.0, 99.5, 98.9], Some((0.0, 100.0))), Kind::Saturation);
        assert_eq!(kind(&[900.0; 4], Some((0.0, 5000.0))), Kind::Spike);
    }

    #[test]
    fn the_hour_is_the_reason_when_the_phase_is_the_strangest() {
        let surprise = Surprise { phases: [3.0, 0.0], ..Surprise::default() };
        let band = Some(Band { low: 80.0, high: 90.0 });
        assert_eq!(explain(&texture(300), &surprise, band, None), Kind::Seasonal);
        assert_ne!(explain(&texture(300), &surprise, None, None), Kind::Seasonal);
    }

    #[test]
    fn next_to_no_history_is_enough() {
        for n in 0..40 {
            explain(&texture(n), &Surprise::default(), None, None);
            explain(&vec![1.0; n], &Surprise::default(), None, Some((0.0, 1.0)));
        }
    }
}
