//! The tables: signals, incidents, evidence, hypotheses and topologies, and segments of raw lines.
//!
//! Times are Unix seconds. `org_id` is there for stores that many share; here it is always `local`.

use ecoops_core::ports::incidents::IncidentsError;
use rusqlite::Connection;
use std::path::Path;
use std::time::Duration;

/// Raised when a table changes; a file of a later version is refused.
const VERSION: i64 = 1;

/// How long a call waits for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

const TABLES: &str = "
    CREATE TABLE incidents (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        org_id TEXT NOT NULL DEFAULT 'local',
        title TEXT NOT NULL,
        started_at REAL NOT NULL,
        ended_at REAL,
        severity TEXT,
        status TEXT NOT NULL,
        service TEXT,
        slo_impact TEXT,
        confidence REAL,
        meta TEXT NOT NULL,
        brief TEXT NOT NULL,
        opened_at REAL NOT NULL,
        resolution TEXT,
        analysis TEXT
    ) STRICT;
    CREATE TABLE signals (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL,
        org_id TEXT NOT NULL DEFAULT 'local',
        incident_id TEXT NOT NULL,
        source TEXT NOT NULL,
        kind TEXT NOT NULL,
        ts REAL,
        key TEXT NOT NULL,
        value REAL,
        text TEXT,
        labels TEXT NOT NULL,
        meta TEXT,
        UNIQUE (incident_id, id)
    ) STRICT;
    CREATE INDEX signals_of_incident ON signals (incident_id, kind, seq);
    CREATE TABLE topologies (
        id TEXT NOT NULL,
        org_id TEXT NOT NULL DEFAULT 'local',
        incident_id TEXT NOT NULL,
        node TEXT NOT NULL,
        type TEXT NOT NULL,
        attrs TEXT NOT NULL,
        PRIMARY KEY (incident_id, id)
    ) STRICT;
    CREATE TABLE evidence (
        id TEXT NOT NULL,
        incident_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        ref TEXT NOT NULL,
        excerpt TEXT NOT NULL,
        score REAL NOT NULL,
        created_at REAL NOT NULL,
        place INTEGER NOT NULL,
        PRIMARY KEY (incident_id, id)
    ) STRICT;
    CREATE TABLE hypotheses (
        id TEXT NOT NULL,
        incident_id TEXT NOT NULL,
        statement TEXT NOT NULL,
        confidence REAL NOT NULL,
        support TEXT NOT NULL,
        counter TEXT NOT NULL,
        PRIMARY KEY (incident_id, id)
    ) STRICT;
    CREATE TABLE segments (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        incident_id TEXT NOT NULL,
        file TEXT NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        size INTEGER NOT NULL,
        body BLOB NOT NULL
    ) STRICT;
    CREATE INDEX segments_of_file ON segments (incident_id, file, first);
";

/// Opens a connection to the store, and makes the tables of a new one.
///
/// # Errors
/// [`IncidentsError::Storage`] when it cannot be used, or a later version of ecoops made it.
pub fn connect(path: &Path) -> Result<Connection, IncidentsError> {
    let connection = Connection::open(path).map_err(sql)?;
    connection.busy_timeout(PATIENCE).map_err(sql)?;
    // Only takes effect on a new file; pages that retention frees can then be given back.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(sql)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(sql)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(sql)?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(sql)?;
    if version > VERSION {
        let why = format!("{} was made by a later version of ecoops ({version})", path.display());
        return Err(IncidentsError::Storage(why));
    }
    if version < VERSION {
        make(&connection)?;
    }
    Ok(connection)
}

/// Another process may make the tables at the same time; the second one finds them.
fn make(connection: &Connection) -> Result<(), IncidentsError> {
    connection.execute_batch("BEGIN IMMEDIATE").map_err(sql)?;
    let made = connection
        .query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
        .and_then(|version| if version == 0 { connection.execute_batch(TABLES) } else { Ok(()) })
        .and_then(|()| connection.execute_batch(&format!("PRAGMA user_version = {VERSION}; COMMIT")));
    made.map_err(|error| {
        let _ = connection.execute_batch("ROLLBACK");
        sql(error)
    })
}

/// As the port says it.
#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
pub fn sql(error: rusqlite::Error) -> IncidentsError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => IncidentsError::Busy,
        _ => IncidentsError::Storage(error.to_string()),
    }
}
