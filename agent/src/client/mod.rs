//! The other side: how this program's commands speak to the daemon. Blocking, without a runtime, and
//! never for longer than it was told.

mod follow;
mod identity;
mod ports;
mod wire;

pub use follow::{Follow, Said};
pub use identity::{AgentIdentity, token_request};
pub use ports::{AgentAuditLog, AgentEvents, AgentMemory, Lost};
pub use wire::Reply;

use ecoops_core::domain::AuditEntry;
use ecoops_core::engines::ledger::entry;
use serde::Deserialize;
use serde_json::Value;
use std::fmt;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use wire::Wire;

/// How long a command waits for the daemon to say hello.
pub const HELLO: Duration = Duration::from_millis(200);
/// How long it waits for an answer to anything else.
const ANSWER: Duration = Duration::from_secs(35);

/// Why nobody answers.
#[derive(Debug, thiserror::Error)]
pub enum Absent {
    #[error("no agent is running")]
    NotRunning,
    #[error("the agent is gone and left its socket behind")]
    Stale,
    #[error("the agent gave no answer within {} ms", HELLO.as_millis())]
    Silent,
    #[error("what answers at the agent's socket belongs to another user")]
    OtherUser,
    #[error("the agent speaks protocol {0}, and this program {ours}", ours = crate::PROTOCOL)]
    OtherProtocol(u32, Box<Hello>),
    #[error("the agent cannot be reached: {0}")]
    Broken(String),
}

/// What the daemon says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Hello {
    pub service: String,
    pub protocol: u32,
    pub version: String,
    pub ready: bool,
    #[serde(default)]
    pub build: String,
    #[serde(default)]
    pub pid: i32,
    /// It asks nobody outside.
    #[serde(default)]
    pub offline: bool,
    /// Where it listens on TCP as well.
    #[serde(default)]
    pub listen: Option<std::net::SocketAddr>,
}

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The connection was lost, and with it any answer.
    #[error("the agent cannot be reached: {0}")]
    Lost(#[source] Error),
    /// The daemon said no.
    #[error("{detail}")]
    Refused { status: u16, detail: String },
}

/// A connection to the daemon, made anew when it was lost.
pub struct Client {
    socket: PathBuf,
    pub hello: Hello,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    wire: Option<Wire>,
    /// Connections of this client have a run under way.
    running: bool,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("socket", &self.socket)
            .field("hello", &self.hello)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Connects and waits for a hello, for 200 ms at most.
    ///
    /// # Errors
    /// [`Absent`] says why nobody is there that can be spoken to.
    pub fn connect(socket: &Path) -> Result<Self, Absent> {
        let mut wire = Wire::open(socket, HELLO).map_err(|e| match e.kind() {
            ErrorKind::NotFound => Absent::NotRunning,
            ErrorKind::ConnectionRefused => Absent::Stale,
            ErrorKind::PermissionDenied => Absent::OtherUser,
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Absent::Silent,
            _ => Absent::Broken(e.to_string()),
        })?;
        let reply = wire.ask("GET", "/v1/hello", &[], b"", HELLO).map_err(|e| match e.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Absent::Silent,
            _ => Absent::Broken(e.to_string()),
        })?;
        let hello: Hello = serde_json::from_slice(&reply.body)
            .map_err(|_| Absent::Broken("something else answers at its socket".to_owned()))?;
        if hello.service != crate::SERVICE {
            return Err(Absent::Broken(format!("{:.50} answers at its socket", hello.service)));
        }
        if hello.protocol != crate::PROTOCOL {
            return Err(Absent::OtherProtocol(hello.protocol, Box::new(hello)));
        }
        let state = Mutex::new(State { wire: Some(wire), running: false });
        Ok(Self { socket: socket.to_owned(), hello, state })
    }

    /// Follows the daemon's events from this one on.
    ///
    /// # Errors
    /// [`ClientError::Lost`] when it does not answer.
    pub fn follow(&self, from: u64) -> Result<Follow, ClientError> {
        Follow::open(&self.socket, from, HELLO).map_err(ClientError::Lost)
    }

    /// Asks once; on a connection that was closed meanwhile, once more on a new one. `key` lets the
    /// daemon tell the second time.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Reply, ClientError> {
        let body = body.map(|b| serde_json::to_vec(b).unwrap_or_default()).unwrap_or_default();
        let mut headers = vec![("x-service-name", "ecoops")];
        if !body.is_empty() {
            headers.push(("content-type", "application/json"));
        }
        if let Some(key) = key {
            headers.push(("idempotency-key", key));
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = state.wire.is_none();
        let first = self.try_once(&mut state, method, path, &headers, &body);
        let again = matches!(&first, Err(e) if !fresh && is_closed(e));
        let answered = if again { self.try_once(&mut state, method, path, &headers, &body) } else { first };
        let reply = answered.map_err(ClientError::Lost)?;
        if reply.status < 400 {
            return Ok(reply);
        }
        let detail = serde_json::from_slice::<Value>(&reply.body).ok();
        let detail = detail.as_ref().and_then(|d| d.get("detail").or_else(|| d.pointer("/error/message")));
        let detail = detail.and_then(Value::as_str).unwrap_or("it gave no reason").to_owned();
        Err(ClientError::Refused { status: reply.status, detail })
    }

    fn try_once(
        &self,
        state: &mut State,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Reply, Error> {
        let mut wire = match state.wire.take() {
            Some(wire) => wire,
            None => {
                let mut wire = Wire::open(&self.socket, HELLO)?;
                if state.running {
                    wire.ask("POST", "/v1/runs", &[], b"", HELLO)?;
                }
                wire
            }
        };
        let reply = wire.ask(method, path, headers, body, ANSWER)?;
        if reply.keep {
            state.wire = Some(wire);
        }
        Ok(reply)
    }

    /// Tells the daemon that a run is under way, until this client is dropped.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn begin_run(&self) -> Result<(), ClientError> {
        self.ask("POST", "/v1/runs", None, None)?;
        self.state.lock().unwrap_or_else(PoisonError::into_inner).running = true;
        Ok(())
    }

    /// Asks the daemon to stop: now, or only when no run is under way.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with 409 when a run is.
    pub fn stop(&self, only_idle: bool) -> Result<(), ClientError> {
        let when = if only_idle { "idle" } else { "now" };
        self.ask("POST", "/v1/agent/stop", None, Some(&serde_json::json!({ "when": when }))).map(drop)
    }
}

/// The daemon closed the connection before it answered: it restarted, or the connection was idle for long.
fn is_closed(error: &Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionReset, NotConnected, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionReset | NotConnected | UnexpectedEof)
}

/// What whoever asks for an entry signs: its leaf data as the log will have it, without who asked.
///
/// # Errors
/// When the entry cannot be written as JSON.
pub fn message(entry: &AuditEntry) -> Result<Vec<u8>, serde_json::Error> {
    entry::encode(&AuditEntry { asked: None, signer: "agent".to_owned(), ..entry.clone() })
}
