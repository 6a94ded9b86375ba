//! The natural experiment of a rolling release: new and old instances of one service at work in the same minutes.
//!
//! What strikes both alike is not the release's doing; what strikes only the new ones is. A release whose new
//! instances never report anything, while the old ones do, is a result as well.
//! Never compares services with each other.

use super::measures::{Measure, badness};
use super::services::Services;
use super::shift::{Shift, shifts};
use super::track::{Track, median};
use crate::domain::incident::{Direction, IncidentData, Reporter, TimeRange};
use std::collections::BTreeSet;

/// A release of a service that is at work within the window.
#[derive(Debug)]
pub(super) struct Release {
    pub service: usize,
    /// Place among the listed changes; none where the instances alone tell of it.
    pub change: Option<usize>,
    /// Unix seconds.
    pub since: f64,
    pub version: Option<String>,
    /// Instances said to be replaced, those of them that report, and the old ones that still do.
    pub replaced: usize,
    pub seen: usize,
    pub old: usize,
    /// The worst difference for the worse between new and old.
    pub divergence: Option<Divergence>,
    /// Measures in which new and old could be compared, and were alike.
    pub alike: Vec<usize>,
    /// 0 to 1: how telling it is that the new instances say nothing.
    pub silence: f64,
}

/// New instances differ from old ones.
#[derive(Debug, Clone)]
pub(super) struct Divergence {
    pub measure: usize,
    pub shift: Shift,
    /// 0 to 1.
    pub strength: f64,
    /// What the old instances showed in the same minutes.
    pub old_level: f64,
}

impl Divergence {
    /// 0 to 1: the part of the new instances' departure from the usual that the old ones do not share.
    pub fn alone(&self) -> f64 {
        let apart = self.shift.level - self.shift.usual;
        let shared = self.old_level - self.shift.usual;
        let whole = apart + shared;
        if whole == 0.0 { 1.0 } else { (apart / whole).clamp(0.0, 1.0) }
    }
}

/// All releases: the listed ones, and those that versions alone betray.
pub(super) fn releases(
    data: &IncidentData,
    services: &Services,
    measures: &[Measure],
    reference: &TimeRange,
) -> Vec<Release> {
    let mut releases = Vec::new();
    for (at, change) in data.changes.iter().enumerate() {
        let Some(service) = services.number(&change.service) else { continue };
        let near = change.time >= data.brief.window.start - super::picture::AROUND
            && change.time < data.brief.window.end;
        if near {
            releases.push(listed(data, measures, at, service));
        }
    }
    for service in 0..services.len() {
        if !releases.iter().any(|release: &Release| release.service == service) {
            releases.extend(unlisted(data, measures, service, reference));
        }
    }
    releases
}

fn listed(data: &IncidentData, measures: &[Measure], at: usize, service: usize) -> Release {
    let change = &data.changes[at];
    let replaced: BTreeSet<&str> = change.instances.iter().map(String::as_str).collect();
    let is_new = |instance: Option<&str>, version: Option<&str>| {
        if replaced.is_empty() {
            change.to.is_some() && change.from != change.to && version == change.to.as_deref()
        } else {
            instance.is_some_and(|name| replaced.contains(name))
        }
    };
    let mut release = compare(data, measures, service, &is_new, change.time);
    release.change = Some(at);
    release.version = change.to.clone();
    release.replaced = replaced.len();
    release.silence = silence(data, measures, &release);
    release
}

/// A version that the reference never saw, beside one that it did.
fn unlisted(
    data: &IncidentData,
    measures: &[Measure],
    service: usize,
    reference: &TimeRange,
) -> Option<Release> {
    let window = &data.brief.window;
    let mut before: BTreeSet<&str> = BTreeSet::new();
    let mut during: Vec<(&str, f64)> = Vec::new();
    for measure in measures.iter().filter(|m| m.service == service && m.reporter == Reporter::Callee) {
        for member in &measure.members {
            let series = &data.series[*member];
            let Some(version) = series.key.version.as_deref() else { continue };
            if series.points.iter().any(|(time, _)| reference.contains(*time)) {
                before.insert(version);
            }
            let first = series.points.iter().map(|point| point.0).find(|time| window.contains(*time));
            during.extend(first.map(|time| (version, time)));
        }
    }
    let fresh: Vec<&(&str, f64)> = during.iter().filter(|(version, _)| !before.contains(version)).collect();
    let since = fresh.iter().map(|(_, time)| *time).min_by(f64::total_cmp)?;
    let names: BTreeSet<&str> = fresh.iter().map(|(version, _)| *version).collect();
    if before.is_empty() {
        return None;
    }
    let is_new =
        |_: Option<&str>, version: Option<&str>| version.is_some_and(|version| names.contains(version));
    let mut release = compare(data, measures, service, &is_new, since);
    release.version = fresh.first().map(|(version, _)| (*version).to_owned());
    release.replaced = release.seen;
    Some(release)
}

