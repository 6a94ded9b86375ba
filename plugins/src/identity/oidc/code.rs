//! The authorisation code with PKCE (RFC 7636), received on loopback (RFC 8252 §7.3).

use super::endpoint::form_encode;
use super::{Grant, Oidc, OidcError, Tokens};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// Bytes of the longest request line that is read.
const LONGEST_LINE: u64 = 16 << 10;
const PATH: &str = "/callback";
const DONE: &str =
    "<!doctype html><meta charset=utf-8><title>ecoops</title><p>You are logged in. This page can be closed.";
const FAILED: &str = "<!doctype html><meta charset=utf-8><title>ecoops</title><p>The login did not succeed; the terminal says why.";

/// Where the browser comes back to: a free port of this machine, for one login.
#[derive(Debug)]
pub struct Loopback {
    listener: TcpListener,
    port: u16,
}

/// A login that waits for the browser.
pub struct PendingLogin {
    /// What the user's browser opens.
    pub url: String,
    state: String,
    nonce: String,
    verifier: String,
    redirect: String,
}

impl std::fmt::Debug for PendingLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PendingLogin")
    }
}

impl PendingLogin {
    /// What the ID token must answer.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }
}

impl Loopback {
    /// # Errors
    /// [`OidcError::Loopback`] when no port can be had.
    pub fn open() -> Result<Self, OidcError> {
        let open = || -> std::io::Result<Self> {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            let port = listener.local_addr()?.port();
            Ok(Self { listener, port })
        };
        open().map_err(|e| OidcError::Loopback(e.to_string()))
    }

    fn redirect(&self) -> String {
        format!("http://127.0.0.1:{}{PATH}", self.port)
    }

    /// Waits for the browser and answers it. What is no answer to us is told so and waited past.
    fn receive(&self, within: Duration, stop: &dyn Fn() -> bool) -> Result<(Callback, TcpStream), OidcError> {
        let until = Instant::now() + within;
        while Instant::now() < until && !stop() {
            match self.listener.accept() {
                Ok((stream, _)) => match read_callback(&stream) {
                    Some(callback) => return Ok((callback, stream)),
                    None => answer(&stream, "404 Not Found", "Not found"),
                },
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(e) => return Err(OidcError::Loopback(e.to_string())),
            }
        }
        Err(OidcError::TimedOut)
    }
}

/// The query of the browser's request.
#[derive(Debug, Default, PartialEq, Eq)]
struct Callback {
    code: Option<String>,
    state: Option<String>,
    issuer: Option<String>,
    error: Option<String>,
    description: Option<String>,
}

fn read_callback(stream: &TcpStream) -> Option<Callback> {
    stream.set_nonblocking(false).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    let mut line = Vec::new();
    BufReader::new(stream.take(LONGEST_LINE)).read_until(b'\n', &mut line).ok()?;
    parse_request(std::str::from_utf8(&line).ok()?)
}

/// `GET /callback?code=…&state=… HTTP/1.1`; a name that comes twice makes it none of ours.
fn parse_request(line: &str) -> Option<Callback> {
    let mut words = line.trim_end().split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    if method != "GET" || !version.starts_with("HTTP/1.") {
        return None;
    }
    let query = target.strip_prefix(PATH)?.strip_prefix('?')?;
    let mut callback = Callback::default();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let field = match name {
            "code" => &mut callback.code,
            "state" => &mut callback.state,
            "iss" => &mut callback.issuer,
            "error" => &mut callback.error,
            "error_description" => &mut callback.description,
            _ => continue,
        };
        if field.replace(decode(value)?).is_some() {
            return None;
        }
    }
    Some(callback)
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn answer(mut stream: &TcpStream, status: &str, page: &str) {
    let text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\nContent-Security-Policy: default-src 'none'\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{page}",
        page.len()
    );
    // A browser that has gone away misses only the page.
    let _ = stream.write_all(text.as_bytes());
    let _ = stream.flush();
}

