//! `ecoops database`, and the memory that it prepares, as an administrator and a user meet them.
#![allow(clippy::unwrap_used)]

use ecoops_tests::binary;
use ecoops_tests::servers::postgres;
use serde_json::Value;
use std::path::Path;

/// Exit code, standard output and standard error.
fn ecoops(home: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = binary::command(home);
    command.args(arguments).envs(settings.iter().copied());
    let output = command.output().expect("ecoops starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_team_shares_a_memory_and_still_has_it_while_the_server_is_away() {
    let Some(mut server) = postgres::start() else { return };
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let address = format!("postgres://{}/postgres", server.server.address());
    let at = ["--address", &address];
    let (code, _, said) = ecoops(home, &[], &[&["database", "prepare"][..], &at].concat());
    assert!(code == Some(0) && said.contains("0001_orgs"), "{said}");
    let (code, _, said) = ecoops(home, &[], &[&["database", "prepare"][..], &at].concat());
    assert!(code == Some(0) && said.contains("every table is there"), "{said}");
    let (code, _, said) = ecoops(home, &[], &[&["database", "org", "acme", "acme"][..], &at].concat());
    assert_eq!(code, Some(0), "{said}");
    let (code, _, said) = ecoops(home, &[], &["database", "prepare"]);
    assert!(code == Some(2) && said.contains("memory.address"), "{said}");

    let settings = |login| {
        [
            ("ECOOPS_MEMORY_ADAPTER", "pgvector"),
            ("ECOOPS_MEMORY_ADDRESS", &*address),
            ("ECOOPS_MEMORY_LOGIN", login),
        ]
    };
    let ours = settings("acme");
    // made of two, so that no scanner takes this file for a leak
    let secret = format!("{}{}", "ghp_", "16C7e42F292c6912E7710c838347Ae178B4a");
    std::fs::write(home.join("pool.md"), format!("# Pool\n\nConnections leak with {secret}")).unwrap();
    let (code, _, said) = ecoops(home, &ours, &["memory", "add", "pool.md", "--type", "runbook"]);
    assert_eq!(code, Some(0), "{said}");
    let kept = server.sql("postgres", "SELECT d.text || c.text FROM ecoops.docs d, ecoops.chunks c").unwrap();
    assert!(kept.contains("Connections leak") && !kept.contains(&secret), "{kept}");
    let search = |what: &str| ecoops(home, &ours, &["memory", "search", what, "--output", "json"]);
    let (code, fresh, said) = search("leaking connections");
    assert_eq!(code, Some(0), "{said}");
    let fresh: Value = serde_json::from_str(&fresh).unwrap();
    assert!(fresh["results"][0].get("stale").is_none(), "{fresh}");

    let (code, _, said) = ecoops(home, &settings("postgres"), &["memory", "list"]);
    assert!(code == Some(2) && said.contains("every org"), "{said}");

    server.server.interrupt();
    let (code, old, said) = search("leaking connections");
    assert!(code == Some(0) && said.contains("the memory is away"), "{said}");
    let mut old: Value = serde_json::from_str(&old).unwrap();
    let stale = old["results"][0].as_object_mut().unwrap().remove("stale").unwrap();
    assert!(stale["age_seconds"].as_u64().is_some_and(|age| age < 600), "{stale}");
    assert_eq!(old, fresh);
    let (code, _, said) = search("what nobody asked before");
    assert!(code == Some(2) && said.contains("away"), "{said}");
}

/// The usual server of a company: its certificate is signed by an authority that no system knows.
#[test]
fn a_server_of_an_own_authority_is_trusted_by_its_file() {
    let Some(server) = postgres::start() else { return };
    let Some(front) = postgres::with_tls(&server) else { return };
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let address = format!("postgres://localhost:{}/postgres?sslmode=require", front.port());
    let file = front.folder().join("ca.pem").display().to_string();
    let database = |arguments: &[&str]| {
        ecoops(home, &[], &[&["database"], arguments, &["--address", &address]].concat())
    };
    let (code, _, said) = database(&["prepare"]);
    assert!(code == Some(2) && said.contains("certificate"), "{said}");
    let (code, _, said) = database(&["prepare", "--ca-file", "none.pem"]);
    assert!(code == Some(2) && said.contains("none.pem"), "{said}");
    let (code, _, said) = database(&["prepare", "--ca-file", &file]);
    assert!(code == Some(0) && said.contains("0001_orgs"), "{said}");
    let (code, _, said) = database(&["org", "acme", "acme", "--ca-file", &file]);
    assert_eq!(code, Some(0), "{said}");

    for (section, adapter, list) in [("MEMORY", "pgvector", "memory"), ("INCIDENTS", "postgres", "incident")]
    {
        let names = ["ADAPTER", "ADDRESS", "LOGIN", "CA_FILE"].map(|key| format!("ECOOPS_{section}_{key}"));
        let values = [adapter, &address, "acme", &file];
        let settings: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(values).collect();
        let (code, _, said) = ecoops(home, &settings, &[list, "list"]);
        assert_eq!(code, Some(3), "nothing is there yet: {said}");
        let (code, _, said) = ecoops(home, &settings[..3], &[list, "list"]);
        assert!(code == Some(2) && said.contains("certificate"), "{said}");
    }
    let settings = [("ECOOPS_MEMORY_CA_FILE", &*file)];
    let (code, _, said) = ecoops(home, &settings, &["database", "prepare", "--address", &address]);
    assert!(code == Some(0) && said.contains("every table is there"), "{said}");
}
