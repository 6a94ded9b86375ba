//! Measurements over time, keyed by what they were taken of.

use serde::{Deserialize, Serialize};

/// Who measured a call: its receiver or its sender.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reporter {
    #[default]
    Callee,
    Caller,
}

/// What a series was taken of. `instance` and `version` are the reporter's.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeriesKey {
    /// The callee, where the series is of a call edge.
    pub service: String,
    pub metric: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The caller, where the series is of a call edge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    #[serde(skip)]
    pub reporter: Reporter,
}

/// One series as it was delivered: gaps, duplicates, NaN and disorder included. Points are
/// (Unix seconds, value), in the order of time, equal times in the order of the input.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    pub key: SeriesKey,
    pub unit: Option<String>,
    pub points: Vec<(f64, f64)>,
}
