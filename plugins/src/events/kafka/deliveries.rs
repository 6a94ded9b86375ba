//! What one member of a group has before it: pure bookkeeping, by the caller's clock.

use super::super::schedule;
use ecoops_core::ports::events::{Offset, Stored};
use std::collections::BTreeMap;

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not given yet.
    Fresh,
    InFlight,
    /// It failed, and waits for its next attempt.
    Waiting,
}

#[derive(Debug, Clone)]
struct Delivery {
    stored: Stored,
    state: State,
    since: i64,
    until: i64,
    /// It was a dead letter, and lies in the topic of those.
    revived: bool,
}

/// Everything that was fetched for a group and not settled, by place.
#[derive(Debug, Default)]
pub struct Deliveries {
    all: BTreeMap<Offset, Delivery>,
}

/// What a reading found.
#[derive(Debug, Default, PartialEq)]
pub struct Given {
    pub given: Vec<Stored>,
    /// Their leases ran out on the last attempt; they are no longer here.
    pub dead: Vec<Stored>,
}

impl Deliveries {
    pub fn add(&mut self, stored: Stored, revived: bool) {
        let delivery = Delivery { stored, state: State::Fresh, since: 0, until: 0, revived };
        self.all.entry(delivery.stored.offset).or_insert(delivery);
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// How many were not given yet.
    pub fn fresh(&self) -> usize {
        self.all.values().filter(|d| d.state == State::Fresh).count()
    }

    /// Hands out what is due, oldest first, for `lease` milliseconds.
    pub fn give(&mut self, count: usize, now: i64, lease: u64, attempts: u32) -> Given {
        let mut found = Given::default();
        let mut ended = Vec::new();
        for (offset, delivery) in &mut self.all {
            if found.given.len() == count {
                break;
            }
            if delivery.state != State::Fresh && !schedule::is_due(now, delivery.since, delivery.until) {
                continue;
            }
            if delivery.state == State::InFlight && delivery.stored.attempt >= attempts {
                ended.push(*offset);
                continue;
            }
            delivery.stored.attempt += 1;
            delivery.state = State::InFlight;
            (delivery.since, delivery.until) = (now, now.saturating_add_unsigned(lease));
            found.given.push(delivery.stored.clone());
        }
        found.dead = ended.iter().filter_map(|offset| self.all.remove(offset)).map(|d| d.stored).collect();
        found
    }

    /// The event, when the group holds it.
    pub fn held(&self, offset: Offset) -> Option<&Stored> {
        self.all.get(&offset).filter(|d| d.state == State::InFlight).map(|d| &d.stored)
    }

    pub fn is_revived(&self, offset: Offset) -> bool {
        self.all.get(&offset).is_some_and(|d| d.revived)
    }

    /// Gives it again after `until`.
    pub fn wait(&mut self, offset: Offset, now: i64, until: i64) {
        if let Some(delivery) = self.all.get_mut(&offset) {
            delivery.state = State::Waiting;
            (delivery.since, delivery.until) = (now, until);
        }
    }

    /// It is settled.
    pub fn remove(&mut self, offset: Offset) {
        self.all.remove(&offset);
    }

    /// Forgets what `keep` does not name: other members have it now. What was revived stays.
    pub fn retain(&mut self, keep: impl Fn(Offset) -> bool) {
        self.all.retain(|offset, delivery| delivery.revived || keep(*offset));
    }

    /// The first place among those that `of` names that is not settled; what was revived has been settled before.
    pub fn first(&self, of: impl Fn(Offset) -> bool) -> Option<Offset> {
        self.all.iter().find(|(offset, d)| !d.revived && of(**offset)).map(|(offset, _)| *offset)
    }
}
