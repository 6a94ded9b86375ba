//! A server over streamable HTTP, by the one HTTP client of all adapters.

use super::sse::Events;
use super::{ClientError, Line, answers};
use ecoops_plugins::http::{Client, HttpError, Limits, Request, Server, Stream};
use serde_json::Value;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// Bytes of one answer.
const MOST: u64 = 16 << 20;
/// How often one request's stream is taken up again.
const MOST_RESUMED: usize = 20;
/// How long to stay away when the server names no time, and at most.
const AWAY: Duration = Duration::from_secs(1);
const LONGEST_AWAY: Duration = Duration::from_secs(30);
/// How long a stream that listens may take to open before calls are made beside it.
const OPENS: Duration = Duration::from_secs(1);
/// How long a server may take to say who gives out its tokens.
const METADATA: Duration = Duration::from_secs(5);
/// How long one request listens for what answers nothing.
const LISTEN: Duration = Duration::from_secs(300);

/// Where a server is.
#[derive(Debug, Clone, Default)]
pub struct Address {
    /// `https://…`; `http://` for this machine.
    pub url: String,
    pub token: Option<String>,
}

/// Where requests go, and how they are dressed; shared with those who listen.
#[derive(Clone)]
struct Way {
    client: Arc<Client>,
    path: String,
    session: Option<String>,
    version: Option<String>,
}

pub struct Http {
    way: Way,
    /// Questions may come that answer nothing: somebody listens for them.
    listens: bool,
    give: Sender<Result<Value, ClientError>>,
    take: Receiver<Result<Value, ClientError>>,
    closed: Arc<AtomicBool>,
}

fn unreachable(error: HttpError) -> ClientError {
    ClientError::Unreachable(error.to_string())
}

