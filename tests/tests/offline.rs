//! `--offline`: whatever the settings name, nobody is asked. A listener that takes every connection stands for all
//! systems; without the flag each command does come to it, so that the other half cannot pass by accident.
#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_tests::agent::{Agent, wait};
use ecoops_tests::home::Home;
use serde_json::json;
use std::io::Write;
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Takes connections, counts them and hangs up.
struct Ear {
    port: u16,
    heard: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Ear {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, stopped) = (heard.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                count.fetch_add(1, Ordering::SeqCst);
                drop(stream);
            }
        });
        Self { port, heard, stop, thread: Some(thread) }
    }

    fn heard(&self) -> usize {
        self.heard.swap(0, Ordering::SeqCst)
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = std::net::TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn home(ear: &Ear, settings: &str) -> Agent {
    let home = Agent::new();
    home.configure(&settings.replace("PORT", &ear.port.to_string()));
    home
}

/// Keeps a credential without which some adapter would not even try.
fn keep(home: &Agent, name: &str) {
    let mut add = home.command().args(["credential", "add", name]).stdin(Stdio::piped()).spawn().unwrap();
    add.stdin.take().unwrap().write_all(b"swordfish\n").unwrap();
    assert!(add.wait().unwrap().success());
}

/// Settings, and a command that cannot do without the system that they name.
fn commands() -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    let policy = |adapter: &'static str| match adapter {
        "opa" => "[policy]\nadapter = \"opa\"\naddress = \"http://127.0.0.1:PORT\"\n",
        _ => "[policy]\nadapter = \"policy_audit\"\naddress = \"http://127.0.0.1:PORT\"\n",
    };
    let decide = vec!["policy", "eval", "--input", "question.json"];
    let events = |adapter: &str, scheme: &str| {
        format!("[events]\nadapter = \"{adapter}\"\naddress = \"{scheme}127.0.0.1:PORT\"\n").leak() as &str
    };
    let tail = vec!["events", "tail", "--shared"];
    vec![
        ("opa", policy("opa"), decide.clone()),
        ("policy-audit", policy("policy_audit"), decide),
        (
            "pgvector",
            "[memory]\nadapter = \"pgvector\"\naddress = \"postgres://127.0.0.1:PORT/d\"\nlogin = \"a\"\n",
            vec!["memory", "search", "pool"],
        ),
        (
            "memory-hub",
            "[memory]\nadapter = \"memory_hub\"\naddress = \"http://127.0.0.1:PORT\"\n",
            vec!["memory", "search", "pool"],
        ),
        (
            "embeddings",
            "[memory]\nembeddings = \"http://127.0.0.1:PORT\"\n",
            vec!["memory", "search", "pool"],
        ),
        (
            "incidents",
            "[incidents]\nadapter = \"postgres\"\naddress = \"postgres://127.0.0.1:PORT/d\"\nlogin = \"a\"\n",
            vec!["incident", "list"],
        ),
        ("redis", events("redis", "redis://"), tail.clone()),
        ("nats", events("nats", "nats://"), tail.clone()),
        ("kafka", events("kafka", "kafka://"), tail),
        ("issuer", "[login]\nissuer = \"http://127.0.0.1:PORT\"\n", vec!["login", "--device"]),
        (
            "auth-service",
            "[identity]\nadapter = \"auth_service\"\naddress = \"http://127.0.0.1:PORT\"\ncredential = \"key\"\n",
            vec!["whoami"],
        ),
        (
            "openbao",
            "[secrets]\nstore = \"openbao\"\n[openbao]\naddress = \"http://127.0.0.1:PORT\"\nauth = \"token\"\ncredential = \"key\"\n",
            vec!["credential", "list"],
        ),
        ("mcp", "[mcp.servers]\nfar = [\"http://127.0.0.1:PORT/mcp\"]\n", vec!["mcp", "tools", "far"]),
        ("database", "", vec!["database", "prepare", "--address", "postgres://127.0.0.1:PORT/d"]),
        ("telemetry", "", vec!["incident", "capture", "bundle", "--prometheus", "http://127.0.0.1:PORT"]),
    ]
}

/// What the policy that comes with ecoops allows: what it denies is not asked of anybody else.
const QUESTION: &str = r#"{"actor":"me","action":"apply-fix","resource":"src/a.py","severity":"low","compliance_mode":"standard"}"#;

