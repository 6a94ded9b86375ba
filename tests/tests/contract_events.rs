//! The contract of the event log, with threads, processes that are killed, and damaged files.

// A helper of a test fails by panicking, as the test itself does.
#![allow(clippy::unwrap_used)]

use ecoops_core::domain::{EVENT_SOURCE, EventData, RemediationEvent};
use ecoops_core::ports::events::{DeadLetter, Events, EventsError, Outbox};
use ecoops_core::ports::host::Host;
use ecoops_plugins::events::embedded::{Embedded, Retention};
use ecoops_plugins::events::schedule::MAX_ATTEMPTS;
use ecoops_plugins::host::frozen::Frozen;
use ecoops_plugins::host::system::System;
use ecoops_plugins::registry::OutsideEventsChoice;
use ecoops_tests::events;
use ecoops_tests::servers::{kafka, nats, redis, until};
use std::any::Any;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

/// An event log under test, and how time passes for it.
struct Bench {
    events: Box<dyn Events>,
    /// Its clock, when it is ours to move; else time really passes.
    clock: Option<Arc<Frozen>>,
    /// What is there may come a moment later.
    late: bool,
    /// Of every reading, in milliseconds.
    lease: u64,
    attempts: u32,
    /// Offsets in the order of publishing: the suite speaks of the first, second, … event, because offsets
    /// only grow, not necessarily by one.
    known: Mutex<Vec<u64>>,
    _keep: Box<dyn Any>,
}

fn frozen() -> Arc<Frozen> {
    Arc::new(Frozen::at("2026-11-20T08:00:00Z".parse().unwrap(), 3))
}

fn log_file(folder: &Path) -> PathBuf {
    folder.join("state/events.sqlite")
}

fn embedded() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let host = frozen();
    let events = Embedded::open(&log_file(folder.path()), Retention::default(), host.clone()).unwrap();
    Bench::new(Box::new(events), host, Box::new(folder))
}

fn event(text: &str) -> RemediationEvent {
    RemediationEvent {
        data: EventData::Completed {
            trace_id: text.to_owned(),
            compliance_tags: vec!["ü\n\u{0}".to_owned()],
        },
        source: EVENT_SOURCE.to_owned(),
        timestamp: "2026-11-20T08:00:00Z".to_owned(),
        trace_id: "c232ab00-9414-11ec-b3c8-9f6bdeced846".to_owned(),
    }
}

impl Bench {
    fn new(events: Box<dyn Events>, clock: Arc<Frozen>, keep: Box<dyn Any>) -> Self {
        Self {
            events,
            clock: Some(clock),
            late: false,
            lease: MINUTE,
            attempts: MAX_ATTEMPTS,
            known: Mutex::default(),
            _keep: keep,
        }
    }

    /// Publishes `k1`, `k2`, …
    fn publish(&self, count: usize) {
        for n in 1..=count {
            self.put(&n.to_string(), &format!("k{n}"));
        }
    }

    /// The number of the event: a new one stands behind all before it.
    fn put(&self, text: &str, key: &str) -> usize {
        let offset = self.events.publish(&event(text), key).unwrap();
        let mut known = self.known.lock().unwrap();
        if !known.contains(&offset) {
            assert!(known.last().is_none_or(|last| *last < offset), "offsets grow: {known:?}, {offset}");
            known.push(offset);
        }
        drop(known);
        self.number(offset)
    }

    fn number(&self, offset: u64) -> usize {
        let known = self.known.lock().unwrap();
        known.iter().position(|k| *k == offset).unwrap_or_else(|| panic!("{offset} of {known:?}")) + 1
    }

    fn at(&self, number: usize) -> u64 {
        self.known.lock().unwrap()[number - 1]
    }

    fn read(&self, group: &str, count: usize) -> Vec<(usize, u32)> {
        let read = self.events.read(group, "c", count, self.lease).unwrap();
        read.iter().map(|stored| (self.number(stored.offset), stored.attempt)).collect()
    }

    /// Reads what must come now or, where time really passes, soon.
    fn expect(&self, group: &str, count: usize, expected: &[(usize, u32)]) {
        let mut read = self.read(group, count);
        while self.late && read.len() < expected.len() {
            let more =
                until("an event that is due", || Some(self.read(group, count)).filter(|m| !m.is_empty()));
            read.extend(more);
            // What comes when it is due may come behind something new.
            read.sort_unstable();
        }
        assert_eq!(read, expected);
    }

