//! How far a window left its reference, and when: the strongest stretch of the window against the widest
//! excursion of the same length that the reference shows by itself.
//!
//! Comparing stretches with stretches takes account of autocorrelation, heavy tails and drift without a model,
//! and a value that flips to and fro within the reference does not count. Where the reference is too short to
//! show excursions, its spread stands in. Never looks at names: which direction is bad comes with the meaning.

use super::track::{Track, median, sorted_quantile};
use crate::domain::incident::{Direction, Meaning, MetricClass, TimeRange, UnitKind};

/// What a window did relative to its reference, in one direction.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shift {
    pub direction: Direction,
    /// How often the widest excursion of the reference fits into this one; above 1 it is new.
    pub excess: f64,
    /// 0 to 1: how much it matters, by what the unit means.
    pub magnitude: f64,
    /// 0 to 1: how sure it is that this is no chance.
    pub sure: f64,
    /// First moment and past the last of the stretch.
    pub range: TimeRange,
    /// Typical value of the reference, and of the stretch.
    pub usual: f64,
    pub level: f64,
    /// What the reference led to expect.
    pub expected: (f64, f64),
    /// For each point of the window, how far beyond the expected it lies, in units of the excursion; 0 within.
    pub profile: Vec<f64>,
    /// Whether the stretch begins after the window does, by more than one point.
    pub begins_within: bool,
}

impl Shift {
    /// 0 to 1: how much of a change it is, for ranking.
    pub fn strength(&self) -> f64 {
        self.magnitude * self.sure
    }
}

/// As many points of a series' own weigh as much as all of its kin.
const KIN: f64 = 20.0;
/// Fewer points than this say nothing about a reference.
const FEWEST: usize = 3;

/// The shifts up and down, each judged by its own excursions; none where either side is empty.
///
/// `kin` is how far up and down series of the same metric stray, see [`strays`].
pub(super) fn shifts(window: &Track, reference: &Track, meaning: &Meaning, kin: (f64, f64)) -> Vec<Shift> {
    if window.len() == 0 || reference.len() < FEWEST {
        return Vec::new();
    }
    let mut sorted = reference.values.clone();
    sorted.sort_by(f64::total_cmp);
    [(Direction::Up, kin.0), (Direction::Down, kin.1)]
        .into_iter()
        .filter_map(|(direction, kin)| shift(window, reference, &sorted, meaning, direction, kin))
        .collect()
}

/// How far the points of a reference lie from its median: doublings, or points for shares of a whole.
pub(super) fn strays(reference: &Track, meaning: &Meaning) -> Vec<f64> {
    let Some(usual) = median(&reference.values) else { return Vec::new() };
    reference.values.iter().map(|value| apart(usual, *value, meaning)).collect()
}

/// The far ends of many strays, up and down; nothing where there are few.
pub(super) fn far_ends(mut strays: Vec<f64>) -> (f64, f64) {
    if strays.len() < 20 {
        return (0.0, 0.0);
    }
    strays.sort_by(f64::total_cmp);
    let up = sorted_quantile(&strays, 0.985).unwrap_or(0.0);
    let down = sorted_quantile(&strays, 0.015).unwrap_or(0.0);
    (up.max(0.0), (-down).max(0.0))
}

/// Signed distance from one level to another: in points for shares of a whole, else in doublings.
fn apart(from: f64, to: f64, meaning: &Meaning) -> f64 {
    match meaning.unit {
        UnitKind::Percent => to - from,
        UnitKind::Ratio => (to - from) * 100.0,
        _ => {
            let grain = grain(from, meaning);
            let doublings = ((to.max(0.0) + grain) / (from.max(0.0) + grain)).log2();
            if doublings.is_finite() { doublings.clamp(-20.0, 20.0) } else { 0.0 }
        }
    }
}

/// How far a stray of this many points or doublings reaches, in the series' unit; never negative.
fn reach(usual: f64, stray: f64, direction: Direction, meaning: &Meaning) -> f64 {
    match (meaning.unit, direction) {
        (UnitKind::Percent, _) => stray,
        (UnitKind::Ratio, _) => stray / 100.0,
        (_, Direction::Up) => (usual.max(0.0) + grain(usual, meaning)) * (stray.exp2() - 1.0),
        (_, Direction::Down) => (usual.max(0.0) + grain(usual, meaning)) * (1.0 - (-stray).exp2()),
    }
}

