//! Files that are too large for a row: reports and attachments, in buckets with a retention each.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The largest object, in bytes.
pub const MOST_BYTES: usize = 64 << 20;
/// The longest key, in bytes.
pub const MOST_KEY_BYTES: usize = 200;

/// What an object is for decides how long it stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bucket {
    /// What was made for people: reports, exports.
    Reports,
    /// What people handed in.
    Attachments,
}

impl Bucket {
    pub const ALL: [Self; 2] = [Self::Reports, Self::Attachments];

    /// As the platform's object store names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reports => "aiops-reports",
            Self::Attachments => "aiops-attachments",
        }
    }

    /// Days that an object stays.
    pub fn days(self) -> u32 {
        match self {
            Self::Reports => 90,
            Self::Attachments => 7,
        }
    }
}

/// What an object is called: parts of `a-z A-Z 0-9 . _ -` with `/` between them, none beginning with a dot, at most
/// [`MOST_KEY_BYTES`]. The same on every file system and in every address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectKey(String);

impl ObjectKey {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ObjectKey {
    type Err = ObjectsError;

    fn from_str(text: &str) -> Result<Self, ObjectsError> {
        let part = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        if text.len() <= MOST_KEY_BYTES && text.split('/').all(part) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ObjectsError::BadKey(text.chars().take(80).collect()))
        }
    }
}

impl TryFrom<String> for ObjectKey {
    type Error = ObjectsError;

    fn try_from(text: String) -> Result<Self, ObjectsError> {
        text.parse()
    }
}

impl From<ObjectKey> for String {
    fn from(key: ObjectKey) -> Self {
        key.0
    }
}

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectEntry {
    pub key: ObjectKey,
    /// Bytes.
    pub size: u64,
    /// When it was put there last.
    pub modified: Timestamp,
}

pub trait Objects: Send + Sync {
    /// Keeps bytes under a key, in place of what was there; whoever reads finds the old or the new ones, whole.
    ///
    /// # Errors
    /// [`ObjectsError`]; then what was there is there.
    fn put(&self, bucket: Bucket, key: &ObjectKey, bytes: &[u8]) -> Result<(), ObjectsError>;

    /// The bytes, if there is such an object.
    ///
    /// # Errors
    /// [`ObjectsError`] when the store cannot be read.
    fn get(&self, bucket: Bucket, key: &ObjectKey) -> Result<Option<Vec<u8>>, ObjectsError>;

    /// Objects whose key begins with `prefix`, by key, at most `limit`.
    ///
    /// # Errors
    /// [`ObjectsError`] when the store cannot be read.
    fn list(&self, bucket: Bucket, prefix: &str, limit: usize) -> Result<Vec<ObjectEntry>, ObjectsError>;

    /// Afterwards there is no such object, whether there was one or not.
    ///
    /// # Errors
    /// [`ObjectsError`] when the store cannot be written.
    fn delete(&self, bucket: Bucket, key: &ObjectKey) -> Result<(), ObjectsError>;

    /// Takes away what is older than its bucket keeps; how many objects went.
    ///
    /// # Errors
    /// [`ObjectsError`]; what was taken away until then is gone.
    fn expire(&self, now: Timestamp) -> Result<usize, ObjectsError> {
        let mut gone = 0;
        for bucket in Bucket::ALL {
            let oldest = now.as_second() - i64::from(bucket.days()) * 24 * 3_600;
            for entry in self.list(bucket, "", usize::MAX)? {
                if entry.modified.as_second() < oldest {
                    self.delete(bucket, &entry.key)?;
                    gone += 1;
                }
            }
        }
        Ok(gone)
    }
}

/// # Errors
/// [`ObjectsError::TooLarge`].
pub fn check(bytes: &[u8]) -> Result<(), ObjectsError> {
    if bytes.len() > MOST_BYTES { Err(ObjectsError::TooLarge(bytes.len())) } else { Ok(()) }
}

#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    #[error(
        "`{0}` is no name of an object: use letters, digits, `.`, `_`, `-` and `/`, at most 200, \
         no part beginning with a dot"
    )]
    BadKey(String),
    #[error("an object has at most 67108864 bytes, not {0}")]
    TooLarge(usize),
    #[error("the object store cannot be used: {0}")]
    Storage(String),
    /// It may answer later.
    #[error("the object store is away: {0}")]
    Away(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_same_everywhere() {
        for good in ["a", "A-1_b.pdf", "2026/11/report.html", &"x".repeat(MOST_KEY_BYTES)] {
            assert!(good.parse::<ObjectKey>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            "..",
            "a/../b",
            ".a",
            "a/.b",
            "a b",
            "ä",
            "a\\b",
            "a~b",
            "a%2Fb",
            "a\0",
            &"x".repeat(MOST_KEY_BYTES + 1),
        ] {
            assert!(bad.parse::<ObjectKey>().is_err(), "{bad:?}");
        }
    }
}
