//! `ecoops incident schema`: the published format of the incident bundle.

use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use ecoops_core::engines::signals::parse::{FORMAT_PAGE, FORMAT_SCHEMA};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Prints the JSON Schema of the bundle's files; with --output markdown the page that explains them.\n\n\
    Example:\n  ecoops incident schema > bundle.schema.json"
)]
pub struct Args {}

pub fn run(_: &Args, app: &App) -> Result<Exit, Failure> {
    app.ui.result(match app.output {
        Output::Markdown => FORMAT_PAGE.trim_end(),
        _ => FORMAT_SCHEMA.trim_end(),
    });
    Ok(Exit::Clean)
}
