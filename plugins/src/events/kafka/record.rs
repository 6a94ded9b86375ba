//! Events and dead letters as Kafka's records, and places in a topic as offsets of the log.

use ecoops_core::domain::{RemediationEvent, hex};
use ecoops_core::ports::events::{DeadLetter, Offset, Stored};
use krafka::Record;
use krafka::consumer::ConsumerRecord;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Bits of an offset that hold the partition.
const PARTITION_BITS: u32 = 10;
const EVENT: &str = "ecoops-event";
const KEY: &str = "ecoops-key";
const LABEL: &str = "ecoops-label";

/// `(offset + 1) · 2¹⁰ + partition`; `None` past the 1024th partition.
pub fn offset(partition: i32, offset: i64) -> Option<Offset> {
    let partition = u64::try_from(partition).ok().filter(|p| *p < 1 << PARTITION_BITS)?;
    let place = u64::try_from(offset).ok()?.checked_add(1)?;
    (place < 1 << (64 - PARTITION_BITS)).then_some(place << PARTITION_BITS | partition)
}

/// Partition and offset there; offset −1 stands before the first.
pub fn place(offset: Offset) -> (i32, i64) {
    let partition = (offset & ((1 << PARTITION_BITS) - 1)) as i32;
    (partition, (offset >> PARTITION_BITS) as i64 - 1)
}

/// The first offset of that partition that is no lower than this one.
pub fn first_at(partition: i32, from: Offset) -> i64 {
    let (bound, at) = place(from);
    if partition >= bound { at.max(0) } else { at + 1 }
}

/// All events of a run have one key, hence one partition, hence their order.
pub fn of(topic: &str, event: &RemediationEvent, body: String, idempotency_key: &str) -> Record {
    Record::new(topic, body)
        .key(event.ordering_key().to_owned())
        .header(EVENT, event.kind())
        .header(KEY, idempotency_key.to_owned())
}

/// The event in a record; `None` when it is none of ours.
pub fn event(record: &ConsumerRecord) -> Option<Stored> {
    record.header(EVENT)?;
    Some(Stored {
        offset: offset(record.partition, record.offset)?,
        idempotency_key: record.header_str(KEY)?.to_owned(),
        event: serde_json::from_slice(record.value.as_ref()?).ok()?,
        attempt: 0,
    })
}

/// What is written on a record of the topic of dead letters.
#[derive(Debug, Serialize, Deserialize)]
struct Label {
    group: String,
    offset: Offset,
    key: String,
    attempt: u32,
    reason: String,
    revived: bool,
}

/// What the topic of dead letters says of one event of one group.
#[derive(Debug)]
pub enum Letter {
    Dead(DeadLetter),
    Revived(DeadLetter),
}

fn letter_key(group: &str, offset: Offset) -> String {
    format!("{}:{offset}", hex(&Sha256::digest(group)[..12]))
}

pub fn of_letter(topic: &str, letter: &DeadLetter, revived: bool) -> serde_json::Result<Record> {
    let DeadLetter { group, stored, reason } = letter;
    let label = Label {
        group: group.clone(),
        offset: stored.offset,
        key: stored.idempotency_key.clone(),
        attempt: stored.attempt,
        reason: reason.clone(),
        revived,
    };
    Ok(Record::new(topic, serde_json::to_vec(&stored.event)?)
        .key(letter_key(group, stored.offset))
        .header(LABEL, serde_json::to_vec(&label)?))
}

/// Takes the letter away.
pub fn of_removal(topic: &str, group: &str, offset: Offset) -> Record {
    Record::tombstone(topic, letter_key(group, offset))
}

/// The letter's key, and what it says now: nothing when it was taken away.
pub fn letter(record: &ConsumerRecord) -> Option<(String, Option<Letter>)> {
    let key = record.key_str()?.to_owned();
    let Some(body) = &record.value else { return Some((key, None)) };
    let label: Label = serde_json::from_slice(record.header(LABEL)??).ok()?;
    let stored = Stored {
        offset: label.offset,
        idempotency_key: label.key,
        event: serde_json::from_slice(body).ok()?,
        attempt: label.attempt,
    };
    let letter = DeadLetter { group: label.group, stored, reason: label.reason };
    Some((key, Some(if label.revived { Letter::Revived(letter) } else { Letter::Dead(letter) })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn places_come_back_and_keep_the_order_of_a_partition(
            partition in 0..1024i32, a in 0..1i64 << 50, b in 0..1i64 << 50
        ) {
            let (one, other) = (offset(partition, a).unwrap(), offset(partition, b).unwrap());
            prop_assert_eq!(place(one), (partition, a));
            prop_assert_eq!(a.cmp(&b), one.cmp(&other));
        }

        #[test]
        fn the_first_at_a_bound_is_the_lowest_that_reaches_it(partition in 0..1024i32, from in 0..1u64 << 60) {
            let first = first_at(partition, from);
            prop_assert!(first >= 0);
            prop_assert!(offset(partition, first).unwrap() >= from);
            prop_assert!(first == 0 || offset(partition, first - 1).unwrap() < from);
        }
    }

    #[test]
    fn what_does_not_fit_has_no_offset() {
        for (partition, at) in [(1024, 0), (-1, 0), (0, -1), (0, i64::MAX)] {
            assert_eq!(offset(partition, at), None, "{partition} {at}");
        }
    }
}