impl Oidc {
    /// The address for the browser.
    ///
    /// # Errors
    /// [`OidcError::NoFlow`] when the issuer has no such flow or no S256.
    pub fn start_code(&self, loopback: &Loopback) -> Result<PendingLogin, OidcError> {
        let metadata = &self.issuer()?.metadata;
        let page = metadata.authorization_endpoint.as_deref().ok_or(OidcError::NoFlow("login page"))?;
        let methods = metadata.code_challenge_methods_supported.as_deref();
        if methods.is_some_and(|list| !list.iter().any(|method| method == "S256")) {
            return Err(OidcError::NoFlow("PKCE with S256"));
        }
        super::discovery::connect(page, &self.settings)?;
        let (state, nonce, verifier) = (self.random()?, self.random()?, self.random()?);
        let challenge = ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes());
        let (challenge, redirect) = (URL_SAFE_NO_PAD.encode(challenge), loopback.redirect());
        let scope = self.settings.scopes.join(" ");
        let mut fields = vec![
            ("response_type", "code"),
            ("client_id", self.settings.client_id.as_str()),
            ("redirect_uri", redirect.as_str()),
            ("scope", scope.as_str()),
            ("state", state.as_str()),
            ("nonce", nonce.as_str()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        if scope.split(' ').any(|one| one == "offline_access") {
            // OpenID Connect Core §11: without it the issuer may ignore the scope.
            fields.push(("prompt", "consent"));
        }
        if !self.settings.resource.is_empty() {
            fields.push(("resource", &self.settings.resource));
        }
        let query: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", form_encode(value))).collect();
        let mark = if page.contains('?') { '&' } else { '?' };
        let url = format!("{page}{mark}{}", query.join("&"));
        Ok(PendingLogin { url, state, nonce, verifier, redirect })
    }

    /// Waits for the browser, and exchanges its code.
    ///
    /// # Errors
    /// [`OidcError::Foreign`] when the answer is from another issuer; [`OidcError::Denied`]
    /// or [`OidcError::Refused`] when the issuer said no; [`OidcError::TimedOut`].
    pub fn finish_code(
        &self,
        loopback: &Loopback,
        login: &PendingLogin,
        within: Duration,
        stop: &dyn Fn() -> bool,
    ) -> Result<Tokens, OidcError> {
        let until = Instant::now() + within;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let (callback, stream) = loopback.receive(left, stop)?;
            // Any page that the user has open could come here: what is not ours does not end the login.
            if callback.state.as_deref() != Some(login.state.as_str()) {
                answer(&stream, "400 Bad Request", FAILED);
                continue;
            }
            let done = self.check_callback(callback).and_then(|code| {
                self.exchange(Grant::Code {
                    code: &code,
                    verifier: &login.verifier,
                    redirect: &login.redirect,
                })
            });
            match &done {
                Ok(_) => answer(&stream, "200 OK", DONE),
                Err(_) => answer(&stream, "400 Bad Request", FAILED),
            }
            return done;
        }
    }

    fn check_callback(&self, callback: Callback) -> Result<String, OidcError> {
        let promised = self.issuer()?.metadata.authorization_response_iss_parameter_supported;
        match callback.issuer.as_deref() {
            Some(issuer) if issuer != self.settings.issuer => {
                return Err(OidcError::Foreign("it is from another issuer (`iss`)"));
            }
            None if promised => return Err(OidcError::Foreign("it does not say from which issuer (`iss`)")),
            _ => {}
        }
        if let Some(error) = callback.error {
            if error == "access_denied" {
                return Err(OidcError::Denied);
            }
            let clean = |text: String| text.chars().filter(|c| !c.is_control()).take(200).collect::<String>();
            return Err(OidcError::Refused {
                error: clean(error),
                description: callback.description.map(clean),
            });
        }
        callback.code.filter(|code| !code.is_empty()).ok_or(OidcError::Foreign("it has no `code`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_answer_is_read_to_the_letter() {
        let with = |code: &str, state: &str| Callback {
            code: Some(code.into()),
            state: Some(state.into()),
            ..Callback::default()
        };
        for (line, expected) in [
            ("GET /callback?code=a&state=b HTTP/1.1\r\n", Some(with("a", "b"))),
            ("GET /callback?state=b%2Bc+d&code=%C3%A4&session_state=x HTTP/1.1", Some(with("ä", "b+c d"))),
            ("GET /callback?code=a&code=b&state=c HTTP/1.1", None),
            ("GET /callback?code=%F&state=c HTTP/1.1", None),
            ("GET /callback?code=%FF HTTP/1.1", None),
            ("POST /callback?code=a&state=b HTTP/1.1", None),
            ("GET /callback HTTP/1.1", None),
            ("GET /callbackx?code=a HTTP/1.1", None),
            ("GET /favicon.ico HTTP/1.1", None),
            ("GET http://evil/callback?code=a HTTP/1.1", None),
            ("GET /callback?code=a", None),
            ("", None),
            ("\u{0}", None),
        ] {
            assert_eq!(parse_request(line), expected, "{line}");
        }
    }
}
