//! What is known about an incident before anybody looks: when, and where it was noticed.

use serde::{Deserialize, Serialize};

/// A half-open range of time, `start <= t < end`, in Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TimeRange {
    pub start: f64,
    pub end: f64,
}

impl TimeRange {
    pub fn contains(&self, time: f64) -> bool {
        self.start <= time && time < self.end
    }

    /// Seconds; never negative.
    pub fn length(&self) -> f64 {
        (self.end - self.start).max(0.0)
    }
}

/// The head of an incident bundle, `incident.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IncidentBrief {
    pub title: String,
    /// Unix seconds.
    pub detected_at: f64,
    pub window: TimeRange,
    /// Where it was noticed, if somebody said so.
    pub service: Option<String>,
    /// In what it was noticed.
    pub metric: Option<String>,
    /// The only reference, when given; it may lie before or after the window, minutes or months away.
    pub baseline: Option<TimeRange>,
}
