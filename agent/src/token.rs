//! Tokens for those who come over TCP: JWTs (RFC 7519, 7515) signed with Ed25519 (RFC 8037) by a key
//! that only the user's processes can read.
//!
//! One algorithm, one issuer, one audience: nothing in a token chooses how it is verified.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ecoops_core::domain::Permission;
use ed25519_dalek::{Signature, Signer, SigningKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Longer tokens are refused unread.
const LONGEST: usize = 8 << 10;
/// How far two readings of the clock may disagree, in seconds.
const SKEW: i64 = 30;
/// Thirty days, in seconds.
pub const LONGEST_LIFE: u32 = 30 * 24 * 3600;
const HEADER: &str = r#"{"alg":"EdDSA","typ":"JWT"}"#;

/// What may be asked for. An area of the API, and whether it may be changed.
pub const AREAS: [&str; 10] =
    ["agent", "audit", "auth", "events", "infra", "mcp", "memory", "metrics", "policy", "reports"];

/// `memory:read`, `events:write`, with `*` for every area or both acts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope {
    area: String,
    act: String,
}

impl Scope {
    /// Whether it lets its holder do `act` in `area`. Who may write may not therefore read.
    pub fn covers(&self, area: &str, act: &str) -> bool {
        let fits = |own: &str, asked: &str| own == "*" || own == asked;
        fits(&self.area, area) && fits(&self.act, act)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.area, self.act)
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

impl TryFrom<String> for Scope {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (area, act) = text.split_once(':').unwrap_or((text, "*"));
        let known = area == "*" || AREAS.contains(&area);
        if !known || !["read", "write", "*"].contains(&act) {
            return Err(format!(
                "`{text}` is no scope: write AREA:read, AREA:write or AREA:*, with * or one of {}",
                AREAS.join(", ")
            ));
        }
        Ok(Self { area: area.to_owned(), act: act.to_owned() })
    }
}

/// What permissions of the pipeline let their holder do here: who may only read reads all, and only an admin
/// does everything.
pub fn scope_of(permissions: &BTreeSet<Permission>) -> BTreeSet<Scope> {
    let texts = permissions.iter().flat_map(|permission| match permission {
        Permission::Read => &["*:read"][..],
        Permission::Write => &["memory:write", "events:write", "policy:write"],
        Permission::Deploy => &["infra:write", "audit:write", "reports:write"],
        Permission::Admin => &["*"],
    });
    texts.filter_map(|text| text.parse().ok()).collect()
}

/// Of these permissions those that a token of this scope is worth: all that they let their holder do here is in it.
pub fn within(permissions: &BTreeSet<Permission>, scope: &BTreeSet<Scope>) -> BTreeSet<Permission> {
    let covered = |need: &Scope| scope.iter().any(|own| own.covers(&need.area, &need.act));
    let whole = |permission: &&Permission| scope_of(&BTreeSet::from([**permission])).iter().all(covered);
    permissions.iter().filter(whole).copied().collect()
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    /// The user who made it.
    pub sub: String,
    /// Seconds since 1970.
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
    /// A ULID; names the token in logs.
    pub jti: String,
    pub scope: BTreeSet<Scope>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("it is no token of this agent")]
    Malformed,
    #[error("its signature does not verify")]
    Forged,
    #[error("it has expired")]
    Expired,
    #[error("it is not valid yet")]
    NotYetValid,
}

/// Makes and verifies tokens.
pub struct Tokens {
    key: SigningKey,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

impl Tokens {
    pub fn new(secret: &[u8; 32]) -> Self {
        Self { key: SigningKey::from_bytes(secret) }
    }

