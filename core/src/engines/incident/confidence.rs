//! From clues to probabilities: a multinomial logit over all services and the answer "none of them".
//!
//! Each service scores the sum, over the kinds of clues, of the strongest clue of that kind times the kind's weight;
//! "none of them" scores a constant. The probability of a hypothesis is its share of the exponentials (McFadden,
//! "Conditional logit analysis of qualitative choice behavior", 1973). It follows that a strong rival lowers
//! confidence as much as weak evidence does, and that the confidences of one analysis add up to less than 1.
//!
//! The weights were fitted by penalised maximum likelihood, all kinds of incidents and of healthy periods together;
//! `tests/bench/cause.md` has the data, the figures held out and the reliability table. Never looks at names.

use super::correlate::{Clue, ClueKind};

/// Kinds of clues with their weights: what the strongest possible clue of the kind adds to the log-odds.
const WEIGHTS: [(ClueKind, f64); 10] = [
    (ClueKind::Resource, 14.5),
    (ClueKind::Slow, 14.5),
    (ClueKind::Failing, 10.0),
    (ClueKind::Divergence, 7.0),
    (ClueKind::Silence, 16.0),
    (ClueKind::Turn, 16.5),
    (ClueKind::OwnTime, 16.5),
    (ClueKind::Event, 6.0),
    (ClueKind::Missing, 4.0),
    (ClueKind::Other, 1.5),
];

/// What "none of them" scores.
const NONE: f64 = 4.0;
/// And how much more where the trouble that somebody noticed shows nowhere in what was measured.
const UNCONFIRMED: f64 = 0.6;

/// What is never certain: the part of all incidents in which the true cause left no trace of itself.
const LAPSE: f64 = 0.03;

/// At and above this a hypothesis is said to be the cause.
pub(super) const BAR: f64 = 0.5;
/// At and above this "none of them" is said to be the answer.
pub(super) const NOTHING: f64 = 0.75;

pub(super) fn weight(kind: ClueKind) -> f64 {
    WEIGHTS.iter().find(|(known, _)| *known == kind).map_or(0.0, |(_, weight)| *weight)
}

/// The strongest clue of each kind, the heaviest first.
pub(super) fn strongest<'a>(clues: impl Iterator<Item = &'a Clue>) -> Vec<&'a Clue> {
    let mut best: Vec<&Clue> = Vec::new();
    for clue in clues {
        match best.iter_mut().find(|kept| kept.kind == clue.kind) {
            Some(kept) if clue.strength > kept.strength => *kept = clue,
            Some(_) => {}
            None => best.push(clue),
        }
    }
    let heft = |clue: &Clue| weight(clue.kind) * clue.strength;
    best.sort_by(|a, b| heft(b).total_cmp(&heft(a)).then(a.kind.cmp(&b.kind)));
    best
}

/// What a service's clues add up to; `best` is at most one of each kind.
pub(super) fn score(best: &[&Clue]) -> f64 {
    best.iter().map(|clue| weight(clue.kind) * clue.strength).sum()
}

/// The probability of each score and, last, of none of them.
pub(super) fn probabilities(scores: &[f64], unconfirmed: bool) -> (Vec<f64>, f64) {
    let none = NONE + if unconfirmed { UNCONFIRMED } else { 0.0 };
    let top = scores.iter().copied().fold(none, f64::max);
    let shares: Vec<f64> = scores.iter().map(|score| (score - top).exp()).collect();
    let rest = (none - top).exp();
    let sum = super::track::ordered_sum(shares.clone()) + rest;
    let kept = 1.0 - LAPSE;
    (shares.into_iter().map(|share| kept * share / sum).collect(), kept * rest / sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rival_lowers_confidence_as_weak_evidence_does() {
        let (alone, none) = probabilities(&[9.0], false);
        assert!(alone[0] > 0.95 && none < 0.01);
        let (rivals, _) = probabilities(&[9.0, 9.0], false);
        assert!((rivals[0] - rivals[1]).abs() < 1e-12 && rivals[0] < 0.5);
        let (weak, none) = probabilities(&[1.0], false);
        assert!(weak[0] < 0.1 && none > 0.9);
        assert!(probabilities(&[], true).1 > 0.95);
    }
}
