//! The one HTTP client of all adapters: deadlines, bounds, repetitions within a budget, a circuit breaker, the
//! caller's trace, and TLS by the certificates that the system trusts.
//!
//! Never sends anything past a closed gate (see [`crate::egress`]), never follows a redirect with credentials, never sends
//! credentials in clear to another machine, never repeats what may have had an effect, and never reads proxy
//! settings from the environment.

pub mod deadline;
mod request;
pub mod tally;
pub mod tls;
pub mod trace;

pub use request::{Answer, Request, Stream};

use crate::egress::{self, Closed};
use ecoops_core::engines::resilience::{Backoff, Breaker, BreakerSettings, BreakerState, Budget};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A server and how to speak to it.
#[derive(Clone, Default)]
pub struct Server {
    /// `http://host:port` or `https://…`, with a path where it lies below one.
    pub url: String,
    /// Sent as `Authorization: Bearer …`.
    pub token: Option<String>,
    /// Sent with every request; for credentials in other headers too.
    pub headers: Vec<(String, String)>,
    /// Certificates to trust, in PEM; without it those that the system trusts.
    pub ca_file: Option<PathBuf>,
    /// Once it is set nothing more is asked, and an answer that is still to come is not waited for.
    pub stop: Option<Arc<AtomicBool>>,
    pub limits: Limits,
    pub breaker: BreakerSettings,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("url", &public_url(&self.url)).finish_non_exhaustive()
    }
}

/// What a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For one try.
    pub request: Duration,
    /// For all tries and pauses of one request.
    pub whole: Duration,
    /// Bytes of one answer.
    pub answer: u64,
    /// Tries of one request, at least 1.
    pub tries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { request: Duration::from_secs(10), whole: Duration::from_secs(30), answer: 16 << 20, tries: 3 }
    }
}

/// Why there is no answer. What a server refuses is an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Offline(#[from] Closed),
    #[error("{0} is asked no more: it was interrupted")]
    Stopped(String),
    #[error("{0} cannot be reached: {1}")]
    Unreachable(String, String),
    #[error("{0} failed too often and is asked again in {1} s")]
    Broken(String, u64),
    #[error("{0}: the answer is larger than {1} MiB")]
    TooLarge(String, u64),
    #[error("{0}: the answer cannot be read: {1}")]
    Unreadable(String, String),
}

impl HttpError {
    /// Whether the same may succeed later.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable(..) | Self::Broken(..))
    }
}

/// A client of one server.
#[derive(Debug)]
pub struct Client {
    agent: ureq::Agent,
    server: Server,
    base: String,
    /// As messages show it: without user and password.
    shown: String,
    /// Nobody in between can read along.
    private: bool,
    begun: Instant,
    health: Mutex<Health>,
}

#[derive(Debug)]
struct Health {
    breaker: Breaker,
    budget: Budget,
}

