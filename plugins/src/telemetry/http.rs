//! The HTTP client of the servers that hold signals: reading only, with deadlines, bounds and retries.
//!
//! Never follows a redirect to another host with credentials, never reads proxy settings from the environment,
//! and never sends anything when it was told to stay offline.

use ecoops_core::ports::telemetry::TelemetryError;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use ureq::tls::{PemItem, RootCerts, TlsConfig, TlsProvider};

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
    pub offline: bool,
    pub limits: Limits,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("url", &public_url(&self.url))
            .field("offline", &self.offline)
            .finish_non_exhaustive()
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

/// Where the certificates are that a system trusts.
const SYSTEM_CERTIFICATES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
];

/// A client of one server.
#[derive(Debug)]
pub struct Client {
    agent: ureq::Agent,
    server: Server,
    base: String,
    /// As messages show it: without user and password.
    shown: String,
}

impl Client {
    /// # Errors
    /// [`TelemetryError::Invalid`] for what is no HTTP address, or certificates that cannot be read.
    pub fn new(server: Server) -> Result<Self, TelemetryError> {
        let shown = public_url(&server.url);
        let base = server.url.trim_end_matches('/').to_owned();
        let secure = base.starts_with("https://");
        if !secure && !base.starts_with("http://") || base.len() < 10 || base.contains(char::is_whitespace) {
            return Err(TelemetryError::Invalid(format!(
                "`{shown}` is no address of a server: it must begin with http:// or https://"
            )));
        }
        if server.token.is_some() && !secure && !is_loopback(&base) {
            return Err(TelemetryError::Invalid(format!(
                "{shown}: a token is sent over https only, or to this machine"
            )));
        }
        let mut config = ureq::Agent::config_builder()
            .timeout_global(Some(server.limits.request))
            .timeout_connect(Some(Duration::from_secs(5)))
            .max_redirects(3)
            .http_status_as_error(false)
            .user_agent(concat!("ecoops/", env!("CARGO_PKG_VERSION")))
            .proxy(None);
        if secure {
            config = config.tls_config(tls(server.ca_file.as_deref())?);
        }
        Ok(Self { agent: config.build().new_agent(), server, base, shown })
    }

    /// The address without credentials.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    pub fn conversation(&self) -> Conversation<'_> {
        Conversation { client: self, until: Instant::now() + self.server.limits.reading }
    }
}

fn tls(ca_file: Option<&Path>) -> Result<TlsConfig, TelemetryError> {
    let file = ca_file
        .map(Path::to_owned)
        .or_else(|| SYSTEM_CERTIFICATES.iter().map(PathBuf::from).find(|path| path.exists()));
    let Some(file) = file else {
        let why = "the system's trusted certificates were not found: install ca-certificates, or name a file with them";
        return Err(TelemetryError::Invalid(why.into()));
    };
    let pem =
        std::fs::read(&file).map_err(|e| TelemetryError::Invalid(format!("{}: {e}", file.display())))?;
    let certificates: Vec<_> = ureq::tls::parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(TelemetryError::Invalid(format!("{} holds no certificates", file.display())));
    }
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::Specific(Arc::new(certificates)))
        .build())
}

/// An address without user and password.
fn public_url(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let host = rest[..end].rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{}", rest[end..].split('?').next().unwrap_or_default())
        }
        None => url.rsplit('@').next().unwrap_or_default().to_owned(),
    }
}

fn is_loopback(base: &str) -> bool {
    let host = base.split("://").nth(1).unwrap_or("").split('/').next().unwrap_or("");
    let host = host.rsplit('@').next().unwrap_or(host);
    host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]")
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
        let shown = &self.client.shown;
        if self.client.server.offline {
            return Err(TelemetryError::Offline(shown.clone()));
        }
        let mut last = String::from("no answer in time");
        for attempt in 0..self.client.server.limits.tries {
            let left = self.until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            if attempt > 0 {
                std::thread::sleep(pause(attempt).min(left));
            }
            match self.once(path, query, left) {
                Ok((status, body)) if (200..300).contains(&status) => return Ok(body),
                Ok((status, body)) if status == 429 || status >= 500 => {
                    last = format!("it answers {status}: {}", excerpt(&body));
                }
                Ok((status @ (401 | 403), _)) => {
                    let why = format!("{shown} refuses ({status}): a token that may read is needed");
                    return Err(TelemetryError::Invalid(why));
                }
                Ok((status, body)) => {
                    let why = format!("{shown}{path} answers {status}: {}", excerpt(&body));
                    return Err(TelemetryError::Invalid(why));
                }
                Err(ureq::Error::BodyExceedsLimit(limit)) => {
                    let why = format!("{shown}{path}: the answer is larger than {} MiB", limit >> 20);
                    return Err(TelemetryError::Invalid(why));
                }
                Err(error) => last = error.to_string(),
            }
        }
        Err(TelemetryError::Unreachable(shown.clone(), last))
    }

    /// Whether there is time for another request.
    pub fn has_time(&self) -> bool {
        Instant::now() < self.until
    }

    fn once(&self, path: &str, query: &[(&str, &str)], left: Duration) -> Result<(u16, String), ureq::Error> {
        let server = &self.client.server;
        let mut request = self
            .client
            .agent
            .get(format!("{}{path}", self.client.base))
            .config()
            .timeout_global(Some(left.min(server.limits.request)))
            .build()
            .header("Accept", "application/json");
        for (name, value) in query {
            request = request.query(name, value);
        }
        if let Some(token) = &server.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some(tenant) = &server.tenant {
            request = request.header("X-Scope-OrgID", tenant);
        }
        let mut answer = request.call()?;
        let status = answer.status().as_u16();
        let body =
            answer.body_mut().with_config().limit(server.limits.answer).lossy_utf8(true).read_to_string()?;
        Ok((status, body))
    }
}

/// Doubling from a quarter of a second, half of it by chance, so that many clients do not return together.
fn pause(attempt: u32) -> Duration {
    let base = 250u64 << attempt.min(5);
    let mut byte = [128u8];
    // Without randomness the pause is merely less spread.
    let _ = getrandom::fill(&mut byte);
    Duration::from_millis(base / 2 + base * u64::from(byte[0]) / 512)
}

/// What a server said, short and on one line.
fn excerpt(body: &str) -> String {
    let clean: String = body.chars().take(200).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let clean = clean.trim();
    if clean.is_empty() { "nothing".to_owned() } else { clean.to_owned() }
}

/// Percent-encodes a part of a path.
pub fn path_part(text: &str) -> String {
    super::files::names::encode(text)
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
        let with_token = |url: &str| {
            Client::new(Server { url: url.into(), token: Some("t".into()), ..Server::default() }).is_ok()
        };
        assert!(with_token("http://127.0.0.1:9090") && !with_token("http://prometheus.example"));
    }

    #[test]
    fn offline_asks_nobody() {
        let server = Server { url: "http://127.0.0.1:1".into(), offline: true, ..Server::default() };
        let client = Client::new(server).unwrap();
        assert!(matches!(client.conversation().get("/", &[]), Err(TelemetryError::Offline(_))));
    }
}
