//! The bus of one machine: streams in one SQLite file, an event on disk before its publisher hears of it.
//!
//! Deduplication is the database's own uniqueness, so that of many who publish one key at once, one
//! wins. An event whose text was damaged is left out of a replay and never stops it.

use super::check_name;
use crate::sqlite;
use ecoops_core::domain::DomainEvent;
use ecoops_core::ports::bus::{Bus, BusError, Position, Published};
use ecoops_core::ports::host::Host;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

const TABLES: &str = "
CREATE TABLE events (
  stream TEXT NOT NULL,
  millis INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  key TEXT NOT NULL UNIQUE,
  id TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (stream, millis, sequence)
) STRICT, WITHOUT ROWID;
";
/// The largest event, in bytes of JSON.
const LARGEST: usize = 1 << 20;
/// The most events that one replay gives.
const MOST_AT_ONCE: usize = 1_000;
/// The most events that a stream keeps.
const MOST_KEPT: i64 = 100_000;
const TRIM_EVERY: u64 = 1_024;

/// See the module.
pub struct EmbeddedBus {
    connection: Mutex<Connection>,
    host: Arc<dyn Host>,
    published: AtomicU64,
}

impl std::fmt::Debug for EmbeddedBus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmbeddedBus")
    }
}

fn storage(error: impl std::fmt::Display) -> BusError {
    BusError::Storage(error.to_string())
}

/// SQLite's integers are signed; no real place reaches the difference.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl EmbeddedBus {
    /// Opens the file at `path`, or makes it.
    ///
    /// # Errors
    /// [`BusError::Storage`] when the file is none of ours or cannot be used.
    pub fn open(path: &Path, host: Arc<dyn Host>) -> Result<Self, BusError> {
        let connection = sqlite::open(path, 1, TABLES)
            .map_err(|why| BusError::Storage(format!("{}: {why}", path.display())))?;
        Ok(Self { connection: Mutex::new(connection), host, published: AtomicU64::new(0) })
    }

    fn insert(
        &self,
        tx: &Transaction<'_>,
        stream: &str,
        event: &DomainEvent,
        body: &str,
    ) -> rusqlite::Result<Published> {
        let known = tx
            .prepare_cached("SELECT id, millis, sequence FROM events WHERE key = ?1")?
            .query_row([&event.idempotency_key], |row| Ok((row.get(0)?, position(row, 1)?)))
            .optional()?;
        if let Some((id, position)) = known {
            return Ok(Published { id, position, duplicate: true });
        }
        let last = tx
            .prepare_cached(
                "SELECT millis, sequence FROM events WHERE stream = ?1 ORDER BY millis DESC, sequence DESC LIMIT 1",
            )?
            .query_row([stream], |row| position(row, 0))
            .optional()?;
        let now =
            Position { millis: u64::try_from(self.host.now().as_millisecond()).unwrap_or(0), sequence: 0 };
        let place = last.map_or(now, |last| now.max(last.next()));
        tx.prepare_cached("INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
            stream,
            integer(place.millis),
            integer(place.sequence),
            event.idempotency_key,
            event.id,
            body
        ])?;
        // Finding the oldest that is kept walks the whole stream, so it is looked for now and then.
        if self.published.fetch_add(1, Ordering::Relaxed).is_multiple_of(TRIM_EVERY) {
            trim(tx, stream)?;
        }
        Ok(Published { id: event.id.clone(), position: place, duplicate: false })
    }
}

/// Two columns from `first` on.
fn position(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Position> {
    let number = |index| row.get::<_, i64>(index).map(i64::unsigned_abs);
    Ok(Position { millis: number(first)?, sequence: number(first + 1)? })
}

/// Keeps the newest events of a stream.
fn trim(tx: &Transaction<'_>, stream: &str) -> rusqlite::Result<()> {
    let oldest_kept: Option<(i64, i64)> = tx
        .prepare_cached(
            "SELECT millis, sequence FROM events WHERE stream = ?1 ORDER BY millis DESC, sequence DESC LIMIT 1 OFFSET ?2",
        )?
        .query_row(params![stream, MOST_KEPT], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((millis, sequence)) = oldest_kept {
        tx.execute(
            "DELETE FROM events WHERE stream = ?1 AND (millis, sequence) <= (?2, ?3)",
            params![stream, millis, sequence],
        )?;
    }
    Ok(())
}

impl Bus for EmbeddedBus {
    fn publish(&self, stream: &str, event: &DomainEvent) -> Result<Published, BusError> {
        check_name("name of the stream", stream)?;
        check_name("idempotency key", &event.idempotency_key)?;
        let body = serde_json::to_string(event).map_err(storage)?;
        if body.len() > LARGEST {
            let size = body.len();
            return Err(BusError::Refused(format!("the event has {size} bytes; the most is {LARGEST}")));
        }
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(storage)?;
        let published = self.insert(&tx, stream, event, &body).map_err(storage)?;
        tx.commit().map_err(storage)?;
        Ok(published)
    }

    fn replay(
        &self,
        stream: &str,
        from: Position,
        to: Position,
        count: usize,
    ) -> Result<Vec<(Position, DomainEvent)>, BusError> {
        if !(1..=MOST_AT_ONCE).contains(&count) {
            return Err(BusError::Refused(format!("count is {count}, not 1 to {MOST_AT_ONCE}")));
        }
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = connection
            .prepare_cached(
                "SELECT millis, sequence, body FROM events
                 WHERE stream = ?1 AND (millis, sequence) >= (?2, ?3) AND (millis, sequence) <= (?4, ?5)
                 ORDER BY millis, sequence LIMIT ?6",
            )
            .map_err(storage)?;
        let asked = params![
            stream,
            integer(from.millis),
            integer(from.sequence),
            integer(to.millis),
            integer(to.sequence),
            integer(count as u64)
        ];
        let rows = statement
            .query_map(asked, |row| Ok((position(row, 0)?, row.get::<_, String>(2)?)))
            .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
            .map_err(storage)?;
        let readable = |(position, body): (Position, String)| match serde_json::from_str(&body) {
            Ok(event) => Some((position, event)),
            Err(why) => {
                tracing::warn!(stream, %position, %why, "an entry of a stream is no event");
                None
            }
        };
        Ok(rows.into_iter().filter_map(readable).collect())
    }

    fn streams(&self) -> Result<Vec<String>, BusError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = connection
            .prepare_cached("SELECT DISTINCT stream FROM events ORDER BY stream")
            .map_err(storage)?;
        statement.query_map([], |row| row.get(0)).and_then(Iterator::collect).map_err(storage)
    }
}
