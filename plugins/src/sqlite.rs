//! How every SQLite file of ours is opened: private, write-ahead logged, flushed at each commit.
//!
//! Knows no table.

use rusqlite::{Connection, TransactionBehavior};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

/// How long a process waits for another that is writing.
const BUSY: Duration = Duration::from_secs(30);

/// Opens the file or makes it, with mode 600 in a folder of mode 700. `tables` make layout `version`.
///
/// # Errors
/// What is wrong with the file, in words for people.
pub fn open(path: &Path, version: i64, tables: &str) -> Result<Connection, String> {
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
    migrate(&mut connection, version, tables)?;
    Ok(connection)
}

/// Held while the file is set up, because SQLite does not wait for others when it changes to WAL.
/// The kernel gives it up when the process dies.
fn exclusive(path: &Path) -> std::io::Result<File> {
    drop(private(path)?);
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = private(Path::new(&name))?;
    crate::lock::exclusive(&file)?;
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

fn migrate(connection: &mut Connection, version: i64, tables: &str) -> Result<(), String> {
    let said = |e: rusqlite::Error| e.to_string();
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(said)?;
    let found: i64 = tx.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(said)?;
    match found {
        0 => {
            tx.execute_batch(tables).map_err(said)?;
            tx.pragma_update(None, "user_version", version).map_err(said)?;
            tx.commit().map_err(said)
        }
        known if known == version => Ok(()),
        newer => Err(format!("it was written by a newer ecoops (format {newer}, this one knows {version})")),
    }
}
