//! What an audit log shows for the controls of SOC 2 and ISO 27001: which hold, which do not, and which
//! nothing was seen of.
//!
//! A control passes only on evidence: without an entry that it is about, it is not tested. Never judges
//! what the log cannot show; an auditor reads this, it replaces none.

mod controls;

pub use controls::{CONTROLS, Control, Test};

use crate::domain::{AuditEntry, AuditResult};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Exceptions that a report names of each control.
const MOST_NAMED: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Framework {
    #[serde(rename = "SOC2")]
    Soc2,
    #[serde(rename = "ISO27001")]
    Iso27001,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Pass,
    Fail,
    /// Nothing in the period that it is about.
    NotTested,
}

/// One control on the evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub id: &'static str,
    pub name: &'static str,
    /// How it was looked for.
    pub test: &'static str,
    pub status: Status,
    /// Entries, or runs, that it was looked for in.
    pub population: usize,
    /// Those that it does not hold for: all of them counted, the first named by index in the log.
    pub exceptions: usize,
    pub named: Vec<u64>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub framework: Framework,
    pub entries: usize,
    pub controls: Vec<Finding>,
    /// Percent of the tested controls that pass; `None` when none was tested.
    pub compliance_score: Option<f64>,
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Its place in the log.
    pub index: u64,
    pub entry: AuditEntry,
    /// In the period; the others are of runs that its edge cuts, and bear witness to those.
    pub within: bool,
}

/// What an entry belongs together with: its run, else its trace; empty for neither.
pub fn run_of(entry: &AuditEntry) -> &str {
    if entry.run.is_empty() { &entry.trace_id } else { &entry.run }
}

/// Judges a period by its entries, in the log's order with the other entries of their runs. `whole` says whether the
/// log verified.
pub fn report(framework: Framework, entries: &[Seen], whole: bool) -> Report {
    let controls: Vec<Finding> =
        CONTROLS.iter().filter(|c| c.framework == framework).map(|c| judge(c, entries, whole)).collect();
    let count = |status: Status| controls.iter().filter(|f| f.status == status).count();
    let (passed, tested) = (count(Status::Pass), count(Status::Pass) + count(Status::Fail));
    let score = (tested > 0).then(|| (1000.0 * passed as f64 / tested as f64).round() / 10.0);
    let entries = entries.iter().filter(|seen| seen.within).count();
    Report { framework, entries, controls, compliance_score: score }
}

fn judge(control: &Control, entries: &[Seen], whole: bool) -> Finding {
    let (population, wrong) = match control.test {
        Test::LogIntegrity => each(entries, |_| true, |_| whole),
        Test::ActorsKnown => each(
            entries,
            |_| true,
            |e| !e.actor.is_empty() && e.actor != "unverified" || e.result == AuditResult::Denied,
        ),
        Test::Traceable => each(entries, |_| true, |e| !e.trace_id.is_empty() && !e.timestamp.is_empty()),
        Test::DenialsHeld => each(entries, decided_against, |e| e.result != AuditResult::Success),
        Test::ChangesAllowed => changes(entries, |run| {
            run.iter().any(|e| e.policy.as_ref().is_some_and(|p| p.decision == "allow"))
                && !run.iter().any(|e| is_change(e) && decided_against(e))
        }),
        Test::ChangesValidated => changes(entries, |run| {
            run.iter().any(|e| e.action == "validate" && e.result == AuditResult::Success)
        }),
        Test::FailuresAnswered => failures(entries),
        Test::Separated => each(entries, is_change, |e| e.signer != "self"),
    };
    let status = match (population, wrong.len()) {
        // Of a log that does not verify nobody knows what it held.
        _ if control.test == Test::LogIntegrity && !whole => Status::Fail,
        (0, _) => Status::NotTested,
        (_, 0) => Status::Pass,
        _ => Status::Fail,
    };
    let named = wrong.iter().take(MOST_NAMED).copied().collect();
    Finding {
        id: control.id,
        name: control.name,
        test: control.test.says(),
        status,
        population,
        exceptions: wrong.len(),
        named,
    }
}

fn decided_against(entry: &AuditEntry) -> bool {
    entry.policy.as_ref().is_some_and(|p| p.decision == "deny")
}

/// An action that changes what runs or what is in a repository.
fn is_change(entry: &AuditEntry) -> bool {
    const CHANGES: [&str; 7] = ["integrate", "sync", "rollback", "deploy", "apply", "delete", "update"];
    let last = entry.action.rsplit(['.', ':']).next().unwrap_or_default();
    CHANGES.contains(&last) && entry.result == AuditResult::Success
}

