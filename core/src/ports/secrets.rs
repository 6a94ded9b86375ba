//! Credentials: kept where no one else reads them, and handed out by name.
//!
//! A secret is never in a setting, an address, a log or a message; whoever needs one is configured
//! with its *name*. No adapter keeps one in plain text.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

/// Bytes that never show themselves, and are wiped when they are dropped.
///
/// It has no `Display`, no `Serialize` and a `Debug` that says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// The most that one secret may have, in bytes: a certificate with its chain and key fits.
    pub const LARGEST: usize = 64 << 10;

    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for whoever is about to use them. Keep no copy.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text, when they are UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes().to_vec())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a secret is called: 1 to 128 of `a-z 0-9 . _ - /`, beginning with a letter or a digit, without
/// `..`, `//` or a `/` at the end. It stands in settings and listings, so it is no secret itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretName(String);

impl SecretName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SecretName {
    type Err = SecretsError;

    fn from_str(text: &str) -> Result<Self, SecretsError> {
        let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let fits = (1..=128).contains(&text.len())
            && text.chars().all(|c| letter(c) || "._-/".contains(c))
            && text.starts_with(letter)
            && !text.contains("..")
            && !text.contains("//")
            && !text.ends_with('/');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(SecretsError::BadName(text.chars().take(64).collect()))
        }
    }
}

impl TryFrom<String> for SecretName {
    type Error = SecretsError;

    fn try_from(text: String) -> Result<Self, SecretsError> {
        text.parse()
    }
}

impl From<SecretName> for String {
    fn from(name: SecretName) -> Self {
        name.0
    }
}

/// What is kept with a secret and may be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// When it must have been replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotates_by: Option<Timestamp>,
    /// Each use is confirmed at a terminal; without one it is refused.
    #[serde(default)]
    pub confirm: bool,
}

/// A secret's entry in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    pub name: SecretName,
    /// Where it lives, for people: `the desktop's keyring`, `/home/ana/…/credentials (encrypted …)`.
    pub place: String,
    /// When it was put there last; unknown for what another program made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Timestamp>,
    #[serde(flatten)]
    pub terms: Terms,
}

/// Days before the end of an API key's life from which on its owner is warned.
pub const WARNING_DAYS: i64 = 14;

/// How a secret stands with its rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// It has no end, or one that is far away.
    Fresh,
    /// It ends in this many days (0 to [`WARNING_DAYS`]).
    Due(i64),
    /// It ended this many days ago.
    Overdue(i64),
}

impl About {
    pub fn rotation(&self, now: Timestamp) -> Rotation {
        const DAY: i64 = 24 * 3600;
        let Some(end) = self.terms.rotates_by else { return Rotation::Fresh };
        let left = end.as_second().saturating_sub(now.as_second());
        match left {
            ..=0 => Rotation::Overdue(left.saturating_neg() / DAY),
            _ if left <= WARNING_DAYS * DAY => Rotation::Due(left / DAY),
            _ => Rotation::Fresh,
        }
    }
}

pub trait Secrets: Send + Sync {
    /// Where what is put here will live, for people.
    fn place(&self) -> String;

    /// The secret of this name; `None` when there is none.
    ///
    /// # Errors
    /// [`SecretsError`] when the place cannot be opened, or the use is not confirmed.
    fn get(&self, name: &SecretName) -> Result<Option<Secret>, SecretsError>;

    /// Keeps a secret under this name, in place of what was there.
    ///
    /// # Errors
    /// [`SecretsError`] when it is empty, too large, or cannot be kept; then the old one is still there.
    fn put(&self, name: &SecretName, secret: &Secret, terms: &Terms) -> Result<About, SecretsError>;

    /// Removes it; `false` when there was none.
    ///
    /// # Errors
    /// [`SecretsError`] when the place cannot be opened or changed.
    fn remove(&self, name: &SecretName) -> Result<bool, SecretsError>;

    /// Every entry by name, without the secrets.
    ///
    /// # Errors
    /// [`SecretsError`] when the place cannot be opened.
    fn list(&self) -> Result<Vec<About>, SecretsError>;

    /// The entry of one secret, without it.
    ///
    /// # Errors
    /// As [`Secrets::list`].
    fn about(&self, name: &SecretName) -> Result<Option<About>, SecretsError> {
        Ok(self.list()?.into_iter().find(|about| about.name == *name))
    }

