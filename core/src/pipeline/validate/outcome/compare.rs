//! What a check's end means, given how the same check ended without the fix.

use super::{Ended, Summary};
use crate::domain::LayerOutcome;
use std::collections::BTreeSet;

/// Names that are spelled out in a reason.
const NAMED: usize = 5;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    pub outcome: LayerOutcome,
    /// Tests, or else error lines, that fail with the fix and not without it.
    pub newly: BTreeSet<String>,
}

impl Compared {
    fn of(outcome: LayerOutcome) -> Self {
        Self { outcome, newly: BTreeSet::new() }
    }

    fn inconclusive(why: impl Into<String>) -> Self {
        Self::of(LayerOutcome::Inconclusive { why: why.into() })
    }

    fn failed(what: &str, newly: BTreeSet<String>, after: &Summary) -> Self {
        let why = reason(&format!("{what}{}", list(&newly)), &after.excerpt);
        Self { outcome: LayerOutcome::Failed { why }, newly }
    }

    pub fn blames(&self) -> bool {
        matches!(self.outcome, LayerOutcome::Failed { .. })
    }
}

/// `what`, and below it what the check said.
pub fn reason(what: &str, excerpt: &str) -> String {
    if excerpt.is_empty() { what.to_owned() } else { format!("{what}\n{excerpt}") }
}

/// Compares a check without the fix (`before`) and with it (`after`).
pub fn compare(before: &Summary, after: &Summary) -> Compared {
    match after.ended {
        Ended::Cancelled => Compared::inconclusive("it was cancelled"),
        Ended::Deadline => Compared::inconclusive(with_before("it did not end before its deadline", before)),
        Ended::Memory => Compared::inconclusive(with_before("it went over its memory limit", before)),
        Ended::NotStarted => not_started(before, after),
        Ended::Exited(0) => passed(before, after),
        _ if !before.ended.tells() => only_after(before, after),
        Ended::Signalled(signal) => {
            let what = format!("it was ended by signal {signal}, and exits without the fix");
            Compared::failed(&what, BTreeSet::new(), after)
        }
        Ended::Exited(code) => failed(code, before, after),
    }
}

fn with_before(what: &str, before: &Summary) -> String {
    match before.ended {
        Ended::Deadline | Ended::Memory => format!("{what}; nor did it end well without the fix"),
        _ => format!("{what}; without the fix it ended after {} ms", before.millis),
    }
}

fn not_started(before: &Summary, after: &Summary) -> Compared {
    match before.ended {
        Ended::NotStarted => Compared::of(LayerOutcome::Skipped { why: after.excerpt.clone() }),
        _ => Compared::inconclusive(after.excerpt.clone()),
    }
}

/// A suite that finds no test any more says nothing by its success.
fn passed(before: &Summary, after: &Summary) -> Compared {
    if !before.tests.is_empty() && after.tests.is_empty() {
        let what = format!("it ran {} tests without the fix and none with it", before.tests.len());
        return Compared::inconclusive(what);
    }
    Compared::of(LayerOutcome::Passed)
}

/// It fails with the fix, and how it is without the fix is not known.
fn only_after(before: &Summary, after: &Summary) -> Compared {
    let how = match before.ended {
        Ended::Deadline => "did not end before its deadline",
        Ended::Memory => "went over its memory limit",
        Ended::Cancelled => "was cancelled",
        Ended::NotStarted => "could not be started",
        Ended::Signalled(_) => "crashed",
        Ended::Exited(_) => "was not found",
    };
    let just_so = before.ended == after.ended;
    let why = reason(&format!("without the fix it {how}"), &after.excerpt);
    Compared::of(match just_so {
        true => LayerOutcome::FailedBefore { why },
        false => LayerOutcome::Inconclusive { why },
    })
}

fn failed(code: i32, before: &Summary, after: &Summary) -> Compared {
    if before.ended == Ended::Exited(0) {
        let newly = new_tests(before, after);
        let newly = if newly.is_empty() { new_errors(before, after) } else { newly };
        return Compared::failed(
            &format!("it fails with exit code {code} and passes without the fix"),
            newly,
            after,
        );
    }
    let newly = new_tests(before, after);
    if !newly.is_empty() {
        return Compared::failed("more fails than without the fix", newly, after);
    }
    let same = "it fails just so without the fix";
    if !before.tests.is_empty() && after.tests.is_empty() {
        return Compared::failed("no test runs any more", new_errors(before, after), after);
    }
    if after.tests.values().any(|c| c.failed > 0) {
        return Compared::of(LayerOutcome::FailedBefore { why: reason(same, &after.excerpt) });
    }
    // No test tells: a compiler, a linter, or a suite that breaks down before its tests.
    let newly = new_errors(before, after);
    if newly.is_empty() && Ended::Exited(code) == before.ended {
        return Compared::of(LayerOutcome::FailedBefore { why: reason(same, &after.excerpt) });
    }
    Compared::failed("it says what it does not say without the fix", newly, after)
}

