//! The list of series that left their reference, for people and for whoever draws them.
//!
//! Never decides which of them matter: it orders them by strength.

use super::correlate::Source;
use super::exhibits::{Exhibit, Exhibits, round};
use super::measures::Measure;
use super::notice::is_bad;
use super::picture::Picture;
use super::shift::Shift;
use crate::domain::incident::{Anomaly, AnomalyKind, UnitKind};

/// More than this nobody reads.
const MOST: usize = 100;
/// Weaker ones are not listed.
const FAINT: f64 = 0.03;

pub(super) fn anomalies(picture: &Picture<'_>, exhibits: &mut Exhibits) -> Vec<Anomaly> {
    let mut found: Vec<(f64, usize, Source, &Measure, &Shift, AnomalyKind)> = Vec::new();
    for (at, measure) in picture.measures.iter().enumerate() {
        let Some((shift, _)) = measure.worst() else { continue };
        if shift.strength() >= FAINT {
            let kind = kind(picture, measure, shift);
            found.push((shift.strength(), at, Source::Measure(at), measure, shift, kind));
        }
    }
    for (at, release) in picture.releases.iter().enumerate() {
        if let Some(divergence) = release.divergence.as_ref().filter(|d| d.strength >= FAINT) {
            let measure = &picture.measures[divergence.measure];
            let source = Source::Release(at);
            found.push((
                divergence.strength,
                at,
                source,
                measure,
                &divergence.shift,
                AnomalyKind::Divergence,
            ));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.4.range.start.total_cmp(&b.4.range.start)));
    found
        .into_iter()
        .take(MOST)
        .enumerate()
        .map(|(place, (strength, at, source, measure, shift, kind))| {
            let only = (measure.members.len() == 1).then(|| &picture.data.series[measure.members[0]].key);
            let version = match source {
                Source::Release(_) => picture.releases[at].version.clone(),
                _ => only.and_then(|key| key.version.clone()),
            };
            Anomaly {
                id: format!("a{}", place + 1),
                service: picture.services.name(measure.service).to_owned(),
                metric: measure.metric.clone(),
                instance: only.and_then(|key| key.instance.clone()),
                version,
                peer: measure.peer.map(|peer| picture.services.name(peer).to_owned()),
                kind,
                direction: shift.direction,
                range: shift.range,
                score: round(strength),
                expected: shift.expected,
                observed: shift.level,
                bad: is_bad(measure, shift),
                evidence: exhibits.cite(picture, Exhibit::Clue(source)),
            }
        })
        .collect()
}

/// A level at the end of its scale, a passing spike, or a new level.
fn kind(picture: &Picture<'_>, measure: &Measure, shift: &Shift) -> AnomalyKind {
    let full = match measure.meaning.unit {
        UnitKind::Percent => 95.0,
        UnitKind::Ratio => 0.95,
        _ => f64::INFINITY,
    };
    let window = picture.data.brief.window.length().max(1e-9);
    if measure.meaning.is_resource() && shift.level >= full {
        AnomalyKind::Saturation
    } else if shift.range.length() < window / 4.0 && shift.range.end < picture.data.brief.window.end {
        AnomalyKind::Spike
    } else {
        AnomalyKind::LevelShift
    }
}
