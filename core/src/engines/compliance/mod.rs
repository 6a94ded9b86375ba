//! What an audit log shows for the controls of SOC 2 and ISO 27001: which hold, which do not, and which
//! nothing was seen of.
//!
//! A control passes only on evidence: without an entry that it is about, it is not tested. Never judges
//! what the log cannot show; an auditor reads this, it replaces none.

mod controls;
mod summary;

pub use controls::{CONTROLS, Control, Test};
pub use summary::{Change, Summary};

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
    /// The named ones, so that they can be judged without the log at hand.
    pub cases: Vec<Case>,
}

/// An entry that a control does not hold for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Case {
    pub index: u64,
    pub timestamp: String,
    pub actor: String,
    pub action: String,
    pub resource: String,
    pub result: AuditResult,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub run: String,
}

/// What no log of this kind shows, whatever it says of the controls.
pub const LIMITS: &[&str] = &[
    "Only what ecoops did, or was told, is in the log: changes that went past it are not.",
    "A control passes on the entries of the period; that a control exists on paper is not judged.",
    "The log proves that nothing in it was altered or left out; not that what it was told is true.",
    "Agent and actor may be processes of one user: duties are then separated between processes, not between people.",
    "A control without entries in the period is not tested, and does not count in the score.",
];

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub framework: Framework,
    pub entries: usize,
    pub controls: Vec<Finding>,
    pub summary: Summary,
    /// Percent of the tested controls that pass; `None` when none was tested.
    pub compliance_score: Option<f64>,
}

/// The entries of a period, with their indexes.
#[derive(Debug, Clone, Copy)]
pub struct Period<'a> {
    pub entries: &'a [(u64, AuditEntry)],
    /// All entries, of whatever time, of the runs that have an entry in the period: a run that began before it is not
    /// judged by its second half.
    pub of_runs: &'a [(u64, AuditEntry)],
}

impl<'a> Period<'a> {
    /// Entries that belong together: of one run, else of one trace.
    fn runs(&self) -> BTreeMap<&'a str, Vec<&'a (u64, AuditEntry)>> {
        let mut runs: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for pair in self.of_runs {
            runs.entry(name_of(&pair.1)).or_default().push(pair);
        }
        runs
    }

    fn has(&self, index: u64) -> bool {
        self.entries.binary_search_by_key(&index, |(index, _)| *index).is_ok()
    }
}

/// What an entry belongs to: its run, else its trace.
pub fn name_of(entry: &AuditEntry) -> &str {
    if entry.run.is_empty() { &entry.trace_id } else { &entry.run }
}

/// Judges a period. `whole` says whether the log verified. Both lists are in the order of the log.
pub fn report(framework: Framework, period: &Period<'_>, whole: bool) -> Report {
    let controls: Vec<Finding> =
        CONTROLS.iter().filter(|c| c.framework == framework).map(|c| judge(c, period, whole)).collect();
    let count = |status: Status| controls.iter().filter(|f| f.status == status).count();
    let (passed, tested) = (count(Status::Pass), count(Status::Pass) + count(Status::Fail));
    let score = (tested > 0).then(|| (1000.0 * passed as f64 / tested as f64).round() / 10.0);
    let summary = summary::of(period);
    Report { framework, entries: period.entries.len(), controls, summary, compliance_score: score }
}

fn judge(control: &Control, period: &Period<'_>, whole: bool) -> Finding {
    let entries = period.entries;
    let (population, wrong) = match control.test {
        Test::LogIntegrity => (entries.len(), if whole { Vec::new() } else { first(entries) }),
        Test::ActorsKnown => each(
            entries,
            |_| true,
            |e| !e.actor.is_empty() && e.actor != "unverified" || e.result == AuditResult::Denied,
        ),
        Test::Traceable => each(entries, |_| true, |e| !e.trace_id.is_empty() && !e.timestamp.is_empty()),
        Test::DenialsHeld => each(entries, decided_against, |e| e.result != AuditResult::Success),
        Test::ChangesAllowed => changes(period, |run| {
            run.iter().any(|e| e.policy.as_ref().is_some_and(|p| p.decision == "allow"))
                && !run.iter().any(|e| is_change(e) && decided_against(e))
        }),
        Test::ChangesValidated => changes(period, |run| {
            run.iter().any(|e| e.action == "validate" && e.result == AuditResult::Success)
        }),
        Test::FailuresAnswered => failures(period),
        Test::Separated => each(entries, is_change, |e| e.signer != "self"),
    };
    let status = match (population, wrong.len()) {
        // Of a log that does not verify nobody knows what it held.
        _ if control.test == Test::LogIntegrity && !whole => Status::Fail,
        (0, _) => Status::NotTested,
        (_, 0) => Status::Pass,
        _ => Status::Fail,
    };
    let named: Vec<u64> = wrong.iter().take(MOST_NAMED).copied().collect();
    let cases = named.iter().filter_map(|index| case(entries, *index)).collect();
    Finding {
        id: control.id,
        name: control.name,
        test: control.test.says(),
        status,
        population,
        exceptions: wrong.len(),
        named,
        cases,
    }
}

