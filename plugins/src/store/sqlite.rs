//! The journal in one SQLite file, and leases by file locks beside it.
//!
//! Durable when a call returns: write-ahead log, fsync at each commit. What is read is checked by its hash.

use ecoops_core::domain::{ContentHash, Run, RunId};
use ecoops_core::ports::store::{Lease, Store, StoreError};
use rusqlite::{Connection, OptionalExtension, params};
use rustix::fs::{FlockOperation, Mode, OFlags};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// How long a call waits for another process that writes.
const PATIENCE: Duration = Duration::from_secs(10);

/// Raised when a table changes; a file of a later version is refused.
const VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS runs (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        repository TEXT NOT NULL,
        body TEXT NOT NULL,
        hash TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS runs_of_repository ON runs (repository, seq);
    CREATE TABLE IF NOT EXISTS blobs (hash TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
";

#[derive(Debug)]
pub struct SqliteStore {
    connection: Mutex<Connection>,
    leases: PathBuf,
}

impl SqliteStore {
    /// Opens or makes `runs.sqlite` and the folder `leases` in the state folder; both are readable by
    /// this user only.
    ///
    /// # Errors
    /// [`StoreError::Storage`] when they cannot be used, or a later version of ecoops made them.
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        let leases = state.join("leases");
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&leases).map_err(io(&leases))?;
        let path = state.join("runs.sqlite");
        // Made with the right mode before SQLite opens it.
        std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(io(&path))?;
        let connection = Connection::open(&path).map_err(sql)?;
        connection.busy_timeout(PATIENCE).map_err(sql)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(sql)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(sql)?;
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(sql)?;
        if version > VERSION {
            let why = format!("{} was made by a later version of ecoops ({version})", path.display());
            return Err(StoreError::Storage(why));
        }
        if version < VERSION {
            connection
                .execute_batch(&format!("BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;"))
                .map_err(sql)?;
        }
        Ok(Self { connection: Mutex::new(connection), leases })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A connection whose holder panicked has rolled back; it can be used.
        self.connection.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[allow(clippy::needless_pass_by_value)]
fn sql(error: rusqlite::Error) -> StoreError {
    StoreError::Storage(error.to_string())
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> StoreError + '_ {
    move |error| StoreError::Storage(format!("{}: {error}", path.display()))
}

/// A row as it was written, or an error that says that it is not.
fn parse(id: &str, body: &str, hash: &str) -> Result<Run, StoreError> {
    if ContentHash::of(body.as_bytes()).as_str() != hash {
        return Err(StoreError::Storage(format!("the row of run {id} is damaged")));
    }
    serde_json::from_str(body)
        .map_err(|error| StoreError::Storage(format!("the row of run {id} cannot be understood: {error}")))
}

type Row = (String, String, String);

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

impl Store for SqliteStore {
    fn put_run(&self, run: &Run) -> Result<(), StoreError> {
        let body = serde_json::to_string(run).map_err(|error| StoreError::Storage(error.to_string()))?;
        let hash = ContentHash::of(body.as_bytes());
        self.connection()
            .execute(
                "INSERT INTO runs (id, repository, body, hash) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE SET repository = ?2, body = ?3, hash = ?4",
                params![run.id.0, run.repository, body, hash.as_str()],
            )
            .map_err(sql)?;
        Ok(())
    }

    fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError> {
        let found = self
            .connection()
            .query_row("SELECT id, body, hash FROM runs WHERE id = ?1", [&id.0], row)
            .optional()
            .map_err(sql)?;
        found.map(|(id, body, hash)| parse(&id, &body, &hash)).transpose()
    }

    fn runs(&self, repository: Option<&str>, limit: usize) -> Result<Vec<Run>, StoreError> {
        let connection = self.connection();
        let mut statement = connection
            .prepare(
                "SELECT id, body, hash FROM runs WHERE ?1 IS NULL OR repository = ?1
                 ORDER BY seq DESC LIMIT ?2",
            )
            .map_err(sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![repository, limit], row).map_err(sql)?;
        rows.map(|found| found.map_err(sql).and_then(|(id, body, hash)| parse(&id, &body, &hash))).collect()
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<ContentHash, StoreError> {
        let hash = ContentHash::of(bytes);
        // Written again when it is there already: what was there may be damaged.
        self.connection()
            .execute(
                "INSERT INTO blobs (hash, bytes) VALUES (?1, ?2)
                 ON CONFLICT (hash) DO UPDATE SET bytes = ?2 WHERE bytes <> ?2",
                params![hash.as_str(), bytes],
            )
            .map_err(sql)?;
        Ok(hash)
    }

    fn blob(&self, hash: &ContentHash) -> Result<Vec<u8>, StoreError> {
        let bytes: Option<Vec<u8>> = self
            .connection()
            .query_row("SELECT bytes FROM blobs WHERE hash = ?1", [hash.as_str()], |row| row.get(0))
            .optional()
            .map_err(sql)?;
        let bytes = bytes.ok_or_else(|| StoreError::Missing(hash.clone()))?;
        if ContentHash::of(&bytes) != *hash {
            return Err(StoreError::Storage(format!("the content {hash} is damaged")));
        }
        Ok(bytes)
    }

    fn lease(&self, repository: &str) -> Result<Box<dyn Lease>, StoreError> {
        let name = format!("{}.lock", ContentHash::of(repository.as_bytes()).hex());
        let path = self.leases.join(name);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::open(&path, flags, Mode::from_raw_mode(0o600));
        let mut file = File::from(file.map_err(|e| io(&path)(e.into()))?);
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut holder = String::new();
                let _ = file.take(32).read_to_string(&mut holder);
                let holder = holder.trim();
                return Err(StoreError::Busy(if holder.is_empty() { "unknown" } else { holder }.into()));
            }
            Err(error) => return Err(io(&path)(error.into())),
        }
        // For people only; the lock is what counts, and the kernel frees it when the process dies.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Box::new(FileLease { _file: file }))
    }
}

/// The lock lives as long as the open file. The file stays: removing it would let two hold "the" lock.
struct FileLease {
    _file: File,
}

impl Lease for FileLease {}
