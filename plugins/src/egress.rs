//! The gate that whatever leaves this process passes. Who opens a connection asks [`permit`] first, at each call; with
//! the gate closed nobody is asked for anything, a server on this machine neither.
//!
//! Never opens again, cuts nothing that is open already, and holds no other program: what a command that the user
//! named does is its own.

use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Nobody was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not asked: everything stays on this machine (--offline)")]
pub struct Closed(pub String);

/// Closes the gate for as long as this process lives.
pub fn close() {
    CLOSED.store(true, Ordering::SeqCst);
}

/// Whether nothing leaves.
pub fn is_closed() -> bool {
    CLOSED.load(Ordering::SeqCst)
}

/// Whether a connection may be used; `to` is shown, so it holds no credential.
///
/// # Errors
/// [`Closed`].
pub fn permit(to: &str) -> Result<(), Closed> {
    if is_closed() { Err(Closed(to.to_owned())) } else { Ok(()) }
}
