//! The streamable HTTP transport: POST brings a message, GET listens or resumes, DELETE ends the session.
//!
//! Who may come at all — token, host, origin, rate — is decided before this is asked; [`loopback_only`] is
//! for servers that have nothing else.

mod sessions;
mod stream;

use super::context::{Outlet, Rights};
use super::message::{self, Failure, Message};
use super::session::{Job, Session, Step};
use super::{Service, VERSIONS};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use serde_json::Value;
use sessions::{Open, Sessions};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

const SESSION: &str = "mcp-session-id";
/// Requests of all sessions that are worked on at once; the others wait.
const WORKERS: usize = 8;

/// One place that MCP is served at.
pub struct Endpoint {
    service: Arc<dyn Service>,
    sessions: Sessions,
    /// Gives a new session's name, which nobody can guess.
    name: Box<dyn Fn() -> String + Send + Sync>,
    patience: Duration,
    workers: Arc<Semaphore>,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("sessions", &self.sessions).finish_non_exhaustive()
    }
}

/// One HTTP request.
#[derive(Debug)]
pub struct Arrival<'a> {
    pub method: &'a Method,
    pub headers: &'a HeaderMap,
    pub body: &'a Bytes,
    /// Who asks; a session is its owner's alone.
    pub owner: &'a str,
    pub rights: Rights,
}

impl Endpoint {
    /// `name` makes names of sessions from the machine's randomness; a request may take `patience`.
    pub fn new(
        service: Arc<dyn Service>,
        name: impl Fn() -> String + Send + Sync + 'static,
        patience: Duration,
    ) -> Self {
        Self {
            service,
            sessions: Sessions::default(),
            name: Box::new(name),
            patience,
            workers: Arc::new(Semaphore::new(WORKERS)),
        }
    }

    /// Gives up everything that is under way.
    pub fn end(&self) {
        self.sessions.clear();
    }

    pub fn handle(&self, arrival: Arrival<'_>) -> Response<Body> {
        let outcome = match *arrival.method {
            Method::POST => self.post(arrival),
            Method::GET => self.get(arrival),
            Method::DELETE => self.delete(arrival),
            _ => Err((StatusCode::METHOD_NOT_ALLOWED, Failure::invalid_request("use POST, GET or DELETE"))),
        };
        outcome.unwrap_or_else(|(status, failure)| json(status, &message::response(None, Err(failure))))
    }

    fn post(&self, arrival: Arrival<'_>) -> Result<Response<Body>, Refusal> {
        let headers = arrival.headers;
        let kind = text(headers, header::CONTENT_TYPE.as_str()).split(';').next().unwrap_or_default();
        if !kind.trim().eq_ignore_ascii_case("application/json") {
            return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must be application/json"));
        }
        if !accepts(headers, "application/json") || !accepts(headers, "text/event-stream") {
            let why = "the client must accept application/json and text/event-stream";
            return Err(refuse(StatusCode::NOT_ACCEPTABLE, why));
        }
        version(headers)?;
        let message = match Message::read(arrival.body) {
            Ok(message) => message,
            Err((id, failure)) => {
                let answer = message::response(id.as_ref(), Err(failure));
                return Ok(json(StatusCode::BAD_REQUEST, &answer));
            }
        };
        if matches!(&message, Message::Request { method, .. } if method == "initialize")
            && !headers.contains_key(SESSION)
        {
            return Ok(self.begin(message, arrival.owner));
        }
        let open = self.session(headers, arrival.owner)?;
        Ok(match open.session.take(message) {
            Step::Done => plain(StatusCode::ACCEPTED),
            Step::Answer(answer) => json(StatusCode::OK, &answer),
            Step::Run(job) => self.run(&open, job, arrival.rights),
        })
    }

    fn begin(&self, message: Message, owner: &str) -> Response<Body> {
        let session = Session::new((self.name)(), self.service.clone());
        let Some(Step::Answer(answer)) = (!session.name().is_empty()).then(|| session.take(message)) else {
            return json(
                StatusCode::INTERNAL_SERVER_ERROR,
                &message::response(None, Err(Failure::internal("the session could not begin"))),
            );
        };
        let mut response = json(StatusCode::OK, &answer);
        if session.version().is_some()
            && let Ok(name) = HeaderValue::from_str(session.name())
        {
            self.sessions.add(session, owner);
            response.headers_mut().insert(SESSION, name);
        }
        response
    }

    /// Works on a request elsewhere and answers with the stream of what it says.
    fn run(&self, open: &Arc<Open>, job: Job, rights: Rights) -> Response<Body> {
        let stream = open.stream();
        // Older clients take an event without data for a broken one.
        let primed = open.session.version() == Some(VERSIONS[0]);
        let frames = stream.read(0, primed);
        let (workers, patience) = (self.workers.clone(), self.patience);
        tokio::spawn(async move {
            let Ok(_place) = workers.acquire_owned().await else { return };
            let outlet: Arc<dyn Outlet> = stream.clone();
            let answered = tokio::task::spawn_blocking(move || job.run(outlet, rights, patience)).await;
            if let Ok(Some(answer)) = answered {
                stream.send(&answer);
            }
            stream.end();
        });
        events(frames)
    }

