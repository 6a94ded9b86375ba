//! The adapters of the kernel's services, two ways: against this program's own agent, which serves the contract
//! as it is written and is a real server; and against stand-ins within this process that do what the running
//! services were seen to do where they depart from it. The stand-ins are no servers, and prove nothing beyond that.
#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

mod audit;
mod bus;
mod delivery;
mod memory;
mod policy;

use ecoops_plugins::registry::ServiceChoice;
use ecoops_tests::agent::Agent;
use ecoops_tests::http::{Replay, Request};
use serde_json::Value;
use std::time::Duration;

fn service(url: &str) -> ServiceChoice {
    ServiceChoice { address: url.to_owned(), deadline: Duration::from_secs(10), ..ServiceChoice::default() }
}

/// A daemon over TCP with its own default policy, and how to speak to it.
fn agent(settings: &str) -> (Agent, ServiceChoice) {
    Agent::serving(settings)
}

/// A stand-in that answers everything the same.
fn saying(status: u16, body: impl ToString) -> Replay {
    let body = body.to_string();
    Replay::start(move |_: &Request| (status, body.clone()))
}

fn sent(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap_or_default()
}
