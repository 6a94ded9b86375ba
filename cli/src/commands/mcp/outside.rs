//! Tools of other servers: which there are, what they offer, and calling one. A server is used when the user
//! named it in the settings; a call is made when the user says so, there or here.

use crate::app::{App, Output};
use crate::exit::{Exit, Failure};
use crate::ui::harmless;
use crate::{host, open};
use ecoops_agent::mcp::client::{Address, Client, ClientError, Program, Tool};
use ecoops_core::domain::{AuditEntry, AuditResult};
use ecoops_core::engines::redact::Redactor;
use ecoops_core::ports::audit_log::AuditLog;
use ecoops_core::ports::host::{Host, identifiers};
use serde_json::{Map, Value, json};
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

/// Characters of a description in a list.
const SHORT: usize = 160;

/// The servers of the settings.
pub fn list(app: &App) -> Result<Exit, Failure> {
    let servers = &app.settings().mcp.servers;
    if matches!(app.output, Output::Json | Output::Jsonl) {
        let all: Vec<Value> = servers
            .iter()
            .map(|(name, words)| json!({ "name": name, "over": over(words), "address": shown(words) }))
            .collect();
        app.ui.result(&Value::from(all).to_string());
    } else {
        for (name, words) in servers {
            app.ui.result(&harmless(&format!("{name:<20}  {:<5}  {}", over(words), shown(words)), false));
        }
    }
    if servers.is_empty() {
        app.ui.note(
            "0 servers; name one in the user's settings: `[mcp.servers]`, see `ecoops config defaults`",
        );
        return Ok(Exit::Nothing);
    }
    Ok(Exit::Clean)
}

fn is_address(words: &[String]) -> bool {
    words.first().is_some_and(|word| word.starts_with("http://") || word.starts_with("https://"))
}

fn over(words: &[String]) -> &'static str {
    if is_address(words) { "http" } else { "stdio" }
}

/// Without what could be a credential in an address.
fn shown(words: &[String]) -> String {
    match words.first() {
        Some(url) if is_address(words) => ecoops_plugins::http::public_url(url),
        _ => words.join(" "),
    }
}

fn failed(name: &str, error: &ClientError, redactor: &Redactor) -> Failure {
    let why = redactor.redact(&error.to_string()).text;
    Failure::new(format!("the MCP server `{name}` cannot be used")).because_of(harmless(&why, true))
}

/// Starts or reaches a server of the settings.
fn connect(app: &App, name: &str, redactor: &Redactor) -> Result<Client<'static>, Failure> {
    let settings = &app.settings().mcp;
    let words = settings.servers.get(name).ok_or_else(|| {
        Failure::new(format!("there is no MCP server `{name}` in the settings")).next("see `ecoops mcp list`")
    })?;
    let named = settings.variables.get(name).map(Vec::as_slice).unwrap_or_default();
    let patience = Duration::from_secs(settings.deadline);
    let client = if is_address(words) {
        let url = words.first().cloned().unwrap_or_default();
        // The credential's name, never the credential.
        let token = words.get(1).map(|name| crate::credentials::text(app, name)).transpose()?.flatten();
        Client::connect(Address { url, token }, patience, None)
    } else {
        let variables = named.iter().map(String::as_str).chain(["PATH"]);
        let variables =
            variables.filter_map(|v| Some((v.to_owned(), OsString::from(host::var(v)?)))).collect();
        let program = Program { command: words.clone(), variables, folder: app.here.clone() };
        Client::start(&program, patience, None)
    };
    client.map_err(|e| failed(name, &e, redactor))
}

