//! Infra manager: applications as they are and as they should be. Every change is asked of the policy first, and
//! recorded with what it said.

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
    let prune = prune.unwrap_or(false);
    let details = json!({ "prune": prune, "revision": revision });
    let change = Change { name: &name, action: "sync" };
    let stamp = change.granted(&app, &ask, details).await?;
    let asked = name.clone();
    let sync = app.kernel.delivery.ask(move |delivery| delivery.sync(&asked, revision.as_deref(), prune));
    change.done(&app, &ask, stamp, sync.await?).await
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
    let change = Change { name: &name, action: "rollback" };
    let stamp = change.granted(&app, &ask, json!({ "deployment": number })).await?;
    let asked = name.clone();
    let rollback = app.kernel.delivery.ask(move |delivery| delivery.rollback(&asked, number));
    change.done(&app, &ask, stamp, rollback.await?).await
}

/// What is to be done to an application.
struct Change<'a> {
    name: &'a str,
    action: &'a str,
}

impl Change<'_> {
    /// What the policy says, when it allows it. A denial is recorded.
    async fn granted(&self, app: &App, ask: &Ask, details: Value) -> Result<PolicyStamp, Fault> {
        let known = self.name.to_owned();
        let state = app.kernel.delivery.ask(move |delivery| delivery.state(&known).map(|_| ())).await?;
        if let Err(error @ DeliveryError::NoSuchApplication(_)) = state {
            return Err(fault(error));
        }
        let input = PolicyInput {
            actor: ask.caller.id.clone(),
            action: self.action.to_owned(),
            resource: self.name.to_owned(),
            severity: "medium".to_owned(),
            compliance_mode: app.kernel.settings.policy.compliance_mode.clone(),
            details: details.as_object().cloned().unwrap_or_default(),
        };
        let decision = opa::decide(app, input).await?;
        let said = if decision.allow { "allow" } else { "deny" };
        let reason = decision.reasons.join("; ");
        let stamp =
            PolicyStamp { version: decision.version, decision: said.to_owned(), reason: reason.clone() };
        if decision.allow {
            return Ok(stamp);
        }
        self.record(app, ask, AuditResult::Denied, stamp, json!({ "message": reason })).await?;
        Err(Fault::new(Code::PermissionDenied, format!("the policy denies it: {reason}")))
    }

    /// Records what was done or tried, and answers it.
    async fn done(
        &self,
        app: &App,
        ask: &Ask,
        stamp: PolicyStamp,
        done: Result<Deployed, DeliveryError>,
    ) -> Result<Answer, Fault> {
        let result = if done.is_ok() { AuditResult::Success } else { AuditResult::Failure };
        let about = json!({ "deployment": done.as_ref().ok(), "message": done.as_ref().err().map(ToString::to_string) });
        let recorded = self.record(app, ask, result, stamp, about).await;
        let deployed = done.map_err(fault)?;
        recorded?;
        Ok(Answer::ok(json!({
            "success": true, "application": self.name, "action": self.action, "revision": deployed.revision,
            "deployment": deployed.number, "message": format!("{} is at {}", self.name, deployed.revision),
        })))
    }

    async fn record(
        &self,
        app: &App,
        ask: &Ask,
        result: AuditResult,
        stamp: PolicyStamp,
        about: Value,
    ) -> Result<(), Fault> {
        let details =
            json!({ "resource": { "kind": "application" }, "submittedBy": ask.caller.id, "metadata": about });
        let entry = AuditEntry {
            timestamp: ask.ids.now.clone(),
            trace_id: ask.ids.trace_uuid(),
            run: String::new(),
            actor: ask.caller.id.clone(),
            action: self.action.to_owned(),
            resource: self.name.to_owned(),
            result,
            policy: Some(stamp),
            content_hash: None,
            urn: format!("urn:ecoops:application:{}", self.name),
            uri: String::new(),
            signer: String::new(),
            asked: None,
            details: details.as_object().cloned(),
        };
        let recorded = app.kernel.audit.ask(move |audit| audit.append(&[entry]).map(|_| ())).await;
        recorded.map_err(Fault::from).and_then(|r| r.map_err(super::audit::fault))
    }
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
