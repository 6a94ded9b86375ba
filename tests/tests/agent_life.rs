//! The daemon's life as a user meets it: start, stop, being killed, being in the way, being stuck.
#![allow(clippy::unwrap_used)]

use ecoops_tests::agent::{Agent, ask_tcp, free_port, wait};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Output;
use std::time::{Duration, Instant};

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

#[test]
fn it_starts_once_answers_and_stops() {
    let agent = Agent::new();
    assert_eq!(code(&agent.ecoops(&["agent", "status"])), 3, "nothing runs yet");
    assert_eq!(code(&agent.ecoops(&["agent", "stop"])), 0, "stopping nothing is done at once");
    let started = agent.ecoops(&["agent", "start"]);
    assert_eq!(code(&started), 0, "{}", err(&started));
    let pid = agent.pid();
    assert!(err(&agent.ecoops(&["agent", "start"])).contains("runs already"));
    assert_eq!(agent.pid(), pid);

    let status = agent.ecoops(&["agent", "status", "--output", "json"]);
    let about: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(
        (&about["running"], &about["pid"], &about["protocol"]),
        (&true.into(), &pid.into(), &1.into())
    );
    assert!(about["components"].as_array().is_some_and(|parts| parts.len() >= 7));
    let second = agent.ecoops(&["agent", "run"]);
    assert_eq!(code(&second), 2);
    assert!(err(&second).contains(&format!("process {pid}")), "{}", err(&second));

    assert_eq!(code(&agent.ecoops(&["agent", "restart"])), 0);
    assert_ne!(agent.pid(), pid);
    let stopped = agent.ecoops(&["agent", "stop"]);
    assert_eq!(code(&stopped), 0, "{}", err(&stopped));
    assert!(agent.hello().is_none() && !agent.socket().exists());
    let log = out(&agent.ecoops(&["agent", "logs", "-n", "100"]));
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(
        lines.iter().any(|line| line["message"] == "ready")
            && lines.iter().any(|l| l["message"] == "stopped")
    );
}

#[test]
fn only_its_user_can_reach_it() {
    let agent = Agent::up();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(agent.socket()), 0o600);
    assert_eq!(mode(agent.home().join("ecoops/run")), 0o700);
    for key in ["agent/token.key", "agent/lock"] {
        assert_eq!(mode(agent.state().join(key)), 0o600, "{key}");
    }
}

#[test]
fn after_kill_9_the_next_one_starts_on_what_was_acknowledged() {
    let mut agent = Agent::up();
    let event = |key: u32| {
        json!({ "type": "a.b.c", "source": "t", "traceId": "5b2c7f30-0a53-11f1-8d4e-0242ac120002",
            "actor": { "id": "t", "type": "user" }, "resource": { "kind": "k", "id": "i" },
            "idempotencyKey": key.to_string(), "data": {} })
    };
    for round in 0..3u32 {
        for number in 0..5 {
            assert_eq!(agent.post("/events/publish", &event(round * 5 + number)).status, 201);
            let entry = json!({ "timestamp": "2026-01-01T00:00:00Z", "traceId": "t", "actor": { "id": "a" },
                "resource": { "kind": "k", "id": format!("{round}.{number}") }, "action": "x", "result": "success" });
            assert_eq!(agent.post("/audit/write", &entry).status, 201);
        }
        agent.kill();
        assert!(agent.socket().exists(), "a killed daemon leaves its socket");
        assert!(out(&agent.ecoops(&["agent", "status"])).contains("left its socket behind"));
        agent.run(&[]);
    }
    let replayed = agent.get("/events/replay/a:b").json();
    assert_eq!(replayed["data"]["count"], 15);
    assert_eq!(agent.get("/audit/query?resourceKind=k").json()["meta"]["pagination"]["total"], 15);
    let verified = agent.ecoops(&["audit", "verify"]);
    assert_eq!(code(&verified), 0, "{}", err(&verified));
}

