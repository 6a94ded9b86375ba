//! Who is asking, proved by a short-lived signed token that every action verifies.

use crate::domain::{Actor, Permission};

/// A token's text: `<claims, base64url JSON>.<Ed25519 signature, base64url>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

pub trait Identity: Send + Sync {
    /// A token for whoever runs this process, with the permissions of their roles, valid for
    /// `seconds` (1 to 3600).
    ///
    /// # Errors
    /// [`IdentityError`] when the user is unknown or the signing key cannot be used.
    fn login(&self, seconds: u32) -> Result<Token, IdentityError>;

    /// The actor behind a token.
    ///
    /// # Errors
    /// [`IdentityError`] when it is malformed, forged, expired or not yet valid.
    fn verify(&self, token: &Token) -> Result<Actor, IdentityError>;

    /// Whom a bearer token of the configured issuer is about, which somebody else brought along.
    ///
    /// # Errors
    /// [`IdentityError`] when it is not good, or no issuer is configured.
    fn verify_bearer(&self, token: &Token) -> Result<Bearer, IdentityError> {
        let _ = token;
        Err(IdentityError::Malformed("no issuer of tokens is configured (login.issuer)".into()))
    }

    /// Signs a message as whoever runs this process. It is no token, whatever the message says.
    ///
    /// # Errors
    /// [`IdentityError::Key`] when the key cannot be used.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, IdentityError>;

    /// Verifies what [`Identity::sign`] gave.
    ///
    /// # Errors
    /// [`IdentityError::Forged`] when it is not this identity's signature of this message.
    fn verify_signature(&self, message: &[u8], signature: &[u8]) -> Result<(), IdentityError>;

    /// Verifies the token and that its actor holds `permission`.
    ///
    /// # Errors
    /// As [`Identity::verify`], or [`IdentityError::Denied`].
    fn check(&self, token: &Token, permission: Permission) -> Result<Actor, IdentityError> {
        let actor = self.verify(token)?;
        actor.require(permission).map_err(|e| IdentityError::Denied(e.to_string()))?;
        Ok(actor)
    }
}

/// Who holds a token of an issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    pub actor: Actor,
    /// Seconds since 1970.
    pub expires: i64,
    /// The issuer's id of the token, when it has one.
    pub token_id: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("{0}")]
    Login(String),
    #[error("the token is not one of ours: {0}")]
    Malformed(String),
    #[error("the token's signature does not verify")]
    Forged,
    #[error("the token expired {0} s ago")]
    Expired(i64),
    #[error("the token is valid only {0} s from now; was the clock set back?")]
    NotYetValid(i64),
    #[error("{0}")]
    Denied(String),
    #[error("the role `{0}` is not defined in the configuration")]
    UnknownRole(String),
    #[error("the identity key cannot be used: {0}")]
    Key(String),
}
