//! The first pass over a bundle: everything but the lines of logs, and both ends of each log.

use super::container::{Container, unpacked};
use super::names::{self, Part};
use super::text::Text;
use super::{BundleBounds, OtherBounds, records};
use ecoops_core::domain::incident::{CallEdge, ChangeRecord, ClusterEvent, Series, SpanRecord, TimeRange};
use ecoops_core::engines::signals::parse::json::Json;
use ecoops_core::engines::signals::parse::metrics::{MetricsReader, SeriesSet};
use ecoops_core::engines::signals::parse::otlp::TracesReader;
use ecoops_core::engines::signals::parse::{
    LogReader, LogSource, Notes, clock, events, exposition, head, quoted, rollouts,
};
use ecoops_core::ports::telemetry::TelemetryError;
use std::collections::BTreeSet;
use std::io::{self, Read};

/// How much of each end of a log is looked at, in bytes.
const HEAD: usize = 256 << 10;
const TAIL: usize = 64 << 10;
/// The most that is read of a file that is taken whole, in bytes.
const WHOLE: u64 = 256 << 20;

/// What the first pass found.
#[derive(Debug, Default)]
pub struct Gathered {
    pub series: Vec<Series>,
    pub spans: Vec<SpanRecord>,
    pub events: Vec<ClusterEvent>,
    pub topology: Vec<CallEdge>,
    pub changes: Vec<ChangeRecord>,
    pub logs: Vec<LogFile>,
    /// Samples that were left out since nobody said when they were taken.
    pub timeless: u64,
    /// What a cluster runs, as its tool printed it.
    objects: Vec<String>,
    /// Names of the files that were there.
    pub parts: BTreeSet<String>,
    pub notes: Vec<String>,
}

impl Gathered {
    /// Whether there is nothing that could be examined.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
            && self.spans.is_empty()
            && self.events.is_empty()
            && self.changes.is_empty()
            && self.topology.is_empty()
            && self.timeless == 0
            && self.logs.iter().all(|log| log.records == 0)
    }

    /// Why nothing in it could be examined, in a few sentences.
    pub fn why_empty(&self) -> String {
        let logs = self.logs.iter().map(|log| match log.binary {
            true => format!("{} is no text", log.source.file),
            false => format!("{} is empty", log.source.file),
        });
        let mut why: Vec<String> = self.notes.iter().cloned().chain(logs).take(3).collect();
        if why.is_empty() {
            why.push("it is empty".to_owned());
        }
        why.join("; ")
    }
}

/// A log of the bundle and what its ends tell.
#[derive(Debug, Clone)]
pub struct LogFile {
    pub source: LogSource,
    /// The time from its first to its last record, as read.
    pub spanned: Option<TimeRange>,
    pub zoned: bool,
    /// Records at both of its ends; 0 for a log without any.
    pub records: u64,
    /// It is no text.
    pub binary: bool,
    /// Seconds by which its own clock is ahead of its carrier's.
    pub lead: Option<f64>,
}

/// Reads everything but the lines of logs; `near` is the time of the incident, where it is known.
pub fn gather(
    container: &Container,
    bounds: BundleBounds,
    near: Option<f64>,
) -> Result<Gathered, TelemetryError> {
    let mut gathered = Gathered::default();
    let mut notes = Notes::default();
    container.visit(&mut notes, &mut |name, size, bytes| {
        file(&mut gathered, name, size, bytes, bounds, near).map(|()| true)
    })?;
    join(&mut gathered.series);
    let objects = std::mem::take(&mut gathered.objects);
    rolled_out(&objects, &mut gathered.changes, &mut gathered.notes);
    gathered.notes.extend(notes.sentences("bundle"));
    gathered.logs.sort_by(|a, b| a.source.file.cmp(&b.source.file));
    gathered.events.sort_by(|a, b| a.time.total_cmp(&b.time));
    gathered.changes.sort_by(|a, b| a.time.total_cmp(&b.time));
    Ok(gathered)
}

