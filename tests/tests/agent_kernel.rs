//! The kernel's contract as its clients meet it on the socket.
#![allow(clippy::unwrap_used)]

use ecoops_tests::agent::{Agent, Reply};
use ecoops_tests::home::Home;
use ecoops_tests::http::{Replay, Request};
use serde_json::{Value, json};

fn data(reply: &Reply, status: u16) -> Value {
    assert_eq!(reply.status, status, "{}", reply.text());
    let body = reply.json();
    assert_eq!(body["success"], true);
    for name in ["requestId", "traceId"] {
        assert_eq!(body["meta"][name].as_str().map(str::len), Some(36), "a UUID: {}", body["meta"]);
    }
    assert!(body["meta"]["timestamp"].as_str().unwrap().ends_with('Z'));
    body["data"].clone()
}

fn refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.status, status, "{}", reply.text());
    let body = reply.json();
    assert_eq!((&body["success"], &body["error"]["code"]), (&false.into(), &code.into()), "{body}");
    assert!(!body["error"]["message"].as_str().unwrap().is_empty());
    assert!(body["meta"]["requestId"].is_string());
}

fn event(key: &str) -> Value {
    json!({ "type": "platform-01.healing.completed", "source": "tests", "subject": "pod",
        "traceId": "0af76519-16cd-11dd-8448-eb211c80319c", "actor": { "id": "svc", "type": "service" },
        "resource": { "kind": "pod", "id": "a/b", "namespace": "n" }, "idempotencyKey": key,
        "priority": "high", "data": { "n": 1, "deep": [{ "x": null }] } })
}

fn with(mut value: Value, name: &str, field: Value) -> Value {
    value[name] = field;
    value
}

