//! Incidents that many share: their heads, conclusions, evidence and hypotheses in PostgreSQL.
//!
//! Signals and raw lines, which are large and of one machine, stay in the file of whoever took them in: another
//! machine sees what was concluded, and that it has no signals itself. The server keeps the orgs apart.

use super::embedded::EmbeddedIncidents;
use crate::postgres::{Pool, PostgresError, PostgresSettings, escape, escape_value, unescape_value};
use ecoops_core::domain::ContentHash;
use ecoops_core::domain::incident::{IncidentAnalysis, IncidentBrief, LineSink, TimeRange};
use ecoops_core::ports::incidents::{
    EvidenceRow, IncidentEntry, IncidentStatus, Incidents, IncidentsError, Ingestion, Pruned, SignalRetention,
};
use ecoops_core::ports::telemetry::Readings;
use serde::Serialize;
use serde_json::{Value, json};
use tokio_postgres::types::Json;
use tokio_postgres::{Row, Transaction};

/// The shortest beginning of an id that is looked up.
const SHORTEST: usize = 4;

const ENTRY: &str = "SELECT name, status, brief, severity, extract(epoch FROM opened_at)::float8,
    extract(epoch FROM ended_at)::float8, confidence::float8, resolution FROM incidents";

/// See the module.
#[derive(Debug)]
pub struct PgIncidents {
    pool: Pool,
    local: EmbeddedIncidents,
}

impl From<PostgresError> for IncidentsError {
    fn from(error: PostgresError) -> Self {
        Self::Storage(error.to_string())
    }
}

impl PgIncidents {
    /// Connects to nothing yet; `local` holds the signals of this machine.
    pub fn new(settings: PostgresSettings, local: EmbeddedIncidents) -> Self {
        Self { pool: Pool::new(settings), local }
    }

    /// By its id, or by the only one that begins with `id`.
    fn find(&self, id: &str) -> Result<IncidentEntry, IncidentsError> {
        let wanted = id.to_ascii_uppercase();
        let asked = escape(&wanted);
        let sql = format!("{ENTRY} WHERE name = $1 OR left(name, length($1)) = $1 ORDER BY seq LIMIT 6");
        let mut found = self.pool.again(async |client| {
            let rows = client.query(&sql, &[&asked]).await?;
            rows.iter().map(entry).collect::<Result<Vec<_>, _>>()
        })?;
        if let Some(exact) = found.iter().position(|entry| entry.id == wanted) {
            return Ok(found.swap_remove(exact));
        }
        match found.len() {
            1 if wanted.len() >= SHORTEST => Ok(found.swap_remove(0)),
            0 | 1 => Err(IncidentsError::Unknown(id.to_owned())),
            _ if wanted.len() < SHORTEST => Err(IncidentsError::Unknown(id.to_owned())),
            _ => {
                let names: Vec<String> = found.into_iter().map(|entry| entry.id).collect();
                Err(IncidentsError::Ambiguous(id.to_owned(), names.join(", ")))
            }
        }
    }

    /// With what this machine holds of it.
    fn counted(&self, mut entry: IncidentEntry) -> IncidentEntry {
        entry.signals = self.local.incident(&entry.id).map_or(0, |local| local.signals);
        entry
    }

    /// The incident's place for signals on this machine, made when another one opened it.
    fn place(&self, entry: &IncidentEntry) -> Result<(), IncidentsError> {
        match self.local.incident(&entry.id) {
            Err(IncidentsError::Unknown(_)) => {
                self.local.open(&entry.id, &entry.brief, entry.severity.as_deref(), entry.opened_at).map(drop)
            }
            found => found.map(drop),
        }
    }

    /// The full id, of a place on this machine.
    fn placed(&self, id: &str) -> Result<String, IncidentsError> {
        let entry = self.find(id)?;
        self.place(&entry)?;
        Ok(entry.id)
    }

