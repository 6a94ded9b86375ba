//! The kernel's infra-manager: Argo CD's applications, asked for and changed over HTTP.
//!
//! The service answers 200 with `unknown` and `unhealthy` both for an application that does not exist and for an Argo CD
//! that is away, and calls a rollout under way unhealthy: what cannot be told is said to be unknown, never guessed.
//! A deployment is asked for once; a failure is not repeated.

use crate::http::{HttpError, Server, path_part};
use crate::kernel::{KernelError, Reply, Service};
use ecoops_core::ports::delivery::{Application, Delivery, DeliveryError, Deployed, Health, Sync};
use ecoops_core::ports::host::Host;
use serde_json::{Value, json};
use std::sync::Arc;

/// Paths and deployments that are shown of one application.
const MOST_NAMED: usize = 100;

/// See the module.
pub struct InfraManager {
    service: Service,
    host: Arc<dyn Host>,
}

impl std::fmt::Debug for InfraManager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InfraManager").field("service", &self.service).finish_non_exhaustive()
    }
}

impl InfraManager {
    /// # Errors
    /// [`HttpError::Invalid`] when the address is none.
    pub fn new(server: Server, host: Arc<dyn Host>) -> Result<Self, HttpError> {
        Ok(Self { service: Service::new("infra-manager", server)?, host })
    }

    fn change(&self, name: &str, action: &str, body: &Value) -> Result<Deployed, DeliveryError> {
        let path = format!("/infra/applications/{}/{action}", checked(name)?);
        let reply = self.service.send(self.service.post(&path, body)).map_err(|e| failed(name, e))?;
        // The whole may have worked and the part that counts not.
        if reply.data.get("success").and_then(Value::as_bool) == Some(false) {
            let why = reply.text("message").unwrap_or("it does not say why");
            return Err(DeliveryError::Failed(format!(
                "infra-manager: {action} of {name} failed: {why:.500}"
            )));
        }
        // What another program answers is no deployment.
        let tells = reply.data.get("success").is_some() || reply.data.get("deployment").is_some();
        if !tells && reply.text("application").is_none() && reply.text("revision").is_none() {
            return Err(DeliveryError::Failed(format!(
                "infra-manager: the answer to {action} of {name} tells of no deployment; it may have been done"
            )));
        }
        Ok(self.deployed(name, &reply, body))
    }

    /// What was deployed: as the answer says, else as the application's newest deployment does.
    fn deployed(&self, name: &str, reply: &Reply, asked: &Value) -> Deployed {
        let now = reply.meta.get("timestamp").and_then(Value::as_str).map(str::to_owned);
        let at = now.unwrap_or_else(|| self.host.now().to_string());
        let number = reply.data.get("deployment").and_then(Value::as_u64);
        if let (Some(number), Some(revision)) = (number, reply.text("revision")) {
            return Deployed { number, revision: revision.to_owned(), at };
        }
        let newest = self.state(name).ok().and_then(|state| state.history.last().cloned());
        newest.unwrap_or_else(|| {
            let revision = reply.text("revision").or_else(|| asked.get("revision").and_then(Value::as_str));
            Deployed { number: 0, revision: revision.unwrap_or_default().to_owned(), at }
        })
    }
}

/// A name that cannot leave its place in the path.
fn checked(name: &str) -> Result<String, DeliveryError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let fits =
        (1..=253).contains(&name.len()) && name.bytes().all(plain) && !name.trim_matches('.').is_empty();
    if fits {
        Ok(path_part(name))
    } else {
        Err(DeliveryError::NoSuchApplication(name.chars().take(100).collect()))
    }
}

fn failed(name: &str, error: KernelError) -> DeliveryError {
    match error.status() {
        404 => DeliveryError::NoSuchApplication(name.to_owned()),
        400 | 409 | 422 => DeliveryError::Refused(error.to_string()),
        _ => DeliveryError::Failed(error.to_string()),
    }
}

/// Letters only, in lower case: `OutOfSync`, `out-of-sync` and `out_of_sync` are one.
fn word(value: Option<&Value>) -> String {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    text.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect()
}

fn sync_of(data: &Value) -> Sync {
    match word(data.get("syncStatus")).as_str() {
        "synced" => Sync::Synced,
        "outofsync" => Sync::OutOfSync,
        _ => Sync::Unknown,
    }
}

