//! The only place of the daemon that reads the environment: what systemd hands over, and what tests ask for.

use crate::credentials::Surroundings;
use ecoops_core::ports::secrets::Secret;
use listenfd::ListenFd;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::sync::Arc;

/// The socket that systemd listens on for us (sd_listen_fds(3)).
///
/// # Errors
/// When something else than a Unix stream socket is handed over.
pub fn inherited() -> std::io::Result<Option<UnixListener>> {
    ListenFd::from_env().take_unix_listener(0)
}

/// Tells systemd how it goes (sd_notify(3)): `READY=1`, `STOPPING=1`. Silent without systemd.
pub fn notify(state: &str) {
    let Some(name) = std::env::var_os("NOTIFY_SOCKET").filter(|v| !v.is_empty()) else { return };
    let sent =
        UnixDatagram::unbound().and_then(|socket| socket.send_to_addr(state.as_bytes(), &address(&name)?));
    if let Err(why) = sent {
        tracing::warn!(%why, "systemd could not be told");
    }
}

/// What names this installation of the system (machine-id(5)).
pub fn machine_id() -> Option<String> {
    ["/etc/machine-id", "/var/lib/dbus/machine-id"]
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok())
        .map(|id| id.trim().to_owned())
        .filter(|id| !id.is_empty())
}

/// What the daemon knows of its surroundings: nobody sits there, so a passphrase comes from `ECOOPS_PASSPHRASE`, and
/// what is to be confirmed is refused.
pub fn surroundings() -> Surroundings {
    let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty()).map(Secret::from);
    Surroundings {
        passphrase: Arc::new(move |_| variable("ECOOPS_PASSPHRASE")),
        api_key: variable("ECO_AUTH_API_KEY"),
        confirm: Arc::new(|_| None),
        machine: machine_id().unwrap_or_default(),
    }
}

/// A path, or with `@` a name in the abstract namespace.
fn address(name: &OsString) -> std::io::Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    if let Some(hidden) = name.as_bytes().strip_prefix(b"@") {
        return <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(hidden);
    }
    SocketAddr::from_pathname(name)
}
