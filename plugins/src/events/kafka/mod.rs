//! The event log on a Kafka topic.
//!
//! A place is `(offset + 1) · 2¹⁰ + partition`: it grows in each partition, and in a topic of one partition for all
//! events. All events of a run lie in one partition. In a topic of several, a replay goes by these numbers; who
//! follows the topic does it as a group.
//!
//! Kafka knows no keys that count once. Here the topic itself decides: of several records with one key the first is
//! the event and the others are nothing, for whoever publishes and for every reader alike; each has read the topic up
//! to the record in question before it says anything about it. (The keys of the whole topic are held in
//! memory, 40 bytes each.)
//!
//! A group is a consumer group: its members share the partitions, and what is committed is the place before the
//! first event that is not settled. Leases, pauses and attempts are known to the member alone: when it dies, the
//! events of its partitions that were not settled are given to others as if for the first time. Dead letters lie in
//! `<topic>.dlq`, by group and place, and are taken away by a tombstone: let it be compacted.

mod deliveries;
mod member;
mod record;
pub mod session;

use self::member::Member;
use self::record::Letter;
use self::session::{Places, Session, brokers};
use super::names::{check_event, check_name};
use super::sessions::{Sessions, locked};
use super::{OutsideSettings, schedule};
use ecoops_core::domain::RemediationEvent;
use ecoops_core::ports::events::{DeadLetter, Events, EventsError, Offset, Stored};
use ecoops_core::ports::host::Host;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const MOST_AT_ONCE: usize = 1_000;
/// What leaving a group may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// See the module.
pub struct KafkaEvents {
    settings: OutsideSettings,
    host: Arc<dyn Host>,
    members: Mutex<HashMap<String, Arc<Mutex<Member>>>>,
    keys: Arc<tokio::sync::Mutex<Keys>>,
    // Last: what the others still do when they are dropped is done on its thread.
    sessions: Sessions<Session>,
}

/// The keys of the topic, up to a place in each partition.
#[derive(Debug, Default)]
struct Keys {
    next: Places,
    first: HashMap<[u8; 16], Offset>,
}

impl std::fmt::Debug for KafkaEvents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaEvents").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn not_held(group: &str, offset: Offset) -> EventsError {
    EventsError::NotInFlight { group: group.to_owned(), offset }
}

fn digest(key: &str) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(key)[..16]);
    bytes
}

impl Keys {
    /// Reads what the topic has now.
    async fn catch_up(&mut self, session: &Session, topic: &str) -> Result<(), EventsError> {
        // What was read stays read, though the time for the rest runs out.
        let (first, next) = (&mut self.first, &mut self.next);
        let ends = session
            .look(topic, next.clone(), |record| {
                next.insert(record.partition, record.offset + 1);
                if let Some(stored) = record::event(record) {
                    first.entry(digest(&stored.idempotency_key)).or_insert(stored.offset);
                }
                false
            })
            .await?;
        self.next = ends;
        Ok(())
    }

    /// Whether this record is the event of its key.
    fn counts(&self, stored: &Stored) -> bool {
        self.first.get(&digest(&stored.idempotency_key)) == Some(&stored.offset)
    }
}

impl KafkaEvents {
    /// Connects to nothing yet, and starts no thread.
    ///
    /// # Errors
    /// [`EventsError::Storage`] when the address or the topic's name is none.
    pub fn new(settings: OutsideSettings, host: Arc<dyn Host>) -> Result<Self, EventsError> {
        let topic = &settings.stream;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        if topic.is_empty() || topic.len() > 240 || !topic.bytes().all(plain) || topic.starts_with('.') {
            return Err(EventsError::Storage(format!(
                "a topic of Kafka is named with letters, digits, `.`, `_` and `-`, not `{topic:.60}`"
            )));
        }
        brokers(&settings.server.address).map_err(EventsError::Storage)?;
        Ok(Self {
            sessions: Sessions::new("Kafka", &settings.server.address, settings.server.deadline),
            settings,
            host,
            members: Mutex::default(),
            keys: Arc::default(),
        })
    }

    fn now(&self) -> i64 {
        self.host.now().as_millisecond()
    }

