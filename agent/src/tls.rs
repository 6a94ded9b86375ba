//! TLS for those who come over TCP: our certificate and key from files, read again when they change, or given by
//! whoever had them issued.
//!
//! rustls with ring; TLS 1.2 and 1.3. A key that others may read is refused. When new files cannot be used,
//! the old ones stay in use and that is said. Clients show who they are with a token, never with a certificate.

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// A file with a chain of certificates is smaller.
const MOST: u64 = 1 << 20;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    #[error("TLS needs both `agent.tls_certificate` and `agent.tls_key`")]
    Half,
    #[error("TLS is either by files (`agent.tls_certificate`) or issued (`agent.tls_role`), not both")]
    Twice,
    #[error("{0} cannot be read: {1}")]
    Unreadable(String, String),
    #[error("others may read {0} (mode {1:03o}); chmod it to 600")]
    Exposed(String, u32),
    #[error("{0} holds no certificate in PEM")]
    NoCertificate(String),
    #[error("{0} holds no private key in PEM")]
    NoKey(String),
    #[error("the certificate and the key cannot be used: {0}")]
    Unusable(String),
}

/// What is in use: the configuration of connections to come, and the certificate that they show.
struct Current {
    config: Arc<ServerConfig>,
    certificate: CertificateDer<'static>,
}

/// Our side of TLS.
pub struct Tls {
    /// Certificate and key; none when they are given.
    files: Option<(PathBuf, PathBuf)>,
    current: RwLock<Arc<Current>>,
    /// Of the files that are in use, or were refused last.
    seen: RwLock<Option<Seen>>,
}

/// What tells two states of both files apart.
type Seen = [(u64, i64, i64, u64); 2];

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Tls {
    /// `None` when neither file is named.
    ///
    /// # Errors
    /// [`TlsError`] when TLS was asked for and cannot be had.
    pub fn open(certificate: &str, key: &str) -> Result<Option<Arc<Self>>, TlsError> {
        if certificate.is_empty() != key.is_empty() {
            return Err(TlsError::Half);
        }
        if certificate.is_empty() {
            return Ok(None);
        }
        let (certificate, key) = (PathBuf::from(certificate), PathBuf::from(key));
        let seen = seen(&certificate, &key);
        let current = RwLock::new(Arc::new(load(&certificate, &key)?));
        Ok(Some(Arc::new(Self { files: Some((certificate, key)), current, seen: RwLock::new(seen) })))
    }

    /// With a certificate chain and its key in PEM.
    ///
    /// # Errors
    /// [`TlsError`] when they cannot be used.
    pub fn given(chain: &[u8], key: &[u8]) -> Result<Arc<Self>, TlsError> {
        let current = RwLock::new(Arc::new(take("what was issued", chain, key)?));
        Ok(Arc::new(Self { files: None, current, seen: RwLock::default() }))
    }

    /// Uses another certificate from now on.
    ///
    /// # Errors
    /// [`TlsError`] when it cannot be used; the old one stays.
    pub fn give(&self, chain: &[u8], key: &[u8]) -> Result<(), TlsError> {
        let new = take("what was issued", chain, key)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        Ok(())
    }

    /// For a connection that begins now.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.current().config.clone()
    }

    fn current(&self) -> Arc<Current> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the certificate is for this name or address.
    pub fn is_for(&self, name: &str) -> bool {
        let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
        let current = self.current();
        let certificate = webpki::EndEntityCert::try_from(&current.certificate);
        let name = ServerName::try_from(bare);
        matches!((certificate, name), (Ok(own), Ok(name)) if own.verify_is_valid_for_subject_name(&name).is_ok())
    }

    /// Reads the files again; when they are as they were, only if it is `forced`. True when new ones are in use.
    ///
    /// # Errors
    /// [`TlsError`] when the new ones cannot be used; the old ones stay.
    pub fn renew(&self, forced: bool) -> Result<bool, TlsError> {
        let Some((certificate, key)) = &self.files else { return Ok(false) };
        let now = seen(certificate, key);
        {
            let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
            if *seen == now && !forced {
                return Ok(false);
            }
            *seen = now;
        }
        let new = load(certificate, key)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        Ok(true)
    }
}

fn seen(certificate: &Path, key: &Path) -> Option<Seen> {
    let one = |path: &Path| {
        let about = std::fs::metadata(path).ok()?;
        Some((about.ino(), about.mtime(), about.mtime_nsec(), about.len()))
    };
    Some([one(certificate)?, one(key)?])
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let wrong = |why: String| TlsError::Unreadable(path.display().to_string(), why);
    let about = std::fs::metadata(path).map_err(|e| wrong(e.to_string()))?;
    if !about.is_file() || about.len() > MOST {
        return Err(wrong(format!("it is no file of at most {MOST} bytes")));
    }
    std::fs::read(path).map_err(|e| wrong(e.to_string()))
}

fn load(certificate: &Path, key: &Path) -> Result<Current, TlsError> {
    let chain = chain_of(&certificate.display().to_string(), &read(certificate)?)?;
    let named = key.display().to_string();
    let mode = std::fs::metadata(key).map(|about| about.mode() & 0o777).unwrap_or(0);
    if mode & 0o077 != 0 {
        return Err(TlsError::Exposed(named, mode));
    }
    current(chain, key_of(&named, &read(key)?)?)
}

fn take(named: &str, chain: &[u8], key: &[u8]) -> Result<Current, TlsError> {
    current(chain_of(named, chain)?, key_of(named, key)?)
}

fn chain_of(named: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    chain.ok().filter(|chain| !chain.is_empty()).ok_or_else(|| TlsError::NoCertificate(named.to_owned()))
}

fn key_of(named: &str, pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| TlsError::NoKey(named.to_owned()))
}

fn current(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Current, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let unusable = |e: rustls::Error| TlsError::Unusable(e.to_string());
    let none = || TlsError::Unusable("there is no certificate".into());
    let certificate = chain.first().cloned().ok_or_else(none)?;
    // The key must be the certificate's own.
    CertifiedKey::from_der(chain.clone(), key.clone_key(), &provider).map_err(unusable)?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
    let mut config = config.map_err(unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Current { config: Arc::new(config), certificate })
}
