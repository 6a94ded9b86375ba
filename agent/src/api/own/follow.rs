//! Following the log: from where, and item after item until the reader goes or the daemon stops.
//!
//! A reader that is slow fills a bounded channel and then waits for nobody: the log is durable, and gives what
//! comes next when there is room again. Who speaks to the reader says how.

use super::events::shown;
use crate::api::App;
use crate::api::answer::Fault;
use crate::api::ask::Ask;
use crate::component::Unavailable;
use ecoops_core::ports::events::{EventsError, Offset, Stored};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;

/// Items that wait for a reader at most.
const AHEAD: usize = 64;
/// Events that are fetched at once.
const PAGE: usize = 100;
/// How often the log is looked at for what others wrote to it.
const LOOK: Duration = Duration::from_millis(500);
/// After so many looks without an event, a sign of life shows whether the reader is there.
const LOOKS: u32 = 30;

/// What a reader is given.
#[derive(Debug)]
pub enum Item {
    /// The reader has been heard.
    Here,
    /// Nothing came for a while.
    Still,
    Event {
        offset: Offset,
        kind: String,
        shown: Value,
    },
    /// An event that cannot be read, and is passed over.
    Damaged {
        offset: Offset,
        said: Value,
    },
    /// The log no longer has these: the reader was away for too long.
    Gap {
        said: Value,
    },
}

/// The event to begin with: right after `Last-Event-ID` or `after`, at `from`, else what comes next.
pub async fn start(app: &App, ask: &Ask) -> Result<Offset, Fault> {
    let last = match ask.header("last-event-id") {
        Some(text) => {
            let id =
                text.trim().parse().map_err(|_| Fault::bad("`Last-Event-ID` must be the id of an event"))?;
            Some(id)
        }
        None if ask.text("after")?.is_some() => Some(ask.number("after", 0, 0..=1_000_000_000)?),
        None => None,
    };
    match (last, ask.text("from")?) {
        (Some(last), _) => Ok(last.saturating_add(1)),
        (None, Some(_)) => Ok(ask.number("from", 1, 0..=1_000_000_000)?.max(1)),
        (None, None) => {
            let latest = app.kernel.events.ask(|events| events.latest()).await?;
            Ok(latest.map_err(super::events::fault)? + 1)
        }
    }
}

/// Items from this event on. They end when the daemon stops.
pub fn items(app: Arc<App>, from: Offset) -> mpsc::Receiver<Item> {
    let (give, take) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        app.metrics.streams.fetch_add(1, Ordering::Relaxed);
        feed(&app, from, &give).await;
        app.metrics.streams.fetch_sub(1, Ordering::Relaxed);
    });
    take
}

/// Gives items until the reader goes or the daemon stops.
async fn feed(app: &App, mut from: Offset, give: &mpsc::Sender<Item>) {
    let (mut stopping, mut published) = (app.stopping.clone(), app.published.subscribe());
    let mut quiet = 0;
    if give.send(Item::Here).await.is_err() {
        return;
    }
    while !*stopping.borrow() {
        published.borrow_and_update();
        let page = app.kernel.events.ask(move |events| events.replay(from, PAGE)).await;
        let (found, next) = read(page, from);
        for item in found {
            quiet = 0;
            let sent = tokio::select! {
                sent = give.send(item) => sent.is_ok(),
                _ = stopping.changed() => false,
            };
            if !sent {
                return;
            }
        }
        if next != from {
            from = next;
            continue;
        }
        quiet += 1;
        if quiet % LOOKS == 0 && give.send(Item::Still).await.is_err() {
            return;
        }
        tokio::select! {
            _ = published.changed() => {}
            _ = stopping.changed() => {}
            () = give.closed() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

type Page = Result<Result<Vec<Stored>, EventsError>, Unavailable>;

/// What a page says, and where the next begins. A damaged event is said and passed over.
fn read(page: Page, from: Offset) -> (Vec<Item>, Offset) {
    match page {
        Ok(Ok(events)) => {
            let next = events.last().map_or(from, |last| last.offset + 1);
            let first = events.first().map_or(from, |first| first.offset);
            let gap = (first > from).then(|| Item::Gap { said: json!({ "from": from, "to": first - 1 }) });
            let event = |stored: &Stored| Item::Event {
                offset: stored.offset,
                kind: stored.event.kind().to_owned(),
                shown: shown(stored),
            };
            (gap.into_iter().chain(events.iter().map(event)).collect(), next)
        }
        Ok(Err(EventsError::Damaged(offset, why))) => {
            let said = json!({ "offset": offset, "why": why });
            (vec![Item::Damaged { offset, said }], offset.saturating_add(1))
        }
        // Looked at again later.
        Ok(Err(_)) | Err(_) => (Vec::new(), from),
    }
}
