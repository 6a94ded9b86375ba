//! `ecoops incident export`: the analysis as a document, for those who were not there.

use super::analyze::rendered;
use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::investigation::{self, About, Target};
use crate::report::Look;
use crate::{objects, open};
use ecoops_core::ports::objects::Bucket;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ecoops incident export bundle.tar.zst --format html --out incident.html\n  ecoops incident export 01KAF3 --format html --keep\n  ecoops objects list incidents/"
)]
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
    /// Keep it among the reports, where `ecoops objects` finds it (instead of stdout, or besides --out)
    #[arg(long)]
    keep: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Json,
    Markdown,
    Html,
}

impl Format {
    fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Markdown => "md",
            Self::Html => "html",
        }
    }
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
        None if args.keep => {}
        None => app.ui.result(&text),
    }
    if args.keep {
        let incident = match &target {
            Target::Stored(id) => id.as_str(),
            // of signals that belong to no incident that is kept
            _ => "unfiled",
        };
        let name = format!("{}.{}", objects::stamp()?, args.format.extension());
        let key = objects::key(&["incidents", incident, &name])?;
        objects::keep(app, Bucket::Reports, &key, text.as_bytes())?;
        if args.out.is_none() {
            app.ui.result(key.as_str());
        }
    }
    Ok(Exit::Clean)
}
