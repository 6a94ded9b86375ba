//! OPA's data API for the one document that we decide: `data.remediation`.
//!
//! What is no document of ours is undefined, as OPA says it: an answer without a `result`.

use super::App;
use super::answer::{Answer, Fault};
use super::ask::Ask;
use super::routes::{Needs, Route};
use axum::http::Method;
use ecoops_core::ports::policy::{Decision, PolicyInput};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub fn routes() -> Vec<Route> {
    let body = || json!({ "type": "object", "required": ["input"], "properties": { "input": { "type": "object" } } });
    vec![
        Route::new(
            (Method::POST, "/v1/data/{*path}"),
            ("evaluateData", "Decides as OPA's data API does"),
            Needs::Scope("policy", "read"),
            |a, q| Box::pin(data(a, q)),
        )
        .tag("Policy")
        .part("path", json!({ "type": "string", "enum": ["remediation", "remediation/allow", "remediation/reasons", "remediation/version"] }))
        .takes(body())
        .gives(200, json!({ "type": "object", "properties": { "decision_id": { "type": "string" } } })),
    ]
}

#[derive(Debug, Deserialize)]
struct Body {
    input: Map<String, Value>,
}

async fn data(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let Body { input } = ask.json()?;
    let path = ask.part("path")?.trim_matches('/').to_owned();
    let mut answer = json!({ "decision_id": ask.ids.request });
    if !path.starts_with("remediation") {
        return Ok(Answer::ok(answer));
    }
    let decision = decide(&app, read(input, &ask.caller.id)).await?;
    let result = match path.as_str() {
        "remediation" => {
            Some(json!({ "allow": decision.allow, "reasons": decision.reasons, "version": decision.version }))
        }
        "remediation/allow" => Some(json!(decision.allow)),
        "remediation/reasons" => Some(json!(decision.reasons)),
        "remediation/version" => Some(json!(decision.version)),
        _ => None,
    };
    if let Some(result) = result {
        answer["result"] = result;
    }
    Ok(Answer::ok(answer))
}

/// Asks the policy; one that cannot be asked denies.
pub async fn decide(app: &App, input: PolicyInput) -> Result<Decision, Fault> {
    let decided = app.kernel.policy.ask(move |policy| policy.decide(&input)).await;
    Ok(decided.unwrap_or_else(|why| Decision {
        allow: false,
        reasons: vec![format!("Policy evaluation error: {why}")],
        version: String::new(),
        policies: 0,
    }))
}

/// An input of either writing: seed texts (`"actor": "x"`), or the kernel's objects (`"actor": {"id": "x"}`)
/// whose own fields then stand in `context`. What nobody named is empty, and policies deny what they do
/// not know; what is left goes to the policies as details.
pub fn read(mut input: Map<String, Value>, caller: &str) -> PolicyInput {
    let mut context = match input.remove("context") {
        Some(Value::Object(context)) => context,
        Some(other) => Map::from_iter([("context".to_owned(), other)]),
        None => Map::new(),
    };
    if let Some(Value::Object(details)) = input.remove("details") {
        context.extend(details);
    }
    let mut take = |name: &str| match input.remove(name) {
        Some(Value::String(text)) => Some(text),
        Some(Value::Object(object)) => {
            let id = object.get("id").and_then(Value::as_str).map(str::to_owned);
            context.insert(format!("{name}_object"), Value::Object(object));
            id.or_else(|| context.get(name).and_then(Value::as_str).map(str::to_owned))
        }
        Some(other) => {
            context.insert(name.to_owned(), other);
            None
        }
        None => context.remove(name).and_then(|v| v.as_str().map(str::to_owned)),
    };
    let (actor, action, resource) = (take("actor"), take("action"), take("resource"));
    let (severity, mode) = (take("severity"), take("compliance_mode"));
    input.extend(context);
    PolicyInput {
        actor: actor.unwrap_or_else(|| caller.to_owned()),
        action: action.unwrap_or_default(),
        resource: resource.unwrap_or_default(),
        severity: severity.unwrap_or_default(),
        compliance_mode: mode.unwrap_or_default(),
        details: input,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_writings_of_an_input_are_understood() {
        let flat = json!({ "actor": "a", "action": "apply-fix", "resource": "src/x.py", "severity": "critical",
            "compliance_mode": "enterprise", "files": 3 });
        let wrapped = json!({ "actor": { "id": "a", "type": "service", "roles": [] }, "action": "apply-fix",
            "resource": { "kind": "file", "id": "src/x.py" },
            "context": { "severity": "critical", "compliance_mode": "enterprise", "files": 3 } });
        for input in [flat, wrapped] {
            let read = read(input.as_object().cloned().unwrap(), "caller");
            assert_eq!((read.actor.as_str(), read.resource.as_str()), ("a", "src/x.py"));
            assert_eq!((read.action.as_str(), read.severity.as_str()), ("apply-fix", "critical"));
            assert_eq!(read.compliance_mode, "enterprise");
            assert_eq!(read.details["files"], 3);
        }
        let nothing = read(Map::new(), "caller");
        assert_eq!((nothing.actor.as_str(), nothing.action.as_str()), ("caller", ""));
        let odd = json!({ "actor": 7, "resource": [], "context": "x" });
        assert_eq!(read(odd.as_object().cloned().unwrap(), "caller").actor, "caller");
    }
}
