//! What every limit promises.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::ports::limits::Limits;
use ecoops_plugins::registry::{self, BrokerSettings, LimitsChoice};
use ecoops_tests::events;
use ecoops_tests::servers::{free_port, redis, until};
use std::time::{Duration, Instant};

fn limits(rate: u32, server: Option<BrokerSettings>) -> Box<dyn Limits> {
    let adapter = if server.is_some() { "redis" } else { "embedded" };
    registry::limits(&LimitsChoice { adapter: adapter.into(), rate, server }).unwrap()
}

/// `one` and `other` count the same requests when they are `shared`.
fn suite(one: &dyn Limits, other: &dyn Limits, shared: bool) {
    // A rate of one a second: what is asked within a second of the first is refused.
    let begin = Instant::now();
    let first = one.take("ana", "requests").unwrap();
    assert_eq!((first.limit, first.remaining, first.wait), (1, 0, None));
    let second = one.take("ana", "requests").unwrap();
    let there = other.take("ana", "requests").unwrap();
    if begin.elapsed() < Duration::from_millis(900) {
        let wait = second.wait.unwrap();
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(1), "{wait:?}");
        assert_eq!(there.wait.is_some(), shared);
    }
    // Others, and what he does apart, are not at fault.
    assert_eq!(one.take("bob", "requests").unwrap().wait, None);
    assert_eq!(one.take("ana", "token:1").unwrap().wait, None);
    until("the next second", || one.take("ana", "requests").unwrap().wait.is_none().then_some(()));
    assert!(begin.elapsed() >= Duration::from_millis(900), "not before a second");
    for odd in ["", "a:b", "ü \n*", &"x".repeat(600)] {
        assert_eq!(one.take(odd, odd).unwrap().wait, None, "{odd:?}");
    }
}

/// Many at once get a burst, and never more than the clock allows.
fn many_at_once(limits: &dyn Limits, rate: u32) {
    let begin = Instant::now();
    let served: u32 = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    (0..rate).filter(|_| limits.take("all", "x").unwrap().wait.is_none()).count() as u32
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).sum()
    });
    let most = f64::from(rate) * (1.0 + begin.elapsed().as_secs_f64()) + 1.0;
    assert!(served >= rate && f64::from(served) <= most, "{served}, at most {most}");
}

#[test]
fn embedded_passes() {
    suite(&*limits(1, None), &*limits(1, None), false);
    many_at_once(&*limits(50, None), 50);
}

#[test]
fn redis_passes() {
    let Some(server) = redis::start() else { return };
    let make = |rate| limits(rate, Some(events::server(server.address())));
    suite(&*make(1), &*make(1), true);
    many_at_once(&*make(50), 50);
    // In the database and under the keys of the integration matrix, and gone when nobody asks any more.
    let shown = until("the keys are gone", || {
        let size = redis::ask(server.port(), "SELECT 1\r\nDBSIZE");
        (size == "+OK\r\n:0\r\n").then_some(size)
    });
    assert!(shown.ends_with(":0\r\n"));
    make(1).take("ana", "requests").unwrap();
    let keys = redis::ask(server.port(), "SELECT 1\r\nKEYS *");
    assert!(keys.contains("ratelimit:user:ana:requests"), "{keys}");
    assert_eq!(redis::ask(server.port(), "DBSIZE"), ":0\r\n", "database 0 has none");
}

#[test]
fn a_server_that_is_away_is_an_error_soon() {
    let mut away = events::server(format!("127.0.0.1:{}", free_port()));
    away.deadline = Duration::from_millis(300);
    let begin = Instant::now();
    let error = limits(1, Some(away.clone())).take("ana", "requests").unwrap_err().to_string();
    assert!(error.contains(&away.address), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(5));
}
