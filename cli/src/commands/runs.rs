//! `ecoops runs`: what was done in this repository, newest first.

use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::open;
use crate::ui::harmless;
use ecoops_core::domain::Run;
use ecoops_core::pipeline::journal;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  ecoops runs\n  ecoops runs --all --output json")]
pub struct Args {
    /// Of every repository, not only this one
    #[arg(long)]
    all: bool,
    /// How many at most
    #[arg(long, short = 'n', default_value_t = 20)]
    limit: usize,
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    let workspace = open::workspace(app)?;
    open::recover(app, workspace.as_ref())?;
    let store = open::store(app)?;
    let repository = workspace.about().repository.clone();
    let only = (!args.all).then_some(repository.as_str());
    let runs =
        store.runs(only, args.limit).map_err(|e| Failure::new("the journal cannot be read").because(&e))?;
    match app.output {
        Output::Json => {
            let rows: Vec<_> = runs.iter().map(row).collect();
            app.ui.result(&format!("{:#}", serde_json::Value::from(rows)));
        }
        Output::Jsonl => runs.iter().for_each(|r| app.ui.result(&row(r).to_string())),
        _ => {
            for run in &runs {
                let when = run.started.get(..19).unwrap_or(&run.started).replace('T', " ");
                let line = format!("{}  {}  {:<11}  {}", run.id.0, when, journal::name(run.state), run.note);
                app.ui.result(&harmless(&line, false));
            }
            if runs.is_empty() {
                app.ui.note("no runs yet: `ecoops fix` makes the first");
            }
        }
    }
    Ok(Exit::Clean)
}

fn row(run: &Run) -> serde_json::Value {
    serde_json::json!({
        "id": run.id,
        "state": run.state,
        "started": run.started,
        "updated": run.updated,
        "actor": run.actor,
        "trace_id": run.trace_id,
        "location": run.location,
        "note": run.note,
        "files": run.write_set.writes.iter().map(|w| &w.path).collect::<Vec<_>>(),
        "commit": run.write_set.reference.as_ref().map(|(_, _, new)| new),
        "verdict": run.verdict,
    })
}
