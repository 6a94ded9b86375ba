//! Every adapter that speaks to something outside, before every fault of a network, against its real server where one
//! can be had: it answers within its deadline, says what is wrong, takes nothing for done that was not, fails closed
//! where it decides, and when the network is whole again everything is there once.
//!
//! The faults are `ecoops_tests::network::Fault`; the tables that each test prints name them.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

mod databases;
mod events;
mod kernel;
mod servers;
mod telemetry;

use ecoops_core::engines::resilience::BreakerSettings;
use ecoops_core::ports::host::Host;
use ecoops_plugins::http::{Limits, Server, deadline};
use ecoops_tests::network::Line;
use ecoops_tests::network::trial::Undone;
use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What every adapter here is given for one call.
const DEADLINE: Duration = Duration::from_millis(1_500);

/// A server of HTTP at the end of a line; its breaker opens after few failures, and closes soon.
fn http(line: &Line) -> Server {
    let limits = Limits { request: Duration::from_millis(900), whole: DEADLINE, answer: 1 << 20, tries: 3 };
    let breaker = BreakerSettings {
        failure_threshold: 3,
        recovery_timeout: Duration::from_millis(300),
        half_open_requests: 2,
    };
    Server { url: line.url(), limits, breaker, ..Server::default() }
}

/// For adapters whose own deadlines are longer than a test may take: who asks waits no longer.
fn hurried<T>(act: impl FnOnce() -> T) -> T {
    deadline::until(Instant::now() + DEADLINE, act)
}

fn passing<T, E: Display>(result: Result<T, E>) -> Result<T, Undone> {
    result.map_err(|why| Undone::Passing(why.to_string()))
}

fn system() -> Arc<dyn Host> {
    ecoops_plugins::registry::host("system").unwrap()
}