fn case(entries: &[(u64, AuditEntry)], index: u64) -> Option<Case> {
    let place = entries.binary_search_by_key(&index, |(index, _)| *index).ok()?;
    let (_, entry) = entries.get(place)?;
    Some(Case {
        index,
        timestamp: entry.timestamp.clone(),
        actor: entry.actor.clone(),
        action: entry.action.clone(),
        resource: entry.resource.clone(),
        result: entry.result,
        run: entry.run.clone(),
    })
}

fn first(entries: &[(u64, AuditEntry)]) -> Vec<u64> {
    entries.iter().take(1).map(|(index, _)| *index).collect()
}

fn decided_against(entry: &AuditEntry) -> bool {
    entry.policy.as_ref().is_some_and(|p| p.decision == "deny")
}

/// An entry of something that changed what runs or what is in a repository. A run of ours changes an isolated copy when it
/// integrates, and the user's files when it has landed, which is what its last entry says.
fn is_change(entry: &AuditEntry) -> bool {
    const CHANGES: [&str; 7] = ["integrate", "sync", "rollback", "deploy", "apply", "delete", "update"];
    let last = entry.action.rsplit(['.', ':']).next().unwrap_or_default();
    let changes = match entry.run.is_empty() {
        true => CHANGES.contains(&last),
        false => last == "audit" || (last != "integrate" && CHANGES.contains(&last)),
    };
    changes && entry.result == AuditResult::Success
}

/// Of those that a control is about, the ones that it does not hold for.
fn each(
    entries: &[(u64, AuditEntry)],
    about: impl Fn(&AuditEntry) -> bool,
    holds: impl Fn(&AuditEntry) -> bool,
) -> (usize, Vec<u64>) {
    let about: Vec<_> = entries.iter().filter(|(_, entry)| about(entry)).collect();
    let wrong = about.iter().filter(|(_, entry)| !holds(entry)).map(|(index, _)| *index).collect();
    (about.len(), wrong)
}

/// Runs that changed something in the period, judged as a whole; named by their change.
fn changes(period: &Period<'_>, holds: impl Fn(&[&AuditEntry]) -> bool) -> (usize, Vec<u64>) {
    let mut population = 0;
    let mut wrong = Vec::new();
    for run in period.runs().into_values() {
        let change = run.iter().find(|(index, entry)| is_change(entry) && period.has(*index));
        let Some((index, _)) = change else { continue };
        population += 1;
        let of_run: Vec<&AuditEntry> = run.iter().map(|(_, entry)| entry).collect();
        if !holds(&of_run) {
            wrong.push(*index);
        }
    }
    wrong.sort_unstable();
    (population, wrong)
}