/// Of those in the period that a control is about, the ones that it does not hold for.
fn each(
    entries: &[Seen],
    about: impl Fn(&AuditEntry) -> bool,
    holds: impl Fn(&AuditEntry) -> bool,
) -> (usize, Vec<u64>) {
    let about: Vec<_> = entries.iter().filter(|seen| seen.within && about(&seen.entry)).collect();
    let wrong = about.iter().filter(|seen| !holds(&seen.entry)).map(|seen| seen.index).collect();
    (about.len(), wrong)
}

/// Entries that belong together.
fn runs(entries: &[Seen]) -> BTreeMap<&str, Vec<&Seen>> {
    let mut runs: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for seen in entries {
        runs.entry(run_of(&seen.entry)).or_default().push(seen);
    }
    runs
}

/// Runs that changed something in the period, judged as a whole; named by that change.
fn changes(entries: &[Seen], holds: impl Fn(&[&AuditEntry]) -> bool) -> (usize, Vec<u64>) {
    let mut population = 0;
    let mut wrong = Vec::new();
    for run in runs(entries).into_values() {
        let Some(change) = run.iter().find(|seen| seen.within && is_change(&seen.entry)) else { continue };
        population += 1;
        let of_run: Vec<&AuditEntry> = run.iter().map(|seen| &seen.entry).collect();
        if !holds(&of_run) {
            wrong.push(change.index);
        }
    }
    wrong.sort_unstable();
    (population, wrong)
}

