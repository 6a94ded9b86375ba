//! The parts that bring things to other systems, or count with them, as the settings say. Each opens its other side
//! when it first needs it, and says in its health what became of it.

use super::{Clock, DEADLINE, LIMITS_DEADLINE, MEMORY_DEADLINE, said, service};
use crate::component::Desk;
use crate::credentials::Credentials;
use crate::deliver::{Deliverer, Means};
use crate::mirror::Mirror;
use crate::waiting::Bringer;
use crate::{Places, trace};
use ecoops_core::config::{Settings, Sink};
use ecoops_core::ports::audit_log::AuditLog;
use ecoops_core::ports::host::Host;
use ecoops_core::ports::limits::Limits;
use ecoops_core::ports::memory::Memory;
use ecoops_plugins::registry::{self, Password};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) fn telemetry(
    settings: &Settings,
    credentials: &Credentials,
    host: &Arc<dyn Host>,
) -> Option<trace::Part> {
    let (settings, credentials) = (settings.telemetry.clone(), credentials.clone());
    (!settings.otlp.is_empty()).then(|| trace::Part {
        exporter: trace::Exporter::new(&settings.otlp),
        token: Arc::new(Box::new(move || credentials.text(&settings.credential).map_err(|e| said(&e)))),
        host: Clock(host.clone()),
    })
}

/// Where the audit log is written as well: the kernel's policy-audit, and the server that holds the incidents.
pub(super) fn mirrors(
    places: &Places,
    settings: &Settings,
    credentials: &Credentials,
    log: &Arc<Desk<dyn AuditLog>>,
    host: &Arc<dyn Host>,
) -> Vec<Mirror> {
    let clock = || Clock(host.clone());
    let (audit, to_service) = (settings.audit.clone(), credentials.clone());
    let service = (!audit.mirror.is_empty()).then(|| {
        let file = places.own().join("audit-mirror.json");
        Mirror::new("audit-mirror", log.clone(), file, clock(), move || {
            let service = service(&to_service, &audit.mirror, &audit.mirror_credential, MEMORY_DEADLINE)?;
            registry::audit_copy(&service).map_err(|e| said(&e))
        })
    });
    let (incidents, to_postgres) = (settings.incidents.clone(), credentials.clone());
    let postgres = (incidents.adapter == "postgres").then(|| {
        let (file, state) = (places.own().join("audit-copy.json"), places.state.clone());
        Mirror::new("audit-copy", log.clone(), file, clock(), move || {
            let password = to_postgres.text(&incidents.credential).map_err(|e| said(&e))?;
            let choice = registry::IncidentsChoice::of(&incidents, &state, password);
            Ok(registry::audit_copy_in_postgres(&choice))
        })
    });
    service.into_iter().chain(postgres).collect()
}

/// For a memory elsewhere; one in a file is never away.
pub(super) fn bringer(
    settings: &Settings,
    memory: &Arc<Desk<dyn Memory>>,
    host: &Arc<dyn Host>,
) -> Option<Bringer> {
    let elsewhere = settings.memory.enabled && settings.memory.adapter != "embedded";
    elsewhere.then(|| Bringer::new(memory.clone(), Clock(host.clone())))
}

/// Who is told of events. One whose entry cannot be understood is there too, and says so in its health.
pub(super) fn deliverers(settings: &Settings, credentials: &Credentials, means: &Means) -> Vec<Deliverer> {
    let sinks = settings.events.sinks.iter().map(|(name, words)| {
        let parsed = Sink::parse(name, words);
        let wants = parsed.as_ref().map(|sink| sink.events.clone()).unwrap_or_default();
        let (host, credentials) = (means.host.clone(), credentials.clone());
        let name_of = parsed.as_ref().map(|sink| sink.secret.clone()).unwrap_or_default();
        let secret = move || credentials.text(&name_of).map_err(|e| said(&e));
        Deliverer::new(&Sink::group(name), wants, means.clone(), secret, move |secret| {
            let secret = secret.map(|secret| secret.to_string());
            let choice = registry::NotifyChoice { sink: parsed.clone()?, secret };
            registry::notify(&choice, host.0.clone()).map_err(|e| said(&e))
        })
    });
    sinks.chain(outside(settings, credentials, means)).collect()
}

/// What carries the log to the event system of `events.adapter`.
fn outside(settings: &Settings, credentials: &Credentials, means: &Means) -> Option<Deliverer> {
    let events = settings.events.clone();
    let (host, credentials, name) = (means.host.clone(), credentials.clone(), events.credential.clone());
    let secret = move || credentials.text(&name).map_err(|e| said(&e));
    (events.adapter != "embedded").then(|| {
        Deliverer::new(&events.outside(), BTreeSet::new(), means.clone(), secret, move |password| {
            let choice = registry::OutsideEventsChoice::of(&events, password, DEADLINE);
            registry::notify_outside(&choice, host.0.clone()).map_err(|e| said(&e))
        })
    })
}

pub(super) fn limits(settings: &Settings, credentials: &Credentials) -> Option<Arc<Desk<dyn Limits>>> {
    let (agent, credentials) = (settings.agent.clone(), credentials.clone());
    (!agent.limits_address.is_empty()).then(|| {
        Desk::new("limits", LIMITS_DEADLINE, move || {
            let password = credentials.text(&agent.limits_credential).map_err(|e| said(&e))?;
            let (address, user, ca_file) = (&agent.limits_address, &agent.limits_user, &agent.limits_ca_file);
            let password = password.map(Password::from);
            let server = registry::broker(address, user, password, ca_file, LIMITS_DEADLINE);
            let (adapter, rate) = ("redis".into(), agent.rate_limit);
            let choice = registry::LimitsChoice { adapter, rate, server: Some(server) };
            registry::limits(&choice).map(Arc::from).map_err(|e| said(&e))
        })
    })
}
