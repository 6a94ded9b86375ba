//! The only place of the daemon that reads the environment: what systemd hands over, and what tests ask for.

use listenfd::ListenFd;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};

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

/// A path, or with `@` a name in the abstract namespace.
fn address(name: &OsString) -> std::io::Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    if let Some(hidden) = name.as_bytes().strip_prefix(b"@") {
        return <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(hidden);
    }
    SocketAddr::from_pathname(name)
}