#[test]
fn a_stop_answers_what_is_under_way() {
    let mut agent = Agent::up();
    // A body that has not arrived yet keeps its request under way.
    let mut slow = UnixStream::connect(agent.socket()).unwrap();
    let body = json!({ "query": "pool" }).to_string();
    let head = format!(
        "POST /memory/search HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    use std::io::{Read, Write};
    slow.write_all(head.as_bytes()).unwrap();
    wait("the request to be under way", || {
        agent.get("/metrics").text().contains("ecoops_agent_requests_under_way 2").then_some(())
    });
    agent.signal(Signal::TERM);
    wait("the doors to close", || agent.stderr().contains("\"stops\"").then_some(()));
    slow.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(agent.ended().code(), Some(0));
    assert!(!agent.socket().exists());
}

#[test]
fn a_stop_does_not_wait_for_ever() {
    let mut agent = Agent::new();
    agent.configure("[agent]\ndrain = 0\n");
    agent.run(&[]);
    let mut stuck = UnixStream::connect(agent.socket()).unwrap();
    std::io::Write::write_all(
        &mut stuck,
        b"POST /memory/search HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n",
    )
    .unwrap();
    wait("the request to be under way", || {
        agent.get("/metrics").text().contains("ecoops_agent_requests_under_way 2").then_some(())
    });
    let stopped = agent.ecoops(&["agent", "stop"]);
    assert_eq!(code(&stopped), 0, "{}", err(&stopped));
    assert_eq!(agent.ended().code(), Some(0));
}

#[test]
fn one_that_hangs_is_told_in_200_ms_and_can_be_killed() {
    let mut agent = Agent::up();
    agent.signal(Signal::STOP);
    let begin = Instant::now();
    let status = agent.ecoops(&["agent", "status"]);
    assert!(out(&status).contains("no answer within 200 ms"), "{}", out(&status));
    assert!(begin.elapsed() < Duration::from_secs(5));
    // Work goes on without it, and that is said.
    let repository = agent.home().join("repository");
    fs::create_dir_all(&repository).unwrap();
    fs::write(repository.join("a.py"), "import os\n").unwrap();
    let fixed = agent.command().args(["fix", "--diff"]).current_dir(&repository).output().unwrap();
    assert!(err(&fixed).contains("going on without it"), "{}", err(&fixed));
    let stopped = agent.ecoops(&["agent", "stop", "--force"]);
    assert_eq!(code(&stopped), 0, "{}", err(&stopped));
    assert!(agent.ended().code().is_none(), "by a signal");
}

#[test]
fn one_that_hangs_is_not_stopped_when_it_must_be_idle() {
    let agent = Agent::up();
    let pid = agent.pid();
    agent.signal(Signal::STOP);
    let asked = agent.ecoops(&["agent", "stop", "--when-idle"]);
    agent.signal(Signal::CONT);
    assert_eq!(code(&asked), 2, "{}", err(&asked));
    assert!(err(&asked).contains("run is under way"), "{}", err(&asked));
    assert_eq!(agent.pid(), pid, "it was told nothing");
    assert_eq!(agent.get("/v1/status").status, 200);
}

#[test]
fn a_restart_listens_where_it_did() {
    let agent = Agent::new();
    let port = free_port();
    let started = agent.ecoops(&["agent", "start", "--listen", &format!("127.0.0.1:{port}")]);
    assert_eq!(code(&started), 0, "{}", err(&started));
    let pid = agent.pid();
    let restarted = agent.ecoops(&["agent", "restart"]);
    assert_eq!(code(&restarted), 0, "{}", err(&restarted));
    assert_ne!(agent.pid(), pid);
    assert_eq!(ask_tcp(port, "GET", "/v1/hello", &[], "").status, 200);
}

#[test]
fn what_stands_at_the_sockets_place_is_replaced_only_when_it_is_a_dead_ones() {
    let mut agent = Agent::new();
    fs::create_dir_all(agent.socket().parent().unwrap()).unwrap();
    drop(UnixListener::bind(agent.socket()).unwrap());
    agent.run(&[]);
    assert!(agent.hello().is_some());
    agent.signal(Signal::TERM);
    agent.ended();
    // A folder is nobody's socket.
    fs::create_dir_all(agent.socket().join("x")).unwrap();
    let refused = agent.ecoops(&["agent", "run"]);
    assert_eq!(code(&refused), 2);
    assert!(err(&refused).contains("agent.sock"), "{}", err(&refused));
    assert!(agent.socket().join("x").exists());
    fs::remove_dir_all(agent.socket()).unwrap();
}

#[test]
fn something_else_at_the_socket_is_not_taken_for_an_agent() {
    let agent = Agent::new();
    fs::create_dir_all(agent.socket().parent().unwrap()).unwrap();
    let listener = UnixListener::bind(agent.socket()).unwrap();
    let server = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]);
        let body =
            r#"{"service":"ecoops-agent","protocol":99,"version":"9.9.9","ready":true,"build":"9.9.9 1 1"}"#;
        let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    });
    let status = agent.ecoops(&["agent", "status"]);
    server.join().unwrap();
    assert_eq!(code(&status), 3);
    assert!(out(&status).contains("protocol 99"), "{}", out(&status));
}

