//! `ecoops signals watch`: reads a stream of logs and says what is unusual as it appears.

use super::intake::{Block, Bounds, Intake};
use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::report::incident::text::clock;
use crate::report::metrics::Exposition;
use crate::report::paint::Paint;
use crate::ui::{brief, harmless};
use crate::{input, open};
use ecoops_core::engines::redact::Redactor;
use ecoops_core::engines::signals::parse::{LogReader, LogSource};
use ecoops_core::engines::signals::watch::{self, Alert, AlertKind, Watcher};
use ecoops_core::ports::host::Host;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Told are errors never seen before, bursts of a message or a service, a rising share of errors, and \
    silence. Lines may be plain, JSON, logfmt, or as container runtimes write them; `kubectl logs --prefix` tells \
    containers apart. When more comes than can be read, lines are sampled, and it says so.\n\n\
    Example:\n  kubectl logs -f deploy/shop --all-containers --prefix | ecoops signals watch -"
)]
pub struct Args {
    /// A log; `-` is stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Whose log it is, where lines do not say it themselves
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Keep measurements of the watch in this file, as Prometheus reads them
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
}

/// How often it is looked whether anything came.
const TICK: Duration = Duration::from_millis(200);
/// After this long without input, what is read of a record is taken for all of it.
const SETTLED: Duration = Duration::from_millis(500);
/// How often the measurements are written.
const MEASURED: Duration = Duration::from_secs(10);
/// Containers told apart.
const SOURCES: usize = 4_096;

pub fn run(args: &Args, app: &App) -> Result<Exit, Failure> {
    let file = input::open(app, &args.file)?;
    let patient = file.metadata().is_ok_and(|about| about.is_file());
    let file = Box::new(file);
    let intake = Intake::begin(file, Bounds::default(), patient, app.interrupt.flag.clone())
        .map_err(|e| Failure::new("the stream cannot be read").because(&e))?;
    let service = args.service.clone().or_else(|| {
        args.file
            .file_stem()
            .map(|s| s.to_string_lossy().into_owned())
            .filter(|_| args.file != Path::new("-"))
    });
    let mut watch = Watch {
        app,
        redactor: open::redactor(app)?,
        host: open::host()?,
        service: service.unwrap_or_else(|| "stream".to_owned()),
        watcher: Watcher::new(watch::Bounds::default()),
        readers: BTreeMap::new(),
        alerts: Vec::new(),
        told: BTreeMap::new(),
        shed: 0,
        one_in: 1,
        deepest: 0,
        slowest: Duration::ZERO,
        latency: 0.0,
    };
    let span = tracing::info_span!("signal.ingest").entered();
    let (mut quiet, mut measured) = (Instant::now(), Instant::now());
    let mut failed = None;
    while !app.interrupt.flag.load(std::sync::atomic::Ordering::Relaxed) {
        match intake.blocks.recv_timeout(TICK) {
            Ok(Err(error)) => failed = Some(error),
            Ok(Ok(block)) => {
                watch.deepest = watch.deepest.max(intake.waiting());
                watch.take(&block);
                intake.done(&block);
                quiet = Instant::now();
            }
            Err(RecvTimeoutError::Timeout) => watch.idle(quiet.elapsed()),
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if measured.elapsed() >= MEASURED {
            watch.measure(args.metrics.as_deref(), intake.waiting())?;
            measured = Instant::now();
        }
    }
    watch.settle(Instant::now());
    drop(span);
    watch.measure(args.metrics.as_deref(), intake.waiting())?;
    watch.summary();
    let stopped = app.interrupt.check().err().map(|failure| failure.exit);
    if let (Some(error), None) = (failed, stopped) {
        return Err(Failure::new(format!("{} cannot be read on", args.file.display())).because(&error));
    }
    Ok(stopped.unwrap_or(if watch.watcher.records() == 0 { Exit::Nothing } else { Exit::Clean }))
}

struct Watch<'a> {
    app: &'a App,
    redactor: Redactor,
    host: std::sync::Arc<dyn Host>,
    service: String,
    watcher: Watcher,
    readers: BTreeMap<String, LogReader>,
    alerts: Vec<Alert>,
    told: BTreeMap<AlertKind, u64>,
    shed: u64,
    one_in: u32,
    deepest: usize,
    /// From the arrival of the line that settled an alert to its report.
    slowest: Duration,
    latency: f64,
}

