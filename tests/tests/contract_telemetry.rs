//! What every source of telemetry promises: on bundles, on a real Prometheus and a real Alertmanager, and on
//! replays of the documented wire formats of Loki and Tempo, for which no packaged server exists.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::domain::incident::{IncidentBrief, LogLevel, Reporter, TimeRange};
use ecoops_core::ports::telemetry::{Readings, Scope, Telemetry, TelemetryError};
use ecoops_plugins::telemetry::alertmanager::Alertmanager;
use ecoops_plugins::telemetry::files::{BundleBounds, FileBundle};
use ecoops_plugins::telemetry::http::{Limits, Server};
use ecoops_plugins::telemetry::loki::{Loki, LokiSettings};
use ecoops_plugins::telemetry::prometheus::{Prometheus, PrometheusSettings};
use ecoops_plugins::telemetry::tempo::Tempo;
use ecoops_tests::http::{Replay, Request};
use ecoops_tests::servers::{free_port, prometheus, until};
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

/// A line that a sink has seen: service, instance, time, level, message, trace.
type Seen = (String, Option<String>, Option<f64>, Option<LogLevel>, String, Option<String>);

fn read(source: &dyn Telemetry, scope: &Scope) -> Result<(Readings, Vec<Seen>), TelemetryError> {
    let mut seen = Vec::new();
    let readings = source.read(scope, &mut |line| {
        seen.push((
            line.service.to_owned(),
            line.instance.map(str::to_owned),
            line.time,
            line.level,
            line.message.to_owned(),
            line.trace.map(str::to_owned),
        ));
    })?;
    Ok((readings, seen))
}

fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64()
}

fn server(url: &str) -> Server {
    let limits = Limits {
        request: Duration::from_secs(5),
        reading: Duration::from_secs(20),
        answer: 1 << 20,
        tries: 3,
    };
    Server { url: url.to_owned(), limits, ..Server::default() }
}

fn scope(start: f64, end: f64) -> Scope {
    Scope { ranges: vec![TimeRange { start, end }], services: Vec::new() }
}

/// Every source: gives what it says it can and nothing outside the scope, and names no credentials.
fn contract(source: &dyn Telemetry, within: &Scope) {
    assert!(!source.health().unwrap().is_empty());
    assert!(!source.name().contains("secret"), "{}", source.name());
    let can = source.capabilities();
    let (readings, lines) = read(source, within).unwrap();
    assert!(can.series || readings.series.is_empty());
    assert!(can.logs || lines.is_empty());
    assert!(can.spans || readings.spans.is_empty());
    assert!(can.events || readings.events.is_empty());
    assert!(can.changes || readings.changes.is_empty());
    let inside = |time: f64| within.ranges.iter().any(|r| r.start - 1.0 <= time && time < r.end + 1.0);
    assert!(readings.series.iter().flat_map(|s| &s.points).all(|(time, _)| inside(*time)));
    assert!(lines.iter().all(|line| line.2.is_none_or(inside)));
    for series in &readings.series {
        assert!(series.points.windows(2).all(|pair| pair[0].0 <= pair[1].0), "{:?}", series.key);
        assert!(!series.key.service.is_empty() && !series.key.metric.is_empty());
    }
    // The same question gets the same answer, of what has not changed.
    let nobody = Scope { services: vec!["nobody at all".into()], ..within.clone() };
    let (none, no_lines) = read(source, &nobody).unwrap();
    assert!(none.series.is_empty() && none.spans.is_empty() && no_lines.is_empty());
    assert!(matches!(source.line("no such file", 0), Err(TelemetryError::Missing(_))));
}

// Bundles.

fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

const HEAD: &str = r#"{"title":"Checkout fails","detected_at":"2024-03-05T10:20:00Z","window":{"start":"2024-03-05T10:15:00Z","end":"2024-03-05T10:30:00Z"},"baseline":{"start":"2024-03-05T10:00:00Z","end":"2024-03-05T10:15:00Z"},"service":"web","owner":"me"}"#;
const START: f64 = 1_709_632_800.0;

