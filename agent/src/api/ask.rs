//! A request as handlers see it: who asks, under which ids, with which parameters and body.
//!
//! Everything here came from outside: reading it gives a fault, never a panic.

use super::answer::{Code, Fault};
use crate::door::Connection;
use crate::token::{Claims, Scope};
use crate::trace::Context;
use axum::body::Bytes;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::HeaderMap;
use ecoops_core::domain::Actor;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;

/// The ids of one request. 128 bits are a ULID to our clients, a UUID to the kernel's, and a trace id
/// of 32 hex digits to W3C's: the same bits throughout.
#[derive(Debug, Clone)]
pub struct Ids {
    /// A ULID.
    pub request: String,
    /// This request's place in its trace, and the span of the caller that it stands in.
    pub context: Context,
    pub parent: Option<u64>,
    /// RFC 3339, UTC.
    pub now: String,
}

impl Ids {
    /// Continues the caller's trace: `traceparent` first, then `x-trace-id`; what is neither is ignored.
    pub fn of(headers: &HeaderMap, request: String, fresh: u128, now: String) -> Self {
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        let callers = Context::of(headers);
        let parent = callers.as_ref().map(|context| context.span);
        let begin = || Context::begin(text("x-trace-id").and_then(parse_trace).unwrap_or(fresh));
        let context = callers.map_or_else(begin, |context| context.child());
        let given = text("x-request-id").and_then(|id| {
            let uuid = uuid::Uuid::parse_str(id).ok().map(|u| ulid::Ulid::from(u.as_u128()).to_string());
            uuid.or_else(|| ulid::Ulid::from_string(id).ok().map(|u| u.to_string()))
        });
        Self { request: given.unwrap_or(request), context, parent, now }
    }

    pub fn request_uuid(&self) -> String {
        let bits = ulid::Ulid::from_string(&self.request).map(u128::from).unwrap_or_default();
        uuid::Uuid::from_u128(bits).to_string()
    }

    pub fn trace_uuid(&self) -> String {
        uuid::Uuid::from_u128(self.context.trace).to_string()
    }

    /// `00-<trace>-<span>-<flags>`, with the span of this request.
    pub fn traceparent(&self) -> String {
        self.context.traceparent()
    }

    pub fn meta(&self) -> Value {
        json!({ "requestId": self.request_uuid(), "traceId": self.trace_uuid(), "timestamp": self.now })
    }
}

/// A UUID, or the 32 hex digits of a W3C trace id; not all zeros.
pub fn parse_trace(text: &str) -> Option<u128> {
    let uuid = uuid::Uuid::parse_str(text).ok()?;
    (!uuid.is_nil()).then(|| uuid.as_u128())
}

/// A time of a body, RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Time(pub Timestamp);

impl TryFrom<String> for Time {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = |_| format!("`{text:.50}` is no time such as 2026-01-31T12:00:00Z");
        text.parse().map(Self).map_err(wrong)
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.0.to_string()
    }
}

/// A UUID of a body, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Uid(pub String);

impl TryFrom<String> for Uid {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let uuid = uuid::Uuid::parse_str(&text).map_err(|_| format!("`{text:.50}` is no UUID"))?;
        Ok(Self(uuid.to_string()))
    }
}

/// Who asks, once that is known.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user, or the subject of the token.
    pub id: String,
    /// Of the user whose agent this is; the roles of whoever comes over the socket. `None` where nobody
    /// was asked for, or the identity cannot be used.
    pub actor: Option<Arc<Actor>>,
    /// `None`: everything, for the user's own processes.
    pub scope: Option<BTreeSet<Scope>>,
    pub claims: Option<Claims>,
    /// What `X-Service-Name` said; nobody vouches for it.
    pub service: Option<String>,
}

impl Caller {
    pub fn may(&self, area: &str, act: &str) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.iter().any(|s| s.covers(area, act)))
    }

    /// # Errors
    /// [`Fault`] when the identity cannot be used.
    pub fn actor(&self) -> Result<&Actor, Fault> {
        let missing = || Fault::new(Code::Unavailable, "the identity cannot be used");
        self.actor.as_deref().ok_or_else(missing)
    }

    /// What is counted apart of what this user does.
    pub fn purpose(&self) -> String {
        match &self.claims {
            Some(claims) => format!("token:{}", claims.jti),
            None => "requests".to_owned(),
        }
    }

    /// What separates this caller from others in kept answers.
    pub fn key(&self) -> String {
        match &self.claims {
            Some(claims) => format!("token:{}", claims.jti),
            None => format!("user:{}", self.id),
        }
    }
}

