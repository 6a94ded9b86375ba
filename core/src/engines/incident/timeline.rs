//! What happened when: changes, first signs, new errors in logs, cluster events and the detection, in order.
//!
//! Never more than one line for what is one observation.

use super::correlate::{Clue, ClueKind, Source};
use super::exhibits::{Exhibit, Exhibits, branch};
use super::picture::{AROUND, Picture};
use super::wording::excerpt;
use crate::domain::incident::{Anomaly, AnomalyKind, Moment, MomentKind};

/// More anomalies or turns than this make no timeline.
const MOST: usize = 20;
/// Turns fainter than this are not shown.
const FAINT: f64 = 0.1;

pub(super) fn timeline(picture: &Picture<'_>, exhibits: &mut Exhibits, anomalies: &[Anomaly]) -> Vec<Moment> {
    let mut moments = Vec::new();
    let window = &picture.data.brief.window;
    let near = |time: f64| time >= window.start - AROUND && time < window.end + AROUND;
    for (at, change) in picture.data.changes.iter().enumerate().filter(|(_, change)| near(change.time)) {
        let to = change.to.as_deref().map_or(String::new(), |to| format!(" to {to}"));
        moments.push(Moment {
            time: change.time,
            kind: MomentKind::Change,
            service: Some(change.service.clone()),
            text: format!("{}: rollout of {}{to}", change.id, change.service),
            evidence: Some(exhibits.cite(picture, Exhibit::Change(at))),
        });
    }
    // What is bad comes before what merely moved, when there is too much of it.
    let (bad, moved): (Vec<&Anomaly>, Vec<&Anomaly>) = anomalies.iter().partition(|anomaly| anomaly.bad);
    for anomaly in bad.into_iter().chain(moved).take(MOST) {
        let calls = anomaly.peer.as_ref().map_or(String::new(), |peer| format!(" called by {peer}"));
        moments.push(Moment {
            time: anomaly.range.start,
            kind: MomentKind::Anomaly,
            service: Some(anomaly.service.clone()),
            text: match anomaly.kind {
                AnomalyKind::Divergence => {
                    format!(
                        "{} of {}{calls}: new instances part from old ones",
                        anomaly.metric, anomaly.service
                    )
                }
                AnomalyKind::Missing => {
                    format!("{} of {}{calls} is no longer reported", anomaly.metric, anomaly.service)
                }
                AnomalyKind::Saturation => {
                    format!("{} of {}{calls} reaches its limit", anomaly.metric, anomaly.service)
                }
                _ => format!("{} of {}{calls} leaves its reference", anomaly.metric, anomaly.service),
            },
            evidence: Some(anomaly.evidence.clone()),
        });
    }
    let mut clues: Vec<&Clue> =
        picture.clues.iter().filter(|clue| clue.kind == ClueKind::Turn && clue.strength >= FAINT).collect();
    clues.sort_by(|a, b| b.strength.total_cmp(&a.strength));
    let mut shown: Vec<usize> = Vec::new();
    for clue in clues.into_iter().take(MOST) {
        let Source::Turn(at) = clue.source else { continue };
        let (service, turn) = &picture.turns[at];
        // The other side of what was said already.
        if turn.instead.is_some_and(|other| shown.contains(&other)) {
            continue;
        }
        shown.push(turn.stream);
        moments.extend(picture.moment_of(turn).map(|time| Moment {
            time,
            kind: MomentKind::Log,
            service: Some(picture.services.name(*service).to_owned()),
            text: branch(picture, *service, turn),
            evidence: Some(exhibits.cite(picture, Exhibit::Clue(clue.source))),
        }));
    }
    for (at, event) in picture.data.events.iter().enumerate().filter(|(_, event)| near(event.time)).take(200)
    {
        moments.push(Moment {
            time: event.time,
            kind: MomentKind::Event,
            service: event.service.clone(),
            text: format!("{}: {}", event.reason, excerpt(&event.message)),
            evidence: Some(exhibits.cite(picture, Exhibit::Clue(Source::Event(at)))),
        });
    }
    let detected = picture.data.brief.detected_at;
    if detected.is_finite() {
        moments.push(Moment {
            time: detected,
            kind: MomentKind::Detected,
            service: picture.data.brief.service.clone(),
            text: picture.data.brief.title.clone(),
            evidence: None,
        });
    }
    moments.sort_by(|a, b| a.time.total_cmp(&b.time).then(a.kind.cmp(&b.kind)));
    moments
}
