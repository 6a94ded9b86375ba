//! `ecoops signals`: what logs and metrics say, without an incident around them.

mod detect;
mod intake;
mod templates;
mod watch;

use crate::app::App;
use crate::exit::{Exit, Failure};
use clap::{Args as ClapArgs, Subcommand};

#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Example:\n  ecoops signals templates app.log --output csv\n  ecoops signals detect latency.csv --output csv\n  \
    kubectl logs -f deploy/shop | ecoops signals watch -"
)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Group the lines of a log by what they say
    Templates(templates::Args),
    /// Score each value of a series by how unusual it is
    Detect(detect::Args),
    /// Watch a stream of logs and say at once what is unusual
    Watch(watch::Args),
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    match args.verb {
        Verb::Templates(args) => templates::run(&args, app),
        Verb::Detect(args) => detect::run(&args, app),
        Verb::Watch(args) => watch::run(&args, app),
    }
}

/// A cell of a CSV file, quoted where it has to be (RFC 4180).
fn cell(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\"")).into()
    } else {
        text.into()
    }
}
