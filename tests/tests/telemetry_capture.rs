//! Bundles that ecoops captures: what is read back is what there was, secrets aside.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::domain::incident::{
    CallEdge, ChangeKind, ChangeRecord, ClusterEvent, EdgeSource, IncidentBrief, LineSink, LogLevel, LogLine,
    Reporter, Series, SeriesKey, SpanRecord, TimeRange,
};
use ecoops_core::engines::redact::Redactor;
use ecoops_core::engines::signals::parse::{FORMAT_PAGE, FORMAT_SCHEMA};
use ecoops_core::ports::telemetry::{Capabilities, Readings, Scope, Telemetry, TelemetryError};
use ecoops_plugins::telemetry::capture::{Capture, CaptureError, Captured, GitHistory, Input, Role};
use ecoops_plugins::telemetry::files::{BundleBounds, FileBundle};
use ecoops_tests::parts;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

/// 2024-03-05T10:00:00Z.
const START: f64 = 1_709_632_800.0;

fn brief() -> IncidentBrief {
    IncidentBrief {
        title: "Checkout, \"slow\"".into(),
        detected_at: START + 1200.5,
        window: TimeRange { start: START + 900.0, end: START + 1800.0 },
        service: Some("web".into()),
        metric: None,
        baseline: Some(TimeRange { start: START, end: START + 900.0 }),
    }
}

/// A record of a source: service, instance, time, message, frames.
type Record = (String, Option<String>, f64, String, Vec<String>);

/// A source that gives what it was made with, or fails.
struct Given {
    readings: Option<Readings>,
    lines: Vec<Record>,
}

impl Telemetry for Given {
    fn name(&self) -> String {
        "given".into()
    }
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }
    fn health(&self) -> Result<String, TelemetryError> {
        Ok("well".into())
    }
    fn read(&self, _: &Scope, lines: &mut LineSink<'_>) -> Result<Readings, TelemetryError> {
        for (service, instance, time, message, frames) in &self.lines {
            lines(&LogLine {
                service,
                instance: instance.as_deref(),
                time: Some(*time),
                level: Some(LogLevel::Error),
                message,
                error: None,
                frames,
                trace: Some("463ac35c9f6413ad48485a3953bb6124"),
                file: "f",
                offset: 0,
                raw: message.as_bytes(),
            });
        }
        self.readings.clone().ok_or_else(|| TelemetryError::Unreachable("given".into(), "gone".into()))
    }
}

fn redactor() -> Redactor {
    Redactor::new(vec![7; 32])
}

fn capture(
    inputs: Vec<Input>,
    history: Vec<GitHistory>,
    source: Option<&Given>,
    to: &Path,
) -> Result<Captured, CaptureError> {
    let sources = source.into_iter().map(|s| s as &dyn Telemetry).collect();
    Capture { brief: brief(), inputs, history, sources, stop: Arc::default() }.write(to, &redactor())
}

type Line = (String, Option<String>, Option<f64>, Option<LogLevel>, String, Vec<String>);

fn read(path: &Path) -> (IncidentBrief, Readings, Vec<Line>) {
    let bundle = FileBundle::open(path, BundleBounds::default()).unwrap();
    let brief = bundle.brief().unwrap().unwrap();
    let mut lines = Vec::new();
    let readings = bundle
        .read(&Scope::default(), &mut |line| {
            let (service, instance) = (line.service.to_owned(), line.instance.map(str::to_owned));
            lines.push((
                service,
                instance,
                line.time,
                line.level,
                line.message.to_owned(),
                line.frames.to_vec(),
            ));
        })
        .unwrap();
    (brief, readings, lines)
}

/// Words that the redactor takes for nothing else.
fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z][a-z ,.\"/%üß-]{0,10}[a-z]"
}

