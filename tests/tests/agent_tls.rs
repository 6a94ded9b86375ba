//! The TCP door with TLS: who may listen for other machines, which names are served, and new certificates.
#![allow(clippy::unwrap_used)]

use ecoops_plugins::http::{Answer, Client, HttpError, Server};
use ecoops_tests::agent::{Agent, PATIENCE, free_port, wait};
use ecoops_tests::servers::openbao;
use ecoops_tests::tls::Authority;
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

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

/// A server with a PKI whose role `agent` issues for this machine, and the settings of an agent that uses it.
fn pki(agent: &Agent, life: u32) -> Option<ecoops_tests::servers::Server> {
    let server = openbao::start()?;
    openbao::set(&server, "POST", "/v1/sys/mounts/pki", r#"{"type":"pki"}"#);
    let root = r#"{"common_name":"test root","ttl":"8760h"}"#;
    let root = openbao::set(&server, "POST", "/v1/pki/root/generate/internal", root);
    std::fs::write(agent.home().join("ca.pem"), root["data"]["certificate"].as_str().unwrap()).unwrap();
    let role =
        r#"{"allow_localhost":true,"allow_ip_sans":true,"max_ttl":"72h","key_type":"ec","key_bits":256}"#;
    openbao::set(&server, "POST", "/v1/pki/roles/agent", role);
    let policy = r#"path "pki/issue/agent" { capabilities = ["update"] } path "pki/revoke-with-key" { capabilities = ["update"] }"#;
    openbao::set(&server, "PUT", "/v1/sys/policies/acl/agent", &json!({ "policy": policy }).to_string());
    openbao::set(&server, "POST", "/v1/sys/auth/approle", r#"{"type":"approle"}"#);
    openbao::set(
        &server,
        "POST",
        "/v1/auth/approle/role/agent",
        r#"{"token_policies":["agent"],"token_ttl":"1h"}"#,
    );
    let id = openbao::set(&server, "GET", "/v1/auth/approle/role/agent/role-id", "");
    let secret = openbao::set(&server, "POST", "/v1/auth/approle/role/agent/secret-id", "{}");
    agent.configure(&format!(
        "[openbao]\naddress = \"http://{}\"\nrole = {}\n[agent]\ntls_role = \"agent\"\ntls_life = {life}\n",
        server.address(),
        id["data"]["role_id"],
    ));
    let mut add = agent.command();
    add.args(["credential", "add", "openbao/secret-id"]).stdin(std::process::Stdio::piped());
    let mut add = add.spawn().unwrap();
    let text = secret["data"]["secret_id"].as_str().unwrap();
    add.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(add.wait().unwrap().success());
    Some(server)
}

/// The certificates of a PKI beside its root, and whether each is revoked.
fn certificates(server: &ecoops_tests::servers::Server) -> Vec<bool> {
    let list = openbao::set(server, "GET", "/v1/pki/certs?list=true", "");
    let serials = list["data"]["keys"].as_array().unwrap().clone();
    let about = |serial: &serde_json::Value| {
        let path = format!("/v1/pki/cert/{}", serial.as_str().unwrap());
        openbao::set(server, "GET", &path, "")["data"].clone()
    };
    let all = serials.iter().map(about);
    let is_root = |about: &serde_json::Value| {
        let issuer = openbao::set(server, "GET", "/v1/pki/cert/ca", "");
        about["certificate"] == issuer["data"]["certificate"]
    };
    all.filter(|about| !is_root(about)).map(|about| about["revocation_time"].as_i64() > Some(0)).collect()
}

#[test]
fn a_certificate_is_issued_renewed_in_time_and_revoked_at_the_end() {
    let mut agent = Agent::new();
    let Some(server) = pki(&agent, 9) else { return };
    let port = free_port();
    agent.run(&["--listen", &format!("127.0.0.1:{port}")]);
    let made = agent.ecoops(&["agent", "token", "--scope", "*"]);
    let token = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    let ask = || {
        let server = Server {
            url: format!("https://localhost:{port}"),
            token: Some(token.clone()),
            ca_file: Some(agent.home().join("ca.pem")),
            ..Server::default()
        };
        Client::new(server)?.get("/audit/query").once().send()
    };
    assert_eq!(ask().unwrap().status, 200);
    // When two thirds of its nine seconds are over there is a new one, and the one before is revoked.
    wait("the second certificate", || certificates(&server).contains(&true).then_some(()));
    assert_eq!(ask().unwrap().status, 200);
    // One that cannot be renewed is said, and tried again until it can.
    let role = |localhost: bool| {
        let role =
            json!({ "allow_localhost": localhost, "max_ttl": "72h", "key_type": "ec", "key_bits": 256 });
        openbao::set(&server, "POST", "/v1/pki/roles/agent", &role.to_string());
    };
    let degraded = || agent.get("/v1/status").text().contains("the certificate is not renewed");
    role(false);
    wait("the trouble", || degraded().then_some(()));
    role(true);
    wait("the end of the trouble", || (!degraded()).then_some(()));
    assert_eq!(ask().unwrap().status, 200);
    agent.signal(rustix::process::Signal::TERM);
    agent.ended();
    // What has ended by itself in between is none to be revoked.
    let (revoked, ended): (Vec<bool>, Vec<bool>) =
        certificates(&server).into_iter().partition(|revoked| *revoked);
    assert!(revoked.len() >= 2 && ended.len() <= 1, "{revoked:?} {ended:?}");
    let kept = std::process::Command::new("grep")
        .args(["-rlE", "PRIVATE KEY|BEGIN CERT"])
        .arg(agent.state())
        .output();
    let kept = String::from_utf8_lossy(&kept.unwrap().stdout).into_owned();
    let other = |line: &&str| !line.contains("/identity/") && !line.contains("/keys/");
    assert_eq!(kept.lines().find(other), None, "the key is never written down");
}

#[test]
fn a_door_that_cannot_be_certified_does_not_open() {
    let agent = Agent::new();
    let Some(server) = pki(&agent, 3600) else { return };
    openbao::set(
        &server,
        "POST",
        "/v1/pki/roles/agent",
        r#"{"allow_localhost":false,"allow_ip_sans":false}"#,
    );
    let refused = |arguments: &[&str], why: &str| {
        let ran = agent.ecoops(&[&["agent", "run", "--listen", "127.0.0.1:0"], arguments].concat());
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(ran.status.code(), Some(2), "{said}");
        assert!(said.contains(why), "{why}: {said}");
    };
    refused(&[], "not allowed");
    refused(&["--config", "openbao.address="], "no server is named");
    refused(&["--config", "agent.tls_certificate=/a", "--config", "agent.tls_key=/b"], "cannot be read");
    drop(server);
    refused(&[], "cannot be reached");
}
