//! The durable event log in one SQLite file, shared by any number of threads and processes.
//!
//! A publish returns after its event is on disk (write-ahead log, synchronous FULL); those that come at the
//! same time share one transaction and its flush. The log keeps the newest events within a [`Retention`]; what falls out is gone for slow groups too, so that a
//! group that nobody reads any more cannot fill the disk.

use super::append::{self, Entry, Keep};
use super::names::{check_event, check_name};
use super::queue::Queue;
use super::{schedule, schema};
use ecoops_core::domain::RemediationEvent;
use ecoops_core::ports::events::{DeadLetter, Events, EventsError, Offset, Stored};
use ecoops_core::ports::host::Host;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The most events that one call gives.
const MOST_AT_ONCE: usize = 1_000;

/// How much the log keeps, and how often it gives an event. The largest of the excesses decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    pub events: u64,
    /// Of the file; reached only roughly.
    pub bytes: u64,
    /// By the events' own time; 0 for ever.
    pub days: u32,
    /// After so many failed attempts an event is a dead letter of its group.
    pub attempts: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { events: 100_000, bytes: 256 << 20, days: 90, attempts: schedule::MAX_ATTEMPTS }
    }
}

pub struct Embedded {
    connection: Mutex<Connection>,
    queue: Queue,
    keep: Keep,
    host: Arc<dyn Host>,
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded").field("keep", &self.keep).finish_non_exhaustive()
    }
}

pub(super) fn storage(error: impl std::fmt::Display) -> EventsError {
    EventsError::Storage(error.to_string())
}

impl Embedded {
    /// Opens the log at `path`, or makes it.
    ///
    /// # Errors
    /// [`EventsError::Storage`] when the file is no event log or cannot be used.
    pub fn open(path: &Path, retention: Retention, host: Arc<dyn Host>) -> Result<Self, EventsError> {
        let connection =
            schema::open(path).map_err(|why| EventsError::Storage(format!("{}: {why}", path.display())))?;
        let keep = Keep { retention, outboxes: Vec::new() };
        Ok(Self { connection: Mutex::new(connection), queue: Queue::default(), keep, host })
    }

    /// Keeps events for these groups until they are settled, whatever their number and age. The bound in
    /// bytes holds for them too.
    #[must_use]
    pub fn keeping(mut self, outboxes: Vec<String>) -> Self {
        self.keep.outboxes = outboxes;
        self
    }

    /// Stores what several publishers brought, in one transaction with one flush.
    pub(super) fn append(&self, entries: &[&Entry]) -> Result<Vec<Offset>, EventsError> {
        let now = self.now();
        self.write(|tx| append::append(tx, entries, &self.keep, now).map_err(storage))
    }

    /// Runs `act` as one transaction that waits for other writers; an error takes all of it back.
    pub(super) fn write<T>(
        &self,
        act: impl FnOnce(&Transaction<'_>) -> Result<T, EventsError>,
    ) -> Result<T, EventsError> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(storage)?;
        let done = act(&tx)?;
        tx.commit().map_err(storage)?;
        Ok(done)
    }

    pub(super) fn look<T>(
        &self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, EventsError> {
        act(&self.connection.lock().unwrap_or_else(PoisonError::into_inner)).map_err(storage)
    }

    fn now(&self) -> i64 {
        self.host.now().as_millisecond()
    }

    /// Ends a delivery that is in flight: `how` is the statement, with group and offset as ?1 and ?2.
    pub(super) fn settle(
        &self,
        group: &str,
        offset: Offset,
        state: &str,
        how: &str,
    ) -> Result<(), EventsError> {
        self.write(|tx| {
            held(tx, group, offset, state)?;
            tx.execute(how, params![group, integer(offset)]).map_err(storage)?;
            Ok(())
        })
    }
}

/// SQLite's integers are signed; no log reaches the difference.
pub(super) fn integer(offset: Offset) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}

