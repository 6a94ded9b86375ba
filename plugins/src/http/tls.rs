//! TLS as every adapter uses it: rustls with ring, and the certificates that the system trusts or a named file.

use super::HttpError;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use ureq::tls::{PemItem, RootCerts, TlsConfig, TlsProvider};

/// Where the certificates are that a system trusts.
const SYSTEM_CERTIFICATES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
];

/// The file with the certificates to trust: the one that is named, else the system's.
///
/// # Errors
/// [`HttpError::Invalid`] when the system has none.
pub fn trusted(ca_file: Option<&Path>) -> Result<PathBuf, HttpError> {
    let system = || SYSTEM_CERTIFICATES.iter().map(PathBuf::from).find(|path| path.exists());
    ca_file.map(Path::to_owned).or_else(system).ok_or_else(|| {
        let why = "the system's trusted certificates were not found: install ca-certificates, or name a file with them";
        HttpError::Invalid(why.into())
    })
}

pub fn config(ca_file: Option<&Path>) -> Result<TlsConfig, HttpError> {
    let file = trusted(ca_file)?;
    let pem = std::fs::read(&file).map_err(|e| HttpError::Invalid(format!("{}: {e}", file.display())))?;
    let certificates: Vec<_> = ureq::tls::parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(HttpError::Invalid(format!("{} holds no certificates", file.display())));
    }
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::Specific(Arc::new(certificates)))
        .build())
}

/// The same for what speaks no HTTP: PostgreSQL, Redis, NATS.
///
/// # Errors
/// [`HttpError::Invalid`] when there are no certificates to trust.
pub fn plain_config(ca_file: Option<&Path>) -> Result<Arc<rustls::ClientConfig>, HttpError> {
    let file = trusted(ca_file)?;
    let bad = |why: String| HttpError::Invalid(why);
    let mut roots = rustls::RootCertStore::empty();
    let read = CertificateDer::pem_file_iter(&file).map_err(|e| bad(format!("{}: {e}", file.display())))?;
    roots.add_parsable_certificates(read.filter_map(Result::ok));
    if roots.is_empty() {
        return Err(bad(format!("{} holds no certificates", file.display())));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| bad(e.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
