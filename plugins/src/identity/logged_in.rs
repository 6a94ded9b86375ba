//! Whoever logged in at the issuer, with the permissions that the configuration gives to the issuer's roles; the
//! tokens of the pipeline stay local ones. Without a login it is the operating system's user, unless a login is
//! demanded.

use super::oidc::{Oidc, OidcError, Person, SessionStore};
use super::os_user::OsUser;
use super::settings::actor;
use ecoops_core::domain::Actor;
use ecoops_core::ports::identity::{Bearer, Identity, IdentityError, Token};
use ecoops_core::ports::secrets::Secrets;
use std::path::PathBuf;
use std::sync::Arc;

/// The login that is looked for.
pub struct Login {
    pub secrets: Arc<dyn Secrets>,
    /// See [`SessionStore::lock`].
    pub lock: PathBuf,
    /// Whether the operating system's user will not do.
    pub required: bool,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("required", &self.required).finish_non_exhaustive()
    }
}

pub struct LoggedIn {
    local: OsUser,
    oidc: Arc<Oidc>,
    /// `None` where nobody logs in, as in the daemon: there others bring tokens.
    login: Option<Login>,
}

impl std::fmt::Debug for LoggedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoggedIn").field("oidc", &self.oidc).finish_non_exhaustive()
    }
}

/// An error with all its reasons.
fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

impl LoggedIn {
    /// `local` must know the issuer's roles: see [`super::settings::IdentitySettings::with_issuer_roles`].
    pub fn new(local: OsUser, oidc: Arc<Oidc>, login: Option<Login>) -> Self {
        Self { local, oidc, login }
    }

    fn actor(&self, person: &Person) -> Actor {
        actor(self.local.settings(), person.subject.clone(), person.kind, &person.roles)
    }
}

impl Identity for LoggedIn {
    fn login(&self, seconds: u32) -> Result<Token, IdentityError> {
        let Some(login) = &self.login else { return self.local.login(seconds) };
        let store = SessionStore { secrets: login.secrets.as_ref(), lock: login.lock.clone() };
        match self.oidc.current(&store) {
            Ok(session) => {
                let actor = self.actor(&session.person);
                self.local.issue(actor.id, actor.kind, actor.roles.into_iter().collect(), seconds)
            }
            Err(OidcError::LoggedOut) if !login.required => self.local.login(seconds),
            Err(why) => Err(IdentityError::Login(format!("{}; log in with `ecoops login`", said(&why)))),
        }
    }

    fn verify(&self, token: &Token) -> Result<Actor, IdentityError> {
        self.local.verify(token)
    }

    fn verify_bearer(&self, token: &Token) -> Result<Bearer, IdentityError> {
        let person = self.oidc.verify_bearer(&token.0).map_err(|why| match why {
            OidcError::Http(_) | OidcError::Issuer { .. } => IdentityError::Login(said(&why)),
            _ => IdentityError::Malformed(said(&why)),
        })?;
        Ok(Bearer { actor: self.actor(&person), expires: person.expires, token_id: person.token_id })
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, IdentityError> {
        self.local.sign(message)
    }

    fn verify_signature(&self, message: &[u8], signature: &[u8]) -> Result<(), IdentityError> {
        self.local.verify_signature(message, signature)
    }
}
