//! One request: what is sent, how often, and what comes back.

use super::{Client, HttpError, deadline, tally, trace};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::ErrorKind;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

/// Answers after which the same request may succeed. A 500 is none of them: it may have had its effect.
const PASSING: [u16; 4] = [429, 502, 503, 504];
/// As long as a server may ask us to wait within one request.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// How soon it is seen that a request is to be stopped.
const TURN: Duration = Duration::from_millis(50);

/// So much shorter than its due a deadline may be by the time that a try begins.
const LITTLE: Duration = Duration::from_millis(50);

/// What came of one try.
struct Tried {
    result: Result<Answer, HttpError>,
    /// After how long at least another try makes sense, if it does.
    again: Option<Duration>,
    /// There was no answer in the time that was left.
    late: bool,
}

/// A request that is being put together.
#[derive(Debug)]
pub struct Request<'a> {
    client: &'a Client,
    method: &'static str,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    repeatable: bool,
    secret: bool,
    within: Duration,
}

impl<'a> Request<'a> {
    pub(super) fn new(client: &'a Client, method: &'static str, path: &str) -> Self {
        Self {
            client,
            method,
            path: path.to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Vec::new(),
            repeatable: method != "POST",
            secret: client.server.token.is_some() || !client.server.headers.is_empty(),
            within: client.server.limits.whole,
        }
    }

    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A header that holds a credential.
    pub fn secret_header(self, name: &str, value: &str) -> Self {
        self.secret().header(name, value)
    }

    /// It holds a credential: it is sent over https only, or to this machine, and follows no redirect.
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    pub fn body(mut self, content_type: &str, body: Vec<u8>) -> Self {
        self.body = body;
        self.header("Content-Type", content_type)
    }

