//! Whoever logged in with `ecoops login`: how the login stands, and a short-lived local token for the user's own
//! commands, which must show that they hold this installation's key. Never the issuer's tokens.

use crate::api::answer::{Answer, Code, Fault};
use crate::api::ask::Ask;
use crate::api::routes::{Needs, Route};
use crate::api::{App, local};
use crate::client::token_request;
use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ecoops_core::ports::identity::{Identity, IdentityError, Token};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// Seconds that a request may have been on its way.
const FRESH: i64 = 60;

pub fn routes() -> Vec<Route> {
    let (read, write) = (Needs::Scope("agent", "read"), Needs::Scope("agent", "write"));
    let whole = || json!({ "type": "integer", "minimum": 1, "maximum": 3600 });
    vec![
        Route::new((Method::GET, "/v1/login"), ("getLogin", "How the login stands"), read, |a, q| {
            Box::pin(standing(a, q))
        })
        .tag("Agent")
        .gives(200, json!({ "type": "object", "required": ["issuer", "subject", "trouble"] })),
        Route::new(
            (Method::POST, "/v1/login/token"),
            ("getLoginToken", "A local token for whoever logged in; its request is signed"),
            write,
            |a, q| Box::pin(token(a, q)),
        )
        .tag("Agent")
        .takes(json!({ "type": "object", "required": ["seconds", "asked", "signature"], "properties": {
            "seconds": whole(), "asked": { "type": "integer" }, "signature": { "type": "string" },
        } }))
        .gives(200, json!({ "type": "object", "required": ["token"] }))
        .fault(404),
        Route::new(
            (Method::POST, "/v1/login/look"),
            ("lookAtLogin", "Look at the login at once, as it was begun or ended"),
            write,
            |a, q| Box::pin(look(a, q)),
        )
        .tag("Agent")
        .gives(202, json!({ "type": "object", "required": ["looks"] })),
    ]
}

async fn standing(app: Arc<App>, _ask: Ask) -> Result<Answer, Fault> {
    let standing = app.kernel.renewal.as_ref().map(|renewal| renewal.chore.standing());
    Ok(Answer::ok(serde_json::to_value(standing.unwrap_or_default()).unwrap_or_default()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    seconds: u32,
    /// Seconds since 1970.
    asked: i64,
    /// Of [`token_request`], base64.
    signature: String,
}

async fn token(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    local(&ask)?;
    let body: Body = ask.json()?;
    let login = app.kernel.login.as_ref();
    let login = login.ok_or_else(|| Fault::not_found("no issuer and no auth-service is configured"))?;
    let now = app.kernel.host.0.now().as_second();
    let token = login.ask(move |identity| issue(identity, &body, now)).await??;
    Ok(Answer::ok(json!({ "token": token.0 })))
}

fn issue(identity: &dyn Identity, body: &Body, now: i64) -> Result<Token, Fault> {
    let denied = |why: &str| Fault::new(Code::PermissionDenied, why);
    if body.asked.abs_diff(now) > FRESH.unsigned_abs() {
        return Err(denied("the request is not of now"));
    }
    let signature =
        STANDARD.decode(&body.signature).map_err(|_| Fault::bad("the signature is not base64"))?;
    let message = token_request(body.seconds, body.asked);
    identity.verify_signature(&message, &signature).map_err(|_| denied("the signature does not verify"))?;
    identity.login(body.seconds).map_err(|why| match why {
        IdentityError::Denied(why) => Fault::bad(why),
        why => Fault::new(Code::Unavailable, why.to_string()),
    })
}

async fn look(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    local(&ask)?;
    let looks = app.kernel.renewal.as_ref().map(|renewal| renewal.wake()).is_some();
    Ok(Answer::with(202, json!({ "looks": looks })))
}
