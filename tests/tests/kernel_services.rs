//! The adapters of the kernel's services, two ways: against this program's own agent, which serves the contract
//! as it is written and is a real server; and against stand-ins within this process that do what the running
//! services were seen to do where they depart from it. The stand-ins are no servers, and prove nothing beyond that.
#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::domain::{ActorKind, AuditEntry, AuditResult, DomainEvent, Party, Priority, Subject};
use ecoops_core::ports::audit_log::CopyError;
use ecoops_core::ports::bus::{Bus, BusError, Position};
use ecoops_core::ports::delivery::{Delivery, DeliveryError, Health, Sync};
use ecoops_core::ports::memory::{Document, DocumentKind, Filters, Memory, MemoryError, Query};
use ecoops_core::ports::policy::{Policy, PolicyInput};
use ecoops_plugins::http::trace::{Trace, within};
use ecoops_plugins::registry::{
    self, BusChoice, DeliveryChoice, PolicyChoice, PolicySettings, ServiceChoice,
};
use ecoops_tests::agent::Agent;
use ecoops_tests::http::{Replay, Request};
use ecoops_tests::servers;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn service(url: &str) -> ServiceChoice {
    ServiceChoice { address: url.to_owned(), deadline: Duration::from_secs(10), ..ServiceChoice::default() }
}

/// A daemon over TCP with its own default policy, and how to speak to it.
fn agent(settings: &str) -> (Agent, ServiceChoice) {
    Agent::serving(settings)
}

fn policy(adapter: &str, service: ServiceChoice, seconds: u64) -> Box<dyn Policy> {
    let embedded = PolicyChoice::embedded(PolicySettings::default());
    let good_for = Duration::from_secs(seconds);
    registry::policy(&PolicyChoice { adapter: adapter.into(), service, good_for, ..embedded }).unwrap()
}

fn bus(service: ServiceChoice) -> Box<dyn Bus> {
    let choice = BusChoice { adapter: "event_bus".into(), file: PathBuf::new(), server: None, service };
    registry::bus(&choice, registry::host("system").unwrap()).unwrap()
}

fn delivery(service: ServiceChoice) -> Box<dyn Delivery> {
    let (applications, state) = (BTreeMap::new(), PathBuf::new());
    let choice = DeliveryChoice { adapter: "infra_manager".into(), service, applications, state };
    registry::delivery(&choice, registry::host("system").unwrap()).unwrap()
}

/// What the policy that comes with ecoops allows.
fn allowed() -> PolicyInput {
    serde_json::from_value(json!({
        "actor": "ai-code-editor-workflow-pipeline", "action": "apply-fix", "resource": "src/a.py",
        "severity": "low", "compliance_mode": "standard",
    }))
    .unwrap()
}

/// A stand-in that answers everything the same.
fn saying(status: u16, body: impl ToString) -> Replay {
    let body = body.to_string();
    Replay::start(move |_: &Request| (status, body.clone()))
}

fn sent(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap_or_default()
}

#[test]
fn a_policy_outside_allows_only_by_a_plain_yes_and_what_either_denies_is_denied() {
    let opa = |result: Value| saying(200, json!({ "decision_id": "1", "result": result }));
    let evaluate = |verdict: &str, reason: &str| {
        saying(200, json!({ "success": true, "data": { "verdict": verdict, "reason": reason } }))
    };
    let cases = [
        ("opa", opa(json!(true)), true, "allows it"),
        ("opa", opa(json!(false)), false, "denies it"),
        ("opa", saying(200, json!({ "decision_id": "1" })), false, "data.remediation.allow is undefined"),
        ("opa", opa(json!("true")), false, "neither true nor false"),
        ("opa", opa(json!({ "allow": true })), false, "neither true nor false"),
        ("opa", saying(200, ""), false, "could not be evaluated"),
        ("opa", saying(200, "\u{0}\u{1}"), false, "could not be evaluated"),
        (
            "opa",
            saying(400, json!({ "code": "invalid_parameter", "message": "no" })),
            false,
            "invalid_parameter",
        ),
        ("opa", saying(500, json!({ "code": "internal_error", "message": "no" })), false, "internal_error"),
        ("policy_audit", evaluate("allow", "Fine."), true, "Fine."),
        ("policy_audit", evaluate("deny", "Not on Fridays."), false, "Not on Fridays."),
        // A 200 that means that nothing was evaluated.
        (
            "policy_audit",
            evaluate("deny", "Policy evaluation error: fetch failed"),
            false,
            "could not be evaluated",
        ),
        ("policy_audit", evaluate("maybe", ""), false, "could not be evaluated"),
        (
            "policy_audit",
            saying(200, json!({ "success": false, "error": { "code": "X", "message": "no" } })),
            false,
            "X",
        ),
        ("policy_audit", saying(200, json!({ "success": true })), false, "could not be evaluated"),
        (
            "policy_audit",
            saying(500, "{\"success\":false,\"error\":{\"code\":\"INTERNAL_ERROR\",\"message\":\"m\"}}"),
            false,
            "INTERNAL_ERROR",
        ),
    ];
    for (number, (adapter, stand_in, allow, said)) in cases.iter().enumerate() {
        let policy = policy(adapter, service(&stand_in.url()), 60);
        let decision = policy.decide(&allowed());
        assert_eq!(decision.allow, *allow, "{number} {adapter}: {decision:?}");
        assert!(decision.reasons.join("; ").contains(said), "{number} {adapter}: {decision:?}");
        assert_eq!((decision.policies, decision.version.starts_with("sha256:")), (policy.list().len(), true));
        let asked = stand_in.requests().len();
        // Not even asked.
        let lock = PolicyInput { resource: "Cargo.lock".into(), ..allowed() };
        assert!(!policy.decide(&lock).allow && stand_in.requests().len() == asked, "{number}");
    }
    let nobody = policy("opa", service(&format!("http://127.0.0.1:{}", servers::free_port())), 60);
    let decision = nobody.decide(&allowed());
    assert!(!decision.allow && decision.reasons[0].contains("cannot be reached"), "{decision:?}");
}

