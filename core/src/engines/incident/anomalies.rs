//! The list of series that left their reference, for people and for whoever draws them.
//!
//! The shifts are those by which causes are ranked ([`super::shift`]): a window against its reference, in one look. The
//! streaming detector of `signals::detect` answers another question, how strange each value is among all before it,
//! without looking ahead; it takes some 16 µs a value and wants a long past, which an incident's few hundred points a
//! series are not. What it alone can say, a season and the agreement of its windows, is added to this list afterwards.
//!
//! Never decides which of them matter: it orders them by strength.

use super::correlate::Source;
use super::exhaustion::saturated;
use super::exhibits::{Exhibit, Exhibits, round};
use super::measures::Measure;
use super::notice::is_bad;
use super::picture::Picture;
use super::shift::Shift;
use super::track::{Track, median, sorted_quantile};
use crate::domain::incident::{Anomaly, AnomalyKind, AnomalyLevel, Direction, TimeRange};

/// More than this nobody reads.
const MOST: usize = 100;
/// Weaker ones are not listed.
const FAINT: f64 = 0.03;

/// One entry of the list, before it has its place.
struct Found<'p> {
    strength: f64,
    measure: &'p Measure,
    kind: AnomalyKind,
    direction: Direction,
    range: TimeRange,
    expected: (f64, f64),
    observed: f64,
    bad: bool,
    version: Option<String>,
    exhibit: Exhibit,
}

/// The list, and for each entry the place of its measure.
pub(super) fn anomalies(picture: &Picture<'_>, exhibits: &mut Exhibits) -> (Vec<Anomaly>, Vec<usize>) {
    let mut found: Vec<Found<'_>> = Vec::new();
    for (at, measure) in picture.measures.iter().enumerate() {
        found.extend(shifted(picture, at, measure));
        found.extend(silent(picture, at, measure));
    }
    found.extend(diverged(picture));
    found.sort_by(|a, b| b.strength.total_cmp(&a.strength).then(a.range.start.total_cmp(&b.range.start)));
    let place = |found: &Found<'_>| picture.measures.iter().position(|m| std::ptr::eq(m, found.measure));
    let places = found.iter().take(MOST).filter_map(place).collect();
    let entry = |(number, found): (usize, Found<'_>)| entry(picture, exhibits, number + 1, found);
    (found.into_iter().take(MOST).enumerate().map(entry).collect(), places)
}

fn entry(picture: &Picture<'_>, exhibits: &mut Exhibits, number: usize, found: Found<'_>) -> Anomaly {
    let measure = found.measure;
    let only = (measure.members.len() == 1).then(|| &picture.data.series[measure.members[0]].key);
    Anomaly {
        id: format!("a{number}"),
        service: picture.services.name(measure.service).to_owned(),
        metric: measure.metric.clone(),
        instance: only.and_then(|key| key.instance.clone()),
        version: found.version.or_else(|| only.and_then(|key| key.version.clone())),
        peer: measure.peer.map(|peer| picture.services.name(peer).to_owned()),
        kind: found.kind,
        direction: found.direction,
        range: found.range,
        score: round(found.strength),
        expected: found.expected,
        observed: found.observed,
        bad: found.bad,
        season: None,
        level: AnomalyLevel::Notice,
        evidence: exhibits.cite(picture, found.exhibit),
    }
}

fn shifted<'p>(picture: &'p Picture<'_>, at: usize, measure: &'p Measure) -> Option<Found<'p>> {
    let (shift, _) = measure.worst().filter(|(shift, _)| shift.strength() >= FAINT)?;
    let exhibit = Exhibit::Clue(Source::Measure(at));
    Some(of_shift(measure, shift, kind(picture, measure, shift), shift.strength(), exhibit))
}

fn diverged<'p>(picture: &'p Picture<'_>) -> impl Iterator<Item = Found<'p>> {
    picture.releases.iter().enumerate().filter_map(|(at, release)| {
        let divergence = release.divergence.as_ref().filter(|d| d.strength >= FAINT)?;
        let measure = &picture.measures[divergence.measure];
        let exhibit = Exhibit::Clue(Source::Release(at));
        let kind = AnomalyKind::Divergence;
        let found = of_shift(measure, &divergence.shift, kind, divergence.strength, exhibit);
        Some(Found { version: release.version.clone(), ..found })
    })
}

fn of_shift<'p>(
    measure: &'p Measure,
    shift: &Shift,
    kind: AnomalyKind,
    strength: f64,
    exhibit: Exhibit,
) -> Found<'p> {
    Found {
        strength,
        measure,
        kind,
        direction: shift.direction,
        range: shift.range,
        expected: shift.expected,
        observed: shift.level,
        bad: is_bad(measure, shift),
        version: None,
        exhibit,
    }
}

