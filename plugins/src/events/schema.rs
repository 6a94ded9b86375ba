//! The tables of the event log and how its file is opened.

use crate::sqlite;
use rusqlite::Connection;
use std::path::Path;

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
";

/// Opens the log or makes it, with mode 600 in a folder of mode 700.
pub fn open(path: &Path) -> Result<Connection, String> {
    sqlite::open(path, 1, TABLES)
}
