//! The other side: tools of servers that the user named. Blocking, one request at a time.
//!
//! What a server says is data: its descriptions and answers are shown, cut and redacted by whoever asked, and
//! never followed. A server gets nothing but the arguments of a call; it is told that we have no model, no
//! folders and, unless somebody is there to answer, no questions.

mod http;
mod process;
mod sse;

pub use http::Address;
pub use process::Program;

use super::message::{self, Id, Message};
use super::{Failure, VERSIONS};
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};

/// Pages of tools that are read; a server that goes on after them is cut.
const MOST_PAGES: usize = 20;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    #[error("the server cannot be started: {0}")]
    NotStarted(String),
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    #[error("the server ended: {0}")]
    Ended(String),
    #[error("the server gave no answer within {0} s")]
    Late(u64),
    #[error("the server does not keep to the protocol: {0}")]
    Protocol(String),
    #[error("the server refused: {0}")]
    Refused(String),
}

/// What a question of a server's is answered with; `None` declines it.
pub type Elicit<'a> = dyn FnMut(&str, &Value) -> Option<Value> + Send + 'a;

/// How messages go to a server and come from it.
trait Line: Send {
    /// Sends a request and gives its answer. Whatever else comes meanwhile goes to `other`, whose answer is sent.
    fn ask(
        &mut self,
        request: &Value,
        until: Instant,
        other: &mut dyn FnMut(Value) -> Option<Value>,
    ) -> Result<Value, ClientError>;

    /// Sends what needs no answer.
    fn tell(&mut self, message: &Value, until: Instant) -> Result<(), ClientError>;

    /// What was agreed on goes with every further message, where the transport has a place for it.
    fn agreed(&mut self, _version: &str) {}

    /// The greeting is over: from now on the server may ask by itself.
    fn greeted(&mut self) {}
}

/// A server that was greeted.
pub struct Client<'a> {
    line: Box<dyn Line>,
    elicit: Option<Box<Elicit<'a>>>,
    asked: i64,
    patience: Duration,
    /// As the server says it.
    pub server: Value,
    pub version: String,
}

impl std::fmt::Debug for Client<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("server", &self.server).finish_non_exhaustive()
    }
}

/// A tool of a server's, as it describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    pub name: String,
    pub title: Option<String>,
    pub description: String,
    /// The server says that it changes nothing; nobody vouches for that.
    pub read_only: bool,
    pub input: Value,
}

impl<'a> Client<'a> {
    /// Starts a program and greets it. Every request may take `patience`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn start(
        program: &Program,
        patience: Duration,
        elicit: Option<Box<Elicit<'a>>>,
    ) -> Result<Self, ClientError> {
        Self::greet(Box::new(process::Process::start(program)?), patience, elicit)
    }

    /// Greets a server over HTTP.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn connect(
        address: Address,
        patience: Duration,
        elicit: Option<Box<Elicit<'a>>>,
    ) -> Result<Self, ClientError> {
        let line = http::Http::new(address, patience, elicit.is_some())?;
        Self::greet(Box::new(line), patience, elicit)
    }

    fn greet(
        line: Box<dyn Line>,
        patience: Duration,
        elicit: Option<Box<Elicit<'a>>>,
    ) -> Result<Self, ClientError> {
        let mut client =
            Self { line, elicit, asked: 0, patience, server: Value::Null, version: VERSIONS[0].to_owned() };
        let capabilities = if client.elicit.is_some() { json!({ "elicitation": {} }) } else { json!({}) };
        let greeting = json!({
            "protocolVersion": VERSIONS[0], "capabilities": capabilities,
            "clientInfo": { "name": "ecoops", "version": env!("CARGO_PKG_VERSION") },
        });
        let hello = client.request("initialize", greeting)?;
        let version = hello["protocolVersion"].as_str().unwrap_or_default();
        if !VERSIONS.contains(&version) {
            return Err(ClientError::Protocol(format!(
                "it speaks revision `{version:.40}`, which is not known here"
            )));
        }
        client.version = version.to_owned();
        client.line.agreed(version);
        client.server = hello["serverInfo"].clone();
        let until = Instant::now() + patience;
        client.line.tell(&message::notification("notifications/initialized", json!({})), until)?;
        client.line.greeted();
        Ok(client)
    }

    /// # Errors
    /// [`ClientError`].
    pub fn tools(&mut self) -> Result<Vec<Tool>, ClientError> {
        let (mut all, mut cursor) = (Vec::new(), Value::Null);
        for _ in 0..MOST_PAGES {
            let params = if cursor.is_null() { json!({}) } else { json!({ "cursor": cursor }) };
            let page = self.request("tools/list", params)?;
            let tools = page["tools"].as_array();
            let tools = tools.ok_or_else(|| ClientError::Protocol("`tools/list` gives no tools".into()))?;
            all.extend(tools.iter().filter_map(tool));
            cursor = page["nextCursor"].clone();
            if cursor.is_null() {
                break;
            }
        }
        Ok(all)
    }

    /// The whole result; a tool that failed says so in it (`isError`).
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn call(&mut self, tool: &str, arguments: &Map<String, Value>) -> Result<Value, ClientError> {
        self.request("tools/call", json!({ "name": tool, "arguments": arguments }))
    }

    fn request(&mut self, method: &str, params: Value) -> Result<Value, ClientError> {
        self.asked += 1;
        let id = Id::Number(self.asked);
        let until = Instant::now() + self.patience;
        let request = message::request(&id, method, params);
        let elicit = &mut self.elicit;
        let answer = self.line.ask(&request, until, &mut |message| other(message, elicit));
        if matches!(answer, Err(ClientError::Late(_))) {
            let params = json!({ "requestId": id.json(), "reason": "it took too long" });
            let told = message::notification("notifications/cancelled", params);
            let _ = self.line.tell(&told, Instant::now() + Duration::from_secs(1));
        }
        match Message::of(answer?) {
            Ok(Message::Response { outcome: Ok(result), .. }) => Ok(result),
            Ok(Message::Response { outcome: Err(error), .. }) => {
                let said = error["message"].as_str().unwrap_or("it gave no reason");
                Err(ClientError::Refused(said.chars().take(2000).collect()))
            }
            _ => Err(ClientError::Protocol("an answer is no response".into())),
        }
    }
}

