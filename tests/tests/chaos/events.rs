//! The event systems: logs on Redis, NATS and Kafka as writers and as readers, the bus, and shared limits.

use super::{DEADLINE, passing, system};
use ecoops_core::ports::bus::{Bus, Position};
use ecoops_core::ports::events::{Events, EventsError};
use ecoops_plugins::registry::{
    self, BrokerSettings, BusChoice, LimitsChoice, OutsideEventsChoice, ServiceChoice,
};
use ecoops_tests::events;
use ecoops_tests::network::trial::{Act, Subject, Undone, try_all};
use ecoops_tests::network::wrong::{KAFKA_HUGE, NATS_HUGE, PLAIN, REDIS_HUGE, Wrong};
use ecoops_tests::network::{Line, Room};
use ecoops_tests::servers::{kafka, nats, redis};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

fn wrong(huge: &'static Wrong) -> Vec<&'static Wrong> {
    PLAIN.into_iter().chain([huge]).collect()
}

fn log(adapter: &str, address: String) -> Box<dyn Events> {
    let mut choice = OutsideEventsChoice { attempts: 100, ..events::choice(adapter, address) };
    choice.server.deadline = DEADLINE;
    events::open(&choice)
}

fn undone(error: EventsError) -> Undone {
    match error {
        EventsError::Storage(why) => Undone::Passing(why),
        other => Undone::ForGood(other.to_string()),
    }
}

/// How often each key is among the events of the log.
fn written(log: &dyn Events) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for stored in log.replay(0, 1_000).unwrap() {
        *all.entry(stored.idempotency_key).or_insert(0) += 1;
    }
    all
}

/// Writes, before each fault.
fn writer(room: &Room, name: &'static str, adapter: &'static str, port: u16, huge: &'static Wrong) {
    let open = |line: &Line| -> Act<'_> {
        let log = log(adapter, line.address());
        Box::new(move |key| log.publish(&events::completed(key), key).map(drop).map_err(undone))
    };
    let done = || {
        let log = log(adapter, format!("127.0.0.1:{port}"));
        room.beyond(|| written(&*log))
    };
    let renaming = adapter == "kafka";
    let subject = Subject {
        name,
        deadline: DEADLINE,
        wrong: wrong(huge),
        open: &open,
        done: Some(&done),
        port,
        renaming,
        bears: &[],
    };
    try_all(room, &subject);
}

/// Reads and acknowledges what others write, before each fault, each in a group of its own.
fn reader(room: &Room, name: &'static str, adapter: &'static str, port: u16, huge: &'static Wrong) {
    let direct = || log(adapter, format!("127.0.0.1:{port}"));
    let open = |line: &Line| -> Act<'_> {
        let (log, group) = (log(adapter, line.address()), line.address());
        let mut read = std::collections::BTreeSet::new();
        let writes = room.beyond(direct);
        Box::new(move |key| {
            // Written by somebody whose line is whole.
            room.beyond(|| writes.publish(&events::completed(key), &format!("{group} {key}"))).unwrap();
            let until = Instant::now() + DEADLINE * 2;
            while !read.contains(&format!("{group} {key}")) {
                if Instant::now() >= until {
                    return Err(Undone::Passing("it has not come yet".to_owned()));
                }
                for stored in log.read(&group, "one", 100, 400).map_err(undone)? {
                    match log.acknowledge(&group, stored.offset) {
                        // It ran out while this reader was cut off, and comes again.
                        Ok(()) | Err(EventsError::NotInFlight { .. }) => {}
                        Err(why) => return Err(undone(why)),
                    }
                    read.insert(stored.idempotency_key);
                }
            }
            Ok(())
        })
    };
    let subject = Subject {
        name,
        // Readings until it has come, the last with an acknowledgement.
        deadline: DEADLINE * 4,
        wrong: wrong(huge),
        open: &open,
        done: None,
        port,
        renaming: adapter == "kafka",
        bears: &[],
    };
    try_all(room, &subject);
}

#[test]
fn on_redis() {
    let Some(room) = Room::open("events::on_redis") else { return };
    let Some(server) = room.beyond(redis::start) else { return };
    writer(&room, "events on Redis", "redis", server.port(), &REDIS_HUGE);
}

#[test]
fn on_nats() {
    let Some(room) = Room::open("events::on_nats") else { return };
    let Some(server) = room.beyond(nats::start) else { return };
    writer(&room, "events on NATS", "nats", server.port(), &NATS_HUGE);
}

#[test]
fn on_kafka() {
    let Some(room) = Room::open("events::on_kafka") else { return };
    let Some(server) = room.beyond(kafka::mock_cluster) else { return };
    let port = server.address().rsplit(':').next().unwrap().parse().unwrap();
    writer(&room, "events on Kafka (mock)", "kafka", port, &KAFKA_HUGE);
}

#[test]
fn from_redis() {
    let Some(room) = Room::open("events::from_redis") else { return };
    let Some(server) = room.beyond(redis::start) else { return };
    reader(&room, "events from Redis", "redis", server.port(), &REDIS_HUGE);
}

#[test]
fn from_nats() {
    let Some(room) = Room::open("events::from_nats") else { return };
    let Some(server) = room.beyond(nats::start) else { return };
    reader(&room, "events from NATS", "nats", server.port(), &NATS_HUGE);
}

#[test]
fn from_kafka() {
    let Some(room) = Room::open("events::from_kafka") else { return };
    let Some(server) = room.beyond(kafka::mock_cluster) else { return };
    let port = server.address().rsplit(':').next().unwrap().parse().unwrap();
    reader(&room, "events from Kafka (mock)", "kafka", port, &KAFKA_HUGE);
}

fn settings(line: &Line) -> BrokerSettings {
    BrokerSettings { deadline: DEADLINE, ..events::server(line.address()) }
}

#[test]
fn bus_and_limits_on_redis() {
    let Some(room) = Room::open("events::bus_and_limits_on_redis") else { return };
    let Some(server) = room.beyond(redis::start) else { return };
    let bus = |server: BrokerSettings| -> Box<dyn Bus> {
        let (file, service) = (PathBuf::new(), ServiceChoice::default());
        let choice = BusChoice { adapter: "redis".into(), file, server: Some(server), service };
        registry::bus(&choice, system()).unwrap()
    };
    let open = |line: &Line| -> Act<'_> {
        let bus = bus(settings(line));
        Box::new(move |key| passing(bus.publish("platform-01:healing", &events::domain(key))).map(drop))
    };
    let done = || {
        let mut all = BTreeMap::new();
        let here = events::server(server.address());
        let found =
            room.beyond(|| bus(here).replay("platform-01:healing", Position::FIRST, Position::LAST, 1_000));
        for (_, event) in found.unwrap() {
            *all.entry(event.idempotency_key).or_insert(0) += 1;
        }
        all
    };
    let base = Subject {
        name: "bus on Redis",
        deadline: DEADLINE,
        wrong: wrong(&REDIS_HUGE),
        open: &open,
        done: Some(&done),
        port: server.port(),
        renaming: false,
        bears: &[],
    };
    try_all(&room, &base);
    let open = |line: &Line| -> Act<'_> {
        let choice = LimitsChoice { adapter: "redis".into(), rate: 1_000, server: Some(settings(line)) };
        let limits = registry::limits(&choice).unwrap();
        Box::new(move |key| passing(limits.take(key, "x")).map(drop))
    };
    try_all(&room, &Subject { name: "limits on Redis", open: &open, done: None, ..base });
}
