//! All that was derived from the data, in one place, for those who ask across parts.
//!
//! Never blames anybody: it holds what the other modules found and answers when something happened.

use super::blame::{Account, Loss, accounts};
use super::correlate::{Clue, ClueKind, Source};
use super::experiment::{Release, releases};
use super::graph::Graph;
use super::measures::{Measure, measures, reference_range};
use super::notice::Notice;
use super::services::Services;
use super::shift::shifts;
use super::streams::{Label, Stream, Turn, of_logs, turns};
use super::traces::{Traces, traces};
use crate::domain::incident::{IncidentData, TimeRange};
use std::collections::BTreeMap;

/// Changes within this many seconds of an anomaly are joined with it.
pub(super) const AROUND: f64 = 1800.0;

/// All that was derived from the data, before anybody is blamed.
#[derive(Debug)]
pub(super) struct Picture<'a> {
    pub data: &'a IncidentData,
    pub services: Services,
    pub reference: TimeRange,
    pub measures: Vec<Measure>,
    pub notice: Notice,
    pub graph: Graph,
    pub traces: Traces,
    pub streams: Vec<Stream>,
    /// Turns of all services, by service.
    pub turns: Vec<(usize, Turn)>,
    pub releases: Vec<Release>,
    pub slow: BTreeMap<usize, Account>,
    pub failing: BTreeMap<usize, Account>,
    pub clues: Vec<Clue>,
}

/// Gives measures without any reference the quiet part of the window for one; such shifts count half.
fn judge_by_window(measures: &mut [Measure], notice: &Notice) {
    for measure in measures.iter_mut().filter(|measure| measure.reference.len() == 0) {
        let quiet = notice.quiet(&measure.window);
        let mut found = shifts(&measure.window, &quiet, &measure.meaning, (0.0, 0.0));
        found.iter_mut().for_each(|shift| shift.sure /= 2.0);
        measure.shifts = found;
    }
}

impl<'a> Picture<'a> {
    /// When a clue shows, where that is known.
    pub fn clue_range(&self, clue: &Clue) -> Option<TimeRange> {
        match clue.source {
            Source::Measure(at) => self.measures[at].worst().map(|(shift, _)| shift.range),
            Source::Release(at) => {
                let release = &self.releases[at];
                let since = TimeRange { start: release.since, end: self.data.brief.window.end };
                Some(release.divergence.as_ref().map_or(since, |divergence| divergence.shift.range))
            }
            Source::Turn(at) => {
                let start = self.moment_of(&self.turns[at].1)?;
                Some(TimeRange { start, end: self.data.brief.window.end })
            }
            Source::OwnTime(at) => Some(self.traces.times[at].shift.range),
            Source::Event(at) => {
                let time = self.data.events[at].time;
                Some(TimeRange { start: time, end: time })
            }
            Source::Said(at) => {
                let cluster = &self.data.logs[at];
                cluster.first_seen.zip(cluster.last_seen).map(|(start, end)| TimeRange { start, end })
            }
            Source::Gone(_) => None,
        }
    }

    /// When a turn was taken: the start of its bucket.
    pub fn moment_of(&self, turn: &Turn) -> Option<f64> {
        let window = &self.data.brief.window;
        let buckets = self.streams[turn.stream].buckets.len();
        (buckets > 0).then(|| window.start + window.length() * turn.bucket as f64 / buckets as f64)
    }

    /// Where the noticed trouble shows best.
    pub fn noticed(&self) -> Option<Source> {
        self.notice.confirmed.first().map(|at| Source::Measure(*at))
    }

    /// Whether somebody said where the trouble is, and nothing that was measured there shows it.
    pub fn unconfirmed(&self) -> bool {
        self.notice.service.is_some() && self.notice.confirmed.is_empty()
    }

    /// The strongest loss of success that any caller feels, 0 to 1, and of time where it was noticed.
    pub fn worst_felt(&self) -> f64 {
        let failing = self.failing.values().map(|account| account.strength).fold(0.0, f64::max);
        failing.max(self.notice.strength)
    }

    /// The first sign of trouble in a service itself, or else where it was noticed.
    pub fn first_sign(&self, service: usize) -> Option<f64> {
        let clues =
            self.clues.iter().filter(|clue| clue.service == service && clue.kind != ClueKind::Silence);
        let own =
            clues.filter_map(|clue| self.clue_range(clue)).map(|range| range.start).min_by(f64::total_cmp);
        let noticed = || self.notice.range(&self.measures).map(|range| range.start);
        own.or_else(noticed).or(Some(self.data.brief.detected_at)).filter(|time| time.is_finite())
    }

    /// Whether enough could be compared to say that nothing is wrong.
    pub fn comparable(&self) -> bool {
        let compared = |m: &&Measure| m.window.len() > 0 && m.reference.len() >= 3;
        self.measures.iter().filter(compared).count() >= 3
    }

    /// When the last point of the window was reported, by anybody.
    pub fn last_report(&self) -> Option<f64> {
        let last = self.measures.iter().filter_map(|measure| measure.window.times.last().copied());
        last.max_by(f64::total_cmp)
    }

    /// Seconds between points, typically.
    pub fn step(&self) -> f64 {
        let steps: Vec<f64> = self.measures.iter().filter_map(|measure| measure.window.step()).collect();
        super::track::median(&steps).unwrap_or(60.0)
    }

    pub fn of(data: &'a IncidentData) -> Self {
        let services = Services::of(data);
        let reference = reference_range(data);
        let measures = measures(data, &services, &reference);
        let notice = Notice::of(data, &services, &measures);
        let mut measures = measures;
        judge_by_window(&mut measures, &notice);
        let traces = traces(data, &services, &reference);
        let graph = Graph::of(data, &services, &measures, &traces.calls);
        let mut streams = of_logs(&data.logs, |cluster| services.number(&cluster.service));
        streams.extend(traces.operations.iter().cloned());
        let turns = all_turns(&streams, services.len());
        let releases = releases(data, &services, &measures, &reference);
        let slow = accounts(Loss::Time, &measures, &graph, &notice);
        let failing = accounts(Loss::Success, &measures, &graph, &notice);
        let mut picture = Self {
            data,
            services,
            reference,
            measures,
            notice,
            graph,
            traces,
            streams,
            turns,
            releases,
            slow,
            failing,
            clues: Vec::new(),
        };
        picture.gather();
        picture
    }
}

fn all_turns(streams: &[Stream], services: usize) -> Vec<(usize, Turn)> {
    let mut found = Vec::new();
    for service in 0..services {
        for logs in [true, false] {
            let members: Vec<usize> = (0..streams.len())
                .filter(|at| {
                    streams[*at].service == service && matches!(streams[*at].label, Label::Log(_)) == logs
                })
                .collect();
            found.extend(turns(streams, &members).into_iter().map(|turn| (service, turn)));
        }
    }
    found
}