fn compare(
    data: &IncidentData,
    measures: &[Measure],
    service: usize,
    is_new: &dyn Fn(Option<&str>, Option<&str>) -> bool,
    since: f64,
) -> Release {
    let mut release = Release {
        service,
        change: None,
        since,
        version: None,
        replaced: 0,
        seen: 0,
        old: 0,
        divergence: None,
        alike: Vec::new(),
        silence: 0.0,
    };
    let window = data.brief.window;
    let (mut seen, mut old) = (BTreeSet::new(), BTreeSet::new());
    for (at, measure) in measures.iter().enumerate() {
        // What the service measures itself: as the callee, or of its own calls as the caller.
        let reporter =
            if measure.reporter == Reporter::Caller { measure.peer } else { Some(measure.service) };
        if reporter != Some(service) {
            continue;
        }
        // A series over all instances is of neither side.
        let told_apart = measure.members.iter().copied().filter(|member| {
            let key = &data.series[*member].key;
            key.instance.is_some() || key.version.is_some()
        });
        let (new, rest): (Vec<usize>, Vec<usize>) = told_apart.partition(|member| {
            let key = &data.series[*member].key;
            is_new(key.instance.as_deref(), key.version.as_deref())
        });
        for (members, names) in [(&new, &mut seen), (&rest, &mut old)] {
            for member in members {
                let series = &data.series[*member];
                let at_work =
                    series.points.iter().any(|(t, v)| window.contains(*t) && *t >= since && v.is_finite());
                if at_work {
                    names.insert(series.key.instance.clone().unwrap_or_default());
                }
            }
        }
        if new.is_empty() || rest.is_empty() || measure.meaning.shared {
            continue;
        }
        contrast(data, measure, at, &new, &rest, &mut release);
    }
    release.seen = seen.len();
    release.old = old.len();
    release
}

/// A past of this many points is better than what the old ones did meanwhile.
const ENOUGH: usize = 10;
/// Fewer points of new instances than this are an accident.
const FEWEST: usize = 2;

fn contrast(
    data: &IncidentData,
    measure: &Measure,
    at: usize,
    new: &[usize],
    rest: &[usize],
    release: &mut Release,
) {
    let window = TimeRange { start: release.since.max(data.brief.window.start), end: data.brief.window.end };
    let fresh = points(data, new, measure, &window);
    let beside = points(data, rest, measure, &window);
    if fresh.len() < FEWEST || beside.len() < FEWEST {
        return;
    }
    // Difference in differences: what happened to the old instances in the same minutes is taken off the new
    // ones, and the rest is held against the service's own past.
    let old_level = median(&beside.values).unwrap_or(0.0);
    let new_level = median(&fresh.values).unwrap_or(0.0);
    let reference =
        if measure.reference.len() >= beside.len().min(ENOUGH) { &measure.reference } else { &beside };
    let drift = old_level - median(&reference.values).unwrap_or(old_level);
    let fresh =
        Track { times: fresh.times, values: fresh.values.iter().map(|value| value - drift).collect() };
    let worst = shifts(&fresh, reference, &measure.meaning, (0.0, 0.0))
        .into_iter()
        .filter(|shift| {
            let apart =
                if shift.direction == Direction::Up { new_level > old_level } else { new_level < old_level };
            apart && badness(&measure.meaning, shift.direction) > 0.5
        })
        .map(|shift| (shift.strength(), shift))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match worst {
        Some((strength, shift)) => {
            let better =
                release.divergence.as_ref().is_none_or(|kept| strength * weight(measure) > kept.strength);
            if better {
                let strength = strength * weight(measure);
                release.divergence = Some(Divergence { measure: at, shift, strength, old_level });
            }
        }
        None if measure.meaning.felt_by_callers() => release.alike.push(at),
        None => {}
    }
}

/// Fresh instances warm up: their use of resources differs without harm; failing does not.
fn weight(measure: &Measure) -> f64 {
    use crate::domain::incident::MetricClass::*;
    let own = if measure.reporter == Reporter::Caller { 0.8 } else { 1.0 };
    own * match measure.meaning.class {
        Availability | Errors => 1.0,
        Restarts => 0.8,
        Latency => 0.7,
        _ => 0.35,
    }
}

fn points(data: &IncidentData, members: &[usize], measure: &Measure, range: &TimeRange) -> Track {
    let mut points: Vec<(f64, f64)> = members
        .iter()
        .flat_map(|member| {
            let track = Track::of(&data.series[*member], &measure.meaning).within(range);
            track.times.into_iter().zip(track.values).collect::<Vec<_>>()
        })
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let step = measure.window.step().or(measure.reference.step()).filter(|step| *step > 0.0).unwrap_or(1.0);
    let cell = |time: f64| ((time - range.start) / step).round() * step + range.start;
    points.iter_mut().for_each(|point| point.0 = cell(point.0));
    Track::merged(&points)
}

/// Grows with the steps that have gone by since the release without a word from any new instance.
fn silence(data: &IncidentData, measures: &[Measure], release: &Release) -> f64 {
    if release.seen > 0 || release.old == 0 || release.replaced == 0 {
        return 0.0;
    }
    let step = measures
        .iter()
        .filter(|measure| measure.service == release.service)
        .filter_map(|measure| measure.window.step().or(measure.reference.step()))
        .fold(f64::INFINITY, f64::min);
    let start = release.since.max(data.brief.window.start);
    let steps = if step.is_finite() && step > 0.0 { (data.brief.window.end - start) / step } else { 0.0 };
    if steps < 2.0 { 0.0 } else { 1.0 - (-(steps - 1.0) / 2.0).exp2() }
}
