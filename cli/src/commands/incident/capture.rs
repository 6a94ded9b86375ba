//! `ecoops incident capture`: fills a bundle from files, git history and the servers that hold signals.

use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::investigation::{self, About, unreadable};
use crate::open;
use ecoops_core::domain::incident::{IncidentBrief, TimeRange};
use ecoops_core::engines::redact::Redactor;
use ecoops_core::ports::telemetry::Telemetry;
use ecoops_plugins::registry::capture::{Capture, CaptureError, Captured, GitHistory, Input};
use ecoops_plugins::registry::{self, LokiSettings, PrometheusSettings, Server, TelemetryChoice};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What is captured when nobody says since when: the last half hour, in seconds.
const LATELY: f64 = 1800.0;

/// Bytes of a file with a token.
const TOKEN: u64 = 64 << 10;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without a time, the last 30 minutes; with files alone, the time that they tell of. All text is redacted, \
    for a bundle is made to be shared.\n\n\
    Example:\n  ecoops incident capture outage.tar.zst --prometheus http://127.0.0.1:9090 --from 2026-03-02T10:00:00Z --to 2026-03-02T10:40:00Z\n  \
    ecoops incident capture outage api.log rollout.json --repository . --title \"Orders fail\""
)]
pub struct Args {
    /// Where to write: a new folder, or a new file that ends with .tar.zst
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// Logs, metrics.csv, Prometheus text, OTLP JSON, events, `kubectl get … -o json`, changes.jsonl; or folders of them
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What is wrong, in a few words
    #[arg(long, default_value = "Incident", value_name = "TEXT")]
    title: String,
    #[command(flatten)]
    about: About,
    /// Deploys from the history of a repository, as DIR or DIR=SERVICE
    #[arg(long, value_name = "DIR")]
    repository: Vec<PathBuf>,
    #[command(flatten)]
    servers: Servers,
}

/// The servers to ask.
#[derive(Debug, clap::Args)]
struct Servers {
    /// Ask this Prometheus for series
    #[arg(long, value_name = "URL")]
    prometheus: Option<String>,
    /// Ask this Alertmanager for alerts
    #[arg(long, value_name = "URL")]
    alertmanager: Option<String>,
    /// Ask this Loki for log lines
    #[arg(long, value_name = "URL")]
    loki: Option<String>,
    /// Ask this Tempo for traces
    #[arg(long, value_name = "URL")]
    tempo: Option<String>,
    /// A metric to ask Prometheus for besides what it is found to have, as NAME=EXPRESSION
    #[arg(long, value_name = "QUERY", value_parser = query)]
    query: Vec<(String, String)>,
    /// The streams to ask Loki for; by default all that name a service
    #[arg(long, default_value = "", hide_default_value = true, value_name = "LOGQL")]
    selector: String,
    /// A file with the bearer token that the servers want
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Certificates to trust, in PEM
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

fn query(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, expression)) if !name.is_empty() && !expression.is_empty() => {
            Ok((name.to_owned(), expression.to_owned()))
        }
        _ => Err("write it as NAME=EXPRESSION".to_owned()),
    }
}

pub fn run(args: &Args, app: &App) -> Result<Exit, Failure> {
    let sources = args.servers.open(app)?;
    let files = files(app, &args.files)?;
    let brief = args.about.over(brief(args, app, &files, sources.is_empty())?)?;
    let redactor = open::redactor(app)?;
    let capture = Capture {
        brief: IncidentBrief { title: redactor.redact(&args.title).text, ..brief },
        inputs: files.into_iter().map(Input::of).collect(),
        history: args.repository.iter().map(|named| history(app, named)).collect(),
        sources: sources.iter().map(AsRef::as_ref).collect(),
        stop: app.interrupt.flag.clone(),
    };
    let to = app.here.join(&args.bundle);
    app.interrupt.check()?;
    let captured = capture.write(&to, &redactor);
    app.interrupt.check()?;
    let captured = captured.map_err(|e| failure(&e))?;
    tell(app, &args.bundle, &captured, &redactor);
    Ok(Exit::Clean)
}

