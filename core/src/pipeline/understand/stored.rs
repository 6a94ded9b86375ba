//! An incident of the store, as a source of telemetry: what was ingested is judged like a bundle.

use crate::domain::incident::{IncidentBrief, LineSink};
use crate::ports::incidents::{Incidents, IncidentsError};
use crate::ports::telemetry::{Capabilities, Readings, Scope, Telemetry, TelemetryError};

/// The signals of one incident.
pub struct Stored<'a> {
    pub incidents: &'a dyn Incidents,
    pub id: &'a str,
}

impl std::fmt::Debug for Stored<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stored").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Telemetry for Stored<'_> {
    fn name(&self) -> String {
        "the incident's own signals".to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { series: true, logs: true, spans: true, events: true, changes: true, topology: true }
    }

    fn health(&self) -> Result<String, TelemetryError> {
        let entry = self.incidents.incident(self.id).map_err(|e| unusable(&e))?;
        Ok(format!("{} signals", entry.signals))
    }

    fn brief(&self) -> Result<Option<IncidentBrief>, TelemetryError> {
        self.incidents.incident(self.id).map(|entry| Some(entry.brief)).map_err(|e| unusable(&e))
    }

    /// Everything; it is for who judges to look at the times.
    fn read(&self, _scope: &Scope, lines: &mut LineSink<'_>) -> Result<Readings, TelemetryError> {
        self.incidents.readings(self.id, lines).map_err(|e| unusable(&e))
    }
}

fn unusable(error: &IncidentsError) -> TelemetryError {
    TelemetryError::Invalid(error.to_string())
}
