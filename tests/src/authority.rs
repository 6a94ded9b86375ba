//! An authority of a test's own, and what it certifies.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// See the module.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate, for whoever trusts it.
    pub file: PathBuf,
}

impl Authority {
    /// Its certificate is `ca.pem` of the folder.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn new(folder: &Path) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Test authority");
        let certificate = params.self_signed(&key).expect("a certificate");
        let file = folder.join("ca.pem");
        std::fs::write(&file, certificate.pem()).expect("written");
        Self { issuer: Issuer::new(params, key), file }
    }

    /// A certificate for these names and its key, in files; gives the certificate's text.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn certify(&self, names: &[&str], certificate: &Path, key: &Path) -> String {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let pair = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(names).expect("names");
        let made = params.signed_by(&pair, &self.issuer).expect("a certificate");
        std::fs::write(certificate, made.pem()).expect("written");
        std::fs::write(key, pair.serialize_pem()).expect("written");
        std::fs::set_permissions(key, PermissionsExt::from_mode(0o600)).expect("its owner's alone");
        made.pem()
    }
}