#[test]
fn decisions_are_kept_for_a_while_and_errors_never() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let stand_in = Replay::start(move |_: &Request| match counted.fetch_add(1, Ordering::SeqCst) {
        0 => (500, "{}".into()),
        1 => (200, json!({ "result": true }).to_string()),
        _ => (200, json!({ "result": false }).to_string()),
    });
    let kept = policy("opa", service(&stand_in.url()), 600);
    let allows: Vec<bool> = (0..4).map(|_| kept.decide(&allowed()).allow).collect();
    assert_eq!((allows, asked.load(Ordering::SeqCst)), (vec![false, true, true, true], 2));
    // Another question is another question.
    let other = PolicyInput { resource: "src/b.py".into(), ..allowed() };
    assert!(!kept.decide(&other).allow);
    let never = policy("opa", service(&stand_in.url()), 0);
    let before = asked.load(Ordering::SeqCst);
    (0..3).for_each(|_| drop(never.decide(&allowed())));
    assert!(asked.load(Ordering::SeqCst) >= before + 3);
}

#[test]
fn policies_agree_with_the_agent_as_a_real_server() {
    let (_agent, service) = agent("");
    for adapter in ["opa", "policy_audit"] {
        let policy = policy(adapter, service.clone(), 5);
        for (mode, resource, allow) in [
            ("standard", "src/a.py", true),
            ("standard", "Cargo.lock", false),
            ("lax", "src/a.py", false),
            ("standard", "", false),
            ("standard", "../../etc/passwd", false),
        ] {
            let input = PolicyInput { compliance_mode: mode.into(), resource: resource.into(), ..allowed() };
            let decision = policy.decide(&input);
            assert_eq!(decision.allow, allow, "{adapter} {mode} {resource}: {decision:?}");
            assert_eq!(decision, policy.decide(&input), "the same question has the same answer");
        }
        let mut huge = allowed();
        huge.details.insert("paths".into(), "x".repeat(4 << 20).into());
        assert!(!policy.decide(&huge).allow);
    }
    // Without its token it is refused, so nothing is allowed.
    let stranger = policy("opa", ServiceChoice { token: None, ..service }, 5).decide(&allowed());
    assert!(!stranger.allow && stranger.reasons[0].contains("401"), "{stranger:?}");
}

/// With `OPA_BIN`, the program itself.
#[test]
fn opa_itself_decides() {
    let Some(program) = std::env::var_os("OPA_BIN") else {
        return ecoops_tests::parts::skipped("OPA", "set OPA_BIN to the program");
    };
    let folder = tempfile::tempdir().unwrap();
    let rego = "package remediation\nimport rego.v1\ndefault allow := false\nallow if input.resource == \"src/a.py\"\n\
                reasons contains \"Only that file.\" if not allow\n";
    std::fs::write(folder.path().join("p.rego"), rego).unwrap();
    let server = servers::Server::in_folder(
        folder,
        move |folder, port| {
            let mut command = std::process::Command::new(&program);
            command
                .args(["run", "--server", "--addr", &format!("127.0.0.1:{port}")])
                .arg(folder.join("p.rego"));
            command
        },
        servers::listens,
    );
    let policy = policy("opa", service(&format!("http://{}", server.address())), 0);
    assert!(policy.decide(&allowed()).allow);
    let denied = policy.decide(&PolicyInput { resource: "src/b.py".into(), ..allowed() });
    assert_eq!((denied.allow, denied.reasons), (false, vec!["Only that file.".to_owned()]));
}

fn entry(action: &str) -> AuditEntry {
    AuditEntry {
        timestamp: "2026-01-02T03:04:05Z".into(),
        trace_id: "5b2c7f30-0a53-11f1-8d4e-0242ac120002".into(),
        run: "r1".into(),
        actor: "ana".into(),
        action: action.into(),
        resource: "src/a.py".into(),
        result: AuditResult::Success,
        policy: None,
        content_hash: None,
        urn: "urn:ecoops:run:r1".into(),
        uri: "file:///src/a.py".into(),
        signer: "self".into(),
        asked: None,
        details: None,
    }
}

