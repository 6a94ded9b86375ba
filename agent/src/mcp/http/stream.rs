//! One stream of server-sent events (HTML standard, section 9.2) that outlives its connection: what it
//! said is kept within bounds, so that a client that lost the connection resumes after the last event it saw.

use super::super::context::Outlet;
use axum::body::Bytes;
use futures_core::Stream as Events;
use serde_json::Value;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// Events and bytes that a stream keeps; past either the oldest are forgotten.
const MOST: usize = 256;
const MOST_BYTES: usize = 8 << 20;
/// After so long without an event, a comment shows whether the reader is there.
const QUIET: Duration = Duration::from_secs(15);
/// How soon a client should come back, in milliseconds.
const RETRY: u64 = 500;
/// Events that wait for a reader at most.
const AHEAD: usize = 16;

#[derive(Debug, Default)]
struct Said {
    events: VecDeque<(u64, Arc<str>)>,
    bytes: usize,
    /// The number of the last event.
    last: u64,
    /// When it had its last event, if it had.
    ended: Option<Instant>,
}

/// What changes while somebody reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Change {
    events: u64,
    /// How often readers were sent away.
    pauses: u64,
    ended: bool,
}

#[derive(Debug)]
pub struct Stream {
    number: u64,
    said: Mutex<Said>,
    changed: watch::Sender<Change>,
}

impl Stream {
    pub fn new(number: u64) -> Arc<Self> {
        Arc::new(Self { number, said: Mutex::default(), changed: watch::channel(Change::default()).0 })
    }

    pub fn number(&self) -> u64 {
        self.number
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream's last event was sent; readers leave once they have it.
    pub fn end(&self) {
        self.said().ended.get_or_insert_with(Instant::now);
        self.changed.send_modify(|change| change.ended = true);
    }

    /// Since when nothing more comes.
    pub fn ended(&self) -> Option<Instant> {
        self.said().ended
    }

    /// The events after `seen`, as they are sent, and the number of the last.
    fn after(&self, seen: u64) -> (Vec<Bytes>, u64) {
        let said = self.said();
        let frame = |(number, data): &(u64, Arc<str>)| {
            Bytes::from(format!("id: {}-{number}\nevent: message\ndata: {data}\n\n", self.number))
        };
        (said.events.iter().filter(|(number, _)| *number > seen).map(frame).collect(), said.last)
    }

    /// A body for a reader that has seen all up to `seen`. `primed`: begins with an event without data,
    /// whose id the client can resume from.
    pub fn read(self: &Arc<Self>, seen: u64, primed: bool) -> Frames {
        let (give, take) = mpsc::channel(AHEAD);
        let stream = self.clone();
        // Whatever is said or asked from now on counts.
        let changed = self.changed.subscribe();
        tokio::spawn(async move { stream.feed(seen, primed, changed, give).await });
        Frames(take)
    }

    async fn feed(
        &self,
        mut seen: u64,
        primed: bool,
        mut changed: watch::Receiver<Change>,
        give: mpsc::Sender<Bytes>,
    ) {
        let begin = changed.borrow_and_update().pauses;
        let prime = format!("id: {}-{seen}\nretry: {RETRY}\ndata: \n\n", self.number);
        if primed && give.send(Bytes::from(prime)).await.is_err() {
            return;
        }
        loop {
            let change = *changed.borrow_and_update();
            let (frames, last) = self.after(seen);
            for frame in frames {
                if give.send(frame).await.is_err() {
                    return;
                }
            }
            seen = last.max(seen);
            if change.ended || change.pauses != begin {
                return;
            }
            tokio::select! {
                changed = changed.changed() => if changed.is_err() { return },
                () = give.closed() => return,
                () = tokio::time::sleep(QUIET) => {
                    if give.send(Bytes::from_static(b": still here\n\n")).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

impl Outlet for Stream {
    fn send(&self, message: &Value) {
        let data: Arc<str> = message.to_string().into();
        let mut said = self.said();
        said.last += 1;
        let number = said.last;
        said.bytes += data.len();
        said.events.push_back((number, data));
        while said.events.len() > MOST || (said.bytes > MOST_BYTES && said.events.len() > 1) {
            let forgotten = said.events.pop_front().map_or(0, |(_, data)| data.len());
            said.bytes = said.bytes.saturating_sub(forgotten);
        }
        drop(said);
        self.changed.send_modify(|change| change.events = number);
    }

    fn pause(&self) {
        self.changed.send_modify(|change| change.pauses += 1);
    }
}

/// What a channel gives, as a body.
#[derive(Debug)]
pub struct Frames(mpsc::Receiver<Bytes>);

impl Events for Frames {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|frame| frame.map(Ok))
    }
}

/// The stream and the event that `Last-Event-ID` names.
pub fn place(text: &str) -> Option<(u64, u64)> {
    let (stream, event) = text.trim().split_once('-')?;
    let number = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    Some((number(stream)?, number(event)?))
}
