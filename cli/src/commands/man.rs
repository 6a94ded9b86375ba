//! `ecoops man`: the manual pages, from the commands' one definition.

use super::line;
use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::settings::replace;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  ecoops man | man -l -\n  ecoops man --write man")]
pub struct Args {
    /// Write a page for each command into DIR
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    let failure = |e: &std::io::Error| Failure::new("the manual cannot be written").because(e);
    let Some(folder) = args.write else {
        app.ui.raw(&page(line::command()).map_err(|e| failure(&e))?);
        return Ok(Exit::Clean);
    };
    let folder = app.here.join(folder);
    let mut whole = line::command();
    whole.build();
    let subcommands: Vec<_> =
        whole.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help").cloned().collect();
    for sub in subcommands {
        let name = format!("ecoops-{}", sub.get_name());
        let text = page(sub.version(env!("CARGO_PKG_VERSION"))).map_err(|e| failure(&e))?;
        replace(&folder.join(format!("{name}.1")), &text, 0o644).map_err(|e| failure(&e))?;
    }
    let text = page(line::command()).map_err(|e| failure(&e))?;
    replace(&folder.join("ecoops.1"), &text, 0o644).map_err(|e| failure(&e))?;
    Ok(Exit::Clean)
}

/// A page; without a date, so that the same definition gives the same bytes.
fn page(command: clap::Command) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text)?;
    Ok(text)
}
