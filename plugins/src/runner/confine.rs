//! Landlock and resource limits for the calling thread, inherited by what it starts.
//!
//! Landlock allows by list: what is not granted is refused. Source: landlock(7), ABI 1 to 7.

use super::namespace::Private;
use super::privilege;
use super::wire::Spec;
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, LandlockStatus, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, Scope, path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::path::{Path, PathBuf};

/// The newest interface whose restrictions were tested here.
const TESTED: ABI = ABI::V7;

/// System folders that programs and libraries are read from.
const SYSTEM: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/opt",
    "/proc",
    "/sys",
    "/nix",
    "/gnu",
    "/snap",
    "/home/linuxbrew/.linuxbrew",
    "/run/current-system",
    "/var/lib/gems",
    "/var/lib/ghc",
];
const DEVICES: &[&str] =
    &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/ptmx", "/dev/pts"];
/// What of `/etc` holds secrets; all the rest of it is readable.
const ETC_SECRETS: &[&str] = &[
    "shadow",
    "shadow-",
    "gshadow",
    "gshadow-",
    "sudoers",
    "sudoers.d",
    "ssh",
    "ssl",
    "kubernetes",
    "rancher",
    "wireguard",
    "openvpn",
    "ipsec.secrets",
    "krb5.keytab",
    "machine-id",
    "NetworkManager",
    "docker",
    "cups",
];

/// Puts the calling thread into its cage and says what could not be enforced.
///
/// # Errors
/// A text when the kernel has Landlock and refused the rules: then nothing must be run.
pub fn apply(spec: &Spec, private: &Private) -> Result<Vec<String>, String> {
    limit(spec.memory_bytes);
    let abi = restrict(spec, private).map_err(|e| format!("Landlock refused its rules: {e}"))?;
    let mut gaps = unenforced(spec.network, private, abi);
    if !privilege::drop_from_root() {
        gaps.push("root keeps its privileges (its capabilities could not be dropped)".to_owned());
    }
    Ok(gaps)
}

/// Whether this kernel has Landlock. Asks for a set of rules and drops it; confines nothing.
pub fn works() -> bool {
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1));
    ruleset.and_then(|r| r.create()).is_ok()
}

/// No core dumps, and a ceiling of each process's data far above the limit for the whole tree: what
/// is measured decides, this only stops a process that grows faster than it can be measured.
fn limit(memory_bytes: u64) {
    let both = |n| Rlimit { current: Some(n), maximum: Some(n) };
    let _ = setrlimit(Resource::Core, both(0));
    let ceiling = memory_bytes.saturating_mul(2).saturating_add(512 << 20);
    let _ = setrlimit(Resource::Data, both(ceiling));
}

/// Returns the version of Landlock's interface that is in force; 0 for none.
fn restrict(spec: &Spec, private: &Private) -> Result<i32, RulesetError> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(TESTED))?
        .scope(Scope::from_all(TESTED))?;
    if !spec.network && !private.network {
        ruleset = ruleset.handle_access(AccessNet::from_all(TESTED))?;
    }
    let read = SYSTEM.iter().map(PathBuf::from).chain(readable_etc()).chain(spec.readable.iter().cloned());
    let own = private.folders.iter().filter(|f| f.as_path() == Path::new("/dev/shm")).cloned();
    let write = DEVICES.iter().map(PathBuf::from).chain(spec.writable.iter().cloned()).chain(own);
    let status = ruleset
        .create()?
        .add_rules(path_beneath_rules(read, AccessFs::from_read(TESTED)))?
        .add_rules(path_beneath_rules(write, AccessFs::from_all(TESTED)))?
        .restrict_self()?;
    Ok(match status.landlock {
        LandlockStatus::Available { effective_abi, .. } => effective_abi as i32,
        _ => 0,
    })
}

fn readable_etc() -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/etc").into_iter().flatten().flatten();
    let plain = entries.filter(|e| !ETC_SECRETS.iter().any(|s| e.file_name() == *s)).map(|e| e.path());
    plain.chain(["/etc/ssl/certs", "/etc/ssl/openssl.cnf"].map(PathBuf::from)).collect()
}

fn unenforced(network: bool, private: &Private, abi: i32) -> Vec<String> {
    let mut gaps = Vec::new();
    let mut gap = |open: bool, text: &str| {
        if open {
            gaps.push(text.to_owned());
        }
    };
    gap(abi < 1, "files are not protected (no Landlock in this kernel)");
    gap(abi == 1 || abi == 2, "truncating files outside the sandbox is not refused (Landlock is too old)");
    let isolated = network || private.network;
    gap(!isolated && abi < 4, "the network is not cut off (no network namespace, Landlock is too old)");
    gap(!isolated && abi >= 4, "UDP is not cut off (no network namespace); TCP is, loopback included");
    let sockets_hidden = private.folders.iter().any(|f| f == Path::new("/run"));
    gap(!sockets_hidden, "Unix sockets of other programs can be reached (/run is not hidden)");
    gap(abi < 6, "other processes of this user can be signalled (Landlock is too old)");
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_enforced_is_named() {
        let all = Private { network: true, folders: vec!["/run".into()] };
        let none = Private::default();
        for (network, private, abi, expected) in [
            (false, &all, 7, 0),
            (false, &all, 0, 2),
            (false, &none, 7, 2),
            (false, &none, 3, 3),
            (true, &none, 7, 1),
        ] {
            let gaps = unenforced(network, private, abi);
            assert_eq!(gaps.len(), expected, "{network} {private:?} {abi}: {gaps:?}");
        }
    }
}
