//! Where signals come from: an incident bundle, Prometheus, Alertmanager, Loki, Tempo.

use crate::domain::incident::{
    CallEdge, ChangeRecord, ClusterEvent, IncidentBrief, IncidentData, LineSink, LogCluster, Series,
    SpanRecord, TimeRange,
};

/// What a source can give at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Capabilities {
    pub series: bool,
    pub logs: bool,
    pub spans: bool,
    pub events: bool,
    pub changes: bool,
    pub topology: bool,
}

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scope {
    /// The window and the reference. Empty: all that there is; only a bundle can answer that.
    pub ranges: Vec<TimeRange>,
    /// Empty: every service.
    pub services: Vec<String>,
}

impl Scope {
    /// The window of an incident and its reference; without one, as long a time before the window.
    pub fn of(brief: &IncidentBrief) -> Self {
        let window = brief.window;
        let before = TimeRange { start: window.start - window.length(), end: window.start };
        Self { ranges: vec![window, brief.baseline.unwrap_or(before)], services: Vec::new() }
    }
}

/// What a source gave, log lines aside.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Readings {
    pub series: Vec<Series>,
    pub spans: Vec<SpanRecord>,
    pub events: Vec<ClusterEvent>,
    pub topology: Vec<CallEdge>,
    pub changes: Vec<ChangeRecord>,
    /// What was ignored, sampled, mended or missing, for people.
    pub notes: Vec<String>,
}

impl Readings {
    /// With the head and the logs that the caller made of the lines.
    pub fn into_data(self, brief: IncidentBrief, logs: Vec<LogCluster>) -> IncidentData {
        let Self { series, spans, events, topology, changes, notes } = self;
        IncidentData { brief, series, logs, spans, events, topology, changes, notes }
    }

    /// Takes in what another source gave.
    pub fn absorb(&mut self, other: Self) {
        self.series.extend(other.series);
        self.spans.extend(other.spans);
        self.events.extend(other.events);
        self.topology.extend(other.topology);
        self.changes.extend(other.changes);
        self.notes.extend(other.notes);
    }
}

pub trait Telemetry: Send + Sync {
    /// As `doctor` and the notes show it: the adapter, and what it reads without credentials.
    fn name(&self) -> String;

    fn capabilities(&self) -> Capabilities;

    /// Whether it can be read now, and what answered: a version, a number of files.
    ///
    /// # Errors
    /// [`TelemetryError`] says what to do about it.
    fn health(&self) -> Result<String, TelemetryError>;

    /// The incident's head, where the source holds one; a bundle without `incident.json` gives one that
    /// it has guessed, and says so in the notes of `read`.
    ///
    /// # Errors
    /// [`TelemetryError`] when there is one that cannot be used.
    fn brief(&self) -> Result<Option<IncidentBrief>, TelemetryError> {
        Ok(None)
    }

    /// Everything in scope. Log records go to `lines` as they are read and are not kept, so that memory does
    /// not grow with the logs; the rest is thinned out beyond the adapter's bounds, with a note.
    ///
    /// # Errors
    /// [`TelemetryError`] when nothing can be read. Parts that cannot be read are notes.
    fn read(&self, scope: &Scope, lines: &mut LineSink<'_>) -> Result<Readings, TelemetryError>;

    /// The line of `file` that begins at `offset`, without its end: what a piece of evidence cites.
    ///
    /// # Errors
    /// [`TelemetryError::Missing`] when there is none, or the source does not keep lines.
    fn line(&self, file: &str, offset: u64) -> Result<Vec<u8>, TelemetryError> {
        Err(TelemetryError::Missing(format!("{file} at {offset}")))
    }
}

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// It is not what it should be; the text says what to do.
    #[error("{0}")]
    Invalid(String),
    /// Nobody says when the incident was, and nothing in it tells.
    #[error("{0}")]
    Untimed(String),
    /// It could be read, and there is nothing in it that could be examined.
    #[error("{0}")]
    Nothing(String),
    #[error("{0} is not there")]
    Missing(String),
    /// It may work later.
    #[error("{0} cannot be reached: {1}")]
    Unreachable(String, String),
    #[error("{0} was not asked: --offline allows no network")]
    Offline(String),
}
