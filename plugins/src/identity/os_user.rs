//! The operating system's user as the actor, with roles from the configuration and short-lived
//! tokens signed by a local Ed25519 key.
//!
//! A token is `<claims, base64url JSON>.<signature, base64url>`; there is no header, so there is no
//! algorithm to confuse. It never leaves the machine, and only this user's processes can sign one.

use super::settings::IdentitySettings;
use super::{accounts, key};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ecoops_core::domain::{Actor, ActorKind, Identifiers, Permission};
use ecoops_core::ports::host::{Host, identifiers};
use ecoops_core::ports::identity::{Identity, IdentityError, Token};
use ed25519_dalek::{Signature, Signer, SigningKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Longer tokens are refused unread.
const LONGEST_TOKEN: usize = 8 << 10;
/// How far two readings of the clock may disagree, in seconds.
const SKEW: i64 = 30;
const LONGEST_LIFE: i64 = 3600;
const AUDIENCE: &str = "ecoops";
/// Stands before what is signed, so that a signature of this key over anything else is no token.
const DOMAIN: &[u8] = b"ecoops local token v1\n";
/// The same for messages.
const MESSAGE: &[u8] = b"ecoops signed message v1\n";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    sub: String,
    roles: BTreeSet<String>,
    permissions: BTreeSet<Permission>,
    /// Seconds since 1970.
    iat: i64,
    nbf: i64,
    exp: i64,
    /// A ULID; names the token in the record.
    jti: String,
    aud: String,
    #[serde(default = "user")]
    kind: ActorKind,
}

fn user() -> ActorKind {
    ActorKind::User
}

pub struct OsUser {
    key: SigningKey,
    settings: IdentitySettings,
    host: Arc<dyn Host>,
    ids: Identifiers,
}

impl std::fmt::Debug for OsUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OsUser").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl OsUser {
    /// Opens the key in `folder`, or makes it.
    ///
    /// # Errors
    /// [`IdentityError::Key`] when the key cannot be used.
    pub fn open(
        folder: &Path,
        settings: IdentitySettings,
        host: Arc<dyn Host>,
    ) -> Result<Self, IdentityError> {
        let ids = identifiers(host.as_ref()).map_err(|e| IdentityError::Key(e.to_string()))?;
        Ok(Self { key: key::open_or_create(folder, host.as_ref())?, settings, host, ids })
    }

    /// A token for whoever is known by other means. A role that is not defined gives nothing.
    ///
    /// # Errors
    /// As [`Identity::login`].
    pub fn issue(
        &self,
        subject: String,
        kind: ActorKind,
        roles: BTreeSet<String>,
        seconds: u32,
    ) -> Result<Token, IdentityError> {
        if !(1..=LONGEST_LIFE).contains(&i64::from(seconds)) {
            return Err(IdentityError::Denied(format!("a token lives 1 to {LONGEST_LIFE} s, not {seconds}")));
        }
        let now = self.host.now();
        let mut entropy = [0; 10];
        self.host.random(&mut entropy).map_err(|e| IdentityError::Key(e.to_string()))?;
        self.seal(&Claims {
            sub: subject,
            permissions: self.settings.permissions_of(&roles),
            roles,
            iat: now.as_second(),
            nbf: now.as_second(),
            exp: now.as_second().saturating_add(i64::from(seconds)),
            jti: self.ids.ulid(now, entropy),
            aud: AUDIENCE.to_owned(),
            kind,
        })
    }

    pub fn settings(&self) -> &IdentitySettings {
        &self.settings
    }

    fn seal(&self, claims: &Claims) -> Result<Token, IdentityError> {
        let json = serde_json::to_vec(claims).map_err(|e| IdentityError::Malformed(e.to_string()))?;
        let body = URL_SAFE_NO_PAD.encode(json);
        let signature = self.key.sign(&signed(&body));
        let token = format!("{body}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()));
        if token.len() > LONGEST_TOKEN {
            return Err(IdentityError::Denied(format!(
                "{} holds too many roles for a token of {LONGEST_TOKEN} bytes",
                claims.sub
            )));
        }
        Ok(Token(token))
    }

    /// The claims, once the signature has been verified.
    fn unseal(&self, token: &Token) -> Result<Claims, IdentityError> {
        if token.0.len() > LONGEST_TOKEN {
            return Err(malformed(&format!("it is longer than {LONGEST_TOKEN} bytes")));
        }
        let (body, signature) =
            token.0.split_once('.').ok_or_else(|| malformed(&"it has no signature part"))?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|e| malformed(&e))?;
        let signature = Signature::from_slice(&signature).map_err(|e| malformed(&e))?;
        let json = URL_SAFE_NO_PAD.decode(body).map_err(|e| malformed(&e))?;
        self.key
            .verifying_key()
            .verify_strict(&signed(body), &signature)
            .map_err(|_| IdentityError::Forged)?;
        serde_json::from_slice(&json).map_err(|e| malformed(&e))
    }
}

fn signed(body: &str) -> Vec<u8> {
    [DOMAIN, body.as_bytes()].concat()
}

