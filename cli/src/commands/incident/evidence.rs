//! `ecoops incident evidence`: what the last analysis cites, and the raw line behind it, checked by its hash.

use super::failure;
use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::open;
use crate::report::safe_json;
use crate::ui::{brief, harmless};
use ecoops_core::domain::ContentHash;
use ecoops_core::ports::incidents::{EvidenceRow, Incidents};
use serde_json::json;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  ecoops incident evidence 01KAF3\n  ecoops incident evidence 01KAF3 e7")]
pub struct Args {
    /// As `ecoops incident list` shows it, or its beginning
    id: String,
    /// Only this piece, with the raw line that it cites
    #[arg(value_name = "EVIDENCE")]
    evidence: Option<String>,
}

pub fn run(args: &Args, app: &App) -> Result<Exit, Failure> {
    let incidents = open::incidents(app)?;
    let entry = incidents.incident(&args.id).map_err(|e| failure(&e))?;
    let mut rows = incidents.evidence(&entry.id).map_err(|e| failure(&e))?;
    if let Some(wanted) = &args.evidence {
        rows.retain(|row| row.id == *wanted);
    }
    if rows.is_empty() {
        return Err(Failure::new("there is no such evidence")
            .exit(Exit::Nothing)
            .next(format!("run `ecoops incident analyze {}` first", entry.id)));
    }
    let redactor = open::redactor(app)?;
    let raw = match (&args.evidence, rows.first()) {
        (Some(_), Some(row)) => raw(incidents.as_ref(), &entry.id, row)?,
        _ => None,
    };
    let raw = raw.map(|bytes| redactor.redact(&String::from_utf8_lossy(&bytes)).text);
    match app.output {
        Output::Json => {
            let value = json!({ "incident": entry.id, "evidence": rows, "raw": raw });
            app.ui.result(&safe_json(&format!("{value:#}")));
        }
        Output::Jsonl => rows.iter().for_each(|row| {
            app.ui.result(&safe_json(&serde_json::to_value(row).unwrap_or_default().to_string()));
        }),
        _ => {
            for row in &rows {
                let place = match (&row.file, row.offset) {
                    (Some(file), Some(offset)) => format!("  {file}:{offset}"),
                    (Some(file), None) => format!("  {file}"),
                    _ => String::new(),
                };
                let service = row.service.as_deref().unwrap_or("-");
                app.ui
                    .result(&brief(&format!("{:<5} {:<8} {service}{place}", row.id, row.kind), app.ui.width));
                app.ui.result(&brief(&format!("      {}", row.excerpt), app.ui.width));
            }
            if let Some(raw) = raw {
                app.ui.result(&format!("\n{}", harmless(&raw, false)));
            }
        }
    }
    Ok(Exit::Clean)
}

/// The line of the log that the evidence cites; `None` when it cites none.
fn raw(incidents: &dyn Incidents, id: &str, row: &EvidenceRow) -> Result<Option<Vec<u8>>, Failure> {
    let (Some(file), Some(offset), Some(hash)) = (&row.file, row.offset, &row.hash) else { return Ok(None) };
    if row.kind != "log" {
        return Ok(None);
    }
    let Ok(hash) = serde_json::from_value::<ContentHash>(json!(hash)) else { return Ok(None) };
    incidents.raw_line(id, file, offset, &hash).map(Some).map_err(|e| failure(&e))
}
