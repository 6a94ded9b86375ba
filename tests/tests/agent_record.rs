//! Commands that work through the daemon: who signs, who asked, and what happens when it is lost.
#![allow(clippy::unwrap_used)]

use ecoops_tests::agent::{Agent, ask_tcp, free_port, wait};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::Output;

/// A folder with something to fix.
fn project(agent: &Agent, name: &str) -> PathBuf {
    let folder = agent.home().join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("a.py"), "import yaml\n\n\ndef read(text):\n    return yaml.load(text)\n").unwrap();
    folder
}

fn fix(agent: &Agent, folder: &PathBuf) -> Output {
    agent
        .command()
        .args(["fix", "--yes", "--unsafe-fixes", "--no-validate"])
        .current_dir(folder)
        .output()
        .unwrap()
}

fn entries(agent: &Agent) -> Vec<Value> {
    let shown = agent.ecoops(&["audit", "log", "--limit", "1000", "--output", "json"]);
    serde_json::from_slice(&shown.stdout).unwrap()
}

#[test]
fn with_the_daemon_it_signs_and_says_who_asked() {
    let agent = Agent::up();
    let folder = project(&agent, "p");
    let fixed = fix(&agent, &folder);
    assert!(!String::from_utf8_lossy(&fixed.stderr).contains("without it"), "{fixed:?}");
    let log = entries(&agent);
    assert!(!log.is_empty(), "{}", String::from_utf8_lossy(&fixed.stderr));
    for item in &log {
        let entry = &item["entry"];
        assert_eq!(entry["signer"], "agent");
        assert_eq!(entry["asked"]["by"], entry["actor"]);
        assert!(entry["asked"]["signature"].as_str().is_some_and(|s| s.len() == 88), "{entry}");
    }
    let events = agent.get("/v1/events").json()["items"].as_array().unwrap().len();
    assert!(events > 0, "events go through it too");
    assert_eq!(agent.ecoops(&["audit", "verify"]).status.code(), Some(0));
    // The run is over: nothing keeps the daemon from being replaced.
    wait("the run to be over", || (agent.get("/v1/status").json()["runs"] == 0).then_some(()));
}

/// As a fix does: the daemon is the one writer while it is up, and signs for who asked.
#[test]
fn an_investigation_is_recorded_through_the_daemon() {
    let agent = Agent::up();
    let made = agent.home().join("made").display().to_string();
    let demo = ["incident", "demo", "--no-analysis", "--seed", "7", "--services", "8", "--lines", "2000"];
    let ran = agent.ecoops(&[&demo[..], &["--keep", &made]].concat());
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let ran = agent.ecoops(&["incident", "analyze", &made]);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let log = entries(&agent);
    assert!(log.iter().any(|item| item["entry"]["action"] == "analyze"), "{log:?}");
    for item in &log {
        assert_eq!(item["entry"]["signer"], "agent", "{item}");
        assert_eq!(item["entry"]["asked"]["by"], item["entry"]["actor"]);
    }
    let events = agent.get("/v1/events").json()["items"].as_array().unwrap().len();
    assert!(events > 0, "events go through it too");
    wait("it to be over", || (agent.get("/v1/status").json()["runs"] == 0).then_some(()));
}

#[test]
fn without_the_daemon_or_when_told_so_the_record_is_self_signed() {
    let mut agent = Agent::new();
    let folder = project(&agent, "a");
    fix(&agent, &folder);
    let alone = entries(&agent).len();
    assert!(alone > 0);
    agent.run(&[]);
    let folder = project(&agent, "b");
    agent
        .command()
        .args(["--config", "agent.use=never", "fix", "--yes", "--unsafe-fixes", "--no-validate"])
        .current_dir(&folder)
        .output()
        .unwrap();
    let log = entries(&agent);
    assert!(log.len() > alone);
    assert!(log.iter().all(|item| item["entry"]["signer"] == "self" && item["entry"].get("asked").is_none()));
    assert_eq!(agent.ecoops(&["audit", "verify"]).status.code(), Some(0), "both write one log");
}

