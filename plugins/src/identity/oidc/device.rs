//! The device flow (RFC 8628): the user opens a page anywhere and types a code, we ask until it is done.

use super::{Grant, Oidc, OidcError, Tokens};
use serde::Deserialize;

/// RFC 8628 §3.2.
#[derive(Deserialize)]
struct Started {
    device_code: String,
    user_code: String,
    verification_uri: String,
    #[serde(default)]
    verification_uri_complete: Option<String>,
    expires_in: u32,
    #[serde(default)]
    interval: Option<u32>,
}

/// A login that waits for its user.
pub struct DeviceLogin {
    device_code: String,
    /// What the user types, and where.
    pub user_code: String,
    pub page: String,
    /// The page with the code in it.
    pub page_with_code: Option<String>,
    /// Seconds to wait before each poll.
    pub interval: u32,
    /// Seconds since 1970.
    ends: i64,
}

impl std::fmt::Debug for DeviceLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceLogin").field("page", &self.page).finish_non_exhaustive()
    }
}

/// What a poll gave.
#[derive(Debug)]
pub enum Polled {
    /// Ask again after [`DeviceLogin::interval`] seconds.
    Pending,
    Done(Tokens),
}

impl Oidc {
    /// # Errors
    /// [`OidcError::NoFlow`] when the issuer has no device flow, or why it refused.
    pub fn start_device(&self) -> Result<DeviceLogin, OidcError> {
        let endpoint = self.issuer()?.device.as_ref().ok_or(OidcError::NoFlow("device flow"))?;
        let scope = self.settings.scopes.join(" ");
        let mut fields = vec![("scope", scope.as_str())];
        if !self.settings.resource.is_empty() {
            fields.push(("resource", &self.settings.resource));
        }
        let started: Started = self.post(endpoint, &fields)?;
        let harmless = |url: &str| {
            (url.starts_with("https://") || url.starts_with("http://")) && !url.chars().any(char::is_control)
        };
        let complete = started.verification_uri_complete.filter(|url| harmless(url));
        if !harmless(&started.verification_uri) {
            return Err(self.broken("its device page has no address"));
        }
        Ok(DeviceLogin {
            device_code: started.device_code,
            user_code: started.user_code.chars().filter(|c| !c.is_control()).take(64).collect(),
            page: started.verification_uri,
            page_with_code: complete,
            interval: started.interval.unwrap_or(5).clamp(1, 60),
            ends: self.now().saturating_add(i64::from(started.expires_in)),
        })
    }

    /// Asks once whether the user is done. `slow_down` makes the interval 5 s longer (§3.5).
    ///
    /// # Errors
    /// [`OidcError::Denied`], [`OidcError::TimedOut`], or what else ended it.
    pub fn poll_device(&self, login: &mut DeviceLogin) -> Result<Polled, OidcError> {
        if self.now() >= login.ends {
            return Err(OidcError::TimedOut);
        }
        match self.exchange(Grant::Device { device_code: &login.device_code }) {
            Ok(tokens) => Ok(Polled::Done(tokens)),
            Err(OidcError::Refused { error, description }) => match error.as_str() {
                "authorization_pending" => Ok(Polled::Pending),
                "slow_down" => {
                    login.interval = login.interval.saturating_add(5).min(60);
                    Ok(Polled::Pending)
                }
                "access_denied" => Err(OidcError::Denied),
                "expired_token" => Err(OidcError::TimedOut),
                _ => Err(OidcError::Refused { error, description }),
            },
            // §3.5: a connection that timed out is no answer; ask more slowly.
            Err(OidcError::Http(why)) if why.may_pass() => {
                login.interval = login.interval.saturating_mul(2).min(60);
                Ok(Polled::Pending)
            }
            Err(other) => Err(other),
        }
    }
}
