//! A set of keys (RFC 7517 §5), as an issuer publishes it.

use super::algorithm::Algorithm;
use super::key::{Key, KeyError};
use super::{JsonError, Reading, json};
use serde_json::Value;
use std::collections::BTreeSet;

/// Bytes of the largest set that is read.
pub const LARGEST_SET: usize = 512 << 10;
/// Keys of the largest set.
const MOST_KEYS: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    #[error("the key set cannot be read: {0}")]
    Json(#[from] JsonError),
    #[error("the key set has more than 512 KiB or 256 keys")]
    TooLarge,
    #[error("the key set has no list `keys`")]
    NoKeys,
    #[error("the key `{0:.80}` comes twice in the set")]
    DuplicateKid(String),
    #[error("the set mixes shared secrets with public keys")]
    Mixed,
}

/// The keys that can verify something, and why the others cannot.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: Vec<Key>,
    /// By `kid`, when it has one.
    unusable: Vec<(Option<String>, KeyError)>,
}

impl KeySet {
    /// Reads a JWK set, or one JWK. A key that cannot be used (for encryption, weak, unknown) is left
    /// out and remembered by name; it does not spoil the others.
    ///
    /// # Errors
    /// [`KeySetError`] when it is no set, a `kid` comes twice, or shared secrets stand beside public keys:
    /// then it cannot be told which key a token means.
    pub fn parse(text: &[u8], reading: Reading) -> Result<Self, KeySetError> {
        if text.len() > LARGEST_SET {
            return Err(KeySetError::TooLarge);
        }
        let document = json::parse(text)?;
        let single = document.contains_key("kty") && !document.contains_key("keys");
        let list = if single {
            vec![Value::Object(document)]
        } else {
            document.get("keys").and_then(Value::as_array).cloned().ok_or(KeySetError::NoKeys)?
        };
        if list.len() > MOST_KEYS {
            return Err(KeySetError::TooLarge);
        }
        let mut set = Self::default();
        let mut kids = BTreeSet::new();
        for item in &list {
            let Some(jwk) = item.as_object() else { return Err(KeySetError::NoKeys) };
            let kid = jwk.get("kid").and_then(Value::as_str);
            if let Some(kid) = kid.filter(|kid| !kids.insert((*kid).to_owned())) {
                return Err(KeySetError::DuplicateKid(kid.to_owned()));
            }
            match Key::from_jwk(jwk, reading) {
                Ok(key) => set.keys.push(key),
                Err(why) => set.unusable.push((kid.map(str::to_owned), why)),
            }
        }
        let secrets = set.keys.iter().filter(|key| key.is_symmetric()).count();
        if secrets > 0 && secrets < set.keys.len() {
            return Err(KeySetError::Mixed);
        }
        Ok(set)
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether a key of this name is in the set, usable or not.
    pub fn knows(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid() == Some(kid)) || self.why_unusable(kid).is_some()
    }

    pub(super) fn why_unusable(&self, kid: &str) -> Option<&KeyError> {
        self.unusable.iter().find(|(own, _)| own.as_deref() == Some(kid)).map(|(_, why)| why)
    }

    /// The key that a token means: the one it names, or without a name the only one that fits.
    pub(super) fn choose(&self, kid: Option<&str>, algorithm: Algorithm, reading: Reading) -> Option<&Key> {
        let mut fitting = self
            .keys
            .iter()
            .filter(|key| kid.is_none_or(|kid| key.kid() == Some(kid)) && key.takes(algorithm, reading));
        let first = fitting.next();
        if fitting.next().is_some() { None } else { first }
    }
}
