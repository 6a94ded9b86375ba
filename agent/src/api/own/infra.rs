//! What a sync would do, and a person's approval of just that. The approval is an entry of the signed audit log: it
//! names the effect by its digest, so it holds for nothing that has moved since, and for one sync.

use crate::api::App;
use crate::api::answer::{Answer, Code, Fault};
use crate::api::ask::Ask;
use crate::api::kernel::audit;
use crate::api::kernel::given;
use crate::api::kernel::infra::{entry, fault};
use crate::api::routes::{Needs, Route};
use axum::http::Method;
use ecoops_core::domain::{ActorKind, AuditEntry, AuditResult, Permission};
use ecoops_core::ports::audit_log::newest;
use ecoops_core::ports::delivery::Effect;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// What an approval is called in the log.
const APPROVES: &str = "approve-sync";
/// Seconds that an approval is good for.
const GOOD_FOR: i64 = 3600;

pub fn routes() -> Vec<Route> {
    let name = || json!({ "type": "string", "minLength": 1, "pattern": "^[A-Za-z0-9._-]+$" });
    let digest = json!({ "type": "string", "pattern": "^sha256:[0-9a-f]{64}$" });
    vec![
        Route::new(
            (Method::GET, "/v1/infra/applications/{name}/effect"),
            ("getSyncEffect", "What a sync would change, with the digest that an approval names"),
            Needs::Scope("infra", "read"),
            |a, q| Box::pin(effect(a, q)),
        )
        .tag("Infra")
        .part("name", name())
        .query("revision", json!({ "type": "string", "minLength": 1 }))
        .query("prune", json!({ "type": "boolean", "default": false }))
        .gives(200, json!({ "type": "object", "required": ["digest", "application", "revision"] }))
        .fault(404),
        Route::new(
            (Method::POST, "/v1/infra/applications/{name}/approvals"),
            ("approveSync", "A person approves the effect of a sync, for one hour and one time"),
            Needs::Scope("infra", "write"),
            |a, q| Box::pin(approve(a, q)),
        )
        .tag("Infra")
        .part("name", name())
        .takes(json!({ "type": "object", "required": ["digest"], "properties": {
            "digest": digest, "revision": { "type": "string" }, "prune": { "type": "boolean" },
        }, "additionalProperties": false }))
        .gives(201, json!({ "type": "object", "required": ["digest", "approvedBy", "until"] }))
        .fault(404)
        .fault(409),
    ]
}

/// A sync that somebody thinks of.
#[derive(Debug, Clone)]
pub struct Wish {
    pub name: String,
    pub revision: Option<String>,
    pub prune: bool,
}

impl Wish {
    /// # Errors
    /// [`Fault`] when there is no such application, or it cannot be told.
    pub async fn effect(&self, app: &App) -> Result<Effect, Fault> {
        let wish = self.clone();
        let effect = app
            .kernel
            .delivery
            .ask(move |delivery| delivery.effect(&wish.name, wish.revision.as_deref(), wish.prune));
        effect.await?.map_err(fault)
    }
}

fn shown(effect: &Effect) -> Value {
    let mut shown = serde_json::to_value(effect).unwrap_or_default();
    shown["digest"] = json!(effect.digest().as_str());
    shown
}

async fn effect(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let prune = ask.parsed::<bool>("prune", "true or false")?.unwrap_or(false);
    let revision = ask.text("revision")?.map(str::to_owned);
    let wish = Wish { name: ask.part("name")?.to_owned(), revision, prune };
    Ok(Answer::ok(shown(&wish.effect(&app).await?)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    digest: String,
    #[serde(default)]
    revision: Option<String>,
    #[serde(default)]
    prune: bool,
}

/// Who may approve: a person, by the word of this machine or of the issuer. A token of this agent is for programs.
fn person(ask: &Ask) -> Result<String, Fault> {
    let denied = |why: &str| Fault::new(Code::PermissionDenied, why);
    if ask.caller.claims.as_ref().is_some_and(|claims| claims.iss == crate::SERVICE) {
        return Err(denied(
            "a token of this agent is for programs; a person approves over the socket or logs in",
        ));
    }
    let actor = ask.caller.actor()?;
    if actor.kind != ActorKind::User {
        return Err(denied("only a person approves"));
    }
    actor.require(Permission::Deploy).map_err(|e| denied(&e.to_string()))?;
    Ok(actor.id.clone())
}

async fn approve(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let Body { digest, revision, prune } = ask.json()?;
    let by = person(&ask)?;
    let wish = Wish { name: ask.part("name")?.to_owned(), revision: given(revision), prune };
    let effect = wish.effect(&app).await?;
    let now = effect.digest();
    if now.as_str() != digest {
        return Err(Fault::new(
            Code::Conflict,
            "this is no longer what would happen: look at the effect again",
        ));
    }
    let details = json!({
        "resource": { "kind": "application" }, "submittedBy": by, "metadata": { "effect": effect },
    });
    let said = entry(&ask, (&wish.name, APPROVES), (AuditResult::Success, None));
    let said = AuditEntry { content_hash: Some(now), details: details.as_object().cloned(), ..said };
    app.kernel.audit.ask(move |audit| audit.append(&[said])).await?.map_err(audit::fault)?;
    let until = app.kernel.host.0.now().as_second().saturating_add(GOOD_FOR);
    let until = Timestamp::from_second(until).unwrap_or_default();
    Ok(Answer::with(201, json!({ "digest": digest, "approvedBy": by, "until": until })))
}

/// Whether the daemon itself made the entry: what others write through `/audit/write` has an id, and what a command
/// sends is signed by who asked.
fn is_own(entry: &AuditEntry) -> bool {
    let id = entry.details.as_ref().and_then(|details| details.get("id"));
    entry.signer == "agent" && entry.asked.is_none() && id.is_none()
}

/// Who approved this very effect, when that is the last that was said or done about the application.
///
/// # Errors
/// [`Fault`] when the log cannot be read.
pub async fn approved(app: &App, effect: &Effect) -> Result<Option<String>, Fault> {
    let urn = format!("urn:ecoops:application:{}", effect.application);
    // What was denied did nothing.
    let counts = move |entry: &AuditEntry| {
        entry.urn == urn
            && entry.result != AuditResult::Denied
            && [APPROVES, "sync", "rollback"].contains(&entry.action.as_str())
    };
    let found = app.kernel.audit.ask(move |audit| newest(audit, counts)).await?;
    let Some((_, entry)) = found.map_err(audit::fault)? else { return Ok(None) };
    let age = entry.timestamp.parse::<Timestamp>().ok();
    let age = age.map(|at| app.kernel.host.0.now().as_second().saturating_sub(at.as_second()));
    let good = entry.action == APPROVES
        && is_own(&entry)
        && entry.content_hash.as_ref() == Some(&effect.digest())
        && age.is_some_and(|age| (0..=GOOD_FOR).contains(&age));
    Ok(good.then_some(entry.actor))
}