    fn pass(&self, millis: u64) {
        if let Some(clock) = &self.clock {
            clock.advance(millis);
        }
    }

    /// Reads until the group's dead letter is there.
    fn dead(&self, group: &str) -> DeadLetter {
        until("a dead letter", || {
            assert!(self.read(group, 1).is_empty());
            self.events.dead_letters(Some(group)).unwrap().pop()
        })
    }
}

/// What every event log keeps.
fn suite(make: impl Fn() -> Bench) {
    an_empty_log_is_empty(&make());
    events_come_back_as_they_were(&make());
    a_key_is_stored_once(&make());
    groups_are_independent_and_in_order(&make());
    leases_end_and_poison_becomes_a_dead_letter(&make());
    failure_backs_off_and_ends(&make());
    dead_letters_are_revived_or_discarded(&make());
    a_clock_set_back_stalls_nothing(&make());
    only_what_is_held_is_settled(&make());
    bad_names_are_refused(&make());
    many_threads_publish_one_key_once(&make());
    many_consumers_share_a_group(&make());
}

fn an_empty_log_is_empty(bench: &Bench) {
    assert_eq!(bench.events.latest().unwrap(), 0);
    assert!(bench.events.replay(0, 10).unwrap().is_empty());
    assert!(bench.read("g", 10).is_empty());
    assert!(bench.events.dead_letters(None).unwrap().is_empty());
}

