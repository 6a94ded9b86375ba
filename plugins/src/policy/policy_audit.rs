//! The kernel's policy-audit: `POST /policy/evaluate`.
//!
//! The service demands an actor, a resource and an action as objects of its own, so the remediation's input stands in
//! `context`. When the policy cannot be evaluated it answers 200 with the verdict `deny` and a reason that begins with
//! "Policy evaluation error": that is no decision, and is told as such.

use super::asked::Ruling;
use crate::http::Server;
use crate::kernel::Service;
use ecoops_core::domain::EVENT_SOURCE;
use serde_json::{Value, json};

/// The service asks OPA at `/v1/data/autoecops/<path>`.
const PATH: &str = "remediation";
/// What a reason begins with when nothing was evaluated.
const FAILED: &str = "Policy evaluation error";

#[derive(Debug)]
pub(super) struct PolicyAudit(Service);

impl PolicyAudit {
    pub fn new(server: Server) -> Result<Self, crate::http::HttpError> {
        Ok(Self(Service::new("policy-audit", server)?))
    }

    pub fn shown(&self) -> &str {
        self.0.shown()
    }

    /// # Errors
    /// Why there is no decision.
    pub fn ask(&self, input: &Value) -> Result<Ruling, String> {
        let body = json!({ "policyPath": PATH, "input": wrapped(input) });
        let reply = self.0.send(self.0.question("/policy/evaluate", &body)).map_err(|why| why.to_string())?;
        decided(reply.data.get("decision").unwrap_or(&reply.data))
    }
}

/// The input in the form that the service takes.
fn wrapped(input: &Value) -> Value {
    let text = |name: &str| input.get(name).and_then(Value::as_str).unwrap_or_default();
    let named = |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
    let actor = text("actor");
    let roles = input.pointer("/details/roles").filter(|roles| roles.is_array()).cloned();
    let mut context = input.get("details").and_then(Value::as_object).cloned().unwrap_or_default();
    for name in ["severity", "compliance_mode"] {
        context.insert(name.to_owned(), json!(text(name)));
    }
    json!({
        "actor": {
            "id": named(actor), "type": if actor == EVENT_SOURCE { "service" } else { "user" },
            "roles": roles.unwrap_or_else(|| json!([])),
        },
        "resource": { "kind": "file", "id": named(text("resource")) },
        "action": named(text("action")),
        "context": context,
    })
}

fn decided(decision: &Value) -> Result<Ruling, String> {
    let text = |name: &str| {
        let text = decision.get(name).and_then(Value::as_str).unwrap_or_default();
        text.chars().take(500).map(|c| if c.is_control() { ' ' } else { c }).collect::<String>()
    };
    let (verdict, reason, version) = (text("verdict"), text("reason"), text("policyVersion"));
    let reasons = |default: &str| {
        let reason = reason.trim();
        vec![if reason.is_empty() { default.to_owned() } else { reason.to_owned() }]
    };
    match verdict.as_str() {
        "deny" if reason.trim_start().starts_with(FAILED) => Err(reason),
        "deny" => Ok(Ruling { allow: false, reasons: reasons("policy-audit denies it."), version }),
        "allow" => Ok(Ruling { allow: true, reasons: reasons("policy-audit allows it."), version }),
        "warn" => Ok(Ruling { allow: true, reasons: reasons("policy-audit warns of it."), version }),
        "" => Err("the answer has no verdict".into()),
        other => Err(format!("the answer has the verdict `{other:.50}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_verdict_that_was_evaluated_is_one() {
        for (decision, expected) in [
            (json!({ "verdict": "allow", "policyVersion": "1" }), Some((true, "policy-audit allows it."))),
            (json!({ "verdict": "warn", "reason": "Old image." }), Some((true, "Old image."))),
            (json!({ "verdict": "deny", "reason": "No." }), Some((false, "No."))),
            (json!({ "verdict": "deny", "reason": "Policy evaluation error: OPA is away" }), None),
            (json!({ "verdict": "ALLOW" }), None),
            (json!({ "verdict": true }), None),
            (json!({ "allow": true }), None),
            (json!([]), None),
        ] {
            let found = decided(&decision).ok().map(|ruling| (ruling.allow, ruling.reasons.join(";")));
            let expected = expected.map(|(allow, reason)| (allow, reason.to_owned()));
            assert_eq!(found, expected, "{decision}");
        }
    }

    #[test]
    fn the_input_of_the_pipeline_stands_in_the_context() {
        let input = json!({ "actor": "ai-code-editor-workflow-pipeline", "action": "apply-fix", "resource": "src/a.py",
            "severity": "critical", "compliance_mode": "enterprise", "details": { "files": 3, "roles": ["admin"] } });
        let expected = json!({
            "actor": { "id": "ai-code-editor-workflow-pipeline", "type": "service", "roles": ["admin"] },
            "resource": { "kind": "file", "id": "src/a.py" }, "action": "apply-fix",
            "context": { "severity": "critical", "compliance_mode": "enterprise", "files": 3, "roles": ["admin"] },
        });
        assert_eq!(wrapped(&input), expected);
        let bare = wrapped(&json!({}));
        assert_eq!((&bare["actor"]["id"], &bare["resource"]["id"]), (&json!("unknown"), &json!("unknown")));
    }
}
