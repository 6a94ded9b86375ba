//! Events for tests, and the systems that carry them, as the settings of a test choose them.

use ecoops_core::domain::{
    ActorKind, DomainEvent, EVENT_SOURCE, EventData, Party, Priority, RemediationEvent, Subject,
};
use ecoops_core::ports::events::Events;
use ecoops_core::ports::host::Host;
use ecoops_plugins::host::system::System;
use ecoops_plugins::registry::{self, BrokerSettings, OutsideEventsChoice};
use std::sync::Arc;
use std::time::Duration;

/// A server of events of whom nobody is asked who he is; 20 s for one call.
pub fn server(address: String) -> BrokerSettings {
    BrokerSettings { address, deadline: Duration::from_secs(20), ..BrokerSettings::default() }
}

/// The log on a system outside; three attempts.
pub fn choice(adapter: &str, address: String) -> OutsideEventsChoice {
    OutsideEventsChoice {
        adapter: adapter.into(),
        server: server(address),
        stream: "remediation".into(),
        attempts: 3,
    }
}

/// By the clock of this machine.
///
/// # Panics
/// When the choice is none.
pub fn open(choice: &OutsideEventsChoice) -> Box<dyn Events> {
    open_with(choice, Arc::new(System::new()))
}

/// # Panics
/// When the choice is none.
pub fn open_with(choice: &OutsideEventsChoice, host: Arc<dyn Host>) -> Box<dyn Events> {
    registry::outside_events(choice, host).expect("it can be opened").expect("it is outside")
}

/// The last event of a run, which says `text`.
pub fn completed(text: &str) -> RemediationEvent {
    with(EventData::Completed { trace_id: text.to_owned(), compliance_tags: vec![] })
}

pub fn with(data: EventData) -> RemediationEvent {
    RemediationEvent {
        data,
        source: EVENT_SOURCE.to_owned(),
        timestamp: "2026-11-20T08:00:00Z".to_owned(),
        trace_id: "c232ab00-9414-11ec-b3c8-9f6bdeced846".to_owned(),
    }
}

/// An event of another program, with this key.
///
/// # Panics
/// Never: its data is JSON.
pub fn domain(key: &str) -> DomainEvent {
    DomainEvent {
        id: format!("id of {key}"),
        kind: "platform-01.healing.completed".into(),
        source: "tests".into(),
        time: "2026-01-02T03:04:05Z".into(),
        subject: None,
        trace_id: "5b2c7f30-0a53-11f1-8d4e-0242ac120002".into(),
        actor: Party { id: "ana".into(), kind: ActorKind::User },
        resource: Subject { kind: "pod".into(), id: "ü/1".into(), namespace: None },
        policy_decision: None,
        idempotency_key: key.into(),
        priority: Priority::High,
        data: serde_json::from_str(r#"{"a":{"b":[1,null,"\u0000"]}}"#).expect("JSON"),
    }
}