fn file(
    gathered: &mut Gathered,
    name: &str,
    size: u64,
    bytes: &mut dyn Read,
    bounds: BundleBounds,
    near: Option<f64>,
) -> io::Result<()> {
    let mut notes = Notes::default();
    let mut whole_file = unpacked(name, size, bytes, bounds.caps);
    let part = names::part(name);
    // A log's reader knows the encodings of logs.
    let is_log = matches!(part, Part::Log { .. });
    let mut text: Box<dyn Read> =
        if is_log { Box::new(whole_file) } else { Box::new(Text::new(&mut whole_file)) };
    let bytes: &mut dyn Read = &mut text;
    let outcome = match part {
        Part::Brief => Ok(()),
        Part::Metrics => {
            let mut reader = MetricsReader::new(bounds.metrics);
            let outcome = chunks(bytes, |chunk| reader.feed(chunk));
            let (series, odd) = reader.finish();
            gathered.series.extend(series);
            notes = odd;
            outcome
        }
        Part::Traces => {
            let mut spans = Spans::new(bounds.other.spans);
            let mut reader = TracesReader::default();
            let outcome = chunks(bytes, |chunk| reader.feed(chunk, &mut |span| spans.add(span)));
            notes = reader.finish();
            gathered.spans.extend(spans.finish(&mut notes));
            outcome
        }
        Part::Records => {
            let mut set = SeriesSet::new(bounds.metrics);
            let (found, outcome) = records::read(name, near.unwrap_or(0.0), bytes, &mut set, &mut |_| {});
            let (series, more) = set.finish();
            gathered.series.extend(series);
            notes = found.notes;
            more.iter().for_each(|note| notes.add(note, String::new));
            if found.count > 0 {
                let source = LogSource { file: name.to_owned(), ..LogSource::default() };
                let (spanned, count) = (found.spanned, found.count);
                gathered.logs.push(LogFile {
                    source,
                    spanned,
                    zoned: true,
                    records: count,
                    binary: false,
                    lead: None,
                });
            }
            outcome
        }
        Part::Exposition => whole(bytes, &mut notes).map(|text| {
            let mut set = SeriesSet::new(bounds.metrics);
            gathered.timeless += exposition::exposition(&text, near, &mut set, &mut notes);
            let (series, more) = set.finish();
            gathered.series.extend(series);
            more.iter().for_each(|note| notes.add(note, String::new));
        }),
        Part::Objects => whole(bytes, &mut notes).map(|text| gathered.objects.push(text)),
        Part::Events => whole(bytes, &mut notes).map(|text| {
            gathered.events.extend(read_events(&text, name, bounds.other, &mut notes));
        }),
        Part::Changes => whole(bytes, &mut notes).map(|text| {
            gathered.changes.extend(read_changes(&text, bounds.other, &mut notes));
        }),
        Part::Topology => whole(bytes, &mut notes).map(|text| {
            let (edges, odd) = head::topology(text.as_bytes());
            gathered.topology.extend(edges);
            notes = odd;
        }),
        Part::Log { service, instance } if gathered.logs.len() < bounds.other.logs => {
            let source =
                LogSource { file: name.to_owned(), service, instance, near: near.unwrap_or(0.0), shift: 0.0 };
            let (log, outcome) = probe(source, bytes);
            gathered.logs.push(log);
            outcome
        }
        Part::Log { .. } => {
            notes.add(&format!("logs beyond the first {} are ignored", bounds.other.logs), String::new);
            Ok(())
        }
        Part::CompressedLog => {
            notes.add("a compressed log is ignored: unpack it first", String::new);
            Ok(())
        }
        Part::Unknown => {
            gathered.notes.push(format!("the unknown file {} is ignored", quoted(name)));
            Ok(())
        }
    };
    let outcome = match outcome {
        Err(error) if names::unpacked_name(name) != name => {
            notes.add("it cannot be unpacked to its end", || error.to_string());
            Ok(())
        }
        outcome => outcome,
    };
    gathered.parts.insert(name.to_owned());
    gathered.notes.extend(notes.sentences(name));
    outcome
}

/// Rollouts that the objects of a cluster tell of; one file may name what another holds.
pub fn rolled_out(texts: &[String], changes: &mut Vec<ChangeRecord>, said: &mut Vec<String>) {
    let mut notes = Notes::default();
    let documents: Vec<Json<'_>> = texts.iter().filter_map(|text| Json::read(text).ok()).collect();
    if documents.len() < texts.len() {
        notes.add("a file of objects is not JSON and is ignored", String::new);
    }
    changes.extend(rollouts::rollouts(&documents, &mut notes));
    said.extend(notes.sentences("objects"));
}

/// Puts the points of one series together that came in several files, in the order of time.
fn join(series: &mut Vec<Series>) {
    if series.is_sorted_by(|a, b| a.key < b.key) {
        return;
    }
    series.sort_by(|a, b| a.key.cmp(&b.key));
    let mut joined: Vec<Series> = Vec::with_capacity(series.len());
    for one in series.drain(..) {
        match joined.last_mut().filter(|last| last.key == one.key) {
            Some(last) => {
                last.points.extend(one.points);
                last.points.sort_by(|a, b| a.0.total_cmp(&b.0));
            }
            None => joined.push(one),
        }
    }
    *series = joined;
}

