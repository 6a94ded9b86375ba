//! New namespaces for the launcher: a network with nothing but loopback, and a private view of the
//! folders in which other programs leave their sockets and shared memory.
//!
//! Sources: unshare(2), user_namespaces(7), rtnetlink(7). Must be called while the process has one
//! thread, because a user namespace is refused to others.

use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::process::{getegid, geteuid};
use rustix::thread::UnshareFlags;
use std::path::{Path, PathBuf};

/// What this process now has of its own.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Private {
    pub network: bool,
    /// The folders that are now empty and its own.
    pub folders: Vec<PathBuf>,
}

/// Enters what the kernel permits; with `network` the machine's network is kept.
pub fn enter(network: bool, hide: &[&Path]) -> Private {
    let wanted = if network { UnshareFlags::NEWNS } else { UnshareFlags::NEWNS | UnshareFlags::NEWNET };
    if unshare(wanted).is_err() && in_user_namespace(wanted).is_err() {
        return Private::default();
    }
    Private { network: !network && loopback_up().is_ok(), folders: hide_all(hide) }
}

fn in_user_namespace(wanted: UnshareFlags) -> std::io::Result<()> {
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    unshare(wanted | UnshareFlags::NEWUSER)?;
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("{uid} {uid} 1"))?;
    std::fs::write("/proc/self/gid_map", format!("{gid} {gid} 1"))
}

/// Only `UnshareFlags::FILES` makes this call unsound, and it is never passed; the sound spelling
/// needs an `unsafe` block, which this project forbids.
#[allow(deprecated)]
fn unshare(flags: UnshareFlags) -> std::io::Result<()> {
    Ok(rustix::thread::unshare(flags)?)
}

/// An empty file system of its own over each folder that exists.
fn hide_all(folders: &[&Path]) -> Vec<PathBuf> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    if mount_change("/", private).is_err() {
        return Vec::new();
    }
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    folders
        .iter()
        .filter(|f| f.is_dir() && mount("tmpfs", **f, "tmpfs", flags, c"mode=1777").is_ok())
        .map(|f| f.to_path_buf())
        .collect()
}

/// `ip link set lo up`: protocol 0 (the routing one), an RTM_NEWLINK message for interface 1, which is loopback in a new namespace.
fn loopback_up() -> std::io::Result<()> {
    let socket =
        rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    rustix::net::sendto(&socket, &link_up_message(), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut answer = [0u8; 1024];
    let (_, length) = rustix::net::recv(&socket, &mut answer[..], RecvFlags::empty())?;
    match answer.get(..length).and_then(|a| a.get(16..20)) {
        Some([0, 0, 0, 0]) => Ok(()),
        _ => Err(std::io::Error::other("the kernel refused to bring loopback up")),
    }
}

/// nlmsghdr (length, type 16, request + acknowledge, sequence, port) and ifinfomsg (family, type,
/// index 1, flags IFF_UP, change mask IFF_UP), in the machine's byte order.
fn link_up_message() -> Vec<u8> {
    let mut m = Vec::with_capacity(32);
    m.extend(32u32.to_ne_bytes());
    m.extend(16u16.to_ne_bytes());
    m.extend(5u16.to_ne_bytes());
    m.extend(1u32.to_ne_bytes());
    m.extend(0u32.to_ne_bytes());
    m.extend([0, 0]);
    m.extend(0u16.to_ne_bytes());
    m.extend(1i32.to_ne_bytes());
    m.extend(1u32.to_ne_bytes());
    m.extend(1u32.to_ne_bytes());
    m
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_message_has_the_length_that_it_claims() {
        assert_eq!(super::link_up_message().len(), 32);
    }
}