    fn change(
        &self,
        sql: &str,
        values: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Result<u64, IncidentsError> {
        Ok(self.pool.once(async |client| Ok(client.execute(sql, values).await?))?)
    }
}

fn entry(row: &Row) -> Result<IncidentEntry, PostgresError> {
    let status: String = row.try_get(1)?;
    let brief = serde_json::from_value(unescape_value(&row.try_get::<_, Value>(2)?));
    Ok(IncidentEntry {
        id: row.try_get(0)?,
        status: if status == "closed" { IncidentStatus::Closed } else { IncidentStatus::Open },
        brief: brief.map_err(|e| PostgresError::Damaged(format!("an incident's head: {e}")))?,
        severity: text(row, 3)?,
        opened_at: row.try_get(4)?,
        closed_at: row.try_get(5)?,
        confidence: row.try_get(6)?,
        resolution: text(row, 7)?,
        signals: 0,
    })
}

fn text(row: &Row, column: usize) -> Result<Option<String>, PostgresError> {
    Ok(row.try_get::<_, Option<String>>(column)?.map(crate::postgres::unescape))
}

fn json_of(value: &impl Serialize) -> Result<Json<Value>, IncidentsError> {
    let value = serde_json::to_value(value).map_err(|e| IncidentsError::Storage(e.to_string()))?;
    Ok(Json(escape_value(&value)))
}

/// The 128 bits of a ULID as a UUID.
fn uuid(id: &str) -> Result<String, IncidentsError> {
    let ulid = ulid::Ulid::from_string(id).map_err(|_| IncidentsError::Unknown(id.to_owned()))?;
    Ok(uuid::Uuid::from_u128(u128::from(ulid)).to_string())
}

/// The server has no number for what is none.
fn finite(number: f64) -> f64 {
    if number.is_finite() { number } else { 0.0 }
}

impl Incidents for PgIncidents {
    fn open(
        &self,
        id: &str,
        brief: &IncidentBrief,
        severity: Option<&str>,
        now: f64,
    ) -> Result<IncidentEntry, IncidentsError> {
        let id = id.to_ascii_uppercase();
        let (uuid, head) = (uuid(&id)?, json_of(brief)?);
        let (title, service) = (escape(&brief.title), brief.service.as_deref().map(escape));
        let severity_kept = severity.map(escape);
        // here first: a place without a head is never seen
        self.local.open(&id, brief, severity, now)?;
        let insert =
            "INSERT INTO incidents (id, name, title, started_at, opened_at, severity, status, service, brief)
            VALUES ($1::text::uuid, $2, $3, to_timestamp($4), to_timestamp($5), $6, 'open', $7, $8)";
        let start = finite(brief.window.start);
        self.change(insert, &[&uuid, &id, &title, &start, &finite(now), &severity_kept, &service, &head])?;
        self.incident(&id)
    }

    fn incident(&self, id: &str) -> Result<IncidentEntry, IncidentsError> {
        Ok(self.counted(self.find(id)?))
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
        let sql = format!("{ENTRY} WHERE $1::text IS NULL OR status = $1 ORDER BY seq DESC LIMIT $2");
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = self.pool.again(async |client| {
            let rows = client.query(&sql, &[&status, &limit]).await?;
            rows.iter().map(entry).collect::<Result<Vec<_>, _>>()
        })?;
        Ok(found.into_iter().map(|entry| self.counted(entry)).collect())
    }

    fn amend(&self, id: &str, brief: &IncidentBrief) -> Result<(), IncidentsError> {
        let entry = self.find(id)?;
        let (title, service) = (escape(&brief.title), brief.service.as_deref().map(escape));
        let (start, head) = (finite(brief.window.start), json_of(brief)?);
        let update =
            "UPDATE incidents SET title = $2, started_at = to_timestamp($3), service = $4, brief = $5
            WHERE name = $1";
        self.change(update, &[&entry.id, &title, &start, &service, &head])?;
        self.place(&entry)?;
        self.local.amend(&entry.id, brief)
    }

    fn close(&self, id: &str, resolution: Option<&str>, now: f64) -> Result<IncidentEntry, IncidentsError> {
        let entry = self.find(id)?;
        let update = "UPDATE incidents SET status = 'closed', ended_at = to_timestamp($2), resolution = $3
            WHERE name = $1 AND status = 'open'";
        let kept = resolution.map(escape);
        if self.change(update, &[&entry.id, &finite(now), &kept])? == 0 {
            return Err(IncidentsError::Closed(entry.id));
        }
        self.place(&entry)?;
        match self.local.close(&entry.id, resolution, now) {
            Ok(_) | Err(IncidentsError::Closed(_)) => self.incident(&entry.id),
            Err(other) => Err(other),
        }
    }

    fn ingest(&self, id: &str) -> Result<Box<dyn Ingestion + '_>, IncidentsError> {
        let entry = self.find(id)?;
        if entry.status == IncidentStatus::Closed {
            return Err(IncidentsError::Closed(entry.id));
        }
        self.place(&entry)?;
        self.local.ingest(&entry.id)
    }

    fn readings(&self, id: &str, lines: &mut LineSink<'_>) -> Result<Readings, IncidentsError> {
        self.local.readings(&self.placed(id)?, lines)
    }

    fn conclude(&self, id: &str, analysis: &IncidentAnalysis, now: f64) -> Result<(), IncidentsError> {
        let uuid = uuid(&self.find(id)?.id)?;
        let (whole, impact) = (json_of(analysis)?, json_of(&analysis.blast_radius.objectives)?);
        let confidence = analysis.hypotheses.first().map(|h| finite(h.confidence));
        let rows = Conclusion::of(analysis)?;
        Ok(self.pool.again(async |client| {
            let tx = client.transaction().await?;
            // the row is locked first: of two conclusions at once one comes after the other
            let update = "UPDATE incidents SET confidence = $2::float8, slo_impact = $3, analysis = $4
                WHERE id = $1::text::uuid";
            tx.execute(update, &[&uuid, &confidence, &impact, &whole]).await?;
            rows.replace(&tx, &uuid, finite(now)).await?;
            Ok(tx.commit().await?)
        })?)
    }

    fn conclusion(&self, id: &str) -> Result<Option<Value>, IncidentsError> {
        let name = self.find(id)?.id;
        let found: Option<Value> = self.pool.again(async |client| {
            let row = client.query_one("SELECT analysis FROM incidents WHERE name = $1", &[&name]).await?;
            Ok(row.try_get(0)?)
        })?;
        Ok(found.map(|value| unescape_value(&value)))
    }

