//! `ecoops incident ingest`: takes signals into an incident, once each.

use super::failure;
use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::investigation::{self, Target, unreadable};
use crate::open;
use ecoops_core::ports::incidents::{Incidents, IncidentsError, Ingested};
use ecoops_core::ports::telemetry::{Scope, Telemetry};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  ecoops incident ingest 01KAF3 api.log metrics.csv\n  kubectl logs deploy/shop | ecoops incident ingest 01KAF3 -"
)]
pub struct Args {
    /// As `ecoops incident list` shows it, or its beginning
    id: String,
    /// A bundle, log files and exports, or `-` for a log on stdin
    #[arg(value_name = "BUNDLE", required = true)]
    targets: Vec<PathBuf>,
}

pub fn run(args: &Args, app: &App) -> Result<Exit, Failure> {
    let incidents = open::incidents(app)?;
    let entry = incidents.incident(&args.id).map_err(|e| failure(&e))?;
    let target = investigation::target(app, &args.targets)?;
    let source = source(app, &target)?;
    let ingested = take(app, incidents.as_ref(), &entry.id, source.as_ref())?;
    show(app, &entry.id, &ingested);
    Ok(Exit::Clean)
}

/// The signals of a bundle; an incident cannot be ingested into another.
pub fn source(app: &App, target: &Target) -> Result<Box<dyn Telemetry>, Failure> {
    match target {
        Target::Bundle(path) => investigation::open_for(app, path, None),
        Target::Files(folder) => investigation::loose(app, folder),
        Target::Stored(id) => {
            Err(Failure::new(format!("{id} is an incident itself")).next("name a bundle or log files"))
        }
    }
}

/// Reads all of a source into an incident.
pub fn take(
    app: &App,
    incidents: &dyn Incidents,
    id: &str,
    source: &dyn Telemetry,
) -> Result<Ingested, Failure> {
    let _span = tracing::info_span!("signal.ingest").entered();
    let redactor = open::redactor(app)?;
    let mut ingestion = incidents.ingest(id).map_err(|e| failure(&e))?;
    let bar = app.ui.bar("log records", 0);
    let mut void: Option<IncidentsError> = None;
    let readings = source.read(&Scope::default(), &mut |line| {
        if void.is_none() && !app.interrupt.flag.load(std::sync::atomic::Ordering::Relaxed) {
            void = ingestion.line(line).err();
            bar.inc(1);
        }
    });
    bar.finish_and_clear();
    app.interrupt.check()?;
    if let Some(error) = void {
        return Err(failure(&error));
    }
    let readings = readings.map_err(|e| unreadable(&e))?;
    for note in &readings.notes {
        app.ui.note(&crate::ui::harmless(&format!("note: {}", redactor.redact(note).text), false));
    }
    ingestion.readings(&readings).map_err(|e| failure(&e))?;
    ingestion.finish().map_err(|e| failure(&e))
}

fn show(app: &App, id: &str, ingested: &Ingested) {
    match app.output {
        Output::Json | Output::Jsonl => {
            app.ui.result(&json!({ "incident": id, "ingested": ingested }).to_string());
        }
        _ => app.ui.result(&words(ingested)),
    }
}

pub fn words(ingested: &Ingested) -> String {
    let Ingested { points, lines, spans, events, changes, shed, known } = ingested;
    let mut text = format!(
        "took in {lines} log records, {points} points, {spans} spans, {events} events, {changes} changes"
    );
    if *known > 0 {
        text.push_str(&format!("; {known} were there already"));
    }
    if *shed > 0 {
        text.push_str(&format!("; {shed} were shed, what is kept is a fair sample"));
    }
    text
}
