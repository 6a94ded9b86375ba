//! `ecoops incident`: what is anomalous, what changed, who is to blame and why, from signals alone.

mod analyze;
mod attach;
mod capture;
mod demo;
mod evidence;
mod export;
mod ingest;
mod records;
mod replay;
mod schema;
mod why_not;

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::open;
use clap::{Args as ClapArgs, Subcommand};
use ecoops_core::ports::incidents::IncidentsError;

#[derive(Debug, ClapArgs)]
#[command(
    after_help = "A bundle is a folder or .tar.zst with any of: incident.json, metrics.csv, logs/*.log, traces.json, \
    events.jsonl, topology.csv, changes.jsonl. Loose files do as well.\n\n\
    Example:\n  ecoops incident analyze bundle.tar.zst\n  ecoops incident analyze api.log db.log deploys.jsonl --at 2026-03-02T10:31:00Z\n  \
    ecoops incident open \"Orders fail\" --service checkout bundle/"
)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Say what is wrong, who is to blame and why, and what speaks against it
    Analyze(analyze::Args),
    /// Begin to keep an incident, with the signals that there are
    Open(records::OpenArgs),
    /// List the incidents that are kept
    List(records::ListArgs),
    /// Show an incident and what was concluded of it
    Show(records::ShowArgs),
    /// Take further signals into an incident
    Ingest(ingest::Args),
    /// Show the evidence of the last analysis, and the raw line that one cites
    Evidence(evidence::Args),
    /// Say why a service or a change is not to blame
    WhyNot(why_not::Args),
    /// Analyse an incident again from what was kept, and compare
    Replay(replay::Args),
    /// Fill a bundle from files, git history, Prometheus, Alertmanager, Loki and Tempo
    Capture(Box<capture::Args>),
    /// Keep files that belong to an incident
    Attach(attach::Args),
    /// Write the analysis as a document
    Export(export::Args),
    /// Print the format of the bundle
    Schema(schema::Args),
    /// Make up an incident, analyse it, and say what had really happened
    Demo(demo::Args),
    /// Close an incident; what was learnt goes into memory
    Close(records::CloseArgs),
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    match args.verb {
        Verb::Analyze(args) => analyze::run(&args, app),
        Verb::Open(args) => records::open(&args, app),
        Verb::List(args) => records::list(&args, app),
        Verb::Show(args) => records::show(&args, app),
        Verb::Ingest(args) => ingest::run(&args, app),
        Verb::Evidence(args) => evidence::run(&args, app),
        Verb::WhyNot(args) => why_not::run(&args, app),
        Verb::Replay(args) => replay::run(&args, app),
        Verb::Capture(args) => capture::run(&args, app),
        Verb::Attach(args) => attach::run(&args, app),
        Verb::Export(args) => export::run(&args, app),
        Verb::Schema(args) => schema::run(&args, app),
        Verb::Demo(args) => demo::run(&args, app),
        Verb::Close(args) => records::close(&args, app),
    }
}

/// The incident in words, for a question about it.
pub fn about(app: &App, id: &str) -> Result<String, Failure> {
    let incidents = open::incidents(app)?;
    let entry = incidents.incident(id).map_err(|e| failure(&e))?;
    let concluded = incidents.conclusion(&entry.id).map_err(|e| failure(&e))?;
    let answer = concluded.as_ref().and_then(|c| c.get("answer")?.as_str()).unwrap_or_default();
    let service = entry.brief.service.unwrap_or_default();
    Ok(format!("{} {service} {answer}", entry.brief.title))
}

/// A store's error as a command's end.
fn failure(error: &IncidentsError) -> Failure {
    let next = match error {
        IncidentsError::Unknown(_) | IncidentsError::Ambiguous(..) => {
            "run `ecoops incident list` to see what there is"
        }
        IncidentsError::Closed(_) => "open a new one, or analyse the signals without keeping them",
        IncidentsError::Busy => "wait for the other to end",
        IncidentsError::Missing(_) => "analyse the signals themselves again",
        IncidentsError::Altered(_) => "ingest the signals again; what is kept was changed from outside",
        IncidentsError::Storage(_) => "see `ecoops doctor`",
    };
    let exit = match error {
        IncidentsError::Unknown(_) | IncidentsError::Missing(_) => Exit::Nothing,
        _ => Exit::Error,
    };
    Failure::new(error.to_string()).exit(exit).next(next)
}
