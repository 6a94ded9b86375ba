//! A secret with its terms as one text, for stores that keep one text an entry.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ecoops_core::ports::secrets::{About, Secret, SecretName, Terms};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Envelope {
    /// Base64; it need not be text.
    secret: String,
    made: Timestamp,
    #[serde(default)]
    terms: Terms,
}

impl Drop for Envelope {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl Envelope {
    pub(super) fn new(secret: &Secret, terms: &Terms, made: Timestamp) -> Self {
        Self { secret: STANDARD.encode(secret.expose()), made, terms: terms.clone() }
    }

    /// `None` when it is not base64.
    pub(super) fn secret(&self) -> Option<Secret> {
        STANDARD.decode(self.secret.as_bytes()).ok().map(Secret::new)
    }

    pub(super) fn about(&self, name: &SecretName, place: String) -> About {
        About { name: name.clone(), place, made: Some(self.made), terms: self.terms.clone() }
    }
}
