//! `ecoops`: turns a problem in code into a fix with a proof.

mod agent;
mod app;
mod commands;
mod examination;
mod exit;
mod fixing;
mod git;
mod host;
mod imported;
mod interrupt;
mod open;
mod report;
mod settings;
mod ui;

use ecoops_plugins::registry::launcher;

fn main() -> std::process::ExitCode {
    // First of all: the launcher enters namespaces, which is refused to a process with threads.
    if std::env::args_os().nth(1).is_some_and(|first| first == launcher::SUBCOMMAND) {
        return launcher::main();
    }
    commands::main()
}
