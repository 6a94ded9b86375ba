//! Joins the ports, the terminal and the order of an investigation: what is investigated, with progress, and
//! redacted before anybody sees it. Decides nothing about causes.

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::input::Loose;
use crate::report::metrics::Exposition;
use crate::{input, open};
use ecoops_core::domain::Identifiers;
use ecoops_core::domain::incident::{IncidentBrief, TimeRange};
use ecoops_core::engines::redact::Redactor;
use ecoops_core::pipeline::Witnesses;
use ecoops_core::pipeline::investigate::{self, Case, Investigated, Investigators, Measured};
use ecoops_core::pipeline::understand::stored::Stored;
use ecoops_core::ports::incidents::IncidentsError;
use ecoops_core::ports::telemetry::{Telemetry, TelemetryError};
use ecoops_plugins::registry;
use std::path::{Path, PathBuf};

/// Where an incident's signals are.
#[derive(Debug)]
pub enum Target {
    /// A bundle: a folder or an archive.
    Bundle(PathBuf),
    /// Loose files, put together as a bundle for as long as this lives.
    Files(Loose),
    /// An incident of the store.
    Stored(String),
}

/// What a user named: bundles, files, `-`, or an incident.
///
/// # Errors
/// [`Failure`] when there is no such thing.
pub fn target(app: &App, names: &[PathBuf]) -> Result<Target, Failure> {
    if let [name] = names {
        let path = app.here.join(name);
        if path.is_dir() || (path.is_file() && registry::is_archive(&path)) {
            return Ok(Target::Bundle(path));
        }
        if !path.exists() && name != Path::new("-") {
            let known = open::incidents(app)?.incident(&name.to_string_lossy());
            return match known {
                Ok(entry) => Ok(Target::Stored(entry.id)),
                Err(IncidentsError::Unknown(_)) => {
                    Err(Failure::new(format!("{} is neither a bundle nor an incident", name.display()))
                        .exit(Exit::Nothing)
                        .next(
                            "name a folder, a .tar.zst, log files, or an incident of `ecoops incident list`",
                        ))
                }
                Err(e) => Err(Failure::new(format!("{} cannot be used", name.display())).because(&e)),
            };
        }
    }
    input::bundle(app, names).map(Target::Files)
}

/// What a user says of an incident besides its signals.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct About {
    /// When it was noticed: 2026-03-02T10:31:00Z, or seconds since 1970
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Option<f64>,
    /// Where it was noticed
    #[arg(long, value_name = "SERVICE")]
    pub service: Option<String>,
    /// In what it was noticed
    #[arg(long, value_name = "METRIC")]
    pub metric: Option<String>,
    /// When the time to be explained begins
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<f64>,
    /// When it ends
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub to: Option<f64>,
    /// A time when all was well, as FROM..TO; by default the time before
    #[arg(long, value_name = "RANGE", value_parser = range)]
    pub baseline: Option<TimeRange>,
}

/// Seconds before and after the time of noticing, when nobody says more.
const HALF: f64 = 1_800.0;

/// A time as people write it.
pub fn time(text: &str) -> Result<f64, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        return if seconds.is_finite() { Ok(seconds) } else { Err("it is not a time".to_owned()) };
    }
    let text = text.replace(' ', "T");
    let zoned = text.parse::<jiff::Timestamp>().or_else(|_| format!("{text}Z").parse());
    let stamp = zoned.map_err(|_| "write it as 2026-03-02T10:31:00Z, or in seconds since 1970")?;
    Ok(stamp.as_microsecond() as f64 / 1e6)
}

fn range(text: &str) -> Result<TimeRange, String> {
    let (start, end) = text.split_once("..").ok_or("write it as FROM..TO")?;
    let range = TimeRange { start: time(start)?, end: time(end)? };
    if range.start < range.end { Ok(range) } else { Err("it ends before it begins".to_owned()) }
}

impl About {
    pub fn says_nothing(&self) -> bool {
        self.at.is_none()
            && self.service.is_none()
            && self.metric.is_none()
            && self.from.is_none()
            && self.to.is_none()
            && self.baseline.is_none()
    }

    /// The incident as far as the user says when it was, for signals that do not.
    fn guess(&self) -> Option<IncidentBrief> {
        let at = self.at.or(self.from).or(self.to)?;
        Some(IncidentBrief {
            title: "an incident".to_owned(),
            detected_at: at,
            window: TimeRange { start: at - HALF, end: at + HALF },
            service: None,
            metric: None,
            baseline: None,
        })
    }

