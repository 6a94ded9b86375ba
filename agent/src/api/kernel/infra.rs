//! Infra manager: applications as they are and as they should be. Every change is asked of the policy first, and
//! recorded, as is a refusal.

use crate::api::App;
use crate::api::answer::{Answer, Code, Fault};
use crate::api::ask::Ask;
use crate::api::once::Retry;
use crate::api::opa;
use crate::api::own::infra::{Wish, approved};
use crate::api::routes::{Needs, Route};
use crate::component::{Desk, Unavailable};
use axum::http::Method;
use ecoops_core::domain::{AuditEntry, AuditResult, ContentHash, PolicyStamp};
use ecoops_core::ports::audit_log::{AuditLog, newest};
use ecoops_core::ports::delivery::{Application, Delivery, DeliveryError, Deployed, Sync};
use ecoops_core::ports::policy::PolicyInput;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

pub fn routes() -> Vec<Route> {
    let (read, write) = (Needs::Scope("infra", "read"), Needs::Scope("infra", "write"));
    let name = || json!({ "type": "string", "minLength": 1, "pattern": "^[A-Za-z0-9._-]+$" });
    vec![
        Route::new(
            (Method::GET, "/infra/applications/{name}"),
            ("getApplicationState", "Get application state"),
            read,
            |a, q| Box::pin(state(a, q)),
        )
        .tag("Infra")
        .part("name", name())
        .fault(404),
        Route::new(
            (Method::POST, "/infra/applications/{name}/sync"),
            ("syncApplication", "Trigger application sync"),
            write,
            |a, q| Box::pin(sync(a, q)),
        )
        .tag("Infra")
        .retry(Retry::Trace)
        .part("name", name())
        .takes(json!({ "type": "object", "properties": {
            "revision": { "type": "string" }, "prune": { "type": "boolean" },
        } }))
        .body_optional()
        .fault(404),
        Route::new(
            (Method::POST, "/infra/applications/{name}/rollback"),
            ("rollbackApplication", "Deploy again what an earlier deployment did"),
            write,
            |a, q| Box::pin(rollback(a, q)),
        )
        .tag("Infra")
        .retry(Retry::Trace)
        .part("name", name())
        .takes(json!({ "type": "object", "required": ["targetRevision"], "properties": {
            "targetRevision": { "type": "integer", "minimum": 1 },
        } }))
        .fault(404),
        Route::new(
            (Method::GET, "/infra/drift"),
            ("checkDrift", "Check drift across all applications"),
            read,
            |a, q| Box::pin(drift(a, q)),
        )
        .tag("Infra"),
    ]
}

pub fn fault(error: DeliveryError) -> Fault {
    match error {
        DeliveryError::NoSuchApplication(name) => {
            Fault::not_found(format!("there is no application `{name:.100}`"))
        }
        DeliveryError::Refused(why) => Fault::bad(why),
        DeliveryError::Failed(why) => Fault::new(Code::Unavailable, why),
    }
}

async fn state(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let name = ask.part("name")?.to_owned();
    let state = app.kernel.delivery.ask(move |delivery| delivery.state(&name)).await?.map_err(fault)?;
    Ok(Answer::ok(serde_json::to_value(state).unwrap_or_default()))
}

#[derive(Debug, Default, Deserialize)]
struct SyncBody {
    #[serde(default)]
    revision: Option<String>,
    #[serde(default)]
    prune: Option<bool>,
}

async fn sync(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let name = ask.part("name")?.to_owned();
    let SyncBody { revision, prune } = if ask.body.is_empty() { SyncBody::default() } else { ask.json()? };
    let wish = Wish { name, revision: super::given(revision), prune: prune.unwrap_or(false) };
    // What removes something may need a person, who approved just this effect.
    let approval = match wish.prune {
        true => {
            let effect = wish.effect(&app).await?;
            approved(&app, &effect).await?.map(|by| (by, effect.digest()))
        }
        false => None,
    };
    let by = approval.as_ref().map(|(by, _)| by);
    let details = json!({
        "prune": wish.prune, "revision": wish.revision, "approved": by.is_some(), "approved_by": by,
    });
    let stamp = granted(&app, &ask, &wish.name, "sync", details).await?;
    let (asked, approved) = (wish.clone(), approval.map(|(_, digest)| digest));
    change(&app, &ask, (&wish.name, "sync"), stamp, move |d| deploy(d, &asked, approved.as_ref())).await
}

