//! What a request that is under way may do: tell its progress, say something, ask the client, and see
//! whether it is still wanted.

use super::message::{self, Failure};
use super::session::{Level, Session};
use crate::token::Scope;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Where messages of one request go, in order.
pub trait Outlet: Send + Sync {
    /// To the client. One that is gone is no error: nobody is there to tell.
    fn send(&self, message: &Value);

    /// Closes the connection, not the request: a client that can resume comes back for the rest.
    fn pause(&self) {}
}

/// What whoever asks may do; `None` is everything, for the user's own processes.
pub type Rights = Option<Arc<BTreeSet<Scope>>>;

/// One request that is under way.
pub struct Context {
    pub(super) session: Arc<Session>,
    pub(super) outlet: Arc<dyn Outlet>,
    pub(super) cancelled: Arc<AtomicBool>,
    pub(super) progress: Option<Value>,
    pub(super) rights: Rights,
    pub(super) until: Instant,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("session", &self.session.name()).finish_non_exhaustive()
    }
}

impl Context {
    /// Whether its client takes `act` in `area` as its right.
    pub fn may(&self, area: &str, act: &str) -> bool {
        self.rights.as_ref().is_none_or(|scopes| scopes.iter().any(|scope| scope.covers(area, act)))
    }

    /// What tells this session from others.
    pub fn session(&self) -> &str {
        self.session.name()
    }

    /// Whether the client gave the request up, or its time is over.
    pub fn is_over(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed) || Instant::now() >= self.until
    }

    /// The time that the request still has.
    pub fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// How far it is, if the client wants to know. `done` must grow from call to call.
    pub fn progress(&self, done: f64, total: Option<f64>, message: Option<&str>) {
        let Some(token) = &self.progress else { return };
        let mut params = json!({ "progressToken": token, "progress": done });
        if let Some(total) = total {
            params["total"] = json!(total);
        }
        if let Some(message) = message {
            params["message"] = json!(message);
        }
        self.outlet.send(&message::notification("notifications/progress", params));
    }

    /// Says something of at least the level that the client asked for.
    pub fn log(&self, level: Level, data: Value) {
        if level >= self.session.level() {
            let params = json!({ "level": level, "logger": crate::SERVICE, "data": data });
            self.outlet.send(&message::notification("notifications/message", params));
        }
    }

    /// Asks the client something that it said it can, and waits for its answer.
    ///
    /// # Errors
    /// [`Failure`] when it cannot do that, refuses, or gives no answer within `patience`.
    pub fn ask(
        &self,
        capability: &str,
        method: &str,
        params: Value,
        patience: Duration,
    ) -> Result<Value, Failure> {
        if !self.session.client_can(capability) {
            return Err(Failure::refused(format!("the client has no `{capability}`")));
        }
        let patience = patience.min(self.left());
        self.session.ask(&*self.outlet, method, params, patience, &self.cancelled)
    }

    /// See [`Outlet::pause`].
    pub fn pause(&self) {
        self.outlet.pause();
    }
}
