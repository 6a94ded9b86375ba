//! How a command ends: the documented exit codes, and failures that say what to do next.

use std::fmt;
use std::sync::{Arc, Mutex};

/// Exit codes; scripts rely on them, so they never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Clean, or all fixed and validated.
    Clean = 0,
    /// Findings, drift or risk remain.
    Remaining = 1,
    /// Usage, configuration or internal error.
    Error = 2,
    /// Nothing to examine.
    Nothing = 3,
    PolicyDenied = 4,
    /// Validation failed; everything was restored.
    ValidationFailed = 5,
    /// Approval is required and none was given.
    ApprovalRequired = 6,
    Inconclusive = 7,
    AuditBroken = 8,
    Deadline = 124,
    Interrupted = 130,
}

/// Why a command could not do its work: what failed, why, and what to do next.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    pub what: String,
    /// From the nearest cause to the root.
    pub causes: Vec<String>,
    pub next: Option<String>,
}

impl Failure {
    /// An error (exit 2) of which `what` says what could not be done.
    pub fn new(what: impl Into<String>) -> Self {
        Self { exit: Exit::Error, what: what.into(), causes: Vec::new(), next: None }
    }

    pub fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// What could not be done and why, without what to do about it.
    pub fn in_one_line(&self) -> String {
        [std::slice::from_ref(&self.what), &self.causes].concat().join(": ")
    }

    /// Adds an error and its sources as causes.
    pub fn because(mut self, error: &dyn std::error::Error) -> Self {
        self.causes.push(error.to_string());
        let mut source = error.source();
        while let Some(cause) = source {
            self.causes.push(cause.to_string());
            source = cause.source();
        }
        self
    }

    /// Adds a reason in words.
    pub fn because_of(mut self, why: impl Into<String>) -> Self {
        self.causes.push(why.into());
        self
    }

    /// What the user can do about it, as an imperative sentence.
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }
}

/// Runs `work`; a panic, which is a mistake of ours, becomes a failure that names its place.
///
/// # Errors
/// As `work`, or the panic.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let place = Arc::new(Mutex::new(String::new()));
    let noted = place.clone();
    std::panic::set_hook(Box::new(move |panic| {
        if let (Ok(mut noted), Some(at)) = (noted.lock(), panic.location()) {
            *noted = format!("{} (line {})", at.file(), at.line());
        }
    }));
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let why = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let why = why.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        let at = place.lock().map(|p| p.clone()).unwrap_or_default();
        let failure = Failure::new("internal error");
        let failure = Failure { causes: vec![format!("{why}, in {at}")], ..failure };
        Err(failure.next("report it with the command that you ran; nothing half done is left behind"))
    })
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        for cause in &self.causes {
            write!(f, "\n  because: {cause}")?;
        }
        if let Some(next) = &self.next {
            write!(f, "\n  next: {next}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_failure_without_a_dump() {
        let failure = guarded::<()>(|| panic!("the {} broke", "thing")).unwrap_err();
        assert_eq!(failure.exit, Exit::Error);
        let text = failure.to_string();
        assert!(
            text.starts_with("error: internal error\n  because: the thing broke, in cli/src/exit.rs"),
            "{text}"
        );
        assert!(!text.contains("backtrace"));
    }
}
