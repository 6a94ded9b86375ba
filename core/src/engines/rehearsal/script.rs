//! What is to be rehearsed, and what really happened in it.

use serde::Serialize;
use thiserror::Error;

/// What the guilty rollout's instances do wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A share of the requests is answered with an error, quickly.
    ErrorResponses,
    /// Each request takes many times as long.
    Slowdown,
    /// Memory grows until the kernel kills the process, again and again.
    MemoryLeak,
    /// Connections are taken from the pool and never given back.
    ConnectionLeak,
    /// A setting makes every call be tried many times and overloads what is called.
    RetryStorm,
    /// A loop that eats the processor.
    BusyLoop,
}

impl Fault {
    pub const ALL: [Self; 6] = [
        Self::ErrorResponses,
        Self::Slowdown,
        Self::MemoryLeak,
        Self::ConnectionLeak,
        Self::RetryStorm,
        Self::BusyLoop,
    ];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plot {
    /// One of four rollouts is bad. Without a fault, the seed chooses one.
    BadRollout { fault: Option<Fault>, listed: Listed },
    /// Four rollouts, none of them bad.
    Healthy,
}

/// Whether the guilty rollout is among the changes that are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    Yes,
    No,
}

/// What to rehearse. Equal scripts give equal bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    pub seed: u64,
    /// [`Script::SERVICES`].
    pub services: usize,
    /// Lines of all logs together, those of stack traces included; [`Script::LINES`].
    pub lines: u64,
    pub plot: Plot,
    /// Whether the half hour before the window is named as the reference.
    pub baseline: bool,
}

impl Script {
    pub const SERVICES: std::ops::RangeInclusive<usize> = 6..=500;
    pub const LINES: std::ops::RangeInclusive<u64> = 0..=100_000_000;

    /// 20 services, an hour, a bad rollout among three innocent ones, 200,000 lines of logs.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            services: 20,
            lines: 200_000,
            plot: Plot::BadRollout { fault: None, listed: Listed::Yes },
            baseline: true,
        }
    }

    pub(super) fn check(&self) -> Result<(), ScriptError> {
        if !Self::SERVICES.contains(&self.services) {
            return Err(ScriptError::Services(self.services));
        }
        if !Self::LINES.contains(&self.lines) {
            return Err(ScriptError::Lines(self.lines));
        }
        Ok(())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScriptError {
    #[error("{0} services cannot be rehearsed; choose from {min} to {max}", min = Script::SERVICES.start(), max = Script::SERVICES.end())]
    Services(usize),
    #[error("{0} lines of logs cannot be rehearsed; choose at most {max}", max = Script::LINES.end())]
    Lines(u64),
}

/// What really happened; never part of the bundle.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Truth {
    /// Nothing is wrong if there is none.
    pub fault: Option<Fault>,
    pub service: Option<String>,
    /// As in `changes.jsonl`, unless the rollout was left out there.
    pub change: Option<String>,
    /// The instances that misbehave.
    pub instances: Vec<String>,
    /// Unix seconds at which the first of them began to serve.
    pub began_at: Option<f64>,
    pub detected_at: f64,
}