fn application(name: &str, data: &Value) -> Application {
    let first = |names: &[&str]| {
        let found = names.iter().filter_map(|n| data.get(*n)?.as_str()).find(|text| !text.is_empty());
        found.map(str::to_owned)
    };
    let sync_status = sync_of(data);
    let said = first(&["message"]).unwrap_or_default();
    let (health_status, why) = match word(data.get("healthStatus")).as_str() {
        "healthy" => (Health::Healthy, ""),
        "missing" => (Health::Missing, ""),
        "degraded" => (Health::Degraded, ""),
        "unhealthy" if sync_status == Sync::Unknown => (
            Health::Unknown,
            "infra-manager says the same of an application that does not exist and while Argo CD is away",
        ),
        "unhealthy" | "progressing" => (
            Health::Degraded,
            "infra-manager calls an application unhealthy while it is being rolled out, too",
        ),
        _ => (Health::Unknown, "infra-manager does not know how it is"),
    };
    let paths = data.get("drifted").or_else(|| data.get("drift")).and_then(Value::as_array);
    let texts = paths.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    let history = data.get("history").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Application {
        name: name.to_owned(),
        sync_status,
        health_status,
        desired_revision: first(&["desiredRevision", "targetRevision"]).unwrap_or_default(),
        deployed_revision: first(&["deployedRevision", "currentRevision", "revision"]),
        drifted: texts.take(MOST_NAMED).collect(),
        history: history[history.len().saturating_sub(MOST_NAMED)..].iter().map(past).collect(),
        message: if said.is_empty() { why.to_owned() } else { said.chars().take(500).collect() },
    }
}

fn past(entry: &Value) -> Deployed {
    let number = |names: &[&str]| names.iter().find_map(|name| entry.get(*name)?.as_u64());
    let text = |names: &[&str]| names.iter().find_map(|name| entry.get(*name)?.as_str());
    Deployed {
        number: number(&["number", "id"]).unwrap_or_default(),
        revision: text(&["revision"]).unwrap_or_default().to_owned(),
        at: text(&["at", "deployedAt"]).unwrap_or_default().to_owned(),
    }
}

impl Delivery for InfraManager {
    /// Those that `/infra/drift` names.
    fn applications(&self) -> Result<Vec<String>, DeliveryError> {
        let listed = self.service.send(self.service.get("/infra/drift"));
        let data = listed.map_err(|why| DeliveryError::Failed(why.to_string()))?.data;
        let applications = data.get("applications").and_then(Value::as_array);
        let applications = applications
            .ok_or_else(|| DeliveryError::Failed("infra-manager: the answer lists no applications".into()))?;
        let names = applications.iter().filter_map(|one| one.get("name")?.as_str());
        let mut names: Vec<String> = names.filter(|name| checked(name).is_ok()).map(str::to_owned).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn state(&self, name: &str) -> Result<Application, DeliveryError> {
        let path = format!("/infra/applications/{}", checked(name)?);
        let reply = self.service.send(self.service.get(&path)).map_err(|e| failed(name, e))?;
        if !reply.data.is_object() {
            return Err(DeliveryError::Failed("infra-manager: the state is no object".into()));
        }
        Ok(application(name, &reply.data))
    }

    fn sync(&self, name: &str, revision: Option<&str>, prune: bool) -> Result<Deployed, DeliveryError> {
        let mut body = json!({ "prune": prune });
        if let Some(revision) = revision {
            body["revision"] = json!(revision);
        }
        self.change(name, "sync", &body)
    }

    fn rollback(&self, name: &str, number: u64) -> Result<Deployed, DeliveryError> {
        if number == 0 {
            return Err(DeliveryError::Refused("there is no deployment 0 to go back to".into()));
        }
        self.change(name, "rollback", &json!({ "targetRevision": number }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_cannot_tell_is_unknown() {
        for (sync, health, expected) in [
            ("synced", "healthy", (Sync::Synced, Health::Healthy)),
            ("Synced", "Healthy", (Sync::Synced, Health::Healthy)),
            ("out-of-sync", "degraded", (Sync::OutOfSync, Health::Degraded)),
            ("OutOfSync", "unhealthy", (Sync::OutOfSync, Health::Degraded)),
            ("unknown", "unhealthy", (Sync::Unknown, Health::Unknown)),
            ("synced", "Progressing", (Sync::Synced, Health::Degraded)),
            ("", "", (Sync::Unknown, Health::Unknown)),
            ("fine", "missing", (Sync::Unknown, Health::Missing)),
        ] {
            let found = application("a", &json!({ "syncStatus": sync, "healthStatus": health }));
            assert_eq!((found.sync_status, found.health_status), expected, "{sync} {health}");
            let well = found.health_status == Health::Healthy || found.health_status == Health::Missing;
            assert!(well || health == "degraded" || !found.message.is_empty(), "{sync} {health} says why");
        }
    }

    #[test]
    fn a_name_stays_in_its_place() {
        for (name, good) in
            [("shop", true), ("a.b-c_1", true), ("", false), ("..", false), ("a/b", false), ("ü", false)]
        {
            assert_eq!(checked(name).is_ok(), good, "{name}");
        }
    }
}
