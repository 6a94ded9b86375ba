//! An authority of a test's own, and the certificates that it makes.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate, in PEM.
    pub file: PathBuf,
}

/// A certificate and its key, in files.
#[derive(Debug, Clone)]
pub struct Identity {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    /// # Panics
    /// When the folder cannot be written.
    pub fn new(folder: &Path) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Test authority");
        let certificate = params.self_signed(&key).expect("a certificate");
        let file = folder.join("ca.pem");
        std::fs::write(&file, certificate.pem()).expect("a file");
        Self { issuer: Issuer::new(params, key), file }
    }

    /// A certificate for these names, and its key, both in PEM.
    ///
    /// # Panics
    /// When a name is none.
    pub fn made(&self, names: &[&str]) -> (String, String) {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let pair = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(names).expect("names");
        let made = params.signed_by(&pair, &self.issuer).expect("a certificate");
        (made.pem(), pair.serialize_pem())
    }

    /// The same in files, the key for its owner only; gives the certificate.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn certify(&self, names: &[&str], certificate: &Path, key: &Path) -> String {
        let (made, pair) = self.made(names);
        std::fs::write(certificate, &made).expect("a file");
        std::fs::write(key, pair).expect("a file");
        std::fs::set_permissions(key, PermissionsExt::from_mode(0o600)).expect("a mode");
        made
    }

    /// The same beside the authority's certificate, in files that begin with `stem`.
    ///
    /// # Panics
    /// As [`Authority::certify`].
    pub fn identity(&self, names: &[&str], stem: &str) -> Identity {
        let beside = |end: &str| self.file.with_file_name(format!("{stem}.{end}"));
        let identity = Identity { certificate: beside("pem"), key: beside("key") };
        self.certify(names, &identity.certificate, &identity.key);
        identity
    }

    /// A server's side of TLS for these names.
    ///
    /// # Panics
    /// When a name is none.
    pub fn server(&self, names: &[&str]) -> Arc<ServerConfig> {
        let (certificate, key) = self.made(names);
        serving(certificate.as_bytes(), key.as_bytes())
    }
}

impl Identity {
    /// A server's side of TLS with it.
    ///
    /// # Panics
    /// When its files cannot be read.
    pub fn server(&self) -> Arc<ServerConfig> {
        let read = |file| std::fs::read(file).expect("a file");
        serving(&read(&self.certificate), &read(&self.key))
    }
}

fn serving(certificate: &[u8], key: &[u8]) -> Arc<ServerConfig> {
    let chain = vec![CertificateDer::from_pem_slice(certificate).expect("PEM")];
    let key = PrivateKeyDer::from_pem_slice(key).expect("PEM");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(chain, key);
    Arc::new(config.expect("a certificate with its key"))
}
