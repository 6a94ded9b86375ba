//! What each kind of anomaly and each sign of exhaustion looks like in the answer, one claim each.

use super::tests::{
    BEFORE, DURING, START, STEP, calm, chain, cluster, edge, empty, from, key, noticed, series, sound,
};
use super::*;
use crate::domain::incident::{Anomaly, AnomalyKind, CauseKind, ClusterEvent, Direction, LogLevel, Series};

/// The anomaly of a metric of `a`, beside a calm neighbour that goes on reporting.
fn anomaly_of(metric: &str, one: impl Into<Vec<Series>>) -> Option<Anomaly> {
    let mut data = empty();
    data.series = one.into();
    data.series.push(series(key("calm", "latency"), "seconds", 0.1, calm));
    let analysis = analyze(&data);
    sound(&data, &analysis);
    let evidence = |id: &str| analysis.evidence.iter().any(|e| e.id == id);
    assert!(analysis.anomalies.iter().all(|a| evidence(&a.evidence)), "{:?}", analysis.anomalies);
    analysis.anomalies.into_iter().find(|a| a.service == "a" && a.metric == metric)
}

fn without(mut series: Series, gone: impl Fn(usize) -> bool) -> Series {
    series.points.retain(|(time, _)| *time < START || !gone(((time - START) / STEP) as usize));
    series
}

#[test]
fn every_kind_of_anomaly_is_told() {
    let latency = |factor: &dyn Fn(usize) -> f64| series(key("a", "latency"), "seconds", 0.1, factor);
    let used =
        |unit: &str, usual: f64, factor: f64| series(key("a", "memory_used"), unit, usual, from(10, factor));
    let limit = series(key("a", "memory_max_bytes"), "bytes", 1e9, calm);
    let steady = |mut s: Series| {
        s.points.iter_mut().for_each(|p| p.1 = 1e9);
        s
    };
    let spike = |at: usize| if (12..16).contains(&at) { 30.0 } else { 1.0 };
    let climb = |at: usize| 1.0 + at as f64 * 0.5;
    type Expected = Option<(AnomalyKind, Direction)>;
    let table: [(&str, Vec<Series>, Expected); 12] = [
        ("latency", vec![latency(&from(10, 8.0))], Some((AnomalyKind::LevelShift, Direction::Up))),
        ("latency", vec![latency(&spike)], Some((AnomalyKind::Spike, Direction::Up))),
        ("latency", vec![latency(&climb)], Some((AnomalyKind::TrendShift, Direction::Up))),
        ("latency", vec![latency(&calm)], None),
        (
            "latency",
            vec![without(latency(&calm), |at| at >= 15)],
            Some((AnomalyKind::Missing, Direction::Down)),
        ),
        ("latency", vec![without(latency(&calm), |_| true)], Some((AnomalyKind::Missing, Direction::Down))),
        (
            "latency",
            vec![without(latency(&calm), |at| (10..25).contains(&at))],
            Some((AnomalyKind::Missing, Direction::Down)),
        ),
        // One scrape that failed is chance.
        ("latency", vec![without(latency(&calm), |at| at == 10 || at == 11)], None),
        ("memory_used", vec![used("percent", 30.0, 3.3)], Some((AnomalyKind::Saturation, Direction::Up))),
        ("memory_used", vec![used("percent", 30.0, 2.0)], Some((AnomalyKind::LevelShift, Direction::Up))),
        (
            "memory_used",
            vec![used("bytes", 1e8, 9.9), steady(limit.clone())],
            Some((AnomalyKind::Saturation, Direction::Up)),
        ),
        (
            "memory_used",
            vec![used("bytes", 1e8, 5.0), steady(limit)],
            Some((AnomalyKind::LevelShift, Direction::Up)),
        ),
    ];
    for (at, (metric, series, expected)) in table.into_iter().enumerate() {
        let found = anomaly_of(metric, series);
        let kind = found.as_ref().map(|a| (a.kind, a.direction));
        assert_eq!(kind, expected, "row {at}: {found:?}");
        if let Some(anomaly) = found.filter(|a| a.kind == AnomalyKind::Missing) {
            assert!(anomaly.observed.is_nan() && anomaly.range.start >= START && anomaly.bad, "{anomaly:?}");
        }
    }
}

#[test]
fn the_end_of_all_data_is_no_gap() {
    let mut data = empty();
    for service in ["a", "b", "c"] {
        let one = series(key(service, "latency"), "seconds", 0.1, calm);
        data.series.push(without(one, |at| at >= DURING / 2));
    }
    assert_eq!(analyze(&data).anomalies, []);
    // And a series that came rarely all along is not missing either.
    let mut rare = series(key("a", "latency"), "seconds", 0.1, calm);
    rare.points = rare.points.into_iter().step_by(12).take(BEFORE / 12 + 1).collect();
    assert_eq!(anomaly_of("latency", [without(rare, |at| at > 6)]), None);
}

