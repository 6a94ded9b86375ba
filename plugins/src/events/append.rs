//! Storing events, and removing what the retention no longer covers. Within a transaction of the caller's.

use super::embedded::{Retention, digest, integer};
use ecoops_core::ports::events::Offset;
use rusqlite::{OptionalExtension, Transaction, params};

/// After an event larger than this, old events are removed at once.
const LARGE_EVENT: usize = 1 << 20;
/// Old events are removed at every so many publishes.
const TRIM_EVERY: u64 = 64;

/// An event as it is stored.
#[derive(Debug)]
pub struct Entry {
    pub key: String,
    pub body: String,
}

/// What is kept.
#[derive(Debug, Clone)]
pub struct Keep {
    pub retention: Retention,
    /// Groups for which events are kept until they are settled.
    pub outboxes: Vec<String>,
}

/// The offsets of the entries, in their order; a key that is known keeps its first.
pub fn append(
    tx: &Transaction<'_>,
    entries: &[&Entry],
    keep: &Keep,
    now: i64,
) -> rusqlite::Result<Vec<Offset>> {
    let mut known = tx.prepare_cached("SELECT offset FROM events WHERE key = ?1")?;
    let mut insert = tx.prepare_cached("INSERT INTO events (key, body, digest) VALUES (?1, ?2, ?3)")?;
    let (mut offsets, mut newest) = (Vec::with_capacity(entries.len()), None);
    for entry in entries {
        let first: Option<i64> = known.query_row([&entry.key], |row| row.get(0)).optional()?;
        if let Some(offset) = first {
            offsets.push(offset.unsigned_abs());
            continue;
        }
        insert.execute(params![entry.key, entry.body, digest(&entry.key, &entry.body)])?;
        let offset = tx.last_insert_rowid().unsigned_abs();
        if offset.is_multiple_of(TRIM_EVERY) || entry.body.len() > LARGE_EVENT {
            newest = Some(offset);
        }
        offsets.push(offset);
    }
    if let Some(newest) = newest {
        trim(tx, keep, newest, now)?;
    }
    Ok(offsets)
}

/// Removes what is no longer kept, with the deliveries that point to it.
fn trim(tx: &Transaction<'_>, keep: &Keep, latest: Offset, now: i64) -> rusqlite::Result<()> {
    let pages: i64 = tx.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    let free: i64 = tx.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
    let size: i64 = tx.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    let used = pages.saturating_sub(free).saturating_mul(size).unsigned_abs();
    let oldest: Option<i64> = tx.query_row("SELECT min(offset) FROM events", [], |row| row.get(0))?;
    let oldest = oldest.map_or(latest, i64::unsigned_abs);
    let mut keep_from = latest.saturating_sub(keep.retention.events).saturating_add(1);
    if let Some(first) = first_within(tx, keep.retention.days, now)? {
        keep_from = keep_from.max(first.min(latest));
    }
    for group in &keep.outboxes {
        keep_from = keep_from.min(unsettled(tx, group)?);
    }
    if used > keep.retention.bytes {
        // The oldest tenth; the next trims go on until it is small enough.
        keep_from = keep_from.max(oldest + (latest - oldest).div_ceil(10));
    }
    if keep_from <= oldest {
        return Ok(());
    }
    for group in &keep.outboxes {
        if unsettled(tx, group)? < keep_from {
            tracing::error!(group, before = keep_from, "the log is full: events are removed undelivered");
        }
    }
    tx.execute("DELETE FROM deliveries WHERE offset < ?1", [integer(keep_from)])?;
    tx.execute("DELETE FROM events WHERE offset < ?1", [integer(keep_from)])?;
    Ok(())
}

/// The oldest event that a group has neither acknowledged nor given up; a group that never read has all
/// before it.
pub fn unsettled(tx: &rusqlite::Connection, group: &str) -> rusqlite::Result<Offset> {
    let (next, given): (Option<i64>, Option<i64>) = tx
        .prepare_cached(
            "SELECT (SELECT next FROM groups WHERE name = ?1),
             (SELECT min(offset) FROM deliveries WHERE grp = ?1 AND state IN ('in_flight', 'waiting'))",
        )?
        .query_row([group], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let next = next.map_or(1, i64::unsigned_abs);
    Ok(given.map_or(next, |given| next.min(given.unsigned_abs())))
}

/// The first event that is no older than `days`, or what would come behind the last; `None` when age does not
/// count. Times are RFC 3339 in UTC, which sort as texts up to their seconds.
fn first_within(tx: &Transaction<'_>, days: u32, now: i64) -> rusqlite::Result<Option<Offset>> {
    const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;
    let since = jiff::Timestamp::from_millisecond(now.saturating_sub(i64::from(days) * DAY_MILLIS));
    let (Ok(since), false) = (since, days == 0) else { return Ok(None) };
    let since: String = since.to_string().chars().take(19).collect();
    let first: Option<i64> = tx
        .prepare_cached(
            "SELECT offset FROM events WHERE json_valid(body)
             AND substr(json_extract(body, '$.timestamp'), 1, 19) >= ?1 ORDER BY offset LIMIT 1",
        )?
        .query_row([since], |row| row.get(0))
        .optional()?;
    Ok(Some(first.map_or(Offset::MAX, i64::unsigned_abs)))
}
