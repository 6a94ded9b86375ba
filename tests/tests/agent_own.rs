//! Our own API: problems, keys, tags, pages, streams, documents.
#![allow(clippy::unwrap_used)]

use ecoops_tests::agent::{Agent, request, wait};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;

fn event(n: u32) -> Value {
    json!({ "event": { "event_type": "remediation.completed", "source": "tests", "timestamp": "2026-01-01T00:00:00Z",
            "trace_id": "5b2c7f30-0a53-11f1-8d4e-0242ac120002", "data": { "trace_id": n.to_string(), "compliance_tags": [] } },
        "idempotencyKey": n.to_string() })
}

#[test]
fn a_fault_is_a_problem_document() {
    let agent = Agent::up();
    for (reply, status) in [
        (agent.get("/v1/nothing"), 404),
        (agent.get("/v1/events?limit=0"), 400),
        (agent.get("/v1/events?cursor=x"), 400),
        (agent.ask("PATCH", "/v1/events", &[], ""), 405),
        (agent.get("/v1/audit/entries/7/proof"), 404),
        (agent.get("/v1/memory/documents/fix-0000000000000000"), 404),
        (agent.post("/v1/memory/search", &json!({ "query": 1 })), 400),
    ] {
        assert_eq!(reply.status, status, "{}", reply.text());
        assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        let problem = reply.json();
        assert_eq!(problem["status"], status);
        assert!(problem["type"].as_str().unwrap().starts_with("urn:ecoops:problem:"));
        assert_eq!(reply.header("x-request-id").map(str::len), Some(26), "a ULID");
        assert!(problem["instance"].as_str().unwrap().ends_with(reply.header("x-request-id").unwrap()));
    }
}

#[test]
fn a_key_is_honoured_across_a_restart() {
    let mut agent = Agent::up();
    let document = json!({ "kind": "runbook", "title": "t", "text": "pool", "source": "s" });
    let send = |agent: &Agent, body: &Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", "k-1")];
        agent.ask("POST", "/v1/memory/documents", &headers, &body.to_string())
    };
    let first = send(&agent, &document);
    assert_eq!((first.status, first.header("idempotency-replayed")), (201, None));
    agent.kill();
    agent.run(&[]);
    let again = send(&agent, &document);
    assert_eq!((again.status, again.body.clone()), (201, first.body));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let mut other = document.clone();
    other["text"] = "another".into();
    assert_eq!(send(&agent, &other).status, 422);
    let bad = agent.ask(
        "POST",
        "/v1/memory/documents",
        &[("content-type", "application/json"), ("idempotency-key", &"x".repeat(300))],
        &other.to_string(),
    );
    assert_eq!(bad.status, 400);
}

#[test]
fn what_did_not_change_is_not_sent_again() {
    let agent = Agent::up();
    let first = agent.get("/v1/events");
    let tag = first.header("etag").unwrap().to_owned();
    let same = agent.ask("GET", "/v1/events", &[("if-none-match", &tag)], "");
    assert_eq!((same.status, same.body.len(), same.header("etag")), (304, 0, Some(tag.as_str())));
    assert_eq!(agent.post("/v1/events", &event(1)).status, 201);
    assert_eq!(agent.ask("GET", "/v1/events", &[("if-none-match", &tag)], "").status, 200);
}

#[test]
fn pages_follow_each_other() {
    let agent = Agent::up();
    (1..=25).for_each(|n| assert_eq!(agent.post("/v1/events", &event(n)).status, 201));
    assert_eq!(agent.post("/v1/events", &event(7)).json()["offset"], 7, "a key counts once");
    let mut found = Vec::new();
    let mut next = json!("0");
    while let Some(cursor) = next.as_str() {
        let page = agent.get(&format!("/v1/events?limit=10&cursor={cursor}")).json();
        found.extend(page["items"].as_array().unwrap().iter().map(|e| e["offset"].as_u64().unwrap()));
        next = page["next"].clone();
    }
    assert_eq!(found, (1..=25).collect::<Vec<_>>());
}