impl Client {
    /// # Errors
    /// [`HttpError::Invalid`] for what is no HTTP address, for credentials that would be sent in clear to another
    /// machine, or certificates that cannot be read.
    pub fn new(server: Server) -> Result<Self, HttpError> {
        let shown = public_url(&server.url);
        let base = server.url.trim_end_matches('/').to_owned();
        let secure = base.starts_with("https://");
        let bad = |why: String| Err(HttpError::Invalid(why));
        if !secure && !base.starts_with("http://") || base.len() < 10 || base.contains(char::is_whitespace) {
            return bad(format!(
                "`{shown}` is no address of a server: it must begin with http:// or https://"
            ));
        }
        let private = secure || is_loopback(&base);
        if (server.token.is_some() || !server.headers.is_empty()) && !private {
            return Err(in_clear(&shown));
        }
        let mut config = ureq::Agent::config_builder()
            .timeout_global(Some(server.limits.request))
            .timeout_connect(Some(Duration::from_secs(5)))
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("ecoops/", env!("CARGO_PKG_VERSION")))
            .proxy(None);
        if secure {
            config = config.tls_config(tls::config(server.ca_file.as_deref())?);
        }
        let health = Mutex::new(Health { breaker: Breaker::new(server.breaker), budget: Budget::default() });
        Ok(Self {
            agent: config.build().new_agent(),
            server,
            base,
            shown,
            private,
            begun: Instant::now(),
            health,
        })
    }

    /// The address without credentials.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// `path` begins with `/` and is encoded: see [`path_part`].
    pub fn get(&self, path: &str) -> Request<'_> {
        Request::new(self, "GET", path)
    }

    pub fn post(&self, path: &str) -> Request<'_> {
        Request::new(self, "POST", path)
    }

    pub fn put(&self, path: &str) -> Request<'_> {
        Request::new(self, "PUT", path)
    }

    pub fn delete(&self, path: &str) -> Request<'_> {
        Request::new(self, "DELETE", path)
    }

    /// Whether the server is asked at present.
    pub fn breaker(&self) -> BreakerState {
        self.health().breaker.state()
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stopped(&self) -> bool {
        self.server.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    fn may_ask(&self) -> Result<(), HttpError> {
        if self.stopped() {
            return Err(HttpError::Stopped(self.shown.clone()));
        }
        egress::permit(&self.shown)?;
        let asked = self.health().breaker.ask(self.begun.elapsed());
        asked.map_err(|wait| {
            tally::spared(&self.shown, self.breaker());
            HttpError::Broken(self.shown.clone(), wait.as_secs().max(1))
        })
    }

    fn record(&self, success: bool, took: Duration) {
        self.health().breaker.record(self.begun.elapsed(), success);
        tally::tried(&self.shown, success, took, self.breaker());
    }

    fn pause(&self, attempt: u32) -> Duration {
        let mut byte = [128u8];
        // Without randomness the pause is merely less spread.
        let _ = getrandom::fill(&mut byte);
        Backoff::default().pause(attempt, byte[0])
    }
}

fn in_clear(shown: &str) -> HttpError {
    HttpError::Invalid(format!("{shown}: a token is sent over https only, or to this machine"))
}

/// An address without user and password, query and fragment.
pub fn public_url(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let host = rest[..end].rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{}", rest[end..].split(['?', '#']).next().unwrap_or_default())
        }
        None => url.rsplit('@').next().unwrap_or_default().to_owned(),
    }
}

/// Whether an address names this machine, by a name or number that cannot name another.
pub fn is_loopback(url: &str) -> bool {
    let authority = url.split("://").nth(1).unwrap_or("").split(['/', '?', '#']).next().unwrap_or("");
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let host = match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    is_loopback_host(host)
}

/// The same of a host alone, without brackets.
pub fn is_loopback_host(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Percent-encodes a part of a path.
pub fn path_part(text: &str) -> String {
    request::encode(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (url, good) in [
            ("http://127.0.0.1:9090", true),
            ("http://localhost:9090/prometheus/", true),
            ("ftp://x", false),
            ("127.0.0.1:9090", false),
            ("http://", false),
            ("http://a b.example", false),
            ("", false),
        ] {
            let server = Server { url: url.into(), ..Server::default() };
            assert_eq!(Client::new(server).is_ok(), good, "{url}");
        }
        assert_eq!(public_url("http://me:secret@host:1/p?token=x"), "http://host:1/p");
        assert_eq!(public_url("http://me:secret@host?token=x#y"), "http://host");
    }

    #[test]
    fn credentials_leave_in_clear_for_this_machine_only() {
        for (url, good) in [
            ("http://127.0.0.1:9090", true),
            ("http://[::1]:9090", true),
            ("http://localhost", true),
            ("http://prometheus.example", false),
            ("http://127.0.0.1.example", false),
            ("http://localhost.example", false),
            ("http://localhost@other.example", false),
        ] {
            let token = Server { url: url.into(), token: Some("t".into()), ..Server::default() };
            let header =
                Server { url: url.into(), headers: vec![("X".into(), "t".into())], ..Server::default() };
            assert_eq!((Client::new(token).is_ok(), Client::new(header).is_ok()), (good, good), "{url}");
            let bare = Client::new(Server { url: url.into(), ..Server::default() }).unwrap();
            let late = bare.get("/").secret_header("X", "t").within(Duration::ZERO).guarded();
            assert_eq!(late.is_ok(), good, "{url}");
        }
    }
}
