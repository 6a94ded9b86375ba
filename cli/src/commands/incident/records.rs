//! `ecoops incident open|list|show|close`: the incidents that are kept.

use super::{failure, ingest};
use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::investigation::{self, About};
use crate::report::incident::text::stamp;
use crate::report::safe_json;
use crate::ui::brief;
use crate::{objects, open};
use ecoops_core::domain::incident::{IncidentBrief, TimeRange};
use ecoops_core::ports::host;
use ecoops_core::ports::incidents::{IncidentEntry, IncidentStatus, Incidents, SignalRetention};
use ecoops_core::ports::memory::{Document, DocumentKind, MOST_TITLE_BYTES};
use serde_json::{Map, Value, json};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  ecoops incident open \"Orders fail\" --service checkout --severity sev1 bundle.tar.zst"
)]
pub struct OpenArgs {
    /// What is wrong, in your words
    title: String,
    /// Signals to take in at once: bundles, log files, exports
    #[arg(value_name = "BUNDLE")]
    targets: Vec<PathBuf>,
    #[command(flatten)]
    about: About,
    /// Free text such as sev2
    #[arg(long)]
    severity: Option<String>,
}

/// Seconds before the time of noticing that are explained when nobody says otherwise, and after it.
const BEFORE: f64 = 3_000.0;
const AFTER: f64 = 600.0;

