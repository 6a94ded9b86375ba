//! The event log on a NATS JetStream stream; an event's place is its sequence number there.
//!
//! A group is a durable pull consumer: the server knows what it has in flight, how often each event was given,
//! and gives it again when its lease (`ack_wait`) is over or the pause of a negative acknowledgement ends. A
//! group has one lease at a time, that of its latest reading. The server tells a repeated key for a day
//! (`Nats-Msg-Id`), whoever brings it. Dead letters, and what was revived, lie in a stream beside it.
//!
//! What a reader holds, it alone can settle: after its process ended the lease runs out and the next reader is
//! given the event. Messages that are none of the pipeline's events are left out, and acknowledged for the group.

pub mod session;
mod subjects;

use self::session::{Session, place};
use self::subjects::{Label, token};
use super::names::{check_event, check_name, event_id};
use super::sessions::{Sessions, locked};
use super::{OutsideSettings, schedule};
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::{AckKind, Message};
use ecoops_core::domain::RemediationEvent;
use ecoops_core::ports::events::{DeadLetter, Events, EventsError, Offset, Stored};
use ecoops_core::ports::host::Host;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const MOST_AT_ONCE: usize = 1_000;
/// Messages that one call looks through at once.
const PAGE: usize = 500;
const MOST_PAGES: usize = 200;
/// The shortest lease; the server knows none of no length.
const SHORTEST_LEASE_MILLIS: u64 = 10;

/// See the module.
pub struct NatsEvents {
    settings: OutsideSettings,
    host: Arc<dyn Host>,
    sessions: Sessions<Session>,
    groups: Mutex<HashMap<String, Group>>,
    held: Mutex<HashMap<(String, Offset), Held>>,
}

impl std::fmt::Debug for NatsEvents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NatsEvents").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The consumers of one group: of the log, and of what was revived for it.
#[derive(Clone)]
struct Group {
    lease: Duration,
    fresh: PullConsumer,
    again: PullConsumer,
}

/// What a reader of this process has in flight.
#[derive(Clone)]
struct Held {
    message: Arc<Message>,
    stored: Stored,
}

fn not_held(group: &str, offset: Offset) -> EventsError {
    EventsError::NotInFlight { group: group.to_owned(), offset }
}

