//! TLS with an authority of the test's own: certificates, and a front that speaks TLS for a server that does not.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::net::{SocketAddr, TcpListener as Listener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// An authority that nobody trusts who was not told to.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, as PEM.
    pub file: PathBuf,
}

/// A certificate and its key, in files.
#[derive(Debug, Clone)]
pub struct Identity {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    /// One whose certificate is `ca.pem` of a folder.
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

    /// A certificate for these names and its key, in files; gives the certificate's text.
    pub fn certify(&self, names: &[&str], certificate: &Path, key: &Path) -> String {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let pair = KeyPair::generate().expect("a key");
        let made = CertificateParams::new(names).expect("names").signed_by(&pair, &self.issuer);
        let made = made.expect("a certificate");
        std::fs::write(certificate, made.pem()).expect("a file");
        std::fs::write(key, pair.serialize_pem()).expect("a file");
        std::fs::set_permissions(key, PermissionsExt::from_mode(0o600)).expect("its mode");
        made.pem()
    }

    /// The same beside the authority's certificate, in files that begin with `stem`.
    pub fn identity(&self, names: &[&str], stem: &str) -> Identity {
        let beside = |end: &str| self.file.with_file_name(format!("{stem}.{end}"));
        let identity = Identity { certificate: beside("pem"), key: beside("key") };
        self.certify(names, &identity.certificate, &identity.key);
        identity
    }
}

/// Speaks TLS before a server until it is dropped.
pub struct Front {
    port: u16,
    _runtime: tokio::runtime::Runtime,
}

impl Front {
    pub fn start(identity: &Identity, behind: SocketAddr) -> Self {
        let chain = CertificateDer::pem_file_iter(&identity.certificate).expect("a certificate");
        let chain = chain.collect::<Result<Vec<_>, _>>().expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(&identity.key).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a pair");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = Listener::bind("127.0.0.1:0").expect("a port of this machine");
        listener.set_nonblocking(true).expect("its mode");
        let port = listener.local_addr().expect("its address").port();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).expect("a listener");
            while let Ok((client, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut secure = acceptor.accept(client).await?;
                    copy_bidirectional(&mut secure, &mut TcpStream::connect(behind).await?).await
                });
            }
        });
        Self { port, _runtime: runtime }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// `https://localhost:PORT`.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }
}
