//! JSON-RPC 2.0 as the Model Context Protocol uses it: one message each time, no batches.
//!
//! Reads what came from outside into one of three kinds; never panics on it, never acts on it.

use serde_json::{Map, Value, json};

/// How deep the reader of JSON goes is serde_json's own bound; how long a message may be is this, in bytes.
pub const LONGEST: usize = 4 << 20;

/// The id of a request: a text or a whole number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Id {
    Number(i64),
    Text(String),
}

impl Id {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) if text.len() <= 1024 => Some(Self::Text(text.clone())),
            Value::Number(number) => number.as_i64().map(Self::Number),
            _ => None,
        }
    }

    pub fn json(&self) -> Value {
        match self {
            Self::Number(number) => json!(number),
            Self::Text(text) => json!(text),
        }
    }
}

/// What went wrong with a request, as JSON-RPC says it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    pub code: i64,
    pub message: String,
    pub data: Option<Value>,
}

impl Failure {
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    pub fn parse(message: impl Into<String>) -> Self {
        Self::new(-32700, message)
    }

    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(-32600, message)
    }

    pub fn no_such_method(method: &str) -> Self {
        Self::new(-32601, format!("there is no method `{method:.100}`"))
    }

    pub fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(-32602, message)
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(-32603, message)
    }

    /// A resource that is not there.
    pub fn no_such_resource(uri: &str) -> Self {
        Self { data: Some(json!({ "uri": uri })), ..Self::new(-32002, "there is no such resource") }
    }

    /// Of the protocol's users: too much at once, told to stop, not permitted.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(-32000, message)
    }

    fn json(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(data) = &self.data {
            error["data"] = data.clone();
        }
        error
    }
}

/// One message from the other side.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    Request { id: Id, method: String, params: Map<String, Value> },
    Notification { method: String, params: Map<String, Value> },
    Response { id: Id, outcome: Result<Value, Value> },
}

impl Message {
    /// # Errors
    /// The failure that is the answer, and the id that it answers where one can be told.
    pub fn read(bytes: &[u8]) -> Result<Self, (Option<Id>, Failure)> {
        if bytes.len() > LONGEST {
            return Err((
                None,
                Failure::invalid_request(format!("the message has more than {LONGEST} bytes")),
            ));
        }
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|e| (None, Failure::parse(format!("the message is no JSON: {e}"))))?;
        Self::of(value)
    }

    /// # Errors
    /// As [`Message::read`].
    pub fn of(value: Value) -> Result<Self, (Option<Id>, Failure)> {
        let wrong = |id: Option<Id>, why: &str| Err((id, Failure::invalid_request(why)));
        let Value::Object(mut fields) = value else {
            return wrong(None, "the message is no object (batches are not taken)");
        };
        let id = fields.get("id").and_then(Id::of);
        if fields.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            return wrong(id, "`jsonrpc` must be \"2.0\"");
        }
        if fields.contains_key("id") && id.is_none() {
            return wrong(None, "`id` must be a text or a whole number");
        }
        match (fields.remove("method"), id) {
            (Some(Value::String(method)), id) => {
                let params = match fields.remove("params") {
                    None | Some(Value::Null) => Map::new(),
                    Some(Value::Object(params)) => params,
                    Some(_) => return Err((id, Failure::invalid_params("`params` must be an object"))),
                };
                Ok(match id {
                    Some(id) => Self::Request { id, method, params },
                    None => Self::Notification { method, params },
                })
            }
            (Some(_), id) => wrong(id, "`method` must be a text"),
            (None, Some(id)) => match (fields.remove("result"), fields.remove("error")) {
                (Some(result), None) => Ok(Self::Response { id, outcome: Ok(result) }),
                (None, Some(error)) => Ok(Self::Response { id, outcome: Err(error) }),
                _ => wrong(Some(id), "a response has either `result` or `error`"),
            },
            (None, None) => wrong(None, "the message is neither request, notification nor response"),
        }
    }
}

pub fn request(id: &Id, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id.json(), "method": method, "params": params })
}

pub fn notification(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

/// The answer to a request; without an id when it could not be told.
pub fn response(id: Option<&Id>, outcome: Result<Value, Failure>) -> Value {
    let id = id.map_or(Value::Null, Id::json);
    match outcome {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(failure) => json!({ "jsonrpc": "2.0", "id": id, "error": failure.json() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_message_is_answered_with_the_code_for_it() {
        for (text, code, id) in [
            ("", -32700, None),
            ("{", -32700, None),
            ("\u{0}", -32700, None),
            ("[]", -32600, None),
            (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600, None),
            ("7", -32600, None),
            (r#"{"id":1,"method":"ping"}"#, -32600, Some(Id::Number(1))),
            (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32600, Some(Id::Number(1))),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600, None),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, -32600, None),
            (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, -32600, None),
            (r#"{"jsonrpc":"2.0","id":"a","method":7}"#, -32600, Some(Id::Text("a".into()))),
            (r#"{"jsonrpc":"2.0","id":"a","method":"ping","params":[]}"#, -32602, Some(Id::Text("a".into()))),
            (r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#, -32600, Some(Id::Number(1))),
            (r#"{"jsonrpc":"2.0","id":1}"#, -32600, Some(Id::Number(1))),
            (r#"{"jsonrpc":"2.0"}"#, -32600, None),
        ] {
            let (told, failure) = Message::read(text.as_bytes()).unwrap_err();
            assert_eq!((failure.code, told), (code, id), "{text}");
        }
        let long = vec![b' '; LONGEST + 1];
        assert_eq!(Message::read(&long).unwrap_err().1.code, -32600);
        let deep = "[".repeat(100_000);
        assert_eq!(Message::read(deep.as_bytes()).unwrap_err().1.code, -32700);
    }

    #[test]
    fn the_three_kinds_are_told_apart() {
        let read = |text: &str| Message::read(text.as_bytes()).unwrap();
        assert_eq!(
            read(r#"{"jsonrpc":"2.0","id":"x","method":"ping"}"#),
            Message::Request { id: Id::Text("x".into()), method: "ping".into(), params: Map::new() }
        );
        assert_eq!(
            read(r#"{"jsonrpc":"2.0","method":"notifications/initialized","params":null}"#),
            Message::Notification { method: "notifications/initialized".into(), params: Map::new() }
        );
        assert_eq!(
            read(r#"{"jsonrpc":"2.0","id":3,"error":{"code":1}}"#),
            Message::Response { id: Id::Number(3), outcome: Err(json!({ "code": 1 })) }
        );
    }
}
