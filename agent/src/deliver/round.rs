//! One round of a delivery: what the log gives is told, in order per key; then it is recorded; then it is
//! settled. A crash between any two of these tells or records something twice, and loses nothing.

use super::lanes::Lanes;
use super::record::Recorder;
use ecoops_core::ports::events::{EventsError, Offset, Outbox, Stored};
use ecoops_core::ports::notify::{Notify, NotifyError};
use std::collections::{BTreeSet, VecDeque};

/// Events that are asked of the log at once.
pub const PAGE: usize = 256;
/// Events that are held behind failures at most, roughly. What is beyond stays in the log.
const MOST_HELD: usize = 1_000;
/// Longer than any round; a consumer that dies is known by the next one's start, not by its lease.
const LEASE_MILLIS: u64 = 24 * 60 * 60 * 1000;

/// Who delivers what, where to.
pub struct Route<'a> {
    pub log: &'a dyn Outbox,
    pub to: &'a dyn Notify,
    pub record: &'a Recorder,
    pub group: &'a str,
    /// Types of events that it wants; empty: all.
    pub wants: &'a BTreeSet<String>,
    /// Takes the secrets out.
    pub redact: &'a dyn Fn(&Stored) -> Result<Stored, String>,
    /// After so many failed attempts an event is a dead letter.
    pub attempts: u32,
    /// So many events may fail in a round without one that arrives before the receiver is held to be sick.
    pub patience: usize,
}

/// Why a round stopped before its end. Nothing is lost: the log gives it all again.
#[derive(Debug, PartialEq, Eq)]
pub struct Down {
    pub why: String,
    pub retry_after: Option<u64>,
}

impl Down {
    fn new(why: impl std::fmt::Display) -> Self {
        Self { why: why.to_string(), retry_after: None }
    }
}

/// What became of the events of a round.
#[derive(Debug, Default)]
struct Outcome {
    told: Vec<Stored>,
    /// Not wanted.
    passed: Vec<Offset>,
    failed: Vec<(Stored, String)>,
    refused: Vec<(Stored, String)>,
    down: Option<Down>,
}

impl Route<'_> {
    /// Delivers what is there; gives the number of events that were settled.
    ///
    /// # Errors
    /// [`Down`] when nothing can be delivered at present; the caller then takes back what is in flight.
    pub fn run(&self, lanes: &mut Lanes) -> Result<usize, Down> {
        let mut queue = lanes.take_ready();
        queue.extend(self.read(lanes)?);
        let outcome = self.tell(queue, lanes);
        self.settle(outcome, lanes)
    }

    fn read(&self, lanes: &Lanes) -> Result<Vec<Stored>, Down> {
        let count = if lanes.held() < MOST_HELD { PAGE } else { lanes.parked() };
        match self.log.read(self.group, crate::SERVICE, count, LEASE_MILLIS) {
            Ok(given) => Ok(given),
            Err(EventsError::Damaged(offset, why)) => {
                // The log has set it aside and passes it from now on.
                tracing::error!(group = self.group, offset, why, "a damaged event cannot be delivered");
                self.record.damaged(self.group, offset, &why).map_err(Down::new)?;
                Ok(Vec::new())
            }
            Err(error) => Err(Down::new(error)),
        }
    }

    fn tell(&self, mut queue: VecDeque<Stored>, lanes: &mut Lanes) -> Outcome {
        let mut outcome = Outcome::default();
        while !queue.is_empty() && outcome.down.is_none() {
            let mut batch = Vec::with_capacity(queue.len());
            for stored in queue.drain(..) {
                if !self.wants.is_empty() && !self.wants.contains(stored.event.kind()) {
                    outcome.passed.push(stored.offset);
                } else if let Some(stored) = lanes.admit(stored) {
                    batch.push(stored);
                }
            }
            queue = self.tell_batch(batch, lanes, &mut outcome);
        }
        outcome
    }

    /// Tells until one cannot be told; gives what is left.
    fn tell_batch(&self, batch: Vec<Stored>, lanes: &mut Lanes, outcome: &mut Outcome) -> VecDeque<Stored> {
        let clean: Result<Vec<Stored>, String> = batch.iter().map(self.redact).collect();
        let told = match clean {
            Ok(clean) if clean.is_empty() => return VecDeque::new(),
            Ok(clean) => self.to.tell(&clean),
            Err(why) => {
                outcome.down = Some(Down::new(why));
                return VecDeque::new();
            }
        };
        let mut rest = batch.into_iter();
        for stored in rest.by_ref().take(told.count) {
            lanes.free(&stored);
            outcome.told.push(stored);
        }
        match (told.stopped, rest.as_slice().is_empty()) {
            (Some(NotifyError::Unavailable { why, retry_after }), _) => {
                outcome.down = Some(Down { why, retry_after });
            }
            (Some(NotifyError::Refused(why)), false) => {
                if let Some(stored) = rest.next() {
                    lanes.free(&stored);
                    outcome.refused.push((stored, why.clone()));
                    self.sick(outcome, &why);
                }
            }
            (stopped, false) => {
                let why = stopped.map_or_else(|| "it was not told why".to_owned(), |e| e.to_string());
                if let Some(stored) = rest.next() {
                    lanes.park(&stored);
                    outcome.failed.push((stored, why.clone()));
                }
                self.sick(outcome, &why);
            }
            (_, true) => {}
        }
        let mut left = lanes.take_ready();
        left.extend(rest);
        left
    }

    /// A receiver that takes nothing of so many is itself at fault.
    fn sick(&self, outcome: &mut Outcome, why: &str) {
        let count = outcome.failed.len() + outcome.refused.len();
        if outcome.told.is_empty() && count >= self.patience {
            outcome.down = Some(Down::new(format!("{count} events in a row failed: {why}")));
        }
    }

    /// Records first, because what is settled never comes again.
    fn settle(&self, outcome: Outcome, lanes: &mut Lanes) -> Result<usize, Down> {
        let Outcome { told, passed, mut failed, mut refused, down } = outcome;
        // What a sick receiver does is not the events' fault; what it did when it was well is.
        if down.is_some() {
            failed.clear();
            if told.is_empty() {
                refused.clear();
            }
        }
        let (last, again): (Vec<_>, Vec<_>) =
            failed.into_iter().partition(|(stored, _)| stored.attempt >= self.attempts);
        refused.extend(last);
        let place = self.to.place();
        self.record.delivered(self.group, &place, &told).map_err(Down::new)?;
        self.record.dead(self.group, &place, &refused).map_err(Down::new)?;
        let offsets: Vec<Offset> = told.iter().map(|stored| stored.offset).chain(passed).collect();
        self.log.acknowledge_all(self.group, &offsets).map_err(Down::new)?;
        for (stored, why) in &refused {
            tracing::warn!(group = self.group, offset = stored.offset, why, "a dead letter");
            self.log.bury(self.group, stored.offset, why).map_err(Down::new)?;
            lanes.free(stored);
        }
        for (stored, why) in &again {
            tracing::info!(
                group = self.group,
                offset = stored.offset,
                attempt = stored.attempt,
                why,
                "failed"
            );
            self.log.fail(self.group, stored.offset, why).map_err(Down::new)?;
        }
        match down {
            Some(down) => Err(down),
            None => Ok(offsets.len() + refused.len()),
        }
    }
}
