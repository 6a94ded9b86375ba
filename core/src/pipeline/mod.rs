//! The pipeline: Understand → Retrieve → Analyze → Reason → Consolidate → gate → Integrate → Validate →
//! gate → land → Audit. This file names the phases of a fix, `investigate.rs` those of an investigation, no other two: their order, what is handed on, what is
//! journaled in between, and how far back a failure leads.
//!
//! Knows no adapter and no output format; what it needs it is given as ports and callbacks.

pub mod analyze;
mod approval;
pub mod audit;
mod error;
pub mod gate;
pub mod investigate;
pub mod journal;
mod phase;
pub mod reason;
mod record;
pub mod remediate;
mod request;
pub mod retrieve;
mod session;
pub mod understand;
pub mod validate;

pub use approval::decide;
pub use error::{Kind, PipelineError};
pub use phase::Phase;
pub use request::{Approval, Ending, Outcome, Progress, Proposal, Request, Until};
pub use session::{Note, Session, Witnesses};

mod attempt;
mod undo;

pub use attempt::{PlanChecks, Planned};
pub use undo::{finish, undo};

use crate::domain::{
    EventData, Finding, Identifiers, Landed, LeftBecause, Problem, Run, RunId, RunState, Severity,
    Unrecorded, Verdict, WriteSet,
};
use crate::engines::code::ruleset::RuleSet;
use crate::ports::host::Host;
use crate::ports::memory::Memory;
use crate::ports::plans::Plans;
use crate::ports::policy::Policy;
use crate::ports::runner::Runner;
use crate::ports::store::Store;
use crate::ports::workspace::Workspace;
use attempt::{Attempt, Seen};
use remediate::consolidate::{Consolidated, Target};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use understand::Examined;

/// What a run needs of the outside. Built once by the command.
pub struct Ports<'a> {
    pub workspace: &'a dyn Workspace,
    pub store: &'a dyn Store,
    pub host: &'a dyn Host,
    pub policy: &'a dyn Policy,
    /// What is put before whoever approves.
    pub plans: &'a dyn Plans,
    /// `None` when memory is switched off.
    pub memory: Option<&'a dyn Memory>,
    pub runner: &'a dyn Runner,
    pub witnesses: Witnesses<'a>,
    pub identifiers: &'a Identifiers,
}

/// How a run talks to whoever started it.
pub struct Dialog<'a> {
    pub progress: &'a dyn Fn(Progress),
    /// Which of these are wanted; asked once, before the policy (for `--interactive`). Gives the ids declined.
    pub choose: &'a dyn Fn(&Consolidated) -> Vec<String>,
    pub approve: &'a dyn Fn(&Proposal<'_>) -> Approval,
    pub cancel: &'a AtomicBool,
    /// Called before each step that changes the user's tree, the journal or the record, with its
    /// name; for fault injection.
    pub step: &'a dyn Fn(&str),
}

/// What of the examined code is to be fixed, and the knowledge needed for it.
pub struct Work<'a> {
    pub rules: &'a RuleSet,
    /// All that was examined; its findings are those in scope, in the order in which they count.
    pub examined: Examined,
    pub request: Request,
    /// What was asked, for `resume`: the command's own form of it.
    pub asked: serde_json::Value,
    /// Plans the project's checks in an isolated copy.
    pub checks: &'a attempt::PlanChecks<'a>,
    /// CWE and OWASP tags by rule.
    pub tags: &'a dyn Fn(&str) -> Vec<String>,
}

impl std::fmt::Debug for Ports<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ports")
    }
}
impl std::fmt::Debug for Dialog<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dialog")
    }
}
impl std::fmt::Debug for Work<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Work").field("request", &self.request).finish_non_exhaustive()
    }
}

/// What a run did, in the pipeline's own terms; the command makes a report of it.
#[derive(Debug)]
pub struct Done {
    pub run: RunId,
    pub trace_id: String,
    pub ending: Ending,
    pub applied: bool,
    pub consolidated: Consolidated,
    pub rulings: Vec<gate::Ruling>,
    pub verdict: Option<Verdict>,
    pub unenforced: Vec<String>,
    pub commit: Option<String>,
    pub branch: Option<String>,
    /// The plan that was put before whoever approves, when it is kept.
    pub plan: Option<String>,
    /// Index of the run's last entry in the audit log.
    pub record: Option<u64>,
    pub related: Vec<crate::ports::memory::Hit>,
    /// What did not stop the run but must be said.
    pub warnings: Vec<String>,
}

