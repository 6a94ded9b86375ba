//! Whoever the kernel's auth-service says it is, with the permissions that the configuration gives to its roles; the
//! tokens of the pipeline stay local ones.
//!
//! Never takes a permission from the service: it knows none of ours.

use super::auth_service::{AuthError, AuthService, Holder};
use super::os_user::OsUser;
use super::settings::actor;
use ecoops_core::ports::host::Host;
use ecoops_core::ports::identity::{Bearer, Identity, IdentityError, Token};
use ecoops_core::ports::secrets::Secret;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Milliseconds that the service's word on a token that somebody brought is good for.
const GOOD_FOR: u64 = 30_000;
/// Tokens whose holders are known at once.
const MOST_KNOWN: usize = 1000;

/// The token that we show the service: of a login, or a key. `None` when there is none.
pub type Shown = dyn Fn() -> Result<Option<Secret>, IdentityError> + Send + Sync;

/// What this process shows the service.
#[derive(Clone)]
pub struct Showing {
    pub token: Arc<Shown>,
    /// Whether the operating system's user will not do where there is no token.
    pub required: bool,
}

impl std::fmt::Debug for Showing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Showing").field("required", &self.required).finish_non_exhaustive()
    }
}

pub struct ByService {
    local: OsUser,
    service: AuthService,
    /// `None` where nobody is to be shown, as in the daemon: there others bring tokens.
    showing: Option<Showing>,
    host: Arc<dyn Host>,
    /// By the token's hash: who holds it, and since when that is known.
    known: Mutex<HashMap<[u8; 32], (Holder, u64)>>,
}

impl std::fmt::Debug for ByService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ByService").field("service", &self.service).finish_non_exhaustive()
    }
}

fn said(error: AuthError) -> IdentityError {
    match error {
        AuthError::Refused(why) => IdentityError::Malformed(why),
        AuthError::Untold(_) => IdentityError::Login(error.to_string()),
    }
}

impl ByService {
    /// `local` must know the service's roles: see [`super::settings::IdentitySettings::with_issuer_roles`].
    pub fn new(local: OsUser, service: AuthService, showing: Option<Showing>, host: Arc<dyn Host>) -> Self {
        Self { local, service, showing, host, known: Mutex::default() }
    }

    /// Who holds the token, by the service's word of now.
    fn ask(&self, token: &str) -> Result<Holder, IdentityError> {
        let holder = self.service.verify(token).map_err(said)?;
        match self.host.now().as_second() {
            now if now >= holder.expires => Err(IdentityError::Expired(now.saturating_sub(holder.expires))),
            _ => Ok(holder),
        }
    }

    /// The same, by its word of a moment ago where there is one.
    fn asked(&self, token: &str) -> Result<Holder, IdentityError> {
        let (key, now) = (Sha256::digest(token.as_bytes()).into(), self.host.monotonic_millis());
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = known().get(&key).filter(|(_, at)| now.saturating_sub(*at) < GOOD_FOR).cloned();
        if let Some((holder, _)) = kept.filter(|(holder, _)| self.host.now().as_second() < holder.expires) {
            return Ok(holder);
        }
        // Not held while it asks: one slow answer is nobody else's.
        let holder = self.ask(token)?;
        let mut known = known();
        if known.len() >= MOST_KNOWN {
            known.retain(|_, (_, at)| now.saturating_sub(*at) < GOOD_FOR);
        }
        if known.len() < MOST_KNOWN {
            known.insert(key, (holder.clone(), now));
        }
        Ok(holder)
    }
}

impl Identity for ByService {
    fn login(&self, seconds: u32) -> Result<Token, IdentityError> {
        let Some(showing) = &self.showing else { return self.local.login(seconds) };
        let Some(token) = (showing.token)()? else {
            if !showing.required {
                return self.local.login(seconds);
            }
            let why = "there is no token to show the auth-service; log in with `ecoops login`, or set ECO_AUTH_API_KEY";
            return Err(IdentityError::Login(why.into()));
        };
        let text = token.text().unwrap_or_default();
        let holder = self.ask(text).map_err(|why| match why {
            IdentityError::Malformed(why) => IdentityError::Login(format!("the auth-service: {why}")),
            IdentityError::Expired(ago) => {
                IdentityError::Login(format!("the auth-service says that the token expired {ago} s ago"))
            }
            other => other,
        })?;
        let actor = actor(self.local.settings(), holder.id, holder.kind, &holder.roles);
        self.local.issue(actor.id, actor.kind, actor.roles.into_iter().collect(), seconds)
    }

    fn verify(&self, token: &Token) -> Result<ecoops_core::domain::Actor, IdentityError> {
        self.local.verify(token)
    }

    fn verify_bearer(&self, token: &Token) -> Result<Bearer, IdentityError> {
        let holder = self.asked(&token.0)?;
        let actor = actor(self.local.settings(), holder.id, holder.kind, &holder.roles);
        Ok(Bearer { actor, expires: holder.expires, token_id: None })
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, IdentityError> {
        self.local.sign(message)
    }

    fn verify_signature(&self, message: &[u8], signature: &[u8]) -> Result<(), IdentityError> {
        self.local.verify_signature(message, signature)
    }
}