impl Watch<'_> {
    fn now(&self) -> f64 {
        self.host.now().as_microsecond() as f64 / 1e6
    }

    fn take(&mut self, block: &Block) {
        self.shed += block.shed;
        if block.one_in != self.one_in {
            self.one_in = block.one_in;
            self.behind();
        }
        let arrived = self.now();
        for line in block.bytes.split_inclusive(|b| *b == b'\n') {
            let (name, line) = prefixed(line).unwrap_or((&self.service, line));
            let known = self.readers.contains_key(name) || self.readers.len() >= SOURCES;
            if !known {
                let source = LogSource {
                    file: "-".to_owned(),
                    service: name.to_owned(),
                    near: arrived,
                    ..LogSource::default()
                };
                self.readers.insert(name.to_owned(), LogReader::new(source));
            }
            let Some(reader) = self.readers.get_mut(name) else { continue };
            let (watcher, alerts) = (&mut self.watcher, &mut self.alerts);
            reader.feed(line, &mut |record| watcher.push(record, block.one_in, arrived, alerts));
            if !self.alerts.is_empty() {
                self.tell(block.arrived);
            }
        }
    }

    fn idle(&mut self, quiet: Duration) {
        if quiet >= SETTLED {
            self.settle(Instant::now());
        }
        self.watcher.idle(TICK.as_secs_f64(), &mut self.alerts);
        self.tell(Instant::now());
    }

    /// Ends the records that wait for more of them.
    fn settle(&mut self, arrived: Instant) {
        let now = self.now();
        for reader in std::mem::take(&mut self.readers).into_values() {
            let (watcher, alerts, one_in) = (&mut self.watcher, &mut self.alerts, self.one_in);
            reader.finish(&mut |record| watcher.push(record, one_in, now, alerts));
        }
        self.tell(arrived);
    }

    fn tell(&mut self, arrived: Instant) {
        for alert in std::mem::take(&mut self.alerts) {
            let took = arrived.elapsed();
            self.slowest = self.slowest.max(took);
            self.latency += took.as_secs_f64();
            *self.told.entry(alert.kind).or_default() += 1;
            self.print(&alert, took);
        }
    }

    fn print(&self, alert: &Alert, took: Duration) {
        let mut alert = alert.clone();
        alert.template = alert.template.map(|text| self.redactor.redact(&text).text);
        if matches!(self.app.output, Output::Json | Output::Jsonl) {
            let mut value = json!({ "type": "anomaly", "latency_ms": took.as_secs_f64() * 1e3 });
            if let (Some(all), Ok(serde_json::Value::Object(own))) =
                (value.as_object_mut(), serde_json::to_value(&alert))
            {
                all.extend(own);
            }
            return self.app.ui.result(&crate::report::safe_json(&value.to_string()));
        }
        let ui = &self.app.ui;
        let paint = Paint { color: ui.color };
        let (name, text) = words(&alert);
        let service = brief(&alert.service, 16);
        let room = ui.width.saturating_sub(44);
        let line = format!(
            "{}  {service:<16} {}  {}",
            clock(alert.time),
            paint.bad(&format!("{name:<14}")),
            brief(&text, room)
        );
        ui.result(&line);
    }

    fn behind(&self) {
        let text = match self.one_in {
            1 => format!("no longer behind; {} lines were shed", self.shed),
            n => format!("behind: keeping 1 line in {n}; shed {} lines so far", self.shed),
        };
        match self.app.output {
            Output::Json | Output::Jsonl => {
                let value = json!({ "type": "shed", "one_in": self.one_in, "shed": self.shed });
                self.app.ui.result(&value.to_string());
            }
            _ => self.app.ui.always(&format!("note: {text}")),
        }
    }

    fn summary(&self) {
        let alerts: u64 = self.told.values().sum();
        let (records, services) = (self.watcher.records(), self.watcher.services());
        if matches!(self.app.output, Output::Json | Output::Jsonl) {
            let value = json!({
                "type": "summary", "records": records, "services": services, "anomalies": alerts,
                "by_kind": self.told, "shed": self.shed, "suppressed": self.watcher.suppressed(),
                "slowest_ms": self.slowest.as_secs_f64() * 1e3,
            });
            return self.app.ui.result(&value.to_string());
        }
        let shed = if self.shed > 0 { format!(", {} lines shed", self.shed) } else { String::new() };
        let more = self.watcher.suppressed();
        let more = if more > 0 { format!(", {more} more not told one by one") } else { String::new() };
        self.app.ui.note(&harmless(
            &format!("{records} records of {services} services, {alerts} anomalies{more}{shed}"),
            false,
        ));
    }

    fn measure(&self, file: Option<&Path>, waiting: usize) -> Result<(), Failure> {
        let Some(file) = file else { return Ok(()) };
        let mut out = Exposition::default();
        out.counter("ecoops_signal_records_total", "Log records taken in.", self.watcher.records() as f64);
        out.counter(
            "ecoops_signal_lines_shed_total",
            "Lines not kept because the backlog was full.",
            self.shed as f64,
        );
        out.gauge("ecoops_signal_queue_bytes", "Bytes that wait to be read.", waiting as f64);
        out.gauge("ecoops_signal_queue_bytes_max", "Bytes that waited at most.", self.deepest as f64);
        out.gauge("ecoops_signal_templates", "Templates under watch.", self.watcher.templates() as f64);
        let kinds: Vec<(String, f64)> =
            self.told.iter().map(|(kind, n)| (kind_name(*kind), *n as f64)).collect();
        out.labelled("ecoops_anomalies_total", "counter", "Anomalies told.", "kind", &kinds);
        let alerts: u64 = self.told.values().sum();
        out.summary(
            "ecoops_anomaly_report_seconds",
            "From a line's arrival to the report.",
            self.latency,
            alerts,
        );
        out.gauge("ecoops_anomaly_report_seconds_max", "The slowest report.", self.slowest.as_secs_f64());
        open::write_whole(&self.app.here.join(file), out.text().as_bytes())
    }
}

