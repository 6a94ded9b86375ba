//! One run's way from candidates to a validated, granted change set, as often as it takes: what policy
//! denies, what the user declines and what validation blames is left out, and the rest tried again.

use super::gate::{self, Circumstances, Granted, Ruling};
use super::reason::{self, Leave, Unanswered};
use super::remediate::consolidate::{self, Consolidated, Judge, Target};
use super::remediate::integrate;
use super::validate::checks::{PlannedCheck, Unchecked};
use super::validate::{self, bisect::bisect};
use super::{Dialog, Note, Phase, PipelineError, Ports, Progress, Session, Work};
use crate::domain::{
    ChangeSet, ContentHash, EventData, Finding, Layer, LayerOutcome, LeftBecause, Remediation, RepoPath,
    Severity, Verdict,
};
use crate::engines::code::language::Language;
use crate::engines::code::ruleset::RuleSet;
use crate::engines::code::scan::scan_text;
use crate::engines::code::syntax::Source;
use crate::ports::memory::Hit;
use crate::ports::workspace::{Isolated, Side};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

/// The project's checks for a copy in this folder when these files change.
pub type PlanChecks<'a> = dyn Fn(&Path, &[RepoPath]) -> Planned + 'a;

/// What can be run, and what cannot and why.
#[derive(Debug, Default)]
pub struct Planned {
    pub checks: Vec<PlannedCheck>,
    pub unchecked: Vec<Unchecked>,
}

/// How often a set that fails is cut in two before the rest is left out.
const MOST_RUNS: usize = 12;

/// What is left out, by remediation id, and why.
type LeftOut = BTreeMap<String, (LeftBecause, String)>;

pub(super) struct Attempt<'a> {
    pub ports: &'a Ports<'a>,
    pub work: &'a Work<'a>,
    pub dialog: &'a Dialog<'a>,
    pub session: &'a Session<'a>,
    pub targets: &'a [Target],
    pub remembered: &'a BTreeMap<String, Vec<Hit>>,
    pub severities: &'a BTreeMap<String, Severity>,
    pub seen: &'a Seen,
    pub left_out: LeftOut,
    pub unenforced: Vec<String>,
}

/// A change set that policy granted and, if asked, checks passed.
pub(super) struct Ready {
    pub consolidated: Consolidated,
    pub granted: Option<Granted<ChangeSet>>,
    pub rulings: Vec<Ruling>,
    pub verdict: Verdict,
}

/// What the rules find in texts that were looked at before: a run consolidates several times, and most
/// files are the same each time.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<HashMap<ContentHash, Vec<Finding>>>);

impl Seen {
    fn findings(&self, rules: &RuleSet, target: &Target, text: &str) -> Vec<Finding> {
        let key = ContentHash::of(format!("{}\0{text}", target.path).as_bytes());
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        known.unwrap_or_else(|| {
            let findings = scan_text(rules, &target.path, text).findings;
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, findings.clone());
            findings
        })
    }
}

