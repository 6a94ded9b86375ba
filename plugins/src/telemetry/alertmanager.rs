//! Alertmanager over its API v2: the alerts that it holds.
//!
//! Never silences, and never sends one.

use super::http::{Client, Server};
use ecoops_core::domain::incident::LineSink;
use ecoops_core::engines::signals::parse::json::Json;
use ecoops_core::engines::signals::parse::{Notes, events, time};
use ecoops_core::ports::telemetry::{Capabilities, Readings, Scope, Telemetry, TelemetryError};

#[derive(Debug)]
pub struct Alertmanager {
    client: Client,
}

impl Alertmanager {
    /// # Errors
    /// [`TelemetryError::Invalid`] for an address that is none.
    pub fn new(server: Server) -> Result<Self, TelemetryError> {
        Ok(Self { client: Client::new(server)? })
    }
}

fn json(body: &str) -> Result<Json<'_>, TelemetryError> {
    Json::read(body).map_err(|_| {
        TelemetryError::Invalid("the answer is not JSON: is this address Alertmanager's?".into())
    })
}

impl Telemetry for Alertmanager {
    fn name(&self) -> String {
        format!("alertmanager {}", self.client.shown())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { events: true, ..Capabilities::default() }
    }

    fn health(&self) -> Result<String, TelemetryError> {
        let body = self.client.conversation().get("/api/v2/status", &[])?;
        let json = json(&body)?;
        let version = json.text_at(&["versionInfo", "version"]);
        Ok(format!("Alertmanager {}", version.unwrap_or("of an unknown version")))
    }

    fn read(&self, scope: &Scope, _: &mut LineSink<'_>) -> Result<Readings, TelemetryError> {
        let query =
            [("active", "true"), ("silenced", "true"), ("inhibited", "true"), ("unprocessed", "true")];
        let body = self.client.conversation().get("/api/v2/alerts", &query)?;
        let alerts = json(&body)?;
        if !matches!(alerts, Json::List(_)) {
            return Err(TelemetryError::Invalid("Alertmanager gave no list of alerts".into()));
        }
        let mut notes = Notes::default();
        let mut readings = Readings::default();
        for alert in alerts.list() {
            let end = alert.text_at(&["endsAt"]).and_then(time::moment).unwrap_or(f64::INFINITY);
            let mut found = events::events(alert, "alertmanager", 0, &mut notes);
            // One that was firing already when the range began belongs to it as well.
            found.retain(|event| {
                scope.ranges.is_empty()
                    || scope.ranges.iter().any(|range| event.time < range.end && end > range.start)
            });
            found.retain(|event| {
                scope.services.is_empty() || event.service.as_ref().is_none_or(|s| scope.services.contains(s))
            });
            readings.events.extend(found);
        }
        readings.events.sort_by(|a, b| a.time.total_cmp(&b.time));
        readings.notes = notes.sentences("alertmanager");
        Ok(readings)
    }
}