/// Hands a stream on in pieces.
pub fn chunks(bytes: &mut dyn Read, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; 256 << 10];
    loop {
        match bytes.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => each(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A text file as a whole, as far as it is believed.
pub fn whole(bytes: &mut dyn Read, notes: &mut Notes) -> io::Result<String> {
    let mut content = Vec::new();
    let outcome = bytes.take(WHOLE).read_to_end(&mut content);
    if content.len() as u64 == WHOLE {
        notes.add("what lies beyond 256 MiB is ignored", String::new);
    }
    outcome.map(|_| match String::from_utf8(content) {
        Ok(text) => text,
        Err(error) => {
            notes.add("bytes that are not UTF-8 are replaced", String::new);
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        }
    })
}

pub fn read_events(text: &str, name: &str, bounds: OtherBounds, notes: &mut Notes) -> Vec<ClusterEvent> {
    let text = text.trim_start_matches('\u{FEFF}');
    let mut found = Vec::new();
    // As a cluster's tool prints it: one document over many lines.
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
    if Json::read(first).is_err()
        && let Ok(json) = Json::read(text)
    {
        found = events::events(&json, name, 1, notes);
    } else {
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            match Json::read(line) {
                Ok(json) => found.extend(events::events(&json, name, number, notes)),
                Err(_) => notes.add("a line that is not JSON is ignored", || format!("line {number}")),
            }
            if found.len() > bounds.events {
                break;
            }
        }
    }
    if found.len() > bounds.events {
        found.truncate(bounds.events);
        notes.add(&format!("events beyond the first {} are ignored", bounds.events), String::new);
    }
    found
}

fn read_changes(text: &str, bounds: OtherBounds, notes: &mut Notes) -> Vec<ChangeRecord> {
    let text = text.trim_start_matches('\u{FEFF}');
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let mut changes: Vec<ChangeRecord> = lines
        .filter_map(|(number, line)| head::change(line, number, notes))
        .take(bounds.changes + 1)
        .collect();
    if changes.len() > bounds.changes {
        changes.truncate(bounds.changes);
        notes.add(&format!("changes beyond the first {} are ignored", bounds.changes), String::new);
    }
    head::distinct(&mut changes, notes);
    changes
}

/// Looks at both ends of a log.
fn probe(source: LogSource, bytes: &mut dyn Read) -> (LogFile, io::Result<()>) {
    let mut head = Vec::new();
    let mut tail: Vec<u8> = Vec::new();
    let outcome = chunks(bytes, |chunk| {
        let room = (HEAD - head.len()).min(chunk.len());
        head.extend_from_slice(&chunk[..room]);
        let rest = &chunk[room..];
        let kept = &rest[rest.len().saturating_sub(TAIL)..];
        let surplus = (tail.len() + kept.len()).saturating_sub(TAIL);
        tail.drain(..surplus.min(tail.len()));
        tail.extend_from_slice(kept);
    });
    // The tail begins in the middle of a line.
    let begin = tail.iter().position(|b| *b == b'\n').map_or(tail.len(), |at| at + 1);
    let parts = [&head[..], &tail[begin..]].map(|part| {
        let mut reader = LogReader::new(source.clone());
        reader.feed(part, &mut |_| {});
        reader.finish(&mut |_| {})
    });
    let first = parts.iter().filter_map(|facts| facts.first).reduce(f64::min);
    let last = parts.iter().filter_map(|facts| facts.last).reduce(f64::max);
    let log = LogFile {
        spanned: first.zip(last).map(|(start, end)| TimeRange { start, end }),
        zoned: parts.iter().all(|facts| facts.zoned),
        records: parts.iter().map(|facts| facts.records).sum(),
        binary: parts[0].binary,
        lead: clock::lead(&parts[0]),
        source,
    };
    (log, outcome)
}

/// Spans under a bound: beyond it every second trace is left out, again and again.
struct Spans {
    kept: Vec<SpanRecord>,
    most: usize,
    mask: u64,
}

impl Spans {
    fn new(most: usize) -> Self {
        Self { kept: Vec::new(), most, mask: 0 }
    }

    fn add(&mut self, span: SpanRecord) {
        if trace_hash(&span.trace) & self.mask != 0 {
            return;
        }
        self.kept.push(span);
        while self.kept.len() > self.most && self.mask < u64::MAX >> 1 {
            self.mask = self.mask * 2 + 1;
            let mask = self.mask;
            self.kept.retain(|span| trace_hash(&span.trace) & mask == 0);
        }
    }

    fn finish(self, notes: &mut Notes) -> Vec<SpanRecord> {
        if self.mask > 0 {
            let what = format!(
                "there are more than {} spans: one trace in {} is kept, whole",
                self.most,
                self.mask.saturating_add(1)
            );
            notes.add(&what, String::new);
        }
        self.kept
    }
}

/// FNV-1a: the same traces are kept on every machine.
fn trace_hash(id: &str) -> u64 {
    let hash = id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hash ^ (hash >> 32)
}
