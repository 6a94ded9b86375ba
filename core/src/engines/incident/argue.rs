//! Puts into words what speaks for a hypothesis, what against it, and what would settle it.
//!
//! Counter-evidence is looked for as carefully as support: paths and instances that stay healthy, timing that does
//! not fit, releases that make no difference, callees that account for the loss. Never changes a score.

use super::correlate::{Clue, ClueKind, Source};
use super::exhibits::{Exhibit, Exhibits, branch, experiment, logged, movement, own_time, subject};
use super::hypothesize::Suspect;
use super::picture::Picture;
use super::wording::{clock, counted, excerpt, percent, seconds};
use crate::domain::incident::{CauseKind, Citation, MetricClass, Reporter};

/// Of one suspect.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    pub statement: String,
    pub support: Vec<Citation>,
    pub counter: Vec<Citation>,
    pub missing: Vec<Citation>,
}

/// Clues fainter than this are not worth a sentence.
const FAINT: f64 = 0.01;

pub(super) fn arguments(picture: &Picture<'_>, exhibits: &mut Exhibits, suspect: &Suspect) -> Arguments {
    let mut arguments = Arguments { statement: statement(picture, suspect), ..Arguments::default() };
    support(picture, exhibits, suspect, &mut arguments.support);
    counter(picture, exhibits, suspect, &mut arguments.counter);
    missing(picture, exhibits, suspect, &mut arguments.missing);
    arguments
}

fn cited(statement: String, evidence: Vec<String>) -> Citation {
    Citation { statement: capital(&statement), evidence }
}

