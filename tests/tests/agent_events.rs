//! Events that leave the log: to followers over a WebSocket and the command line, and to another log across
//! outages and restarts.
#![allow(clippy::unwrap_used)]

use ecoops_plugins::registry::{self, EventsChoice, Retention};
use ecoops_tests::agent::{Agent, PATIENCE, wait};
use ecoops_tests::http::{Replay, Request};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;

fn event(n: u64) -> Value {
    json!({ "event": { "event_type": "remediation.completed", "source": "tests", "timestamp": "2026-01-01T00:00:00Z",
            "trace_id": "5b2c7f30-0a53-11f1-8d4e-0242ac120002", "data": { "trace_id": n.to_string(), "compliance_tags": [] } },
        "idempotencyKey": n.to_string() })
}

fn publish(agent: &Agent, range: std::ops::RangeInclusive<u64>) {
    for n in range {
        let reply = agent.post("/v1/events", &event(n));
        assert_eq!((reply.status, reply.json()["offset"].as_u64()), (201, Some(n)));
    }
}

/// The client's end of a WebSocket, as little as reading needs (RFC 6455, section 5.2).
struct Socket(BufReader<UnixStream>);

#[derive(Debug, PartialEq)]
enum Frame {
    Text(Value),
    Ping,
    Close(u16, String),
}

impl Socket {
    fn open(agent: &Agent, query: &str) -> Self {
        let mut stream = UnixStream::connect(agent.socket()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "GET /v1/events/socket{query} HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let (mut line, mut head) = (String::new(), String::new());
        while reader.read_line(&mut line).unwrap() > 2 {
            head.push_str(&line.to_lowercase());
            line.clear();
        }
        assert!(head.starts_with("http/1.1 101"), "{head}");
        // The example of RFC 6455, section 1.3.
        assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        Self(reader)
    }

    fn frame(&mut self) -> Frame {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).unwrap();
        let mut length = u64::from(head[1] & 0x7F);
        if length == 126 {
            let mut bytes = [0; 2];
            self.0.read_exact(&mut bytes).unwrap();
            length = u64::from(u16::from_be_bytes(bytes));
        }
        let mut body = vec![0; length as usize];
        self.0.read_exact(&mut body).unwrap();
        match head[0] & 0x0F {
            1 => Frame::Text(serde_json::from_slice(&body).unwrap()),
            8 => Frame::Close(
                u16::from_be_bytes([body[0], body[1]]),
                String::from_utf8_lossy(&body[2..]).into(),
            ),
            9 => Frame::Ping,
            other => panic!("a frame of kind {other}"),
        }
    }

    fn offset(&mut self) -> u64 {
        loop {
            match self.frame() {
                Frame::Ping => {}
                Frame::Text(text) => return text["offset"].as_u64().unwrap(),
                close => panic!("{close:?}"),
            }
        }
    }
}

#[test]
fn a_websocket_follows_resumes_and_says_why_it_ends() {
    let mut agent = Agent::up();
    publish(&agent, 1..=3);
    let mut socket = Socket::open(&agent, "?after=1");
    assert_eq!((socket.offset(), socket.offset()), (2, 3));
    publish(&agent, 4..=4);
    assert_eq!(socket.offset(), 4);
    drop(socket);
    publish(&agent, 5..=6);
    let mut socket = Socket::open(&agent, "?after=4");
    assert_eq!((socket.offset(), socket.offset()), (5, 6), "what came while it was away");
    agent.signal(rustix::process::Signal::TERM);
    let end = std::iter::repeat_with(|| socket.frame()).find(|frame| *frame != Frame::Ping).unwrap();
    assert_eq!(end, Frame::Close(1001, "the agent stops: go on with after=6".to_owned()));
    agent.ended();
}

#[test]
fn a_reader_that_never_reads_holds_nobody_up() {
    let agent = Agent::up();
    let _slow = Socket::open(&agent, "?from=1");
    let text = "x".repeat(100_000);
    for n in 1..=40 {
        let mut large = event(n);
        large["event"]["data"]["compliance_tags"] = json!([text]);
        assert_eq!(agent.post("/v1/events", &large).status, 201);
    }
    let mut quick = Socket::open(&agent, "?after=39");
    publish(&agent, 41..=41);
    let mut length = [0; 2];
    quick.0.read_exact(&mut length).unwrap();
    assert_eq!(agent.get("/v1/events?cursor=41").json()["items"][0]["offset"], 41);
}

#[test]
fn without_an_upgrade_it_says_what_it_is() {
    let agent = Agent::up();
    let reply = agent.get("/v1/events/socket");
    assert_eq!((reply.status, reply.header("upgrade")), (426, Some("websocket")));
    assert_eq!(agent.get("/v1/events/socket?after=x").status, 400);
}

#[test]
fn several_events_are_published_together_or_not_at_all() {
    let agent = Agent::up();
    let reply = agent.post("/v1/events", &json!({ "events": [event(1), event(2), event(1)] }));
    assert_eq!((reply.status, &reply.json()["offsets"]), (201, &json!([1, 2, 1])));
    let mut bad = event(4);
    bad["idempotencyKey"] = json!("");
    for body in [json!({ "events": [event(3), bad] }), json!({ "events": [] }), json!({ "events": 1 })] {
        assert_eq!(agent.post("/v1/events", &body).status, 400);
    }
    assert_eq!(agent.get("/v1/events").json()["items"].as_array().unwrap().len(), 2);
}

