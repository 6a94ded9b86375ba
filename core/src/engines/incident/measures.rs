//! What was measured of each service and each call, pooled over instances, with its shifts.
//!
//! Never judges whom a shift speaks against: that is for those who know the topology.

use super::services::Services;
use super::shift::{Shift, far_ends, shifts, strays};
use super::track::{Track, median};
use crate::domain::incident::{Direction, IncidentData, Meaning, MetricClass, Reporter, Series, TimeRange};
use std::collections::HashMap;

/// One metric of a service or of a call, over all its instances.
#[derive(Debug)]
pub(super) struct Measure {
    pub service: usize,
    /// The caller, for a call.
    pub peer: Option<usize>,
    pub reporter: Reporter,
    pub metric: String,
    pub meaning: Meaning,
    /// Places in the data's series.
    pub members: Vec<usize>,
    pub window: Track,
    pub reference: Track,
    /// The worse direction first.
    pub shifts: Vec<Shift>,
}

impl Measure {
    /// The strongest shift in a direction that is bad for such a metric, and how bad it is, 0 to 1.
    ///
    /// Where the meaning names no bad direction, either counts half; traffic counts as little as a hint.
    pub fn worst(&self) -> Option<(&Shift, f64)> {
        self.shifts
            .iter()
            .map(|shift| (shift, shift.strength() * badness(&self.meaning, shift.direction)))
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .filter(|(_, strength)| *strength > 0.0)
    }
}

/// How much a direction speaks of trouble, 0 to 1.
pub(super) fn badness(meaning: &Meaning, direction: Direction) -> f64 {
    let rises = direction == Direction::Up;
    match meaning.bad_direction() {
        1 => f64::from(u8::from(rises)),
        -1 => f64::from(u8::from(!rises)),
        _ => match meaning.class {
            MetricClass::Unknown => 0.5,
            // Less traffic is what failing looks like from behind; more of it is load.
            MetricClass::Traffic => {
                if rises {
                    0.05
                } else {
                    0.15
                }
            }
            _ => 0.1,
        },
    }
}

/// Where the reference is: the given one alone, else what the series show before the window, else the part of
/// the window before the detection.
pub(super) fn reference_range(data: &IncidentData) -> TimeRange {
    let brief = &data.brief;
    if let Some(baseline) = brief.baseline {
        return baseline;
    }
    let first = data
        .series
        .iter()
        .filter_map(|series| series.points.iter().map(|point| point.0).find(|time| time.is_finite()))
        .fold(f64::INFINITY, f64::min);
    if first < brief.window.start - brief.window.length() / 4.0 {
        return TimeRange { start: first, end: brief.window.start };
    }
    let until = brief.detected_at.clamp(brief.window.start, brief.window.end);
    TimeRange { start: brief.window.start, end: brief.window.start + (until - brief.window.start) / 2.0 }
}

/// All measures, in the order in which the data mention them.
pub(super) fn measures(data: &IncidentData, services: &Services, reference: &TimeRange) -> Vec<Measure> {
    let mut places: HashMap<(usize, Option<usize>, Reporter, &str), usize> = HashMap::new();
    let mut groups: Vec<(usize, Option<usize>, &Series, Vec<usize>)> = Vec::new();
    for (at, series) in data.series.iter().enumerate() {
        let Some(service) = services.number(&series.key.service) else { continue };
        let peer = series.key.peer.as_deref().and_then(|name| services.number(name));
        let key = (service, peer, series.key.reporter, series.key.metric.as_str());
        let place = *places.entry(key).or_insert_with(|| {
            groups.push((service, peer, series, Vec::new()));
            groups.len() - 1
        });
        groups[place].3.push(at);
    }
    let mut measures: Vec<Measure> = groups
        .into_iter()
        .map(|(service, peer, series, members)| {
            let meaning = Meaning::of(&series.key.metric, series.unit.as_deref());
            let track = pooled(data, &members, &meaning, data.brief.window.start);
            Measure {
                service,
                peer,
                reporter: series.key.reporter,
                metric: series.key.metric.clone(),
                meaning,
                members,
                window: track.within(&data.brief.window),
                reference: track.within(reference),
                shifts: Vec::new(),
            }
        })
        .collect();
    judge(&mut measures);
    measures
}

/// Gives every measure its shifts, in the light of what others of the same metric do.
pub(super) fn judge(measures: &mut [Measure]) {
    let mut kin: HashMap<(String, bool), Vec<f64>> = HashMap::new();
    for measure in measures.iter() {
        let key = (measure.metric.clone(), measure.peer.is_some());
        kin.entry(key).or_default().extend(strays(&measure.reference, &measure.meaning));
    }
    let kin: HashMap<_, _> = kin.into_iter().map(|(key, strays)| (key, far_ends(strays))).collect();
    for measure in measures {
        let key = (measure.metric.clone(), measure.peer.is_some());
        let far = kin.get(&key).copied().unwrap_or((0.0, 0.0));
        measure.shifts = shifts(&measure.window, &measure.reference, &measure.meaning, far);
    }
}

/// One track over several series: the mean of each step, so that instances coming and going weigh little.
fn pooled(data: &IncidentData, members: &[usize], meaning: &Meaning, origin: f64) -> Track {
    let mut tracks: Vec<Track> = members.iter().map(|at| Track::of(&data.series[*at], meaning)).collect();
    if tracks.len() == 1 {
        return tracks.pop().unwrap_or_default();
    }
    let steps: Vec<f64> = tracks.iter().filter_map(Track::step).collect();
    let step = median(&steps).filter(|step| *step > 0.0).unwrap_or(1.0);
    let mut points: Vec<(f64, f64)> = tracks
        .iter()
        .flat_map(|track| track.times.iter().copied().zip(track.values.iter().copied()))
        .map(|(time, value)| (origin + ((time - origin) / step).round() * step, value))
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    Track::merged(&points)
}
