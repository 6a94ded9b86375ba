//! The record that its actor cannot rewrite: an append-only Merkle log with signed checkpoints.

use crate::domain::{AuditEntry, AuditFilter};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The entry's index in the log, from 0.
    pub index: u64,
    /// The log's size when its checkpoint was signed; greater than `index`.
    pub size: u64,
}

/// A proof that anyone can check with the public key alone (C2SP tlog-proof).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof {
    pub index: u64,
    pub hashes: Vec<[u8; 32]>,
    /// The signed note over the tree that the hashes lead to.
    pub checkpoint: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub entries: u64,
    pub root: [u8; 32],
    pub origin: String,
}

/// Which of the entries that fit are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// So many of the newest are left out.
    pub skip: u64,
    /// At most so many are given.
    pub most: usize,
    /// Whether all that fit are counted, which takes longer than finding the newest of them.
    pub count: bool,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// With their indexes, the newest first.
    pub entries: Vec<(u64, AuditEntry)>,
    /// How many fit in all, where that was asked.
    pub total: Option<u64>,
}

pub trait AuditLog: Send + Sync {
    /// Appends, durably and covered by a signed checkpoint, before it returns. Concurrent callers
    /// share one flush.
    ///
    /// # Errors
    /// [`AuditError`]; then none of the entries is in the log.
    fn append(&self, entries: &[AuditEntry]) -> Result<Vec<Appended>, AuditError>;

    /// Entries from `start` on, at most `count`.
    ///
    /// # Errors
    /// [`AuditError`] when the log cannot be read.
    fn entries(&self, start: u64, count: usize) -> Result<Vec<(u64, AuditEntry)>, AuditError>;

    /// Entries that fit, the newest first; reads no more of the log than it takes, and holds no more than the page.
    ///
    /// # Errors
    /// [`AuditError`] when the log cannot be read.
    fn find(&self, filter: &AuditFilter, page: Page) -> Result<Found, AuditError>;

    /// The latest signed checkpoint, a C2SP signed note; `None` for an empty log.
    ///
    /// # Errors
    /// [`AuditError`] when the log cannot be read.
    fn checkpoint(&self) -> Result<Option<String>, AuditError>;

    /// # Errors
    /// [`AuditError`] when there is no such entry or the log is damaged.
    fn prove(&self, index: u64) -> Result<InclusionProof, AuditError>;

    /// Recomputes every hash from the entries up and checks the signature.
    ///
    /// # Errors
    /// [`AuditError::Broken`] says what does not hold.
    fn verify(&self) -> Result<Verified, AuditError>;

    /// The verifier key (C2SP signed-note vkey) that others need.
    fn verifier_key(&self) -> String;

    /// What copies call this log: its origin and the id of its key. Another log, or another key, is another name.
    fn name(&self) -> String {
        self.verifier_key().splitn(3, '+').take(2).collect::<Vec<_>>().join("+")
    }

    /// How many entries the latest checkpoint speaks of; 0 for an empty log.
    ///
    /// # Errors
    /// As [`AuditLog::checkpoint`].
    fn size(&self) -> Result<u64, AuditError> {
        Ok(self.checkpoint()?.as_deref().map_or(0, size_of))
    }
}

/// How many entries a checkpoint that is known to be good speaks of: its second line (C2SP tlog-checkpoint: origin,
/// size, root).
pub fn size_of(checkpoint: &str) -> u64 {
    checkpoint.lines().nth(1).and_then(|line| line.parse().ok()).unwrap_or(0)
}

/// Entries that [`newest`] reads at a time, and how often.
const PAGE: u64 = 1024;
const PAGES: u64 = 16;

/// Of the newest entries, the last that fits: whether something that was begun and whose end nobody saw was done.
/// It looks at 16 384 entries, more than are written while somebody waits to ask again.
///
/// # Errors
/// [`AuditError`] when the log cannot be read.
pub fn newest(
    log: &dyn AuditLog,
    fits: impl Fn(&AuditEntry) -> bool,
) -> Result<Option<(Appended, AuditEntry)>, AuditError> {
    let size = log.size()?;
    let (mut end, first) = (size, size.saturating_sub(PAGES * PAGE));
    while end > first {
        let start = end.saturating_sub(PAGE).max(first);
        let page = log.entries(start, usize::try_from(end - start).unwrap_or(usize::MAX))?;
        if let Some((index, entry)) = page.into_iter().rev().find(|(_, entry)| fits(entry)) {
            return Ok(Some((Appended { index, size }, entry)));
        }
        end = start;
    }
    Ok(None)
}

/// Where a call's entries are, of which the last bears this signature; `None` when they are not in the log. They are
/// in it together or not at all, and a signature is of one entry alone.
///
/// # Errors
/// [`AuditError`] when the log cannot be read.
pub fn appended_before(
    log: &dyn AuditLog,
    count: usize,
    signature: &str,
) -> Result<Option<Vec<Appended>>, AuditError> {
    let same = |entry: &AuditEntry| entry.asked.as_ref().is_some_and(|asked| asked.signature == signature);
    Ok(newest(log, same)?.map(|(Appended { index, size }, _)| {
        let first = (index + 1).saturating_sub(count as u64);
        (first..=index).map(|index| Appended { index, size }).collect()
    }))
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum AuditError {
    #[error("the audit log cannot be used: {0}")]
    Storage(String),
    #[error("the audit log is broken: {0}")]
    Broken(String),
    #[error("the audit log has no entry {0}")]
    NoSuchEntry(u64),
    #[error("the audit log's signing key cannot be used: {0}")]
    Key(String),
}

/// A copy of the log at another system: written as well, never instead. What is there can be trusted as far as that
/// system can; only the log itself can be proved.
pub trait AuditCopy: Send + Sync {
    /// Writes entry `index` of the log that calls itself `log`. Not idempotent: ask [`AuditCopy::holds`] first when
    /// it may be there already.
    ///
    /// # Errors
    /// [`CopyError`]; then it may be there all the same, unless it was refused.
    fn write(&self, log: &str, index: u64, entry: &AuditEntry) -> Result<(), CopyError>;

    /// Whether that very entry is there.
    ///
    /// # Errors
    /// [`CopyError`] when it cannot be asked.
    fn holds(&self, log: &str, index: u64, entry: &AuditEntry) -> Result<bool, CopyError>;

    /// Where an entry itself is such a copy: the log that it is of, its index there and its content's hash. `None`
    /// for a system whose copies never become entries.
    fn origin(&self, _entry: &AuditEntry) -> Option<(String, u64, String)> {
        None
    }

    /// The first entry of a log that is not there yet; `None` where the other side cannot tell, and whoever copies
    /// must remember it.
    ///
    /// # Errors
    /// [`CopyError`] when it cannot be asked.
    fn next(&self, _log: &str) -> Result<Option<u64>, CopyError> {
        Ok(None)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CopyError {
    /// It may work later.
    #[error("{0}")]
    Away(String),
    /// It failed at this entry, and may fail at it again.
    #[error("{0}")]
    Failed(String),
    /// It will not take this entry.
    #[error("{0}")]
    Refused(String),
}