/// Added to both sides of a ratio, so that next to nothing is not infinitely less than little.
fn grain(usual: f64, meaning: &Meaning) -> f64 {
    meaning.unit.seconds().map_or(1e-9 + usual.abs() * 1e-3, |second| 2e-3 / second)
}

fn shift(
    window: &Track,
    reference: &Track,
    sorted: &[f64],
    meaning: &Meaning,
    direction: Direction,
    kin: f64,
) -> Option<Shift> {
    let sign = if direction == Direction::Up { 1.0 } else { -1.0 };
    let usual = sorted_quantile(sorted, 0.5)?;
    let raised: Vec<f64> = window.values.iter().map(|value| sign * (value - usual)).collect();
    let normal: Vec<f64> = reference.values.iter().map(|value| sign * (value - usual)).collect();
    // A short reference has not shown what it may do: what its kin do stands in for what is missing.
    let kin = reach(usual, kin, direction, meaning) * KIN / (KIN + reference.len() as f64);
    let floor = floor(usual, meaning).max(kin);
    let spread = upper_spread(sorted, usual, direction);
    let mut best: Option<(f64, f64, usize, usize, f64)> = None;
    for length in lengths(window.len()) {
        let excursion = excursion(&normal, spread, length, window.len()).max(floor);
        let levels = rolling_medians(&raised, length);
        for (at, level) in levels.into_iter().enumerate() {
            // Longer stretches are worth more at equal excess: chance does not last.
            let weight = (length as f64 / window.len() as f64).powf(0.25);
            let score = level / excursion * weight;
            if best.is_none_or(|(top, ..)| score > top) {
                best = Some((score, level, at, length, excursion));
            }
        }
    }
    let (_, level, at, length, excursion) = best?;
    let excess = level / excursion;
    if excess <= 1.0 {
        return None;
    }
    let (from, to) = widen(&raised, at, length, level / 2.0_f64.max(excess.sqrt()));
    let expected = (sorted_quantile(sorted, 0.02)?, sorted_quantile(sorted, 0.98)?);
    let reached = usual + sign * level;
    let end = window.times.get(to).copied().unwrap_or_else(|| {
        window.times[window.len() - 1] + window.step().or(reference.step()).unwrap_or(1.0)
    });
    Some(Shift {
        direction,
        excess,
        magnitude: magnitude(usual, reached, meaning),
        sure: sureness(excess, to - from, window.len(), reference.len()),
        range: TimeRange { start: window.times[from], end },
        usual,
        level: reached,
        expected,
        profile: raised.iter().map(|value| (value / excursion - 1.0).max(0.0)).collect(),
        begins_within: from > 0,
    })
}

/// Lengths of stretches to try, in points: doubling up to the window's.
fn lengths(window: usize) -> Vec<usize> {
    let mut lengths = Vec::new();
    let mut length = window.div_ceil(12);
    while length < window {
        lengths.push(length);
        length *= 2;
    }
    lengths.push(window);
    lengths
}

/// How wide an excursion over this many points has to be expected of a look as long as the window, above the
/// median: the 95th percentile of the widest in each such look at the reference, or the widest of all where it
/// holds fewer than twenty looks.
///
/// A reference shorter than four looks has not had the time to show its widest; its spread is widened by what a
/// longer one would have found (extremes of n Gaussian values grow with sqrt(2 ln n)).
fn excursion(normal: &[f64], spread: f64, length: usize, window: usize) -> f64 {
    let length = length.min(normal.len());
    let rolling = rolling_medians(normal, length);
    let per_look = (window + 1).saturating_sub(length).clamp(1, rolling.len().max(1));
    let mut widest = rolling_maxima(&rolling, per_look);
    let looks = normal.len() as f64 / window as f64;
    let share = if looks < 20.0 { 1.0 } else { 0.95 };
    let place = (share * widest.len().saturating_sub(1) as f64).round() as usize;
    let widest = match widest.len() {
        0 => 0.0,
        _ => *widest.select_nth_unstable_by(place, f64::total_cmp).1,
    };
    let independent = (normal.len() as f64 / length as f64).max(1.0);
    let wanted = (window as f64 / length as f64).max(1.0) * 4.0;
    let missing = ((2.0 * (wanted + 1.0).ln()).sqrt() - (2.0 * (independent + 1.0).ln()).sqrt()).max(0.0);
    widest.max(spread) + missing * spread
}

