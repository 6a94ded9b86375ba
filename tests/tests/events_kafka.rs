//! The event log on Kafka, against librdkafka's mock cluster.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::domain::{EventData, RemediationEvent};
use ecoops_core::ports::events::Events;
use ecoops_plugins::registry::OutsideEventsChoice;
use ecoops_tests::events;
use ecoops_tests::servers::{free_port, kafka, until};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

fn choice(address: String) -> OutsideEventsChoice {
    events::choice("kafka", address)
}

fn open(address: String) -> Box<dyn Events> {
    events::open(&choice(address))
}

fn event(run: u64, text: &str) -> RemediationEvent {
    let trace_id = format!("c232ab00-9414-11ec-b3c8-{run:012x}");
    RemediationEvent { trace_id, ..events::completed(text) }
}

/// Runs spread over the partitions; each keeps its order, and a group gets all.
#[test]
fn runs_keep_their_order_over_partitions() {
    let Some(cluster) = kafka::mock_cluster() else { return };
    let events = open(cluster.address());
    for n in 0..40 {
        events.publish(&event(n % 8, &n.to_string()), &format!("k{n}")).unwrap();
    }
    let mut seen: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut count = 0;
    until("all is read", || {
        for stored in events.read("g", "c", 7, 60_000).unwrap() {
            let EventData::Completed { trace_id, .. } = &stored.event.data else { panic!("{stored:?}") };
            seen.entry(stored.event.trace_id.clone()).or_default().push(trace_id.parse().unwrap());
            events.acknowledge("g", stored.offset).unwrap();
            count += 1;
        }
        (count == 40).then_some(())
    });
    assert_eq!(seen.len(), 8);
    assert!(seen.values().all(|run| run.is_sorted() && run.len() == 5), "{seen:?}");
    assert_eq!(events.replay(0, 99).unwrap().len(), 40);
}

/// Several publishers that know nothing of each other: the topic decides which record is the event.
#[test]
fn many_processes_publish_one_key_once() {
    let Some(cluster) = kafka::mock_cluster() else { return };
    let offsets: BTreeSet<u64> = std::thread::scope(|scope| {
        let publishers: Vec<_> = (0..8)
            .map(|n| {
                let address = cluster.address();
                scope.spawn(move || open(address).publish(&event(1, &n.to_string()), "one").unwrap())
            })
            .collect();
        publishers.into_iter().map(|publisher| publisher.join().unwrap()).collect()
    });
    assert_eq!(offsets.len(), 1, "{offsets:?}");
    let events = open(cluster.address());
    assert_eq!(events.replay(0, 99).unwrap().len(), 1);
    let read =
        until("it is read", || Some(events.read("g", "c", 9, 60_000).unwrap()).filter(|r| !r.is_empty()));
    assert_eq!(read.len(), 1);
}

/// What was committed is what the next member goes on from.
#[test]
fn the_next_member_goes_on_behind_what_is_settled() {
    let Some(cluster) = kafka::mock_cluster() else { return };
    let first = open(cluster.address());
    let offsets: Vec<u64> =
        (0..6).map(|n| first.publish(&event(1, "x"), &format!("k{n}")).unwrap()).collect();
    let mut read = Vec::new();
    until("all is read", || {
        read.extend(first.read("g", "c", 9, 60_000).unwrap());
        (read.len() == 6).then_some(())
    });
    // The third stays open: what comes behind it is not committed.
    for n in [0, 1, 3, 4] {
        first.acknowledge("g", offsets[n]).unwrap();
    }
    drop(first);
    let next = open(cluster.address());
    let mut again = Vec::new();
    until("the next member has them", || {
        again.extend(next.read("g", "c", 9, 60_000).unwrap().iter().map(|s| s.offset));
        (again.len() == 4).then_some(())
    });
    assert_eq!(again, offsets[2..]);
}

/// Each try gets further, so that a topic that is too large for one is read in several.
#[test]
fn a_topic_that_takes_longer_than_a_call_may_is_published_to_in_the_end() {
    let Some(cluster) = kafka::mock_cluster() else { return };
    let within = |deadline: Duration| {
        let mut choice = choice(cluster.address());
        choice.server.deadline = deadline;
        events::open(&choice)
    };
    let text = "x".repeat(400_000);
    let filling = open(cluster.address());
    for n in 0..60 {
        filling.publish(&event(n, &text), &format!("k{n}")).unwrap();
    }
    let begin = std::time::Instant::now();
    open(cluster.address()).publish(&event(99, "measured"), "measured").unwrap();
    let short = within(begin.elapsed() / 2);
    until("it is published", || short.publish(&event(99, "late"), "late").ok());
}

#[test]
fn a_cluster_that_is_away_is_said_in_time() {
    let address = format!("127.0.0.1:{}", free_port());
    let mut choice = choice(address.clone());
    choice.server.deadline = Duration::from_millis(700);
    let events = events::open(&choice);
    let begin = std::time::Instant::now();
    let error = events.publish(&event(1, "x"), "k").unwrap_err().to_string();
    assert!(error.contains(&address), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}