#[test]
fn a_disk_that_is_full_is_said_and_loses_nothing() {
    let mut agent = Agent::up();
    let search = json!({ "query": "pool" });
    let entry = |n: u32, size: usize| {
        json!({ "timestamp": "2026-01-01T00:00:00Z", "traceId": "t", "actor": { "id": "a" },
            "resource": { "kind": "k", "id": n.to_string() }, "action": "x", "result": "success",
            "metadata": { "x": "y".repeat(size) } })
    };
    assert_eq!(agent.post("/audit/write", &entry(0, 10)).status, 201);
    agent.kill();
    // From here on no file may grow past 64 KiB, which the system says as a full disk would be said.
    let mut command = agent.command();
    let program = command.get_program().to_owned();
    command = {
        let mut shell = std::process::Command::new("sh");
        shell
            .env_clear()
            .envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))))
            .current_dir(agent.home());
        shell.args(["-c", "trap '' XFSZ; ulimit -f 128; exec \"$0\" agent run"]).arg(program);
        shell
    };
    agent.launch(command);
    let mut full = None;
    for number in 1..40 {
        let reply = agent.post("/audit/write", &entry(number, 20_000));
        if reply.status != 201 {
            full = Some((number, reply));
            break;
        }
    }
    let (kept, reply) = full.expect("the disk to be full");
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert_eq!(reply.json()["success"], false);
    // It lives, answers, and says what is wrong where it is asked.
    assert_eq!(agent.get("/health").status, 200);
    assert_eq!(agent.post("/memory/search", &search).status, 200);
    agent.kill();
    agent.run(&[]);
    let found = agent.get("/audit/query?resourceKind=k").json();
    assert_eq!(found["meta"]["pagination"]["total"], kept, "what was acknowledged is there");
    assert_eq!(code(&agent.ecoops(&["audit", "verify"])), 0);
    assert_eq!(agent.post("/audit/write", &entry(999, 10)).status, 201, "with room again it goes on");
}

