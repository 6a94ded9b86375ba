//! `ecoops audit report`: what the log of a period shows for the controls of SOC 2 or ISO 27001.

use super::{failure, required};
use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::report::compliance;
use crate::{investigation, objects, open};
use ecoops_core::engines::compliance::{Framework, Status};
use ecoops_core::pipeline::audit::compliance::judge;
use ecoops_core::ports::objects::Bucket;
use jiff::Timestamp;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exits 0 when no tested control has an exception, 1 when one has, 8 when the log does not hold.\n\nExamples:\n  ecoops audit report soc2 --from 2026-07-01 --to 2026-09-30\n  ecoops audit report iso27001 --output markdown --out q3.md\n  ecoops audit report soc2 --keep          for 90 days, in `ecoops objects list`"
)]
pub struct Args {
    #[arg(value_enum)]
    framework: Which,
    /// When the period begins, as 2026-07-01 or 2026-07-01T00:00:00Z; by default 90 days before its end
    #[arg(long, value_name = "TIME", value_parser = begin)]
    from: Option<f64>,
    /// When it ends; a day counts whole; by default now
    #[arg(long, value_name = "TIME", value_parser = end)]
    to: Option<f64>,
    /// Write to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Keep it among the reports, where `ecoops objects` finds it
    #[arg(long)]
    keep: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Which {
    Soc2,
    Iso27001,
}

/// Seconds of a day.
const DAY: f64 = 86_400.0;

fn begin(text: &str) -> Result<f64, String> {
    match text.parse::<jiff::civil::Date>() {
        Ok(_) => investigation::time(&format!("{text}T00:00:00Z")),
        Err(_) => investigation::time(text),
    }
}

fn end(text: &str) -> Result<f64, String> {
    let begin = begin(text)?;
    Ok(if text.parse::<jiff::civil::Date>().is_ok() { begin + DAY - 1e-6 } else { begin })
}

pub fn run(args: &Args, app: &App) -> Result<Exit, Failure> {
    let now = open::host()?.now();
    let time = |seconds: f64| {
        Timestamp::from_microsecond((seconds * 1e6) as i64)
            .map_err(|e| Failure::new("the period is none").because(&e))
    };
    let end = args.to.map_or(Ok(now), time)?;
    let start = args.from.map_or_else(|| time(end.as_microsecond() as f64 / 1e6 - 90.0 * DAY), time)?;
    if start >= end {
        return Err(Failure::new("the period ends before it begins").next("give --from before --to"));
    }
    let (framework, name) = match args.framework {
        Which::Soc2 => (Framework::Soc2, "soc2"),
        Which::Iso27001 => (Framework::Iso27001, "iso27001"),
    };
    let log = required(app)?;
    let judged =
        judge(&*log, framework, start, end).map_err(|e| failure("the audit log could not be read", &e))?;
    let (text, extension) = match app.output {
        Output::Json => (format!("{:#}\n", judged.json(&now.to_string())), "json"),
        Output::Jsonl => (format!("{}\n", judged.json(&now.to_string())), "json"),
        _ => (compliance::markdown(&judged, now), "md"),
    };
    if args.keep {
        let key = objects::key(&["audit", &format!("{}-{name}.{extension}", objects::stamp()?)])?;
        objects::keep(app, Bucket::Reports, &key, text.as_bytes())?;
    }
    match &args.out {
        Some(file) => {
            open::write_whole(&app.here.join(file), text.as_bytes())?;
            app.ui.note(&format!("wrote {}", file.display()));
        }
        None => app.ui.result(&text),
    }
    Ok(match &judged.log {
        Err(_) => Exit::AuditBroken,
        Ok(_) if judged.report.controls.iter().any(|control| control.status == Status::Fail) => {
            Exit::Remaining
        }
        Ok(_) => Exit::Clean,
    })
}
