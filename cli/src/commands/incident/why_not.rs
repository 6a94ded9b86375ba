//! `ecoops incident why-not`: what speaks against a service or a change.

use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::investigation::{self, About};
use crate::report::incident::text;
use crate::report::{Look, safe_json};
use ecoops_core::engines::incident;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  ecoops incident why-not bundle.tar.zst payments\n  ecoops incident why-not 01KAF deploy-42"
)]
pub struct Args {
    /// A bundle, or an incident's id
    #[arg(value_name = "BUNDLE")]
    target: PathBuf,
    /// A service, or the id of a change
    #[arg(value_name = "SUBJECT")]
    subject: String,
    #[command(flatten)]
    about: About,
}

pub fn run(args: &Args, app: &App) -> Result<Exit, Failure> {
    let target = investigation::target(app, std::slice::from_ref(&args.target))?;
    let finished = investigation::investigate(app, &target, &args.about)?;
    let of = &finished.investigated;
    let Some(mut answer) = incident::why_not(&of.data, &of.analysis, &args.subject) else {
        let services: Vec<&str> = of.data.changes.iter().map(|c| c.id.as_str()).take(5).collect();
        let changes = if services.is_empty() {
            String::new()
        } else {
            format!("; changes are {}", services.join(", "))
        };
        return Err(Failure::new(format!("the signals know nothing of {}", args.subject))
            .exit(Exit::Nothing)
            .next(format!("name a service or the id of a change{changes}")));
    };
    answer.redact(&finished.redact());
    match app.output {
        Output::Json => {
            let value = serde_json::to_value(&answer).unwrap_or_default();
            app.ui.result(&safe_json(&format!("{value:#}")));
        }
        Output::Jsonl => {
            let value = serde_json::to_value(&answer).unwrap_or_default();
            app.ui.result(&safe_json(&value.to_string()));
        }
        _ => app.ui.result(&text::why_not(&answer, Look::of(&app.ui))),
    }
    Ok(Exit::Clean)
}
