//! A client of the kernel's contract, written for Node with nothing but `fetch`, makes every call against the
//! daemon at one base URL.
#![allow(clippy::unwrap_used)]

use ecoops_tests::agent::{Agent, free_port};
use ecoops_tests::home::{Home, workspace};
use ecoops_tests::parts;
use std::process::Command;

#[test]
fn a_client_in_node_makes_all_its_calls() {
    let Some(node) = parts::node_alone() else {
        parts::skipped("Node", "tests/run --parts-only");
        return;
    };
    let home = Home::new();
    let repository = home.repo(&[("deploy/a.yaml", "a: 1\n")]);
    let live = home.path().join("live");
    let mut agent = Agent::new();
    agent.configure(&format!(
        "[delivery.applications]\nshop = [{:?}, \"main\", \"deploy\", {:?}]\n",
        repository.display().to_string(),
        live.display().to_string()
    ));
    let port = free_port();
    agent.run(&["--listen", &format!("127.0.0.1:{port}")]);
    let made = agent.ecoops(&["agent", "token", "--ttl", "10m", "--scope", "*"]);
    let ran = Command::new(node)
        .arg(workspace().join("tests/tests/data/kernel-sdk.mjs"))
        .arg(format!("http://127.0.0.1:{port}/"))
        .arg(String::from_utf8_lossy(&made.stdout).trim())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    let count = said.lines().last().unwrap_or_default();
    parts::told(&format!("a client of the kernel's contract in Node: {count}"));
    assert!(count.strip_prefix("calls ").is_some_and(|n| n.parse::<u32>().is_ok_and(|n| n >= 25)), "{said}");
}
