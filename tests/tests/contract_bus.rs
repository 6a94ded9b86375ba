//! What every bus promises.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::domain::DomainEvent;
use ecoops_core::ports::bus::{Bus, BusError, Position};
use ecoops_plugins::registry::{self, BusChoice, ServiceChoice};
use ecoops_tests::agent::Agent;
use ecoops_tests::events::{self, domain as event};
use ecoops_tests::servers::redis;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

fn all(bus: &dyn Bus, stream: &str) -> Vec<(Position, DomainEvent)> {
    bus.replay(stream, Position::FIRST, Position::LAST, 1000).unwrap()
}

/// What a bus does otherwise than the contract has it, because the system behind it cannot do it so.
#[derive(Debug, Clone, Copy, Default)]
struct Departs {
    /// It gives each event an id and a time of its own: the kernel's event-bus takes neither from a publisher.
    renames: bool,
    /// It does not tell its streams: the kernel's event-bus has no route for that.
    hides_streams: bool,
}

impl Departs {
    /// What of an event a reader can expect.
    fn expected(self, sent: DomainEvent, found: &DomainEvent) -> DomainEvent {
        match self.renames {
            true => DomainEvent { id: found.id.clone(), time: found.time.clone(), ..sent },
            false => sent,
        }
    }

    fn check_streams(self, bus: &dyn Bus, expected: &[&str]) {
        match self.hides_streams {
            true => assert!(matches!(bus.streams(), Err(BusError::Refused(_)))),
            false => assert_eq!(bus.streams().unwrap(), expected),
        }
    }
}

fn suite(make: impl Fn(&Path) -> Box<dyn Bus> + Sync, departs: Departs) {
    let folder = tempfile::tempdir().unwrap();
    let bus = make(folder.path());
    assert!(all(&*bus, "nobody-wrote-here").is_empty());
    departs.check_streams(&*bus, &[]);

    // What goes in comes out, in order, from any place on.
    let places: Vec<Position> = (0..20)
        .map(|n| bus.publish("platform-01:healing", &event(&n.to_string())).unwrap().position)
        .collect();
    assert!(places.windows(2).all(|pair| pair[0] < pair[1]));
    let found = all(&*bus, "platform-01:healing");
    assert_eq!(found.iter().map(|(place, _)| *place).collect::<Vec<_>>(), places);
    assert_eq!(found[7].1, departs.expected(event("7"), &found[7].1));
    assert!(!found[7].1.id.is_empty());
    let some = bus.replay("platform-01:healing", places[5], places[7], 1000).unwrap();
    assert_eq!(some.iter().map(|(_, e)| e.idempotency_key.as_str()).collect::<Vec<_>>(), ["5", "6", "7"]);
    let page = bus.replay("platform-01:healing", places[5].next(), Position::LAST, 2).unwrap();
    assert_eq!(page.iter().map(|(_, e)| e.idempotency_key.as_str()).collect::<Vec<_>>(), ["6", "7"]);

    // A key counts once, in whatever stream.
    for stream in ["platform-01:healing", "other"] {
        let again = bus.publish(stream, &DomainEvent { id: "another".into(), ..event("3") }).unwrap();
        assert!(again.duplicate);
        assert_eq!((&again.id, again.position), (&found[3].1.id, places[3]));
    }
    assert_eq!(all(&*bus, "platform-01:healing").len(), 20);
    departs.check_streams(&*bus, &["platform-01:healing"]);

    // What cannot be kept is refused, and changes nothing.
    let mut large = event("large");
    large.data.insert("x".into(), "x".repeat(2 << 20).into());
    for (stream, event) in [
        ("", event("a")),
        ("a\nb", event("a")),
        (&*"x".repeat(600), event("a")),
        ("s", event("")),
        ("s", large),
    ] {
        assert!(matches!(bus.publish(stream, &event), Err(BusError::Refused(_))), "{stream:.20}");
    }
    for count in [0, 1001, usize::MAX] {
        assert!(bus.replay("s", Position::FIRST, Position::LAST, count).is_err());
    }
    departs.check_streams(&*bus, &["platform-01:healing"]);

    at_once(folder.path(), &make);
    drop(bus);
    assert_eq!(all(&*make(folder.path()), "platform-01:healing").len(), 20, "it is on disk");
}

