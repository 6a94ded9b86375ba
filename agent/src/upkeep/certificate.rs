//! A certificate of OpenBao's PKI for the TCP door: issued before the door opens, anew when two thirds of its life are
//! over, and revoked when the daemon stops. Its key is in memory alone.
//!
//! Never lengthens a life: one that cannot be replaced ends when it ends, and that is said before.

use super::{Chore, locked};
use crate::deliver::pause;
use crate::kernel::Clock;
use crate::tls::{Tls, TlsError};
use ecoops_plugins::registry::{Certificate, CertificateRequest, OpenBao};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How often is looked at most.
const LOOK: Duration = Duration::from_secs(60);

/// See the module.
pub struct Issued {
    authority: OpenBao,
    request: CertificateRequest,
    tls: Arc<Tls>,
    host: Clock,
    state: Mutex<State>,
}

struct State {
    current: Certificate,
    failures: u32,
    trouble: Option<String>,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum IssuedError {
    #[error("no certificate is issued for the TCP door: {0}")]
    Refused(String),
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Issued")
    }
}

impl Issued {
    /// The first certificate.
    ///
    /// # Errors
    /// [`IssuedError`] when there is none to be had.
    pub fn open(authority: OpenBao, request: CertificateRequest, host: Clock) -> Result<Self, IssuedError> {
        let current = authority.issue(&request).map_err(|e| IssuedError::Refused(e.to_string()))?;
        let tls = Tls::given(current.certificates.as_bytes(), current.private_key.expose())?;
        tracing::info!(serial = current.serial, "a certificate is issued for the TCP door");
        let state = Mutex::new(State { current, failures: 0, trouble: None });
        Ok(Self { authority, request, tls, host, state })
    }

    /// What the door shows.
    pub fn tls(&self) -> Arc<Tls> {
        self.tls.clone()
    }

    fn replace(&self) -> Result<Certificate, String> {
        let new = self.authority.issue(&self.request).map_err(|e| e.to_string())?;
        self.tls.give(new.certificates.as_bytes(), new.private_key.expose()).map_err(|e| e.to_string())?;
        Ok(new)
    }

    fn revoke(&self, certificate: &Certificate) {
        if let Err(why) = self.authority.revoke_certificate(&self.request.mount, certificate) {
            let serial = &certificate.serial;
            tracing::warn!(%why, serial, "a certificate was not revoked; it ends by itself");
        }
    }
}

impl Chore for Issued {
    fn name(&self) -> &'static str {
        "certificate"
    }

    fn round(&self) -> Duration {
        let now = || self.host.0.now().as_second();
        let current = locked(&self.state).current.clone();
        if !current.is_due(now()) {
            let left = current.due().saturating_sub(now()).max(1);
            return Duration::from_secs(left.unsigned_abs()).min(LOOK);
        }
        match self.replace() {
            Ok(new) => {
                tracing::info!(serial = new.serial, "a new certificate is in use");
                let left = new.due().saturating_sub(now()).max(1).unsigned_abs();
                *locked(&self.state) = State { current: new, failures: 0, trouble: None };
                self.revoke(&current);
                Duration::from_secs(left).min(LOOK)
            }
            Err(why) => {
                let mut state = locked(&self.state);
                state.failures = state.failures.saturating_add(1);
                let ends = jiff::Timestamp::from_second(current.expires).unwrap_or_default();
                let trouble = format!("the certificate is not renewed and ends at {ends}: {why}");
                tracing::error!(trouble, "the TCP door");
                state.trouble = Some(trouble);
                pause::after(state.failures, None, &*self.host.0)
            }
        }
    }

    fn trouble(&self) -> Option<String> {
        locked(&self.state).trouble.clone()
    }

    fn end(&self) {
        let current = locked(&self.state).current.clone();
        self.revoke(&current);
        if let Err(why) = self.authority.revoke() {
            tracing::warn!(%why, "a token of OpenBao was not revoked; it ends by itself");
        }
    }
}
