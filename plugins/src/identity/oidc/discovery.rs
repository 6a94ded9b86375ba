//! What an issuer says about itself, and the connections to its endpoints.

use super::{OidcError, OidcSettings};
use crate::http::{Client, HttpError, Limits, Server, is_loopback};
use serde::Deserialize;
use std::time::Duration;

/// OpenID Connect Discovery 1.0 §3, RFC 8414 §2.
#[derive(Debug, Clone, Deserialize)]
pub struct Metadata {
    pub issuer: String,
    pub token_endpoint: String,
    pub jwks_uri: String,
    #[serde(default)]
    pub authorization_endpoint: Option<String>,
    #[serde(default)]
    pub device_authorization_endpoint: Option<String>,
    #[serde(default)]
    pub revocation_endpoint: Option<String>,
    #[serde(default)]
    pub code_challenge_methods_supported: Option<Vec<String>>,
    /// RFC 9207.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// The metadata with a connection to each endpoint.
#[derive(Debug)]
pub(super) struct Discovered {
    pub metadata: Metadata,
    pub token: Endpoint,
    pub keys: Endpoint,
    pub device: Option<Endpoint>,
    pub revocation: Option<Endpoint>,
}

/// A client and the path on its server.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub client: Client,
    pub path: String,
}

/// Asks the issuer; the answer must be its own.
pub(super) fn discover(settings: &OidcSettings) -> Result<Discovered, OidcError> {
    let broken = |why: String| OidcError::Issuer { issuer: settings.issuer.clone(), why };
    let document = format!("{}/.well-known/openid-configuration", settings.issuer.trim_end_matches('/'));
    let endpoint = connect(&document, settings)?;
    let answer = endpoint.client.get(&endpoint.path).send()?;
    if !answer.is_success() {
        return Err(broken(format!(
            "its configuration is answered with {}: {}",
            answer.status,
            answer.excerpt()
        )));
    }
    let metadata: Metadata = answer.json()?;
    // §4.3: exactly, or another issuer could speak for this one.
    if metadata.issuer != settings.issuer {
        return Err(broken(format!("it calls itself `{:.200}`", metadata.issuer)));
    }
    let optional = |url: &Option<String>| url.as_deref().map(|url| connect(url, settings)).transpose();
    Ok(Discovered {
        token: connect(&metadata.token_endpoint, settings)?,
        keys: connect(&metadata.jwks_uri, settings)?,
        device: optional(&metadata.device_authorization_endpoint)?,
        revocation: optional(&metadata.revocation_endpoint)?,
        metadata,
    })
}

/// A connection for one address, which must be https, or on this machine.
pub(super) fn connect(url: &str, settings: &OidcSettings) -> Result<Endpoint, OidcError> {
    let bad = |why: &str| OidcError::Http(HttpError::Invalid(format!("`{url:.200}` {why}")));
    let (scheme, rest) = url.split_once("://").ok_or_else(|| bad("is no address"))?;
    if scheme != "https" && !(scheme == "http" && is_loopback(url)) {
        return Err(bad("must begin with https://, as credentials are sent there"));
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.contains('@') || url.contains('#') || url.chars().any(|c| c.is_control() || c == ' ') {
        return Err(bad("is no address of an endpoint"));
    }
    let limits = Limits {
        request: Duration::from_secs(10),
        whole: Duration::from_secs(20),
        answer: 1 << 20,
        ..Limits::default()
    };
    let server = Server {
        url: format!("{scheme}://{authority}"),
        ca_file: settings.ca_file.clone(),
        limits,
        ..Server::default()
    };
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    Ok(Endpoint { client: Client::new(server)?, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_https_or_on_this_machine() {
        let settings = OidcSettings::default();
        for (url, path) in [
            ("http://127.0.0.1:1/token", Some("/token")),
            ("http://localhost:1/realms/a/token?x=1", Some("/realms/a/token?x=1")),
            ("http://[::1]:1", Some("/")),
            ("http://id.example/token", None),
            ("http://127.0.0.1.evil.example/token", None),
            ("http://localhost@evil.example/token", None),
            ("http://me:pw@127.0.0.1/token", None),
            ("ftp://127.0.0.1/token", None),
            ("file:///etc/passwd", None),
            ("/token", None),
            ("http://127.0.0.1/a b", None),
            ("http://127.0.0.1/a\r\nX: y", None),
            ("", None),
        ] {
            assert_eq!(connect(url, &settings).ok().map(|e| e.path).as_deref(), path, "{url}");
        }
    }
}
