//! A request that is sent again is answered again, and not done again: `Idempotency-Key`
//! (draft-ietf-httpapi-idempotency-key-header), and for clients that know no such header what else
//! tells a retry.

use super::answer::{Code, Fault};
use super::ask::Ask;
use crate::kernel::Kernel;
use ecoops_core::domain::{ContentHash, hex};
use ecoops_core::ports::replies::{Known, Reply};
use sha2::{Digest, Sha256};

/// How long an answer is kept, in milliseconds: a day.
const DAY: i64 = 24 * 3600 * 1000;
/// How long a request may take before its key is free again.
const PATIENCE: i64 = 60 * 1000;
/// How long a retry without a key of its own is known: as long as clients go on retrying.
const RETRIES: i64 = 60 * 1000;

/// What tells a retry of this route from a new request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Nothing: the route changes nothing, or has a key of its own in the body.
    Never,
    /// The header alone.
    Key,
    /// The header, else the same body within a day.
    Body,
    /// The header, else the same body in the same trace within a minute.
    Trace,
}

/// A key that was taken, to be finished or released.
#[derive(Debug)]
pub struct Taken {
    key: String,
    /// It was begun before, and may have been done.
    pub unsure: bool,
}

impl Taken {
    /// Stands for the request in what it leaves behind.
    pub fn mark(&self) -> String {
        ContentHash::of(self.key.as_bytes()).hex().chars().take(32).collect()
    }
}

/// What to do with a request.
#[derive(Debug)]
pub enum Turn {
    Go(Option<Taken>),
    /// It was answered already.
    Again(Reply),
}

/// # Errors
/// [`Fault`] when the key is in use, was used for something else, or cannot be kept.
pub async fn begin(kernel: &Kernel, ask: &Ask, route: &str, retry: Retry) -> Result<Turn, Fault> {
    let Some((key, lifetime)) = key(ask, route, retry)? else { return Ok(Turn::Go(None)) };
    let fingerprint: [u8; 32] = Sha256::digest(&ask.body).into();
    let now = kernel.host.0.now().as_millisecond();
    let taken = key.clone();
    let known = kernel
        .replies
        .ask(move |replies| replies.begin(&key, fingerprint, now, lifetime, PATIENCE))
        .await?
        .map_err(|e| Fault::new(Code::Unavailable, e.to_string()))?;
    match known {
        Known::New => Ok(Turn::Go(Some(Taken { key: taken, unsure: false }))),
        Known::Unsure => Ok(Turn::Go(Some(Taken { key: taken, unsure: true }))),
        Known::Answered(reply) => Ok(Turn::Again(reply)),
        Known::Busy => Err(Fault {
            retry_after: Some(1),
            ..Fault::new(Code::Conflict, "the same request is still being answered")
        }),
        Known::Other => {
            Err(Fault::new(Code::IdempotencyMismatch, "this Idempotency-Key was used for another request"))
        }
    }
}

/// Keeps an answer that a retry is to get. Failures of ours are not kept: they may go better next time; but what came
/// too late goes on, so that its key stays taken, and whoever has it next is unsure.
pub async fn end(kernel: &Kernel, taken: Option<Taken>, reply: Reply) {
    let Some(Taken { key, .. }) = taken else { return };
    let kept = kernel
        .replies
        .ask(move |replies| match reply.status {
            200..=499 => replies.finish(&key, &reply),
            504 => Ok(()),
            _ => replies.release(&key),
        })
        .await;
    if let Ok(Err(why)) | Err(why) =
        kept.map_err(|e| ecoops_core::ports::replies::RepliesError(e.to_string()))
    {
        tracing::warn!(%why, "an answer could not be kept for a retry");
    }
}

/// The key under which a retry is known, and how long.
fn key(ask: &Ask, route: &str, retry: Retry) -> Result<Option<(String, i64)>, Fault> {
    if retry == Retry::Never {
        return Ok(None);
    }
    let caller = ask.caller.key();
    let scoped = |kind: &str, key: &str, life: i64| {
        let mut hash = Sha256::new();
        // The same key in another place of the same path is another request.
        for part in ask.path.iter().map(|(_, value)| value.as_str()).chain([key]) {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Ok(Some((format!("{caller} {route} {kind} {}", hex(hash.finalize())), life)))
    };
    if let Some(value) = ask.headers.get("idempotency-key").or_else(|| ask.headers.get("x-idempotency-key")) {
        let usable = value.to_str().ok().filter(|v| !v.is_empty() && v.len() <= 255);
        let usable = usable
            .ok_or_else(|| Fault::bad("the Idempotency-Key must be 1 to 255 printable ASCII characters"))?;
        return scoped("key", usable, DAY);
    }
    let body = hex(Sha256::digest(&ask.body));
    match retry {
        Retry::Body => scoped("body", &body, DAY),
        Retry::Trace => match ask.header("x-trace-id").or_else(|| ask.header("traceparent")) {
            Some(_) => scoped("trace", &format!("{}{body}", ask.ids.context.trace), RETRIES),
            None => Ok(None),
        },
        Retry::Key | Retry::Never => Ok(None),
    }
}