pub(super) fn digest(key: &str, body: &str) -> Vec<u8> {
    Sha256::new().chain_update(key).chain_update([0]).chain_update(body).finalize().to_vec()
}

/// What is stored of an event.
fn entry(event: &RemediationEvent, key: &str) -> Result<Entry, EventsError> {
    check_name("idempotency key", key)?;
    Ok(Entry { key: key.to_owned(), body: check_event(event)? })
}

/// The attempt of a delivery that is in this state.
fn held(tx: &Transaction<'_>, group: &str, offset: Offset, state: &str) -> Result<u32, EventsError> {
    tx.query_row(
        "SELECT attempt FROM deliveries WHERE grp = ?1 AND offset = ?2 AND state = ?3",
        params![group, integer(offset), state],
        |row| row.get(0),
    )
    .optional()
    .map_err(storage)?
    .ok_or_else(|| EventsError::NotInFlight { group: group.to_owned(), offset })
}

/// An event's row before it is believed. Columns: offset, key, body, digest.
struct Raw {
    offset: Offset,
    key: String,
    body: String,
    digest: Vec<u8>,
}

impl Raw {
    /// Lossy where the file is damaged: the digest then tells.
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let text = |index: usize| -> rusqlite::Result<String> {
            Ok(String::from_utf8_lossy(row.get_ref(index)?.as_bytes().unwrap_or_default()).into_owned())
        };
        let digest = row.get_ref(3)?.as_bytes().unwrap_or_default().to_vec();
        Ok(Self { offset: row.get::<_, i64>(0)?.unsigned_abs(), key: text(1)?, body: text(2)?, digest })
    }

    fn checked(self, attempt: u32) -> Result<Stored, EventsError> {
        if digest(&self.key, &self.body) != self.digest {
            return Err(EventsError::Damaged(self.offset, "its digest does not match".to_owned()));
        }
        let event: RemediationEvent = serde_json::from_str(&self.body)
            .map_err(|e| EventsError::Damaged(self.offset, format!("it is no event of ours: {e}")))?;
        Ok(Stored { offset: self.offset, idempotency_key: self.key, event, attempt })
    }
}

/// Of those that wait or whose lease ran out, the oldest that are due.
fn due(
    tx: &Transaction<'_>,
    group: &str,
    now: i64,
    count: usize,
) -> rusqlite::Result<Vec<(Offset, u32, bool)>> {
    let mut statement = tx.prepare_cached(
        "SELECT offset, attempt, state = 'in_flight', since, until FROM deliveries
         WHERE grp = ?1 AND state IN ('in_flight', 'waiting') ORDER BY offset",
    )?;
    let mut rows = statement.query([group])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if schedule::is_due(now, row.get(3)?, row.get(4)?) {
            found.push((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?, row.get(2)?));
            if found.len() == count {
                break;
            }
        }
    }
    Ok(found)
}

/// One group's reading: who takes, and until when.
struct Reading<'a> {
    group: &'a str,
    consumer: &'a str,
    now: i64,
    until: i64,
    /// See [`Retention::attempts`].
    attempts: u32,
}

