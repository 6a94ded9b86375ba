//! `ecoops resume`: does again what a run was asked that was interrupted.

use crate::app::App;
use crate::commands::fix::{self, How};
use crate::examination::{self, ScopeArgs};
use crate::exit::{Exit, Failure};
use crate::open;
use ecoops_core::domain::{Run, RunState};
use ecoops_core::pipeline::{Request, Until};
use serde::Deserialize;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "What the interrupted run had begun to write was taken back already; the same is\nasked again, on the files as they are now.\n\nExamples:\n  ecoops resume\n  ecoops resume 01JD0000000000000000000000"
)]
pub struct Args {
    /// The run, or the beginning of its id; the last interrupted one when none is given
    run: Option<String>,
    /// Approve the change without being asked
    #[arg(long, short = 'y')]
    yes: bool,
}

/// What `fix` had written down of what it was asked.
#[derive(Debug, Deserialize)]
struct Asked {
    how: How,
    scope: ScopeArgs,
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    let workspace = open::workspace(app)?;
    open::recover(app, workspace.as_ref())?;
    let store = open::store(app)?;
    let interrupted = |run: &Run| run.state == RunState::Interrupted;
    let found = open::find_run(
        store.as_ref(),
        workspace.as_ref(),
        args.run.as_deref(),
        &interrupted,
        "no run was cut off in this repository",
    )?;
    let asked: Asked = serde_json::from_value(found.request.clone())
        .map_err(|e| Failure::new("the journal does not say what that run was asked").because(&e))?;
    let scope = asked.scope;
    let how = How { yes: asked.how.yes || args.yes, ..asked.how };
    let examination = examination::examine(app, workspace.as_ref(), &scope)?;
    let settings = app.settings();
    let request = Request {
        problem: scope.problem.clone(),
        unsafe_fixes: how.unsafe_fixes || settings.fix.unsafe_fixes,
        until: if how.dry_run { Until::Validated } else { Until::Landed },
        commit: how.commit || settings.fix.commit,
        branch: how.branch.as_ref().map(|name| format!("{}{name}", settings.fix.branch_prefix)),
        compliance_mode: settings.policy.compliance_mode.clone(),
        validate: settings.validate.enabled && !how.no_validate,
        scope: scope.words(),
    };
    fix::perform(app, workspace.as_ref(), examination, request, &how, found.request)
}
