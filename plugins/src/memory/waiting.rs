//! Documents for a memory that is away: kept here, and brought there once it answers again.
//!
//! Never loses one, and never brings one twice: the same document has the same name there.

use super::intake::identify;
use ecoops_core::ports::memory::{Document, Memory, MemoryError};
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

const TABLES: &str = "
CREATE TABLE documents (
  number INTEGER PRIMARY KEY, whose TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
  UNIQUE (whose, name)
) STRICT;
";
/// Documents that a call for something else brings along, so that it does not wait long for those of others.
pub(super) const AT_ONCE: usize = 16;

pub(super) struct Waiting {
    /// Which memory they are for.
    whose: String,
    connection: Mutex<Connection>,
}

impl Waiting {
    /// # Errors
    /// [`MemoryError::Storage`] when the file cannot be used.
    pub fn open(path: &Path, whose: &str) -> Result<Self, MemoryError> {
        let connection = crate::sqlite::open(path, 1, TABLES)
            .map_err(|why| MemoryError::Storage(format!("{}: {why}", path.display())))?;
        Ok(Self { whose: whose.to_owned(), connection: Mutex::new(connection) })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a document, and gives its name.
    ///
    /// # Errors
    /// [`MemoryError::Storage`] when it could not be kept.
    pub fn keep(&self, document: &Document) -> Result<String, MemoryError> {
        let name = identify(document);
        let body = serde_json::to_string(document).map_err(|e| MemoryError::BadQuery(e.to_string()))?;
        let put = "INSERT INTO documents (whose, name, body) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        self.connection().execute(put, params![self.whose, name, body]).map_err(storage)?;
        Ok(name)
    }

    /// Gives one up that was to be forgotten; true when it waited.
    ///
    /// # Errors
    /// [`MemoryError::Storage`] when the file cannot be written.
    pub fn forget(&self, name: &str) -> Result<bool, MemoryError> {
        let drop = "DELETE FROM documents WHERE whose = ?1 AND name = ?2";
        Ok(self.connection().execute(drop, params![self.whose, name]).map_err(storage)? > 0)
    }

    /// How many wait.
    ///
    /// # Errors
    /// [`MemoryError::Storage`] when the file cannot be read.
    pub fn count(&self) -> Result<usize, MemoryError> {
        let count = "SELECT count(*) FROM documents WHERE whose = ?1";
        let number: i64 =
            self.connection().query_row(count, [&self.whose], |row| row.get(0)).map_err(storage)?;
        Ok(usize::try_from(number).unwrap_or(0))
    }

    /// Brings at most `most` of them, the oldest first, and gives how many the memory took. What it refuses goes
    /// behind the others, so that it holds none of them up.
    ///
    /// # Errors
    /// [`MemoryError::Away`] when the memory is away; what was brought until then is there.
    pub fn deliver(&self, memory: &dyn Memory, most: usize) -> Result<usize, MemoryError> {
        let (mut after, mut taken) = (0, 0);
        let last = self.last().map_err(storage)?;
        for _ in 0..most {
            let Some((number, body)) = self.next(after).map_err(storage)?.filter(|(n, _)| *n <= last) else {
                break;
            };
            after = number;
            let sent = serde_json::from_str::<Document>(&body)
                .map_err(|e| MemoryError::Storage(e.to_string()))
                .and_then(|document| memory.ingest(&document));
            let settled = match sent {
                Ok(_) => {
                    taken += 1;
                    "DELETE FROM documents WHERE number = ?1"
                }
                Err(MemoryError::Away(why)) => return Err(MemoryError::Away(why)),
                Err(error) => {
                    tracing::warn!(%error, "a document that waited was refused");
                    "UPDATE documents SET number = (SELECT max(number) + 1 FROM documents) WHERE number = ?1"
                }
            };
            if let Err(error) = self.connection().execute(settled, [number]) {
                tracing::warn!(%error, "a document that was brought still waits");
            }
        }
        Ok(taken)
    }

    /// The newest that waits by now.
    fn last(&self) -> rusqlite::Result<i64> {
        self.connection().query_row("SELECT coalesce(max(number), 0) FROM documents", [], |row| row.get(0))
    }

    fn next(&self, after: i64) -> rusqlite::Result<Option<(i64, String)>> {
        let find =
            "SELECT number, body FROM documents WHERE whose = ?1 AND number > ?2 ORDER BY number LIMIT 1";
        let row = |row: &rusqlite::Row| Ok((row.get(0)?, row.get(1)?));
        self.connection().query_row(find, params![self.whose, after], row).optional()
    }
}

fn storage(error: rusqlite::Error) -> MemoryError {
    MemoryError::Storage(format!("what waits for the memory: {error}"))
}
