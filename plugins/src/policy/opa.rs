//! Open Policy Agent by its data API: `POST /v1/data/remediation/allow`.
//!
//! Only `true` allows. A document that is undefined, or no truth value, is no decision: the caller denies.

use super::asked::Ruling;
use crate::http::Server;
use crate::kernel::{KernelError, Service};
use serde_json::{Value, json};

/// The whole package, asked for the reasons of a denial.
const PACKAGE: &str = "/v1/data/remediation";
const ALLOW: &str = "/v1/data/remediation/allow";
/// Reasons of one denial that are shown.
const MOST_REASONS: usize = 20;

#[derive(Debug)]
pub(super) struct Opa(Service);

impl Opa {
    pub fn new(server: Server) -> Result<Self, crate::http::HttpError> {
        Ok(Self(Service::new("opa", server)?))
    }

    pub fn shown(&self) -> &str {
        self.0.shown()
    }

    /// # Errors
    /// Why there is no decision.
    pub fn ask(&self, input: &Value) -> Result<Ruling, String> {
        let body = json!({ "input": input });
        // Provenance names the revisions of the bundles that decided.
        let request = self.0.question(ALLOW, &body).query("provenance", "true");
        let answer = self.0.send_bare(request).map_err(|why| said(&why))?;
        let version = revision(&answer);
        match answer.get("result") {
            Some(Value::Bool(true)) => {
                let reasons = vec![format!("OPA at {} allows it.", self.shown())];
                Ok(Ruling { allow: true, reasons, version })
            }
            Some(Value::Bool(false)) => Ok(Ruling { allow: false, reasons: self.reasons(&body), version }),
            Some(_) => Err("data.remediation.allow is neither true nor false".into()),
            None => Err("data.remediation.allow is undefined".into()),
        }
    }

    /// Why it was denied, as far as the package says so in `reasons` or `deny`.
    fn reasons(&self, body: &Value) -> Vec<String> {
        let package = self.0.send_bare(self.0.question(PACKAGE, body)).unwrap_or_default();
        let named = ["reasons", "deny"].iter().filter_map(|name| package.get("result")?.get(name));
        let texts = named.filter_map(Value::as_array).flatten().filter_map(Value::as_str);
        let mut reasons: Vec<String> = Vec::new();
        for text in texts.take(MOST_REASONS) {
            let text: String = text.chars().take(500).map(|c| if c.is_control() { ' ' } else { c }).collect();
            if !text.trim().is_empty() && !reasons.contains(&text) {
                reasons.push(text);
            }
        }
        if reasons.is_empty() {
            reasons.push(format!("OPA at {} denies it: data.remediation.allow is false.", self.shown()));
        }
        reasons
    }
}

fn said(error: &KernelError) -> String {
    error.to_string()
}

/// The bundles' revisions, by name; empty for policies that are in no bundle.
fn revision(answer: &Value) -> String {
    let bundles = answer.pointer("/provenance/bundles").and_then(Value::as_object);
    let named = bundles.into_iter().flatten().map(|(name, about)| {
        let revision = about.get("revision").and_then(Value::as_str).unwrap_or_default();
        format!("{name}={revision:.200}")
    });
    let mut revisions: Vec<String> = named.collect();
    // OPA before bundles had names.
    revisions.extend(answer.pointer("/provenance/revision").and_then(Value::as_str).map(str::to_owned));
    revisions.sort();
    revisions.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_of_all_bundles() {
        for (answer, expected) in [
            (json!({}), ""),
            (json!({ "provenance": { "version": "1.0" } }), ""),
            (json!({ "provenance": { "bundles": { "b": { "revision": "2" }, "a": {} } } }), "a=,b=2"),
            (json!({ "provenance": { "revision": "7" } }), "7"),
            (json!({ "provenance": { "bundles": [1] } }), ""),
        ] {
            assert_eq!(revision(&answer), expected, "{answer}");
        }
    }
}
