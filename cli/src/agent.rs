//! Finds the daemon, starts it when that is wanted, and says so when a command goes on without it.

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::host;
use ecoops_agent::client::{Absent, Client, ClientError, Hello};
use ecoops_agent::daemon::{self, Options};
use ecoops_agent::log::{self, Sink};
use ecoops_agent::secret;
use ecoops_core::config::Use;
use std::fs::TryLockError;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a daemon may take to say hello.
const START: Duration = Duration::from_secs(10);
/// How often a state is looked at that is waited for.
const LOOK: Duration = Duration::from_millis(5);

/// Whether somebody is there.
pub enum Found {
    Up(Client),
    Not(Absent),
}

/// Looks for a daemon, for 200 ms at most.
pub fn find(app: &App) -> Found {
    match Client::connect(&app.folders.agent().socket()) {
        Ok(client) => Found::Up(client),
        Err(why) => Found::Not(why),
    }
}

/// The daemon that a question can be put to, if one is up that this command may ask; says nothing.
pub fn quietly(app: &App) -> Option<Client> {
    let may = app.settings().agent.when != Use::Never;
    match may.then(|| find(app))? {
        Found::Up(client) if client.hello.offline || !app.offline => Some(client),
        _ => None,
    }
}

/// The daemon that this command works through, if there is one; says so when there should be.
///
/// An older daemon is restarted when it has no run under way.
pub fn reach(app: &App) -> Option<Arc<Client>> {
    let when = app.settings().agent.when;
    if when == Use::Never {
        return None;
    }
    let without = |why: &dyn std::fmt::Display| {
        app.ui.always(&format!("note: {why}; going on without it, and the record is self-signed"));
        None
    };
    match find(app) {
        Found::Up(client) if app.offline && !client.hello.offline => {
            without(&"--offline: the agent may reach a network")
        }
        Found::Not(_) if app.offline => None,
        Found::Up(client) if is_older(&client.hello) => match renew(app, &client) {
            Some(newer) => Some(Arc::new(newer)),
            None => Some(Arc::new(client)),
        },
        Found::Up(client) => Some(Arc::new(client)),
        Found::Not(Absent::NotRunning) if when == Use::Auto => None,
        Found::Not(Absent::OtherProtocol(protocol, hello)) if !is_older(&hello) => {
            without(&format!("the agent is newer than this program (protocol {protocol})"))
        }
        Found::Not(Absent::NotRunning | Absent::Stale) if when == Use::Always => {
            match start(app, None, &[], false) {
                Ok(client) => Some(Arc::new(client)),
                Err(failure) => without(&failure.what),
            }
        }
        Found::Not(why) => without(&why),
    }
}

/// By version, and among builds of one version by when they were made.
fn is_older(hello: &Hello) -> bool {
    let age = |build: &str| -> Option<(Vec<u64>, u128)> {
        let (version, rest) = build.split_once(' ')?;
        let parts = version.split(['.', '-']).map_while(|part| part.parse().ok()).collect();
        Some((parts, rest.rsplit(' ').next()?.parse().ok()?))
    };
    match (age(&hello.build), age(&host::build())) {
        (Some(theirs), Some(ours)) => theirs < ours,
        _ => false,
    }
}

/// Replaces an older daemon by this program, between runs. `None` when it must stay.
fn renew(app: &App, older: &Client) -> Option<Client> {
    match older.stop(true) {
        Ok(()) => {}
        Err(ClientError::Refused { status: 409, .. }) => return None,
        Err(why) => {
            app.ui.note(&format!("note: the older agent could not be stopped: {why}"));
            return None;
        }
    }
    let stopped = wait_unlocked(app, Duration::from_secs(app.settings().agent.drain + 2)).unwrap_or(false);
    let newer = if stopped { start(app, older.hello.listen, &[], older.hello.offline).ok() } else { None };
    if newer.is_some() {
        app.ui.note("note: the agent was of an older build; it was restarted");
    }
    newer
}