fn kind_name(kind: AlertKind) -> String {
    serde_json::to_value(kind).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A name of at most 14 letters, and a sentence.
fn words(alert: &Alert) -> (&'static str, String) {
    let (seen, usual) = (alert.observed, alert.expected);
    let text = alert.template.as_deref().unwrap_or_default();
    match alert.kind {
        AlertKind::NewError => ("new error", text.to_owned()),
        AlertKind::TemplateBurst => ("burst", format!("{seen:.1}/s, usually {usual:.1}/s: {text}")),
        AlertKind::ServiceBurst => ("rate", format!("{seen:.1} records/s, usually {usual:.1}/s")),
        AlertKind::ErrorShare => {
            ("errors", format!("{:.1}% of its records, usually {:.1}%", seen * 100.0, usual * 100.0))
        }
        AlertKind::Silence => {
            ("silence", format!("nothing for {seen:.0} s, usually {:.1}/s", 1.0 / usual.max(1e-9)))
        }
    }
}

/// `[pod/name/container] line`, as `kubectl logs --prefix` writes it: the container, and the line.
fn prefixed(line: &[u8]) -> Option<(&str, &[u8])> {
    let rest = line.strip_prefix(b"[pod/")?;
    let end = rest.iter().take(512).position(|b| *b == b']')?;
    let (name, line) = rest.split_at(end);
    let name = std::str::from_utf8(name).ok()?;
    Some((name.rsplit('/').next()?, line.strip_prefix(b"] ").or_else(|| line.strip_prefix(b"]"))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_told_apart_by_kubectls_prefix() {
        for (line, expected) in [
            ("[pod/shop-7d9f/api] hello\n", Some(("api", "hello\n"))),
            ("[pod/shop-7d9f] hello", Some(("shop-7d9f", "hello"))),
            ("[pod/shop", None),
            ("hello [pod/a/b] x", None),
            ("", None),
        ] {
            let found = prefixed(line.as_bytes()).map(|(n, l)| (n, std::str::from_utf8(l).unwrap()));
            assert_eq!(found, expected, "{line}");
        }
    }
}
