//! Reads what a check said, and compares it with what it said without the fix, so that a test that
//! failed before is not blamed on the fix.
//!
//! Never runs anything.

mod compare;
mod errors;
mod tests_said;

pub use compare::{Compared, compare, reason};
pub use errors::normalise;
pub use tests_said::Count;

use crate::ports::runner::{End, Ran};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Lines of an excerpt, and their length in characters.
const EXCERPT_LINES: usize = 12;
const LINE_LENGTH: usize = 200;

/// How it ended, in a form that can be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    Exited(i32),
    Signalled(i32),
    Deadline,
    Memory,
    Cancelled,
    /// The program is not there, or the sandbox could not be built.
    NotStarted,
}

impl From<&End> for Ended {
    fn from(end: &End) -> Self {
        match end {
            End::Exited(code) => Self::Exited(*code),
            End::Signalled(signal) => Self::Signalled(*signal),
            End::Deadline => Self::Deadline,
            End::Memory => Self::Memory,
            End::Cancelled => Self::Cancelled,
        }
    }
}

impl Ended {
    /// It ran to its own end, whatever that was.
    pub fn tells(self) -> bool {
        matches!(self, Self::Exited(code) if code != 126 && code != 127)
    }
}

/// What is remembered of a run: enough to compare two, little enough to cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub ended: Ended,
    /// How often each test passed and failed; the same name may occur in several programs.
    pub tests: BTreeMap<String, Count>,
    /// Error lines without places, times and addresses, and how often each occurred.
    pub errors: BTreeMap<String, u32>,
    /// The telling end of the output, redacted, for people.
    pub excerpt: String,
    pub millis: u64,
}

impl Summary {
    /// Reads a run's output. `redact` sees every text that is kept.
    pub fn of(ran: &Ran, redact: &dyn Fn(&str) -> String) -> Self {
        let text = errors::plain(&ran.stdout, &ran.stderr);
        let tests = tests_said::read(&text).into_iter().map(|(name, count)| (redact(&name), count)).collect();
        let lines = errors::error_lines(&text).into_iter().map(|(line, n)| (redact(&line), n)).collect();
        let excerpt = redact(&excerpt(&text));
        Self { ended: (&ran.end).into(), tests, errors: lines, excerpt, millis: ran.millis }
    }

    /// A run that could not begin.
    pub fn not_started(why: String) -> Self {
        let ended = Ended::NotStarted;
        Self { ended, tests: BTreeMap::new(), errors: BTreeMap::new(), excerpt: why, millis: 0 }
    }
}

/// The last lines, errors preferred: those from the last dozen error lines, else the last lines at all.
fn excerpt(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect();
    let telling: Vec<&str> = lines.iter().copied().filter(|l| errors::is_error(l)).collect();
    let chosen = if telling.is_empty() { lines } else { telling };
    let from = if chosen.len() > EXCERPT_LINES { chosen.len() - EXCERPT_LINES } else { 0 };
    let cut = |l: &str| l.chars().take(LINE_LENGTH).collect::<String>();
    chosen.iter().skip(from).map(|l| cut(l)).collect::<Vec<_>>().join("\n")
}
