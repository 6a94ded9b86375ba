//! Which events may go: one lane a key. Behind one that failed, its key waits; other keys go on.
//!
//! Knows neither clock nor log: when a failed one is tried again is the log's business, which gives it anew.

use ecoops_core::ports::events::{Offset, Stored};
use std::collections::{BTreeMap, VecDeque};

#[derive(Debug, Default)]
pub struct Lanes {
    parked: BTreeMap<String, Lane>,
    /// Free to go, ahead of what the log gives next.
    ready: VecDeque<Stored>,
}

#[derive(Debug)]
struct Lane {
    /// What failed.
    first: Offset,
    behind: VecDeque<Stored>,
}

impl Lanes {
    /// The event, when it may go now; else it is held behind the first of its key.
    pub fn admit(&mut self, stored: Stored) -> Option<Stored> {
        match self.parked.get_mut(stored.event.ordering_key()) {
            Some(lane) if lane.first != stored.offset => {
                // A lease that ran out gives one again that is held already.
                if lane.behind.iter().all(|held| held.offset != stored.offset) {
                    lane.behind.push_back(stored);
                }
                None
            }
            _ => Some(stored),
        }
    }

    /// Stops the event's key at it.
    pub fn park(&mut self, stored: &Stored) {
        let lane = || Lane { first: stored.offset, behind: VecDeque::new() };
        self.parked.entry(stored.event.ordering_key().to_owned()).or_insert_with(lane);
    }

    /// The event is settled: what waited behind it may go.
    pub fn free(&mut self, stored: &Stored) {
        let key = stored.event.ordering_key();
        if self.parked.get(key).is_some_and(|lane| lane.first == stored.offset)
            && let Some(lane) = self.parked.remove(key)
        {
            self.ready.extend(lane.behind);
        }
    }

    /// What became free to go.
    pub fn take_ready(&mut self) -> VecDeque<Stored> {
        std::mem::take(&mut self.ready)
    }

    /// Keys that wait for another attempt.
    pub fn parked(&self) -> usize {
        self.parked.len()
    }

    /// Events that are held behind them.
    pub fn held(&self) -> usize {
        self.parked.values().map(|lane| lane.behind.len()).sum()
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use ecoops_core::domain::{EventData, RemediationEvent};

    pub fn stored(offset: Offset, key: &str) -> Stored {
        let data = EventData::Completed { trace_id: key.to_owned(), compliance_tags: Vec::new() };
        let (source, timestamp) = ("tests".to_owned(), "2026-11-20T08:00:00Z".to_owned());
        let event = RemediationEvent { data, source, timestamp, trace_id: key.to_owned() };
        Stored { offset, idempotency_key: format!("k{offset}"), event, attempt: 1 }
    }

    #[test]
    fn a_key_waits_behind_its_failure_and_others_go_on() {
        let mut lanes = Lanes::default();
        lanes.park(&stored(1, "a"));
        let admitted = |lanes: &mut Lanes, offset, key| lanes.admit(stored(offset, key)).is_some();
        for (offset, key, expected) in [(2, "a", false), (3, "b", true), (2, "a", false), (4, "a", false)] {
            assert_eq!(admitted(&mut lanes, offset, key), expected, "{offset}");
        }
        assert_eq!((lanes.parked(), lanes.held()), (1, 2));
        assert!(admitted(&mut lanes, 1, "a"), "the one that failed comes again");
        lanes.free(&stored(4, "a"));
        assert_eq!(lanes.held(), 2, "only the first frees its key");
        lanes.free(&stored(1, "a"));
        assert_eq!(lanes.take_ready().iter().map(|s| s.offset).collect::<Vec<_>>(), [2, 4]);
        assert!(admitted(&mut lanes, 5, "a"));
    }
}
