//! The event log on a Redis stream, with consumer groups, that the kernel's event bus may share.
//!
//! A place in the stream, `<milliseconds>-<sequence>`, is the offset `milliseconds · 2²⁰ + sequence`: it grows as
//! the stream does, and both come back out of it. Each change is one script, hence one step of the server: two
//! who publish one key store one event, and a reader that dies leaves its events to the next when its lease is
//! over. How often an event was given is Redis' own count; leases and pauses are by the clock of whoever reads.
//! Entries that are none of the pipeline's events are left out, and acknowledged for the group.
//!
//! It never blocks longer than its deadline. It is for one server or a primary with replicas, not for a
//! sharded cluster: keys of one script would lie on several nodes.

use super::OutsideSettings;
use super::names::{check_event, check_name, event_id};
use super::schedule;
use crate::redis_server::client::{Client, Database, RedisFailure};
use crate::redis_server::entry;
use crate::redis_server::publish::{self, Outcome};
use ecoops_core::domain::RemediationEvent;
use ecoops_core::ports::bus::Position;
use ecoops_core::ports::events::{DeadLetter, Events, EventsError, Offset, Stored};
use ecoops_core::ports::host::Host;
use redis::Script;
use std::sync::{Arc, LazyLock};

const MOST_AT_ONCE: usize = 1_000;
/// Entries of one page when the stream is looked through.
const PAGE: usize = 500;
/// Pages that one call looks through for events among foreign entries.
const MOST_PAGES: usize = 200;
/// Dead letters that are kept, roughly.
const MOST_LETTERS: u64 = 10_000;
/// Bits of an offset that hold the sequence within a millisecond.
const SEQUENCE_BITS: u32 = 20;

static READ: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("read.lua")));
static SETTLE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("settle.lua")));
static BURY: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("bury.lua")));

/// Id, attempt, fields.
type Given = (String, u32, Vec<Vec<u8>>);
/// Id and fields.
type Entry = (String, Vec<Vec<u8>>);

/// See the module.
#[derive(Debug)]
pub struct RedisEvents {
    client: Client,
    settings: OutsideSettings,
    host: Clock,
}

struct Clock(Arc<dyn Host>);

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

impl From<RedisFailure> for EventsError {
    fn from(failure: RedisFailure) -> Self {
        Self::Storage(failure.to_string())
    }
}

impl RedisEvents {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// [`EventsError::Storage`] when the address or the stream's name is none.
    pub fn new(settings: OutsideSettings, host: Arc<dyn Host>) -> Result<Self, EventsError> {
        check_name("name of the stream", &settings.stream)?;
        let client = Client::new(&settings.server, Database::Events)?;
        Ok(Self { client, settings, host: Clock(host) })
    }

    fn now(&self) -> i64 {
        self.host.0.now().as_millisecond()
    }

    /// The stream, what is noted beside it for the group, and the dead letters.
    fn keys(&self, group: &str) -> [String; 5] {
        let stream = &self.settings.stream;
        let of = |what: &str| format!("{stream}:group:{group}:{what}");
        [stream.clone(), of("until"), of("since"), of("waiting"), format!("{stream}:dlq")]
    }

    fn read_once(
        &self,
        group: &str,
        consumer: &str,
        count: usize,
        lease: u64,
    ) -> Result<Vec<Given>, EventsError> {
        let now = self.now();
        let given = self.client.call(|connection| {
            let mut call = READ.prepare_invoke();
            for key in self.keys(group) {
                call.key(key);
            }
            call.arg(group)
                .arg(consumer)
                .arg(count)
                .arg(now)
                .arg(now.saturating_add_unsigned(lease))
                .arg(lease);
            call.arg(self.settings.attempts).arg(schedule::CLOCK_TOLERANCE_MILLIS).arg(MOST_LETTERS);
            call.invoke(connection)
        })?;
        Ok(given)
    }

    fn settle(&self, group: &str, offset: Offset, how: &Settle<'_>) -> Result<(), EventsError> {
        let (what, attempt, until, reason) = match how {
            Settle::Acknowledged => ("ack", 0, 0, ""),
            Settle::Waits { attempt, until } => ("wait", *attempt, *until, ""),
            Settle::Dead { attempt, reason } => ("dead", *attempt, 0, *reason),
        };
        let now = self.now();
        let done: i64 = self.client.call(|connection| {
            let mut call = SETTLE.prepare_invoke();
            for key in self.keys(group) {
                call.key(key);
            }
            call.arg(group).arg(place(offset).to_string()).arg(what).arg(attempt).arg(now).arg(until);
            call.arg(reason).arg(MOST_LETTERS).invoke(connection)
        })?;
        (done == 1).then_some(()).ok_or_else(|| not_held(group, offset))
    }