fn events_come_back_as_they_were(bench: &Bench) {
    bench.publish(5);
    let all = bench.events.replay(bench.at(2), 3).unwrap();
    assert_eq!(all.iter().map(|stored| bench.number(stored.offset)).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!(all[0].event, event("2"));
    assert_eq!(all[0].idempotency_key, "k2");
    assert!(bench.events.replay(bench.at(5) + 1, 10).unwrap().is_empty());
    assert!(bench.events.replay(1, 0).unwrap().is_empty());
    assert_eq!(bench.events.replay(u64::MAX, 10).unwrap().len(), 0);
    assert_eq!(bench.number(bench.events.latest().unwrap()), 5);
}

fn a_key_is_stored_once(bench: &Bench) {
    bench.publish(2);
    assert_eq!(bench.put("other", "k1"), 1);
    assert_eq!(bench.events.replay(0, 10).unwrap().len(), 2);
    assert_eq!(bench.events.replay(0, 1).unwrap()[0].event, event("1"), "the first one stays");
    assert_eq!(bench.put("3", "k3"), 3);
}

fn groups_are_independent_and_in_order(bench: &Bench) {
    bench.publish(4);
    bench.expect("a", 3, &[(1, 1), (2, 1), (3, 1)]);
    bench.expect("b", 1, &[(1, 1)]);
    bench.expect("a", 3, &[(4, 1)]); // what is in flight is not given again
    bench.events.acknowledge("a", bench.at(2)).unwrap();
    assert_eq!(bench.read("b", 0), []);
    bench.pass(bench.lease);
    bench.expect("a", 9, &[(1, 2), (3, 2), (4, 2)]); // 2 is acknowledged
    bench.expect("b", 2, &[(1, 2), (2, 1)]);
}

fn leases_end_and_poison_becomes_a_dead_letter(bench: &Bench) {
    bench.publish(1);
    for attempt in 1..=bench.attempts {
        bench.expect("g", 1, &[(1, attempt)]);
        bench.pass(bench.lease - 1);
        assert!(bench.read("g", 1).is_empty(), "the lease is not over");
        bench.pass(1);
    }
    let dead = bench.dead("g");
    assert!(dead.reason.contains("lease"), "{}", dead.reason);
    assert_eq!(dead.stored.event, event("1"));
}

fn failure_backs_off_and_ends(bench: &Bench) {
    bench.publish(1);
    let mut pause = 500;
    for attempt in 1..=bench.attempts {
        bench.expect("g", 1, &[(1, attempt)]);
        bench.events.fail("g", bench.at(1), "no network").unwrap();
        bench.pass(pause - 1);
        assert!(bench.read("g", 1).is_empty(), "attempt {attempt}: not before half of the pause");
        bench.pass(pause + 1);
        pause *= 2;
    }
    let dead = bench.dead("g");
    assert_eq!((dead.reason.as_str(), dead.stored.attempt), ("no network", bench.attempts));
    assert_eq!(bench.events.dead_letters(None).unwrap().len(), 1);
    assert!(bench.events.dead_letters(Some("other")).unwrap().is_empty());
}

fn kill(bench: &Bench, group: &str) {
    for attempt in 1..=bench.attempts {
        bench.expect(group, 1, &[(1, attempt)]);
        bench.events.fail(group, bench.at(1), "x").unwrap();
        bench.pass(HOUR);
    }
}

fn dead_letters_are_revived_or_discarded(bench: &Bench) {
    bench.publish(1);
    kill(bench, "g");
    bench.events.revive("g", bench.at(1)).unwrap();
    assert!(bench.events.dead_letters(None).unwrap().is_empty());
    bench.expect("g", 1, &[(1, 1)]); // as if new
    bench.pass(HOUR);
    bench.expect("g", 1, &[(1, 2)]);
    bench.events.acknowledge("g", bench.at(1)).unwrap();
    kill(bench, "h");
    bench.events.discard("h", bench.at(1)).unwrap();
    assert!(bench.events.dead_letters(None).unwrap().is_empty());
    assert!(bench.read("h", 9).is_empty());
    assert_eq!(bench.events.replay(0, 9).unwrap().len(), 1, "the event stays in the log");
}

fn a_clock_set_back_stalls_nothing(bench: &Bench) {
    let Some(clock) = &bench.clock else { return };
    bench.publish(2);
    bench.expect("g", 1, &[(1, 1)]);
    bench.events.fail("g", bench.at(1), "x").unwrap();
    bench.expect("g", 1, &[(2, 1)]);
    clock.set("1999-01-01T00:00:00Z".parse().unwrap());
    bench.expect("g", 9, &[(1, 2), (2, 2)]);
    assert!(bench.read("g", 9).is_empty(), "and the new leases hold");
    clock.advance(MINUTE);
    bench.expect("g", 9, &[(1, 3), (2, 3)]);
    assert_eq!(bench.put("3", "k3"), 3, "offsets do not hang on the clock");
}

fn only_what_is_held_is_settled(bench: &Bench) {
    bench.publish(1);
    let one = bench.at(1);
    let refused = |result: Result<(), EventsError>| {
        assert!(matches!(result, Err(EventsError::NotInFlight { .. })), "{result:?}");
    };
    refused(bench.events.acknowledge("g", one));
    bench.expect("g", 1, &[(1, 1)]);
    refused(bench.events.acknowledge("other", one));
    refused(bench.events.acknowledge("g", one + 8));
    refused(bench.events.acknowledge("g", u64::MAX));
    refused(bench.events.revive("g", one));
    refused(bench.events.discard("g", one));
    bench.events.acknowledge("g", one).unwrap();
    refused(bench.events.acknowledge("g", one));
    refused(bench.events.fail("g", one, "x"));
}

fn bad_names_are_refused(bench: &Bench) {
    let long = "x".repeat(513);
    for name in ["", "a\0b", &long] {
        assert!(bench.events.publish(&event("1"), name).is_err(), "{name:?}");
        assert!(bench.events.read(name, "c", 1, MINUTE).is_err(), "{name:?}");
        assert!(bench.events.read("g", name, 1, MINUTE).is_err(), "{name:?}");
    }
    assert!(bench.events.publish(&event(&"x".repeat(9 << 20)), "huge").is_err());
    assert_eq!(bench.events.latest().unwrap(), 0, "nothing was stored");
}

fn many_threads_publish_one_key_once(bench: &Bench) {
    let events = &*bench.events;
    let offsets: BTreeSet<u64> = std::thread::scope(|scope| {
        let publishers: Vec<_> = (0..64)
            .map(|n| scope.spawn(move || events.publish(&event(&n.to_string()), "one").unwrap()))
            .collect();
        publishers.into_iter().map(|publisher| publisher.join().unwrap()).collect()
    });
    assert_eq!(offsets.len(), 1, "{offsets:?}");
    assert_eq!(events.replay(0, 99).unwrap().len(), 1);
}

fn many_consumers_share_a_group(bench: &Bench) {
    bench.publish(60);
    let events = &*bench.events;
    let seen = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for n in 0..6 {
            let seen = &seen;
            scope.spawn(move || {
                // A server may answer one reader late: nobody stops before all is seen.
                until("all is seen", || {
                    for stored in events.read("g", &n.to_string(), 3, HOUR).unwrap() {
                        events.acknowledge("g", stored.offset).unwrap();
                        seen.lock().unwrap().push(stored.offset);
                    }
                    (seen.lock().unwrap().len() >= 60).then_some(())
                });
            });
        }
    });
    let mut seen: Vec<usize> = seen.into_inner().unwrap().iter().map(|o| bench.number(*o)).collect();
    seen.sort_unstable();
    assert_eq!(seen, (1..=60).collect::<Vec<_>>(), "each once");
}

