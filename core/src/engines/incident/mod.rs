//! Root cause of an incident: who fails, who only suffers, what changed, and how sure one can be.
//!
//! Data in, [`IncidentAnalysis`] out; the same data give the same bytes. The steps, a module each:
//!
//! 1. [`track`], [`shift`], [`measures`]: every series, cleaned and pooled over instances, against its reference.
//! 2. [`notice`]: what the incident's head says was noticed, found again, as a profile over time.
//! 3. [`graph`], [`blame`]: the topology, and who fails rather than suffers along it.
//! 4. [`experiment`]: new against old instances of rolling releases.
//! 5. [`traces`], [`streams`]: where the time of requests goes, and what logs and operations newly say or leave out.
//! 6. [`picture`], [`correlate`]: all of it as clues; [`confidence`], [`hypothesize`]: clues as probabilities and a verdict;
//!    [`exhaustion`]: whether a resource ran out.
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
mod exhaustion;
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
#[cfg(test)]
mod tests_signs;
mod timeline;
mod traces;
mod track;
mod why_not;
mod wording;

pub use why_not::why_not;

use correlate::Source;
use exhibits::{Exhibits, round};
use hypothesize::{Ranking, Suspect, rank};
use measures::Measure;
use picture::Picture;

use crate::domain::incident::{
    BlastRadius, CauseHypothesis, IncidentAnalysis, IncidentData, IncidentVerdict, MetricClass, TimeRange,
};

/// Hypotheses beyond this many are left to [`why_not`].
const MOST: usize = 10;

/// An analysis with what it measured, for those who look at single series.
#[derive(Debug)]
pub struct Analysed {
    pub analysis: IncidentAnalysis,
    /// Every metric of every service and call, pooled over instances.
    pub levels: Vec<Measured>,
    /// The values of each of the analysis' anomalies, in their order; [`Measured`] by its place among the levels.
    pub shown: Vec<Shown>,
    /// What the window was compared with.
    pub reference: TimeRange,
}

/// One metric of a service or a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    pub service: String,
    pub metric: String,
    /// The caller, for a call.
    pub peer: Option<String>,
    pub unit: Option<String>,
    pub class: MetricClass,
    /// The middle of the reference, and of the stretch out of the ordinary, else of the window.
    pub usual: Option<f64>,
    pub now: Option<f64>,
}

/// The series behind an anomaly.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Its place among the levels.
    pub level: usize,
    /// Seconds and values up to the end of the window, counters as rates.
    pub points: Vec<(f64, f64)>,
}

/// Analyses one incident.
pub fn analyze(data: &IncidentData) -> IncidentAnalysis {
    analyse(data).analysis
}

/// Analyses one incident, and gives what it measured besides.
pub fn analyse(data: &IncidentData) -> Analysed {
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
    let (anomalies, places) =
        tracing::info_span!("anomaly.detect").in_scope(|| anomalies::anomalies(&picture, &mut exhibits));
    let timeline = timeline::timeline(&picture, &mut exhibits, &anomalies);
    let analysis = IncidentAnalysis {
        verdict: ranking.verdict,
        answer: answer(&ranking, &hypotheses),
        hypotheses,
        anomalies,
        log_clusters: data.logs.clone(),
        views: Vec::new(),
        blast_radius,
        timeline,
        evidence: exhibits.into_entries(),
        notes: notes(data, &picture),
        problem: None,
    };
    let levels = picture.measures.iter().map(|measure| measured(&picture, measure)).collect();
    let shown = places.into_iter().map(|at| Shown { level: at, points: points(&picture.measures[at]) });
    Analysed { analysis, levels, shown: shown.collect(), reference: picture.reference }
}

fn measured(picture: &Picture<'_>, measure: &Measure) -> Measured {
    let worst = measure.worst().map(|(shift, _)| shift);
    Measured {
        service: picture.services.name(measure.service).to_owned(),
        metric: measure.metric.clone(),
        peer: measure.peer.map(|peer| picture.services.name(peer).to_owned()),
        unit: exhibits::unit(picture, measure).map(str::to_owned),
        class: measure.meaning.class,
        usual: track::median(&measure.reference.values),
        now: worst.map(|shift| shift.level).or_else(|| track::median(&measure.window.values)),
    }
}

/// Points of a series that are looked at, the newest.
const LOOKED_AT: usize = 2048;

fn points(measure: &Measure) -> Vec<(f64, f64)> {
    let parts = [&measure.reference, &measure.window];
    let all =
        parts.into_iter().flat_map(|track| track.times.iter().copied().zip(track.values.iter().copied()));
    let mut points: Vec<(f64, f64)> = all.collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points.split_off(points.len().saturating_sub(LOOKED_AT))
}

fn hypothesis(picture: &Picture<'_>, exhibits: &mut Exhibits, suspect: &Suspect) -> CauseHypothesis {
    let arguments = argue::arguments(picture, exhibits, suspect);
    let full = suspect.exhausted.and_then(|exhaustion| match exhaustion.source {
        Source::Measure(at) => Some(picture.measures[at].metric.clone()),
        _ => None,
    });
    let metric = full.or_else(|| {
        suspect.clues.iter().find_map(|clue| match clue.source {
            Source::Measure(at) => Some(picture.measures[at].metric.clone()),
            Source::Release(at) => {
                let divergence = picture.releases[at].divergence.as_ref()?;
                Some(picture.measures[divergence.measure].metric.clone())
            }
            _ => None,
        })
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
