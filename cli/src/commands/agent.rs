//! `ecoops agent`: starts, stops and shows the daemon. The daemon itself is the crate `ecoops-agent`.

use crate::agent::{self, Found};
use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::host;
use crate::ui::harmless;
use clap::Subcommand;
use ecoops_agent::client::{Client, ClientError};
use ecoops_agent::token::{Scope, Tokens};
use ecoops_agent::{install, log, secret};
use std::collections::BTreeSet;
use std::io::{Read, Seek, SeekFrom};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nothing needs the agent: commands work through it when it is up, and without it when not.\n\nExamples:\n  ecoops agent start                          in the background\n  ecoops agent status                         what runs, and how its parts are\n  ecoops agent start --listen 127.0.0.1:4000  also over TCP, for programs with a token\n  ecoops agent token --ttl 1h --scope memory:read\n  ecoops agent install                        have the system start it"
)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Args)]
struct Listen {
    /// Also listen on TCP, where a token is needed (`ecoops agent token`); for other machines only with TLS
    /// (`agent.tls_certificate`). A restart listens where it did before
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Start it in the background, unless it runs
    #[command(after_help = "Example:\n  ecoops agent start --listen 127.0.0.1:4000")]
    Start(Listen),
    /// Stop it, once what is under way has been answered
    #[command(after_help = "Example:\n  ecoops agent stop --force")]
    Stop {
        /// Only when no run is under way
        #[arg(long, conflicts_with = "force")]
        when_idle: bool,
        /// Kill it when it does not stop
        #[arg(long)]
        force: bool,
    },
    /// Stop it and start it again
    #[command(after_help = "Example:\n  ecoops agent restart")]
    Restart(Listen),
    /// Show whether it runs, since when, and how its parts are; exits 3 when it does not run
    #[command(after_help = "Example:\n  ecoops agent status --output json")]
    Status,
    /// Run it here, in the foreground, with its log on stderr
    #[command(after_help = "Example:\n  ecoops agent run --log debug")]
    Run {
        #[command(flatten)]
        listen: Listen,
        /// In a session of its own, with its log in its file
        #[arg(long, hide = true)]
        detached: bool,
    },
    /// Show its log
    #[command(after_help = "Example:\n  ecoops agent logs -n 50 --follow")]
    Logs {
        /// How many lines
        #[arg(short = 'n', default_value_t = 20, value_name = "LINES")]
        count: usize,
        /// Go on with new lines until interrupted
        #[arg(long, short)]
        follow: bool,
    },
    /// Have the system start it: a systemd user unit with its socket, or a launchd agent
    #[command(after_help = "Example:\n  ecoops agent install --print")]
    Install {
        /// Only show the files
        #[arg(long, conflicts_with = "remove")]
        print: bool,
        /// Remove the files again
        #[arg(long)]
        remove: bool,
    },
    /// Make a bearer token for programs that come over TCP
    #[command(after_help = "Example:\n  ecoops agent token --ttl 8h --scope memory:read --scope events")]
    Token {
        /// How long it is valid, as 30m, 8h or 7d; at most 30d
        #[arg(long, default_value = "1h", value_parser = seconds, value_name = "TIME")]
        ttl: u32,
        /// What it lets its holder do: AREA:read, AREA:write, AREA, or with * for every area; repeatable
        #[arg(long, default_value = "*:read", value_delimiter = ',', value_name = "SCOPE")]
        scope: Vec<Scope>,
    },
}

fn seconds(text: &str) -> Result<u32, String> {
    let (number, unit) = text.split_at(text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len());
    let factor = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err("write a time such as 90s, 30m, 8h or 7d".into()),
    };
    let whole = number.parse::<u32>().ok().and_then(|n| n.checked_mul(factor));
    whole
        .filter(|s| (1..=ecoops_agent::token::LONGEST_LIFE).contains(s))
        .ok_or_else(|| "write a time from 1s to 30d".into())
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    match args.action {
        Action::Start(Listen { listen }) => start(app, listen),
        Action::Stop { when_idle, force } => stop(app, when_idle, force),
        Action::Restart(Listen { listen }) => {
            let before = match agent::find(app) {
                Found::Up(client) => client.hello.listen,
                Found::Not(_) => None,
            };
            if agent::locked(app)? {
                stop(app, false, false)?;
            }
            start(app, listen.or(before))
        }
        Action::Status => status(app),
        Action::Run { listen, detached } => agent::run(app, listen.listen, detached),
        Action::Logs { count, follow } => logs(app, count, follow),
        Action::Install { print, remove } => installed(app, print, remove),
        Action::Token { ttl, scope } => token(app, ttl, scope.into_iter().collect()),
    }
}