    /// What cannot be written as JSON is sent as `null`.
    pub fn json(self, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).unwrap_or_else(|_| b"null".to_vec());
        self.body("application/json", body)
    }

    /// As `application/x-www-form-urlencoded`.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        self.body("application/x-www-form-urlencoded", pairs.join("&").into_bytes())
    }

    /// The server does it once however often it is asked, so it may be asked again.
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Asked once only, whatever comes.
    pub fn once(mut self) -> Self {
        self.within = self.within.min(self.client.server.limits.request);
        self.repeatable = false;
        self
    }

    /// All tries end within `time`.
    pub fn within(mut self, time: Duration) -> Self {
        self.within = self.within.min(time);
        self
    }

    /// # Errors
    /// [`HttpError`] when there is no answer. One of any status is an answer.
    pub fn send(self) -> Result<Answer, HttpError> {
        let within = deadline::left().map_or(self.within, |left| left.min(self.within));
        if within.is_zero() {
            let shown = self.client.shown.clone();
            return Err(HttpError::Unreachable(shown, "nobody waits for the answer any more".into()));
        }
        self.guarded()?;
        self.client.may_ask()?;
        trace::asks();
        self.client.health().budget.earn();
        let until = Instant::now() + within;
        let patience = self.within.min(self.client.server.limits.request);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let begin = Instant::now();
            let Tried { result, again, late } = self.attempt(until);
            if matches!(result, Err(HttpError::Stopped(_))) {
                return result;
            }
            let well = !matches!(&result, Err(HttpError::Unreachable(..))) && !is_failing(&result);
            // Being late says nothing about a server that was given less time than such a request has.
            let hurried = until.saturating_duration_since(begin) + LITTLE < patience;
            if !(late && hurried) {
                self.client.record(well, begin.elapsed());
            }
            let wait = again.map(|wait| wait.max(self.client.pause(attempt)));
            let tries = self.client.server.limits.tries.max(1);
            match wait {
                Some(wait)
                    if attempt < tries
                        && Instant::now() + wait < until
                        && self.client.health().budget.spend() =>
                {
                    self.pause(wait);
                }
                _ => return result,
            }
            if self.client.may_ask().is_err() {
                return result;
            }
            tally::repeated(&self.client.shown);
        }
    }

    /// Waits, in short turns when it may be told to stop.
    fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let turn = if self.client.server.stop.is_some() { TURN } else { wait };
        while !self.client.stopped() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(turn));
        }
    }

    pub(super) fn guarded(&self) -> Result<(), HttpError> {
        if self.secret && !self.client.private {
            return Err(super::in_clear(&self.client.shown));
        }
        Ok(())
    }

    fn attempt(&self, until: Instant) -> Tried {
        let shown = &self.client.shown;
        let tried = |result, again| Tried { result, again, late: false };
        let left = until.saturating_duration_since(Instant::now()).min(self.client.server.limits.request);
        let Some(asked) = self.ask(left) else {
            return tried(Err(HttpError::Stopped(shown.clone())), None);
        };
        match asked {
            Ok(answer) => {
                let passing = PASSING.contains(&answer.status) && self.repeatable;
                let wait = passing.then(|| answer.retry_after()).filter(|wait| *wait <= LONGEST_WAIT);
                tried(Ok(answer), wait)
            }
            Err(ureq::Error::BodyExceedsLimit(limit)) => {
                tried(Err(HttpError::TooLarge(format!("{shown}{}", self.path), limit >> 20)), None)
            }
            Err(ureq::Error::Http(why)) => tried(Err(HttpError::Invalid(format!("{shown}: {why}"))), None),
            Err(error) => {
                let again = (self.repeatable || never_sent(&error)).then_some(Duration::ZERO);
                let why = HttpError::Unreachable(shown.clone(), error.to_string());
                Tried { result: Err(why), again, late: matches!(error, ureq::Error::Timeout(_)) }
            }
        }
    }

    /// Asked once, and answered as it comes: for what a server says little by little, until the deadline.
    ///
    /// # Errors
    /// As [`Request::send`].
    pub fn stream(self) -> Result<Stream, HttpError> {
        self.guarded()?;
        self.client.may_ask()?;
        trace::asks();
        let (shown, begin) = (self.client.shown.clone(), Instant::now());
        let within = deadline::left().map_or(self.within, |left| left.min(self.within));
        let opened = self.prepared(within).and_then(|prepared| prepared.open(&self.body));
        let well = opened.as_ref().is_ok_and(|(head, _)| !(502..=504).contains(&head.status.as_u16()));
        self.client.record(well, begin.elapsed());
        let (head, body) = opened.map_err(|e| HttpError::Unreachable(shown.clone(), e.to_string()))?;
        let reader = body.into_with_config().limit(self.client.server.limits.answer).reader();
        Ok(Stream { status: head.status.as_u16(), headers: texts(&head.headers), reader: Box::new(reader) })
    }

    /// What is answered; `None` when it was told to stop first.
    fn ask(&self, left: Duration) -> Option<Result<Answer, ureq::Error>> {
        let prepared = match self.prepared(left) {
            Ok(prepared) => prepared,
            Err(error) => return Some(Err(error)),
        };
        let (from, limit) = (self.client.shown.clone(), self.client.server.limits.answer);
        let ask = move |body: &[u8]| {
            let (head, mut body) = prepared.open(body)?;
            let headers = texts(&head.headers);
            let body = body.with_config().limit(limit).read_to_vec()?;
            Ok(Answer { from, status: head.status.as_u16(), headers, body })
        };
        match &self.client.server.stop {
            None => Some(ask(&self.body)),
            Some(_) => {
                let body = self.body.clone();
                self.apart(move || ask(&body))
            }
        }
    }

    /// Asks on a thread of its own, which nobody waits for once it is told to stop: a read from a server that says
    /// nothing cannot be ended from outside. It has an effect on nothing of this process.
    fn apart(
        &self,
        ask: impl FnOnce() -> Result<Answer, ureq::Error> + Send + 'static,
    ) -> Option<Result<Answer, ureq::Error>> {
        let (sender, answer) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new().name("request".to_owned());
        if let Err(error) = thread.spawn(move || sender.send(ask())) {
            return Some(Err(ureq::Error::Io(error)));
        }
        while !self.client.stopped() {
            match answer.recv_timeout(TURN) {
                Ok(answer) => return Some(answer),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Some(Err(ureq::Error::Io(std::io::Error::other("the request broke off"))));
                }
            }
        }
        None
    }

    fn prepared(&self, left: Duration) -> Result<Prepared, ureq::Error> {
        let server = &self.client.server;
        let mut uri = format!("{}{}", self.client.base, self.path);
        for (number, (name, value)) in self.query.iter().enumerate() {
            let mark = if number == 0 { '?' } else { '&' };
            uri.push_str(&format!("{mark}{}={}", encode(name), encode(value)));
        }
        let mut request = ureq::http::Request::builder().method(self.method).uri(uri);
        let named = |name: &str| self.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        if !named("accept") {
            request = request.header("Accept", "application/json");
        }
        if let Some(token) = server.token.as_ref().filter(|_| !named("authorization")) {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some(trace) = trace::current() {
            request = request.header("traceparent", trace.traceparent);
            if let Some(state) = trace.tracestate {
                request = request.header("tracestate", state);
            }
        }
        for (name, value) in server.headers.iter().chain(&self.headers) {
            request = request.header(name, value);
        }
        Ok(Prepared {
            agent: self.client.agent.clone(),
            bare: matches!(self.method, "GET" | "DELETE") && self.body.is_empty(),
            request: request.body(())?,
            redirects: if self.secret || self.method != "GET" { 0 } else { 3 },
            left,
        })
    }
}

