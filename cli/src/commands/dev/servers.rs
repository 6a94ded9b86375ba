//! The servers: made, started, found again and stopped. What runs is in `servers.json` of the folder, with the time
//! at which each process began, so that a number that has been given to another process is never taken for ours.

use super::people;
use super::programs::Programs;
use crate::app::App;
use crate::exit::Failure;
use crate::host;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take until it answers.
const START: Duration = Duration::from_secs(60);
const PROVIDER: &str = include_str!("provider.mjs");
/// The organisation that the people belong to, and its login in PostgreSQL.
pub const ORG: &str = "team";
pub const LOGIN: &str = "team_ecoops";

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Running {
    pub servers: Vec<Server>,
    /// Credentials by name, as each person's store gets them; written nowhere else.
    #[serde(skip)]
    pub passwords: Vec<(String, String)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Server {
    pub name: String,
    pub scheme: String,
    pub port: u16,
    pid: u32,
    /// When the process began, in ticks since the machine did.
    began: u64,
}

impl Server {
    pub fn address(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    fn runs(&self) -> bool {
        began(self.pid) == Some(self.began)
    }
}

impl Running {
    pub fn address(&self, name: &str) -> String {
        self.servers.iter().find(|s| s.name == name).map(Server::address).unwrap_or_default()
    }
}

fn failed(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Failure {
    let what = what.into();
    move |e| Failure::new(what).because(&e)
}

/// Where it all lies: below the temporary folder, for PostgreSQL does not run as root, and another user cannot enter
/// root's home.
pub fn folder() -> Result<PathBuf, Failure> {
    let user = rustix::process::geteuid();
    let folder = host::temporary().join(format!("ecoops-dev-{}", user.as_raw()));
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o711)
        .create(&folder)
        .map_err(failed("no folder for the servers"))?;
    let about = std::fs::symlink_metadata(&folder).map_err(failed("no folder for the servers"))?;
    if about.uid() != user.as_raw() || !about.is_dir() || about.mode() & 0o022 != 0 {
        return Err(Failure::new(format!(
            "{} belongs to another user, or others may write there",
            folder.display()
        )));
    }
    Ok(folder)
}

/// What was started, when all of it runs; `None` when none of it does.
pub fn running(folder: &Path) -> Result<Option<Running>, Failure> {
    let text = match std::fs::read(folder.join("servers.json")) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed("servers.json cannot be read")(e)),
    };
    let known: Running = serde_json::from_slice(&text).map_err(|e| {
        Failure::new("servers.json is damaged").because(&e).next("ecoops dev down removes it")
    })?;
    let dead: Vec<&str> =
        known.servers.iter().filter(|server| !server.runs()).map(|server| server.name.as_str()).collect();
    match dead.len() {
        0 => Ok(Some(known)),
        all if all == known.servers.len() => Ok(None),
        _ => Err(Failure::new(format!("of the servers {} died", dead.join(", ")))
            .next("ecoops dev down stops the others, and removes what they hold")),
    }
}

/// Starts all of them in a new folder; when one does not start, those before it are stopped.
pub fn up(app: &App, folder: &Path, programs: &Programs) -> Result<Running, Failure> {
    down(folder)?;
    let password = || -> Result<String, Failure> {
        let host = crate::open::host()?;
        let mut bytes = [0; 24];
        host.random(&mut bytes).map_err(|e| Failure::new("there is no randomness").because(&e))?;
        Ok(ecoops_core::domain::hex(bytes))
    };
    let (admin, org, redis) = (password()?, password()?, password()?);
    let passwords = vec![("dev/database".to_owned(), org), ("dev/events".to_owned(), redis.clone())];
    let mut running = Running { servers: Vec::new(), passwords };
    let mut begin = || -> Result<(), Failure> {
        app.ui.note("starting PostgreSQL …");
        add(folder, &mut running, postgres(folder, programs, &admin)?)?;
        app.ui.note("starting Redis …");
        add(folder, &mut running, start_redis(folder, programs, &redis)?)?;
        app.ui.note("starting the identity provider …");
        add(folder, &mut running, provider(folder, programs)?)
    };
    let begun = begin().and_then(|()| people::prepare(folder, &running, &admin));
    if let Err(failure) = begun {
        down(folder)?;
        return Err(failure);
    }
    Ok(running)
}