pub fn open(args: &OpenArgs, app: &App) -> Result<Exit, Failure> {
    let host = open::host()?;
    let now = host.now().as_microsecond() as f64 / 1e6;
    let target =
        if args.targets.is_empty() { None } else { Some(investigation::target(app, &args.targets)?) };
    let source = target.as_ref().map(|target| ingest::source(app, target)).transpose()?;
    let told = match &source {
        Some(source) => source.brief().map_err(|e| investigation::unreadable(&e))?,
        None => None,
    };
    let at = args.about.at.unwrap_or(now);
    let guess = IncidentBrief {
        title: String::new(),
        detected_at: at,
        window: TimeRange { start: at - BEFORE, end: at + AFTER },
        service: None,
        metric: None,
        baseline: None,
    };
    let mut brief = args.about.over(told.unwrap_or(guess))?;
    brief.title.clone_from(&open::redactor(app)?.redact(&args.title).text);
    let ids = host::identifiers(host.as_ref()).map_err(|e| Failure::new("no id can be made").because(&e))?;
    let id = host::new_problem_id(&ids, host.as_ref())
        .map_err(|e| Failure::new("no id can be made").because(&e))?;
    let incidents = open::incidents(app)?;
    let entry = incidents.open(&id.0, &brief, args.severity.as_deref(), now).map_err(|e| failure(&e))?;
    if let Some(source) = source {
        let ingested = ingest::take(app, incidents.as_ref(), &entry.id, source.as_ref())?;
        app.ui.note(&ingest::words(&ingested));
    }
    show_one(app, &entry, "opened");
    app.ui.note(&format!("next: ecoops incident analyze {}", entry.id));
    Ok(Exit::Clean)
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  ecoops incident list --status open")]
pub struct ListArgs {
    /// open or closed
    #[arg(long, value_enum)]
    status: Option<Status>,
    #[arg(long, short = 'n', default_value_t = 50, value_name = "N")]
    limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Status {
    Open,
    Closed,
}

pub fn list(args: &ListArgs, app: &App) -> Result<Exit, Failure> {
    let status = args.status.map(|status| match status {
        Status::Open => IncidentStatus::Open,
        Status::Closed => IncidentStatus::Closed,
    });
    let all = open::incidents(app)?.list(status, args.limit).map_err(|e| failure(&e))?;
    match app.output {
        Output::Json => app.ui.result(&safe_json(&format!("{:#}", json!({ "incidents": all })))),
        Output::Jsonl => all.iter().for_each(|entry| app.ui.result(&row(entry))),
        _ if all.is_empty() => app.ui.note("no incidents yet: `ecoops incident open` begins one"),
        _ => {
            for entry in &all {
                app.ui.result(&brief(&line(entry), app.ui.width));
            }
        }
    }
    Ok(if all.is_empty() { Exit::Nothing } else { Exit::Clean })
}

fn row(entry: &IncidentEntry) -> String {
    safe_json(&serde_json::to_value(entry).unwrap_or_default().to_string())
}

fn line(entry: &IncidentEntry) -> String {
    let status = if entry.status == IncidentStatus::Open { "open" } else { "closed" };
    let sure = entry.confidence.map_or("   -".to_owned(), |c| format!("{:>3.0}%", c * 100.0));
    let when = stamp(entry.opened_at);
    let when = when.get(..16).unwrap_or(&when);
    format!("{}  {status:<6}  {when}  {sure}  {}", entry.id, entry.brief.title)
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  ecoops incident show 01KAF3")]
pub struct ShowArgs {
    /// As `ecoops incident list` shows it, or its beginning
    id: String,
}

pub fn show(args: &ShowArgs, app: &App) -> Result<Exit, Failure> {
    let incidents = open::incidents(app)?;
    let entry = incidents.incident(&args.id).map_err(|e| failure(&e))?;
    let concluded = incidents.conclusion(&entry.id).map_err(|e| failure(&e))?;
    let extent = incidents.extent(&entry.id).map_err(|e| failure(&e))?;
    let kept = objects::of(app, &["incidents", &entry.id]);
    if matches!(app.output, Output::Json | Output::Jsonl) {
        let value = json!({ "incident": entry, "extent": extent, "analysis": concluded, "kept": kept });
        let text = if app.output == Output::Json { format!("{value:#}") } else { value.to_string() };
        app.ui.result(&safe_json(&text));
        return Ok(Exit::Clean);
    }
    let out = |name: &str, text: &str| {
        if !text.is_empty() {
            app.ui.result(&brief(&format!("{name:<11} {text}"), app.ui.width));
        }
    };
    out("incident", &entry.id);
    out("title", &entry.brief.title);
    out("status", if entry.status == IncidentStatus::Open { "open" } else { "closed" });
    out("severity", entry.severity.as_deref().unwrap_or_default());
    out("noticed", &format!("{} UTC", stamp(entry.brief.detected_at)));
    out("in", entry.brief.service.as_deref().unwrap_or_default());
    out("window", &format!("{} – {} UTC", stamp(entry.brief.window.start), stamp(entry.brief.window.end)));
    let span = extent.map(|r| format!(", {} – {} UTC", stamp(r.start), stamp(r.end))).unwrap_or_default();
    out("signals", &format!("{}{span}", entry.signals));
    out("resolution", entry.resolution.as_deref().unwrap_or_default());
    let problem = concluded.as_ref().and_then(|c| c.get("problem")?.get("id")?.as_str());
    out("problem", problem.unwrap_or_default());
    kept.iter().for_each(|key| out("kept", key.as_str()));
    match concluded.as_ref().and_then(|c| c.get("answer")?.as_str()) {
        Some(answer) => app.ui.result(crate::report::wrapped(answer, app.ui.width).trim_end()),
        None => app.ui.note(&format!("not analysed yet: ecoops incident analyze {}", entry.id)),
    }
    Ok(Exit::Clean)
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  ecoops incident close 01KAF3 --resolution \"rolled checkout back to v41\""
)]
pub struct CloseArgs {
    /// As `ecoops incident list` shows it, or its beginning
    id: String,
    /// How it was mended, in your words
    #[arg(long, value_name = "TEXT")]
    resolution: Option<String>,
}

pub fn close(args: &CloseArgs, app: &App) -> Result<Exit, Failure> {
    let now = open::host()?.now().as_microsecond() as f64 / 1e6;
    let incidents = open::incidents(app)?;
    let redactor = open::redactor(app)?;
    let resolution = args.resolution.as_ref().map(|text| redactor.redact(text).text);
    let entry = incidents.incident(&args.id).map_err(|e| failure(&e))?;
    let entry = incidents.close(&entry.id, resolution.as_deref(), now).map_err(|e| failure(&e))?;
    remember(app, incidents.as_ref(), &entry)?;
    let pruned = incidents.prune(SignalRetention::default(), now).map_err(|e| failure(&e))?;
    if pruned.signals > 0 {
        app.ui.note(&format!("{} old signals of closed incidents were let go", pruned.signals));
    }
    show_one(app, &entry, "closed");
    Ok(Exit::Clean)
}

/// What was learnt, for the next incident like it.
fn remember(app: &App, incidents: &dyn Incidents, entry: &IncidentEntry) -> Result<(), Failure> {
    let Some(memory) = open::memory(app)? else { return Ok(()) };
    let concluded = incidents.conclusion(&entry.id).map_err(|e| failure(&e))?;
    let redactor = open::redactor(app)?;
    let text = redactor.redact(&story(entry, concluded.as_ref())).text;
    let mut title = redactor.redact(&entry.brief.title).text;
    title.truncate(title.floor_char_boundary(MOST_TITLE_BYTES));
    let mut metadata = Map::new();
    metadata.insert("incident".to_owned(), json!(entry.id));
    let source = format!("urn:ecoops:incident:{}", entry.id);
    let document = Document { kind: DocumentKind::Incident, title, text, source, metadata };
    memory
        .ingest(&document)
        .map(|_| ())
        .map_err(|e| Failure::new("the incident is closed, and was not remembered").because(&e))
}

fn story(entry: &IncidentEntry, concluded: Option<&Value>) -> String {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let answer = text(concluded.and_then(|c| c.get("answer")));
    let leading = concluded.and_then(|c| c.get("hypotheses")?.get(0));
    let support = leading.and_then(|h| h.get("support")?.as_array());
    let mut story = format!("# {}\n\n", entry.brief.title);
    for (name, value) in [
        ("Noticed in", entry.brief.service.clone().unwrap_or_default()),
        ("Conclusion", answer),
        ("Resolution", entry.resolution.clone().unwrap_or_default()),
    ] {
        if !value.is_empty() {
            story.push_str(&format!("{name}: {value}\n\n"));
        }
    }
    for citation in support.into_iter().flatten().take(8) {
        story.push_str(&format!("- {}\n", text(citation.get("statement"))));
    }
    story
}

fn show_one(app: &App, entry: &IncidentEntry, done: &str) {
    match app.output {
        Output::Json | Output::Jsonl => app.ui.result(&row(entry)),
        _ => app.ui.result(&brief(&format!("{done} {}  {}", entry.id, entry.brief.title), app.ui.width)),
    }
}
