//! The servers that hold signals, asked over TLS: a Prometheus and an Alertmanager that speak it themselves, replays of
//! Loki and Tempo behind a front that does. Whom to trust is a file or the system; nobody else is believed.
#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::domain::incident::TimeRange;
use ecoops_core::ports::telemetry::{Scope, Telemetry, TelemetryError};
use ecoops_plugins::telemetry::alertmanager::Alertmanager;
use ecoops_plugins::telemetry::http::Server;
use ecoops_plugins::telemetry::loki::{Loki, LokiSettings};
use ecoops_plugins::telemetry::prometheus::{Prometheus, PrometheusSettings};
use ecoops_plugins::telemetry::tempo::Tempo;
use ecoops_tests::home::{Home, Ran, binary};
use ecoops_tests::http::Replay;
use ecoops_tests::parts;
use ecoops_tests::servers::tls::Front;
use ecoops_tests::servers::{prometheus, until};
use ecoops_tests::tls::Authority;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

fn server(url: &str, ca_file: Option<&Path>) -> Server {
    let mut server =
        Server { url: url.to_owned(), ca_file: ca_file.map(Path::to_owned), ..Server::default() };
    server.limits.tries = 1;
    server
}

/// Asks one of the four servers; says of how much its answer is.
fn asked(name: &str, server: Server, scope: &Scope) -> Result<usize, TelemetryError> {
    let source: Box<dyn Telemetry> = match name {
        "prometheus" => Box::new(Prometheus::new(server, PrometheusSettings::default())?),
        "alertmanager" => Box::new(Alertmanager::new(server)?),
        "loki" => Box::new(Loki::new(server, LokiSettings::default())?),
        _ => Box::new(Tempo::new(server, 10)?),
    };
    let mut lines = 0;
    let readings = source.read(scope, &mut |_| lines += 1)?;
    Ok(lines + readings.series.len() + readings.events.len() + readings.spans.len())
}

fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64()
}

