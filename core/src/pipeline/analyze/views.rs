//! The services side by side: how their requests fare and how their resources do.
//!
//! What a metric means is for the domain's rules, which series is the worst of its meaning for the detection engine. Never
//! finds an anomaly itself.

use crate::domain::incident::{
    Anomaly, AnomalyKind, AnomalyLevel, MetricClass, RedView, ServiceView, UseView, ViewCell,
};
use crate::engines::incident::{Measured, Shown};
use crate::engines::signals::detect::views::{Meaning, Reading, View, views as worst_of};
use crate::engines::signals::detect::{Level, Verdict};
use std::collections::BTreeMap;

/// Services that are shown; beyond them the least strange are left out.
const MOST: usize = 200;
/// What moved without being bad counts as much as this.
const HARMLESS: f64 = 0.3;

/// The views of all services that anything is known of, the strangest first.
pub fn views(levels: &[Measured], shown: &[Shown], anomalies: &[Anomaly]) -> Vec<ServiceView> {
    let mut odd: BTreeMap<usize, &Anomaly> = BTreeMap::new();
    for (anomaly, shown) in anomalies.iter().zip(shown).filter(|(a, _)| a.kind != AnomalyKind::Divergence) {
        odd.entry(shown.level).or_insert(anomaly);
    }
    let numbers: Vec<String> = (0..levels.len()).map(|at| at.to_string()).collect();
    let readings: Vec<Reading<'_>> = levels
        .iter()
        .enumerate()
        .filter_map(|(at, level)| {
            let verdict = odd.get(&at).map(|anomaly| verdict(anomaly)).unwrap_or_default();
            let meaning = meaning(level)?;
            Some(Reading { service: &level.service, meaning, series: &numbers[at], verdict })
        })
        .collect();
    let mut views: Vec<ServiceView> =
        worst_of(&readings).iter().map(|view| service(view, levels, &odd)).collect();
    // Equals stay in the order in which the data mention them.
    let mut order: BTreeMap<&str, usize> = BTreeMap::new();
    levels.iter().enumerate().for_each(|(at, level)| {
        order.entry(&level.service).or_insert(at);
    });
    let place = |view: &ServiceView| order.get(view.service.as_str()).copied().unwrap_or(usize::MAX);
    views.sort_by(|a, b| b.strangeness().total_cmp(&a.strangeness()).then_with(|| place(a).cmp(&place(b))));
    views.truncate(MOST);
    views
}

/// Requests: traffic, failures, time. Resources: how much is used, what waits, what breaks.
fn meaning(level: &Measured) -> Option<Meaning> {
    match level.class {
        MetricClass::Traffic => Some(Meaning::Rate),
        MetricClass::Errors | MetricClass::Availability => Some(Meaning::RequestErrors),
        MetricClass::Latency => Some(Meaning::Duration),
        MetricClass::Compute | MetricClass::Memory | MetricClass::Storage | MetricClass::Spare => {
            Some(Meaning::Utilisation)
        }
        MetricClass::Queue => Some(Meaning::Saturation),
        MetricClass::Restarts => Some(Meaning::ResourceErrors),
        MetricClass::Transfer | MetricClass::Unknown => None,
    }
}

fn verdict(anomaly: &Anomaly) -> Verdict {
    let strangeness = anomaly.score * if anomaly.bad { 1.0 } else { HARMLESS };
    let level = match anomaly.level {
        AnomalyLevel::None => Level::None,
        AnomalyLevel::Notice if anomaly.bad => Level::Notice,
        AnomalyLevel::Notice => Level::None,
        AnomalyLevel::Page => Level::Page,
    };
    Verdict { score: anomaly.score, strangeness, level, ..Verdict::default() }
}

