//! What a rule or an outside tool found at one place of the code.

use super::{Edit, RepoPath};
use serde::{Deserialize, Serialize};
use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    Low,
    Medium,
    High,
}

/// What may be done with a rule's fix without asking: `Safe` keeps the meaning of correct code,
/// `Unsafe` may change it, `Manual` has no fix a machine should make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    Safe,
    Unsafe,
    Manual,
}

/// Who a rule is for: everyone, or those who ask for every remark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Persona {
    #[default]
    Default,
    Pedantic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    Security,
    Reliability,
    /// Mistakes typical of generated code.
    Generated,
    Kubernetes,
    Ci,
    /// Forbidden technologies and their replacements.
    Technology,
}

/// A place in a file. Bytes count in the file's text decoded to UTF-8 (without a byte order mark);
/// lines and columns start at 1, columns count characters, the end is exclusive.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Location {
    pub path: RepoPath,
    pub bytes: Range<usize>,
    pub start: (u32, u32),
    pub end: (u32, u32),
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's id; for an imported finding `<tool>/<its rule>`.
    pub rule: String,
    /// Who found it: `ecoops`, or the outside tool's name.
    pub tool: String,
    pub title: String,
    /// One sentence about this place.
    pub message: String,
    pub severity: Severity,
    pub confidence: Confidence,
    pub tier: Tier,
    pub persona: Persona,
    pub category: Category,
    pub location: Location,
    /// Other places that explain it (the tainted source, the acquisition), each with a label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<(Location, String)>,
    /// Stable under line shifts: hash of rule, path, the normalised text of the finding and of its
    /// neighbourhood, and its ordinal among equals.
    pub fingerprint: String,
    /// The edits of the rule's (or the tool's) own fix, in this finding's file. Empty: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fix: Vec<Edit>,
}
