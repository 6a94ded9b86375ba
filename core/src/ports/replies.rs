//! Answers kept by idempotency key, so that a request that is sent again is answered and not done again.
//!
//! Times are the caller's, so that a clock that was changed neither loses a key nor keeps it for ever.

/// What was answered. `body` is the answer's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub content_type: String,
    pub body: Vec<u8>,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nobody has it: the caller has it now, and finishes or releases it.
    New,
    /// The caller has it now, but somebody had it before for the same request and never said how that ended:
    /// it may have been done. Whoever can must look.
    Unsure,
    /// It was answered.
    Answered(Reply),
    /// Somebody is at it.
    Busy,
    /// It was used for another request.
    Other,
}

pub trait Replies: Send + Sync {
    /// Takes the key for the request with this `fingerprint`, if it is free at `now` (milliseconds
    /// since 1970). What is older than `lifetime` milliseconds, or from the future by more than that, is
    /// free. A taking that was never finished is free after `patience` milliseconds, and at once when it was
    /// abandoned.
    ///
    /// # Errors
    /// [`RepliesError`]; then nothing was taken.
    fn begin(
        &self,
        key: &str,
        fingerprint: [u8; 32],
        now: i64,
        lifetime: i64,
        patience: i64,
    ) -> Result<Known, RepliesError>;

    /// Keeps the answer, durably.
    ///
    /// # Errors
    /// [`RepliesError`]; then the key stays taken.
    fn finish(&self, key: &str, reply: &Reply) -> Result<(), RepliesError>;

    /// Says that whoever took a key and did not finish is gone: the process died.
    ///
    /// # Errors
    /// [`RepliesError`] when that could not be written down.
    fn abandon(&self) -> Result<(), RepliesError>;

    /// Frees a key whose request came to nothing.
    ///
    /// # Errors
    /// [`RepliesError`] when it could not be freed.
    fn release(&self, key: &str) -> Result<(), RepliesError>;
}

#[derive(Debug, thiserror::Error)]
#[error("answers cannot be kept: {0}")]
pub struct RepliesError(pub String);
