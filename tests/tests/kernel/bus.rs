//! The bus of the kernel's event-bus.

use super::{agent, saying, sent, service};
use ecoops_core::domain::DomainEvent;
use ecoops_core::ports::bus::{Bus, BusError, Position};
use ecoops_plugins::registry::{self, BusChoice, ServiceChoice};
use ecoops_tests::events;
use ecoops_tests::http::{Replay, Request};
use serde_json::{Value, json};
use std::path::PathBuf;

fn bus(service: ServiceChoice) -> Box<dyn Bus> {
    let choice = BusChoice { adapter: "event_bus".into(), file: PathBuf::new(), server: None, service };
    registry::bus(&choice, registry::host("system").unwrap()).unwrap()
}

/// One to which the server gives its id.
fn event(key: &str) -> DomainEvent {
    DomainEvent { id: String::new(), ..events::domain(key) }
}

fn keys(found: &[(Position, DomainEvent)]) -> Vec<&str> {
    found.iter().map(|(_, event)| event.idempotency_key.as_str()).collect()
}

#[test]
fn events_go_through_the_agent_as_a_real_server() {
    let (_agent, service) = agent("");
    let bus = bus(service);
    assert!(bus.replay("nobody", Position::FIRST, Position::LAST, 10).unwrap().is_empty());
    let places: Vec<Position> = (0..20)
        .map(|n| bus.publish("platform-01:healing", &event(&n.to_string())).unwrap().position)
        .collect();
    assert!(places.windows(2).all(|pair| pair[0] < pair[1]));
    let found = bus.replay("platform-01:healing", Position::FIRST, Position::LAST, 1000).unwrap();
    assert_eq!(found.iter().map(|(place, _)| *place).collect::<Vec<_>>(), places);
    let DomainEvent { id, time, .. } = found[7].1.clone();
    assert!(!id.is_empty() && found[7].1 == DomainEvent { id, time, ..event("7") }, "{:?}", found[7]);
    assert_eq!(keys(&bus.replay("platform-01:healing", places[5], places[7], 9).unwrap()), ["5", "6", "7"]);
    assert_eq!(
        keys(&bus.replay("platform-01:healing", places[5].next(), Position::LAST, 2).unwrap()),
        ["6", "7"]
    );
    assert!(bus.replay("platform-01:healing", places[19].next(), Position::LAST, 2).unwrap().is_empty());
    for stream in ["platform-01:healing", "other"] {
        let again = bus.publish(stream, &event("3")).unwrap();
        assert!(again.duplicate && again.position == places[3]);
    }
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
    assert!(matches!(bus.streams(), Err(BusError::Refused(_))));
}

/// What event-bus was seen to do: no place with an event, `startId` inclusive, `streamId: "duplicate"`, and a key
/// that came many times at once stored more than once.
fn event_bus_stand_in(events: Vec<(u64, Value)>) -> Replay {
    Replay::start(move |request: &Request| {
        if request.path == "/events/publish" {
            let body = sent(request);
            let Some(_) = body.get("streamName") else {
                return (
                    400,
                    "{\"success\":false,\"error\":{\"code\":\"MISSING_FIELDS\",\"message\":\"streamName\"}}"
                        .into(),
                );
            };
            let known = body["idempotencyKey"] == "known";
            let (id, place) = if known { ("known", "duplicate") } else { ("e-1", "1700000000000-0") };
            return (
                201,
                json!({ "success": true, "data": { "eventId": id, "streamId": place } }).to_string(),
            );
        }
        let millis = |name: &str, default: u64| match request.parameter(name) {
            "" => default,
            text => text.split('-').next().unwrap().parse().unwrap(),
        };
        let count: usize = request.parameter("count").parse().unwrap();
        if count == 0 || count > 1000 {
            return (
                500,
                "{\"success\":false,\"error\":{\"code\":\"INTERNAL_ERROR\",\"message\":\"count\"}}".into(),
            );
        }
        let (start, end) = (millis("startId", 0), millis("endId", u64::MAX));
        let within = events.iter().filter(|(at, _)| (start..=end).contains(at)).take(count);
        let found: Vec<&Value> = within.map(|(_, event)| event).collect();
        (200, json!({ "success": true, "data": { "events": found } }).to_string())
    })
}

/// The event number `n`, one every `step` milliseconds, at its place in a stream that lags a little behind its time.
fn streamed(n: u64, step: u64) -> (u64, Value) {
    let at = 1_700_000_000_000 + n * step;
    let time = jiff::Timestamp::from_millisecond(at as i64).unwrap().to_string();
    let event = DomainEvent { id: format!("id-{n:06}"), time, ..event(&format!("k{n}")) };
    let mut value = serde_json::to_value(event).unwrap();
    value["subject"] = Value::Null;
    (at + n % 3, value)
}

#[test]
fn a_stream_without_places_is_read_whole_and_each_event_once() {
    for (what, step, total) in
        [("far apart", 1000, 300), ("close together", 10, 900), ("all at once", 0, 150)]
    {
        let mut events: Vec<(u64, Value)> = (0..total).map(|n| streamed(n, step)).collect();
        // Stored twice under one key, with another id.
        let mut twice = events[5].clone();
        twice.1["id"] = json!("id-000005-again");
        events.insert(6, twice);
        let stand_in = event_bus_stand_in(events);
        let bus = bus(service(&stand_in.url()));
        let whole = bus.replay("s", Position::FIRST, Position::LAST, 1000).unwrap();
        let expected: Vec<String> = (0..total).map(|n| format!("k{n}")).collect();
        assert_eq!(keys(&whole), expected, "{what}");
        assert!(whole.windows(2).all(|pair| pair[0].0 < pair[1].0), "{what}: places only grow");
        // Page by page, each going on right after the last.
        let (mut from, mut read) = (Position::FIRST, Vec::new());
        loop {
            let page = bus.replay("s", from, Position::LAST, 7).unwrap();
            let Some((last, _)) = page.last() else { break };
            from = last.next();
            read.extend(page);
        }
        assert_eq!(keys(&read), expected, "{what}");
    }
}

#[test]
fn event_bus_as_seen_tells_duplicates_and_breaks_by_its_500() {
    let stand_in = event_bus_stand_in(Vec::new());
    let bus = bus(service(&stand_in.url()));
    assert_eq!(bus.publish("s", &event("new")).unwrap().position.millis, 1_700_000_000_000);
    let again = bus.publish("s", &event("known")).unwrap();
    assert!(again.duplicate && again.id == "known");
    // One foreign entry in the stream makes every replay a 500; it is asked once.
    let broken =
        saying(500, json!({ "success": false, "error": { "code": "INTERNAL_ERROR", "message": "x" } }));
    let error =
        self::bus(service(&broken.url())).replay("s", Position::FIRST, Position::LAST, 5).unwrap_err();
    assert!(matches!(error, BusError::Storage(_)) && broken.requests().len() == 1, "{error}");
}
