//! Asks the user before a credential is used whose owner wanted that. Without anybody to ask it refuses.

use ecoops_core::ports::secrets::{About, Secret, SecretName, Secrets, SecretsError, Terms};
use std::sync::Arc;

/// Whether the user allows this use: `Some(answer)`, or `None` when nobody can be asked.
pub type Confirm = dyn Fn(&About) -> Option<bool> + Send + Sync;

/// Any store, with a question before each use of what is marked so.
pub struct Confirmed {
    inner: Box<dyn Secrets>,
    confirm: Arc<Confirm>,
}

impl std::fmt::Debug for Confirmed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Confirmed")
    }
}

impl Confirmed {
    pub fn new(inner: Box<dyn Secrets>, confirm: Arc<Confirm>) -> Self {
        Self { inner, confirm }
    }
}

impl Secrets for Confirmed {
    fn place(&self) -> String {
        self.inner.place()
    }

    fn get(&self, name: &SecretName) -> Result<Option<Secret>, SecretsError> {
        let Some(about) = self.inner.about(name)? else { return Ok(None) };
        if about.terms.confirm {
            let refused = |why: &str| SecretsError::Unconfirmed { name: name.clone(), why: why.to_owned() };
            match (self.confirm)(&about) {
                Some(true) => {}
                Some(false) => return Err(refused("the answer was no")),
                None => return Err(refused("each use is asked for at a terminal, and there is none")),
            }
        }
        self.inner.get(name)
    }

    fn put(&self, name: &SecretName, secret: &Secret, terms: &Terms) -> Result<About, SecretsError> {
        self.inner.put(name, secret, terms)
    }

    fn remove(&self, name: &SecretName) -> Result<bool, SecretsError> {
        self.inner.remove(name)
    }

    fn keep_open(&self) -> Result<Option<std::time::Duration>, SecretsError> {
        self.inner.keep_open()
    }

    fn close(&self) -> Result<(), SecretsError> {
        self.inner.close()
    }

    fn list(&self) -> Result<Vec<About>, SecretsError> {
        self.inner.list()
    }

    fn about(&self, name: &SecretName) -> Result<Option<About>, SecretsError> {
        self.inner.about(name)
    }
}
