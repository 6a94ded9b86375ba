//! Analyses made by hand, one of them hostile, and one of a size that real incidents have.

use ecoops_core::domain::ContentHash;
use ecoops_core::domain::incident::*;

const START: f64 = 1_780_000_200.0;

fn cite(statement: &str, evidence: &[&str]) -> Citation {
    Citation { statement: statement.into(), evidence: evidence.iter().map(|e| (*e).into()).collect() }
}

fn series(
    service: &str,
    metric: &str,
    instance: Option<&str>,
    unit: &str,
    value: fn(usize) -> f64,
) -> Series {
    let key = SeriesKey {
        service: service.into(),
        metric: metric.into(),
        instance: instance.map(Into::into),
        ..SeriesKey::default()
    };
    let points = (0..180).map(|n| (START - 900.0 + n as f64 * 15.0, value(n))).collect();
    Series { key, unit: Some(unit.into()), points }
}

fn exemplar(file: &str, text: &str) -> Exemplar {
    Exemplar {
        file: file.into(),
        offset: 4711,
        hash: ContentHash::of(text.as_bytes()),
        time: Some(START + 700.0),
        text: text.into(),
    }
}

/// One service that fails and one that is well.
pub fn views() -> Vec<ServiceView> {
    let cell = |metric: &str, unit: &str, usual: f64, now: f64, level: AnomalyLevel| {
        Some(ViewCell {
            metric: metric.into(),
            peer: None,
            unit: Some(unit.into()),
            series: 2,
            usual: Some(usual),
            now: Some(now),
            strangeness: if level == AnomalyLevel::None { 0.0 } else { 0.9 },
            level,
            kind: None,
            evidence: (level != AnomalyLevel::None).then(|| "e1".into()),
        })
    };
    let pay = ServiceView {
        service: "pay".into(),
        red: RedView {
            rate: cell("requests", "requests_per_second", 120.0, 118.0, AnomalyLevel::None),
            errors: cell("error_ratio", "ratio", 0.001, 0.3, AnomalyLevel::Page),
            duration: cell("latency_p95", "seconds", 0.2, 0.9, AnomalyLevel::Notice),
        },
        resources: UseView {
            utilisation: cell("cpu_usage", "percent", 20.0, 25.0, AnomalyLevel::None),
            ..UseView::default()
        },
    };
    let calm = ServiceView { service: "cart".into(), ..ServiceView::default() };
    vec![pay, calm]
}

pub fn data() -> IncidentData {
    let edge = |caller: &str, callee: &str| CallEdge {
        caller: caller.into(),
        callee: callee.into(),
        source: EdgeSource::Given,
    };
    let change = |id: &str, after: f64, service: &str| ChangeRecord {
        id: id.into(),
        time: START + after,
        kind: ChangeKind::Deploy,
        service: service.into(),
        from: Some("v1".into()),
        to: Some("v2".into()),
        instances: vec![format!("{service}-b"), format!("{service}-c")],
        author: Some("ines".into()),
        reference: None,
    };
    IncidentData {
        brief: IncidentBrief {
            title: "Checkout fails".into(),
            detected_at: START + 900.0,
            window: TimeRange { start: START, end: START + 1800.0 },
            service: Some("front".into()),
            metric: Some("error_ratio".into()),
            baseline: Some(TimeRange { start: START - 900.0, end: START }),
        },
        series: vec![
            series("pay", "error_ratio", Some("pay-b"), "ratio", |n| if n > 100 { 0.3 } else { 0.001 }),
            series("pay", "error_ratio", Some("pay-a"), "ratio", |_| 0.001),
            series("front", "latency_p95", None, "seconds", |n| 0.1 + n as f64 / 1000.0),
        ],
        logs: vec![],
        spans: vec![],
        events: vec![],
        topology: vec![edge("front", "cart"), edge("front", "pay"), edge("cart", "db"), edge("pay", "db")],
        changes: vec![change("chg-1", 550.0, "pay"), change("chg-2", 600.0, "cart")],
        notes: vec!["2 lines of metrics.csv were ignored".into()],
    }
}

