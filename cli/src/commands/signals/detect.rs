//! `ecoops signals detect`: scores each row of a series.

use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::input::read_whole;
use crate::report::Look;
use crate::report::incident::text::course::sparkline;
use crate::ui::brief;
use ecoops_core::engines::signals::detect::table::{self, Row, Table};
use ecoops_core::engines::signals::detect::{Detector, Level, Refusal, Settings, Verdict};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Rows of a timestamp (ISO 8601, or a number since 1970) and a value; a header may name the columns. \
    A score of 0.5 or more is worth a look.\n\nExample:\n  ecoops signals detect latency.csv --output csv > scored.csv"
)]
pub struct Args {
    /// A CSV file; `-` is stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How many of the most unusual values are shown as text
    #[arg(long, default_value_t = 10, value_name = "N")]
    top: usize,
}

/// Bytes that are read at most.
const MOST: u64 = 1 << 30;
/// Values between looks at whether to stop.
const STEP: usize = 4096;

pub fn run(args: &Args, app: &App) -> Result<Exit, Failure> {
    let failed = |e: &dyn std::error::Error| {
        Failure::new(format!("{} cannot be scored", args.file.display())).because(e)
    };
    let bytes = read_whole(app, &args.file, MOST)?;
    let table = {
        let _span = tracing::info_span!("signal.ingest").entered();
        table::read(&bytes).map_err(|e| failed(&e).exit(Exit::Nothing))?
    };
    for problem in &table.problems {
        app.ui.note(&format!("note: {}", crate::ui::harmless(problem, false)));
    }
    let verdicts = {
        let _span = tracing::info_span!("anomaly.detect").entered();
        judged(app, &table)?
    };
    let scored = || table.rows.iter().zip(&verdicts);
    match app.output {
        Output::Csv => app.ui.raw(table::scored(&table, &verdicts).as_bytes()),
        Output::Json => {
            let rows: Vec<Value> = scored().map(|(row, verdict)| one(row, verdict)).collect();
            app.ui.result(&format!("{:#}", json!({ "rows": rows })));
        }
        Output::Jsonl => scored().for_each(|(row, verdict)| app.ui.result(&one(row, verdict).to_string())),
        _ => app.ui.result(&text(&table, &verdicts, args.top, Look::of(&app.ui))),
    }
    Ok(Exit::Clean)
}

/// The verdict on each row, unless it is asked to stop.
fn judged(app: &App, table: &Table) -> Result<Vec<Verdict>, Failure> {
    let bar = app.ui.bar("values", table.rows.len() as u64);
    let mut detector = Detector::new(Settings::default());
    let mut verdicts = vec![Verdict::default(); table.rows.len()];
    let mut refused = BTreeMap::new();
    for (number, at) in table.order().enumerate() {
        if number.is_multiple_of(STEP) {
            bar.set_position(number as u64);
            app.interrupt.check()?;
        }
        if let (Some(row), Some(verdict)) = (table.rows.get(at), verdicts.get_mut(at)) {
            *verdict = detector.push(row.at, row.value);
            if let Some(why) = verdict.refused {
                *refused.entry(why).or_insert(0_u64) += 1;
            }
        }
    }
    bar.finish_and_clear();
    for (why, count) in refused {
        let what = match why {
            Refusal::Late => "are older than a row before them",
            Refusal::Repeated => "have the time of the row before them",
            // Told one by one.
            Refusal::Timeless | Refusal::NotANumber => continue,
        };
        app.ui.note(&format!("note: {count} rows {what}: they are scored 0"));
    }
    Ok(verdicts)
}

fn one(row: &Row, verdict: &Verdict) -> Value {
    let mut value = json!({
        "timestamp": row.timestamp, "value": row.value.is_finite().then_some(row.value), "anomaly_score": verdict.score,
    });
    if let Some(kind) = verdict.kind {
        value["kind"] = json!(kind.name());
    }
    value
}

/// The most unusual values, in the order of time.
fn text(table: &Table, verdicts: &[Verdict], top: usize, look: Look) -> String {
    let mut unusual: Vec<usize> =
        (0..verdicts.len()).filter(|at| verdicts[*at].level != Level::None).collect();
    let all = unusual.len();
    unusual.sort_by(|a, b| verdicts[*b].score.total_cmp(&verdicts[*a].score));
    unusual.truncate(top);
    unusual.sort_unstable();
    let values: Vec<Option<f64>> =
        table.rows.iter().map(|row| row.value.is_finite().then_some(row.value)).collect();
    let mut lines = vec![format!("{} values, {all} unusual", table.rows.len())];
    lines.push(sparkline(&values, look.width.saturating_sub(2)));
    for at in unusual {
        let (row, verdict) = (&table.rows[at], &verdicts[at]);
        let kind = verdict.kind.map_or("", |kind| kind.name());
        lines.push(brief(
            &format!("{:.3}  {}  {}  {kind}", verdict.score, row.timestamp, row.cell),
            look.width,
        ));
    }
    lines.join("\n")
}