    fn evidence(&self, id: &str) -> Result<Vec<EvidenceRow>, IncidentsError> {
        let uuid = uuid(&self.find(id)?.id)?;
        let sql = "SELECT name, kind, ref, excerpt, score::float8, extract(epoch FROM created_at)::float8
            FROM evidence WHERE incident_id = $1::text::uuid ORDER BY place";
        Ok(self.pool.again(async |client| {
            let rows = client.query(sql, &[&uuid]).await?;
            rows.iter().map(evidence).collect()
        })?)
    }

    fn raw_line(
        &self,
        id: &str,
        file: &str,
        offset: u64,
        hash: &ContentHash,
    ) -> Result<Vec<u8>, IncidentsError> {
        self.local.raw_line(&self.placed(id)?, file, offset, hash)
    }

    fn extent(&self, id: &str) -> Result<Option<TimeRange>, IncidentsError> {
        self.local.extent(&self.placed(id)?)
    }

    fn prune(&self, retention: SignalRetention, now: f64) -> Result<Pruned, IncidentsError> {
        self.local.prune(retention, now)
    }
}

fn evidence(row: &Row) -> Result<EvidenceRow, PostgresError> {
    let reference = unescape_value(&row.try_get::<_, Value>(2)?);
    let field = |name: &str| reference.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(EvidenceRow {
        id: row.try_get(0)?,
        kind: row.try_get(1)?,
        service: field("service"),
        excerpt: crate::postgres::unescape(row.try_get(3)?),
        score: row.try_get(4)?,
        file: field("file"),
        offset: reference.get("offset").and_then(Value::as_u64),
        hash: field("hash"),
        created_at: row.try_get(5)?,
    })
}

/// The rows of a conclusion, by column.
struct Conclusion {
    names: Vec<String>,
    kinds: Vec<String>,
    references: Vec<Json<Value>>,
    excerpts: Vec<String>,
    scores: Vec<f64>,
    statements: Vec<String>,
    confidences: Vec<f64>,
    support: Vec<Json<Value>>,
    counter: Vec<Json<Value>>,
}

impl Conclusion {
    fn of(analysis: &IncidentAnalysis) -> Result<Self, IncidentsError> {
        let evidence = &analysis.evidence;
        let kind = |e: &ecoops_core::domain::incident::IncidentEvidence| {
            serde_json::to_value(e.kind).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
        };
        let reference = |e: &ecoops_core::domain::incident::IncidentEvidence| {
            json_of(&json!({ "service": e.service, "file": e.file, "offset": e.offset, "hash": e.hash }))
        };
        let hypotheses = &analysis.hypotheses;
        Ok(Self {
            names: evidence.iter().map(|e| escape(&e.id).into_owned()).collect(),
            kinds: evidence.iter().map(kind).collect(),
            references: evidence.iter().map(reference).collect::<Result<_, _>>()?,
            excerpts: evidence.iter().map(|e| escape(&e.excerpt).into_owned()).collect(),
            scores: evidence.iter().map(|e| finite(e.score)).collect(),
            statements: hypotheses.iter().map(|h| escape(&h.statement).into_owned()).collect(),
            confidences: hypotheses.iter().map(|h| finite(h.confidence)).collect(),
            support: hypotheses.iter().map(|h| json_of(&h.support)).collect::<Result<_, _>>()?,
            counter: hypotheses.iter().map(|h| json_of(&h.counter)).collect::<Result<_, _>>()?,
        })
    }

    async fn replace(&self, tx: &Transaction<'_>, incident: &str, now: f64) -> Result<(), PostgresError> {
        tx.execute("DELETE FROM evidence WHERE incident_id = $1::text::uuid", &[&incident]).await?;
        tx.execute("DELETE FROM hypotheses WHERE incident_id = $1::text::uuid", &[&incident]).await?;
        let insert = "INSERT INTO evidence (incident_id, name, kind, ref, excerpt, score, place, created_at)
            SELECT $1::text::uuid, name, kind, ref, excerpt, score, place, to_timestamp($7)
            FROM unnest($2::text[], $3::text[], $4::jsonb[], $5::text[], $6::float8[])
              WITH ORDINALITY AS u (name, kind, ref, excerpt, score, place)
            ON CONFLICT (org_id, incident_id, name) DO NOTHING";
        let (kinds, references) = (&self.kinds, &self.references);
        tx.execute(insert, &[&incident, &self.names, kinds, references, &self.excerpts, &self.scores, &now])
            .await?;
        let insert = "INSERT INTO hypotheses (incident_id, statement, confidence, support, counter, place)
            SELECT $1::text::uuid, statement, confidence, support, counter, place
            FROM unnest($2::text[], $3::float8[], $4::jsonb[], $5::jsonb[])
              WITH ORDINALITY AS u (statement, confidence, support, counter, place)";
        tx.execute(insert, &[&incident, &self.statements, &self.confidences, &self.support, &self.counter])
            .await?;
        Ok(())
    }
}
