//! `ecoops login`, `logout` and `whoami` against a real OpenID Connect issuer, and the daemon that takes its tokens.
#![allow(clippy::unwrap_used)]

use ecoops_tests::agent::{Agent, ask_tcp, free_port, wait};
use ecoops_tests::servers::oidc::{self, Issuer, SERVICE_SECRET};
use ecoops_tests::servers::until;
use serde_json::{Value, json};
use std::process::{Child, Output, Stdio};

/// A home that is configured for the issuer.
fn home(issuer: &Issuer, more: &str) -> Agent {
    let home = Agent::new();
    home.configure(&format!("[login]\nissuer = \"{}\"\n{more}", issuer.url()));
    home
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn whoami(home: &Agent) -> Value {
    let output = home.ecoops(&["whoami", "--output", "json"]);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)))
}

/// A login that waits for its user, with what it says so far in the file `said`.
fn begin(home: &Agent, how: &str) -> Child {
    let file = std::fs::File::create(home.home().join("said")).unwrap();
    let mut command = home.command();
    command.args(["login", how, "--wait", "60"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
    command.spawn().unwrap()
}

fn line(home: &Agent, with: &str) -> String {
    oidc::line_with(with, || std::fs::read_to_string(home.home().join("said")).unwrap_or_default())
}

fn log_in(home: &Agent, issuer: &Issuer, user: &str) {
    let mut login = begin(home, "--device");
    let code = line(home, "type the code").rsplit(' ').next().unwrap().to_owned();
    issuer.browse(&format!("{}/device", issuer.url()), user, &code);
    let status = login.wait().unwrap();
    assert!(status.success(), "{}", std::fs::read_to_string(home.home().join("said")).unwrap());
}

#[test]
fn a_code_on_another_device_logs_in() {
    let Some(issuer) = oidc::start(600) else { return };
    let home = home(&issuer, "");
    let before = whoami(&home);
    assert_eq!((&before["roles"], &before["issuer"]), (&json!(["developer"]), &Value::Null));
    log_in(&home, &issuer, "operator");
    let who = whoami(&home);
    assert_eq!(who["id"], "operator");
    assert_eq!(who["name"], "operator@example.org");
    assert_eq!(who["roles"], json!(["oidc:platform-operator"]), "roles that are not listed are left out");
    assert_eq!(who["permissions"], json!(["remediation:read", "remediation:write", "remediation:deploy"]));
    for (permission, code) in [("remediation:write", 0), ("remediation:admin", 4), ("remediation:fly", 2)] {
        assert_eq!(home.ecoops(&["whoami", "--can", permission]).status.code(), Some(code), "{permission}");
    }
    // What was made is kept, and not in plain text.
    let list = home.ecoops(&["credential", "list", "--output", "json"]);
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(list["credentials"][0]["name"], "login/session");
    let kept = std::fs::read(home.state().join("credentials.json")).unwrap();
    assert!(!String::from_utf8_lossy(&kept).contains("eyJ"), "no token can be read");
    // The tokens end at the issuer, too.
    let output = home.ecoops(&["logout"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(issuer.seen("/token/revocation"), 2);
    assert_eq!(whoami(&home)["roles"], json!(["developer"]));
    assert_eq!(home.ecoops(&["logout"]).status.code(), Some(3));
}

#[test]
fn the_browser_of_this_machine_logs_in() {
    let Some(issuer) = oidc::start(600) else { return };
    let home = home(&issuer, "resource = \"urn:ecoops\"\n");
    let mut login = begin(&home, "--browser");
    let url = line(&home, "http").trim().to_owned();
    for needed in ["code_challenge_method=S256", "state=", "nonce=", "redirect_uri=http%3A%2F%2F127.0.0.1"] {
        assert!(url.contains(needed), "{needed}: {url}");
    }
    // A page that guesses at our door does not end the login.
    let at = url.split("127.0.0.1%3A").nth(1).unwrap();
    let port: u16 = at.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap();
    for guess in ["/callback?code=x&state=y", "/callback?error=access_denied", "/", "/callback?code=x"] {
        let reply = ask_tcp(port, "GET", guess, &[], "");
        assert!([400, 404].contains(&reply.status), "{guess}: {}", reply.status);
    }
    let last = issuer.browse(&url, "admin", "");
    assert!(last.contains("You are logged in"), "{last}");
    assert!(login.wait().unwrap().success());
    let who = whoami(&home);
    assert_eq!((&who["id"], &who["kind"]), (&json!("admin"), &json!("user")));
    assert_eq!(home.ecoops(&["whoami", "--can", "remediation:admin"]).status.code(), Some(0));
}

#[test]
fn a_role_that_is_not_listed_gives_nothing() {
    let Some(issuer) = oidc::start(600) else { return };
    let home = home(&issuer, "");
    log_in(&home, &issuer, "stranger");
    let who = whoami(&home);
    assert_eq!(
        (&who["id"], &who["roles"], &who["permissions"]),
        (&json!("stranger"), &json!([]), &json!([]))
    );
    assert_eq!(home.ecoops(&["whoami", "--can", "remediation:read"]).status.code(), Some(4));
    // A role of ours is not given by an issuer's role of the same name.
    let home = self::home(&issuer, "[login.roles]\nplatform-viewer = [\"remediation:read\"]\n");
    log_in(&home, &issuer, "viewer");
    assert_eq!(whoami(&home)["permissions"], json!(["remediation:read"]));
}

#[test]
fn a_service_logs_in_by_itself() {
    let Some(issuer) = oidc::start(600) else { return };
    let home = home(&issuer, "client_id = \"service\"\nscopes = []\nresource = \"urn:ecoops\"\n");
    let without = home.ecoops(&["login", "--client-credentials"]);
    assert_eq!(without.status.code(), Some(2));
    assert!(said(&without).contains("credential add login/client-secret"), "{}", said(&without));
    let mut add = home.command();
    add.args(["credential", "add", "login/client-secret"]).stdin(Stdio::piped());
    let mut add = add.spawn().unwrap();
    std::io::Write::write_all(&mut add.stdin.take().unwrap(), format!("{SERVICE_SECRET}\n").as_bytes())
        .unwrap();
    assert!(add.wait().unwrap().success());
    let output = home.ecoops(&["login", "--client-credentials", "--output", "json"]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(!said(&output).contains(SERVICE_SECRET));
    let who = whoami(&home);
    assert_eq!((&who["id"], &who["kind"]), (&json!("service"), &json!("service")));
    assert_eq!(who["permissions"], json!(["remediation:read"]));
}

#[test]
fn a_login_is_renewed_by_one_at_a_time() {
    // Shorter than the minute before its end in which a token is renewed: each look renews it.
    let Some(issuer) = oidc::start(30) else { return };
    let home = home(&issuer, "");
    log_in(&home, &issuer, "operator");
    let tokens = issuer.seen("/token");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(whoami(&home)["id"], "operator"));
        }
    });
    assert!(issuer.seen("/token") >= tokens + 4, "each of them renewed it");
    // A refresh token that was used twice would have ended it.
    assert_eq!(whoami(&home)["id"], "operator");
}

#[test]
fn a_login_can_be_demanded() {
    let Some(mut issuer) = oidc::start(600) else { return };
    let home = home(&issuer, "required = true\n");
    let output = home.ecoops(&["whoami"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("ecoops login"));
    log_in(&home, &issuer, "viewer");
    assert_eq!(whoami(&home)["id"], "viewer");
    // With the issuer away the login holds as long as its token does.
    issuer.server.kill();
    assert_eq!(whoami(&home)["id"], "viewer");
    let output = home.ecoops(&["login", "--device"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("cannot be reached"), "{}", said(&output));
    let output = home.ecoops(&["logout"]);
    assert_eq!(output.status.code(), Some(1), "forgotten here, not ended there: {}", said(&output));
    assert_eq!(home.ecoops(&["whoami"]).status.code(), Some(3));
}

#[test]
fn the_daemon_takes_the_issuers_tokens() {
    let Some(issuer) = oidc::start(600) else { return };
    let mut agent = home(&issuer, "audiences = [\"urn:ecoops\"]\n");
    let port = free_port();
    agent.run(&["--listen", &format!("127.0.0.1:{port}")]);
    let ask = |path: &str, token: &str| {
        ask_tcp(port, "GET", path, &[("authorization", &format!("Bearer {token}"))], "")
    };
    let token = issuer.service_token("urn:ecoops");
    let reply = ask("/auth/introspect", &token);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let body = reply.json();
    let about = if body["data"].is_object() { &body["data"] } else { &body };
    assert_eq!(about["sub"], "service");
    assert_eq!(about["actor"]["permissions"], json!(["remediation:read"]));
    assert_eq!(reply.header("x-user-id"), Some("service"));
    assert_eq!(ask("/audit/query", &token).status, 200);
    let headers = [("authorization", format!("Bearer {token}")), ("content-type", "application/json".into())];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    assert_eq!(ask_tcp(port, "POST", "/memory/ingest", &headers, r#"{"content":"x"}"#).status, 403);
    // For somebody else, changed, unsigned, of invented keys.
    let other = issuer.service_token("urn:other");
    let (signed, _) = token.rsplit_once('.').unwrap();
    let (_, body) = signed.split_once('.').unwrap();
    for wrong in [
        other,
        format!("{signed}.AAAA"),
        format!("{signed}."),
        format!("eyJhbGciOiJub25lIn0.{body}."),
        format!("eyJhbGciOiJIUzI1NiIsImtpZCI6InJzYS0xIn0.{body}.AAAA"),
        format!("eyJhbGciOiJSUzI1NiIsImtpZCI6Ii4uLy4uL2V0Yy9wYXNzd2QifQ.{body}.AAAA"),
        "a".repeat(40_000),
    ] {
        let reply = ask("/audit/query", &wrong);
        assert!([401, 431].contains(&reply.status), "{}: {:.200}", reply.status, reply.text());
    }
    // New keys show at once; the old ones count no more.
    issuer.rotate();
    let renewed = issuer.service_token("urn:ecoops");
    assert_eq!(until("the new key is known", || Some(ask("/audit/query", &renewed).status)), 200);
    assert_eq!(ask("/audit/query", &token).status, 401, "its key is not published any more");
}

/// How the daemon says that the login stands.
fn standing(home: &Agent) -> Value {
    home.get("/v1/login").json()
}

#[test]
fn the_agent_renews_a_login_before_it_ends() {
    let Some(mut issuer) = oidc::start(6) else { return };
    let mut home = home(&issuer, "");
    home.run(&[]);
    assert_eq!(standing(&home)["subject"], Value::Null);
    log_in(&home, &issuer, "operator");
    let renewed = |home: &Agent| standing(home)["renewed"].as_i64();
    let first = wait("a renewal", || renewed(&home));
    let ends = standing(&home)["tokenEnds"].as_i64().unwrap();
    assert!(ends > first, "before it ended");
    wait("another", || renewed(&home).filter(|at| *at > first));
    let who = whoami(&home);
    assert_eq!((&who["id"], &who["renewal"]["by"]), (&json!("operator"), &json!("agent")));
    assert_eq!(who["renewal"]["trouble"], Value::Null);
    let status = said(&home.ecoops(&["agent", "status"]));
    assert!(status.contains("login:   operator at") && status.contains("is renewed at"), "{status}");

    // One at a time, however many ask: a refresh token that was used twice would have ended it.
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| assert_eq!(whoami(&home)["id"], "operator"));
        }
    });
    // The login outlives the daemon, and a new one renews it.
    home.kill();
    home.run(&[]);
    wait("a renewal by the new one", || renewed(&home));
    assert_eq!(whoami(&home)["id"], "operator");

    // An issuer that is away is said, with what it means, and asked again.
    issuer.server.kill();
    wait("the trouble", || standing(&home)["trouble"].as_str().map(str::to_owned));
    let output = home.ecoops(&["whoami"]);
    assert!(said(&output).contains("not renewed") || output.status.code() == Some(3), "{}", said(&output));
    let status = home.ecoops(&["agent", "status"]);
    assert_eq!(status.status.code(), Some(1));
    assert!(said(&status).contains("the login is not renewed"), "{}", said(&status));
    // It comes back, and has forgotten everything.
    issuer.server.run();
    issuer.rotate();
    wait("the end of the login", || {
        home.post("/v1/login/look", &json!({}));
        standing(&home)["trouble"].as_str().filter(|text| text.contains("log in again")).map(drop)
    });
    log_in(&home, &issuer, "admin");
    wait("the new login", || (standing(&home)["subject"] == "admin").then_some(()));
    wait("its renewal", || renewed(&home));
    assert_eq!(standing(&home)["trouble"], Value::Null);
    assert!(home.ecoops(&["logout"]).status.success());
    wait("the end of the login", || standing(&home)["subject"].is_null().then_some(()));
}

#[test]
fn a_command_shows_the_agent_that_it_is_one_of_ours() {
    let Some(issuer) = oidc::start(600) else { return };
    let mut home = home(&issuer, "");
    let port = free_port();
    home.run(&["--listen", &format!("127.0.0.1:{port}")]);
    log_in(&home, &issuer, "operator");
    wait("the agent has the login", || (standing(&home)["subject"] == "operator").then_some(()));
    let asked = issuer.seen("/token");
    assert_eq!(whoami(&home)["id"], "operator");
    assert_eq!(issuer.seen("/token"), asked);
    let now = jiff::Timestamp::now().as_second();
    for (asked, signature, status) in
        [(now, "AAAA", 403), (now, "no base64!", 400), (now - 3600, "AAAA", 403), (i64::MIN, "AAAA", 403)]
    {
        let body = json!({ "seconds": 60, "asked": asked, "signature": signature });
        let reply = home.post("/v1/login/token", &body);
        assert_eq!(reply.status, status, "{}", reply.text());
    }
    // Over TCP it is not to be had at all.
    let made = home.ecoops(&["agent", "token", "--scope", "*"]);
    let bearer = format!("Bearer {}", String::from_utf8_lossy(&made.stdout).trim());
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = json!({ "seconds": 60, "asked": now, "signature": "AAAA" }).to_string();
    assert_eq!(ask_tcp(port, "POST", "/v1/login/token", &headers, &body).status, 403);
    // Without the daemon the command does it itself.
    home.kill();
    assert_eq!(whoami(&home)["id"], "operator");
    assert_eq!(whoami(&home)["renewal"], Value::Null);
}