#[test]
fn a_part_that_is_stuck_leaves_the_others_well() {
    let agent = Agent::up();
    let event = json!({ "type": "a.b.c", "source": "t", "traceId": "5b2c7f30-0a53-11f1-8d4e-0242ac120002",
        "actor": {}, "resource": {}, "idempotencyKey": "k", "data": {} });
    assert_eq!(agent.post("/events/publish", &event).status, 201);
    // Somebody holds the bus's file for writing, and does not let go.
    let holder = rusqlite::Connection::open(agent.state().join("bus.sqlite")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let blocked = |key: &str| {
        let mut event = event.clone();
        event["idempotencyKey"] = key.into();
        agent.post("/events/publish", &event)
    };
    std::thread::scope(|scope| {
        let stuck: Vec<_> = (0..10).map(|n| scope.spawn(move || blocked(&format!("b{n}")))).collect();
        let unhealthy = wait("the part to be seen as unhealthy", || {
            let status = agent.get("/v1/status").json();
            let parts = status["components"].as_array().cloned().unwrap_or_default();
            parts.into_iter().find(|p| p["name"] == "bus" && p["health"]["status"] == "unhealthy")
        });
        assert!(unhealthy["health"]["message"].as_str().unwrap().contains("under way"));
        // The others answer at once, and so does the hello.
        let begin = Instant::now();
        assert!(agent.hello().is_some());
        assert_eq!(agent.post("/memory/search", &json!({ "query": "x" })).status, 200);
        assert_eq!(agent.get("/audit/query").status, 200);
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
        let detailed = agent.get("/health/detailed").json();
        assert_eq!(
            (&detailed["status"], &detailed["services"]["memory"]["status"]),
            (&"degraded".into(), &"healthy".into())
        );
        assert_eq!(detailed["services"]["bus"]["status"], "unhealthy");
        for reply in stuck {
            let status = reply.join().unwrap().status;
            assert!(status == 504 || status == 503, "{status}");
        }
    });
    holder.execute_batch("ROLLBACK").unwrap();
    wait("the part to be well again", || (blocked("after").status == 201).then_some(()));
}

#[test]
fn its_log_holds_no_secret() {
    let mut agent = Agent::new();
    agent.run(&["--log", "debug"]);
    let secret = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let document = json!({ "content": format!("token {secret} works"), "title": secret });
    assert_eq!(agent.post("/memory/ingest", &document).status, 201);
    assert_eq!(agent.get(&format!("/nothing/{secret}")).status, 404);
    agent.signal(Signal::TERM);
    agent.ended();
    assert!(!agent.stderr().contains(&secret), "{}", agent.stderr());
    assert!(
        agent.stderr().lines().all(|line| serde_json::from_str::<Value>(line).is_ok()),
        "{}",
        agent.stderr()
    );
    let memory = fs::read(agent.state().join("memory.sqlite")).unwrap();
    assert!(!memory.windows(secret.len()).any(|w| w == secret.as_bytes()), "nor does the memory");
}

#[test]
fn files_for_the_system_are_written_shown_and_removed() {
    let agent = Agent::new();
    let config = agent.home().join("config");
    let run = |arguments: &[&str]| {
        agent
            .command()
            .env("XDG_CONFIG_HOME", &config)
            .args(["agent", "install"])
            .args(arguments)
            .output()
            .unwrap()
    };
    let shown = out(&run(&["--print"]));
    assert!(shown.contains("ListenStream=") && shown.contains("Type=notify"), "{shown}");
    assert!(!config.exists(), "only shown");
    assert_eq!(code(&run(&[])), 0);
    let socket = fs::read_to_string(config.join("systemd/user/ecoops-agent.socket")).unwrap();
    assert!(socket.contains(&format!("ListenStream={}", agent.socket().display())), "{socket}");
    assert_eq!(code(&run(&["--remove"])), 0);
    assert_eq!(fs::read_dir(config.join("systemd/user")).unwrap().count(), 0);
}

#[test]
fn systemds_socket_and_notice_are_used() {
    // What systemd does: it listens, hands the socket over as descriptor 3, and waits to be told.
    let mut agent = Agent::new();
    fs::create_dir_all(agent.socket().parent().unwrap()).unwrap();
    let listener = UnixListener::bind(agent.socket()).unwrap();
    let notices = agent.home().join("notify");
    let notice = std::os::unix::net::UnixDatagram::bind(&notices).unwrap();
    let command = agent.command();
    let program = command.get_program().to_owned();
    let mut shell = std::process::Command::new("sh");
    shell.env_clear().envs(command.get_envs().filter_map(|(k, v)| Some((k, v?)))).current_dir(agent.home());
    let clone = rustix::io::dup(&listener).unwrap();
    shell
        .args(["-c", "exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" agent run"])
        .arg(program);
    shell.env("NOTIFY_SOCKET", &notices);
    let log = fs::File::create(agent.home().join("stderr")).unwrap();
    let mut child = shell.stdin(clone).stdout(std::process::Stdio::null()).stderr(log).spawn().unwrap();
    wait("a hello on systemd's socket", || agent.hello());
    let mut buffer = [0; 64];
    let count = notice.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..count], b"READY=1");
    let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    let ended = wait("its end", || child.try_wait().unwrap());
    assert_eq!(ended.code(), Some(0), "{}", agent.stderr());
    assert!(agent.socket().exists(), "the socket is systemd's to remove");
    fs::remove_file(agent.socket()).unwrap();
    let _ = &mut agent;
}