/// A run in which something failed must not have gone on to complete as if nothing had happened: after
/// its last failure comes a success of the same action, an undo, or nothing that changes.
fn failures(period: &Period<'_>) -> (usize, Vec<u64>) {
    let mut population = 0;
    let mut wrong = Vec::new();
    for run in period.runs().into_values() {
        let mut open: BTreeSet<&str> = BTreeSet::new();
        let mut failed = false;
        for (index, entry) in run.iter().copied() {
            match entry.result {
                AuditResult::Failure => {
                    failed |= period.has(*index);
                    open.insert(&entry.action);
                }
                AuditResult::Success if entry.action == "undo" || entry.action.ends_with("rollback") => {
                    open.clear()
                }
                AuditResult::Success => {
                    open.remove(entry.action.as_str());
                    if is_change(entry) && !open.is_empty() && period.has(*index) {
                        // It may have failed before the period.
                        failed = true;
                        wrong.push(*index);
                        break;
                    }
                }
                AuditResult::Denied => {}
            }
        }
        population += usize::from(failed);
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

    fn status(entries: &[AuditEntry], whole: bool, test: Test) -> Status {
        let entries: Vec<_> = (0u64..).zip(entries.iter().cloned()).collect();
        let control = CONTROLS.iter().find(|c| c.test == test).unwrap();
        judge(control, &Period { entries: &entries, of_runs: &entries }, whole).status
    }

    #[test]
    fn a_control_passes_on_evidence_fails_on_an_exception_and_is_else_not_tested() {
        use AuditResult::{Denied, Failure, Success};
        let gate = |d| entry("1", "gate", Success, d);
        let validate = entry("1", "validate", Success, "");
        // what a run writes once its change has landed
        let integrate = entry("1", "audit", Success, "");
        let into_copy = entry("1", "integrate", Success, "");
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
            // a copy is no change: the first attempt failed, and the second landed; or nothing landed at all
            (
                Test::FailuresAnswered,
                vec![
                    into_copy.clone(),
                    entry("1", "validate", Failure, ""),
                    into_copy.clone(),
                    validate.clone(),
                    integrate.clone(),
                ],
                true,
                Status::Pass,
            ),
            (
                Test::ChangesValidated,
                vec![into_copy, entry("1", "validate", Failure, "")],
                true,
                Status::NotTested,
            ),
            (Test::Separated, vec![own], true, Status::Fail),
            (Test::Separated, vec![integrate], true, Status::Pass),
        ] {
            assert_eq!(status(&entries, whole, test), expected, "{test:?} {entries:?}");
        }
    }

    #[test]
    fn an_empty_log_has_no_score() {
        for framework in [Framework::Soc2, Framework::Iso27001] {
            let report = report(framework, &Period { entries: &[], of_runs: &[] }, true);
            assert!(report.controls.len() >= 5);
            assert_eq!(report.compliance_score, None);
        }
    }

    #[test]
    fn all_exceptions_are_counted_and_the_first_named() {
        let wrong = AuditEntry { actor: String::new(), ..entry("1", "scan", AuditResult::Success, "") };
        let entries: Vec<_> = (0u64..100).map(|index| (index, wrong.clone())).collect();
        let report = report(Framework::Soc2, &Period { entries: &entries, of_runs: &entries }, true);
        let found = report.controls.iter().find(|f| f.test == Test::ActorsKnown.says()).unwrap();
        assert_eq!((found.exceptions, found.named.len()), (100, MOST_NAMED));
        assert_eq!(found.cases[3], case(&entries, 3).unwrap());
        assert!(report.compliance_score.is_some_and(|score| score < 100.0));
    }

    #[test]
    fn a_change_counts_against_a_failure_from_before_the_period() {
        let all =
            [entry("1", "validate", AuditResult::Failure, ""), entry("1", "audit", AuditResult::Success, "")];
        let all: Vec<(u64, AuditEntry)> = (0u64..).zip(all).collect();
        let control = CONTROLS.iter().find(|c| c.test == Test::FailuresAnswered).unwrap();
        for (entries, expected) in [(&all[..1], Status::Pass), (&all[1..], Status::Fail)] {
            let found = judge(control, &Period { entries, of_runs: &all }, true);
            assert_eq!((found.status, found.population), (expected, 1), "{found:?}");
        }
    }

    #[test]
    fn a_run_that_began_before_the_period_is_judged_whole_and_each_change_names_its_evidence() {
        use AuditResult::Success;
        let all: Vec<(u64, AuditEntry)> = (0u64..)
            .zip([
                entry("1", "gate", Success, "allow"),
                entry("1", "validate", Success, ""),
                entry("1", "approve", Success, ""),
                entry("1", "audit", Success, "allow"),
                entry("1", "undo", Success, ""),
            ])
            .collect();
        let report = report(Framework::Soc2, &Period { entries: &all[3..], of_runs: &all }, true);
        assert!(report.controls.iter().all(|control| control.status != Status::Fail), "{report:?}");
        let change = &report.summary.listed[0];
        assert_eq!((report.summary.changes, change.index), (1, 3));
        assert_eq!(
            (change.allowed, change.validated, change.approved, change.undone),
            (Some(3), Some(1), Some(2), Some(4))
        );
        assert_eq!(report.summary.policy_versions.len(), 1);
    }
}
