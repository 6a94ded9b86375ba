//! The event log on Redis Streams when things go wrong: consumers and servers die, and others write to the stream.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::ports::events::{Events, EventsError};
use ecoops_plugins::events::OutsideSettings;
use ecoops_plugins::events::redis::RedisEvents;
use ecoops_plugins::host::frozen::Frozen;
use ecoops_plugins::host::system::System;
use ecoops_plugins::registry::{BrokerSettings, OutsideEventsChoice};
use ecoops_tests::events::{self, completed as event, open, open_with};
use ecoops_tests::servers::{Server, free_port, redis, until};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

const MINUTE: u64 = 60_000;

fn choice(address: String) -> OutsideEventsChoice {
    events::choice("redis", address)
}

/// Speaks to Redis as any client does, and gives all that comes within the connection's life.
fn ask(server: &Server, commands: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    stream.write_all(format!("{commands}\r\nQUIT\r\n").as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn what_a_dead_consumer_held_goes_to_the_next() {
    let Some(server) = redis::start() else { return };
    let clock = Arc::new(Frozen::at("2026-11-20T08:00:00Z".parse().unwrap(), 3));
    let dies = open_with(&choice(server.address()), clock.clone());
    for n in 1..=4 {
        dies.publish(&event("x"), &format!("k{n}")).unwrap();
    }
    let held = dies.read("g", "dies", 2, MINUTE).unwrap();
    drop(dies);
    let next = open_with(&choice(server.address()), clock.clone());
    let fresh = next.read("g", "next", 9, MINUTE).unwrap();
    assert_eq!(fresh.len(), 2, "what is held is not given twice");
    clock.advance(MINUTE);
    for one in &fresh {
        next.acknowledge("g", one.offset).unwrap();
    }
    let again = next.read("g", "next", 9, MINUTE).unwrap();
    assert_eq!(
        again.iter().map(|s| (s.offset, s.attempt)).collect::<Vec<_>>(),
        held.iter().map(|s| (s.offset, 2)).collect::<Vec<_>>()
    );
}

/// A plain client of the same group reads, and dies: Redis knows that it holds something, our notes do not.
#[test]
fn what_a_foreign_consumer_held_is_taken_over() {
    let Some(server) = redis::start() else { return };
    let events = open(&choice(server.address()));
    let offset = events.publish(&event("x"), "k").unwrap();
    assert!(events.read("g", "c", 0, 50).unwrap().is_empty());
    ask(&server, "XGROUP CREATE remediation g 0");
    let given = ask(&server, "XREADGROUP GROUP g foreign COUNT 1 STREAMS remediation >");
    assert!(given.contains("remediation.completed"), "{given}");
    let taken = until("the foreign consumer's lease", || events.read("g", "c", 9, 50).unwrap().pop());
    assert_eq!((taken.offset, taken.attempt), (offset, 2));
    events.acknowledge("g", offset).unwrap();
}

#[test]
fn many_processes_publish_one_key_once() {
    let Some(server) = redis::start() else { return };
    let choice = choice(server.address());
    let offsets: BTreeSet<u64> = std::thread::scope(|scope| {
        let publishers: Vec<_> = (0..64)
            .map(|n| (n, &choice))
            .map(|(n, choice)| {
                scope.spawn(move || open(choice).publish(&event(&n.to_string()), "one").unwrap())
            })
            .collect();
        publishers.into_iter().map(|publisher| publisher.join().unwrap()).collect()
    });
    assert_eq!(offsets.len(), 1, "{offsets:?}");
    assert!(ask(&server, "XLEN remediation").starts_with(":1\r\n"));
}

/// What the kernel's event bus, and anybody else, puts into the same stream.
#[test]
fn foreign_entries_are_left_out_and_stop_nothing() {
    let Some(server) = redis::start() else { return };
    let events = open(&choice(server.address()));
    ask(&server, "XADD remediation * only one");
    let first = events.publish(&event("1"), "k1").unwrap();
    ask(
        &server,
        "XADD remediation * id 1 type platform-01.healing.completed source s time 2026-01-02T03:04:05Z traceId t \
         actorId a actorType user resourceKind pod resourceId p resourceNamespace n idempotencyKey k priority high \
         data {}",
    );
    ask(&server, "XADD remediation * id 1 type remediation.completed idempotencyKey k");
    ask(&server, "XADD remediation * \"\\xff\\xfe\" \"\\x00\\xff\"");
    ask(&server, "XADD remediation 99999999999999-18446744073709551615 far future");
    let error = events.publish(&event("lost"), "late").unwrap_err();
    assert!(matches!(error, EventsError::Storage(_)), "no place is left behind the last: {error}");
    let places = |stored: Vec<ecoops_core::ports::events::Stored>| {
        stored.into_iter().map(|s| s.offset).collect::<Vec<_>>()
    };
    assert_eq!(places(events.replay(0, 9).unwrap()), [first]);
    assert_eq!(places(events.read("g", "c", 9, MINUTE).unwrap()), [first]);
    events.acknowledge("g", first).unwrap();
    assert!(events.read("g", "c", 9, MINUTE).unwrap().is_empty());
    assert!(ask(&server, "XPENDING remediation g").starts_with("*4\r\n:0\r\n"), "nothing stays pending");
}

/// The kernel's own event bus notes keys without saying where.
#[test]
fn a_key_that_the_kernel_noted_is_found_or_known() {
    let Some(server) = redis::start() else { return };
    let events = open(&choice(server.address()));
    ask(&server, "SET dedup:elsewhere 1");
    assert_eq!(events.publish(&event("x"), "elsewhere").unwrap(), 0);
    ask(&server, "XADD remediation 5-1 id abc idempotencyKey theirs");
    ask(&server, "SET dedup:theirs 1");
    assert_eq!(events.publish(&event("x"), "theirs").unwrap(), (5 << 20) + 1);
}

#[test]
fn an_event_is_announced_on_its_channels() {
    let Some(server) = redis::start() else { return };
    let mut listener = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    listener.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    listener.write_all(b"SUBSCRIBE aiops:events:all aiops:events:remediation\r\n").unwrap();
    let mut said = String::new();
    let mut hear = |until: &dyn Fn(&str) -> bool| {
        let mut bytes = [0; 4096];
        while !until(&said) {
            let count = listener.read(&mut bytes).unwrap();
            said.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        said.clone()
    };
    hear(&|said| said.matches("subscribe\r\n").count() == 2);
    let events = open(&choice(server.address()));
    events.publish(&event("x"), "k").unwrap();
    events.publish(&event("x"), "k").unwrap();
    events.publish(&event("x"), "last").unwrap();
    let said = hear(&|said| said.matches("REMEDIATION_COMPLETED").count() >= 4);
    assert_eq!(said.matches("REMEDIATION_COMPLETED").count(), 4, "twice each, once a key: {said}");
}

#[test]
fn a_server_that_is_killed_loses_nothing_acknowledged() {
    let settings = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
    let Some(mut server) = redis::with(&settings) else { return };
    let events = open(&choice(server.address()));
    let mut known = Vec::new();
    for round in 0..3 {
        for n in 0..20 {
            known.push(events.publish(&event("x"), &format!("{round}-{n}")).unwrap());
        }
        let read = events.read("g", "c", 5, MINUTE).unwrap();
        for one in &read[..3] {
            events.acknowledge("g", one.offset).unwrap();
        }
        server.kill();
        assert!(events.publish(&event("x"), "while it is away").is_err());
        server.run();
    }
    let kept: Vec<u64> = events.replay(0, 999).unwrap().iter().map(|s| s.offset).collect();
    assert_eq!(kept, known);
    assert_eq!(events.publish(&event("x"), "0-7").unwrap(), known[7], "keys are known after the restart");
    // Nine are acknowledged, six are held until their lease ends, the rest is new.
    assert_eq!(events.read("g", "c", 999, MINUTE).unwrap().len(), 60 - 15);
}

#[test]
fn the_stream_keeps_roughly_so_many() {
    let Some(server) = redis::start() else { return };
    // Redis trims whole nodes; small ones make the bound sharp enough to see.
    ask(&server, "CONFIG SET stream-node-max-entries 10");
    let (stream, place) = ("remediation".into(), events::server(server.address()));
    let settings = OutsideSettings { server: place, stream, keep: 50, attempts: 3 };
    let events = RedisEvents::new(settings, Arc::new(System::new())).unwrap();
    let first = events.publish(&event("x"), "first").unwrap();
    assert_eq!(events.read("slow", "c", 1, 1).unwrap()[0].offset, first);
    for n in 0..200 {
        events.publish(&event("x"), &n.to_string()).unwrap();
    }
    let kept = events.replay(0, 999).unwrap();
    assert!((50..=60).contains(&kept.len()), "{}", kept.len());
    assert_eq!(kept.last().unwrap().idempotency_key, "199");
    // A group that was slow goes on with what is left.
    let next = until("what is left", || events.read("slow", "c", 1, MINUTE).unwrap().pop());
    assert_eq!(next.offset, kept[0].offset);
}

#[test]
fn a_server_that_is_away_or_refuses_is_said_without_the_password() {
    let mut away = choice(format!("127.0.0.1:{}", free_port()));
    away.server.deadline = Duration::from_millis(500);
    let error = open(&away).latest().unwrap_err().to_string();
    assert!(error.contains(&away.server.address), "{error}");

    let Some(server) = redis::with(&["--save", "", "--requirepass", "correct horse"]) else { return };
    let with = |password: Option<&str>| {
        let password = password.map(|p| p.to_owned().into());
        let server = BrokerSettings { password, ..events::server(server.address()) };
        open(&OutsideEventsChoice { server, ..choice(String::new()) }).latest()
    };
    assert_eq!(with(Some("correct horse")).unwrap(), 0);
    for wrong in [None, Some("battery staple")] {
        let error = with(wrong).unwrap_err().to_string();
        assert!(error.contains(&server.address()) && !error.contains("staple"), "{error}");
    }
}