    /// `brief` as the user would have it.
    pub fn over(&self, mut brief: IncidentBrief) -> Result<IncidentBrief, Failure> {
        let length = brief.window.length();
        if let Some(at) = self.at {
            brief.detected_at = at;
            if !brief.window.contains(at) {
                brief.window = TimeRange { start: at - length / 2.0, end: at + length / 2.0 };
            }
        }
        brief.window.start = self.from.unwrap_or(brief.window.start);
        brief.window.end = self.to.unwrap_or(brief.window.end);
        if brief.window.start >= brief.window.end {
            return Err(Failure::new("the time to be explained ends before it begins")
                .next("give --from and --to in the order of time"));
        }
        if !brief.window.contains(brief.detected_at) {
            brief.detected_at = brief.window.start + brief.window.length() / 2.0;
        }
        brief.service = self.service.clone().or(brief.service);
        brief.metric = self.metric.clone().or(brief.metric);
        brief.baseline = self.baseline.or(brief.baseline);
        Ok(brief)
    }
}

/// All that came of an investigation, redacted.
#[derive(Debug)]
pub struct Finished {
    pub investigated: Investigated,
    pub redactor: Redactor,
}

impl Finished {
    /// Whether no signal at all was there to be judged.
    fn looked_at_nothing(&self) -> bool {
        let Investigated { data, measured, .. } = &self.investigated;
        measured.records == 0
            && measured.points == 0
            && data.spans.is_empty()
            && data.events.is_empty()
            && data.changes.is_empty()
    }

    /// What the readers said of what they left out.
    fn why_nothing(&self) -> String {
        let said = self.investigated.data.notes.iter().filter(|note| !note.starts_with("there "));
        let said: Vec<&str> = said.take(3).map(String::as_str).collect();
        if said.is_empty() {
            "nothing in it lies within the time in question".to_owned()
        } else {
            said.join("; ")
        }
    }

    pub fn redact(&self) -> impl Fn(&str) -> String {
        move |text: &str| self.redactor.redact(text).text
    }
}

/// Investigates, with a progress bar.
///
/// # Errors
/// [`Failure`] when the signals cannot be read, the actor may not, or it was interrupted.
pub fn investigate(app: &App, target: &Target, about: &About) -> Result<Finished, Failure> {
    match target {
        Target::Bundle(path) => of_bundle(app, path, about),
        Target::Files(folder) => {
            let head = folder.folder.path().join("incident.json");
            // Files that tell no time are read towards the time that the user tells.
            if let (Some(brief), false) = (about.guess(), head.exists())
                && let Ok(bytes) = serde_json::to_vec(&brief)
            {
                std::fs::write(&head, bytes)
                    .map_err(|e| Failure::new("the signals cannot be read").because(&e))?;
            }
            let source = loose(app, folder)?;
            let finished = of_source(app, source.as_ref(), about, &folder.label)?;
            if finished.looked_at_nothing() {
                return Err(Failure::new(format!("there is nothing to examine in {}", folder.label))
                    .because_of(finished.why_nothing())
                    .exit(Exit::Nothing)
                    .next("name files that hold something of the time in question"));
            }
            Ok(finished)
        }
        Target::Stored(id) => {
            let incidents = open::incidents(app)?;
            let source = Stored { incidents: incidents.as_ref(), id };
            of_source(app, &source, about, &format!("urn:ecoops:incident:{id}"))
        }
    }
}

fn of_bundle(app: &App, path: &Path, about: &About) -> Result<Finished, Failure> {
    let source = open_for(app, path, None)?;
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    of_source(app, source.as_ref(), about, &name)
}

/// Opens a bundle, or loose files under what the user called them, to be read until an interruption.
///
/// # Errors
/// [`Failure`] when it is none (exit 3 when there is nothing).
pub fn open_for(app: &App, path: &Path, label: Option<String>) -> Result<Box<dyn Telemetry>, Failure> {
    let stop = app.interrupt.flag.clone();
    registry::bundle(path, label, registry::BundleBounds::default(), Some(stop)).map_err(|e| unreadable(&e))
}

/// Opens loose files that were put together.
///
/// # Errors
/// As [`open_for`].
pub fn loose(app: &App, files: &Loose) -> Result<Box<dyn Telemetry>, Failure> {
    open_for(app, files.folder.path(), Some(files.label.clone()))
}

/// A source's error as a command's end.
pub fn unreadable(error: &TelemetryError) -> Failure {
    let failure = Failure::new("the signals cannot be read").because(error);
    match error {
        TelemetryError::Missing(_) | TelemetryError::Nothing(_) => failure.exit(Exit::Nothing),
        TelemetryError::Untimed(_) => failure.next("say when it was: --at TIME"),
        _ => failure,
    }
}

