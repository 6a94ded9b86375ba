//! Forms hypotheses from clues: who, by what kind of cause, how likely, and the verdict over all of them.
//!
//! Never writes sentences: that is done by those who argue for and against.

use super::confidence::{BAR, NOTHING, probabilities, score, strongest, weight};
use super::correlate::{Clue, ClueKind, Source};
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
    let score = score(&best);
    let change = release.and_then(|at| blamed_change(picture, &picture.releases[at], &clues, score));
    let kind = kind(picture, service, &clues, change);
    Suspect { service, score, confidence: 0.0, kind, clues, release, change }
}

/// The listed change behind a release, if the evidence is of the release's making.
///
/// Where new and old could be compared and were alike, what is wrong is not the release's doing.
fn blamed_change(picture: &Picture<'_>, release: &Release, clues: &[Clue], score: f64) -> Option<usize> {
    let change = release.change?;
    let by_release: f64 = clues
        .iter()
        .filter(|clue| matches!(clue.kind, ClueKind::Divergence | ClueKind::Silence))
        .map(|clue| weight(clue.kind) * clue.strength)
        .sum();
    if score > 0.0 && by_release / score >= 0.2 {
        return Some(change);
    }
    let compared = release.divergence.is_some() || !release.alike.is_empty();
    let time = picture.data.changes[change].time;
    let onset = clues.iter().filter_map(|clue| picture.clue_range(clue)).map(|range| range.start);
    let onset = onset.fold(f64::INFINITY, f64::min);
    let in_time = onset.is_finite() && time <= onset && onset - time <= AROUND;
    (!compared && in_time && score > 0.0).then_some(change)
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

/// The bar: one hypothesis more likely than all else together. Nothing is only said to be wrong where there was
/// enough to compare and nobody's observation was confirmed.
fn verdict(picture: &Picture<'_>, suspects: &[Suspect], none: f64) -> IncidentVerdict {
    let top = suspects.first().map_or(0.0, |suspect| suspect.confidence);
    if top >= BAR {
        IncidentVerdict::CauseFound
    } else if none >= NOTHING && picture.comparable() && picture.notice.strength < 0.2 {
        IncidentVerdict::NoCause
    } else {
        IncidentVerdict::Inconclusive
    }
}
