//! The Model Context Protocol's own conformance suite, which others wrote, against our server and our client.
#![allow(clippy::unwrap_used)]

use ecoops_tests::parts;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// The scenarios that the suite has for servers; fewer would be a suite that was cut.
const SERVER_SCENARIOS: usize = 32;

/// A server with all that the suite asks for, on the protocol code of the agent.
struct Everything(Child, String);

impl Everything {
    fn start() -> Self {
        let mut server = Command::new(env!("CARGO_BIN_EXE_mcp-everything"));
        let mut server = server.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self(server, format!("http://{}/mcp", line.trim()))
    }
}

impl Drop for Everything {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn suite() -> Option<(PathBuf, PathBuf)> {
    let file = "@modelcontextprotocol/conformance/dist/index.js";
    parts::node("mcp", file, "@modelcontextprotocol/conformance")
}

fn run(suite: &(PathBuf, PathBuf), folder: &std::path::Path, arguments: &[&str]) -> (Output, String) {
    let ran = Command::new(&suite.0).arg(&suite.1).args(arguments).current_dir(folder).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    (ran, said)
}

#[test]
fn the_server_conforms() {
    let Some(suite) = suite() else { return };
    let (server, folder) = (Everything::start(), tempfile::tempdir().unwrap());
    let (ran, said) = run(&suite, folder.path(), &["server", "--url", &server.1, "--suite", "all"]);
    let scenarios: Vec<&str> = said
        .lines()
        .filter(|l| l.ends_with(" failed") && l.contains(": ") && !l.starts_with("Total"))
        .collect();
    let total = said.lines().find(|l| l.starts_with("Total: ")).unwrap_or_default();
    parts::told(&format!("MCP conformance, server: {} scenarios, {total}", scenarios.len()));
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    assert!(scenarios.len() >= SERVER_SCENARIOS, "{said}");
    assert!(total.ends_with(", 0 failed"), "{said}");
}

/// What the suite asks of clients, except for the scenarios of OAuth: our client is given its token.
const CLIENT_SCENARIOS: [&str; 4] =
    ["initialize", "tools_call", "elicitation-sep1034-client-defaults", "sse-retry"];

#[test]
fn the_client_conforms() {
    let Some(suite) = suite() else { return };
    let mut passed = 0;
    for scenario in CLIENT_SCENARIOS {
        let folder = tempfile::tempdir().unwrap();
        let client = env!("CARGO_BIN_EXE_mcp-client");
        let arguments = ["client", "--command", client, "--scenario", scenario];
        let (ran, said) = run(&suite, folder.path(), &arguments);
        assert!(ran.status.success(), "{scenario}: {said}{}", String::from_utf8_lossy(&ran.stderr));
        passed += 1;
    }
    let all = CLIENT_SCENARIOS.len();
    parts::told(&format!("MCP conformance, client: {passed} of {all} scenarios (OAuth's are not ours)"));
}