    /// A token for `subject` that is valid for `seconds` (1 to [`LONGEST_LIFE`]) from `now` on.
    pub fn make(&self, subject: &str, scope: BTreeSet<Scope>, seconds: u32, now: i64, id: String) -> String {
        let life = i64::from(seconds.clamp(1, LONGEST_LIFE));
        let claims = Claims {
            iss: crate::SERVICE.to_owned(),
            aud: crate::SERVICE.to_owned(),
            sub: subject.to_owned(),
            iat: now,
            nbf: now,
            exp: now.saturating_add(life),
            jti: id,
            scope,
        };
        let body = serde_json::to_vec(&claims).unwrap_or_default();
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(body));
        let signature = self.key.sign(signed.as_bytes()).to_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// # Errors
    /// [`TokenError`] when it is not one of ours, or not valid at `now`.
    pub fn verify(&self, token: &str, now: i64) -> Result<Claims, TokenError> {
        let mut parts = token.split('.');
        let (Some(header), Some(body), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError::Malformed);
        };
        if token.len() > LONGEST || header != URL_SAFE_NO_PAD.encode(HEADER) {
            return Err(TokenError::Malformed);
        }
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed);
        let signature = Signature::from_slice(&decode(signature)?).map_err(|_| TokenError::Malformed)?;
        let signed = token.rsplit_once('.').map_or("", |(signed, _)| signed);
        self.key
            .verifying_key()
            .verify_strict(signed.as_bytes(), &signature)
            .map_err(|_| TokenError::Forged)?;
        let claims: Claims = serde_json::from_slice(&decode(body)?).map_err(|_| TokenError::Malformed)?;
        if claims.iss != crate::SERVICE || claims.aud != crate::SERVICE {
            return Err(TokenError::Malformed);
        }
        if now < claims.nbf.saturating_sub(SKEW) {
            return Err(TokenError::NotYetValid);
        }
        if now >= claims.exp.saturating_add(SKEW) {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(texts: &[&str]) -> BTreeSet<Scope> {
        texts.iter().map(|t| t.parse().unwrap()).collect()
    }

    #[test]
    fn scopes_cover_what_they_say() {
        for (scope, area, act, covered) in [
            ("memory:read", "memory", "read", true),
            ("memory:read", "memory", "write", false),
            ("memory:write", "memory", "read", false),
            ("memory", "memory", "write", true),
            ("*:read", "audit", "read", true),
            ("*:read", "audit", "write", false),
            ("*", "infra", "write", true),
        ] {
            assert_eq!(scope.parse::<Scope>().unwrap().covers(area, act), covered, "{scope} {area}:{act}");
        }
        for wrong in ["", ":", "memory:", "memory:fly", "root:read", "memory:read:write", "Memory:read"] {
            assert!(wrong.parse::<Scope>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_our_own_tokens_of_now_verify() {
        let (tokens, others) = (Tokens::new(&[1; 32]), Tokens::new(&[2; 32]));
        let now = 1_800_000_000;
        let token = tokens.make("ana", scopes(&["*:read"]), 60, now, "id".into());
        let claims = tokens.verify(&token, now).unwrap();
        assert_eq!((claims.sub.as_str(), claims.exp), ("ana", now + 60));
        // The clock may differ by the skew in both directions, and no more.
        for (at, expected) in [
            (now - 30, None),
            (now - 31, Some(TokenError::NotYetValid)),
            (now + 89, None),
            (now + 90, Some(TokenError::Expired)),
            (i64::MAX, Some(TokenError::Expired)),
            (i64::MIN, Some(TokenError::NotYetValid)),
        ] {
            assert_eq!(tokens.verify(&token, at).err(), expected, "{at}");
        }
        assert_eq!(others.verify(&token, now), Err(TokenError::Forged));
    }

    #[test]
    fn no_token_chooses_how_it_is_verified() {
        let tokens = Tokens::new(&[1; 32]);
        let token = tokens.make("ana", scopes(&["*"]), 60, 0, "id".into());
        let (_, body_and_signature) = token.split_once('.').unwrap();
        let (body, signature) = body_and_signature.split_once('.').unwrap();
        let with = |header: &str| format!("{}.{body}.{signature}", URL_SAFE_NO_PAD.encode(header));
        for wrong in [
            with(r#"{"alg":"none"}"#),
            with(r#"{"alg":"HS256","typ":"JWT"}"#),
            with(r#"{"alg":"EdDSA","typ":"JWT","kid":"../../etc/passwd"}"#),
            format!("{}.{body}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#)),
            format!("{body}.{signature}"),
            format!("{token}.{signature}"),
            format!("{token}="),
            "a.b.c".to_owned(),
            String::new(),
            "x".repeat(LONGEST + 1),
        ] {
            assert_eq!(tokens.verify(&wrong, 0), Err(TokenError::Malformed), "{wrong:.80}");
        }
        let changed = token.replacen(body, &URL_SAFE_NO_PAD.encode(r#"{"sub":"root"}"#), 1);
        assert_eq!(tokens.verify(&changed, 0), Err(TokenError::Forged));
    }
}
