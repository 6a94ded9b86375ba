//! How much each caller may ask for: so many requests a second, with a burst of one second's.

use std::time::Duration;

/// What a caller has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Requests a second.
    pub limit: u64,
    pub remaining: u64,
    /// Nothing was left, and nothing was taken: try again after so long.
    pub wait: Option<Duration>,
}

pub trait Limits: Send + Sync {
    /// Takes one request of `user`. What a user does under different names (`purpose`, for instance a token
    /// of his) is counted apart.
    ///
    /// # Errors
    /// [`LimitsError`] when it cannot be counted; then nothing was taken.
    fn take(&self, user: &str, purpose: &str) -> Result<Left, LimitsError>;
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("requests cannot be counted: {0}")]
pub struct LimitsError(pub String);