pub fn analysis() -> IncidentAnalysis {
    let anomaly = |n: usize, service: &str, metric: &str, instance: Option<&str>| Anomaly {
        id: format!("a{n}"),
        service: service.into(),
        metric: metric.into(),
        instance: instance.map(Into::into),
        version: None,
        peer: None,
        kind: AnomalyKind::LevelShift,
        direction: Direction::Up,
        range: TimeRange { start: START + 615.0, end: START + 1800.0 },
        score: 0.9,
        expected: (0.0, 0.004),
        observed: 0.3,
        bad: true,
        season: None,
        level: AnomalyLevel::Notice,
        evidence: format!("e{n}"),
    };
    let evidence = |n: usize, kind, file: Option<&str>| IncidentEvidence {
        id: format!("e{n}"),
        kind,
        service: Some("pay".into()),
        excerpt: "error_ratio of pay-b rose from 0.1% to 30%".into(),
        score: 0.9,
        file: file.map(Into::into),
        offset: file.map(|_| 4711),
        hash: file.map(|_| ContentHash::of(b"line").to_string()),
    };
    let hypothesis = |service: &str, change: Option<&str>, confidence| CauseHypothesis {
        service: service.into(),
        kind: if change.is_some() { CauseKind::Change } else { CauseKind::Service },
        confidence,
        statement: format!("{service} fails since its rollout"),
        metric: Some("error_ratio".into()),
        change_id: change.map(Into::into),
        support: vec![cite("New instances fail, old ones do not", &["e1", "e3"])],
        counter: vec![cite("cart rolled out at about the same time", &["e2"])],
        missing: vec![cite("Traces of failing requests", &[])],
    };
    let moment = |after: f64, kind, text: &str, evidence: Option<&str>| Moment {
        time: START + after,
        kind,
        service: Some("pay".into()),
        text: text.into(),
        evidence: evidence.map(Into::into),
    };
    IncidentAnalysis {
        verdict: IncidentVerdict::CauseFound,
        answer: "The rollout chg-1 of pay makes a third of its requests fail.".into(),
        hypotheses: vec![hypothesis("pay", Some("chg-1"), 0.92), hypothesis("cart", None, 0.05)],
        anomalies: vec![
            anomaly(1, "pay", "error_ratio", Some("pay-b")),
            anomaly(2, "front", "latency_p95", None),
            anomaly(9, "gone", "unknown", None),
        ],
        log_clusters: vec![LogCluster {
            id: "l1".into(),
            service: "pay".into(),
            template: "charge <*> failed: rate is null".into(),
            level: Some(LogLevel::Error),
            count: 1234,
            baseline_count: 0,
            first_seen: Some(START + 616.0),
            last_seen: Some(START + 1799.0),
            novelty: 1.0,
            instances: vec![("pay-a".into(), 0, 0), ("pay-b".into(), 1234, 0)],
            buckets: (0..30).map(|n| if n > 9 { n * 3 } else { 0 }).collect(),
            frames: vec!["com.shop.Rates.of(Rates.java:88)".into()],
            exemplars: vec![exemplar("logs/pay.pay-b.log", "ERROR charge 17 failed: rate is null")],
            traces: vec!["4bf92f3577b34da6a3ce929d0e0e4736".into()],
            variants: vec![
                LogVariant {
                    template: "charge <*> failed: rate is null".into(),
                    count: 1200,
                    baseline_count: 0,
                },
                LogVariant {
                    template: "charge <*> failed again: rate is null".into(),
                    count: 34,
                    baseline_count: 0,
                },
            ],
            parameters: vec![LogParameter {
                place: 0,
                distinct: 900,
                top: vec![("17".into(), 5), ("18".into(), 4)],
                range: None,
            }],
        }],
        views: views(),
        blast_radius: BlastRadius {
            services: vec![
                ImpactedService {
                    service: "pay".into(),
                    impact: Impact::Failing,
                    distance: 0,
                    evidence: vec!["e1".into()],
                },
                ImpactedService {
                    service: "front".into(),
                    impact: Impact::Suffering,
                    distance: 1,
                    evidence: vec![],
                },
            ],
            objectives: vec!["front error_ratio".into()],
            learnt: false,
        },
        timeline: vec![
            moment(550.0, MomentKind::Change, "pay: v1 to v2", Some("e3")),
            moment(615.0, MomentKind::Anomaly, "error_ratio of pay-b rose", Some("e1")),
            moment(900.0, MomentKind::Detected, "noticed", None),
        ],
        evidence: vec![
            evidence(1, IncidentEvidenceKind::Metric, None),
            evidence(2, IncidentEvidenceKind::Change, Some("changes.jsonl")),
            evidence(3, IncidentEvidenceKind::Log, Some("logs/pay.pay-b.log")),
        ],
        notes: vec!["No traces were given.".into()],
        problem: None,
    }
}

