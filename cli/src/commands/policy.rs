//! `ecoops policy`: asks the policies in force, runs their tests, lists them.

use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::open;
use clap::Subcommand;
use ecoops_core::engines::policy::rego::Source;
use ecoops_core::engines::policy::testing::{self, Outcome, TestResult};
use ecoops_core::ports::policy::PolicyInput;
use ecoops_plugins::registry::{DEFAULT_POLICY, DEFAULT_POLICY_TEST, policy_files as files};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The largest input that is read, in bytes.
const LARGEST_INPUT: u64 = 4 << 20;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  ecoops policy eval --input question.json\n  ecoops policy test policies/"
)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Asks whether an action is allowed: exit 0 when it is, 4 when it is denied.
    #[command(after_help = "The input is the body of `POST /v1/data/remediation/allow`, with or without \
                      its `input` around it.\n\nExample:\n  echo '{\"actor\": \"me\", \"action\": \
                      \"apply-fix\", \"resource\": \"src/a.py\",\n    \"severity\": \"low\", \
                      \"compliance_mode\": \"standard\"}' | ecoops policy eval --input -")]
    Eval {
        /// A JSON file, `-` for standard input.
        #[arg(long, value_name = "FILE")]
        input: PathBuf,
    },
    /// Runs the rules `test_…` of the Rego files in a folder; without one, the default policy's.
    #[command(after_help = "Example:\n  ecoops policy test ~/.config/ecoops/policies")]
    Test {
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
    },
    /// The policies in force.
    #[command(after_help = "Example:\n  ecoops policy list --output json")]
    List,
}

pub fn run(args: Args, app: &App) -> Result<Exit, Failure> {
    match args.action {
        Action::Eval { input } => evaluate(app, &read_input(&input, app)?, app.output),
        Action::Test { folder } => test(app, folder.as_deref(), app.output),
        Action::List => list(app, app.output),
    }
}

fn read_input(path: &Path, app: &App) -> Result<PolicyInput, Failure> {
    let failed = || Failure::new(format!("the input {} cannot be read", path.display()));
    let mut bytes = Vec::new();
    let reader: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(app.here.join(path)).map_err(|e| failed().because(&e))?)
    };
    reader.take(LARGEST_INPUT + 1).read_to_end(&mut bytes).map_err(|e| failed().because(&e))?;
    if bytes.len() as u64 > LARGEST_INPUT {
        return Err(failed().next(format!("give at most {LARGEST_INPUT} bytes")));
    }
    let next = "give a JSON object with actor, action, resource, severity and compliance_mode";
    let mut document: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|e| failed().because(&e).next(next))?;
    if let Some(inner) = document.get_mut("input").filter(|inner| inner.is_object()) {
        document = inner.take();
    }
    serde_json::from_value(document).map_err(|e| failed().because(&e).next(next))
}

fn evaluate(app: &App, input: &PolicyInput, output: Output) -> Result<Exit, Failure> {
    let policy = open::policy(app)?;
    let decision = policy.decide(input);
    match output {
        Output::Json | Output::Jsonl => {
            let json = serde_json::json!({
                "result": decision.allow,
                "reasons": decision.reasons,
                "version": decision.version,
                "policies": decision.policies,
            });
            app.ui.result(&json.to_string());
        }
        _ => {
            let word = if decision.allow { "allowed" } else { "denied" };
            app.ui.result(&format!("{word}: {} on {}", one_line(&input.action), one_line(&input.resource)));
            for reason in &decision.reasons {
                app.ui.result(&format!("  - {}", one_line(reason)));
            }
            app.ui.note(&format!("{} policies, {}", decision.policies, decision.version));
        }
    }
    Ok(if decision.allow { Exit::Clean } else { Exit::PolicyDenied })
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn list(app: &App, output: Output) -> Result<Exit, Failure> {
    let policy = open::policy(app)?;
    let names = policy.list();
    if output == Output::Json {
        app.ui.result(&serde_json::json!({ "policies": names }).to_string());
    } else {
        names.iter().for_each(|name| app.ui.result(name));
    }
    if names.is_empty() {
        app.ui.always("0 policies: every action is denied");
    }
    Ok(Exit::Clean)
}

/// The sources of a test run and their data document.
fn sources(app: &App, folder: Option<&Path>) -> Result<(Vec<Source>, serde_json::Value), Failure> {
    let source = |(name, text): (&str, &str)| Source { name: name.to_owned(), text: text.to_owned() };
    let Some(folder) = folder else {
        return Ok((vec![source(DEFAULT_POLICY), source(DEFAULT_POLICY_TEST)], serde_json::json!({})));
    };
    let folder = app.here.join(folder);
    if !folder.is_dir() {
        return Err(Failure::new(format!("{} is no folder", folder.display())));
    }
    let found = files::read(&folder);
    if !found.problems.is_empty() {
        return Err(Failure::new(found.problems.join("\n")));
    }
    let all = found.policies.into_iter().chain(found.tests).collect();
    Ok((all, serde_json::Value::Object(found.data)))
}

fn test(app: &App, folder: Option<&Path>, output: Output) -> Result<Exit, Failure> {
    let (sources, data) = sources(app, folder)?;
    let results = testing::run(&sources, &data)
        .map_err(|error| Failure::new("the policies cannot be tested").because(&error))?;
    for result in &results {
        app.ui.result(&line(result, output));
    }
    let count = |wanted: fn(&Outcome) -> bool| results.iter().filter(|r| wanted(&r.outcome)).count();
    let failed = count(|outcome| matches!(outcome, Outcome::Failed | Outcome::Error(_)));
    let passed = count(|outcome| *outcome == Outcome::Passed);
    app.ui.note(&format!("{passed} passed, {failed} failed, {} skipped", results.len() - passed - failed));
    if results.is_empty() {
        app.ui.always(&format!("0 tests in {} Rego files", sources.len()));
        return Ok(Exit::Nothing);
    }
    Ok(if failed > 0 { Exit::Remaining } else { Exit::Clean })
}

fn line(result: &TestResult, output: Output) -> String {
    let (word, why) = match &result.outcome {
        Outcome::Passed => ("pass", None),
        Outcome::Failed => ("FAIL", None),
        Outcome::Error(why) => ("ERROR", Some(why.trim())),
        Outcome::Skipped => ("skip", None),
    };
    match output {
        Output::Json | Output::Jsonl => {
            let outcome = word.to_lowercase();
            serde_json::json!({ "name": result.name, "outcome": outcome, "why": why }).to_string()
        }
        _ => {
            let why = why.map(|why| format!("\n      {}", why.replace('\n', "\n      "))).unwrap_or_default();
            format!("{word:<5} {}{why}", result.name)
        }
    }
}
