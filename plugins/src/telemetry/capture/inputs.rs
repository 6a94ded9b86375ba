//! Files that someone hands over for a bundle, each taken for what it is.
//!
//! What a file is, its name says or else its first bytes do. Logs are streamed; the rest is bounded.

use super::write::BundleWriter;
use super::{CaptureError, io};
use crate::telemetry::files::{names, read_text};
use ecoops_core::domain::incident::{IncidentBrief, SpanRecord};
use ecoops_core::engines::signals::parse::json::Json;
use ecoops_core::engines::signals::parse::metrics::{Bounds, MetricsReader, SeriesSet};
use ecoops_core::engines::signals::parse::otlp::TracesReader;
use ecoops_core::engines::signals::parse::otlp_records::RecordsReader;
use ecoops_core::engines::signals::parse::{Notes, exposition, head, rollouts};
use ecoops_core::ports::telemetry::Readings;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Bytes redacted at once: secrets may go over several lines.
const BLOCK: usize = 256 << 10;

/// What a file is to a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Log,
    /// CSV in the bundle's columns.
    Metrics,
    /// Prometheus' text format.
    Exposition,
    Traces,
    /// Logs or metrics in OTLP's JSON.
    Records,
    /// Kubernetes events, alerts.
    Events,
    /// `kubectl get replicasets,deployments,pods -o json`.
    Objects,
    Changes,
    Topology,
}

/// A file to take in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    pub path: PathBuf,
    /// Told by name and content when not given.
    pub role: Option<Role>,
    /// Whose log it is; by its name when not given.
    pub service: Option<String>,
    pub instance: Option<String>,
}

impl Input {
    pub fn of(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), role: None, service: None, instance: None }
    }
}

/// Takes all files in: logs into the bundle, the rest into `readings`.
pub fn take(
    inputs: &[Input],
    brief: &IncidentBrief,
    writer: &mut BundleWriter<'_>,
    readings: &mut Readings,
) -> Result<(), CaptureError> {
    let mut objects = Vec::new();
    let mut samples = SeriesSet::new(Bounds::default());
    for input in inputs {
        let path = &input.path;
        let about = std::fs::metadata(path).map_err(io(path))?;
        if !about.is_file() {
            return Err(CaptureError::Input { path: path.clone(), why: "it is no plain file".into() });
        }
        let role = match input.role {
            Some(role) => role,
            None => role_of(path)?,
        };
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let mut notes = Notes::default();
        match role {
            Role::Log => log(input, &name, writer)?,
            Role::Metrics => {
                let mut reader = MetricsReader::new(Bounds::default());
                pieces(path, |piece| reader.feed(piece))?;
                let (series, odd) = reader.finish();
                readings.series.extend(series);
                notes = odd;
            }
            Role::Exposition => {
                // A text without times is as old as its file, which was written when it was asked for.
                let written =
                    about.modified().ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
                let at = written.map_or(brief.detected_at, |age| age.as_secs_f64());
                exposition::exposition(&text(path, &mut notes)?, at, &mut samples, &mut notes);
            }
            Role::Traces => {
                let mut reader = TracesReader::default();
                let spans: &mut Vec<SpanRecord> = &mut readings.spans;
                pieces(path, |piece| reader.feed(piece, &mut |span| spans.push(span)))?;
                notes = reader.finish();
            }
            Role::Records => notes = records(path, writer, &mut samples)?,
            Role::Events => {
                let content = text(path, &mut notes)?;
                readings.events.extend(crate::telemetry::files::read_events(&content, &name, &mut notes));
            }
            Role::Objects => objects.push(text(path, &mut notes)?),
            Role::Changes => {
                let content = text(path, &mut notes)?;
                let lines = (1..).zip(content.lines()).filter(|(_, line)| !line.trim().is_empty());
                readings.changes.extend(lines.filter_map(|(at, line)| head::change(line, at, &mut notes)));
            }
            Role::Topology => {
                let (edges, odd) = head::topology(text(path, &mut notes)?.as_bytes());
                readings.topology.extend(edges);
                notes = odd;
            }
        }
        readings.notes.extend(notes.sentences(&name));
    }
    readings.series.extend(samples.finish().0);
    from_objects(&objects, readings);
    Ok(())
}

/// Log records go into the bundle as lines, data points become series.
fn records(
    path: &Path,
    writer: &mut BundleWriter<'_>,
    samples: &mut SeriesSet,
) -> Result<Notes, CaptureError> {
    let mut reader = RecordsReader::default();
    let mut failed = None;
    pieces(path, |piece| {
        reader.feed(piece, samples, &mut |service, instance, line| {
            if failed.is_none() {
                failed = writer.raw_lines(service, instance, true, &format!("{line}\n")).err();
            }
        });
    })?;
    failed.map_or_else(|| Ok(reader.finish()), Err)
}

