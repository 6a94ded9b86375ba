//! All that is known about an incident, read and normalised, not yet judged.

use super::{ChangeRecord, IncidentBrief, LogCluster, Series};
use serde::{Deserialize, Serialize};

/// Where an edge of the topology came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeSource {
    /// `topology.csv`.
    Given,
    /// Series with a peer.
    Calls,
    Traces,
    /// Series that move together; the weakest.
    Movement,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CallEdge {
    pub caller: String,
    pub callee: String,
    pub source: EdgeSource,
}

/// One span of a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanRecord {
    /// Lower-case hexadecimal.
    pub trace: String,
    pub span: String,
    pub parent: Option<String>,
    pub service: String,
    pub instance: Option<String>,
    pub operation: String,
    /// Unix seconds.
    pub start: f64,
    /// Seconds.
    pub duration: f64,
    pub error: bool,
}

/// What a cluster or an alert manager reported.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusterEvent {
    /// Unix seconds.
    pub time: f64,
    pub service: Option<String>,
    pub instance: Option<String>,
    /// `OOMKilled`, `BackOff`, an alert's name, …
    pub reason: String,
    pub message: String,
    /// Warning or worse.
    pub bad: bool,
    /// Line within its file, from 1.
    pub line: u64,
    pub file: String,
}

/// One incident, ready to be analysed.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentData {
    pub brief: IncidentBrief,
    pub series: Vec<Series>,
    pub logs: Vec<LogCluster>,
    pub spans: Vec<SpanRecord>,
    pub events: Vec<ClusterEvent>,
    pub topology: Vec<CallEdge>,
    pub changes: Vec<ChangeRecord>,
    /// What was ignored, sampled, mended or missing while reading, for people.
    pub notes: Vec<String>,
}
