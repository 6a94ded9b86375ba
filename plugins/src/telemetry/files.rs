//! Incident bundles: a folder, or the same as `.tar.zst`.
//!
//! Read in two passes and never unpacked: the first takes metrics, traces, events, changes and topology and
//! looks at both ends of each log; the second streams the logs. Memory is bounded by what is kept of the first.

mod container;
mod gather;
mod logs;
pub mod names;
pub mod records;
mod text;

use container::Container;
use ecoops_core::domain::incident::{ClusterEvent, IncidentBrief, LineSink, Series, TimeRange};
use ecoops_core::engines::signals::parse::metrics::{self, Bounds};
use ecoops_core::engines::signals::parse::{Notes, head, logs::line_at};
use ecoops_core::ports::telemetry::{Capabilities, Readings, Scope, Telemetry, TelemetryError};
use gather::Gathered;
use names::Part;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

pub use container::{Caps, is_archive};
pub(super) use container::{Stoppable, unpacked};
pub(super) use gather::{chunks, rolled_out, whole as read_text};
pub(super) use text::Text;

/// The first bytes of a plain file, unpacked when its name says that it is packed; what cannot be unpacked is as good
/// as nothing.
pub(super) fn head_of(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    let mut file = std::fs::File::open(path)?;
    let mut start = Vec::new();
    let read =
        unpacked(&path.to_string_lossy(), 0, &mut file, Caps::default()).take(most).read_to_end(&mut start);
    match read {
        Err(_) if names::unpacked_name(&path.to_string_lossy()).len() < path.to_string_lossy().len() => {
            Ok(start)
        }
        read => read.map(|_| start),
    }
}

/// What a file of that name holds, as text: unpacked when its name says that it is packed, in UTF-8 when it is UTF-16.
pub fn readable<'a>(name: &str, bytes: &'a mut dyn Read) -> Box<dyn Read + 'a> {
    Box::new(Text::new(unpacked(name, 0, bytes, Caps::default())))
}

/// Events of a file outside a bundle.
pub(super) fn read_events(text: &str, name: &str, notes: &mut Notes) -> Vec<ClusterEvent> {
    gather::read_events(text, name, OtherBounds::default(), notes)
}

/// Bounds on what is read and kept of a bundle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BundleBounds {
    pub caps: Caps,
    pub metrics: Bounds,
    pub other: OtherBounds,
}

/// Bounds on what is kept besides metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtherBounds {
    /// Spans; whole traces are left out beyond.
    pub spans: usize,
    pub events: usize,
    pub changes: usize,
    /// Log files that are looked at.
    pub logs: usize,
}

impl Default for OtherBounds {
    fn default() -> Self {
        Self { spans: 1_000_000, events: 200_000, changes: 100_000, logs: 50_000 }
    }
}

/// A bundle on disk.
#[derive(Debug)]
pub struct FileBundle {
    container: Container,
    bounds: BundleBounds,
    guessed: OnceLock<IncidentBrief>,
}

impl FileBundle {
    /// # Errors
    /// [`TelemetryError::Missing`] when there is nothing, [`TelemetryError::Invalid`] for what is no bundle.
    pub fn open(path: &Path, bounds: BundleBounds) -> Result<Self, TelemetryError> {
        Ok(Self { container: Container::open(path, bounds.caps)?, bounds, guessed: OnceLock::new() })
    }

    /// The same with another name in messages than its path, which may be a temporary one.
    #[must_use]
    pub fn called(mut self, label: String) -> Self {
        self.container.call(label);
        self
    }

    /// The same, which stops reading soon after the flag is set; what it gave until then is no whole.
    #[must_use]
    pub fn until(mut self, stop: Arc<AtomicBool>) -> Self {
        self.container.stop_by(stop);
        self
    }

