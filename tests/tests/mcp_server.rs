//! The MCP server as an editor meets it: over stdin and stdout, and through the agent over HTTP.
#![allow(clippy::unwrap_used)]

use ecoops_tests::agent::{Agent, PATIENCE, Reply, ask_tcp, free_port, wait};
use ecoops_tests::home;
use ecoops_tests::home::Home;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

/// A rule that this breaks: a shell reads what came from outside.
const SHELL: &str = "import subprocess\n\ndef f(x):\n    subprocess.call(\"ls \" + x, shell=True)\n";
const YAML: &str = "import yaml\n\ndef f(x):\n    return yaml.load(x)\n";

/// An editor with `ecoops mcp serve`.
struct Editor {
    server: Child,
    to: Option<ChildStdin>,
    from: Receiver<Value>,
    count: i64,
    /// Notifications that came before answers.
    told: Vec<Value>,
}

impl Editor {
    fn start(home: &Home, folder: &Path, arguments: &[&str]) -> Self {
        let mut command: Command = home.command(home::binary(), folder);
        command.args(["mcp", "serve"]).args(arguments);
        let mut server =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let out = BufReader::new(server.stdout.take().unwrap());
        let (give, from) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let message = serde_json::from_str(&line).expect("nothing but messages on stdout");
                if give.send(message).is_err() {
                    return;
                }
            }
        });
        let to = server.stdin.take();
        Self { server, to, from, count: 0, told: Vec::new() }
    }

    fn greeted(home: &Home, folder: &Path, arguments: &[&str]) -> Self {
        let mut editor = Self::start(home, folder, arguments);
        let hello = editor.ask(
            "initialize",
            json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } }),
        );
        assert_eq!(hello["result"]["protocolVersion"], "2025-11-25", "{hello}");
        editor.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        editor
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.to.as_mut().unwrap(), "{message}").unwrap();
    }

    fn next(&self) -> Value {
        self.from.recv_timeout(PATIENCE).expect("a message")
    }

    fn answer(&mut self, id: &Value) -> Value {
        loop {
            let message = self.next();
            if message["id"] == *id {
                return message;
            }
            self.told.push(message);
        }
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.count += 1;
        let id = json!(self.count);
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.answer(&id)
    }

    /// A tool's data.
    fn call(&mut self, name: &str, arguments: Value) -> Value {
        let answer = self.ask("tools/call", json!({ "name": name, "arguments": arguments }));
        let result = &answer["result"];
        assert_eq!(result["isError"], Value::Null, "{answer}");
        let text = result["content"][0]["text"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), result["structuredContent"]);
        result["structuredContent"].clone()
    }

    /// What a tool says when it cannot.
    fn refused(&mut self, name: &str, arguments: Value) -> String {
        let answer = self.ask("tools/call", json!({ "name": name, "arguments": arguments }));
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        answer["result"]["content"][0]["text"].as_str().unwrap().to_owned()
    }

    fn tools(&mut self) -> Vec<Value> {
        self.ask("tools/list", json!({}))["result"]["tools"].as_array().unwrap().clone()
    }

    fn ended(&mut self) -> std::process::ExitStatus {
        self.to = None;
        wait("the server's end", || self.server.try_wait().unwrap())
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn names(tools: &[Value]) -> Vec<&str> {
    tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

#[test]
fn an_editor_scans_reads_on_and_searches() {
    let home = Home::new();
    let repo = home.repo(&[("src/a.py", SHELL), ("src/b.py", YAML)]);
    let mut editor = Editor::greeted(&home, &repo, &[]);
    let tools = editor.tools();
    for tool in &tools {
        let hints = &tool["annotations"];
        assert_eq!(
            (&hints["readOnlyHint"], &hints["destructiveHint"]),
            (&json!(true), &json!(false)),
            "{tool}"
        );
        assert_eq!(
            (&tool["inputSchema"]["type"], &tool["outputSchema"]["type"]),
            (&json!("object"), &json!("object"))
        );
    }
    for name in
        ["scan", "findings", "memory_search", "audit_proof", "audit_verify", "events", "incident_analyze"]
    {
        assert!(names(&tools).contains(&name), "{name}");
    }

    let found = editor.call("scan", json!({ "path": "src", "limit": 1 }));
    assert_eq!((found["total"].as_u64().unwrap(), found["truncated"].clone()), (2, json!(true)), "{found}");
    assert_eq!(found["summary"]["by_severity"]["high"], 2);
    let rest = editor.call("findings", json!({ "cursor": found["next_cursor"], "scan": found["scan"] }));
    assert_eq!((rest["findings"].as_array().unwrap().len(), rest["truncated"].clone()), (1, json!(false)));
    let one = editor.call("findings", json!({ "rule": "python-yaml-load" }));
    assert_eq!(one["findings"][0]["path"], "src/b.py");
    assert!(one["findings"][0]["diff"].as_str().unwrap().contains("safe_load"));

    assert_eq!(editor.call("memory_search", json!({ "query": "shell" }))["results"], json!([]));
    assert_eq!(editor.call("events", json!({}))["truncated"], false);
    assert!(editor.ended().success());
}

#[test]
fn the_record_is_proved() {
    let home = Home::new();
    let repo = home.repo(&[("a.py", YAML)]);
    let fixed = home.ecoops(&repo, &["fix", "--yes", "--unsafe-fixes", "--no-validate"]);
    assert_eq!(fixed.code, 0, "{}", fixed.stderr);
    let mut editor = Editor::greeted(&home, &repo, &[]);
    assert_eq!(editor.call("audit_verify", json!({}))["whole"], true);
    let page = editor.call("audit_log", json!({ "limit": 2 }));
    assert_eq!((page["entries"].as_array().unwrap().len(), page["truncated"].clone()), (2, json!(true)));
    let next = editor.call("audit_log", json!({ "limit": 2, "cursor": page["next_cursor"] }));
    assert_eq!(next["entries"][0]["index"], 2);
    let proof = editor.call("audit_proof", json!({ "index": 0 }));
    let file = repo.join("proof");
    std::fs::write(&file, proof["proof"].as_str().unwrap()).unwrap();
    let checked = home.ecoops(&repo, &["audit", "proof", "--check", file.to_str().unwrap()]);
    assert_eq!(checked.code, 0, "a proof that stands alone: {}", checked.stderr);
    let events = editor.call("events", json!({ "limit": 1 }));
    assert_eq!(events["events"][0]["event_type"], "remediation.started", "{events}");
    let more = editor.call("events", json!({ "cursor": events["next_cursor"] }));
    assert_eq!(more["events"][0]["offset"], 2);
    assert!(editor.refused("audit_proof", json!({ "index": 999_999 })).contains("999999"));
}

#[test]
fn nothing_is_written_unless_that_was_allowed() {
    let home = Home::new();
    let repo = home.repo(&[("a.py", YAML)]);
    let mut reader = Editor::greeted(&home, &repo, &[]);
    let tools = reader.tools();
    for name in ["fix", "undo", "memory_add"] {
        assert!(!names(&tools).contains(&name), "{name}");
        let answer = reader.ask("tools/call", json!({ "name": name, "arguments": {} }));
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
    }
    assert_eq!(std::fs::read_to_string(repo.join("a.py")).unwrap(), YAML);

    let mut writer = Editor::greeted(&home, &repo, &["--allow-write"]);
    let fix = writer.tools().into_iter().find(|tool| tool["name"] == "fix").unwrap();
    assert_eq!(fix["annotations"]["readOnlyHint"], false);
    let fixed = writer.call("fix", json!({ "path": "a.py", "unsafe_fixes": true }));
    assert_eq!(fixed["report"]["applied"], true, "{fixed}");
    assert!(std::fs::read_to_string(repo.join("a.py")).unwrap().contains("safe_load"));
    assert_eq!(writer.call("undo", json!({}))["undone"], true);
    assert_eq!(std::fs::read_to_string(repo.join("a.py")).unwrap(), YAML, "byte for byte");
    let added = writer
        .call("memory_add", json!({ "title": "Pool", "text": "The pool is exhausted: raise its size." }));
    assert_eq!(added["added"][0]["title"], "Pool");
    let found = writer.call("memory_search", json!({ "query": "exhausted pool" }));
    assert_eq!(found["results"][0]["title"], "Pool", "{found}");
}

#[test]
fn policy_denies_a_tool_what_it_denies_everyone() {
    let home = Home::new();
    let repo = home.repo(&[("a.py", YAML)]);
    // Policies that cannot be read deny everything.
    let mut writer =
        Editor::greeted(&home, &repo, &["--allow-write", "--config", "policy.extra=[\"absent.rego\"]"]);
    let why = writer.refused("fix", json!({ "unsafe_fixes": true }));
    assert!(why.contains("the policy denies it") && why.contains("absent.rego"), "{why}");
    assert_eq!(std::fs::read_to_string(repo.join("a.py")).unwrap(), YAML);
}

#[test]
fn tools_stay_within_their_folders_and_tell_what_is_wrong() {
    let home = Home::new();
    let repo = home.repo(&[("open/a.py", SHELL), ("closed/b.py", SHELL)]);
    std::os::unix::fs::symlink(repo.join("closed"), repo.join("open/link")).unwrap();
    let mut editor = Editor::greeted(&home, &repo, &["--root", "open"]);
    assert_eq!(editor.call("scan", json!({}))["total"], 1);
    for path in ["..", "../closed", "link", "/etc", "/etc/passwd", "absent", "a\u{0}b"] {
        for tool in ["scan", "incident_analyze"] {
            let why = editor.refused(tool, json!({ "path": path }));
            assert!(!why.contains("root:"), "{why}");
        }
    }
    for (tool, arguments, why) in [
        ("scan", json!({ "paht": "." }), "no argument `paht`"),
        ("scan", json!({ "limit": -1 }), "whole number"),
        ("scan", json!({ "severity": "huge" }), "one of"),
        ("scan", json!({ "rule": "--write-baseline=x" }), "cannot be"),
        ("memory_search", json!({}), "missing"),
        ("memory_search", json!({ "query": 7 }), "must be a text"),
        ("findings", json!({ "scan": "scan-99" }), "no such scan"),
    ] {
        let said = editor.refused(tool, arguments.clone());
        assert!(said.contains(why), "{arguments}: {said}");
    }
    let bad =
        home.command(home::binary(), &repo).args(["mcp", "serve", "--root", "absent"]).output().unwrap();
    assert_eq!(bad.status.code(), Some(2));
}

#[test]
fn what_is_no_message_is_answered_and_the_next_is_served() {
    let home = Home::new();
    let repo = home.repo(&[("a.py", "")]);
    let mut editor = Editor::start(&home, &repo, &[]);
    let early = editor.ask("tools/list", json!({}));
    assert_eq!(early["error"]["code"], -32600, "not before initialize");
    for (line, code) in [
        ("{", -32700),
        ("[]", -32600),
        ("\u{1}\u{2}", -32700),
        (r#"{"jsonrpc":"2.0","id":9,"method":7}"#, -32600),
    ] {
        writeln!(editor.to.as_mut().unwrap(), "{line}").unwrap();
        assert_eq!(editor.next()["error"]["code"], code, "{line}");
    }
    let huge = "x".repeat(5 << 20);
    writeln!(editor.to.as_mut().unwrap(), "{huge}").unwrap();
    assert_eq!(editor.next()["error"]["code"], -32600);
    editor.to.as_mut().unwrap().write_all(b"\xff\xfe\n\n").unwrap();
    assert_eq!(editor.next()["error"]["code"], -32700);
    assert_eq!(editor.ask("ping", json!({}))["result"], json!({}));
    assert!(editor.ended().success());
}

#[test]
fn what_is_cancelled_is_not_answered() {
    let home = Home::new();
    let repo = home.repo(&[("a.py", SHELL)]);
    let mut editor = Editor::greeted(&home, &repo, &[]);
    editor.send(
        &json!({ "jsonrpc": "2.0", "id": "gone", "method": "tools/call", "params": { "name": "scan" } }),
    );
    editor.send(
        &json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": "gone" } }),
    );
    // The id is free again once the command was stopped, and what comes next is served.
    assert_eq!(editor.call("scan", json!({}))["total"], 1);
    assert!(editor.told.iter().all(|message| message["id"] != "gone"), "{:?}", editor.told);
    assert!(editor.ended().success());
}

#[test]
fn a_secret_does_not_leave_by_a_tool() {
    let home = Home::new();
    let canary = ecoops_tests::canary::canaries().into_iter().find(|c| c.kind == "github-token").unwrap();
    let secret = canary.secrets[0].clone();
    let text =
        format!("import subprocess\n\ndef f(x):\n    subprocess.call(\"{secret} \" + x, shell=True)\n");
    let repo = home.repo(&[("a.py", &text)]);
    let mut editor = Editor::greeted(&home, &repo, &[]);
    let found = editor.call("scan", json!({}));
    assert!(found["total"].as_u64().unwrap() >= 1);
    assert!(!found.to_string().contains(&secret), "{found}");
}

// Over HTTP.

const BOTH: (&str, &str) = ("accept", "application/json, text/event-stream");
const JSON: (&str, &str) = ("content-type", "application/json");

fn up(settings: &str) -> (Agent, u16, String) {
    let mut agent = Agent::new();
    agent.configure(settings);
    let port = free_port();
    agent.run(&["--listen", &format!("127.0.0.1:{port}")]);
    let token = token(&agent, &["--scope", "*"]);
    (agent, port, token)
}

fn token(agent: &Agent, arguments: &[&str]) -> String {
    let made = agent.ecoops(&[&["agent", "token"], arguments].concat());
    format!("Bearer {}", String::from_utf8_lossy(&made.stdout).trim())
}

fn initialize() -> String {
    json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" },
    } })
    .to_string()
}

