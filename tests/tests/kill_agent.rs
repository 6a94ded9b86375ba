//! The daemon killed under load, a few times; `tests/soak/kill-agent` does it a thousand times.
#![allow(clippy::unwrap_used)]

use ecoops_tests::kill_agent;

#[test]
fn twenty_kills_under_load_lose_nothing_repeat_nothing_and_keep_order() {
    let report = kill_agent::run(20, 0x5EED, &|_| {});
    assert!(report.events > 100 && report.entries > 10, "there was load: {report:?}");
    assert!(report.asked_again > 0, "and it was hit: {report:?}");
}