/// Maxima of all stretches of a length.
fn rolling_maxima(values: &[f64], length: usize) -> Vec<f64> {
    let mut maxima = Vec::with_capacity(values.len());
    let mut falling: std::collections::VecDeque<usize> = std::collections::VecDeque::new();
    for (at, value) in values.iter().enumerate() {
        while falling.back().is_some_and(|last| values[*last] <= *value) {
            falling.pop_back();
        }
        falling.push_back(at);
        if at + 1 >= length {
            while falling.front().is_some_and(|first| first + length <= at) {
                falling.pop_front();
            }
            maxima.extend(falling.front().map(|first| values[*first]));
        }
    }
    maxima
}

/// A robust standard deviation of the side towards a direction: the larger of what the quartile and the 95th
/// percentile say.
fn upper_spread(sorted: &[f64], usual: f64, direction: Direction) -> f64 {
    let at = |share: f64| {
        let share = if direction == Direction::Up { share } else { 1.0 - share };
        (sorted_quantile(sorted, share).unwrap_or(usual) - usual).abs()
    };
    (at(0.75) / 0.6745).max(at(0.95) / 1.645)
}

/// Below this an excursion is too small to matter, whatever the statistics.
fn floor(usual: f64, meaning: &Meaning) -> f64 {
    let relative = 0.05 * usual.abs();
    let absolute = match (meaning.unit, meaning.class) {
        (UnitKind::Percent, MetricClass::Availability | MetricClass::Errors) => 0.5,
        (UnitKind::Percent, _) => 1.0,
        (UnitKind::Ratio, MetricClass::Availability | MetricClass::Errors) => 0.005,
        (UnitKind::Ratio, _) => 0.01,
        (unit, _) => unit.seconds().map_or(1e-9, |second| 5e-4 / second),
    };
    if meaning.class == MetricClass::Availability { absolute } else { relative.max(absolute) }
}

/// How much a change from one level to another matters, 0 to 1.
///
/// Shares of a whole count in points; everything else in doublings.
fn magnitude(usual: f64, level: f64, meaning: &Meaning) -> f64 {
    let apart = apart(usual, level, meaning).abs();
    let scale = match meaning.unit {
        UnitKind::Percent | UnitKind::Ratio if meaning.felt_by_callers() => 10.0,
        UnitKind::Percent | UnitKind::Ratio => 20.0,
        _ => 1.5,
    };
    1.0 - (-apart / scale).exp()
}

/// From excess and the amount of data to a degree of belief, 0 to 1.
fn sureness(excess: f64, stretch: usize, window: usize, reference: usize) -> f64 {
    let beyond = 1.0 - 1.0 / excess.max(1.0);
    let share = (stretch as f64 / window as f64).sqrt();
    let lasting = 0.5 * share + 0.5 * share.max((stretch as f64 / 4.0).min(1.0));
    let known = reference as f64 / (reference as f64 + 6.0);
    beyond * (0.4 + 0.6 * lasting) * known
}

/// Grows a stretch while its neighbours stay above a level.
fn widen(raised: &[f64], at: usize, length: usize, above: f64) -> (usize, usize) {
    let (mut from, mut to) = (at, (at + length).min(raised.len()));
    while from < to && raised[from] < above && from + 1 < to {
        from += 1;
    }
    while to > from + 1 && raised[to - 1] < above {
        to -= 1;
    }
    while from > 0 && raised[from - 1] >= above {
        from -= 1;
    }
    while to < raised.len() && raised[to] >= above {
        to += 1;
    }
    (from, to)
}

/// Medians of all stretches of a length.
fn rolling_medians(values: &[f64], length: usize) -> Vec<f64> {
    if length == 0 || values.len() < length {
        return Vec::new();
    }
    let mut sorted: Vec<f64> = values[..length].to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = |sorted: &[f64]| (sorted[(length - 1) / 2] + sorted[length / 2]) / 2.0;
    let mut medians = vec![middle(&sorted)];
    for at in length..values.len() {
        let leaving = sorted.partition_point(|value| value.total_cmp(&values[at - length]).is_lt());
        sorted.remove(leaving);
        let entering = sorted.partition_point(|value| value.total_cmp(&values[at]).is_lt());
        sorted.insert(entering, values[at]);
        medians.push(middle(&sorted));
    }
    medians
}