impl Reading<'_> {
    /// Hands out what is due again. A lease that ran out on the last attempt makes a dead letter: its
    /// consumers died of it.
    fn again(&self, tx: &Transaction<'_>, count: usize) -> rusqlite::Result<Vec<(Offset, u32)>> {
        let mut given = Vec::new();
        for (offset, attempt, expired) in due(tx, self.group, self.now, count)? {
            if expired && attempt >= self.attempts {
                tx.prepare_cached(
                    "UPDATE deliveries SET state = 'dead', reason = 'its lease ran out on the last attempt'
                     WHERE grp = ?1 AND offset = ?2",
                )?
                .execute(params![self.group, integer(offset)])?;
            } else {
                given.push((offset, attempt + 1));
            }
        }
        Ok(given)
    }

    /// Hands out events that the group has never seen, and moves its mark past them.
    fn fresh(&self, tx: &Transaction<'_>, count: usize) -> rusqlite::Result<Vec<(Offset, u32)>> {
        tx.prepare_cached("INSERT INTO groups VALUES (?1, 1) ON CONFLICT DO NOTHING")?
            .execute([self.group])?;
        let mut statement = tx.prepare_cached(
            "SELECT offset FROM events WHERE offset >= (SELECT next FROM groups WHERE name = ?1)
             ORDER BY offset LIMIT ?2",
        )?;
        let offsets = statement
            .query_map(params![self.group, integer(count as u64)], |row| row.get::<_, i64>(0))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        if let Some(last) = offsets.last() {
            tx.prepare_cached("UPDATE groups SET next = ?2 WHERE name = ?1")?
                .execute(params![self.group, last + 1])?;
        }
        Ok(offsets.into_iter().map(|offset| (offset.unsigned_abs(), 1)).collect())
    }

    /// Writes down what becomes of a delivery until `until`.
    fn mark(
        &self,
        tx: &Transaction<'_>,
        offset: Offset,
        attempt: u32,
        (state, until): (&str, i64),
    ) -> Result<(), EventsError> {
        tx.prepare_cached("INSERT OR REPLACE INTO deliveries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, '')")
            .and_then(|mut statement| {
                let who = (self.group, self.consumer);
                statement.execute(params![who.0, integer(offset), state, attempt, self.now, until, who.1])
            })
            .map_err(storage)?;
        Ok(())
    }

    /// Loads the events and marks them in flight, up to a damaged one. What came before it is given;
    /// the next reading starts at it, reports it once and sets it aside, so that it does not stop the group.
    fn hand_out(
        &self,
        tx: &Transaction<'_>,
        offsets: Vec<(Offset, u32)>,
    ) -> Result<Result<Vec<Stored>, EventsError>, EventsError> {
        let mut given = Vec::with_capacity(offsets.len());
        let mut damage = None;
        let mut stopped = false;
        for (offset, attempt) in offsets {
            if !stopped {
                match load(tx, offset)?.checked(attempt) {
                    Ok(stored) => {
                        self.mark(tx, offset, attempt, ("in_flight", self.until))?;
                        given.push(stored);
                        continue;
                    }
                    Err(error) if given.is_empty() => {
                        self.mark(tx, offset, attempt, ("damaged", self.now))?;
                        damage = Some(error);
                        stopped = true;
                        continue;
                    }
                    Err(_) => stopped = true,
                }
            }
            self.mark(tx, offset, attempt - 1, ("waiting", self.now))?;
        }
        Ok(damage.map_or(Ok(given), Err))
    }
}

fn load(tx: &Transaction<'_>, offset: Offset) -> Result<Raw, EventsError> {
    tx.prepare_cached("SELECT offset, key, body, digest FROM events WHERE offset = ?1")
        .and_then(|mut statement| statement.query_row([integer(offset)], Raw::of))
        .map_err(storage)
}

impl Events for Embedded {
    fn publish(&self, event: &RemediationEvent, idempotency_key: &str) -> Result<Offset, EventsError> {
        let offsets = self.queue.publish(self, vec![entry(event, idempotency_key)?])?;
        offsets.first().copied().ok_or_else(|| storage("nothing was stored"))
    }

    fn publish_all(&self, events: &[(RemediationEvent, String)]) -> Result<Vec<Offset>, EventsError> {
        let entries = events.iter().map(|(event, key)| entry(event, key)).collect::<Result<Vec<_>, _>>()?;
        if entries.is_empty() { Ok(Vec::new()) } else { self.queue.publish(self, entries) }
    }