#[test]
fn several_are_published_as_one() {
    let bench = embedded();
    bench.publish(1);
    let batch: Vec<_> = ["k1", "k2", "k2", "k3"].iter().map(|k| (event(k), (*k).to_owned())).collect();
    assert_eq!(bench.events.publish_all(&batch).unwrap(), [1, 2, 2, 3]);
    assert_eq!(bench.events.publish_all(&[]).unwrap(), [0; 0]);
    let bad = [(event("4"), "k4".to_owned()), (event("5"), String::new())];
    assert!(bench.events.publish_all(&bad).is_err());
    assert_eq!(bench.events.latest().unwrap(), 3, "all or none");
}

/// The log itself, as an outbox.
fn outbox(retention: Retention, outboxes: &[&str]) -> (Embedded, Arc<Frozen>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let host = frozen();
    let log = Embedded::open(&log_file(folder.path()), retention, host.clone()).unwrap();
    (log.keeping(outboxes.iter().map(|g| (*g).to_owned()).collect()), host, folder)
}

fn given(log: &Embedded, count: usize) -> Vec<(u64, u32)> {
    log.read("g", "c", count, HOUR).unwrap().iter().map(|s| (s.offset, s.attempt)).collect()
}

#[test]
fn what_a_lost_consumer_held_comes_again_first_and_costs_no_attempt() {
    let (log, _host, _folder) = outbox(Retention::default(), &["g"]);
    for n in 1..=5 {
        log.publish(&event(&n.to_string()), &format!("k{n}")).unwrap();
    }
    assert_eq!(given(&log, 3), [(1, 1), (2, 1), (3, 1)]);
    log.fail("g", 2, "x").unwrap();
    log.acknowledge_all("g", &[1, 9]).unwrap();
    for _ in 0..10 {
        log.reclaim("g").unwrap();
        assert_eq!(given(&log, 9)[..2], [(2, 2), (3, 1)], "2 failed once, 3 was not at fault");
    }
    log.reclaim("g").unwrap();
    assert_eq!(given(&log, 1), [(2, 2)], "oldest first, before anything new");
    assert_eq!(given(&log, 9), [(3, 1), (4, 1), (5, 1)]);
    log.bury("g", 4, "never").unwrap();
    assert!(matches!(log.bury("g", 4, "again"), Err(EventsError::NotInFlight { .. })));
    let backlog = log.backlog("g").unwrap();
    assert_eq!((backlog.waiting, backlog.dead), (3, 1));
    assert_eq!(backlog.oldest.as_deref(), Some("2026-11-20T08:00:00Z"));
    log.acknowledge_all("g", &[2, 3, 5]).unwrap();
    assert_eq!(log.backlog("g").unwrap().waiting, 0);
    assert_eq!(log.backlog("g").unwrap().oldest, None);
    assert_eq!(log.dead_letters(Some("g")).unwrap()[0].reason, "never");
}

