//! The kernel's event-bus service: Redis Streams behind HTTP.
//!
//! The service gives each event its id and time. Its replay leaves out where in the stream an event stands, so a reader
//! cannot go on exactly: places are made of the time that an event carries, pages overlap, and what comes twice, by id
//! or by key, is taken once. An event that another publisher's clock puts before one that was read already is missed by
//! who goes on after that one. Where a server does tell the places, those are used.

use super::check_name;
use crate::http::{HttpError, Server, path_part};
use crate::kernel::{KernelError, Service};
use ecoops_core::domain::DomainEvent;
use ecoops_core::ports::bus::{Bus, BusError, Position, Published};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};

/// The most events that one replay gives.
const MOST_AT_ONCE: usize = 1_000;
/// The largest event, in bytes of JSON.
const LARGEST: usize = 1 << 20;
/// How far an event's own time may be from its place in the stream, in milliseconds.
const OVERLAP: u64 = 5_000;
/// Requests of one replay.
const MOST_PAGES: usize = 1_000;

/// See the module.
#[derive(Debug)]
pub struct EventBus(Service);

impl EventBus {
    /// # Errors
    /// [`HttpError::Invalid`] when the address is none.
    pub fn new(server: Server) -> Result<Self, HttpError> {
        Ok(Self(Service::new("event-bus", server)?))
    }

    /// A page of the stream from `from` on, as it came.
    fn page(&self, stream: &str, from: Position, to: Position, count: usize) -> Result<Vec<Value>, BusError> {
        let path = format!("/events/replay/{}", path_part(stream));
        let mut request =
            self.0.get(&path).query("startId", &from.to_string()).query("count", &count.to_string());
        // An end that is no real place is left out: not every server reads such numbers.
        if to.millis < MOST_MILLIS {
            request = request.query("endId", &to.to_string());
        }
        let mut reply = self.0.send(request).map_err(failed)?;
        match reply.data.get_mut("events").map(Value::take) {
            Some(Value::Array(events)) => Ok(events),
            _ => Err(BusError::Storage("event-bus: the answer has no `events`".into())),
        }
    }

    /// For a server that tells places: what is between them is between them.
    fn placed(&self, stream: &str, to: Position, count: usize, first: Vec<Value>) -> Result<Found, BusError> {
        let mut found: Found = Vec::new();
        let mut page = first;
        for _ in 0..MOST_PAGES {
            let full = page.len() >= count;
            let last = page.last().and_then(place);
            found.extend(page.iter().filter_map(|value| Some((place(value)?, event(value)?))));
            found.truncate(count);
            match last {
                // An entry that was no event left room.
                Some(last) if full && found.len() < count && last < to => {
                    page = self.page(stream, last.next(), to, count)?;
                }
                _ => break,
            }
        }
        Ok(found)
    }
}

type Found = Vec<(Position, DomainEvent)>;

/// The year 33658, and the most that 15 digits hold.
const MOST_MILLIS: u64 = 1_000_000_000_000_000;

fn failed(error: KernelError) -> BusError {
    match error.is_our_fault() {
        true => BusError::Refused(error.to_string()),
        false => BusError::Storage(error.to_string()),
    }
}

/// Where the event stands, if the server says so.
fn place(value: &Value) -> Option<Position> {
    value.get("streamId").and_then(Value::as_str).and_then(|text| text.parse().ok())
}

/// The event, if it is one; absent parts come as `null`.
fn event(value: &Value) -> Option<DomainEvent> {
    let mut fields = value.as_object()?.clone();
    fields.retain(|_, field| !field.is_null());
    if let Some(Value::Object(resource)) = fields.get_mut("resource") {
        resource.retain(|_, field| !field.is_null());
    }
    let read = serde_json::from_value(Value::Object(fields));
    read.inspect_err(|why| tracing::warn!(%why, "an entry of a stream is no event")).ok()
}

/// The millisecond that an event carries.
fn millis(event: &DomainEvent) -> u64 {
    let time = event.time.parse::<Timestamp>().ok();
    time.and_then(|time| u64::try_from(time.as_millisecond()).ok()).unwrap_or_default()
}

/// Events in the order of their times, each once; its place is its time and its rank within that millisecond.
#[derive(Default)]
struct Timeline {
    events: BTreeMap<(u64, String), DomainEvent>,
    keys: HashSet<String>,
}

