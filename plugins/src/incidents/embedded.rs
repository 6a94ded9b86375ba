//! Incidents in one SQLite file: what was ingested, what was concluded, and the raw lines that it cites.
//!
//! Durable when a call returns: write-ahead log, fsync at each commit. An ingestion is one transaction.

mod ingest;
mod recall;
mod schema;
mod segments;

pub use ingest::IngestBounds;

use ecoops_core::domain::ContentHash;
use ecoops_core::domain::incident::{IncidentAnalysis, IncidentBrief, LineSink, TimeRange};
use ecoops_core::ports::incidents::{
    EvidenceRow, IncidentEntry, IncidentStatus, Incidents, IncidentsError, Ingestion, Pruned, SignalRetention,
};
use ecoops_core::ports::telemetry::Readings;
use rusqlite::{Connection, OptionalExtension, Row, params};
use schema::{connect, sql};
use serde_json::{Value, json};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The shortest beginning of an id that is looked up.
const SHORTEST: usize = 4;

#[derive(Debug)]
pub struct EmbeddedIncidents {
    path: PathBuf,
    connection: Mutex<Connection>,
    bounds: IngestBounds,
}

impl EmbeddedIncidents {
    /// Opens or makes `incidents.sqlite` in the state folder, readable by this user only.
    ///
    /// # Errors
    /// [`IncidentsError::Storage`] when it cannot be used, or a later version of ecoops made it.
    pub fn open(state: &Path, bounds: IngestBounds) -> Result<Self, IncidentsError> {
        let io = |error: std::io::Error| IncidentsError::Storage(format!("{}: {error}", state.display()));
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(state).map_err(io)?;
        let path = state.join("incidents.sqlite");
        // Made with the right mode before SQLite opens it.
        std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(io)?;
        let connection = Mutex::new(connect(&path)?);
        Ok(Self { path, connection, bounds })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A connection whose holder panicked has rolled back; it can be used.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The full id of an incident that must be there.
    fn known(connection: &Connection, id: &str) -> Result<String, IncidentsError> {
        let mut statement = connection
            .prepare_cached("SELECT id FROM incidents WHERE id = ?1 OR substr(id, 1, length(?1)) = ?1 ORDER BY seq LIMIT 6")
            .map_err(sql)?;
        let wanted = id.to_ascii_uppercase();
        let found: Vec<String> =
            statement.query_map([&wanted], |row| row.get(0)).and_then(Iterator::collect).map_err(sql)?;
        match found.as_slice() {
            _ if found.contains(&wanted) => Ok(wanted),
            [one] if wanted.len() >= SHORTEST => Ok(one.clone()),
            [] | [_] => Err(IncidentsError::Unknown(id.to_owned())),
            _ if wanted.len() < SHORTEST => Err(IncidentsError::Unknown(id.to_owned())),
            several => Err(IncidentsError::Ambiguous(id.to_owned(), several.join(", "))),
        }
    }

    fn entry(connection: &Connection, id: &str) -> Result<IncidentEntry, IncidentsError> {
        let sql_text = format!("{ENTRY} WHERE id = ?1");
        connection.query_row(&sql_text, [id], entry).map_err(sql)
    }
}

const ENTRY: &str = "SELECT id, status, brief, severity, opened_at, ended_at, confidence, resolution,
    (SELECT count(*) FROM signals WHERE signals.incident_id = incidents.id) FROM incidents";

fn entry(row: &Row<'_>) -> rusqlite::Result<IncidentEntry> {
    let brief: String = row.get(2)?;
    let damaged = |error: serde_json::Error| {
        rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, Box::new(error))
    };
    Ok(IncidentEntry {
        id: row.get(0)?,
        status: match row.get::<_, String>(1)?.as_str() {
            "closed" => IncidentStatus::Closed,
            _ => IncidentStatus::Open,
        },
        brief: serde_json::from_str(&brief).map_err(damaged)?,
        severity: row.get(3)?,
        opened_at: row.get(4)?,
        closed_at: row.get(5)?,
        confidence: row.get(6)?,
        resolution: row.get(7)?,
        signals: u64::try_from(row.get::<_, i64>(8)?).unwrap_or(0),
    })
}

fn text_of<T: serde::Serialize>(value: &T) -> Result<String, IncidentsError> {
    serde_json::to_string(value).map_err(|error| IncidentsError::Storage(error.to_string()))
}

impl Incidents for EmbeddedIncidents {
    fn open(
        &self,
        id: &str,
        brief: &IncidentBrief,
        severity: Option<&str>,
        now: f64,
    ) -> Result<IncidentEntry, IncidentsError> {
        let connection = self.connection();
        let id = id.to_ascii_uppercase();
        connection
            .execute(
                "INSERT INTO incidents (id, title, started_at, severity, status, service, meta, brief, opened_at)
                 VALUES (?1, ?2, ?3, ?4, 'open', ?5, '{}', ?6, ?7)",
                params![id, brief.title, brief.window.start, severity, brief.service, text_of(brief)?, now],
            )
            .map_err(sql)?;
        Self::entry(&connection, &id)
    }