fn loki() -> Replay {
    Replay::start(|request| match request.path.as_str() {
        "/loki/api/v1/labels" => (200, r#"{"status":"success","data":["app"]}"#.into()),
        "/loki/api/v1/query_range" => {
            let at = request.parameter("start");
            let line = format!(r#"[["{at}","ERROR it broke"]]"#);
            (
                200,
                format!(
                    r#"{{"status":"success","data":{{"resultType":"streams","result":[{{"stream":{{"app":"cart"}},"values":{line}}}]}}}}"#
                ),
            )
        }
        _ => (404, String::new()),
    })
}

fn tempo() -> Replay {
    Replay::start(|request| match request.path.as_str() {
        "/api/search" => {
            let start: u64 = request.parameter("start").parse().unwrap();
            (
                200,
                format!(
                    r#"{{"traces":[{{"traceID":"11","startTimeUnixNano":"{}"}}]}}"#,
                    start * 1_000_000_000
                ),
            )
        }
        path if path.starts_with("/api/traces/") => {
            let nanos = (now() as u64 - 60) * 1_000_000_000;
            let span = format!(
                r#"{{"traceId":"00000000000000000000000000000011","spanId":"0000000000000011","name":"GET","startTimeUnixNano":"{nanos}","endTimeUnixNano":"{}"}}"#,
                nanos + 1_000_000
            );
            (
                200,
                format!(
                    r#"{{"batches":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"cart"}}}}]}},"scopeSpans":[{{"spans":[{span}]}}]}}]}}"#
                ),
            )
        }
        _ => (404, String::new()),
    })
}

#[test]
fn every_server_is_asked_over_tls_and_only_one_that_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    let own = authority.identity(&["localhost"], "own");
    let shop = prometheus::exporter();
    let Some(am) = prometheus::alertmanager(Some(own.clone())) else { return };
    let Some(prom) = prometheus::start(&shop.address().to_string(), &am.address(), Some(own.clone())) else {
        return;
    };
    let (logs, traces) = (loki(), tempo());
    let (logs_front, traces_front) =
        (Front::start(&own, logs.address()), Front::start(&own, traces.address()));
    // The name is right for one of its addresses and wrong for the other.
    let at = |port: u16, host: &str, scheme: &str| format!("{scheme}://{host}:{port}");
    let stranger = tempfile::tempdir().unwrap();
    let stranger = Authority::new(stranger.path()).file.clone();
    for (name, port, gives) in [
        ("prometheus", prom.port(), true),
        ("alertmanager", am.port(), false),
        ("loki", logs_front.port(), true),
        ("tempo", traces_front.port(), true),
    ] {
        let scope = || Scope {
            ranges: vec![TimeRange { start: now() - 300.0, end: now() + 1.0 }],
            services: Vec::new(),
        };
        let ask = |url: &str, ca: Option<&Path>| asked(name, server(url, ca), &scope());
        let good = at(port, "localhost", "https");
        until(&format!("{name} answers over TLS"), || {
            ask(&good, Some(&authority.file)).ok().filter(|found| *found > 0 || !gives)
        });
        for (url, ca, why) in [
            (good.clone(), None, "the system does not know the authority"),
            (good.clone(), Some(stranger.as_path()), "another authority"),
            (
                at(port, "127.0.0.1", "https"),
                Some(authority.file.as_path()),
                "a name it is not certified for",
            ),
            (at(port, "localhost", "http"), Some(authority.file.as_path()), "in clear"),
        ] {
            let outcome = ask(&url, ca);
            assert!(outcome.is_err(), "{name}, {why}: {outcome:?}");
            let said = outcome.unwrap_err().to_string();
            assert!(why == "in clear" || said.contains("certificate"), "{name}, {why}: {said}");
        }
    }
    let missing = server("https://localhost:1", Some(Path::new("/nowhere/ca.pem")));
    assert!(asked("loki", missing, &Scope::default()).unwrap_err().to_string().contains("/nowhere/ca.pem"));
}

/// What the command's flags do, with an authority in a file and with one that the system trusts.
#[test]
fn a_capture_trusts_a_file_or_what_the_system_trusts() {
    let home = Home::new();
    let authority = Authority::new(home.path());
    let own = authority.identity(&["localhost"], "own");
    let logs = loki();
    let front = Front::start(&own, logs.address());
    let arguments = |to: &'static str| ["incident", "capture", to, "--loki"].map(str::to_owned).to_vec();
    let run = |to: &'static str, more: &[&str]| {
        let mut command = home.command(binary(), home.path());
        Ran::of(command.args(arguments(to)).arg(front.url()).args(more))
    };
    let refused = run("no", &[]);
    assert!(refused.code != 0 && refused.stderr.contains("certificate"), "{}", refused.stderr);
    assert!(!home.path().join("no").exists());
    let taken = run("file", &["--ca-file", authority.file.to_str().unwrap()]);
    assert_eq!(taken.code, 0, "{}", taken.stderr);
    let line = std::fs::read_to_string(home.path().join("file/logs/cart.jsonl")).unwrap();
    assert!(line.contains("it broke"), "{line}");

    // Another list of what the system trusts, for this process alone.
    let known =
        ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
    let Some(list) = known.iter().map(PathBuf::from).find(|path| path.exists()) else { return };
    let list = list.canonicalize().unwrap();
    let script = "mount --bind \"$1\" \"$2\" && shift 2 && exec \"$@\"";
    let within = |rest: &[String]| {
        let mut command: Command = home.command("unshare", home.path());
        command
            .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
            .arg(&authority.file)
            .arg(&list);
        Ran::of(command.args(rest))
    };
    if within(&["true".to_owned()]).code != 0 {
        return parts::skipped("a mount namespace (unshare)", "a kernel that lets users make one");
    }
    let mut all = vec![binary().to_str().unwrap().to_owned()];
    all.extend(arguments("system"));
    all.push(front.url());
    let taken = within(&all);
    assert_eq!(taken.code, 0, "{}", taken.stderr);
    assert!(home.path().join("system/logs/cart.jsonl").exists());
}
