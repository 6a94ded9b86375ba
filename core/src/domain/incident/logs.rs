//! What logs said, grouped by template, each group citing lines that anyone can look up.

use crate::domain::ContentHash;
use serde::{Deserialize, Serialize};

/// How bad a line says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

/// One line, quoted with its place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exemplar {
    /// Path within the bundle, or the name of the stream.
    pub file: String,
    /// Of the line's first byte in the file, decompressed.
    pub offset: u64,
    /// Of the line's bytes without its end of line.
    pub hash: ContentHash,
    /// Unix seconds, if the line or its carrier says.
    pub time: Option<f64>,
    pub text: String,
}

/// One of several wordings of a message.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogVariant {
    pub template: String,
    /// Lines within the window, and within the reference.
    pub count: u64,
    pub baseline_count: u64,
}

/// The values that stood at one `<*>` of a template, in lines of whatever service, of the window and the reference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogParameter {
    /// Which `<*>` of the template, from 0.
    pub place: usize,
    /// Different values; estimated beyond a few.
    pub distinct: u64,
    /// The most frequent, with how often; upper bounds where there are many.
    pub top: Vec<(String, u64)>,
    /// Least, mean and greatest, where every value was a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<(f64, f64, f64)>,
}

/// The lines of one service that share a template, or the variants of one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogCluster {
    /// `l1`, `l2`, … unique within the incident.
    pub id: String,
    pub service: String,
    /// `<*>` stands for what varies.
    pub template: String,
    pub level: Option<LogLevel>,
    /// Lines within the window, and within the reference.
    pub count: u64,
    pub baseline_count: u64,
    /// Unix seconds; of the lines within the window.
    pub first_seen: Option<f64>,
    pub last_seen: Option<f64>,
    /// 0 for what the reference said as often, 1 for what it never said.
    pub novelty: f64,
    /// Lines an instance, within the window and within the reference, in the order of names.
    pub instances: Vec<(String, u64, u64)>,
    /// Counts in equal buckets over the window, for plots.
    pub buckets: Vec<u64>,
    /// The frames that a stack trace's lines share, innermost first; empty for other lines.
    pub frames: Vec<String>,
    pub exemplars: Vec<Exemplar>,
    /// Trace ids of some of its lines within the window.
    pub traces: Vec<String>,
    /// The wordings that were put together, the most frequent first; empty where there is one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<LogVariant>,
    /// What the first of the template's parameters were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<LogParameter>,
}
