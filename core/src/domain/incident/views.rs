//! How a service fares, side by side: its requests (RED) and its resources (USE).

use super::{AnomalyKind, AnomalyLevel};
use serde::Serialize;

/// The worst series of one meaning.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ViewCell {
    /// Its name.
    pub metric: String,
    /// The caller, for a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// How many were looked at.
    pub series: usize,
    /// Typical values within the reference, and now: while it was out of the ordinary, else over the window.
    pub usual: Option<f64>,
    pub now: Option<f64>,
    /// 0 to 1, how strange it is.
    pub strangeness: f64,
    pub level: AnomalyLevel,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<AnomalyKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// Rate, errors and duration of requests; what nobody measures is `null`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RedView {
    pub rate: Option<ViewCell>,
    pub errors: Option<ViewCell>,
    pub duration: Option<ViewCell>,
}

/// Utilisation, saturation and errors of resources; what nobody measures is `null`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct UseView {
    pub utilisation: Option<ViewCell>,
    pub saturation: Option<ViewCell>,
    pub errors: Option<ViewCell>,
}

/// One service.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ServiceView {
    pub service: String,
    pub red: RedView,
    #[serde(rename = "use")]
    pub resources: UseView,
}

impl ServiceView {
    /// All six in their order: RED, then USE.
    pub fn cells(&self) -> [Option<&ViewCell>; 6] {
        let (red, resources) = (&self.red, &self.resources);
        [
            red.rate.as_ref(),
            red.errors.as_ref(),
            red.duration.as_ref(),
            resources.utilisation.as_ref(),
            resources.saturation.as_ref(),
            resources.errors.as_ref(),
        ]
    }

    /// How strange the strangest is, 0 to 1.
    pub fn strangeness(&self) -> f64 {
        self.cells().into_iter().flatten().map(|cell| cell.strangeness).fold(0.0, f64::max)
    }
}
