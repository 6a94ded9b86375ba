//! Credentials in the desktop's keyring, by the Secret Service API over D-Bus: GNOME Keyring, KWallet, KeePassXC.
//! What travels over the bus is encrypted.

use super::envelope::Envelope;
use dbus_secret_service_keyring_store::Store;
use ecoops_core::ports::host::Host;
use ecoops_core::ports::secrets::{About, Secret, SecretName, Secrets, SecretsError, Terms, check};
use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error};
use std::collections::HashMap;
use std::sync::Arc;
use zeroize::Zeroizing;

const PLACE: &str = "the desktop's keyring";

pub struct KeyringSecrets {
    store: Arc<Store>,
    /// The attribute by which our entries are found: `ecoops`, or with the folder of another home.
    service: String,
    host: Arc<dyn Host>,
}

impl std::fmt::Debug for KeyringSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyringSecrets").field("service", &self.service).finish_non_exhaustive()
    }
}

fn failed(error: Error) -> SecretsError {
    let place = PLACE.to_owned();
    match error {
        Error::NoStorageAccess(why) => SecretsError::Locked { place, why: why.to_string() },
        other => SecretsError::Unavailable { place, why: other.to_string() },
    }
}

fn damaged(name: &SecretName) -> SecretsError {
    SecretsError::Damaged { place: PLACE.to_owned(), why: format!("the entry of `{name}` was changed") }
}

impl KeyringSecrets {
    /// # Errors
    /// [`SecretsError::Unavailable`] when there is no session bus or no keyring on it; within milliseconds
    /// where there is no desktop.
    pub fn open(service: String, host: Arc<dyn Host>) -> Result<Self, SecretsError> {
        Ok(Self { store: Store::new().map_err(failed)?, service, host })
    }

    fn entry(&self, name: &SecretName) -> Result<Entry, SecretsError> {
        let label = format!("ecoops: {name}");
        let more = HashMap::from([("label", label.as_str())]);
        self.store.build(&self.service, name.as_str(), Some(&more)).map_err(failed)
    }

    fn envelope(entry: &Entry, name: &SecretName) -> Result<Option<Envelope>, SecretsError> {
        let text = match entry.get_secret() {
            Ok(text) => Zeroizing::new(text),
            Err(Error::NoEntry) => return Ok(None),
            Err(other) => return Err(failed(other)),
        };
        serde_json::from_slice(&text).map(Some).map_err(|_| damaged(name))
    }
}

impl Secrets for KeyringSecrets {
    fn place(&self) -> String {
        PLACE.to_owned()
    }

    fn get(&self, name: &SecretName) -> Result<Option<Secret>, SecretsError> {
        let Some(envelope) = Self::envelope(&self.entry(name)?, name)? else { return Ok(None) };
        envelope.secret().map(Some).ok_or_else(|| damaged(name))
    }

    fn put(&self, name: &SecretName, secret: &Secret, terms: &Terms) -> Result<About, SecretsError> {
        check(secret)?;
        let envelope = Envelope::new(secret, terms, self.host.now());
        let unwritable =
            |e: serde_json::Error| SecretsError::Unavailable { place: PLACE.to_owned(), why: e.to_string() };
        let text = Zeroizing::new(serde_json::to_vec(&envelope).map_err(unwritable)?);
        self.entry(name)?.set_secret(&text).map_err(failed)?;
        Ok(envelope.about(name, PLACE.to_owned()))
    }

    fn remove(&self, name: &SecretName) -> Result<bool, SecretsError> {
        match self.entry(name)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(Error::NoEntry) => Ok(false),
            Err(other) => Err(failed(other)),
        }
    }

    /// Without the others, of which one may be damaged.
    fn about(&self, name: &SecretName) -> Result<Option<About>, SecretsError> {
        let envelope = Self::envelope(&self.entry(name)?, name)?;
        Ok(envelope.map(|envelope| envelope.about(name, PLACE.to_owned())))
    }

    fn list(&self) -> Result<Vec<About>, SecretsError> {
        let found =
            self.store.search(&HashMap::from([("service", self.service.as_str())])).map_err(failed)?;
        let mut all = Vec::new();
        for entry in found {
            let attributes = entry.get_attributes().map_err(failed)?;
            // What another program put there under our name is none of ours.
            let Some(name) = attributes.get("username").and_then(|name| name.parse::<SecretName>().ok())
            else {
                continue;
            };
            if let Some(envelope) = Self::envelope(&entry, &name)? {
                all.push(envelope.about(&name, PLACE.to_owned()));
            }
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }
}
