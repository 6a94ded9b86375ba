//! TLS to the server: rustls with the certificates that the system trusts, or those of a file.

use super::PostgresError;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Where the certificates are that a system trusts.
const SYSTEM_CERTIFICATES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
];

/// # Errors
/// [`PostgresError::Settings`] when there are no certificates to trust.
pub(super) fn connector(ca_file: Option<&Path>) -> Result<MakeRustlsConnect, PostgresError> {
    let settings = |why: String| PostgresError::Settings(why);
    let file = ca_file
        .map(Path::to_owned)
        .or_else(|| SYSTEM_CERTIFICATES.iter().map(PathBuf::from).find(|path| path.exists()))
        .ok_or_else(|| settings("no certificates to trust were found: install ca-certificates".into()))?;
    let mut roots = rustls::RootCertStore::empty();
    let read =
        CertificateDer::pem_file_iter(&file).map_err(|e| settings(format!("{}: {e}", file.display())))?;
    roots.add_parsable_certificates(read.filter_map(Result::ok));
    if roots.is_empty() {
        return Err(settings(format!("{} holds no certificates", file.display())));
    }
    let config =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| settings(e.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