fn tool(value: &Value) -> Option<Tool> {
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    Some(Tool {
        name: text("name").filter(|name| !name.is_empty())?,
        title: text("title"),
        description: text("description").unwrap_or_default(),
        read_only: value["annotations"]["readOnlyHint"] == true,
        input: value["inputSchema"].clone(),
    })
}

/// Answers what a server asks of us meanwhile; what it merely tells is passed over.
fn other<'a>(message: Value, elicit: &mut Option<Box<Elicit<'a>>>) -> Option<Value> {
    let Ok(Message::Request { id, method, params }) = Message::of(message) else { return None };
    let outcome = match (method.as_str(), elicit) {
        ("ping", _) => Ok(json!({})),
        ("elicitation/create", Some(elicit)) => {
            let question = params.get("message").and_then(Value::as_str).unwrap_or_default();
            let schema = params.get("requestedSchema").cloned().unwrap_or_default();
            Ok(match elicit(question, &schema) {
                Some(content) => json!({ "action": "accept", "content": content }),
                None => json!({ "action": "decline" }),
            })
        }
        (method, _) => Err(Failure::no_such_method(method)),
    };
    Some(message::response(Some(&id), outcome))
}

/// The defaults of a question's fields.
pub fn defaults(schema: &Value) -> Value {
    let fields = schema["properties"].as_object().into_iter().flatten();
    fields.filter_map(|(name, field)| Some((name.clone(), field.get("default")?.clone()))).collect()
}

/// Whether this is the answer to a request, which was ours.
fn answers(message: &Value, request: &Value) -> bool {
    message.get("method").is_none() && message.get("id") == request.get("id")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_learns_nothing_by_asking() {
        let ask = |method: &str| json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": {} });
        for method in ["sampling/createMessage", "roots/list", "elicitation/create", "tools/call"] {
            let answer = other(ask(method), &mut None).unwrap();
            assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(7), &json!(-32601)), "{method}");
        }
        assert_eq!(other(ask("ping"), &mut None).unwrap()["result"], json!({}));
        let told = json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": {} });
        assert_eq!(other(told, &mut None), None);
        let mut no: Option<Box<Elicit<'_>>> = Some(Box::new(|_, _| None));
        assert_eq!(other(ask("elicitation/create"), &mut no).unwrap()["result"]["action"], "decline");
    }

    #[test]
    fn defaults_are_what_the_fields_say() {
        let schema = json!({ "properties": { "a": { "default": 1 }, "b": {}, "c": { "default": false } } });
        assert_eq!(defaults(&schema), json!({ "a": 1, "c": false }));
        assert_eq!(defaults(&Value::Null), json!({}));
    }

    #[test]
    fn a_tool_is_read_only_when_the_server_says_just_that() {
        let read = |hint: Value| {
            tool(&json!({ "name": "t", "annotations": { "readOnlyHint": hint } })).unwrap().read_only
        };
        assert_eq!((read(json!(true)), read(json!("true")), read(json!(null))), (true, false, false));
        assert_eq!(tool(&json!({ "title": "without a name" })), None);
    }
}
