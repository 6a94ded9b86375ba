//! The servers that hold signals, asked as this port needs it: reading only, several requests under one deadline.

use crate::http::{self, HttpError};
use ecoops_core::engines::resilience::BreakerSettings;
use ecoops_core::ports::telemetry::TelemetryError;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

pub use crate::http::path_part;

/// A server and how to speak to it.
#[derive(Clone, Default)]
pub struct Server {
    /// `http://host:port` or `https://…`, with a path where it lies below one.
    pub url: String,
    /// Sent as `Authorization: Bearer …`.
    pub token: Option<String>,
    /// Sent as `X-Scope-OrgID`, which names the tenant to Loki, Tempo and Mimir.
    pub tenant: Option<String>,
    /// Certificates to trust, in PEM; without it those that the system trusts.
    pub ca_file: Option<PathBuf>,
    /// Once it is set nothing more is asked, and no answer is waited for.
    pub stop: Option<Arc<AtomicBool>>,
    pub limits: Limits,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("url", &http::public_url(&self.url)).finish_non_exhaustive()
    }
}

/// What a conversation may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For one answer.
    pub request: Duration,
    /// For all requests of one reading.
    pub reading: Duration,
    /// Bytes of one answer.
    pub answer: u64,
    /// Tries of one request.
    pub tries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(20),
            reading: Duration::from_secs(120),
            answer: 64 << 20,
            tries: 3,
        }
    }
}

/// A client of one server.
#[derive(Debug)]
pub struct Client {
    http: http::Client,
    tenant: Option<String>,
    reading: Duration,
}

impl Client {
    /// # Errors
    /// [`TelemetryError::Invalid`] for what is no HTTP address, or certificates that cannot be read.
    pub fn new(server: Server) -> Result<Self, TelemetryError> {
        let Server { url, token, tenant, ca_file, stop, limits } = server;
        let Limits { request, reading, answer, tries } = limits;
        let limits = http::Limits { request, whole: reading, answer, tries };
        let breaker = BreakerSettings::OBSERVABILITY;
        let server = http::Server { url, token, ca_file, stop, limits, breaker, ..http::Server::default() };
        Ok(Self { http: http::Client::new(server).map_err(failed)?, tenant, reading })
    }

    /// The address without credentials.
    pub fn shown(&self) -> &str {
        self.http.shown()
    }

    pub fn conversation(&self) -> Conversation<'_> {
        Conversation { client: self, until: Instant::now() + self.reading }
    }
}

fn failed(error: HttpError) -> TelemetryError {
    match error {
        HttpError::Offline(closed) => TelemetryError::Offline(closed.0),
        HttpError::Unreachable(server, why) => TelemetryError::Unreachable(server, why),
        HttpError::Broken(server, seconds) => TelemetryError::Unreachable(
            server,
            format!("it failed too often and is asked again in {seconds} s"),
        ),
        other => TelemetryError::Invalid(other.to_string()),
    }
}

/// Several requests under one deadline.
#[derive(Debug)]
pub struct Conversation<'a> {
    client: &'a Client,
    until: Instant,
}

impl Conversation<'_> {
    /// Gets a path with a query; requests that may work later are tried again.
    ///
    /// # Errors
    /// [`TelemetryError::Offline`], [`TelemetryError::Unreachable`], or [`TelemetryError::Invalid`] with what the
    /// server said.
    pub fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<String, TelemetryError> {
        let shown = self.client.shown();
        let mut request = self.client.http.get(path);
        for (name, value) in query {
            request = request.query(name, value);
        }
        if let Some(tenant) = &self.client.tenant {
            request = request.header("X-Scope-OrgID", tenant);
        }
        let left = self.until.saturating_duration_since(Instant::now());
        let answer = request.within(left).send().map_err(failed)?;
        match answer.status {
            200..300 => Ok(answer.text()),
            status @ (401 | 403) => Err(TelemetryError::Invalid(format!(
                "{shown} refuses ({status}): a token that may read is needed"
            ))),
            status @ (429 | 500..) => {
                let why = format!("it answers {status}: {}", answer.excerpt());
                Err(TelemetryError::Unreachable(shown.to_owned(), why))
            }
            status => {
                Err(TelemetryError::Invalid(format!("{shown}{path} answers {status}: {}", answer.excerpt())))
            }
        }
    }

    /// Whether there is time for another request.
    pub fn has_time(&self) -> bool {
        Instant::now() < self.until
    }
}