fn bundle(folder: &Path) {
    write(folder, "incident.json", HEAD);
    let mut metrics = String::from("ts,service,metric,value,instance,unit,peer,reporter,colour\n");
    for minute in 0..30 {
        let ts = START + f64::from(minute) * 60.0;
        metrics.push_str(&format!("{ts},web,latency,{},web-1,seconds,,,red\n", 0.1 + f64::from(minute / 15)));
        metrics.push_str(&format!("{ts},cart,calls,NaN,,,web,caller,\n"));
    }
    write(folder, "metrics.csv", metrics);
    let plain = "2024-03-05 10:16:00,000 ERROR [main] shop.Cart: failed trace_id=463ac35c9f6413ad48485a3953bb6124\n\
                 java.io.IOException: gone\n\tat shop.Db.read(Db.java:1)\n2024-03-05 10:17:00,000 INFO [main] on\n";
    write(folder, "logs/cart.cart-1.log", plain);
    // Local time, eight hours ahead, and no zone to say so.
    write(folder, "logs/pay.log", "2024-03-05 18:16:00,000 WARN slow\n2024-03-05 18:29:00,000 INFO done\n");
    let docker = r#"{"log":"18:20:00.500 INFO hello\n","stream":"stdout","time":"2024-03-05T10:20:00.5Z"}"#;
    write(folder, "logs/a%2Eb.jsonl", format!("{docker}\n{docker}\n{docker}\n{{\"log\":\"half"));
    write(folder, "topology.csv", "caller,callee\nweb,cart\ncart,web\n");
    write(
        folder,
        "changes.jsonl",
        "{\"id\":\"c1\",\"time\":\"2024-03-05T10:14:00Z\",\"kind\":\"deploy\",\"service\":\"cart\"}\nnot json\n",
    );
    write(
        folder,
        "events.jsonl",
        "{\"time\":\"2024-03-05T10:18:00Z\",\"reason\":\"OOMKilled\",\"service\":\"cart\",\"severity\":\"warning\"}\n",
    );
    write(
        folder,
        "traces.json",
        r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}}]},"scopeSpans":[{"spans":[{"traceId":"463ac35c9f6413ad48485a3953bb6124","spanId":"00f067aa0ba902b7","name":"GET","startTimeUnixNano":"1709633760000000000","endTimeUnixNano":"1709633761000000000"}]}]}]}"#,
    );
    write(folder, "README.txt", "what is this?");
}

fn pack(folder: &Path, to: &Path, prefix: &str) {
    let status = Command::new("tar")
        .args(["--create", "--file"])
        .arg(to)
        .args(["--transform", &format!("s,^\\./,{prefix},"), "--directory"])
        .arg(folder)
        .arg(".")
        .status()
        .unwrap();
    assert!(status.success());
}

fn open(path: &Path) -> FileBundle {
    FileBundle::open(path, BundleBounds::default()).unwrap()
}

#[test]
fn a_bundle_as_a_folder_and_as_an_archive() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("b");
    bundle(&folder);
    let archive = home.path().join("b.tar");
    pack(&folder, &archive, "incident-7/");
    for path in [&folder, &archive] {
        let source = open(path);
        let brief = source.brief().unwrap().unwrap();
        assert_eq!((brief.title.as_str(), brief.window.start), ("Checkout fails", START + 900.0));
        contract(&source, &Scope::of(&brief));
        let (readings, mut lines) = read(&source, &Scope::default()).unwrap();
        lines.sort_by(|a, b| a.0.cmp(&b.0).then(a.2.total_cmp_option(&b.2)));
        assert_eq!((readings.series.len(), readings.spans.len(), readings.events.len()), (2, 1, 1));
        assert_eq!((readings.topology.len(), readings.changes.len()), (2, 1));
        let messages: Vec<&str> = lines.iter().map(|line| line.4.as_str()).collect();
        assert_eq!(messages[..3], ["hello", "hello", "hello"]);
        let cart = lines.iter().find(|line| line.0 == "cart").unwrap();
        assert_eq!(
            (cart.1.as_deref(), cart.3, cart.2),
            (Some("cart-1"), Some(LogLevel::Error), Some(START + 960.0))
        );
        assert_eq!(cart.5.as_deref(), Some("463ac35c9f6413ad48485a3953bb6124"));
        let pay = lines.iter().find(|line| line.0 == "pay").unwrap();
        assert_eq!(pay.2, Some(START + 960.0));
        for part in [
            "unknown field `owner`",
            "unknown column `colour`",
            "not JSON is ignored",
            "`README.txt`",
            "moved by -8 h",
            "+8 h off its carrier's",
            "half-written",
        ] {
            assert!(readings.notes.iter().any(|note| note.contains(part)), "{part}: {:#?}", readings.notes);
        }
    }
}

/// Orders optional times.
trait TotalCmp {
    fn total_cmp_option(&self, other: &Self) -> std::cmp::Ordering;
}

impl TotalCmp for Option<f64> {
    fn total_cmp_option(&self, other: &Self) -> std::cmp::Ordering {
        self.unwrap_or(f64::MIN).total_cmp(&other.unwrap_or(f64::MIN))
    }
}

#[test]
fn a_cited_line_is_found_again() {
    let home = tempfile::tempdir().unwrap();
    bundle(home.path());
    let source = open(home.path());
    let mut cited = Vec::new();
    source
        .read(&Scope::default(), &mut |line| {
            cited.push((line.file.to_owned(), line.offset, line.raw.to_vec()))
        })
        .unwrap();
    assert!(cited.len() > 6);
    for (file, offset, raw) in cited {
        assert_eq!(source.line(&file, offset).unwrap(), raw, "{file} {offset}");
    }
    assert!(matches!(source.line("logs/pay.log", 1 << 40), Err(TelemetryError::Missing(_))));
}

