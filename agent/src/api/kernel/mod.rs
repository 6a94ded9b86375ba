//! The kernel's contract, one file a service: auth, memory, events, policy and audit, reports, infra.
//!
//! Answers are in the kernel's envelope, with the shapes that its services give where its document says
//! only `object`.

pub(super) mod audit;
mod auth;
mod events;
pub mod infra;
mod memory;
mod multipart;
mod policy;
mod reports;

use super::routes::Route;
use serde::Deserialize as _;

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
pub fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// Reads an object; serde alone would take the fields of a struct from an array as well.
fn object<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    let fields = serde_json::Map::deserialize(from)?;
    serde_json::from_value(serde_json::Value::Object(fields)).map_err(serde::de::Error::custom)
}

/// The same where there may be none.
fn maybe_object<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    let fields = Option::<serde_json::Map<String, serde_json::Value>>::deserialize(from)?;
    fields
        .map(|fields| {
            serde_json::from_value(serde_json::Value::Object(fields)).map_err(serde::de::Error::custom)
        })
        .transpose()
}