/// What tells a request that may have been done before.
#[derive(Debug, Clone)]
pub struct Again {
    /// The same at every attempt, and at no other request.
    pub mark: String,
    /// It was begun before by a process that died: what it was to do may be done.
    pub unsure: bool,
}

/// One request.
#[derive(Debug)]
pub struct Ask {
    pub caller: Caller,
    pub ids: Ids,
    pub path: Vec<(String, String)>,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    /// How the caller addresses this server: `https://host:port`.
    pub origin: String,
    pub body: Bytes,
    /// Of a caller over the socket.
    pub connection: Option<Arc<Connection>>,
    /// Of a request with a key.
    pub again: Option<Again>,
    /// Of a caller that wants a WebSocket.
    pub upgrade: Option<WebSocketUpgrade>,
}

impl Ask {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// A part of the path; it is there, or the route is wrong.
    pub fn part(&self, name: &str) -> Result<&str, Fault> {
        let found = self.path.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        found
            .filter(|text| !text.contains('\0'))
            .ok_or_else(|| Fault::bad(format!("`{name}` cannot be used")))
    }

    /// A query parameter that was given once and is not empty.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Fault> {
        let mut found = self.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(Fault::bad(format!("`{name}` is given twice"))),
            (Some(""), None) => Err(Fault::bad(format!("`{name}` is empty"))),
            (found, None) => Ok(found),
        }
    }

    pub fn number(&self, name: &str, default: u64, range: RangeInclusive<u64>) -> Result<u64, Fault> {
        let Some(text) = self.text(name)? else { return Ok(default) };
        let (low, high) = (range.start(), range.end());
        let wrong = || Fault::bad(format!("`{name}` must be a whole number from {low} to {high}"));
        let plain = text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|n| plain && range.contains(n)).ok_or_else(wrong)
    }

    pub fn parsed<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, Fault> {
        let wrong = || Fault::bad(format!("`{name}` must be {what}"));
        self.text(name)?.map(|text| text.parse().map_err(|_| wrong())).transpose()
    }

    /// The body as JSON of this type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        let kind = self.header("content-type").unwrap_or("application/json");
        let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if essence != "application/json" && !essence.ends_with("+json") {
            return Err(Fault::new(Code::UnsupportedMediaType, "the body must be application/json"));
        }
        let wrong = |e: serde_json::Error| Fault::bad(format!("the body cannot be used: {e}"));
        serde_json::from_slice(&self.body).or_else(|first| {
            // To JSON Schema 43.0 is a whole number (2020-12, section 6.1.1).
            let mut value: Value = serde_json::from_slice(&self.body).map_err(|_| wrong(first))?;
            whole_numbers(&mut value);
            serde_json::from_value(value).map_err(wrong)
        })
    }
}

/// Writes numbers without a fraction as whole numbers.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let whole = number.as_f64().filter(|n| number.is_f64() && n.fract() == 0.0 && n.abs() < 9e15);
            if let Some(whole) = whole {
                *value = Value::from(whole as i64);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Object(fields) => fields.values_mut().for_each(whole_numbers),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_continued_in_either_writing() {
        let w3c = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let uuid = "0af76519-16cd-43dd-8448-eb211c80319c";
        let traced = |pairs: &[(&'static str, &str)]| {
            let headers = pairs.iter().map(|(k, v)| ((*k).parse().unwrap(), v.parse().unwrap())).collect();
            Ids::of(&headers, "01ARZ3NDEKTSV4RRFFQ69G5FAV".into(), 7, String::new())
        };
        assert_eq!(traced(&[("traceparent", w3c)]).trace_uuid(), uuid);
        let back = traced(&[("x-trace-id", uuid)]).traceparent();
        assert!(back.starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{back}");
        assert_eq!(
            traced(&[("traceparent", w3c), ("x-trace-id", &uuid.replace('0', "1"))]).trace_uuid(),
            uuid
        );
        assert_eq!(traced(&[("traceparent", "nonsense"), ("x-trace-id", uuid)]).trace_uuid(), uuid);
    }

    #[test]
    fn a_request_id_is_the_same_bits_in_both_writings() {
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap());
        let ids = Ids::of(&headers, String::new(), 1, String::new());
        let uuid = ids.request_uuid();
        headers.insert("x-request-id", uuid.parse().unwrap());
        assert_eq!(Ids::of(&headers, String::new(), 1, String::new()).request, "01ARZ3NDEKTSV4RRFFQ69G5FAV");
        headers.insert("x-request-id", "<script>".parse().unwrap());
        let fresh = "01BX5ZZKBKACTAV9WEVGEMMVRZ";
        assert_eq!(Ids::of(&headers, fresh.into(), 1, String::new()).request, fresh);
    }
}
