//! Tools of other servers: opt-in by the user's settings, asked before each call, and nothing inherited.
#![allow(clippy::unwrap_used)]

use ecoops_tests::agent::{Agent, free_port};
use ecoops_tests::binary;
use serde_json::{Value, json};
use std::process::Output;

/// A home whose settings name a server that behaves in each of these ways, and this program itself.
fn home(more: &str) -> Agent {
    let agent = Agent::new();
    let hostile = env!("CARGO_BIN_EXE_mcp-hostile");
    let ways = ["plain", "garbage", "silent", "dies", "ancient", "huge", "environment", "stays", "deaf"];
    let servers: String = ways.iter().map(|way| format!("{way} = [{hostile:?}, {way:?}]\n")).collect();
    let own = binary::path().to_str().unwrap().to_owned();
    agent.configure(&format!(
        "[mcp]\ndeadline = 2\nmax_output = \"4 KiB\"\n[mcp.servers]\n{servers}own = [{own:?}, \"mcp\", \"serve\"]\n\
         absent = [\"/no/such/program\"]\n{more}"
    ));
    agent
}

fn out(ran: &Output) -> String {
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

fn err(ran: &Output) -> String {
    String::from_utf8_lossy(&ran.stderr).into_owned()
}

#[test]
fn a_call_is_made_when_the_user_says_so() {
    let agent = home("");
    let asked = agent.ecoops(&["mcp", "call", "plain", "look"]);
    assert_eq!(asked.status.code(), Some(6), "{}", err(&asked));
    let approved = agent.ecoops(&["mcp", "call", "plain", "act", "n=1", "s=x", "--yes"]);
    assert_eq!(approved.status.code(), Some(0), "{}", err(&approved));
    assert!(out(&approved).contains(r#"called with {"n":1,"s":"x"}"#), "{}", out(&approved));
    assert!(!out(&approved).contains('\u{1b}'), "it cannot drive a terminal");
    let log = agent.ecoops(&["--output", "json", "audit", "log"]);
    let log: Value = serde_json::from_str(&out(&log)).unwrap();
    let entry = &log[0]["entry"];
    assert_eq!((&entry["action"], &entry["resource"]), (&json!("call-tool"), &json!("plain/act")), "{log}");
    assert_eq!(entry["details"]["approval"], "--yes");

    // Allowed by the settings, and read-only by the server's word: both are needed.
    let agent = home("[mcp.unasked]\nplain = [\"look\", \"act\"]\n");
    assert_eq!(agent.ecoops(&["mcp", "call", "plain", "look"]).status.code(), Some(0));
    assert_eq!(agent.ecoops(&["mcp", "call", "plain", "act"]).status.code(), Some(6));
}

#[test]
fn a_server_that_misbehaves_is_told_in_words() {
    let agent = home("");
    for (server, why) in [
        ("garbage", "no message"),
        ("silent", "no answer within"),
        ("dies", "licence has run out"),
        ("ancient", "1999-01-01"),
        ("absent", "cannot be started"),
        ("unknown", "no MCP server"),
    ] {
        let ran = agent.ecoops(&["mcp", "tools", server]);
        assert_eq!(ran.status.code(), Some(2), "{server}");
        assert!(err(&ran).contains(why), "{server}: {}", err(&ran));
    }
    let none = agent.ecoops(&["mcp", "call", "plain", "fly", "--yes"]);
    assert!(err(&none).contains("no tool `fly`"), "{}", err(&none));
    // More than a pipe holds, to one that reads no more.
    let large = format!("s={}", "x".repeat(100_000));
    let deaf = agent.ecoops(&["mcp", "call", "deaf", "act", &large, "--yes"]);
    assert!(!deaf.status.success() && err(&deaf).contains("no answer within"), "{}", err(&deaf));
    // One that does not end with its input is ended.
    assert_eq!(agent.ecoops(&["mcp", "tools", "stays"]).status.code(), Some(0));
}

#[test]
fn what_a_server_gets_and_gives_has_bounds() {
    let agent = home("[mcp.variables]\nenvironment = [\"LANG\"]\n");
    let mut command = agent.command();
    command.env("SECRET_TOKEN", "x").env("LANG", "C.UTF-8");
    let ran = command.args(["mcp", "call", "environment", "look", "--yes"]).output().unwrap();
    assert_eq!(out(&ran).trim(), "LANG,PATH", "nothing but what was named");
    let huge = agent.ecoops(&["mcp", "call", "huge", "look", "--yes"]);
    assert!(huge.stdout.len() < 5000 && err(&huge).contains("more bytes"), "{}", huge.stdout.len());
    let tools = agent.ecoops(&["--output", "json", "mcp", "tools", "plain"]);
    let tools: Value = serde_json::from_str(&out(&tools)).unwrap();
    assert_eq!((&tools[0]["read_only"], &tools[1]["read_only"]), (&json!(true), &json!(false)));
    let text = agent.ecoops(&["mcp", "tools", "plain"]);
    assert!(!out(&text).contains('\u{1b}'));
}

#[test]
fn a_repository_names_no_server() {
    let agent = Agent::new();
    let repo = agent.home().join("repo");
    std::fs::create_dir_all(repo.join(".git")).unwrap();
    std::fs::write(repo.join("ecoops.toml"), "[mcp.servers]\nevil = [\"/bin/sh\"]\n").unwrap();
    let ran = agent.command().current_dir(&repo).args(["mcp", "tools", "evil"]).output().unwrap();
    assert_ne!(ran.status.code(), Some(0));
    assert!(err(&ran).contains("no MCP server") || err(&ran).contains("trust"), "{}", err(&ran));
}

#[test]
fn our_own_server_is_one_of_them() {
    let agent = home("[mcp.unasked]\nown = [\"*\"]\n");
    let listed = agent.ecoops(&["mcp", "tools", "own"]);
    assert!(out(&listed).contains("memory_search"), "{}{}", out(&listed), err(&listed));
}

#[test]
fn a_server_over_http_gets_the_credential_that_is_named() {
    let mut agent = Agent::new();
    let port = free_port();
    let settings = |credential: &str| {
        format!(
            "[mcp.servers]\nagent = [\"http://127.0.0.1:{port}/mcp\"{credential}]\n[mcp.unasked]\nagent = [\"*\"]\n"
        )
    };
    agent.configure(&settings(", \"mcp/agent\""));
    agent.run(&["--listen", &format!("127.0.0.1:{port}")]);
    let absent = agent.ecoops(&["mcp", "tools", "agent"]);
    assert_eq!(absent.status.code(), Some(2), "no credential is kept yet");
    let token = agent.ecoops(&["agent", "token", "--scope", "mcp:read,memory:read"]);
    let token = out(&token).trim().to_owned();
    agent.keep("mcp/agent", &token);
    let listed = agent.ecoops(&["mcp", "tools", "agent"]);
    assert!(
        out(&listed).contains("memory_search") && !out(&listed).contains("audit_verify"),
        "{}",
        err(&listed)
    );
    let found = agent.ecoops(&["mcp", "call", "agent", "memory_search", "query=pool"]);
    assert_eq!(found.status.code(), Some(0), "{}", err(&found));
    assert!(out(&found).contains("\"results\":[]"), "{}", out(&found));
    let (said, log) = (err(&found), agent.ecoops(&["audit", "log", "--output", "json"]));
    assert!(!said.contains(&token) && !out(&log).contains(&token));
    // Without one it is turned away, in words.
    agent.configure(&settings(""));
    let refused = agent.ecoops(&["mcp", "tools", "agent"]);
    assert!(err(&refused).contains("without its token"), "{}", err(&refused));
}
