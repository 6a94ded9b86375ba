//! A copy of the audit log in PostgreSQL, for those who search there.
//!
//! The log that proves stays the one with the Merkle tree; the copy is filled from it, and can be filled again. Never
//! changes an entry: the login may add rows and read them, nothing else.

use crate::postgres::{Pool, PostgresError, PostgresSettings, escape, escape_value};
use ecoops_core::domain::AuditEntry;
use ecoops_core::ports::audit_log::{AuditError, AuditLog};
use serde_json::Value;

/// Entries of one statement.
const TOGETHER: usize = 500;

/// See the module.
#[derive(Debug)]
pub struct AuditCopy {
    pool: Pool,
}

impl From<PostgresError> for AuditError {
    fn from(error: PostgresError) -> Self {
        Self::Storage(error.to_string())
    }
}

impl AuditCopy {
    /// Connects to nothing yet.
    pub fn new(settings: PostgresSettings) -> Self {
        Self { pool: Pool::new(settings) }
    }

    /// Copies the entries that came since the last time; how many they were. Two at once copy each entry once.
    ///
    /// # Errors
    /// [`AuditError`]; what was copied until then is there.
    pub fn catch_up(&self, log: &dyn AuditLog) -> Result<u64, AuditError> {
        let name = log.verifier_key();
        let mut copied = 0;
        loop {
            let next: i64 = self.pool.again(async |client| {
                let next = "SELECT coalesce(max(number) + 1, 0) FROM audit_log WHERE log = $1";
                Ok(client.query_one(next, &[&name]).await?.try_get(0)?)
            })?;
            let entries = log.entries(u64::try_from(next).unwrap_or(0), TOGETHER)?;
            if entries.is_empty() {
                return Ok(copied);
            }
            copied += self.pool.again(async |client| insert(client, &name, &entries).await)?;
        }
    }
}

async fn insert(
    client: &tokio_postgres::Client,
    log: &str,
    entries: &[(u64, AuditEntry)],
) -> Result<u64, PostgresError> {
    let numbers: Vec<i64> = entries.iter().map(|(number, _)| number.cast_signed()).collect();
    let text = |of: fn(&AuditEntry) -> &str| -> Vec<String> {
        entries.iter().map(|(_, entry)| escape(of(entry)).into_owned()).collect()
    };
    let (actors, actions, targets) = (text(|e| &e.actor), text(|e| &e.action), text(|e| &e.resource));
    let whole = |entry: &AuditEntry| {
        let value = serde_json::to_value(entry).map_err(|e| PostgresError::Damaged(e.to_string()))?;
        Ok::<Value, PostgresError>(escape_value(&value))
    };
    let meta = entries.iter().map(|(_, entry)| whole(entry)).collect::<Result<Vec<_>, _>>()?;
    // what is no time would stop the copy for ever; the entry as it is stands in `meta`
    let second = |entry: &AuditEntry| {
        entry.timestamp.parse::<jiff::Timestamp>().map_or(0.0, |time| time.as_microsecond() as f64 / 1e6)
    };
    let times: Vec<f64> = entries.iter().map(|(_, entry)| second(entry)).collect();
    let sql = "INSERT INTO audit_log (log, number, actor, action, target, meta, created_at)
        SELECT $1, number, actor, action, target, meta, to_timestamp(time)
        FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::float8[])
          AS u (number, actor, action, target, meta, time)
        ON CONFLICT (org_id, log, number) DO NOTHING";
    Ok(client.execute(sql, &[&log, &numbers, &actors, &actions, &targets, &meta, &times]).await?)
}
