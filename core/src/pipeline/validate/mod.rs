//! The Validate phase: the project's own build, lint and tests, without the fix and with it.
//!
//! Talks to the runner port only. It never writes files: the caller brings the isolated copy to
//! either side, and hands in the layers that need other engines (`parse`, `rescan`).

pub mod bisect;
pub mod checks;
pub mod outcome;

use crate::domain::{ContentHash, Layer, LayerOutcome, Verdict};
use crate::ports::runner::Runner;
use crate::ports::workspace::Side;
use checks::{Cage, CheckLayer, PlannedCheck, Unchecked};
use outcome::{Compared, Ended, Summary, compare};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

/// What happens, for whoever shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress<'a> {
    Started {
        layer: &'static str,
        command: &'a str,
        side: Side,
    },
    Ended {
        layer: &'static str,
        command: &'a str,
        side: Side,
        ended: Ended,
        millis: u64,
    },
    /// The baseline is known from an earlier run on the same files.
    Remembered {
        command: &'a str,
    },
    /// It failed with the fix and is tried once more before the fix is blamed.
    Again {
        command: &'a str,
    },
    /// It failed, and then passed, on the same files.
    Flaky {
        command: &'a str,
    },
}

/// Keeps baselines between runs; the key names the files, the command and its limits.
#[derive(Clone, Copy)]
pub struct BaselineCache<'a> {
    pub load: &'a dyn Fn(&ContentHash) -> Option<Vec<u8>>,
    pub save: &'a dyn Fn(&ContentHash, &[u8]),
}

impl std::fmt::Debug for BaselineCache<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BaselineCache")
    }
}

/// One validation: what to run and the caller's callbacks.
pub struct Request<'a> {
    pub checks: &'a [PlannedCheck],
    /// Layers for which nothing can be run, and why.
    pub unchecked: &'a [Unchecked],
    /// Layers that the caller has done already, in order. If one of them failed nothing is run.
    pub done: Vec<Layer>,
    /// Brings the isolated copy to a side; called only when it must change.
    pub place: &'a dyn Fn(Side) -> Result<(), String>,
    /// Names the files without the fix (such as the hash of their tree); with it baselines are kept.
    pub baseline: Option<&'a ContentHash>,
    pub cache: Option<BaselineCache<'a>>,
    pub progress: &'a dyn Fn(&Progress<'_>),
    /// Sees every text of a check that is kept or shown.
    pub redact: &'a dyn Fn(&str) -> String,
    pub cancel: &'a AtomicBool,
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("checks", &self.checks).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validated {
    pub verdict: Verdict,
    /// What the sandbox could not enforce, to be said aloud.
    pub unenforced: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValidateError {
    #[error("the isolated copy could not be prepared: {0}")]
    Place(String),
    #[error("validation was cancelled")]
    Cancelled,
}

/// Runs every check without the fix (or remembers how it ended), then with it, and compares.
/// Layers after a failed one are skipped.
///
/// # Errors
/// [`ValidateError`] when the copy could not be brought to a side, or on cancellation.
pub fn validate(mut request: Request<'_>, runner: &dyn Runner) -> Result<Validated, ValidateError> {
    let done = std::mem::take(&mut request.done);
    let failed = done.iter().any(|l| matches!(l.outcome, LayerOutcome::Failed { .. }));
    let mut session = Session { request, runner, side: None, unenforced: BTreeSet::new() };
    let mut layers = done;
    if !failed {
        let baselines = session.baselines()?;
        layers.extend(session.with_the_fix(&baselines)?);
    }
    layers.extend(session.request.unchecked.iter().map(skipped));
    if session.request.checks.is_empty() && session.request.unchecked.is_empty() {
        let why = "no checks found: ecoops.toml names none and no build or test tool is recognised";
        layers.push(layer("test", None, LayerOutcome::Skipped { why: why.into() }, 0));
    }
    Ok(Validated { verdict: Verdict { layers }, unenforced: session.unenforced })
}

/// Whether a tool answers at all, such as `["python3", "-c", "import pytest"]`. `cage` gives the limits.
pub fn tool_works(runner: &dyn Runner, cage: &Cage, command: &[&str], cancel: &AtomicBool) -> bool {
    let mut check = cage.check("", command, &[]);
    check.deadline_seconds = check.deadline_seconds.min(30);
    runner.run(&check, cancel).is_ok_and(|ran| Ended::from(&ran.end) == Ended::Exited(0))
}

struct Session<'a> {
    request: Request<'a>,
    runner: &'a dyn Runner,
    /// Where the copy stands, once it is known.
    side: Option<Side>,
    unenforced: BTreeSet<String>,
}

