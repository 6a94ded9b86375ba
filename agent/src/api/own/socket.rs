//! Events over a WebSocket (RFC 6455): a text message an event, with its place in the log as `offset`.
//!
//! `after=<offset>` resumes. A slow reader is paused, and after [`SLOW`] without room closed with a reason that
//! says where to go on: nothing is lost, as the log is durable. What the reader says is not listened to.

use super::follow::{self, Item};
use crate::api::App;
use crate::api::answer::{Answer, Code, Fault};
use crate::api::ask::Ask;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use ecoops_core::ports::events::Offset;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long a reader may take to make room for one message.
const SLOW: Duration = Duration::from_secs(30);
/// The largest message of a reader, in bytes.
const MOST: usize = 4 << 10;
/// Going away; try again later (RFC 6455, section 7.4.1, and its registry).
const GOING_AWAY: u16 = 1001;
const TRY_AGAIN: u16 = 1013;

pub async fn follow(app: Arc<App>, mut ask: Ask) -> Result<Answer, Fault> {
    let from = follow::start(&app, &ask).await?;
    let upgrade = ask.upgrade.take().ok_or_else(|| {
        Fault::new(Code::UpgradeRequired, "this is a WebSocket; for HTTP alone there is /v1/events/stream")
    })?;
    let items = follow::items(app, from);
    let upgrade = upgrade.max_message_size(MOST).max_frame_size(MOST);
    Ok(Answer::Stream(upgrade.on_upgrade(move |socket| speak(socket, items, from))))
}

/// What ended a conversation.
enum End {
    Gone,
    Slow,
    Stopped,
}

async fn speak(mut socket: WebSocket, mut items: mpsc::Receiver<Item>, from: Offset) {
    let mut last = from.saturating_sub(1);
    let end = loop {
        let item = tokio::select! {
            item = items.recv() => item,
            heard = socket.recv() => match heard {
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => break End::Gone,
            },
        };
        let Some(item) = item else { break End::Stopped };
        match tokio::time::timeout(SLOW, socket.send(message(&item))).await {
            Err(_) => break End::Slow,
            Ok(Err(_)) => break End::Gone,
            Ok(Ok(())) => {}
        }
        if let Item::Event { offset, .. } | Item::Damaged { offset, .. } = item {
            last = offset;
        }
    };
    let (code, why) = match end {
        End::Gone => return,
        End::Slow => (TRY_AGAIN, format!("too slow: go on with after={last}")),
        End::Stopped => (GOING_AWAY, format!("the agent stops: go on with after={last}")),
    };
    let close = Message::Close(Some(CloseFrame { code, reason: why.into() }));
    let _ = tokio::time::timeout(Duration::from_secs(1), socket.send(close)).await;
}

fn message(item: &Item) -> Message {
    match item {
        Item::Here | Item::Still => Message::Ping(Default::default()),
        Item::Event { shown, .. } => Message::Text(shown.to_string().into()),
        Item::Damaged { said, .. } => Message::Text(json!({ "damaged": said }).to_string().into()),
        Item::Gap { said } => Message::Text(json!({ "gap": said }).to_string().into()),
    }
}