#[test]
fn a_command_that_stays_offline_does_not_go_through_the_daemon() {
    let agent = Agent::up();
    let folder = project(&agent, "p");
    let fixed = agent
        .command()
        .args(["--offline", "fix", "--yes", "--unsafe-fixes", "--no-validate"])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&fixed.stderr).contains("--offline"), "{fixed:?}");
    let log = entries(&agent);
    assert!(!log.is_empty() && log.iter().all(|item| item["entry"]["signer"] == "self"));
}

#[test]
fn always_means_that_it_is_started() {
    let agent = Agent::new();
    agent.configure("[agent]\nuse = \"always\"\n");
    let folder = project(&agent, "p");
    let mut command = agent.command();
    command.args(["--config", "agent.rate_limit=7", "fix", "--yes", "--unsafe-fixes", "--no-validate"]);
    command.current_dir(&folder).output().unwrap();
    assert!(agent.hello().is_some(), "{:?}", agent.ecoops(&["agent", "logs"]));
    let limit = agent.get("/v1/status").header("x-ratelimit-limit").map(str::to_owned);
    assert_eq!(
        limit.as_deref(),
        Some("2000"),
        "what one command was told is not the agent's for all its life"
    );
    assert!(entries(&agent).iter().all(|item| item["entry"]["signer"] == "agent"));
}

#[test]
fn an_entry_that_nobody_signed_is_not_written() {
    let agent = Agent::up();
    let entry = json!({ "timestamp": "2026-01-01T00:00:00Z", "trace_id": "t", "run": "r", "actor": "mallory",
        "action": "integrate", "resource": "a", "result": "success", "policy": null, "content_hash": null,
        "urn": "u", "uri": "f", "signer": "agent" });
    for (token, signatures) in [("", json!([])), ("x.y", json!(["AAAA"])), ("", json!(["AAAA"]))] {
        let body = json!({ "token": token, "entries": [entry.clone()], "signatures": signatures });
        let status = agent.post("/v1/audit/entries", &body).status;
        assert!((400..500).contains(&status), "{status}");
    }
    assert!(entries(&agent).is_empty());
}

#[test]
fn an_older_daemon_is_replaced_between_runs_and_not_within_one() {
    let mut agent = Agent::new();
    // The same program under an older date is an older build.
    let old = agent.home().join("old-ecoops");
    fs::copy(ecoops_tests::binary::path(), &old).unwrap();
    let past = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::File::open(&old).unwrap().set_modified(past).unwrap();
    let template = agent.command();
    let mut command = std::process::Command::new(&old);
    command
        .env_clear()
        .envs(template.get_envs().filter_map(|(k, v)| Some((k, v?))))
        .current_dir(agent.home());
    let port = free_port();
    command.args(["agent", "run", "--listen", &format!("127.0.0.1:{port}")]);
    agent.launch(command);
    let pid = agent.pid();

    // Within a run it stays.
    use std::io::{Read, Write};
    let mut run = std::os::unix::net::UnixStream::connect(agent.socket()).unwrap();
    run.write_all(b"POST /v1/runs HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").unwrap();
    let mut answer = [0; 12];
    run.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    let folder = project(&agent, "a");
    fix(&agent, &folder);
    assert_eq!(agent.pid(), pid);
    drop(run);
    wait("the run to be over", || (agent.get("/v1/status").json()["runs"] == 0).then_some(()));

    let folder = project(&agent, "b");
    let fixed = fix(&agent, &folder);
    assert_ne!(agent.pid(), pid, "{}", String::from_utf8_lossy(&fixed.stderr));
    assert_eq!(agent.ended().code(), Some(0));
    assert_eq!(ask_tcp(port, "GET", "/v1/hello", &[], "").status, 200, "it listens where the older one did");
    assert!(entries(&agent).iter().all(|item| item["entry"]["signer"] == "agent"));
}
