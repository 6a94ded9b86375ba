//! Loki over its HTTP API: log lines of a range, page after page.
//!
//! Lines come with Loki's time, which wins over their own. Never asks for more than a bound.

use super::http::{Client, Conversation, Server};
use ecoops_core::domain::incident::{LineSink, TimeRange};
use ecoops_core::engines::signals::parse::json::Json;
use ecoops_core::engines::signals::parse::labels::labelled;
use ecoops_core::engines::signals::parse::{LogReader, LogSource, Notes, quoted};
use ecoops_core::ports::telemetry::{Capabilities, Readings, Scope, Telemetry, TelemetryError};
use std::collections::{BTreeMap, BTreeSet};

/// Lines of one answer.
const PAGE: usize = 5000;

/// What to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LokiSettings {
    /// A LogQL stream selector; empty: every stream that names a service.
    pub selector: String,
    /// Lines of one reading at most.
    pub lines: usize,
}

impl Default for LokiSettings {
    fn default() -> Self {
        Self { selector: String::new(), lines: 500_000 }
    }
}

#[derive(Debug)]
pub struct Loki {
    client: Client,
    settings: LokiSettings,
}

/// A line as Loki holds it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// Nanoseconds.
    ts: i64,
    service: String,
    instance: String,
    text: String,
}

impl Loki {
    /// # Errors
    /// [`TelemetryError::Invalid`] for an address that is none.
    pub fn new(server: Server, settings: LokiSettings) -> Result<Self, TelemetryError> {
        Ok(Self { client: Client::new(server)?, settings })
    }

    /// The configured selector, else one on the label by which this Loki names services.
    fn selector(&self, talk: &Conversation<'_>) -> Result<String, TelemetryError> {
        if !self.settings.selector.is_empty() {
            return Ok(self.settings.selector.clone());
        }
        let body = talk.get("/loki/api/v1/labels", &[])?;
        let json = read(&body)?;
        let labels: BTreeSet<&str> =
            json.get("data").map(Json::list).unwrap_or_default().iter().filter_map(Json::text).collect();
        const NAMES: [&str; 7] = ["service_name", "service", "app", "container", "job", "pod", "filename"];
        let label = NAMES.iter().find(|name| labels.contains(*name)).ok_or_else(|| {
            TelemetryError::Invalid("no label of this Loki names a service: configure a selector".into())
        })?;
        Ok(format!("{{{label}=~\".+\"}}"))
    }

    fn page(
        &self,
        talk: &Conversation<'_>,
        selector: &str,
        start: i64,
        end: i64,
    ) -> Result<Vec<Entry>, TelemetryError> {
        let query = [
            ("query", selector),
            ("start", &start.to_string()),
            ("end", &end.to_string()),
            ("limit", &PAGE.to_string()),
            ("direction", "forward"),
        ];
        let body = talk.get("/loki/api/v1/query_range", &query)?;
        let json = read(&body)?;
        let mut entries = Vec::new();
        for stream in json.at(&["data", "result"]).map(Json::list).unwrap_or_default() {
            let labels = stream.get("stream").map(Json::fields).unwrap_or_default();
            let labels: Vec<(&str, &str)> =
                labels.iter().filter_map(|(name, value)| Some((name.as_ref(), value.text()?))).collect();
            let of = labelled("", &labels);
            for value in stream.get("values").map(Json::list).unwrap_or_default() {
                if let [ts, text, ..] = value.list()
                    && let (Some(ts), Some(text)) = (ts.text().and_then(|t| t.parse().ok()), text.text())
                {
                    let (service, instance) = (of.service.clone(), of.instance.clone());
                    entries.push(Entry { ts, service, instance, text: text.to_owned() });
                }
            }
        }
        entries.sort();
        Ok(entries)
    }

    /// Every line of a range in the order of time; `false` when the bound or the time was reached.
    fn each(
        &self,
        talk: &Conversation<'_>,
        selector: &str,
        range: TimeRange,
        given: &mut usize,
        take: &mut dyn FnMut(&Entry),
    ) -> Result<bool, TelemetryError> {
        #[allow(clippy::cast_possible_truncation, reason = "saturates")]
        let (mut start, end) = ((range.start * 1e9) as i64, (range.end * 1e9) as i64);
        // Lines of the last instant of a page come again with the next page.
        let mut seen: BTreeSet<Entry> = BTreeSet::new();
        loop {
            if *given >= self.settings.lines || !talk.has_time() {
                return Ok(false);
            }
            let page = self.page(talk, selector, start, end)?;
            let full = page.len() >= PAGE;
            let Some(last) = page.last().map(|entry| entry.ts) else { return Ok(true) };
            for entry in page.iter().filter(|entry| !seen.contains(entry)) {
                if *given >= self.settings.lines {
                    return Ok(false);
                }
                *given += 1;
                take(entry);
            }
            if !full {
                return Ok(true);
            }
            // More lines in one instant than a page holds cannot be paged through.
            start = if last == start { last + 1 } else { last };
            seen = page.into_iter().filter(|entry| entry.ts == last).collect();
        }
    }
}

fn read(body: &str) -> Result<Json<'_>, TelemetryError> {
    Json::read(body)
        .map_err(|_| TelemetryError::Invalid("the answer is not JSON: is this address Loki's?".into()))
}

impl Telemetry for Loki {
    fn name(&self) -> String {
        format!("loki {}", self.client.shown())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { logs: true, ..Capabilities::default() }
    }

    fn health(&self) -> Result<String, TelemetryError> {
        let body = self.client.conversation().get("/loki/api/v1/status/buildinfo", &[])?;
        Ok(format!("Loki {}", read(&body)?.text_at(&["version"]).unwrap_or("of an unknown version")))
    }

    fn read(&self, scope: &Scope, lines: &mut LineSink<'_>) -> Result<Readings, TelemetryError> {
        if scope.ranges.is_empty() {
            return Err(TelemetryError::Invalid("Loki must be asked for a range of time".into()));
        }
        let talk = self.client.conversation();
        let selector = self.selector(&talk)?;
        let mut notes = Notes::default();
        let mut readers: BTreeMap<(String, String), LogReader> = BTreeMap::new();
        let mut given = 0;
        for range in &scope.ranges {
            let whole = self.each(&talk, &selector, *range, &mut given, &mut |entry| {
                if !scope.services.is_empty() && !scope.services.contains(&entry.service) {
                    return;
                }
                let key = (entry.service.clone(), entry.instance.clone());
                let reader = readers.entry(key).or_insert_with(|| LogReader::new(source(entry)));
                #[allow(
                    clippy::cast_precision_loss,
                    reason = "a float's second is precise to a microsecond"
                )]
                reader.carry(entry.ts as f64 / 1e9, &entry.text, lines);
            });
            match whole {
                Ok(true) => {}
                Ok(false) => notes.add(
                    &format!("lines beyond the first {given} were not asked for: bound or deadline"),
                    String::new,
                ),
                Err(error) if given == 0 => return Err(error),
                Err(error) => {
                    notes.add("it stopped answering; what came before is used", || quoted(&error.to_string()))
                }
            }
        }
        for (_, reader) in readers {
            reader.finish(lines);
        }
        Ok(Readings { notes: notes.sentences("loki"), ..Readings::default() })
    }
}

fn source(entry: &Entry) -> LogSource {
    let instance = Some(entry.instance.clone()).filter(|i| !i.is_empty());
    let file = format!("loki:{}", super::files::names::log_name(&entry.service, instance.as_deref(), false));
    LogSource { file, service: entry.service.clone(), instance, near: 0.0, shift: 0.0 }
}
