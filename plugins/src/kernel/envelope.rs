//! The envelope that the kernel's services answer in, and the shapes that their errors have.
//!
//! An error is, by whoever made it: the kernel's `{"success": false, "error": {code, message}}` with or without
//! `meta`; infra-manager's `{"success": false, "data": {message}}` without `error`; FastAPI's `{"detail": {error,
//! message}}`, `{"detail": "…"}` or a list at 422; a gateway's `{"error": "…"}`; the integration matrix's
//! `{"error": {code, message, service, trace_id, timestamp}}`; OPA's `{code, message}`; problem+json. What is none
//! of these is shown as it came, shortened.

use super::{KernelError, Refusal, Reply};
use crate::http::Answer;
use serde_json::{Map, Value};

/// Characters of a message that are shown.
const LONGEST: usize = 500;

/// An answer taken apart.
pub(super) struct Envelope {
    status: u16,
    success: bool,
    data: Option<Value>,
    meta: Map<String, Value>,
    code: String,
    message: String,
    request_id: Option<String>,
    trace_id: Option<String>,
}

impl Envelope {
    pub fn read(answer: &Answer) -> Self {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let (code, message) = fault(&body).unwrap_or_else(|| (String::new(), answer.excerpt()));
        let meta = body.get("meta").and_then(Value::as_object).cloned().unwrap_or_default();
        let id = |name: &str, header: &str| {
            let said = meta.get(name).and_then(Value::as_str);
            // Ids are shown: what is no id stays out.
            said.or_else(|| answer.header(header)).filter(|id| plain(id)).map(str::to_owned)
        };
        let (request_id, trace_id) = (id("requestId", "x-request-id"), id("traceId", "x-trace-id"));
        // One that says `success: false` means it, whatever its status.
        let denied = body.get("success").and_then(Value::as_bool) == Some(false);
        let data = match body {
            Value::Object(mut fields) if fields.contains_key("success") => fields.remove("data"),
            other => Some(other),
        };
        let success = answer.is_success() && !denied;
        Self { status: answer.status, success, data, meta, code, message, request_id, trace_id }
    }

    pub fn into_reply(self, service: &'static str) -> Result<Reply, KernelError> {
        if !self.success {
            return Err(self.into_refusal(service));
        }
        let Self { status, data, meta, message, .. } = self;
        match data {
            Some(data) if !data.is_null() => Ok(Reply { status, data, meta }),
            _ => Err(KernelError::Odd(service, message)),
        }
    }

    pub fn into_refusal(self, service: &'static str) -> KernelError {
        let Self { status, code, message, request_id, trace_id, .. } = self;
        KernelError::Refused(Box::new(Refusal { service, status, code, message, request_id, trace_id }))
    }
}

fn plain(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Code and message in whatever shape they came.
fn fault(body: &Value) -> Option<(String, String)> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).filter(|t| !t.is_empty()).map(clean);
    let code =
        |value: &Value| text(value.get("code")).or_else(|| text(value.get("error"))).unwrap_or_default();
    let worded = |value: &Value| text(value.get("message")).map(|message| (code(value), message));
    let of = |value: &Value| match value {
        Value::String(said) => Some((String::new(), clean(said))),
        Value::Object(_) => worded(value),
        Value::Array(items) => items.first().map(|item| (String::new(), invalid(item))),
        _ => None,
    };
    let problem = || text(body.get("detail").filter(|d| d.is_string())).map(|detail| (code(body), detail));
    body.get("error")
        .and_then(of)
        .or_else(|| problem().filter(|(code, _)| !code.is_empty()))
        .or_else(|| body.get("detail").and_then(of))
        .or_else(|| worded(body))
        .or_else(|| body.get("data").and_then(worded))
}

/// FastAPI's `{"loc": ["body", "name"], "msg": "field required"}`.
fn invalid(item: &Value) -> String {
    let parts = item.get("loc").and_then(Value::as_array).into_iter().flatten();
    let place: Vec<String> = parts.map(|part| clean(part.as_str().unwrap_or(&part.to_string()))).collect();
    let said = item.get("msg").and_then(Value::as_str).map_or_else(|| clean(&item.to_string()), clean);
    if place.is_empty() { said } else { format!("{}: {said}", place.join(".")) }
}

/// Short, on one line, without control characters: it is shown to people.
fn clean(text: &str) -> String {
    let text: String = text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_of_error_is_read() {
        for (body, code, message) in [
            (r#"{"success":false,"error":{"code":"X","message":"no"},"meta":{}}"#, "X", "no"),
            (r#"{"success":false,"error":{"code":"INTERNAL_ERROR","message":"no"}}"#, "INTERNAL_ERROR", "no"),
            (r#"{"success":false,"data":{"message":"sync failed"}}"#, "", "sync failed"),
            (r#"{"detail":{"error":"CLUSTER_NOT_FOUND","message":"no"}}"#, "CLUSTER_NOT_FOUND", "no"),
            (r#"{"detail":"Error code: 404"}"#, "", "Error code: 404"),
            (
                r#"{"detail":[{"loc":["body",0,"name"],"msg":"field required","type":"x"}]}"#,
                "",
                "body.0.name: field required",
            ),
            (r#"{"error":"upstream away"}"#, "", "upstream away"),
            (
                r#"{"error":{"code":"QUERY_TIMEOUT","message":"late","service":"s","trace_id":"t","timestamp":"u"}}"#,
                "QUERY_TIMEOUT",
                "late",
            ),
            (r#"{"code":"invalid_parameter","message":"bad"}"#, "invalid_parameter", "bad"),
            (r#"{"type":"urn:x","title":"Bad","status":400,"detail":"why","code":"V"}"#, "V", "why"),
            ("{\"error\":\"a\\u001b[31mb\\nc\"}", "", "a [31mb c"),
        ] {
            let body: Value = serde_json::from_str(body).unwrap();
            assert_eq!(fault(&body), Some((code.into(), message.into())), "{body}");
        }
        for body in ["null", "[]", "7", "{}", r#"{"error":7}"#, r#"{"detail":[]}"#, r#"{"error":{"code":7}}"#]
        {
            let body: Value = serde_json::from_str(body).unwrap();
            assert_eq!(fault(&body), None, "{body}");
        }
    }
}