/// Tests that fail more often than before, and those that passed before and are gone.
fn new_tests(before: &Summary, after: &Summary) -> BTreeSet<String> {
    let failed_before = |name: &String| before.tests.get(name).map_or(0, |c| c.failed);
    let worse = after.tests.iter().filter(|(name, c)| c.failed > failed_before(name)).map(|(name, _)| name);
    let complete = !after.tests.is_empty();
    let gone =
        before.tests.iter().filter(|(name, c)| complete && c.passed > 0 && !after.tests.contains_key(*name));
    worse.chain(gone.map(|(name, _)| name)).cloned().collect()
}

fn new_errors(before: &Summary, after: &Summary) -> BTreeSet<String> {
    let had = |line: &String| before.errors.get(line).copied().unwrap_or(0);
    after.errors.iter().filter(|(line, n)| **n > had(line)).map(|(line, _)| line.clone()).collect()
}

fn list(names: &BTreeSet<String>) -> String {
    if names.is_empty() {
        return String::new();
    }
    let named: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(", and {n} more"),
    };
    format!(": {}{more}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::validate::outcome::Count;

    /// `a b !c` are tests (`!` failed), `?x` is an error line.
    fn summary(ended: Ended, said: &str) -> Summary {
        let mut s = Summary::not_started(String::new());
        s.ended = ended;
        for word in said.split_whitespace() {
            if let Some(line) = word.strip_prefix('?') {
                *s.errors.entry(line.into()).or_insert(0) += 1;
            } else {
                let c: &mut Count = s.tests.entry(word.trim_start_matches('!').into()).or_default();
                if word.starts_with('!') { c.failed += 1 } else { c.passed += 1 }
            }
        }
        s
    }

    fn word(outcome: &LayerOutcome) -> &'static str {
        match outcome {
            LayerOutcome::Passed => "passed",
            LayerOutcome::Failed { .. } => "failed",
            LayerOutcome::FailedBefore { .. } => "before",
            LayerOutcome::Skipped { .. } => "skipped",
            LayerOutcome::Inconclusive { .. } => "inconclusive",
        }
    }

    #[test]
    fn the_fix_is_blamed_only_for_what_is_new() {
        use Ended::{Cancelled, Deadline, Exited, Memory, NotStarted, Signalled};
        for (before, after, expected, newly) in [
            ((Exited(0), "a b"), (Exited(0), "a b"), "passed", ""),
            ((Exited(1), "a !b"), (Exited(0), "a b"), "passed", ""),
            ((Exited(0), "a b"), (Exited(0), ""), "inconclusive", ""),
            ((Exited(0), "a b"), (Exited(1), "a !b"), "failed", "b"),
            ((Exited(1), "a !b"), (Exited(1), "a !b"), "before", ""),
            ((Exited(1), "a !b"), (Exited(1), "!a b"), "failed", "a"),
            ((Exited(1), "a !b"), (Exited(1), "!a !b"), "failed", "a"),
            ((Exited(1), "a !b"), (Exited(1), "!b"), "failed", "a"),
            ((Exited(1), "a a !a"), (Exited(1), "a !a !a"), "failed", "a"),
            ((Exited(1), "a !b"), (Exited(101), "?E1"), "failed", "E1"),
            ((Exited(1), "?E1"), (Exited(1), "?E1"), "before", ""),
            ((Exited(1), "?E1"), (Exited(1), "?E1 ?E1"), "failed", "E1"),
            ((Exited(1), "?E1 ?E2"), (Exited(1), "?E2"), "before", ""),
            ((Exited(1), "?E1"), (Exited(2), "?E1"), "failed", ""),
            ((Exited(0), ""), (Exited(1), ""), "failed", ""),
            ((Exited(1), ""), (Exited(1), ""), "before", ""),
            ((Exited(0), ""), (Signalled(11), ""), "failed", ""),
            ((Signalled(11), ""), (Signalled(11), ""), "before", ""),
            ((Signalled(11), ""), (Exited(1), ""), "inconclusive", ""),
            ((Exited(0), ""), (Deadline, ""), "inconclusive", ""),
            ((Exited(0), ""), (Memory, ""), "inconclusive", ""),
            ((Exited(0), ""), (Cancelled, ""), "inconclusive", ""),
            ((Deadline, ""), (Exited(1), ""), "inconclusive", ""),
            ((NotStarted, ""), (NotStarted, ""), "skipped", ""),
            ((Exited(127), ""), (Exited(127), ""), "before", ""),
        ] {
            let got = compare(&summary(before.0, before.1), &summary(after.0, after.1));
            assert_eq!(word(&got.outcome), expected, "{before:?} {after:?}");
            let names: Vec<_> = got.newly.iter().map(String::as_str).collect();
            assert_eq!(names.join(" "), newly, "{before:?} {after:?}");
        }
    }
}