/// Remembers a server before the next is started, so that `down` finds it whatever comes.
fn add(folder: &Path, running: &mut Running, server: Server) -> Result<(), Failure> {
    running.servers.push(server);
    let text =
        serde_json::to_vec(running).map_err(|e| Failure::new("servers.json cannot be made").because(&e))?;
    private(&folder.join("servers.json.new"), &text)?;
    std::fs::rename(folder.join("servers.json.new"), folder.join("servers.json"))
        .map_err(failed("servers.json cannot be written"))
}

/// Writes a file that only its owner can read.
pub fn private(path: &Path, text: &[u8]) -> Result<(), Failure> {
    let mut options = File::options();
    options.create(true).truncate(true).write(true).mode(0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(text));
    written.map_err(failed(format!("{} cannot be written", path.display())))
}

fn postgres(folder: &Path, programs: &Programs, password: &str) -> Result<Server, Failure> {
    let own = room(folder, "postgresql")?;
    let secret = own.join("password");
    private(&secret, password.as_bytes())?;
    let mut made = as_somebody(&programs.postgres.join("initdb"), &own)?;
    made.arg("-D").arg(own.join("data")).arg(format!("--pwfile={}", secret.display()));
    made.args(["-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C"]).current_dir(&own);
    let made = made.output().map_err(failed("initdb does not run"))?;
    let _ = std::fs::remove_file(&secret);
    if !made.status.success() {
        let said = String::from_utf8_lossy(&made.stderr).trim().to_owned();
        return Err(Failure::new("PostgreSQL's folder could not be made").because_of(said));
    }
    let port = free_port()?;
    let mut command = as_somebody(&programs.postgres.join("postgres"), &own)?;
    command.arg("-D").arg(own.join("data")).arg("-k").arg(&own).args(["-p", &port.to_string()]);
    command.args(["-c", "listen_addresses=127.0.0.1", "-c", "shared_buffers=64MB"]).current_dir(&own);
    let ready = programs.postgres.join("pg_isready");
    run("PostgreSQL", "postgres", port, &own, command, |port| {
        let mut ask = Command::new(&ready);
        ask.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
        ask.status().is_ok_and(|status| status.success())
    })
}

fn start_redis(folder: &Path, programs: &Programs, password: &str) -> Result<Server, Failure> {
    let own = room(folder, "redis")?;
    let port = free_port()?;
    let settings = own.join("redis.conf");
    // Not among the arguments, which every user of the machine can read.
    let text = format!(
        "bind 127.0.0.1\nport {port}\ndir {}\nappendonly yes\nsave \"\"\nrequirepass {password}\n",
        own.display()
    );
    private(&settings, text.as_bytes())?;
    let mut command = Command::new(&programs.redis);
    if let Ok(path) = std::env::join_paths(&programs.libraries) {
        command.env("LD_LIBRARY_PATH", path);
    }
    command.arg(&settings).current_dir(&own);
    run("Redis", "redis", port, &own, command, listens)
}

fn provider(folder: &Path, programs: &Programs) -> Result<Server, Failure> {
    let own = room(folder, "provider")?;
    let script = own.join("provider.mjs");
    private(&script, PROVIDER.as_bytes())?;
    let modules = own.join("node_modules");
    std::os::unix::fs::symlink(programs.provider.join("node_modules"), &modules)
        .map_err(failed("the identity provider's folder could not be made"))?;
    let port = free_port()?;
    let mut command = Command::new(&programs.node);
    command.arg(&script).arg(port.to_string()).current_dir(&own);
    run("identity provider", "http", port, &own, command, listens)
}