/// Runs the pipeline on what was examined.
///
/// # Errors
/// [`PipelineError`]; the user's tree is then as it was, and the journal says why.
pub fn fix(ports: &Ports<'_>, work: &Work<'_>, dialog: &Dialog<'_>) -> Result<Done, PipelineError> {
    let about = ports.workspace.about();
    let lease = ports.store.lease(&about.repository)?;
    let mut run = begin(ports, work, dialog.step)?;
    let done = steps(ports, work, dialog, &mut run);
    match &done {
        Ok(done) => settle_row(ports, work.request.until, &mut run, done)?,
        Err(error) if matches!(run.state, RunState::Started | RunState::Validating) => {
            ports.workspace.sweep(&run.id, &run.write_set)?;
            run.note = error.to_string();
            let state = match error {
                PipelineError::Interrupted(_) => RunState::Interrupted,
                _ => RunState::Failed,
            };
            journal::advance(ports.store, ports.host, &mut run, state)?;
        }
        Err(_) => {}
    }
    drop(lease);
    done
}

fn begin(ports: &Ports<'_>, work: &Work<'_>, step: &dyn Fn(&str)) -> Result<Run, PipelineError> {
    let about = ports.workspace.about();
    let now = ports.host.now();
    let mut entropy = [0; 10];
    ports.host.random(&mut entropy)?;
    let mut run = Run {
        id: ports.identifiers.run_id(now, entropy),
        repository: about.repository.clone(),
        location: about.location.display().to_string(),
        state: RunState::Started,
        started: now.to_string(),
        updated: now.to_string(),
        actor: String::new(),
        trace_id: ports.identifiers.trace_id(now),
        request: work.asked.clone(),
        write_set: WriteSet::default(),
        unrecorded: None,
        verdict: None,
        note: String::new(),
        patch: String::new(),
    };
    // A dry run is journaled too: killed, it leaves a copy that someone has to remove.
    if work.request.until != Until::Diff {
        step("journal started");
        journal::advance(ports.store, ports.host, &mut run, RunState::Started)?;
    }
    Ok(run)
}

/// A run that landed nothing is closed; one that landed was closed by [`land`].
fn settle_row(ports: &Ports<'_>, until: Until, run: &mut Run, done: &Done) -> Result<(), PipelineError> {
    if done.applied || run.state == RunState::Completed {
        return Ok(());
    }
    if matches!(run.state, RunState::Started | RunState::Validating) {
        let dry = until == Until::Validated && !done.consolidated.answered.is_empty();
        run.note = match done.ending {
            Ending::Clean | Ending::Remaining if dry => "dry run; nothing was changed",
            Ending::Clean | Ending::NothingToExamine => "nothing to fix",
            Ending::Remaining => "nothing was changed",
            Ending::PolicyDenied => "policy denied every fix",
            Ending::ValidationFailed => "validation failed; nothing was changed",
            Ending::ApprovalRequired => "nobody approved it; nothing was changed",
            Ending::Inconclusive => "validation was inconclusive; nothing was changed",
        }
        .to_owned();
        run.verdict.clone_from(&done.verdict);
        if journaled(ports, run)? {
            let done_well = dry || done.ending == Ending::Clean;
            let state = if done_well { RunState::Completed } else { RunState::Failed };
            journal::advance(ports.store, ports.host, run, state)?;
        }
    }
    Ok(())
}

fn journaled(ports: &Ports<'_>, run: &Run) -> Result<bool, PipelineError> {
    Ok(ports.store.run(&run.id)?.is_some())
}

