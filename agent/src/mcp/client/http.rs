//! A server over streamable HTTP, by the one HTTP client of all adapters.

use super::sse::Events;
use super::{ClientError, Line, answers};
use ecoops_plugins::http::{Client, HttpError, Limits, Request, Server, Stream};
use serde_json::Value;
use std::io::Read;
use std::time::{Duration, Instant};

/// Bytes of one answer.
const MOST: u64 = 16 << 20;
/// How often one request's stream is taken up again.
const MOST_RESUMED: usize = 20;
/// How long to stay away when the server names no time, and at most.
const AWAY: Duration = Duration::from_secs(1);
const LONGEST_AWAY: Duration = Duration::from_secs(30);

/// Where a server is.
#[derive(Debug, Clone, Default)]
pub struct Address {
    /// `https://…`; `http://` for this machine.
    pub url: String,
    pub token: Option<String>,
    pub offline: bool,
}

pub struct Http {
    client: Client,
    path: String,
    session: Option<String>,
    version: Option<String>,
}

fn unreachable(error: HttpError) -> ClientError {
    ClientError::Unreachable(error.to_string())
}

impl Http {
    pub fn new(address: Address, patience: Duration) -> Result<Self, ClientError> {
        let (scheme, rest) = address.url.split_once("://").unwrap_or(("", &address.url));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let server = Server {
            url: format!("{scheme}://{authority}"),
            token: address.token,
            offline: address.offline,
            limits: Limits { request: patience, whole: patience, answer: MOST, tries: 1 },
            ..Server::default()
        };
        let client = Client::new(server).map_err(unreachable)?;
        let path = if path.is_empty() { "/".to_owned() } else { path.to_owned() };
        Ok(Self { client, path, session: None, version: None })
    }

    fn dressed<'a>(&'a self, request: Request<'a>, until: Instant) -> Request<'a> {
        let mut request = request.within(until.saturating_duration_since(Instant::now()));
        if let Some(session) = &self.session {
            request = request.header("Mcp-Session-Id", session);
        }
        match &self.version {
            Some(version) => request.header("MCP-Protocol-Version", version),
            None => request,
        }
    }

    fn post(&self, message: &Value, until: Instant) -> Result<Stream, ClientError> {
        let request = self.client.post(&self.path).json(message);
        let request = request.header("Accept", "application/json, text/event-stream");
        let stream = self.dressed(request, until).stream().map_err(unreachable)?;
        check(stream)
    }

    /// Takes a stream up again after the event that was seen last.
    fn resume(&self, last: &str, until: Instant) -> Result<Stream, ClientError> {
        let request =
            self.client.get(&self.path).header("Accept", "text/event-stream").header("Last-Event-ID", last);
        let stream = self.dressed(request, until).stream().map_err(unreachable)?;
        check(stream)
    }

    /// Reads a stream until the answer comes, taking it up again where it breaks off.
    fn follow(
        &self,
        stream: Stream,
        request: &Value,
        until: Instant,
        other: &mut dyn FnMut(Value) -> Option<Value>,
    ) -> Result<Value, ClientError> {
        let begin = Instant::now();
        let mut events = Events::new(stream.reader);
        for _ in 0..MOST_RESUMED {
            while let Ok(Some(event)) = events.next() {
                if event.data.trim().is_empty() {
                    continue;
                }
                let message: Value = serde_json::from_str(&event.data)
                    .map_err(|e| ClientError::Protocol(format!("an event is no message: {e}")))?;
                if answers(&message, request) {
                    return Ok(message);
                }
                if let Some(answer) = other(message) {
                    self.post(&answer, until)?;
                }
            }
            let away = events.retry.unwrap_or(AWAY).min(LONGEST_AWAY);
            let Some(last) = events.last.clone() else {
                return Err(ClientError::Ended("its stream broke off without an answer".into()));
            };
            if Instant::now() + away >= until {
                return Err(ClientError::Late(begin.elapsed().as_secs()));
            }
            std::thread::sleep(away);
            let retry = events.retry;
            events = Events::new(self.resume(&last, until)?.reader);
            (events.last, events.retry) = (Some(last), retry);
        }
        Err(ClientError::Protocol("its stream breaks off again and again".into()))
    }
}

fn check(mut stream: Stream) -> Result<Stream, ClientError> {
    match stream.status {
        200..=299 => Ok(stream),
        401 | 403 => {
            Err(ClientError::Refused(format!("it lets nobody in without its token (HTTP {})", stream.status)))
        }
        404 => Err(ClientError::Ended("there is no such session or address (HTTP 404)".into())),
        status => {
            let mut said = String::new();
            let _ = stream.reader.by_ref().take(500).read_to_string(&mut said);
            Err(ClientError::Refused(format!("HTTP {status}: {}", said.trim())))
        }
    }
}

impl Line for Http {
    fn ask(
        &mut self,
        request: &Value,
        until: Instant,
        other: &mut dyn FnMut(Value) -> Option<Value>,
    ) -> Result<Value, ClientError> {
        let mut stream = self.post(request, until)?;
        if self.session.is_none() {
            let plain = |name: &&str| name.len() <= 1024 && name.bytes().all(|b| (0x21..=0x7e).contains(&b));
            self.session = stream.header("mcp-session-id").filter(plain).map(str::to_owned);
        }
        let kind = stream.header("content-type").unwrap_or_default().to_ascii_lowercase();
        if kind.starts_with("text/event-stream") {
            return self.follow(stream, request, until, other);
        }
        let mut body = Vec::new();
        stream.reader.read_to_end(&mut body).map_err(|e| ClientError::Unreachable(e.to_string()))?;
        let message: Value = serde_json::from_slice(&body)
            .map_err(|e| ClientError::Protocol(format!("the answer is no message: {e}")))?;
        match answers(&message, request) {
            true => Ok(message),
            false => Err(ClientError::Protocol("the answer is to another request".into())),
        }
    }

    fn tell(&mut self, message: &Value, until: Instant) -> Result<(), ClientError> {
        self.post(message, until).map(drop)
    }

    fn agreed(&mut self, version: &str) {
        self.version = Some(version.to_owned());
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        if self.session.is_some() {
            let request = self.client.delete(&self.path);
            // A server that keeps its sessions forgets them by itself.
            let _ = self.dressed(request, Instant::now() + Duration::from_secs(2)).once().send();
        }
    }
}
