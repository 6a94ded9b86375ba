//! The kernel's auth-service: what a token is worth, and what its holder may do there.
//!
//! As it runs: `actor.type` is always `user`, so services are told by the role `service-account`; a bad token is 401
//! and none is 400; `permissions` in a token count for nothing, and no `remediation:*` is known, so that what somebody
//! may do here comes from the roles alone. Its questions change nothing and may be asked again, but not after a 500.
//! Never decides what a role gives here.

use crate::http::{HttpError, Server};
use crate::kernel::{KernelError, Reply, Service};
use ecoops_core::domain::ActorKind;
use serde_json::{Value, json};

/// What marks a service among those who are all called users.
const SERVICE_ROLE: &str = "service-account";
/// Bytes of the longest token that is asked about.
const LONGEST: usize = 16 << 10;
/// Roles of one token that are looked at.
const MOST_ROLES: usize = 1000;

/// Who a token is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub id: String,
    pub kind: ActorKind,
    /// As the service names them.
    pub roles: Vec<String>,
    /// Seconds since 1970.
    pub expires: i64,
}

/// What a token is worth now (RFC 7662).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Until then, in seconds since 1970, where it says so.
    Active(Option<i64>),
    Ended,
}

/// What the service decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub allowed: bool,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The token is worth nothing there.
    #[error("the token is refused: {0}")]
    Refused(String),
    /// It gave no answer that can be relied on.
    #[error("the auth-service cannot tell: {0}")]
    Untold(String),
}

/// See the module.
#[derive(Debug)]
pub struct AuthService(Service);

impl AuthService {
    /// # Errors
    /// [`HttpError::Invalid`] when the address is none.
    pub fn new(server: Server) -> Result<Self, HttpError> {
        Ok(Self(Service::new("auth-service", server)?))
    }

    /// The address without credentials.
    pub fn shown(&self) -> &str {
        self.0.shown()
    }

    /// By the document every question is asked with a token: the one that it is about.
    fn ask(&self, path: &str, token: &str, body: &Value) -> Result<Reply, AuthError> {
        if token.len() > LONGEST || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(AuthError::Refused("it is no token".into()));
        }
        let request = self.0.question(path, body).secret();
        let request = match token {
            "" => request,
            token => request.secret_header("Authorization", &format!("Bearer {token}")),
        };
        self.0.send(request).map_err(refused)
    }

    /// Who the token is about, if it is good.
    ///
    /// # Errors
    /// [`AuthError`].
    pub fn verify(&self, token: &str) -> Result<Holder, AuthError> {
        let reply = self.ask("/auth/verify", token, &json!({ "token": token }))?;
        if reply.data.get("valid").and_then(Value::as_bool) == Some(false) {
            return Err(AuthError::Refused("it is not valid".into()));
        }
        holder(&reply)
    }

    /// What the token is worth now; one that is worth nothing is an answer here.
    ///
    /// # Errors
    /// [`AuthError::Untold`].
    pub fn introspect(&self, token: &str) -> Result<Standing, AuthError> {
        match self.ask("/auth/introspect", token, &json!({ "token": token })) {
            Ok(reply) => match reply.data.get("active").and_then(Value::as_bool) {
                Some(true) => Ok(Standing::Active(seconds(reply.data.get("exp")))),
                Some(false) => Ok(Standing::Ended),
                None => Err(AuthError::Untold("its introspection says nothing of `active`".into())),
            },
            Err(AuthError::Refused(_)) => Ok(Standing::Ended),
            Err(untold) => Err(untold),
        }
    }

    /// Whether the token's holder has a permission of the service's own.
    ///
    /// # Errors
    /// [`AuthError`]; what is not plainly allowed is not allowed.
    pub fn authorize(&self, token: &str, permission: &str) -> Result<Decision, AuthError> {
        let reply = self.ask("/auth/authorize", token, &json!({ "permission": permission }))?;
        let decision = reply.data.get("decision").unwrap_or(&reply.data);
        let text = |name: &str| decision.get(name).and_then(Value::as_str).unwrap_or_default();
        let reason = text("reason").chars().filter(|c| !c.is_control()).take(300).collect();
        match text("verdict") {
            "allow" => Ok(Decision { allowed: true, reason }),
            "deny" => Ok(Decision { allowed: false, reason }),
            other => Err(AuthError::Untold(format!("its verdict is `{other:.40}`"))),
        }
    }
}

fn refused(error: KernelError) -> AuthError {
    match error.status() {
        400 | 401 | 403 | 422 => AuthError::Refused(error.to_string()),
        _ => AuthError::Untold(error.to_string()),
    }
}

fn holder(reply: &Reply) -> Result<Holder, AuthError> {
    let untold = |what: &str| AuthError::Untold(format!("its answer has no {what}"));
    let actor = reply.data.get("actor").ok_or_else(|| untold("actor"))?;
    let id = actor.get("id").and_then(Value::as_str).filter(|id| plain(id)).ok_or_else(|| untold("id"))?;
    let roles = actor.get("roles").and_then(Value::as_array).into_iter().flatten();
    let roles: Vec<String> = roles.filter_map(Value::as_str).take(MOST_ROLES).map(str::to_owned).collect();
    let said = actor.get("type").and_then(Value::as_str).unwrap_or_default();
    let kind = match said {
        "service" => ActorKind::Service,
        "system" => ActorKind::System,
        _ if roles.iter().any(|role| role == SERVICE_ROLE) => ActorKind::Service,
        _ => ActorKind::User,
    };
    let expires = seconds(reply.data.get("expiresAt")).ok_or_else(|| untold("end of the token"))?;
    Ok(Holder { id: id.to_owned(), kind, roles, expires })
}

/// An id that can stand in records and headers.
fn plain(id: &str) -> bool {
    (1..=256).contains(&id.len()) && !id.chars().any(char::is_control)
}

/// A time as RFC 3339, or as seconds or milliseconds since 1970.
fn seconds(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::String(text) => text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second),
        // The year 5138 in seconds is 1973 in milliseconds.
        Value::Number(number) => number.as_i64().map(|n| if n > 100_000_000_000 { n / 1000 } else { n }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_read_in_every_writing() {
        for (value, expected) in [
            (json!("2026-11-20T08:00:00.000Z"), Some(1_795_161_600)),
            (json!(1_795_161_600), Some(1_795_161_600)),
            (json!(1_795_161_600_000_i64), Some(1_795_161_600)),
            (json!("soon"), None),
            (json!(1.5), None),
            (Value::Null, None),
        ] {
            assert_eq!(seconds(Some(&value)), expected, "{value}");
        }
        assert_eq!(seconds(None), None);
    }

    #[test]
    fn services_are_told_by_their_role() {
        for (kind, roles, expected) in [
            ("user", json!(["platform-admin"]), ActorKind::User),
            ("user", json!(["service-account"]), ActorKind::Service),
            ("service", json!([]), ActorKind::Service),
            ("", json!(null), ActorKind::User),
        ] {
            let data = json!({ "actor": { "id": "a", "type": kind, "roles": roles }, "expiresAt": 7 });
            let reply = Reply { status: 200, data, meta: serde_json::Map::new() };
            assert_eq!(holder(&reply).map(|h| h.kind), Ok(expected), "{kind} {roles}");
        }
        for data in [
            json!({}),
            json!({ "actor": { "id": "a\n" }, "expiresAt": 7 }),
            json!({ "actor": { "id": "a" } }),
        ] {
            let reply = Reply { status: 200, data, meta: serde_json::Map::new() };
            assert!(matches!(holder(&reply), Err(AuthError::Untold(_))));
        }
    }
}