#[test]
fn documents_come_in_pages_though_others_come_in_meanwhile() {
    let agent = Agent::up();
    let keep = |n: u32| {
        let body =
            json!({ "kind": "runbook", "title": n.to_string(), "text": format!("text {n}"), "source": "s" });
        let reply = agent.post("/v1/memory/documents", &body);
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.json()["id"].as_str().unwrap().to_owned()
    };
    let mut ids: Vec<String> = (0..12).map(keep).collect();
    ids.reverse();
    let (mut found, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = agent.get(&format!("/v1/memory/documents?limit=5{cursor}")).json();
        found.extend(
            page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        pages += 1;
        keep(100 + pages);
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!((found, pages), (ids, 3));
    let unknown = agent.get("/v1/memory/documents?cursor=runbook-0000000000000000");
    assert_eq!(unknown.status, 404, "{}", unknown.text());
}

/// Answers and faults alike say how much is left; and what has a key is done once.
#[test]
fn every_answer_tells_the_rate_and_every_change_takes_a_key() {
    let agent = Agent::up();
    let send = |method: &str, path: &str, key: &str, body: &Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        agent.ask(method, path, &headers, &body.to_string())
    };
    let document = json!({ "kind": "runbook", "title": "t", "text": "pool", "source": "s" });
    let kept = send("POST", "/v1/memory/documents", "k", &document);
    let id = kept.json()["id"].as_str().unwrap().to_owned();
    let replies = [
        (agent.get("/v1/status"), 200),
        (agent.get("/v1/events?limit=0"), 400),
        (agent.get("/v1/audit/entries/7/proof"), 404),
        (send("POST", "/v1/memory/documents", "k", &json!({ "kind": "fix" })), 422),
        (kept, 201),
    ];
    for (reply, status) in replies {
        assert_eq!(reply.status, status, "{}", reply.text());
        for header in ["ratelimit", "ratelimit-policy", "x-ratelimit-limit", "x-ratelimit-remaining"] {
            assert!(reply.header(header).is_some(), "{status}: no {header}");
        }
    }
    let path = format!("/v1/memory/documents/{id}");
    let gone = send("DELETE", &path, "d", &Value::Null);
    let again = send("DELETE", &path, "d", &Value::Null);
    assert_eq!((gone.status, again.status, again.header("idempotency-replayed")), (200, 200, Some("true")));
    assert_eq!(send("DELETE", &path, "another", &Value::Null).status, 404);
    let first = send("POST", "/v1/events", "e", &event(1));
    let again = send("POST", "/v1/events", "e", &event(1));
    assert_eq!((again.body.clone(), again.header("idempotency-replayed")), (first.body, Some("true")));
    assert_eq!(send("POST", "/v1/events", "e", &event(2)).status, 422);
}

/// Reads frames of server-sent events.
struct Reader(BufReader<UnixStream>);

impl Reader {
    fn open(agent: &Agent, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut stream = UnixStream::connect(agent.socket()).unwrap();
        stream.set_read_timeout(Some(ecoops_tests::agent::PATIENCE)).unwrap();
        stream.write_all(&request("GET", path, headers, b"")).unwrap();
        let mut reader = Self(BufReader::new(stream));
        reader.line_with(": here");
        reader
    }

    fn line_with(&mut self, start: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream ended before `{start}`");
            if line.starts_with(start) {
                return line.trim_end().to_owned();
            }
        }
    }

    fn id(&mut self) -> u32 {
        self.line_with("id: ")[4..].parse().unwrap()
    }
}

