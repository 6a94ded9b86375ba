//! Where a Redis, a NATS or a Kafka is, and who asks it: one for the log of events, the bus and the limits.
//!
//! Never holds a stream or a database: those are the adapters'.

use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// See the module.
#[derive(Clone, Default)]
pub struct BrokerSettings {
    /// `HOST:PORT`, or with the scheme of the system, of which one is TLS; no user and no password stands in it.
    pub address: String,
    pub user: Option<String>,
    pub password: Option<Zeroizing<String>>,
    /// Certificates to trust, in PEM; without it those that the system trusts.
    pub ca_file: Option<PathBuf>,
    /// For one call, the connection included.
    pub deadline: Duration,
}

impl std::fmt::Debug for BrokerSettings {
    /// Without the password; an address that might hold one was refused before it is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { address, deadline, .. } = self;
        f.debug_struct("BrokerSettings")
            .field("address", address)
            .field("deadline", deadline)
            .finish_non_exhaustive()
    }
}
