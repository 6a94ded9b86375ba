//! Understands an incident: reads its sources and groups what logs said, while they are read.
//!
//! Log records pass through a bounded queue to one thread that groups them, so that memory does not grow with
//! the logs and the result does not depend on the number of processors. Never judges what it read.

use crate::domain::incident::{IncidentBrief, IncidentData, LogCluster, LogLevel, LogLine};
use crate::engines::signals::groups::{Bounds, Groups};
use crate::ports::telemetry::{Readings, Scope, Telemetry, TelemetryError};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Records and bytes that are handed over at a time, and how many such batches may wait.
const BATCH: usize = 2_048;
const BATCH_BYTES: usize = 1 << 20;
const WAITING: usize = 4;

/// What was read, and how.
#[derive(Debug)]
pub struct Understood {
    pub data: IncidentData,
    pub records: u64,
    /// Batches of records that waited to be grouped, at most.
    pub queue_depth: u64,
}

/// Reads all sources. `brief` wins over what a source says itself.
///
/// # Errors
/// [`TelemetryError`] when no source could be read, or none knows what the incident is.
pub fn understand(
    sources: &[&dyn Telemetry],
    brief: Option<IncidentBrief>,
    step: &(dyn Fn(u64) + Sync),
    cancel: &AtomicBool,
) -> Result<Understood, TelemetryError> {
    let brief = match brief {
        Some(brief) => brief,
        None => own_brief(sources)?,
    };
    let scope = Scope::of(&brief);
    let queue = Queue::default();
    let (sender, receiver) = sync_channel(WAITING);
    let groups = || {
        let [window, reference] = [scope.ranges.first(), scope.ranges.get(1)].map(Option::<&_>::copied);
        let window = window.unwrap_or(brief.window);
        group(receiver, Groups::new(window, reference.unwrap_or(window), Bounds::default()), &queue, step)
    };
    let (read, (logs, notes, records)) = std::thread::scope(|threads| {
        let grouping = threads.spawn(groups);
        let read = read(sources, &scope, Writer { sender, batch: Batch::default(), queue: &queue }, cancel);
        (read, grouping.join().unwrap_or_default())
    });
    let mut readings = read?;
    readings.notes.extend(notes);
    let data = readings.into_data(brief, logs);
    Ok(Understood { data, records, queue_depth: queue.deepest.into_inner() })
}

fn own_brief(sources: &[&dyn Telemetry]) -> Result<IncidentBrief, TelemetryError> {
    for source in sources {
        if let Some(brief) = source.brief()? {
            return Ok(brief);
        }
    }
    Err(TelemetryError::Untimed("nothing says when the incident was: give a bundle, or a time".to_owned()))
}

/// What all sources give; one that fails beside others is a note.
fn read(
    sources: &[&dyn Telemetry],
    scope: &Scope,
    mut writer: Writer<'_>,
    cancel: &AtomicBool,
) -> Result<Readings, TelemetryError> {
    let mut all = Readings::default();
    let mut failed = Vec::new();
    for source in sources {
        if cancel.load(Ordering::Relaxed) {
            break;
        }
        let mut push = |line: &LogLine<'_>| {
            if !cancel.load(Ordering::Relaxed) {
                writer.push(line);
            }
        };
        match source.read(scope, &mut push) {
            Ok(readings) => all.absorb(readings),
            Err(error) => failed.push((source.name(), error)),
        }
    }
    writer.flush();
    if failed.len() == sources.len()
        && let Some((_, error)) = failed.pop()
    {
        return Err(error);
    }
    all.notes.extend(failed.into_iter().map(|(name, error)| format!("{name} was not read: {error}")));
    Ok(all)
}

fn group(
    receiver: Receiver<Batch>,
    mut groups: Groups,
    queue: &Queue,
    step: &(dyn Fn(u64) + Sync),
) -> (Vec<LogCluster>, Vec<String>, u64) {
    for batch in receiver {
        queue.waiting.fetch_sub(1, Ordering::Relaxed);
        batch.records.iter().for_each(|record| groups.push(&batch.line(record)));
        step(batch.records.len() as u64);
    }
    let records = groups.records();
    let (clusters, notes) = groups.finish();
    (clusters, notes, records)
}

/// How full the queue is, for measurement only.
#[derive(Debug, Default)]
struct Queue {
    waiting: AtomicU64,
    deepest: AtomicU64,
}

struct Writer<'a> {
    sender: SyncSender<Batch>,
    batch: Batch,
    queue: &'a Queue,
}

impl Writer<'_> {
    fn push(&mut self, line: &LogLine<'_>) {
        self.batch.push(line);
        if self.batch.records.len() >= BATCH || self.batch.bytes.len() >= BATCH_BYTES {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if self.batch.records.is_empty() {
            return;
        }
        let waiting = self.queue.waiting.fetch_add(1, Ordering::Relaxed) + 1;
        self.queue.deepest.fetch_max(waiting, Ordering::Relaxed);
        // It fails only when the other side broke down, which ends the whole reading.
        let _ = self.sender.send(std::mem::take(&mut self.batch));
    }
}

/// Records that own their bytes, all in one piece.
#[derive(Debug, Default)]
struct Batch {
    bytes: Vec<u8>,
    records: Vec<Record>,
}

#[derive(Debug)]
struct Record {
    service: Range<usize>,
    instance: Option<Range<usize>>,
    time: Option<f64>,
    level: Option<LogLevel>,
    message: Range<usize>,
    error: Option<Range<usize>>,
    frames: Vec<String>,
    trace: Option<Range<usize>>,
    file: Range<usize>,
    offset: u64,
    raw: Range<usize>,
}

impl Batch {
    fn push(&mut self, line: &LogLine<'_>) {
        let mut put = |bytes: &[u8]| {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(bytes);
            start..self.bytes.len()
        };
        let record = Record {
            service: put(line.service.as_bytes()),
            instance: line.instance.map(|i| put(i.as_bytes())),
            time: line.time,
            level: line.level,
            message: put(line.message.as_bytes()),
            error: line.error.map(|e| put(e.as_bytes())),
            frames: line.frames.to_vec(),
            trace: line.trace.map(|t| put(t.as_bytes())),
            file: put(line.file.as_bytes()),
            offset: line.offset,
            raw: put(line.raw),
        };
        self.records.push(record);
    }

    fn line<'a>(&'a self, record: &'a Record) -> LogLine<'a> {
        let bytes = |range: &Range<usize>| self.bytes.get(range.clone()).unwrap_or_default();
        let text = |range: &Range<usize>| std::str::from_utf8(bytes(range)).unwrap_or_default();
        LogLine {
            service: text(&record.service),
            instance: record.instance.as_ref().map(text),
            time: record.time,
            level: record.level,
            message: text(&record.message),
            error: record.error.as_ref().map(text),
            frames: &record.frames,
            trace: record.trace.as_ref().map(text),
            file: text(&record.file),
            offset: record.offset,
            raw: bytes(&record.raw),
        }
    }
}
