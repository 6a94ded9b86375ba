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
/// Documents that one call brings along, so that none waits long for those of others.
const AT_ONCE: usize = 16;

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

    /// Brings some of them, the oldest first, to a memory that has just answered, and gives how many it took. What
    /// it refuses stays, behind the others.
    pub fn deliver(&self, memory: &dyn Memory) -> usize {
        let (mut after, mut taken) = (0, 0);
        for _ in 0..AT_ONCE {
            let Ok(Some((number, body))) = self.next(after) else { break };
            after = number;
            let Ok(document) = serde_json::from_str::<Document>(&body) else { continue };
            match memory.ingest(&document) {
                Ok(_) => {
                    taken += 1;
                    let drop = "DELETE FROM documents WHERE number = ?1";
                    if let Err(error) = self.connection().execute(drop, [number]) {
                        tracing::warn!(%error, "a document that was brought still waits");
                    }
                }
                Err(MemoryError::Away(_)) => break,
                Err(error) => tracing::warn!(%error, "a document that waited was refused"),
            }
        }
        taken
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
