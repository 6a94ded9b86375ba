//! What every store of incidents promises.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::domain::ContentHash;
use ecoops_core::domain::incident::{
    BlastRadius, CallEdge, CauseHypothesis, CauseKind, ChangeKind, ChangeRecord, Citation, ClusterEvent,
    EdgeSource, IncidentAnalysis, IncidentBrief, IncidentEvidence, IncidentEvidenceKind, IncidentVerdict,
    LogLevel, LogLine, Reporter, Series, SeriesKey, SpanRecord, TimeRange,
};
use ecoops_core::ports::incidents::{IncidentStatus, Incidents, IncidentsError, Ingested, SignalRetention};
use ecoops_core::ports::telemetry::Readings;
use ecoops_plugins::incidents::embedded::{EmbeddedIncidents, IngestBounds};
use ecoops_plugins::incidents::postgres::PgIncidents;
use std::path::Path;

const FIRST: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
const SECOND: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAW";

fn brief(title: &str) -> IncidentBrief {
    IncidentBrief {
        title: title.into(),
        detected_at: 150.5,
        window: TimeRange { start: 100.0, end: 200.0 },
        service: Some("web".into()),
        metric: None,
        baseline: None,
    }
}

fn readings() -> Readings {
    let key = SeriesKey {
        service: "cart".into(),
        metric: "latency".into(),
        instance: Some("cart-1".into()),
        version: Some("v2".into()),
        peer: Some("web".into()),
        reporter: Reporter::Caller,
    };
    let series = Series { key, unit: Some("seconds".into()), points: vec![(100.0, 0.1), (110.0, f64::NAN)] };
    let span = SpanRecord {
        trace: "t1".into(),
        span: "s1".into(),
        parent: None,
        service: "cart".into(),
        instance: None,
        operation: "GET /".into(),
        start: 101.0,
        duration: 0.5,
        error: true,
    };
    let event = ClusterEvent {
        time: 102.0,
        service: Some("cart".into()),
        instance: None,
        reason: "OOMKilled".into(),
        message: "m".into(),
        bad: true,
        line: 3,
        file: "events.jsonl".into(),
    };
    let change = ChangeRecord {
        id: "c1".into(),
        time: 99.0,
        kind: ChangeKind::Flag,
        service: "cart".into(),
        from: None,
        to: Some("on".into()),
        instances: vec!["cart-1".into()],
        author: None,
        reference: Some("abc".into()),
    };
    let edge = CallEdge { caller: "web".into(), callee: "cart".into(), source: EdgeSource::Given };
    Readings {
        series: vec![series],
        spans: vec![span],
        events: vec![event],
        topology: vec![edge],
        changes: vec![change],
        notes: vec!["metrics.csv: odd".into()],
    }
}

fn line<'a>(offset: u64, raw: &'a str, level: LogLevel, frames: &'a [String]) -> LogLine<'a> {
    LogLine {
        service: "cart",
        instance: Some("cart-1"),
        time: Some(100.0 + offset as f64),
        level: Some(level),
        message: raw,
        error: frames.first().map(|_| "E: x"),
        frames,
        trace: Some("t1"),
        file: "logs/cart.cart-1.log",
        offset,
        raw: raw.as_bytes(),
    }
}

fn ingest(store: &dyn Incidents, id: &str) -> Ingested {
    let frames = vec!["a.b".to_owned(), "c.d".to_owned()];
    let mut ingestion = store.ingest(id).unwrap();
    ingestion.line(&line(0, "first", LogLevel::Info, &[])).unwrap();
    ingestion.line(&line(6, "second, with ü", LogLevel::Error, &frames)).unwrap();
    ingestion.readings(&readings()).unwrap();
    ingestion.finish().unwrap()
}

fn analysis(hash: &ContentHash) -> IncidentAnalysis {
    let citation = Citation { statement: "it fails".into(), evidence: vec!["e1".into()] };
    let evidence = IncidentEvidence {
        id: "e1".into(),
        kind: IncidentEvidenceKind::Log,
        service: Some("cart".into()),
        excerpt: "second".into(),
        score: 0.75,
        file: Some("logs/cart.cart-1.log".into()),
        offset: Some(6),
        hash: Some(hash.as_str().into()),
    };
    let hypothesis = CauseHypothesis {
        service: "cart".into(),
        kind: CauseKind::Service,
        confidence: 0.5,
        statement: "cart fails".into(),
        metric: None,
        change_id: None,
        support: vec![citation],
        counter: vec![],
        missing: vec![],
    };
    IncidentAnalysis {
        verdict: IncidentVerdict::CauseFound,
        answer: "cart".into(),
        hypotheses: vec![hypothesis],
        anomalies: vec![],
        log_clusters: vec![],
        views: vec![],
        blast_radius: BlastRadius::default(),
        timeline: vec![],
        evidence: vec![evidence],
        notes: vec![],
        problem: None,
    }
}

