//! Policy service: a decision for an input. What cannot be evaluated is denied, with the reason, at 200.

use super::events::decision_schema;
use crate::api::App;
use crate::api::answer::{Answer, Fault};
use crate::api::ask::Ask;
use crate::api::opa;
use crate::api::routes::{Needs, Route};
use axum::http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub fn routes() -> Vec<Route> {
    vec![
        Route::new(
            (Method::POST, "/policy/evaluate"),
            ("evaluatePolicy", "Evaluate a policy"),
            Needs::Scope("policy", "read"),
            |a, q| Box::pin(evaluate(a, q)),
        )
        .tag("Policy")
        .takes(json!({ "type": "object", "required": ["policyPath", "input"], "properties": {
            "policyPath": { "type": "string" }, "input": { "type": "object" },
        } }))
        .gives(200, decision_schema()),
    ]
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    policy_path: String,
    input: Map<String, Value>,
}

async fn evaluate(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let Body { policy_path, input } = ask.json()?;
    let path = policy_path.trim_matches('/').replace('.', "/");
    let path = path.strip_prefix("autoecops/").unwrap_or(&path);
    let (allow, reason, version) = match path {
        "remediation" | "remediation/allow" => {
            let decision = opa::decide(&app, opa::read(input, &ask.caller.id)).await?;
            (decision.allow, decision.reasons.join("; "), decision.version)
        }
        _ => (
            false,
            format!("Policy evaluation error: there is no policy `{policy_path:.200}`"),
            String::new(),
        ),
    };
    Ok(Answer::ok(json!({
        "verdict": if allow { "allow" } else { "deny" },
        "policyId": policy_path, "policyVersion": version, "reason": reason,
        "complianceTags": [], "evaluatedAt": ask.ids.now,
    })))
}