#[test]
fn a_copy_of_the_log_is_found_again_in_the_agent() {
    let (_agent, service) = agent("");
    let copy = registry::audit_copy(&service).unwrap();
    for index in 0..3 {
        assert!(!copy.holds("log+1", index, &entry("integrate")).unwrap());
        copy.write("log+1", index, &entry("integrate")).unwrap();
        assert!(copy.holds("log+1", index, &entry("integrate")).unwrap());
    }
    // Another log, place or content is another entry.
    assert!(!copy.holds("log+2", 0, &entry("integrate")).unwrap());
    assert!(!copy.holds("log+1", 3, &entry("integrate")).unwrap());
    assert!(!copy.holds("log+1", 0, &entry("validate")).unwrap());
}

/// What policy-audit was seen to do: it keeps what it knows and `metadata`, refuses `email: null`, answers absent
/// values as `null`, and writes twice what it is given twice.
#[derive(Default)]
struct PolicyAuditStandIn {
    entries: Mutex<Vec<Value>>,
    /// Answers that are lost after the entry was written, and the status that is said instead.
    lose: Mutex<Vec<u16>>,
}

impl PolicyAuditStandIn {
    fn serve(self: &Arc<Self>) -> Replay {
        let this = self.clone();
        Replay::start(move |request: &Request| this.answer(request))
    }

    fn answer(&self, request: &Request) -> (u16, String) {
        if request.path == "/audit/query" {
            let entries = self.entries.lock().unwrap();
            let trace = request.parameter("traceId");
            let found: Vec<Value> = entries.iter().filter(|e| e["traceId"] == trace).cloned().collect();
            let pagination = json!({ "page": 1, "pageSize": 100, "total": found.len() });
            return (
                200,
                json!({ "success": true, "data": { "entries": found, "pagination": pagination } })
                    .to_string(),
            );
        }
        let body = sent(request);
        if body["actor"].get("email").is_some_and(Value::is_null) || body.get("traceId").is_none() {
            let error = json!({ "code": "VALIDATION_ERROR", "message": "email" });
            return (400, json!({ "success": false, "error": error }).to_string());
        }
        let known = |name: &str| body.get(name).cloned().unwrap_or_default();
        let names = [
            "timestamp",
            "traceId",
            "actor",
            "resource",
            "action",
            "result",
            "policyDecision",
            "complianceTags",
            "metadata",
        ];
        let kept: serde_json::Map<_, _> = names.iter().map(|n| ((*n).to_owned(), known(n))).collect();
        self.entries.lock().unwrap().push(Value::Object(kept));
        match self.lose.lock().unwrap().pop() {
            Some(status) => (status, "{}".into()),
            None => (201, json!({ "success": true, "data": { "id": "1" } }).to_string()),
        }
    }
}

#[test]
fn policy_audit_as_seen_keeps_each_entry_once() {
    let stand_in = Arc::new(PolicyAuditStandIn::default());
    let replay = stand_in.serve();
    let copy = registry::audit_copy(&service(&replay.url())).unwrap();
    copy.write("log", 0, &entry("a")).unwrap();
    assert!(copy.holds("log", 0, &entry("a")).unwrap() && !copy.holds("log", 1, &entry("a")).unwrap());
    for status in [500, 503, 504] {
        stand_in.lose.lock().unwrap().push(status);
        let before = stand_in.entries.lock().unwrap().len();
        assert!(copy.write("log", u64::from(status), &entry("a")).is_err());
        assert_eq!(stand_in.entries.lock().unwrap().len(), before + 1, "asked once, whatever it says");
        assert!(copy.holds("log", u64::from(status), &entry("a")).unwrap());
    }
    let kept = stand_in.entries.lock().unwrap()[0].clone();
    assert_eq!(kept["metadata"]["urn"], "urn:ecoops:run:r1");
}

#[test]
fn what_a_copy_refuses_is_told_from_what_it_cannot_do_now() {
    for (status, refused, failed) in [
        (400, true, false),
        (413, true, false),
        (422, true, false),
        (500, false, true),
        (401, false, false),
        (403, false, false),
        (404, false, false),
        (429, false, false),
        (503, false, false),
    ] {
        let replay = saying(status, json!({ "success": false, "error": { "code": "C", "message": "m" } }));
        let error =
            registry::audit_copy(&service(&replay.url())).unwrap().write("log", 0, &entry("a")).unwrap_err();
        assert_eq!(matches!(error, CopyError::Refused(_)), refused, "{status}: {error}");
        assert_eq!(matches!(error, CopyError::Failed(_)), failed, "{status}: {error}");
    }
}