    /// The head as it stands in the bundle, and what was odd about it.
    fn written_brief(&self) -> Result<Option<(IncidentBrief, Notes)>, TelemetryError> {
        let mut text = None;
        self.container.visit(&mut Notes::default(), &mut |name, size, bytes| {
            if names::part(name) == Part::Brief {
                let mut content = Vec::new();
                let mut bytes = container::unpacked(name, size, bytes, self.bounds.caps);
                Text::new(&mut bytes).take(1 << 20).read_to_end(&mut content)?;
                text = Some(String::from_utf8_lossy(&content).into_owned());
            }
            Ok(text.is_none())
        })?;
        text.map(|text| head::brief(&text))
            .transpose()
            .map_err(|error| TelemetryError::Invalid(format!("{}: {error}", self.container.label())))
    }

    /// A head made of what the data span, for a bundle that has none.
    fn guess(&self, gathered: &Gathered) -> Result<IncidentBrief, TelemetryError> {
        let extents = gathered.logs.iter().filter_map(|log| log.spanned);
        let spanned = metrics::extent(&gathered.series)
            .into_iter()
            .chain(extents)
            .reduce(|a, b| TimeRange { start: a.start.min(b.start), end: a.end.max(b.end) });
        let Some(spanned) = spanned.filter(|s| s.length() > 0.0) else {
            return Err(self.without_times(gathered));
        };
        let length = (spanned.length() / 4.0).max(600.0).min(spanned.length());
        // Half-open: the last sample belongs to the window.
        let window = TimeRange { start: spanned.end - length, end: spanned.end + 1.0 };
        Ok(self
            .guessed
            .get_or_init(|| IncidentBrief {
                title: "Incident".into(),
                detected_at: window.end,
                window,
                service: None,
                metric: None,
                baseline: None,
            })
            .clone())
    }

    /// Why no head can be guessed: there is nothing, or nothing tells a time.
    fn without_times(&self, gathered: &Gathered) -> TelemetryError {
        let label = self.container.label();
        if gathered.is_empty() {
            let why = gathered.why_empty();
            return TelemetryError::Nothing(format!("there is nothing to examine in {label}: {why}"));
        }
        TelemetryError::Untimed(format!(
            "{label}: there is no incident.json, and nothing else tells a time from which one could be guessed"
        ))
    }

    fn gather(&self, near: Option<f64>) -> Result<Gathered, TelemetryError> {
        gather::gather(&self.container, self.bounds, near)
    }
}

impl Telemetry for FileBundle {
    fn name(&self) -> String {
        format!("bundle {}", self.container.label())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { series: true, logs: true, spans: true, events: true, changes: true, topology: true }
    }

    fn health(&self) -> Result<String, TelemetryError> {
        let mut files = 0;
        let mut known = 0;
        self.container.visit(&mut Notes::default(), &mut |name, _, _| {
            files += 1;
            known += usize::from(names::part(name) != Part::Unknown);
            Ok(true)
        })?;
        if known == 0 {
            let label = self.container.label();
            return Err(TelemetryError::Nothing(format!("{label} holds nothing of an incident bundle")));
        }
        Ok(format!("{known} of {files} files are an incident bundle's"))
    }

    fn brief(&self) -> Result<Option<IncidentBrief>, TelemetryError> {
        if let Some((brief, _)) = self.written_brief()? {
            return Ok(Some(brief));
        }
        if let Some(guessed) = self.guessed.get() {
            return Ok(Some(guessed.clone()));
        }
        self.health()?;
        let gathered = self.gather(None)?;
        self.guess(&gathered).map(Some)
    }