impl Session<'_> {
    fn baselines(&mut self) -> Result<Vec<Summary>, ValidateError> {
        let checks = self.request.checks;
        checks.iter().map(|planned| self.baseline(planned)).collect()
    }

    fn baseline(&mut self, planned: &PlannedCheck) -> Result<Summary, ValidateError> {
        let key = self.request.baseline.map(|tree| cache_key(tree, planned));
        if let (Some(key), Some(cache)) = (&key, &self.request.cache)
            && let Some(known) = (cache.load)(key).and_then(|bytes| serde_json::from_slice(&bytes).ok())
        {
            (self.request.progress)(&Progress::Remembered { command: &planned.command });
            return Ok(known);
        }
        let summary = self.run(planned, Side::Before)?;
        if let (Some(key), Some(cache), true) = (&key, &self.request.cache, summary.ended.tells())
            && let Ok(bytes) = serde_json::to_vec(&summary)
        {
            (cache.save)(key, &bytes);
        }
        Ok(summary)
    }

    fn with_the_fix(&mut self, baselines: &[Summary]) -> Result<Vec<Layer>, ValidateError> {
        let mut layers = Vec::new();
        let mut broken: Option<CheckLayer> = None;
        for (planned, before) in self.request.checks.iter().zip(baselines) {
            if let Some(earlier) = broken.filter(|earlier| *earlier < planned.layer) {
                let why = format!("{} failed", earlier.name());
                layers.push(of(planned, LayerOutcome::Skipped { why }, 0));
                continue;
            }
            let (compared, millis) = self.judge(planned, before)?;
            if compared.blames() && broken.is_none() {
                broken = Some(planned.layer);
            }
            layers.push(of(planned, compared.outcome, millis));
        }
        Ok(layers)
    }

    /// Runs with the fix; what fails newly is run once more before the fix is blamed.
    fn judge(&mut self, planned: &PlannedCheck, before: &Summary) -> Result<(Compared, u64), ValidateError> {
        let after = self.run(planned, Side::After)?;
        let first = compare(before, &after);
        if !first.blames() {
            return Ok((first, after.millis));
        }
        (self.request.progress)(&Progress::Again { command: &planned.command });
        let again = self.run(planned, Side::After)?;
        let second = compare(before, &again);
        let steady = first.newly.is_empty() || !first.newly.is_disjoint(&second.newly);
        if second.blames() && steady {
            return Ok((second, after.millis));
        }
        (self.request.progress)(&Progress::Flaky { command: &planned.command });
        if second.blames() {
            let why = outcome::reason("other tests fail each time it is run", &again.excerpt);
            return Ok((
                Compared { outcome: LayerOutcome::Inconclusive { why }, newly: second.newly },
                after.millis,
            ));
        }
        Ok((second, again.millis))
    }

    fn run(&mut self, planned: &PlannedCheck, side: Side) -> Result<Summary, ValidateError> {
        if self.side != Some(side) {
            (self.request.place)(side).map_err(ValidateError::Place)?;
            self.side = Some(side);
        }
        let (layer, command) = (planned.layer.name(), planned.command.as_str());
        (self.request.progress)(&Progress::Started { layer, command, side });
        let summary = match self.runner.run(&planned.check, self.request.cancel) {
            Ok(ran) => {
                self.unenforced.extend(ran.unenforced.iter().cloned());
                Summary::of(&ran, self.request.redact)
            }
            Err(e) => Summary::not_started((self.request.redact)(&e.to_string())),
        };
        let (ended, millis) = (summary.ended, summary.millis);
        (self.request.progress)(&Progress::Ended { layer, command, side, ended, millis });
        if ended == Ended::Cancelled || self.request.cancel.load(Ordering::Relaxed) {
            return Err(ValidateError::Cancelled);
        }
        Ok(summary)
    }
}

fn cache_key(tree: &ContentHash, planned: &PlannedCheck) -> ContentHash {
    let check = &planned.check;
    let environment: Vec<_> = check.environment.iter().collect();
    let limits = (check.network, check.deadline_seconds, check.memory_bytes);
    // The folder differs between isolated copies; the command and the subproject name the check.
    let what = format!(
        "{tree}\0{:?}\0{}\0{:?}\0{environment:?}\0{limits:?}",
        planned.folder, check.program, check.arguments
    );
    ContentHash::of(what.as_bytes())
}

fn layer(name: &str, command: Option<String>, outcome: LayerOutcome, millis: u64) -> Layer {
    Layer { name: name.to_owned(), command, outcome, millis }
}

fn of(planned: &PlannedCheck, outcome: LayerOutcome, millis: u64) -> Layer {
    layer(planned.layer.name(), Some(planned.command.clone()), outcome, millis)
}

fn skipped(unchecked: &Unchecked) -> Layer {
    layer(unchecked.layer.name(), None, LayerOutcome::Skipped { why: unchecked.why.clone() }, 0)
}

#[cfg(test)]
mod tests;
