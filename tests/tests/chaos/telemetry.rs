//! Where signals come from, and where the agent's own spans go.

use super::{DEADLINE, passing};
use ecoops_core::domain::incident::TimeRange;
use ecoops_core::ports::telemetry::{Scope, Telemetry};
use ecoops_plugins::telemetry::alertmanager::Alertmanager;
use ecoops_plugins::telemetry::http::{Limits, Server};
use ecoops_plugins::telemetry::loki::{Loki, LokiSettings};
use ecoops_plugins::telemetry::prometheus::{Prometheus, PrometheusSettings};
use ecoops_plugins::telemetry::tempo::Tempo;
use ecoops_tests::agent::Agent;
use ecoops_tests::http::{Replay, Request};
use ecoops_tests::network::trial::{Act, Subject, try_all};
use ecoops_tests::network::{Fault, Line, Room, Wrong, wrong};
use ecoops_tests::servers::{Server as Running, prometheus, until};
use std::time::{Duration, Instant};

fn server(line: &Line) -> Server {
    let limits = Limits { request: Duration::from_millis(900), reading: DEADLINE, answer: 1 << 20, tries: 3 };
    Server { url: line.url(), limits, ..Server::default() }
}

fn try_source(
    room: &Room,
    name: &'static str,
    port: u16,
    make: &(dyn Fn(Server) -> Box<dyn Telemetry> + Sync),
) {
    let open = |line: &Line| -> Act<'_> {
        let server = server(line);
        // The breaker of such systems stays open for a minute: each question here has its own.
        Box::new(move |_| {
            let source = make(server.clone());
            let scope =
                Scope { ranges: vec![TimeRange { start: 1e9, end: 1e9 + 60.0 }], services: Vec::new() };
            passing(source.read(&scope, &mut |_| {})).map(drop)
        })
    };
    // An object without traces is how Tempo may say that there are none.
    let fits = |wrong: &&Wrong| !(name.starts_with("Tempo") && **wrong == wrong::OTHER_JSON);
    let (deadline, wrong) = (DEADLINE, wrong::HTTP.into_iter().filter(fits).collect());
    try_all(
        room,
        &Subject { name, deadline, wrong, open: &open, done: None, port, renaming: false, bears: &[] },
    );
}

#[test]
fn prometheus_and_alertmanager() {
    let Some(room) = Room::open("telemetry::prometheus_and_alertmanager") else { return };
    let started: Option<(Running, Running)> = room.beyond(|| {
        Some((prometheus::start("127.0.0.1:1", "127.0.0.1:1", None)?, prometheus::alertmanager(None)?))
    });
    let Some((prometheus, alertmanager)) = started else { return };
    try_source(&room, "Prometheus", prometheus.port(), &|server| {
        Box::new(Prometheus::new(server, PrometheusSettings::default()).unwrap())
    });
    try_source(&room, "Alertmanager", alertmanager.port(), &|server| {
        Box::new(Alertmanager::new(server).unwrap())
    });
}

/// By their documented formats: no packaged server exists.
#[test]
fn loki_and_tempo() {
    let Some(room) = Room::open("telemetry::loki_and_tempo") else { return };
    let replay = room.beyond(|| {
        Replay::start(|request: &Request| match request.path.as_str() {
            "/loki/api/v1/labels" => (200, r#"{"status":"success","data":["app"]}"#.into()),
            "/loki/api/v1/query_range" => {
                (200, r#"{"status":"success","data":{"resultType":"streams","result":[]}}"#.into())
            }
            "/api/search" => (200, r#"{"traces":[],"metrics":{}}"#.into()),
            _ => (404, "no such page".into()),
        })
    });
    let port = replay.address().port();
    try_source(&room, "Loki (documented answers)", port, &|server| {
        Box::new(Loki::new(server, LokiSettings::default()).unwrap())
    });
    try_source(&room, "Tempo (documented answers)", port, &|server| {
        Box::new(Tempo::new(server, 10).unwrap())
    });
}

/// A collector costs spans, which are counted, and never an answer.
#[test]
fn a_collector_of_spans() {
    let Some(room) = Room::open("telemetry::a_collector_of_spans") else { return };
    let collector = room.beyond(|| Replay::start(|_| (200, "{}".into())));
    let mut faults =
        vec![Fault::Refuse, Fault::HalfOpen, Fault::Wrong(&wrong::PORTAL), Fault::Wrong(&wrong::HUGE_BODY)];
    faults.extend(room.cuts().then_some(Fault::Cut));
    std::thread::scope(|scope| {
        for fault in faults {
            let (room, port) = (&room, collector.address().port());
            scope.spawn(move || {
                let line = room.line_to(port);
                let mut agent = Agent::new();
                agent.configure(&format!("[telemetry]\notlp = \"{}\"\n", line.url()));
                agent.run(&[]);
                let count = |what: &str| -> u64 {
                    let text = agent.get("/metrics").text();
                    let name = format!("ecoops_agent_spans_{what}_total ");
                    text.lines().find_map(|line| line.strip_prefix(&name)).unwrap_or("0").parse().unwrap()
                };
                until("a span is told", || (count("told") > 0).then_some(()));
                line.fail(fault);
                // What is under way when it breaks may still have arrived.
                until("a span is lost", || {
                    let begun = Instant::now();
                    assert_eq!(agent.get("/health").status, 200);
                    assert!(begun.elapsed() < Duration::from_secs(2), "{fault:?}: {:?}", begun.elapsed());
                    (count("dropped") > 0).then_some(())
                });
                let told = count("told");
                until("more are lost", || (count("dropped") > 3).then_some(()));
                assert_eq!(count("told"), told, "{fault:?}: what nobody took is not told");
            });
        }
    });
}
