//! Analyze, for an incident: causes first, then what the detector and the log engine add for people.
//!
//! Decides nothing of causes itself, and changes no rank: seasons, levels, views and merged log clusters are added to what
//! the root-cause engine has concluded.

use super::views::views;
use crate::domain::incident::{Anomaly, AnomalyLevel, IncidentAnalysis, IncidentData};
use crate::engines::incident::{self, Analysed, Shown};
use crate::engines::signals::detect::{Level, Settings, look};
use crate::engines::signals::merge::{EmbedAll, merged};
use std::sync::atomic::{AtomicBool, Ordering};

/// Points that the detector looks at in one analysis, the strongest anomalies first: some 16 µs each.
const POINTS: usize = 24_000;
/// Points that a season has to be known from.
const PAST: usize = 128;
/// What is left of the score of what a season leads to expect.
const EXPECTED: f64 = 0.3;

/// The whole analysis of what was read; `None` when it was cancelled on the way.
pub fn analyze(
    data: &IncidentData,
    embed: Option<EmbedAll<'_>>,
    cancel: &AtomicBool,
) -> Option<IncidentAnalysis> {
    let stopped = || cancel.load(Ordering::Relaxed);
    let Analysed { mut analysis, levels, shown, reference } = incident::analyse(data);
    if stopped() {
        return None;
    }
    tracing::info_span!("anomaly.detect").in_scope(|| look_again(&mut analysis.anomalies, &shown, cancel));
    if stopped() {
        return None;
    }
    analysis.views = views(&levels, &shown, &analysis.anomalies);
    let clusters = std::mem::take(&mut analysis.log_clusters);
    analysis.log_clusters = merged(clusters, &data.brief, reference, embed);
    (!stopped()).then_some(analysis)
}

/// Lets the detector look at the series of the listed anomalies: what a season leads to expect weighs less, and what 5
/// minutes, 30 minutes and 6 hours agree on is worth waking somebody.
fn look_again(anomalies: &mut [Anomaly], shown: &[Shown], cancel: &AtomicBool) {
    let mut left = POINTS;
    for (anomaly, shown) in anomalies.iter_mut().zip(shown) {
        let Some(rest) = left.checked_sub(shown.points.len()) else { continue };
        if cancel.load(Ordering::Relaxed) {
            return;
        }
        left = rest;
        judge(anomaly, &shown.points);
    }
}

fn judge(anomaly: &mut Anomaly, points: &[(f64, f64)]) {
    let seen = look(points, anomaly.range.start, anomaly.range.end, Settings::default());
    if anomaly.bad && seen.level == Level::Page {
        anomaly.level = AnomalyLevel::Page;
    }
    if seen.before < PAST {
        return;
    }
    if let (Some(season), Some(band)) = (seen.season, seen.band) {
        anomaly.season = Some(season);
        anomaly.expected = (band.low, band.high);
        if seen.as_expected() && anomaly.observed <= band.high && anomaly.observed >= band.low {
            anomaly.score = (anomaly.score * EXPECTED * 1e4).round() / 1e4;
            anomaly.level = AnomalyLevel::None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::incident::{AnomalyKind, Direction, TimeRange};

    fn anomaly(observed: f64, from: f64, to: f64) -> Anomaly {
        Anomaly {
            id: "a1".into(),
            service: "pay".into(),
            metric: "requests".into(),
            instance: None,
            version: None,
            peer: None,
            kind: AnomalyKind::LevelShift,
            direction: Direction::Up,
            range: TimeRange { start: from, end: to },
            score: 0.8,
            expected: (0.0, 1.0),
            observed,
            bad: true,
            season: None,
            level: AnomalyLevel::Notice,
            evidence: "e1".into(),
        }
    }

    /// Twenty minutes in fifty are busy.
    fn work(i: usize) -> f64 {
        let busy = if i % 50 < 20 { 40.0 } else { 0.0 };
        busy + 10.0 + (i * 37 % 11) as f64 / 10.0
    }

    #[test]
    fn a_season_is_no_anomaly_and_what_leaves_it_is() {
        let (from, to) = (1500.0 * 60.0, 1510.0 * 60.0);
        for (level, observed, score, concerns) in
            [(None, 50.5, 0.24, AnomalyLevel::None), (Some(130.0), 130.0, 0.8, AnomalyLevel::Notice)]
        {
            let value = |i: usize| if i >= 1500 { level.unwrap_or(work(i)) } else { work(i) };
            let points: Vec<(f64, f64)> = (0..1510).map(|i| (i as f64 * 60.0, value(i))).collect();
            let mut one = anomaly(observed, from, to);
            judge(&mut one, &points);
            assert_eq!((one.score, one.level), (score, concerns), "{one:?}");
            assert!(one.season.is_some() && one.expected != (0.0, 1.0), "{one:?}");
        }
    }

    #[test]
    fn too_little_is_known_to_speak_of_a_season_and_the_work_is_bounded() {
        let points: Vec<(f64, f64)> = (0..100).map(|i| (i as f64, (i % 10) as f64)).collect();
        let mut one = anomaly(5.0, 90.0, 100.0);
        judge(&mut one, &points);
        assert_eq!((one.season, one.score), (None, 0.8));
        let shown: Vec<Shown> =
            (0..9).map(|level| Shown { level, points: vec![(0.0, 0.0); POINTS / 4] }).collect();
        let mut many: Vec<Anomaly> = (0..9).map(|_| anomaly(5.0, 90.0, 100.0)).collect();
        look_again(&mut many, &shown, &AtomicBool::new(true));
        assert!(many.iter().all(|a| a.season.is_none()));
    }
}