fn from_objects(texts: &[String], readings: &mut Readings) {
    let mut notes = Notes::default();
    let documents: Vec<Json<'_>> = texts.iter().filter_map(|text| Json::read(text).ok()).collect();
    if documents.len() < texts.len() {
        notes.add("a file of objects is not JSON and is ignored", String::new);
    }
    readings.changes.extend(rollouts::rollouts(&documents, &mut notes));
    readings.notes.extend(notes.sentences("objects"));
}

fn text(path: &Path, notes: &mut Notes) -> Result<String, CaptureError> {
    let mut file = File::open(path).map_err(io(path))?;
    read_text(&mut file, notes).map_err(io(path))
}

fn pieces(path: &Path, each: impl FnMut(&[u8])) -> Result<(), CaptureError> {
    let mut file = File::open(path).map_err(io(path))?;
    crate::telemetry::files::chunks(&mut file, each).map_err(io(path))
}

const OTLP: [&str; 4] =
    ["\"resourceLogs\"", "\"resource_logs\"", "\"resourceMetrics\"", "\"resource_metrics\""];

/// What a file is, by its name and its first line.
fn role_of(path: &Path) -> Result<Role, CaptureError> {
    let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    match name.as_str() {
        "metrics.csv" => return Ok(Role::Metrics),
        "topology.csv" => return Ok(Role::Topology),
        "traces.json" => return Ok(Role::Traces),
        "events.jsonl" => return Ok(Role::Events),
        "changes.jsonl" => return Ok(Role::Changes),
        _ => {}
    }
    let mut start = Vec::new();
    File::open(path).and_then(|file| file.take(8192).read_to_end(&mut start)).map_err(io(path))?;
    let start = String::from_utf8_lossy(&start);
    let first = start.trim_start_matches('\u{FEFF}').lines().next().unwrap_or("").trim();
    let ends = |end: &str| name.ends_with(end);
    Ok(if ends(".csv") {
        if first.contains("caller") && first.contains("callee") { Role::Topology } else { Role::Metrics }
    } else if ends(".prom") || start.starts_with("# HELP ") || start.starts_with("# TYPE ") {
        Role::Exposition
    } else if start.contains("\"resourceSpans\"") || start.contains("\"resource_spans\"") {
        Role::Traces
    } else if OTLP.iter().any(|key| start.contains(key)) {
        Role::Records
    } else if ends(".json")
        && (start.contains("\"ReplicaSet\"")
            || start.contains("\"Deployment\"") && !start.contains("involvedObject"))
    {
        Role::Objects
    } else if start.contains("\"involvedObject\"")
        || start.contains("\"alerts\"")
        || start.contains("\"startsAt\"")
    {
        Role::Events
    } else if ends(".jsonl")
        && first.contains("\"kind\"")
        && first.contains("\"service\"")
        && first.contains("\"time\"")
    {
        Role::Changes
    } else if ends(".json") {
        let why = "what it is cannot be told: say whether it holds traces, events or objects".to_owned();
        return Err(CaptureError::Input { path: path.to_owned(), why });
    } else {
        Role::Log
    })
}

/// Copies a log block by block, cleaned. Blocks end with lines.
fn log(input: &Input, name: &str, writer: &mut BundleWriter<'_>) -> Result<(), CaptureError> {
    let path = &input.path;
    let by_name = match names::part(&format!("logs/{name}")) {
        names::Part::Log { service, instance } => (service, instance),
        _ => (name.split('.').next().unwrap_or(name).to_owned(), None),
    };
    let service = input.service.clone().unwrap_or(by_name.0);
    let instance = input.instance.clone().or(if input.service.is_some() { None } else { by_name.1 });
    let mut reader = BufReader::with_capacity(BLOCK, File::open(path).map_err(io(path))?);
    let json = reader.fill_buf().map_err(io(path))?.first() == Some(&b'{');
    let mut block = Vec::with_capacity(BLOCK * 2);
    loop {
        let piece = reader.fill_buf().map_err(io(path))?;
        let length = piece.len();
        block.extend_from_slice(piece);
        reader.consume(length);
        let end = match block.iter().rposition(|b| *b == b'\n') {
            _ if length == 0 => block.len(),
            Some(at) => at + 1,
            None if block.len() >= ecoops_core::engines::signals::parse::LONGEST_LINE => block.len(),
            None => 0,
        };
        if end > 0 {
            // Bytes that are not UTF-8 are kept as a reader would read them.
            let whole: String = match std::str::from_utf8(&block[..end]) {
                Ok(text) => text.to_owned(),
                Err(_) => {
                    block[..end].split_inclusive(|b| *b == b'\n').map(String::from_utf8_lossy).collect()
                }
            };
            writer.raw_lines(&service, instance.as_deref(), json, &whole)?;
            block.drain(..end);
        }
        if length == 0 {
            return Ok(());
        }
    }
}
