//! Publishing once: the entry, the memory of its key and the announcement are one step of the server.

use super::client::{Client, RedisFailure};
use super::{channels, entry};
use ecoops_core::domain::DomainEvent;
use ecoops_core::ports::bus::Position;
use redis::Script;
use std::sync::LazyLock;

/// A key is remembered for so long, in milliseconds: a week. The kernel's own event bus remembers an hour.
const REMEMBERED_MILLIS: u64 = 7 * 24 * 60 * 60 * 1000;
/// Entries that are searched, newest first, for a key that another program noted without saying where.
const SEARCHED: usize = 10_000;
const PAGE: usize = 1_000;

static PUBLISH: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("publish.lua")));

/// What became of an event.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    New(Position),
    /// The key was known: of the event that came first, its place, its id and its stream.
    Known {
        position: Position,
        id: String,
        stream: String,
    },
    /// The kernel's event bus noted the key, and the entry is no longer among the newest.
    KnownElsewhere,
}

/// `keep` is roughly the most entries that the stream keeps.
///
/// # Errors
/// [`RedisFailure`]; then nothing was stored, or the same call again finds it by its key.
pub fn publish(
    client: &Client,
    stream: &str,
    event: &DomainEvent,
    keep: u64,
) -> Result<Outcome, RedisFailure> {
    let fields = entry::fields(event).map_err(|e| client.failure(&e))?;
    let told = channels::announcement(event);
    let (new, said): (bool, String) = client.call(|connection| {
        let mut call = PUBLISH.prepare_invoke();
        call.key(stream).key(format!("dedup:{}", event.idempotency_key));
        call.arg(REMEMBERED_MILLIS).arg(keep).arg(&event.id).arg(told.channels.len());
        call.arg(&told.channels).arg(&told.message).arg(&fields);
        call.invoke(connection)
    })?;
    if new {
        return position(client, &said).map(Outcome::New);
    }
    let mut parts = said.splitn(3, '\n');
    match (parts.next().and_then(|place| place.parse().ok()), parts.next(), parts.next()) {
        (Some(position), Some(id), Some(stream)) => {
            Ok(Outcome::Known { position, id: id.to_owned(), stream: stream.to_owned() })
        }
        _ => search(client, stream, &event.idempotency_key),
    }
}

fn search(client: &Client, stream: &str, key: &str) -> Result<Outcome, RedisFailure> {
    let mut last = "+".to_owned();
    for _ in 0..SEARCHED / PAGE {
        let page = client.call(|connection| {
            redis::cmd("XREVRANGE").arg(stream).arg(&last).arg("-").arg("COUNT").arg(PAGE).query(connection)
        })?;
        let page: Vec<(String, Vec<Vec<u8>>)> = page;
        for (place, fields) in &page {
            if entry::value(fields, "idempotencyKey") == Some(key) {
                let id = entry::value(fields, "id").unwrap_or(key).to_owned();
                return Ok(Outcome::Known {
                    position: position(client, place)?,
                    id,
                    stream: stream.to_owned(),
                });
            }
        }
        match page.last() {
            Some((place, _)) if page.len() == PAGE => last = format!("({place}"),
            _ => break,
        }
    }
    Ok(Outcome::KnownElsewhere)
}

/// An entry's place, as Redis writes it.
///
/// # Errors
/// [`RedisFailure`] when it is none.
pub fn position(client: &Client, text: &str) -> Result<Position, RedisFailure> {
    text.parse().map_err(|_| client.failure(&format!("`{text:.60}` is no place in a stream")))
}