#[test]
fn bundles_with_missing_parts_are_read_as_far_as_they_go() {
    let home = tempfile::tempdir().unwrap();
    for missing in ["incident.json", "metrics.csv", "logs", "topology.csv", "changes.jsonl", "traces.json"] {
        let folder = home.path().join(missing);
        bundle(&folder);
        let gone = folder.join(missing);
        if gone.is_dir() {
            fs::remove_dir_all(gone).unwrap()
        } else {
            fs::remove_file(gone).unwrap()
        }
        let source = open(&folder);
        let brief = source.brief().unwrap().unwrap();
        assert!(brief.window.start < brief.window.end);
        let (readings, _) = read(&source, &Scope::default()).unwrap();
        if missing == "incident.json" {
            assert!(readings.notes[0].contains("incident.json is missing"), "{:?}", readings.notes);
            assert!(brief.window.start > START && brief.window.end > START + 29.0 * 60.0);
        }
    }
}

#[test]
fn what_is_no_bundle_is_refused_with_a_reason() {
    let home = tempfile::tempdir().unwrap();
    let here = |name: &str| home.path().join(name);
    let refused = |path: &Path| -> String {
        match FileBundle::open(path, BundleBounds::default()) {
            Ok(source) => read(&source, &Scope::default()).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        }
    };
    fs::create_dir(here("empty")).unwrap();
    fs::write(here("text"), "hello").unwrap();
    fs::write(here("cut.tar.zst"), [0x28, 0xB5, 0x2F, 0xFD, 0, 1, 2]).unwrap();
    write(&here("bad"), "incident.json", r#"{"window":{"start":"soon","end":5}}"#);
    for (name, why) in [
        ("nowhere", "is not there"),
        ("empty", "holds nothing of an incident bundle"),
        ("text", "a folder or a .tar.zst archive"),
        ("cut.tar.zst", "cut.tar.zst: "),
        ("bad", "`window.start` must be an RFC 3339 time"),
    ] {
        let text = refused(&here(name));
        assert!(text.contains(why), "{name}: {text}");
    }
}

#[test]
fn a_hostile_archive_does_no_harm() {
    let home = tempfile::tempdir().unwrap();
    let secret = home.path().join("secret");
    fs::write(&secret, "INFO: the secret\n").unwrap();
    let archive = home.path().join("hostile.tar");
    // Names that lead outside, a link, a device: written by Python, since tar would refuse.
    let script = format!(
        "import tarfile, io\nt = tarfile.open({archive:?}, 'w')\n\
         def add(name, body=b'', **kind):\n    i = tarfile.TarInfo(name); i.size = len(body)\n    for k, v in kind.items(): setattr(i, k, v)\n    t.addfile(i, io.BytesIO(body))\n\
         add('incident.json', {HEAD:?}.encode())\nadd('../escaped.log', b'x')\nadd('/absolute.log', b'x')\n\
         add('logs/link.log', type=tarfile.SYMTYPE, linkname={secret:?})\nadd('logs/hard.log', type=tarfile.LNKTYPE, linkname='/etc/passwd')\n\
         add('logs/dev.log', type=tarfile.CHRTYPE)\nadd('logs/ok.log', b'2024-03-05 10:16:00 INFO fine\\n')\nt.close()\n"
    );
    if !Command::new("python3").args(["-c", &script]).status().is_ok_and(|s| s.success()) {
        return ecoops_tests::parts::skipped("python3", "apt-get install python3");
    }
    let (readings, lines) = read(&open(&archive), &Scope::default()).unwrap();
    assert_eq!(lines.iter().map(|l| l.4.as_str()).collect::<Vec<_>>(), ["fine"]);
    assert!(readings.notes.iter().any(|n| n.contains("leads outside")), "{:?}", readings.notes);
    // The same through a link in a folder.
    let folder = home.path().join("folder");
    write(&folder, "incident.json", HEAD);
    fs::create_dir(folder.join("logs")).unwrap();
    std::os::unix::fs::symlink(&secret, folder.join("logs/link.log")).unwrap();
    let (readings, lines) = read(&open(&folder), &Scope::default()).unwrap();
    assert!(lines.is_empty() && readings.notes.iter().any(|n| n.contains("symbolic link")));
}

#[test]
fn damaged_archives_and_files_are_read_or_refused_but_never_fatal() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("b");
    bundle(&folder);
    let archive = home.path().join("b.tar");
    pack(&folder, &archive, "");
    let whole = fs::read(&archive).unwrap();
    let damaged = home.path().join("damaged.tar");
    // A generator of its own, so that a failure can be repeated.
    let mut state = 88_172_645_463_325_252u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let mut read_some = 0;
    for _ in 0..150 {
        let mut bytes = whole.clone();
        for _ in 0..=random(20) {
            let at = random(bytes.len());
            bytes[at] = u8::try_from(random(256)).unwrap();
        }
        if random(3) == 0 {
            bytes.truncate(random(bytes.len()));
        }
        fs::write(&damaged, &bytes).unwrap();
        let outcome =
            FileBundle::open(&damaged, BundleBounds::default()).and_then(|b| read(&b, &Scope::default()));
        match outcome {
            Ok((readings, _)) => read_some += usize::from(!readings.notes.is_empty()),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    assert!(read_some > 20, "{read_some}");
}

#[test]
fn an_archive_that_unpacks_to_too_much_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("b");
    bundle(&folder);
    write(&folder, "logs/big.log", vec![b'x'; 3 << 20]);
    let archive = home.path().join("b.tar");
    pack(&folder, &archive, "");
    let mut bounds = BundleBounds::default();
    bounds.caps.bytes = 1 << 20;
    let outcome = FileBundle::open(&archive, bounds).and_then(|source| read(&source, &Scope::default()));
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains("unpacks to more than 1 MiB"), "{error}");
}

