//! A change is put before whoever approves it as a plan that is kept; what they say is kept with it and recorded.
//!
//! Approved is the effect: the digest of every path with its content before and after. When a file moves, the same fix
//! has another digest, and an earlier approval is none. Never lands anything.

use super::attempt::{Attempt, Ready};
use super::{Approval, Done, Note, Phase, PipelineError, Ports, Proposal, Session};
use crate::domain::{AuditResult, ChangeSet, ContentHash, Plan, PlanApproval, PlanStatus, PlanStep};
use crate::ports::plans::PlansError;

/// The action under which what was said of a plan stands in the audit log.
const APPROVE: &str = "approve";

/// Keeps the plan, and asks. Where nobody can be asked, an approval counts that somebody gave to this very change before.
///
/// A store of plans that fails is a warning: whoever is there sees the change itself.
///
/// # Errors
/// When the record cannot be written.
pub(super) fn ask(
    attempt: &Attempt<'_>,
    ready: &Ready,
    set: &ChangeSet,
    done: &mut Done,
) -> Result<Approval, PipelineError> {
    let (session, digest) = (attempt.session, set.hash());
    let actor = session.actor(Phase::Gate)?;
    let plan = plan(attempt.ports, session, &actor, ready, set)?;
    let plans = attempt.ports.plans;
    match plans.propose(&plan) {
        Ok(id) => done.plan = Some(id),
        Err(error) => {
            done.plan = None;
            done.warnings.push(format!("the plan is not kept: {error}"));
        }
    }
    let answer = (attempt.dialog.approve)(&Proposal {
        remediations: &set.remediations,
        patch: &set.patch,
        verdict: &ready.verdict,
        hash: digest.as_str(),
    });
    let said = match answer {
        Approval::Yes => (true, ""),
        Approval::Standing => (true, "beforehand, unseen"),
        Approval::No => (false, ""),
        Approval::Nobody => return standing(attempt, &digest, done),
    };
    let resource = &attempt.work.request.scope;
    // What was approved unseen is no person's word on this change.
    if answer != Approval::Standing {
        let result = if said.0 { AuditResult::Success } else { AuditResult::Denied };
        let note = Note { content: Some(digest.clone()), ..Note::default() };
        session.write(&actor, APPROVE, resource, result, &note)?;
    }
    if let Some(id) = done.plan.clone() {
        let approval = PlanApproval {
            plan: id,
            approver: actor,
            approved: said.0,
            notes: said.1.to_owned(),
            digest,
            created_at: attempt.ports.host.now().to_string(),
        };
        if let Err(error) = plans.decide(&approval) {
            done.warnings.push(format!("what was said of the plan is not kept with it: {error}"));
        }
    }
    Ok(answer)
}

/// The approval that somebody gave to this very change before.
fn standing(attempt: &Attempt<'_>, digest: &ContentHash, done: &mut Done) -> Result<Approval, PipelineError> {
    let approval = match attempt.ports.plans.standing(digest) {
        Ok(Some(approval)) => approval,
        Ok(None) => return Ok(Approval::Nobody),
        Err(error) => {
            done.warnings.push(format!("nobody can say whether it was approved: {error}"));
            return Ok(Approval::Nobody);
        }
    };
    let actor = attempt.session.actor(Phase::Gate)?;
    let resource = format!("plan {}, approved by {}", approval.plan, approval.approver);
    let note = Note { content: Some(digest.clone()), ..Note::default() };
    attempt.session.write(&actor, APPROVE, &resource, AuditResult::Success, &note)?;
    done.plan = Some(approval.plan);
    Ok(Approval::Yes)
}

fn plan(
    ports: &Ports<'_>,
    session: &Session<'_>,
    actor: &str,
    ready: &Ready,
    set: &ChangeSet,
) -> Result<Plan, PipelineError> {
    let redact = ports.witnesses.redact;
    let now = ports.host.now();
    let mut entropy = [0; 10];
    ports.host.random(&mut entropy)?;
    let steps = set.remediations.iter().map(|remediation| PlanStep {
        path: remediation.path.clone(),
        rule: remediation.rule.clone(),
        title: redact(&remediation.title),
        tier: remediation.tier,
    });
    let mut preflight = ready.verdict.clone();
    preflight.layers.iter_mut().for_each(|layer| layer.command = layer.command.as_deref().map(redact));
    Ok(Plan {
        id: ports.identifiers.ulid(now, entropy),
        run: session.run.clone(),
        repository: ports.workspace.about().location.display().to_string(),
        summary: super::summary(&ready.consolidated),
        preflight,
        steps: steps.collect(),
        patch: redact(&set.patch),
        // of whichever run will apply it
        rollback: "ecoops undo".to_owned(),
        digest: set.hash(),
        proposed_by: actor.to_owned(),
        created_at: now.to_string(),
        status: PlanStatus::Proposed,
    })
}

/// What somebody says of a plan that was kept: checked, recorded, kept.
///
/// # Errors
/// When the plan is not there or done already, the actor lacks `remediation:deploy`, or the record cannot be written;
/// then nothing was said.
pub fn decide(ports: &Ports<'_>, id: &str, approved: bool, notes: &str) -> Result<Plan, PipelineError> {
    let (plan, _) = ports.plans.plan(id)?;
    if plan.status == PlanStatus::Executed {
        return Err(PlansError::Executed(plan.id).into());
    }
    let now = ports.host.now();
    let trace = ports.identifiers.trace_id(now);
    let uri = format!("file://{}", plan.repository);
    let session = Session::open(plan.run.clone(), trace, uri, &ports.witnesses)?;
    let actor = session.actor(Phase::Audit)?;
    let result = if approved { AuditResult::Success } else { AuditResult::Denied };
    let note = Note { content: Some(plan.digest.clone()), ..Note::default() };
    session.write(&actor, APPROVE, &format!("plan {}", plan.id), result, &note)?;
    ports.plans.decide(&PlanApproval {
        plan: plan.id.clone(),
        approver: actor,
        approved,
        notes: notes.to_owned(),
        digest: plan.digest.clone(),
        created_at: now.to_string(),
    })?;
    let status = if approved { PlanStatus::Approved } else { PlanStatus::Rejected };
    Ok(Plan { status, ..plan })
}
