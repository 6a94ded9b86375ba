//! The kernel's event bus on Redis Streams: every stream of the bus is a stream there, in the kernel's own form, so
//! that its event-bus service and ecoops read each other.
//!
//! Publishing is one step of the server: of many who bring one key at once, one wins. An entry that is no event is
//! left out of a replay and never stops it.

use crate::broker::BrokerSettings;
use crate::redis_server::client::{Client, Database, RedisFailure};
use crate::redis_server::entry;
use crate::redis_server::publish::{self, Outcome};
use ecoops_core::domain::DomainEvent;
use ecoops_core::ports::bus::{Bus, BusError, Position, Published};
use std::collections::BTreeSet;

/// The largest event, in bytes of JSON.
const LARGEST: usize = 1 << 20;
/// The most events that one replay gives.
const MOST_AT_ONCE: usize = 1_000;
/// The most events that a stream keeps, roughly.
const MOST_KEPT: u64 = 100_000;
/// The most pages that one call looks through.
const MOST_PAGES: usize = 200;
/// The end of the names of streams that hold dead letters.
const DEAD_LETTERS: &str = ":dlq";

/// See the module.
#[derive(Debug)]
pub struct RedisBus {
    client: Client,
}

impl From<RedisFailure> for BusError {
    fn from(failure: RedisFailure) -> Self {
        Self::Storage(failure.to_string())
    }
}

impl RedisBus {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// [`BusError::Storage`] when the address is none.
    pub fn new(settings: &BrokerSettings) -> Result<Self, BusError> {
        Ok(Self { client: Client::new(settings, Database::Events)? })
    }

    fn page(&self, stream: &str, from: Position, to: Position, count: usize) -> Result<Vec<Entry>, BusError> {
        Ok(self.client.call(|connection| {
            let mut range = redis::cmd("XRANGE");
            range
                .arg(stream)
                .arg(from.to_string())
                .arg(to.to_string())
                .arg("COUNT")
                .arg(count)
                .query(connection)
        })?)
    }
}

/// Id and fields.
type Entry = (String, Vec<Vec<u8>>);

impl Bus for RedisBus {
    fn publish(&self, stream: &str, event: &DomainEvent) -> Result<Published, BusError> {
        super::check_name("name of the stream", stream)?;
        super::check_name("idempotency key", &event.idempotency_key)?;
        let size = serde_json::to_vec(event).map_err(|e| BusError::Storage(e.to_string()))?.len();
        if size > LARGEST {
            return Err(BusError::Refused(format!("the event has {size} bytes; the most is {LARGEST}")));
        }
        Ok(match publish::publish(&self.client, stream, event, MOST_KEPT)? {
            Outcome::New(position) => Published { id: event.id.clone(), position, duplicate: false },
            Outcome::Known { position, id, .. } => Published { id, position, duplicate: true },
            Outcome::KnownElsewhere => {
                Published { id: event.idempotency_key.clone(), position: Position::FIRST, duplicate: true }
            }
        })
    }

    fn replay(
        &self,
        stream: &str,
        mut from: Position,
        to: Position,
        count: usize,
    ) -> Result<Vec<(Position, DomainEvent)>, BusError> {
        if !(1..=MOST_AT_ONCE).contains(&count) {
            return Err(BusError::Refused(format!("count is {count}, not 1 to {MOST_AT_ONCE}")));
        }
        let mut found = Vec::new();
        for _ in 0..MOST_PAGES {
            let wanted = count - found.len();
            let page = self.page(stream, from, to, wanted)?;
            let full = page.len() == wanted;
            for (id, fields) in page {
                let position = publish::position(&self.client, &id)?;
                match entry::event(&fields) {
                    Some(event) => found.push((position, event)),
                    None => tracing::warn!(stream, %position, "an entry of a stream is no event"),
                }
                from = position.next();
            }
            if !full || found.len() == count {
                break;
            }
        }
        Ok(found)
    }

    fn streams(&self) -> Result<Vec<String>, BusError> {
        let mut names = BTreeSet::new();
        let mut cursor = 0_u64;
        loop {
            let (next, page): (u64, Vec<Vec<u8>>) = self.client.call(|connection| {
                let mut scan = redis::cmd("SCAN");
                scan.arg(cursor).arg("TYPE").arg("stream").arg("COUNT").arg(1000).query(connection)
            })?;
            names.extend(page.into_iter().filter_map(|name| String::from_utf8(name).ok()));
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
        names.retain(|name| !name.ends_with(DEAD_LETTERS));
        let mut held = Vec::new();
        for name in names {
            let length: u64 =
                self.client.call(|connection| redis::cmd("XLEN").arg(&name).query(connection))?;
            held.extend((length > 0).then_some(name));
        }
        Ok(held)
    }
}
