//! Where the time of requests goes: every moment of a trace belongs to the innermost span at work.
//!
//! Time within a span that waits for a call to another service, outside the span that answers, belongs to the edge
//! between the two: the network or the queue before the callee. Never blames a parent for its children's time.

use super::services::Services;
use super::shift::{Shift, shifts};
use super::streams::{Label, Stream};
use super::track::{Track, median};
use crate::domain::incident::{IncidentData, Meaning, MetricClass, SpanRecord, TimeRange, UnitKind};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What traces say.
#[derive(Debug, Default)]
pub(super) struct Traces {
    /// Callers and callees.
    pub calls: Vec<(usize, usize)>,
    /// A service's own time, or the time between a caller and the callee.
    pub times: Vec<OwnTime>,
    /// Operations as streams of events.
    pub operations: Vec<Stream>,
}

/// How many times its usual the exclusive time took, over time.
#[derive(Debug)]
pub(super) struct OwnTime {
    pub service: usize,
    /// The caller, for time between the two.
    pub peer: Option<usize>,
    pub shift: Shift,
    /// Seconds a span beyond the usual, typically, while it lasted.
    pub seconds: f64,
    pub spans: usize,
}

/// Cells of the window over which times are averaged.
const CELLS: usize = 24;

struct Piece<'a> {
    service: usize,
    callee: Option<usize>,
    operation: &'a str,
    start: f64,
    exclusive: f64,
    /// Failed, and no span below it did.
    failed: bool,
}

/// Reads all spans of the window and the reference.
pub(super) fn traces(data: &IncidentData, services: &Services, reference: &TimeRange) -> Traces {
    let mut by_trace: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, span) in data.spans.iter().enumerate() {
        let known = span.start.is_finite() && span.duration.is_finite() && span.duration >= 0.0;
        if known && (data.brief.window.contains(span.start) || reference.contains(span.start)) {
            by_trace.entry(&span.trace).or_default().push(at);
        }
    }
    let mut order: Vec<Vec<usize>> = by_trace.into_values().collect();
    order.sort_by_key(|spans| spans[0]);
    let mut calls = BTreeSet::new();
    let mut pieces = Vec::new();
    for spans in &order {
        take_apart(data, services, spans, &mut pieces, &mut calls);
    }
    let operations = operations(data, &pieces, reference);
    let times = own_times(data, &pieces, reference);
    Traces { calls: calls.into_iter().collect(), times, operations }
}

/// Splits one trace into the exclusive times of its spans.
fn take_apart<'a>(
    data: &'a IncidentData,
    services: &Services,
    spans: &[usize],
    pieces: &mut Vec<Piece<'a>>,
    calls: &mut BTreeSet<(usize, usize)>,
) {
    let at: Vec<&SpanRecord> = spans.iter().map(|span| &data.spans[*span]).collect();
    let numbers: Vec<usize> = at.iter().map(|span| services.number(&span.service).unwrap_or(0)).collect();
    let place: HashMap<&str, usize> =
        at.iter().enumerate().map(|(here, span)| (span.span.as_str(), here)).collect();
    let mut callee: Vec<Option<usize>> = vec![None; at.len()];
    let mut failed: Vec<bool> = at.iter().map(|span| span.error).collect();
    for (here, span) in at.iter().enumerate() {
        let Some(parent) = span.parent.as_deref().and_then(|id| place.get(id)) else { continue };
        if span.error {
            failed[*parent] = false;
        }
        if numbers[*parent] != numbers[here] {
            callee[*parent] = Some(numbers[here]);
            calls.insert((numbers[*parent], numbers[here]));
        }
    }
    for (here, exclusive) in exclusive(&at).into_iter().enumerate() {
        pieces.push(Piece {
            service: numbers[here],
            callee: callee[here],
            operation: &at[here].operation,
            start: at[here].start,
            exclusive,
            failed: failed[here],
        });
    }
}

/// Seconds for which each span is the innermost: the one that began last.
fn exclusive(spans: &[&SpanRecord]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..spans.len()).collect();
    let end = |at: usize| spans[at].start + spans[at].duration;
    // Of those that begin together the longer contains the shorter.
    order.sort_by(|a, b| spans[*a].start.total_cmp(&spans[*b].start).then(end(*b).total_cmp(&end(*a))));
    let mut own = vec![0.0; spans.len()];
    let mut open: Vec<usize> = Vec::new();
    let mut now = f64::NEG_INFINITY;
    for next in order {
        advance(&mut open, &mut own, &mut now, spans[next].start, &end);
        open.push(next);
        now = spans[next].start;
    }
    advance(&mut open, &mut own, &mut now, f64::INFINITY, &end);
    own
}

