//! The evidence that statements cite: each observation once, numbered as it is first cited.
//!
//! Never judges: scores are those of the clues.

use super::correlate::Source;
use super::experiment::Release;
use super::measures::Measure;
use super::picture::Picture;
use super::streams::{Label, Turn};
use super::wording::{clock, counted, excerpt, number, seconds, value};
use crate::domain::incident::{Direction, EdgeSource, Exemplar, IncidentEvidence, IncidentEvidenceKind};
use std::collections::BTreeMap;

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exhibit {
    Clue(Source),
    /// A measure that stopped reporting, by its place.
    Gap(usize),
    Change(usize),
    Edge(usize, usize),
}

/// The entries so far.
#[derive(Debug, Default)]
pub(super) struct Exhibits {
    entries: Vec<IncidentEvidence>,
    places: BTreeMap<Exhibit, usize>,
}

impl Exhibits {
    /// The id of an observation, entered if it is new.
    pub fn cite(&mut self, picture: &Picture<'_>, exhibit: Exhibit) -> String {
        if let Some(place) = self.places.get(&exhibit) {
            return self.entries[*place].id.clone();
        }
        let mut entry = describe(picture, exhibit);
        entry.id = format!("e{}", self.entries.len() + 1);
        entry.score = round(entry.score);
        let id = entry.id.clone();
        self.places.insert(exhibit, self.entries.len());
        self.entries.push(entry);
        id
    }

    pub fn into_entries(self) -> Vec<IncidentEvidence> {
        self.entries
    }
}

/// Four decimals: what follows is noise, and may depend on the machine.
pub(super) fn round(value: f64) -> f64 {
    if value.is_finite() { (value * 1e4).round() / 1e4 } else { 0.0 }
}

fn describe(picture: &Picture<'_>, exhibit: Exhibit) -> IncidentEvidence {
    match exhibit {
        Exhibit::Clue(Source::Measure(at)) => of_measure(picture, &picture.measures[at]),
        Exhibit::Clue(Source::Release(at)) => of_release(picture, &picture.releases[at]),
        Exhibit::Clue(Source::Turn(at)) => of_turn(picture, picture.turns[at].0, &picture.turns[at].1),
        Exhibit::Clue(Source::OwnTime(at)) => of_own_time(picture, at),
        Exhibit::Clue(Source::Event(at)) => of_event(picture, at),
        Exhibit::Clue(Source::Said(at)) => of_cluster(picture, at),
        Exhibit::Clue(Source::Gone(service)) => {
            let text = format!("{} stopped reporting", picture.services.name(service));
            entry(IncidentEvidenceKind::Metric, Some(picture.services.name(service)), text, 0.5)
        }
        Exhibit::Gap(at) => of_gap(picture, &picture.measures[at]),
        Exhibit::Change(at) => of_change(picture, at),
        Exhibit::Edge(caller, callee) => of_edge(picture, caller, callee),
    }
}

fn entry(kind: IncidentEvidenceKind, service: Option<&str>, excerpt: String, score: f64) -> IncidentEvidence {
    IncidentEvidence {
        id: String::new(),
        kind,
        service: service.map(str::to_owned),
        excerpt,
        score,
        file: None,
        offset: None,
        hash: None,
    }
}

/// A measure by name: of a service, or of the calls between two.
pub(super) fn subject(picture: &Picture<'_>, measure: &Measure) -> String {
    let service = picture.services.name(measure.service);
    match measure.peer {
        Some(peer) => {
            format!("{} of calls from {} to {service}", measure.metric, picture.services.name(peer))
        }
        None => format!("{} of {service}", measure.metric),
    }
}

/// The unit of a measure, as delivered.
pub(super) fn unit<'p>(picture: &'p Picture<'_>, measure: &Measure) -> Option<&'p str> {
    measure
        .members
        .first()
        .and_then(|at| picture.data.series.get(*at))
        .and_then(|series| series.unit.as_deref())
}