#[test]
fn headers_and_traces_come_back_in_both_writings() {
    let agent = Agent::up();
    let uuid = "0af76519-16cd-43dd-8448-eb211c80319c";
    let reply = agent.ask("GET", "/audit/query", &[("x-trace-id", uuid)], "");
    assert_eq!(reply.header("x-trace-id"), Some(uuid));
    assert_eq!(reply.json()["meta"]["traceId"], uuid);
    assert!(reply.header("traceparent").unwrap().starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
    let w3c = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let reply = agent.ask("GET", "/audit/query", &[("traceparent", w3c)], "");
    assert_eq!(reply.header("x-trace-id"), Some("4bf92f35-77b3-4da6-a3ce-929d0e0e4736"));
    assert_eq!(reply.header("x-service-name"), Some("ecoops-agent"));
    assert_eq!(reply.header("x-request-id").map(str::len), Some(36));
    let reply = agent.ask("GET", "/audit/query", &[("x-trace-id", "nonsense")], "");
    assert_eq!(reply.json()["meta"]["traceId"].as_str().map(str::len), Some(36));
}

#[test]
fn bad_requests_are_refused_and_never_500() {
    let agent = Agent::up();
    let json = [("content-type", "application/json")];
    for (method, path, body) in [
        ("POST", "/memory/search", "{"),
        ("POST", "/memory/search", "[]"),
        ("POST", "/memory/search", "{}"),
        ("POST", "/memory/search", r#"{"query":"   "}"#),
        ("POST", "/memory/search", r#"{"query":"x","topK":0}"#),
        ("POST", "/memory/search", r#"{"query":"x","topK":101}"#),
        ("POST", "/memory/search", r#"{"query":"x","topK":"many"}"#),
        ("POST", "/memory/search", r#"{"query":"x","filters":{"type":"poem"}}"#),
        ("POST", "/memory/search", r#"{"query":"x","similarityThreshold":2}"#),
        ("POST", "/memory/ingest", r#"{"content":""}"#),
        ("POST", "/memory/ingest", r#"{"title":"x"}"#),
        ("POST", "/events/publish", r#"{"type":"a"}"#),
        ("POST", "/audit/write", r#"{"timestamp":"yesterday"}"#),
        ("GET", "/audit/query?page=0", ""),
        ("GET", "/audit/query?page=-1", ""),
        ("GET", "/audit/query?pageSize=1e3", ""),
        ("GET", "/audit/query?startTime=noon", ""),
        ("GET", "/audit/query?result=perhaps", ""),
        ("GET", "/audit/query?page=1&page=2", ""),
        ("GET", "/events/replay/s?count=0", ""),
        ("GET", "/events/replay/s?startId=(1-1", ""),
        ("GET", "/events/replay/%FF", ""),
        ("POST", "/policy/evaluate", r#"{"policyPath":"x"}"#),
        ("POST", "/auth/verify", "{}"),
        ("POST", "/auth/authorize", "{}"),
        (
            "POST",
            "/reports/compliance",
            r#"{"framework":"HIPAA","startTime":"2026-01-01T00:00:00Z","endTime":"2026-02-01T00:00:00Z"}"#,
        ),
    ] {
        refused(&agent.ask(method, path, &json, body), 400, "VALIDATION_ERROR");
    }
    let deep = format!("{{\"query\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
    refused(&agent.ask("POST", "/memory/search", &json, &deep), 400, "VALIDATION_ERROR");
    refused(&agent.ask("POST", "/memory/search", &json, &"x".repeat(2 << 20)), 413, "PAYLOAD_TOO_LARGE");
    refused(
        &agent.ask("POST", "/memory/search", &[("content-type", "text/xml")], "<a/>"),
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    );
    refused(&agent.get("/nothing"), 404, "NOT_FOUND");
    let wrong = agent.ask("PUT", "/memory/search", &json, "{}");
    refused(&wrong, 405, "METHOD_NOT_ALLOWED");
    assert_eq!(wrong.header("allow"), Some("POST"));
}

#[test]
fn documents_are_kept_as_json_and_as_a_form_found_and_read() {
    let agent = Agent::up();
    let document = json!({ "title": "Pool exhausted", "source": "runbooks/pool.md",
        "content": "Connections are not given back to the pool; raise the limit and fix the leak.",
        "metadata": { "type": "runbook", "team": "db" } });
    let first = data(&agent.post("/memory/ingest", &document), 201);
    assert_eq!((&first["scanStatus"], &first["chunksCreated"]), (&"clean".into(), &1.into()));
    let again = data(&agent.post("/memory/ingest", &document), 201);
    assert_eq!((&again["documentId"], &again["scanStatus"]), (&first["documentId"], &"duplicate".into()));

    let form = "--XX\r\ncontent-disposition: form-data; name=\"file\"; filename=\"disk.md\"\r\ncontent-type: text/markdown\r\n\r\n# Disk is full\r\nRotate the logs.\r\n--XX\r\ncontent-disposition: form-data; name=\"metadata\"\r\n\r\n{\"type\":\"runbook\"}\r\n--XX--\r\n";
    let sent =
        agent.ask("POST", "/memory/ingest", &[("content-type", "multipart/form-data; boundary=XX")], form);
    let kept = data(&sent, 201);
    assert_eq!(kept["title"], "Disk is full");
    for (kind, broken) in [
        ("multipart/form-data", form),
        ("multipart/form-data; boundary=XX", "nothing"),
        (
            "multipart/form-data; boundary=XX",
            "--XX\r\ncontent-disposition: form-data; name=\"other\"\r\n\r\nx\r\n--XX--\r\n",
        ),
    ] {
        refused(
            &agent.ask("POST", "/memory/ingest", &[("content-type", kind)], broken),
            400,
            "VALIDATION_ERROR",
        );
    }

    let read = data(&agent.get(&format!("/memory/documents/{}", kept["documentId"].as_str().unwrap())), 200);
    assert_eq!((&read["source"], &read["type"]), (&"disk.md".into(), &"runbook".into()));
    assert!(read["createdAt"].is_string());
    refused(&agent.get("/memory/documents/none"), 404, "NOT_FOUND");

    let query =
        |body: Value| data(&agent.post("/memory/search", &body), 200)["results"].as_array().unwrap().len();
    let text = "connection leak in the pool";
    assert_eq!(query(json!({ "query": text })), 2);
    assert_eq!(query(json!({ "query": text, "topK": 1 })), 1);
    assert_eq!(query(json!({ "query": text, "filters": { "team": "db" } })), 1);
    assert_eq!(query(json!({ "query": text, "filters": { "source": "disk.md" } })), 1);
    assert_eq!(query(json!({ "query": text, "filters": { "type": ["fix"] } })), 0);
    assert_eq!(query(json!({ "query": text, "similarityThreshold": 1.0 })), 0);
    let hits = data(&agent.post("/memory/search", &json!({ "query": text })), 200)["results"].clone();
    assert_eq!(hits[0]["chunk"]["documentId"], first["documentId"]);
    assert_eq!(hits[0]["chunk"]["metadata"]["source"], "runbooks/pool.md");

    // NextGen's route asks the same memory, in its own shapes.
    let found = agent
        .post("/api/v1/search", &json!({ "query": text, "top_k": 1, "filters": { "type": ["runbook"] } }));
    assert_eq!((found.status, found.json()["results"].as_array().unwrap().len()), (200, 1));
    let wrong = agent.post("/api/v1/search", &json!({ "top_k": 1 })).json();
    for field in ["code", "message", "service", "trace_id", "timestamp"] {
        assert!(wrong["error"][field].is_string(), "{wrong}");
    }
}

#[test]
fn events_go_to_their_stream_once_and_are_read_on_from_any_place() {
    let agent = Agent::up();
    let first = data(&agent.post("/events/publish", &event("k1")), 201);
    assert_eq!((&first["streamName"], &first["duplicate"]), (&"platform-01:healing".into(), &false.into()));
    let retried = data(&agent.post("/events/publish", &event("k1")), 201);
    assert_eq!((&retried["eventId"], &retried["duplicate"]), (&first["eventId"], &true.into()));
    for key in ["k2", "k3"] {
        let named = with(event(key), "streamName", "platform-01:healing".into());
        let w3c = with(named, "traceId", "0af7651916cd11dd8448eb211c80319c".into());
        data(&agent.post("/events/publish", &w3c), 201);
    }
    for path in ["/events/replay/platform-01:healing", "/events/replay/platform-01%3Ahealing"] {
        assert_eq!(data(&agent.get(path), 200)["count"], 3, "{path}");
    }
    let page = data(&agent.get("/events/replay/platform-01:healing?count=1"), 200);
    let kept = &page["events"][0];
    assert_eq!((&kept["id"], &kept["traceId"]), (&first["eventId"], &event("")["traceId"]));
    assert_eq!(kept["data"], event("")["data"]);
    let next = kept["nextId"].as_str().unwrap();
    let rest = data(&agent.get(&format!("/events/replay/platform-01:healing?startId={next}")), 200);
    let keys: Vec<_> =
        rest["events"].as_array().unwrap().iter().map(|e| e["idempotencyKey"].clone()).collect();
    assert_eq!(keys, ["k2", "k3"]);
    assert_eq!(rest["events"][0]["traceId"], "0af76519-16cd-11dd-8448-eb211c80319c");
    assert_eq!(data(&agent.get("/events/replay/nobody:wrote?startId=-&endId=%2B"), 200)["count"], 0);
    for (name, field) in [
        ("traceId", json!("not a uuid")),
        ("data", json!("text")),
        ("data", Value::Null),
        ("priority", json!("urgent")),
        ("policyDecision", json!({ "verdict": "allow" })),
        ("idempotencyKey", json!("")),
        ("streamName", json!("a\nb")),
    ] {
        refused(&agent.post("/events/publish", &with(event("bad"), name, field)), 400, "VALIDATION_ERROR");
    }
    let secret = format!("AKIA{}", "IOSFODNN7QWERTYU");
    let mut leaky = with(event("leaky"), "data", json!({ "log": format!("key {secret}") }));
    leaky["policyDecision"] = json!({ "verdict": "deny", "policyId": "p", "policyVersion": "1",
        "reason": format!("it holds {secret}"), "complianceTags": [], "evaluatedAt": "2026-01-01T00:00:00Z" });
    leaky["resource"] = json!({ "kind": "pod", "id": secret, "namespace": secret });
    leaky["actor"]["id"] = json!(secret);
    data(&agent.post("/events/publish", &leaky), 201);
    assert!(!agent.get("/events/replay/platform-01:healing").text().contains(&secret));
}

#[test]
fn policy_decides_in_every_writing_and_denies_what_it_does_not_know() {
    let agent = Agent::up();
    let flat = json!({ "actor": "pipeline", "action": "undo", "resource": "a.py", "severity": "low",
        "compliance_mode": "standard" });
    let wrapped = json!({ "actor": { "id": "pipeline", "type": "service", "roles": [] }, "action": "undo",
        "resource": { "kind": "file", "id": "a.py" },
        "context": { "severity": "low", "compliance_mode": "standard" } });
    let ask = |path: &str, input: &Value| {
        data(&agent.post("/policy/evaluate", &json!({ "policyPath": path, "input": input })), 200)
    };
    for input in [&flat, &wrapped] {
        let decision = ask("remediation/allow", input);
        assert_eq!(decision["verdict"], "allow", "{decision}");
        for field in ["policyId", "policyVersion", "reason", "complianceTags", "evaluatedAt"] {
            assert!(!decision[field].is_null(), "{field}");
        }
    }
    let launch = with(flat.clone(), "action", "launch-missiles".into());
    assert_eq!(ask("remediation/allow", &launch)["verdict"], "deny");
    let unknown = ask("no/such/policy", &flat);
    assert_eq!(unknown["verdict"], "deny");
    assert!(unknown["reason"].as_str().unwrap().contains("no/such/policy"));
    assert_eq!(ask("remediation", &json!({}))["verdict"], "deny");

    // OPA's own data API.
    let opa = |path: &str, input: &Value| agent.post(path, &json!({ "input": input })).json();
    assert_eq!(opa("/v1/data/remediation/allow", &flat)["result"], true);
    assert_eq!(opa("/v1/data/remediation/allow", &launch)["result"], false);
    assert_eq!(opa("/v1/data/remediation", &flat)["result"]["allow"], true);
    assert!(opa("/v1/data/other", &flat).get("result").is_none(), "undefined");
}

fn entry(id: usize) -> Value {
    json!({ "timestamp": format!("2026-03-{:02}T00:00:00Z", id + 1), "traceId": "t-1",
        "actor": { "id": format!("user-{}", id % 2), "type": "user", "email": null },
        "resource": { "kind": "deployment", "id": format!("d{id}"), "namespace": "prod" },
        "action": "update", "result": if id == 3 { "denied" } else { "success" },
        "complianceTags": ["SOC2"], "metadata": { "n": id, "contentHash": "none of ours" } })
}

#[test]
fn audit_entries_are_written_once_and_found_by_what_they_say() {
    let agent = Agent::up();
    let first = data(&agent.post("/audit/write", &entry(0)), 201);
    assert_eq!(first["logIndex"], 0);
    let retried = agent.post("/audit/write", &entry(0));
    assert_eq!(data(&retried, 201)["id"], first["id"], "a retry is answered, not done again");
    assert_eq!(retried.header("idempotency-replayed"), Some("true"));
    (1..5).for_each(|n| drop(data(&agent.post("/audit/write", &entry(n)), 201)));
    for (query, found) in [
        ("", 5),
        ("?actorId=user-1", 2),
        ("?resourceKind=deployment", 5),
        ("?resourceKind=path", 0),
        ("?resourceId=d2&action=update", 1),
        ("?result=denied", 1),
        ("?complianceTag=SOC2", 5),
        ("?traceId=t-1", 5),
        ("?startTime=2026-03-02T00:00:00Z&endTime=2026-03-03T00:00:00Z", 2),
        ("?startTime=2027-01-01T00:00:00%2B02:00", 0),
    ] {
        let reply = agent.get(&format!("/audit/query{query}"));
        let answer = data(&reply, 200);
        assert_eq!(answer["entries"].as_array().unwrap().len(), found, "{query}");
        assert_eq!(reply.json()["meta"]["pagination"]["total"], found);
    }
    let page = agent.get("/audit/query?page=2&pageSize=2");
    assert_eq!(
        page.json()["meta"]["pagination"],
        json!({ "page": 2, "pageSize": 2, "total": 5, "totalPages": 3 })
    );
    let shown = &data(&page, 200)["entries"][0];
    assert_eq!((&shown["resource"]["id"], &shown["signer"]), (&"d2".into(), &"agent".into()));
    assert!(
        shown["actor"].get("email").is_none(),
        "what is absent is left out, so that it can be written again"
    );
    // What was read can be written.
    data(&agent.post("/audit/write", shown), 201);
    refused(
        &agent.post("/audit/write", &with(entry(9), "metadata", json!({ "x": "y".repeat(100_000) }))),
        413,
        "PAYLOAD_TOO_LARGE",
    );
    assert_eq!(agent.ecoops(&["audit", "verify"]).status.code(), Some(0));
}

#[test]
fn the_record_holds_no_secret_of_a_decision() {
    let agent = Agent::up();
    let secret = format!("AKIA{}", "IOSFODNN7QWERTYU");
    let decision = json!({ "verdict": "deny", "policyId": "p", "policyVersion": "1",
        "reason": format!("it holds {secret}"), "complianceTags": [], "evaluatedAt": "2026-01-01T00:00:00Z" });
    data(&agent.post("/audit/write", &with(entry(0), "policyDecision", decision)), 201);
    let kept = agent.get("/v1/audit/entries").text();
    assert!(kept.contains("it holds") && !kept.contains(&secret), "{kept}");
}

#[test]
fn a_compliance_report_says_what_the_log_shows() {
    let agent = Agent::up();
    let report = |framework: &str| {
        let period = json!({ "framework": framework, "startTime": "2026-01-01T00:00:00Z", "endTime": "2030-01-01T00:00:00Z" });
        data(&agent.post("/reports/compliance", &period), 200)
    };
    let empty = report("SOC2");
    assert_eq!(empty["complianceScore"], Value::Null, "no evidence, no score");
    (0..5).for_each(|n| drop(data(&agent.post("/audit/write", &entry(n)), 201)));
    for framework in ["SOC2", "ISO27001"] {
        let full = report(framework);
        assert_eq!((&full["entries"], &full["log"]["verified"]), (&5.into(), &true.into()));
        let status = |test: &str| {
            let controls = full["controls"].as_array().unwrap();
            controls.iter().find(|c| c["test"].as_str().unwrap().contains(test)).unwrap()["status"].clone()
        };
        assert_eq!(status("names its actor"), "pass");
        assert_eq!(status("policy decision that allowed it"), "fail", "updates without a decision");
        assert!(full["complianceScore"].as_f64().is_some_and(|score| score > 0.0 && score < 100.0));
    }
}

/// A deployment at midnight was decided before it; each day shows it once and as it was.
#[test]
fn a_compliance_report_judges_a_run_that_its_period_cuts_as_a_whole() {
    let agent = Agent::up();
    let entry = |minute: usize, action: &str, policy: Value| {
        with(
            with(
                with(entry(minute), "timestamp", format!("2026-03-02T00:0{minute}:00Z").into()),
                "action",
                action.into(),
            ),
            "policyDecision",
            policy,
        )
    };
    let allowed = json!({ "policyId": "p", "policyVersion": "1", "verdict": "allow", "reason": "r",
        "complianceTags": [], "evaluatedAt": "2026-03-02T00:00:00Z" });
    data(&agent.post("/audit/write", &entry(0, "decide", allowed)), 201);
    data(&agent.post("/audit/write", &entry(1, "validate", Value::Null)), 201);
    data(&agent.post("/audit/write", &entry(2, "deploy", Value::Null)), 201);
    for (from, to, entries, expected) in
        [("00:00", "00:01", 2, "not_tested"), ("00:02", "00:09", 1, "pass"), ("00:00", "00:09", 3, "pass")]
    {
        let time = |time: &str| format!("2026-03-02T{time}:00Z");
        let period = json!({ "framework": "SOC2", "startTime": time(from), "endTime": time(to) });
        let report = data(&agent.post("/reports/compliance", &period), 200);
        assert_eq!(report["entries"], entries, "{from}");
        for control in report["controls"].as_array().unwrap() {
            if ["CC8.1", "CC8.1-T"].contains(&control["id"].as_str().unwrap()) {
                assert_eq!(control["status"], expected, "{from}: {control}");
            }
        }
    }
}

#[test]
fn applications_are_shown_synced_and_rolled_back_once() {
    let home = Home::new();
    let repository = home.repo(&[("deploy/a.yaml", "a: 1\n")]);
    let live = home.path().join("live");
    let mut agent = Agent::new();
    agent.configure(&format!(
        "[delivery.applications]\nshop = [{:?}, \"main\", \"deploy\", {:?}]\n",
        repository.display().to_string(),
        live.display().to_string()
    ));
    agent.run(&[]);
    refused(&agent.get("/infra/applications/other"), 404, "NOT_FOUND");
    refused(&agent.post("/infra/applications/other/sync", &json!({})), 404, "NOT_FOUND");
    assert_eq!(data(&agent.get("/infra/applications/shop"), 200)["healthStatus"], "missing");
    assert_eq!(data(&agent.get("/infra/drift"), 200)["driftedCount"], 1);

    let trace =
        [("content-type", "application/json"), ("x-trace-id", "0af76519-16cd-11dd-8448-eb211c80319c")];
    let sync = || agent.ask("POST", "/infra/applications/shop/sync", &trace, "{}");
    let first = data(&sync(), 200);
    assert_eq!(first["deployment"], 1);
    assert_eq!(data(&sync(), 200)["deployment"], 1, "a retry in the same trace is not done again");
    assert_eq!(data(&agent.ask("POST", "/infra/applications/shop/sync", &[], ""), 200)["deployment"], 2);
    let state = data(&agent.get("/infra/applications/shop"), 200);
    assert_eq!((&state["syncStatus"], &state["healthStatus"]), (&"synced".into(), &"healthy".into()));
    let key = [("content-type", "application/json"), ("idempotency-key", "once")];
    for _ in 0..3 {
        let back = agent.ask("POST", "/infra/applications/shop/rollback", &key, r#"{"targetRevision":1}"#);
        assert_eq!(data(&back, 200)["deployment"], 3);
    }
    let other = agent.ask("POST", "/infra/applications/shop/rollback", &key, r#"{"targetRevision":2}"#);
    refused(&other, 422, "IDEMPOTENCY_MISMATCH");
    refused(
        &agent.post("/infra/applications/shop/rollback", &json!({ "targetRevision": 0 })),
        400,
        "VALIDATION_ERROR",
    );
    let recorded = agent.get("/audit/query?resourceKind=application").json();
    assert_eq!(recorded["meta"]["pagination"]["total"], 3);
    let decisions = agent.get("/v1/audit/entries").json();
    for one in decisions["items"].as_array().unwrap() {
        assert_eq!(one["entry"]["policy"]["decision"], "allow", "{one}");
    }
}

#[test]
fn auth_says_who_is_there_and_what_they_may() {
    let agent = Agent::up();
    let made = agent.ecoops(&["agent", "token", "--ttl", "1h", "--scope", "memory:read"]);
    let token = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    let verified = data(&agent.post("/auth/verify", &json!({ "token": token })), 200);
    assert!(verified["expiresAt"].is_string() && verified["actor"]["id"].is_string());
    assert_eq!(
        (&verified["actor"]["permissions"], &verified["actor"]["roles"], &verified["scope"]),
        (&json!([]), &json!([]), &"memory:read".into()),
        "who holds it is not its maker"
    );
    let wide = agent.ecoops(&["agent", "token", "--scope", "*"]);
    let wide = String::from_utf8_lossy(&wide.stdout).trim().to_owned();
    let wide = data(&agent.post("/auth/verify", &json!({ "token": wide })), 200);
    assert!(!wide["actor"]["permissions"].as_array().unwrap().is_empty(), "{wide}");
    assert!(!wide["actor"]["roles"].as_array().unwrap().is_empty(), "{wide}");
    let forged = format!("{}A", &token[..token.len() - 2]);
    refused(&agent.post("/auth/verify", &json!({ "token": forged })), 401, "INVALID_TOKEN");
    assert_eq!(data(&agent.post("/auth/introspect", &json!({ "token": forged })), 200)["active"], false);
    assert_eq!(
        data(&agent.post("/auth/introspect", &json!({ "token": token })), 200)["scope"],
        "memory:read"
    );
    assert_eq!(data(&agent.get("/auth/introspect"), 200)["active"], true);
    let verdict = |permission: &str, headers: &[(&str, &str)]| {
        let body = json!({ "permission": permission }).to_string();
        let headers = [&[("content-type", "application/json")], headers].concat();
        data(&agent.ask("POST", "/auth/authorize", &headers, &body), 200)["decision"]["verdict"].clone()
    };
    for (permission, expected) in [
        ("remediation:read", "allow"),
        ("remediation:admin", "deny"),
        ("memory:write", "allow"),
        ("root", "deny"),
    ] {
        assert_eq!(verdict(permission, &[]), expected, "{permission}");
    }
    assert!(data(&agent.get("/auth/roles"), 200)["roles"].as_array().unwrap().len() >= 3);
    assert!(data(&agent.get("/auth/rbac/policy"), 200)["roles"]["developer"].is_array());
    // A token narrows what the user's own process may do.
    let bearer = format!("Bearer {token}");
    let narrow = [("authorization", bearer.as_str())];
    let reader = agent.ecoops(&["agent", "token", "--scope", "*:read"]);
    let reader = format!("Bearer {}", String::from_utf8_lossy(&reader.stdout).trim());
    let reader = [("authorization", reader.as_str())];
    for (permission, expected) in [("remediation:read", "allow"), ("remediation:write", "deny")] {
        assert_eq!(verdict(permission, &reader), expected, "{permission}");
    }
    let own = data(&agent.ask("GET", "/auth/introspect", &reader, ""), 200);
    assert_eq!(own["actor"]["permissions"], json!(["remediation:read"]), "{own}");
    refused(&agent.ask("GET", "/audit/query", &narrow, ""), 403, "PERMISSION_DENIED");
    refused(
        &agent.ask("GET", "/audit/query", &[("authorization", "Bearer x.y.z")], ""),
        401,
        "INVALID_TOKEN",
    );
    refused(&agent.ask("GET", "/audit/query", &[("authorization", "Basic eDp5")], ""), 401, "INVALID_TOKEN");
}

#[test]
fn what_the_policy_denies_is_not_deployed_and_is_recorded() {
    let home = Home::new();
    let repository = home.repo(&[("deploy/a.yaml", "a: 1\n")]);
    let live = home.path().join("live");
    let mut agent = Agent::new();
    agent.configure(&format!(
        "[policy]\ncompliance_mode = \"enterprise\"\n[delivery.applications]\nshop = [{:?}, \"main\", \"deploy\", {:?}]\n",
        repository.display().to_string(),
        live.display().to_string()
    ));
    agent.run(&[]);
    let pruned = agent.post("/infra/applications/shop/sync", &json!({ "prune": true }));
    refused(&pruned, 403, "PERMISSION_DENIED");
    assert!(pruned.text().contains("approval"), "{}", pruned.text());
    assert!(!live.exists(), "nothing was deployed");
    let entry = &agent.get("/v1/audit/entries").json()["items"][0]["entry"];
    assert_eq!(
        (&entry["result"], &entry["policy"]["decision"]),
        (&"denied".into(), &"deny".into()),
        "{entry}"
    );
    assert_eq!(data(&agent.post("/infra/applications/shop/sync", &json!({})), 200)["deployment"], 1);
}

#[test]
fn a_search_names_the_model_that_made_the_vectors() {
    let kept = |agent: &Agent| {
        data(&agent.post("/memory/ingest", &json!({ "content": "the pool leaks" })), 201);
        let search = |filters: Value| {
            let found = agent.post("/memory/search", &json!({ "query": "pool", "filters": filters }));
            data(&found, 200)["results"].clone()
        };
        let model = search(json!({}))[0]["chunk"]["metadata"]["modelVersion"].as_str().unwrap().to_owned();
        assert_eq!(search(json!({ "modelVersion": model })).as_array().map(Vec::len), Some(1));
        assert_eq!(search(json!({ "modelVersion": "another" })), json!([]));
        model
    };
    assert_eq!(kept(&Agent::up()), "all-MiniLM-L6-v2/q8-1");
    let server = Replay::start(|request: &Request| {
        let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let texts = asked["input"].as_array().map_or(1, Vec::len);
        let one = |index| json!({ "object": "embedding", "index": index, "embedding": [0.6, 0.8] });
        let all: Vec<Value> = (0..texts).map(one).collect();
        (200, json!({ "object": "list", "model": asked["model"], "data": all }).to_string())
    });
    let mut agent = Agent::new();
    let settings = format!("[memory]\nmodel = \"words-7\"\nembeddings = \"{}\"\n", server.url());
    agent.configure(&settings);
    agent.run(&[]);
    assert_eq!(kept(&agent), "words-7");
}
