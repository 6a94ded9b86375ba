//! What was worked out before, kept so that it need not be worked out again.
//!
//! Holds nothing that cannot be made anew: a cache that is lost, damaged or of another version is an
//! empty one, never an error.

use std::collections::HashMap;

/// Names one thing that was worked out: SHA-256 of all that decides about it.
pub type Key = [u8; 32];

/// Results by what decided about them.
pub type Entries = HashMap<Key, Vec<u8>>;

pub trait Cache: Send + Sync + std::fmt::Debug {
    /// All that is kept for `scope`. A scope names everything that its keys leave out (a repository, a
    /// set of rules, the program's own version).
    fn load(&self, scope: &str) -> Entries;
    /// Replaces what is kept for `scope`, as a whole or not at all. Entries beyond what the cache may
    /// hold are left out, the last ones first. What another process saved meanwhile may be lost.
    ///
    /// # Errors
    /// [`CacheError`] when nothing could be saved; then what was kept is still there.
    fn save(&self, scope: &str, entries: &[(Key, &[u8])]) -> Result<(), CacheError>;
}

#[derive(Debug, thiserror::Error)]
#[error("results cannot be kept for the next time: {0}")]
pub struct CacheError(pub String);
