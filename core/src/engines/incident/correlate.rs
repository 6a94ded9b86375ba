//! Joins what was observed into clues: each speaks against one service, with a strength.
//!
//! Never weighs clues of different kinds against each other: that is done when hypotheses are formed.

use super::blame::Account;
use super::measures::Measure;
use super::notice::is_bad;
use super::picture::{AROUND, Picture};
use super::streams::Turn;
use super::track::ordered_sum;
use crate::domain::incident::{Direction, MetricClass, Reporter};
use std::collections::BTreeMap;

/// One observation that speaks against a service.
#[derive(Debug, Clone)]
pub(super) struct Clue {
    pub service: usize,
    pub kind: ClueKind,
    /// 0 to 1, with all that weakens it taken into account.
    pub strength: f64,
    pub source: Source,
}

/// Calls that grow this many times as much as what the caller itself is asked are its own doing.
const FLOOD: f64 = 2.5;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ClueKind {
    /// A resource of its own ran out or was used as never before.
    Resource,
    /// Calls to it take longer than what it calls accounts for.
    Slow,
    /// Calls to it fail more than what it calls accounts for.
    Failing,
    /// New instances behave worse than old ones.
    Divergence,
    /// New instances say nothing.
    Silence,
    /// Its logs or operations took another turn.
    Turn,
    /// Its own time within traces grew, or the time before it answers.
    OwnTime,
    /// The cluster reported something bad of it.
    Event,
    /// It stopped reporting.
    Missing,
    /// Anything else that left its reference.
    Other,
}

impl ClueKind {
    /// In lower case, for tables.
    pub fn name(self) -> &'static str {
        match self {
            ClueKind::Resource => "resource",
            ClueKind::Slow => "slow",
            ClueKind::Failing => "failing",
            ClueKind::Divergence => "divergence",
            ClueKind::Silence => "silence",
            ClueKind::Turn => "turn",
            ClueKind::OwnTime => "own time",
            ClueKind::Event => "event",
            ClueKind::Missing => "missing",
            ClueKind::Other => "other",
        }
    }
}

/// Where a clue comes from: a place in one of the picture's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Measure(usize),
    Release(usize),
    Turn(usize),
    OwnTime(usize),
    Event(usize),
    /// A service that stopped reporting.
    Gone(usize),
    /// A log cluster, by its place among all.
    Said(usize),
}

