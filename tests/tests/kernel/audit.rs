//! The copy of the audit log at policy-audit.

use super::{agent, saying, sent, service};
use ecoops_core::ports::audit_log::CopyError;
use ecoops_plugins::registry;
use ecoops_tests::agent::Agent;
use ecoops_tests::audit::entry;
use ecoops_tests::http::{Replay, Request};
use ecoops_tests::network::{Fault, Room};
use ecoops_tests::servers;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

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
    // Nobody listens there yet.
    let line = Room::here().line();
    line.fail(Fault::Refuse);
    let mut agent = Agent::new();
    agent.configure(&format!("[audit]\nmirror = \"{}\"\n", line.url()));
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
    let replay = stand_in.serve();
    line.lead(replay.address().port());
    line.heal();
    servers::until("three entries arrive", || (stand_in.entries.lock().unwrap().len() >= 3).then_some(()));
    servers::until("nothing waits", || shown().contains("component=\"audit-mirror\"} 0").then_some(()));
    assert_eq!(stand_in.entries.lock().unwrap().len(), 3);
}

fn uid() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("key-{}", NEXT.fetch_add(1, Ordering::SeqCst))
}
