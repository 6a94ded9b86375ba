//! The contract of receivers: events arrive in order, a telling stops at the first that cannot be told and says
//! whose fault it is, and the second time does no harm.
#![allow(clippy::unwrap_used)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ecoops_core::config::Sink;
use ecoops_core::domain::{EVENT_SOURCE, EventData, RemediationEvent};
use ecoops_core::ports::events::Stored;
use ecoops_core::ports::notify::{Notify, NotifyError};
use ecoops_plugins::registry::{self, EventsChoice, NotifyChoice, Retention};
use ecoops_tests::http::{Replay, Request};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use std::path::Path;
use std::sync::{Arc, Mutex};

const SECRET: &str = "a key of the tests, long enough";

fn stored(offset: u64) -> Stored {
    let event = RemediationEvent {
        data: EventData::Rollback {
            reason: format!("<!channel> reason & {offset}"),
            layers: ecoops_core::domain::Verdict { layers: Vec::new() },
        },
        source: EVENT_SOURCE.to_owned(),
        timestamp: "2026-11-20T08:00:00Z".to_owned(),
        trace_id: "c232ab00-9414-11ec-b3c8-9f6bdeced846".to_owned(),
    };
    Stored { offset, idempotency_key: format!("key {offset} ü"), event, attempt: 1 }
}

fn open(words: &[&str], secret: Option<&str>) -> Result<Box<dyn Notify>, String> {
    let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
    let choice = NotifyChoice { sink: Sink::parse("test", &words)?, secret: secret.map(str::to_owned) };
    registry::notify(&choice, registry::host("system").unwrap()).map_err(|e| {
        format!("{e}: {}", std::error::Error::source(&e).map(ToString::to_string).unwrap_or_default())
    })
}

/// What has arrived, by number.
type Arrived = Box<dyn Fn() -> Vec<u64>>;

/// What every receiver keeps.
fn suite(receiver: &dyn Notify, arrived: &Arrived) {
    assert_eq!(receiver.tell(&[]).count, 0);
    let all: Vec<Stored> = (1..=5).map(stored).collect();
    let told = receiver.tell(&all);
    assert_eq!((told.count, told.stopped), (5, None));
    assert_eq!(arrived(), [1, 2, 3, 4, 5]);
    let again = receiver.tell(&all[3..]);
    assert_eq!((again.count, again.stopped), (2, None), "the second time is no error");
    assert_eq!(arrived(), [1, 2, 3, 4, 5], "and is known by its key");
    let place = receiver.place();
    assert!(!place.is_empty() && !place.contains("hidden"), "{place}");
}

fn number(key: &str) -> u64 {
    key.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_log_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy.sqlite");
    let receiver = open(&["type=log", &format!("path={}", file.display())], None).unwrap();
    suite(&*receiver, &arrived_in(&file));
}

fn arrived_in(file: &Path) -> Arrived {
    let choice = EventsChoice {
        adapter: "embedded".into(),
        file: file.to_owned(),
        retention: Retention::default(),
        outboxes: Vec::new(),
    };
    let log = registry::events(&choice, registry::host("system").unwrap()).unwrap();
    Box::new(move || log.replay(1, 999).unwrap().iter().map(|s| number(&s.idempotency_key)).collect())
}

/// A receiver that knows a message by what `key` takes of it.
fn by_key(server: &Arc<Replay>, key: fn(&Request) -> String) -> Arrived {
    let server = server.clone();
    Box::new(move || {
        let mut seen = Vec::new();
        let requests = server.requests();
        let fresh = requests.iter().filter(|r| {
            let key = key(r);
            let new = !seen.contains(&key);
            seen.push(key);
            new
        });
        fresh
            .map(|r| {
                text(r).split("&amp; ").nth(1).or(text(r).split("reason & ").nth(1)).unwrap()[..1]
                    .parse()
                    .unwrap()
            })
            .collect()
    })
}

fn text(request: &Request) -> &str {
    std::str::from_utf8(&request.body).unwrap()
}

#[test]
fn a_webhook_keeps_the_contract() {
    let server = Arc::new(Replay::start(|_| (200, String::new())));
    let url = format!("url={}/in/here", server.url());
    let receiver = open(&["type=webhook", &url, "secret=k"], Some(SECRET)).unwrap();
    suite(&*receiver, &by_key(&server, |r| r.header("idempotency-key").to_owned()));
    for request in server.requests() {
        assert_eq!(request.path, "/in/here");
        let (id, time) = (request.header("webhook-id"), request.header("webhook-timestamp"));
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(format!("{id}.{time}.{}", text(&request)).as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        assert_eq!(request.header("webhook-signature"), expected);
        assert_eq!(request.header("idempotency-key"), id);
        assert!(time.parse::<i64>().unwrap() > 1_700_000_000);
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["type"], "remediation.rollback");
        assert_eq!(body["data"]["event_type"], "remediation.rollback");
        assert!(!text(&request).contains(SECRET));
    }
}

