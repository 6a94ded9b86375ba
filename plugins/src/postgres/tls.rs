//! TLS to the server: rustls with the certificates that the system trusts, or those of a file.

use super::PostgresError;
use crate::http::tls::plain_config;
use std::path::Path;
use tokio_postgres_rustls::MakeRustlsConnect;

/// # Errors
/// [`PostgresError::Settings`] when there are no certificates to trust.
pub(super) fn connector(ca_file: Option<&Path>) -> Result<MakeRustlsConnect, PostgresError> {
    let config = plain_config(ca_file).map_err(|e| PostgresError::Settings(e.to_string()))?;
    Ok(MakeRustlsConnect::new((*config).clone()))
}