/// A request with all that it takes to send it.
struct Prepared {
    agent: ureq::Agent,
    request: ureq::http::Request<()>,
    /// Without a body, and without saying so.
    bare: bool,
    redirects: u32,
    left: Duration,
}

impl Prepared {
    fn open(self, body: &[u8]) -> Result<(ureq::http::response::Parts, ureq::Body), ureq::Error> {
        let Self { agent, request, bare, redirects, left } = self;
        let answer = if bare {
            let request = agent.configure_request(request);
            agent.run(request.timeout_global(Some(left)).max_redirects(redirects).build())?
        } else {
            let request = agent.configure_request(request.map(|()| body));
            let request = request.timeout_global(Some(left)).max_redirects(redirects);
            agent.run(request.allow_non_standard_methods(true).build())?
        };
        Ok(answer.into_parts())
    }
}

fn texts(headers: &ureq::http::HeaderMap) -> Vec<(String, String)> {
    let text = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

/// An answer whose body is read as it comes, within the client's bounds.
pub struct Stream {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub reader: Box<dyn std::io::Read + Send>,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Stream {
    /// A header by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Whether the server itself is in trouble, as the breaker sees it.
fn is_failing(result: &Result<Answer, HttpError>) -> bool {
    result.as_ref().is_ok_and(|answer| (502..=504).contains(&answer.status))
}

/// True when nothing of a request can have reached the server.
fn never_sent(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => true,
        ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => true,
        ureq::Error::Io(e) => e.kind() == ErrorKind::ConnectionRefused,
        _ => false,
    }
}

/// Percent-encodes all but RFC 3986's unreserved characters.
pub(super) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// What a server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    from: String,
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether it is a page for people: what portals and gateways answer in the place of a service, with 200 too.
    pub fn is_page(&self) -> bool {
        let begin = self.body.trim_ascii_start();
        let begins =
            |with: &str| begin.get(..with.len()).is_some_and(|b| b.eq_ignore_ascii_case(with.as_bytes()));
        begins("<!doctype html") || begins("<html")
    }

    /// # Errors
    /// [`HttpError::Unreadable`] when it is no such JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        serde_json::from_slice(&self.body)
            .map_err(|e| HttpError::Unreadable(self.from.clone(), format!("{e}: {}", self.excerpt())))
    }

    /// What the server said, short and on one line.
    pub fn excerpt(&self) -> String {
        let text = self.text();
        let clean: String = text.chars().take(200).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let clean = clean.trim();
        if clean.is_empty() { "nothing".to_owned() } else { clean.to_owned() }
    }

    /// Seconds only; a date is not waited for.
    fn retry_after(&self) -> Duration {
        let seconds = self.header("retry-after").and_then(|text| text.trim().parse().ok());
        Duration::from_secs(seconds.unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_the_unreserved_is_encoded() {
        assert_eq!(encode("a-b_c.~ /?&=%é"), "a-b_c.~%20%2F%3F%26%3D%25%C3%A9");
    }
}