/// Deploys; what was approved only as it was approved.
fn deploy(
    delivery: &dyn Delivery,
    wish: &Wish,
    approved: Option<&ContentHash>,
) -> Result<Deployed, DeliveryError> {
    let revision = wish.revision.as_deref();
    if let Some(digest) = approved {
        let effect = delivery.effect(&wish.name, revision, wish.prune)?;
        if effect.digest() != *digest {
            return Err(DeliveryError::Refused(
                "what was approved moved meanwhile; look at the effect again".into(),
            ));
        }
        // The commit that was approved, wherever its branch has gone to.
        return delivery.sync(&wish.name, Some(&effect.revision), wish.prune);
    }
    delivery.sync(&wish.name, revision, wish.prune)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RollbackBody {
    /// A number, or a text that is one.
    target_revision: Value,
}

async fn rollback(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let name = ask.part("name")?.to_owned();
    let RollbackBody { target_revision } = ask.json()?;
    let whole = |n: f64| (n.fract() == 0.0 && (1.0..9e15).contains(&n)).then_some(n as u64);
    let number = target_revision.as_u64().or_else(|| target_revision.as_f64().and_then(whole));
    let number = number.or_else(|| target_revision.as_str().and_then(|t| t.parse().ok()));
    let number = number.filter(|n| *n > 0);
    let number =
        number.ok_or_else(|| Fault::bad("`targetRevision` is the number of a deployment, from 1 on"))?;
    let stamp = granted(&app, &ask, &name, "rollback", json!({ "to": number })).await?;
    let asked = name.clone();
    change(&app, &ask, (&name, "rollback"), stamp, move |d| d.rollback(&asked, number)).await
}

/// What the policy says before anything is touched; a refusal is recorded.
async fn granted(
    app: &App,
    ask: &Ask,
    name: &str,
    action: &str,
    details: Value,
) -> Result<PolicyStamp, Fault> {
    let input = PolicyInput {
        actor: ask.caller.id.clone(),
        action: action.to_owned(),
        resource: name.to_owned(),
        severity: "medium".to_owned(),
        compliance_mode: app.kernel.settings.policy.compliance_mode.clone(),
        details: details.as_object().cloned().unwrap_or_default(),
    };
    let decision = opa::decide(app, input).await?;
    let (reason, version) = (decision.reasons.join(" "), decision.version);
    if decision.allow {
        return Ok(PolicyStamp { version, decision: "allow".to_owned(), reason });
    }
    let stamp = PolicyStamp { version, decision: "deny".to_owned(), reason: reason.clone() };
    let entry = entry(ask, (name, action), (AuditResult::Denied, Some(stamp)));
    app.kernel.audit.ask(move |audit| audit.append(&[entry])).await?.map_err(super::audit::fault)?;
    let next = match action {
        "sync" => format!(
            "; `ecoops infra sync {name} --prune` shows it and asks (/v1/infra/applications/{name}/effect, …/approvals)"
        ),
        _ => String::new(),
    };
    Err(Fault::new(Code::PermissionDenied, format!("the policy denies it: {reason}{next}")))
}

/// What was said or done about an application, as the log has it.
pub fn entry(
    ask: &Ask,
    (name, action): (&str, &str),
    (result, policy): (AuditResult, Option<PolicyStamp>),
) -> AuditEntry {
    let request = ask.again.as_ref().map(|again| &again.mark);
    let details =
        json!({ "resource": { "kind": "application" }, "submittedBy": ask.caller.id, "request": request });
    AuditEntry {
        timestamp: ask.ids.now.clone(),
        trace_id: ask.ids.trace_uuid(),
        run: String::new(),
        actor: ask.caller.id.clone(),
        action: action.to_owned(),
        resource: name.to_owned(),
        result,
        policy,
        content_hash: None,
        urn: format!("urn:ecoops:application:{name}"),
        uri: String::new(),
        signer: String::new(),
        asked: None,
        details: details.as_object().cloned(),
    }
}

/// Changes an application, records what became of it, and answers it. Both are done on the thread of the delivery,
/// which goes on when the caller has hung up or it took too long to wait for: what was done is recorded.
async fn change(
    app: &App,
    ask: &Ask,
    (name, action): (&str, &str),
    stamp: PolicyStamp,
    act: impl FnOnce(&dyn Delivery) -> Result<Deployed, DeliveryError> + Send + 'static,
) -> Result<Answer, Fault> {
    if let Some(done) = done_before(app, ask).await? {
        return Ok(changed((name, action), &done));
    }
    let (audit, blank) =
        (app.kernel.audit.clone(), entry(ask, (name, action), (AuditResult::Failure, Some(stamp))));
    let asked = app.kernel.delivery.ask(move |delivery| {
        let done = act(delivery);
        let recorded = record(&audit, blank, &done);
        (done, recorded)
    });
    let (done, recorded) = asked.await.map_err(|why| match &why {
        Unavailable::Late(..) => {
            let told = format!("{why}; it goes on, and what becomes of it is recorded");
            Fault { message: told, ..Fault::from(why) }
        }
        _ => Fault::from(why),
    })?;
    let deployed = done.map_err(fault)?;
    recorded?;
    Ok(changed((name, action), &deployed))
}

fn changed((name, action): (&str, &str), deployed: &Deployed) -> Answer {
    Answer::ok(json!({
        "success": true, "application": name, "action": action, "revision": deployed.revision,
        "deployment": deployed.number, "message": format!("{name} is at {}", deployed.revision),
    }))
}

/// What became of a request that was begun before and not answered: the record knows.
async fn done_before(app: &App, ask: &Ask) -> Result<Option<Deployed>, Fault> {
    let Some(again) = ask.again.as_ref().filter(|again| again.unsure) else { return Ok(None) };
    let mark = again.mark.clone();
    let same = move |entry: &AuditEntry| {
        entry.result == AuditResult::Success && super::audit::request(entry) == Some(mark.as_str())
    };
    let found = app.kernel.audit.ask(move |audit| newest(audit, same)).await?.map_err(super::audit::fault)?;
    let details = found.and_then(|(_, entry)| entry.details).unwrap_or_default();
    let deployment = details.get("metadata").and_then(|metadata| metadata.get("deployment")).cloned();
    Ok(deployment.and_then(|deployment| serde_json::from_value(deployment).ok()))
}

fn record(
    audit: &Desk<dyn AuditLog>,
    blank: AuditEntry,
    done: &Result<Deployed, DeliveryError>,
) -> Result<(), Fault> {
    // Nothing was there that could have been changed.
    if let Err(DeliveryError::NoSuchApplication(_)) = done {
        return Ok(());
    }
    let mut details = blank.details.unwrap_or_default();
    let message = done.as_ref().err().map(ToString::to_string);
    details.insert("metadata".into(), json!({ "deployment": done.as_ref().ok(), "message": message }));
    let result = if done.is_ok() { AuditResult::Success } else { AuditResult::Failure };
    let entry = AuditEntry { result, details: Some(details), ..blank };
    let log = audit.direct()?;
    log.append(std::slice::from_ref(&entry)).map(drop).map_err(|why| {
        // Whoever asked may be gone.
        tracing::error!(action = entry.action, application = entry.resource, %why, "it was not recorded");
        super::audit::fault(why)
    })
}

async fn drift(app: Arc<App>, _ask: Ask) -> Result<Answer, Fault> {
    let states = app
        .kernel
        .delivery
        .ask(|delivery| {
            let state =
                |name: String| delivery.state(&name).unwrap_or_else(|why| Application::unknown(name, &why));
            delivery.applications().map(|names| names.into_iter().map(state).collect::<Vec<_>>())
        })
        .await?
        .map_err(fault)?;
    let drifted = states.iter().filter(|state| state.sync_status != Sync::Synced).count();
    let applications: Vec<Value> = states
        .iter()
        .map(|state| {
            json!({
                "name": state.name, "drifted": state.sync_status != Sync::Synced, "syncStatus": state.sync_status,
                "healthStatus": state.health_status, "drift": state.drifted, "message": state.message,
            })
        })
        .collect();
    Ok(Answer::ok(
        json!({ "applications": applications, "driftedCount": drifted, "totalCount": states.len() }),
    ))
}