/// The last message of a stream.
fn last(reply: &Reply) -> Value {
    let text = reply.text();
    let mut data =
        text.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| !data.trim().is_empty());
    serde_json::from_str(data.next_back().unwrap_or_else(|| panic!("no data in {text}"))).unwrap()
}

/// The bytes of a chunked body.
fn call(method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
}

#[test]
fn the_agent_serves_the_same_over_http() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.py"), SHELL).unwrap();
    let (agent, port, token) = up(&format!("[mcp]\nroots = [{:?}]\n", folder.path().to_str().unwrap()));
    let authorization = ("authorization", token.as_str());
    let begun = ask_tcp(port, "POST", "/mcp", &[authorization, BOTH, JSON], &initialize());
    assert_eq!(begun.status, 200, "{}", begun.text());
    let session = begun.header("mcp-session-id").unwrap().to_owned();
    assert!(session.len() >= 32);
    let headers =
        [authorization, BOTH, JSON, ("mcp-session-id", &session), ("mcp-protocol-version", "2025-11-25")];
    let told = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(ask_tcp(port, "POST", "/mcp", &headers, told).status, 202);
    let scanned = ask_tcp(port, "POST", "/mcp", &headers, &call("tools/call", &json!({ "name": "scan" })));
    assert_eq!(scanned.header("content-type"), Some("text/event-stream"));
    let answer = last(&scanned);
    assert_eq!(answer["result"]["structuredContent"]["total"], 1, "{answer}");
    // Whoever lost the answer gets it again.
    let lost = [&headers[..], &[("last-event-id", "1-0")]].concat();
    assert_eq!(last(&ask_tcp(port, "GET", "/mcp", &lost, ""))["id"], 1);

    assert_eq!(ask_tcp(port, "DELETE", "/mcp", &headers, "").status, 204);
    assert_eq!(ask_tcp(port, "POST", "/mcp", &headers, &call("ping", &json!({}))).status, 404);
    assert!(agent.hello().is_some());
}