/// What a log might hold to break out of a page: markup, ends of elements and attributes, addresses that
/// would be fetched, terminal controls, text that runs backwards, a secret.
pub const HOSTILE: &str = "\"'><script>alert(1)</script><img src=//evil.example/x onerror=x>](https://evil.example)|`**\
    \u{1b}]0;own\u{7}\u{202e}gnp.exe </title></style>--><!-- &#60;b&#62; ${jndi} @everyone \u{0}\r\n# heading hunter2secret";

/// Both with hostile words in every place that takes words.
pub fn hostile() -> (IncidentAnalysis, IncidentData) {
    let (mut a, mut d) = (analysis(), data());
    let bad = || HOSTILE.to_owned();
    d.brief.title = bad();
    d.brief.service = Some(bad());
    d.brief.metric = Some(bad());
    for s in &mut d.series {
        s.key.service.push_str(HOSTILE);
        s.key.metric.push_str(HOSTILE);
        s.key.instance = s.key.instance.take().map(|i| i + HOSTILE);
        s.unit = Some(bad());
        s.points.extend([(f64::NAN, 1.0), (f64::INFINITY, 2.0), (START, f64::NAN), (START + 5.0, 1e308)]);
    }
    for e in &mut d.topology {
        e.caller.push_str(HOSTILE);
        e.callee.push_str(HOSTILE);
    }
    for c in &mut d.changes {
        (c.id, c.service, c.from, c.to) = (bad(), c.service.clone() + HOSTILE, Some(bad()), Some(bad()));
    }
    d.notes = vec![bad()];
    a.answer = bad();
    for h in &mut a.hypotheses {
        (h.service, h.statement, h.confidence) = (bad(), bad(), f64::NAN);
        (h.metric, h.change_id) = (Some(bad()), Some(bad()));
        let citation = Citation { statement: bad(), evidence: vec![bad()] };
        (h.support, h.counter, h.missing) = (vec![citation.clone()], vec![citation.clone()], vec![citation]);
    }
    for x in &mut a.anomalies {
        x.service.push_str(HOSTILE);
        x.metric.push_str(HOSTILE);
        x.instance = x.instance.take().map(|i| i + HOSTILE);
        (x.id, x.evidence, x.score, x.observed) = (x.id.clone() + HOSTILE, bad(), f64::NAN, f64::INFINITY);
    }
    for c in &mut a.log_clusters {
        (c.id, c.service, c.template) = (bad(), bad(), bad());
        (c.frames, c.traces, c.novelty) = (vec![bad()], vec![bad()], f64::NAN);
        c.variants.iter_mut().for_each(|v| v.template = bad());
        c.parameters.iter_mut().for_each(|p| p.top = vec![(bad(), 1)]);
        c.exemplars = vec![exemplar(HOSTILE, HOSTILE), exemplar("x", &HOSTILE.repeat(10_000))];
    }
    for s in &mut a.blast_radius.services {
        (s.service, s.evidence) = (s.service.clone() + HOSTILE, vec![bad()]);
    }
    for view in &mut a.views {
        view.service = bad();
        for cell in [&mut view.red.rate, &mut view.red.errors, &mut view.resources.utilisation] {
            cell.iter_mut().for_each(|c| {
                (c.metric, c.unit, c.peer, c.now) = (bad(), Some(bad()), Some(bad()), Some(f64::NAN));
                c.evidence = Some(bad());
            });
        }
    }
    a.blast_radius.objectives = vec![bad()];
    for m in &mut a.timeline {
        (m.service, m.text, m.evidence, m.time) = (Some(bad()), bad(), Some(bad()), f64::NAN);
    }
    for e in &mut a.evidence {
        (e.excerpt, e.service, e.file, e.hash) = (bad(), Some(bad()), Some(bad()), Some(bad()));
        e.id.push_str(HOSTILE);
    }
    a.notes = vec![bad()];
    (a, d)
}
