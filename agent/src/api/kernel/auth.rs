//! Auth service: what a token says, and what its holder may do.

use crate::api::App;
use crate::api::answer::{Answer, Code, Fault};
use crate::api::ask::Ask;
use crate::api::routes::{Needs, Route};
use crate::token::{Scope, TokenError, within};
use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ecoops_core::domain::{Actor, ActorKind, Permission};
use ecoops_core::ports::identity::{Bearer, Token};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

pub fn routes() -> Vec<Route> {
    let text = || json!({ "type": "string", "minLength": 1 });
    let token = || json!({ "type": "object", "required": ["token"], "properties": { "token": text() } });
    let optional = || json!({ "type": "object", "properties": { "token": { "type": "string" } } });
    let permission =
        || json!({ "type": "object", "required": ["permission"], "properties": { "permission": text() } });
    let read = Needs::Scope("auth", "read");
    let route = |method, path, id, summary, handler| {
        Route::new((method, path), (id, summary), read, handler).tag("Auth")
    };
    vec![
        route(Method::POST, "/auth/verify", "verifyToken", "Verify JWT token", |a, q| Box::pin(verify(a, q)))
            .takes(token()),
        route(Method::POST, "/auth/authorize", "checkAuthorization", "Check authorization", |a, q| {
            Box::pin(authorize(a, q))
        })
        .takes(permission()),
        route(Method::GET, "/auth/roles", "listRoles", "The roles that there are", |a, q| {
            Box::pin(roles(a, q))
        }),
        route(
            Method::POST,
            "/auth/introspect",
            "introspectToken",
            "What a token is worth now (RFC 7662)",
            |a, q| Box::pin(introspect(a, q)),
        )
        .takes(optional())
        .body_optional(),
        route(
            Method::GET,
            "/auth/introspect",
            "introspectCaller",
            "What the caller's own token is worth",
            |a, q| Box::pin(introspect(a, q)),
        ),
        route(Method::GET, "/auth/rbac/policy", "getRbacPolicy", "Who may do what", |a, q| {
            Box::pin(rbac(a, q))
        }),
    ]
}