impl Way {
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
        self.check(stream)
    }

    /// Takes a stream up again after the event that was seen last; without one listens to what answers nothing.
    fn listen(&self, last: Option<&str>, until: Instant) -> Result<Stream, ClientError> {
        let mut request = self.client.get(&self.path).header("Accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let stream = self.dressed(request, until).stream().map_err(unreachable)?;
        self.check(stream)
    }

    fn check(&self, mut stream: Stream) -> Result<Stream, ClientError> {
        match stream.status {
            200..=299 => Ok(stream),
            status @ (401 | 403) => {
                let issuer = stream.header("www-authenticate").and_then(|challenge| self.issuer(challenge));
                let whose = issuer.map_or("its token".to_owned(), |issuer| format!("a token of {issuer}"));
                Err(ClientError::Refused(format!("it lets nobody in without {whose} (HTTP {status})")))
            }
            404 => Err(ClientError::Ended("there is no such session or address (HTTP 404)".into())),
            status => {
                let mut said = String::new();
                let _ = stream.reader.by_ref().take(500).read_to_string(&mut said);
                Err(ClientError::Refused(format!("HTTP {status}: {}", said.trim())))
            }
        }
    }

    /// Who gives out tokens for this server (RFC 9728 §5.1), where it says so itself: its word about another server
    /// would count for nothing.
    fn issuer(&self, challenge: &str) -> Option<String> {
        let (_, rest) = challenge.split_once("resource_metadata=\"")?;
        let path = rest.split('"').next()?.strip_prefix(self.client.shown())?;
        let asked = self.client.get(path).within(METADATA).once().send().ok()?;
        let about: Value = asked.is_success().then(|| asked.json().ok())??;
        let whole = format!("{}{}", self.client.shown(), self.path);
        let ours = about["resource"].as_str() == Some(&whole);
        let issuer =
            about["authorization_servers"][0].as_str().filter(|issuer| ours && issuer.len() <= 300)?;
        Some(issuer.chars().filter(|c| !c.is_control()).collect())
    }

    /// Hands on what a stream says, taking it up again where it breaks off, until `wanted` is answered.
    fn follow(
        &self,
        stream: Stream,
        wanted: Option<&Value>,
        until: Instant,
        give: &Sender<Result<Value, ClientError>>,
    ) -> Result<(), ClientError> {
        let begin = Instant::now();
        let mut events = Events::new(stream.reader);
        for _ in 0..MOST_RESUMED {
            while let Ok(Some(event)) = events.next() {
                if event.data.trim().is_empty() {
                    continue;
                }
                let message: Value = serde_json::from_str(&event.data)
                    .map_err(|e| ClientError::Protocol(format!("an event is no message: {e}")))?;
                let last = wanted.is_some_and(|wanted| answers(&message, wanted));
                if give.send(Ok(message)).is_err() || last {
                    return Ok(());
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
            events = Events::new(self.listen(Some(&last), until)?.reader);
            (events.last, events.retry) = (Some(last), retry);
        }
        Err(ClientError::Protocol("its stream breaks off again and again".into()))
    }
}

impl Http {
    /// With `listens`, what the server asks by itself is heard too.
    pub fn new(address: Address, patience: Duration, listens: bool) -> Result<Self, ClientError> {
        let (scheme, rest) = address.url.split_once("://").unwrap_or(("", &address.url));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let server = Server {
            url: format!("{scheme}://{authority}"),
            token: address.token,
            limits: Limits { request: patience, whole: patience, answer: MOST, tries: 1 },
            ..Server::default()
        };
        let client = Arc::new(Client::new(server).map_err(unreachable)?);
        let path = if path.is_empty() { "/".to_owned() } else { path.to_owned() };
        let (give, take) = channel();
        let way = Way { client, path, session: None, version: None };
        Ok(Self { way, listens, give, take, closed: Arc::default() })
    }

    /// Reads a stream beside this thread, which goes on to answer what comes.
    fn beside(&self, stream: Stream, wanted: Option<Value>, until: Instant) {
        let (way, give) = (self.way.clone(), self.give.clone());
        std::thread::spawn(move || {
            let ended = way.follow(stream, wanted.as_ref(), until, &give);
            // Whoever merely listened is not waited for.
            if let (Err(why), Some(_)) = (ended, &wanted) {
                let _ = give.send(Err(why));
            }
        });
    }

    /// Listens for the rest of the conversation, where the server has such a stream. Returns once it is open, or
    /// the server takes its time: one that is opened beside a call is taken for that call's by some servers.
    fn begin_to_listen(&self) {
        let (way, give, closed) = (self.way.clone(), self.give.clone(), self.closed.clone());
        let (opened, is_open) = channel();
        std::thread::spawn(move || {
            while !closed.load(Ordering::Relaxed) {
                let until = Instant::now() + LISTEN;
                let Ok(stream) = way.listen(None, until) else { return };
                let _ = opened.send(());
                let _ = way.follow(stream, None, until, &give);
            }
        });
        let _ = is_open.recv_timeout(OPENS);
    }
}

impl Line for Http {
    fn ask(
        &mut self,
        request: &Value,
        until: Instant,
        other: &mut dyn FnMut(Value) -> Option<Value>,
    ) -> Result<Value, ClientError> {
        let begin = Instant::now();
        let mut stream = self.way.post(request, until)?;
        if self.way.session.is_none() {
            let plain = |name: &&str| name.len() <= 1024 && name.bytes().all(|b| (0x21..=0x7e).contains(&b));
            self.way.session = stream.header("mcp-session-id").filter(plain).map(str::to_owned);
        }
        let kind = stream.header("content-type").unwrap_or_default().to_ascii_lowercase();
        if !kind.starts_with("text/event-stream") {
            let mut body = Vec::new();
            stream.reader.read_to_end(&mut body).map_err(|e| ClientError::Unreachable(e.to_string()))?;
            let message: Value = serde_json::from_slice(&body)
                .map_err(|e| ClientError::Protocol(format!("the answer is no message: {e}")))?;
            return match answers(&message, request) {
                true => Ok(message),
                false => Err(ClientError::Protocol("the answer is to another request".into())),
            };
        }
        self.beside(stream, Some(request.clone()), until);
        loop {
            match self.take.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(message) => {
                    let message = message?;
                    if answers(&message, request) {
                        return Ok(message);
                    }
                    if let Some(answer) = other(message) {
                        self.way.post(&answer, until)?;
                    }
                }
                Err(_) => return Err(ClientError::Late(begin.elapsed().as_secs())),
            }
        }
    }

    fn tell(&mut self, message: &Value, until: Instant) -> Result<(), ClientError> {
        self.way.post(message, until).map(drop)
    }

    fn agreed(&mut self, version: &str) {
        self.way.version = Some(version.to_owned());
    }

    fn greeted(&mut self) {
        if self.listens {
            self.begin_to_listen();
        }
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
        if self.way.session.is_some() {
            let request = self.way.client.delete(&self.way.path);
            // A server that keeps its sessions forgets them by itself.
            let _ = self.way.dressed(request, Instant::now() + Duration::from_secs(2)).once().send();
        }
    }
}
