//! An event log or bus as a receiver: each event is published there under its own key, which makes the second
//! time harmless.
//!
//! Whether the bus or the event is at fault is told by asking the bus something else.

use ecoops_core::ports::events::{Events, EventsError, Stored};
use ecoops_core::ports::notify::{Notify, NotifyError, Told};

pub struct BusNotify {
    events: Box<dyn Events>,
    place: String,
}

impl std::fmt::Debug for BusNotify {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BusNotify").field("place", &self.place).finish_non_exhaustive()
    }
}

impl BusNotify {
    /// `place` is for people, without anything secret.
    pub fn new(events: Box<dyn Events>, place: String) -> Self {
        Self { events, place }
    }

    /// What stopped a publish.
    fn blame(&self, error: &EventsError) -> NotifyError {
        match self.events.latest() {
            Ok(_) => NotifyError::Failed(error.to_string()),
            Err(why) => NotifyError::unavailable(why.to_string()),
        }
    }

    /// One after the other, to find the one that cannot be published.
    fn singly(&self, events: &[Stored]) -> Told {
        for (count, stored) in events.iter().enumerate() {
            if let Err(error) = self.events.publish(&stored.event, &stored.idempotency_key) {
                return Told::until(count, self.blame(&error));
            }
        }
        Told::all(events.len())
    }
}

impl Notify for BusNotify {
    fn tell(&self, events: &[Stored]) -> Told {
        let all: Vec<_> = events.iter().map(|s| (s.event.clone(), s.idempotency_key.clone())).collect();
        match self.events.publish_all(&all) {
            Ok(_) => Told::all(events.len()),
            Err(error) => match self.blame(&error) {
                NotifyError::Failed(_) => self.singly(events),
                unavailable => Told::until(0, unavailable),
            },
        }
    }

    fn place(&self) -> String {
        self.place.clone()
    }
}
