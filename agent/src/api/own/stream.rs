//! Events as server-sent events (HTML Living Standard, section 9.2): an id on each, so that a client that was
//! cut off goes on right after the last that it saw.
//!
//! A slow reader is paused: nothing is read from the log for it until it has room.

use super::follow::{self, Item};
use crate::api::App;
use crate::api::answer::{Answer, Fault};
use crate::api::ask::Ask;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, header};
use futures_core::Stream;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// What a channel gives, as a body.
struct Frames(mpsc::Receiver<Item>);

impl Stream for Frames {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|item| item.map(|item| Ok(Bytes::from(frame(&item)))))
    }
}

pub async fn follow(app: Arc<App>, ask: Ask) -> Result<Answer, Fault> {
    let from = follow::start(&app, &ask).await?;
    let mut response = Response::new(Body::from_stream(Frames(follow::items(app, from))));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    Ok(Answer::Stream(response))
}

fn frame(item: &Item) -> String {
    match item {
        Item::Here => ": here\n\n".to_owned(),
        Item::Still => ": still here\n\n".to_owned(),
        Item::Event { offset, kind, shown } => format!("id: {offset}\nevent: {kind}\ndata: {shown}\n\n"),
        Item::Damaged { offset, said } => format!("id: {offset}\nevent: damaged\ndata: {said}\n\n"),
        Item::Gap { said } => format!("event: gap\ndata: {said}\n\n"),
    }
}