impl NatsEvents {
    /// Connects to nothing yet, and starts no thread.
    ///
    /// # Errors
    /// [`EventsError::Storage`] when the address or the stream's name is none.
    pub fn new(settings: OutsideSettings, host: Arc<dyn Host>) -> Result<Self, EventsError> {
        check_name("name of the stream", &settings.stream)?;
        if !settings.stream.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) {
            return Err(EventsError::Storage(format!(
                "a stream of NATS is named with letters, digits, - and _, not `{}`",
                settings.stream
            )));
        }
        place(&settings.server).map_err(EventsError::Storage)?;
        Ok(Self {
            sessions: Sessions::new("NATS", &settings.server.address, settings.server.deadline),
            settings,
            host,
            groups: Mutex::default(),
            held: Mutex::default(),
        })
    }

    /// Asks the server, within the deadline; the error has the address.
    fn ask<T: Send + 'static, F>(
        &self,
        act: impl FnOnce(Arc<Session>) -> F + Send + 'static,
    ) -> Result<T, EventsError>
    where
        F: Future<Output = Result<T, EventsError>> + Send + 'static,
    {
        self.sessions.ask(|| Session::open(self.settings.clone()), act)
    }

    fn group(&self, group: &str, lease: Duration) -> Result<Group, EventsError> {
        if let Some(known) = locked(&self.groups).get(group).filter(|known| known.lease == lease) {
            return Ok(known.clone());
        }
        let (name, attempts) = (token(group), self.settings.attempts);
        let again = self.subject("again", group, ">");
        let made = self.ask(move |session| async move {
            let fresh = Session::consumer(&session.events, &name, "", lease, attempts).await?;
            let again = Session::consumer(&session.letters, &name, &again, lease, attempts).await?;
            Ok(Group { lease, fresh, again })
        })?;
        locked(&self.groups).insert(group.to_owned(), made.clone());
        Ok(made)
    }

    fn subject(&self, what: &str, group: &str, last: &str) -> String {
        format!("ecoops.{}.{what}.{}.{last}", self.settings.stream, token(group))
    }

    fn fetch(&self, group: &str, lease: Duration, count: usize) -> Result<Vec<Message>, EventsError> {
        let consumers = self.group(group, lease)?;
        let fetched = self.ask(move |_| async move {
            let mut found = Session::fetch(&consumers.again, count).await?;
            if found.len() < count {
                found.extend(Session::fetch(&consumers.fresh, count - found.len()).await?);
            }
            Ok(found)
        });
        if fetched.is_err() {
            // The server may have lost the consumers; they are made again.
            locked(&self.groups).remove(group);
        }
        fetched
    }

    /// Settles with the server and waits until it has heard it.
    fn tell(&self, message: Arc<Message>, kind: AckKind) -> Result<(), EventsError> {
        self.ask(move |_| async move {
            message.double_ack_with(kind).await.map_err(|e| EventsError::Storage(e.to_string()))
        })
    }

    fn take(&self, group: &str, offset: Offset) -> Result<Held, EventsError> {
        locked(&self.held).get(&(group.to_owned(), offset)).cloned().ok_or_else(|| not_held(group, offset))
    }

    fn forget(&self, group: &str, offset: Offset) {
        locked(&self.held).remove(&(group.to_owned(), offset));
    }

    /// Makes it a dead letter, then takes it from the group: were this to end between the two, the next
    /// reader does it again, and the letter is still one.
    fn bury(&self, group: &str, held: Held, reason: &str) -> Result<(), EventsError> {
        let Stored { offset, idempotency_key: key, event, attempt } = held.stored;
        let body = check_event(&event)?;
        let subject = self.subject("dead", group, &offset.to_string());
        let label = Label { group: group.to_owned(), offset, key, attempt, reason: reason.to_owned() };
        self.ask(move |session| async move {
            session.publish(subject, label.headers(), body.into_bytes()).await
        })?;
        self.tell(held.message, AckKind::Term)
    }

    /// Gives a message to the reader; `None` when it is no event, or one too often.
    fn accept(&self, group: &str, message: Message) -> Result<Option<Stored>, EventsError> {
        let (offset, delivered) = {
            let info = message.info().map_err(|e| EventsError::Storage(e.to_string()))?;
            (info.stream_sequence, u32::try_from(info.delivered).unwrap_or(u32::MAX))
        };
        let message = Arc::new(message);
        let revived =
            message.headers.as_ref().and_then(Label::of).zip(serde_json::from_slice(&message.payload).ok());
        let found = match revived {
            Some((label, event)) => Some((label.offset, label.key, event)),
            None => subjects::event(message.headers.as_ref(), &message.payload)
                .map(|(key, event)| (offset, key, event)),
        };
        let Some((offset, idempotency_key, event)) = found else {
            tracing::warn!(stream = self.settings.stream, offset, "a message is no event of the pipeline");
            return self.tell(message, AckKind::Term).map(|()| None);
        };
        let stored = Stored { offset, idempotency_key, event, attempt: delivered };
        if delivered > self.settings.attempts {
            let stored = Stored { attempt: self.settings.attempts, ..stored };
            self.forget(group, offset);
            self.bury(group, Held { message, stored }, "its lease ran out on the last attempt")?;
            return Ok(None);
        }
        locked(&self.held).insert((group.to_owned(), offset), Held { message, stored: stored.clone() });
        Ok(Some(stored))
    }

    fn letters(&self, group: Option<&str>) -> Result<Vec<DeadLetter>, EventsError> {
        let subject = match group {
            Some(group) => self.subject("dead", group, ">"),
            None => format!("ecoops.{}.dead.>", self.settings.stream),
        };
        let mut letters = Vec::new();
        let mut from = 1;
        for _ in 0..MOST_PAGES {
            let subject = subject.clone();
            let (page, _) = self.ask(move |session| async move {
                Session::look(&session.letters, &subject, from, PAGE).await
            })?;
            let full = page.len() == PAGE;
            for message in &page {
                from = message.info().map_or(from, |info| info.stream_sequence + 1);
                letters.extend(letter(message));
            }
            if !full {
                break;
            }
        }
        letters.sort_by(|a, b| (a.stored.offset, &a.group).cmp(&(b.stored.offset, &b.group)));
        Ok(letters)
    }

    fn letter(&self, group: &str, offset: Offset) -> Result<DeadLetter, EventsError> {
        let found = self.letters(Some(group))?.into_iter().find(|letter| letter.stored.offset == offset);
        found.ok_or_else(|| not_held(group, offset))
    }

    fn remove_letter(&self, group: &str, offset: Offset) -> Result<(), EventsError> {
        let subject = self.subject("dead", group, &offset.to_string());
        let purged = self.ask(move |session| async move {
            session.letters.purge().filter(subject).await.map_err(|e| session::said(&e))
        })?;
        if purged.purged == 0 { Err(not_held(group, offset)) } else { Ok(()) }
    }
}