    /// Asks the cluster, within the deadline; the error has the address.
    fn ask<T: Send + 'static, F>(
        &self,
        act: impl FnOnce(Arc<Session>) -> F + Send + 'static,
    ) -> Result<T, EventsError>
    where
        F: Future<Output = Result<T, EventsError>> + Send + 'static,
    {
        self.sessions.ask(|| Session::open(self.settings.server.clone()), act)
    }

    fn letters_topic(&self) -> String {
        format!("{}.dlq", self.settings.stream)
    }

    /// What the topic of dead letters says now.
    fn letters(&self) -> Result<Vec<Letter>, EventsError> {
        let topic = self.letters_topic();
        let letters = self.ask(move |session| async move {
            let mut letters = BTreeMap::new();
            session
                .look(&topic, Places::new(), |found| {
                    match record::letter(found) {
                        Some((key, Some(letter))) => drop(letters.insert(key, letter)),
                        Some((key, None)) => drop(letters.remove(&key)),
                        None => {}
                    }
                    false
                })
                .await?;
            Ok(letters)
        })?;
        Ok(letters.into_values().collect())
    }

    fn bury(&self, letter: &DeadLetter) -> Result<(), EventsError> {
        let record = record::of_letter(&self.letters_topic(), letter, false);
        let record = record.map_err(|e| EventsError::Storage(e.to_string()))?;
        self.ask(move |session| async move { session.append(record).await.map(drop) })
    }

    fn remove_letter(&self, group: &str, offset: Offset) -> Result<(), EventsError> {
        let record = record::of_removal(&self.letters_topic(), group, offset);
        self.ask(move |session| async move { session.append(record).await.map(drop) })
    }

    fn dead_letter(&self, group: &str, offset: Offset) -> Result<DeadLetter, EventsError> {
        let letters = self.dead_letters(Some(group))?;
        letters.into_iter().find(|l| l.stored.offset == offset).ok_or_else(|| not_held(group, offset))
    }

    /// This process' member of the group; it joins at the first reading.
    fn member(&self, group: &str) -> Result<Arc<Mutex<Member>>, EventsError> {
        if let Some(known) = locked(&self.members).get(group) {
            return Ok(known.clone());
        }
        let (topic, id) = (self.settings.stream.clone(), member::group_id(group));
        let consumer = self.ask(move |session| async move { session.join(&topic, &id).await })?;
        let mut members = locked(&self.members);
        Ok(members
            .entry(group.to_owned())
            .or_insert_with(|| Arc::new(Mutex::new(Member::new(consumer))))
            .clone())
    }

    /// The member of a group that has read here.
    fn known_member(&self, group: &str, offset: Offset) -> Result<Arc<Mutex<Member>>, EventsError> {
        locked(&self.members).get(group).cloned().ok_or_else(|| not_held(group, offset))
    }

    /// Takes new records in for the group.
    fn fetch(&self, member: &mut Member) -> Result<(), EventsError> {
        let (consumer, keys, topic) =
            (member.consumer.clone(), self.keys.clone(), self.settings.stream.clone());
        let (polled, assigned) = self.ask(move |session| async move {
            let polled = member::poll(&consumer).await?;
            let assigned = consumer.assignment().await.remove(&topic).unwrap_or_default();
            let mut events: Vec<Stored> = polled.iter().filter_map(record::event).collect();
            if !events.is_empty() {
                let mut keys = keys.lock().await;
                keys.catch_up(&session, &topic).await?;
                events.retain(|stored| keys.counts(stored));
            }
            let ends: Places = polled.iter().map(|r| (r.partition, r.offset + 1)).collect();
            Ok(((events, ends), assigned))
        })?;
        member.take(polled.0, polled.1, &assigned);
        Ok(())
    }

    /// What was revived for the group and is not held here yet.
    fn fetch_revived(&self, group: &str, member: &mut Member) -> Result<(), EventsError> {
        if !member.may_look() {
            return Ok(());
        }
        for letter in self.letters()? {
            if let Letter::Revived(letter) = letter
                && letter.group == group
            {
                member.deliveries.add(Stored { attempt: 0, ..letter.stored }, true);
            }
        }
        Ok(())
    }

    /// Commits what is settled.
    fn commit(&self, member: &mut Member) -> Result<(), EventsError> {
        let Some(offsets) = member.due_commit(&self.settings.stream) else { return Ok(()) };
        let (consumer, places) = (member.consumer.clone(), offsets.clone());
        self.ask(move |_| async move { member::commit(&consumer, places).await })?;
        member.committed(&offsets);
        Ok(())
    }

    /// Ends a delivery that the group holds.
    fn settle(
        &self,
        group: &str,
        offset: Offset,
        before: impl FnOnce(&Stored) -> Result<(), EventsError>,
    ) -> Result<(), EventsError> {
        let member = self.known_member(group, offset)?;
        let mut member = locked(&member);
        let stored = member.deliveries.held(offset).cloned().ok_or_else(|| not_held(group, offset))?;
        before(&stored)?;
        member.deliveries.remove(offset);
        self.commit(&mut member)
    }
}

/// Leaves the groups: their other members need not wait until this one is missed.
impl Drop for KafkaEvents {
    fn drop(&mut self) {
        let members: Vec<_> = locked(&self.members).drain().map(|(_, member)| member).collect();
        for member in members {
            let consumer = locked(&member).consumer.clone();
            self.sessions.finally(FAREWELL, async move { drop(consumer.close().await) });
        }
        if let Some(session) = self.sessions.take() {
            self.sessions.finally(FAREWELL, async move { session.close().await });
        }
    }
}

