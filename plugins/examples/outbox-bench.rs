//! Events a second into a fresh event log, each on disk before its publisher goes on, by several publishers.
//!
//! `cargo run --release -p ecoops-plugins --example outbox-bench -- [DIR]`; DIR decides the disk.
#![allow(clippy::print_stdout)]

use ecoops_core::domain::{EVENT_SOURCE, EventData, RemediationEvent};
use ecoops_core::ports::events::{EventsError, Outbox};
use ecoops_plugins::registry::{self, EventsChoice, Retention};
use std::path::Path;
use std::time::{Duration, Instant};

const SPAN: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let scratch = tempfile::tempdir_in(folder)?;
    println!("| publishers | events a call | durable events/s |\n|---|---|---|");
    for (publishers, batch) in [(1, 1), (8, 1), (64, 1), (128, 1), (256, 1), (1, 100), (8, 100)] {
        publishes(scratch.path(), publishers, batch)?;
    }
    drains(scratch.path())?;
    Ok(())
}

fn log(file: &Path) -> Result<Box<dyn Outbox>, Box<dyn std::error::Error>> {
    let retention = Retention { bytes: 4 << 30, events: 10_000_000, ..Retention::default() };
    let choice =
        EventsChoice { adapter: "embedded".into(), file: file.to_owned(), retention, outboxes: Vec::new() };
    Ok(registry::outbox(&choice, registry::host("system")?)?)
}

fn event(key: &str) -> RemediationEvent {
    RemediationEvent {
        data: EventData::Completed {
            trace_id: key.to_owned(),
            compliance_tags: vec!["soc2:cc7.2".to_owned()],
        },
        source: EVENT_SOURCE.to_owned(),
        timestamp: "2026-11-20T08:00:00Z".to_owned(),
        trace_id: "c232ab00-9414-11ec-b3c8-9f6bdeced846".to_owned(),
    }
}

fn publishes(folder: &Path, publishers: usize, batch: usize) -> Result<(), Box<dyn std::error::Error>> {
    let log = log(&folder.join(format!("{publishers}-{batch}.sqlite")))?;
    let begin = Instant::now();
    let work = |publisher: usize| -> Result<usize, EventsError> {
        let mut count = 0;
        while begin.elapsed() < SPAN {
            let of = |n: usize| (event(&n.to_string()), format!("{publisher}-{n}"));
            match batch {
                1 => drop(log.publish(&of(count).0, &of(count).1)?),
                _ => drop(log.publish_all(&(count..count + batch).map(of).collect::<Vec<_>>())?),
            }
            count += batch;
        }
        Ok(count)
    };
    let counts: Vec<Result<usize, EventsError>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..publishers).map(|p| scope.spawn(move || work(p))).collect();
        handles.into_iter().filter_map(|handle| handle.join().ok()).collect()
    });
    let mut total = 0;
    for count in counts {
        total += count?;
    }
    println!("| {publishers} | {batch} | {:.0} |", total as f64 / begin.elapsed().as_secs_f64());
    Ok(())
}

/// How fast a group reads and acknowledges what is there.
fn drains(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let log = log(&folder.join("64-1.sqlite"))?;
    let (begin, mut total) = (Instant::now(), 0);
    loop {
        let given = log.read("bench", "bench", 256, 60_000)?;
        if given.is_empty() {
            break;
        }
        total += given.len();
        log.acknowledge_all("bench", &given.iter().map(|stored| stored.offset).collect::<Vec<_>>())?;
    }
    println!(
        "\n{total} events read and acknowledged by one group: {:.0}/s",
        total as f64 / begin.elapsed().as_secs_f64()
    );
    Ok(())
}
