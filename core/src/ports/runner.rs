//! Runs the project's own checks, in a sandbox with a deadline and a memory limit.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

/// A command and its cage. Argument vectors only: nothing goes through a shell unless the program is one.
#[derive(Debug, Clone)]
pub struct Check {
    pub program: String,
    pub arguments: Vec<String>,
    /// Added to a small fixed environment (PATH, HOME of the sandbox, LANG).
    pub environment: BTreeMap<String, String>,
    pub folder: PathBuf,
    /// Folders that it may write to, `folder` among them; all else is read-only.
    pub writable: Vec<PathBuf>,
    /// Whether it may reach the network; no by default.
    pub network: bool,
    pub deadline_seconds: u64,
    pub memory_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Exited(i32),
    Signalled(i32),
    Deadline,
    Memory,
    Cancelled,
}

#[derive(Debug, Clone)]
pub struct Ran {
    pub end: End,
    /// The last part of both streams, at most 1 MiB each, not redacted.
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub millis: u64,
    /// What the kernel could not enforce (for instance "no Landlock"), to be said aloud.
    pub unenforced: Vec<String>,
}

pub trait Runner: Send + Sync {
    /// Runs to the end, kills the whole process tree on deadline, memory or `cancel`.
    ///
    /// # Errors
    /// [`RunnerError`] when it could not be started.
    fn run(&self, check: &Check, cancel: &AtomicBool) -> Result<Ran, RunnerError>;
}

#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    #[error("`{0}` is not installed")]
    NotFound(String),
    #[error("`{program}` could not be started: {why}")]
    Start { program: String, why: String },
}