// Real servers.

/// An exporter whose counters grow each time it is asked.
fn exporter() -> Replay {
    let asked = std::sync::atomic::AtomicU64::new(0);
    Replay::start(move |_| {
        let n = asked.fetch_add(10, std::sync::atomic::Ordering::SeqCst);
        let text = format!(
            "# TYPE http_requests_total counter\nhttp_requests_total{{code=\"200\"}} {n}\nhttp_requests_total{{code=\"500\"}} {}\n\
             # TYPE shop_queue_length gauge\nshop_queue_length {}\nshop_constant 3\nshop_connections_max 10\n\
             # TYPE http_client_requests_total counter\nhttp_client_requests_total{{peer_service=\"pay\",code=\"200\"}} {n}\n\
             # TYPE rpc_duration_seconds histogram\nrpc_duration_seconds_bucket{{le=\"0.1\"}} {n}\nrpc_duration_seconds_bucket{{le=\"1\"}} {}\n\
             rpc_duration_seconds_bucket{{le=\"+Inf\"}} {}\nrpc_duration_seconds_sum {n}\nrpc_duration_seconds_count {}\n",
            n / 2,
            7 + n % 3,
            n * 2,
            n * 2,
            n * 2
        );
        (200, text)
    })
}

#[test]
fn a_real_prometheus_and_a_real_alertmanager() {
    let shop = exporter();
    let Some(am) = prometheus::alertmanager() else { return };
    let began = now();
    let Some(prom) = prometheus::start(&shop.address().to_string(), &am.address()) else { return };
    let (am_url, prom_url) = (format!("http://{}", am.address()), format!("http://{}", prom.address()));

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
    let mut offline = server(&guarded.url());
    offline.offline = true;
    let before = guarded.requests().len();
    let error = read(&Alertmanager::new(offline).unwrap(), &within).unwrap_err();
    assert!(matches!(error, TelemetryError::Offline(_)) && guarded.requests().len() == before);
}

#[test]
fn a_scope_is_the_window_and_its_reference() {
    let range = |start: f64, end: f64| TimeRange { start, end };
    let mut brief = IncidentBrief {
        title: String::new(),
        detected_at: 5.0,
        window: range(100.0, 160.0),
        service: None,
        metric: None,
        baseline: None,
    };
    assert_eq!(Scope::of(&brief).ranges, [range(100.0, 160.0), range(40.0, 100.0)]);
    brief.baseline = Some(range(900.0, 910.0));
    assert_eq!(Scope::of(&brief).ranges, [range(100.0, 160.0), range(900.0, 910.0)]);
}

#[test]
fn reading_ends_soon_after_it_was_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let line = "2026-03-02T10:00:00Z INFO served a page\n";
    for name in ["a", "b", "c"] {
        write(folder.path(), &format!("logs/{name}.log"), line.repeat(100_000));
    }
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let bundle = open(folder.path()).until(stop.clone());
    let mut seen = 0;
    let range = TimeRange { start: 1_772_445_000.0, end: 1_772_446_000.0 };
    write(
        folder.path(),
        "incident.json",
        r#"{"title":"t","detected_at":1772445600,"window":{"start":1772445000,"end":1772446000}}"#,
    );
    let scope = Scope { ranges: vec![range], services: Vec::new() };
    let outcome = bundle.read(&scope, &mut |_| {
        seen += 1;
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(outcome.is_ok() && seen > 0 && seen < 100_000, "{seen}");
}