impl Picture<'_> {
    /// Collects every clue.
    pub fn gather(&mut self) {
        let mut clues = Vec::new();
        self.measured(&mut clues);
        self.lost(&mut clues);
        self.released(&mut clues);
        self.turned(&mut clues);
        self.traced(&mut clues);
        self.reported(&mut clues);
        self.gone(&mut clues);
        self.flooded(&mut clues);
        clues.retain(|clue: &Clue| clue.strength > 0.0);
        self.clues = clues;
    }

    /// How much a shift counts by when it happened: 1 with the trouble, little when it was there all along.
    pub fn timing(&self, measure: &Measure) -> f64 {
        let Some((shift, _)) = measure.worst() else { return 1.0 };
        match self.notice.coincides(measure, shift) {
            Some(with) => 0.15 + 0.85 * with,
            // Somebody said where, and it shows nothing: doubtful.
            None if self.notice.service.is_some() => 0.5,
            None => 1.0,
        }
    }

    fn measured(&self, clues: &mut Vec<Clue>) {
        for (at, measure) in self.measures.iter().enumerate() {
            let Some((shift, strength)) = measure.worst() else { continue };
            let accounted = matches!(measure.meaning.class, MetricClass::Latency | MetricClass::Availability)
                || measure.meaning.is_failure_share();
            if accounted && !measure.meaning.shared && !measure.meaning.outgoing {
                continue;
            }
            let kind = if !is_bad(measure, shift) || measure.meaning.shared || measure.meaning.outgoing {
                ClueKind::Other
            } else if measure.meaning.is_resource() {
                ClueKind::Resource
            } else if measure.meaning.class == MetricClass::Errors {
                ClueKind::Failing
            } else {
                ClueKind::Other
            };
            // What a node or an outgoing call shows may be a neighbour's or a callee's doing.
            let indirect = if measure.meaning.shared || measure.meaning.outgoing { 0.3 } else { 1.0 };
            // Who waits for a callee holds connections, threads and handles meanwhile.
            let held = match measure.meaning.class {
                MetricClass::Queue => self.not_a_symptom(measure.service),
                _ => 1.0,
            };
            let strength = strength * indirect * held * self.timing(measure);
            clues.push(Clue { service: measure.service, kind, strength, source: Source::Measure(at) });
        }
    }

    fn lost(&self, clues: &mut Vec<Clue>) {
        for (kind, accounts) in [(ClueKind::Slow, &self.slow), (ClueKind::Failing, &self.failing)] {
            let noticed =
                self.notice.service.and_then(|service| accounts.get(&service)).map(|account| account.total);
            // The most that anybody lost at the right time: what was noticed may be the smaller part of it.
            let noticed = noticed.map(|total| {
                let timely = |account: &&Account| self.timing(&self.measures[account.shown_by]) >= 0.5;
                accounts.values().filter(timely).map(Account::own).fold(total, f64::max)
            });
            for (service, account) in accounts {
                let measure = &self.measures[account.shown_by];
                // What it lost itself, out of what was lost where the trouble was noticed.
                let part = noticed
                    .filter(|total| *total > 0.0)
                    .map_or(1.0, |total| (account.own() / total).min(1.0));
                let hidden = self.hidden_below(*service);
                let kindred = if self.notice.same_kind(measure) { 1.0 } else { 0.6 };
                // Counted losses speak for themselves; else the size of the shift has to.
                let size = if account.counted && noticed.is_some_and(|total| total > 0.0) {
                    account.sure
                } else {
                    account.strength
                };
                let strength = size
                    * account.own_share().min(1.0 - hidden)
                    * (0.1 + 0.9 * part)
                    * kindred
                    * self.timing(measure)
                    * if kind == ClueKind::Slow { self.traced_part(*service) } else { 1.0 };
                clues.push(Clue {
                    service: *service,
                    kind,
                    strength,
                    source: Source::Measure(account.shown_by),
                });
            }
        }
    }

    /// 0 to 1: the part of the time lost below a service that traces find in itself; 1 where they find nothing.
    fn traced_part(&self, service: usize) -> f64 {
        let reached = self.graph.distances(service);
        let lost = |within: &dyn Fn(usize) -> bool| {
            let times = self.traces.times.iter().filter(|time| within(time.service));
            ordered_sum(times.map(|time| time.seconds * time.spans as f64).collect())
        };
        let all = lost(&|other| reached.get(other).copied().flatten().is_some());
        if all > 0.0 { lost(&|other| other == service) / all } else { 1.0 }
    }

    /// 0 to 1: how likely a callee fails without its own measurements showing it.
    pub fn hidden_below(&self, service: usize) -> f64 {
        let callees = self.graph.callees(service);
        self.releases
            .iter()
            .filter(|release| callees.contains(&release.service))
            .map(|release| release.silence)
            .fold(0.0, f64::max)
    }

    fn released(&self, clues: &mut Vec<Clue>) {
        for (at, release) in self.releases.iter().enumerate() {
            if let Some(divergence) = &release.divergence {
                let kindred =
                    if self.notice.same_kind(&self.measures[divergence.measure]) { 1.0 } else { 0.6 };
                let strength = divergence.strength * kindred * divergence.alone();
                clues.push(Clue {
                    service: release.service,
                    kind: ClueKind::Divergence,
                    strength,
                    source: Source::Release(at),
                });
            }
            let callers = self.graph.callers(release.service);
            let suffers =
                callers.iter().filter_map(|caller| self.failing.get(caller)).map(|account| account.strength);
            let strength = release.silence * (0.5 + 0.5 * suffers.fold(0.0, f64::max));
            clues.push(Clue {
                service: release.service,
                kind: ClueKind::Silence,
                strength,
                source: Source::Release(at),
            });
        }
    }

    fn turned(&self, clues: &mut Vec<Clue>) {
        for (at, (service, turn)) in self.turns.iter().enumerate() {
            let stream = &self.streams[turn.stream];
            let telling = match (turn.appears, stream.error, turn.instead.is_some()) {
                (true, true, _) => 1.0,
                (_, false, true) => 0.7,
                (true, false, false) => 0.2,
                (false, false, false) => 0.3,
                (false, true, _) => 0.0,
            };
            let about_errors = stream.error || turn.instead.is_some_and(|other| self.streams[other].error);
            let strength = turn.strength
                * telling
                * if about_errors { self.not_a_symptom(*service) } else { self.unexplained(*service, turn) };
            clues.push(Clue { service: *service, kind: ClueKind::Turn, strength, source: Source::Turn(at) });
        }
    }

    /// Less where callees account for what the service loses: errors that it logs are then likely about them.
    fn not_a_symptom(&self, service: usize) -> f64 {
        [&self.failing, &self.slow]
            .into_iter()
            .filter_map(|accounts| accounts.get(&service))
            .filter(|account| account.strength > 0.1)
            .map(|account| 0.3 + 0.7 * account.own_share())
            .fold(1.0, f64::min)
    }

    /// Less where a caller takes another turn at the same moment: it may just ask for something else.
    fn unexplained(&self, service: usize, turn: &Turn) -> f64 {
        let buckets = self.streams[turn.stream].buckets.len().max(10);
        let with_caller = self.turns.iter().any(|(other, theirs)| {
            self.graph.callers(service).contains(other)
                && theirs.appears == turn.appears
                && theirs.bucket.abs_diff(turn.bucket) <= buckets / 10
                && theirs.gain >= turn.gain / 2.0
        });
        if with_caller { 0.35 } else { 1.0 }
    }

    fn traced(&self, clues: &mut Vec<Clue>) {
        let most = self.traces.times.iter().map(|time| time.seconds).fold(0.0, f64::max);
        for (at, time) in self.traces.times.iter().enumerate() {
            // Against the largest, since a millisecond more of next to nothing is no cause of anything.
            let matters = if most > 0.0 { (time.seconds / most).sqrt() } else { 0.0 };
            let strength = time.shift.strength() * matters;
            let service = self.end_at_fault(time.service, time.peer, time.seconds);
            clues.push(Clue { service, kind: ClueKind::OwnTime, strength, source: Source::OwnTime(at) });
        }
    }

    /// Whose the time between a caller and a callee is: the callee's, unless others call it and do not wait.
    fn end_at_fault(&self, callee: usize, caller: Option<usize>, seconds: f64) -> usize {
        let Some(caller) = caller else { return callee };
        let waits = |one: usize| {
            let times = &self.traces.times;
            times.iter().any(|t| t.service == callee && t.peer == Some(one) && t.seconds >= seconds / 4.0)
        };
        let callers = self.traces.calls.iter().filter(|(_, to)| *to == callee);
        let (all, waiting) =
            callers.fold((0, 0), |(all, n), (from, _)| (all + 1, n + usize::from(waits(*from))));
        if all > 1 && waiting * 2 < all { caller } else { callee }
    }

    fn reported(&self, clues: &mut Vec<Clue>) {
        let window = &self.data.brief.window;
        let near = |time: f64| time >= window.start - AROUND && time < window.end;
        let bad = || self.data.events.iter().enumerate().filter(|(_, event)| event.bad);
        // Of each reason: how often around the window, how often of that of each service, and how often before.
        let mut around: BTreeMap<&str, usize> = BTreeMap::new();
        let mut before: BTreeMap<&str, usize> = BTreeMap::new();
        let mut own: BTreeMap<(&str, Option<&str>), usize> = BTreeMap::new();
        for (_, event) in bad() {
            let reason = event.reason.as_str();
            if near(event.time) {
                *around.entry(reason).or_default() += 1;
                *own.entry((reason, event.service.as_deref())).or_default() += 1;
            }
            if self.reference.contains(event.time) {
                *before.entry(reason).or_default() += 1;
            }
        }
        for (at, event) in bad().filter(|(_, event)| near(event.time)) {
            let Some(service) = event.service.as_deref().and_then(|name| self.services.number(name)) else {
                continue;
            };
            let reason = event.reason.as_str();
            let all = around.get(reason).copied().unwrap_or(0) + before.get(reason).copied().unwrap_or(0);
            let own = own.get(&(reason, event.service.as_deref())).copied().unwrap_or(0);
            // What also happens to others, or happened before, is the weather.
            let rare = own as f64 / all as f64;
            let strength = gravity(&event.reason) * rare;
            clues.push(Clue { service, kind: ClueKind::Event, strength, source: Source::Event(at) });
        }
    }

    /// A caller that calls far more than it is called itself made that of its own accord (retries, a loop): that
    /// speaks against it, and what its callee shows meanwhile is likely the load.
    fn flooded(&self, clues: &mut Vec<Clue>) {
        let growth = |measure: &Measure| {
            let up = measure.shifts.iter().find(|shift| shift.direction == Direction::Up);
            up.map(|shift| (shift.level / shift.usual.max(1e-9), shift.strength()))
        };
        let traffic = |measure: &&Measure| measure.meaning.class == MetricClass::Traffic;
        let mut floods: Vec<(usize, Clue)> = Vec::new();
        for (at, measure) in self.measures.iter().enumerate().filter(|(_, m)| traffic(m)) {
            let (Some(caller), Some((grown, strength))) = (measure.peer, growth(measure)) else { continue };
            let inbound = self.measures.iter().filter(traffic).filter(|m| m.service == caller);
            let known = inbound.clone().next().is_some();
            let asked = inbound.filter_map(growth).map(|(grown, _)| grown).fold(1.0, f64::max);
            if known && grown >= FLOOD * asked {
                let strength = strength * (1.0 - asked / grown);
                let source = Source::Measure(at);
                floods.push((
                    measure.service,
                    Clue { service: caller, kind: ClueKind::Turn, strength, source },
                ));
            }
        }
        for (callee, flood) in &floods {
            for clue in clues.iter_mut().filter(|clue| clue.service == *callee) {
                clue.strength *= 1.0 - 0.8 * flood.strength;
            }
        }
        clues.extend(floods.into_iter().map(|(_, clue)| clue));
    }

    /// Services that used to report all the time and do not any more, while others still do.
    fn gone(&self, clues: &mut Vec<Clue>) {
        let window = &self.data.brief.window;
        let mut seen = vec![false; self.services.len()];
        let mut due = vec![0.0_f64; self.services.len()];
        for measure in self.measures.iter().filter(|measure| measure.reporter == Reporter::Callee) {
            if measure.window.len() > 0 {
                seen[measure.service] = true;
            } else if let (Some(step), true) = (measure.reference.step(), measure.reference.len() >= 8) {
                let times = &measure.reference.times;
                let span = times[times.len() - 1] - times[0] + step;
                let points = window.length() * measure.reference.len() as f64 / span.max(step);
                due[measure.service] = due[measure.service].max(points);
            }
        }
        if !seen.contains(&true) {
            return;
        }
        for (service, due) in due.into_iter().enumerate().filter(|(service, _)| !seen[*service]) {
            let strength = if due >= 3.0 { 1.0 - (-(due - 2.0) / 3.0).exp() } else { 0.0 };
            clues.push(Clue { service, kind: ClueKind::Missing, strength, source: Source::Gone(service) });
        }
    }
}

/// How much an event says about its own service, 0 to 1: that it died, that it was found wanting once, or that
/// somebody's objective was missed, which is what every victim shows.
fn gravity(reason: &str) -> f64 {
    let reason = reason.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if says(&[
        "oom",
        "crash",
        "backoff",
        "back-off",
        "evict",
        "killed",
        "deadline",
        "failedmount",
        "errimage",
    ]) {
        0.8
    } else if says(&["objective", "slo", "latency", "error", "budget", "burn", "alert"]) {
        0.1
    } else {
        0.2
    }
}