#[test]
fn an_outbox_keeps_what_is_not_delivered_yet() {
    let retention = Retention { events: 10, days: 1, ..Retention::default() };
    let (log, _host, _folder) = outbox(retention, &["g"]);
    let publish = |range: std::ops::RangeInclusive<u64>| {
        for n in range {
            log.publish(&event("x"), &format!("k{n}")).unwrap();
        }
    };
    publish(1..=128);
    assert_eq!(log.replay(0, 999).unwrap().len(), 128, "nobody has read them");
    let read: Vec<u64> = given(&log, 100).iter().map(|(offset, _)| *offset).collect();
    log.acknowledge_all("g", &read[..40]).unwrap();
    publish(129..=192);
    assert_eq!(log.replay(0, 1).unwrap()[0].offset, 41, "what is in flight is kept too");
    log.acknowledge_all("g", &read).unwrap();
    let rest: Vec<u64> = given(&log, 200).iter().map(|(offset, _)| *offset).collect();
    log.acknowledge_all("g", &rest).unwrap();
    publish(193..=256);
    assert_eq!(log.replay(0, 1).unwrap()[0].offset, 193, "undelivered: all of the last round");
}

#[test]
fn publishers_at_once_share_flushes_and_get_their_own_offsets() {
    let (log, _host, _folder) = outbox(Retention::default(), &[]);
    let offsets: BTreeSet<u64> = std::thread::scope(|scope| {
        let log = &log;
        let publishers: Vec<_> = (0..32)
            .map(|n| {
                scope.spawn(move || {
                    let publish = |i| log.publish(&event("x"), &format!("{n}-{i}")).unwrap();
                    (0..20).map(publish).collect::<Vec<_>>()
                })
            })
            .collect();
        let all: Vec<Vec<u64>> = publishers.into_iter().map(|p| p.join().unwrap()).collect();
        assert!(all.iter().all(|own| own.is_sorted()), "each in its own order");
        all.into_iter().flatten().collect()
    });
    assert_eq!(offsets, (1..=640).collect());
    for stored in log.replay(1, 999).unwrap() {
        assert_eq!(log.publish(&event("x"), &stored.idempotency_key).unwrap(), stored.offset);
    }
}

#[test]
fn embedded_keeps_the_contract() {
    suite(embedded);
}

fn outside(adapter: &str, address: String, attempts: u32, host: Arc<dyn Host>) -> Box<dyn Events> {
    events::open_with(&OutsideEventsChoice { attempts, ..events::choice(adapter, address) }, host)
}

#[test]
fn redis_keeps_the_contract() {
    let Some(server) = redis::start() else { return };
    let server = Arc::new(server);
    suite(|| {
        redis::ask(server.port(), "FLUSHALL");
        let host = frozen();
        let events = outside("redis", server.address(), MAX_ATTEMPTS, host.clone());
        Bench::new(events, host, Box::new(server.clone()))
    });
}

#[test]
fn nats_keeps_the_contract() {
    if nats::start().is_none() {
        return;
    }
    suite(|| {
        let server = nats::start().unwrap();
        // Leases and pauses are by the server's clock: they are short here, and the attempts few.
        let events = outside("nats", server.address(), 2, Arc::new(System::new()));
        let (lease, attempts) = (1_500, 2);
        let known = Mutex::default();
        Bench { events, clock: None, late: true, lease, attempts, known, _keep: Box::new(server) }
    });
}

#[test]
fn kafka_keeps_the_contract_on_a_mock_cluster() {
    if kafka::mock_cluster().is_none() {
        return;
    }
    suite(|| {
        let cluster = kafka::mock_cluster().unwrap();
        let host = frozen();
        let events = outside("kafka", cluster.address(), MAX_ATTEMPTS, host.clone());
        // A group takes a while to form.
        Bench { late: true, ..Bench::new(events, host, Box::new(cluster)) }
    });
}

#[test]
fn several_openings_of_one_file_are_one_log() {
    let folder = tempfile::tempdir().unwrap();
    let offsets: BTreeSet<u64> = std::thread::scope(|scope| {
        let publishers: Vec<_> = (0..8)
            .map(|n| {
                let file = log_file(folder.path());
                scope.spawn(move || {
                    let events = Embedded::open(&file, Retention::default(), frozen()).unwrap();
                    let mine: Vec<u64> =
                        (0..5).map(|i| events.publish(&event("x"), &format!("{n}-{i}")).unwrap()).collect();
                    events.publish(&event("x"), "shared").unwrap();
                    mine
                })
            })
            .collect();
        publishers.into_iter().flat_map(|publisher| publisher.join().unwrap()).collect()
    });
    assert_eq!(offsets.len(), 40);
    let events = Embedded::open(&log_file(folder.path()), Retention::default(), frozen()).unwrap();
    assert_eq!(events.latest().unwrap(), 41);
}

