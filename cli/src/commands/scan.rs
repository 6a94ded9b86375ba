//! `ecoops scan`: examines code and reports what it found. Changes nothing but the baseline, if asked.

use crate::app::{App, Output};
use crate::examination::{self, Ask, ScopeArgs};
use crate::exit::{Exit, Failure};
use crate::open;
use crate::report::{self, Look};
use ecoops_core::domain::{Finding, ScanReport, Tier};
use ecoops_core::engines::code::fingerprint::Baseline;
use ecoops_core::engines::code::rule::Rule;
use ecoops_core::engines::code::ruleset::LoadedRule;
use ecoops_core::engines::code::testing::run_examples;
use ecoops_core::ports::workspace::Selection;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exits 0 when clean, 1 when something was found, 3 when there was nothing to examine.\n\nExamples:\n  ecoops scan\n  ecoops scan src --severity high --output sarif > report.sarif\n  ecoops scan --from-ref origin/main\n  ecoops scan --write-baseline .ecoops-baseline.json"
)]
pub struct Args {
    #[command(flatten)]
    scope: ScopeArgs,
    /// Show suppressed findings too, marked as such
    #[arg(long)]
    suppressed: bool,
    /// Write what was found to this file, so that later scans leave it out
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
    /// Run the examples of all rules, or of the rule files in these folders (given as PATH), instead
    #[arg(long)]
    test_rules: bool,
    /// List the rules that would be used, instead of using them
    #[arg(long, conflicts_with = "test_rules")]
    list_rules: bool,
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    if args.test_rules {
        return test_rules(app, &args.scope.paths);
    }
    if args.list_rules {
        return list_rules(app, &args.scope);
    }
    let workspace = open::workspace(app)?;
    open::recover(app, workspace.as_ref())?;
    let examination = examination::examine(app, workspace.as_ref(), &args.scope)?;
    if let Some(file) = &args.write_baseline {
        return write_baseline(app, &examination, file);
    }
    let report = examination::report(app, &examination)?;
    let look = Look { suppressed: args.suppressed, ..Look::of(&app.ui) };
    show(app, &report, look);
    Ok(examination::exit(&examination))
}

/// Notes to stderr where the format has no place for them, the report to stdout.
pub fn show(app: &App, report: &ScanReport, look: Look) {
    if matches!(app.output, Output::Text | Output::Github | Output::Gitlab | Output::Markdown) {
        report::notes(&report.notes).iter().for_each(|line| app.ui.note(line));
    }
    let text = report::scan(report, app.output, look);
    if !text.is_empty() {
        app.ui.result(text.strip_suffix('\n').unwrap_or(&text));
    }
}

/// What of the findings counts; the rest (persona, rules, severity) comes from the settings.
#[derive(Debug, Clone, Default)]
pub struct ScanOptions {
    /// Only findings that touch a line which the merge base with this reference does not have.
    pub new_lines_since: Option<String>,
    /// Read the baseline that the settings name, and leave out what it knows.
    pub baseline: bool,
}

/// Scans what `selection` names. Suppressions and the baseline are applied, and all is redacted.
///
/// # Errors
/// [`Failure`] when the repository or a rule cannot be read.
pub fn examine(app: &App, selection: &Selection, options: &ScanOptions) -> Result<ScanReport, Failure> {
    let workspace = open::workspace(app)?;
    let ask =
        Ask { selection: selection.clone(), new_lines_since: options.new_lines_since.clone(), cache: true };
    let rules = examination::rules(app, &ScopeArgs::default())?;
    let mut examination = examination::examine_selection(app, workspace.as_ref(), &ask, rules)?;
    if options.baseline {
        examination::settings_baseline(app, &mut examination)?;
    }
    examination::report(app, &examination)
}

fn write_baseline(
    app: &App,
    examination: &examination::Examination,
    file: &std::path::Path,
) -> Result<Exit, Failure> {
    let findings: Vec<Finding> = examination.examined.files.iter().flat_map(|f| f.findings.clone()).collect();
    let text = Baseline::of(&findings).to_json();
    open::write_whole(file, text.as_bytes())?;
    app.ui.note(&format!("{} findings are now known by {}", findings.len(), file.display()));
    Ok(Exit::Clean)
}

fn test_rules(app: &App, folders: &[PathBuf]) -> Result<Exit, Failure> {
    let rules = if folders.is_empty() { open::rules(app)? } else { open::rules_in(folders)? };
    let results = run_examples(&rules);
    let failed: Vec<_> = results.iter().filter(|r| r.failure.is_some()).collect();
    for result in &failed {
        let why = result.failure.as_deref().unwrap_or_default();
        app.ui.result(&format!("{} {} example {}: {why}", result.file, result.rule, result.number));
    }
    app.ui.result(&format!(
        "{} rules, {} examples: {} passed, {} failed",
        rules.rules().len(),
        results.len(),
        results.len() - failed.len(),
        failed.len()
    ));
    Ok(if results.is_empty() {
        Exit::Nothing
    } else if failed.is_empty() {
        Exit::Clean
    } else {
        Exit::Remaining
    })
}

fn list_rules(app: &App, scope: &ScopeArgs) -> Result<Exit, Failure> {
    let rules = examination::rules(app, scope)?;
    let fixes =
        |rule: &Rule| !rule.fix.is_empty() || rule.document.as_ref().is_some_and(|d| !d.fix.is_empty());
    if app.output == Output::Json {
        let rows: Vec<_> = rules.rules().iter().map(|loaded| row(loaded, fixes(&loaded.rule))).collect();
        app.ui.result(&format!("{:#}", serde_json::Value::from(rows)));
        return Ok(Exit::Clean);
    }
    for loaded in rules.rules() {
        let rule = &loaded.rule;
        let fix = match (fixes(rule), loaded.tier()) {
            (false, _) => "no fix",
            (true, Tier::Safe) => "safe fix",
            (true, _) => "unsafe fix",
        };
        app.ui.result(&format!("{:<8}  {fix:<10}  {:<44}  {}", rule.severity.as_str(), rule.id, rule.title));
    }
    let fixed = rules.rules().iter().filter(|loaded| fixes(&loaded.rule)).count();
    app.ui.note(&format!("{} rules, {fixed} with a fix", rules.rules().len()));
    Ok(Exit::Clean)
}

fn row(loaded: &LoadedRule, fix: bool) -> serde_json::Value {
    let rule = &loaded.rule;
    serde_json::json!({
        "id": rule.id, "title": rule.title, "severity": rule.severity, "confidence": rule.confidence,
        "tier": loaded.tier(), "fix": fix, "persona": rule.persona, "category": rule.category,
        "languages": rule.languages, "cwe": rule.cwe, "owasp": rule.owasp, "why": rule.why,
        "remedy": rule.remedy, "link": rule.link, "file": loaded.file,
    })
}