/// A run in which something failed must not have gone on to complete as if nothing had happened: after
/// its last failure comes a success of the same action, an undo, or nothing that changes. It counts for the period in
/// which it failed or went on so.
fn failures(entries: &[Seen]) -> (usize, Vec<u64>) {
    let mut population = 0;
    let mut wrong = Vec::new();
    for run in runs(entries).into_values() {
        let mut open: BTreeSet<&str> = BTreeSet::new();
        let mut counts = false;
        for Seen { index, entry, within } in run {
            match entry.result {
                AuditResult::Failure => {
                    counts |= within;
                    open.insert(&entry.action);
                }
                AuditResult::Success if entry.action == "undo" || entry.action.ends_with("rollback") => {
                    open.clear()
                }
                AuditResult::Success => {
                    open.remove(entry.action.as_str());
                    if *within && is_change(entry) && !open.is_empty() {
                        counts = true;
                        wrong.push(*index);
                        break;
                    }
                }
                AuditResult::Denied => {}
            }
        }
        population += usize::from(counts);
    }
    wrong.sort_unstable();
    (population, wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::PolicyStamp;

    fn entry(run: &str, action: &str, result: AuditResult, decision: &str) -> AuditEntry {
        let stamp = |d: &str| PolicyStamp { version: "v".into(), decision: d.into(), reason: "r".into() };
        AuditEntry {
            timestamp: "2026-01-01T00:00:00Z".into(),
            trace_id: "t".into(),
            run: run.into(),
            actor: "ana".into(),
            action: action.into(),
            resource: "a.py".into(),
            result,
            policy: (!decision.is_empty()).then(|| stamp(decision)),
            content_hash: None,
            urn: String::new(),
            uri: String::new(),
            signer: "agent".into(),
            asked: None,
            details: None,
        }
    }

    /// All in the period.
    fn all(entries: &[AuditEntry]) -> Vec<Seen> {
        let seen = |(index, entry): (u64, &AuditEntry)| Seen { index, entry: entry.clone(), within: true };
        (0u64..).zip(entries).map(seen).collect()
    }

    fn status(entries: &[AuditEntry], whole: bool, test: Test) -> Status {
        let entries: Vec<_> = all(entries);
        let control = CONTROLS.iter().find(|c| c.test == test).unwrap();
        judge(control, &entries, whole).status
    }

    #[test]
    fn a_control_passes_on_evidence_fails_on_an_exception_and_is_else_not_tested() {
        use AuditResult::{Denied, Failure, Success};
        let gate = |d| entry("1", "gate", Success, d);
        let validate = entry("1", "validate", Success, "");
        let integrate = entry("1", "integrate", Success, "");
        let anonymous = AuditEntry { actor: String::new(), ..integrate.clone() };
        let own = AuditEntry { signer: "self".into(), ..integrate.clone() };
        for (test, entries, whole, expected) in [
            (Test::LogIntegrity, vec![], true, Status::NotTested),
            (Test::LogIntegrity, vec![], false, Status::Fail),
            (Test::LogIntegrity, vec![validate.clone()], true, Status::Pass),
            (Test::LogIntegrity, vec![validate.clone()], false, Status::Fail),
            (Test::ActorsKnown, vec![validate.clone()], true, Status::Pass),
            (Test::ActorsKnown, vec![anonymous], true, Status::Fail),
            (Test::ChangesAllowed, vec![validate.clone()], true, Status::NotTested),
            (Test::ChangesAllowed, vec![gate("allow"), integrate.clone()], true, Status::Pass),
            (Test::ChangesAllowed, vec![integrate.clone()], true, Status::Fail),
            (
                Test::ChangesAllowed,
                vec![entry("2", "gate", Success, "allow"), integrate.clone()],
                true,
                Status::Fail,
            ),
            (Test::ChangesValidated, vec![validate.clone(), integrate.clone()], true, Status::Pass),
            (Test::ChangesValidated, vec![integrate.clone()], true, Status::Fail),
            (Test::DenialsHeld, vec![integrate.clone()], true, Status::NotTested),
            (Test::DenialsHeld, vec![entry("1", "gate", Denied, "deny")], true, Status::Pass),
            (Test::DenialsHeld, vec![entry("1", "sync", Success, "deny")], true, Status::Fail),
            (Test::FailuresAnswered, vec![integrate.clone()], true, Status::NotTested),
            (Test::FailuresAnswered, vec![entry("1", "validate", Failure, "")], true, Status::Pass),
            (
                Test::FailuresAnswered,
                vec![entry("1", "validate", Failure, ""), integrate.clone()],
                true,
                Status::Fail,
            ),
            (
                Test::FailuresAnswered,
                vec![entry("1", "validate", Failure, ""), validate.clone(), integrate.clone()],
                true,
                Status::Pass,
            ),
            (Test::Separated, vec![own], true, Status::Fail),
            (Test::Separated, vec![integrate], true, Status::Pass),
        ] {
            assert_eq!(status(&entries, whole, test), expected, "{test:?} {entries:?}");
        }
    }

    /// A run is of the period in which it changed something, and is judged by all that it did.
    #[test]
    fn the_edge_of_a_period_cuts_no_run() {
        use AuditResult::{Failure, Success};
        let act =
            |action: &str, result| entry("1", action, result, if action == "gate" { "allow" } else { "" });
        let good = [act("gate", Success), act("validate", Success), act("integrate", Success)];
        let undone = [act("validate", Failure), act("undo", Success), act("integrate", Success)];
        let ignored = [act("validate", Failure), act("gate", Success), act("integrate", Success)];
        use Status::{Fail, NotTested, Pass};
        let expected = [
            (Test::ChangesAllowed, &good, [NotTested, Pass]),
            (Test::ChangesValidated, &good, [NotTested, Pass]),
            (Test::FailuresAnswered, &undone, [Pass, NotTested]),
            (Test::FailuresAnswered, &ignored, [Pass, Fail]),
            (Test::ActorsKnown, &good, [Pass, Pass]),
        ];
        for (test, run, statuses) in expected {
            let control = CONTROLS.iter().find(|c| c.test == test).unwrap();
            for edge in [1, 2] {
                for (late, status) in [false, true].into_iter().zip(statuses) {
                    let mut seen = all(run);
                    seen.iter_mut().for_each(|one| one.within = (one.index >= edge) == late);
                    let found = judge(control, &seen, true);
                    assert_eq!(found.status, status, "{test:?} cut at {edge}, late {late}: {found:?}");
                    assert!(found.named.iter().all(|index| seen[*index as usize].within));
                }
            }
        }
    }

    #[test]
    fn an_empty_log_has_no_score() {
        for framework in [Framework::Soc2, Framework::Iso27001] {
            let report = report(framework, &[], true);
            assert!(report.controls.len() >= 5);
            assert_eq!(report.compliance_score, None);
        }
    }

    #[test]
    fn all_exceptions_are_counted_and_the_first_named() {
        let wrong = AuditEntry { actor: String::new(), ..entry("1", "scan", AuditResult::Success, "") };
        let entries = vec![wrong; 100];
        let report = report(Framework::Soc2, &all(&entries), true);
        let found = report.controls.iter().find(|f| f.test == Test::ActorsKnown.says()).unwrap();
        assert_eq!((found.exceptions, found.named.len()), (100, MOST_NAMED));
        assert!(report.compliance_score.is_some_and(|score| score < 100.0));
    }
}
