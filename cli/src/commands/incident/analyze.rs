//! `ecoops incident analyze`: the answer, in the terminal or as JSON.

use super::failure;
use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::investigation::{self, About, Finished, Target};
use crate::open;
use crate::report::incident::text::course::Plots;
use crate::report::incident::text::{self, Shown};
use crate::report::{self, Look};
use ecoops_core::domain::incident::IncidentVerdict;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exits 0 whenever there is a verdict, be it that no cause was found; with --exit-code 7 when it is \
    inconclusive.\n\nExample:\n  ecoops incident analyze bundle.tar.zst --output json"
)]
pub struct Args {
    /// A bundle, log files and exports, `-` for a log on stdin, or an incident's id
    #[arg(value_name = "BUNDLE", required = true)]
    targets: Vec<PathBuf>,
    #[command(flatten)]
    about: About,
    /// Exit 7 when the data do not tell
    #[arg(long)]
    exit_code: bool,
    /// Write measurements of the analysis to this file, as Prometheus reads them
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
}

pub fn run(args: &Args, app: &App) -> Result<Exit, Failure> {
    let target = investigation::target(app, &args.targets)?;
    let finished = investigation::investigate(app, &target, &args.about)?;
    if let Target::Stored(id) = &target {
        keep(app, id, &finished)?;
    }
    if let Some(file) = &args.metrics {
        let text = investigation::exposition(&finished.investigated.measured);
        open::write_whole(&app.here.join(file), text.text().as_bytes())?;
    }
    show(app, &finished);
    let inconclusive = finished.investigated.analysis.verdict == IncidentVerdict::Inconclusive;
    Ok(if args.exit_code && inconclusive { Exit::Inconclusive } else { Exit::Clean })
}

/// Keeps the conclusion with its incident, and the problem that a fix takes over.
pub fn keep(app: &App, id: &str, finished: &Finished) -> Result<(), Failure> {
    let now = open::host()?.now().as_microsecond() as f64 / 1e6;
    let incidents = open::incidents(app)?;
    let mut analysis = finished.investigated.analysis.clone();
    analysis.problem = finished.investigated.problem.clone();
    if let Some(problem) = &mut analysis.problem {
        problem.title = finished.redact()(&problem.title);
    }
    incidents.conclude(id, &analysis, now).map_err(|e| failure(&e))
}

/// Writes the analysis in the format that was asked for.
pub fn show(app: &App, finished: &Finished) {
    app.ui.result(&rendered(app.output, finished, Look::of(&app.ui)));
}

/// The analysis in a format.
pub fn rendered(output: Output, finished: &Finished, look: Look) -> String {
    let investigated = &finished.investigated;
    let (analysis, data) = (&investigated.analysis, &investigated.data);
    match output {
        Output::Json => report::incident_json(analysis),
        Output::Jsonl => report::incident_lines(analysis),
        Output::Html => report::incident::html(analysis, data, &finished.redact()),
        Output::Markdown => report::incident::markdown(analysis, data, &finished.redact()),
        _ => {
            let plots = Plots::of(analysis, data);
            let mut brief = data.brief.clone();
            brief.title = finished.redact()(&brief.title);
            let redact = finished.redact();
            let steps: Vec<String> = text::steps(analysis, data).iter().map(|step| redact(step)).collect();
            let shown = Shown { brief: Some(&brief), analysis, plots: &plots, steps: &steps };
            text::analysis(&shown, look)
        }
    }
}
