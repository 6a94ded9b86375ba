//! `ecoops fix`: turns findings into verified fixes, with a policy decision for each, a signed record
//! and an undo.

use crate::app::{App, Output};
use crate::examination::{self, Examination, ScopeArgs};
use crate::exit::{Exit, Failure};
use crate::fixing;
use crate::open;
use crate::report::{self, Look};
use ecoops_core::domain::FixReport;
use ecoops_core::pipeline::{Ending, Request, Until};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Each fix is tried in an isolated copy: the file must parse, the finding be\ngone, no new one come, and the project's own build, lint and tests be as good\nas before. Only then are your files changed, all or none.\n\nExits 0 when all was fixed, 1 when findings remain, 4 denied by policy,\n5 validation failed, 6 not approved. Where nobody can be asked the change is kept as\na plan: after `ecoops plan approve` the same command applies it, as long as no file\nof it has moved.\n\nExamples:\n  ecoops fix                      look, try, ask, fix\n  ecoops fix --yes src/           without asking\n  ecoops fix --diff               only show what would change\n  ecoops fix --problem \"memory leak in connection pool\"\n  ecoops undo                     take it back, byte for byte"
)]
pub struct Args {
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    how: How,
}

/// How it is to be fixed.
#[derive(Debug, Clone, Default, clap::Args, Serialize, Deserialize)]
pub struct How {
    /// Also fixes that may change what the code does
    #[arg(long)]
    pub unsafe_fixes: bool,
    /// Only show the change; run and write nothing
    #[arg(long, conflicts_with_all = ["dry_run", "check"])]
    pub diff: bool,
    /// Validate the change in an isolated copy, and write nothing
    #[arg(long, conflicts_with = "check")]
    pub dry_run: bool,
    /// Say by the exit code alone whether there is something to fix
    #[arg(long)]
    pub check: bool,
    /// Decide fix by fix
    #[arg(long, short = 'i', conflicts_with = "yes")]
    pub interactive: bool,
    /// Approve the change without being asked
    #[arg(long, short = 'y')]
    pub yes: bool,
    /// Commit exactly the fix's hunks, and nothing of yours
    #[arg(long)]
    pub commit: bool,
    /// Make this branch and commit there
    #[arg(long, value_name = "NAME")]
    pub branch: Option<String>,
    /// Do not run the project's own checks
    #[arg(long)]
    pub no_validate: bool,
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    let workspace = open::workspace(app)?;
    open::recover(app, workspace.as_ref())?;
    let examination = examination::examine(app, workspace.as_ref(), &args.scope)?;
    if examination.examined.examined == 0 {
        app.ui.note("nothing to examine here");
        return Ok(Exit::Nothing);
    }
    let request = request(app, &args);
    perform(app, workspace.as_ref(), examination, request, &args.how, asked(app, &args))
}

/// Fixes what was examined and reports it.
pub fn perform(
    app: &App,
    workspace: &dyn ecoops_core::ports::workspace::Workspace,
    examination: Examination,
    request: Request,
    how: &How,
    asked: serde_json::Value,
) -> Result<Exit, Failure> {
    let outcome = fixing::fix(app, workspace, examination, request, how, asked)?;
    if !how.check {
        show(app, &outcome.report, how.diff);
    }
    if outcome.ending == Ending::ApprovalRequired {
        let plan = outcome.report.plan.as_ref();
        let asked =
            plan.map(|plan| format!("`ecoops plan approve {plan}` and run it again, ")).unwrap_or_default();
        app.ui.always(&format!(
            "next: {asked}run it in a terminal to be asked, or approve beforehand with --yes"
        ));
    }
    Ok(exit(outcome.ending, how, &outcome.report))
}

fn request(app: &App, args: &Args) -> Request {
    let settings = app.settings();
    Request {
        problem: args.scope.problem.clone(),
        unsafe_fixes: args.how.unsafe_fixes || settings.fix.unsafe_fixes,
        until: match (args.how.diff || args.how.check, args.how.dry_run) {
            (true, _) => Until::Diff,
            (false, true) => Until::Validated,
            _ => Until::Landed,
        },
        commit: args.how.commit || settings.fix.commit,
        branch: args.how.branch.as_ref().map(|name| format!("{}{name}", settings.fix.branch_prefix)),
        compliance_mode: settings.policy.compliance_mode.clone(),
        validate: settings.validate.enabled && !args.how.no_validate,
        scope: args.scope.words(),
    }
}

/// What the journal keeps, so that `resume` can ask again, from any folder.
fn asked(app: &App, args: &Args) -> serde_json::Value {
    let whole = |paths: &[PathBuf]| paths.iter().map(|p| app.here.join(p)).collect();
    let scope =
        ScopeArgs { paths: whole(&args.scope.paths), from: whole(&args.scope.from), ..args.scope.clone() };
    // A report's name that is not UTF-8 cannot be written down.
    let scope = serde_json::to_value(scope).unwrap_or_default();
    serde_json::json!({ "how": args.how, "scope": scope })
}

fn show(app: &App, report: &FixReport, diff: bool) {
    if diff && app.output == Output::Text {
        app.ui.result(report::paint_diff(&report.patch, Look::of(&app.ui)).trim_end_matches('\n'));
        return;
    }
    if matches!(app.output, Output::Text | Output::Markdown | Output::Github | Output::Gitlab) {
        report::notes(&report.notes).iter().for_each(|line| app.ui.note(line));
    }
    let text = report::fix(report, app.output, Look::of(&app.ui));
    app.ui.result(text.strip_suffix('\n').unwrap_or(&text));
}

/// `--diff`, `--dry-run` and `--check` end as a scan would: 1 when there is something.
fn exit(ending: Ending, how: &How, report: &FixReport) -> Exit {
    let only_looking = how.diff || how.dry_run || how.check;
    match ending {
        Ending::Clean if only_looking && !report.fixed.is_empty() => Exit::Remaining,
        Ending::Clean => Exit::Clean,
        Ending::Remaining => Exit::Remaining,
        Ending::NothingToExamine => Exit::Nothing,
        Ending::PolicyDenied => Exit::PolicyDenied,
        Ending::ValidationFailed => Exit::ValidationFailed,
        Ending::ApprovalRequired => Exit::ApprovalRequired,
        Ending::Inconclusive => Exit::Inconclusive,
    }
}
