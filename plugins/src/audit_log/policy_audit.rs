//! The kernel's policy-audit as a copy of the log.
//!
//! The service keeps what it knows and drops the rest, chains and signs nothing, and writes twice what it is given twice.
//! So the entry's hash and place in our log stand in its `metadata`, which survives, and are looked for before anything
//! is written again. Nothing is read from it that the log itself does not prove.

use crate::http::{HttpError, Server};
use crate::kernel::{KernelError, Service};
use ecoops_core::domain::{AuditEntry, ContentHash};
use ecoops_core::engines::ledger::entry as ledger_entry;
use ecoops_core::ports::audit_log::{AuditCopy, CopyError};
use serde_json::{Map, Value, json};

/// The field of `metadata` that says of which entry this is the copy.
const MARK: &str = "ecoopsCopy";
/// Entries of one page, and pages that are looked through.
const PAGE: usize = 100;
const MOST_PAGES: usize = 100;
/// What a trace is called where an entry has none.
const NO_TRACE: &str = "00000000-0000-0000-0000-000000000000";

/// See the module.
#[derive(Debug)]
pub struct PolicyAuditCopy(Service);

impl PolicyAuditCopy {
    /// # Errors
    /// [`HttpError::Invalid`] when the address is none.
    pub fn new(server: Server) -> Result<Self, HttpError> {
        Ok(Self(Service::new("policy-audit", server)?))
    }
}

fn failed(error: KernelError) -> CopyError {
    let said = error.to_string();
    match (&error, error.status()) {
        (KernelError::Odd(..), _) | (_, 500) => CopyError::Failed(said),
        // No token, or one that is not enough, is no matter of the entry.
        (_, 404 | 405) => CopyError::Away(said),
        _ if error.is_our_fault() => CopyError::Refused(said),
        _ => CopyError::Away(said),
    }
}

fn hash(entry: &AuditEntry) -> Result<String, CopyError> {
    let bytes = ledger_entry::encode(entry).map_err(|e| CopyError::Refused(e.to_string()))?;
    Ok(ContentHash::of(&bytes).as_str().to_owned())
}

/// A text that is not empty.
fn named(text: &str, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_owned() } else { text.to_owned() }
}

/// The entry as the service takes it. It refuses `null` where it knows a field, so what is absent is left out.
fn body(log: &str, index: u64, entry: &AuditEntry) -> Result<Value, CopyError> {
    let details = entry.details.clone().unwrap_or_default();
    let of = |name: &str, field: &str| {
        details.get(name).and_then(|part| part.get(field)).and_then(Value::as_str).map(str::to_owned)
    };
    let mut metadata: Map<String, Value> =
        details.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut stamp = json!({
        "urn": entry.urn, "uri": entry.uri, "run": entry.run, "signer": entry.signer, "asked": entry.asked,
        "contentHash": entry.content_hash, "policyVersion": entry.policy.as_ref().map(|p| &p.version),
    });
    bare(&mut stamp);
    metadata.extend(stamp.as_object().cloned().unwrap_or_default());
    metadata.insert(MARK.to_owned(), json!({ "log": log, "index": index, "contentHash": hash(entry)? }));
    let decision = entry.policy.as_ref().map(|stamp| {
        json!({
            "verdict": stamp.decision, "policyId": "remediation", "policyVersion": stamp.version,
            "reason": stamp.reason, "complianceTags": [], "evaluatedAt": entry.timestamp,
        })
    });
    let kind = of("actor", "type").filter(|kind| ["user", "service", "system"].contains(&kind.as_str()));
    let mut body = json!({
        "timestamp": entry.timestamp,
        "traceId": named(&entry.trace_id, NO_TRACE),
        "actor": { "id": named(&entry.actor, "unknown"), "type": kind.unwrap_or_else(|| "user".into()),
            "email": of("actor", "email") },
        "resource": { "kind": named(&of("resource", "kind").unwrap_or_default(), "path"),
            "id": named(&entry.resource, "unknown"), "namespace": of("resource", "namespace") },
        "action": named(&entry.action, "unknown"),
        "result": entry.result,
        "policyDecision": details.get("policyDecision").cloned().or(decision),
        "complianceTags": details.get("complianceTags").filter(|tags| tags.is_array()).cloned().unwrap_or_else(|| json!([])),
    });
    bare(&mut body);
    body["metadata"] = Value::Object(metadata);
    Ok(body)
}