impl Attempt<'_> {
    /// The change set of all that is not left out.
    pub fn consolidate(&self) -> Consolidated {
        self.consolidate_without(&self.left_out)
    }

    fn consolidate_without(&self, left_out: &LeftOut) -> Consolidated {
        let (rules, seen) = (self.work.rules, self.seen);
        let rescan = |target: &Target, text: &str| seen.findings(rules, target, text);
        let (remembered, leave) = (self.remembered, Leave { unsafe_fixes: self.work.request.unsafe_fixes });
        let propose = |finding: &Finding, text: &str| propose(finding, text, remembered, leave, left_out);
        consolidate::consolidate(self.targets, &Judge { rescan: &rescan, errors: &errors, propose: &propose })
    }

    /// Consolidates and asks the policy, again without what it denies, until all that remains is allowed.
    pub fn grant(&mut self, verdict: Option<&Verdict>, approved: bool) -> Result<Ready, PipelineError> {
        let actor = self.session.actor(Phase::Gate)?;
        let severity_of = |r: &Remediation| self.severities.get(&r.rule).copied().unwrap_or(Severity::Medium);
        let about = Circumstances {
            user: &actor,
            compliance_mode: &self.work.request.compliance_mode,
            verdict,
            approved,
            severity_of: &severity_of,
        };
        let mut all: Vec<Ruling> = Vec::new();
        let mut left_out = std::mem::take(&mut self.left_out);
        let ready = loop {
            self.interrupted(Phase::Gate)?;
            let consolidated = self.consolidate_without(&left_out);
            let rulings = gate::rule(self.ports.policy, &consolidated.set, &about);
            let denied = rulings.iter().filter(|r| !r.decision.allow);
            let before = left_out.len();
            left_out.extend(denied.map(|r| {
                (r.remediation.0.clone(), (LeftBecause::PolicyDenied, r.decision.reasons.join("; ")))
            }));
            all.extend(rulings.iter().filter(|r| !r.decision.allow).cloned());
            if left_out.len() == before {
                let granted = gate::grant(consolidated.set.clone(), &rulings);
                all.extend(rulings);
                break Ready { consolidated, granted, rulings: all, verdict: Verdict::default() };
            }
        };
        self.left_out = left_out;
        let stamp = gate::stamp(&ready.rulings);
        let note = Note {
            content: Some(ready.consolidated.set.hash()),
            policy: Some(stamp.clone()),
            result: (stamp.decision == "deny").then_some(crate::domain::AuditResult::Denied),
            ..Note::default()
        };
        self.session.phase(Phase::Gate, &self.work.request.scope, || Ok(()), |()| note)?;
        Ok(ready)
    }

    /// Puts the granted set into an isolated copy and runs the checks there; what they blame is left
    /// out and the rest validated again. The copy is gone when this returns.
    pub fn validate(&mut self, ready: Ready) -> Result<Ready, PipelineError> {
        let Some(granted) = &ready.granted else { return Ok(ready) };
        let scope = self.work.request.scope.clone();
        let copy = self.ports.workspace.isolate(&self.session.run)?;
        let head = self.ports.workspace.about().head.clone().unwrap_or_default();
        let patch = granted.get().patch.clone();
        let hash = granted.get().hash();
        self.session.phase(
            Phase::Integrate,
            &scope,
            || integrate::write(copy.as_ref(), granted).map_err(PipelineError::from),
            |()| Note {
                content: Some(hash),
                policy: Some(granted.stamp().clone()),
                event: Some(EventData::Fixed { commit_sha: head, patch_diff: patch }),
                ..Note::default()
            },
        )?;
        (self.dialog.step)("check");
        let result = self.run_checks(copy.as_ref(), &ready.consolidated);
        copy.remove();
        let verdict = result?;
        let note = |verdict: &Verdict| Note {
            content: serde_json::to_vec(verdict).ok().map(|bytes| ContentHash::of(&bytes)),
            event: Some(if verdict.passed() {
                EventData::Validated { success_rate: verdict.success_rate(), layers: verdict.clone() }
            } else {
                EventData::Rollback { reason: blame(verdict), layers: verdict.clone() }
            }),
            result: (!verdict.passed()).then_some(crate::domain::AuditResult::Failure),
            ..Note::default()
        };
        let verdict = self.session.phase(Phase::Validate, &scope, || Ok(verdict), note)?;
        Ok(Ready { verdict, ..ready })
    }

    /// After a failed validation: finds what is to blame and leaves it out. False when nothing is left.
    pub fn search(&mut self, failed: &Ready) -> Result<bool, PipelineError> {
        let suspects: Vec<String> =
            failed.consolidated.answered.iter().map(|a| a.remediation.id.0.clone()).collect();
        let why = (LeftBecause::ValidationFailed, blame(&failed.verdict));
        if failed.verdict.inconclusive() {
            let why = (LeftBecause::Inconclusive, blame(&failed.verdict));
            self.left_out.extend(suspects.into_iter().map(|id| (id, why.clone())));
            return Ok(false);
        }
        let stopped: RefCell<Option<PipelineError>> = RefCell::new(None);
        let found = bisect(suspects.len(), MOST_RUNS, &mut |kept| {
            if stopped.borrow().is_some() {
                return false;
            }
            match self.passes(&suspects, kept) {
                Ok(passed) => passed,
                Err(error) => {
                    stopped.replace(Some(error));
                    false
                }
            }
        });
        if let Some(error) = stopped.into_inner() {
            return Err(error);
        }
        let blamed = found.guilty.iter().chain(&found.undecided).filter_map(|i| suspects.get(*i));
        self.left_out.extend(blamed.map(|id| (id.clone(), why.clone())));
        Ok(!found.innocent.is_empty())
    }

    fn passes(&mut self, suspects: &[String], kept: &[usize]) -> Result<bool, PipelineError> {
        self.interrupted(Phase::Validate)?;
        let mut left_out = self.left_out.clone();
        let others = suspects.iter().enumerate().filter(|(index, _)| !kept.contains(index));
        left_out.extend(others.map(|(_, id)| (id.clone(), (LeftBecause::Conflict, String::new()))));
        let consolidated = self.consolidate_without(&left_out);
        let copy = self.ports.workspace.isolate(&self.session.run)?;
        let result = self.run_checks(copy.as_ref(), &consolidated);
        copy.remove();
        Ok(result?.passed())
    }

    fn run_checks(
        &mut self,
        copy: &dyn Isolated,
        consolidated: &Consolidated,
    ) -> Result<Verdict, PipelineError> {
        let done = vec![layer("parse"), layer("rescan")];
        if !self.work.request.validate {
            let why = "switched off".to_owned();
            let off = Layer { outcome: LayerOutcome::Skipped { why }, ..layer("test") };
            return Ok(Verdict { layers: done.into_iter().chain([off]).collect() });
        }
        let paths: Vec<RepoPath> = consolidated.set.files.iter().map(|f| f.path.clone()).collect();
        let planned = (self.work.checks)(copy.folder(), &paths);
        let place = |side: Side| self.place(copy, consolidated, side);
        let progress = |p: &validate::Progress<'_>| (self.dialog.progress)(told(p));
        let request = validate::Request {
            checks: &planned.checks,
            unchecked: &planned.unchecked,
            done,
            place: &place,
            baseline: None,
            cache: None,
            progress: &progress,
            redact: self.ports.witnesses.redact,
            cancel: self.dialog.cancel,
        };
        let validated = validate::validate(request, self.ports.runner).map_err(|e| match e {
            validate::ValidateError::Cancelled => PipelineError::Interrupted(Phase::Validate),
            other => PipelineError::Invalid(other.to_string()),
        })?;
        for limit in validated.unenforced {
            if !self.unenforced.contains(&limit) {
                self.unenforced.push(limit);
            }
        }
        Ok(validated.verdict)
    }

    /// Brings the copy's changed files to one side.
    fn place(&self, copy: &dyn Isolated, consolidated: &Consolidated, side: Side) -> Result<(), String> {
        for file in &consolidated.set.files {
            let before = self.targets.iter().find(|t| t.path == file.path).map(|t| t.bytes.as_slice());
            let bytes = match side {
                Side::Before => before.unwrap_or_default(),
                Side::After => &file.content,
            };
            copy.write(&file.path, bytes).map_err(|e| e.to_string())?;
        }
        Ok(())
    }

    pub fn interrupted(&self, phase: Phase) -> Result<(), PipelineError> {
        if self.dialog.cancel.load(Ordering::Relaxed) {
            return Err(PipelineError::Interrupted(phase));
        }
        Ok(())
    }
}