    /// How often Redis says that it was given.
    fn attempt(&self, group: &str, offset: Offset) -> Result<u32, EventsError> {
        let id = place(offset).to_string();
        let held: Vec<(String, String, u64, u32)> = self.client.call(|connection| {
            redis::cmd("XPENDING")
                .arg(&self.settings.stream)
                .arg(group)
                .arg(&id)
                .arg(&id)
                .arg(1)
                .query(connection)
                .or_else(|e| if e.code() == Some("NOGROUP") { Ok(vec![]) } else { Err(e) })
        })?;
        held.first().map(|(_, _, _, attempt)| *attempt).ok_or_else(|| not_held(group, offset))
    }

    fn page(&self, stream: &str, from: Position, count: usize) -> Result<Vec<Entry>, EventsError> {
        Ok(self.client.call(|connection| {
            redis::cmd("XRANGE")
                .arg(stream)
                .arg(from.to_string())
                .arg("+")
                .arg("COUNT")
                .arg(count)
                .query(connection)
        })?)
    }

    /// Shows `each` entry from `from` on, oldest first, until it says that it has enough.
    fn walk(
        &self,
        stream: &str,
        mut from: Position,
        mut each: impl FnMut(Position, &[Vec<u8>]) -> bool,
    ) -> Result<(), EventsError> {
        for _ in 0..MOST_PAGES {
            let page = self.page(stream, from, PAGE)?;
            let full = page.len() == PAGE;
            for (id, fields) in page {
                let position = publish::position(&self.client, &id)?;
                if each(position, &fields) {
                    return Ok(());
                }
                from = position.next();
            }
            if !full {
                return Ok(());
            }
        }
        Ok(())
    }

    fn letters(&self, group: Option<&str>) -> Result<Vec<(Position, DeadLetter)>, EventsError> {
        let mut letters = Vec::new();
        self.walk(&format!("{}:dlq", self.settings.stream), Position::FIRST, |at, fields| {
            if let Some(letter) = letter(fields).filter(|l| group.is_none_or(|group| l.group == group)) {
                letters.push((at, letter));
            }
            false
        })?;
        letters.sort_by(|(_, a), (_, b)| (a.stored.offset, &a.group).cmp(&(b.stored.offset, &b.group)));
        Ok(letters)
    }

    fn bury(&self, group: &str, offset: Offset, what: &str) -> Result<(), EventsError> {
        let letters = self.letters(Some(group))?;
        let found = letters.iter().find(|(_, letter)| letter.stored.offset == offset);
        let (letter, _) = found.ok_or_else(|| not_held(group, offset))?;
        let done: i64 = self.client.call(|connection| {
            let mut call = BURY.prepare_invoke();
            for key in self.keys(group) {
                call.key(key);
            }
            call.arg(group)
                .arg(place(offset).to_string())
                .arg(letter.to_string())
                .arg(what)
                .invoke(connection)
        })?;
        match done {
            1 => Ok(()),
            -1 => Err(EventsError::Storage(format!(
                "event {offset} is no longer in the stream: it was trimmed"
            ))),
            _ => Err(not_held(group, offset)),
        }
    }
}

/// What becomes of a delivery.
enum Settle<'a> {
    Acknowledged,
    Waits { attempt: u32, until: i64 },
    Dead { attempt: u32, reason: &'a str },
}

fn not_held(group: &str, offset: Offset) -> EventsError {
    EventsError::NotInFlight { group: group.to_owned(), offset }
}

/// `None` for a place that no clock and no script of ours makes.
fn offset(position: Position) -> Option<Offset> {
    let fits = position.millis >> (64 - SEQUENCE_BITS) == 0 && position.sequence >> SEQUENCE_BITS == 0;
    fits.then_some(position.millis << SEQUENCE_BITS | position.sequence)
}

fn place(offset: Offset) -> Position {
    Position { millis: offset >> SEQUENCE_BITS, sequence: offset & ((1 << SEQUENCE_BITS) - 1) }
}

/// The pipeline's event in an entry, when it is one.
fn stored(position: Position, fields: &[Vec<u8>], attempt: u32) -> Option<Stored> {
    let event = entry::event(fields)?;
    Some(Stored {
        offset: offset(position)?,
        event: RemediationEvent::from_domain(&event)?,
        idempotency_key: event.idempotency_key,
        attempt,
    })
}

fn letter(fields: &[Vec<u8>]) -> Option<DeadLetter> {
    let position = entry::value(fields, "deadId")?.parse().ok()?;
    let attempt = entry::value(fields, "deadAttempt")?.parse().ok()?;
    Some(DeadLetter {
        group: entry::value(fields, "deadGroup")?.to_owned(),
        stored: stored(position, fields, attempt)?,
        reason: entry::value(fields, "deadReason")?.to_owned(),
    })
}