    /// Renews what the place was opened with, when that ends by itself; after how long this is to be done again, `None`
    /// when nothing ends. Opens nothing that is not open.
    ///
    /// # Errors
    /// [`SecretsError`] when it cannot be renewed; the next use opens the place anew.
    fn keep_open(&self) -> Result<Option<std::time::Duration>, SecretsError> {
        Ok(None)
    }

    /// Gives back what the place was opened with. Using it again opens it anew.
    ///
    /// # Errors
    /// [`SecretsError`] when it could not be given back; it ends by itself.
    fn close(&self) -> Result<(), SecretsError> {
        Ok(())
    }

    /// The secret that something cannot do without.
    ///
    /// # Errors
    /// As [`Secrets::get`], or [`SecretsError::Missing`].
    fn need(&self, name: &SecretName) -> Result<Secret, SecretsError> {
        self.get(name)?.ok_or_else(|| SecretsError::Missing(name.clone()))
    }
}

/// Refuses what no adapter keeps.
///
/// # Errors
/// [`SecretsError::Empty`], [`SecretsError::TooLarge`].
pub fn check(secret: &Secret) -> Result<(), SecretsError> {
    match secret.expose().len() {
        0 => Err(SecretsError::Empty),
        size if size > Secret::LARGEST => Err(SecretsError::TooLarge(size)),
        _ => Ok(()),
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    #[error("`{0}` is no name of a credential: use a-z, 0-9, `.`, `_`, `-` and `/`, at most 128")]
    BadName(String),
    #[error("there is no credential `{0}`; add it with `ecoops credential add {0}`")]
    Missing(SecretName),
    #[error("a credential cannot be empty")]
    Empty,
    #[error("a credential has at most 65536 bytes, not {0}")]
    TooLarge(usize),
    /// The store is there and well, but the key to it is not the right one, or none was given.
    #[error("{place} is locked: {why}")]
    Locked { place: String, why: String },
    /// What is kept there was changed or cut short; it is left as it is.
    #[error("{place} is damaged: {why}")]
    Damaged { place: String, why: String },
    #[error("{place} cannot be used: {why}")]
    Unavailable { place: String, why: String },
    #[error("the use of `{name}` was not confirmed: {why}")]
    Unconfirmed { name: SecretName, why: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for name in ["a", "0", "eco/api-key", "redis.password", "oidc/https_id.example_org", &"x".repeat(128)]
        {
            assert!(name.parse::<SecretName>().is_ok(), "{name}");
        }
        for name in [
            "",
            "-a",
            "/a",
            ".a",
            "a/",
            "a//b",
            "a/../b",
            "..",
            "A",
            "a b",
            "a\n",
            "a:b",
            "ä",
            &"x".repeat(129),
        ] {
            assert!(name.parse::<SecretName>().is_err(), "{name:?}");
            let json = serde_json::to_string(name).unwrap_or_default();
            assert!(serde_json::from_str::<SecretName>(&json).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = Secret::from("hunter2");
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "Secret(…) Some(Secret(…))");
        assert_eq!(secret.text(), Some("hunter2"));
        assert_eq!(Secret::new(vec![0xFF]).text(), None);
    }

    #[test]
    fn what_cannot_be_kept_is_told() {
        assert!(matches!(check(&Secret::from("")), Err(SecretsError::Empty)));
        assert!(check(&Secret::new(vec![1; Secret::LARGEST])).is_ok());
        assert!(matches!(check(&Secret::new(vec![1; Secret::LARGEST + 1])), Err(SecretsError::TooLarge(_))));
    }

    #[test]
    fn a_key_of_ninety_days_is_warned_of_from_the_76th() -> Result<(), Box<dyn std::error::Error>> {
        let made: Timestamp = "2026-08-01T12:00:00Z".parse()?;
        let day = |n: i64, seconds: i64| Timestamp::from_second(made.as_second() + n * 86_400 + seconds);
        let terms = Terms { rotates_by: Some(day(90, 0)?), confirm: false };
        let about = About { name: "k".parse()?, place: String::new(), made: Some(made), terms };
        for (now, expected) in [
            (day(0, 0)?, Rotation::Fresh),
            (day(76, -1)?, Rotation::Fresh),
            (day(76, 0)?, Rotation::Due(14)),
            (day(89, 86_399)?, Rotation::Due(0)),
            (day(90, 0)?, Rotation::Overdue(0)),
            (day(93, 0)?, Rotation::Overdue(3)),
        ] {
            assert_eq!(about.rotation(now), expected, "{now}");
        }
        let endless = About { terms: Terms::default(), ..about };
        assert_eq!(endless.rotation(Timestamp::MAX), Rotation::Fresh);
        Ok(())
    }
}