fn suite(make: impl Fn(&Path) -> Box<dyn Incidents>) {
    let folder = tempfile::tempdir().unwrap();
    let store = make(folder.path());
    assert!(matches!(store.incident(FIRST), Err(IncidentsError::Unknown(_))));
    let opened = store.open(FIRST, &brief("One"), Some("sev2"), 160.0).unwrap();
    assert_eq!((opened.status, opened.signals, opened.opened_at), (IncidentStatus::Open, 0, 160.0));
    assert!(store.open(FIRST, &brief("Again"), None, 1.0).is_err());
    store.open(SECOND, &brief("Two"), None, 161.0).unwrap();

    // By a beginning that only one has.
    assert_eq!(store.incident(&FIRST.to_lowercase()).unwrap(), opened);
    assert!(matches!(store.incident("01ARZ"), Err(IncidentsError::Ambiguous(..))));
    for unknown in ["01", "", "%", "_1ARZ3NDEKTSV4RRFFQ69G5FAV", "nobody"] {
        assert!(matches!(store.incident(unknown), Err(IncidentsError::Unknown(_))), "{unknown}");
    }
    let titles = |status| -> Vec<String> {
        store.list(status, 9).unwrap().into_iter().map(|entry| entry.brief.title).collect()
    };
    assert_eq!(titles(None), ["Two", "One"]);

    // Signals are kept once, come back as they were, and only when the ingestion was finished.
    let mut abandoned = store.ingest(FIRST).unwrap();
    abandoned.line(&line(0, "lost", LogLevel::Info, &[])).unwrap();
    drop(abandoned);
    assert_eq!(store.incident(FIRST).unwrap().signals, 0);
    let once = ingest(&*store, FIRST);
    assert_eq!((once.lines, once.points, once.spans, once.events, once.changes), (2, 2, 1, 1, 1));
    assert_eq!((once.known, once.shed), (0, 0));
    let twice = ingest(&*store, FIRST);
    assert_eq!((twice.known, twice.lines), (7, 0));
    assert_eq!(store.incident(FIRST).unwrap().signals, 7);
    let second = make(folder.path());
    for store in [&store, &second] {
        let mut lines = Vec::new();
        let found = store
            .readings(FIRST, &mut |line| {
                let raw = String::from_utf8_lossy(line.raw).into_owned();
                lines.push((line.offset, raw, line.level, line.frames.len(), line.error.map(str::to_owned)));
            })
            .unwrap();
        assert_eq!(format!("{found:?}"), format!("{:?}", readings()));
        assert_eq!(
            lines,
            [
                (0, "first".into(), Some(LogLevel::Info), 0, None),
                (6, "second, with ü".into(), Some(LogLevel::Error), 2, Some("E: x".into())),
            ]
        );
    }
    assert_eq!(store.extent(FIRST).unwrap(), Some(TimeRange { start: 99.0, end: 110.0 }));
    assert_eq!(store.extent(SECOND).unwrap(), None);

    // Evidence cites a line that is still what it was.
    let hash = ContentHash::of("second, with ü".as_bytes());
    assert_eq!(store.conclusion(FIRST).unwrap(), None);
    for _ in 0..2 {
        store.conclude(FIRST, &analysis(&hash), 170.0).unwrap();
    }
    let rows = store.evidence(FIRST).unwrap();
    assert_eq!((rows.len(), rows[0].offset, rows[0].created_at), (1, Some(6), 170.0));
    assert_eq!(store.conclusion(FIRST).unwrap().unwrap()["answer"], "cart");
    assert_eq!(store.incident(FIRST).unwrap().confidence, Some(0.5));
    let file = "logs/cart.cart-1.log";
    assert_eq!(store.raw_line(FIRST, file, 6, &hash).unwrap(), "second, with ü".as_bytes());
    assert!(matches!(store.raw_line(FIRST, file, 0, &hash), Err(IncidentsError::Altered(_))));
    for (file, offset) in [(file, 3), (file, u64::MAX), ("other", 6)] {
        assert!(matches!(store.raw_line(FIRST, file, offset, &hash), Err(IncidentsError::Missing(_))));
    }

    // One ingests at a time; a closed incident takes nothing in.
    let held = store.ingest(SECOND).unwrap();
    assert!(matches!(second.ingest(FIRST), Err(IncidentsError::Busy)));
    drop(held);
    store.amend(FIRST, &brief("Renamed")).unwrap();
    let closed = store.close(FIRST, Some("rolled back"), 1000.0).unwrap();
    assert_eq!((closed.status, closed.closed_at), (IncidentStatus::Closed, Some(1000.0)));
    assert!(matches!(store.close(FIRST, None, 1001.0), Err(IncidentsError::Closed(_))));
    assert!(matches!(store.ingest(FIRST), Err(IncidentsError::Closed(_))));
    assert_eq!(titles(Some(IncidentStatus::Closed)), ["Renamed"]);

    // Retention takes signals of closed incidents, and leaves what was concluded.
    ingest(&*store, SECOND);
    let retention = SignalRetention { days: 1, bytes: u64::MAX };
    assert_eq!(store.prune(retention, 1000.0 + 86_000.0).unwrap().incidents, 0);
    assert_eq!(store.prune(retention, 1000.0 + 87_000.0).unwrap().signals, 7);
    assert!(matches!(store.raw_line(FIRST, file, 6, &hash), Err(IncidentsError::Missing(_))));
    assert_eq!(store.evidence(FIRST).unwrap().len(), 1);
    let none = SignalRetention { days: 0, bytes: 0 };
    assert_eq!(store.prune(none, 1e9).unwrap().incidents, 0);
    assert_eq!(store.incident(SECOND).unwrap().signals, 7);
}