fn start(app: &App, listen: Option<SocketAddr>) -> Result<Exit, Failure> {
    if let Found::Up(client) = agent::find(app) {
        app.ui.note(&format!("the agent runs already (process {})", client.hello.pid));
        if listen.is_some() {
            return Err(Failure::new("it was not told to listen on TCP again")
                .next("use `ecoops agent restart --listen …`"));
        }
        return Ok(Exit::Clean);
    }
    let client = agent::start(app, listen, &app.flags, app.offline)?;
    app.ui.note(&format!("the agent runs (process {})", client.hello.pid));
    Ok(Exit::Clean)
}

fn stop(app: &App, when_idle: bool, force: bool) -> Result<Exit, Failure> {
    if !agent::locked(app)? {
        app.ui.note("the agent does not run");
        return Ok(Exit::Clean);
    }
    let asked = Client::connect(&app.folders.agent().socket());
    let refused = match asked {
        Ok(client) => match client.stop(when_idle) {
            Ok(()) => None,
            Err(ClientError::Refused { status: 409, detail }) => {
                return Err(Failure::new("the agent goes on")
                    .because_of(detail)
                    .next("try again when they are done"));
            }
            Err(why) => Some(why.to_string()),
        },
        Err(why) => Some(why.to_string()),
    };
    if let (true, Some(why)) = (when_idle, &refused) {
        return Err(Failure::new("it cannot be told whether a run is under way").because_of(why.clone()));
    }
    let patience = Duration::from_secs(app.settings().agent.drain + 2);
    let patience = if refused.is_some() && force { Duration::ZERO } else { patience };
    // One that does not answer may still hear a signal.
    if refused.is_some() {
        agent::signal(app, host::terminate)?;
    }
    if agent::wait_unlocked(app, patience)? {
        app.ui.note("the agent has stopped");
        return Ok(Exit::Clean);
    }
    if !force {
        return Err(Failure::new("the agent does not stop").next("kill it with `ecoops agent stop --force`"));
    }
    agent::signal(app, host::kill)?;
    if agent::wait_unlocked(app, Duration::from_secs(5))? {
        app.ui.note("the agent was killed; nothing that it had acknowledged is lost");
        return Ok(Exit::Clean);
    }
    Err(Failure::new("the agent cannot be killed"))
}

fn status(app: &App) -> Result<Exit, Failure> {
    let client = match agent::find(app) {
        Found::Up(client) => client,
        Found::Not(why) => {
            let place = app.folders.agent().socket();
            match app.output {
                Output::Json | Output::Jsonl => app.ui.result(
                    &serde_json::json!({ "running": false, "why": why.to_string(), "socket": place })
                        .to_string(),
                ),
                _ => app.ui.result(&format!("not running: {why}")),
            }
            return Ok(Exit::Nothing);
        }
    };
    let reply = client.ask("GET", "/v1/status", None, None).map_err(agent::failure)?;
    let mut about: serde_json::Value = serde_json::from_slice(&reply.body)
        .map_err(|e| Failure::new("the agent's answer cannot be read").because(&e))?;
    about["running"] = true.into();
    about["socket"] = app.folders.agent().socket().display().to_string().into();
    match app.output {
        Output::Json | Output::Jsonl => app.ui.result(&about.to_string()),
        _ => app.ui.result(&as_text(app, &about)),
    }
    let well = about["status"] == "healthy";
    Ok(if well { Exit::Clean } else { Exit::Remaining })
}

/// Where credentials live, in words.
fn place_of_secrets(app: &App) -> String {
    let opened = crate::open::host().ok().map(|host| crate::credentials::of(app, host).open());
    match opened {
        Some(Ok(store)) => store.place(),
        Some(Err(why)) => why.to_string(),
        None => "not known".to_owned(),
    }
}

fn as_text(app: &App, about: &serde_json::Value) -> String {
    let word = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut lines = vec![
        format!(
            "running: process {}, version {}, for {} s",
            about["pid"],
            word(&about["version"]),
            about["uptimeSeconds"]
        ),
        format!("socket:  {}", word(&about["socket"])),
        format!(
            "keys:    {} (audit log), {} (tokens)",
            app.folders.state.join("keys/audit.key").display(),
            app.folders.agent().token_key().display()
        ),
        format!("secrets: {}", place_of_secrets(app)),
        format!("runs:    {}", about["runs"]),
    ];
    if let Some(subject) = about["login"]["subject"].as_str() {
        let next = about["login"]["nextRenewal"].as_i64().and_then(|s| jiff::Timestamp::from_second(s).ok());
        let next = next.map_or("is not renewed".to_owned(), |at| format!("is renewed at {at}"));
        lines.push(format!("login:   {subject} at {}, {next}", word(&about["login"]["issuer"])));
    }
    for part in about["components"].as_array().into_iter().flatten() {
        let health = &part["health"];
        let why = health.get("message").map_or(String::new(), |m| format!("  {}", word(m)));
        lines.push(format!(
            "  {:<10} {:<10} {} ms{why}",
            word(&part["name"]),
            word(&health["status"]),
            health["latency_ms"]
        ));
    }
    lines.iter().map(|line| harmless(line, false)).collect::<Vec<_>>().join("\n")
}

