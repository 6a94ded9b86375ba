//! Who is asking, and where credentials live.

use super::{
    Confirm, IdentitySettings, Login, Oidc, OpenBaoSettings, RegistryError, ServiceChoice, Showing, Unlock,
    open_error, unknown,
};
use crate::identity::auth_service::AuthService;
use crate::identity::by_service::ByService;
use crate::identity::logged_in::LoggedIn;
use crate::identity::os_user::OsUser;
use crate::secrets::confirmed::Confirmed;
use crate::secrets::file::FileSecrets;
use crate::secrets::keyring::KeyringSecrets;
use crate::secrets::layered::Layered;
use crate::secrets::openbao::OpenBao;
use ecoops_core::ports::host::Host;
use ecoops_core::ports::identity::Identity;
use ecoops_core::ports::secrets::Secrets;
use std::path::PathBuf;
use std::sync::Arc;

/// Where and how to find out who is asking.
#[derive(Debug, Clone)]
pub struct IdentityChoice {
    /// `os_user`.
    pub adapter: String,
    /// Holds the signing key: `<state>/identity`.
    pub folder: PathBuf,
    pub settings: IdentitySettings,
}

/// # Errors
/// [`RegistryError`] when the name is unknown or the key cannot be used.
pub fn identity(choice: &IdentityChoice, host: Arc<dyn Host>) -> Result<Box<dyn Identity>, RegistryError> {
    let failed = open_error("identity", &choice.adapter);
    match choice.adapter.as_str() {
        "os_user" => {
            let opened = OsUser::open(&choice.folder, choice.settings.clone(), host);
            Ok(Box::new(opened.map_err(|e| failed(e.into()))?))
        }
        name => Err(unknown("identity", name, &["os_user"])),
    }
}

/// The same with logins at an issuer: its roles are in `choice.settings`; without `login` only bearer tokens of
/// others are verified by it.
///
/// # Errors
/// As [`identity`].
pub fn identity_with_issuer(
    choice: &IdentityChoice,
    oidc: Arc<Oidc>,
    login: Option<Login>,
    host: Arc<dyn Host>,
) -> Result<Box<dyn Identity>, RegistryError> {
    let failed = open_error("identity", "oidc");
    let local = OsUser::open(&choice.folder, choice.settings.clone(), host).map_err(|e| failed(e.into()))?;
    Ok(Box::new(LoggedIn::new(local, oidc, login)))
}

/// The same where the kernel's auth-service says who somebody is: its roles are in `choice.settings`; without `showing`
/// only bearer tokens of others are verified by it.
///
/// # Errors
/// As [`identity`], and when the service's address is none.
pub fn identity_by_service(
    choice: &IdentityChoice,
    service: AuthService,
    showing: Option<Showing>,
    host: Arc<dyn Host>,
) -> Result<Box<dyn Identity>, RegistryError> {
    let failed = open_error("identity", "auth_service");
    let local =
        OsUser::open(&choice.folder, choice.settings.clone(), host.clone()).map_err(|e| failed(e.into()))?;
    Ok(Box::new(ByService::new(local, service, showing, host)))
}

/// A client of the kernel's auth-service.
///
/// # Errors
/// [`RegistryError`] when the address is none.
pub fn auth_service(service: &ServiceChoice) -> Result<AuthService, RegistryError> {
    let opened = AuthService::new(service.server());
    opened.map_err(|e| open_error("identity", "auth_service")(e.into()))
}

/// Where credentials live.
#[derive(Clone)]
pub struct SecretsChoice {
    /// `auto` (the desktop's keyring where there is one, else the file), `keyring`, `file` or `openbao`.
    pub adapter: String,
    /// The encrypted file: `<state>/credentials.json`.
    pub file: PathBuf,
    pub unlock: Unlock,
    /// What our entries of a keyring are found by.
    pub service: String,
    /// The server of `openbao`; how to log in there may itself be a credential of the others.
    pub openbao: Option<OpenBaoSettings>,
    /// Asks before a use that is to be confirmed.
    pub confirm: Arc<Confirm>,
}

impl std::fmt::Debug for SecretsChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretsChoice")
            .field("adapter", &self.adapter)
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// # Errors
/// [`RegistryError`] when the name is unknown, or there is no keyring and one is demanded.
pub fn secrets(choice: &SecretsChoice, host: Arc<dyn Host>) -> Result<Box<dyn Secrets>, RegistryError> {
    let failed = open_error("secrets", &choice.adapter);
    let file = || FileSecrets::new(choice.file.clone(), choice.unlock.clone(), host.clone());
    let keyring = || KeyringSecrets::open(choice.service.clone(), host.clone());
    let opened: Box<dyn Secrets> = match choice.adapter.as_str() {
        "auto" => match keyring() {
            Ok(keyring) => Box::new(Layered::new(Box::new(keyring), Box::new(file()))),
            Err(_) => Box::new(file()),
        },
        "keyring" => Box::new(keyring().map_err(|e| failed(e.into()))?),
        "file" => Box::new(file()),
        "openbao" => {
            let none = || failed("no server is named (openbao.address)".into());
            let settings = choice.openbao.clone().ok_or_else(none)?;
            Box::new(OpenBao::new(settings, host.clone()).map_err(|e| failed(e.into()))?)
        }
        name => return Err(unknown("secrets", name, &["auto", "keyring", "file", "openbao"])),
    };
    Ok(Box::new(Confirmed::new(opened, choice.confirm.clone())))
}