/// What a server offers.
pub fn tools(app: &App, name: &str) -> Result<Exit, Failure> {
    let redactor = open::redactor(app)?;
    let mut client = connect(app, name, &redactor)?;
    let tools = client.tools().map_err(|e| failed(name, &e, &redactor))?;
    let unasked = |tool: &Tool| may_go(app, name, tool);
    if matches!(app.output, Output::Json | Output::Jsonl) {
        let all: Vec<Value> = tools
            .iter()
            .map(|tool| {
                json!({
                    "name": tool.name, "title": tool.title, "description": redactor.redact(&tool.description).text,
                    "read_only": tool.read_only, "unasked": unasked(tool), "input": tool.input,
                })
            })
            .collect();
        app.ui.result(&Value::from(all).to_string());
    } else {
        for tool in &tools {
            let kind = if tool.read_only { "reads" } else { "acts" };
            let text = redactor.redact(tool.description.lines().next().unwrap_or_default()).text;
            let text: String = text.chars().take(SHORT).collect();
            app.ui.result(&harmless(&format!("{kind:<5}  {:<32}  {text}", tool.name), false));
        }
    }
    Ok(if tools.is_empty() { Exit::Nothing } else { Exit::Clean })
}

/// Whether a tool is called without asking: the server says that it only reads, and the settings allow it.
fn may_go(app: &App, name: &str, tool: &Tool) -> bool {
    let allowed = app.settings().mcp.unasked.get(name);
    tool.read_only && allowed.is_some_and(|all| all.iter().any(|one| *one == tool.name || one == "*"))
}

/// One call.
#[derive(Debug)]
pub struct Call {
    pub server: String,
    pub tool: String,
    pub arguments: Map<String, Value>,
    /// The user said so on the command line.
    pub approved: bool,
}

/// `key=value` words, or one JSON object.
///
/// # Errors
/// What is neither.
pub fn arguments(words: &[String]) -> Result<Map<String, Value>, Failure> {
    if let [one] = words
        && one.trim_start().starts_with('{')
    {
        return serde_json::from_str(one)
            .map_err(|e| Failure::new("the arguments are no JSON object").because(&e));
    }
    let pair = |word: &String| {
        let (key, value) = word.split_once('=').ok_or_else(|| {
            Failure::new(format!("`{word}` is no argument")).next("write KEY=VALUE, or one JSON object")
        })?;
        // What is JSON is meant so: numbers, true and false, lists.
        let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        Ok((key.to_owned(), value))
    };
    words.iter().map(pair).collect()
}

pub fn call(app: &App, call: &Call) -> Result<Exit, Failure> {
    let redactor = open::redactor(app)?;
    let mut client = connect(app, &call.server, &redactor)?;
    let offered = client.tools().map_err(|e| failed(&call.server, &e, &redactor))?;
    let tool = offered.iter().find(|tool| tool.name == call.tool).ok_or_else(|| {
        Failure::new(format!("`{}` has no tool `{}`", call.server, call.tool))
            .next(format!("see `ecoops mcp tools {}`", call.server))
    })?;
    let approval = match (call.approved, may_go(app, &call.server, tool)) {
        (true, _) => "--yes",
        (false, true) => "settings",
        (false, false) => confirm(app, call, tool).map(|()| "asked")?,
    };
    // What could not be recorded is not done.
    let record = Record::open(app)?;
    let outcome = client.call(&call.tool, &call.arguments);
    let well = outcome.as_ref().is_ok_and(|result| result["isError"] != true);
    record.keep(call, approval, well)?;
    let result = outcome.map_err(|e| failed(&call.server, &e, &redactor))?;
    show(app, &result, &redactor);
    Ok(if result["isError"] == true { Exit::Remaining } else { Exit::Clean })
}

/// Where a call is recorded, by whom.
struct Record {
    audit: Box<dyn AuditLog>,
    actor: String,
    host: Arc<dyn Host>,
}

impl Record {
    fn open(app: &App) -> Result<Self, Failure> {
        let (audit, host) = (open::audit_log(app)?, open::host()?);
        let identity = open::identity(app, host.clone())?;
        let actor = identity
            .login(60)
            .and_then(|token| identity.verify(&token))
            .map_err(|e| Failure::new("it cannot be told who calls").because(&e))?;
        Ok(Self { audit, actor: actor.id, host })
    }