/// Starts a daemon in the background and waits for its hello. `settings`, and whether it stays `offline`, are for all
/// its life: those of whoever starts it, never of a command that merely needs one.
///
/// # Errors
/// [`Failure`] with what it said when it does not come up.
pub fn start(
    app: &App,
    listen: Option<SocketAddr>,
    settings: &[(String, String, String)],
    offline: bool,
) -> Result<Client, Failure> {
    let places = app.folders.agent();
    let failed = |e: &dyn std::error::Error| Failure::new("the agent could not be started").because(e);
    let program = host::program().map_err(|e| failed(&e))?;
    std::fs::create_dir_all(places.own()).map_err(|e| failed(&e))?;
    let said = places.own().join("start.err");
    let errors = std::fs::File::create(&said).map_err(|e| failed(&e))?;
    let mut command = Command::new(program);
    command.args(["agent", "run", "--detached"]).current_dir("/");
    if offline {
        command.arg("--offline");
    }
    for (_, key, value) in settings {
        command.args(["--config", &format!("{key}={value}")]);
    }
    if let Some(address) = listen {
        command.args(["--listen", &address.to_string()]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors);
    let mut child = command.spawn().map_err(|e| failed(&e))?;
    let until = Instant::now() + START;
    loop {
        match Client::connect(&places.socket()) {
            Ok(client) if client.hello.ready => return Ok(client),
            _ => {}
        }
        let ended = child.try_wait().ok().flatten();
        if ended.is_some() || Instant::now() >= until {
            let text = std::fs::read_to_string(&said).unwrap_or_default();
            let why = text.trim().trim_start_matches("error: ").to_owned();
            let why =
                if why.is_empty() { "it gave no reason; see `ecoops agent logs`".to_owned() } else { why };
            return Err(Failure::new("the agent did not come up").because_of(why));
        }
        std::thread::sleep(LOOK);
    }
}

/// Runs the daemon in this process until it is told to stop.
///
/// # Errors
/// [`Failure`] when it cannot start.
pub fn run(app: &App, listen: Option<SocketAddr>, detached: bool) -> Result<Exit, Failure> {
    let places = app.folders.agent();
    let clock = crate::open::host()?;
    let redactor = secret::redactor(&app.folders.state, &*clock)
        .map_err(|e| Failure::new("the redactor's key cannot be used").because(&e))?;
    let sink = if detached {
        host::detach();
        Sink::File(places.log())
    } else {
        Sink::Stream(app.ui.stderr())
    };
    let filter = app.log.as_deref().unwrap_or("info");
    log::init(sink, filter, redactor)
        .map_err(|why| Failure::new("the log filter cannot be understood").because_of(why))?;
    // Its settings are the user's; no repository has a say.
    let settings = crate::settings::load(&app.folders, &app.folders.state, &app.flags)?.settings;
    let program = crate::commands::mcp::program(app)?;
    let options = Options { places, settings, listen, build: host::build(), program };
    daemon::run(options).map_err(|e| {
        let failure = Failure::new(e.to_string());
        match std::error::Error::source(&e) {
            Some(source) => failure.because(source),
            None => failure,
        }
    })?;
    Ok(Exit::Clean)
}

/// Whether a daemon holds the state folder, whatever its socket does.
///
/// # Errors
/// [`Failure`] when that cannot be told.
pub fn locked(app: &App) -> Result<bool, Failure> {
    let path = app.folders.agent().lock();
    let failed =
        |e: &dyn std::error::Error| Failure::new(format!("{} cannot be read", path.display())).because(e);
    match std::fs::File::open(&path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(failed(&e)),
        Ok(file) => match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(e)) => Err(failed(&e)),
        },
    }
}

/// Waits until no daemon holds the state folder; false when one still does.
///
/// # Errors
/// As [`locked`].
pub fn wait_unlocked(app: &App, within: Duration) -> Result<bool, Failure> {
    let until = Instant::now() + within;
    while locked(app)? {
        if Instant::now() >= until {
            return Ok(false);
        }
        std::thread::sleep(LOOK);
    }
    Ok(true)
}

/// Signals the process that holds the lock.
///
/// # Errors
/// [`Failure`] when it cannot be told which that is.
pub fn signal(app: &App, send: fn(i32) -> std::io::Result<()>) -> Result<(), Failure> {
    let path = app.folders.agent().lock();
    let process = std::fs::read_to_string(&path).ok().and_then(|text| text.trim().parse::<i32>().ok());
    match process.filter(|p| *p > 1) {
        Some(process) if locked(app)? => send(process)
            .map_err(|e| Failure::new(format!("process {process} cannot be signalled")).because(&e)),
        _ => Err(Failure::new("it cannot be told which process is the agent")),
    }
}

/// What the daemon refused, as a command's end.
pub fn failure(error: ClientError) -> Failure {
    Failure::new("the agent gave no answer").because(&error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_are_told_apart_by_version_then_by_time() {
        let hello = |build: &str| Hello {
            service: String::new(),
            protocol: 1,
            version: String::new(),
            ready: true,
            build: build.to_owned(),
            pid: 1,
            listen: None,
            offline: false,
        };
        let version = env!("CARGO_PKG_VERSION");
        for (build, older) in [
            ("0.0.1 1 99999999999999999999999".to_owned(), true),
            (format!("{version} 1 1"), true),
            (format!("{version} 1 99999999999999999999999999"), false),
            ("99.0.0 1 1".to_owned(), false),
            ("nonsense".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(is_older(&hello(&build)), older, "{build}");
        }
        assert!(!is_older(&hello(&host::build())));
    }
}