/// "cpu_usage of carts rose from 1.25 % to 100 % at 18:38:40Z", or that it did not move.
pub(super) fn movement(picture: &Picture<'_>, measure: &Measure) -> String {
    let says = |amount: f64| value(amount, &measure.meaning, unit(picture, measure));
    let Some((shift, _)) = measure.worst() else {
        return format!("{} stayed within its reference", subject(picture, measure));
    };
    let verb = if shift.direction == Direction::Up { "rose" } else { "fell" };
    let until = if shift.range.end < picture.data.brief.window.end - measure.window.step().unwrap_or(0.0) {
        format!(" until {}", clock(shift.range.end))
    } else {
        String::new()
    };
    format!(
        "{} {verb} from {} to {} at {}{until}",
        subject(picture, measure),
        says(shift.usual),
        says(shift.level),
        clock(shift.range.start)
    )
}

fn of_measure(picture: &Picture<'_>, measure: &Measure) -> IncidentEvidence {
    let score = measure.worst().map_or(0.0, |(_, strength)| strength);
    let service = picture.services.name(measure.service);
    entry(IncidentEvidenceKind::Metric, Some(service), movement(picture, measure), score)
}

fn of_gap(picture: &Picture<'_>, measure: &Measure) -> IncidentEvidence {
    let found = super::anomalies::gap(picture, measure);
    let (mut text, score) =
        (format!("{} was not reported", subject(picture, measure)), found.map_or(0.0, |g| g.1));
    if let Some((range, _)) = found {
        let back = measure.window.times.iter().any(|time| *time >= range.end);
        let until = if back { format!(" until {}", clock(range.end)) } else { String::new() };
        text.push_str(&format!(" from {}{until}", clock(range.start)));
    }
    entry(IncidentEvidenceKind::Metric, Some(picture.services.name(measure.service)), text, score)
}

/// What a release shows, in a sentence.
pub(super) fn experiment(picture: &Picture<'_>, release: &Release) -> String {
    let service = picture.services.name(release.service);
    if let Some(divergence) = &release.divergence {
        let measure = &picture.measures[divergence.measure];
        let says = |amount: f64| value(amount, &measure.meaning, unit(picture, measure));
        let drift = divergence.old_level - divergence.shift.usual;
        return format!(
            "{} is {} on its new instances and {} on the old ones in the same minutes",
            if measure.service == release.service {
                subject(picture, measure)
            } else {
                format!("{}, seen by {service},", subject(picture, measure))
            },
            says(divergence.shift.level + drift),
            says(divergence.old_level)
        );
    }
    if release.silence > 0.0 {
        return format!(
            "none of the {} that the rollout of {service} replaced has reported since {}, while {} still {}",
            counted(release.replaced, "instance"),
            clock(release.since),
            counted(release.old, "old one"),
            if release.old == 1 { "does" } else { "do" }
        );
    }
    format!("new and old instances of {service} behave alike")
}

fn of_release(picture: &Picture<'_>, release: &Release) -> IncidentEvidence {
    let score = release.divergence.as_ref().map_or(release.silence, |divergence| divergence.strength);
    let service = picture.services.name(release.service);
    entry(IncidentEvidenceKind::Metric, Some(service), experiment(picture, release), score)
}

/// How a service's logs or operations changed, in a sentence.
pub(super) fn branch(picture: &Picture<'_>, service: usize, turn: &Turn) -> String {
    let name = picture.services.name(service);
    let stream = &picture.streams[turn.stream];
    let quoted = |label: &Label| match label {
        Label::Log(at) => format!("“{}”", excerpt(&picture.data.logs[*at].template)),
        Label::Operation(operation) => format!("operation {}", excerpt(operation)),
    };
    let what = quoted(&stream.label);
    let verb = match (&stream.label, turn.appears) {
        (Label::Log(_), true) => "logs",
        (Label::Log(_), false) => "hardly logs any more",
        (Label::Operation(_), true) => "runs",
        (Label::Operation(_), false) => "hardly runs any more",
    };
    let since = picture.moment_of(turn).map_or(String::new(), |time| format!(" since {}", clock(time)));
    let count: u64 = stream.buckets.iter().sum();
    let often = format!(" ({count} in the window, {} in the reference)", stream.before);
    let instead = turn.instead.map_or(String::new(), |other| {
        let opposite = if turn.appears { "instead of" } else { "and takes up" };
        format!(" {opposite} {}", quoted(&picture.streams[other].label))
    });
    format!("{name} {verb} {what}{instead}{since}{often}")
}