    fn read(
        &self,
        group: &str,
        consumer: &str,
        count: usize,
        lease_millis: u64,
    ) -> Result<Vec<Stored>, EventsError> {
        check_name("group", group)?;
        check_name("consumer", consumer)?;
        let count = count.min(MOST_AT_ONCE);
        let lease = lease_millis.min(schedule::LONGEST_LEASE_MILLIS);
        let now = self.now();
        let until = now.saturating_add_unsigned(lease);
        let reading = Reading { group, consumer, now, until, attempts: self.keep.retention.attempts };
        self.write(|tx| {
            let mut offsets = reading.again(tx, count).map_err(storage)?;
            let room = count - offsets.len();
            offsets.extend(reading.fresh(tx, room).map_err(storage)?);
            reading.hand_out(tx, offsets)
        })?
    }

    fn acknowledge(&self, group: &str, offset: Offset) -> Result<(), EventsError> {
        self.settle(group, offset, "in_flight", "DELETE FROM deliveries WHERE grp = ?1 AND offset = ?2")
    }

    fn fail(&self, group: &str, offset: Offset, reason: &str) -> Result<(), EventsError> {
        let now = self.now();
        self.write(|tx| {
            let attempt = held(tx, group, offset, "in_flight")?;
            let pause = schedule::backoff(attempt, &*self.host);
            let state = if attempt >= self.keep.retention.attempts { "dead" } else { "waiting" };
            tx.execute(
                "UPDATE deliveries SET state = ?3, since = ?4, until = ?5, reason = ?6
                 WHERE grp = ?1 AND offset = ?2",
                params![group, integer(offset), state, now, now.saturating_add_unsigned(pause), reason],
            )
            .map_err(storage)?;
            Ok(())
        })
    }

    fn replay(&self, from: Offset, count: usize) -> Result<Vec<Stored>, EventsError> {
        let raws = self.look(|connection| {
            connection
                .prepare_cached(
                    "SELECT offset, key, body, digest FROM events WHERE offset >= ?1 ORDER BY offset LIMIT ?2",
                )?
                .query_map([integer(from), integer(count.min(MOST_AT_ONCE) as u64)], Raw::of)?
                .collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let mut events = Vec::with_capacity(raws.len());
        for raw in raws {
            match raw.checked(0) {
                Ok(stored) => events.push(stored),
                // What came before it is given; the next call starts at the damage and reports it.
                Err(_) if !events.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(events)
    }

    fn latest(&self) -> Result<Offset, EventsError> {
        let latest: Option<i64> = self.look(|connection| {
            connection.query_row("SELECT max(offset) FROM events", [], |row| row.get(0))
        })?;
        Ok(latest.map_or(0, i64::unsigned_abs))
    }

    fn dead_letters(&self, group: Option<&str>) -> Result<Vec<DeadLetter>, EventsError> {
        let rows = self.look(|connection| {
            connection
                .prepare_cached(
                    "SELECT e.offset, e.key, e.body, e.digest, d.grp, d.attempt, d.reason
                     FROM deliveries d JOIN events e USING (offset)
                     WHERE d.state = 'dead' AND (?1 IS NULL OR d.grp = ?1) ORDER BY d.offset, d.grp",
                )?
                .query_map([group], |row| Ok((Raw::of(row)?, row.get(4)?, row.get(5)?, row.get(6)?)))?
                .collect::<rusqlite::Result<Vec<(Raw, String, u32, String)>>>()
        })?;
        rows.into_iter()
            .map(|(raw, group, attempt, reason)| {
                Ok(DeadLetter { group, stored: raw.checked(attempt)?, reason })
            })
            .collect()
    }

    fn revive(&self, group: &str, offset: Offset) -> Result<(), EventsError> {
        self.settle(
            group,
            offset,
            "dead",
            "UPDATE deliveries SET state = 'waiting', attempt = 0, since = 0, until = 0, reason = ''
             WHERE grp = ?1 AND offset = ?2",
        )
    }

    fn discard(&self, group: &str, offset: Offset) -> Result<(), EventsError> {
        self.settle(group, offset, "dead", "DELETE FROM deliveries WHERE grp = ?1 AND offset = ?2")
    }
}