/// Takes out what is null, and texts that are empty.
fn bare(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.values_mut().for_each(bare);
        fields.retain(|_, field| !field.is_null() && field.as_str() != Some(""));
    }
}

fn mark(metadata: Option<&Value>) -> Option<(String, u64, String)> {
    let mark = metadata?.get(MARK)?;
    let text = |name: &str| mark.get(name).and_then(Value::as_str).map(str::to_owned);
    Some((text("log")?, mark.get("index")?.as_u64()?, text("contentHash")?))
}

impl AuditCopy for PolicyAuditCopy {
    fn write(&self, log: &str, index: u64, entry: &AuditEntry) -> Result<(), CopyError> {
        let body = body(log, index, entry)?;
        self.0.send(self.0.post("/audit/write", &body)).map(drop).map_err(failed)
    }

    fn holds(&self, log: &str, index: u64, entry: &AuditEntry) -> Result<bool, CopyError> {
        let wanted = (log.to_owned(), index, hash(entry)?);
        let (trace, size) = (named(&entry.trace_id, NO_TRACE), PAGE.to_string());
        for page in 1..=MOST_PAGES {
            let request =
                self.0.get("/audit/query").query("traceId", &trace).query("page", &page.to_string());
            let reply = self.0.send(request.query("pageSize", &size)).map_err(failed)?;
            let entries = reply.data.get("entries").or(Some(&reply.data)).and_then(Value::as_array);
            let entries = entries.ok_or_else(|| CopyError::Failed("policy-audit: no `entries`".into()))?;
            if entries.iter().any(|entry| mark(entry.get("metadata")).as_ref() == Some(&wanted)) {
                return Ok(true);
            }
            if entries.len() < PAGE {
                return Ok(false);
            }
        }
        let most = PAGE * MOST_PAGES;
        Err(CopyError::Failed(format!(
            "policy-audit: more than {most} entries of one trace cannot be looked through"
        )))
    }

    fn origin(&self, entry: &AuditEntry) -> Option<(String, u64, String)> {
        mark(entry.details.as_ref()?.get("metadata"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ecoops_core::domain::AuditResult;

    #[test]
    fn an_entry_has_all_that_the_service_demands_and_no_null() {
        let details =
            json!({ "actor": { "type": "robot", "email": null }, "metadata": { "x": null, "y": 1 } });
        let entry = AuditEntry {
            timestamp: "2026-01-02T03:04:05Z".into(),
            trace_id: String::new(),
            run: String::new(),
            actor: String::new(),
            action: "apply".into(),
            resource: String::new(),
            result: AuditResult::Denied,
            policy: None,
            content_hash: None,
            urn: "urn:ecoops:run:1".into(),
            uri: String::new(),
            signer: "self".into(),
            asked: None,
            details: details.as_object().cloned(),
        };
        let body = body("log", 7, &entry).unwrap();
        assert_eq!(
            body["actor"],
            json!({ "id": "unknown", "type": "user" }),
            "the service refuses an e-mail address of null"
        );
        assert_eq!(body["resource"], json!({ "kind": "path", "id": "unknown" }));
        assert_eq!((&body["traceId"], &body["complianceTags"]), (&json!(NO_TRACE), &json!([])));
        assert_eq!(body.get("policyDecision"), None);
        assert_eq!(body["metadata"]["urn"], "urn:ecoops:run:1");
        let (log, index, hash) = mark(body.get("metadata")).unwrap();
        assert!((log.as_str(), index) == ("log", 7) && hash.starts_with("sha256:"));
    }
}