/// A measure that had been reporting and stopped, for good or for a while.
fn silent<'p>(picture: &'p Picture<'_>, at: usize, measure: &'p Measure) -> Option<Found<'p>> {
    let (range, strength) = gap(picture, measure).filter(|(_, strength)| *strength >= FAINT)?;
    let mut sorted = measure.reference.values.clone();
    sorted.sort_by(f64::total_cmp);
    let expected = (sorted_quantile(&sorted, 0.02)?, sorted_quantile(&sorted, 0.98)?);
    Some(Found {
        strength,
        measure,
        kind: AnomalyKind::Missing,
        direction: Direction::Down,
        range,
        expected,
        observed: f64::NAN,
        bad: true,
        version: None,
        exhibit: Exhibit::Gap(at),
    })
}

/// Points of a reference from which on it is known how regularly they come.
const REGULAR: usize = 8;
/// Steps left out in a row that may be chance.
const CHANCE: f64 = 3.0;

/// The longest time within the window in which nothing came that should have, and how much it matters, 0 to 1. Only
/// while others went on reporting: the end of the data is no gap.
pub(super) fn gap(picture: &Picture<'_>, measure: &Measure) -> Option<(TimeRange, f64)> {
    let window = picture.data.brief.window;
    let reference = &measure.reference;
    let step = reference.step().filter(|step| *step > 0.0 && reference.len() >= REGULAR)?;
    let longest = reference.times.windows(2).map(|pair| pair[1] - pair[0]).fold(step, f64::max);
    let chance = (CHANCE * step).max(2.0 * longest);
    let end = picture.last_report()?.min(window.end);
    let before =
        reference.times.last().copied().filter(|t| *t <= window.start && window.start - *t <= chance);
    let mut times = vec![before.unwrap_or(window.start)];
    times.extend(measure.window.times.iter().copied().filter(|time| *time <= end));
    times.push(end);
    let widest =
        times.windows(2).map(|pair| (pair[0], pair[1])).max_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0)));
    let (from, to) = widest.filter(|(from, to)| to - from > chance)?;
    let (start, missed) = ((from + step).max(window.start), (to - from) / step);
    let share = ((to - start) / window.length().max(1e-9)).clamp(0.0, 1.0);
    let strength = (1.0 - (-(missed - 2.0) / 3.0).exp()) * share.sqrt();
    (start < to).then_some((TimeRange { start, end: to }, strength))
}

/// A level at the end of its scale, a passing spike, a climb or fall that goes on, or a new level.
fn kind(picture: &Picture<'_>, measure: &Measure, shift: &Shift) -> AnomalyKind {
    let window = picture.data.brief.window;
    if measure.meaning.is_resource() && saturated(picture, measure) {
        AnomalyKind::Saturation
    } else if shift.range.length() < window.length().max(1e-9) / 4.0 && shift.range.end < window.end {
        AnomalyKind::Spike
    } else if climbs(&measure.window.within(&shift.range), shift) {
        AnomalyKind::TrendShift
    } else {
        AnomalyKind::LevelShift
    }
}

/// Points that make a trend.
const TREND: usize = 8;
/// Slopes are taken of no more points than this, evenly chosen.
const PLACES: usize = 64;

/// Whether a stretch goes on moving away: the climb over it, by the median slope of all pairs (Theil 1950, Sen 1968), is
/// more than it had left its usual value by when it began.
fn climbs(stretch: &Track, shift: &Shift) -> bool {
    let n = stretch.len();
    if n < TREND {
        return false;
    }
    let points: Vec<(f64, f64)> = stretch
        .times
        .iter()
        .copied()
        .zip(stretch.values.iter().copied())
        .step_by(n.div_ceil(PLACES))
        .collect();
    let pairs = (0..points.len()).flat_map(|i| (i + 1..points.len()).map(move |j| (i, j)));
    let slopes: Vec<f64> =
        pairs.map(|(i, j)| (points[j].1 - points[i].1) / (points[j].0 - points[i].0).max(1e-9)).collect();
    let length = points[points.len() - 1].0 - points[0].0;
    let climb = median(&slopes).unwrap_or(0.0) * length;
    let first = median(&stretch.values[..n.div_ceil(8)]).unwrap_or(shift.level) - shift.usual;
    let outward = (climb > 0.0) == (shift.direction == Direction::Up);
    outward && climb.abs() > first.abs() && climb.abs() > 0.5 * (shift.level - shift.usual).abs()
}
