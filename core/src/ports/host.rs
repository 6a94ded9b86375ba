//! The machine: clock and randomness. A frozen one serves tests and replay.

use crate::domain::{Identifiers, ProblemId, RunId};
use jiff::Timestamp;

pub trait Host: Send + Sync {
    /// Wall clock, UTC. It may go backwards; nothing orders by it alone.
    fn now(&self) -> Timestamp;
    /// Milliseconds since some fixed point; never goes backwards.
    fn monotonic_millis(&self) -> u64;
    /// Fills `bytes` from the operating system's generator.
    ///
    /// # Errors
    /// [`NoRandomness`] when the system gives none; nothing secret may then be made.
    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness>;
}

#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no randomness: {0}")]
pub struct NoRandomness(pub String);

/// A maker of identifiers for this process, its node drawn from the host's randomness. Keep one a process.
///
/// # Errors
/// [`NoRandomness`] when the system gives none.
pub fn identifiers(host: &dyn Host) -> Result<Identifiers, NoRandomness> {
    let mut seed = [0; 8];
    host.random(&mut seed)?;
    Ok(Identifiers::new(seed))
}

/// A run's id, of the host's time and randomness.
///
/// # Errors
/// [`NoRandomness`] when the system gives none.
pub fn new_run_id(ids: &Identifiers, host: &dyn Host) -> Result<RunId, NoRandomness> {
    Ok(ids.run_id(host.now(), entropy(host)?))
}

/// A problem's id, of the host's time and randomness.
///
/// # Errors
/// [`NoRandomness`] when the system gives none.
pub fn new_problem_id(ids: &Identifiers, host: &dyn Host) -> Result<ProblemId, NoRandomness> {
    Ok(ids.problem_id(host.now(), entropy(host)?))
}

fn entropy(host: &dyn Host) -> Result<[u8; 10], NoRandomness> {
    let mut bytes = [0; 10];
    host.random(&mut bytes)?;
    Ok(bytes)
}
