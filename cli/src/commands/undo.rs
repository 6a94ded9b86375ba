//! `ecoops undo`: takes a run back, byte for byte.

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::open;
use ecoops_core::domain::{Run, RunState};
use ecoops_core::pipeline;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nothing is touched when one of the files was changed since.\n\nExamples:\n  ecoops undo                              the last run here\n  ecoops undo 01JD0000000000000000000000   that run (`ecoops runs`)"
)]
pub struct Args {
    /// The run, or the beginning of its id; the last one that changed something when none is given
    run: Option<String>,
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    let workspace = open::workspace(app)?;
    open::recover(app, workspace.as_ref())?;
    let kernel = open::kernel(app, Vec::new())?;
    // A dry run completes without having written anything.
    let landed = |run: &Run| {
        matches!(run.state, RunState::Completed | RunState::Applied) && !run.write_set.writes.is_empty()
    };
    let mut run = open::find_run(
        &*kernel.store,
        workspace.as_ref(),
        args.run.as_deref(),
        &landed,
        "there is nothing to take back in this repository",
    )?;
    let redact = |text: &str| kernel.redactor.redact(text).text;
    let ports = kernel.ports(workspace.as_ref(), &redact);
    pipeline::undo(&ports, &mut run, &open::step).map_err(open::failure)?;
    for write in &run.write_set.writes {
        app.ui.note(&format!("restored {}", crate::ui::harmless(write.path.as_str(), false)));
    }
    app.ui.result(&format!("undone: run {} ({})", run.id.0, run.note));
    Ok(Exit::Clean)
}