/// The last lines, from the file before the last renewal too.
fn logs(app: &App, count: usize, follow: bool) -> Result<Exit, Failure> {
    let path = app.folders.agent().log();
    let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    let text = read(&log::old(&path)) + &read(&path);
    let lines: Vec<&str> = text.lines().collect();
    for line in lines.iter().skip(lines.len().saturating_sub(count)) {
        app.ui.result(&harmless(line, false));
    }
    if lines.is_empty() && !follow {
        app.ui.note(&format!("there is no log at {}", path.display()));
        return Ok(Exit::Nothing);
    }
    let mut at = std::fs::metadata(&path).map_or(0, |m| m.len());
    while follow && !app.interrupt.is_set() {
        std::thread::sleep(Duration::from_millis(200));
        let Ok(mut file) = std::fs::File::open(&path) else { continue };
        let size = file.metadata().map_or(0, |m| m.len());
        if size < at {
            at = 0;
        }
        let mut fresh = String::new();
        if file.seek(SeekFrom::Start(at)).is_ok()
            && file.read_to_string(&mut fresh).is_ok()
            && !fresh.is_empty()
        {
            // A line that is still being written comes the next time.
            let whole = fresh.rfind('\n').map_or(0, |end| end + 1);
            at += whole as u64;
            fresh
                .get(..whole)
                .unwrap_or_default()
                .lines()
                .for_each(|line| app.ui.result(&harmless(line, false)));
        }
    }
    Ok(Exit::Clean)
}

fn installed(app: &App, print: bool, remove: bool) -> Result<Exit, Failure> {
    let program = host::program().map_err(|e| Failure::new("this program cannot find itself").because(&e))?;
    let home = host::home().ok_or_else(|| Failure::new("there is no home folder"))?;
    let places = app.folders.agent();
    let own = host::own_home();
    let (units, next) = if cfg!(target_os = "macos") {
        let units = install::launchd(&home, &program, &places.log(), own.as_deref());
        (units, "launchctl load ~/Library/LaunchAgents/local.ecoops.agent.plist")
    } else {
        let units = install::systemd(&host::config_home(&home), &program, &places.socket(), own.as_deref());
        (units, "systemctl --user daemon-reload && systemctl --user enable --now ecoops-agent.socket")
    };
    for unit in &units {
        let path = unit.path.display();
        let failed = |e: std::io::Error| Failure::new(format!("{path} cannot be changed")).because(&e);
        if print {
            app.ui.result(&format!("# {path}\n{}", unit.text));
        } else if remove {
            match std::fs::remove_file(&unit.path) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(failed(e)),
                _ => app.ui.note(&format!("{path} is removed")),
            }
        } else {
            std::fs::create_dir_all(unit.path.parent().unwrap_or(&home)).map_err(failed)?;
            crate::open::write_whole(&unit.path, unit.text.as_bytes())?;
            app.ui.note(&format!("{path} is written"));
        }
    }
    if !print && !remove {
        app.ui.note(&format!("next: {next}"));
    }
    Ok(Exit::Clean)
}

fn token(app: &App, ttl: u32, scope: BTreeSet<Scope>) -> Result<Exit, Failure> {
    let host = crate::open::host()?;
    let places = app.folders.agent();
    let unusable = |e: &dyn std::error::Error| Failure::new("no token can be made").because(e);
    let secret = secret::in_file(&places.token_key(), &*host).map_err(|e| unusable(&e))?;
    let identity = crate::open::identity(app, host.clone())?;
    let actor = identity.login(60).and_then(|token| identity.verify(&token)).map_err(|e| unusable(&e))?;
    let ids = ecoops_core::ports::host::identifiers(&*host).map_err(|e| unusable(&e))?;
    let mut entropy = [0; 10];
    host.random(&mut entropy).map_err(|e| unusable(&e))?;
    let now = host.now();
    let id = ids.ulid(now, entropy);
    app.ui.result(&Tokens::new(&secret).make(&actor.id, scope, ttl, now.as_second(), id));
    app.ui.note(&format!("valid for {ttl} s; send it as `Authorization: Bearer …`, and keep it secret"));
    Ok(Exit::Clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_with_its_unit() {
        for (text, expected) in [
            ("90", Some(90)),
            ("90s", Some(90)),
            ("30m", Some(1800)),
            ("8h", Some(28_800)),
            ("30d", Some(2_592_000)),
            ("31d", None),
            ("0", None),
            ("-1h", None),
            ("1w", None),
            ("h", None),
            ("", None),
            ("99999999999d", None),
        ] {
            assert_eq!(seconds(text).ok(), expected, "{text}");
        }
    }
}