/// Runs the publisher from `start`, kills it after `lines` acknowledged publishes, and gives the
/// numbers that it said were durable.
fn publish_and_kill(file: &Path, start: u64, lines: usize) -> Vec<u64> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_event-publisher"))
        .arg(file)
        .arg(start.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut said: Vec<u64> = Vec::new();
    let mut line = String::new();
    while said.len() < lines && output.read_line(&mut line).unwrap() > 0 {
        said.push(line.trim().parse().unwrap());
        line.clear();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What it still said before it died; a last line may be cut.
    while output.read_line(&mut line).unwrap() > 0 {
        if line.ends_with('\n') {
            said.push(line.trim().parse().unwrap());
        }
        line.clear();
    }
    said
}

#[test]
fn nothing_acknowledged_is_lost_when_publishers_are_killed() {
    let folder = tempfile::tempdir().unwrap();
    let file = log_file(folder.path());
    let mut said = BTreeSet::new();
    let mut start = 1;
    for round in 0..12 {
        said.extend(publish_and_kill(&file, start, 1 + round * 3));
        // The one in doubt is published again, with its key.
        start = said.last().copied().unwrap_or(0) + 1;
    }
    let events = Embedded::open(&file, Retention::default(), frozen()).unwrap();
    let stored = events.replay(1, 1_000).unwrap();
    let keys: Vec<&str> = stored.iter().map(|stored| stored.idempotency_key.as_str()).collect();
    let unique: BTreeSet<&str> = keys.iter().copied().collect();
    assert_eq!(unique.len(), keys.len(), "no key twice");
    for number in &said {
        assert!(unique.contains(format!("key-{number}").as_str()), "{number} was acknowledged and is lost");
    }
    assert!(stored.iter().zip(1..).all(|(stored, n)| stored.offset == n), "offsets without gaps");
}

#[test]
fn a_killed_publisher_does_not_block_others() {
    let folder = tempfile::tempdir().unwrap();
    let file = log_file(folder.path());
    let others = std::thread::scope(|scope| {
        let killer =
            scope.spawn(|| (0..4).map(|n| publish_and_kill(&file, 1 + n * 1_000, 5).len()).sum::<usize>());
        let events = Embedded::open(&file, Retention::default(), frozen()).unwrap();
        for n in 0..40 {
            events.publish(&event("mine"), &format!("mine-{n}")).unwrap();
        }
        killer.join().unwrap()
    });
    let events = Embedded::open(&file, Retention::default(), frozen()).unwrap();
    assert!(events.latest().unwrap() >= 40 + others as u64);
}

fn damaged(sql: &str) -> (tempfile::TempDir, Embedded) {
    let folder = tempfile::tempdir().unwrap();
    let events = Embedded::open(&log_file(folder.path()), Retention::default(), frozen()).unwrap();
    for n in 1..=4 {
        events.publish(&event(&n.to_string()), &format!("k{n}")).unwrap();
    }
    rusqlite::Connection::open(log_file(folder.path())).unwrap().execute(sql, []).unwrap();
    (folder, events)
}

#[test]
fn a_damaged_event_is_reported_and_stops_nothing() {
    for sql in [
        "UPDATE events SET body = replace(body, 'completed', 'xompleted') WHERE offset = 3",
        "UPDATE events SET body = '' WHERE offset = 3",
        "UPDATE events SET digest = x'00' WHERE offset = 3",
        "UPDATE events SET key = 'moved' WHERE offset = 3",
        "UPDATE events SET body = CAST(x'FF00FE' AS TEXT) WHERE offset = 3",
    ] {
        let (_folder, events) = damaged(sql);
        let offsets = |from| events.replay(from, 9).unwrap().iter().map(|s| s.offset).collect::<Vec<_>>();
        assert_eq!(offsets(1), [1, 2], "{sql}");
        assert!(matches!(events.replay(3, 9), Err(EventsError::Damaged(3, _))), "{sql}");
        assert_eq!(offsets(4), [4]);
        let read = || events.read("g", "c", 9, MINUTE);
        assert_eq!(read().unwrap().len(), 2, "{sql}");
        assert!(matches!(read(), Err(EventsError::Damaged(3, _))), "{sql}: reported once");
        let rest = read().unwrap();
        assert_eq!((rest.len(), rest[0].offset, rest[0].attempt), (1, 4, 1), "{sql}: and passed");
    }
}

#[test]
fn a_file_that_is_no_log_is_an_error_and_stays_as_it_is() {
    for bytes in [&b"not a database, but a text of some length that is no header at all"[..], &[0xFF; 4096]] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("events.sqlite");
        std::fs::write(&file, bytes).unwrap();
        let error = Embedded::open(&file, Retention::default(), frozen()).unwrap_err();
        assert!(error.to_string().contains("events.sqlite"), "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), bytes);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = log_file(folder.path());
    drop(Embedded::open(&file, Retention::default(), frozen()).unwrap());
    rusqlite::Connection::open(&file).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = Embedded::open(&file, Retention::default(), frozen()).unwrap_err();
    assert!(error.to_string().contains("newer ecoops"), "{error}");
}

#[test]
fn the_log_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let events = Embedded::open(&log_file(folder.path()), Retention::default(), frozen()).unwrap();
    events.publish(&event("1"), "k1").unwrap();
    for entry in std::fs::read_dir(folder.path().join("state")).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{entry:?}");
    }
}

