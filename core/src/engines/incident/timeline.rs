//! What happened when: changes, first signs, new errors in logs, cluster events and the detection, in order.
//!
//! Never more than one line for what is one observation.

use super::correlate::Source;
use super::exhibits::{Exhibit, Exhibits, branch};
use super::picture::{AROUND, Picture};
use super::wording::excerpt;
use crate::domain::incident::{Anomaly, Moment, MomentKind};

/// More anomalies or turns than this make no timeline.
const MOST: usize = 20;
/// Turns fainter than this are not shown.
const FAINT: f64 = 0.15;

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
    for anomaly in anomalies.iter().take(MOST) {
        let calls = anomaly.peer.as_ref().map_or(String::new(), |peer| format!(" called by {peer}"));
        moments.push(Moment {
            time: anomaly.range.start,
            kind: MomentKind::Anomaly,
            service: Some(anomaly.service.clone()),
            text: format!("{} of {}{calls} leaves its reference", anomaly.metric, anomaly.service),
            evidence: Some(anomaly.evidence.clone()),
        });
    }
    let mut turns: Vec<usize> =
        (0..picture.turns.len()).filter(|at| picture.turns[*at].1.strength >= FAINT).collect();
    turns.sort_by(|a, b| picture.turns[*b].1.strength.total_cmp(&picture.turns[*a].1.strength));
    for at in turns.into_iter().take(MOST) {
        let (service, turn) = &picture.turns[at];
        moments.extend(picture.moment_of(turn).map(|time| Moment {
            time,
            kind: MomentKind::Log,
            service: Some(picture.services.name(*service).to_owned()),
            text: branch(picture, *service, turn),
            evidence: Some(exhibits.cite(picture, Exhibit::Clue(Source::Turn(at)))),
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
