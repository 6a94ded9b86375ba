//! Where incidents are kept, and what tells of them.

use super::{
    BundleBounds, LokiSettings, PostgresSettings, PrometheusSettings, RegistryError, Server, named_file,
    open_error, unknown,
};
use crate::incidents::embedded::{EmbeddedIncidents, IngestBounds};
use crate::incidents::postgres::PgIncidents;
use crate::plans::embedded::EmbeddedPlans;
use crate::plans::postgres::PgPlans;
use crate::telemetry::alertmanager::Alertmanager;
use crate::telemetry::files::FileBundle;
use crate::telemetry::loki::Loki;
use crate::telemetry::prometheus::Prometheus;
use crate::telemetry::tempo::Tempo;
use ecoops_core::config;
use ecoops_core::ports::incidents::Incidents;
use ecoops_core::ports::plans::Plans;
use ecoops_core::ports::telemetry::{Telemetry, TelemetryError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Where incidents are kept.
#[derive(Debug, Clone, Default)]
pub struct IncidentsChoice {
    /// `sqlite`, `postgres`.
    pub adapter: String,
    /// Holds `incidents.sqlite`: everything, or the signals of this machine.
    pub state: PathBuf,
    pub postgres: PostgresSettings,
}

impl IncidentsChoice {
    /// As the settings say it; `password` is the credential that they name.
    pub fn of(settings: &config::Incidents, state: &Path, password: Option<String>) -> Self {
        let postgres = PostgresSettings {
            address: settings.address.clone(),
            login: settings.login.clone(),
            password,
            ca_file: named_file(&settings.ca_file),
            org: settings.org.clone(),
            ..PostgresSettings::default()
        };
        Self { adapter: settings.adapter.clone(), state: state.to_owned(), postgres }
    }
}

/// # Errors
/// [`RegistryError`] when the name is unknown or the file cannot be used. A server is asked when it is first needed.
pub fn incidents(choice: &IncidentsChoice) -> Result<Box<dyn Incidents>, RegistryError> {
    let failed = open_error("incidents", &choice.adapter);
    let local =
        || EmbeddedIncidents::open(&choice.state, IngestBounds::default()).map_err(|e| failed(e.into()));
    match choice.adapter.as_str() {
        "sqlite" => Ok(Box::new(local()?)),
        "postgres" => Ok(Box::new(PgIncidents::new(choice.postgres.clone(), local()?))),
        name => Err(unknown("incidents", name, &["sqlite", "postgres"])),
    }
}

/// Whether a plain file holds an incident bundle's archive, by its name or by what it begins with.
pub fn is_archive(path: &Path) -> bool {
    crate::telemetry::files::is_archive(path)
}

/// Plans with who approved them, where the incidents are.
///
/// # Errors
/// As [`incidents`].
pub fn plans(choice: &IncidentsChoice) -> Result<Box<dyn Plans>, RegistryError> {
    let failed = open_error("plans", &choice.adapter);
    match choice.adapter.as_str() {
        "sqlite" => {
            let opened = EmbeddedPlans::open(&choice.state.join("plans.sqlite"));
            Ok(Box::new(opened.map_err(|e| failed(e.into()))?))
        }
        "postgres" => Ok(Box::new(PgPlans::new(choice.postgres.clone()))),
        name => Err(unknown("plans", name, &["sqlite", "postgres"])),
    }
}

/// The incident bundle at `path`, a folder or a `.tar.zst`, as a source of telemetry. A folder in which loose files were
/// put together is called by `label` in messages. Reading ends soon after `stop` is set.
///
/// # Errors
/// [`TelemetryError`] when there is none, or it is no bundle.
pub fn bundle(
    path: &Path,
    label: Option<String>,
    bounds: BundleBounds,
    stop: Option<Arc<AtomicBool>>,
) -> Result<Box<dyn Telemetry>, TelemetryError> {
    let mut bundle = FileBundle::open(path, bounds)?;
    if let Some(label) = label {
        bundle = bundle.called(label);
    }
    if let Some(stop) = stop {
        bundle = bundle.until(stop);
    }
    Ok(Box::new(bundle))
}

/// A server that holds signals.
#[derive(Debug, Clone, Default)]
pub struct TelemetryChoice {
    /// `prometheus`, `alertmanager`, `loki`, `tempo`.
    pub adapter: String,
    pub server: Server,
    pub prometheus: PrometheusSettings,
    pub loki: LokiSettings,
    /// Traces asked of Tempo for one range; 0 stands for 200.
    pub traces: usize,
}

/// # Errors
/// [`RegistryError`] when the name is unknown, or the address is none.
pub fn telemetry(choice: TelemetryChoice) -> Result<Box<dyn Telemetry>, RegistryError> {
    let failed = open_error("telemetry", &choice.adapter);
    let opened: Result<Box<dyn Telemetry>, TelemetryError> = match choice.adapter.as_str() {
        "prometheus" => Prometheus::new(choice.server, choice.prometheus).map(|a| Box::new(a) as _),
        "alertmanager" => Alertmanager::new(choice.server).map(|a| Box::new(a) as _),
        "loki" => Loki::new(choice.server, choice.loki).map(|a| Box::new(a) as _),
        "tempo" => Tempo::new(choice.server, if choice.traces == 0 { 200 } else { choice.traces })
            .map(|a| Box::new(a) as _),
        name => return Err(unknown("telemetry", name, &["prometheus", "alertmanager", "loki", "tempo"])),
    };
    opened.map_err(|e| failed(Box::new(e)))
}