fn service(view: &View<'_>, levels: &[Measured], odd: &BTreeMap<usize, &Anomaly>) -> ServiceView {
    let cell = |meaning: Meaning| {
        let cell = view.cells.get(&meaning)?;
        let at: usize = cell.worst.parse().ok()?;
        let (level, anomaly) = (levels.get(at)?, odd.get(&at));
        Some(ViewCell {
            metric: level.metric.clone(),
            peer: level.peer.clone(),
            unit: level.unit.clone(),
            series: cell.series,
            usual: level.usual.filter(|value| value.is_finite()),
            now: level.now.filter(|value| value.is_finite()),
            strangeness: (cell.strangeness * 1e4).round() / 1e4,
            level: match cell.level {
                Level::None => AnomalyLevel::None,
                Level::Notice => AnomalyLevel::Notice,
                Level::Page => AnomalyLevel::Page,
            },
            kind: anomaly.map(|a| a.kind),
            evidence: anomaly.map(|a| a.evidence.clone()),
        })
    };
    ServiceView {
        service: view.service.to_owned(),
        red: RedView {
            rate: cell(Meaning::Rate),
            errors: cell(Meaning::RequestErrors),
            duration: cell(Meaning::Duration),
        },
        resources: UseView {
            utilisation: cell(Meaning::Utilisation),
            saturation: cell(Meaning::Saturation),
            errors: cell(Meaning::ResourceErrors),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::incident::{Direction, Meaning as Class, TimeRange};

    fn level(service: &str, metric: &str, unit: &str, usual: f64, now: f64) -> Measured {
        Measured {
            service: service.into(),
            metric: metric.into(),
            peer: None,
            unit: Some(unit.into()),
            class: Class::of(metric, Some(unit)).class,
            usual: Some(usual),
            now: Some(now),
        }
    }

    fn anomaly(service: &str, metric: &str, score: f64, bad: bool) -> Anomaly {
        Anomaly {
            id: "a1".into(),
            service: service.into(),
            metric: metric.into(),
            instance: None,
            version: None,
            peer: None,
            kind: AnomalyKind::LevelShift,
            direction: Direction::Up,
            range: TimeRange { start: 0.0, end: 1.0 },
            score,
            expected: (0.0, 1.0),
            observed: 2.0,
            bad,
            season: None,
            level: AnomalyLevel::Notice,
            evidence: "e7".into(),
        }
    }

    #[test]
    fn each_series_has_its_place_and_the_worst_is_shown() {
        let levels = [
            level("cart", "requests", "per_second", 10.0, 11.0),
            level("pay", "latency_p50", "ms", 5.0, 5.0),
            level("pay", "latency_p99", "ms", 20.0, 900.0),
            level("pay", "error_ratio", "ratio", 0.0, f64::NAN),
            level("pay", "cpu_usage", "percent", 20.0, 25.0),
            level("pay", "queue_length", "", 1.0, 1.0),
            level("pay", "restarts_total", "", 0.0, 0.0),
            level("pay", "temperature", "", 0.0, 0.0),
        ];
        let shown = [2, 0].map(|level| Shown { level, points: vec![] });
        let anomalies = [anomaly("pay", "latency_p99", 0.9, true), anomaly("cart", "requests", 0.9, false)];
        let views = views(&levels, &shown, &anomalies);
        assert_eq!(views.iter().map(|v| v.service.as_str()).collect::<Vec<_>>(), ["pay", "cart"]);
        let pay = &views[0];
        let names: Vec<Option<&str>> = pay.cells().map(|cell| cell.map(|c| c.metric.as_str())).to_vec();
        let expected = [
            None,
            Some("error_ratio"),
            Some("latency_p99"),
            Some("cpu_usage"),
            Some("queue_length"),
            Some("restarts_total"),
        ];
        assert_eq!(names, expected);
        let duration = pay.red.duration.as_ref().unwrap();
        assert_eq!((duration.series, duration.usual, duration.now), (2, Some(20.0), Some(900.0)));
        assert_eq!((duration.level, duration.evidence.as_deref()), (AnomalyLevel::Notice, Some("e7")));
        assert_eq!(pay.red.errors.as_ref().unwrap().now, None);
        let rate = views[1].red.rate.as_ref().unwrap();
        assert_eq!((rate.level, rate.strangeness), (AnomalyLevel::None, 0.27));
    }
}
