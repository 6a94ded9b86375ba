//! A policy decision, as the pipeline asks for one.

use crate::api::answer::{Answer, Fault};
use crate::api::ask::Ask;
use crate::api::routes::{Needs, Route};
use crate::api::{App, opa};
use axum::http::Method;
use ecoops_core::ports::policy::PolicyInput;
use serde_json::json;
use std::sync::Arc;

pub fn routes() -> Vec<Route> {
    let text = || json!({ "type": "string" });
    vec![
        Route::new(
            (Method::POST, "/v1/policy/decide"),
            ("decide", "Whether an action is allowed; what cannot be evaluated is denied"),
            Needs::Scope("policy", "read"),
            |a, q| Box::pin(decide(a, q)),
        )
        .tag("Policy")
        .takes(json!({ "type": "object",
            "required": ["actor", "action", "resource", "severity", "compliance_mode"],
            "properties": {
                "actor": text(), "action": text(), "resource": text(), "severity": text(),
                "compliance_mode": text(), "details": { "type": "object" },
            } }))
        .gives(200, json!({ "type": "object", "required": ["allow", "reasons", "version", "policies"] })),
    ]
}

async fn decide(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let input: PolicyInput = ask.json()?;
    let decision = opa::decide(&app, input).await?;
    Ok(Answer::ok(serde_json::to_value(decision).unwrap_or_default()))
}