fn steps(
    ports: &Ports<'_>,
    work: &Work<'_>,
    dialog: &Dialog<'_>,
    run: &mut Run,
) -> Result<Done, PipelineError> {
    let uri = format!("file://{}", run.location);
    let session = Session::open(run.id.clone(), run.trace_id.clone(), uri, &ports.witnesses)?;
    run.actor = session.actor(Phase::Understand)?;
    let (targets, problems) = understood(ports, work, &session)?;
    let severities: BTreeMap<String, Severity> =
        problems.iter().flat_map(|p| &p.findings).map(|f| (f.rule.clone(), f.severity)).collect();
    let recalled = recall(ports, work, &session, &problems)?;
    diagnose(work, &session, problems, &targets)?;
    let seen = Seen::default();
    let mut attempt = Attempt {
        ports,
        work,
        dialog,
        session: &session,
        targets: &targets,
        remembered: &recalled.fixes,
        severities: &severities,
        seen: &seen,
        left_out: BTreeMap::new(),
        unenforced: Vec::new(),
    };
    consolidated(&mut attempt)?;
    let mut done = Done::new(run, recalled.related);
    done.warnings.extend(recalled.away.map(|why| format!("earlier fixes are not looked at: {why}")));
    let ready = attempt.grant(None, false)?;
    let ready = match work.request.until {
        Until::Diff => ready,
        _ if ready.granted.is_none() => ready,
        _ => {
            (dialog.step)("journal validating");
            journal::advance(ports.store, ports.host, run, RunState::Validating)?;
            validated(&mut attempt, ready)?
        }
    };
    let approved = match work.request.until {
        Until::Diff => {
            done.take(&ready);
            None
        }
        _ => approved(&mut attempt, ready, &mut done)?,
    };
    done.unenforced = std::mem::take(&mut attempt.unenforced);
    if let (Some(ready), Until::Landed) = (&approved, work.request.until)
        && let Some(granted) = &ready.granted
    {
        let landing = Landing { ports, work, session: &session, granted, ready };
        landing.land(dialog, run, &mut done)?;
    }
    done.ending = done.ended(work.request.until);
    Ok(done)
}

/// Understand: targets by file, problems by rule and file.
fn understood(
    ports: &Ports<'_>,
    work: &Work<'_>,
    session: &Session<'_>,
) -> Result<(Vec<Target>, Vec<Problem>), PipelineError> {
    let examined = &work.examined;
    let scope = work.request.scope.clone();
    let actor = session.actor(Phase::Understand)?;
    let fresh = || {
        let mut entropy = [0; 10];
        let _ = ports.host.random(&mut entropy);
        ports.identifiers.problem_id(ports.host.now(), entropy)
    };
    let run_problem = fresh();
    session.phase(
        Phase::Understand,
        &scope,
        || {
            let findings: Vec<Finding> = examined.files.iter().flat_map(|f| f.findings.clone()).collect();
            let targets = examined
                .files
                .iter()
                .filter(|f| !f.findings.is_empty())
                .map(|f| Target {
                    path: f.path.clone(),
                    bytes: f.bytes.clone(),
                    decoded: f.decoded.clone(),
                    findings: f.findings.clone(),
                })
                .collect();
            Ok((targets, understand::problems(findings, &fresh)))
        },
        |_| Note {
            event: Some(EventData::Started {
                problem_id: run_problem.0.clone(),
                target_path: scope.clone(),
                actor,
            }),
            ..Note::default()
        },
    )
}

/// Retrieve. Without a memory nothing was seen before.
fn recall(
    ports: &Ports<'_>,
    work: &Work<'_>,
    session: &Session<'_>,
    problems: &[Problem],
) -> Result<retrieve::Recalled, PipelineError> {
    let wording = work.request.problem.as_deref();
    session.phase(
        Phase::Retrieve,
        &work.request.scope,
        || match ports.memory {
            Some(memory) => Ok(retrieve::retrieve(memory, problems, wording)?),
            None => Ok(retrieve::Recalled::default()),
        },
        |_| Note::default(),
    )
}

/// Analyze and Reason: causes with their evidence, and the order in which candidates are tried.
fn diagnose(
    work: &Work<'_>,
    session: &Session<'_>,
    problems: Vec<Problem>,
    targets: &[Target],
) -> Result<(), PipelineError> {
    let excerpt = |finding: &Finding| {
        let target = targets.iter().find(|t| t.path == finding.location.path)?;
        let text = target.decoded.text.get(finding.location.bytes.clone())?;
        let short: String = text.chars().take(200).collect();
        Some((short, crate::domain::ContentHash::of(&target.bytes)))
    };
    let analyzed = session.phase(
        Phase::Analyze,
        &work.request.scope,
        || Ok(analyze::analyze(problems, &excerpt)),
        |analyzed| {
            let (root_causes, severity) = analyze::summary(analyzed);
            Note { event: Some(EventData::Analyzed { root_causes, severity }), ..Note::default() }
        },
    )?;
    session.phase(
        Phase::Reason,
        &work.request.scope,
        || Ok(serde_json::to_vec(&analyzed.iter().map(|a| &a.diagnosis).collect::<Vec<_>>()).ok()),
        |plan| Note {
            content: plan.as_ref().map(|bytes| crate::domain::ContentHash::of(bytes)),
            ..Note::default()
        },
    )?;
    Ok(())
}