fn letter(message: &Message) -> Option<DeadLetter> {
    let Label { group, offset, key, attempt, reason } = Label::of(message.headers.as_ref()?)?;
    let event: RemediationEvent = serde_json::from_slice(&message.payload).ok()?;
    Some(DeadLetter { group, stored: Stored { offset, idempotency_key: key, event, attempt }, reason })
}

impl Events for NatsEvents {
    fn publish(&self, event: &RemediationEvent, idempotency_key: &str) -> Result<Offset, EventsError> {
        check_name("idempotency key", idempotency_key)?;
        let body = check_event(event)?;
        let subject = subjects::of(event).to_owned();
        let headers = subjects::headers(event, &event_id(idempotency_key), idempotency_key);
        self.ask(move |session| async move { session.publish(subject, headers, body.into_bytes()).await })
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
        let lease = lease_millis.clamp(SHORTEST_LEASE_MILLIS, schedule::LONGEST_LEASE_MILLIS);
        let mut found = Vec::new();
        for _ in 0..MOST_PAGES {
            let fetched = match count {
                0 => Vec::new(),
                _ => self.fetch(group, Duration::from_millis(lease), count)?,
            };
            let any = !fetched.is_empty();
            for message in fetched {
                found.extend(self.accept(group, message)?);
            }
            if !any || !found.is_empty() {
                break;
            }
        }
        found.sort_by_key(|stored| stored.offset);
        Ok(found)
    }

    fn acknowledge(&self, group: &str, offset: Offset) -> Result<(), EventsError> {
        let held = self.take(group, offset)?;
        self.tell(held.message, AckKind::Ack)?;
        self.forget(group, offset);
        Ok(())
    }

    fn fail(&self, group: &str, offset: Offset, reason: &str) -> Result<(), EventsError> {
        let held = self.take(group, offset)?;
        if held.stored.attempt >= self.settings.attempts {
            self.bury(group, held, reason)?;
        } else {
            let pause = schedule::backoff(held.stored.attempt, &*self.host);
            self.tell(held.message, AckKind::Nak(Some(Duration::from_millis(pause))))?;
        }
        self.forget(group, offset);
        Ok(())
    }

    fn replay(&self, from: Offset, count: usize) -> Result<Vec<Stored>, EventsError> {
        let count = count.min(MOST_AT_ONCE);
        let (mut found, mut from) = (Vec::new(), from);
        for _ in 0..MOST_PAGES {
            let wanted = count - found.len();
            let (page, last) = self
                .ask(move |session| async move { Session::look(&session.events, "", from, wanted).await })?;
            for message in page {
                let Ok(offset) = message.info().map(|info| info.stream_sequence) else { continue };
                from = from.max(offset.saturating_add(1));
                let event = subjects::event(message.headers.as_ref(), &message.payload);
                found.extend(event.map(|(idempotency_key, event)| Stored {
                    offset,
                    idempotency_key,
                    event,
                    attempt: 0,
                }));
            }
            if found.len() >= count || from > last {
                break;
            }
        }
        Ok(found)
    }

    fn dead_letters(&self, group: Option<&str>) -> Result<Vec<DeadLetter>, EventsError> {
        self.letters(group)
    }

    fn revive(&self, group: &str, offset: Offset) -> Result<(), EventsError> {
        let letter = self.letter(group, offset)?;
        let body = check_event(&letter.stored.event)?;
        let label = Label {
            group: group.to_owned(),
            offset,
            key: letter.stored.idempotency_key,
            attempt: 0,
            reason: letter.reason,
        };
        let subject = self.subject("again", group, &offset.to_string());
        self.ask(move |session| async move {
            session.publish(subject, label.headers(), body.into_bytes()).await
        })?;
        self.remove_letter(group, offset)
    }

    fn discard(&self, group: &str, offset: Offset) -> Result<(), EventsError> {
        self.remove_letter(group, offset)
    }

    fn latest(&self) -> Result<Offset, EventsError> {
        self.ask(|session| async move {
            session
                .events
                .get_info()
                .await
                .map(|info| info.state.last_sequence)
                .map_err(|e| session::said(&e))
        })
    }
}
