//! The event log on NATS JetStream when things go wrong, and what else is on its subjects.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::domain::EventData;
use ecoops_plugins::registry::{BrokerSettings, OutsideEventsChoice};
use ecoops_tests::events::{self, completed, open};
use ecoops_tests::servers::{Server, free_port, nats, until};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

fn choice(address: String) -> OutsideEventsChoice {
    events::choice("nats", address)
}

/// A plain client of NATS, as its protocol is written.
struct Plain(BufReader<TcpStream>);

impl Plain {
    fn connect(server: &Server) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut plain = Self(BufReader::new(stream));
        plain.line("INFO");
        plain.say("CONNECT {\"verbose\":false,\"headers\":true}\r\nPING\r\n");
        plain.line("PONG");
        plain
    }

    fn say(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// The next line that begins so.
    fn line(&mut self, beginning: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the connection ended");
            if line.starts_with(beginning) {
                return line;
            }
        }
    }

    fn publish(&mut self, subject: &str, body: &str) {
        self.say(&format!("PUB {subject} {}\r\n{body}\r\nPING\r\n", body.len()));
        self.line("PONG");
    }
}

#[test]
fn each_event_goes_to_its_subject() {
    let Some(server) = nats::start() else { return };
    let events = open(&choice(server.address()));
    events.latest().unwrap();
    let mut listener = Plain::connect(&server);
    listener
        .say("SUB signal.> 1\r\nSUB rca.> 2\r\nSUB fix.> 3\r\nSUB verify.> 4\r\nSUB export.> 5\r\nPING\r\n");
    listener.line("PONG");
    let text = String::new;
    for (data, subject) in [
        (EventData::Started { problem_id: text(), target_path: text(), actor: text() }, "signal.detect"),
        (
            EventData::Analyzed { root_causes: vec![], severity: ecoops_core::domain::Severity::High },
            "rca.make",
        ),
        (EventData::Fixed { commit_sha: text(), patch_diff: text() }, "fix.execute"),
        (EventData::Completed { trace_id: text(), compliance_tags: vec![] }, "export.make"),
    ] {
        events.publish(&events::with(data), subject).unwrap();
        let heard = listener.line("HMSG");
        assert_eq!(heard.split(' ').nth(1), Some(subject), "{heard}");
    }
}

#[test]
fn foreign_messages_are_left_out_and_stop_nothing() {
    let Some(server) = nats::start() else { return };
    let events = open(&choice(server.address()));
    events.latest().unwrap();
    let mut other = Plain::connect(&server);
    other.publish("signal.ingest", "{\"not\":\"ours\"}");
    let first = events.publish(&completed("1"), "k1").unwrap();
    other.publish("rca.make", "");
    other.publish("fix.execute", "\u{0}\u{1}");
    let second = events.publish(&completed("2"), "k2").unwrap();
    let replayed: Vec<u64> = events.replay(0, 9).unwrap().iter().map(|s| s.offset).collect();
    assert_eq!(replayed, [first, second]);
    let mut read = Vec::new();
    until("both are read", || {
        read.extend(events.read("g", "c", 1, 60_000).unwrap().iter().map(|s| s.offset));
        (read.len() == 2).then_some(())
    });
    assert_eq!(read, [first, second]);
}

#[test]
fn what_a_dead_consumer_held_goes_to_the_next() {
    let Some(server) = nats::start() else { return };
    let dies = open(&choice(server.address()));
    let offset = dies.publish(&completed("x"), "k").unwrap();
    let held = until("it is read", || dies.read("g", "dies", 1, 700).unwrap().pop());
    assert_eq!((held.offset, held.attempt), (offset, 1));
    drop(dies);
    let next = open(&choice(server.address()));
    let again = until("the lease is over", || next.read("g", "next", 1, 700).unwrap().pop());
    assert_eq!((again.offset, again.attempt), (offset, 2));
    next.acknowledge("g", offset).unwrap();
}

#[test]
fn many_processes_publish_one_key_once() {
    let Some(server) = nats::start() else { return };
    let choice = choice(server.address());
    open(&choice).latest().unwrap();
    let offsets: BTreeSet<u64> = std::thread::scope(|scope| {
        let publishers: Vec<_> = (0..16)
            .map(|n| (n, &choice))
            .map(|(n, choice)| {
                scope.spawn(move || open(choice).publish(&completed(&n.to_string()), "one").unwrap())
            })
            .collect();
        publishers.into_iter().map(|publisher| publisher.join().unwrap()).collect()
    });
    assert_eq!(offsets.len(), 1, "{offsets:?}");
    assert_eq!(open(&choice).replay(0, 99).unwrap().len(), 1);
}

#[test]
fn a_server_that_is_killed_loses_nothing_acknowledged() {
    let Some(mut server) = nats::start() else { return };
    let mut choice = choice(server.address());
    choice.server.deadline = Duration::from_secs(2);
    let events = open(&choice);
    let mut known = Vec::new();
    for round in 0..2 {
        for n in 0..20 {
            known.push(until("it is published", || {
                events.publish(&completed("x"), &format!("{round}-{n}")).ok()
            }));
        }
        server.kill();
        let begin = Instant::now();
        let error = events.publish(&completed("x"), &format!("{}-0", round + 1)).unwrap_err().to_string();
        assert!(error.contains(&choice.server.address), "{error}");
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
        server.run();
    }
    let kept = until("it is back", || events.replay(0, 999).ok());
    let kept: Vec<u64> = kept.iter().map(|s| s.offset).filter(|o| known.contains(o)).collect();
    assert_eq!(kept, known);
}

#[test]
fn a_server_that_is_away_or_refuses_is_said_without_the_password() {
    let mut away = choice(format!("127.0.0.1:{}", free_port()));
    away.server.deadline = Duration::from_millis(500);
    let error = open(&away).latest().unwrap_err().to_string();
    assert!(error.contains(&away.server.address), "{error}");

    let Some(server) = nats::with(&["--user", "ana", "--pass", "correct horse"]) else { return };
    let with = |password: &str| {
        let (user, password) = (Some("ana".to_owned()), Some(password.to_owned().into()));
        let server = BrokerSettings { user, password, ..events::server(server.address()) };
        open(&OutsideEventsChoice { server, ..choice(String::new()) }).latest()
    };
    assert_eq!(with("correct horse").unwrap(), 0);
    let error = with("battery staple").unwrap_err().to_string();
    assert!(error.contains(&server.address()) && !error.contains("staple"), "{error}");
}
