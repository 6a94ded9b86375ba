//! The journal of runs and the contents that it needs to go back.

use crate::domain::{ContentHash, Run, RunId};

/// The exclusive right to change one repository; given up when dropped, or by the kernel when the
/// process dies.
pub trait Lease: Send {}

pub trait Store: Send + Sync {
    /// Inserts or replaces the run's row, durably.
    ///
    /// # Errors
    /// [`StoreError`]; then the row is what it was.
    fn put_run(&self, run: &Run) -> Result<(), StoreError>;
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError>;
    /// Newest first; `repository` `None` means every repository.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    fn runs(&self, repository: Option<&str>, limit: usize) -> Result<Vec<Run>, StoreError>;
    /// Keeps bytes under their hash, durably.
    ///
    /// # Errors
    /// [`StoreError`] when it could not.
    fn put_blob(&self, bytes: &[u8]) -> Result<ContentHash, StoreError>;
    /// # Errors
    /// [`StoreError::Missing`] when it is not there, [`StoreError::Storage`] when its bytes do not have their hash.
    fn blob(&self, hash: &ContentHash) -> Result<Vec<u8>, StoreError>;
    /// # Errors
    /// [`StoreError::Busy`] when another process holds it.
    fn lease(&self, repository: &str) -> Result<Box<dyn Lease>, StoreError>;
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the journal cannot be used: {0}")]
    Storage(String),
    #[error("the journal does not hold {0}")]
    Missing(ContentHash),
    #[error("another ecoops is changing this repository (process {0})")]
    Busy(String),
}