impl Events for RedisEvents {
    fn publish(&self, event: &RemediationEvent, idempotency_key: &str) -> Result<Offset, EventsError> {
        check_name("idempotency key", idempotency_key)?;
        check_event(event)?;
        let wrapped = event.to_domain(event_id(idempotency_key), idempotency_key);
        let position =
            match publish::publish(&self.client, &self.settings.stream, &wrapped, self.settings.keep)? {
                Outcome::New(position) => position,
                Outcome::Known { position, stream, .. } if stream == self.settings.stream => position,
                Outcome::Known { stream, .. } => {
                    return Err(EventsError::Storage(format!(
                        "the key `{idempotency_key}` was used in the stream `{stream}`"
                    )));
                }
                Outcome::KnownElsewhere => Position::FIRST,
            };
        offset(position).ok_or_else(|| {
            EventsError::Storage(format!("the stream stands at {position}, which no clock says"))
        })
    }

    fn read(
        &self,
        group: &str,
        consumer: &str,
        count: usize,
        lease_millis: u64,
    ) -> Result<Vec<Stored>, EventsError> {
        check_name("group", group)?;
        check_name("consumer", consumer)?;
        let count = count.min(MOST_AT_ONCE);
        let lease = lease_millis.min(schedule::LONGEST_LEASE_MILLIS);
        let mut found = Vec::new();
        for _ in 0..MOST_PAGES {
            let given = match count {
                0 => Vec::new(),
                _ => self.read_once(group, consumer, count, lease)?,
            };
            let any = !given.is_empty();
            for (id, attempt, fields) in given {
                let position = publish::position(&self.client, &id)?;
                match stored(position, &fields, attempt) {
                    Some(one) => found.push(one),
                    None => self.pass_over(group, position)?,
                }
            }
            if !any || !found.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    fn acknowledge(&self, group: &str, offset: Offset) -> Result<(), EventsError> {
        self.settle(group, offset, &Settle::Acknowledged)
    }

    fn fail(&self, group: &str, offset: Offset, reason: &str) -> Result<(), EventsError> {
        let attempt = self.attempt(group, offset)?;
        if attempt >= self.settings.attempts {
            return self.settle(group, offset, &Settle::Dead { attempt, reason });
        }
        let pause = schedule::backoff(attempt, &*self.host.0);
        let until = self.now().saturating_add_unsigned(pause);
        self.settle(group, offset, &Settle::Waits { attempt, until })
    }

    fn replay(&self, from: Offset, count: usize) -> Result<Vec<Stored>, EventsError> {
        let count = count.min(MOST_AT_ONCE);
        let mut found = Vec::new();
        if count > 0 {
            self.walk(&self.settings.stream, place(from), |at, fields| {
                found.extend(stored(at, fields, 0));
                found.len() == count
            })?;
        }
        Ok(found)
    }

    fn dead_letters(&self, group: Option<&str>) -> Result<Vec<DeadLetter>, EventsError> {
        Ok(self.letters(group)?.into_iter().map(|(_, letter)| letter).collect())
    }

    fn revive(&self, group: &str, offset: Offset) -> Result<(), EventsError> {
        self.bury(group, offset, "revive")
    }

    fn discard(&self, group: &str, offset: Offset) -> Result<(), EventsError> {
        self.bury(group, offset, "discard")
    }

    fn latest(&self) -> Result<Offset, EventsError> {
        let newest: Vec<Entry> = self.client.call(|connection| {
            redis::cmd("XREVRANGE")
                .arg(&self.settings.stream)
                .arg("+")
                .arg("-")
                .arg("COUNT")
                .arg(1)
                .query(connection)
        })?;
        let Some((id, _)) = newest.first() else { return Ok(0) };
        Ok(offset(publish::position(&self.client, id)?).unwrap_or(Offset::MAX))
    }
}

impl RedisEvents {
    /// Acknowledges an entry that is no event for the group, which would otherwise get it again and again.
    fn pass_over(&self, group: &str, position: Position) -> Result<(), EventsError> {
        tracing::warn!(stream = self.settings.stream, %position, "an entry of the stream is no event of the pipeline");
        let keys = self.keys(group);
        let id = position.to_string();
        Ok(self.client.call(|connection| {
            redis::pipe()
                .atomic()
                .cmd("XACK")
                .arg(&keys[0])
                .arg(group)
                .arg(&id)
                .ignore()
                .cmd("ZREM")
                .arg(&keys[1])
                .arg(&id)
                .ignore()
                .cmd("ZREM")
                .arg(&keys[2])
                .arg(&id)
                .ignore()
                .query(connection)
        })?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn offsets_and_places_are_one_to_one_and_in_order(a: u64, b: u64) {
            prop_assert_eq!(offset(place(a)), Some(a));
            prop_assert_eq!(a.cmp(&b), place(a).cmp(&place(b)));
        }
    }

    #[test]
    fn a_place_that_does_not_fit_has_no_offset() {
        for (millis, sequence) in [(1 << 44, 0), (0, 1 << 20), (u64::MAX, u64::MAX)] {
            assert_eq!(offset(Position { millis, sequence }), None);
        }
    }
}
