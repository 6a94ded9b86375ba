//! Publishes numbered events for ever and says each number once its event is durable. The contract
//! suite of the event log kills it at random places.
//!
//! `event-publisher FILE START`

use ecoops_core::domain::{EVENT_SOURCE, EventData, RemediationEvent};
use ecoops_plugins::events::embedded::Retention;
use ecoops_plugins::registry::{self, EventsChoice};
use std::error::Error;
use std::io::Write;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("no file")?.into();
    let start: u64 = arguments.next().ok_or("no start")?.parse()?;
    let choice = EventsChoice {
        adapter: "embedded".to_owned(),
        file,
        retention: Retention::default(),
        outboxes: Vec::new(),
    };
    let events = registry::events(&choice, registry::host("system")?)?;
    let mut out = std::io::stdout().lock();
    for number in start.. {
        let event = RemediationEvent {
            data: EventData::Completed { trace_id: number.to_string(), compliance_tags: Vec::new() },
            source: EVENT_SOURCE.to_owned(),
            timestamp: "2026-11-20T08:00:00Z".to_owned(),
            trace_id: "c232ab00-9414-11ec-b3c8-9f6bdeced846".to_owned(),
        };
        events.publish(&event, &format!("key-{number}"))?;
        writeln!(out, "{number}")?;
        out.flush()?;
    }
    Ok(())
}
