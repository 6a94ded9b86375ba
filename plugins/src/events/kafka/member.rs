//! This process as a member of one consumer group.

use super::deliveries::Deliveries;
use super::record::place;
use super::session::Places;
use ecoops_core::ports::events::{EventsError, Offset, Stored};
use krafka::consumer::{Consumer, ConsumerRecord, OffsetAndMetadata, TopicPartition};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Events that a member holds before it fetches no more.
pub const MOST_HELD: usize = 10_000;
/// How long a poll waits for something new.
const POLL: Duration = Duration::from_millis(100);
/// How often the dead letters are looked through for what another process revived.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// See the module.
pub struct Member {
    pub consumer: Arc<Consumer>,
    pub deliveries: Deliveries,
    /// Behind what was fetched.
    fetched: Places,
    committed: Places,
    looked: Option<Instant>,
}

/// The id of the group there: its own name where Kafka's tools can show it, else one made of it.
pub fn group_id(group: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if group.len() <= 200 && group.bytes().all(plain) {
        return group.to_owned();
    }
    ecoops_core::domain::hex(&Sha256::digest(group)[..12])
}

/// What has come for the member; a group that is still forming has nothing.
///
/// # Errors
/// [`EventsError::Storage`].
pub async fn poll(consumer: &Consumer) -> Result<Vec<ConsumerRecord>, EventsError> {
    consumer.poll(POLL).await.map_err(|e| EventsError::Storage(e.to_string()))
}

/// # Errors
/// [`EventsError::Storage`].
pub async fn commit(consumer: &Consumer, places: Vec<(TopicPartition, i64)>) -> Result<(), EventsError> {
    let offsets: Vec<_> = places.into_iter().map(|(at, place)| (at, OffsetAndMetadata::new(place))).collect();
    consumer.commit_offsets(offsets).await.map_err(|e| EventsError::Storage(e.to_string()))
}

impl Member {
    pub fn new(consumer: Consumer) -> Self {
        Self {
            consumer: Arc::new(consumer),
            deliveries: Deliveries::default(),
            fetched: Places::new(),
            committed: Places::new(),
            looked: None,
        }
    }

    /// Takes in what was fetched, and forgets what belongs to other members now.
    pub fn take(&mut self, events: Vec<Stored>, ends: Places, assigned: &[i32]) {
        self.deliveries.retain(|offset| assigned.contains(&place(offset).0));
        self.fetched.retain(|partition, _| assigned.contains(partition));
        self.committed.retain(|partition, _| assigned.contains(partition));
        self.fetched.extend(ends);
        events.into_iter().for_each(|stored| self.deliveries.add(stored, false));
    }

    /// The places to commit, when they have moved: before the first that is not settled, else behind all.
    pub fn due_commit(&self, topic: &str) -> Option<Vec<(TopicPartition, i64)>> {
        let mut moved = Vec::new();
        for (partition, end) in &self.fetched {
            let waiting = self.deliveries.first(|offset: Offset| place(offset).0 == *partition);
            let settled = waiting.map_or(*end, |offset| place(offset).1);
            if self.committed.get(partition) != Some(&settled) {
                moved.push((TopicPartition::new(topic, *partition), settled));
            }
        }
        (!moved.is_empty()).then_some(moved)
    }

    /// These places are committed: the group has heard it.
    pub fn committed(&mut self, places: &[(TopicPartition, i64)]) {
        self.committed.extend(places.iter().map(|(at, settled)| (at.partition, *settled)));
    }

    /// Whether it is time to look for what was revived.
    pub fn may_look(&mut self) -> bool {
        let now = Instant::now();
        let due = self.looked.is_none_or(|at| now.duration_since(at) >= LOOK_EVERY);
        if due {
            self.looked = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_keeps_its_name_where_it_can() {
        assert_eq!(group_id("sink.pager-1"), "sink.pager-1");
        for odd in ["a b", "ü", &"x".repeat(300)] {
            let id = group_id(odd);
            assert!(id.len() <= 200 && id.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
        }
    }
}
