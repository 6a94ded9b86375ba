//! The way to a PostgreSQL server that several adapters share: connections, schema, orgs.
//!
//! Knows no port and no document. Nothing is connected before it is used, and no thread is started: a connection
//! is driven by who uses it. One login belongs to one org, and the server keeps the orgs apart.

pub mod admin;
pub mod migrate;
mod pool;
mod session;
mod text;
mod tls;

pub use pool::Pool;
pub(crate) use session::Session;
pub(crate) use text::{escape, escape_json, escape_value, unescape, unescape_json, unescape_value};

use std::path::PathBuf;
use std::time::Duration;

/// Where a server is and how to speak to it.
#[derive(Clone)]
pub struct PostgresSettings {
    /// `postgres://host:port/database`, without a password. `sslmode` is `require` unless it says otherwise or
    /// the server is on this machine.
    pub address: String,
    /// Instead of one in the address.
    pub login: String,
    pub password: Option<String>,
    /// Certificates to trust, in PEM; without it those that the system trusts.
    pub ca_file: Option<PathBuf>,
    /// The org whose login this must be; any when empty.
    pub org: String,
    /// For a connection to be there.
    pub connect: Duration,
    /// For one operation: all its statements together, and a connection that is made or made anew for it.
    pub operation: Duration,
    /// Connections at once.
    pub connections: usize,
}

impl Default for PostgresSettings {
    /// 3 s to connect, 20 s for an operation, 4 connections.
    fn default() -> Self {
        Self {
            address: String::new(),
            login: String::new(),
            password: None,
            ca_file: None,
            org: String::new(),
            connect: Duration::from_secs(3),
            operation: Duration::from_secs(20),
            connections: 4,
        }
    }
}

impl std::fmt::Debug for PostgresSettings {
    /// Without the password and the address, which might hold one.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresSettings").field("org", &self.org).finish_non_exhaustive()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// The server is away, or was lost on the way; nothing was changed, unless it was lost while it committed.
    #[error("the PostgreSQL server {0}")]
    Away(String),
    #[error(transparent)]
    Offline(#[from] crate::egress::Closed),
    #[error("the PostgreSQL settings cannot be used: {0}")]
    Settings(String),
    /// Tables that are missing, newer, or not what this program made.
    #[error("{0}")]
    Schema(String),
    /// What the server said to a statement.
    #[error("PostgreSQL refused: {message}{} ({code})", detail.as_ref().map(|d| format!(": {d}")).unwrap_or_default())]
    Refused { code: String, message: String, detail: Option<String> },
    #[error("what PostgreSQL holds cannot be read: {0}")]
    Damaged(String),
}

impl From<tokio_postgres::Error> for PostgresError {
    fn from(error: tokio_postgres::Error) -> Self {
        use std::error::Error;
        if let Some(db) = error.as_db_error() {
            let code = db.code().code();
            // class 57P0x: the server shuts down or the session was ended; 08: connection; 53: too many
            if code.starts_with("57P") || code.starts_with("08") || code.starts_with("53300") {
                return Self::Away(format!("does not serve: {}", db.message()));
            }
            return Self::Refused {
                code: code.to_owned(),
                message: db.message().to_owned(),
                detail: db.hint().map(str::to_owned),
            };
        }
        let cause = error.source().map(|e| format!(": {e}")).unwrap_or_default();
        // What comes over the wire and is not PostgreSQL's protocol is no row that cannot be read.
        let foreign = ["unexpected message from server", "error parsing response from server"];
        let foreign = foreign.iter().any(|said| error.to_string().starts_with(said));
        if error.is_closed() || foreign || error.source().is_some_and(|e| e.is::<std::io::Error>()) {
            return Self::Away(format!("was lost ({error}{cause})"));
        }
        Self::Damaged(format!("{error}{cause}"))
    }
}