/// A sentence begins with a capital, unless it begins with a name.
fn capital(text: &str) -> String {
    let known = ["none of", "new and", "the ", "calls from", "its ", "no ", "nothing", "it ", "what "];
    if !known.iter().any(|start| text.starts_with(start)) {
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The hypothesis in one sentence.
fn statement(picture: &Picture<'_>, suspect: &Suspect) -> String {
    let name = picture.services.name(suspect.service);
    let by_release = |clue: &&Clue| matches!(clue.kind, ClueKind::Divergence | ClueKind::Silence);
    let released =
        suspect.clues.iter().find(by_release).filter(|_| suspect.change.is_some() || suspect.unlisted);
    let Some(clue) = released.or(suspect.clues.first()) else {
        return format!("nothing speaks against {name}");
    };
    let shown = sentence(picture, clue);
    if let Some(exhausted) = &suspect.exhausted {
        let shown = shown_by(picture, exhausted.source);
        return format!("{name} runs out of {}: {shown}", exhausted.scarce.name());
    }
    if let Some(change) = suspect.change.and_then(|at| picture.data.changes.get(at)) {
        let to = change.to.as_deref().map_or(String::new(), |to| format!(" to {to}"));
        return format!(
            "The rollout of {name}{to} ({}, {}) is to blame: {shown}",
            change.id,
            clock(change.time)
        );
    }
    if let (Some(release), true) = (suspect.release.map(|at| &picture.releases[at]), suspect.unlisted) {
        let version = release.version.as_deref().unwrap_or("a new version");
        return format!("An unlisted rollout of {name} to {version} is to blame: {shown}");
    }
    match (suspect.kind, clue.kind) {
        (CauseKind::Resource, _) => format!("{name} runs short of a resource: {shown}"),
        (CauseKind::Dependency, _) => {
            format!("{name}, which is not observed itself, fails its callers: {shown}")
        }
        (_, ClueKind::Slow | ClueKind::OwnTime) => format!("{name} itself became slow: {shown}"),
        (_, ClueKind::Failing) => format!("{name} itself fails: {shown}"),
        (_, ClueKind::Turn) => format!("{name} behaves differently: {shown}"),
        _ => format!("{name} is at fault: {shown}"),
    }
}

/// What a clue shows.
fn sentence(picture: &Picture<'_>, clue: &Clue) -> String {
    shown_by(picture, clue.source)
}

fn shown_by(picture: &Picture<'_>, source: Source) -> String {
    match source {
        Source::Measure(at) => movement(picture, &picture.measures[at]),
        Source::Release(at) => experiment(picture, &picture.releases[at]),
        Source::Turn(at) => branch(picture, picture.turns[at].0, &picture.turns[at].1),
        Source::OwnTime(at) => own_time(picture, at),
        Source::Event(at) => {
            let event = &picture.data.events[at];
            format!(
                "the cluster reported {} at {}: {}",
                event.reason,
                clock(event.time),
                excerpt(&event.message)
            )
        }
        Source::Said(at) => logged(picture, at),
        Source::Gone(service) => format!("{} stopped reporting", picture.services.name(service)),
    }
}

fn support(picture: &Picture<'_>, exhibits: &mut Exhibits, suspect: &Suspect, into: &mut Vec<Citation>) {
    for clue in suspect.clues.iter().filter(|clue| clue.strength > FAINT || suspect.clues.len() == 1) {
        into.push(cited(sentence(picture, clue), vec![exhibits.cite(picture, Exhibit::Clue(clue.source))]));
    }
    if let (true, Some(clue)) = (into.is_empty(), suspect.clues.first()) {
        into.push(cited(sentence(picture, clue), vec![exhibits.cite(picture, Exhibit::Clue(clue.source))]));
    }
    let cited_already =
        |source: Source| suspect.clues.iter().any(|c| c.source == source && c.strength > FAINT);
    if let Some(exhausted) = suspect.exhausted.filter(|e| !cited_already(e.source)) {
        let evidence = vec![exhibits.cite(picture, Exhibit::Clue(exhausted.source))];
        into.insert(0, cited(shown_by(picture, exhausted.source), evidence));
    }
    change_in_time(picture, exhibits, suspect, into);
    suffering_callers(picture, exhibits, suspect, into);
}

/// A change shortly before the trouble.
fn change_in_time(
    picture: &Picture<'_>,
    exhibits: &mut Exhibits,
    suspect: &Suspect,
    into: &mut Vec<Citation>,
) {
    let (Some(at), Some(onset)) = (suspect.change, picture.first_sign(suspect.service)) else { return };
    let change = &picture.data.changes[at];
    if change.time <= onset {
        let text =
            format!("it began {} after the rollout at {}", seconds(onset - change.time), clock(change.time));
        let mut evidence = vec![exhibits.cite(picture, Exhibit::Change(at))];
        evidence.extend(picture.noticed().map(|measure| exhibits.cite(picture, Exhibit::Clue(measure))));
        into.push(cited(text, evidence));
    }
}

/// Callers that lose what this service loses.
fn suffering_callers(
    picture: &Picture<'_>,
    exhibits: &mut Exhibits,
    suspect: &Suspect,
    into: &mut Vec<Citation>,
) {
    let callers: Vec<usize> = picture.graph.callers(suspect.service).to_vec();
    let mut evidence = Vec::new();
    let mut names = Vec::new();
    for caller in callers {
        for accounts in [&picture.failing, &picture.slow] {
            if let Some(account) = accounts.get(&caller).filter(|account| account.strength > 0.1) {
                names.push(picture.services.name(caller));
                evidence.push(exhibits.cite(picture, Exhibit::Clue(Source::Measure(account.shown_by))));
                evidence.push(exhibits.cite(picture, Exhibit::Edge(caller, suspect.service)));
                break;
            }
        }
    }
    if !names.is_empty() {
        let verb = if names.len() == 1 { "suffers" } else { "suffer" };
        let text = format!(
            "its {} {} {verb} too",
            if names.len() == 1 { "caller" } else { "callers" },
            names.join(", ")
        );
        into.push(cited(text, evidence));
    }
}

fn counter(picture: &Picture<'_>, exhibits: &mut Exhibits, suspect: &Suspect, into: &mut Vec<Citation>) {
    release_makes_no_difference(picture, exhibits, suspect, into);
    callees_account(picture, exhibits, suspect, into);
    timing_does_not_fit(picture, exhibits, suspect, into);
    healthy_callers(picture, exhibits, suspect, into);
    healthy_instances(picture, exhibits, suspect, into);
}

fn release_makes_no_difference(
    picture: &Picture<'_>,
    exhibits: &mut Exhibits,
    suspect: &Suspect,
    into: &mut Vec<Citation>,
) {
    for (at, release) in picture.releases.iter().enumerate().filter(|(_, r)| r.service == suspect.service) {
        let alike: Vec<usize> = release.alike.iter().copied().take(2).collect();
        if alike.is_empty() || release.divergence.as_ref().is_some_and(|d| d.strength > 0.3) {
            continue;
        }
        let metrics: Vec<String> = alike.iter().map(|at| subject(picture, &picture.measures[*at])).collect();
        let text = format!(
            "the rollout makes no difference to {}: new and old instances are alike",
            metrics.join(" or ")
        );
        let mut evidence = vec![exhibits.cite(picture, Exhibit::Clue(Source::Release(at)))];
        evidence.extend(release.change.map(|change| exhibits.cite(picture, Exhibit::Change(change))));
        into.push(cited(text, evidence));
    }
}

fn callees_account(
    picture: &Picture<'_>,
    exhibits: &mut Exhibits,
    suspect: &Suspect,
    into: &mut Vec<Citation>,
) {
    for (accounts, what) in [(&picture.failing, "failures"), (&picture.slow, "time lost")] {
        let Some(account) = accounts.get(&suspect.service) else { continue };
        let share = 1.0 - account.own_share();
        if let (true, Some(callee)) = (share >= 0.2, account.through) {
            let name = picture.services.name(callee);
            let text =
                format!("what it calls accounts for {} of the {what}, most of it {name}", percent(share));
            let mut evidence = vec![exhibits.cite(picture, Exhibit::Edge(suspect.service, callee))];
            evidence.extend(
                accounts
                    .get(&callee)
                    .map(|a| exhibits.cite(picture, Exhibit::Clue(Source::Measure(a.shown_by)))),
            );
            into.push(cited(text, evidence));
        }
    }
}

fn timing_does_not_fit(
    picture: &Picture<'_>,
    exhibits: &mut Exhibits,
    suspect: &Suspect,
    into: &mut Vec<Citation>,
) {
    for clue in &suspect.clues {
        let Source::Measure(at) = clue.source else { continue };
        let measure = &picture.measures[at];
        if picture.noticed().is_some() && picture.timing(measure) < 0.4 {
            let text = format!(
                "{} was as far out before or after the trouble as during it",
                subject(picture, measure)
            );
            let mut evidence = vec![exhibits.cite(picture, Exhibit::Clue(clue.source))];
            evidence.extend(picture.noticed().map(|seen| exhibits.cite(picture, Exhibit::Clue(seen))));
            into.push(cited(text, evidence));
        }
    }
    let late =
        picture.releases.iter().filter(|release| release.service == suspect.service).find_map(|release| {
            let change = release.change?;
            let onset = picture.notice.range(&picture.measures)?.start;
            (picture.data.changes[change].time > onset + picture.step()).then_some((change, onset))
        });
    if let Some((change, onset)) = late {
        let text = format!(
            "the trouble began at {}, before this rollout at {}",
            clock(onset),
            clock(picture.data.changes[change].time)
        );
        into.push(cited(text, vec![exhibits.cite(picture, Exhibit::Change(change))]));
    }
}

/// Callers that call it and lose nothing.
fn healthy_callers(
    picture: &Picture<'_>,
    exhibits: &mut Exhibits,
    suspect: &Suspect,
    into: &mut Vec<Citation>,
) {
    let mut names: Vec<&str> = Vec::new();
    let mut evidence = Vec::new();
    for (at, measure) in picture.measures.iter().enumerate() {
        let path =
            measure.service == suspect.service && measure.peer.is_some() && measure.meaning.felt_by_callers();
        if !path || measure.window.len() < 2 || measure.reference.len() < 2 {
            continue;
        }
        let name = picture.services.name(measure.peer.unwrap_or(0));
        let suffers = picture.measures.iter().any(|other| {
            other.service == measure.service
                && other.peer == measure.peer
                && other.meaning.felt_by_callers()
                && other.worst().is_some_and(|(_, strength)| strength > 0.05)
        });
        if !suffers && !names.contains(&name) {
            names.push(name);
            evidence.push(exhibits.cite(picture, Exhibit::Clue(Source::Measure(at))));
        }
    }
    if !names.is_empty() {
        into.push(cited(format!("calls from {} are unaffected", names.join(", ")), evidence));
    }
}

/// Instances of the very metric that stay within the reference.
fn healthy_instances(
    picture: &Picture<'_>,
    exhibits: &mut Exhibits,
    suspect: &Suspect,
    into: &mut Vec<Citation>,
) {
    let Some((at, measure)) = suspect.clues.iter().find_map(|clue| match clue.source {
        Source::Measure(at) => Some((at, &picture.measures[at])),
        _ => None,
    }) else {
        return;
    };
    let Some((shift, _)) = measure.worst() else { return };
    let level = (shift.usual + shift.level) / 2.0;
    let (mut healthy, mut all) = (0, 0);
    for member in &measure.members {
        let series = &picture.data.series[*member];
        let values: Vec<f64> = series
            .points
            .iter()
            .filter(|(t, v)| shift.range.contains(*t) && v.is_finite())
            .map(|p| p.1)
            .collect();
        let Some(typical) = super::track::median(&values) else { continue };
        all += 1;
        healthy += usize::from((typical < level) == (shift.usual < level));
    }
    if all > 1 && healthy > 0 && healthy < all {
        let text =
            format!("{healthy} of {} show nothing of it in {}", counted(all, "instance"), measure.metric);
        into.push(cited(text, vec![exhibits.cite(picture, Exhibit::Clue(Source::Measure(at)))]));
    }
}

fn missing(picture: &Picture<'_>, exhibits: &mut Exhibits, suspect: &Suspect, into: &mut Vec<Citation>) {
    let name = picture.services.name(suspect.service);
    let measures: Vec<(usize, _)> =
        picture.measures.iter().enumerate().filter(|(_, m)| m.service == suspect.service).collect();
    let release = suspect.release.map(|at| &picture.releases[at]);
    if let Some(release) = release.filter(|_| suspect.unlisted) {
        let version = release.version.as_deref().unwrap_or("the new version");
        let at = suspect.release.unwrap_or(0);
        let text = format!("no listed change covers {version} of {name}");
        into.push(cited(text, vec![exhibits.cite(picture, Exhibit::Clue(Source::Release(at)))]));
    }
    if let Some(release) = release {
        let few = release.seen > 0 && release.divergence.is_none() && release.alike.is_empty();
        if let (true, Some(change)) = (few, release.change) {
            let text =
                "too few measurements of the new instances to compare them with the old ones".to_owned();
            into.push(cited(text, vec![exhibits.cite(picture, Exhibit::Change(change))]));
        }
    }
    let unmatched =
        measures.iter().filter(|(_, m)| m.window.len() > 0 && m.reference.len() < 3 && m.window.len() > 1);
    let unmatched: Vec<usize> = unmatched.map(|(at, _)| *at).collect();
    if !unmatched.is_empty() {
        let text = format!("no reference for {} of {name}", counted(unmatched.len(), "metric"));
        let cites = unmatched.into_iter().take(3);
        into.push(cited(
            text,
            cites.map(|at| exhibits.cite(picture, Exhibit::Clue(Source::Measure(at)))).collect(),
        ));
    }
    let resource = |m: &super::measures::Measure| m.meaning.is_resource() && !m.meaning.shared;
    if !measures.iter().any(|(_, m)| resource(m)) {
        into.push(cited(format!("no measurement of the CPU or memory of {name}"), Vec::new()));
    }
    let seen_by_callers = |m: &super::measures::Measure| {
        matches!(m.meaning.class, MetricClass::Availability | MetricClass::Errors | MetricClass::Latency)
            && m.reporter == Reporter::Callee
    };
    if !measures.iter().any(|(_, m)| seen_by_callers(m)) {
        into.push(cited(format!("no latency or success rate measured by {name} itself"), Vec::new()));
    }
    if !picture.data.logs.iter().any(|cluster| cluster.service == name) {
        into.push(cited(format!("no logs of {name}"), Vec::new()));
    }
    if picture.data.spans.is_empty() {
        into.push(cited("no traces".to_owned(), Vec::new()));
    }
}
