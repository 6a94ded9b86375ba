//! Two stores as one: what is new goes into the first, and what either has is found. So a credential that was
//! kept without a desktop is still there on one.

use ecoops_core::ports::secrets::{About, Secret, SecretName, Secrets, SecretsError, Terms};

pub struct Layered {
    first: Box<dyn Secrets>,
    second: Box<dyn Secrets>,
}

impl std::fmt::Debug for Layered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Layered")
    }
}

impl Layered {
    pub fn new(first: Box<dyn Secrets>, second: Box<dyn Secrets>) -> Self {
        Self { first, second }
    }
}

impl Secrets for Layered {
    fn place(&self) -> String {
        self.first.place()
    }

    fn get(&self, name: &SecretName) -> Result<Option<Secret>, SecretsError> {
        match self.first.get(name)? {
            Some(secret) => Ok(Some(secret)),
            None => self.second.get(name),
        }
    }

    /// Kept in the first, then removed from the second, so that there is one of it.
    fn put(&self, name: &SecretName, secret: &Secret, terms: &Terms) -> Result<About, SecretsError> {
        let about = self.first.put(name, secret, terms)?;
        // The first is looked at first, so what stays in the second is not used.
        if let Err(why) = self.second.remove(name) {
            tracing::warn!(%why, %name, "an older one could not be removed");
        }
        Ok(about)
    }

    fn remove(&self, name: &SecretName) -> Result<bool, SecretsError> {
        let first = self.first.remove(name)?;
        Ok(self.second.remove(name)? || first)
    }

    /// The second is opened only when the first has none: it may be locked.
    fn about(&self, name: &SecretName) -> Result<Option<About>, SecretsError> {
        match self.first.about(name)? {
            Some(about) => Ok(Some(about)),
            None => self.second.about(name),
        }
    }

    fn list(&self) -> Result<Vec<About>, SecretsError> {
        let mut all = self.first.list()?;
        let more = self.second.list()?;
        all.extend(
            more.into_iter().filter(|one| !all.iter().any(|own| own.name == one.name)).collect::<Vec<_>>(),
        );
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }
}
