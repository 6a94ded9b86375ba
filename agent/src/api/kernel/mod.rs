//! The kernel's contract, one file a service: auth, memory, events, policy and audit, reports, infra.
//!
//! Answers are in the kernel's envelope, with the shapes that its services give where its document says
//! only `object`.

mod audit;
mod auth;
mod events;
mod infra;
mod memory;
mod multipart;
mod policy;
mod reports;

use super::routes::Route;

pub fn routes() -> Vec<Route> {
    let all = [
        auth::routes(),
        memory::routes(),
        events::routes(),
        policy::routes(),
        audit::routes(),
        reports::routes(),
        infra::routes(),
    ];
    all.into_iter().flatten().collect()
}

/// A text that may be absent or null, and is neither empty then.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
