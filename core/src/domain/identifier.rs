//! Identifiers of traces, runs and problems, made from a time and random bytes that the caller gives.
//!
//! Never reads a clock and never makes randomness: both come in through the host port.

use super::{ProblemId, RunId};
use jiff::Timestamp;
use std::sync::{Mutex, PoisonError};

/// 100 ns intervals between 1582-10-15, where UUID version 1 starts to count, and 1970-01-01
/// (RFC 9562, section 5.1).
const GREGORIAN_OFFSET: i128 = 0x01B2_1DD2_1381_4000;

/// The UUID version 1 of a count of 100 ns intervals since 1582-10-15 (60 bits), a clock sequence
/// (14 bits) and a node, in lower-case text (RFC 9562, section 5.1).
pub fn trace_id(ticks: u64, clock_sequence: u16, node: [u8; 6]) -> String {
    uuid::Builder::from_gregorian_timestamp(ticks, clock_sequence, &node).into_uuid().to_string()
}

/// A time as UUID version 1 counts it. Times before 1582 give 0.
pub fn gregorian_ticks(time: Timestamp) -> u64 {
    let ticks = time.as_nanosecond() / 100 + GREGORIAN_OFFSET;
    u64::try_from(ticks).unwrap_or(0)
}

/// Makes identifiers that never repeat and always grow within one process, even when the clock is
/// set back or stands still.
#[derive(Debug)]
pub struct Identifiers {
    node: [u8; 6],
    clock_sequence: u16,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    ticks: u64,
    ulid: u128,
}

impl Identifiers {
    /// `seed` is eight random bytes: two for the clock sequence, six for the node. The node's
    /// multicast bit is set, so that it is never a real network card's (RFC 9562, section 6.10).
    pub fn new(seed: [u8; 8]) -> Self {
        let [a, b, n0, n1, n2, n3, n4, n5] = seed;
        Self {
            node: [n0 | 1, n1, n2, n3, n4, n5],
            clock_sequence: u16::from_be_bytes([a, b]) & 0x3FFF,
            last: Mutex::default(),
        }
    }

    /// A UUID version 1, later than all before it.
    pub fn trace_id(&self, now: Timestamp) -> String {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.ticks = gregorian_ticks(now).max(last.ticks + 1);
        trace_id(last.ticks, self.clock_sequence, self.node)
    }

    pub fn run_id(&self, now: Timestamp, entropy: [u8; 10]) -> RunId {
        RunId(self.ulid(now, entropy))
    }

    pub fn problem_id(&self, now: Timestamp, entropy: [u8; 10]) -> ProblemId {
        ProblemId(self.ulid(now, entropy))
    }

    /// A ULID, greater than all before it. Within one millisecond, or when the clock went back, it is
    /// the one before plus one (ULID specification, "monotonicity").
    pub fn ulid(&self, now: Timestamp, entropy: [u8; 10]) -> String {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let random = entropy.iter().fold(0u128, |sum, byte| (sum << 8) | u128::from(*byte));
        // The top random bit stays 0, so that adding one 2^79 times cannot reach the next millisecond.
        let fresh = u128::from(ulid::Ulid::from_parts(millis, random & ((1 << 79) - 1)));
        last.ulid = if fresh >> 80 > last.ulid >> 80 { fresh } else { last.ulid + 1 };
        let mut text = [0; ulid::ULID_LEN];
        ulid::Ulid::from(last.ulid).array_to_str(&mut text).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_test_vector_of_rfc_9562() {
        // Appendix A.1: 2022-02-22T14:22:22.00-05:00.
        let ticks = gregorian_ticks(at("2022-02-22T19:22:22Z"));
        let id = trace_id(ticks, 0x33C8, [0x9F, 0x6B, 0xDE, 0xCE, 0xD8, 0x46]);
        assert_eq!(id, "c232ab00-9414-11ec-b3c8-9f6bdeced846");
    }

    #[test]
    fn the_node_has_the_multicast_bit_and_the_version_is_1() {
        let id = Identifiers::new([0xFF; 8]).trace_id(at("2026-01-01T00:00:00Z"));
        let id = uuid::Uuid::parse_str(&id).unwrap();
        assert_eq!(id.get_version_num(), 1);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        let id = uuid::Uuid::parse_str(&Identifiers::new([0; 8]).trace_id(Timestamp::MIN)).unwrap();
        assert_eq!(id.as_bytes()[10] & 1, 1);
    }

    #[test]
    fn a_ulid_carries_its_time() {
        let id = Identifiers::new([7; 8]).ulid(at("2026-11-20T08:00:00.123Z"), [0xAB; 10]);
        let parsed = ulid::Ulid::from_string(&id).unwrap();
        assert_eq!(parsed.timestamp_ms(), at("2026-11-20T08:00:00.123Z").as_millisecond().unsigned_abs());
    }

    proptest! {
        #[test]
        fn ids_grow_whatever_the_clock_does(times in prop::collection::vec(-1_000i64..2_000_000, 1..200)) {
            let ids = Identifiers::new([9; 8]);
            let mut ticks = 0;
            let (mut traces, mut ulids) = (BTreeSet::new(), Vec::new());
            for time in &times {
                let now = Timestamp::from_millisecond(*time).unwrap();
                let trace = ids.trace_id(now);
                let stamp = uuid::Uuid::parse_str(&trace).unwrap().get_timestamp().unwrap().to_gregorian().0;
                prop_assert!(stamp > ticks);
                ticks = stamp;
                traces.insert(trace);
                ulids.push(ids.ulid(now, [0xFF; 10]));
            }
            prop_assert_eq!(traces.len(), times.len());
            prop_assert!(ulids.windows(2).all(|w| w[0] < w[1]));
        }
    }
}