/// Of many who publish one key at once, one wins and all hear of the same event.
fn at_once(folder: &Path, make: &(impl Fn(&Path) -> Box<dyn Bus> + Sync)) {
    let heard = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for publisher in 0..8 {
            let heard = &heard;
            scope.spawn(move || {
                let bus = make(folder);
                for key in 0..8 {
                    let mine = DomainEvent { id: format!("{publisher}"), ..event(&format!("race {key}")) };
                    heard.lock().unwrap().push((key, bus.publish("race", &mine).unwrap()));
                }
            });
        }
    });
    let heard = heard.into_inner().unwrap();
    assert_eq!(heard.iter().filter(|(_, published)| !published.duplicate).count(), 8);
    for key in 0..8 {
        let ids: BTreeSet<_> =
            heard.iter().filter(|(k, _)| *k == key).map(|(_, p)| (&p.id, p.position)).collect();
        assert_eq!(ids.len(), 1, "{ids:?}");
    }
    assert_eq!(all(&*make(folder), "race").len(), 8);
}

fn embedded(folder: &Path) -> Box<dyn Bus> {
    let choice = BusChoice {
        adapter: "embedded".into(),
        file: folder.join("bus.sqlite"),
        server: None,
        service: ServiceChoice::default(),
    };
    registry::bus(&choice, registry::host("system").unwrap()).unwrap()
}

#[test]
fn embedded_passes() {
    suite(embedded, Departs::default());
}

#[test]
fn redis_passes() {
    let Some(server) = redis::start() else { return };
    let address = server.address();
    suite(
        |folder| {
            let choice = BusChoice {
                adapter: "redis".into(),
                file: folder.join("not needed"),
                server: Some(events::server(address.clone())),
                service: ServiceChoice::default(),
            };
            registry::bus(&choice, registry::host("system").unwrap()).unwrap()
        },
        Departs::default(),
    );
}

/// The kernel's event-bus, by an agent of ours that serves its contract.
#[test]
fn event_bus_passes() {
    let (_agent, service) = Agent::serving("");
    suite(
        |folder| {
            let (file, service) = (folder.join("not needed"), service.clone());
            let choice = BusChoice { adapter: "event_bus".into(), file, server: None, service };
            registry::bus(&choice, registry::host("system").unwrap()).unwrap()
        },
        Departs { renames: true, hides_streams: true },
    );
}

#[test]
fn a_clock_that_stands_or_goes_back_keeps_the_order() {
    let folder = tempfile::tempdir().unwrap();
    let later = embedded(folder.path());
    let before = later.publish("s", &event("a")).unwrap().position;
    // This host's clock stands at 1970.
    let choice = BusChoice {
        adapter: "embedded".into(),
        file: folder.path().join("bus.sqlite"),
        server: None,
        service: ServiceChoice::default(),
    };
    let frozen = registry::bus(&choice, registry::host("frozen").unwrap()).unwrap();
    let (b, c) = (frozen.publish("s", &event("b")).unwrap(), frozen.publish("s", &event("c")).unwrap());
    assert!(before < b.position && b.position < c.position);
}

#[test]
fn a_file_that_is_no_bus_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bus.sqlite"), "no database at all, but long enough to be looked at")
        .unwrap();
    let choice = BusChoice {
        adapter: "embedded".into(),
        file: folder.path().join("bus.sqlite"),
        server: None,
        service: ServiceChoice::default(),
    };
    assert!(registry::bus(&choice, registry::host("system").unwrap()).is_err());
    let unknown = BusChoice { adapter: "telegraph".into(), ..choice };
    let error = registry::bus(&unknown, registry::host("system").unwrap()).err().unwrap();
    assert!(error.to_string().contains("known: embedded"), "{error}");
}
