//! Forms hypotheses from clues: who, by what kind of cause, how likely, and the verdict over all of them.
//!
//! Never writes sentences: that is done by those who argue for and against.

use super::confidence::{BAR, NOTHING, probabilities, score, strongest, weight};
use super::correlate::{Clue, ClueKind, Source};
use super::exhaustion::{Exhaustion, exhaustion};
use super::experiment::Release;
use super::picture::{AROUND, Picture};
use crate::domain::incident::{CauseKind, IncidentVerdict, Reporter};

/// A service with all that speaks against it.
#[derive(Debug, Clone)]
pub(super) struct Suspect {
    pub service: usize,
    pub score: f64,
    /// A probability.
    pub confidence: f64,
    pub kind: CauseKind,
    /// The strongest clue of each kind, the heaviest first; never empty among the ranked.
    pub clues: Vec<Clue>,
    /// Place among the releases, if one is at work.
    pub release: Option<usize>,
    /// Place among the listed changes, where the kind is a change.
    pub change: Option<usize>,
    /// What it ran out of, where the kind is a resource.
    pub exhausted: Option<Exhaustion>,
    /// Whether a release that nobody listed carries the evidence.
    pub unlisted: bool,
}

/// The ranking and what follows from it.
#[derive(Debug)]
pub(super) struct Ranking {
    /// In order of confidence.
    pub suspects: Vec<Suspect>,
    pub verdict: IncidentVerdict,
}

/// Clues that carry less weight than this are not worth a hypothesis.
const FAINT: f64 = 0.02;

pub(super) fn rank(picture: &Picture<'_>) -> Ranking {
    let mut suspects: Vec<Suspect> = (0..picture.services.len())
        .map(|service| suspect(picture, service))
        .filter(|suspect| suspect.score > FAINT)
        .collect();
    let scores: Vec<f64> = suspects.iter().map(|suspect| suspect.score).collect();
    let (shares, none) = probabilities(&scores, picture.unconfirmed());
    for (suspect, share) in suspects.iter_mut().zip(shares) {
        suspect.confidence = share;
    }
    // Never by name: equal scores fall back on what was felt first and reaches most callers.
    suspects.sort_by(|a, b| {
        (b.score - a.score)
            .total_cmp(&0.0)
            .then_with(|| onset(picture, a).total_cmp(&onset(picture, b)))
            .then_with(|| reach(picture, b).cmp(&reach(picture, a)))
    });
    let verdict = verdict(picture, &suspects, none);
    Ranking { suspects, verdict }
}

/// One service with its clues, whether or not they amount to anything.
pub(super) fn suspect(picture: &Picture<'_>, service: usize) -> Suspect {
    let best = strongest(picture.clues.iter().filter(|clue| clue.service == service));
    let clues: Vec<Clue> = best.iter().map(|clue| (*clue).clone()).collect();
    let release = picture.releases.iter().position(|release| release.service == service);
    let release = best
        .iter()
        .find_map(|clue| match clue.source {
            Source::Release(at) => Some(at),
            _ => None,
        })
        .or(release);
    let mut score = score(&best);
    let at_work = release.map(|at| &picture.releases[at]);
    let carried = at_work.is_some_and(|release| {
        by_release(&clues, score) >= CARRIED && alone(release) || clearly_its_doing(release)
    });
    let change = at_work.and_then(|release| blamed_change(picture, release, carried));
    if let (Some(at), true) = (change, score > 0.0) {
        score = (score + failure_prior(picture, at)).max(2.0 * FAINT);
    }
    let unlisted = carried && at_work.is_some_and(|release| release.change.is_none());
    let exhausted = exhausted(picture, service, &clues, change.is_some() || unlisted);
    let kind = match exhausted {
        Some(_) => CauseKind::Resource,
        None => kind(picture, service, &clues, change),
    };
    Suspect { service, score, confidence: 0.0, kind, clues, release, change, unlisted, exhausted }
}

/// From this part of the evidence on a release is what the hypothesis is about.
const CARRIED: f64 = 0.2;

/// The part of a score that comes from comparing new with old instances.
fn by_release(clues: &[Clue], score: f64) -> f64 {
    let of_release =
        clues.iter().filter(|clue| matches!(clue.kind, ClueKind::Divergence | ClueKind::Silence));
    let sum: f64 = of_release.map(|clue| weight(clue.kind) * clue.strength).sum();
    if score > 0.0 { sum / score } else { 0.0 }
}

