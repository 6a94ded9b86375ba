//! `ecoops dev`: real servers on this machine, for trying what a team shares before there are any elsewhere.
//!
//! Everything lies in one folder and listens on loopback only; the settings of the user are never touched. Each
//! person has a home of their own there (`ECOOPS_HOME`), with settings that name the servers.

mod people;
mod programs;
mod servers;

use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::report::safe_json;
use clap::Subcommand;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Everything listens on 127.0.0.1 and is gone with `ecoops dev down`. Anybody can log in at the identity provider: it is for trying only.\n\nExamples:\n  ecoops dev up                    PostgreSQL, Redis and an identity provider; homes for ana and bob\n  eval \"$(ecoops dev env ana)\"      be ana in this shell\n  ecoops dev status\n  ecoops dev down"
)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Start the servers, unless they run, and make a home for each person
    #[command(after_help = "Example:\n  ecoops dev up --people ana,bob")]
    Up {
        /// Who tries it
        #[arg(long, value_delimiter = ',', default_value = "ana,bob", value_name = "NAMES")]
        people: Vec<String>,
        /// Where `tests/run --parts-only` has put the servers; by default tests/.parts here, else those of the system
        #[arg(long, value_name = "DIR")]
        parts: Option<PathBuf>,
    },
    /// Stop the servers and remove what they and the people kept
    #[command(after_help = "Example:\n  ecoops dev down")]
    Down,
    /// Show what runs, and where; exits 3 when nothing does
    #[command(after_help = "Example:\n  ecoops dev status --output json")]
    Status,
    /// Print what makes a shell a person's
    #[command(after_help = "Example:\n  eval \"$(ecoops dev env ana)\"")]
    Env { person: String },
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    let folder = servers::folder()?;
    match args.action {
        Action::Up { people, parts } => up(app, &folder, &people, parts),
        Action::Down => {
            let stopped = servers::down(&folder)?;
            app.ui.note(if stopped { "everything is stopped and removed" } else { "nothing was running" });
            Ok(Exit::Clean)
        }
        Action::Status => status(app, &folder),
        Action::Env { person } => {
            app.ui.result(&people::environment(&folder, &person)?);
            Ok(Exit::Clean)
        }
    }
}

fn up(
    app: &App,
    folder: &std::path::Path,
    names: &[String],
    parts: Option<PathBuf>,
) -> Result<Exit, Failure> {
    names.iter().try_for_each(|name| people::check(name))?;
    let running = match servers::running(folder)? {
        Some(running) => {
            names.iter().try_for_each(|name| people::make(folder, name, &running))?;
            running
        }
        None => {
            let running = servers::up(app, folder, &programs::find(parts)?)?;
            if let Err(failure) = names.iter().try_for_each(|name| people::make(folder, name, &running)) {
                servers::down(folder)?;
                return Err(failure);
            }
            running
        }
    };
    let first = names.first().map_or("ana", String::as_str);
    app.ui.note(&format!("be {first} in this shell:  eval \"$(ecoops dev env {first})\""));
    show(app, &running);
    Ok(Exit::Clean)
}

fn status(app: &App, folder: &std::path::Path) -> Result<Exit, Failure> {
    match servers::running(folder)? {
        Some(running) => {
            show(app, &running);
            Ok(Exit::Clean)
        }
        None => Err(Failure::new("nothing runs").next("start it: ecoops dev up").exit(Exit::Nothing)),
    }
}

fn show(app: &App, running: &servers::Running) {
    let all = running.servers.iter().map(|s| (s.name.as_str(), s.address()));
    if app.output == Output::Json {
        let all: Vec<_> = all.map(|(name, address)| json!({ "name": name, "address": address })).collect();
        app.ui.result(&safe_json(&json!({ "servers": all }).to_string()));
        return;
    }
    for (name, address) in all {
        app.ui.result(&format!("{name:<18} {address}"));
    }
}
