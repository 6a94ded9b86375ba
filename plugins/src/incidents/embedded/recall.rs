//! Giving ingested signals back as a source of telemetry would.

use super::schema::sql;
use super::segments::Finder;
use ecoops_core::domain::incident::{
    CallEdge, ChangeRecord, ClusterEvent, EdgeSource, LineSink, LogLevel, LogLine, Reporter, Series,
    SeriesKey, SpanRecord,
};
use ecoops_core::ports::incidents::IncidentsError;
use ecoops_core::ports::telemetry::Readings;
use rusqlite::{Connection, Row};
use serde_json::Value;
use std::collections::BTreeMap;

/// Everything of an incident; log records go to `lines` in the order of ingestion.
pub fn readings(
    connection: &Connection,
    incident: &str,
    lines: &mut LineSink<'_>,
) -> Result<Readings, IncidentsError> {
    let mut found = Readings::default();
    let mut series: BTreeMap<(String, String), Series> = BTreeMap::new();
    each(connection, incident, "metric", &mut |signal| {
        let (Some(ts), value) = (signal.ts, signal.value.unwrap_or(f64::NAN)) else { return Ok(()) };
        let key = (signal.key.clone(), signal.raw_labels.clone());
        series.entry(key).or_insert_with(|| signal.series()).points.push((ts, value));
        Ok(())
    })?;
    found.series = series.into_values().collect();
    for series in &mut found.series {
        series.points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    found.series.sort_by(|a, b| a.key.cmp(&b.key));
    each(connection, incident, "span", &mut |signal| {
        found.spans.extend(signal.span());
        Ok(())
    })?;
    each(connection, incident, "event", &mut |signal| {
        found.events.extend(signal.event());
        Ok(())
    })?;
    for kind in ["deploy", "flag", "config", "infra"] {
        each(connection, incident, kind, &mut |signal| {
            let record: Option<ChangeRecord> = serde_json::from_value(signal.meta.clone()).ok();
            found.changes.extend(record);
            Ok(())
        })?;
    }
    found.changes.sort_by(|a, b| a.time.total_cmp(&b.time));
    found.topology = topology(connection, incident)?;
    found.notes = notes(connection, incident)?;
    let mut finder = Finder::default();
    each(connection, incident, "log", &mut |signal| signal.line(connection, incident, &mut finder, lines))?;
    Ok(found)
}

/// A row of the table, its JSON read.
struct Signal {
    source: String,
    ts: Option<f64>,
    key: String,
    value: Option<f64>,
    text: String,
    raw_labels: String,
    labels: Value,
    meta: Value,
}

fn each(
    connection: &Connection,
    incident: &str,
    kind: &str,
    take: &mut dyn FnMut(&Signal) -> Result<(), IncidentsError>,
) -> Result<(), IncidentsError> {
    let mut statement = connection
        .prepare(
            "SELECT source, ts, key, value, text, labels, meta FROM signals
             WHERE incident_id = ?1 AND kind = ?2 ORDER BY seq",
        )
        .map_err(sql)?;
    let mut rows = statement.query([incident, kind]).map_err(sql)?;
    while let Some(row) = rows.next().map_err(sql)? {
        take(&signal(row).map_err(sql)?)?;
    }
    Ok(())
}

fn signal(row: &Row<'_>) -> rusqlite::Result<Signal> {
    let labels: String = row.get(5)?;
    let meta: Option<String> = row.get(6)?;
    let read = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    Ok(Signal {
        source: row.get(0)?,
        ts: row.get(1)?,
        key: row.get(2)?,
        value: row.get(3)?,
        text: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
        labels: read(&labels),
        raw_labels: labels,
        meta: meta.as_deref().map_or(Value::Null, read),
    })
}

impl Signal {
    fn label(&self, name: &str) -> Option<String> {
        self.labels.get(name)?.as_str().map(str::to_owned)
    }

    fn series(&self) -> Series {
        let reporter = match self.labels.get("reporter").and_then(Value::as_str) {
            Some("caller") => Reporter::Caller,
            _ => Reporter::Callee,
        };
        let key = SeriesKey {
            service: self.label("service").unwrap_or_default(),
            metric: self.key.clone(),
            instance: self.label("instance"),
            version: self.label("version"),
            peer: self.label("peer"),
            reporter,
        };
        Series { key, unit: self.label("unit"), points: Vec::new() }
    }

    fn span(&self) -> Option<SpanRecord> {
        let text = |name: &str| self.meta.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(SpanRecord {
            trace: text("trace")?,
            span: text("span")?,
            parent: text("parent"),
            service: self.label("service")?,
            instance: self.label("instance"),
            operation: self.key.clone(),
            start: self.ts?,
            duration: self.value.unwrap_or(0.0),
            error: self.meta.get("error").and_then(Value::as_bool).unwrap_or(false),
        })
    }

    fn event(&self) -> Option<ClusterEvent> {
        Some(ClusterEvent {
            time: self.ts?,
            service: self.label("service"),
            instance: self.label("instance"),
            reason: self.key.clone(),
            message: self.text.clone(),
            bad: self.meta.get("bad").and_then(Value::as_bool).unwrap_or(false),
            line: self.meta.get("line").and_then(Value::as_u64).unwrap_or(0),
            file: self.source.clone(),
        })
    }

    fn line(
        &self,
        connection: &Connection,
        incident: &str,
        finder: &mut Finder,
        lines: &mut LineSink<'_>,
    ) -> Result<(), IncidentsError> {
        let offset = self.meta.get("offset").and_then(Value::as_u64).unwrap_or(0);
        let raw = finder.find(connection, incident, &self.source, offset)?.pop().unwrap_or_default();
        let frames: Vec<String> =
            self.meta.get("frames").and_then(|f| serde_json::from_value(f.clone()).ok()).unwrap_or_default();
        let level: Option<LogLevel> =
            self.labels.get("level").and_then(|l| serde_json::from_value(l.clone()).ok());
        let (instance, trace) = (self.label("instance"), self.label("trace"));
        lines(&LogLine {
            service: &self.key,
            instance: instance.as_deref(),
            time: self.ts,
            level,
            message: &self.text,
            error: self.meta.get("error").and_then(Value::as_str),
            frames: &frames,
            trace: trace.as_deref(),
            file: &self.source,
            offset,
            raw: &raw,
        });
        Ok(())
    }
}

fn topology(connection: &Connection, incident: &str) -> Result<Vec<CallEdge>, IncidentsError> {
    let mut statement =
        connection.prepare("SELECT node, type, attrs FROM topologies WHERE incident_id = ?1").map_err(sql)?;
    let rows = statement
        .query_map([incident], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        })
        .map_err(sql)?;
    let mut edges = Vec::new();
    for row in rows {
        let (caller, kind, attrs) = row.map_err(sql)?;
        let attrs: Value = serde_json::from_str(&attrs).unwrap_or(Value::Null);
        let source = serde_json::from_value(Value::String(kind)).unwrap_or(EdgeSource::Given);
        if let Some(callee) = attrs.get("callee").and_then(Value::as_str) {
            edges.push(CallEdge { caller, callee: callee.to_owned(), source });
        }
    }
    edges.sort();
    Ok(edges)
}

fn notes(connection: &Connection, incident: &str) -> Result<Vec<String>, IncidentsError> {
    let meta: String = connection
        .query_row("SELECT meta FROM incidents WHERE id = ?1", [incident], |row| row.get(0))
        .map_err(sql)?;
    let meta: Value = serde_json::from_str(&meta).unwrap_or(Value::Null);
    Ok(meta.get("notes").and_then(|n| serde_json::from_value(n.clone()).ok()).unwrap_or_default())
}
