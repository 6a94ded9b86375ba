//! One file a command: its arguments, one call into the library, its rendering.

mod agent;
mod ask;
mod audit;
mod ci;
mod completions;
mod config;
mod credential;
mod database;
mod dev;
mod docs;
mod doctor;
mod events;
pub mod fix;
mod hook;
mod incident;
mod infra;
mod line;
mod login;
mod logout;
mod man;
pub mod mcp;
mod memory;
mod objects;
mod plan;
mod policy;
mod resume;
mod runs;
pub mod scan;
mod signals;
mod trust;
mod undo;
mod whoami;

use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::ui::Ui;
use clap::Subcommand;
use std::process::ExitCode;

/// Each variant is one file beside this one: `Args` and `run(args, &App) -> Result<Exit, Failure>`.
/// Its group in the help is in `line::GROUPS`.
#[derive(Debug, Subcommand)]
enum Command {
    /// Examine code and report what is wrong
    Scan(scan::Args),
    /// Turn findings into verified fixes, with a record and an undo
    Fix(fix::Args),
    /// Show changes that wait for a yes, and approve or reject them
    Plan(plan::Args),
    /// List what was done in this repository
    Runs(runs::Args),
    /// Do again what was interrupted
    Resume(resume::Args),
    /// Take a run back, byte for byte
    Undo(undo::Args),
    /// Show, verify, prove and copy the signed record of what was done
    Audit(audit::Args),
    /// Search, fill and empty what is remembered of fixes and runbooks
    Memory(memory::Args),
    /// Reports that were kept and files that were attached
    Objects(objects::Args),
    /// Keep runbooks, postmortems and manuals that answers cite
    Docs(docs::Args),
    /// Ask what is remembered; every snippet is cited
    Ask(ask::Args),
    /// Tell what is wrong in a running system, and who is to blame
    Incident(incident::Args),
    /// Tell what logs and metrics say: templates, anomalies, live
    Signals(signals::Args),
    /// Ask, test and list the policies in force
    Policy(policy::Args),
    /// Show, replay and repair the event log
    Events(events::Args),
    /// Check commits for problems before they are pushed
    Hook(hook::Args),
    /// Check what a pipeline is about to merge
    Ci(ci::Args),
    /// Show the settings and where they come from
    Config(config::Args),
    /// Log in at the configured issuer (OpenID Connect)
    Login(login::Args),
    /// End the login, here and at the issuer
    Logout(logout::Args),
    /// Tell who commands act as, and what they may do
    Whoami(whoami::Args),
    /// Keep passwords and keys that settings name
    Credential(credential::Args),
    /// Show what is deployed, and deploy it
    Infra(infra::Args),
    /// Prepare a PostgreSQL server that orgs share
    Database(database::Args),
    /// The daemon that keeps the record and serves the kernel's API
    Agent(agent::Args),
    /// Serve tools to editors and agents, and use those of others (MCP)
    Mcp(mcp::Args),
    /// Start real servers on this machine, to try what a team shares
    Dev(dev::Args),
    /// Let this repository's ecoops.toml run commands and loosen limits
    Trust(trust::Args),
    /// Tell what works here and what is missing
    Doctor(doctor::Args),
    /// Print the completions for a shell
    Completions(completions::Args),
    /// Print the manual page
    Man(man::Args),
}

impl Command {
    /// Those that a user turns to when the settings cannot be used.
    fn needs_no_settings(&self) -> bool {
        match self {
            Self::Doctor(_) | Self::Completions(_) | Self::Man(_) => true,
            Self::Config(args) => args.needs_no_settings(),
            _ => false,
        }
    }

    fn is_about_incidents(&self) -> bool {
        matches!(self, Self::Signals(_) | Self::Incident(_))
    }
}

fn dispatch(command: Command, app: &App) -> Result<Exit, Failure> {
    match command {
        Command::Scan(args) => scan::run(args, app),
        Command::Fix(args) => fix::run(args, app),
        Command::Plan(args) => plan::run(args, app),
        Command::Runs(args) => runs::run(args, app),
        Command::Resume(args) => resume::run(args, app),
        Command::Undo(args) => undo::run(args, app),
        Command::Audit(args) => audit::run(args, app),
        Command::Memory(args) => memory::run(args, app),
        Command::Objects(args) => objects::run(args, app),
        Command::Docs(args) => docs::run(args, app),
        Command::Ask(args) => ask::run(args, app),
        Command::Incident(args) => incident::run(args, app),
        Command::Signals(args) => signals::run(args, app),
        Command::Policy(args) => policy::run(args, app),
        Command::Events(args) => events::run(args, app),
        Command::Hook(args) => hook::run(args, app),
        Command::Ci(args) => ci::run(args, app),
        Command::Config(args) => config::run(args, app),
        Command::Login(args) => login::run(args, app),
        Command::Logout(args) => logout::run(args, app),
        Command::Whoami(args) => whoami::run(args, app),
        Command::Credential(args) => credential::run(args, app),
        Command::Infra(args) => infra::run(args, app),
        Command::Database(args) => database::run(args, app),
        Command::Agent(args) => agent::run(args, app),
        Command::Mcp(args) => mcp::run(args, app),
        Command::Dev(args) => dev::run(args, app),
        Command::Trust(args) => trust::run(args, app),
        Command::Doctor(args) => doctor::run(args, app),
        Command::Completions(args) => completions::run(args, app),
        Command::Man(args) => man::run(args, app),
    }
}

/// Parses the command line, runs the command and turns its end into an exit code.
pub fn main() -> ExitCode {
    let parsed = match line::parse() {
        Ok(parsed) => parsed,
        Err(shown) => return ExitCode::from(shown as u8),
    };
    let ui = line::first_ui(&parsed.global);
    let exit = match crate::exit::guarded(|| run(parsed, ui)) {
        Ok(exit) => exit,
        Err(failure) => {
            ui.always(&crate::ui::harmless(&failure.to_string(), true));
            failure.exit
        }
    };
    ExitCode::from(exit as u8)
}

fn run(parsed: line::Line, ui: Ui) -> Result<Exit, Failure> {
    let own_log = matches!(parsed.command, Command::Agent(_));
    let app = line::open(&parsed.global, ui, own_log, parsed.command.needs_no_settings())?;
    if matches!(app.output, Output::Csv | Output::Html) && !parsed.command.is_about_incidents() {
        return Err(Failure::new("only signals and incidents are written as CSV or HTML")
            .next("leave --output out, or see `ecoops help signals`"));
    }
    let end = dispatch(parsed.command, &app);
    // A command that was stopped says so by its own words; which of the two reasons it was is known here.
    end.map_err(|failure| match failure.exit {
        Exit::Interrupted | Exit::Deadline => app.interrupt.failure(),
        _ => failure,
    })
}