/// Consolidate, and what the user does not want of it.
fn consolidated(attempt: &mut Attempt<'_>) -> Result<(), PipelineError> {
    attempt.interrupted(Phase::Consolidate)?;
    let first = attempt.session.phase(
        Phase::Consolidate,
        &attempt.work.request.scope,
        || Ok(attempt.consolidate()),
        |c| Note { content: Some(c.set.hash()), ..Note::default() },
    )?;
    let declined = (attempt.dialog.choose)(&first);
    let why = (LeftBecause::Declined, String::new());
    attempt.left_out.extend(declined.into_iter().map(|id| (id, why.clone())));
    Ok(())
}

/// Integrate into a copy and validate, without what fails, until the rest passes or nothing remains.
fn validated(attempt: &mut Attempt<'_>, ready: attempt::Ready) -> Result<attempt::Ready, PipelineError> {
    let mut ready = attempt.validate(ready)?;
    let mut rulings = ready.rulings.clone();
    while ready.granted.is_some() && !ready.verdict.passed() {
        let failed = ready.verdict.clone();
        let some_left = attempt.search(&ready)?;
        ready = attempt.grant(None, false)?;
        if !some_left || ready.granted.is_none() {
            ready.granted = None;
            ready.verdict = failed;
            return Ok(ready);
        }
        ready = attempt.validate(ready)?;
        rulings.extend(ready.rulings.clone());
    }
    Ok(ready)
}

/// Asks whoever approves, then the policy about landing. When policy then takes something away, what is
/// left is another change: it is validated and approved anew. `None`: nothing is to be landed.
fn approved(
    attempt: &mut Attempt<'_>,
    mut ready: attempt::Ready,
    done: &mut Done,
) -> Result<Option<attempt::Ready>, PipelineError> {
    loop {
        done.take(&ready);
        let Some(granted) = &ready.granted else { return Ok(None) };
        attempt.interrupted(Phase::Validate)?;
        let seen = granted.get().hash();
        let approval = match attempt.work.request.until {
            Until::Landed => approval::ask(attempt, &ready, granted.get(), done)?,
            _ => Approval::Standing,
        };
        match approval {
            Approval::Yes | Approval::Standing => {}
            Approval::No => {
                done.refuse(LeftBecause::Declined, "");
                return Ok(None);
            }
            Approval::Nobody => {
                done.ending = Ending::ApprovalRequired;
                done.refuse(LeftBecause::NotApproved, "");
                return Ok(None);
            }
        }
        let verdict = ready.verdict.clone();
        let mut last = attempt.grant(Some(&verdict), approval == Approval::Yes)?;
        last.verdict = verdict;
        if last.granted.is_none() || last.consolidated.set.hash() == seen {
            done.take(&last);
            return Ok(last.granted.is_some().then_some(last));
        }
        ready = validated(attempt, last)?;
    }
}

/// A change set on its way into the user's tree.
struct Landing<'a> {
    ports: &'a Ports<'a>,
    work: &'a Work<'a>,
    session: &'a Session<'a>,
    granted: &'a gate::Granted<crate::domain::ChangeSet>,
    ready: &'a attempt::Ready,
}

impl Landing<'_> {
    fn land(&self, dialog: &Dialog<'_>, run: &mut Run, done: &mut Done) -> Result<(), PipelineError> {
        let Self { ports, work, granted, ready, .. } = self;
        let keep = |bytes: &[u8]| {
            ports
                .store
                .put_blob(bytes)
                .map_err(|e| crate::ports::workspace::WorkspaceError::Storage(e.to_string()))
        };
        let commit = (work.request.commit || work.request.branch.is_some()).then(|| {
            crate::ports::workspace::CommitRequest {
                message: message(ready, run),
                branch: work.request.branch.clone(),
                timestamp: ports.host.now().to_string(),
            }
        });
        let set =
            remediate::integrate::prepare(ports.workspace, &run.id, self.granted, commit.as_ref(), &keep)?;
        run.patch.clone_from(&granted.get().patch);
        run.verdict = Some(ready.verdict.clone());
        run.note = summary(&ready.consolidated);
        run.unrecorded = Some(Unrecorded { plan: done.plan.clone(), ..unrecorded(work, ready) });
        done.commit = set.reference.as_ref().map(|(_, _, new)| new.clone());
        done.branch.clone_from(&work.request.branch);
        journal::land(ports.store, ports.workspace, ports.host, run, set, dialog.step)?;
        done.applied = true;
        let recorded = record::landed(ports, self.session, run, dialog.step)?;
        done.record = Some(recorded.entry);
        done.warnings.extend(recorded.warnings);
        Ok(())
    }
}