    /// Listens on the session's own stream, or resumes the one that `Last-Event-ID` names.
    fn get(&self, arrival: Arrival<'_>) -> Result<Response<Body>, Refusal> {
        if !accepts(arrival.headers, "text/event-stream") {
            return Err(refuse(StatusCode::NOT_ACCEPTABLE, "the client must accept text/event-stream"));
        }
        version(arrival.headers)?;
        let open = self.session(arrival.headers, arrival.owner)?;
        let (number, seen) = match arrival.headers.get("last-event-id") {
            Some(_) => stream::place(text(arrival.headers, "last-event-id"))
                .ok_or_else(|| refuse(StatusCode::BAD_REQUEST, "`Last-Event-ID` is none of this server's"))?,
            None => (0, 0),
        };
        let stream = open.find(number);
        let stream = stream.ok_or_else(|| refuse(StatusCode::NOT_FOUND, "the stream is no longer kept"))?;
        if number == 0 {
            // Whoever listened before is replaced: nothing is sent twice.
            stream.pause();
        }
        let primed = open.session.version() == Some(VERSIONS[0]);
        Ok(events(stream.read(seen, primed)))
    }

    fn delete(&self, arrival: Arrival<'_>) -> Result<Response<Body>, Refusal> {
        version(arrival.headers)?;
        let open = self.session(arrival.headers, arrival.owner)?;
        self.sessions.remove(open.session.name(), arrival.owner);
        Ok(plain(StatusCode::NO_CONTENT))
    }

    fn session(&self, headers: &HeaderMap, owner: &str) -> Result<Arc<Open>, Refusal> {
        if !headers.contains_key(SESSION) {
            return Err(refuse(
                StatusCode::BAD_REQUEST,
                "`Mcp-Session-Id` is missing: send `initialize` first",
            ));
        }
        let found = self.sessions.find(text(headers, SESSION), owner);
        found
            .ok_or_else(|| refuse(StatusCode::NOT_FOUND, "there is no such session: send `initialize` again"))
    }
}

type Refusal = (StatusCode, Failure);

fn refuse(status: StatusCode, why: &str) -> Refusal {
    (status, Failure::refused(why))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Whether one of the `Accept` headers names the type, or a range that it is in.
fn accepts(headers: &HeaderMap, wanted: &str) -> bool {
    let ranges = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    ranges.flat_map(|value| value.split(',')).any(|range| {
        let range = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let whole = wanted.split('/').next().is_some_and(|kind| range == format!("{kind}/*"));
        range == wanted || range == "*/*" || whole
    })
}

fn version(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(value) = headers.get("mcp-protocol-version") else { return Ok(()) };
    match value.to_str().is_ok_and(|version| VERSIONS.contains(&version)) {
        true => Ok(()),
        false => {
            let why =
                format!("this `MCP-Protocol-Version` is not spoken; use one of {}", VERSIONS.join(", "));
            Err(refuse(StatusCode::BAD_REQUEST, &why))
        }
    }
}

fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn json(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn events(frames: stream::Frames) -> Response<Body> {
    let mut response = Response::new(Body::from_stream(frames));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    response
}

/// Whether `Host`, and `Origin` where there is one, name this machine: what keeps web pages away from a
/// server on loopback that asks for no token (DNS rebinding).
pub fn loopback_only(headers: &HeaderMap) -> bool {
    let own = |authority: &str| {
        let port = authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        matches!(port.map_or(authority, |(name, _)| name), "127.0.0.1" | "localhost" | "[::1]")
    };
    let origin = headers.get("origin").map(|_| text(headers, "origin"));
    let origin = origin.is_none_or(|origin| {
        origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")).is_some_and(own)
    });
    own(text(headers, "host")) && origin
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| ((*k).parse().unwrap(), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn only_this_machine_is_let_in() {
        for (host, origin, let_in) in [
            ("127.0.0.1:4000", None, true),
            ("localhost", Some("http://localhost:4000"), true),
            ("[::1]:1", Some("https://[::1]:1"), true),
            ("evil.example.com", None, false),
            ("127.0.0.1.evil.example", None, false),
            ("localhost", Some("http://evil.example.com"), false),
            ("localhost", Some("http://localhost.evil.example"), false),
            ("localhost", Some("null"), false),
            ("localhost", Some(""), false),
            ("", None, false),
        ] {
            let mut given = headers(&[("host", host)]);
            if let Some(origin) = origin {
                given.insert("origin", HeaderValue::from_static(origin));
            }
            assert_eq!(loopback_only(&given), let_in, "{host} {origin:?}");
        }
    }

    #[test]
    fn a_client_says_what_it_takes() {
        for (accept, json, events) in [
            ("application/json, text/event-stream", true, true),
            ("text/event-stream;q=0.9,APPLICATION/JSON", true, true),
            ("*/*", true, true),
            ("application/*", true, false),
            ("application/json", true, false),
            ("text/html", false, false),
            ("", false, false),
        ] {
            let given = headers(&[("accept", accept)]);
            let said = (accepts(&given, "application/json"), accepts(&given, "text/event-stream"));
            assert_eq!(said, (json, events), "{accept}");
        }
    }

    #[test]
    fn a_place_in_a_stream_is_two_numbers() {
        for (text, place) in [
            ("3-7", Some((3, 7))),
            (" 0-0 ", Some((0, 0))),
            ("3", None),
            ("3-", None),
            ("-3-4", None),
            ("3-+4", None),
            ("99999999999999999999999-1", None),
            ("", None),
        ] {
            assert_eq!(stream::place(text), place, "{text}");
        }
    }
}
