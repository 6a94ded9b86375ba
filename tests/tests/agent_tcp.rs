//! The API over TCP: who gets in, and who does not.
#![allow(clippy::unwrap_used)]

use ecoops_tests::agent::{Agent, Reply, ask_tcp, free_port};
use serde_json::{Value, json};

/// A daemon that listens on TCP too.
fn up() -> (Agent, u16) {
    let mut agent = Agent::new();
    let port = free_port();
    agent.run(&["--listen", &format!("127.0.0.1:{port}")]);
    (agent, port)
}

fn token(agent: &Agent, arguments: &[&str]) -> String {
    let made = agent.ecoops(&[&["agent", "token"], arguments].concat());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    format!("Bearer {}", String::from_utf8_lossy(&made.stdout).trim())
}

fn code(reply: &Reply) -> Value {
    reply.json()["error"]["code"].clone()
}

#[test]
fn a_token_is_needed_and_its_scope_holds() {
    let (agent, port) = up();
    for path in ["/audit/query", "/metrics", "/health/detailed", "/v1/status", "/auth/roles"] {
        let reply = ask_tcp(port, "GET", path, &[], "");
        assert_eq!(reply.status, 401, "{path}: {}", reply.text());
        assert!(reply.header("www-authenticate").is_some_and(|v| v.starts_with("Bearer")));
    }
    for path in ["/health", "/ready", "/v1/hello", "/openapi.json", "/v1/openapi.json"] {
        assert_eq!(ask_tcp(port, "GET", path, &[], "").status, 200, "{path}");
    }
    let hello = ask_tcp(port, "GET", "/v1/hello", &[], "").json();
    assert!(hello.get("pid").is_none() && hello.get("build").is_none(), "strangers learn little: {hello}");

    let read = token(&agent, &[]);
    let ask = |method, path, token: &str, body: &str| {
        ask_tcp(port, method, path, &[("authorization", token), ("content-type", "application/json")], body)
    };
    assert_eq!(ask("GET", "/audit/query", &read, "").status, 200, "read is the default");
    let denied = ask("POST", "/memory/ingest", &read, r#"{"content":"x"}"#);
    assert_eq!((denied.status, code(&denied)), (403, "PERMISSION_DENIED".into()));
    let write = token(&agent, &["--scope", "memory:write"]);
    assert_eq!(ask("POST", "/memory/ingest", &write, r#"{"content":"x"}"#).status, 201);
    assert_eq!(ask("POST", "/memory/search", &write, r#"{"query":"x"}"#).status, 403);
    for wrong in ["Bearer", "Bearer ", "Bearer x", "x", "Basic dTpw", &format!("{read}x")] {
        let reply = ask("GET", "/audit/query", wrong, "");
        assert_eq!((reply.status, code(&reply)), (401, "INVALID_TOKEN".into()), "{wrong}");
    }
    assert!(!agent.ecoops(&["agent", "token", "--scope", "everything"]).status.success());
}

#[test]
fn what_is_the_users_alone_is_not_done_over_tcp() {
    let (agent, port) = up();
    let all = token(&agent, &["--scope", "*"]);
    let headers = [("authorization", all.as_str()), ("content-type", "application/json")];
    for (method, path, body) in [
        ("POST", "/v1/agent/stop", "{}"),
        ("POST", "/v1/runs", ""),
        ("POST", "/v1/audit/entries", r#"{"token":"","entries":[],"signatures":[]}"#),
        ("POST", "/v1/events", "{}"),
    ] {
        let reply = ask_tcp(port, method, path, &headers, body);
        assert_eq!((reply.status, reply.json()["code"].clone()), (403, "PERMISSION_DENIED".into()), "{path}");
    }
    assert!(agent.hello().is_some());
}

#[test]
fn web_pages_and_rebound_names_are_refused() {
    let (agent, port) = up();
    let all = token(&agent, &["--scope", "*"]);
    let authorization = ("authorization", all.as_str());
    for (headers, status) in [
        (vec![("host", "127.0.0.1")], 200),
        (vec![("host", "localhost:4000")], 200),
        (vec![("host", "[::1]:4000")], 200),
        (vec![("host", "evil.example")], 403),
        (vec![("host", "127.0.0.1.evil.example:4000")], 403),
        (vec![("host", "localhost.")], 403),
        (vec![("host", "")], 403),
        (vec![("origin", "http://127.0.0.1")], 403),
        (vec![("origin", "null")], 403),
    ] {
        let headers = [&headers[..], &[authorization]].concat();
        for path in ["/audit/query", "/v1/hello", "/nothing"] {
            let reply = ask_tcp(port, "GET", path, &headers, "");
            let expected = if path == "/nothing" && status == 200 { 404 } else { status };
            assert_eq!(reply.status, expected, "{headers:?} {path}");
        }
    }
    let preflight = ask_tcp(port, "OPTIONS", "/memory/search", &[("origin", "http://x")], "");
    assert_eq!(preflight.status, 403);
    assert!(preflight.header("access-control-allow-origin").is_none());
}

#[test]
fn only_this_machine_is_listened_to() {
    let agent = Agent::new();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:4000"] {
        let refused = agent.ecoops(&["agent", "run", "--listen", address]);
        assert_eq!(refused.status.code(), Some(2));
        let why = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(why.contains("no TLS"), "{why}");
    }
    let (other, port) = up();
    let taken = agent.ecoops(&["agent", "run", "--listen", &format!("127.0.0.1:{port}")]);
    assert_eq!(taken.status.code(), Some(2), "a port that is taken is said");
    assert!(!agent.socket().exists() || agent.hello().is_none());
    drop(other);
}

#[test]
fn too_many_requests_are_told_when_to_come_again() {
    let mut agent = Agent::new();
    agent.configure("[agent]\nrate_limit = 3\n");
    agent.run(&[]);
    let replies: Vec<Reply> = (0..30).map(|_| agent.get("/auth/roles")).collect();
    let limited: Vec<_> = replies.iter().filter(|reply| reply.status == 429).collect();
    assert!(!limited.is_empty());
    assert_eq!(code(limited[0]), "RATE_LIMITED");
    assert!(limited[0].header("retry-after").is_some_and(|s| s.parse::<u64>().is_ok_and(|s| s >= 1)));
    let served = replies.iter().find(|reply| reply.status == 200).unwrap();
    assert_eq!(served.header("x-ratelimit-limit"), Some("3"));
    assert_eq!(served.header("ratelimit-policy"), Some("\"default\";q=3;w=1"));
    assert_eq!(limited[0].header("ratelimit"), Some("\"default\";r=0;t=1"));
}

/// Every call that the kernel's SDK makes, against one base URL, one after the other.
#[test]
fn every_call_of_the_kernels_sdk_succeeds() {
    let home = ecoops_tests::home::Home::new();
    let repository = home.repo(&[("deploy/a.yaml", "a: 1\n")]);
    let mut agent = Agent::new();
    let (source, live) = (repository.display().to_string(), home.path().join("live").display().to_string());
    agent.configure(&format!(
        "[delivery.applications]\nshop = [{source:?}, \"main\", \"deploy\", {live:?}]\n"
    ));
    let port = free_port();
    agent.run(&["--listen", &format!("127.0.0.1:{port}")]);
    let all = token(&agent, &["--scope", "*"]);
    let raw = all.trim_start_matches("Bearer ").to_owned();
    let trace = "0af76519-16cd-11dd-8448-eb211c80319c";
    let call = |method: &str, path: &str, body: Value, status: u16| {
        let headers =
            [("authorization", all.as_str()), ("content-type", "application/json"), ("x-trace-id", trace)];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let reply = ask_tcp(port, method, path, &headers, &body);
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
        assert_eq!(reply.header("x-trace-id"), Some(trace));
        assert_eq!(reply.json()["success"], true);
        reply.json()["data"].clone()
    };
    call("POST", "/auth/verify", json!({ "token": raw }), 200);
    call("POST", "/auth/authorize", json!({ "permission": "remediation:read" }), 200);
    call("GET", "/auth/roles", Value::Null, 200);
    call("POST", "/auth/introspect", json!({ "token": raw }), 200);
    call("GET", "/auth/rbac/policy", Value::Null, 200);
    let kept = call(
        "POST",
        "/memory/ingest",
        json!({ "title": "t", "source": "s", "content": "pool leak", "metadata": {} }),
        201,
    );
    call("POST", "/memory/search", json!({ "query": "pool", "topK": 5, "filters": {} }), 200);
    call("GET", &format!("/memory/documents/{}", kept["documentId"].as_str().unwrap()), Value::Null, 200);
    let event = json!({ "streamName": "platform-02:deployment", "type": "platform-02.deployment.done", "source": "sdk",
        "traceId": trace, "actor": { "id": "sdk", "type": "service" }, "resource": { "kind": "app", "id": "shop" },
        "idempotencyKey": "1", "data": {} });
    call("POST", "/events/publish", event, 201);
    assert_eq!(call("GET", "/events/replay/platform-02:deployment?count=10", Value::Null, 200)["count"], 1);
    call(
        "POST",
        "/policy/evaluate",
        json!({ "policyPath": "remediation/allow", "input": { "action": "undo" } }),
        200,
    );
    call(
        "POST",
        "/audit/write",
        json!({ "timestamp": "2026-01-01T00:00:00Z", "traceId": trace, "actor": { "id": "sdk", "type": "service" },
        "resource": { "kind": "app", "id": "shop" }, "action": "deploy", "result": "success", "complianceTags": [] }),
        201,
    );
    assert_eq!(
        call("GET", "/audit/query?page=1&pageSize=10&actorId=sdk", Value::Null, 200)["entries"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    call(
        "POST",
        "/reports/compliance",
        json!({ "framework": "SOC2", "startTime": "2026-01-01T00:00:00Z", "endTime": "2027-01-01T00:00:00Z" }),
        200,
    );
    call("POST", "/infra/applications/shop/sync", json!({ "revision": "main", "prune": true }), 200);
    call("GET", "/infra/applications/shop", Value::Null, 200);
    call("POST", "/infra/applications/shop/rollback", json!({ "targetRevision": 1 }), 200);
    call("GET", "/infra/drift", Value::Null, 200);
}

#[test]
fn an_mcp_client_is_told_who_gives_out_tokens() {
    let metadata = "/.well-known/oauth-protected-resource/mcp";
    let (_agent, port) = up();
    assert_eq!(ask_tcp(port, "GET", metadata, &[], "").status, 404, "without an issuer nobody is named");
    let challenge = |port: u16, bearer: Option<&str>| {
        let headers: Vec<(&str, &str)> = bearer.map(|b| ("authorization", b)).into_iter().collect();
        let reply = ask_tcp(port, "POST", "/mcp", &headers, "{}");
        (reply.status, reply.header("www-authenticate").unwrap_or_default().to_owned())
    };
    assert_eq!(challenge(port, None), (401, "Bearer realm=\"ecoops-agent\"".into()));

    let mut agent = Agent::new();
    agent.configure("[login]\nissuer = \"https://id.example/realms/ops\"\n");
    let port = free_port();
    agent.run(&["--listen", &format!("127.0.0.1:{port}")]);
    let host = format!("127.0.0.1:{port}");
    for path in [metadata, "/.well-known/oauth-protected-resource"] {
        let reply = ask_tcp(port, "GET", path, &[("host", &host)], "");
        let about = reply.json();
        assert_eq!(
            (reply.status, &about["resource"]),
            (200, &json!(format!("http://{host}/mcp"))),
            "{about}"
        );
        assert_eq!(about["authorization_servers"], json!(["https://id.example/realms/ops"]));
    }
    // Another name for this server is none of its own.
    assert_eq!(ask_tcp(port, "GET", metadata, &[("host", "evil.example")], "").status, 403);
    let (status, said) = challenge(port, None);
    assert_eq!(status, 401);
    assert!(
        said.contains(&format!("resource_metadata=\"http://localhost{metadata}\""))
            && !said.contains("error"),
        "{said}"
    );
    let (status, said) = challenge(port, Some("Bearer nonsense"));
    assert!(status == 401 && said.contains("error=\"invalid_token\""), "{status} {said}");
    let narrow = token(&agent, &["--scope", "memory:read"]);
    let (status, said) = challenge(port, Some(&narrow));
    assert!(status == 403 && said.contains("error=\"insufficient_scope\""), "{status} {said}");
    // Our own client says whose token it would take.
    let client = Agent::new();
    client.configure(&format!("[mcp.servers]\nfar = [\"http://{host}/mcp\"]\n"));
    let ran = client.ecoops(&["mcp", "tools", "far"]);
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(said.contains("without a token of https://id.example/realms/ops"), "{said}");
}
