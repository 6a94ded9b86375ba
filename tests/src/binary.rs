//! The `ecoops` binary under test, run in a home of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The binary: `ECOOPS_BIN` if set (as `tests/run` does), else the one that this build just made.
pub fn path() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| match std::env::var_os("ECOOPS_BIN") {
        Some(path) => PathBuf::from(path),
        None => build(),
    })
}

/// Cargo builds no binary for the tests of another package, so this does.
fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--package", "ecoops"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .status();
    assert!(status.is_ok_and(|status| status.success()), "`cargo build --package ecoops` failed");
    let test = std::env::current_exe().unwrap_or_default();
    test.parent().and_then(Path::parent).map(|folder| folder.join("ecoops")).unwrap_or_default()
}

/// A command with nothing of the user's environment: its home and state are under `home`.
pub fn command(home: &Path) -> Command {
    let mut command = Command::new(path());
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("ECOOPS_HOME", home.join("ecoops"))
        .env("LANG", "C.UTF-8")
        .current_dir(home);
    command
}
