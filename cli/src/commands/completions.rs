//! `ecoops completions`: what a shell needs to complete our commands, from their one definition.

use super::line;
use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::settings::replace;
use clap_complete::Shell;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ecoops completions bash > ~/.local/share/bash-completion/completions/ecoops\n  ecoops completions --write completions"
)]
pub struct Args {
    #[arg(required_unless_present = "write")]
    shell: Option<Shell>,
    /// Write those of bash, fish and zsh into DIR
    #[arg(long, value_name = "DIR", conflicts_with = "shell")]
    write: Option<PathBuf>,
}

/// The shells whose completions are kept in `completions/`, with the names that they look for.
const KEPT: [(Shell, &str); 3] =
    [(Shell::Bash, "ecoops.bash"), (Shell::Fish, "ecoops.fish"), (Shell::Zsh, "_ecoops")];

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    if let Some(shell) = args.shell {
        app.ui.raw(&completions(shell));
    }
    if let Some(folder) = args.write {
        let folder = app.here.join(folder);
        for (shell, name) in KEPT {
            replace(&folder.join(name), &completions(shell), 0o644)
                .map_err(|e| Failure::new(format!("{} cannot be written", folder.display())).because(&e))?;
        }
    }
    Ok(Exit::Clean)
}

fn completions(shell: Shell) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut line::command(), "ecoops", &mut text);
    text
}