#[test]
fn events_are_followed_and_resumed_without_a_gap() {
    let agent = Agent::up();
    (1..=3).for_each(|n| drop(agent.post("/v1/events", &event(n))));
    let mut new = Reader::open(&agent, "/v1/events/stream", &[]);
    let mut all = Reader::open(&agent, "/v1/events/stream?from=1", &[]);
    let mut resumed = Reader::open(&agent, "/v1/events/stream", &[("last-event-id", "2")]);
    assert_eq!(agent.post("/v1/events", &event(4)).status, 201);
    assert_eq!(new.id(), 4);
    assert_eq!((1..=4).map(|_| all.id()).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!((resumed.id(), resumed.id()), (3, 4));
    assert_eq!(agent.ask("GET", "/v1/events/stream", &[("last-event-id", "x")], "").status, 400);
    drop(new);
    drop(all);
    wait("those who are gone to be let go", || {
        agent.get("/metrics").text().contains("ecoops_agent_event_streams 1").then_some(())
    });
}

#[test]
fn a_slow_reader_holds_up_nobody_and_a_stop_ends_its_stream() {
    let mut agent = Agent::up();
    // It never reads: its line fills, and then the daemon waits for it alone.
    let mut slow = UnixStream::connect(agent.socket()).unwrap();
    slow.write_all(&request("GET", "/v1/events/stream?from=1", &[], b"")).unwrap();
    let mut large = event(1);
    large["event"]["data"]["trace_id"] = "x".repeat(200_000).into();
    for n in 1..=20u32 {
        large["idempotencyKey"] = n.to_string().into();
        assert_eq!(agent.post("/v1/events", &large).status, 201);
    }
    let mut quick = Reader::open(&agent, "/v1/events/stream?from=1", &[]);
    assert_eq!((1..=20).map(|_| quick.id()).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
    let before = agent.get("/v1/status").json()["pid"].clone();
    agent.signal(rustix::process::Signal::TERM);
    assert_eq!(agent.ended().code(), Some(0), "{before}");
    let mut rest = Vec::new();
    let _ = quick.0.read_to_end(&mut rest);
}

#[test]
fn its_documents_describe_what_is_served() {
    let agent = Agent::up();
    let mut operations = BTreeSet::new();
    for path in ["/openapi.json", "/v1/openapi.json"] {
        let document = agent.get(path).json();
        assert_eq!(document["openapi"], "3.1.0");
        for (route, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert!(
                    operations.insert(operation["operationId"].as_str().unwrap().to_owned()),
                    "{method} {route}"
                );
                assert!(
                    operation["responses"]
                        .as_object()
                        .unwrap()
                        .keys()
                        .any(|s| s.starts_with('2') || s == "101"),
                    "{route}"
                );
                // Whatever a document names is there: no answer says that there is nothing.
                if operation["operationId"] == "stopAgent" || operation["operationId"] == "followEvents" {
                    continue;
                }
                let concrete = route.replace(['{', '}'], "");
                let reply = agent.ask(&method.to_uppercase(), &concrete, &[], "");
                assert_ne!(reply.status, 405, "{method} {route}");
                assert!(
                    reply.status != 404 || !reply.text().contains("there is nothing at"),
                    "{method} {route}"
                );
            }
        }
    }
    // The contract's own operations, by name.
    for id in [
        "verifyToken",
        "checkAuthorization",
        "searchMemory",
        "ingestDocument",
        "publishEvent",
        "replayEvents",
        "evaluatePolicy",
        "writeAuditEntry",
        "queryAuditEntries",
        "generateComplianceReport",
        "getApplicationState",
        "syncApplication",
        "checkDrift",
    ] {
        assert!(operations.contains(id), "{id}");
    }
}

#[test]
fn metrics_can_be_read_by_prometheus() {
    let agent = Agent::up();
    agent.get("/audit/query");
    let metrics = agent.get("/metrics");
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4"));
    for line in metrics.text().lines() {
        let whole = line.starts_with("# HELP ") || line.starts_with("# TYPE ");
        let sample = line
            .rsplit_once(' ')
            .is_some_and(|(name, value)| !name.is_empty() && value.parse::<f64>().is_ok());
        assert!(whole || sample, "{line}");
    }
    assert!(
        metrics
            .text()
            .contains("ecoops_agent_requests_total{operation=\"queryAuditEntries\",status=\"200\"} 1")
    );
}
