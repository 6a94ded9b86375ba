//! `ecoops`: turns a problem in code into a fix with a proof.

mod agent;
mod app;
mod commands;
mod credentials;
mod documents;
mod examination;
mod exit;
mod fixing;
mod git;
mod host;
mod imported;
mod input;
mod interrupt;
mod investigation;
mod objects;
mod open;
mod report;
mod settings;
mod stream;
mod ui;

use ecoops_plugins::registry::launcher;

fn main() -> std::process::ExitCode {
    // First of all: the launcher enters namespaces, which is refused to a process with threads.
    let first = std::env::args_os().nth(1).unwrap_or_default();
    if first == launcher::SUBCOMMAND {
        return launcher::main();
    }
    if first == documents::extract::SUBCOMMAND {
        return documents::extract::main();
    }
    commands::main()
}
