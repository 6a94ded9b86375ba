//! The tables of the memory, and what SQLite is told about safety.
//!
//! Never reads or writes a document.

use ecoops_core::ports::memory::MemoryError;
use rusqlite::{Connection, ErrorCode};
use std::fs;
use std::path::Path;
use std::time::Duration;

const VERSION: i64 = 1;

/// A slot is a place for one chunk: segment number times [`SLOTS`] plus the place within the segment.
pub(super) const SLOTS: usize = 1024;

const TABLES: &str = "
CREATE TABLE documents (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
  title TEXT NOT NULL, text TEXT NOT NULL, source TEXT NOT NULL, metadata TEXT NOT NULL
) STRICT;
CREATE TABLE fields (
  key TEXT NOT NULL, digest BLOB NOT NULL, document INTEGER NOT NULL, PRIMARY KEY (key, digest, document)
) STRICT, WITHOUT ROWID;
CREATE TABLE models (
  number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, declared INTEGER NOT NULL, used INTEGER NOT NULL
) STRICT;
CREATE TABLE segments (
  number INTEGER PRIMARY KEY, model INTEGER NOT NULL, version INTEGER NOT NULL, filled INTEGER NOT NULL
) STRICT;
CREATE TABLE records (segment INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE chunks (
  slot INTEGER PRIMARY KEY, document INTEGER NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL,
  vector BLOB NOT NULL
) STRICT;
CREATE INDEX chunks_of_document ON chunks (document);
CREATE TABLE postings (
  term TEXT NOT NULL, segment INTEGER NOT NULL, list BLOB NOT NULL, PRIMARY KEY (term, segment)
) STRICT, WITHOUT ROWID;
";

/// Opens the file, and makes it when it is not there, readable for its owner only.
pub(super) fn open(path: &Path) -> Result<Connection, MemoryError> {
    let said = |e: std::io::Error| MemoryError::Storage(format!("{}: {e}", path.display()));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(said)?;
    }
    if !path.exists() {
        create_private(path).map_err(said)?;
    }
    let connection = Connection::open(path).map_err(|e| explain(path, &e))?;
    prepare(&connection).map_err(|e| explain(path, &e))?;
    match version(&connection).map_err(|e| explain(path, &e))? {
        VERSION => Ok(connection),
        other => Err(MemoryError::Storage(format!(
            "{} has layout {other}, this ecoops knows {VERSION}: use the newer one, or move the file away",
            path.display()
        ))),
    }
}

#[cfg(unix)]
fn create_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).map(drop)
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> std::io::Result<()> {
    fs::OpenOptions::new().create(true).append(true).open(path).map(drop)
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // what is forgotten is overwritten, not only unlinked
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    // a large transaction must not leave a log of its size behind
    connection.pragma_update(None, "journal_size_limit", 32_i64 << 20)?;
    connection.pragma_update(None, "mmap_size", 1_i64 << 30)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    let read = || connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
    if read()? != 0 {
        return read();
    }
    let transaction =
        rusqlite::Transaction::new_unchecked(connection, rusqlite::TransactionBehavior::Immediate)?;
    // another process may have made the tables in between
    if read()? == 0 {
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()?;
    read()
}

/// What went wrong with the file, in words that help.
pub(super) fn explain(path: &Path, error: &rusqlite::Error) -> MemoryError {
    let path = path.display();
    MemoryError::Storage(match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            format!("{path} is damaged ({error}): move it away to start with an empty memory")
        }
        Some(ErrorCode::DiskFull) => format!("the disk is full, nothing was kept in {path}"),
        Some(ErrorCode::ReadOnly) => format!("{path} may not be written ({error})"),
        Some(ErrorCode::SystemIoFailure) => {
            format!("{path} could not be read or written ({error}): look at the disk; nothing was changed")
        }
        Some(ErrorCode::CannotOpen) => format!("{path} cannot be opened ({error})"),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            format!("{path} is in use by another process ({error}): try again")
        }
        _ => format!("{path}: {error}"),
    })
}
