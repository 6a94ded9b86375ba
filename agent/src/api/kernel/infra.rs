//! Infra manager: applications as they are and as they should be. Every change is asked of the policy first, and
//! recorded, as is a refusal.

use crate::api::App;
use crate::api::answer::{Answer, Code, Fault};
use crate::api::ask::Ask;
use crate::api::once::Retry;
use crate::api::opa;
use crate::api::routes::{Needs, Route};
use axum::http::Method;
use ecoops_core::domain::{AuditEntry, AuditResult, PolicyStamp};
use ecoops_core::ports::delivery::{DeliveryError, Deployed, Sync};
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

fn fault(error: DeliveryError) -> Fault {
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
    let revision = super::given(revision);
    let details = json!({ "prune": prune.unwrap_or(false), "revision": revision });
    let stamp = granted(&app, &ask, &name, "sync", details).await?;
    let asked = name.clone();
    let done = app
        .kernel
        .delivery
        .ask(move |delivery| delivery.sync(&asked, revision.as_deref(), prune.unwrap_or(false)))
        .await?;
    changed(&app, &ask, (&name, "sync"), stamp, done).await
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
    let done = app.kernel.delivery.ask(move |delivery| delivery.rollback(&asked, number)).await?;
    changed(&app, &ask, (&name, "rollback"), stamp, done).await
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
    let details = json!({ "resource": { "kind": "application" }, "submittedBy": ask.caller.id });
    record(app, ask, (name, action), (AuditResult::Denied, Some(stamp)), details).await?;
    Err(Fault::new(Code::PermissionDenied, format!("the policy denies it: {reason}")))
}

async fn record(
    app: &App,
    ask: &Ask,
    (name, action): (&str, &str),
    (result, policy): (AuditResult, Option<PolicyStamp>),
    details: Value,
) -> Result<(), Fault> {
    let entry = AuditEntry {
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
    };
    app.kernel.recording.ask(vec![entry]).await?.map_err(super::audit::fault)?;
    Ok(())
}

/// Records what was done or tried, and answers it.
async fn changed(
    app: &App,
    ask: &Ask,
    (name, action): (&str, &str),
    stamp: PolicyStamp,
    done: Result<Deployed, DeliveryError>,
) -> Result<Answer, Fault> {
    if let Err(DeliveryError::NoSuchApplication(_)) = &done {
        return done.map(|_| Answer::ok(Value::Null)).map_err(fault);
    }
    let details = json!({
        "resource": { "kind": "application" }, "submittedBy": ask.caller.id,
        "metadata": { "deployment": done.as_ref().ok(), "message": done.as_ref().err().map(ToString::to_string) },
    });
    let result = if done.is_ok() { AuditResult::Success } else { AuditResult::Failure };
    let recorded = record(app, ask, (name, action), (result, Some(stamp)), details).await;
    let deployed = done.map_err(fault)?;
    recorded?;
    Ok(Answer::ok(json!({
        "success": true, "application": name, "action": action, "revision": deployed.revision,
        "deployment": deployed.number, "message": format!("{name} is at {}", deployed.revision),
    })))
}

async fn drift(app: Arc<App>, _ask: Ask) -> Result<Answer, Fault> {
    let states = app
        .kernel
        .delivery
        .ask(|delivery| {
            let names = delivery.applications();
            names.iter().filter_map(|name| delivery.state(name).ok()).collect::<Vec<_>>()
        })
        .await?;
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
