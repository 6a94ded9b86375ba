//! A fixed analysis with hostile content, and how it is shown.

use super::course::{Plot, Plots};
use super::{Shown, analysis, stamp};
use crate::report::Look;
use crate::report::incident::samples::views;
use ecoops_core::domain::incident::*;
use unicode_width::UnicodeWidthStr;

/// 2026-03-02 10:00:00 UTC.
const START: f64 = 1_772_445_600.0;

fn citation(statement: &str, evidence: &[&str]) -> Citation {
    Citation { statement: statement.into(), evidence: evidence.iter().map(|e| (*e).into()).collect() }
}

fn hypothesis(service: &str, kind: CauseKind, confidence: f64) -> CauseHypothesis {
    CauseHypothesis {
        service: service.into(),
        kind,
        confidence,
        statement: format!(
            "{service} fails since its rollout: the new instances answer one request in three with an error, the old ones none"
        ),
        metric: Some("error_rate".into()),
        change_id: (kind == CauseKind::Change).then(|| "c3".into()),
        support: vec![
            citation(
                "error_rate rose from 0.2 to 31 in the minute in which the rollout reached the first instance",
                &["e1", "e3"],
            ),
            citation("a message that the reference never saw, on new instances only", &["e2"]),
        ],
        counter: vec![citation("the gateway's latency rose 40 s before", &["e4"])],
        missing: vec![citation("traces of failed requests: none were given", &[])],
    }
}

fn evidence(id: &str, kind: IncidentEvidenceKind, excerpt: &str, file: Option<&str>) -> IncidentEvidence {
    IncidentEvidence {
        id: id.into(),
        kind,
        service: Some("checkout".into()),
        excerpt: excerpt.into(),
        score: 0.83,
        file: file.map(Into::into),
        offset: file.map(|_| 123_456),
        hash: None,
    }
}

fn moment(seconds: f64, kind: MomentKind, service: &str, text: &str, evidence: Option<&str>) -> Moment {
    Moment {
        time: START + seconds,
        kind,
        service: Some(service.into()),
        text: text.into(),
        evidence: evidence.map(Into::into),
    }
}

/// Text that tries to drive a terminal, to look like another text, and never to end.
const HOSTILE: &str = "\x1b[2J\x1b]0;owned\x07 pay\u{202E}load 漢字\r\nnext \u{9b}31m";

fn sample() -> (IncidentBrief, IncidentAnalysis, Plots) {
    let window = TimeRange { start: START, end: START + 3600.0 };
    let brief = IncidentBrief {
        title: format!("Orders fail {HOSTILE}"),
        detected_at: START + 1800.0,
        window,
        service: Some("gateway".into()),
        metric: Some("error_rate".into()),
        baseline: None,
    };
    let anomaly = Anomaly {
        id: "a1".into(),
        service: "checkout".into(),
        metric: "error_rate".into(),
        instance: None,
        version: None,
        peer: None,
        kind: AnomalyKind::LevelShift,
        direction: Direction::Up,
        range: TimeRange { start: START + 1500.0, end: START + 3600.0 },
        score: 0.97,
        expected: (0.0, 0.4),
        observed: 31.0,
        bad: true,
        season: None,
        level: AnomalyLevel::Notice,
        evidence: "e1".into(),
    };
    let mut many: Vec<Moment> = (0..30)
        .map(|n| moment(2000.0 + f64::from(n), MomentKind::Log, "cart", "a new message", None))
        .collect();
    let mut timeline = vec![
        moment(1440.0, MomentKind::Change, "checkout", "checkout: deploy v41 → v42", Some("e3")),
        moment(
            1500.0,
            MomentKind::Anomaly,
            "checkout",
            "error_rate of checkout rose from 0.2 to 31",
            Some("e1"),
        ),
        moment(1502.0, MomentKind::Log, "checkout", HOSTILE, Some("e2")),
        moment(1800.0, MomentKind::Detected, "gateway", "noticed in gateway", None),
    ];
    timeline.append(&mut many);
    let analysis = IncidentAnalysis {
        verdict: IncidentVerdict::CauseFound,
        answer: "The rollout of checkout from v41 to v42 is to blame: its new instances answer one request in three with an error.".into(),
        hypotheses: vec![
            hypothesis("checkout", CauseKind::Change, 0.86),
            hypothesis("payments", CauseKind::Service, 0.07),
        ],
        anomalies: vec![anomaly],
        log_clusters: vec![LogCluster {
            id: "l1".into(),
            service: "checkout".into(),
            template: format!("charge <*> failed: {HOSTILE}"),
            level: Some(LogLevel::Error),
            count: 1234,
            baseline_count: 0,
            first_seen: Some(START + 1502.0),
            last_seen: Some(START + 3599.0),
            novelty: 1.0,
            instances: Vec::new(),
            buckets: Vec::new(),
            frames: vec![format!("com.shop.Rates.of {HOSTILE}")],
            exemplars: Vec::new(),
            traces: Vec::new(),
            variants: ["charge <*> failed", "charge <*> failed again"]
                .map(|text| LogVariant { template: text.into(), count: 617, baseline_count: 0 })
                .to_vec(),
            parameters: Vec::new(),
        }],
        views: {
            let mut all = views();
            all[0].service = format!("checkout-{HOSTILE}");
            all
        },
        blast_radius: BlastRadius {
            services: [("checkout", Impact::Failing), ("gateway", Impact::Suffering), ("web", Impact::Exposed)]
                .map(|(service, impact)| ImpactedService { service: service.into(), impact, distance: 0, evidence: Vec::new() })
                .into(),
            objectives: vec!["gateway availability".into()],
            learnt: true,
        },
        timeline,
        evidence: vec![
            evidence("e1", IncidentEvidenceKind::Metric, "error_rate: 0.2 (usual 0 to 0.4) → 31", None),
            evidence("e2", IncidentEvidenceKind::Log, &HOSTILE.repeat(9), Some("logs/checkout/0.log")),
            evidence("e3", IncidentEvidenceKind::Change, "deploy v41 → v42 by dana", Some("changes.jsonl")),
            evidence("e4", IncidentEvidenceKind::Metric, "latency_p99: 0.3 → 1.2", None),
            evidence("e5", IncidentEvidenceKind::Trace, "not cited", None),
            evidence("e6", IncidentEvidenceKind::Memory, "runbook \u{201c}Checkout errors\u{201d}: roll back first, then look for the broken flag", Some("runbook-0123")),
        ],
        notes: vec!["no logs of payments within the reference: what is new in theirs cannot be told".into(), format!("{}{HOSTILE}", "x".repeat(200))],
        problem: None,
    };
    let values = (0..48).map(|n| Some(if n < 20 { 0.2 } else { 31.0 })).collect();
    let plots = Plots([("a1".to_owned(), Plot { range: window, values })].into());
    (brief, analysis, plots)
}