    fn incident(&self, id: &str) -> Result<IncidentEntry, IncidentsError> {
        let connection = self.connection();
        let id = Self::known(&connection, id)?;
        Self::entry(&connection, &id)
    }

    fn list(
        &self,
        status: Option<IncidentStatus>,
        limit: usize,
    ) -> Result<Vec<IncidentEntry>, IncidentsError> {
        let status = status.map(|status| match status {
            IncidentStatus::Open => "open",
            IncidentStatus::Closed => "closed",
        });
        let connection = self.connection();
        let text = format!("{ENTRY} WHERE ?1 IS NULL OR status = ?1 ORDER BY seq DESC LIMIT ?2");
        let mut statement = connection.prepare(&text).map_err(sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        statement.query_map(params![status, limit], entry).and_then(Iterator::collect).map_err(sql)
    }

    fn amend(&self, id: &str, brief: &IncidentBrief) -> Result<(), IncidentsError> {
        let connection = self.connection();
        let id = Self::known(&connection, id)?;
        connection
            .execute(
                "UPDATE incidents SET title = ?2, started_at = ?3, service = ?4, brief = ?5 WHERE id = ?1",
                params![id, brief.title, brief.window.start, brief.service, text_of(brief)?],
            )
            .map_err(sql)?;
        Ok(())
    }

    fn close(&self, id: &str, resolution: Option<&str>, now: f64) -> Result<IncidentEntry, IncidentsError> {
        let connection = self.connection();
        let id = Self::known(&connection, id)?;
        let changed = connection
            .execute(
                "UPDATE incidents SET status = 'closed', ended_at = ?2, resolution = ?3 WHERE id = ?1 AND status = 'open'",
                params![id, now, resolution],
            )
            .map_err(sql)?;
        if changed == 0 {
            return Err(IncidentsError::Closed(id));
        }
        Self::entry(&connection, &id)
    }

    fn ingest(&self, id: &str) -> Result<Box<dyn Ingestion + '_>, IncidentsError> {
        let id = Self::known(&self.connection(), id)?;
        let own = connect(&self.path)?;
        // Who ingests holds the store for long: better to say so than to wait.
        own.busy_timeout(std::time::Duration::from_millis(300)).map_err(sql)?;
        let opened = ingest::Open::begin(own, id.clone(), self.bounds)?;
        // Asked again now that no other process can close it.
        match Self::entry(&self.connection(), &id)?.status {
            IncidentStatus::Closed => Err(IncidentsError::Closed(id)),
            IncidentStatus::Open => Ok(Box::new(opened)),
        }
    }

    fn readings(&self, id: &str, lines: &mut LineSink<'_>) -> Result<Readings, IncidentsError> {
        // Of its own, so that the sink may use the store.
        let connection = connect(&self.path)?;
        let id = Self::known(&connection, id)?;
        recall::readings(&connection, &id, lines)
    }