/// Moves on to a moment, giving the time between to whatever is innermost.
fn advance(open: &mut Vec<usize>, own: &mut [f64], now: &mut f64, until: f64, end: &dyn Fn(usize) -> f64) {
    while let Some(innermost) = open.last().copied() {
        let ends = end(innermost);
        if ends <= *now {
            open.pop();
        } else if ends <= until {
            own[innermost] += ends - *now;
            *now = ends;
            open.pop();
        } else {
            own[innermost] += until - *now;
            *now = until;
            return;
        }
    }
}

/// A service's number with its caller's where the time is between the two.
type Owner = (usize, Option<usize>);

fn own_times(data: &IncidentData, pieces: &[Piece<'_>], reference: &TimeRange) -> Vec<OwnTime> {
    let key = |piece: &Piece<'_>| -> Owner {
        piece.callee.map_or((piece.service, None), |callee| (callee, Some(piece.service)))
    };
    let mut usual: HashMap<(Owner, &str), Vec<f64>> = HashMap::new();
    for piece in pieces.iter().filter(|piece| reference.contains(piece.start)) {
        usual.entry((key(piece), piece.operation)).or_default().push(piece.exclusive);
    }
    let usual: HashMap<(Owner, &str), f64> = usual
        .into_iter()
        .filter_map(|(key, values)| Some((key, median(&values).filter(|_| values.len() >= 3)?)))
        .collect();
    let mut owners: BTreeMap<Owner, Vec<(f64, f64, f64)>> = BTreeMap::new();
    for piece in pieces {
        let Some(usual) = usual.get(&(key(piece), piece.operation)) else { continue };
        let times = ((piece.exclusive + GRAIN) / (usual + GRAIN)).log2();
        owners.entry(key(piece)).or_default().push((piece.start, times, piece.exclusive - usual));
    }
    owners.into_iter().filter_map(|(owner, points)| own_time(data, owner, &points, reference)).collect()
}

/// Seconds below which a span's time is not told from nothing.
const GRAIN: f64 = 2e-3;

fn own_time(
    data: &IncidentData,
    (service, peer): Owner,
    points: &[(f64, f64, f64)],
    reference: &TimeRange,
) -> Option<OwnTime> {
    let window = data.brief.window;
    let width = window.length() / CELLS as f64;
    let now = cells(points, &window, width);
    let before = cells(points, reference, width);
    let meaning = Meaning {
        class: MetricClass::Latency,
        unit: UnitKind::Other,
        shared: false,
        counter: false,
        outgoing: false,
    };
    let shift = shifts(&now, &before, &meaning, (1.0, 1.0))
        .into_iter()
        .find(|shift| shift.direction == crate::domain::incident::Direction::Up)?;
    let within: Vec<f64> =
        points.iter().filter(|point| shift.range.contains(point.0)).map(|point| point.2).collect();
    Some(OwnTime { service, peer, seconds: median(&within)?.max(0.0), spans: within.len(), shift })
}

/// Times the usual, a cell; few spans in a cell count as if some usual ones were among them.
fn cells(points: &[(f64, f64, f64)], range: &TimeRange, width: f64) -> Track {
    let mut sums: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for (time, doublings, _) in points.iter().filter(|point| range.contains(point.0)) {
        sums.entry(((time - range.start) / width) as i64).or_default().push(*doublings);
    }
    let mut track = Track::default();
    for (cell, values) in sums {
        let count = values.len() as f64;
        track.times.push(range.start + cell as f64 * width);
        track.values.push((super::track::ordered_sum(values) / (count + 1.0)).exp2());
    }
    track
}

/// Buckets of the window for operations, as many as logs usually have.
const BUCKETS: usize = 60;

fn operations(data: &IncidentData, pieces: &[Piece<'_>], reference: &TimeRange) -> Vec<Stream> {
    let window = data.brief.window;
    let mut counts: BTreeMap<(usize, &str, bool), (Vec<u64>, u64)> = BTreeMap::new();
    for piece in pieces {
        let entry = counts
            .entry((piece.service, piece.operation, piece.failed))
            .or_insert_with(|| (vec![0; BUCKETS], 0));
        if window.contains(piece.start) {
            let at = (piece.start - window.start) / window.length().max(1e-9) * BUCKETS as f64;
            entry.0[(at as usize).min(BUCKETS - 1)] += 1;
        } else if reference.contains(piece.start) {
            entry.1 += 1;
        }
    }
    counts
        .into_iter()
        .map(|((service, operation, failed), (buckets, before))| {
            let lower = operation.to_lowercase();
            Stream {
                service,
                label: Label::Operation(operation.to_owned()),
                buckets,
                before,
                error: failed || lower.contains("error") || lower.contains("exception"),
            }
        })
        .collect()
}
