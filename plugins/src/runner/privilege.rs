//! Takes from a caged root what makes it more than the owner of its files.
//!
//! For other users nothing is done: they lose every capability when the program is executed.
//! With `CAP_PERFMON`, for instance, the environment of any process could be read in spite of
//! Landlock. Source: capabilities(7).

use rustix::io::Errno;
use rustix::process::geteuid;
use rustix::thread::{CapabilitySet, remove_capability_from_bounding_set};

/// With these, builds and tests run as root in containers; everything else is taken away.
const KEPT: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::NET_BIND_SERVICE);

/// Takes the rest from what the calling thread starts. False when root could not be cut down.
pub fn drop_from_root() -> bool {
    if !geteuid().is_root() {
        return true;
    }
    let taken =
        (0..u64::BITS).map(|bit| CapabilitySet::from_bits_retain(1 << bit)).filter(|c| !KEPT.contains(*c));
    // Bits that mean nothing to this kernel are refused as invalid.
    taken.into_iter().all(|c| matches!(remove_capability_from_bounding_set(c), Ok(()) | Err(Errno::INVAL)))
}
