//! What Validate found, layer by layer.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum LayerOutcome {
    Passed,
    /// It failed, and did not fail without the fix.
    Failed {
        why: String,
    },
    /// It failed just so without the fix.
    FailedBefore {
        why: String,
    },
    /// It was not run, and why.
    Skipped {
        why: String,
    },
    /// It ran and tells nothing (deadline, memory limit, crash of the tool).
    Inconclusive {
        why: String,
    },
}

/// One layer: `parse`, `rescan`, `build`, `lint`, `test`, …
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    pub name: String,
    /// The command, as a person would type it, when it is one.
    pub command: Option<String>,
    #[serde(flatten)]
    pub outcome: LayerOutcome,
    pub millis: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub layers: Vec<Layer>,
}

impl Verdict {
    /// True when no layer failed because of the change and none that ran was inconclusive.
    pub fn passed(&self) -> bool {
        !self
            .layers
            .iter()
            .any(|l| matches!(l.outcome, LayerOutcome::Failed { .. } | LayerOutcome::Inconclusive { .. }))
    }

    /// True when a layer ran and told nothing, and none failed.
    pub fn inconclusive(&self) -> bool {
        !self.layers.iter().any(|l| matches!(l.outcome, LayerOutcome::Failed { .. }))
            && self.layers.iter().any(|l| matches!(l.outcome, LayerOutcome::Inconclusive { .. }))
    }

    /// Share of the layers that ran and passed, 0 to 1; 0 when none ran.
    pub fn success_rate(&self) -> f64 {
        let ran = self.layers.iter().filter(|l| !matches!(l.outcome, LayerOutcome::Skipped { .. })).count();
        let passed = self.layers.iter().filter(|l| l.outcome == LayerOutcome::Passed).count();
        if ran == 0 { 0.0 } else { passed as f64 / ran as f64 }
    }
}
