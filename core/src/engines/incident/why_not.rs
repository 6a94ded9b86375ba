//! The answer to "why not X?": the same arguments as for a hypothesis, for any service or change.
//!
//! Never changes the analysis that it is asked about.

use super::argue::{Arguments, arguments};
use super::correlate::Source;
use super::exhibits::{Exhibit, Exhibits, round};
use super::hypothesize::{rank, suspect};
use super::picture::Picture;
use super::wording::clock;
use crate::domain::incident::{Citation, IncidentAnalysis, IncidentData, WhyNot};

/// Why a service, or a change by its id, is not (or not the first) among the hypotheses; none where the data know
/// nothing of that name.
pub fn why_not(data: &IncidentData, analysis: &IncidentAnalysis, subject: &str) -> Option<WhyNot> {
    let picture = Picture::of(data);
    let change = data.changes.iter().position(|change| change.id == subject);
    let name = change.map_or(subject, |at| data.changes[at].service.as_str());
    let service = picture.services.number(name)?;
    let mut exhibits = Exhibits::default();
    let mut about = suspect(&picture, service);
    if let Some(at) = change {
        about.release =
            picture.releases.iter().position(|release| release.change == Some(at)).or(about.release);
    }
    let Arguments { support, mut counter, missing, .. } = arguments(&picture, &mut exhibits, &about);
    let rank_of = |wanted: &dyn Fn(&crate::domain::incident::CauseHypothesis) -> bool| {
        analysis
            .hypotheses
            .iter()
            .position(wanted)
            .map(|place| (place + 1, analysis.hypotheses[place].confidence))
    };
    let found = match change {
        Some(_) => rank_of(&|hypothesis| hypothesis.change_id.as_deref() == Some(subject)),
        None => rank_of(&|hypothesis| hypothesis.service == name),
    };
    let ranked = rank(&picture);
    let own = ranked.suspects.iter().find(|suspect| suspect.service == service).map_or(0.0, |s| s.confidence);
    let confidence = match (found, change) {
        (Some((_, confidence)), _) => confidence,
        // The service may be suspected for another reason than this change.
        (None, Some(at)) if about.change != Some(at) => 0.0,
        (None, _) => round(own),
    };
    if let Some(at) = change {
        outside(&picture, &mut exhibits, at, &mut counter);
    }
    if support.is_empty() && counter.is_empty() {
        let healthy = format!("Nothing that was measured of {name} left its reference");
        let at = picture.measures.iter().position(|m| m.service == service && m.window.len() > 0);
        let evidence = at.map(|at| exhibits.cite(&picture, Exhibit::Clue(Source::Measure(at))));
        counter.push(Citation { statement: healthy, evidence: evidence.into_iter().collect() });
    }
    stronger(&picture, &mut exhibits, &ranked.suspects, service, &mut counter);
    Some(WhyNot {
        subject: subject.to_owned(),
        rank: found.map(|(place, _)| place),
        confidence,
        support,
        counter,
        missing,
        evidence: exhibits.into_entries(),
    })
}

/// A change too early or too late to be joined with the trouble.
fn outside(picture: &Picture<'_>, exhibits: &mut Exhibits, at: usize, counter: &mut Vec<Citation>) {
    if picture.releases.iter().any(|release| release.change == Some(at)) {
        return;
    }
    let change = &picture.data.changes[at];
    let side = if change.time < picture.data.brief.window.start { "before" } else { "after" };
    counter.push(Citation {
        statement: format!(
            "It was rolled out at {}, more than 30 minutes {side} the window",
            clock(change.time)
        ),
        evidence: vec![exhibits.cite(picture, Exhibit::Change(at))],
    });
}

/// The leading hypothesis, if it is another, with its strongest clue.
fn stronger(
    picture: &Picture<'_>,
    exhibits: &mut Exhibits,
    suspects: &[super::hypothesize::Suspect],
    service: usize,
    counter: &mut Vec<Citation>,
) {
    let Some(leading) = suspects.first().filter(|leading| leading.service != service) else { return };
    let Some(clue) = leading.clues.first() else { return };
    counter.push(Citation {
        statement: format!("The evidence against {} is stronger", picture.services.name(leading.service)),
        evidence: vec![exhibits.cite(picture, Exhibit::Clue(clue.source))],
    });
}