fn readings() -> impl Strategy<Value = Readings> {
    let optional = || proptest::option::of(name());
    let points = proptest::collection::vec((0u32..1_800_000, -1e9f64..1e9), 1..6);
    let key = (name(), name(), optional(), optional(), optional(), any::<bool>());
    let series = proptest::collection::vec((key, optional(), points), 0..6);
    let spans = proptest::collection::vec(
        (name(), optional(), name(), 0u32..1_800_000, 0u32..100_000, any::<bool>()),
        0..6,
    );
    let events =
        proptest::collection::vec((0u32..1_800_000, optional(), name(), name(), any::<bool>()), 0..4);
    let changes = proptest::collection::vec((name(), 0u32..1_800_000, 0..4usize, name(), optional()), 0..4);
    let edges = proptest::collection::btree_set((name(), name()), 0..5);
    let at = |millis: u32| START + f64::from(millis) / 1000.0;
    (series, spans, events, changes, edges).prop_map(move |(series, spans, events, changes, edges)| {
        let mut made = Readings::default();
        for ((service, metric, instance, version, peer, caller), unit, points) in series {
            let reporter = if caller { Reporter::Caller } else { Reporter::Callee };
            let key = SeriesKey { service, metric, instance, version, peer, reporter };
            let mut points: Vec<(f64, f64)> = points.into_iter().map(|(t, v)| (at(t), v)).collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            if !made.series.iter().any(|s: &Series| s.key == key) {
                made.series.push(Series { key, unit, points });
            }
        }
        made.series.sort_by(|a, b| a.key.cmp(&b.key));
        for (number, (service, instance, operation, start, duration, error)) in (1..).zip(spans) {
            let (trace, span) = (format!("{number:032x}"), format!("{number:016x}"));
            let (start, duration) = (at(start), f64::from(duration) / 1000.0);
            made.spans.push(SpanRecord {
                trace,
                span,
                parent: None,
                service,
                instance,
                operation,
                start,
                duration,
                error,
            });
        }
        for (time, service, reason, message, bad) in events {
            let time = at(time);
            made.events.push(ClusterEvent {
                time,
                service,
                instance: None,
                reason,
                message,
                bad,
                line: 0,
                file: String::new(),
            });
        }
        let kinds = [ChangeKind::Deploy, ChangeKind::Flag, ChangeKind::Config, ChangeKind::Infra];
        for (number, (id, time, kind, service, to)) in (1..).zip(changes) {
            made.changes.push(ChangeRecord {
                id: format!("{id}{number}"),
                time: at(time),
                kind: kinds[kind],
                service,
                from: None,
                to,
                instances: vec!["i-1".into()],
                author: None,
                reference: None,
            });
        }
        made.topology = edges
            .into_iter()
            .map(|(caller, callee)| CallEdge { caller, callee, source: EdgeSource::Given })
            .collect();
        made
    })
}

/// In an order of its own, without what only a reader knows.
fn comparable(mut readings: Readings) -> Readings {
    readings.notes.clear();
    let close = |time: f64| (time * 1000.0).round();
    for span in &mut readings.spans {
        (span.start, span.duration) = (close(span.start), close(span.duration));
    }
    readings.spans.sort_by(|a, b| a.span.cmp(&b.span));
    for event in &mut readings.events {
        (event.line, event.file) = (0, String::new());
        event.time = close(event.time);
    }
    readings.events.sort_by(|a, b| {
        (a.time, &a.reason, &a.message).partial_cmp(&(b.time, &b.reason, &b.message)).unwrap()
    });
    for change in &mut readings.changes {
        change.time = close(change.time);
    }
    readings.changes.sort_by(|a, b| a.id.cmp(&b.id));
    readings.topology.sort();
    readings
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn what_is_captured_is_read_back(made in readings(), archive: bool, message in name(), service in name()) {
        let home = tempfile::tempdir().unwrap();
        let to = home.path().join(if archive { "b.tar.zst" } else { "b" });
        let frames = vec!["shop.Cart.add".to_owned(), "/app/x.py in run".to_owned()];
        let lines = vec![(service.clone(), Some("i/1.x".to_owned()), START + 1.5, message.trim().to_owned(), frames.clone())];
        let source = Given { readings: Some(made.clone()), lines };
        capture(vec![], vec![], Some(&source), &to).unwrap();
        let (head, found, lines) = read(&to);
        prop_assert_eq!(head, brief());
        prop_assert_eq!(comparable(found), comparable(made));
        prop_assert_eq!(lines.len(), 1);
        let (was, instance, time, level, text, stack) = &lines[0];
        prop_assert_eq!((was, instance.as_deref(), *time, *level), (&service, Some("i/1.x"), Some(START + 1.5), Some(LogLevel::Error)));
        prop_assert_eq!((text.as_str(), stack), (message.trim(), &frames));
        prop_assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }
}

