//! Taking signals in: one transaction, each signal once, under bounds.

use super::schema::sql;
use super::segments::Writer;
use ecoops_core::domain::ContentHash;
use ecoops_core::domain::incident::{LogLevel, LogLine, Reporter, Series};
use ecoops_core::engines::signals::parse::Shed;
use ecoops_core::ports::incidents::{IncidentsError, Ingested, Ingestion};
use ecoops_core::ports::telemetry::Readings;
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What one ingestion keeps at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IngestBounds {
    /// Log records of each of two classes: those that warn or fail, and the rest.
    pub lines: u64,
    pub points: u64,
    pub spans: u64,
    /// Bytes of raw lines; beyond them records are kept without.
    pub raw: u64,
}

impl Default for IngestBounds {
    fn default() -> Self {
        Self { lines: 1_000_000, points: 2_000_000, spans: 500_000, raw: 2 << 30 }
    }
}

/// An ingestion under way; dropped without `finish` it leaves nothing.
#[derive(Debug)]
pub struct Open {
    connection: Connection,
    incident: String,
    bounds: IngestBounds,
    segments: Writer,
    raw: u64,
    bad: Shed,
    plain: Shed,
    spans: Shed,
    points: u64,
    notes: Vec<String>,
    so_far: Ingested,
}

/// One row of the table.
struct Signal<'a> {
    source: &'a str,
    kind: &'a str,
    ts: Option<f64>,
    key: &'a str,
    value: Option<f64>,
    text: Option<&'a str>,
    labels: &'a str,
    meta: Option<String>,
}

impl Open {
    /// `connection` is this ingestion's own.
    pub fn begin(
        connection: Connection,
        incident: String,
        bounds: IngestBounds,
    ) -> Result<Self, IncidentsError> {
        connection.execute_batch("BEGIN IMMEDIATE").map_err(sql)?;
        Ok(Self {
            connection,
            incident,
            bounds,
            segments: Writer::default(),
            raw: 0,
            bad: Shed::new(bounds.lines),
            plain: Shed::new(bounds.lines),
            spans: Shed::new(bounds.spans),
            points: 0,
            notes: Vec::new(),
            so_far: Ingested::default(),
        })
    }

    /// Keeps a signal; `false` when it is there already.
    fn put(&mut self, signal: &Signal<'_>) -> Result<bool, IncidentsError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "INSERT OR IGNORE INTO signals (id, incident_id, source, kind, ts, key, value, text, labels, meta)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )
            .map_err(sql)?;
        let row = params![
            identity(signal),
            self.incident,
            signal.source,
            signal.kind,
            signal.ts,
            signal.key,
            signal.value,
            signal.text,
            signal.labels,
            signal.meta
        ];
        let new = statement.execute(row).map_err(sql)? > 0;
        self.so_far.known += u64::from(!new);
        Ok(new)
    }

    fn series(&mut self, series: &Series, stride: usize) -> Result<(), IncidentsError> {
        let key = &series.key;
        let labels = json!({
            "service": key.service, "instance": key.instance, "version": key.version, "peer": key.peer,
            "reporter": if key.reporter == Reporter::Caller { "caller" } else { "callee" }, "unit": series.unit,
        });
        let labels = compact(labels);
        for (ts, value) in series.points.iter().step_by(stride) {
            let signal = Signal {
                source: "metrics",
                kind: "metric",
                ts: Some(*ts),
                key: &key.metric,
                // SQLite has no NaN; nothing stands for it.
                value: Some(*value).filter(|v| !v.is_nan()),
                text: None,
                labels: &labels,
                meta: None,
            };
            self.so_far.points += u64::from(self.put(&signal)?);
        }
        Ok(())
    }

    fn others(&mut self, readings: &Readings) -> Result<(), IncidentsError> {
        for span in &readings.spans {
            if !self.spans.keep() {
                continue;
            }
            let labels = compact(json!({ "service": span.service, "instance": span.instance }));
            let meta = json!({
                "trace": span.trace, "span": span.span, "parent": span.parent, "error": span.error,
            });
            let new = self.put(&Signal {
                source: "traces",
                kind: "span",
                ts: Some(span.start),
                key: &span.operation,
                value: Some(span.duration),
                text: None,
                labels: &labels,
                meta: Some(meta.to_string()),
            })?;
            self.so_far.spans += u64::from(new);
        }
        for event in &readings.events {
            let labels = compact(json!({ "service": event.service, "instance": event.instance }));
            let new = self.put(&Signal {
                source: &event.file,
                kind: "event",
                ts: Some(event.time),
                key: &event.reason,
                value: None,
                text: Some(&event.message),
                labels: &labels,
                meta: Some(json!({ "bad": event.bad, "line": event.line }).to_string()),
            })?;
            self.so_far.events += u64::from(new);
        }
        for change in &readings.changes {
            let record = serde_json::to_value(change).map_err(|e| IncidentsError::Storage(e.to_string()))?;
            let kind = record.get("kind").and_then(Value::as_str).unwrap_or("deploy").to_owned();
            let new = self.put(&Signal {
                source: "changes",
                kind: &kind,
                ts: Some(change.time),
                key: &change.id,
                value: None,
                text: None,
                labels: &compact(json!({ "service": change.service })),
                meta: Some(record.to_string()),
            })?;
            self.so_far.changes += u64::from(new);
        }
        self.topology(readings)
    }

