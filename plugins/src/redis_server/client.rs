//! Connections to one Redis: made when first needed, kept for the next call, given up after an error.

use super::link::{Destination, Link};
use crate::broker::BrokerSettings;
use crate::egress;
use crate::http::{is_loopback_host, tls};
use redis::RedisError;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Connections that wait for the next call; more are closed after use.
const MOST_IDLE: usize = 8;

/// The databases of the integration matrix that ecoops uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// Streams, their bookkeeping, and what is announced.
    Events = 0,
    RateLimits = 1,
}

/// Why Redis did not do it; the text has the address and no secret.
#[derive(Debug, thiserror::Error)]
#[error("Redis at {address}: {why}")]
pub struct RedisFailure {
    address: String,
    why: String,
}

/// See the module.
pub struct Client {
    to: Destination,
    address: String,
    deadline: Duration,
    idle: Mutex<Vec<Link>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Client {
    /// Connects to nothing yet. The address is `HOST:PORT`, `redis://HOST:PORT`, or `rediss://HOST:PORT` for TLS.
    ///
    /// # Errors
    /// [`RedisFailure`] when the address is none, a password would be sent in clear to another machine, or there are no
    /// certificates to trust.
    pub fn new(settings: &BrokerSettings, database: Database) -> Result<Self, RedisFailure> {
        let refused =
            |why: &str| RedisFailure { address: without_user(&settings.address), why: why.to_owned() };
        let Place { host, port, secure } = place(&settings.address).map_err(refused)?;
        if settings.password.is_some() && !secure && !is_loopback_host(&host) {
            return Err(refused("a password is sent over TLS only, or to this machine: write rediss://"));
        }
        let tls = secure.then(|| tls::plain_config(settings.ca_file.as_deref())).transpose();
        let to = Destination {
            host,
            port,
            tls: tls.map_err(|e| refused(&e.to_string()))?,
            user: settings.user.clone(),
            password: settings.password.clone(),
            database: database as i64,
        };
        let deadline = settings.deadline.max(Duration::from_millis(1));
        Ok(Self { to, address: settings.address.clone(), deadline, idle: Mutex::default() })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Link>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `act`, which must bear being run twice: a connection that was kept may turn out to be dead, and then
    /// a new one is tried once.
    ///
    /// # Errors
    /// [`RedisFailure`], within the deadline.
    pub fn call<T>(
        &self,
        mut act: impl FnMut(&mut Link) -> Result<T, RedisError>,
    ) -> Result<T, RedisFailure> {
        egress::permit(&format!("Redis at {}", self.address)).map_err(|closed| self.failure(&closed))?;
        let until = Instant::now() + self.deadline;
        let kept = self.idle().pop();
        if let Some(link) = kept {
            match self.with(link, until, &mut act) {
                Err(error) if is_dead(&error) => {}
                done => return done.map_err(|e| self.failure(&e)),
            }
        }
        Link::open(&self.to, until)
            .and_then(|link| self.with(link, until, &mut act))
            .map_err(|e| self.failure(&e))
    }

    /// One use of one connection, which is kept for the next when it is still good.
    fn with<T>(
        &self,
        mut link: Link,
        until: Instant,
        act: &mut impl FnMut(&mut Link) -> Result<T, RedisError>,
    ) -> Result<T, RedisError> {
        link.until(until);
        let done = act(&mut link);
        // An error that the server answered leaves the connection in step; any other may leave half an answer in it.
        let good = done.as_ref().err().is_none_or(|e| e.code().is_some());
        let mut idle = self.idle();
        if !good {
            // As this one was lost, so are the others, most likely; each would cost a whole deadline to find out.
            idle.clear();
        } else if idle.len() < MOST_IDLE {
            idle.push(link);
        }
        drop(idle);
        done
    }

    /// This failure with the address.
    pub fn failure(&self, why: &dyn std::fmt::Display) -> RedisFailure {
        RedisFailure { address: self.address.clone(), why: why.to_string() }
    }
}

/// The other side closed it, so that nothing of this call reached a living server and was answered.
fn is_dead(error: &RedisError) -> bool {
    error.is_connection_dropped() && !error.is_timeout()
}

/// An address with whatever stands before an `@` taken out, for messages.
fn without_user(address: &str) -> String {
    match (address.split_once("://"), address.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (None, Some((_, host))) => host.to_owned(),
        _ => address.to_owned(),
    }
}

/// What an address says.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    host: String,
    port: u16,
    secure: bool,
}

fn place(address: &str) -> Result<Place, &'static str> {
    const FORM: &str = "the address is none; write HOST:PORT, redis://HOST:PORT or rediss://HOST:PORT";
    let (secure, rest) = match address.split_once("://") {
        None => (false, address),
        Some(("redis", rest)) => (false, rest),
        Some(("rediss", rest)) => (true, rest),
        Some(_) => return Err(FORM),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains('@') {
        return Err("the address holds a user or password; a credential is named in a setting of its own");
    }
    if rest.contains(['/', '?', '#', ' ']) || rest.contains(char::is_control) {
        return Err(FORM);
    }
    let with_port = if rest.ends_with(']') { None } else { rest.rsplit_once(':') };
    let (host, port) = with_port.unwrap_or((rest, "6379"));
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host).to_owned();
    let port = port.parse().map_err(|_| FORM)?;
    if host.is_empty() { Err(FORM) } else { Ok(Place { host, port, secure }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_bad_ones_refused_without_showing_a_password() {
        for (address, expected) in [
            ("127.0.0.1:7000", Ok(("127.0.0.1", 7000, false))),
            ("redis://cache.example", Ok(("cache.example", 6379, false))),
            ("redis://[::1]:7000/", Ok(("::1", 7000, false))),
            ("redis://[::1]", Ok(("::1", 6379, false))),
            ("rediss://r:1", Ok(("r", 1, true))),
            ("", Err(())),
            ("http://r:1", Err(())),
            ("redis://r:99999", Err(())),
            ("redis://r:1/3", Err(())),
            ("redis://ana:hunter2@r:1", Err(())),
        ] {
            let expected = expected.map(|(host, port, secure)| Place { host: host.to_owned(), port, secure });
            assert_eq!(place(address).map_err(drop), expected, "{address}");
        }
        let settings = BrokerSettings {
            address: "redis://ana:hunter2@r:1".into(),
            password: Some("swordfish".to_owned().into()),
            ..BrokerSettings::default()
        };
        let made = |address: &str, password: bool| {
            let password = settings.password.clone().filter(|_| password);
            let settings = BrokerSettings { address: address.into(), password, ..settings.clone() };
            Client::new(&settings, Database::Events).map_err(|e| e.to_string())
        };
        for (address, password, good) in [
            ("redis://cache.example", false, true),
            ("redis://cache.example", true, false),
            ("10.0.0.7:6379", true, false),
            ("rediss://cache.example", true, true),
            ("localhost:6379", true, true),
            ("redis://[::1]", true, true),
        ] {
            let made = made(address, password);
            assert_eq!(made.is_ok(), good, "{address} {password}");
            assert!(made.err().is_none_or(|e| e.contains("rediss://") && !e.contains("swordfish")));
        }
        let error = Client::new(&settings, Database::Events).unwrap_err().to_string();
        assert!(!error.contains("hunter2") && error.contains("redis://r:1"), "{error}");
        assert!(!format!("{settings:?}").contains("swordfish"));
    }
}