fn shown(color: bool, width: usize) -> String {
    let (brief, whole, plots) = sample();
    let shown = Shown {
        brief: Some(&brief),
        analysis: &whole,
        plots: &plots,
        steps: &["Take back the rollout c3.".to_owned(), HOSTILE.to_owned()],
    };
    analysis(&shown, Look { color, width, suppressed: false })
}

#[test]
fn the_text_is_as_it_was() {
    insta::assert_snapshot!("text_80", shown(false, 80));
    insta::assert_snapshot!("text_160", shown(false, 160));
    insta::assert_snapshot!("text_color", shown(true, 80).replace('\x1b', "␛"));
}

#[test]
fn the_text_fits_and_cannot_drive_the_terminal() {
    for width in [40, 60, 80, 160] {
        let text = shown(false, width);
        for line in text.lines() {
            assert!(line.width() <= width, "{width}: {line}");
        }
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
        assert!(!text.contains(['\u{202E}', '\u{9b}']));
    }
    let colored = shown(true, 80);
    let plain = anstream::adapter::strip_str(&colored).to_string();
    assert_eq!(plain, shown(false, 80), "colour changes nothing else");
    assert!(!colored.contains("\x1b[2J") && !colored.contains("\x1b]"));
}

#[test]
fn an_empty_analysis_is_one_answer() {
    let whole = IncidentAnalysis {
        verdict: IncidentVerdict::NoCause,
        answer: "Nothing is out of the ordinary.".into(),
        hypotheses: Vec::new(),
        anomalies: Vec::new(),
        log_clusters: Vec::new(),
        views: Vec::new(),
        blast_radius: BlastRadius::default(),
        timeline: Vec::new(),
        evidence: Vec::new(),
        notes: Vec::new(),
        problem: None,
    };
    let shown = Shown { brief: None, analysis: &whole, plots: &Plots::default(), steps: &[] };
    let text = analysis(&shown, Look { color: false, width: 80, suppressed: false });
    assert_eq!(text, "NO CAUSE FOUND: Nothing is out of the ordinary.\n");
}

#[test]
fn odd_times_are_shown_as_they_are() {
    for (time, expected) in [
        (START, "2026-03-02 10:00:00"),
        (-1.0, "1969-12-31 23:59:59"),
        (f64::NAN, "NaN"),
        (f64::INFINITY, "inf"),
        (1e18, "1000000000000000000"),
    ] {
        assert_eq!(stamp(time), expected);
    }
}