impl Servers {
    fn open(&self, app: &App) -> Result<Vec<Box<dyn Telemetry>>, Failure> {
        let token = self.token(app)?;
        let asked = [
            ("prometheus", &self.prometheus),
            ("alertmanager", &self.alertmanager),
            ("loki", &self.loki),
            ("tempo", &self.tempo),
        ];
        let choice = |adapter: &str, url: &str| TelemetryChoice {
            adapter: adapter.to_owned(),
            server: Server {
                url: url.to_owned(),
                token: token.clone(),
                ca_file: self.ca_file.as_ref().map(|f| app.here.join(f)),
                stop: Some(app.interrupt.flag.clone()),
                ..Server::default()
            },
            prometheus: PrometheusSettings { queries: self.query.clone(), ..PrometheusSettings::default() },
            loki: LokiSettings { selector: self.selector.clone(), ..LokiSettings::default() },
            traces: 0,
        };
        let given = asked.iter().filter_map(|(adapter, url)| Some(choice(adapter, url.as_deref()?)));
        given
            .map(|choice| {
                registry::telemetry(choice).map_err(|e| Failure::new("a server cannot be asked").because(&e))
            })
            .collect()
    }

    fn token(&self, app: &App) -> Result<Option<String>, Failure> {
        let Some(file) = &self.token_file else { return Ok(None) };
        let bytes = input::read_whole(app, file, TOKEN)?;
        let text = String::from_utf8(bytes)
            .map_err(|e| Failure::new(format!("{} holds no token", file.display())).because(&e))?;
        Ok(Some(text.trim().to_owned()))
    }
}

/// The files named, and those in the folders named, in the order of their names.
fn files(app: &App, named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut all = Vec::new();
    for name in named {
        let path = app.here.join(name);
        let failed =
            |e: std::io::Error| Failure::new(format!("{} cannot be read", name.display())).because(&e);
        if !path.metadata().map_err(failed)?.is_dir() {
            all.push(path);
            continue;
        }
        let mut inside = Vec::new();
        for entry in path.read_dir().map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_file() {
                inside.push(entry.path());
            } else if kind.is_symlink() {
                let link = entry.path();
                app.ui.note(&crate::ui::harmless(
                    &format!(
                        "note: the symbolic link {} is left out: name it to have what it leads to",
                        link.display()
                    ),
                    false,
                ));
            }
        }
        inside.sort();
        all.extend(inside);
    }
    Ok(all)
}

/// The incident's head before the user's own words: what files alone tell of, else the last while.
fn brief(args: &Args, app: &App, files: &[PathBuf], alone: bool) -> Result<IncidentBrief, Failure> {
    let timeless = args.about.from.is_none() && args.about.to.is_none() && args.about.at.is_none();
    if alone && timeless && !files.is_empty() {
        let folder = input::bundle(app, files)?;
        if let Some(guessed) = investigation::loose(app, &folder)?.brief().map_err(|e| unreadable(&e))? {
            return Ok(guessed);
        }
    }
    let now = open::host()?.now().as_microsecond() as f64 / 1e6;
    let end = args.about.to.or(args.about.at.map(|at| at + LATELY / 2.0)).unwrap_or(now).min(now);
    Ok(IncidentBrief {
        title: args.title.clone(),
        detected_at: args.about.at.unwrap_or(end),
        window: TimeRange { start: end - LATELY, end },
        service: None,
        metric: None,
        baseline: None,
    })
}

fn history(app: &App, named: &Path) -> GitHistory {
    let text = named.to_string_lossy();
    match text.rsplit_once('=') {
        Some((folder, service)) if !app.here.join(named).exists() => {
            GitHistory { repository: app.here.join(folder), service: Some(service.to_owned()) }
        }
        _ => GitHistory { repository: app.here.join(named), service: None },
    }
}

fn failure(error: &CaptureError) -> Failure {
    let failure = Failure::new("nothing was captured").because(error);
    match error {
        CaptureError::Exists(_) => failure.next("name a new folder or file"),
        CaptureError::Nothing => {
            failure.exit(Exit::Nothing).next("see `ecoops incident capture --help` for what can be captured")
        }
        _ => failure,
    }
}

fn tell(app: &App, to: &Path, captured: &Captured, redactor: &Redactor) {
    for note in &captured.notes {
        app.ui.note(&crate::ui::harmless(&format!("note: {}", redactor.redact(note).text), false));
    }
    let Captured { series, spans, events, changes, edges, logs, lines, redacted, .. } = captured;
    if matches!(app.output, Output::Json | Output::Jsonl) {
        let said = json!({
            "series": series, "spans": spans, "events": events, "changes": changes, "edges": edges,
            "logs": logs, "lines": lines, "redacted": redacted, "notes": captured.notes,
        });
        return app.ui.result(&said.to_string());
    }
    app.ui.result(&format!(
        "captured {series} series, {lines} lines of {logs} logs, {spans} spans, {events} events, {changes} changes, \
         {edges} calls\n{redacted} secrets were replaced by tokens\nnext: ecoops incident analyze {}",
        to.display()
    ));
}
