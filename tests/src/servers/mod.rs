//! Real servers: each on a free port of this machine with a folder of its own, ready before it is handed over,
//! and stopped by its process id. One file a server says how it is started; never shared between tests.

pub mod kafka;
pub mod llm;
pub mod nats;
pub mod oidc;
pub mod openbao;
pub mod postgres;
pub mod prometheus;
pub mod redis;
pub mod s3;
pub mod tls;

use crate::parts;
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a server may take until it answers, or has stopped.
const PATIENCE: Duration = Duration::from_secs(60);
/// The user that a server runs as when the tests run as root; PostgreSQL refuses root.
const NOBODY: u32 = 65_534;

/// What starts a server, again after it was killed too: its folder and port stay the same.
type Start = dyn Fn(&Path, u16) -> Command + Send + Sync;
/// Whether it answers.
type Ready = dyn Fn(u16) -> bool + Send + Sync;

/// A server that runs until it is dropped.
pub struct Server {
    child: Option<Child>,
    folder: TempDir,
    port: u16,
    start: Box<Start>,
    ready: Box<Ready>,
}

impl Server {
    /// Starts it and waits until it is ready. What it prints is in `output` of its folder, shown when it fails.
    pub fn start(
        start: impl Fn(&Path, u16) -> Command + Send + Sync + 'static,
        ready: impl Fn(u16) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self::in_folder(tempfile::tempdir().expect("a folder"), start, ready)
    }

    /// The same in a folder that was prepared.
    pub fn in_folder(
        folder: TempDir,
        start: impl Fn(&Path, u16) -> Command + Send + Sync + 'static,
        ready: impl Fn(u16) -> bool + Send + Sync + 'static,
    ) -> Self {
        let mut server =
            Self { child: None, folder, port: free_port(), start: Box::new(start), ready: Box::new(ready) };
        server.run();
        server
    }

    /// Starts it again after [`Server::stop`] or [`Server::kill`].
    pub fn run(&mut self) {
        let output = self.folder.path().join("output");
        let print =
            || File::options().create(true).append(true).open(&output).expect("a file for what it prints");
        let mut command = (self.start)(self.folder.path(), self.port);
        command.stdin(Stdio::null()).stdout(print()).stderr(print());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
        until(&format!("{command:?} answers"), || {
            if let Some(status) = child.try_wait().expect("its state") {
                let said = std::fs::read_to_string(&output).unwrap_or_default();
                panic!("{command:?} ended by itself, {status}:\n{said}");
            }
            (self.ready)(self.port).then_some(())
        });
        self.child = Some(child);
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// As `kill -9`.
    pub fn kill(&mut self) {
        self.signal(rustix::process::Signal::KILL);
    }

    /// As `kill`; returns when it has ended.
    pub fn stop(&mut self) {
        self.signal(rustix::process::Signal::TERM);
    }

    /// As Ctrl-C, at which PostgreSQL does not wait for its clients; returns when it has ended.
    pub fn interrupt(&mut self) {
        self.signal(rustix::process::Signal::INT);
    }

    fn signal(&mut self, signal: rustix::process::Signal) {
        let Some(mut child) = self.child.take() else { return };
        if let Some(pid) = rustix::process::Pid::from_raw(i32::try_from(child.id()).expect("a process id")) {
            let _ = rustix::process::kill_process(pid, signal);
        }
        let _ = child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port of this machine").port()
}

/// Asks until there is an answer.
///
/// # Panics
/// After a minute.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: not within a minute");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// The status of a request without a body, when there is an answer.
pub fn status(port: u16, method: &str, path: &str) -> Option<u16> {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).ok()?;
    std::str::from_utf8(&answer).ok()?.split(' ').nth(1)?.parse().ok()
}

/// Whether something listens there.
pub fn listens(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// The Python of the servers, when `module` is installed there; else says what is skipped and gives `None`.
pub fn python(module: &str, package: &str) -> Option<PathBuf> {
    let found = library(module).map(|_| parts::folder().join("servers/bin/python"));
    if found.is_none() {
        parts::skipped(package, "tests/run --parts-only");
    }
    found
}

/// The folder of a Python package of the servers.
pub fn library(module: &str) -> Option<PathBuf> {
    let versions = std::fs::read_dir(parts::folder().join("servers/lib")).ok()?;
    versions.flatten().map(|v| v.path().join("site-packages").join(module)).find(|path| path.exists())
}

/// A program of a Python package of the servers; else says what is skipped and gives `None`.
pub fn program(name: &str, package: &str) -> Option<PathBuf> {
    let path = parts::folder().join("servers/bin").join(name);
    if path.exists() {
        return Some(path);
    }
    parts::skipped(package, "tests/run --parts-only");
    None
}

/// A program of Debian's that was unpacked, with the libraries that were unpacked beside it.
pub fn debian(program: &str, package: &str) -> Option<Command> {
    let path = parts::unpacked(program, package)?;
    let root = parts::folder().join("debian");
    let libraries = std::fs::read_dir(root.join("usr/lib")).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> =
        libraries.map(|entry| entry.path()).filter(|p| p.to_string_lossy().ends_with("-linux-gnu")).collect();
    folders.push(root.join("usr/lib"));
    let mut command = Command::new(path);
    command.env("LD_LIBRARY_PATH", std::env::join_paths(folders).expect("no folder has a colon"));
    Some(command)
}

/// The command as another user when the tests run as root, who must own `folder`; else the command itself.
pub fn unprivileged(program: &Path, folder: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let nobody = NOBODY.to_string();
    let given = Command::new("chown").args(["-R", &format!("{nobody}:{nobody}")]).arg(folder).status();
    assert!(given.is_ok_and(|s| s.success()), "{} must belong to nobody", folder.display());
    let mut command = Command::new("setpriv");
    command.args(["--reuid", &nobody, "--regid", &nobody, "--clear-groups", "--"]).arg(program);
    command
}