impl Events for KafkaEvents {
    fn publish(&self, event: &RemediationEvent, idempotency_key: &str) -> Result<Offset, EventsError> {
        check_name("idempotency key", idempotency_key)?;
        let body = check_event(event)?;
        let (keys, topic) = (self.keys.clone(), self.settings.stream.clone());
        let record = record::of(&topic, event, body, idempotency_key);
        let key = digest(idempotency_key);
        self.ask(move |session| async move {
            let mut keys = keys.lock().await;
            // A topic that is not there yet has no keys; appending makes it.
            let _ = keys.catch_up(&session, &topic).await;
            if let Some(known) = keys.first.get(&key) {
                return Ok(*known);
            }
            session.append(record).await?;
            keys.catch_up(&session, &topic).await?;
            let first = keys.first.get(&key).copied();
            first.ok_or_else(|| EventsError::Storage("the record cannot be read back".to_owned()))
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
        let member = self.member(group)?;
        let mut member = locked(&member);
        if count > 0 && member.deliveries.fresh() < count && member.deliveries.len() < member::MOST_HELD {
            self.fetch(&mut member)?;
        }
        self.fetch_revived(group, &mut member)?;
        let found = member.deliveries.give(count, self.now(), lease, self.settings.attempts);
        for stored in found.dead {
            let reason = "its lease ran out on the last attempt".to_owned();
            self.bury(&DeadLetter { group: group.to_owned(), stored, reason })?;
        }
        self.commit(&mut member)?;
        Ok(found.given)
    }

    fn acknowledge(&self, group: &str, offset: Offset) -> Result<(), EventsError> {
        let revived = {
            let member = self.known_member(group, offset)?;
            let member = locked(&member);
            member.deliveries.is_revived(offset)
        };
        self.settle(group, offset, |_| if revived { self.remove_letter(group, offset) } else { Ok(()) })
    }

    fn fail(&self, group: &str, offset: Offset, reason: &str) -> Result<(), EventsError> {
        let attempts = self.settings.attempts;
        {
            let member = self.known_member(group, offset)?;
            let mut member = locked(&member);
            let held = member.deliveries.held(offset).ok_or_else(|| not_held(group, offset))?;
            if held.attempt < attempts {
                let pause = schedule::backoff(held.attempt, &*self.host);
                let now = self.now();
                member.deliveries.wait(offset, now, now.saturating_add_unsigned(pause));
                return Ok(());
            }
        }
        self.settle(group, offset, |stored| {
            self.bury(&DeadLetter {
                group: group.to_owned(),
                stored: stored.clone(),
                reason: reason.to_owned(),
            })
        })
    }

    fn replay(&self, from: Offset, count: usize) -> Result<Vec<Stored>, EventsError> {
        let count = count.min(MOST_AT_ONCE);
        if count == 0 {
            return Ok(Vec::new());
        }
        let (keys, topic) = (self.keys.clone(), self.settings.stream.clone());
        let mut found = self.ask(move |session| async move {
            let mut keys = keys.lock().await;
            keys.catch_up(&session, &topic).await?;
            let start = keys.next.keys().map(|p| (*p, record::first_at(*p, from))).collect();
            let mut found: BTreeMap<i32, Vec<Stored>> = BTreeMap::new();
            session
                .look(&topic, start, |shown| {
                    let here = found.entry(shown.partition).or_default();
                    here.extend(record::event(shown).filter(|stored| keys.counts(stored)));
                    here.len() >= count
                })
                .await?;
            Ok(found.into_values().flatten().collect::<Vec<_>>())
        })?;
        found.sort_by_key(|stored| stored.offset);
        found.truncate(count);
        Ok(found)
    }

    fn dead_letters(&self, group: Option<&str>) -> Result<Vec<DeadLetter>, EventsError> {
        let letters = self.letters()?.into_iter().filter_map(|letter| match letter {
            Letter::Dead(letter) => Some(letter),
            Letter::Revived(_) => None,
        });
        let mut letters: Vec<_> = letters.filter(|l| group.is_none_or(|group| l.group == group)).collect();
        letters.sort_by(|a, b| (a.stored.offset, &a.group).cmp(&(b.stored.offset, &b.group)));
        Ok(letters)
    }

    fn revive(&self, group: &str, offset: Offset) -> Result<(), EventsError> {
        let letter = self.dead_letter(group, offset)?;
        let record = record::of_letter(&self.letters_topic(), &letter, true);
        let record = record.map_err(|e| EventsError::Storage(e.to_string()))?;
        self.ask(move |session| async move { session.append(record).await.map(drop) })?;
        if let Some(member) = locked(&self.members).get(group) {
            locked(member).deliveries.add(Stored { attempt: 0, ..letter.stored }, true);
        }
        Ok(())
    }

    fn discard(&self, group: &str, offset: Offset) -> Result<(), EventsError> {
        self.dead_letter(group, offset)?;
        self.remove_letter(group, offset)
    }

    fn latest(&self) -> Result<Offset, EventsError> {
        let topic = self.settings.stream.clone();
        let ends = self.ask(move |session| async move { session.ends(&topic).await })?;
        let places = ends.iter().filter(|(_, end)| **end > 0);
        Ok(places.filter_map(|(partition, end)| record::offset(*partition, end - 1)).max().unwrap_or(0))
    }
}