#[test]
fn embedded() {
    suite(|folder| Box::new(EmbeddedIncidents::open(folder, IngestBounds::default()).unwrap()));
}

/// Heads and conclusions on a server, signals in the folder; a memory of another machine has another folder.
#[test]
fn postgres() {
    let Some(server) = ecoops_tests::servers::postgres::prepared() else { return };
    let settings = server.org("acme");
    let open = |folder: &Path| {
        let local = EmbeddedIncidents::open(folder, IngestBounds::default()).unwrap();
        PgIncidents::new(settings.clone(), local)
    };
    suite(|folder| Box::new(open(folder)));

    let elsewhere = tempfile::tempdir().unwrap();
    let other = open(elsewhere.path());
    let seen = other.incident(FIRST).unwrap();
    assert_eq!((seen.brief.title.as_str(), seen.confidence, seen.signals), ("Renamed", Some(0.5), 0));
    assert_eq!(other.evidence(FIRST).unwrap().len(), 1);
    assert_eq!(other.conclusion(FIRST).unwrap().unwrap()["answer"], "cart");
    assert!(matches!(other.ingest(FIRST), Err(IncidentsError::Closed(_))));
    assert_eq!(ingest(&other, SECOND).lines, 2, "what another machine opened takes signals in here");
    let hash = ContentHash::of(b"x");
    let odd = tempfile::tempdir().unwrap();
    let mut nul = brief("nul \0");
    nul.service = Some("\0".into());
    let third = "01ARZ3NDEKTSV4RRFFQ69G5FAX";
    let store = open(odd.path());
    store.open(third, &nul, Some("\0"), 1.0).unwrap();
    let mut conclusion = analysis(&hash);
    conclusion.answer = "\0".into();
    store.conclude(third, &conclusion, 2.0).unwrap();
    let kept = store.incident(third).unwrap();
    assert_eq!((kept.brief, kept.severity.as_deref()), (nul, Some("\0")));
    assert_eq!(store.conclusion(third).unwrap().unwrap()["answer"], "\0");

    let stranger = PgIncidents::new(
        server.org("other"),
        EmbeddedIncidents::open(elsewhere.path(), IngestBounds::default()).unwrap(),
    );
    assert!(matches!(stranger.incident(FIRST), Err(IncidentsError::Unknown(_))));
    assert_eq!(stranger.list(None, 9).unwrap(), []);
}

#[test]
fn a_backlog_is_sampled_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let bounds = IngestBounds { lines: 100, points: 10, spans: 10, raw: 2000 };
    let store = EmbeddedIncidents::open(folder.path(), bounds).unwrap();
    store.open(FIRST, &brief("One"), None, 1.0).unwrap();
    let mut ingestion = store.ingest(FIRST).unwrap();
    for offset in 0..10_000 {
        let level = if offset % 100 == 0 { LogLevel::Error } else { LogLevel::Info };
        ingestion.line(&line(offset, &format!("line {offset}"), level, &[])).unwrap();
    }
    let mut many = readings();
    many.series[0].points = (0..1000).map(|at| (f64::from(at), 1.0)).collect();
    ingestion.readings(&many).unwrap();
    let done = ingestion.finish().unwrap();
    assert!(done.lines > 130 && done.lines < 200 && done.points <= 10, "{done:?}");
    assert_eq!(done.shed, 10_000 - done.lines + 1000 - done.points);
    let found = store.readings(FIRST, &mut |_| {}).unwrap();
    assert!(found.notes.iter().any(|n| n.contains("were shed")), "{:?}", found.notes);
    assert!(found.notes.iter().any(|n| n.contains("more than 10 points")), "{:?}", found.notes);
}

#[test]
fn a_store_that_cannot_be_used_says_why() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("incidents.sqlite"),
        "not a database, but long enough to be read as one",
    )
    .unwrap();
    let error = EmbeddedIncidents::open(folder.path(), IngestBounds::default()).unwrap_err();
    assert!(error.to_string().contains("cannot be used"), "{error}");
}
