//! The kernel's auth-service as who says who somebody is: to commands, and to the daemon.
#![allow(clippy::unwrap_used)]

use ecoops_tests::agent::{Agent, ask_tcp, free_port};
use ecoops_tests::auth_service::as_seen;
use ecoops_tests::http::{Replay, Request};
use serde_json::{Value, json};
use std::process::Output;

fn home(service: &str, more: &str) -> Agent {
    let home = Agent::new();
    home.configure(&format!("[identity]\nadapter = \"auth_service\"\naddress = \"{service}\"\n{more}"));
    home
}

/// With `key` as the API key of the environment.
fn with_key(home: &Agent, key: &str, arguments: &[&str]) -> Output {
    home.command().env("ECO_AUTH_API_KEY", key).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_key_names_its_holder_and_the_settings_say_what_he_may() {
    let service = Replay::start(as_seen);
    let home = home(&service.url(), "");
    let who = with_key(&home, "service", &["whoami", "--output", "json"]);
    let who: Value = serde_json::from_slice(&who.stdout).unwrap_or_else(|_| panic!("{}", said(&who)));
    assert_eq!((&who["id"], &who["kind"]), (&json!("service"), &json!("service")));
    assert_eq!(who["roles"], json!(["oidc:platform-operator"]), "roles that are not listed are left out");
    assert_eq!(who["permissions"], json!(["remediation:read", "remediation:write", "remediation:deploy"]));
    assert_eq!(who["auth_service"], "the token is active");
    for (permission, code) in [
        ("remediation:write", 0),
        ("remediation:admin", 4),
        ("memory:read", 0),
        ("memory:write", 4),
        ("remediation:fly", 2),
    ] {
        let ran = with_key(&home, "operator", &["whoami", "--can", permission]);
        assert_eq!(ran.status.code(), Some(code), "{permission}: {}", said(&ran));
    }
    let stranger = with_key(&home, "nobody", &["whoami"]);
    assert_eq!(stranger.status.code(), Some(3), "{}", said(&stranger));
    assert!(
        said(&stranger).contains("INVALID_TOKEN") && !said(&stranger).contains("nobody"),
        "{}",
        said(&stranger)
    );
    // A key that settings name goes before the environment's.
    let named = self::home(&service.url(), "credential = \"eco/api-key\"\n");
    let mut add = named.command();
    add.args(["credential", "add", "eco/api-key"]).stdin(std::process::Stdio::piped());
    let mut add = add.spawn().unwrap();
    std::io::Write::write_all(&mut add.stdin.take().unwrap(), b"operator\n").unwrap();
    assert!(add.wait().unwrap().success());
    let who = with_key(&named, "service", &["whoami", "--output", "json"]);
    assert!(said(&who).contains("\"operator\""), "{}", said(&who));
    // Without any it is this machine's user, unless one is demanded; and without the service it is nobody.
    assert_eq!(home.ecoops(&["whoami"]).status.code(), Some(0));
    let demanded = home.ecoops(&["--config", "login.required=true", "whoami"]);
    assert_eq!(demanded.status.code(), Some(3), "{}", said(&demanded));
    drop(service);
    let away = with_key(&home, "operator", &["whoami"]);
    assert_eq!(away.status.code(), Some(3), "{}", said(&away));
    assert!(said(&away).contains("cannot be reached"), "{}", said(&away));
    let unset = self::home("", "");
    let unset = unset.ecoops(&["whoami"]);
    assert!(said(&unset).contains("identity.address"), "{}", said(&unset));
    // What is asked of a service needs one.
    let none = Agent::new().ecoops(&["whoami", "--can", "memory:read"]);
    assert_eq!(none.status.code(), Some(2), "{}", said(&none));
}

#[test]
fn the_daemon_knows_who_brings_a_token_and_says_for_whom_it_asks_others() {
    let service = Replay::start(as_seen);
    let infra = Replay::start(|_: &Request| {
        let data = json!({ "applications": [{ "name": "shop", "syncStatus": "synced" }], "driftedCount": 0 });
        (200, json!({ "success": true, "data": data }).to_string())
    });
    let delivery = format!("[delivery]\nadapter = \"infra_manager\"\naddress = \"{}\"\n", infra.url());
    let mut agent = home(&service.url(), &delivery);
    let port = free_port();
    agent.run(&["--listen", &format!("127.0.0.1:{port}")]);
    let ask = |method: &str, path: &str, token: &str, body: &str| {
        let bearer = format!("Bearer {token}");
        ask_tcp(port, method, path, &[("authorization", &bearer), ("content-type", "application/json")], body)
    };
    let reply = ask("GET", "/auth/introspect", "operator", "");
    assert_eq!((reply.status, &reply.json()["data"]["sub"]), (200, &json!("operator")));
    assert_eq!(reply.header("x-user-groups"), Some("platform-operator"));
    assert_eq!(ask("POST", "/memory/ingest", "operator", r#"{"content":"x"}"#).status, 201);
    for wrong in ["nobody", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
        assert_eq!(ask("GET", "/audit/query", wrong, "").status, 401, "{wrong}");
    }
    // Services behind the daemon are told for whom it asks; nobody else's name is told with a later question.
    let told = |name: &str| infra.requests().last().map(|request| request.header(name).to_owned()).unwrap();
    assert_eq!(ask("GET", "/infra/drift", "operator", "").status, 200);
    assert_eq!((told("x-user-id"), told("x-user-groups")), ("operator".into(), "platform-operator".into()));
    assert!(infra.requests().iter().all(|request| request.header("authorization").is_empty()));
    assert_eq!(ask("GET", "/infra/drift", "service", "").status, 200);
    assert_eq!(told("x-user-id"), "service");
    assert_eq!(agent.get("/infra/drift").status, 200);
    assert!(!["operator", "service", ""].contains(&told("x-user-id").as_str()), "{}", told("x-user-id"));
    drop(service);
    let away = ask("GET", "/audit/query", "another", "");
    assert_eq!(away.status, 503, "{}", away.text());
}

#[test]
fn the_key_of_the_environment_is_warned_of_before_its_ninety_days_are_over() {
    let service = Replay::start(as_seen);
    let home = home(&service.url(), "");
    let kept = home.state().join("keys/api-key.json");
    let whoami = |key: &str| said(&with_key(&home, key, &["whoami"]));
    assert!(!whoami("operator").contains("warning"), "{}", whoami("operator"));
    let text = std::fs::read_to_string(&kept).unwrap();
    assert!(!text.contains("operator"), "{text}");
    let seen: Value = serde_json::from_str(&text).unwrap();
    let days_ago = |days: i64| {
        let since = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * days);
        let changed = json!({ "mark": seen["mark"], "since": since.to_string() });
        std::fs::write(&kept, changed.to_string()).unwrap();
        whoami("operator")
    };
    for (days, expected) in [(70, None), (80, Some("ends in")), (95, Some("ended 5 days ago"))] {
        let said = days_ago(days);
        match expected {
            None => assert!(!said.contains("warning"), "{days}: {said}"),
            Some(text) => assert!(said.contains("ECO_AUTH_API_KEY") && said.contains(text), "{days}: {said}"),
        }
    }
    let list = with_key(&home, "operator", &["credential", "list"]);
    assert!(said(&list).contains("eco-auth-api-key"), "{}", said(&list));
    assert_eq!(list.status.code(), Some(1), "one is due");
    // Another key begins anew.
    assert!(!whoami("service").contains("warning"), "{}", whoami("service"));
}