#[test]
fn every_command_asks_somebody_and_nobody_with_the_flag() {
    let ear = Ear::open();
    for (name, settings, words) in commands() {
        let home = home(&ear, settings);
        if settings.contains("\"key\"") {
            // Not in the store that the settings name: that one is not asked for its own key.
            let plain = Agent::new();
            keep(&plain, "key");
            for file in ["credentials.json", "keys"] {
                let (from, to) = (plain.state().join(file), home.state().join(file));
                std::fs::create_dir_all(home.state()).unwrap();
                let copied = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
                assert!(copied.success());
            }
        }
        std::fs::write(home.home().join("question.json"), QUESTION).unwrap();
        let words: Vec<String> = words.iter().map(|w| w.replace("PORT", &ear.port.to_string())).collect();
        let run = |flag: Option<&str>| {
            let mut command = home.command();
            command.args(flag).args(["--deadline", "20"]).args(&words).current_dir(home.home());
            let ran = command.stdin(Stdio::null()).output().unwrap();
            (ran.status.code(), String::from_utf8_lossy(&ran.stderr).into_owned())
        };
        let (code, said) = run(Some("--offline"));
        assert_eq!(ear.heard(), 0, "{name}: {said}");
        assert_ne!(code, Some(101), "{name}: {said}");
        let (_, said) = run(None);
        assert!(ear.heard() > 0, "{name} asks nobody, so its test proves nothing: {said}");
    }
}

/// Everything that a daemon carries outside by itself.
const OUTSIDE: &str = r#"
[events]
adapter = "redis"
address = "redis://127.0.0.1:PORT"
[events.sinks]
hook = ["type=webhook", "url=http://127.0.0.1:PORT/hook", "secret=key"]
[audit]
mirror = "http://127.0.0.1:PORT"
[bus]
adapter = "event_bus"
address = "http://127.0.0.1:PORT"
[agent]
limits_address = "redis://127.0.0.1:PORT"
[delivery]
adapter = "infra_manager"
address = "http://127.0.0.1:PORT"
[telemetry]
otlp = "http://127.0.0.1:PORT"
[memory]
adapter = "memory_hub"
address = "http://127.0.0.1:PORT"
[policy]
adapter = "opa"
address = "http://127.0.0.1:PORT"
[login]
issuer = "http://127.0.0.1:PORT"
"#;

/// Has the daemon use each of its parts.
fn use_all(agent: &Agent) {
    let event = json!({ "event": { "event_type": "remediation.completed", "source": "tests",
        "timestamp": "2026-01-01T00:00:00Z", "trace_id": "5b2c7f30-0a53-11f1-8d4e-0242ac120002",
        "data": { "trace_id": "t", "compliance_tags": [] } }, "idempotencyKey": "k" });
    assert_eq!(agent.post("/v1/events", &event).status, 201);
    agent.post("/memory/search", &json!({ "query": "pool" }));
    agent.post("/v1/data/remediation/allow", &json!({ "input": { "action": "apply-fix" } }));
    agent.get("/infra/drift");
    agent.get("/events/replay/x");
    let bearer = [("authorization", "Bearer eyJhbGciOiJSUzI1NiJ9.e30.AAAA")];
    agent.ask("GET", "/audit/query", &bearer, "");
}

#[test]
fn a_daemon_that_stays_here_asks_nobody_and_says_so() {
    let ear = Ear::open();
    let start = |flag: &[&str]| {
        let mut agent = home(&ear, OUTSIDE);
        keep(&agent, "key");
        let mut command = agent.command();
        command.args(flag).args(["agent", "run"]);
        agent.launch(command);
        agent
    };
    let open = start(&[]);
    use_all(&open);
    wait("the first connection", || (ear.heard() > 0).then_some(()));
    // A command that stays here does not have a daemon ask for it.
    let repository = Home::new();
    let repository = (repository.repo(&[("a.py", "x = 1\n")]), repository);
    let mut undo = open.command();
    undo.args(["--offline", "--config", "agent.use=always", "undo"]).current_dir(&repository.0);
    let said = String::from_utf8_lossy(&undo.output().unwrap().stderr).into_owned();
    assert!(said.contains("the agent may reach a network"), "{said}");
    drop(open);
    ear.heard();

    let quiet = start(&["--offline"]);
    assert_eq!(quiet.hello().unwrap()["offline"], true);
    use_all(&quiet);
    wait("the reason in its health", || {
        quiet.get("/v1/status").text().contains("everything stays on this machine").then_some(())
    });
    drop(quiet);
    assert_eq!(ear.heard(), 0);
}