/// `store` fails its caller `shop`, with a line in the log of one of them.
fn failing_store(speaker: &str, line: &str, before: u64) -> IncidentData {
    let mut data = empty();
    for (service, peer) in [("store", Some("shop")), ("shop", Some("web"))] {
        let mut calls = key(service, "error_ratio");
        calls.peer = peer.map(str::to_owned);
        let mut calls = series(calls, "ratio", 0.001, calm);
        let fail =
            |(at, point): (usize, &mut (f64, f64))| point.1 = if at >= BEFORE + 10 { 0.4 } else { 0.001 };
        calls.points.iter_mut().enumerate().for_each(fail);
        data.series.push(calls);
    }
    data.series.push(series(key("store", "latency"), "seconds", 0.01, calm));
    data.topology = vec![edge("web", "shop"), edge("shop", "store")];
    let late: Vec<u64> = (0..40).map(|at| if at >= 10 { 20 } else { 0 }).collect();
    data.logs = vec![
        cluster(speaker, "request <*> served", LogLevel::Info, 900, vec![20; 40]),
        cluster(speaker, line, LogLevel::Error, before, late),
    ];
    noticed(&mut data, "web", "error_ratio");
    data
}

#[test]
fn what_ran_out_is_named() {
    for (speaker, line, before, expected) in [
        ("shop", "query failed: FATAL: sorry, too many clients already", 0, Some("connections")),
        ("store", "OOM command not allowed when used memory > 'maxmemory'", 0, Some("memory")),
        ("store", "could not write block: No space left on device", 0, Some("disk space")),
        ("store", "accept: too many open files", 0, Some("file descriptors")),
        ("store", "pool-1 rejected: queue is full", 0, Some("room in a queue")),
        ("store", "java.lang.OutOfMemoryError: unable to create new native thread", 0, Some("threads")),
        ("store", "quota exceeded for project <*>", 0, Some("its quota")),
        // Said as often before; said by one that has nothing to do with it; and no word of it.
        ("store", "accept: too many open files", 1_600, None),
        ("other", "accept: too many open files", 0, None),
        ("store", "checksum of page <*> does not match", 0, None),
    ] {
        let data = failing_store(speaker, line, before);
        let analysis = analyze(&data);
        sound(&data, &analysis);
        let first = analysis.hypotheses.iter().find(|h| h.service == "store").expect("a hypothesis");
        match expected {
            Some(resource) => {
                assert_eq!(first.kind, CauseKind::Resource, "{line}: {}", first.statement);
                assert!(
                    first.statement.contains(&format!("runs out of {resource}: ")),
                    "{}",
                    first.statement
                );
                let cited = first.support.iter().any(|c| c.statement.contains("logs “"));
                assert!(cited, "{:?}", first.support);
            }
            None => assert_ne!(first.kind, CauseKind::Resource, "{line}: {}", first.statement),
        }
    }
}

#[test]
fn a_limit_that_is_reached_and_a_kill_are_signs_too() {
    let mut full = failing_store("store", "request <*> refused", 0);
    full.series.push(series(key("store", "connections"), "", 5.0, from(8, 20.0)));
    let mut most = series(key("store", "max_connections"), "", 100.0, calm);
    most.points.iter_mut().for_each(|p| p.1 = 100.0);
    full.series.push(most);
    let first = &analyze(&full).hypotheses[0];
    assert_eq!((first.service.as_str(), first.kind), ("store", CauseKind::Resource), "{}", first.statement);
    assert!(
        first.statement.contains("runs out of connections") && first.metric.as_deref() == Some("connections")
    );

    let mut killed = chain([1.5, 2.0, 6.0]);
    killed.events.push(ClusterEvent {
        time: START + 300.0,
        service: Some("store".to_owned()),
        instance: None,
        reason: "OOMKilling".to_owned(),
        message: "Memory cgroup out of memory".to_owned(),
        bad: true,
        line: 1,
        file: "events.jsonl".to_owned(),
    });
    let analysis = analyze(&killed);
    sound(&killed, &analysis);
    let first = &analysis.hypotheses[0];
    assert_eq!((first.service.as_str(), first.kind), ("store", CauseKind::Resource), "{}", first.statement);
    assert!(first.statement.contains("memory"), "{}", first.statement);
}