    fn read(&self, scope: &Scope, lines: &mut LineSink<'_>) -> Result<Readings, TelemetryError> {
        let mut notes = Vec::new();
        let written = self.written_brief()?;
        self.health()?;
        let mut gathered = self.gather(written.as_ref().map(|(brief, _)| brief.detected_at))?;
        let brief = match written {
            Some((brief, odd)) => {
                notes.extend(odd.sentences("incident.json"));
                brief
            }
            None => {
                notes.push(
                    "incident.json is missing: the last part of what the data span is taken as the window"
                        .into(),
                );
                let brief = self.guess(&gathered)?;
                if gathered.timeless > 0 {
                    notes.push("samples without a time are taken to be of the end of the window".into());
                    gathered = self.gather(Some(brief.detected_at.min(brief.window.end - 1.0)))?;
                }
                brief
            }
        };
        notes.append(&mut gathered.notes);
        notes.extend(missing(&gathered));
        logs::correct(&mut gathered.logs, &brief, &mut notes);
        logs::stream(&self.container, &gathered.logs, &brief, scope, lines, &mut notes)?;
        let mut readings = Readings {
            series: gathered.series,
            spans: gathered.spans,
            events: gathered.events,
            topology: gathered.topology,
            changes: gathered.changes,
            notes,
        };
        narrow(&mut readings, scope);
        Ok(readings)
    }

    fn line(&self, file: &str, offset: u64) -> Result<Vec<u8>, TelemetryError> {
        let missing = || TelemetryError::Missing(format!("{file} at byte {offset}"));
        let mut found = None;
        self.container.visit(&mut Notes::default(), &mut |name, size, bytes| {
            if name == file {
                let mut bytes = container::unpacked(name, size, bytes, self.bounds.caps);
                found = match names::part(name) {
                    Part::Records => records::line_at(&mut bytes, offset)?,
                    _ => line_at(&mut bytes, offset)?,
                };
            }
            Ok(name != file)
        })?;
        found.ok_or_else(missing)
    }
}

/// What a bundle lacks, and what follows from it.
fn missing(gathered: &Gathered) -> Vec<String> {
    let mut notes = Vec::new();
    let mut lacks = |there: bool, what: &str| {
        if !there {
            notes.push(what.to_owned());
        }
    };
    lacks(
        !gathered.series.is_empty(),
        "there are no metrics: what is anomalous is judged from logs and events alone",
    );
    lacks(!gathered.logs.is_empty(), "there are no logs");
    lacks(
        !gathered.topology.is_empty() || gathered.parts.contains("topology.csv"),
        "there is no topology.csv: who calls whom is learnt from the data",
    );
    lacks(
        !gathered.changes.is_empty() || gathered.parts.contains("changes.jsonl"),
        "there is no changes.jsonl: no change can be blamed",
    );
    notes
}

/// Seconds around a range within which events are kept.
const AROUND: f64 = 1800.0;

/// Leaves out what lies outside the scope; changes stay, whenever they were made.
fn narrow(readings: &mut Readings, scope: &Scope) {
    if !scope.ranges.is_empty() {
        let within = |time: f64| scope.ranges.iter().any(|range| range.contains(time));
        for series in &mut readings.series {
            series.points.retain(|(time, _)| within(*time));
        }
        readings.series.retain(|series| !series.points.is_empty());
        readings.spans.retain(|span| within(span.start));
        // What happened shortly before a range, or between two, may be the cause of what shows in one; and how
        // often a service's changes went wrong before is told by old ones. Neither is much data.
        let around = |time: f64| {
            scope.ranges.iter().any(|range| range.start - AROUND <= time && time < range.end + AROUND)
        };
        readings.events.retain(|event| around(event.time));
    }
    if !scope.services.is_empty() {
        let named: BTreeSet<&str> = scope.services.iter().map(String::as_str).collect();
        let of = |series: &Series| {
            named.contains(series.key.service.as_str())
                || series.key.peer.as_deref().is_some_and(|peer| named.contains(peer))
        };
        readings.series.retain(of);
        readings.spans.retain(|span| named.contains(span.service.as_str()));
        readings.events.retain(|event| event.service.as_deref().is_none_or(|s| named.contains(s)));
        readings.changes.retain(|change| named.contains(change.service.as_str()));
    }
}
