//! Root cause of an incident: who fails, who only suffers, what changed, and how sure one can be.
//!
//! Data in, [`IncidentAnalysis`] out; the same data give the same bytes. The steps, a module each:
//!
//! 1. [`track`], [`shift`], [`measures`]: every series, cleaned and pooled over instances, against its reference.
//! 2. [`notice`]: what the incident's head says was noticed, found again, as a profile over time.
//! 3. [`graph`], [`blame`]: the topology, and who fails rather than suffers along it.
//! 4. [`experiment`]: new against old instances of rolling releases.
//! 5. [`traces`], [`streams`]: where the time of requests goes, and what logs and operations newly say or leave out.
//! 6. [`picture`], [`correlate`]: all of it as clues; [`confidence`], [`hypothesize`]: clues as probabilities and a verdict.
//! 7. [`argue`], [`exhibits`], [`blast`], [`timeline`], [`anomalies`], [`why_not`]: the answer with its evidence.
//!
//! Services are numbers throughout: what they are called decides nothing, not even ties. Never reads a file, a clock
//! or a template's meaning.

mod anomalies;
mod argue;
mod blame;
mod blast;
mod confidence;
mod correlate;
mod exhibits;
mod experiment;
mod graph;
mod hypothesize;
mod measures;
mod notice;
mod picture;
mod services;
mod shift;
mod streams;
#[cfg(test)]
mod tests;
mod timeline;
mod traces;
mod track;
mod why_not;
mod wording;

pub use why_not::why_not;

use correlate::Source;
use exhibits::{Exhibits, round};
use hypothesize::{Ranking, Suspect, rank};
use picture::Picture;

use crate::domain::incident::{
    BlastRadius, CauseHypothesis, IncidentAnalysis, IncidentData, IncidentVerdict,
};

/// Hypotheses beyond this many are left to [`why_not`].
const MOST: usize = 10;

/// Analyses one incident.
pub fn analyze(data: &IncidentData) -> IncidentAnalysis {
    let picture = tracing::info_span!("correlate").in_scope(|| Picture::of(data));
    let ranking = tracing::info_span!("rca.hypothesize").in_scope(|| rank(&picture));
    let mut exhibits = Exhibits::default();
    let hypotheses: Vec<CauseHypothesis> = ranking
        .suspects
        .iter()
        .take(MOST)
        .map(|suspect| hypothesis(&picture, &mut exhibits, suspect))
        .collect();
    let blast_radius = match (ranking.verdict, ranking.suspects.first()) {
        (IncidentVerdict::NoCause, _) | (_, None) => BlastRadius::default(),
        (_, Some(leading)) => blast::blast_radius(&picture, &mut exhibits, leading),
    };
    let anomalies =
        tracing::info_span!("anomaly.detect").in_scope(|| anomalies::anomalies(&picture, &mut exhibits));
    let timeline = timeline::timeline(&picture, &mut exhibits, &anomalies);
    IncidentAnalysis {
        verdict: ranking.verdict,
        answer: answer(&ranking, &hypotheses),
        hypotheses,
        anomalies,
        log_clusters: data.logs.clone(),
        blast_radius,
        timeline,
        evidence: exhibits.into_entries(),
        notes: notes(data, &picture),
    }
}

fn hypothesis(picture: &Picture<'_>, exhibits: &mut Exhibits, suspect: &Suspect) -> CauseHypothesis {
    let arguments = argue::arguments(picture, exhibits, suspect);
    let metric = suspect.clues.iter().find_map(|clue| match clue.source {
        Source::Measure(at) => Some(picture.measures[at].metric.clone()),
        Source::Release(at) => {
            let divergence = picture.releases[at].divergence.as_ref()?;
            Some(picture.measures[divergence.measure].metric.clone())
        }
        _ => None,
    });
    CauseHypothesis {
        service: picture.services.name(suspect.service).to_owned(),
        kind: suspect.kind,
        confidence: round(suspect.confidence),
        statement: arguments.statement,
        metric,
        change_id: suspect.change.map(|at| picture.data.changes[at].id.clone()),
        support: arguments.support,
        counter: arguments.counter,
        missing: arguments.missing,
    }
}

fn answer(ranking: &Ranking, hypotheses: &[CauseHypothesis]) -> String {
    match (ranking.verdict, hypotheses.first()) {
        (IncidentVerdict::CauseFound, Some(leading)) => leading.statement.clone(),
        (IncidentVerdict::NoCause, _) => {
            "Nothing that was measured left its reference in a way that would explain an incident.".to_owned()
        }
        (_, Some(leading)) => {
            let share = wording::percent(leading.confidence);
            format!("No hypothesis clears the bar. The best ({share}): {}", leading.statement)
        }
        (_, None) => "The data do not suffice to say what is wrong.".to_owned(),
    }
}

fn notes(data: &IncidentData, picture: &Picture<'_>) -> Vec<String> {
    let mut notes = data.notes.clone();
    let unmatched = picture.measures.iter().filter(|m| m.window.len() > 0 && m.reference.len() < 3).count();
    if unmatched > 0 {
        notes.push(format!(
            "{unmatched} of {} metrics have no reference to compare with.",
            picture.measures.len()
        ));
    }
    if picture.unconfirmed() {
        let service = data.brief.service.as_deref().unwrap_or("");
        notes.push(format!("What was noticed in {service} does not show in what was measured there."));
    }
    if picture.graph.learnt() {
        notes.push("The topology is learnt from the data, not given.".to_owned());
    } else if picture.graph.is_empty() {
        notes.push("No topology is known: who suffers cannot be told from who fails.".to_owned());
    }
    notes
}

/// A service with the strength of its strongest clue of each kind.
pub type Strengths = (String, Vec<(&'static str, f64)>);

/// How strongly each kind of clue speaks against each service, 0 to 1, and whether what was noticed shows nowhere:
/// what the weights of [`confidence`] are fitted on.
pub fn strengths(data: &IncidentData) -> (Vec<Strengths>, bool) {
    let picture = Picture::of(data);
    let of = |service: usize| {
        let mut clues = Vec::new();
        for clue in hypothesize::suspect(&picture, service).clues {
            clues.push((clue.kind.name(), clue.strength));
        }
        (picture.services.name(service).to_owned(), clues)
    };
    let all = (0..picture.services.len()).map(of).filter(|(_, clues)| !clues.is_empty()).collect();
    (all, picture.unconfirmed())
}
