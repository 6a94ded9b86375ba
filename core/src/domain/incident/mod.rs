//! An incident: what was measured and said around it, and what was concluded.
//!
//! Plain data between the readers of telemetry, the engines that judge it and the reports that show it.
//! Never computes beyond what names say: what is anomalous and who is to blame is for the engines.

mod analysis;
mod brief;
mod change;
mod data;
mod line;
mod logs;
mod meaning;
mod redact;
mod series;
mod views;

pub use analysis::{
    Anomaly, AnomalyKind, AnomalyLevel, BlastRadius, CauseHypothesis, CauseKind, Citation, Direction, Impact,
    ImpactedService, IncidentAnalysis, IncidentEvidence, IncidentEvidenceKind, IncidentVerdict, Moment,
    MomentKind, WhyNot,
};
pub use brief::{IncidentBrief, TimeRange};
pub use change::{ChangeKind, ChangeRecord};
pub use data::{CallEdge, ClusterEvent, EdgeSource, IncidentData, SpanRecord};
pub use line::{LineSink, LogLine};
pub use logs::{Exemplar, LogCluster, LogLevel, LogParameter, LogVariant};
pub use meaning::{Meaning, MetricClass, UnitKind};
pub use series::{Reporter, Series, SeriesKey};
pub use views::{RedView, ServiceView, UseView, ViewCell};
