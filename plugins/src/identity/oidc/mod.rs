//! OpenID Connect: who somebody is by the word of an issuer such as Keycloak or Zitadel.
//!
//! Discovery (OpenID Connect Discovery 1.0), device flow (RFC 8628), authorisation code with PKCE on loopback
//! (RFC 7636, 8252, 9207), client credentials, refresh and revocation (RFC 6749, 7009), and the strict
//! verification of what the issuer signed. Never sends a credential in clear to another machine, never follows
//! what a token says about keys, and keeps nothing itself: sessions live in the secrets port.

mod code;
mod device;
mod discovery;
mod endpoint;
mod keys;
mod session;
mod verify;

pub use code::{Loopback, PendingLogin};
pub use device::{DeviceLogin, Polled};
pub use discovery::Metadata;
pub use endpoint::{Grant, Tokens};
pub use session::{Session, SessionStore};
pub use verify::Person;

use crate::http::HttpError;
use discovery::Discovered;
use ecoops_core::engines::jose::{ClaimsError, JoseError, KeySetError};
use ecoops_core::ports::host::Host;
use ecoops_core::ports::secrets::{Secret, SecretsError};
use keys::KeyCache;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// What the configuration says about the issuer. No secret is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OidcSettings {
    /// Exactly as the issuer calls itself: `https://id.example/realms/ops`.
    pub issuer: String,
    pub client_id: String,
    pub scopes: Vec<String>,
    /// RFC 8707; empty for none.
    pub resource: String,
    /// Audiences of bearer tokens that are for us, besides the client itself.
    pub audiences: Vec<String>,
    /// JSON pointers (RFC 6901) to a list of roles, or to an object whose names are roles; `{client}` stands
    /// for the client.
    pub role_claims: Vec<String>,
    /// Seconds that two clocks may differ.
    pub skew: u32,
    pub ca_file: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("the issuer {issuer} cannot be used: {why}")]
    Issuer { issuer: String, why: String },
    #[error("the issuer refused it: {error}{}", .description.as_ref().map(|d| format!(" ({d})")).unwrap_or_default())]
    Refused { error: String, description: Option<String> },
    #[error("the token of the issuer is refused")]
    Token(#[source] JoseError),
    #[error("the token of the issuer does not hold")]
    Claims(#[source] ClaimsError),
    #[error("the issuer's keys cannot be used")]
    Keys(#[source] KeySetError),
    #[error("the issuer offers no {0}")]
    NoFlow(&'static str),
    #[error("the login was not finished in time")]
    TimedOut,
    #[error("the login was denied")]
    Denied,
    #[error("the answer is not to our own request: {0}")]
    Foreign(&'static str),
    #[error("the browser's answer cannot be received: {0}")]
    Loopback(String),
    #[error("nobody is logged in")]
    LoggedOut,
    #[error("the login has ended, and the issuer does not renew it")]
    Ended,
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    #[error("no login can be made: {0}")]
    Unusable(String),
}

/// Gives the client's secret when it is needed, which may take a question to the user; `None` for a public client.
pub type ClientSecret = dyn Fn() -> Result<Option<Secret>, SecretsError> + Send + Sync;

/// A client of one issuer. Asks it for nothing before it must.
pub struct Oidc {
    settings: OidcSettings,
    client_secret: Box<ClientSecret>,
    host: Arc<dyn Host>,
    discovered: OnceLock<Discovered>,
    keys: KeyCache,
}

impl std::fmt::Debug for Oidc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Oidc").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Oidc {
    /// A client that has no secret.
    pub fn public(settings: OidcSettings, host: Arc<dyn Host>) -> Self {
        Self::new(settings, Box::new(|| Ok(None)), host)
    }

    pub fn new(settings: OidcSettings, client_secret: Box<ClientSecret>, host: Arc<dyn Host>) -> Self {
        let keys = KeyCache::new(host.clone());
        Self { settings, client_secret, host, discovered: OnceLock::new(), keys }
    }

    pub fn settings(&self) -> &OidcSettings {
        &self.settings
    }

    /// What the issuer says about itself, asked for once.
    fn issuer(&self) -> Result<&Discovered, OidcError> {
        if let Some(known) = self.discovered.get() {
            return Ok(known);
        }
        let discovered = discovery::discover(&self.settings)?;
        Ok(self.discovered.get_or_init(|| discovered))
    }

    /// Seconds since 1970.
    fn now(&self) -> i64 {
        self.host.now().as_second()
    }

    /// Text that nobody can guess: 32 random bytes in base64url, as RFC 7636 §4.1 wants a verifier.
    fn random(&self) -> Result<String, OidcError> {
        use base64::Engine;
        let mut bytes = [0; 32];
        self.host.random(&mut bytes).map_err(|e| OidcError::Unusable(e.to_string()))?;
        Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
    }

    fn broken(&self, why: impl Into<String>) -> OidcError {
        OidcError::Issuer { issuer: self.settings.issuer.clone(), why: why.into() }
    }
}
