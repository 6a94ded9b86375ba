//! What the runner and its launcher say to each other over the launcher's standard input, which is a
//! socket: one JSON object a line.
//!
//! The runner sends one [`Spec`]; the launcher answers with [`Report`]s. When either side goes away
//! the socket closes, and the launcher then kills what it started: nothing outlives a killed ecoops.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What to run and how to cage it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Absolute.
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// The whole environment of the program.
    pub environment: BTreeMap<String, String>,
    pub folder: PathBuf,
    pub readable: Vec<PathBuf>,
    pub writable: Vec<PathBuf>,
    pub network: bool,
    pub memory_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// The cage stands and the program runs in it.
    Started {
        unenforced: Vec<String>,
    },
    Failed {
        why: String,
    },
    Exited(i32),
    Signalled(i32),
}

/// One line, with its end.
pub fn line<T: Serialize>(message: &T) -> Result<Vec<u8>, String> {
    let mut bytes = serde_json::to_vec(message).map_err(|e| e.to_string())?;
    bytes.push(b'\n');
    Ok(bytes)
}