#[test]
fn the_log_keeps_the_newest_and_never_reuses_an_offset() {
    let folder = tempfile::tempdir().unwrap();
    let retention = Retention { events: 10, ..Retention::default() };
    let events = Embedded::open(&log_file(folder.path()), retention, frozen()).unwrap();
    events.publish(&event("x"), "first").unwrap();
    events.read("slow", "c", 1, MINUTE).unwrap();
    for n in 2..=128 {
        assert_eq!(events.publish(&event("x"), &format!("k{n}")).unwrap(), n);
    }
    let kept: Vec<u64> = events.replay(0, 999).unwrap().iter().map(|stored| stored.offset).collect();
    assert_eq!(kept, (119..=128).collect::<Vec<_>>());
    let read = events.read("slow", "c", 1, MINUTE).unwrap();
    assert_eq!(read[0].offset, 119, "a slow group goes on with what is left");
}

#[test]
fn the_log_keeps_events_for_so_many_days() {
    for (days, kept) in [(0, 64), (3, 4), (1, 2), (365, 64)] {
        let folder = tempfile::tempdir().unwrap();
        let retention = Retention { days, ..Retention::default() };
        let events = Embedded::open(&log_file(folder.path()), retention, frozen()).unwrap();
        // Long ago, and one on each of the last twenty days.
        for n in 1..=64 {
            let mut one = event("x");
            one.timestamp = match n {
                ..=44 => "2026-01-01T00:00:00Z".to_owned(),
                _ => format!("2026-11-{:02}T08:00:00.5Z", n - 44),
            };
            events.publish(&one, &format!("k{n}")).unwrap();
        }
        assert_eq!(events.replay(0, 999).unwrap().len(), kept, "{days} days");
    }
}

#[test]
fn the_settings_say_after_how_many_attempts_a_letter_is_dead() {
    let folder = tempfile::tempdir().unwrap();
    let retention = Retention { attempts: 1, ..Retention::default() };
    let events = Embedded::open(&log_file(folder.path()), retention, frozen()).unwrap();
    let offset = events.publish(&event("x"), "k").unwrap();
    events.read("g", "c", 1, MINUTE).unwrap();
    events.fail("g", offset, "once").unwrap();
    assert_eq!(events.dead_letters(Some("g")).unwrap().len(), 1);
}

#[test]
fn the_log_is_bounded_in_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let retention = Retention { bytes: 4 << 20, ..Retention::default() };
    let events = Embedded::open(&log_file(folder.path()), retention, frozen()).unwrap();
    for n in 0..24 {
        events.publish(&event(&"x".repeat(2 << 20)), &n.to_string()).unwrap();
    }
    let kept = events.replay(0, 99).unwrap();
    assert!((1..=4).contains(&kept.len()), "{}", kept.len());
    assert_eq!(kept.last().unwrap().offset, 24);
}
