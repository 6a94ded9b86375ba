//! Filling an incident bundle: from files, from git history, from what a cluster printed, from servers.
//!
//! The bundle is written beside its place and moved there when it is whole; what is there already is never
//! overwritten. Every text passes the redactor, since a bundle is made to be shared.

mod git;
mod inputs;
mod pack;
mod write;

pub use super::files::readable;
pub use super::role::{Role, place, role_of};
pub use git::GitHistory;
pub use inputs::Input;

use ecoops_core::domain::incident::{IncidentBrief, LogLine};
use ecoops_core::engines::redact::Redactor;
use ecoops_core::engines::signals::parse::Notes;
use ecoops_core::engines::signals::parse::head;
use ecoops_core::ports::telemetry::{Readings, Scope, Telemetry, TelemetryError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use write::BundleWriter;

/// What to capture and from where.
pub struct Capture<'a> {
    pub brief: IncidentBrief,
    pub inputs: Vec<Input>,
    pub history: Vec<GitHistory>,
    pub sources: Vec<&'a dyn Telemetry>,
    /// Once it is set nothing more is read.
    pub stop: Arc<AtomicBool>,
}

impl std::fmt::Debug for Capture<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Capture")
            .field("brief", &self.brief)
            .field("inputs", &self.inputs)
            .finish_non_exhaustive()
    }
}

/// What a capture has written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Captured {
    pub path: PathBuf,
    pub series: usize,
    pub spans: usize,
    pub events: usize,
    pub changes: usize,
    pub edges: usize,
    /// Log files, and lines in them.
    pub logs: usize,
    pub lines: u64,
    /// Secrets that were replaced by tokens.
    pub redacted: u64,
    pub notes: Vec<String>,
}

/// Why there is no bundle; nothing of it is left.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    #[error("{0} exists already")]
    Exists(PathBuf),
    #[error("{path}: {source}")]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{path}: {why}")]
    Input { path: PathBuf, why: String },
    #[error(transparent)]
    Source(#[from] TelemetryError),
    #[error("it was interrupted")]
    Stopped,
    #[error("there is nothing to capture: name files, a repository or a server")]
    Nothing,
}

/// An error of the file system, with its place.
pub(super) fn io(path: &Path) -> impl Fn(std::io::Error) -> CaptureError + '_ {
    move |source| CaptureError::Io { path: path.to_owned(), source }
}

impl Capture<'_> {
    /// Writes the bundle: an archive when `to` ends with `.tar.zst`, else a folder. A server that does not answer
    /// is a note, unless it is the only source.
    ///
    /// # Errors
    /// [`CaptureError`]; then there is nothing at `to`.
    pub fn write(&self, to: &Path, redactor: &Redactor) -> Result<Captured, CaptureError> {
        if to.symlink_metadata().is_ok() {
            return Err(CaptureError::Exists(to.to_owned()));
        }
        if self.inputs.is_empty() && self.history.is_empty() && self.sources.is_empty() {
            return Err(CaptureError::Nothing);
        }
        let parent = match to.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let scratch =
            tempfile::Builder::new().prefix(".ecoops-capture-").tempdir_in(parent).map_err(io(parent))?;
        let folder = scratch.path().join("bundle");
        let mut writer = BundleWriter::new(&folder, redactor)?;
        let mut readings = Readings::default();
        inputs::take(&self.inputs, &self.brief, &self.stop, &mut writer, &mut readings)?;
        for history in &self.history {
            self.check()?;
            git::take(history, &self.brief, &mut readings)?;
        }
        self.ask(&mut writer, &mut readings)?;
        let mut odd = Notes::default();
        readings.changes.sort_by(|a, b| a.time.total_cmp(&b.time).then_with(|| a.id.cmp(&b.id)));
        head::distinct(&mut readings.changes, &mut odd);
        readings.notes.extend(odd.sentences("changes"));
        let mut captured = writer.finish(&self.brief, readings)?;
        pack::place(&folder, to, &self.stop)?;
        captured.path = to.to_owned();
        Ok(captured)
    }

    fn check(&self) -> Result<(), CaptureError> {
        if self.stop.load(Ordering::Relaxed) { Err(CaptureError::Stopped) } else { Ok(()) }
    }

    fn ask(&self, writer: &mut BundleWriter<'_>, readings: &mut Readings) -> Result<(), CaptureError> {
        let scope = Scope::of(&self.brief);
        let alone = self.inputs.is_empty() && self.history.is_empty() && self.sources.len() == 1;
        for source in &self.sources {
            self.check()?;
            let mut failed = None;
            let answer = source.read(&scope, &mut |line: &LogLine<'_>| {
                if failed.is_none() && !self.stop.load(Ordering::Relaxed) {
                    failed = writer.record(line).err();
                }
            });
            if let Some(error) = failed {
                return Err(error);
            }
            self.check()?;
            match answer {
                Ok(found) => readings.absorb(found),
                Err(error) if alone => return Err(error.into()),
                Err(error) => readings.notes.push(format!("{}: {error}", source.name())),
            }
        }
        Ok(())
    }
}
