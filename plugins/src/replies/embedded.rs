//! Answers by idempotency key in one SQLite file.

use crate::sqlite;
use ecoops_core::ports::replies::{Known, Replies, RepliesError, Reply};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A row without a status is a request that somebody is at, or with a content type was.
const TABLES: &str = "
CREATE TABLE replies (
  key TEXT PRIMARY KEY,
  fingerprint BLOB NOT NULL,
  at INTEGER NOT NULL,
  status INTEGER,
  content_type TEXT,
  body BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX replies_by_time ON replies (at);
";
/// The longest key, in bytes.
const LONGEST_KEY: usize = 1024;

/// See the module.
pub struct EmbeddedReplies {
    connection: Mutex<Connection>,
}

impl std::fmt::Debug for EmbeddedReplies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmbeddedReplies")
    }
}

fn said(error: rusqlite::Error) -> RepliesError {
    RepliesError(error.to_string())
}

struct Row {
    fingerprint: Vec<u8>,
    at: i64,
    reply: Option<Reply>,
    abandoned: bool,
}

impl EmbeddedReplies {
    /// Opens the file at `path`, or makes it.
    ///
    /// # Errors
    /// [`RepliesError`] when the file is none of ours or cannot be used.
    pub fn open(path: &Path) -> Result<Self, RepliesError> {
        let opened = sqlite::open(path, 1, TABLES);
        let connection = opened.map_err(|why| RepliesError(format!("{}: {why}", path.display())))?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    fn write<T>(&self, act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, RepliesError> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(said)?;
        let done = act(&tx).map_err(said)?;
        tx.commit().map_err(said)?;
        Ok(done)
    }
}

fn find(tx: &Transaction<'_>, key: &str) -> rusqlite::Result<Option<Row>> {
    tx.prepare_cached("SELECT fingerprint, at, status, content_type, body FROM replies WHERE key = ?1")?
        .query_row([key], |row| {
            let reply = match row.get::<_, Option<u16>>(2)? {
                Some(status) => Some(Reply { status, content_type: row.get(3)?, body: row.get(4)? }),
                None => None,
            };
            let abandoned = reply.is_none() && row.get::<_, Option<String>>(3)?.is_some();
            Ok(Row { fingerprint: row.get(0)?, at: row.get(1)?, reply, abandoned })
        })
        .optional()
}

/// Whether something of `at` no longer counts. A clock that was set back must not keep it for ever.
fn is_over(at: i64, now: i64, life: i64) -> bool {
    at.abs_diff(now) > life.unsigned_abs()
}

impl Replies for EmbeddedReplies {
    fn begin(
        &self,
        key: &str,
        fingerprint: [u8; 32],
        now: i64,
        lifetime: i64,
        patience: i64,
    ) -> Result<Known, RepliesError> {
        if key.is_empty() || key.len() > LONGEST_KEY {
            return Err(RepliesError(format!("the key must have 1 to {LONGEST_KEY} bytes")));
        }
        self.write(|tx| {
            let mut known = Known::New;
            if let Some(row) = find(tx, key)? {
                let life = if row.reply.is_some() { lifetime } else { patience };
                if row.reply.is_none() && row.fingerprint == fingerprint && !is_over(row.at, now, lifetime) {
                    known = Known::Unsure;
                }
                if !row.abandoned && !is_over(row.at, now, life) {
                    return Ok(match row.reply {
                        _ if row.fingerprint != fingerprint => Known::Other,
                        Some(reply) => Known::Answered(reply),
                        None => Known::Busy,
                    });
                }
            }
            // What is over is thrown away here, so that no one else needs to.
            tx.execute(
                "DELETE FROM replies WHERE at < ?1 OR at > ?2",
                params![now.saturating_sub(lifetime), now.saturating_add(lifetime)],
            )?;
            tx.execute(
                "INSERT OR REPLACE INTO replies (key, fingerprint, at) VALUES (?1, ?2, ?3)",
                params![key, fingerprint, now],
            )?;
            Ok(known)
        })
    }

    fn finish(&self, key: &str, reply: &Reply) -> Result<(), RepliesError> {
        self.write(|tx| {
            tx.execute(
                "UPDATE replies SET status = ?2, content_type = ?3, body = ?4 WHERE key = ?1",
                params![key, reply.status, reply.content_type, reply.body],
            )
            .map(drop)
        })
    }

    fn abandon(&self) -> Result<(), RepliesError> {
        self.write(|tx| {
            tx.execute("UPDATE replies SET content_type = 'abandoned' WHERE status IS NULL", []).map(drop)
        })
    }

    fn release(&self, key: &str) -> Result<(), RepliesError> {
        self.write(|tx| tx.execute("DELETE FROM replies WHERE key = ?1 AND status IS NULL", [key]).map(drop))
    }
}
