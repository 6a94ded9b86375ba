//! The store of credentials as the settings say, for commands and for the daemon. Opened when something first needs
//! one; a daemon that needs none opens nothing.

use ecoops_core::config::{Openbao, Settings};
use ecoops_core::ports::host::Host;
use ecoops_core::ports::secrets::{Secret, Secrets, SecretsError};
use ecoops_plugins::registry::{
    self, AskPassphrase, Confirm, OpenBaoAuth, OpenBaoSettings, RegistryError, SecretsChoice, Unlock,
};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What only the surroundings know.
#[derive(Clone)]
pub struct Surroundings {
    pub passphrase: Arc<AskPassphrase>,
    pub confirm: Arc<Confirm>,
    /// What names this machine; empty where nothing does.
    pub machine: String,
    /// `ECO_AUTH_API_KEY`: what the kernel's services know us by.
    pub api_key: Option<Secret>,
    pub offline: bool,
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").finish_non_exhaustive()
    }
}

/// Why there is no store.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    #[error("the credentials cannot be opened")]
    Open(#[from] RegistryError),
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    #[error("the credential `{0}` is no text")]
    NoText(String),
}

/// Cheap to clone; all clones share one store.
#[derive(Clone)]
pub struct Credentials {
    choice: SecretsChoice,
    openbao: Openbao,
    api_key: Option<Secret>,
    offline: bool,
    host: Arc<dyn Host>,
    opened: Arc<Mutex<Option<Arc<dyn Secrets>>>>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials")
    }
}

impl Credentials {
    /// Opens nothing yet. `state` is the installation's folder.
    pub fn new(settings: &Settings, state: &Path, surroundings: Surroundings, host: Arc<dyn Host>) -> Self {
        let unlock = match settings.secrets.unlock.as_str() {
            "passphrase" => Unlock::Passphrase(surroundings.passphrase),
            _ => Unlock::Machine {
                key_file: state.join("keys/credentials.key"),
                machine: surroundings.machine,
            },
        };
        let choice = SecretsChoice {
            adapter: settings.secrets.store.clone(),
            file: state.join("credentials.json"),
            unlock,
            // Two installations have entries of their own in one keyring.
            service: format!("ecoops in {}", state.display()),
            openbao: None,
            confirm: surroundings.confirm,
        };
        let (openbao, api_key) = (settings.openbao.clone(), surroundings.api_key);
        Self { choice, openbao, api_key, offline: surroundings.offline, host, opened: Arc::default() }
    }

    /// # Errors
    /// [`CredentialsError`] when the store cannot be opened; it is tried again the next time.
    pub fn open(&self) -> Result<Arc<dyn Secrets>, CredentialsError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = opened.as_ref() {
            return Ok(store.clone());
        }
        let mut choice = self.choice.clone();
        if choice.adapter == "openbao" && !self.openbao.address.is_empty() {
            choice.openbao = Some(self.openbao()?);
        }
        let store: Arc<dyn Secrets> = Arc::from(registry::secrets(&choice, self.host.clone())?);
        Ok(opened.insert(store).clone())
    }

    /// The credential of this name as text; none for no name.
    ///
    /// # Errors
    /// [`CredentialsError`] when there is no such credential, or it cannot be had.
    pub fn text(&self, name: &str) -> Result<Option<String>, CredentialsError> {
        if name.is_empty() {
            return Ok(None);
        }
        let secret = self.open()?.need(&name.parse()?)?;
        secret
            .text()
            .map(|text| Some(text.to_owned()))
            .ok_or_else(|| CredentialsError::NoText(name.to_owned()))
    }

    /// What a service outside is shown: the credential that its settings name, else `ECO_AUTH_API_KEY`.
    ///
    /// # Errors
    /// As [`Credentials::text`].
    pub fn of_service(&self, name: &str) -> Result<Option<String>, CredentialsError> {
        let key = || self.api_key.as_ref().and_then(Secret::text).map(str::to_owned);
        if name.is_empty() { Ok(key()) } else { self.text(name) }
    }

    /// How to log in at OpenBao; what that takes is a credential of this machine.
    fn openbao(&self) -> Result<OpenBaoSettings, CredentialsError> {
        let settings = &self.openbao;
        let credential = || -> Result<Secret, CredentialsError> {
            let local = SecretsChoice { adapter: "auto".into(), ..self.choice.clone() };
            Ok(registry::secrets(&local, self.host.clone())?.need(&settings.credential.parse()?)?)
        };
        let (role, file) = (settings.role.clone(), PathBuf::from(&settings.jwt_file));
        Ok(OpenBaoSettings {
            address: settings.address.clone(),
            ca_file: (!settings.ca_file.is_empty()).then(|| PathBuf::from(&settings.ca_file)),
            auth: match settings.auth.as_str() {
                "token" => OpenBaoAuth::Token(credential()?),
                "jwt" => OpenBaoAuth::Jwt { role, file },
                "kubernetes" => OpenBaoAuth::Kubernetes { role, file },
                _ => OpenBaoAuth::AppRole { role_id: role, secret_id: credential()? },
            },
            auth_mount: settings.auth_mount.clone(),
            mount: settings.mount.clone(),
            folder: settings.folder.clone(),
            offline: self.offline,
        })
    }
}
