//! A stand-in for the kernel's auth-service, as it was seen to answer. No server, and it proves nothing beyond that.

use crate::http::Request;
use serde_json::{Value, json};

/// Everybody is a `user`, a bad token is 401 and none 400, without `meta`; broken JSON is 500; it knows no
/// `remediation:*`, and `permissions` of a token count for nothing. Tokens are the names of their holders: `operator` and `service`.
pub fn as_seen(request: &Request) -> (u16, String) {
    let body: Option<Value> = serde_json::from_slice(&request.body).ok();
    let fault = |status: u16, code: &str| {
        (status, json!({ "success": false, "error": { "code": code, "message": "no" } }).to_string())
    };
    let Some(body) = body else { return fault(500, "INTERNAL_ERROR") };
    let shown = match request.path.as_str() {
        "/auth/verify" => body["token"].as_str().unwrap_or_default().to_owned(),
        _ => request.header("authorization").trim_start_matches("Bearer ").to_owned(),
    };
    let roles = match shown.as_str() {
        "" if request.path == "/auth/verify" => return fault(400, "MISSING_TOKEN"),
        "operator" => json!(["platform-operator", "offline_access"]),
        "service" => json!(["service-account", "platform-operator"]),
        _ => return fault(401, "INVALID_TOKEN"),
    };
    let data = match request.path.as_str() {
        "/auth/verify" => json!({
            "actor": { "id": shown, "type": "user", "roles": roles, "permissions": ["remediation:admin"] },
            "expiresAt": "2099-01-01T00:00:00.000Z",
        }),
        "/auth/authorize" => {
            let known =
                ["memory:read", "events:publish"].contains(&body["permission"].as_str().unwrap_or_default());
            json!({ "decision": { "verdict": if known { "allow" } else { "deny" }, "reason": "by role" } })
        }
        "/auth/introspect" => json!({ "active": true, "sub": shown }),
        _ => return fault(404, "NOT_FOUND"),
    };
    (200, json!({ "success": true, "data": data }).to_string())
}