fn of_source(app: &App, source: &dyn Telemetry, about: &About, resource: &str) -> Result<Finished, Failure> {
    let brief = match about.says_nothing() {
        true => None,
        false => match (source.brief(), about.guess()) {
            (Ok(Some(brief)), _) | (_, Some(brief)) => Some(about.over(brief)?),
            (Ok(None), None) => None,
            (Err(e), None) => return Err(unreadable(&e)),
        },
    };
    let room = open::room(app)?;
    let redactor = open::redactor(app)?;
    let redact = |text: &str| redactor.redact(text).text;
    let bar = app.ui.bar("log records", 0);
    let uri = format!("file://{}", app.here.display());
    let case = Case {
        sources: &[source],
        brief,
        resource,
        uri: &uri,
        step: &|n| bar.inc(n),
        cancel: &app.interrupt.flag,
    };
    let investigated = investigate::investigate(&room.investigators(&redact), &case);
    bar.finish_and_clear();
    if investigated.is_err() {
        // What was read until an interruption may look like nothing at all.
        app.interrupt.check()?;
    }
    let mut investigated = investigated.map_err(open::failure)?;
    investigated.analysis.redact(&redact);
    Ok(Finished { investigated, redactor })
}

/// The ports of an investigation.
pub struct Room {
    pub host: std::sync::Arc<dyn ecoops_core::ports::host::Host>,
    pub identity: Box<dyn ecoops_core::ports::identity::Identity>,
    pub events: Box<dyn ecoops_core::ports::events::Events>,
    pub audit: Box<dyn ecoops_core::ports::audit_log::AuditLog>,
    /// The daemon that this works through; it knows of it until this is dropped.
    pub _agent: Option<std::sync::Arc<ecoops_agent::client::Client>>,
    pub memory: Option<Box<dyn ecoops_core::ports::memory::Memory>>,
    pub embedder: Option<std::sync::Arc<dyn ecoops_core::ports::embedder::Embedder>>,
    pub identifiers: Identifiers,
}

impl Room {
    fn investigators<'a>(&'a self, redact: &'a dyn Fn(&str) -> String) -> Investigators<'a> {
        Investigators {
            host: self.host.as_ref(),
            memory: self.memory.as_deref(),
            embedder: self.embedder.as_deref(),
            witnesses: Witnesses {
                identity: self.identity.as_ref(),
                audit: self.audit.as_ref(),
                events: self.events.as_ref(),
                host: self.host.as_ref(),
                redact,
            },
            identifiers: &self.identifiers,
        }
    }
}

/// Measurements of an investigation, for `--metrics`.
pub fn exposition(measured: &Measured) -> Exposition {
    let mut out = Exposition::default();
    let seconds = |millis: u64| millis as f64 / 1e3;
    let phases: Vec<(String, f64)> =
        measured.phases.iter().map(|(phase, millis)| (phase.to_string(), seconds(*millis))).collect();
    out.labelled("ecoops_phase_seconds", "gauge", "Time that each phase took.", "phase", &phases);
    let all = measured.phases.iter().map(|(_, millis)| millis).sum();
    out.gauge("ecoops_investigation_seconds", "Time that all phases took.", seconds(all));
    out.counter("ecoops_signal_records_total", "Log records read.", measured.records as f64);
    out.counter("ecoops_signal_points_total", "Points of series read.", measured.points as f64);
    out.gauge(
        "ecoops_signal_queue_depth_max",
        "Batches of records that waited at most.",
        measured.queue_depth as f64,
    );
    out.gauge(
        "ecoops_citation_coverage_ratio",
        "Share of statements whose evidence is there.",
        measured.citation_coverage,
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, expected) in [
            ("1772447460", Some(1_772_447_460.0)),
            ("2026-03-02T10:31:00Z", Some(1_772_447_460.0)),
            ("2026-03-02 10:31:00", Some(1_772_447_460.0)),
            ("2026-03-02T11:31:00+01:00", Some(1_772_447_460.0)),
            ("yesterday", None),
            ("NaN", None),
            ("inf", None),
        ] {
            assert_eq!(time(text).ok(), expected, "{text}");
        }
        assert!(range("5..3").is_err() && range("3").is_err());
    }

    #[test]
    fn what_the_user_says_wins() {
        let brief = IncidentBrief {
            title: "t".into(),
            detected_at: 50.0,
            window: TimeRange { start: 0.0, end: 100.0 },
            service: Some("a".into()),
            metric: None,
            baseline: None,
        };
        let at = About { at: Some(500.0), ..About::default() }.over(brief.clone()).unwrap();
        assert_eq!((at.window.start, at.window.end, at.detected_at), (450.0, 550.0, 500.0));
        let from = About { from: Some(80.0), service: Some("b".into()), ..About::default() };
        let from = from.over(brief.clone()).unwrap();
        assert_eq!((from.window.start, from.detected_at, from.service.as_deref()), (80.0, 90.0, Some("b")));
        assert!(About { from: Some(200.0), ..About::default() }.over(brief).is_err());
    }
}
