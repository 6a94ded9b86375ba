//! Connections to one Redis: made when first needed, kept for the next call, given up after an error.

use crate::egress;
use crate::http::is_loopback_host;
use redis::{Connection, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo, RedisError};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// Connections that wait for the next call; more are closed after use.
const MOST_IDLE: usize = 8;

/// The databases of the integration matrix that ecoops uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// Streams, their bookkeeping, and what is announced.
    Events = 0,
    RateLimits = 1,
}

/// Where a Redis is and who asks.
#[derive(Clone)]
pub struct RedisSettings {
    /// `HOST:PORT`, `redis://HOST:PORT` or `rediss://HOST:PORT` for TLS with the system's certificates.
    /// No user, password or database stands in it.
    pub address: String,
    pub user: Option<String>,
    pub password: Option<Zeroizing<String>>,
    /// For one call, the connection included.
    pub deadline: Duration,
}

impl std::fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { address, deadline, .. } = self;
        f.debug_struct("RedisSettings")
            .field("address", address)
            .field("deadline", deadline)
            .finish_non_exhaustive()
    }
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
    client: redis::Client,
    address: String,
    deadline: Duration,
    idle: Mutex<Vec<Connection>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Client {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// [`RedisFailure`] when the address is none, or a password would be sent in clear to another machine.
    pub fn new(settings: &RedisSettings, database: Database) -> Result<Self, RedisFailure> {
        let refused =
            |why: &str| RedisFailure { address: without_user(&settings.address), why: why.to_owned() };
        let address = place(&settings.address).map_err(refused)?;
        let mut who = RedisConnectionInfo::default().set_db(database as i64);
        if let Some(user) = &settings.user {
            who = who.set_username(user);
        }
        if let Some(password) = &settings.password {
            if matches!(&address, ConnectionAddr::Tcp(host, _) if !is_loopback_host(host)) {
                return Err(refused("a password is sent over TLS only, or to this machine: write rediss://"));
            }
            who = who.set_password(password.as_str());
        }
        let client = address
            .into_connection_info()
            .map(|info| info.set_redis_settings(who))
            .and_then(redis::Client::open)
            .map_err(|e| refused(&e.to_string()))?;
        Ok(Self {
            client,
            address: settings.address.clone(),
            deadline: settings.deadline.max(Duration::from_millis(1)),
            idle: Mutex::default(),
        })
    }

    /// Runs `act`, which must bear being run twice: a connection that was kept may turn out to be dead, and then
    /// a new one is tried once.
    ///
    /// # Errors
    /// [`RedisFailure`], within the deadline.
    pub fn call<T>(
        &self,
        mut act: impl FnMut(&mut Connection) -> Result<T, RedisError>,
    ) -> Result<T, RedisFailure> {
        egress::permit(&format!("Redis at {}", self.address)).map_err(|closed| self.failure(&closed))?;
        let until = Instant::now() + self.deadline;
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(connection) = kept {
            match self.with(connection, until, &mut act) {
                Err(error) if is_dead(&error) => {
                    self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear()
                }
                done => return done.map_err(|e| self.failure(&e)),
            }
        }
        self.client
            .get_connection_with_timeout(left(until))
            .and_then(|connection| self.with(connection, until, &mut act))
            .map_err(|e| self.failure(&e))
    }

    /// One use of one connection, which is kept for the next when it is still good.
    fn with<T>(
        &self,
        mut connection: Connection,
        until: Instant,
        act: &mut impl FnMut(&mut Connection) -> Result<T, RedisError>,
    ) -> Result<T, RedisError> {
        connection.set_read_timeout(Some(left(until)))?;
        connection.set_write_timeout(Some(left(until)))?;
        let done = act(&mut connection);
        // An error that the server answered leaves the connection in step; any other may leave half an answer in it.
        if done.as_ref().err().is_none_or(|e| e.code().is_some()) {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < MOST_IDLE {
                idle.push(connection);
            }
        }
        done
    }

    /// This failure with the address.
    pub fn failure(&self, why: &dyn std::fmt::Display) -> RedisFailure {
        RedisFailure { address: self.address.clone(), why: why.to_string() }
    }
}

/// What is left until then; never 0, which would mean for ever.
fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
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

fn place(address: &str) -> Result<ConnectionAddr, &'static str> {
    const FORM: &str = "the address is none; write HOST:PORT, redis://HOST:PORT or rediss://HOST:PORT";
    let (tls, rest) = match address.split_once("://") {
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
    let (host, port) = rest.rsplit_once(':').unwrap_or((rest, "6379"));
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host).to_owned();
    let port = port.parse().map_err(|_| FORM)?;
    match (host.is_empty(), tls) {
        (true, _) => Err(FORM),
        (false, true) => Ok(ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }),
        (false, false) => Ok(ConnectionAddr::Tcp(host, port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_bad_ones_refused_without_showing_a_password() {
        for (address, expected) in [
            ("127.0.0.1:7000", Ok(ConnectionAddr::Tcp("127.0.0.1".into(), 7000))),
            ("redis://cache.example", Ok(ConnectionAddr::Tcp("cache.example".into(), 6379))),
            ("redis://[::1]:7000/", Ok(ConnectionAddr::Tcp("::1".into(), 7000))),
            (
                "rediss://r:1",
                Ok(ConnectionAddr::TcpTls { host: "r".into(), port: 1, insecure: false, tls_params: None }),
            ),
            ("", Err(())),
            ("http://r:1", Err(())),
            ("redis://r:99999", Err(())),
            ("redis://r:1/3", Err(())),
            ("redis://ana:hunter2@r:1", Err(())),
        ] {
            assert_eq!(place(address).map_err(drop), expected, "{address}");
        }
        let settings = RedisSettings {
            address: "redis://ana:hunter2@r:1".into(),
            user: None,
            password: Some("swordfish".to_owned().into()),
            deadline: Duration::from_secs(1),
        };
        let made = |address: &str, password: bool| {
            let password = settings.password.clone().filter(|_| password);
            let settings = RedisSettings { address: address.into(), password, ..settings.clone() };
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
