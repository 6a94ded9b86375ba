//! The clients of the kernel's services, with this program's own agent as the server.

use super::{DEADLINE, http, passing, system};
use ecoops_core::ports::audit_log::{AuditCopy, CopyError};
use ecoops_core::ports::bus::{Bus, Position};
use ecoops_core::ports::delivery::Delivery;
use ecoops_core::ports::memory::{Document, DocumentKind, Memory, MemoryError};
use ecoops_core::ports::policy::{Policy, PolicyInput};
use ecoops_plugins::audit_log::policy_audit::PolicyAuditCopy;
use ecoops_plugins::bus::event_bus::EventBus;
use ecoops_plugins::delivery::infra_manager::InfraManager;
use ecoops_plugins::http::Server;
use ecoops_plugins::memory::memory_hub::MemoryHub;
use ecoops_plugins::policy::asked::{Asked, Remote, System};
use ecoops_plugins::registry::PolicySettings;
use ecoops_tests::agent::Agent;
use ecoops_tests::audit::entry;
use ecoops_tests::events;
use ecoops_tests::network::trial::{Act, Subject, Undone, try_all};
use ecoops_tests::network::{Line, Room, wrong};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// The agent on the far side, its port and its token.
fn serving(room: &Room, settings: &str) -> (Agent, u16, String) {
    let (agent, service) = room.beyond(|| Agent::serving(settings));
    let port = service.address.rsplit(':').next().unwrap().parse().unwrap();
    (agent, port, service.token.unwrap().to_string())
}

fn subject<'a>(name: &'static str, port: u16, open: &'a (dyn Fn(&Line) -> Act<'a> + Sync)) -> Subject<'a> {
    let (deadline, wrong) = (DEADLINE, wrong::HTTP.to_vec());
    Subject { name, deadline, wrong, open, done: None, port, renaming: false, bears: &[] }
}

#[test]
fn policies_fail_closed() {
    let Some(room) = Room::open("kernel::policies_fail_closed") else { return };
    let (_agent, port, token) = serving(&room, "");
    let allowed: PolicyInput = serde_json::from_value(json!({
        "actor": "ai-code-editor-workflow-pipeline", "action": "apply-fix", "resource": "src/a.py",
        "severity": "low", "compliance_mode": "standard",
    }))
    .unwrap();
    for (name, system) in [("OPA's data API", System::Opa), ("policy-audit, deciding", System::PolicyAudit)] {
        let open = |line: &Line| -> Act<'_> {
            let server = Server { token: Some(token.clone()), ..http(line) };
            let remote = Remote { system, server, good_for: Duration::ZERO, redactor: None };
            let policy = Asked::new(&PolicySettings::default(), remote).unwrap();
            let allowed = allowed.clone();
            // Done is what was allowed: before no fault but those that it bears.
            Box::new(move |_| {
                let decision = policy.decide(&allowed);
                decision.allow.then_some(()).ok_or_else(|| Undone::Passing(decision.reasons.join("; ")))
            })
        };
        try_all(&room, &subject(name, port, &open));
    }
}

#[test]
fn the_copy_of_the_audit_log() {
    let Some(room) = Room::open("kernel::the_copy_of_the_audit_log") else { return };
    let (agent, port, token) = serving(&room, "");
    let open = |line: &Line| -> Act<'_> {
        let copy = PolicyAuditCopy::new(Server { token: Some(token.clone()), ..http(line) }).unwrap();
        let log = line.address();
        // As the mirror does: looked for, and written when it is not there.
        Box::new(move |key| {
            let undone = |error: CopyError| match error {
                CopyError::Refused(why) => Undone::ForGood(why),
                other => Undone::Passing(other.to_string()),
            };
            match copy.holds(&log, 0, &entry(key)).map_err(undone)? {
                true => Ok(()),
                false => copy.write(&log, 0, &entry(key)).map_err(undone),
            }
        })
    };
    let done = || {
        let mut all = BTreeMap::new();
        let mut page = 1;
        loop {
            let path =
                format!("/audit/query?traceId=5b2c7f30-0a53-11f1-8d4e-0242ac120002&pageSize=100&page={page}");
            let answer = agent.get(&path).json();
            let entries = answer["data"]["entries"].as_array().unwrap().clone();
            for entry in &entries {
                *all.entry(entry["action"].as_str().unwrap().to_owned()).or_insert(0) += 1;
            }
            if entries.len() < 100 {
                return all;
            }
            page += 1;
        }
    };
    let subject = subject("policy-audit, copying", port, &open);
    try_all(&room, &Subject { done: Some(&done), deadline: DEADLINE * 2, ..subject });
}

