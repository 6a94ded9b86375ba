//! Files that someone hands over for a bundle, each taken for what it is.
//!
//! Logs are streamed; the rest is bounded. Packed files are unpacked as they are read.

use super::write::BundleWriter;
use super::{CaptureError, io};
use crate::telemetry::files::{
    Caps, Stoppable, Text, chunks, names, read_events, read_text, rolled_out, unpacked,
};
use crate::telemetry::role::{Role, place, role_of};
use ecoops_core::domain::incident::{IncidentBrief, SpanRecord};
use ecoops_core::engines::signals::parse::metrics::{Bounds, MetricsReader, SeriesSet};
use ecoops_core::engines::signals::parse::otlp::TracesReader;
use ecoops_core::engines::signals::parse::otlp_records::RecordsReader;
use ecoops_core::engines::signals::parse::{LONGEST_LINE, Notes, exposition, head};
use ecoops_core::ports::telemetry::Readings;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
    stop: &Arc<AtomicBool>,
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
            None => role_of(path).map_err(io(path))?.ok_or_else(|| CaptureError::Input {
                path: path.clone(),
                why: "what it is cannot be told: name it events.json, changes.jsonl, traces.json or the like"
                    .into(),
            })?,
        };
        let text =
            |notes: &mut Notes| with_bytes(path, stop, |bytes| read_text(&mut Text::new(bytes), notes));
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let mut notes = Notes::default();
        match role {
            // The capture has a head of its own.
            Role::Brief => {}
            Role::Log => log(input, &name, stop, writer)?,
            Role::Metrics => {
                let mut reader = MetricsReader::new(Bounds::default());
                with_bytes(path, stop, |bytes| chunks(&mut Text::new(bytes), |piece| reader.feed(piece)))?;
                let (series, odd) = reader.finish();
                readings.series.extend(series);
                notes = odd;
            }
            Role::Exposition => {
                // A text without times is as old as its file, which was written when it was asked for.
                let written =
                    about.modified().ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
                let at = written.map_or(brief.detected_at, |age| age.as_secs_f64());
                exposition::exposition(&text(&mut notes)?, Some(at), &mut samples, &mut notes);
            }
            Role::Traces => {
                let mut reader = TracesReader::default();
                let spans: &mut Vec<SpanRecord> = &mut readings.spans;
                with_bytes(path, stop, |bytes| {
                    chunks(bytes, |piece| reader.feed(piece, &mut |span| spans.push(span)))
                })?;
                notes = reader.finish();
            }
            Role::LogRecords | Role::MetricRecords => notes = records(path, stop, writer, &mut samples)?,
            Role::Events => {
                let content = text(&mut notes)?;
                readings.events.extend(read_events(&content, &name, &mut notes));
            }
            Role::Objects => objects.push(text(&mut notes)?),
            Role::Changes => {
                let content = text(&mut notes)?;
                let lines = (1..).zip(content.lines()).filter(|(_, line)| !line.trim().is_empty());
                readings.changes.extend(lines.filter_map(|(at, line)| head::change(line, at, &mut notes)));
            }
            Role::Topology => {
                let (edges, odd) = head::topology(text(&mut notes)?.as_bytes());
                readings.topology.extend(edges);
                notes = odd;
            }
        }
        readings.notes.extend(notes.sentences(&name));
    }
    readings.series.extend(samples.finish().0);
    rolled_out(&objects, &mut readings.changes, &mut readings.notes);
    Ok(())
}

/// Log records go into the bundle as lines, data points become series.
fn records(
    path: &Path,
    stop: &Arc<AtomicBool>,
    writer: &mut BundleWriter<'_>,
    samples: &mut SeriesSet,
) -> Result<Notes, CaptureError> {
    let mut reader = RecordsReader::default();
    let mut failed = None;
    let mut feed = |piece: &[u8]| {
        reader.feed(piece, samples, &mut |service, instance, line| {
            if failed.is_none() {
                failed = writer.raw_lines(service, instance, true, &format!("{line}\n")).err();
            }
        });
    };
    with_bytes(path, stop, |bytes| chunks(bytes, &mut feed))?;
    failed.map_or_else(|| Ok(reader.finish()), Err)
}

/// A plain file to be read, unpacked when its name says that it is packed, until it is told to stop.
fn with_bytes<T>(
    path: &Path,
    stop: &Arc<AtomicBool>,
    read: impl FnOnce(&mut dyn Read) -> std::io::Result<T>,
) -> Result<T, CaptureError> {
    let file = File::open(path).map_err(io(path))?;
    let size = file.metadata().map_err(io(path))?.len();
    let mut file = Stoppable::new(file, stop.clone());
    let name = path.to_string_lossy();
    let mut bytes = unpacked(&name, size, &mut file, Caps::default());
    let done = read(&mut bytes).map_err(io(path))?;
    if stop.load(Ordering::Relaxed) { Err(CaptureError::Stopped) } else { Ok(done) }
}

/// Copies a log block by block, cleaned. Blocks end with lines.
fn log(
    input: &Input,
    name: &str,
    stop: &Arc<AtomicBool>,
    writer: &mut BundleWriter<'_>,
) -> Result<(), CaptureError> {
    let by_name = match names::part(&place(Role::Log, name)) {
        names::Part::Log { service, instance } => (service, instance),
        _ => (name.split('.').next().unwrap_or(name).to_owned(), None),
    };
    let service = input.service.clone().unwrap_or(by_name.0);
    let instance = input.instance.clone().or(if input.service.is_some() { None } else { by_name.1 });
    let mut blocks =
        Blocks { service: &service, instance: instance.as_deref(), json: None, waiting: Vec::new(), writer };
    let mut failed = None;
    with_bytes(&input.path, stop, |bytes| {
        chunks(bytes, |piece| {
            if failed.is_none() {
                failed = blocks.take(piece).err();
            }
        })
    })?;
    failed.map_or_else(|| blocks.finish(), Err)
}

/// Whole lines of one log on their way into the bundle.
struct Blocks<'a, 'b> {
    service: &'a str,
    instance: Option<&'a str>,
    /// Whether it begins as JSON lines do, once it began.
    json: Option<bool>,
    waiting: Vec<u8>,
    writer: &'a mut BundleWriter<'b>,
}

impl Blocks<'_, '_> {
    fn take(&mut self, piece: &[u8]) -> Result<(), CaptureError> {
        self.json = self.json.or_else(|| piece.first().map(|first| *first == b'{'));
        self.waiting.extend_from_slice(piece);
        let end = match self.waiting.iter().rposition(|b| *b == b'\n') {
            Some(at) => at + 1,
            None if self.waiting.len() >= LONGEST_LINE => self.waiting.len(),
            None => return Ok(()),
        };
        self.write(end)
    }

    fn finish(mut self) -> Result<(), CaptureError> {
        self.write(self.waiting.len())
    }

    fn write(&mut self, end: usize) -> Result<(), CaptureError> {
        let bytes = self.waiting.get(..end).unwrap_or_default();
        if bytes.is_empty() {
            return Ok(());
        }
        // Bytes that are not UTF-8 are kept as a reader would read them.
        let whole: String = match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.split_inclusive(|b| *b == b'\n').map(String::from_utf8_lossy).collect(),
        };
        self.writer.raw_lines(self.service, self.instance, self.json == Some(true), &whole)?;
        self.waiting.drain(..end);
        Ok(())
    }
}