fn malformed(why: &dyn std::fmt::Display) -> IdentityError {
    IdentityError::Malformed(why.to_string())
}

fn check_times(claims: &Claims, now: i64) -> Result<(), IdentityError> {
    let life = claims.exp.checked_sub(claims.nbf).unwrap_or(0);
    if !(1..=LONGEST_LIFE).contains(&life) || claims.iat > claims.nbf {
        return Err(malformed(&"its times make no sense"));
    }
    if now < claims.nbf.saturating_sub(SKEW) {
        return Err(IdentityError::NotYetValid(claims.nbf.saturating_sub(now)));
    }
    if now >= claims.exp.saturating_add(SKEW) {
        return Err(IdentityError::Expired(now.saturating_sub(claims.exp)));
    }
    Ok(())
}

impl Identity for OsUser {
    fn login(&self, seconds: u32) -> Result<Token, IdentityError> {
        let account = accounts::current();
        let roles = self.settings.roles_of(&account.name, &account.groups)?;
        self.issue(account.name, ActorKind::User, roles, seconds)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, IdentityError> {
        Ok(self.key.sign(&[MESSAGE, message].concat()).to_bytes().to_vec())
    }

    fn verify_signature(&self, message: &[u8], signature: &[u8]) -> Result<(), IdentityError> {
        let signature = Signature::from_slice(signature).map_err(|_| IdentityError::Forged)?;
        let message = [MESSAGE, message].concat();
        self.key.verifying_key().verify_strict(&message, &signature).map_err(|_| IdentityError::Forged)
    }

    /// A permission counts only while the configuration still gives it to the token's roles.
    fn verify(&self, token: &Token) -> Result<Actor, IdentityError> {
        let claims = self.unseal(token)?;
        if claims.aud != AUDIENCE {
            return Err(malformed(&format!("it is for `{}`", claims.aud)));
        }
        check_times(&claims, self.host.now().as_second())?;
        let current = self.settings.permissions_of(&claims.roles);
        Ok(Actor {
            id: claims.sub,
            kind: claims.kind,
            roles: claims.roles.into_iter().collect(),
            permissions: claims.permissions.intersection(&current).copied().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::frozen::Frozen;

    fn identity(folder: &Path) -> OsUser {
        let host = Frozen::at("2026-11-20T08:00:00Z".parse().unwrap(), 1);
        OsUser::open(folder, IdentitySettings::default(), Arc::new(host)).unwrap()
    }

    fn sign(identity: &OsUser, json: &str) -> Token {
        let body = URL_SAFE_NO_PAD.encode(json);
        let signature = identity.key.sign(&signed(&body));
        Token(format!("{body}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes())))
    }

    #[test]
    fn even_what_is_signed_must_be_a_token_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        let identity = identity(folder.path());
        let now = identity.host.now().as_second();
        let claims = |extra: &str, aud: &str, nbf: i64, exp: i64| {
            format!(
                r#"{{"sub":"a","roles":["developer"],"permissions":["remediation:read"],"iat":{nbf},"nbf":{nbf},"exp":{exp},"jti":"x","aud":"{aud}"{extra}}}"#
            )
        };
        assert!(identity.verify(&sign(&identity, &claims("", "ecoops", now, now + 60))).is_ok());
        for (json, why) in [
            (claims(r#","admin":true"#, "ecoops", now, now + 60), "unknown field"),
            (claims(r#","sub":"root""#, "ecoops", now, now + 60), "duplicate field"),
            (claims("", "other", now, now + 60), "for `other`"),
            (claims("", "ecoops", now, now + 3601), "times make no sense"),
            (claims("", "ecoops", now, now - 1), "times make no sense"),
            (claims("", "ecoops", i64::MIN, i64::MAX), "times make no sense"),
            ("[]".to_owned(), "invalid"),
            (String::new(), "EOF"),
        ] {
            let error = identity.verify(&sign(&identity, &json)).unwrap_err();
            assert!(
                matches!(&error, IdentityError::Malformed(text) if text.contains(why)),
                "{json}: {error}"
            );
        }
    }

    #[test]
    fn a_signature_over_something_else_is_no_token() {
        let folder = tempfile::tempdir().unwrap();
        let identity = identity(folder.path());
        let token = identity.login(60).unwrap();
        let (body, _) = token.0.split_once('.').unwrap();
        let other = identity.key.sign(body.as_bytes());
        let forged = Token(format!("{body}.{}", URL_SAFE_NO_PAD.encode(other.to_bytes())));
        assert!(matches!(identity.verify(&forged), Err(IdentityError::Forged)));
    }

    #[test]
    fn a_role_that_lost_a_permission_loses_it_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut identity = identity(folder.path());
        let token = identity.login(60).unwrap();
        assert!(identity.check(&token, Permission::Write).is_ok());
        identity.settings.roles.insert("developer".to_owned(), BTreeSet::from([Permission::Read]));
        assert!(identity.check(&token, Permission::Read).is_ok());
        assert!(matches!(identity.check(&token, Permission::Write), Err(IdentityError::Denied(_))));
    }
}