fn of_turn(picture: &Picture<'_>, service: usize, turn: &Turn) -> IncidentEvidence {
    let name = picture.services.name(service);
    let text = branch(picture, service, turn);
    let log = match &picture.streams[turn.stream].label {
        Label::Log(at) => Some(&picture.data.logs[*at]),
        Label::Operation(_) => None,
    };
    let kind = if log.is_some() { IncidentEvidenceKind::Log } else { IncidentEvidenceKind::Trace };
    let mut entry = entry(kind, Some(name), text, turn.strength);
    if let Some(exemplar) = log.and_then(|cluster| cluster.exemplars.first()) {
        quote(&mut entry, exemplar);
    }
    entry
}

/// What a service logs, how often and since when.
pub(super) fn logged(picture: &Picture<'_>, at: usize) -> String {
    let cluster = &picture.data.logs[at];
    let since = cluster.first_seen.map_or(String::new(), |time| format!(" since {}", clock(time)));
    format!(
        "{} logs “{}”{since} ({} in the window, {} in the reference)",
        cluster.service,
        excerpt(&cluster.template),
        cluster.count,
        cluster.baseline_count
    )
}

fn of_cluster(picture: &Picture<'_>, at: usize) -> IncidentEvidence {
    let cluster = &picture.data.logs[at];
    let text = logged(picture, at);
    let mut entry = entry(IncidentEvidenceKind::Log, Some(&cluster.service), text, cluster.novelty);
    if let Some(exemplar) = cluster.exemplars.first() {
        quote(&mut entry, exemplar);
    }
    entry
}

fn quote(entry: &mut IncidentEvidence, exemplar: &Exemplar) {
    entry.file = Some(exemplar.file.clone());
    entry.offset = Some(exemplar.offset);
    entry.hash = Some(exemplar.hash.as_str().to_owned());
}

/// How the time of traces grew, in a sentence.
pub(super) fn own_time(picture: &Picture<'_>, at: usize) -> String {
    let time = &picture.traces.times[at];
    let name = picture.services.name(time.service);
    let times = number(time.shift.level);
    let more = seconds(time.seconds);
    let since = clock(time.shift.range.start);
    match time.peer {
        Some(peer) => format!(
            "calls from {} wait {more} longer before {name} answers, {times} times as long as usual, since {since}",
            picture.services.name(peer)
        ),
        None => {
            format!("{name} takes {times} times its usual time itself, {more} more a span, since {since}")
        }
    }
}

fn of_own_time(picture: &Picture<'_>, at: usize) -> IncidentEvidence {
    let time = &picture.traces.times[at];
    let name = picture.services.name(time.service);
    entry(IncidentEvidenceKind::Trace, Some(name), own_time(picture, at), time.shift.strength())
}

fn of_event(picture: &Picture<'_>, at: usize) -> IncidentEvidence {
    let event = &picture.data.events[at];
    let text = format!("{} at {}: {}", event.reason, clock(event.time), excerpt(&event.message));
    let mut entry = entry(IncidentEvidenceKind::Event, event.service.as_deref(), text, 0.8);
    entry.file = Some(event.file.clone());
    entry
}

fn of_change(picture: &Picture<'_>, at: usize) -> IncidentEvidence {
    let change = &picture.data.changes[at];
    let versions = match (&change.from, &change.to) {
        (Some(from), Some(to)) => format!(" from {from} to {to}"),
        (None, Some(to)) => format!(" to {to}"),
        _ => String::new(),
    };
    let replaced = if change.instances.is_empty() {
        String::new()
    } else {
        format!(", {} replaced", counted(change.instances.len(), "instance"))
    };
    let text = format!("{} of {}{versions} at {}{replaced}", change.id, change.service, clock(change.time));
    entry(IncidentEvidenceKind::Change, Some(&change.service), text, 1.0)
}

fn of_edge(picture: &Picture<'_>, caller: usize, callee: usize) -> IncidentEvidence {
    let (from, to) = (picture.services.name(caller), picture.services.name(callee));
    let known = match picture.graph.source(caller, callee) {
        Some(EdgeSource::Given) => "given",
        Some(EdgeSource::Calls) => "learnt from measured calls",
        Some(EdgeSource::Traces) => "learnt from traces",
        Some(EdgeSource::Movement) => "learnt from movement",
        None => "unknown",
    };
    entry(IncidentEvidenceKind::Topology, Some(to), format!("{from} calls {to} ({known})"), 0.5)
}
