//! `ecoops incident replay`: the same signals give the same conclusion, and here it is checked.

use super::failure;
use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::investigation::{self, About, Target};
use crate::open;
use ecoops_core::domain::ContentHash;
use ecoops_core::domain::incident::IncidentEvidenceKind;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exits 1 when the conclusion is another: then the signals, the memory or ecoops itself have changed.\n\n\
    Example:\n  ecoops incident replay 01KAF3"
)]
pub struct Args {
    /// As `ecoops incident list` shows it, or its beginning
    id: String,
}

pub fn run(args: &Args, app: &App) -> Result<Exit, Failure> {
    let incidents = open::incidents(app)?;
    let entry = incidents.incident(&args.id).map_err(|e| failure(&e))?;
    let Some(before) = incidents.conclusion(&entry.id).map_err(|e| failure(&e))? else {
        return Err(Failure::new(format!("{} was not analysed yet", entry.id))
            .exit(Exit::Nothing)
            .next(format!("run `ecoops incident analyze {}`", entry.id)));
    };
    let finished = investigation::investigate(app, &Target::Stored(entry.id.clone()), &About::default())?;
    let after = serde_json::to_string(&finished.investigated.analysis).unwrap_or_default();
    let hash = ContentHash::of(after.as_bytes());
    // What was kept was read from text, so this is as well: reading may round the last digit of a number.
    let differs: Vec<String> = parts(&before, &serde_json::from_str(&after).unwrap_or_default());
    match app.output {
        Output::Json | Output::Jsonl => {
            let value = json!({ "incident": entry.id, "same": differs.is_empty(), "differs": differs, "hash": hash.to_string() });
            app.ui.result(&value.to_string());
        }
        _ if differs.is_empty() => app.ui.result(&format!("the same conclusion, byte for byte ({hash})")),
        _ => app.ui.result(&format!("another conclusion: {} differ", differs.join(", "))),
    }
    Ok(if differs.is_empty() { Exit::Clean } else { Exit::Remaining })
}

/// The parts that are not the same. What memory knows by now is no part of the conclusion.
fn parts(before: &Value, after: &Value) -> Vec<String> {
    let fields = |v: &Value| v.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let mut names = fields(before);
    names.extend(fields(after).into_iter().filter(|n| before.get(n).is_none()));
    let memory = serde_json::to_value(IncidentEvidenceKind::Memory).unwrap_or_default();
    let part = |of: &Value, name: &str| match of.get(name) {
        Some(Value::Array(all)) if name == "evidence" => {
            Some(Value::Array(all.iter().filter(|e| e.get("kind") != Some(&memory)).cloned().collect()))
        }
        other => other.cloned(),
    };
    // Its id is of the run that found it.
    names.retain(|name| name != "problem");
    names.retain(|name| part(before, name) != part(after, name));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named_and_memory_is_left_out() {
        let before =
            json!({ "answer": "a", "notes": [], "problem": { "id": "1" }, "evidence": [{ "kind": "log" }] });
        let after = json!({ "answer": "b", "notes": [], "evidence": [{ "kind": "log" }, { "kind": "memory" }], "new": 1 });
        assert_eq!(parts(&before, &after), ["answer", "new"]);
        assert!(parts(&before, &before).is_empty());
    }
}