/// What is to be recorded of a change set once it has landed.
fn unrecorded(work: &Work<'_>, ready: &attempt::Ready) -> Unrecorded {
    let answered = &ready.consolidated.answered;
    let mut tags: Vec<String> = answered.iter().flat_map(|a| (work.tags)(&a.remediation.rule)).collect();
    tags.sort();
    tags.dedup();
    Unrecorded {
        resource: work.request.scope.clone(),
        policy: Some(gate::stamp(&ready.rulings)),
        compliance_tags: tags,
        landed: answered.iter().map(landed).collect(),
        plan: None,
    }
}

fn landed(answered: &remediate::consolidate::Answered) -> Landed {
    Landed {
        rule: answered.remediation.rule.clone(),
        title: answered.remediation.title.clone(),
        tier: answered.remediation.tier,
        path: answered.remediation.path.clone(),
        cause: answered.finding.message.clone(),
        place: answered.place.clone(),
        patch: answered.place.as_ref().map(|(a, b)| format!("- {a}\n+ {b}")).unwrap_or_default(),
    }
}

fn summary(consolidated: &Consolidated) -> String {
    let (fixes, files) = (consolidated.answered.len(), consolidated.set.files.len());
    let s = |n: usize| if n == 1 { "" } else { "s" };
    format!("{fixes} fix{} in {files} file{}", if fixes == 1 { "" } else { "es" }, s(files))
}

fn message(ready: &attempt::Ready, run: &Run) -> String {
    let mut titles: Vec<(String, usize)> = Vec::new();
    for answered in &ready.consolidated.answered {
        let title = &answered.remediation.title;
        match titles.iter_mut().find(|(t, _)| t == title) {
            Some((_, count)) => *count += 1,
            None => titles.push((title.clone(), 1)),
        }
    }
    let subject = match titles.as_slice() {
        [(title, _)] => format!("Fix: {title}"),
        _ => format!("Fix {} findings", ready.consolidated.answered.len()),
    };
    let body: Vec<String> = titles.iter().map(|(t, n)| format!("- {t} ({n})")).collect();
    format!("{subject}\n\n{}\n\nEcoops-Run: {}\n", body.join("\n"), run.id.0)
}

impl Done {
    fn new(run: &Run, related: Vec<crate::ports::memory::Hit>) -> Self {
        Self {
            run: run.id.clone(),
            trace_id: run.trace_id.clone(),
            ending: Ending::Remaining,
            applied: false,
            consolidated: Consolidated::default(),
            rulings: Vec::new(),
            verdict: None,
            unenforced: Vec::new(),
            commit: None,
            branch: None,
            plan: None,
            record: None,
            related,
            warnings: Vec::new(),
        }
    }

    fn take(&mut self, ready: &attempt::Ready) {
        self.consolidated = ready.consolidated.clone();
        self.rulings.clone_from(&ready.rulings);
        self.verdict = (!ready.verdict.layers.is_empty()).then(|| ready.verdict.clone());
    }

    /// What would have been fixed stays.
    fn refuse(&mut self, because: LeftBecause, detail: &str) {
        let answered = std::mem::take(&mut self.consolidated.answered);
        self.consolidated.left.extend(answered.into_iter().map(|a| {
            let detail = detail.to_owned();
            remediate::consolidate::Unfixed { finding: a.finding, because, detail }
        }));
    }

    fn ended(&self, until: Until) -> Ending {
        let left = |because: LeftBecause| self.consolidated.left.iter().any(|u| u.because == because);
        let some = self.applied || (until != Until::Landed && !self.consolidated.answered.is_empty());
        if self.ending == Ending::ApprovalRequired {
            Ending::ApprovalRequired
        } else if self.consolidated.left.is_empty() && (self.applied || self.consolidated.answered.is_empty())
        {
            Ending::Clean
        } else if some {
            Ending::Remaining
        } else if left(LeftBecause::ValidationFailed) && self.verdict.as_ref().is_some_and(|v| !v.passed()) {
            Ending::ValidationFailed
        } else if left(LeftBecause::Inconclusive) {
            Ending::Inconclusive
        } else if left(LeftBecause::PolicyDenied) {
            Ending::PolicyDenied
        } else {
            Ending::Remaining
        }
    }
}
