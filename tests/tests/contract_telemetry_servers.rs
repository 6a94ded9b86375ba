//! What every source of telemetry promises, on a real Prometheus and a real Alertmanager, and on replays of the
//! documented wire formats of Loki and Tempo, for which no packaged server exists.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::domain::incident::{LogLevel, Reporter, TimeRange};
use ecoops_core::ports::telemetry::{Readings, Scope, Telemetry, TelemetryError};
use ecoops_plugins::telemetry::alertmanager::Alertmanager;
use ecoops_plugins::telemetry::http::{Limits, Server};
use ecoops_plugins::telemetry::loki::{Loki, LokiSettings};
use ecoops_plugins::telemetry::prometheus::{Prometheus, PrometheusSettings};
use ecoops_plugins::telemetry::tempo::Tempo;
use ecoops_tests::http::{Replay, Request};
use ecoops_tests::servers::prometheus::{alertmanager, exporter, start as start_prometheus};
use ecoops_tests::servers::until;
use ecoops_tests::telemetry::{START, contract, now, read, scope, server};
use std::net::TcpListener;
use std::time::{Duration, Instant};

#[test]
fn a_real_prometheus_and_a_real_alertmanager() {
    let shop = exporter();
    let Some(am) = alertmanager(None) else { return };
    let began = now();
    let Some(prom) = start_prometheus(&shop.address().to_string(), &am.address(), None) else { return };
    let (prom_url, am_url) = (format!("http://{}", prom.address()), format!("http://{}", am.address()));

    let source = Prometheus::new(server(&prom_url), PrometheusSettings::default()).unwrap();
    let health = until("Prometheus answers", || source.health().ok());
    assert!(health.starts_with("Prometheus 2."), "{health}");
    let alerts = Alertmanager::new(server(&am_url)).unwrap();
    let health = until("Alertmanager answers", || alerts.health().ok());
    assert!(health.starts_with("Alertmanager 0."), "{health}");

    let has = |readings: &Readings, metric: &str| {
        readings.series.iter().any(|s| s.key.metric == metric && s.points.iter().any(|p| p.1 > 0.0))
    };
    let whole = || scope(began - 30.0, now() + 1.0);
    let readings = until("rates and quantiles", || {
        let (readings, _) = read(&source, &whole()).ok()?;
        let all = [
            "http_requests_total",
            "http_requests_error_ratio",
            "rpc_duration_seconds_p99",
            "shop_queue_length",
            "up",
        ];
        (all.iter().all(|metric| has(&readings, metric)) && !readings.events.is_empty()).then_some(readings)
    });
    let queue = readings.series.iter().find(|s| s.key.metric == "shop_queue_length").unwrap();
    assert_eq!((queue.key.service.as_str(), queue.key.version.as_deref()), ("shop", Some("v2")));
    assert!(queue.points.iter().all(|(_, value)| (7.0..10.0).contains(value)));
    let rate = readings.series.iter().find(|s| s.key.metric.starts_with("http_requests_total")).unwrap();
    assert_eq!(rate.unit.as_deref(), Some("per_second"));
    // A third of what is answered fails; a limit that never changes is kept, what else never changes is not.
    let ratio = readings.series.iter().find(|s| s.key.metric == "http_requests_error_ratio").unwrap();
    assert!(ratio.points.iter().any(|(_, value)| (value - 1.0 / 3.0).abs() < 0.05), "{:?}", ratio.points);
    let metrics: Vec<&str> = readings.series.iter().map(|s| s.key.metric.as_str()).collect();
    assert!(metrics.contains(&"shop_connections_max") && !metrics.contains(&"shop_constant"), "{metrics:?}");
    // What a client measures is a call, of whom it names.
    let call = readings.series.iter().find(|s| s.key.peer.is_some()).unwrap();
    assert_eq!(
        (call.key.service.as_str(), call.key.peer.as_deref(), call.key.reporter),
        ("pay", Some("shop"), Reporter::Caller)
    );
    assert_eq!(readings.topology.len(), 1);
    assert_eq!(readings.events[0].reason, "QueueFull");
    contract(&source, &whole());

    // Configured queries come first, a bad one is a note, and bounds hold.
    let settings = PrometheusSettings {
        queries: vec![
            ("errors".into(), "rate(http_requests_total{code=\"500\"}[10s])".into()),
            ("broken".into(), "rate(".into()),
        ],
        metrics: 1,
        ..PrometheusSettings::default()
    };
    let narrow = Prometheus::new(server(&prom_url), settings).unwrap();
    let (readings, _) = read(&narrow, &whole()).unwrap();
    assert!(
        has(&readings, "errors{code=\"500\"}"),
        "{:?}",
        readings.series.iter().map(|s| &s.key).collect::<Vec<_>>()
    );
    assert!(readings.notes.iter().any(|n| n.contains("are not asked for")), "{:?}", readings.notes);
    assert!(readings.notes.iter().any(|n| n.contains("a query failed")), "{:?}", readings.notes);

    let readings = until("the alert arrives", || {
        read(&alerts, &whole()).ok().map(|(r, _)| r).filter(|r| !r.events.is_empty())
    });
    let alert = &readings.events[0];
    assert_eq!(
        (alert.reason.as_str(), alert.message.as_str(), alert.bad),
        ("QueueFull", "the queue is full", true)
    );
    assert_eq!(alert.service.as_deref(), Some("shop"));
    contract(&alerts, &whole());
    assert!(read(&alerts, &scope(0.0, 1000.0)).unwrap().0.events.is_empty());

    // Cut off in the middle: an error that says so, in time.
    drop(prom);
    let error = read(&source, &whole()).unwrap_err();
    assert!(matches!(error, TelemetryError::Unreachable(..)), "{error}");
}