#[test]
fn files_of_every_kind() {
    let home = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        fs::write(home.path().join(name), text).unwrap();
        home.path().join(name)
    };
    // A token that grants nothing, of the right shape.
    let secret = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let log = put(
        "cart.cart-1.log",
        &format!("2024-03-05 10:16:00 ERROR login failed with {secret}\n2024-03-05 10:17:00 INFO on\n"),
    );
    let latin = home.path().join("pay.log");
    fs::write(&latin, b"2024-03-05 10:16:00 WARN caf\xE9").unwrap();
    let prom = put("scrape.prom", "# TYPE up gauge\nup{job=\"cart\"} 1 1709633700000\n");
    let csv = put("cpu.csv", "ts,service,metric,value\n1709633700,cart,cpu,0.5\n");
    let edges = put("edges.csv", "caller,callee\nweb,cart\n");
    let events = put(
        "events.json",
        r#"{"kind":"List","items":[{"involvedObject":{"kind":"Pod","name":"cart-1"},"reason":"BackOff","message":"m","type":"Warning","lastTimestamp":"2024-03-05T10:16:00Z"}]}"#,
    );
    let set = |name: &str, revision: u8, time: &str, image: &str| {
        format!(
            r#"{{"kind":"ReplicaSet","metadata":{{"name":"{name}","creationTimestamp":"{time}","annotations":{{"deployment.kubernetes.io/revision":"{revision}"}},"ownerReferences":[{{"kind":"Deployment","name":"cart"}}]}},"spec":{{"template":{{"spec":{{"containers":[{{"image":"cart:{image}"}}]}}}}}}}}"#
        )
    };
    let sets = put(
        "rs.json",
        &format!(
            r#"{{"kind":"List","items":[{},{}]}}"#,
            set("cart-a", 1, "2024-01-01T00:00:00Z", "v1"),
            set("cart-b", 2, "2024-03-05T10:14:00Z", "v2")
        ),
    );
    let changes =
        put("flags.jsonl", "{\"id\":\"f\",\"time\":1709633700,\"kind\":\"flag\",\"service\":\"web\"}\n");

    let paths = [&log, &latin, &prom, &csv, &edges, &events, &sets, &changes];
    let inputs = || paths.iter().map(|path| Input::of(*path)).collect::<Vec<_>>();
    let to = home.path().join("b.tar.zst");
    let captured = capture(inputs(), vec![], None, &to).unwrap();
    assert_eq!(
        (captured.series, captured.events, captured.changes, captured.edges, captured.logs),
        (2, 1, 2, 1, 2)
    );
    assert_eq!(captured.redacted, 1);
    let (_, found, lines) = read(&to);
    assert_eq!(
        found.changes.iter().map(|c| (c.id.as_str(), c.to.as_deref())).collect::<Vec<_>>(),
        [("cart-b", Some("v2")), ("f", None)]
    );
    let metrics: Vec<&str> = found.series.iter().map(|s| s.key.metric.as_str()).collect();
    assert_eq!(metrics, ["cpu", "up"]);
    assert_eq!(lines.len(), 3);
    assert!(
        lines.iter().all(|line| !line.4.contains(&secret))
            && lines[0].4.starts_with("login failed with ‹secret:")
    );

    // The same again gives the same bytes, and never over what is there.
    let again = home.path().join("again.tar.zst");
    capture(inputs(), vec![], None, &again).unwrap();
    assert_eq!(fs::read(&to).unwrap(), fs::read(&again).unwrap());
    assert!(matches!(capture(inputs(), vec![], None, &to), Err(CaptureError::Exists(_))));

    // What cannot be told is asked for, and what is not there is named.
    let odd = put("odd.json", "{}");
    let error = capture(vec![Input::of(&odd)], vec![], None, &home.path().join("x")).unwrap_err().to_string();
    assert!(error.contains("cannot be told"), "{error}");
    let told = Input { role: Some(Role::Events), ..Input::of(&odd) };
    assert!(capture(vec![told], vec![], None, &home.path().join("told")).is_ok());
    let gone = Input::of(home.path().join("gone.log"));
    let error = capture(vec![gone], vec![], None, &home.path().join("x")).unwrap_err();
    assert!(matches!(error, CaptureError::Io { .. }), "{error}");
    assert!(!home.path().join("x").exists());
    assert!(matches!(capture(vec![], vec![], None, &home.path().join("x")), Err(CaptureError::Nothing)));
}

