//! Events as they come, as server-sent events (HTML standard, section 9.2).
//!
//! A reader is given only as much as it takes: a slow one slows nobody else, and one that is gone ends
//! its stream. Every event has its offset as id; a reader that comes back with the last one misses none.

use super::events::shown;
use crate::api::App;
use crate::api::answer::{Answer, Fault};
use crate::api::ask::Ask;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, header};
use ecoops_core::ports::events::EventsError;
use futures_core::Stream;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;

/// Events that wait for a reader at most.
const AHEAD: usize = 64;
/// Events that are fetched at once.
const PAGE: usize = 100;
/// How often the log is looked at for what others wrote to it.
const LOOK: Duration = Duration::from_millis(500);
/// After so many looks without an event, a comment shows whether the reader is there.
const LOOKS: u32 = 30;

/// What a channel gives, as a body.
struct Frames(mpsc::Receiver<Bytes>);

impl Stream for Frames {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|frame| frame.map(Ok))
    }
}

/// Starts after `Last-Event-ID`, else at `from`, else with what comes next.
pub async fn follow(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let last: Option<u64> = match ask.header("last-event-id") {
        Some(text) => {
            Some(text.trim().parse().map_err(|_| Fault::bad("`Last-Event-ID` must be the id of an event"))?)
        }
        None => None,
    };
    let from = match (last, ask.text("from")?) {
        (Some(last), _) => last.saturating_add(1),
        (None, Some(_)) => ask.number("from", 1, 0..=1_000_000_000)?.max(1),
        (None, None) => {
            let latest = app.kernel.events.ask(|events| events.latest()).await?;
            latest.map_err(super::events::fault)? + 1
        }
    };
    let (give, take) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        app.metrics.streams.fetch_add(1, Ordering::Relaxed);
        feed(&app, from, &give).await;
        app.metrics.streams.fetch_sub(1, Ordering::Relaxed);
    });
    let mut response = Response::new(Body::from_stream(Frames(take)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    Ok(Answer::Stream(response))
}

/// Gives events until the reader goes or the daemon stops.
async fn feed(app: &App, mut from: u64, give: &mpsc::Sender<Bytes>) {
    let (mut stopping, mut published) = (app.stopping.clone(), app.published.subscribe());
    let mut quiet = 0;
    if give.send(Bytes::from_static(b": here\n\n")).await.is_err() {
        return;
    }
    while !*stopping.borrow() {
        published.borrow_and_update();
        let page = app.kernel.events.ask(move |events| events.replay(from, PAGE)).await;
        let (frames, next) = frames(page, from);
        for frame in frames {
            quiet = 0;
            let sent = tokio::select! {
                sent = give.send(frame) => sent.is_ok(),
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
        if quiet % LOOKS == 0 && give.send(Bytes::from_static(b": still here\n\n")).await.is_err() {
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

type Page =
    Result<Result<Vec<ecoops_core::ports::events::Stored>, EventsError>, crate::component::Unavailable>;

/// What a page says, and where the next begins. A damaged event is said and passed over.
fn frames(page: Page, from: u64) -> (Vec<Bytes>, u64) {
    match page {
        Ok(Ok(events)) => {
            let next = events.last().map_or(from, |last| last.offset + 1);
            let frame = |stored| {
                let shown = shown(stored);
                let kind = shown["event_type"].as_str().unwrap_or("event").to_owned();
                Bytes::from(format!("id: {}\nevent: {kind}\ndata: {shown}\n\n", stored.offset))
            };
            (events.iter().map(frame).collect(), next)
        }
        Ok(Err(EventsError::Damaged(offset, why))) => {
            let said = serde_json::json!({ "offset": offset, "why": why });
            (
                vec![Bytes::from(format!("id: {offset}\nevent: damaged\ndata: {said}\n\n"))],
                offset.saturating_add(1),
            )
        }
        // Looked at again later.
        Ok(Err(_)) | Err(_) => (Vec::new(), from),
    }
}