/// Starts a process of its own group, which outlives this one, and waits until it answers.
fn run(
    name: &str,
    scheme: &str,
    port: u16,
    own: &Path,
    mut command: Command,
    answers: impl Fn(u16) -> bool,
) -> Result<Server, Failure> {
    let output = own.join("output");
    private(&output, b"")?;
    let print = || File::options().append(true).open(&output).map_err(failed("no file for its output"));
    command.stdin(Stdio::null()).stdout(print()?).stderr(print()?).process_group(0);
    let mut child = command.spawn().map_err(failed(format!("{name} could not be started")))?;
    let until = Instant::now() + START;
    let why = loop {
        if let Ok(Some(status)) = child.try_wait() {
            break format!("it ended by itself ({status})");
        }
        if answers(port) {
            let began = began(child.id()).unwrap_or_default();
            let (name, scheme) = (name.to_owned(), scheme.to_owned());
            return Ok(Server { name, scheme, port, pid: child.id(), began });
        }
        if Instant::now() > until {
            let _ = child.kill();
            break "it gave no answer in a minute".to_owned();
        }
        std::thread::park_timeout(Duration::from_millis(20));
    };
    let said = std::fs::read_to_string(&output).unwrap_or_default();
    let last: Vec<&str> = said.lines().rev().take(5).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    Err(Failure::new(format!("{name} did not start")).because_of(format!("{why}: {}", last.join(" | "))))
}

/// Stops what runs and removes the folder's contents; false when there was nothing.
pub fn down(folder: &Path) -> Result<bool, Failure> {
    let text = std::fs::read(folder.join("servers.json")).unwrap_or_default();
    let known: Option<Running> = serde_json::from_slice(&text).ok();
    let servers = known.map(|k| k.servers).unwrap_or_default();
    people::stop_agents(folder);
    for server in servers.iter().rev().filter(|s| s.runs()) {
        let pid = i32::try_from(server.pid).unwrap_or(i32::MAX);
        // PostgreSQL waits for its clients at a plain end; none of them matters any more.
        let _ = if server.scheme == "postgres" { host::interrupt(pid) } else { host::terminate(pid) };
        let until = Instant::now() + Duration::from_secs(10);
        while server.runs() && Instant::now() < until {
            std::thread::park_timeout(Duration::from_millis(20));
        }
        if server.runs() {
            let _ = host::kill(pid);
        }
    }
    let mut any = false;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        any = true;
        let path = entry.path();
        let removed =
            if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        removed.map_err(failed(format!("{} cannot be removed", path.display())))?;
    }
    Ok(any)
}

fn room(folder: &Path, name: &str) -> Result<PathBuf, Failure> {
    let own = folder.join(name);
    std::fs::DirBuilder::new().mode(0o700).create(&own).map_err(failed(format!("no folder for {name}")))?;
    Ok(own)
}

/// The command as the user nobody when we are root, whom PostgreSQL refuses; the folder then is nobody's.
fn as_somebody(program: &Path, folder: &Path) -> Result<Command, Failure> {
    if !rustix::process::geteuid().is_root() {
        return Ok(Command::new(program));
    }
    let given = Command::new("chown").args(["-R", "nobody"]).arg(folder).status();
    if !given.is_ok_and(|status| status.success()) {
        return Err(Failure::new(
            "PostgreSQL does not run as root, and its folder could not be given to nobody",
        ));
    }
    let _ = std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700));
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "nobody", "--clear-groups", "--"]).arg(program);
    Ok(command)
}

fn free_port() -> Result<u16, Failure> {
    let bound = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    bound.map(|address| address.port()).map_err(failed("there is no free port"))
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// When a process began (proc(5), field 22 of stat); `None` when there is none, or it has ended.
fn began(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    (state != "Z").then(|| fields.nth(18)?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_died_among_what_runs_is_named_before_anything_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let server = |name: &str, runs: bool| Server {
            name: name.into(),
            scheme: "redis".into(),
            port: 1,
            pid: std::process::id(),
            began: began(std::process::id()).unwrap() + u64::from(!runs),
        };
        let found = |servers: Vec<Server>| {
            let running = Running { servers, passwords: Vec::new() };
            std::fs::write(folder.path().join("servers.json"), serde_json::to_vec(&running).unwrap())
                .unwrap();
            running_in(folder.path())
        };
        assert_eq!(found(vec![server("a", true), server("b", true)]), Ok(Some(2)));
        assert_eq!(found(vec![server("a", false), server("b", false)]), Ok(None));
        let some = found(vec![server("a", true), server("b", false), server("c", false)]);
        assert!(some.as_ref().is_err_and(|why| why.contains("b, c")), "{some:?}");
    }

    /// How many run.
    fn running_in(folder: &Path) -> Result<Option<usize>, String> {
        running(folder).map(|found| found.map(|running| running.servers.len())).map_err(|why| why.what)
    }
}
