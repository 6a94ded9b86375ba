//! Where the daemon's things are. Knows names of files, and touches none.

use std::path::{Path, PathBuf};

#[derive(Debug, Clone)]
pub struct Places {
    /// Journal, logs, memory, keys: what every part of ecoops shares.
    pub state: PathBuf,
    /// Holds the user's policies.
    pub config: PathBuf,
    /// Sockets; private to the user, gone at the next boot.
    pub runtime: PathBuf,
}

impl Places {
    pub fn socket(&self) -> PathBuf {
        self.runtime.join("agent.sock")
    }

    /// In the state folder, because that is what two daemons must not share.
    pub fn lock(&self) -> PathBuf {
        self.own().join("lock")
    }

    pub fn log(&self) -> PathBuf {
        self.own().join("agent.log")
    }

    /// Signs the tokens of those who come over TCP.
    pub fn token_key(&self) -> PathBuf {
        self.own().join("token.key")
    }

    pub fn redactor_key(&self) -> PathBuf {
        redactor_key(&self.state)
    }

    pub fn own(&self) -> PathBuf {
        self.state.join("agent")
    }
}

/// The key of the one redactor of an installation.
pub fn redactor_key(state: &Path) -> PathBuf {
    state.join("redact.key")
}
