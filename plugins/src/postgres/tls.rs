//! TLS to the server: rustls with the certificates that the system trusts, or those of a file.

use super::PostgresError;
use crate::http::tls::trusted;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use std::path::Path;
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// # Errors
/// [`PostgresError::Settings`] when there are no certificates to trust.
pub(super) fn connector(ca_file: Option<&Path>) -> Result<MakeRustlsConnect, PostgresError> {
    let settings = |why: String| PostgresError::Settings(why);
    let file = trusted(ca_file).map_err(|e| settings(e.to_string()))?;
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
