//! The parts of a bundle, written in its format.
//!
//! What the reader reads back is what was written, secrets aside.

use super::{CaptureError, Captured, io};
use crate::telemetry::files::names::log_name;
use ecoops_core::domain::incident::{EdgeSource, IncidentBrief, LogLine, Reporter, Series, SpanRecord};
use ecoops_core::engines::redact::Redactor;
use ecoops_core::engines::signals::parse::time::rfc3339;
use ecoops_core::ports::telemetry::Readings;
use serde_json::{Map, Value, json};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Log files held open at once.
const OPEN: usize = 128;
/// Spans of one entry of `resourceSpans`.
const ENTRY: usize = 2000;

/// Writes a bundle into a folder of its own.
pub struct BundleWriter<'a> {
    folder: PathBuf,
    redactor: &'a Redactor,
    redacted: Cell<u64>,
    open: BTreeMap<String, BufWriter<File>>,
    logs: BTreeSet<String>,
    lines: u64,
}

impl std::fmt::Debug for BundleWriter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BundleWriter").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl<'a> BundleWriter<'a> {
    /// Makes the folder, readable by this user only.
    pub fn new(folder: &Path, redactor: &'a Redactor) -> Result<Self, CaptureError> {
        std::fs::DirBuilder::new().mode(0o700).create(folder).map_err(io(folder))?;
        Ok(Self {
            folder: folder.to_owned(),
            redactor,
            redacted: Cell::new(0),
            open: BTreeMap::new(),
            logs: BTreeSet::new(),
            lines: 0,
        })
    }

    /// A text without its secrets.
    pub fn clean(&self, text: &str) -> String {
        let cleaned = self.redactor.redact(text);
        if cleaned.text != text {
            self.redacted.set(self.redacted.get() + 1);
        }
        cleaned.text
    }

    /// Appends lines of a log, as they stand in it, cleaned.
    pub fn raw_lines(
        &mut self,
        service: &str,
        instance: Option<&str>,
        json: bool,
        text: &str,
    ) -> Result<(), CaptureError> {
        let name = log_name(&self.clean(service), instance.map(|i| self.clean(i)).as_deref(), json);
        let cleaned = self.clean(text);
        self.lines += cleaned.lines().count() as u64;
        self.append(&name, &cleaned)
    }

    /// Appends a record that a server gave.
    pub fn record(&mut self, line: &LogLine<'_>) -> Result<(), CaptureError> {
        let mut fields = Map::new();
        if let Some(time) = line.time {
            fields.insert("time".into(), json!(rfc3339(time)));
        }
        if let Some(level) = line.level {
            fields.insert("level".into(), json!(level));
        }
        if let Some(trace) = line.trace {
            fields.insert("trace_id".into(), json!(trace));
        }
        fields.insert("message".into(), json!(self.clean(line.message)));
        if let Some(error) = line.error {
            fields.insert("error".into(), json!(self.clean(error)));
        }
        if !line.frames.is_empty() {
            let frames: String = line.frames.iter().map(|frame| format!("\n    at {frame}()")).collect();
            fields.insert("stack_trace".into(), json!(self.clean(frames.trim_start_matches('\n'))));
        }
        let name = log_name(&self.clean(line.service), line.instance.map(|i| self.clean(i)).as_deref(), true);
        self.lines += 1;
        self.append(&name, &format!("{}\n", Value::Object(fields)))
    }

    fn append(&mut self, name: &str, text: &str) -> Result<(), CaptureError> {
        let path = self.folder.join(name);
        if !self.open.contains_key(name) {
            if self.open.len() >= OPEN {
                self.close()?;
            }
            let folder = self.folder.join("logs");
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(io(&folder))?;
            let file =
                OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(io(&path))?;
            self.open.insert(name.to_owned(), BufWriter::new(file));
            self.logs.insert(name.to_owned());
        }
        let Some(file) = self.open.get_mut(name) else { return Ok(()) };
        file.write_all(text.as_bytes()).map_err(io(&path))
    }

    fn close(&mut self) -> Result<(), CaptureError> {
        for (name, file) in std::mem::take(&mut self.open) {
            let path = self.folder.join(name);
            file.into_inner().map_err(|e| io(&path)(e.into_error()))?;
        }
        Ok(())
    }

    fn part(
        &self,
        name: &str,
        write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
    ) -> Result<(), CaptureError> {
        let path = self.folder.join(name);
        let file =
            OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path).map_err(io(&path))?;
        let mut out = BufWriter::new(file);
        write(&mut out).and_then(|()| out.flush()).map_err(io(&path))
    }

    /// Writes everything but logs; parts of which there is nothing are left out.
    pub fn finish(mut self, brief: &IncidentBrief, readings: Readings) -> Result<Captured, CaptureError> {
        self.close()?;
        self.part("incident.json", |out| writeln!(out, "{:#}", self.brief(brief)))?;
        if !readings.series.is_empty() {
            self.part("metrics.csv", |out| self.metrics(out, &readings.series))?;
        }
        if !readings.spans.is_empty() {
            self.part("traces.json", |out| self.traces(out, &readings.spans))?;
        }
        if !readings.events.is_empty() {
            self.part("events.jsonl", |out| {
                for event in &readings.events {
                    let fields = json!({
                        "time": rfc3339(event.time), "reason": self.clean(&event.reason),
                        "message": self.clean(&event.message), "service": event.service,
                        "instance": event.instance, "bad": event.bad,
                    });
                    writeln!(out, "{}", without_nulls(fields))?;
                }
                Ok(())
            })?;
        }
        if !readings.changes.is_empty() {
            self.part("changes.jsonl", |out| {
                for change in &readings.changes {
                    let clean = |text: &Option<String>| text.as_deref().map(|t| self.clean(t));
                    let fields = json!({
                        "id": self.clean(&change.id), "time": rfc3339(change.time), "kind": change.kind,
                        "service": change.service, "from": clean(&change.from), "to": clean(&change.to),
                        "instances": change.instances, "author": clean(&change.author),
                        "ref": clean(&change.reference),
                    });
                    writeln!(out, "{}", without_nulls(fields))?;
                }
                Ok(())
            })?;
        }
        // What series and spans tell of calls, a reader learns from them, and knows that it was learnt.
        let given = readings.topology.iter().filter(|edge| edge.source == EdgeSource::Given);
        let edges: BTreeSet<(&str, &str)> = given.map(|e| (e.caller.as_str(), e.callee.as_str())).collect();
        if !edges.is_empty() {
            self.part("topology.csv", |out| {
                writeln!(out, "caller,callee")?;
                edges
                    .iter()
                    .try_for_each(|(caller, callee)| writeln!(out, "{},{}", field(caller), field(callee)))
            })?;
        }
        Ok(Captured {
            path: self.folder.clone(),
            series: readings.series.len(),
            spans: readings.spans.len(),
            events: readings.events.len(),
            changes: readings.changes.len(),
            edges: readings.topology.len(),
            logs: self.logs.len(),
            lines: self.lines,
            redacted: self.redacted.get(),
            notes: readings.notes,
        })
    }

    fn brief(&self, brief: &IncidentBrief) -> Value {
        let range = |range: ecoops_core::domain::incident::TimeRange| json!({ "start": rfc3339(range.start), "end": rfc3339(range.end) });
        without_nulls(json!({
            "title": self.clean(&brief.title), "detected_at": rfc3339(brief.detected_at),
            "window": range(brief.window), "service": brief.service, "metric": brief.metric,
            "baseline": brief.baseline.map(range),
        }))
    }

    fn metrics(&self, out: &mut impl Write, series: &[Series]) -> std::io::Result<()> {
        writeln!(out, "ts,service,metric,value,instance,version,peer,unit,reporter")?;
        for one in series {
            let key = &one.key;
            let text = |text: Option<&str>| field(&self.clean(text.unwrap_or("")));
            let (service, metric) = (text(Some(&key.service)), text(Some(&key.metric)));
            let reporter = if key.reporter == Reporter::Caller { "caller" } else { "callee" };
            let rest =
                [&key.instance, &key.version, &key.peer, &one.unit].map(|t| text(t.as_deref())).join(",");
            for (ts, value) in &one.points {
                writeln!(out, "{ts},{service},{metric},{value},{rest},{reporter}")?;
            }
        }
        Ok(())
    }

    /// OTLP's JSON encoding, one entry a service and instance.
    fn traces(&self, out: &mut impl Write, spans: &[SpanRecord]) -> std::io::Result<()> {
        let mut groups: BTreeMap<(&str, Option<&str>), Vec<&SpanRecord>> = BTreeMap::new();
        for span in spans {
            groups.entry((&span.service, span.instance.as_deref())).or_default().push(span);
        }
        write!(out, "{{\"resourceSpans\":[")?;
        let mut separator = "";
        for ((service, instance), spans) in groups {
            let attribute = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
            let mut attributes = vec![attribute("service.name", service)];
            attributes.extend(instance.map(|instance| attribute("service.instance.id", instance)));
            // A reader takes one entry into memory at a time.
            for some in spans.chunks(ENTRY) {
                let spans: Vec<Value> = some.iter().map(|span| self.span(span)).collect();
                let scope = json!([{ "scope": { "name": "ecoops" }, "spans": spans }]);
                let entry = json!({ "resource": { "attributes": attributes }, "scopeSpans": scope });
                write!(out, "{separator}{entry}")?;
                separator = ",\n";
            }
        }
        writeln!(out, "]}}")
    }

    fn span(&self, span: &SpanRecord) -> Value {
        #[allow(clippy::cast_possible_truncation, reason = "saturates")]
        let nanoseconds = |seconds: f64| ((seconds * 1e6).round() as i64).saturating_mul(1000);
        let start = nanoseconds(span.start);
        without_nulls(json!({
            "traceId": span.trace, "spanId": span.span, "parentSpanId": span.parent,
            "name": self.clean(&span.operation), "startTimeUnixNano": start.to_string(),
            "endTimeUnixNano": (start.saturating_add(nanoseconds(span.duration))).to_string(),
            "status": if span.error { json!({ "code": 2 }) } else { Value::Null },
        }))
    }
}

fn without_nulls(mut value: Value) -> Value {
    if let Some(object) = value.as_object_mut() {
        object.retain(|_, field| !field.is_null());
    }
    value
}

/// A field of a CSV file (RFC 4180).
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
