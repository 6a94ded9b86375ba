//! `ecoops incident export`: the analysis as a document, for those who were not there.

use super::analyze::rendered;
use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::investigation::{self, About};
use crate::open;
use crate::report::Look;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  ecoops incident export bundle.tar.zst --format html --out incident.html")]
pub struct Args {
    /// A bundle, log files and exports, or an incident's id
    #[arg(value_name = "BUNDLE", required = true)]
    targets: Vec<PathBuf>,
    #[command(flatten)]
    about: About,
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,
    /// Write to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Json,
    Markdown,
    Html,
}

pub fn run(args: &Args, app: &App) -> Result<Exit, Failure> {
    let target = investigation::target(app, &args.targets)?;
    let finished = investigation::investigate(app, &target, &args.about)?;
    let output = match args.format {
        Format::Json => Output::Json,
        Format::Markdown => Output::Markdown,
        Format::Html => Output::Html,
    };
    let text = rendered(output, &finished, Look { color: false, ..Look::of(&app.ui) });
    match &args.out {
        Some(file) => {
            open::write_whole(&app.here.join(file), text.as_bytes())?;
            app.ui.note(&format!("wrote {}", file.display()));
        }
        None => app.ui.result(&text),
    }
    Ok(Exit::Clean)
}
