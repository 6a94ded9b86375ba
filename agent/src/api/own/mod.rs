//! Our own API, `/v1`: what this program's commands ask of the daemon, and what editors and scripts may.

mod audit;
mod events;
mod follow;
pub mod infra;
mod life;
mod login;
mod memory;
mod policy;
mod socket;
mod stream;

use super::answer::Fault;
use super::ask::Ask;
use super::routes::Route;
use serde_json::{Value, json};

pub fn routes() -> Vec<Route> {
    let all = [
        life::routes(),
        login::routes(),
        audit::routes(),
        events::routes(),
        memory::routes(),
        policy::routes(),
        infra::routes(),
    ];
    all.into_iter().flatten().collect()
}

/// The most that one page holds.
const MOST: u64 = 1000;

/// Where a page begins, and how much it holds: `cursor` is what the page before gave as `next`.
fn page(ask: &Ask, first: u64) -> Result<(u64, usize), Fault> {
    let cursor = ask.number("cursor", first, 0..=u64::MAX)?;
    Ok((cursor, ask.number("limit", 100, 1..=MOST)? as usize))
}

/// A page with the cursor of the next, if there may be one.
fn paged(items: Vec<Value>, next: Option<u64>) -> Value {
    json!({ "items": items, "next": next.map(|n| n.to_string()) })
}

fn paging(route: Route) -> Route {
    route
        .query("cursor", json!({ "type": "string", "pattern": "^[0-9]{1,18}$" }))
        .query("limit", json!({ "type": "integer", "minimum": 1, "maximum": MOST, "default": 100 }))
        .gives(200, json!({ "type": "object", "required": ["items", "next"], "properties": {
            "items": { "type": "array", "items": { "type": "object" } }, "next": { "type": ["string", "null"] },
        } }))
}