#[test]
fn http_refuses_what_the_protocol_forbids() {
    let (agent, port, token) = up("");
    let authorization = ("authorization", token.as_str());
    let begun = ask_tcp(port, "POST", "/mcp", &[authorization, BOTH, JSON], &initialize());
    let session = begun.header("mcp-session-id").unwrap().to_owned();
    let id = ("mcp-session-id", session.as_str());
    let ping = call("ping", &json!({}));
    for (method, headers, body, status) in [
        ("POST", vec![BOTH, JSON, id], ping.as_str(), 401),
        ("POST", vec![authorization, BOTH, JSON, id, ("origin", "http://localhost")], &ping, 403),
        ("POST", vec![authorization, BOTH, JSON, id, ("host", "evil.example")], &ping, 403),
        ("POST", vec![authorization, BOTH, JSON], &ping, 400),
        ("POST", vec![authorization, BOTH, JSON, ("mcp-session-id", "unknown")], &ping, 404),
        ("POST", vec![authorization, BOTH, id], &ping, 415),
        ("POST", vec![authorization, JSON, id], &ping, 406),
        ("POST", vec![authorization, ("accept", "application/json"), JSON, id], &ping, 406),
        ("POST", vec![authorization, BOTH, JSON, id, ("mcp-protocol-version", "1999-01-01")], &ping, 400),
        ("POST", vec![authorization, BOTH, JSON, id], "{", 400),
        ("POST", vec![authorization, BOTH, JSON, id], "[]", 400),
        ("GET", vec![authorization, ("accept", "application/json"), id], "", 406),
        ("GET", vec![authorization, BOTH, id, ("last-event-id", "nonsense")], "", 400),
        ("GET", vec![authorization, BOTH, id, ("last-event-id", "77-1")], "", 404),
        ("PUT", vec![authorization, BOTH, JSON, id], &ping, 405),
        ("POST", vec![authorization, BOTH, JSON, id], &ping, 200),
    ] {
        let reply = ask_tcp(port, method, "/mcp", &headers, body);
        assert_eq!(reply.status, status, "{method} {headers:?} {body}: {}", reply.text());
    }
    assert!(agent.hello().is_some());
}