#[test]
fn the_bus_of_events() {
    let Some(room) = Room::open("kernel::the_bus_of_events") else { return };
    let (_agent, port, token) = serving(&room, "");
    let bus = |server: Server| EventBus::new(Server { token: Some(token.clone()), ..server }).unwrap();
    let open = |line: &Line| -> Act<'_> {
        let bus = bus(http(line));
        Box::new(move |key| passing(bus.publish("platform-01:healing", &events::domain(key))).map(drop))
    };
    let done = || {
        let direct = Server { url: format!("http://127.0.0.1:{port}"), ..Server::default() };
        let mut all = BTreeMap::new();
        let read = || bus(direct).replay("platform-01:healing", Position::FIRST, Position::LAST, 1_000);
        for (_, event) in room.beyond(read).unwrap() {
            *all.entry(event.idempotency_key).or_insert(0) += 1;
        }
        all
    };
    try_all(&room, &Subject { done: Some(&done), ..subject("event-bus", port, &open) });
}

#[test]
fn the_hub_of_memories() {
    let Some(room) = Room::open("kernel::the_hub_of_memories") else { return };
    let (agent, port, token) = serving(&room, "");
    let open = |line: &Line| -> Act<'_> {
        let hub = MemoryHub::new(Server { token: Some(token.clone()), ..http(line) }).unwrap();
        Box::new(move |key| {
            let (title, text) = (key.to_owned(), format!("what was done about {key}"));
            let metadata = serde_json::Map::new();
            let document = Document {
                kind: DocumentKind::Fix,
                title,
                text,
                source: "urn:ecoops:run:1".into(),
                metadata,
            };
            hub.ingest(&document).map(drop).map_err(|error| match error {
                MemoryError::Away(why) => Undone::Passing(why),
                other => Undone::ForGood(other.to_string()),
            })
        })
    };
    let done = || {
        let listed = agent.ecoops(&["memory", "list", "--limit", "1000", "--output", "json"]);
        let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
        let mut all = BTreeMap::new();
        for document in listed["documents"].as_array().unwrap() {
            *all.entry(document["title"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        }
        all
    };
    // JSON that is not what was asked is no sign of a hub that is away: it is said, and nothing waits.
    let wrong = wrong::HTTP.into_iter().filter(|wrong| **wrong != wrong::OTHER_JSON).collect();
    try_all(&room, &Subject { done: Some(&done), wrong, ..subject("memory-hub", port, &open) });
}

#[test]
fn the_manager_of_deployments() {
    let Some(room) = Room::open("kernel::the_manager_of_deployments") else { return };
    let home = ecoops_tests::home::Home::new();
    let repository = home.repo(&[("deploy/a.yaml", "a: 1\n")]);
    let live = home.path().join("live");
    let shop = [repository.to_str().unwrap(), "main", "deploy/", live.to_str().unwrap()];
    let (_agent, port, token) = serving(&room, &format!("[delivery.applications]\nshop = {shop:?}\n"));
    let open = |line: &Line| -> Act<'_> {
        let manager =
            InfraManager::new(Server { token: Some(token.clone()), ..http(line) }, system()).unwrap();
        Box::new(move |_| passing(manager.sync("shop", None, false)).map(drop))
    };
    try_all(&room, &subject("infra-manager", port, &open));
}
