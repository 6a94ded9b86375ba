//! `ecoops ci`: one step of a pipeline that looks at what is about to be merged.

use super::scan::{ScanOptions, examine};
use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::git::Git;
use crate::host::Automation;
use crate::report::{self, Look};
use crate::settings::{read, replace};
use ecoops_core::domain::ScanReport;
use ecoops_core::ports::workspace::Selection;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Finds out by itself where it runs (GitHub Actions, GitLab CI) and what to compare with; on a pull\nor merge request only new lines count. Writes ecoops.sarif, on GitLab\ngl-code-quality-report.json, and says nothing when there is nothing to say.\n\nExamples:\n  ecoops ci\n  ecoops ci --base origin/main --report out/ecoops.sarif\n  ecoops ci --all"
)]
pub struct Args {
    /// Compare with REF; only lines that it does not have count
    #[arg(long, value_name = "REF", conflicts_with = "all")]
    base: Option<String>,
    /// Look at everything, not only at new lines
    #[arg(long)]
    all: bool,
    /// Write the report to FILE
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    let automation = Automation::find();
    let base = if args.all { None } else { base(app, args.base.as_deref(), &automation)? };
    match &base {
        Some(commit) => app.ui.note(&format!("{}: what is new since {commit}", automation.name())),
        None => app.ui.note(&format!("{}: everything", automation.name())),
    }
    let selection = Selection { from_ref: base.clone(), ..Selection::default() };
    let compared = base.is_some();
    let found = examine(app, &selection, &ScanOptions { new_lines_since: base, baseline: true })?;
    write(app, args.report, &automation, &found)?;
    report::notes(&found.notes).iter().for_each(|n| app.ui.note(n));
    if found.findings.is_empty() {
        return if compared || found.stats.files > 0 { Ok(Exit::Clean) } else { Err(nothing_examined()) };
    }
    let output = match (app.output, &automation) {
        (Output::Text, Automation::GitHub { .. }) => Output::Github,
        (output, _) => output,
    };
    app.ui.result(&report::scan(&found, output, Look::of(&app.ui)));
    Ok(Exit::Remaining)
}

/// A checkout that failed, or the wrong folder, must not pass for a clean one.
fn nothing_examined() -> Failure {
    Failure::new("there is nothing here that could be examined")
        .exit(Exit::Nothing)
        .next("check that the pipeline checks the repository out, and the folder that this step runs in")
}

/// The file that the pipeline picks up. It is written when clean too: an old one must not stay.
fn write(
    app: &App,
    file: Option<PathBuf>,
    automation: &Automation,
    found: &ScanReport,
) -> Result<(), Failure> {
    let (name, output) = match automation {
        Automation::GitLab { .. } => ("gl-code-quality-report.json", Output::Gitlab),
        Automation::GitHub { .. } | Automation::Plain => ("ecoops.sarif", Output::Sarif),
    };
    let file = app.here.join(file.unwrap_or_else(|| PathBuf::from(name)));
    let look = Look { color: false, width: 80, suppressed: false };
    let text = report::scan(found, output, look);
    replace(&file, text.as_bytes(), 0o644)
        .map_err(|e| Failure::new(format!("{} cannot be written", file.display())).because(&e))
}

/// The commit to compare with: as asked, as the pipeline says, else none (everything counts).
fn base(app: &App, asked: Option<&str>, automation: &Automation) -> Result<Option<String>, Failure> {
    let git = Git::at(&app.here);
    if let Some(name) = asked {
        let none = || {
            Failure::new(format!("`{name}` names no commit here"))
                .next("fetch it first; shallow clones lack it (GitHub: fetch-depth: 0, GitLab: GIT_DEPTH: 0)")
        };
        return git.commit(name)?.map(Some).ok_or_else(none);
    }
    let told = match automation {
        Automation::GitHub { base, event } => event.as_deref().and_then(event_base).or_else(|| base.clone()),
        Automation::GitLab { base } => base.clone(),
        Automation::Plain => None,
    };
    let Some(name) = told else { return Ok(None) };
    let found = git.commit(&name)?;
    if found.is_none() {
        app.ui.always(&format!(
            "warning: {name} is not in this clone (shallow?), so everything is looked at; fetch the whole history"
        ));
    }
    Ok(found)
}

/// What GitHub's event file says was there before: a pull request's base, or a push's old commit.
fn event_base(file: &Path) -> Option<String> {
    let event: serde_json::Value = serde_json::from_slice(&read(file).ok()??).ok()?;
    let pull = event.pointer("/pull_request/base/sha");
    let id = pull.or_else(|| event.get("before"))?.as_str()?;
    let real = id.len() >= 40 && id.bytes().all(|b| b.is_ascii_hexdigit()) && id.bytes().any(|b| b != b'0');
    real.then(|| id.to_owned())
}
