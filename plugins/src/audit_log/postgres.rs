//! A copy of the audit log in PostgreSQL, for those who search there.
//!
//! The log that proves stays the one with the Merkle tree; the copy is filled from it, and can be filled again. Never
//! changes an entry: the login may add rows and read them, nothing else.

use crate::postgres::{Pool, PostgresError, PostgresSettings, escape, escape_value};
use ecoops_core::domain::AuditEntry;
use ecoops_core::ports::audit_log::{AuditCopy, AuditError, AuditLog, CopyError};
use serde_json::Value;

/// Entries of one statement.
const TOGETHER: usize = 500;

/// See the module.
#[derive(Debug)]
pub struct PgAuditCopy {
    pool: Pool,
}

impl From<PostgresError> for AuditError {
    fn from(error: PostgresError) -> Self {
        Self::Storage(error.to_string())
    }
}

/// What is wrong with the server, its tables or the login is no matter of the entry.
fn failed(error: PostgresError) -> CopyError {
    let said = error.to_string();
    match error {
        // class 22: the data themselves; 54: too large for a row or an index
        PostgresError::Refused { code, .. } if code.starts_with("22") || code.starts_with("54") => {
            CopyError::Refused(said)
        }
        PostgresError::Damaged(_) => CopyError::Failed(said),
        _ => CopyError::Away(said),
    }
}

impl PgAuditCopy {
    /// Connects to nothing yet.
    pub fn new(settings: PostgresSettings) -> Self {
        Self { pool: Pool::new(settings) }
    }

    /// Copies the entries that came since the last time; how many they were. Two at once copy each entry once.
    ///
    /// # Errors
    /// [`AuditError`]; what was copied until then is there.
    pub fn catch_up(&self, log: &dyn AuditLog) -> Result<u64, AuditError> {
        let name = log.name();
        let (mut copied, mut next) = (0, self.first_missing(&name)?);
        loop {
            let entries = log.entries(next, TOGETHER)?;
            let Some((last, _)) = entries.last() else { return Ok(copied) };
            next = last + 1;
            copied += self.pool.again(async |client| insert(client, &name, &entries).await)?;
        }
    }

    fn first_missing(&self, log: &str) -> Result<u64, PostgresError> {
        let next: i64 = self.pool.again(async |client| {
            let next = "SELECT coalesce(max(number) + 1, 0) FROM audit_log WHERE log = $1";
            Ok(client.query_one(next, &[&log]).await?.try_get(0)?)
        })?;
        Ok(u64::try_from(next).unwrap_or(0))
    }
}

impl AuditCopy for PgAuditCopy {
    /// The same entry again does no harm.
    fn write(&self, log: &str, index: u64, entry: &AuditEntry) -> Result<(), CopyError> {
        let one = [(index, entry.clone())];
        self.pool.again(async |client| insert(client, log, &one).await).map(drop).map_err(failed)
    }

    fn holds(&self, log: &str, index: u64, _entry: &AuditEntry) -> Result<bool, CopyError> {
        let number = index.cast_signed();
        let find = "SELECT EXISTS (SELECT FROM audit_log WHERE log = $1 AND number = $2)";
        self.pool
            .again(async |client| Ok(client.query_one(find, &[&log, &number]).await?.try_get(0)?))
            .map_err(failed)
    }

    fn next(&self, log: &str) -> Result<Option<u64>, CopyError> {
        self.first_missing(log).map(Some).map_err(failed)
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