    /// Arguments are not kept: they may hold what no record should.
    fn keep(&self, call: &Call, approval: &str, well: bool) -> Result<(), Failure> {
        let failed = |e: &dyn std::error::Error| Failure::new("the call cannot be recorded").because(e);
        let identifiers = identifiers(self.host.as_ref()).map_err(|e| failed(&e))?;
        let details = json!({ "approval": approval, "arguments": call.arguments.len() });
        let resource = format!("{}/{}", call.server, call.tool);
        let entry = AuditEntry {
            timestamp: self.host.now().to_string(),
            trace_id: identifiers.trace_id(self.host.now()),
            run: String::new(),
            actor: self.actor.clone(),
            action: "call-tool".to_owned(),
            urn: format!("urn:ecoops:tool:{resource}"),
            resource,
            result: if well { AuditResult::Success } else { AuditResult::Failure },
            policy: None,
            content_hash: None,
            uri: String::new(),
            signer: "self".to_owned(),
            asked: None,
            details: details.as_object().cloned(),
        };
        self.audit.append(&[entry]).map(drop).map_err(|e| failed(&e))
    }
}

fn confirm(app: &App, call: &Call, tool: &Tool) -> Result<(), Failure> {
    let what = if tool.read_only { "which says that it only reads" } else { "which may change something" };
    let given = Value::Object(call.arguments.clone());
    let question =
        harmless(&format!("Call {} of {}, {what}, with {given}? [y/N]", call.tool, call.server), false);
    match app.ui.ask(&question).as_deref() {
        Some("y" | "Y" | "yes") => Ok(()),
        Some(_) => Err(Failure::new("the tool was not called").exit(Exit::ApprovalRequired)),
        None => Err(Failure::new(format!("calling `{}` needs your approval", call.tool))
            .next("add --yes, or allow it in the settings: `[mcp.unasked]`")
            .exit(Exit::ApprovalRequired)),
    }
}

/// What a tool said: cut to the agreed size, without secrets, and unable to drive a terminal.
fn show(app: &App, result: &Value, redactor: &Redactor) {
    let most = usize::try_from(app.settings().mcp.max_output).unwrap_or(usize::MAX);
    let text = match app.output {
        Output::Json | Output::Jsonl => {
            let mut whole = result.clone();
            redactor.redact_all(&mut whole);
            let text = whole.to_string();
            if text.len() <= most {
                app.ui.result(&text);
                return;
            }
            let (start, _) = cut(&text, most);
            let cut = json!({ "isError": whole["isError"], "truncated": true, "bytes": text.len(), "start": start });
            app.ui.result(&cut.to_string());
            return;
        }
        _ => said(result),
    };
    let text = redactor.redact(&text).text;
    let (start, left) = cut(&text, most);
    app.ui.result(&harmless(start, true));
    if left > 0 {
        app.ui.always(&format!("note: {left} more bytes were cut off (mcp.max_output)"));
    }
}

/// The texts of a result; of what is no text, its kind.
fn said(result: &Value) -> String {
    let one = |part: &Value| match part["text"].as_str() {
        Some(text) => text.to_owned(),
        None => format!("[{}]", part["type"].as_str().unwrap_or("something")),
    };
    result["content"].as_array().into_iter().flatten().map(one).collect::<Vec<_>>().join("\n")
}

/// The beginning that fits, and how many bytes are left out.
fn cut(text: &str, most: usize) -> (&str, usize) {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (text.get(..end).unwrap_or_default(), text.len() - end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_words_or_one_object() {
        let of = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            arguments(&words).ok().map(Value::Object)
        };
        for (words, expected) in [
            (
                &["a=1", "b=x y", "c=true", "d=", "e=a=b"][..],
                Some(json!({ "a": 1, "b": "x y", "c": true, "d": "", "e": "a=b" })),
            ),
            (&[r#"{"a": [1]}"#], Some(json!({ "a": [1] }))),
            (&[], Some(json!({}))),
            (&["a"], None),
            (&["{"], None),
        ] {
            assert_eq!(of(words), expected, "{words:?}");
        }
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut("aéb", 2), ("a", 3));
        assert_eq!(cut("aéb", 9), ("aéb", 0));
        assert_eq!(
            said(&json!({ "content": [{ "type": "text", "text": "a" }, { "type": "image" }] })),
            "a\n[image]"
        );
        assert_eq!(said(&json!(7)), "");
    }
}
