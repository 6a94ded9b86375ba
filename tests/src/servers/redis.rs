//! Redis 7, from Debian's package.

use super::{Server, debian, listens};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

/// Redis without a file of its own: what it holds is gone with it.
pub fn start() -> Option<Server> {
    with(&["--save", "", "--appendonly", "no"])
}

/// Redis with these settings; its folder is where it writes.
pub fn with(settings: &[&str]) -> Option<Server> {
    debian("usr/bin/redis-server", "redis-server")?;
    let settings: Vec<String> = settings.iter().map(|&s| s.to_owned()).collect();
    let start = move |folder: &std::path::Path, port: u16| {
        let mut command = debian("usr/bin/redis-server", "redis-server").expect("it was there");
        command
            .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(&settings)
            .current_dir(folder);
        command
    };
    // It listens before it has read what it wrote; with a password it says that one is wanted.
    let ready =
        |port| listens(port) && ["+PONG", "-NOAUTH"].iter().any(|said| ask(port, "PING").starts_with(said));
    Some(Server::start(start, ready))
}

/// Redis that speaks TLS alone, with this certificate and key; `ana` may everything there by her password (without
/// spaces), and nobody else may anything.
pub fn with_tls(certificate: &Path, key: &Path, password: &str) -> Option<Server> {
    debian("usr/bin/redis-server", "redis-server")?;
    let (certificate, key) = (certificate.to_owned(), key.to_owned());
    let people = format!("user default off\nuser ana on >{password} ~* &* +@all\n");
    let start = move |folder: &Path, port: u16| {
        let mut command = debian("usr/bin/redis-server", "redis-server").expect("it was there");
        command.args(["--bind", "127.0.0.1", "--port", "0", "--tls-port", &port.to_string()]);
        command.arg("--tls-cert-file").arg(&certificate).arg("--tls-key-file").arg(&key);
        command.args(["--tls-auth-clients", "no", "--save", "", "--appendonly", "no"]);
        std::fs::write(folder.join("people.acl"), &people).expect("written");
        command.args(["--aclfile", "people.acl"]).current_dir(folder);
        command
    };
    Some(Server::start(start, listens))
}

/// The first bytes of its answer to one command, as it writes them.
///
/// # Panics
/// When it does not answer.
pub fn ask(port: u16, what: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    stream.write_all(format!("{what}\r\n").as_bytes()).expect("it reads");
    let mut answer = [0; 64];
    let length = stream.read(&mut answer).expect("it answers");
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_with_what_it_wrote() {
        let Some(mut server) = with(&["--appendonly", "yes", "--appendfsync", "always"]) else { return };
        assert_eq!(ask(server.port(), "SET a 1"), "+OK\r\n");
        server.kill();
        assert!(!listens(server.port()));
        server.run();
        assert_eq!(ask(server.port(), "GET a"), "$1\r\n1\r\n");
    }
}
