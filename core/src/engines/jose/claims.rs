//! What a JWT claims (RFC 7519 §4), and whether it holds for us now.

use super::{JsonError, json};
use serde_json::{Map, Value};

/// Seconds since 1970 that make sense in a claim: up to the year 9999.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// What a token must be for.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    pub issuer: &'a str,
    /// One of these must be among the token's audiences.
    pub audiences: &'a [&'a str],
    /// Seconds since 1970.
    pub now: i64,
    /// Seconds that two clocks may differ, 0 to 300.
    pub skew: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsError {
    #[error("the token's claims cannot be read: {0}")]
    Json(#[from] JsonError),
    #[error("the token's claim `{0}` is missing or malformed")]
    Claim(&'static str),
    #[error("the token is of the issuer `{0:.120}`")]
    Issuer(String),
    #[error("the token is for `{0:.120}`")]
    Audience(String),
    #[error("the token expired {0} s ago")]
    Expired(i64),
    #[error("the token is valid only {0} s from now; was the clock set back?")]
    NotYetValid(i64),
    #[error("the token answers another request (`nonce`)")]
    Nonce,
    #[error("the token was made for the client `{0:.120}` (`azp`)")]
    Party(String),
}

/// The claims of a token whose signature was verified, and that hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    pub subject: String,
    /// Seconds since 1970.
    pub expires: i64,
    /// `jti`.
    pub id: Option<String>,
    fields: Map<String, Value>,
}

impl Claims {
    /// Reads a verified payload and checks issuer, audience and times. `exp`, `iss`, `aud` and `sub` are
    /// demanded; `nbf` and `iat` are checked when they are there.
    ///
    /// # Errors
    /// [`ClaimsError`].
    pub fn check(payload: &[u8], expected: &Expected<'_>) -> Result<Self, ClaimsError> {
        let fields = json::parse(payload)?;
        let issuer = text(&fields, "iss")?.ok_or(ClaimsError::Claim("iss"))?;
        // OpenID Connect Core §3.1.3.7: exactly, without any normalisation.
        if issuer != expected.issuer {
            return Err(ClaimsError::Issuer(issuer.to_owned()));
        }
        let audiences = audiences(&fields)?;
        if !audiences.iter().any(|audience| expected.audiences.contains(audience)) {
            return Err(ClaimsError::Audience(audiences.join(", ")));
        }
        let expires = check_times(&fields, expected.now, i64::from(expected.skew.min(300)))?;
        let subject = text(&fields, "sub")?.filter(|s| !s.is_empty()).ok_or(ClaimsError::Claim("sub"))?;
        let (subject, id) = (subject.to_owned(), text(&fields, "jti")?.map(str::to_owned));
        Ok(Self { subject, expires, id, fields })
    }

    /// What only an ID token has (OpenID Connect Core §3.1.3.7): the nonce of our request, and us as the
    /// authorized party where one is named or there are several audiences.
    ///
    /// # Errors
    /// [`ClaimsError::Nonce`], [`ClaimsError::Party`].
    pub fn check_id_token(&self, client: &str, nonce: Option<&str>) -> Result<(), ClaimsError> {
        if let Some(nonce) = nonce {
            let own = self.fields.get("nonce").and_then(Value::as_str);
            if own != Some(nonce) {
                return Err(ClaimsError::Nonce);
            }
        }
        let several = self.fields.get("aud").and_then(Value::as_array).is_some_and(|list| list.len() > 1);
        match text(&self.fields, "azp")? {
            Some(party) if party != client => Err(ClaimsError::Party(party.to_owned())),
            None if several => Err(ClaimsError::Claim("azp")),
            _ => Ok(()),
        }
    }

    /// Any claim by its name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }
}

fn text<'a>(fields: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, ClaimsError> {
    match fields.get(name) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or(ClaimsError::Claim(name)),
    }
}

fn audiences(fields: &Map<String, Value>) -> Result<Vec<&str>, ClaimsError> {
    let wrong = ClaimsError::Claim("aud");
    match fields.get("aud") {
        Some(Value::String(one)) => Ok(vec![one]),
        Some(Value::Array(list)) => list.iter().map(Value::as_str).collect::<Option<_>>().ok_or(wrong),
        _ => Err(wrong),
    }
}

/// NumericDate (RFC 7519 §2): seconds, with a fraction or without.
fn time(fields: &Map<String, Value>, name: &'static str) -> Result<Option<i64>, ClaimsError> {
    let Some(value) = fields.get(name) else { return Ok(None) };
    let seconds = value.as_f64().filter(|s| (0.0..=LAST_SECOND).contains(s));
    seconds.map(|s| Some(s.floor() as i64)).ok_or(ClaimsError::Claim(name))
}

fn check_times(fields: &Map<String, Value>, now: i64, skew: i64) -> Result<i64, ClaimsError> {
    let expires = time(fields, "exp")?.ok_or(ClaimsError::Claim("exp"))?;
    if now >= expires.saturating_add(skew) {
        return Err(ClaimsError::Expired(now.saturating_sub(expires)));
    }
    for name in ["nbf", "iat"] {
        let from = time(fields, name)?.unwrap_or(now);
        if now < from.saturating_sub(skew) {
            return Err(ClaimsError::NotYetValid(from.saturating_sub(now)));
        }
    }
    Ok(expires)
}