/// The daemon itself, with a mirror that is away first.
#[test]
fn the_agent_mirrors_its_log_when_the_mirror_comes_back() {
    let port = servers::free_port();
    let mut agent = Agent::new();
    agent.configure(&format!("[audit]\nmirror = \"http://127.0.0.1:{port}\"\n"));
    agent.run(&[]);
    let body = json!({ "timestamp": "2026-01-02T03:04:05Z", "traceId": "5b2c7f30-0a53-11f1-8d4e-0242ac120002",
        "actor": { "id": "ana", "type": "user" }, "resource": { "kind": "pod", "id": "p" }, "action": "restart",
        "result": "success" });
    for _ in 0..3 {
        let reply = agent.ask(
            "POST",
            "/audit/write",
            &[("content-type", "application/json"), ("idempotency-key", &uid())],
            &body.to_string(),
        );
        assert_eq!(reply.status, 201, "{}", reply.text());
    }
    let shown = || agent.get("/health/detailed").text() + &agent.get("/metrics").text();
    servers::until("the backlog shows", || {
        shown().contains("ecoops_agent_component_waiting{component=\"audit-mirror\"} 3").then_some(())
    });
    let stand_in = Arc::new(PolicyAuditStandIn::default());
    let replay = Arc::new(stand_in.serve());
    // The port that was promised leads there now.
    let relay = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let to = replay.address();
    std::thread::spawn(move || {
        for stream in relay.incoming().flatten() {
            std::thread::spawn(move || {
                let Ok(mut there) = std::net::TcpStream::connect(to) else { return };
                let (mut a, mut b) = (stream.try_clone().unwrap(), there.try_clone().unwrap());
                std::thread::spawn(move || std::io::copy(&mut a, &mut there));
                let mut stream = stream;
                let _ = std::io::copy(&mut b, &mut stream);
                let _ = stream.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    servers::until("three entries arrive", || (stand_in.entries.lock().unwrap().len() >= 3).then_some(()));
    servers::until("nothing waits", || shown().contains("component=\"audit-mirror\"} 0").then_some(()));
    assert_eq!(stand_in.entries.lock().unwrap().len(), 3);
}

fn uid() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("key-{}", NEXT.fetch_add(1, Ordering::SeqCst))
}

fn event(key: &str) -> DomainEvent {
    DomainEvent {
        id: String::new(),
        kind: "platform-01.healing.completed".into(),
        source: "tests".into(),
        time: "2026-01-02T03:04:05Z".into(),
        subject: None,
        trace_id: "5b2c7f30-0a53-11f1-8d4e-0242ac120002".into(),
        actor: Party { id: "ana".into(), kind: ActorKind::User },
        resource: Subject { kind: "pod".into(), id: "ü/1".into(), namespace: None },
        policy_decision: None,
        idempotency_key: key.into(),
        priority: Priority::High,
        data: serde_json::from_str(r#"{"a":{"b":[1,null]}}"#).unwrap(),
    }
}

fn keys(found: &[(Position, DomainEvent)]) -> Vec<&str> {
    found.iter().map(|(_, event)| event.idempotency_key.as_str()).collect()
}

#[test]
fn events_go_through_the_agent_as_a_real_server() {
    let (_agent, service) = agent("");
    let bus = bus(service);
    assert!(bus.replay("nobody", Position::FIRST, Position::LAST, 10).unwrap().is_empty());
    let places: Vec<Position> = (0..20)
        .map(|n| bus.publish("platform-01:healing", &event(&n.to_string())).unwrap().position)
        .collect();
    assert!(places.windows(2).all(|pair| pair[0] < pair[1]));
    let found = bus.replay("platform-01:healing", Position::FIRST, Position::LAST, 1000).unwrap();
    assert_eq!(found.iter().map(|(place, _)| *place).collect::<Vec<_>>(), places);
    let DomainEvent { id, time, .. } = found[7].1.clone();
    assert!(!id.is_empty() && found[7].1 == DomainEvent { id, time, ..event("7") }, "{:?}", found[7]);
    assert_eq!(keys(&bus.replay("platform-01:healing", places[5], places[7], 9).unwrap()), ["5", "6", "7"]);
    assert_eq!(
        keys(&bus.replay("platform-01:healing", places[5].next(), Position::LAST, 2).unwrap()),
        ["6", "7"]
    );
    assert!(bus.replay("platform-01:healing", places[19].next(), Position::LAST, 2).unwrap().is_empty());
    for stream in ["platform-01:healing", "other"] {
        let again = bus.publish(stream, &event("3")).unwrap();
        assert!(again.duplicate && again.position == places[3]);
    }
    let mut large = event("large");
    large.data.insert("x".into(), "x".repeat(2 << 20).into());
    for (stream, event) in [
        ("", event("a")),
        ("a\nb", event("a")),
        (&*"x".repeat(600), event("a")),
        ("s", event("")),
        ("s", large),
    ] {
        assert!(matches!(bus.publish(stream, &event), Err(BusError::Refused(_))), "{stream:.20}");
    }
    assert!(matches!(bus.streams(), Err(BusError::Refused(_))));
}

/// What event-bus was seen to do: no place with an event, `startId` inclusive, `streamId: "duplicate"`, and a key
/// that came many times at once stored more than once.
fn event_bus_stand_in(events: Vec<(u64, Value)>) -> Replay {
    Replay::start(move |request: &Request| {
        if request.path == "/events/publish" {
            let body = sent(request);
            let Some(_) = body.get("streamName") else {
                return (
                    400,
                    "{\"success\":false,\"error\":{\"code\":\"MISSING_FIELDS\",\"message\":\"streamName\"}}"
                        .into(),
                );
            };
            let known = body["idempotencyKey"] == "known";
            let (id, place) = if known { ("known", "duplicate") } else { ("e-1", "1700000000000-0") };
            return (
                201,
                json!({ "success": true, "data": { "eventId": id, "streamId": place } }).to_string(),
            );
        }
        let millis = |name: &str, default: u64| match request.parameter(name) {
            "" => default,
            text => text.split('-').next().unwrap().parse().unwrap(),
        };
        let count: usize = request.parameter("count").parse().unwrap();
        if count == 0 || count > 1000 {
            return (
                500,
                "{\"success\":false,\"error\":{\"code\":\"INTERNAL_ERROR\",\"message\":\"count\"}}".into(),
            );
        }
        let (start, end) = (millis("startId", 0), millis("endId", u64::MAX));
        let within = events.iter().filter(|(at, _)| (start..=end).contains(at)).take(count);
        let found: Vec<&Value> = within.map(|(_, event)| event).collect();
        (200, json!({ "success": true, "data": { "events": found } }).to_string())
    })
}

/// The event number `n`, one every `step` milliseconds, at its place in a stream that lags a little behind its time.
fn streamed(n: u64, step: u64) -> (u64, Value) {
    let at = 1_700_000_000_000 + n * step;
    let time = jiff::Timestamp::from_millisecond(at as i64).unwrap().to_string();
    let event = DomainEvent { id: format!("id-{n:06}"), time, ..event(&format!("k{n}")) };
    let mut value = serde_json::to_value(event).unwrap();
    value["subject"] = Value::Null;
    (at + n % 3, value)
}

#[test]
fn a_stream_without_places_is_read_whole_and_each_event_once() {
    for (what, step, total) in
        [("far apart", 1000, 300), ("close together", 10, 900), ("all at once", 0, 150)]
    {
        let mut events: Vec<(u64, Value)> = (0..total).map(|n| streamed(n, step)).collect();
        // Stored twice under one key, with another id.
        let mut twice = events[5].clone();
        twice.1["id"] = json!("id-000005-again");
        events.insert(6, twice);
        let stand_in = event_bus_stand_in(events);
        let bus = bus(service(&stand_in.url()));
        let whole = bus.replay("s", Position::FIRST, Position::LAST, 1000).unwrap();
        let expected: Vec<String> = (0..total).map(|n| format!("k{n}")).collect();
        assert_eq!(keys(&whole), expected, "{what}");
        assert!(whole.windows(2).all(|pair| pair[0].0 < pair[1].0), "{what}: places only grow");
        // Page by page, each going on right after the last.
        let (mut from, mut read) = (Position::FIRST, Vec::new());
        loop {
            let page = bus.replay("s", from, Position::LAST, 7).unwrap();
            let Some((last, _)) = page.last() else { break };
            from = last.next();
            read.extend(page);
        }
        assert_eq!(keys(&read), expected, "{what}");
    }
}

#[test]
fn event_bus_as_seen_tells_duplicates_and_breaks_by_its_500() {
    let stand_in = event_bus_stand_in(Vec::new());
    let bus = bus(service(&stand_in.url()));
    assert_eq!(bus.publish("s", &event("new")).unwrap().position.millis, 1_700_000_000_000);
    let again = bus.publish("s", &event("known")).unwrap();
    assert!(again.duplicate && again.id == "known");
    // One foreign entry in the stream makes every replay a 500; it is asked once.
    let broken =
        saying(500, json!({ "success": false, "error": { "code": "INTERNAL_ERROR", "message": "x" } }));
    let error =
        self::bus(service(&broken.url())).replay("s", Position::FIRST, Position::LAST, 5).unwrap_err();
    assert!(matches!(error, BusError::Storage(_)) && broken.requests().len() == 1, "{error}");
}

#[test]
fn deployments_through_infra_manager_as_seen() {
    let stand_in = Replay::start(|request: &Request| {
        let ok = |data: Value| (200, json!({ "success": true, "data": data }).to_string());
        match request.path.as_str() {
            "/infra/drift" => ok(
                json!({ "applications": [{ "name": "shop" }, { "name": "a/b" }], "driftedCount": 0, "totalCount": 2 }),
            ),
            "/infra/applications/shop" => ok(
                json!({ "name": "shop", "syncStatus": "Synced", "healthStatus": "healthy", "revision": "abc" }),
            ),
            "/infra/applications/shop/sync" => {
                ok(json!({ "success": true, "application": "shop", "revision": "def" }))
            }
            // 500, `success: false`, a message in the data, and no `error`.
            "/infra/applications/shop/rollback" => {
                (500, json!({ "success": false, "data": { "message": "no history" } }).to_string())
            }
            path if path.ends_with("/sync") => ok(json!({ "success": false, "message": "argo said no" })),
            _ => ok(json!({ "name": "x", "syncStatus": "unknown", "healthStatus": "unhealthy" })),
        }
    });
    let delivery = delivery(service(&stand_in.url()));
    assert_eq!(delivery.applications().unwrap(), ["shop"]);
    let shop = delivery.state("shop").unwrap();
    assert_eq!((shop.sync_status, shop.health_status), (Sync::Synced, Health::Healthy));
    let ghost = delivery.state("ghost").unwrap();
    assert_eq!((ghost.sync_status, ghost.health_status), (Sync::Unknown, Health::Unknown));
    assert!(ghost.message.contains("does not exist"), "{}", ghost.message);
    assert_eq!(delivery.sync("shop", Some("def"), true).unwrap().revision, "def");
    assert!(delivery.sync("other", None, false).unwrap_err().to_string().contains("argo said no"));
    let asked = stand_in.requests().len();
    assert!(matches!(delivery.rollback("shop", 0), Err(DeliveryError::Refused(_))));
    assert!(matches!(delivery.state("../x"), Err(DeliveryError::NoSuchApplication(_))));
    assert_eq!(stand_in.requests().len(), asked, "neither was asked for");
    for nothing in [saying(200, "{}"), saying(503, ""), saying(500, "{}")] {
        let unlisted = self::delivery(service(&nothing.url())).applications();
        assert!(matches!(unlisted, Err(DeliveryError::Failed(_))), "{unlisted:?}");
    }
    let failed = delivery.rollback("shop", 3).unwrap_err();
    assert!(
        matches!(failed, DeliveryError::Failed(_)) && failed.to_string().contains("no history"),
        "{failed}"
    );
    assert_eq!(stand_in.requests().len(), asked + 1, "a 500 is not repeated");
}

/// A daemon whose applications are those of this infra-manager.
fn before(stand_in: &Replay) -> Agent {
    let mut agent = Agent::new();
    agent.configure(&format!("[delivery]\nadapter = \"infra_manager\"\naddress = {:?}\n", stand_in.url()));
    agent.run(&[]);
    agent
}

#[test]
fn drift_that_cannot_be_told_is_not_told_to_be_none() {
    let away = saying(503, "");
    let agent = before(&away);
    assert_eq!(agent.get("/infra/drift").status, 503);
    let health = agent.get("/health/detailed").json();
    assert_eq!(health["services"]["delivery"]["status"], "unhealthy", "{health}");

    let half = Replay::start(|request: &Request| match request.path.as_str() {
        "/infra/drift" => {
            (200, r#"{"success":true,"data":{"applications":[{"name":"a"},{"name":"b"}]}}"#.into())
        }
        "/infra/applications/a" => {
            (200, r#"{"success":true,"data":{"syncStatus":"synced","healthStatus":"healthy"}}"#.into())
        }
        _ => (503, String::new()),
    });
    let drift = before(&half).get("/infra/drift").json()["data"].clone();
    assert_eq!((&drift["totalCount"], &drift["driftedCount"]), (&json!(2), &json!(1)), "{drift}");
    let unread = &drift["applications"][1];
    assert_eq!((&unread["name"], &unread["syncStatus"]), (&json!("b"), &json!("unknown")), "{drift}");
    assert!(!unread["message"].as_str().unwrap().is_empty(), "{drift}");
}

#[test]
fn a_deployment_whose_asker_hangs_up_is_recorded() {
    let (begun, begins) = std::sync::mpsc::channel();
    let (go_on, waits) = std::sync::mpsc::channel::<()>();
    let (begun, waits) = (Mutex::new(begun), Mutex::new(waits));
    let slow = Replay::start(move |request: &Request| {
        if request.path.ends_with("/sync") {
            begun.lock().unwrap().send(()).unwrap();
            let _ = waits.lock().unwrap().recv();
        }
        let done = json!({ "success": true, "application": "shop", "revision": "def", "deployment": 7 });
        (200, json!({ "success": true, "data": done }).to_string())
    });
    let agent = before(&slow);
    let mut asker = std::os::unix::net::UnixStream::connect(agent.socket()).unwrap();
    let asked = ecoops_tests::agent::request("POST", "/infra/applications/shop/sync", &[], b"");
    std::io::Write::write_all(&mut asker, &asked).unwrap();
    begins.recv().unwrap();
    drop(asker);
    // Whoever looks now sees that nobody waits for it any more.
    servers::until("the daemon sees that it hung up", || {
        agent.get("/metrics").text().contains("requests_under_way 1\n").then_some(())
    });
    go_on.send(()).unwrap();
    let entry = servers::until("it is recorded", || {
        agent.get("/v1/audit/entries").json()["items"].get(0).map(|item| item["entry"].clone())
    });
    assert_eq!(
        (&entry["action"], &entry["result"], &entry["details"]["metadata"]["deployment"]["number"]),
        (&json!("sync"), &json!("success"), &json!(7)),
        "{entry}"
    );
}

#[test]
fn deployments_go_through_the_agent_as_a_real_server() {
    let home = ecoops_tests::home::Home::new();
    let repository = home.repo(&[("deploy/a.yaml", "a: 1\n")]);
    let live = home.path().join("live");
    let shop = [repository.to_str().unwrap(), "main", "deploy/", live.to_str().unwrap()];
    let (_agent, service) = agent(&format!("[delivery.applications]\nshop = {shop:?}\n"));
    let delivery = delivery(service);
    assert_eq!(delivery.applications().unwrap(), ["shop"]);
    assert!(matches!(delivery.state("nothing"), Err(DeliveryError::NoSuchApplication(_))));
    assert_eq!(delivery.state("shop").unwrap().health_status, Health::Missing);
    let first = delivery.sync("shop", None, false).unwrap();
    assert_eq!((first.number, std::fs::read_to_string(live.join("a.yaml")).unwrap()), (1, "a: 1\n".into()));
    std::fs::write(live.join("a.yaml"), "a: 9\n").unwrap();
    let state = delivery.state("shop").unwrap();
    assert_eq!((state.sync_status, state.drifted), (Sync::OutOfSync, vec!["a.yaml".to_owned()]));
    assert_eq!(
        (delivery.rollback("shop", 1).unwrap().number, delivery.state("shop").unwrap().history.len()),
        (2, 2)
    );
    assert!(matches!(delivery.rollback("shop", 99), Err(DeliveryError::Refused(_))));
}

fn document(kind: DocumentKind, title: &str, text: &str) -> Document {
    let metadata = json!({ "rule": title, "before": "a:b", "tries": 2 }).as_object().cloned().unwrap();
    Document { kind, title: title.into(), text: text.into(), source: "urn:ecoops:run:1".into(), metadata }
}

fn query(text: &str, kinds: &[DocumentKind], top_k: usize) -> Query {
    Query { query: text.into(), top_k, filters: Filters { kinds: kinds.to_vec(), ..Filters::default() } }
}

#[test]
fn documents_go_through_the_agent_as_a_real_server() {
    let (_agent, service) = agent("");
    memory_suite(&*registry::memory_hub(&service).unwrap());
}

fn memory_suite(memory: &dyn Memory) {
    let pool = document(DocumentKind::Fix, "pool-leak", "the connection pool leaks when a request times out");
    let disk =
        document(DocumentKind::Runbook, "disk-full", "free space on the volume\n\nthen restart the writer");
    let [pool_id, disk_id] = [&pool, &disk].map(|d| memory.ingest(d).unwrap());
    assert_eq!(memory.ingest(&pool).unwrap(), pool_id, "the same again is the same");
    assert_ne!(memory.ingest(&Document { kind: DocumentKind::Incident, ..pool.clone() }).unwrap(), pool_id);
    assert_eq!(memory.get(&disk_id).unwrap(), Some(disk.clone()));
    let fixes = memory.search(&query("connection pool leak", &[DocumentKind::Fix], 10)).unwrap();
    assert_eq!(fixes.iter().map(|hit| (&hit.id, &hit.document)).collect::<Vec<_>>(), [(&pool_id, &pool)]);
    assert!(fixes[0].snippet.contains("connection pool") && !fixes[0].snippet.contains("ecoops-metadata"));
    let mut by_field = query("the", &[], 10);
    by_field.filters.metadata = json!({ "rule": "disk-full", "tries": 2 }).as_object().cloned().unwrap();
    assert_eq!(memory.search(&by_field).unwrap().iter().map(|hit| &hit.id).collect::<Vec<_>>(), [&disk_id]);
    by_field.filters.metadata.insert("tries".into(), json!(3));
    assert!(memory.search(&by_field).unwrap().is_empty());
    for (text, top) in [("", 10), (" \n", 10), ("x", 0), ("x", 101)] {
        assert!(
            matches!(memory.search(&query(text, &[], top)), Err(MemoryError::BadQuery(_))),
            "{text:?} {top}"
        );
    }
    assert!(matches!(memory.ingest(&document(DocumentKind::Fix, " ", "\n")), Err(MemoryError::BadQuery(_))));
    // What the service cannot do is said.
    assert!(memory.list(&[], 1).unwrap_err().to_string().contains("cannot list"));
    assert!(memory.forget(&pool_id).unwrap_err().to_string().contains("cannot delete"));
}

/// What memory-hub was seen to do: JSON only, pieces that overlap, neither title nor metadata in what is found, unknown
/// filters ignored, a default threshold that leaves nothing, no route for one document.
fn memory_hub_stand_in() -> Replay {
    let documents: Mutex<Vec<(String, String)>> = Mutex::default();
    Replay::start(move |request: &Request| {
        let mut documents = documents.lock().unwrap();
        let body = sent(request);
        let ok = |status: u16, data: Value| (status, json!({ "success": true, "data": data }).to_string());
        match request.path.as_str() {
            "/memory/ingest" => {
                let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
                if text("title").is_empty() || text("source").is_empty() || text("content").is_empty() {
                    return (
                        400,
                        "{\"success\":false,\"error\":{\"code\":\"MISSING_FIELDS\",\"message\":\"title\"}}"
                            .into(),
                    );
                }
                let new = (text("source"), text("content"));
                if let Some(known) = documents.iter().position(|old| old.1 == new.1) {
                    return ok(
                        201,
                        json!({ "documentId": format!("d{known}"), "chunksCreated": 0, "scanStatus": "duplicate" }),
                    );
                }
                documents.push(new);
                ok(
                    201,
                    json!({ "documentId": format!("d{}", documents.len() - 1), "chunksCreated": 1, "scanStatus": "clean" }),
                )
            }
            "/memory/search" if body["similarityThreshold"] != 0 => ok(200, json!({ "results": [] })),
            "/memory/search" => {
                let words: Vec<&str> = body["query"].as_str().unwrap().split(' ').collect();
                let mut results = Vec::new();
                for (number, (source, content)) in documents.iter().enumerate() {
                    let id = format!("d{number}");
                    if body["filters"]["documentId"].as_str().is_some_and(|wanted| wanted != id) {
                        continue;
                    }
                    let pieces = cut(content, 60, 20);
                    for (index, piece) in pieces.iter().enumerate() {
                        let score = words.iter().filter(|word| piece.contains(**word)).count() as f64 / 10.0;
                        let metadata = json!({ "source": source, "chunkIndex": index, "totalChunks": pieces.len(), "modelVersion": "m" });
                        results.push(json!({ "chunk": { "id": "c", "documentId": id, "content": piece, "metadata": metadata }, "score": score }));
                    }
                }
                results.sort_by(|a, b| b["score"].as_f64().unwrap().total_cmp(&a["score"].as_f64().unwrap()));
                results.truncate(body["topK"].as_u64().unwrap_or(10) as usize);
                ok(200, json!({ "results": results }))
            }
            _ => (404, "Cannot GET".into()),
        }
    })
}

/// Pieces of so many characters, of which each shares the last ones with the next.
fn cut(text: &str, size: usize, shared: usize) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let starts = (0..letters.len().max(1)).step_by(size - shared);
    let pieces =
        starts.map(|start| letters[start..letters.len().min(start + size)].iter().collect::<String>());
    let mut pieces: Vec<String> = pieces.collect();
    // A last piece that is nothing but what was shared.
    if pieces.len() > 1 && pieces.last().is_some_and(|last| last.chars().count() <= shared) {
        pieces.pop();
    }
    pieces
}

#[test]
fn documents_survive_memory_hub_as_seen() {
    let stand_in = memory_hub_stand_in();
    memory_suite(&*registry::memory_hub(&service(&stand_in.url())).unwrap());
}

#[test]
fn a_document_that_would_never_be_found_again_is_an_error() {
    for (scan, chunks, good) in [
        ("clean", 3, true),
        ("duplicate", 0, true),
        ("pending", 0, false),
        ("pending", 3, false),
        ("clean", 0, false),
        ("infected", 1, false),
    ] {
        let data = json!({ "documentId": "d", "chunksCreated": chunks, "scanStatus": scan });
        let stand_in = saying(201, json!({ "success": true, "data": data }));
        let memory = registry::memory_hub(&service(&stand_in.url())).unwrap();
        assert_eq!(memory.ingest(&document(DocumentKind::Fix, "t", "x")).is_ok(), good, "{scan} {chunks}");
    }
}

#[test]
fn ids_and_the_trace_go_along() {
    let stand_in = saying(200, json!({ "result": true }));
    let policy = policy("opa", service(&stand_in.url()), 0);
    let trace = Trace {
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into(),
        tracestate: Some("a=1,b=2".into()),
    };
    within(Some(trace), || policy.decide(&allowed()));
    let request = &stand_in.requests()[0];
    for (name, value) in [
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("tracestate", "a=1,b=2"),
        // The services take a trace as a UUID only.
        ("x-trace-id", "0af76519-16cd-43dd-8448-eb211c80319c"),
    ] {
        assert_eq!(request.header(name), value);
    }
    assert!(uuid_like(request.header("x-request-id")), "{}", request.header("x-request-id"));
}

fn uuid_like(text: &str) -> bool {
    text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(at, b)| if [8, 13, 18, 23].contains(&at) { b == b'-' } else { b.is_ascii_hexdigit() })
}