#[test]
fn the_command_follows_through_the_agent_and_goes_on_without_it() {
    let mut agent = Agent::up();
    publish(&agent, 1..=2);
    let mut child = agent
        .command()
        .args(["events", "tail", "--follow", "--output", "jsonl"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut offset =
        || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap()["offset"].clone();
    assert_eq!((offset(), offset()), (json!(1), json!(2)));
    wait("a follower", || agent.get("/metrics").text().contains("event_streams 1").then_some(()));
    publish(&agent, 3..=3);
    assert_eq!(offset(), json!(3));
    agent.kill();
    agent.run(&[]);
    publish(&agent, 4..=4);
    assert_eq!(offset(), json!(4), "the log is there without the agent");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn following_ends_at_the_first_signal_with_and_without_the_agent() {
    for with in [true, false] {
        let mut agent = Agent::up();
        publish(&agent, 1..=1);
        if !with {
            agent.kill();
        }
        let mut child = agent
            .command()
            .args(["events", "tail", "--follow", "--output", "jsonl"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        lines.next().unwrap().unwrap();
        if with {
            wait("a follower", || agent.get("/metrics").text().contains("event_streams 1").then_some(()));
        }
        let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        let ended = wait("its end", || child.try_wait().unwrap());
        assert_eq!(ended.code(), Some(130), "with the agent: {with}");
    }
}

#[test]
fn a_receiver_whose_secret_was_replaced_is_told_with_the_new_one() {
    let (old, new) =
        (Replay::start(|_: &Request| (503, String::new())), Replay::start(|_: &Request| (200, "ok".into())));
    let mut agent = Agent::new();
    agent.configure("[events.sinks]\nteam = [\"type=slack\", \"secret=team\"]\n");
    agent.keep("team", &format!("{}/hook", old.url()));
    agent.run(&[]);
    publish(&agent, 1..=1);
    wait("it is tried", || (!old.requests().is_empty()).then_some(()));
    agent.keep("team", &format!("{}/hook", new.url()));
    wait("it is told", || (!new.requests().is_empty()).then_some(()));
}

fn copied(file: &Path) -> Vec<u64> {
    let choice = EventsChoice {
        adapter: "embedded".into(),
        file: file.to_owned(),
        retention: Retention::default(),
        outboxes: Vec::new(),
    };
    let log = registry::events(&choice, registry::host("system").unwrap()).unwrap();
    log.replay(1, 999).unwrap().iter().map(|s| s.idempotency_key.parse().unwrap()).collect()
}

fn part(agent: &Agent) -> Value {
    let status = agent.get("/v1/status").json();
    let parts = status["components"].as_array().unwrap();
    parts.iter().find(|part| part["name"] == "sink:copy").unwrap()["health"].clone()
}

#[test]
fn what_waits_through_an_outage_and_a_restart_arrives_in_order_and_is_recorded() {
    let mut agent = Agent::new();
    let file = agent.home().join("there/copy.sqlite");
    // A file stands where the folder should be: nothing can be delivered.
    std::fs::write(agent.home().join("there"), "x").unwrap();
    agent.configure(&format!("[events.sinks]\ncopy = [\"type=log\", \"path={}\"]\n", file.display()));
    agent.run(&[]);
    publish(&agent, 1..=5);
    let health = wait("a part that says how it is", || {
        let health = part(&agent);
        health["message"].as_str().is_some_and(|m| m.starts_with("5 events wait")).then_some(health)
    });
    assert_eq!(health["status"], "degraded");
    agent.kill();
    agent.run(&[]);
    publish(&agent, 6..=8);
    std::fs::remove_file(agent.home().join("there")).unwrap();
    wait("all events", || (file.exists() && copied(&file).len() == 8).then_some(()));
    assert_eq!(copied(&file), (1..=8).collect::<Vec<_>>());
    wait("a part that is well", || (part(&agent)["status"] == "healthy").then_some(()));
    let told = wait("the record", || {
        let entries = agent.get("/audit/query?resourceId=sink:copy&pageSize=100").json();
        let entries = entries["data"]["entries"].as_array().unwrap().clone();
        let of = |action: &str| entries.iter().filter(|e| e["action"] == action).count();
        let told: u64 = entries.iter().filter_map(|e| e["metadata"]["events"].as_u64()).sum();
        (told >= 8 && of("deliver.outage") >= 1).then_some(told)
    });
    assert_eq!(told, 8);
    assert!(agent.ecoops(&["audit", "verify"]).status.success());
}

#[test]
fn with_nobody_to_tell_there_is_no_part_and_no_thread_for_it() {
    let agent = Agent::up();
    let parts = agent.get("/v1/status").json();
    assert!(
        parts["components"]
            .as_array()
            .unwrap()
            .iter()
            .all(|p| !p["name"].as_str().unwrap().starts_with("sink:"))
    );
    let threads = std::fs::read_dir(format!("/proc/{}/task", agent.pid())).unwrap().flatten();
    let names = threads.map(|t| std::fs::read_to_string(t.path().join("comm")).unwrap_or_default());
    assert!(names.into_iter().all(|name| !name.starts_with("sink:")));
}

#[test]
fn a_sink_that_cannot_be_understood_says_so_and_the_agent_runs() {
    let mut agent = Agent::new();
    agent.configure("[events.sinks]\ncopy = [\"type=pigeon\"]\n");
    agent.run(&[]);
    let health = wait("its health", || Some(part(&agent)).filter(|h| h["status"] == "degraded"));
    assert!(health["message"].as_str().unwrap().contains("webhook, slack, log"), "{health}");
}
