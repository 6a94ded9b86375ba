//! The log as an outbox: settling many at once, taking back what a lost consumer held, and what waits.

use super::append::unsettled;
use super::embedded::{Embedded, integer, storage};
use ecoops_core::domain::RemediationEvent;
use ecoops_core::ports::events::{Backlog, EventsError, Offset, Outbox};
use rusqlite::{OptionalExtension, params};

impl Outbox for Embedded {
    fn acknowledge_all(&self, group: &str, offsets: &[Offset]) -> Result<(), EventsError> {
        if offsets.is_empty() {
            return Ok(());
        }
        self.write(|tx| {
            let mut statement = tx
                .prepare_cached(
                    "DELETE FROM deliveries WHERE grp = ?1 AND offset = ?2 AND state = 'in_flight'",
                )
                .map_err(storage)?;
            for offset in offsets {
                statement.execute(params![group, integer(*offset)]).map_err(storage)?;
            }
            Ok(())
        })
    }

    fn bury(&self, group: &str, offset: Offset, reason: &str) -> Result<(), EventsError> {
        self.write(|tx| {
            let changed = tx
                .prepare_cached(
                    "UPDATE deliveries SET state = 'dead', reason = ?3
                     WHERE grp = ?1 AND offset = ?2 AND state = 'in_flight'",
                )
                .and_then(|mut statement| statement.execute(params![group, integer(offset), reason]))
                .map_err(storage)?;
            match changed {
                0 => Err(EventsError::NotInFlight { group: group.to_owned(), offset }),
                _ => Ok(()),
            }
        })
    }

    fn reclaim(&self, group: &str) -> Result<(), EventsError> {
        self.write(|tx| {
            tx.execute(
                "UPDATE deliveries SET attempt = attempt - (state = 'in_flight'), state = 'waiting',
                 since = 0, until = 0 WHERE grp = ?1 AND state IN ('in_flight', 'waiting')",
                [group],
            )
            .map_err(storage)?;
            Ok(())
        })
    }

    fn backlog(&self, group: &str) -> Result<Backlog, EventsError> {
        let (waiting, dead, body) = self.look(|connection| {
            let (given, dead): (i64, i64) = connection
                .prepare_cached(
                    "SELECT count(*) FILTER (WHERE state IN ('in_flight', 'waiting')),
                     count(*) FILTER (WHERE state = 'dead') FROM deliveries WHERE grp = ?1",
                )?
                .query_row([group], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let fresh: i64 = connection
                .prepare_cached(
                    "SELECT count(*) FROM events
                     WHERE offset >= coalesce((SELECT next FROM groups WHERE name = ?1), 1)",
                )?
                .query_row([group], |row| row.get(0))?;
            let body: Option<String> = connection
                .prepare_cached("SELECT body FROM events WHERE offset >= ?1 ORDER BY offset LIMIT 1")?
                .query_row([integer(unsettled(connection, group)?)], |row| row.get(0))
                .optional()?;
            Ok(((given + fresh).unsigned_abs(), dead.unsigned_abs(), body))
        })?;
        let time = |body: String| serde_json::from_str::<RemediationEvent>(&body).ok().map(|e| e.timestamp);
        let oldest = body.filter(|_| waiting > 0).and_then(time);
        Ok(Backlog { waiting, oldest, dead })
    }
}