/// Whether most of what is wrong with the new instances is wrong with them alone.
fn alone(release: &Release) -> bool {
    release.divergence.as_ref().is_none_or(|divergence| divergence.alone() > 0.6)
}

/// Whether the difference between new and old is large, whatever else speaks against the service.
fn clearly_its_doing(release: &Release) -> bool {
    let apart = release.divergence.as_ref().is_some_and(|divergence| divergence.strength > CLEAR);
    release.silence > CLEAR || (apart && alone(release))
}

/// As strong as this a difference between new and old speaks for itself.
const CLEAR: f64 = 0.2;

/// The listed change behind a release, if the evidence is of the release's making, or if it is a change that no
/// instances tell of, made shortly before the trouble.
///
/// A rollout is only blamed by what its instances show: that something else rolled out at the time is no evidence.
fn blamed_change(picture: &Picture<'_>, release: &Release, carried: bool) -> Option<usize> {
    let at = release.change?;
    let onset = picture.first_sign(release.service)?;
    let traceless = release.replaced == 0 && release.seen == 0;
    let in_time = release.since <= onset && onset - release.since <= AROUND;
    (carried || (traceless && in_time)).then_some(at)
}

/// How much more or less likely than usual a change of this service fails, in log-odds, by its own past: a change
/// that was soon taken back failed. One in seven is taken as usual (DORA's change failure rate).
fn failure_prior(picture: &Picture<'_>, at: usize) -> f64 {
    let changes = &picture.data.changes;
    let change = &changes[at];
    let earlier: Vec<_> =
        changes.iter().filter(|c| c.service == change.service && c.time < change.time - AROUND).collect();
    let taken_back = |c: &&&crate::domain::incident::ChangeRecord| {
        let back = |later: &&&crate::domain::incident::ChangeRecord| {
            later.time > c.time && later.to.is_some() && later.to == c.from && later.from == c.to
        };
        earlier.iter().any(|later| back(&later))
    };
    if earlier.is_empty() {
        return 0.0;
    }
    let failed = earlier.iter().filter(taken_back).count() as f64;
    let rate = (failed + 1.5) / (earlier.len() as f64 + 10.0);
    (rate / 0.15).ln().clamp(-1.0, 1.0)
}

fn kind(picture: &Picture<'_>, service: usize, clues: &[Clue], change: Option<usize>) -> CauseKind {
    if change.is_some() {
        return CauseKind::Change;
    }
    match clues.first().map(|clue| clue.kind) {
        Some(ClueKind::Resource) => CauseKind::Resource,
        Some(_) if unobserved(picture, service) => CauseKind::Dependency,
        _ => CauseKind::Service,
    }
}

/// What a suspect ran out of, unless a release explains that or nobody observes it: then it is what its callers see.
fn exhausted(picture: &Picture<'_>, service: usize, clues: &[Clue], released: bool) -> Option<Exhaustion> {
    if released || clues.is_empty() || unobserved(picture, service) {
        return None;
    }
    exhaustion(picture, service)
}

/// Whether all that is known of it is what its callers say.
fn unobserved(picture: &Picture<'_>, service: usize) -> bool {
    let mut known = picture.measures.iter().filter(|measure| measure.service == service).peekable();
    let silent =
        !picture.data.logs.iter().any(|cluster| picture.services.number(&cluster.service) == Some(service))
            && !picture.streams.iter().any(|stream| stream.service == service);
    silent && known.peek().is_some() && known.all(|measure| measure.reporter == Reporter::Caller)
}

fn onset(picture: &Picture<'_>, suspect: &Suspect) -> f64 {
    let starts = suspect.clues.iter().filter_map(|clue| picture.clue_range(clue)).map(|range| range.start);
    starts.fold(f64::INFINITY, f64::min)
}

fn reach(picture: &Picture<'_>, suspect: &Suspect) -> usize {
    picture.graph.distances_to(suspect.service).iter().flatten().count()
}

/// A loss of this strength may not be called nothing, even if nobody can be blamed for it.
const ALARMING: f64 = 0.3;

/// The bar: one hypothesis more likely than all else together. Nothing is only said to be wrong where there was
/// enough to compare and nobody's observation was confirmed.
fn verdict(picture: &Picture<'_>, suspects: &[Suspect], none: f64) -> IncidentVerdict {
    let top = suspects.first().map_or(0.0, |suspect| suspect.confidence);
    if top >= BAR {
        IncidentVerdict::CauseFound
    } else if none >= NOTHING && picture.comparable() && picture.worst_felt() < ALARMING {
        IncidentVerdict::NoCause
    } else {
        IncidentVerdict::Inconclusive
    }
}