#[test]
fn a_chat_keeps_the_contract() {
    let server = Arc::new(Replay::start(|_| (200, "ok".to_owned())));
    let address = format!("{}/services/hidden", server.url());
    let receiver = open(&["type=slack", "secret=k"], Some(&address)).unwrap();
    suite(&*receiver, &by_key(&server, |r| text(r).to_owned()));
    for request in server.requests() {
        assert_eq!(request.path, "/services/hidden");
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert!(body["text"].as_str().unwrap().contains("&lt;!channel&gt;"));
        assert_eq!(body["blocks"][0]["type"], "section");
        assert!(!body.to_string().contains("<!"), "it mentions nobody");
    }
}

/// Whose fault an answer is.
#[derive(Debug, PartialEq)]
enum Fault {
    Nobodys,
    Receivers,
    PerhapsTheEvents,
    TheEvents,
}

#[test]
fn an_answer_says_whose_fault_it_is_and_each_event_is_sent_once() {
    for (status, expected) in [
        (200, Fault::Nobodys),
        (204, Fault::Nobodys),
        (408, Fault::Receivers),
        (429, Fault::Receivers),
        (502, Fault::Receivers),
        (503, Fault::Receivers),
        (301, Fault::Receivers),
        (401, Fault::Receivers),
        (404, Fault::Receivers),
        (500, Fault::PerhapsTheEvents),
        (400, Fault::TheEvents),
        (413, Fault::TheEvents),
        (422, Fault::TheEvents),
    ] {
        let server = Replay::start(move |_| (status, "why not".to_owned()));
        let url = format!("url={}", server.url());
        let address = format!("{}/services/hidden", server.url());
        for receiver in [
            open(&["type=webhook", &url, "secret=k"], Some(SECRET)).unwrap(),
            open(&["type=slack", "secret=k"], Some(&address)).unwrap(),
        ] {
            let before = server.requests().len();
            let told = receiver.tell(&[stored(1)]);
            let why = told.stopped.as_ref().map(ToString::to_string).unwrap_or_default();
            assert!(!why.contains("hidden"), "{why}");
            let got = match told.stopped {
                None => Fault::Nobodys,
                Some(NotifyError::Unavailable { .. }) => Fault::Receivers,
                Some(NotifyError::Failed(_)) => Fault::PerhapsTheEvents,
                Some(NotifyError::Refused(_)) => Fault::TheEvents,
            };
            assert_eq!(got, expected, "{status}");
            assert_eq!(server.requests().len() - before, 1, "{status}: who tells repeats, not the receiver");
        }
    }
}

#[test]
fn a_telling_stops_at_the_first_that_fails() {
    let count = Mutex::new(0);
    let server = Replay::start(move |_| {
        *count.lock().unwrap() += 1;
        (if *count.lock().unwrap() == 3 { 500 } else { 200 }, String::new())
    });
    let url = format!("url={}", server.url());
    let receiver = open(&["type=webhook", &url, "secret=k"], Some(SECRET)).unwrap();
    let told = receiver.tell(&(1..=5).map(stored).collect::<Vec<_>>());
    assert_eq!((told.count, server.requests().len()), (2, 3));
}

#[test]
fn nobody_there_is_nobodys_fault_and_no_address_is_told() {
    let port = ecoops_tests::agent::free_port();
    let address = format!("http://127.0.0.1:{port}/services/hidden");
    let told = open(&["type=slack", "secret=k"], Some(&address)).unwrap().tell(&[stored(1)]);
    match told.stopped {
        Some(NotifyError::Unavailable { why, .. }) => assert!(!why.contains("hidden"), "{why}"),
        other => panic!("{other:?}"),
    }
    for (words, secret) in [
        (&["type=webhook", "url=https://h.example", "secret=k"][..], None),
        (&["type=webhook", "url=https://h.example", "secret=k"], Some("short")),
        (&["type=webhook", "url=https://h.example", "secret=k"], Some("whsec_%%%")),
        (&["type=slack", "secret=k"], Some("not an address")),
    ] {
        let why = open(words, secret).err().expect("it is refused");
        assert!(!why.contains("short") && !why.contains("not an address"), "{why}");
    }
}
