//! The conclusion: a verdict, ranked hypotheses, and the evidence that each of them cites.

use super::{LogCluster, ServiceView, TimeRange};
use crate::domain::Problem;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentVerdict {
    /// One hypothesis clears the bar.
    CauseFound,
    /// The data suffice to say that nothing in them is out of the ordinary.
    NoCause,
    /// Something is wrong, or may be, and the data do not tell what.
    Inconclusive,
}

/// What kind of thing is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CauseKind {
    /// A listed change.
    Change,
    /// A service, by what it does itself.
    Service,
    /// Something that a service calls and that is not observed itself.
    Dependency,
    /// CPU, memory, disk, connections.
    Resource,
}

/// A sentence and the evidence that carries it, by id.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Citation {
    pub statement: String,
    pub evidence: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CauseHypothesis {
    pub service: String,
    pub kind: CauseKind,
    /// A probability, 0 to 1, calibrated on data.
    pub confidence: f64,
    pub statement: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_id: Option<String>,
    /// Never empty.
    pub support: Vec<Citation>,
    pub counter: Vec<Citation>,
    /// What would settle it.
    pub missing: Vec<Citation>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnomalyKind {
    Spike,
    LevelShift,
    TrendShift,
    Missing,
    Saturation,
    /// New instances differ from old ones that run at the same time.
    Divergence,
}

/// Whom an anomaly concerns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnomalyLevel {
    /// Nobody: it is what the season leads to expect.
    None,
    /// Who looks.
    #[default]
    Notice,
    /// Who has to be woken: 5 minutes, 30 minutes and 6 hours agree.
    Page,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Up,
    Down,
}

/// One series that left its reference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Anomaly {
    /// `a1`, `a2`, …
    pub id: String,
    pub service: String,
    pub metric: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    pub kind: AnomalyKind,
    pub direction: Direction,
    /// Unix seconds of the first and past the last point out of the ordinary.
    pub range: TimeRange,
    /// 0 to 1; comparable across series.
    pub score: f64,
    /// What the reference led to expect, in the series' unit.
    pub expected: (f64, f64),
    /// A typical value while it lasted; not a number (`null` in JSON) where nothing was measured.
    pub observed: f64,
    /// Whether this direction is bad for such a metric.
    pub bad: bool,
    /// Seconds after which the series repeats itself, where it has a season; then `expected` is of that phase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub season: Option<f64>,
    /// Whom it concerns.
    pub level: AnomalyLevel,
    /// Its entry in the evidence.
    pub evidence: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Impact {
    /// Fails itself.
    Failing,
    /// Fails because of what it calls.
    Suffering,
    /// Calls what fails and shows nothing yet.
    Exposed,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImpactedService {
    pub service: String,
    pub impact: Impact,
    /// Calls between it and the leading hypothesis.
    pub distance: usize,
    pub evidence: Vec<String>,
}

/// Who is affected, by walking from the leading hypothesis to its callers.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct BlastRadius {
    pub services: Vec<ImpactedService>,
    /// Objectives (service and metric) that are violated or at risk.
    pub objectives: Vec<String>,
    /// Whether the edges walked were learnt rather than given.
    pub learnt: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MomentKind {
    Change,
    Anomaly,
    Log,
    Event,
    Detected,
}

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moment {
    /// Unix seconds.
    pub time: f64,
    pub kind: MomentKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IncidentEvidenceKind {
    Metric,
    Log,
    Trace,
    Event,
    Change,
    Topology,
    /// A runbook, postmortem, past incident or fix.
    Memory,
}

/// One observation, cited as `e1`, `e2`, …
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IncidentEvidence {
    pub id: String,
    pub kind: IncidentEvidenceKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    pub excerpt: String,
    /// 0 to 1, how much it weighs.
    pub score: f64,
    /// File within the bundle, byte offset and content hash, where it is a line of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// What `ecoops incident analyze` returns. Holds no clock, path or run id: the same data give the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IncidentAnalysis {
    pub verdict: IncidentVerdict,
    /// One sentence that answers what is wrong.
    pub answer: String,
    pub hypotheses: Vec<CauseHypothesis>,
    pub anomalies: Vec<Anomaly>,
    /// What logs said, variants of one message put together.
    pub log_clusters: Vec<LogCluster>,
    /// How each service fares, in the order of how strange it is.
    pub views: Vec<ServiceView>,
    pub blast_radius: BlastRadius,
    pub timeline: Vec<Moment>,
    pub evidence: Vec<IncidentEvidence>,
    /// What could not be known, was ignored or sampled.
    pub notes: Vec<String>,
    /// What a fix takes over; only of what is kept with an incident, for its id is of one run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// The answer to "why not X?", for a service or a change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WhyNot {
    pub subject: String,
    /// Its place among the hypotheses from 1, if it is one.
    pub rank: Option<usize>,
    pub confidence: f64,
    pub support: Vec<Citation>,
    pub counter: Vec<Citation>,
    pub missing: Vec<Citation>,
    pub evidence: Vec<IncidentEvidence>,
}