#[test]
fn a_source_that_fails() {
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("cart.log");
    fs::write(&log, "INFO: x\n").unwrap();
    let broken = Given { readings: None, lines: vec![("cart".into(), None, START, "m".into(), vec![])] };
    let to = home.path().join("b");
    let error = capture(vec![], vec![], Some(&broken), &to).unwrap_err().to_string();
    assert!(error.contains("given cannot be reached"), "{error}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "nothing is left");
    let captured = capture(vec![Input::of(&log)], vec![], Some(&broken), &to).unwrap();
    assert!(captured.notes.iter().any(|n| n.contains("cannot be reached")), "{:?}", captured.notes);
}

/// A repository whose commits have the given seconds after START, some of them tagged.
fn repository(folder: &Path, commits: &[(f64, &str, Option<&str>)]) {
    let repository = git2::Repository::init(folder).unwrap();
    let mut parent: Option<git2::Oid> = None;
    for (at, file, tag) in commits {
        #[allow(clippy::cast_possible_truncation)]
        let time = git2::Time::new((START + at) as i64, 0);
        let author = git2::Signature::new("Ada", "ada@example.org", &time).unwrap();
        fs::create_dir_all(folder.join(file).parent().unwrap()).unwrap();
        fs::write(folder.join(file), format!("{at}")).unwrap();
        let mut index = repository.index().unwrap();
        index.add_path(Path::new(file)).unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let before = parent.map(|id| repository.find_commit(id).unwrap());
        let parents: Vec<&git2::Commit<'_>> = before.iter().collect();
        let id = repository.commit(Some("HEAD"), &author, &author, "change", &tree, &parents).unwrap();
        if let Some(tag) = tag {
            let object = repository.find_object(id, None).unwrap();
            repository.tag(tag, &object, &author, "release", false).unwrap();
        }
        parent = Some(id);
    }
}

#[test]
fn deploys_from_git_history() {
    let home = tempfile::tempdir().unwrap();
    let changes = |name: &str, service: Option<&str>| {
        let history = GitHistory { repository: home.path().join(name), service: service.map(str::to_owned) };
        let to = home.path().join(format!("{name}.bundle"));
        capture(vec![], vec![history], None, &to).unwrap();
        read(&to).1.changes
    };
    repository(
        &home.path().join("cart"),
        &[
            (-90_000.0, "a.rs", Some("v1")),
            (1000.0, "b.rs", Some("v2")),
            (1100.0, "config/x.yaml", None),
            (1200.0, "config/y.yaml", Some("v3")),
            (2000.0, "c.rs", Some("v4")),
        ],
    );
    let found = changes("cart", None);
    assert_eq!(
        found.iter().map(|c| (c.id.as_str(), c.from.as_deref(), c.kind)).collect::<Vec<_>>(),
        [("v2", Some("v1"), ChangeKind::Deploy), ("v3", Some("v2"), ChangeKind::Config),]
    );
    assert_eq!(
        (found[0].service.as_str(), found[0].author.as_deref(), found[0].time),
        ("cart", Some("Ada"), START + 1000.0)
    );
    repository(
        &home.path().join("pay"),
        &[(-9_000_000.0, "a.rs", None), (-60.0, "b.rs", None), (1000.0, "k8s/d.yaml", None)],
    );
    let found = changes("pay", Some("payments"));
    assert_eq!(
        found.iter().map(|c| (c.service.as_str(), c.kind)).collect::<Vec<_>>(),
        [("payments", ChangeKind::Deploy), ("payments", ChangeKind::Infra),]
    );
    fs::create_dir(home.path().join("plain")).unwrap();
    let history = GitHistory { repository: home.path().join("plain"), service: None };
    let error = capture(vec![], vec![history], None, &home.path().join("x")).unwrap_err().to_string();
    assert!(error.contains("no history can be read"), "{error}");
}

/// Prints what in a bundle does not hold to the schema, each file by the definition of its kind.
const VALIDATE: &str = "import csv, json, pathlib, sys\nfrom jsonschema import Draft202012Validator\n\
folder = pathlib.Path(sys.argv[1]); schema = json.loads(sys.argv[2]); Draft202012Validator.check_schema(schema)\n\
bundle = {}\n\
for path in folder.rglob('*'):\n    if path.is_dir(): continue\n    name = str(path.relative_to(folder)); text = path.read_text()\n    if name.startswith('logs/'): name = 'logs/*.jsonl'\n    if name.endswith('.jsonl'): value = [json.loads(l) for l in text.splitlines()]\n    elif name.endswith('.json'): value = json.loads(text)\n    else: value = list(csv.DictReader(text.splitlines()))\n    assert name in schema['properties'], name\n    bundle[name] = value\n\
print(len(bundle)); [print(e.json_path, e.message) for e in Draft202012Validator(schema).iter_errors(bundle)]\n";

#[test]
fn what_is_written_holds_to_the_published_schema() {
    assert!(FORMAT_PAGE.contains("bundle.schema.json"));
    let Some(python) = parts::python("jsonschema", "jsonschema") else { return };
    let home = tempfile::tempdir().unwrap();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for number in 0..5 {
        let made = readings().new_tree(&mut runner).unwrap().current();
        let parts =
            [made.series.len(), made.spans.len(), made.events.len(), made.changes.len(), made.topology.len()];
        let files = 2 + parts.iter().filter(|count| **count > 0).count();
        let to = home.path().join(format!("b{number}"));
        let lines = vec![("cart".to_owned(), None, START, "m".to_owned(), vec![])];
        capture(vec![], vec![], Some(&Given { readings: Some(made), lines }), &to).unwrap();
        let output =
            Command::new(&python).args(["-c", VALIDATE]).arg(&to).arg(FORMAT_SCHEMA).output().unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(said.trim(), files.to_string(), "{}", to.display());
    }
}
