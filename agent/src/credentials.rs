//! The store of credentials as the settings say, for commands and for the daemon. Opened when something first needs
//! one; a daemon that needs none opens nothing.

use ecoops_core::config::{Login, Openbao, Settings};
use ecoops_core::domain::hex;
use ecoops_core::ports::host::Host;
use ecoops_core::ports::identity::IdentityError;
use ecoops_core::ports::secrets::{About, Secret, SecretName, Secrets, SecretsError, Terms};
use ecoops_plugins::registry::{
    self, AskPassphrase, Confirm, Oidc, OidcError, OidcSettings, OpenBao, OpenBaoAuth, OpenBaoSettings,
    RegistryError, SecretsChoice, SessionStore, Showing, Unlock,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Days that an API key lives.
pub const KEY_DAYS: i64 = 90;
/// What the key of the environment is called in listings.
pub const ENVIRONMENT_KEY: &str = "eco-auth-api-key";

/// What is kept of the key of the environment: neither it nor anything that it could be found from.
#[derive(Serialize, Deserialize)]
struct Seen {
    /// Tells it from another key.
    mark: String,
    since: Timestamp,
}

/// What only the surroundings know.
#[derive(Clone)]
pub struct Surroundings {
    pub passphrase: Arc<AskPassphrase>,
    pub confirm: Arc<Confirm>,
    /// What names this machine; empty where nothing does.
    pub machine: String,
    /// `ECO_AUTH_API_KEY`: what the kernel's services know us by.
    pub api_key: Option<Secret>,
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
    state: PathBuf,
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
        Self { choice, openbao, api_key, state: state.to_owned(), host, opened: Arc::default() }
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

    /// The store, if something opened it.
    pub fn opened(&self) -> Option<Arc<dyn Secrets>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives back what the store was opened with, if something opened it.
    pub fn close(&self) {
        if let Some(store) = self.opened()
            && let Err(why) = store.close()
        {
            tracing::warn!(%why, "the credentials were not closed");
        }
    }

    /// The client of the configured issuer; `None` when none is configured. Its secret is read when it is needed.
    ///
    /// # Errors
    /// [`SecretsError::BadName`].
    pub fn oidc(&self, login: &Login) -> Result<Option<Arc<Oidc>>, SecretsError> {
        if login.issuer.is_empty() {
            return Ok(None);
        }
        let name: SecretName = login.client_secret.parse()?;
        let settings = OidcSettings {
            issuer: login.issuer.clone(),
            client_id: login.client_id.clone(),
            scopes: login.scopes.clone(),
            resource: login.resource.clone(),
            audiences: login.audiences.clone(),
            role_claims: login.role_claims.clone(),
            skew: login.skew,
            ca_file: (!login.ca_file.is_empty()).then(|| PathBuf::from(&login.ca_file)),
        };
        let own = self.clone();
        let secret = move || match own.open() {
            Ok(store) => store.get(&name),
            Err(CredentialsError::Secrets(why)) => Err(why),
            Err(why) => Err(SecretsError::Unavailable { place: "the store".into(), why: why.to_string() }),
        };
        Ok(Some(Arc::new(Oidc::new(settings, Box::new(secret), self.host.clone()))))
    }

    /// What the kernel's auth-service is shown: the credential `name`; without a name whoever logged in at the issuer,
    /// else `ECO_AUTH_API_KEY`. `lock` is that of the login.
    pub fn showing(&self, name: &str, login: Option<(Arc<Oidc>, PathBuf)>, required: bool) -> Showing {
        let (own, name) = (self.clone(), name.to_owned());
        let unusable = |why: &dyn std::error::Error| IdentityError::Login(why.to_string());
        let token = move || {
            if !name.is_empty() {
                return own.text(&name).map(|text| text.map(Secret::from)).map_err(|e| unusable(&e));
            }
            if let Some((oidc, lock)) = &login {
                let secrets = own.open().map_err(|e| unusable(&e))?;
                match oidc.current(&SessionStore { secrets: secrets.as_ref(), lock: lock.clone() }) {
                    Ok(session) => return Ok(Some(session.access_token().into())),
                    Err(OidcError::LoggedOut) => {}
                    Err(why) => return Err(unusable(&why)),
                }
            }
            Ok(own.api_key.clone())
        };
        Showing { token: Arc::new(token), required }
    }

    /// How `ECO_AUTH_API_KEY` stands with its rotation. Nobody says when it was made: its ninety days begin when it is
    /// first seen here. `None` when there is none, or what was seen cannot be kept.
    pub fn api_key(&self) -> Option<About> {
        let key = self.api_key.as_ref()?;
        let mut hash = Sha256::new();
        hash.update(crate::secret::in_file(&crate::places::redactor_key(&self.state), &*self.host).ok()?);
        hash.update(key.expose());
        let mark = hex(hash.finalize());
        let (file, now) = (self.state.join("keys/api-key.json"), self.host.now());
        let read = || serde_json::from_slice::<Seen>(&std::fs::read(&file).ok()?).ok();
        let seen = match read().filter(|seen| seen.mark == mark) {
            Some(seen) => seen,
            None => {
                let seen = Seen { mark, since: now };
                std::fs::create_dir_all(self.state.join("keys")).ok()?;
                std::fs::write(&file, serde_json::to_vec(&seen).ok()?).ok()?;
                seen
            }
        };
        let end = seen.since.as_second().saturating_add(KEY_DAYS * 86_400);
        Some(About {
            name: ENVIRONMENT_KEY.parse().ok()?,
            place: "the environment (ECO_AUTH_API_KEY)".to_owned(),
            made: Some(seen.since),
            terms: Terms { rotates_by: Timestamp::from_second(end).ok(), confirm: false },
        })
    }

    /// OpenBao, for what is no credential; `None` when no server is named.
    ///
    /// # Errors
    /// As [`Credentials::text`].
    pub fn authority(&self) -> Result<Option<OpenBao>, CredentialsError> {
        if self.openbao.address.is_empty() {
            return Ok(None);
        }
        Ok(Some(OpenBao::new(self.openbao()?, self.host.clone())?))
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
        })
    }
}