    fn conclude(&self, id: &str, analysis: &IncidentAnalysis, now: f64) -> Result<(), IncidentsError> {
        let mut connection = self.connection();
        let id = Self::known(&connection, id)?;
        let transaction = connection.transaction().map_err(sql)?;
        transaction.execute("DELETE FROM evidence WHERE incident_id = ?1", [&id]).map_err(sql)?;
        transaction.execute("DELETE FROM hypotheses WHERE incident_id = ?1", [&id]).map_err(sql)?;
        for (place, evidence) in (0i64..).zip(&analysis.evidence) {
            let kind =
                serde_json::to_value(evidence.kind).map_err(|e| IncidentsError::Storage(e.to_string()))?;
            let reference = json!({
                "service": evidence.service, "file": evidence.file, "offset": evidence.offset, "hash": evidence.hash,
            });
            transaction
                .execute(
                    "INSERT OR REPLACE INTO evidence (id, incident_id, kind, ref, excerpt, score, created_at, place)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                    params![
                        evidence.id,
                        id,
                        kind.as_str(),
                        reference.to_string(),
                        evidence.excerpt,
                        finite(evidence.score),
                        now,
                        place
                    ],
                )
                .map_err(sql)?;
        }
        for (number, hypothesis) in (1..).zip(&analysis.hypotheses) {
            transaction
                .execute(
                    "INSERT INTO hypotheses (id, incident_id, statement, confidence, support, counter)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![
                        format!("h{number}"),
                        id,
                        hypothesis.statement,
                        finite(hypothesis.confidence),
                        text_of(&hypothesis.support)?,
                        text_of(&hypothesis.counter)?
                    ],
                )
                .map_err(sql)?;
        }
        let confidence = analysis.hypotheses.first().map(|h| finite(h.confidence));
        transaction
            .execute(
                "UPDATE incidents SET confidence = ?2, slo_impact = ?3, analysis = ?4 WHERE id = ?1",
                params![id, confidence, text_of(&analysis.blast_radius.objectives)?, text_of(analysis)?],
            )
            .map_err(sql)?;
        transaction.commit().map_err(sql)
    }

    fn conclusion(&self, id: &str) -> Result<Option<Value>, IncidentsError> {
        let connection = self.connection();
        let id = Self::known(&connection, id)?;
        let text: Option<String> = connection
            .query_row("SELECT analysis FROM incidents WHERE id = ?1", [&id], |row| row.get(0))
            .map_err(sql)?;
        text.map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| IncidentsError::Storage(format!("the analysis of {id} is damaged: {error}")))
    }

    fn evidence(&self, id: &str) -> Result<Vec<EvidenceRow>, IncidentsError> {
        let connection = self.connection();
        let id = Self::known(&connection, id)?;
        let mut statement = connection
            .prepare("SELECT id, kind, ref, excerpt, score, created_at FROM evidence WHERE incident_id = ?1 ORDER BY place")
            .map_err(sql)?;
        let row = |row: &Row<'_>| {
            let reference: Value = serde_json::from_str(&row.get::<_, String>(2)?).unwrap_or(Value::Null);
            let text = |name: &str| reference.get(name).and_then(Value::as_str).map(str::to_owned);
            Ok(EvidenceRow {
                id: row.get(0)?,
                kind: row.get(1)?,
                service: text("service"),
                excerpt: row.get(3)?,
                score: row.get(4)?,
                file: text("file"),
                offset: reference.get("offset").and_then(Value::as_u64),
                hash: text("hash"),
                created_at: row.get(5)?,
            })
        };
        statement.query_map([&id], row).and_then(Iterator::collect).map_err(sql)
    }

    fn raw_line(
        &self,
        id: &str,
        file: &str,
        offset: u64,
        hash: &ContentHash,
    ) -> Result<Vec<u8>, IncidentsError> {
        let connection = self.connection();
        let id = Self::known(&connection, id)?;
        let place = || format!("the line at byte {offset} of {file}");
        let kept = segments::Finder::default().find(&connection, &id, file, offset)?;
        if kept.is_empty() {
            return Err(IncidentsError::Missing(place()));
        }
        let cited = kept.into_iter().find(|raw| ContentHash::of(raw) == *hash);
        cited.ok_or_else(|| IncidentsError::Altered(place()))
    }

    fn extent(&self, id: &str) -> Result<Option<TimeRange>, IncidentsError> {
        let connection = self.connection();
        let id = Self::known(&connection, id)?;
        let ends: Option<(Option<f64>, Option<f64>)> = connection
            .query_row("SELECT min(ts), max(ts) FROM signals WHERE incident_id = ?1", [&id], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
            .map_err(sql)?;
        Ok(ends.and_then(|(start, end)| Some(TimeRange { start: start?, end: end? })))
    }

    fn prune(&self, retention: SignalRetention, now: f64) -> Result<Pruned, IncidentsError> {
        let connection = self.connection();
        let oldest = now - f64::from(retention.days) * 86_400.0;
        let mut pruned = Pruned::default();
        let before = used(&connection)?;
        let closed: Vec<(String, f64)> = connection
            .prepare(
                "SELECT id, ended_at FROM incidents WHERE status = 'closed'
                 AND EXISTS (SELECT 1 FROM signals WHERE signals.incident_id = incidents.id) ORDER BY ended_at, seq",
            )
            .and_then(|mut statement| {
                statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).and_then(Iterator::collect)
            })
            .map_err(sql)?;
        for (id, ended) in closed {
            if ended < oldest || used(&connection)? > retention.bytes {
                pruned.signals += forget(&connection, &id)?;
                pruned.incidents += 1;
            }
        }
        if pruned.incidents > 0 {
            let give_back = connection.prepare("PRAGMA incremental_vacuum").and_then(|mut statement| {
                let mut rows = statement.query([])?;
                while rows.next()?.is_some() {}
                Ok(())
            });
            give_back.map_err(sql)?;
        }
        pruned.bytes = before.saturating_sub(used(&connection)?);
        Ok(pruned)
    }
}

/// Bytes of the pages that hold something.
fn used(connection: &Connection) -> Result<u64, IncidentsError> {
    let number = |pragma: &str| {
        connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0)).map_err(sql)
    };
    let pages = number("page_count")? - number("freelist_count")?;
    Ok(u64::try_from(pages.saturating_mul(number("page_size")?)).unwrap_or(0))
}

/// Takes away the signals and raw lines of one incident.
fn forget(connection: &Connection, id: &str) -> Result<u64, IncidentsError> {
    let transaction = connection.unchecked_transaction().map_err(sql)?;
    let signals = transaction.execute("DELETE FROM signals WHERE incident_id = ?1", [id]).map_err(sql)?;
    transaction.execute("DELETE FROM segments WHERE incident_id = ?1", [id]).map_err(sql)?;
    transaction.execute("DELETE FROM topologies WHERE incident_id = ?1", [id]).map_err(sql)?;
    transaction.commit().map_err(sql)?;
    Ok(signals as u64)
}

/// SQLite has no NaN, and its columns here must hold something.
fn finite(number: f64) -> f64 {
    if number.is_finite() { number } else { 0.0 }
}
