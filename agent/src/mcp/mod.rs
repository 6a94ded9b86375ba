//! The Model Context Protocol (revision 2025-11-25), by which editors and other agents use this program.
//!
//! The protocol is our own small implementation and not the `rmcp` crate: that brings an actor runtime, a
//! session manager and schema derivation of its own (some sixty crates more to build) beside the HTTP stack,
//! limits, tokens and rules about browsers that the daemon has already, and every request would have to pass
//! both. What a server needs of the protocol is here in about a thousand lines without a runtime, and the
//! official conformance suite runs against it (`tests/tests/mcp_conformance.rs`).
//!
//! `session` knows the protocol and no transport; `stdio` and `http` are the two transports; `tools` is what
//! this program offers. Text that tools give out comes from repositories, logs and people: it is data, it
//! passes the redactor, and nothing here ever follows it.

pub mod client;
mod context;
pub mod http;
mod message;
mod session;
pub mod stdio;
pub mod tools;

pub use context::{Context, Rights};
pub use message::Failure;
pub use session::Level;

use serde_json::{Map, Value};

/// The revisions that are spoken, the preferred one first.
pub const VERSIONS: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];

/// What a server says of itself.
#[derive(Debug, Clone, Default)]
pub struct About {
    pub name: &'static str,
    pub title: Option<&'static str>,
    pub version: &'static str,
    /// What is offered, as `initialize` says it.
    pub capabilities: Value,
    /// For the model that uses the server.
    pub instructions: Option<String>,
}

/// What a server offers behind the protocol.
pub trait Service: Send + Sync {
    fn about(&self) -> About;

    /// Answers a request that is not the protocol's own: `tools/…`, `resources/…`, `prompts/…`,
    /// `completion/…`. May block, for as long as the context lets it.
    ///
    /// # Errors
    /// [`Failure`] for what cannot be asked; a tool that fails is a result that says so.
    fn answer(&self, method: &str, params: &Map<String, Value>, context: &Context) -> Result<Value, Failure>;
}
