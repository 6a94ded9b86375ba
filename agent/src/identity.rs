//! Who somebody is as the settings say: by the word of this machine, of an issuer, or of the kernel's auth-service. For
//! commands and for the daemon.
//!
//! Never asks anybody; the identity that it opens does, when it is asked.

use crate::credentials::{Credentials, CredentialsError};
use ecoops_core::config::Settings;
use ecoops_core::ports::host::Host;
use ecoops_core::ports::identity::Identity;
use ecoops_core::ports::secrets::SecretsError;
use ecoops_plugins::registry::{
    self, AuthService, IdentityChoice, IdentitySettings, RegistryError, ServiceChoice,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// For one question to the auth-service with all its repetitions.
const DEADLINE: Duration = Duration::from_secs(5);

/// Why it cannot be told who somebody is.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the identity cannot be opened")]
    Registry(#[from] RegistryError),
    #[error("the credentials for it cannot be had")]
    Credentials(#[from] CredentialsError),
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    #[error("the auth-service has no address: set identity.address")]
    NoAddress,
}

/// What it takes to tell. Cheap to clone.
#[derive(Clone)]
pub struct Whose {
    settings: Arc<Settings>,
    state: PathBuf,
    credentials: Credentials,
    oidc: Option<Arc<registry::Oidc>>,
    host: Arc<dyn Host>,
}

impl std::fmt::Debug for Whose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Whose")
    }
}

impl Whose {
    /// `state` is the installation's folder.
    ///
    /// # Errors
    /// [`OpenError::Secrets`] when the settings name the client's secret by what is no name.
    pub fn new(
        settings: &Settings,
        state: &Path,
        credentials: Credentials,
        host: Arc<dyn Host>,
    ) -> Result<Self, OpenError> {
        let oidc = credentials.oidc(&settings.login)?;
        Ok(Self { settings: Arc::new(settings.clone()), state: state.to_owned(), credentials, oidc, host })
    }

    /// Whether an issuer or the kernel's auth-service says who somebody is.
    pub fn is_told_outside(&self) -> bool {
        self.oidc.is_some() || self.by_service()
    }

    fn by_service(&self) -> bool {
        self.settings.identity.adapter == "auth_service"
    }

    /// The configured issuer's client.
    pub fn oidc(&self) -> Option<&Arc<registry::Oidc>> {
        self.oidc.as_ref()
    }

    /// Held while a login is renewed, by any process.
    pub fn lock(&self) -> PathBuf {
        self.state.join("login.lock")
    }

    /// The kernel's auth-service, where it says who somebody is.
    ///
    /// # Errors
    /// [`OpenError`] when it has no address.
    pub fn auth_service(&self) -> Result<Option<AuthService>, OpenError> {
        if !self.by_service() {
            return Ok(None);
        }
        let address = self.settings.identity.address.clone();
        if address.is_empty() {
            return Err(OpenError::NoAddress);
        }
        let service = ServiceChoice { address, deadline: DEADLINE, ..ServiceChoice::default() };
        Ok(Some(registry::auth_service(&service)?))
    }

    /// What that service is shown by this process.
    pub fn showing(&self) -> registry::Showing {
        let login = self.oidc.clone().map(|oidc| (oidc, self.lock()));
        let name = &self.settings.identity.credential;
        self.credentials.showing(name, login, self.settings.login.required)
    }

    /// The key of this installation alone: signs, and verifies local tokens.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn local(&self) -> Result<Box<dyn Identity>, OpenError> {
        Ok(registry::identity(&self.choice(), self.host.clone())?)
    }

    /// With `login` for whoever logged in on this machine; without, others bring tokens, which are merely verified.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(&self, login: bool) -> Result<Box<dyn Identity>, OpenError> {
        let (choice, host) = (self.choice(), self.host.clone());
        if let Some(service) = self.auth_service()? {
            let showing = login.then(|| self.showing());
            return Ok(registry::identity_by_service(&choice, service, showing, host)?);
        }
        let Some(oidc) = self.oidc.clone() else { return self.local() };
        let required = self.settings.login.required;
        let opened = login.then(|| self.credentials.open()).transpose()?;
        let login = opened.map(|secrets| registry::Login { secrets, lock: self.lock(), required });
        Ok(registry::identity_with_issuer(&choice, oidc, login, host)?)
    }

    fn choice(&self) -> IdentityChoice {
        let settings = &self.settings.identity;
        let mut members: BTreeMap<_, BTreeSet<String>> =
            settings.members.iter().map(|(k, v)| (k.clone(), v.iter().cloned().collect())).collect();
        members.entry("*".to_owned()).or_default().extend(settings.default_roles.iter().cloned());
        let own = IdentitySettings { roles: settings.roles.clone(), members };
        let settings =
            if self.is_told_outside() { own.with_issuer_roles(&self.settings.login.roles) } else { own };
        IdentityChoice { adapter: "os_user".into(), folder: self.state.join("identity"), settings }
    }
}
