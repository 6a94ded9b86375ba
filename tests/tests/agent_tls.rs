//! The TCP door with TLS: who may listen for other machines, which names are served, and new certificates.
#![allow(clippy::unwrap_used)]

use ecoops_plugins::http::{Answer, Client, HttpError, Server};
use ecoops_tests::agent::{Agent, PATIENCE, free_port, wait};
use ecoops_tests::authority::Authority;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

struct Served {
    agent: Agent,
    authority: Authority,
    certificate: PathBuf,
    key: PathBuf,
    port: u16,
}

fn up(listen: &str, names: &[&str]) -> Served {
    let mut agent = Agent::new();
    let authority = Authority::new(agent.home());
    let (certificate, key) = (agent.home().join("tls.pem"), agent.home().join("tls.key"));
    authority.certify(names, &certificate, &key);
    agent.configure(&format!("[agent]\ntls_certificate = {certificate:?}\ntls_key = {key:?}\n"));
    let port = free_port();
    agent.run(&["--listen", &format!("{listen}:{port}")]);
    Served { agent, authority, certificate, key, port }
}

impl Served {
    fn token(&self) -> String {
        let made = self.agent.ecoops(&["agent", "token", "--scope", "*"]);
        String::from_utf8_lossy(&made.stdout).trim().to_owned()
    }

    fn ask(&self, host: &str, headers: &[(&str, &str)]) -> Result<Answer, HttpError> {
        let client = Client::new(Server {
            url: format!("https://{host}:{}", self.port),
            token: Some(self.token()),
            ca_file: Some(self.authority.file.clone()),
            ..Server::default()
        })?;
        let request = client.get("/audit/query");
        headers.iter().fold(request, |request, (name, value)| request.header(name, value)).once().send()
    }
}

#[test]
fn other_machines_are_served_with_tls_alone() {
    // Every address of this machine, of which the test reaches one.
    let served = up("0.0.0.0", &["localhost", "127.0.0.1", "agent.example"]);
    for host in ["localhost", "127.0.0.1"] {
        assert_eq!(served.ask(host, &[]).unwrap().status, 200, "{host}");
    }
    for (host, status) in [("agent.example", 200), ("localhost", 200), ("evil.example", 403), ("", 403)] {
        assert_eq!(served.ask("localhost", &[("Host", host)]).unwrap().status, status, "{host}");
    }
    assert_eq!(served.ask("localhost", &[("Origin", "https://localhost")]).unwrap().status, 403);
    // In clear there is nothing to be had.
    let mut clear = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
    clear.set_read_timeout(Some(PATIENCE)).unwrap();
    clear.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = clear.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/"), "{}", String::from_utf8_lossy(&answer));
}

#[test]
fn one_who_says_nothing_keeps_nobody_out() {
    let served = up("127.0.0.1", &["localhost"]);
    let silent: Vec<TcpStream> =
        (0..60).map(|_| TcpStream::connect(("127.0.0.1", served.port)).unwrap()).collect();
    assert_eq!(served.ask("localhost", &[]).unwrap().status, 200);
    drop(silent);
}

#[test]
fn a_new_certificate_is_taken_in_and_a_bad_one_is_not() {
    let served = up("127.0.0.1", &["localhost"]);
    assert_eq!(served.ask("localhost", &[]).unwrap().status, 200);
    // One that cannot be used: the old one stays.
    std::fs::write(&served.certificate, "nonsense").unwrap();
    served.agent.signal(rustix::process::Signal::HUP);
    wait("the refusal", || served.agent.stderr().contains("the old one stays").then_some(()));
    assert_eq!(served.ask("localhost", &[]).unwrap().status, 200);
    // One of another authority: who trusts only the old one does not come in any more.
    let folder = served.agent.home().join("other");
    std::fs::create_dir(&folder).unwrap();
    let other = Authority::new(&folder);
    other.certify(&["localhost"], &served.certificate, &served.key);
    served.agent.signal(rustix::process::Signal::HUP);
    wait("the new certificate", || {
        served.agent.stderr().contains("a new certificate is in use").then_some(())
    });
    assert!(served.ask("localhost", &[]).is_err());
    let trusting = Served { authority: other, ..served };
    assert_eq!(trusting.ask("localhost", &[]).unwrap().status, 200);
}

#[test]
fn what_cannot_be_used_is_said_before_anything_starts() {
    let agent = Agent::new();
    let authority = Authority::new(agent.home());
    let (certificate, key) = (agent.home().join("a.pem"), agent.home().join("a.key"));
    authority.certify(&["localhost"], &certificate, &key);
    let (other, other_key) = (agent.home().join("b.pem"), agent.home().join("b.key"));
    authority.certify(&["localhost"], &other, &other_key);
    let open = agent.home().join("open.key");
    std::fs::copy(&key, &open).unwrap();
    std::fs::set_permissions(&open, PermissionsExt::from_mode(0o644)).unwrap();
    let empty = agent.home().join("empty");
    std::fs::write(&empty, "").unwrap();
    std::fs::set_permissions(&empty, PermissionsExt::from_mode(0o600)).unwrap();
    let none = PathBuf::new();
    for (certificate, key, why) in [
        (&certificate, &none, "needs both"),
        (&none, &key, "needs both"),
        (&certificate, &open, "others may read"),
        (&certificate, &other_key, "cannot be used"),
        (&certificate, &empty, "no private key"),
        (&empty, &key, "no certificate"),
        (&agent.home().join("absent"), &key, "cannot be read"),
        (&agent.home().to_path_buf(), &key, "cannot be read"),
    ] {
        agent.configure(&format!("[agent]\ntls_certificate = {certificate:?}\ntls_key = {key:?}\n"));
        let ran = agent.ecoops(&["agent", "run", "--listen", "127.0.0.1:0"]);
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(ran.status.code(), Some(2), "{said}");
        assert!(said.contains(why), "{why}: {said}");
        assert!(!said.contains("PRIVATE"), "{said}");
    }
}