    fn topology(&mut self, readings: &Readings) -> Result<(), IncidentsError> {
        for edge in &readings.topology {
            let attrs = json!({ "callee": edge.callee }).to_string();
            let source =
                serde_json::to_value(edge.source).map_err(|e| IncidentsError::Storage(e.to_string()))?;
            let kind = source.as_str().unwrap_or("given").to_owned();
            let id = uuid_of(&[edge.caller.as_bytes(), kind.as_bytes(), attrs.as_bytes()]);
            self.connection
                .prepare_cached(
                    "INSERT OR IGNORE INTO topologies (id, incident_id, node, type, attrs) VALUES (?1, ?2, ?3, ?4, ?5)",
                )
                .and_then(|mut statement| {
                    statement.execute(params![id, self.incident, edge.caller, kind, attrs])
                })
                .map_err(sql)?;
        }
        Ok(())
    }

    fn raw(&mut self, line: &LogLine<'_>) -> Result<(), IncidentsError> {
        if self.raw.saturating_add(line.raw.len() as u64) > self.bounds.raw {
            return Ok(());
        }
        self.raw += line.raw.len() as u64;
        self.segments.add(&self.connection, &self.incident, line.file, line.offset, line.raw)
    }

    /// Adds what was said about the reading to the incident's notes.
    fn keep_notes(&mut self) -> Result<(), IncidentsError> {
        let meta: String = self
            .connection
            .query_row("SELECT meta FROM incidents WHERE id = ?1", [&self.incident], |row| row.get(0))
            .map_err(sql)?;
        let mut meta: Value = serde_json::from_str(&meta).unwrap_or_else(|_| json!({}));
        let mut notes: Vec<String> =
            meta.get("notes").and_then(|n| serde_json::from_value(n.clone()).ok()).unwrap_or_default();
        for note in self.notes.drain(..) {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        if let Some(object) = meta.as_object_mut() {
            object.insert("notes".into(), json!(notes));
        }
        self.connection
            .execute("UPDATE incidents SET meta = ?2 WHERE id = ?1", params![self.incident, meta.to_string()])
            .map_err(sql)?;
        Ok(())
    }
}

impl Ingestion for Open {
    fn line(&mut self, line: &LogLine<'_>) -> Result<(), IncidentsError> {
        let bad = line.level >= Some(LogLevel::Warn);
        let shed = if bad { &mut self.bad } else { &mut self.plain };
        if !shed.keep() {
            return Ok(());
        }
        let labels = compact(json!({
            "service": line.service, "instance": line.instance, "level": line.level, "trace": line.trace,
        }));
        let hash = ContentHash::of(line.raw);
        let mut meta = json!({ "file": line.file, "offset": line.offset, "hash": hash.as_str() });
        if let (Some(object), false) = (meta.as_object_mut(), line.frames.is_empty() && line.error.is_none())
        {
            object.insert("error".into(), json!(line.error));
            object.insert("frames".into(), json!(line.frames));
        }
        let new = self.put(&Signal {
            source: line.file,
            kind: "log",
            ts: line.time,
            key: line.service,
            value: None,
            text: Some(line.message),
            labels: &labels,
            meta: Some(meta.to_string()),
        })?;
        if new {
            self.so_far.lines += 1;
            self.raw(line)?;
        }
        Ok(())
    }

    fn readings(&mut self, readings: &Readings) -> Result<(), IncidentsError> {
        let points: usize = readings.series.iter().map(|series| series.points.len()).sum();
        let room =
            usize::try_from(self.bounds.points.saturating_sub(self.points)).unwrap_or(usize::MAX).max(1);
        let stride = points.div_ceil(room).max(1);
        for series in &readings.series {
            self.series(series, stride)?;
        }
        let kept: usize = readings.series.iter().map(|series| series.points.len().div_ceil(stride)).sum();
        self.points += kept as u64;
        self.so_far.shed += (points - kept) as u64;
        if stride > 1 {
            self.notes.push(format!(
                "store: more than {} points came in: one in {stride} of each series is kept",
                self.bounds.points
            ));
        }
        self.notes.extend(readings.notes.iter().cloned());
        self.others(readings)
    }

    fn finish(mut self: Box<Self>) -> Result<Ingested, IncidentsError> {
        self.segments.flush(&self.connection, &self.incident)?;
        for (shed, what) in
            [(self.bad, "that warn or fail"), (self.plain, "of lower levels"), (self.spans, "")]
        {
            if shed.lost() > 0 {
                let what = if what.is_empty() { "spans".to_owned() } else { format!("log records {what}") };
                self.notes.push(format!("store: {} {what} were shed; those kept are a sample", shed.lost()));
                self.so_far.shed += shed.lost();
            }
        }
        if self.raw >= self.bounds.raw {
            self.notes
                .push("store: raw lines beyond the bound are not kept; they cannot be shown again".into());
        }
        self.keep_notes()?;
        self.connection.execute_batch("COMMIT").map_err(sql)?;
        Ok(self.so_far)
    }
}

/// The same signal has the same id, so that it is kept once. A UUID of version 8 (RFC 9562, 5.8) by SHA-256.
fn identity(signal: &Signal<'_>) -> String {
    let number = |value: Option<f64>| value.map_or([0xFF; 8], f64::to_le_bytes);
    uuid_of(&[
        signal.source.as_bytes(),
        signal.kind.as_bytes(),
        &number(signal.ts),
        signal.key.as_bytes(),
        &number(signal.value),
        signal.text.unwrap_or("").as_bytes(),
        signal.labels.as_bytes(),
        signal.meta.as_deref().unwrap_or("").as_bytes(),
    ])
}

fn uuid_of(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(digest.finalize()) {
        *to = from;
    }
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// JSON without the fields that are null.
fn compact(mut value: Value) -> String {
    if let Some(object) = value.as_object_mut() {
        object.retain(|_, field| !field.is_null());
    }
    value.to_string()
}