// Replays of documented wire formats.

/// Loki's labels and query_range, paged by time.
fn loki(lines: usize) -> Replay {
    Replay::start(move |request: &Request| match request.path.as_str() {
        "/loki/api/v1/status/buildinfo" => (200, r#"{"version":"3.0.0"}"#.into()),
        "/loki/api/v1/labels" => (200, r#"{"status":"success","data":["app","pod","stream"]}"#.into()),
        "/loki/api/v1/query_range" => {
            assert_eq!(
                (request.parameter("query"), request.parameter("direction")),
                ("{app=~\".+\"}", "forward")
            );
            let (start, end): (i64, i64) =
                (request.parameter("start").parse().unwrap(), request.parameter("end").parse().unwrap());
            let limit: usize = request.parameter("limit").parse().unwrap();
            // Three lines a millisecond, so that pages end between lines of one instant.
            let line = |n: usize| (START as i64 * 1_000_000_000 + (n as i64 / 3) * 1_000_000, n);
            let page: Vec<String> = (0..lines)
                .map(line)
                .filter(|(ts, _)| start <= *ts && *ts < end)
                .take(limit)
                .map(|(ts, n)| {
                    format!(r#"["{ts}","ERROR line {n} trace_id=463ac35c9f6413ad48485a3953bb6124"]"#)
                })
                .collect();
            (
                200,
                format!(
                    r#"{{"status":"success","data":{{"resultType":"streams","result":[{{"stream":{{"app":"cart","pod":"cart-1"}},"values":[{}]}}]}}}}"#,
                    page.join(",")
                ),
            )
        }
        _ => (404, "no such page".into()),
    })
}

#[test]
fn loki_by_its_documented_format() {
    let replay = loki(12_001);
    let source = Loki::new(server(&replay.url()), LokiSettings::default()).unwrap();
    contract(&source, &scope(START, START + 60.0));
    let (readings, lines) = read(&source, &scope(START, START + 60.0)).unwrap();
    assert_eq!(lines.len(), 12_001);
    assert_eq!(readings.notes, Vec::<String>::new());
    let (service, instance, time, level, message, trace) = &lines[12_000];
    assert_eq!(
        (service.as_str(), instance.as_deref(), *level),
        ("cart", Some("cart-1"), Some(LogLevel::Error))
    );
    assert_eq!((message.starts_with("line 12000"), trace.is_some(), *time), (true, true, Some(START + 4.0)));
    let bounded =
        Loki::new(server(&replay.url()), LokiSettings { lines: 100, ..LokiSettings::default() }).unwrap();
    let (readings, lines) = read(&bounded, &scope(START, START + 60.0)).unwrap();
    assert_eq!((lines.len(), readings.notes.len()), (100, 1));
}

#[test]
fn tempo_by_its_documented_format() {
    let replay = Replay::start(|request: &Request| {
        match request.path.as_str() {
        "/api/status/buildinfo" => (200, r#"{"version":"2.4.0"}"#.into()),
        "/api/search" if request.parameter("q") == "{ status = error }" => (200, r#"{"traces":[{"traceID":"aa11"}],"metrics":{}}"#.into()),
        "/api/search" => (200, r#"{"traces":[{"traceID":"aa11"},{"traceID":"bb22"}]}"#.into()),
        "/api/traces/aa11" => (200, r#"{"batches":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}}]},"scopeSpans":[{"spans":[{"traceId":"AAAAAAAAAAAAAAAAAAAAEQ==","spanId":"AAAAAAAAABE=","name":"GET","startTimeUnixNano":"1709633760000000000","endTimeUnixNano":"1709633761000000000","status":{"code":"STATUS_CODE_ERROR"}}]}]}]}"#.into()),
        _ => (404, "trace not found".into()),
    }
    });
    let source = Tempo::new(server(&replay.url()), 10).unwrap();
    contract(&source, &scope(START, START + 1800.0));
    let (readings, _) = read(&source, &scope(START, START + 1800.0)).unwrap();
    assert_eq!(readings.spans.len(), 1);
    let span = &readings.spans[0];
    assert_eq!(
        (span.trace.as_str(), span.span.as_str(), span.error),
        ("00000000000000000000000000000011", "0000000000000011", true)
    );
    assert_eq!(span.duration, 1.0);
    assert!(readings.notes.iter().any(|n| n.contains("could not be read")), "{:?}", readings.notes);
}

#[test]
fn servers_that_misbehave() {
    let within = scope(START, START + 60.0);
    let alerts = |replay: &Replay| Alertmanager::new(server(&replay.url())).unwrap();
    let count = std::sync::atomic::AtomicU64::new(0);
    let flaky = Replay::start(move |_| match count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => (503, "not yet".into()),
        1 => (429, "slowly".into()),
        _ => (200, "[]".into()),
    });
    assert!(read(&alerts(&flaky), &within).is_ok());
    assert_eq!(flaky.requests().len(), 3);
    for (status, body, why) in [
        (500, "broken", "answers 500: broken"),
        (401, "", "refuses (401)"),
        (404, "not here", "answers 404: not here"),
        (200, "<html>hello", "is not JSON"),
        (200, "{}", "no list of alerts"),
    ] {
        let replay = Replay::start(move |_| (status, body.into()));
        let error = read(&alerts(&replay), &within).unwrap_err().to_string();
        assert!(error.contains(why), "{status}: {error}");
    }
    let large = Replay::start(|_| (200, format!("[\"{}\"]", "x".repeat(2 << 20))));
    let error = read(&alerts(&large), &within).unwrap_err().to_string();
    assert!(error.contains("larger than 1 MiB"), "{error}");

    // A token is sent, a tenant named, and neither shown.
    let guarded = Replay::start(|request| {
        let right = request.header("authorization") == "Bearer secret-token"
            && request.header("x-scope-orgid") == "shop";
        (if right { 200 } else { 401 }, "[]".into())
    });
    let mut known = server(&guarded.url());
    known.token = Some("secret-token".into());
    known.tenant = Some("shop".into());
    assert!(!format!("{known:?}").contains("secret"));
    let source = Alertmanager::new(known).unwrap();
    assert!(read(&source, &within).is_ok() && !source.name().contains("secret"));

    // One that never answers costs no more than its deadline.
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut slow = server(&format!("http://{}", deaf.local_addr().unwrap()));
    slow.limits =
        Limits { request: Duration::from_millis(300), reading: Duration::from_millis(900), ..slow.limits };
    let began = Instant::now();
    let error = read(&Alertmanager::new(slow).unwrap(), &within).unwrap_err();
    assert!(
        matches!(error, TelemetryError::Unreachable(..)) && began.elapsed() < Duration::from_secs(3),
        "{error}"
    );
}
