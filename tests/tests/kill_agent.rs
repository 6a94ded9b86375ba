//! The daemon killed under load, a few times for each kind of receiver; `tests/soak/kill-agent` does it a thousand times.
#![allow(clippy::unwrap_used)]

use ecoops_tests::kill_agent::{self, Sink};

fn killed(sink: Sink) {
    let Some(report) = kill_agent::run(20, 0x5EED, sink, &|_| {}) else { return };
    assert!(report.events > 100 && report.entries > 10, "there was load: {report:?}");
    assert!(report.asked_again > 0, "and it was hit: {report:?}");
}

#[test]
fn twenty_kills_under_load_lose_nothing_repeat_nothing_and_keep_order() {
    killed(Sink::Log);
}

#[test]
fn nor_do_they_with_redis_behind() {
    killed(Sink::Redis);
}

#[test]
fn nor_with_a_webhook_that_loses_answers() {
    killed(Sink::Http);
}
