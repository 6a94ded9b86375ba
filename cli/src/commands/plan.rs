//! `ecoops plan`: changes that were put before somebody, and what was said of them.

use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::open;
use crate::report::{self, Look};
use crate::ui::{brief, harmless};
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use ecoops_core::domain::{Plan, PlanApproval, PlanStatus};
use ecoops_core::pipeline;
use ecoops_core::ports::plans::PlansError;
use serde_json::{Value, json};

#[derive(Debug, ClapArgs)]
#[command(
    after_help = "`ecoops fix` keeps each change that it would apply as a plan. What is approved is the effect: the\ndigest of every file before and after. When a file moves, the same fix is another plan and\nmust be approved anew. With incidents.adapter postgres an org shares its\nplans: one proposes, another approves.\n\nExamples:\n  ecoops plan list --status proposed\n  ecoops plan show 01KAF3\n  ecoops plan approve 01KAF3 --notes \"looked at with Ana\"\n  ecoops fix                       the approved change is applied"
)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List plans, newest first
    #[command(after_help = "Example:\n  ecoops plan list --status proposed --output json")]
    List {
        #[arg(long, value_enum)]
        status: Option<Status>,
        #[arg(long, short = 'n', default_value_t = 20, value_name = "N")]
        limit: usize,
    },
    /// Show what would change, what the checks said, and who said what
    #[command(after_help = "Example:\n  ecoops plan show 01KAF3")]
    Show {
        /// As `ecoops plan list` shows it, or its beginning
        id: String,
    },
    /// Say yes: the same fix is then applied where nobody can be asked
    #[command(after_help = "Needs remediation:deploy. Example:\n  ecoops plan approve 01KAF3")]
    Approve(Said),
    /// Say no; the last word counts
    #[command(
        after_help = "Needs remediation:deploy. Example:\n  ecoops plan reject 01KAF3 --notes \"not on a Friday\""
    )]
    Reject(Said),
}

#[derive(Debug, ClapArgs)]
struct Said {
    /// As `ecoops plan list` shows it, or its beginning
    id: String,
    /// Why, in your words
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    notes: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Status {
    Proposed,
    Approved,
    Rejected,
    Executed,
}

impl From<Status> for PlanStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Proposed => Self::Proposed,
            Status::Approved => Self::Approved,
            Status::Rejected => Self::Rejected,
            Status::Executed => Self::Executed,
        }
    }
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    match args.verb {
        Verb::List { status, limit } => list(status.map(Into::into), limit, app),
        Verb::Show { id } => show(&id, app),
        Verb::Approve(said) => decide(&said, true, app),
        Verb::Reject(said) => decide(&said, false, app),
    }
}

fn failure(error: &PlansError) -> Failure {
    let failure = Failure::new(error.to_string());
    match error {
        PlansError::Unknown(_) | PlansError::Ambiguous(..) => {
            failure.exit(Exit::Nothing).next("run `ecoops plan list` to see what there is")
        }
        PlansError::Executed(_) => failure.next("`ecoops fix` proposes what there is to do now"),
        _ => failure.next("see `ecoops doctor`"),
    }
}

fn list(status: Option<PlanStatus>, limit: usize, app: &App) -> Result<Exit, Failure> {
    let plans = open::plans(app)?.list(status, limit).map_err(|e| failure(&e))?;
    match app.output {
        Output::Json => app.ui.result(&format!("{:#}", json!({ "plans": plans }))),
        Output::Jsonl => plans.iter().for_each(|plan| app.ui.result(&json!(plan).to_string())),
        _ if plans.is_empty() => app.ui.note("no plans: `ecoops fix` makes the first"),
        _ => plans.iter().for_each(|plan| app.ui.result(&brief(&line(plan), app.ui.width))),
    }
    Ok(if plans.is_empty() { Exit::Nothing } else { Exit::Clean })
}

fn line(plan: &Plan) -> String {
    let when = plan.created_at.get(..16).unwrap_or(&plan.created_at).replace('T', " ");
    format!("{}  {:<8}  {when}  {}  {}", plan.id, plan.status.as_str(), plan.summary, plan.repository)
}

fn show(id: &str, app: &App) -> Result<Exit, Failure> {
    let (plan, said) = open::plans(app)?.plan(id).map_err(|e| failure(&e))?;
    match app.output {
        Output::Json => app.ui.result(&format!("{:#}", whole(&plan, &said))),
        Output::Jsonl => app.ui.result(&whole(&plan, &said).to_string()),
        _ => text(&plan, &said, app),
    }
    Ok(Exit::Clean)
}

fn whole(plan: &Plan, said: &[PlanApproval]) -> Value {
    json!({ "plan": plan, "approvals": said })
}

fn text(plan: &Plan, said: &[PlanApproval], app: &App) {
    let out = |name: &str, text: &str| app.ui.result(&harmless(&format!("{name:<9} {text}"), false));
    out("plan", &plan.id);
    out("status", plan.status.as_str());
    out("what", &plan.summary);
    out("where", &plan.repository);
    out("by", &format!("{} at {} (run {})", plan.proposed_by, plan.created_at, plan.run.0));
    out("digest", plan.digest.as_str());
    out("rollback", &plan.rollback);
    for one in said {
        let word = if one.approved { "approved" } else { "rejected" };
        let notes = if one.notes.is_empty() { String::new() } else { format!(": {}", one.notes) };
        out(word, &format!("by {} at {}{notes}", one.approver, one.created_at));
    }
    for step in &plan.steps {
        out("fix", &format!("{} {} [{}]", step.path, step.title, step.rule));
    }
    let look = Look::of(&app.ui);
    app.ui.result(report::paint_diff(&plan.patch, look).trim_end());
    app.ui.result(report::verdict(&plan.preflight, look).trim_end());
}

fn decide(said: &Said, approved: bool, app: &App) -> Result<Exit, Failure> {
    let workspace = open::workspace(app)?;
    let kernel = open::kernel(app, Vec::new())?;
    let redact = |text: &str| kernel.redactor.redact(text).text;
    let ports = kernel.ports(workspace.as_ref(), &redact);
    let plan =
        pipeline::decide(&ports, &said.id, approved, &redact(&said.notes)).map_err(|error| match error {
            pipeline::PipelineError::Plans(error) => failure(&error),
            other => open::failure(other),
        })?;
    match app.output {
        Output::Json | Output::Jsonl => {
            app.ui.result(
                &json!({ "plan": plan.id, "status": plan.status, "digest": plan.digest }).to_string(),
            );
        }
        _ => app.ui.note(&format!("{} {}: {}", plan.status.as_str(), plan.id, plan.summary)),
    }
    if approved {
        app.ui
            .note(&format!("next: `ecoops fix` in {} applies it, unless a file has moved", plan.repository));
    }
    Ok(Exit::Clean)
}