#[test]
fn a_session_is_its_owners_and_a_scope_holds_for_tools() {
    let (agent, port, all) = up("");
    let begun = ask_tcp(port, "POST", "/mcp", &[("authorization", &all), BOTH, JSON], &initialize());
    let session = begun.header("mcp-session-id").unwrap().to_owned();
    let narrow = token(&agent, &["--scope", "mcp:read"]);
    let id = ("mcp-session-id", session.as_str());
    let other = ask_tcp(
        port,
        "POST",
        "/mcp",
        &[("authorization", &narrow), BOTH, JSON, id],
        &call("ping", &json!({})),
    );
    assert_eq!(other.status, 404, "another's session");
    let without = token(&agent, &["--scope", "memory:read"]);
    let refused = ask_tcp(port, "POST", "/mcp", &[("authorization", &without), BOTH, JSON], &initialize());
    assert_eq!(
        (refused.status, refused.json()["error"]["data"]["code"].clone()),
        (403, json!("PERMISSION_DENIED"))
    );

    let begun = ask_tcp(port, "POST", "/mcp", &[("authorization", &narrow), BOTH, JSON], &initialize());
    let own = begun.header("mcp-session-id").unwrap().to_owned();
    let headers = [("authorization", narrow.as_str()), BOTH, JSON, ("mcp-session-id", &own)];
    let listed = last(&ask_tcp(port, "POST", "/mcp", &headers, &call("tools/list", &json!({}))));
    let tools = listed["result"]["tools"].as_array().unwrap().clone();
    assert!(names(&tools).contains(&"scan") && !names(&tools).contains(&"audit_verify"), "{listed}");
    let denied = call("tools/call", &json!({ "name": "audit_verify", "arguments": {} }));
    let denied = last(&ask_tcp(port, "POST", "/mcp", &headers, &denied));
    assert_eq!(denied["error"]["code"], -32000, "{denied}");
    // No folder is open unless one was named.
    let scan = call("tools/call", &json!({ "name": "scan", "arguments": { "path": "/" } }));
    let scan = last(&ask_tcp(port, "POST", "/mcp", &headers, &scan));
    assert_eq!(scan["result"]["isError"], true, "{scan}");
}

#[test]
fn stopping_ends_streams_and_what_is_under_way() {
    let (mut agent, port, token) = up("");
    let begun = ask_tcp(port, "POST", "/mcp", &[("authorization", &token), BOTH, JSON], &initialize());
    let session = begun.header("mcp-session-id").unwrap().to_owned();
    let listening = std::thread::spawn(move || {
        ask_tcp(port, "GET", "/mcp", &[("authorization", &token), BOTH, ("mcp-session-id", &session)], "")
    });
    agent.signal(rustix::process::Signal::TERM);
    assert!(agent.ended().success());
    let _ = listening.join();
}
