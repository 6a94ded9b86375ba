//! The tables of the event log and how its file is opened.

use rusqlite::{Connection, TransactionBehavior};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

const VERSION: i64 = 1;
/// How long a process waits for another that is writing.
const BUSY: Duration = Duration::from_secs(30);

/// `events.digest` is SHA-256 of key, NUL and body. A row of `deliveries` is an event that a group
/// has seen and not acknowledged; below `groups.next` an event without a row is acknowledged.
const TABLES: &str = "
CREATE TABLE events (
  offset INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  body TEXT NOT NULL,
  digest BLOB NOT NULL
) STRICT;
CREATE TABLE groups (
  name TEXT PRIMARY KEY,
  next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE deliveries (
  grp TEXT NOT NULL,
  offset INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('in_flight', 'waiting', 'dead', 'damaged')),
  attempt INTEGER NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  consumer TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (grp, offset)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_by_offset ON deliveries (offset);
PRAGMA user_version = 1;
";

/// Opens the log or makes it, with mode 600 in a folder of mode 700.
pub fn open(path: &Path) -> Result<Connection, String> {
    let folder = path.parent().ok_or("it has no folder")?;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|e| format!("{}: {e}", folder.display()))?;
    // SQLite gives its write-ahead files the mode of the database file, so that one comes first.
    let _lock = exclusive(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut connection = Connection::open(path).map_err(|e| e.to_string())?;
    prepare(&mut connection).map_err(|e| e.to_string())?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Held while the file is set up, because SQLite does not wait for others when it changes to WAL.
/// The kernel gives it up when the process dies.
fn exclusive(path: &Path) -> std::io::Result<File> {
    drop(private(path)?);
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = private(Path::new(&name))?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)?;
    Ok(file)
}

fn private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // A hostile or damaged file must not run code of its schema.
    connection.pragma_update(None, "trusted_schema", false)
}

fn migrate(connection: &mut Connection) -> Result<(), String> {
    let tx =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|e| e.to_string())?;
    let version: i64 =
        tx.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(|e| e.to_string())?;
    match version {
        VERSION => Ok(()),
        0 => tx.execute_batch(TABLES).and_then(|()| tx.commit()).map_err(|e| e.to_string()),
        newer => Err(format!("it was written by a newer ecoops (format {newer}, this one knows {VERSION})")),
    }
}