#[derive(Debug, Default, Deserialize)]
struct TokenBody {
    #[serde(default)]
    token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct PermissionBody {
    #[serde(default)]
    permission: Option<String>,
}

/// What a verified token says.
struct Holder {
    actor: Value,
    scope: Option<String>,
    /// Seconds since 1970.
    expires: i64,
    id: String,
}

/// The actor as one who shows a token of this scope: a role says more than a narrow token is worth.
fn actor_json(actor: &Actor, scope: Option<&BTreeSet<Scope>>) -> Value {
    let permissions = scope.map_or_else(|| actor.permissions.clone(), |s| within(&actor.permissions, s));
    let roles = if permissions == actor.permissions { actor.roles.clone() } else { Vec::new() };
    json!({ "id": actor.id, "type": actor.kind, "roles": roles, "permissions": permissions })
}

fn words(scope: &BTreeSet<Scope>) -> String {
    scope.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// A token of this agent, or one of the local identity; they are told apart by how many parts they have.
async fn holder(app: &App, token: String) -> Result<Holder, Fault> {
    let refused = |why: String| Fault::new(Code::InvalidToken, format!("the token is refused: {why}"));
    if token.split('.').count() == 3 {
        let now = app.kernel.host.0.now().as_second();
        let claims = match app.kernel.tokens.verify(&token, now) {
            Err(TokenError::Malformed) if app.kernel.knows_bearers() => {
                let shown = Token(token);
                let verified =
                    app.kernel.identity.ask(move |identity| identity.verify_bearer(&shown)).await?;
                let Bearer { actor, expires, token_id } = verified.map_err(|e| refused(e.to_string()))?;
                let actor = actor_json(&actor, None);
                return Ok(Holder { actor, scope: None, expires, id: token_id.unwrap_or_default() });
            }
            own => own.map_err(|e| refused(e.to_string()))?,
        };
        let owner = app.owner().await?;
        let actor = Actor { id: claims.sub, kind: ActorKind::User, ..(*owner).clone() };
        let (actor, scope) = (actor_json(&actor, Some(&claims.scope)), Some(words(&claims.scope)));
        return Ok(Holder { actor, scope, expires: claims.exp, id: claims.jti });
    }
    let text = token.clone();
    let verified = app.kernel.identity.ask(move |identity| identity.verify(&Token(text))).await?;
    let actor = verified.map_err(|e| refused(e.to_string()))?;
    // Verified, so its claims can be read.
    let claims = token.split('.').next().and_then(|body| URL_SAFE_NO_PAD.decode(body).ok());
    let claims: Value = claims.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
    let expires = claims.get("exp").and_then(Value::as_i64).unwrap_or_default();
    let id = claims.get("jti").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Holder { actor: actor_json(&actor, None), scope: None, expires, id })
}

fn time(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

async fn verify(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let TokenBody { token } = ask.json()?;
    let token = super::given(token).ok_or_else(|| Fault::bad("`token` is missing"))?;
    let holder = holder(&app, token).await?;
    let mut verified = json!({ "valid": true, "actor": holder.actor, "expiresAt": time(holder.expires) });
    if let Some(scope) = holder.scope {
        verified["scope"] = json!(scope);
    }
    Ok(Answer::ok(verified))
}

/// Allows what the caller's roles give. A permission is of the pipeline (`remediation:read`), or a scope
/// of this API (`memory:write`).
async fn authorize(_app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let PermissionBody { permission } = ask.json()?;
    let permission = super::given(permission).ok_or_else(|| Fault::bad("`permission` is missing"))?;
    let actor = ask.caller.actor()?;
    let known = Permission::ALL.into_iter().find(|p| p.as_str() == permission);
    let (allowed, reason) = match (known, permission.split_once(':')) {
        (Some(known), _) if !actor.permissions.contains(&known) => {
            (false, format!("the roles of {} do not give {permission}", actor.id))
        }
        (Some(known), _) => {
            let within = |scope| within(&actor.permissions, scope).contains(&known);
            let may = ask.caller.scope.as_ref().is_none_or(within);
            (
                may,
                if may {
                    format!("{} holds {permission}", actor.id)
                } else {
                    "the token's scope is too narrow".into()
                },
            )
        }
        (None, Some((area, act)))
            if crate::token::AREAS.contains(&area) && ["read", "write"].contains(&act) =>
        {
            let may = ask.caller.may(area, act);
            let holds = if may { "holds" } else { "lacks" };
            (may, format!("{} {holds} {permission}", ask.caller.id))
        }
        _ => (false, format!("there is no permission `{permission:.100}`")),
    };
    let verdict = if allowed { "allow" } else { "deny" };
    Ok(Answer::ok(json!({
        "decision": {
            "verdict": verdict, "policyId": "rbac", "policyVersion": env!("CARGO_PKG_VERSION"),
            "reason": reason, "complianceTags": [], "evaluatedAt": ask.ids.now,
        },
        "allowed": allowed, "actor": actor_json(actor, ask.caller.scope.as_ref()),
    })))
}

async fn roles(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let roles: Vec<Value> = app
        .kernel
        .settings
        .identity
        .roles
        .iter()
        .map(|(name, permissions)| json!({ "name": name, "permissions": permissions }))
        .collect();
    Ok(Answer::ok(json!({ "roles": roles, "mine": ask.caller.actor()?.roles })))
}

async fn introspect(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let TokenBody { token } = if ask.body.is_empty() { TokenBody::default() } else { ask.json()? };
    let Some(token) = super::given(token) else {
        let own = ask.caller.claims.as_ref();
        return Ok(Answer::ok(json!({
            "active": true, "sub": ask.caller.id,
            "actor": actor_json(ask.caller.actor()?, ask.caller.scope.as_ref()),
            "scope": own.map(|c| words(&c.scope)),
            "exp": own.map(|c| c.exp), "jti": own.map(|c| c.jti.clone()),
        })));
    };
    // A token that is worth nothing is an answer here, not a fault.
    Ok(Answer::ok(match holder(&app, token).await {
        Ok(holder) => json!({
            "active": true, "sub": holder.actor["id"], "actor": holder.actor, "scope": holder.scope,
            "exp": holder.expires, "jti": holder.id,
        }),
        Err(fault) if fault.code == Code::InvalidToken => json!({ "active": false }),
        Err(fault) => return Err(fault),
    }))
}

async fn rbac(app: Arc<App>, _ask: Ask) -> Result<Answer, Fault> {
    let identity = &app.kernel.settings.identity;
    Ok(Answer::ok(json!({
        "version": env!("CARGO_PKG_VERSION"), "roles": identity.roles, "members": identity.members,
        "defaultRoles": identity.default_roles,
        "permissions": Permission::ALL.map(Permission::as_str), "scopes": crate::token::AREAS,
    })))
}