/// The candidates for a finding that are not left out.
fn propose(
    finding: &Finding,
    text: &str,
    remembered: &BTreeMap<String, Vec<Hit>>,
    leave: Leave,
    left_out: &LeftOut,
) -> Result<Vec<Remediation>, (LeftBecause, String)> {
    let mut candidates = reason::candidates(finding, text, remembered, leave).map_err(why)?;
    let first = candidates.first().and_then(|c| left_out.get(&c.id.0)).cloned();
    candidates.retain(|c| !left_out.contains_key(&c.id.0));
    match (candidates.is_empty(), first) {
        (true, Some(why)) => Err(why),
        _ => Ok(candidates),
    }
}

/// A verdict's failures in one sentence.
pub(super) fn blame(verdict: &Verdict) -> String {
    let failures: Vec<String> = verdict
        .layers
        .iter()
        .filter_map(|l| match &l.outcome {
            LayerOutcome::Failed { why } | LayerOutcome::Inconclusive { why } => {
                Some(format!("{}: {why}", l.command.as_deref().unwrap_or(&l.name)))
            }
            _ => None,
        })
        .collect();
    failures.join("; ")
}

fn layer(name: &str) -> Layer {
    Layer { name: name.to_owned(), command: None, outcome: LayerOutcome::Passed, millis: 0 }
}

fn errors(target: &Target, text: &str) -> usize {
    let language = Language::detect(&target.path, &text.as_bytes()[..text.len().min(8192)]);
    Source::parse(target.path.clone(), language, text.to_owned()).map_or(0, |s| s.syntax_errors().total())
}

fn why(unanswered: Unanswered) -> (LeftBecause, String) {
    match unanswered {
        Unanswered::NoFix => (LeftBecause::NoFix, String::new()),
        Unanswered::NeedsUnsafe => (LeftBecause::NotSafe, String::new()),
    }
}

fn told(progress: &validate::Progress<'_>) -> Progress {
    let what = match progress {
        validate::Progress::Started { command, side: Side::Before, .. } => {
            format!("{command} (without the fix)")
        }
        validate::Progress::Started { command, side: Side::After, .. } => format!("{command} (with the fix)"),
        validate::Progress::Ended { command, millis, .. } => format!("{command} took {millis} ms"),
        validate::Progress::Remembered { command } => format!("{command}: baseline known"),
        validate::Progress::Again { command } => {
            format!("{command} failed; once more before the fix is blamed")
        }
        validate::Progress::Flaky { command } => format!("{command} is flaky"),
    };
    Progress { what }
}
