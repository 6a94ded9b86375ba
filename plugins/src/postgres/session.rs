//! One connection and the small runtime that drives it while somebody waits.
//!
//! An operation that outlives its deadline loses its connection: what the server is still doing it rolls back.

use super::{PostgresError, PostgresSettings, tls};
use crate::egress;
use std::error::Error;
use std::str::FromStr;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};

/// See the module.
pub(crate) struct Session {
    // taken out when dropped, because a runtime must not wait for itself
    runtime: Option<Runtime>,
    client: Client,
}

impl Session {
    /// Within `patience`, and no longer than the settings allow.
    ///
    /// # Errors
    /// [`PostgresError::Away`], [`PostgresError::Settings`], or what the server says to the login.
    pub fn open(settings: &PostgresSettings, patience: Duration) -> Result<Self, PostgresError> {
        let config = config(settings)?;
        egress::permit(&format!("PostgreSQL at {}", shown(&config)))?;
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(|e| PostgresError::Away(format!("cannot be spoken to: {e}")))?;
        let (shown, patience) = (shown(&config), patience.min(settings.connect));
        let connecting = async {
            if config.get_ssl_mode() == SslMode::Disable {
                let (client, connection) = config.connect(NoTls).await.map_err(|e| unreached(e, &shown))?;
                tokio::spawn(async move { drop(connection.await) });
                return Ok(client);
            }
            let tls = tls::connector(settings.ca_file.as_deref())?;
            let (client, connection) = config.connect(tls).await.map_err(|e| unreached(e, &shown))?;
            tokio::spawn(async move { drop(connection.await) });
            Ok::<_, PostgresError>(client)
        };
        let connected = runtime.block_on(async { tokio::time::timeout(patience, connecting).await });
        let client = match connected {
            Ok(answer) => answer,
            Err(_) => Err(PostgresError::Away(format!("at {shown} did not answer in {patience:?}"))),
        };
        match client {
            Ok(client) => Ok(Self { runtime: Some(runtime), client }),
            Err(error) => {
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    /// Runs one operation until its deadline.
    ///
    /// # Errors
    /// Its own, or [`PostgresError::Away`] at the deadline; then the session is of no use any more.
    pub fn run<T>(
        &mut self,
        deadline: Duration,
        operation: impl AsyncFnOnce(&mut Client) -> Result<T, PostgresError>,
    ) -> Result<T, PostgresError> {
        let client = &mut self.client;
        let Some(runtime) = &self.runtime else { return Err(PostgresError::Away("was lost".into())) };
        runtime.block_on(async {
            match tokio::time::timeout(deadline, operation(client)).await {
                Ok(answer) => answer,
                Err(_) => Err(PostgresError::Away(format!("did not answer in {deadline:?}"))),
            }
        })
    }

    pub fn is_lost(&self) -> bool {
        self.client.is_closed()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What is wrong with who asks, or how, does not pass by itself; all else may.
fn unreached(error: tokio_postgres::Error, shown: &str) -> PostgresError {
    if error.as_db_error().is_some() {
        return error.into();
    }
    let cause = error.source().map(|e| format!(": {e}")).unwrap_or_default();
    let why = format!("{error}{cause}");
    if ["invalid configuration", "error performing TLS handshake"].iter().any(|s| why.starts_with(s)) {
        return PostgresError::Settings(format!("{shown}: {why}"));
    }
    PostgresError::Away(format!("at {shown} cannot be reached ({why})"))
}

fn config(settings: &PostgresSettings) -> Result<Config, PostgresError> {
    let refused = |why: &str| PostgresError::Settings(why.to_owned());
    // the error of the parser may repeat the address, which may hold a password
    let mut config = Config::from_str(&settings.address)
        .map_err(|_| refused("the address is none: it is like postgres://user@host:5432/database"))?;
    if config.get_password().is_some() {
        return Err(refused("the address holds a password: give it as a secret instead"));
    }
    if config.get_hosts().is_empty() {
        return Err(refused("the address names no host"));
    }
    if !settings.login.is_empty() {
        config.user(&settings.login);
    }
    if let Some(password) = &settings.password {
        config.password(password);
    }
    if config.get_ssl_mode() == SslMode::Prefer {
        // what would fall back to plain text when somebody in between says so protects nothing
        config.ssl_mode(if config.get_hosts().iter().all(is_local) {
            SslMode::Disable
        } else {
            SslMode::Require
        });
    }
    let milliseconds = settings.operation.as_millis();
    config
        .application_name("ecoops")
        .connect_timeout(settings.connect)
        .keepalives(true)
        .keepalives_idle(Duration::from_secs(30))
        .tcp_user_timeout(settings.operation)
        .options(format!(
            "-c statement_timeout={milliseconds} -c lock_timeout={milliseconds} \
             -c idle_in_transaction_session_timeout={milliseconds}"
        ));
    Ok(config)
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => crate::http::is_loopback_host(name),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn shown(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => String::new(),
    };
    match config.get_ports().first() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_for_this_machine_and_for_who_asks_for_it() {
        for (address, mode) in [
            ("postgres://a@127.0.0.1:1/d", Some(SslMode::Disable)),
            ("postgres://a@db.example/d", Some(SslMode::Require)),
            ("postgres://a@db.example,127.0.0.1/d", Some(SslMode::Require)),
            ("postgres://a@db.example/d?sslmode=disable", Some(SslMode::Disable)),
            ("postgres://a@localhost/d?sslmode=require", Some(SslMode::Require)),
            ("postgres://a:secret@localhost/d", None),
            ("postgres:///d", None),
            ("", None),
            ("http://x", None),
        ] {
            let settings = PostgresSettings { address: address.into(), ..PostgresSettings::default() };
            match config(&settings) {
                Ok(config) => assert_eq!(Some(config.get_ssl_mode()), mode, "{address}"),
                Err(error) => {
                    assert_eq!(mode, None, "{address}");
                    assert!(!error.to_string().contains("secret@"), "{error}");
                }
            }
        }
    }
}