impl Timeline {
    /// True when it is new.
    fn take(&mut self, event: DomainEvent) -> bool {
        let at = (millis(&event), event.id.clone());
        // A key that was published many times at once may be in the stream more than once; the first counts.
        if self.events.contains_key(&at) || !self.keys.insert(event.idempotency_key.clone()) {
            return false;
        }
        self.events.insert(at, event);
        true
    }

    fn within(self, from: Position, to: Position, count: usize) -> Found {
        let mut last = None;
        let placed = self.events.into_iter().map(|((millis, _), event)| {
            let sequence = match last {
                Some(Position { millis: before, sequence }) if before == millis => sequence + 1,
                _ => 0,
            };
            let place = Position { millis, sequence };
            last = Some(place);
            (place, event)
        });
        placed.filter(|(place, _)| (from..=to).contains(place)).take(count).collect()
    }
}

impl Bus for EventBus {
    fn publish(&self, stream: &str, event: &DomainEvent) -> Result<Published, BusError> {
        check_name("name of the stream", stream)?;
        check_name("idempotency key", &event.idempotency_key)?;
        let mut body = serde_json::to_value(event).map_err(|e| BusError::Refused(e.to_string()))?;
        let size = body.to_string().len();
        if size > LARGEST {
            return Err(BusError::Refused(format!("the event has {size} bytes; the most is {LARGEST}")));
        }
        body["streamName"] = json!(stream);
        // The service drops a repeated key, unless two come at the very same time; a reader takes one of them.
        let reply = self.0.send(self.0.question("/events/publish", &body)).map_err(failed)?;
        let said = reply.text("streamId").unwrap_or_default();
        let known = said == "duplicate" || reply.data.get("duplicate").and_then(Value::as_bool) == Some(true);
        let id = reply.text("eventId").unwrap_or(&event.id).to_owned();
        match said.parse() {
            Ok(position) => Ok(Published { id, position, duplicate: known }),
            // It does not say where the first one is.
            Err(_) if known => Ok(Published { id, position: Position::FIRST, duplicate: true }),
            Err(_) => Err(BusError::Storage(format!("event-bus: `{said:.50}` is no place in a stream"))),
        }
    }

    fn replay(&self, stream: &str, from: Position, to: Position, count: usize) -> Result<Found, BusError> {
        if !(1..=MOST_AT_ONCE).contains(&count) {
            return Err(BusError::Refused(format!("count is {count}, not 1 to {MOST_AT_ONCE}")));
        }
        check_name("name of the stream", stream)?;
        let first = self.page(stream, from, to, count)?;
        if first.iter().all(|value| place(value).is_some()) && !first.is_empty() {
            return self.placed(stream, to, count, first);
        }
        let mut timeline = Timeline::default();
        let mut start = Position { millis: from.millis.saturating_sub(OVERLAP), sequence: 0 };
        // What is late in the stream may still carry an earlier time than what was asked for.
        let end = Position { millis: to.millis.saturating_add(OVERLAP), sequence: 0 };
        let mut size = MOST_AT_ONCE.min(count.saturating_mul(2).max(100));
        for _ in 0..MOST_PAGES {
            let page = self.page(stream, start, end, size)?;
            if page.iter().any(|value| place(value).is_some()) {
                // It tells places after all, and there is nothing from the wanted one on.
                return Ok(Vec::new());
            }
            let full = page.len() >= size;
            let (mut newest, mut fresh) = (start.millis, 0);
            for event in page.iter().filter_map(event) {
                newest = newest.max(millis(&event));
                fresh += usize::from(timeline.take(event));
            }
            let enough = timeline.events.keys().filter(|(at, _)| *at >= from.millis).count() > count;
            if !full || (enough && newest > start.millis + 2 * OVERLAP) {
                break;
            }
            let next = Position { millis: newest.saturating_sub(OVERLAP), sequence: 0 };
            match next > start {
                true => start = next,
                // More within the overlap than one page holds.
                false if size < MOST_AT_ONCE => size = MOST_AT_ONCE,
                false if fresh == 0 || newest <= start.millis => {
                    let why =
                        format!("{MOST_AT_ONCE} events and more within {} s cannot be read", OVERLAP / 1000);
                    return Err(BusError::Storage(format!(
                        "event-bus: {why}: it does not tell their places"
                    )));
                }
                false => start = Position { millis: newest, sequence: 0 },
            }
        }
        Ok(timeline.within(from, to, count))
    }

    /// The service does not tell.
    fn streams(&self) -> Result<Vec<String>, BusError> {
        Err(BusError::Refused("event-bus does not tell which streams it has".into()))
    }
}
