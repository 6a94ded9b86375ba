//! Who is affected: a walk from the leading hypothesis to its callers, and the objectives that they miss.
//!
//! Never walks to callees: what a failing service calls is not its victim.

use super::correlate::Source;
use super::exhibits::{Exhibit, Exhibits};
use super::hypothesize::Suspect;
use super::picture::Picture;
use crate::domain::incident::{BlastRadius, Impact, ImpactedService};

/// A loss weaker than this is not called suffering.
const FELT: f64 = 0.1;

pub(super) fn blast_radius(picture: &Picture<'_>, exhibits: &mut Exhibits, leading: &Suspect) -> BlastRadius {
    let mut services = Vec::new();
    let mut reached: Vec<(usize, usize)> = picture
        .graph
        .distances_to(leading.service)
        .into_iter()
        .enumerate()
        .filter_map(|(service, distance)| Some((distance?, service)))
        .collect();
    if reached.is_empty() {
        reached.push((0, leading.service));
    }
    let felt = |service: usize| {
        losses(picture, service).into_iter().map(|(strength, _)| strength).fold(0.0, f64::max)
    };
    reached.sort_by(|a, b| a.0.cmp(&b.0).then(felt(b.1).total_cmp(&felt(a.1))));
    for (distance, service) in reached {
        let shown = losses(picture, service);
        let impact = match (distance, shown.is_empty()) {
            (0, _) => Impact::Failing,
            (_, false) => Impact::Suffering,
            (_, true) => Impact::Exposed,
        };
        let mut evidence: Vec<String> =
            shown.iter().map(|(_, at)| exhibits.cite(picture, Exhibit::Clue(Source::Measure(*at)))).collect();
        if distance == 0 {
            evidence
                .extend(leading.clues.first().map(|clue| exhibits.cite(picture, Exhibit::Clue(clue.source))));
            evidence.dedup();
        } else if let Some(next) = towards(picture, service, distance, leading.service) {
            evidence.push(exhibits.cite(picture, Exhibit::Edge(service, next)));
        }
        services.push(ImpactedService {
            service: picture.services.name(service).to_owned(),
            impact,
            distance,
            evidence,
        });
    }
    BlastRadius { services, objectives: objectives(picture), learnt: picture.graph.learnt() }
}

/// The callee through which a service reaches another.
fn towards(picture: &Picture<'_>, from: usize, distance: usize, to: usize) -> Option<usize> {
    let distances = picture.graph.distances_to(to);
    let nearer = |callee: &&usize| distances.get(**callee).copied().flatten() == distance.checked_sub(1);
    picture.graph.callees(from).iter().find(nearer).copied()
}

/// What a service's callers lose, with the measures that show it.
fn losses(picture: &Picture<'_>, service: usize) -> Vec<(f64, usize)> {
    [&picture.failing, &picture.slow]
        .into_iter()
        .filter_map(|accounts| accounts.get(&service))
        .filter(|account| account.strength > FELT)
        .map(|account| (account.strength, account.shown_by))
        .collect()
}

/// What was noticed, and what the users of services that nobody else calls lose.
fn objectives(picture: &Picture<'_>) -> Vec<String> {
    let mut objectives: Vec<String> = Vec::new();
    let brief = &picture.data.brief;
    if let (Some(service), Some(metric), true) = (&brief.service, &brief.metric, picture.noticed().is_some())
    {
        objectives.push(format!("{metric} of {service}"));
    }
    let mut felt: Vec<(f64, &super::measures::Measure)> = picture
        .measures
        .iter()
        .filter(|m| m.meaning.felt_by_callers() && !m.meaning.outgoing && m.peer.is_none())
        .filter(|m| {
            picture.graph.callers(m.service).is_empty() && !picture.graph.callees(m.service).is_empty()
        })
        .filter_map(|m| m.worst().map(|(_, strength)| (strength, m)))
        .filter(|(strength, _)| *strength > FELT)
        .collect();
    felt.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (_, measure) in felt {
        let text = format!("{} of {}", measure.metric, picture.services.name(measure.service));
        if !objectives.contains(&text) {
            objectives.push(text);
        }
    }
    objectives
}
