//! A validator that others wrote (schemathesis) asks the daemon whatever its two documents allow and
//! forbid: no answer is a 500, and none is other than the documents say.
#![allow(clippy::unwrap_used)]

use ecoops_tests::agent::{Agent, ask_tcp, free_port};
use ecoops_tests::parts;
use std::path::Path;
use std::process::{Command, Stdio};

/// What may be said of data that fits the schema: that its Idempotency-Key was used for something else
/// (422), and that a file in a form is no text (415) or too large (413); a schema cannot say so.
const CONFIG: &str = "[checks.positive_data_acceptance]\n\
    expected-statuses = [\"2xx\", \"3xx\", \"401\", \"403\", \"404\", \"409\", \"413\", \"415\", \"422\", \"429\", \"5xx\"]\n";

fn judge(python: &Path, agent: &Agent, port: u16, document: &str) {
    let made = agent.ecoops(&["agent", "token", "--ttl", "1h", "--scope", "*"]);
    let token = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    let file = agent.home().join("document.json");
    std::fs::write(&file, ask_tcp(port, "GET", document, &[], "").body).unwrap();
    let config = agent.home().join("schemathesis.toml");
    std::fs::write(&config, CONFIG).unwrap();
    let ran = Command::new(python.with_file_name("schemathesis"))
        .arg("--config-file")
        .arg(&config)
        .args(["run", "--url", &format!("http://127.0.0.1:{port}"), "--header"])
        .arg(format!("Authorization: Bearer {token}"))
        .args(["--phases", "coverage,fuzzing", "--max-examples", "5", "--seed", "1", "--no-color"])
        // Stopping the daemon ends the test, and a stream never ends.
        .args(["--exclude-path", "/v1/agent/stop", "--exclude-path", "/v1/events/stream"])
        .args(["--exclude-path", "/v1/events/socket"])
        .arg(&file)
        .current_dir(agent.home())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    let counts: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|l| l.contains(" generated, ") || l.starts_with("Tested:"))
        .collect();
    parts::told(&format!("schemathesis on {document}: {}", counts.join(", ")));
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn no_contract_is_violated_and_nothing_is_500() {
    let Some(python) = parts::python("schemathesis", "schemathesis") else { return };
    let mut agent = Agent::new();
    agent.configure("[agent]\nrate_limit = 1000000\n");
    let port = free_port();
    agent.run(&["--listen", &format!("127.0.0.1:{port}")]);
    for document in ["/openapi.json", "/v1/openapi.json"] {
        judge(&python, &agent, port, document);
    }
    assert!(agent.hello().is_some());
}
