//! Incidents that are being worked on: their signals, what was concluded from them, and the raw lines that
//! the evidence cites.

use crate::domain::ContentHash;
use crate::domain::incident::{IncidentAnalysis, IncidentBrief, LineSink, LogLine, TimeRange};
use crate::ports::telemetry::Readings;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IncidentStatus {
    Open,
    Closed,
}

/// One incident as the list shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IncidentEntry {
    /// A ULID.
    pub id: String,
    pub status: IncidentStatus,
    pub brief: IncidentBrief,
    /// What the one who opened it said; free text such as `sev2`.
    pub severity: Option<String>,
    /// Unix seconds of being opened and closed.
    pub opened_at: f64,
    pub closed_at: Option<f64>,
    /// Of the leading hypothesis, once analysed.
    pub confidence: Option<f64>,
    /// How it was closed, in the words of the one who closed it.
    pub resolution: Option<String>,
    /// What it holds by now.
    pub signals: u64,
}

/// How many signals came in, and what was not kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Ingested {
    pub points: u64,
    pub lines: u64,
    pub spans: u64,
    pub events: u64,
    pub changes: u64,
    /// Shed because the backlog was full; what was kept is a fair sample of the rest.
    pub shed: u64,
    /// There already.
    pub known: u64,
}

/// Takes the signals of one ingestion; nothing is kept until `finish`, and all of it is afterwards.
pub trait Ingestion {
    /// Log records are sampled once they exceed the store's bounds; worse levels are kept longest.
    ///
    /// # Errors
    /// [`IncidentsError`]; then the ingestion is void.
    fn line(&mut self, line: &LogLine<'_>) -> Result<(), IncidentsError>;

    /// # Errors
    /// [`IncidentsError`]; then the ingestion is void.
    fn readings(&mut self, readings: &Readings) -> Result<(), IncidentsError>;

    /// # Errors
    /// [`IncidentsError`]; then nothing was kept.
    fn finish(self: Box<Self>) -> Result<Ingested, IncidentsError>;
}

/// A row of the evidence of an incident's last analysis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvidenceRow {
    /// `e1`, `e2`, … as the analysis cites it.
    pub id: String,
    pub kind: String,
    pub service: Option<String>,
    pub excerpt: String,
    pub score: f64,
    pub file: Option<String>,
    pub offset: Option<u64>,
    pub hash: Option<String>,
    /// Unix seconds.
    pub created_at: f64,
}

/// How long and how much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignalRetention {
    /// Signals of closed incidents go after so many days; the incident, its evidence and hypotheses stay.
    pub days: u32,
    /// Of all signals and raw lines; the oldest closed incidents' go first.
    pub bytes: u64,
}

impl Default for SignalRetention {
    /// 30 days and 4 GiB.
    fn default() -> Self {
        Self { days: 30, bytes: 4 << 30 }
    }
}

/// What retention took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    pub incidents: u64,
    pub signals: u64,
    pub bytes: u64,
}

pub trait Incidents: Send + Sync {
    /// Keeps a new incident; `id` is new, a ULID; `now` in Unix seconds.
    ///
    /// # Errors
    /// [`IncidentsError`]; then there is none.
    fn open(
        &self,
        id: &str,
        brief: &IncidentBrief,
        severity: Option<&str>,
        now: f64,
    ) -> Result<IncidentEntry, IncidentsError>;

    /// By its id, or by the only one that begins with `id` in any case (at least 4 letters).
    ///
    /// # Errors
    /// [`IncidentsError::Unknown`], [`IncidentsError::Ambiguous`].
    fn incident(&self, id: &str) -> Result<IncidentEntry, IncidentsError>;

    /// Newest first.
    ///
    /// # Errors
    /// [`IncidentsError`] when the store cannot be read.
    fn list(
        &self,
        status: Option<IncidentStatus>,
        limit: usize,
    ) -> Result<Vec<IncidentEntry>, IncidentsError>;

    /// Replaces the incident's head, as when its window is narrowed.
    ///
    /// # Errors
    /// [`IncidentsError`]; then it is what it was.
    fn amend(&self, id: &str, brief: &IncidentBrief) -> Result<(), IncidentsError>;

    /// # Errors
    /// [`IncidentsError::Closed`] when it is closed already.
    fn close(&self, id: &str, resolution: Option<&str>, now: f64) -> Result<IncidentEntry, IncidentsError>;

    /// Begins to take signals into an open incident. What is there already is not kept twice.
    ///
    /// # Errors
    /// [`IncidentsError::Closed`]; [`IncidentsError::Busy`] while another process ingests.
    fn ingest(&self, id: &str) -> Result<Box<dyn Ingestion + '_>, IncidentsError>;

    /// What was ingested, as a source of telemetry would give it; log records in the order of ingestion.
    ///
    /// # Errors
    /// [`IncidentsError`] when the store cannot be read.
    fn readings(&self, id: &str, lines: &mut LineSink<'_>) -> Result<Readings, IncidentsError>;

    /// Keeps the conclusion in place of an earlier one: the analysis, its evidence and hypotheses.
    ///
    /// # Errors
    /// [`IncidentsError`]; then the earlier one stands.
    fn conclude(&self, id: &str, analysis: &IncidentAnalysis, now: f64) -> Result<(), IncidentsError>;

    /// The last conclusion as JSON of [`IncidentAnalysis`]; `None` before the first.
    ///
    /// # Errors
    /// [`IncidentsError`] when the store cannot be read.
    fn conclusion(&self, id: &str) -> Result<Option<serde_json::Value>, IncidentsError>;

    /// # Errors
    /// [`IncidentsError`] when the store cannot be read.
    fn evidence(&self, id: &str) -> Result<Vec<EvidenceRow>, IncidentsError>;

    /// The raw line that evidence cites, read again and checked against its hash.
    ///
    /// # Errors
    /// [`IncidentsError::Missing`] when retention or sampling took it, [`IncidentsError::Altered`] when what
    /// is there has another hash.
    fn raw_line(
        &self,
        id: &str,
        file: &str,
        offset: u64,
        hash: &ContentHash,
    ) -> Result<Vec<u8>, IncidentsError>;

    /// The time that the incident's signals span.
    ///
    /// # Errors
    /// [`IncidentsError`] when the store cannot be read.
    fn extent(&self, id: &str) -> Result<Option<TimeRange>, IncidentsError>;

    /// Takes away what is older or more than the retention allows; never of an open incident.
    ///
    /// # Errors
    /// [`IncidentsError`]; what was taken away until then is gone.
    fn prune(&self, retention: SignalRetention, now: f64) -> Result<Pruned, IncidentsError>;
}

#[derive(Debug, thiserror::Error)]
pub enum IncidentsError {
    #[error("there is no incident {0}")]
    Unknown(String),
    #[error("{0} could be any of {1}")]
    Ambiguous(String, String),
    #[error("the incident {0} is closed")]
    Closed(String),
    #[error("another ecoops is taking signals into this store")]
    Busy,
    #[error("{0} is no longer kept")]
    Missing(String),
    #[error("{0} is not what was cited: its hash is another")]
    Altered(String),
    #[error("the store of incidents cannot be used: {0}")]
    Storage(String),
}
