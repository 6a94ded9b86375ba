//! Whether an action is allowed. Fails closed: what cannot be evaluated is denied, with the reason.

use serde::{Deserialize, Serialize};

/// The input of `POST /v1/data/remediation/allow`. `details` holds what an adapter adds for richer
/// policies; a policy that knows only the first five fields works unchanged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyInput {
    pub actor: String,
    pub action: String,
    pub resource: String,
    pub severity: String,
    pub compliance_mode: String,
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub details: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    pub allow: bool,
    /// Why; never empty.
    pub reasons: Vec<String>,
    /// Hash of all that was evaluated, `sha256:…`.
    pub version: String,
    /// How many policies took part; 0 always denies.
    pub policies: usize,
}

pub trait Policy: Send + Sync {
    /// Decides; an error while evaluating is a denial that says so.
    fn decide(&self, input: &PolicyInput) -> Decision;
    /// The policies in force, by name.
    fn list(&self) -> Vec<String>;
}
