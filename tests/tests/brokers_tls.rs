//! Redis, NATS and Kafka behind TLS, with a user: the log of events, the bus and the limits speak it, trust whom they
//! are told to trust and nobody else, and never go on in clear.
//!
//! Redis and NATS are the servers themselves; for Kafka it is librdkafka's mock cluster, before which its relay speaks
//! TLS, and which knows no users.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::ports::bus::Position;
use ecoops_plugins::registry::{
    self, BrokerSettings, BusChoice, LimitsChoice, OutsideEventsChoice, ServiceChoice,
};
use ecoops_tests::events::{self, completed, open};
use ecoops_tests::servers::{kafka, nats, redis, until};
use ecoops_tests::tls::Authority;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const PASSWORD: &str = "correct-horse";

/// A certificate for this machine and one for another, each with its key, of one authority.
struct World {
    _folder: tempfile::TempDir,
    authority: Authority,
    here: (PathBuf, PathBuf),
    elsewhere: (PathBuf, PathBuf),
    stranger: PathBuf,
}

fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let authority = Authority::new(folder.path());
    let (here, elsewhere) = ((at("here.pem"), at("here.key")), (at("elsewhere.pem"), at("elsewhere.key")));
    authority.certify(&["127.0.0.1", "localhost"], &here.0, &here.1);
    authority.certify(&["broker.example"], &elsewhere.0, &elsewhere.1);
    std::fs::create_dir(at("stranger")).unwrap();
    let stranger = Authority::new(&at("stranger")).file;
    World { _folder: folder, authority, here, elsewhere, stranger }
}

fn secured(address: String, ca_file: Option<PathBuf>) -> BrokerSettings {
    let (user, password) = (Some("ana".to_owned()), Some(PASSWORD.to_owned().into()));
    BrokerSettings { user, password, ca_file, deadline: Duration::from_secs(3), ..events::server(address) }
}

fn log(adapter: &str, server: BrokerSettings) -> OutsideEventsChoice {
    OutsideEventsChoice { server, ..events::choice(adapter, String::new()) }
}

/// What is published is read; and what is wrong about a server, or with who asks, is an error in time that holds no
/// password.
fn check(adapter: &str, scheme: &str, clear: &str, here: &str, elsewhere: &str, world: &World) {
    let trusted = || Some(world.authority.file.clone());
    let good = log(adapter, secured(format!("{scheme}://{here}"), trusted()));
    let events = open(&good);
    until("it is published", || events.publish(&completed("x"), "k").ok());
    assert_eq!(events.replay(0, 9).unwrap().len(), 1, "{adapter}");
    for (what, server) in [
        ("nobody it knows certified it", secured(format!("{scheme}://{here}"), None)),
        ("others certified it", secured(format!("{scheme}://{here}"), Some(world.stranger.clone()))),
        ("it is another's name", secured(format!("{scheme}://{elsewhere}"), trusted())),
        ("there are no certificates", secured(format!("{scheme}://{here}"), Some(world.here.1.clone()))),
        ("it speaks TLS alone", secured(format!("{clear}{here}"), trusted())),
    ] {
        let begun = Instant::now();
        let said = match registry::outside_events(&log(adapter, server), registry::host("system").unwrap()) {
            Ok(events) => events.unwrap().publish(&completed("x"), "other").unwrap_err().to_string(),
            Err(why) => format!("{why:?}"),
        };
        assert!(begun.elapsed() < Duration::from_secs(6), "{adapter}, {what}: {:?}", begun.elapsed());
        assert!(!said.contains(PASSWORD), "{said}");
    }
    assert_eq!(events.replay(0, 9).unwrap().len(), 1, "{adapter}: nothing of the others arrived");
}

fn wrong_password(adapter: &str, address: String, world: &World) {
    let wrong = Some("battery-staple".to_owned().into());
    let server = BrokerSettings { password: wrong, ..secured(address, Some(world.authority.file.clone())) };
    let said = open(&log(adapter, server)).latest().unwrap_err().to_string();
    assert!(!said.contains("staple"), "{said}");
}

#[test]
fn redis_for_events_bus_and_limits() {
    let world = world();
    let Some(here) = redis::with_tls(&world.here.0, &world.here.1, PASSWORD) else { return };
    let elsewhere = redis::with_tls(&world.elsewhere.0, &world.elsewhere.1, PASSWORD).unwrap();
    check("redis", "rediss", "redis://", &here.address(), &elsewhere.address(), &world);
    let address = format!("rediss://{}", here.address());
    wrong_password("redis", address.clone(), &world);

    let server = || Some(secured(address.clone(), Some(world.authority.file.clone())));
    let (file, service) = (PathBuf::new(), ServiceChoice::default());
    let choice = BusChoice { adapter: "redis".into(), file, server: server(), service };
    let bus = registry::bus(&choice, registry::host("system").unwrap()).unwrap();
    bus.publish("s", &events::domain("one of the bus")).unwrap();
    assert_eq!(bus.replay("s", Position::FIRST, Position::LAST, 9).unwrap().len(), 1);
    let choice = LimitsChoice { adapter: "redis".into(), rate: 10, server: server() };
    assert_eq!(registry::limits(&choice).unwrap().take("ana", "x").unwrap().limit, 10);
}

#[test]
fn nats_for_events() {
    let world = world();
    let serve = |(certificate, key): &(PathBuf, PathBuf)| {
        let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
        let tls = ["--tls", "--tlscert", certificate, "--tlskey", key, "--user", "ana", "--pass", PASSWORD];
        nats::with(&tls)
    };
    let Some(here) = serve(&world.here) else { return };
    let elsewhere = serve(&world.elsewhere).unwrap();
    check("nats", "tls", "nats://", &here.address(), &elsewhere.address(), &world);
    wrong_password("nats", format!("tls://{}", here.address()), &world);
}

#[test]
fn kafka_for_events() {
    let world = world();
    let serve = |(certificate, key): &(PathBuf, PathBuf)| kafka::with_tls(certificate, key);
    let (Some(here), Some(elsewhere)) = (serve(&world.here), serve(&world.elsewhere)) else { return };
    let trusted = Some(world.authority.file.clone());
    let server = |address: String, ca_file: Option<PathBuf>| {
        let deadline = Duration::from_secs(3);
        BrokerSettings { ca_file, deadline, ..events::server(address) }
    };
    let events = open(&log("kafka", server(format!("kafka+tls://{}", here.address()), trusted.clone())));
    until("it is published", || events.publish(&completed("x"), "k").ok());
    assert_eq!(events.replay(0, 9).unwrap().len(), 1);
    for (what, server) in [
        ("nobody it knows", server(format!("kafka+tls://{}", here.address()), None)),
        ("others", server(format!("kafka+tls://{}", here.address()), Some(world.stranger.clone()))),
        ("another's name", server(format!("kafka+tls://{}", elsewhere.address()), trusted.clone())),
        ("in clear", server(format!("kafka://{}", here.address()), None)),
    ] {
        let begun = Instant::now();
        assert!(open(&log("kafka", server)).latest().is_err(), "{what}");
        assert!(begun.elapsed() < Duration::from_secs(8), "{what}: {:?}", begun.elapsed());
    }
}
