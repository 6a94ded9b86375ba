//! Tempo over its HTTP API: traces of a range, those with errors first.
//!
//! Asks for as many whole traces as a bound allows.

use super::http::{Client, Conversation, Server, path_part};
use ecoops_core::domain::incident::{LineSink, SpanRecord, TimeRange};
use ecoops_core::engines::signals::parse::json::Json;
use ecoops_core::engines::signals::parse::{Notes, otlp, quoted};
use ecoops_core::ports::telemetry::{Capabilities, Readings, Scope, Telemetry, TelemetryError};
use std::collections::BTreeSet;

#[derive(Debug)]
pub struct Tempo {
    client: Client,
    /// Traces of one range at most.
    most: usize,
}

impl Tempo {
    /// # Errors
    /// [`TelemetryError::Invalid`] for an address that is none.
    pub fn new(server: Server, most: usize) -> Result<Self, TelemetryError> {
        Ok(Self { client: Client::new(server)?, most })
    }

    fn search(
        &self,
        talk: &Conversation<'_>,
        expression: &str,
        range: TimeRange,
        most: usize,
    ) -> Result<Vec<String>, TelemetryError> {
        let query = [
            ("q", expression),
            ("start", &range.start.floor().to_string()),
            ("end", &range.end.ceil().to_string()),
            ("limit", &most.to_string()),
        ];
        let body = talk.get("/api/search", &query)?;
        let json = read(&body)?;
        let traces = json.get("traces").map(Json::list).unwrap_or_default();
        Ok(traces
            .iter()
            .filter_map(|trace| trace.text_at(&["traceID"]).map(str::to_owned))
            .take(most)
            .collect())
    }

    fn trace(
        &self,
        talk: &Conversation<'_>,
        id: &str,
        notes: &mut Notes,
        spans: &mut Vec<SpanRecord>,
    ) -> Result<(), TelemetryError> {
        let body = talk.get(&format!("/api/traces/{}", path_part(id)), &[])?;
        let json = read(&body)?;
        let lists = [&["batches"][..], &["resourceSpans"], &["trace", "resourceSpans"]];
        for entry in lists.iter().filter_map(|path| json.at(path)).flat_map(Json::list) {
            otlp::resource_spans(entry, notes, &mut |span| spans.push(span));
        }
        Ok(())
    }
}

fn read(body: &str) -> Result<Json<'_>, TelemetryError> {
    Json::read(body)
        .map_err(|_| TelemetryError::Invalid("the answer is not JSON: is this address Tempo's?".into()))
}

impl Telemetry for Tempo {
    fn name(&self) -> String {
        format!("tempo {}", self.client.shown())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { spans: true, ..Capabilities::default() }
    }

    fn health(&self) -> Result<String, TelemetryError> {
        let body = self.client.conversation().get("/api/status/buildinfo", &[])?;
        Ok(format!("Tempo {}", read(&body)?.text_at(&["version"]).unwrap_or("of an unknown version")))
    }

    fn read(&self, scope: &Scope, _: &mut LineSink<'_>) -> Result<Readings, TelemetryError> {
        if scope.ranges.is_empty() {
            return Err(TelemetryError::Invalid("Tempo must be asked for a range of time".into()));
        }
        let talk = self.client.conversation();
        let mut notes = Notes::default();
        let mut readings = Readings::default();
        let mut ids = BTreeSet::new();
        for range in &scope.ranges {
            // Half of the bound for traces that failed; the others show what is ordinary.
            ids.extend(self.search(&talk, "{ status = error }", *range, self.most / 2)?);
            let more = self.search(&talk, "{}", *range, self.most)?;
            if more.len() >= self.most {
                notes.add(&format!("of each range only {} traces were asked for", self.most), String::new);
            }
            ids.extend(more);
        }
        for id in &ids {
            if !talk.has_time() {
                notes.add("there was no time left for all traces", String::new);
                break;
            }
            if let Err(error) = self.trace(&talk, id, &mut notes, &mut readings.spans) {
                notes.add("a trace could not be read", || quoted(&error.to_string()));
            }
        }
        readings.spans.retain(|span| scope.services.is_empty() || scope.services.contains(&span.service));
        readings.notes = notes.sentences("tempo");
        Ok(readings)
    }
}
