//! A sync that removes something in enterprise mode: what it would do, a person's approval of just that, and nothing else.
#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_tests::agent::{Agent, Reply, ask_tcp, free_port};
use ecoops_tests::home::{Home, write};
use serde_json::{Value, json};
use std::path::PathBuf;

struct World {
    home: Home,
    repository: PathBuf,
    live: PathBuf,
    agent: Agent,
    port: u16,
}

const PRUNING: &str = r#"{"prune":true}"#;

impl World {
    /// An application that was deployed once, where somebody has left a file.
    fn new() -> Self {
        let home = Home::new();
        let repository = home.repo(&[("deploy/a.yaml", "a: 1\n")]);
        let live = home.path().join("live");
        let mut agent = Agent::new();
        agent.configure(&format!(
            "[policy]\ncompliance_mode = \"enterprise\"\n[delivery.applications]\nshop = [{:?}, \"main\", \"deploy\", {:?}]\n",
            repository.display().to_string(),
            live.display().to_string()
        ));
        let port = free_port();
        agent.run(&["--listen", &format!("127.0.0.1:{port}")]);
        let world = Self { home, repository, live, agent, port };
        assert_eq!(world.sync("{}").status, 200);
        write(&world.live.join("left"), "mine");
        world
    }

    fn sync(&self, body: &str) -> Reply {
        let json = [("content-type", "application/json")];
        self.agent.ask("POST", "/infra/applications/shop/sync", &json, body)
    }

    fn effect(&self) -> Value {
        let reply = self.agent.get("/v1/infra/applications/shop/effect?prune=true");
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    fn approve(&self, digest: &Value) -> Reply {
        let body = json!({ "digest": digest, "prune": true });
        self.agent.post("/v1/infra/applications/shop/approvals", &body)
    }

    fn commit(&self, text: &str) {
        write(&self.repository.join("deploy/a.yaml"), text);
        self.home.git(&self.repository, &["commit", "-qam", "x"]);
    }

    fn is_pruned(&self) -> bool {
        !self.live.join("left").exists()
    }
}

#[test]
fn what_was_approved_is_done_once_and_nothing_else() {
    let world = World::new();
    let denied = world.sync(PRUNING);
    assert_eq!(denied.status, 403);
    assert!(denied.text().contains("/v1/infra/applications/shop/effect"), "{}", denied.text());

    let effect = world.effect();
    let removed = json!([{ "path": "left", "before": effect["changes"][0]["before"], "after": null }]);
    assert_eq!((&effect["changes"], &effect["prune"]), (&removed, &true.into()), "{effect}");
    let approved = world.approve(&effect["digest"]);
    assert_eq!(approved.status, 201, "{}", approved.text());
    assert!(approved.json()["approvedBy"].is_string());
    let done = world.sync(PRUNING);
    assert_eq!(done.status, 200, "{}", done.text());
    assert!(world.is_pruned());
    // The log says who approved what, and that it was what the policy saw.
    let entries = world.agent.get("/v1/audit/entries").json();
    let entry = |action: &str| {
        let all = entries["items"].as_array().unwrap();
        all.iter().rev().find(|one| one["entry"]["action"] == action).unwrap()["entry"].clone()
    };
    assert_eq!(entry("approve-sync")["content_hash"], effect["digest"]);
    assert_eq!(entry("sync")["policy"]["decision"], "allow");

    // It was for one time.
    write(&world.live.join("left"), "mine");
    assert_eq!(world.sync(PRUNING).status, 403);
    assert!(!world.is_pruned());
}

/// The agent died before it could answer, or the answer came too late: the record knows that it was done.
#[test]
fn a_sync_that_is_asked_again_and_was_done_is_not_done_again() {
    let world = World::new();
    let keyed = [("content-type", "application/json"), ("idempotency-key", "one")];
    let sync = || world.agent.ask("POST", "/infra/applications/shop/sync", &keyed, "{}");
    let first = sync();
    assert_eq!(first.status, 200, "{}", first.text());
    let replies = rusqlite::Connection::open(world.agent.state().join("agent/replies.sqlite")).unwrap();
    let forgotten = "UPDATE replies SET status = NULL, body = NULL, content_type = 'abandoned'";
    assert!(replies.execute(forgotten, []).unwrap() > 0);
    let again = sync();
    assert_eq!((again.status, &again.json()["data"]), (200, &first.json()["data"]), "not deployed twice");
}

#[test]
fn an_approval_of_what_has_moved_is_worth_nothing() {
    type Move = (&'static str, fn(&World));
    let world = World::new();
    let first = world.effect();
    // Before it is given, and after.
    write(&world.live.join("left"), "more");
    assert_eq!(world.approve(&first["digest"]).status, 409);
    assert_eq!(world.approve(&json!(format!("sha256:{}", "0".repeat(64)))).status, 409);
    let moves: [Move; 4] = [
        ("the file that would go", |world| write(&world.live.join("left"), "most")),
        ("another file", |world| write(&world.live.join("other"), "x")),
        ("the source", |world| world.commit("a: 2\n")),
        ("what is deployed", |world| assert_eq!(world.sync("{}").status, 200)),
    ];
    for (what, moves) in moves {
        let now = world.effect();
        assert_eq!(world.approve(&now["digest"]).status, 201, "{what}");
        moves(&world);
        assert_ne!(world.effect()["digest"], now["digest"], "{what}");
        assert_eq!(world.sync(PRUNING).status, 403, "{what}");
        assert!(!world.is_pruned(), "{what}");
    }
    // What was approved may be done, and another application's, revision's or prune's approval is none for it.
    let now = world.effect();
    let other = json!({ "digest": now["digest"], "prune": false });
    assert_eq!(world.agent.post("/v1/infra/applications/shop/approvals", &other).status, 409);
    assert_eq!(world.agent.post("/v1/infra/applications/other/approvals", &other).status, 404);
    assert_eq!(world.approve(&now["digest"]).status, 201);
    assert_eq!(world.sync(PRUNING).status, 200);
    assert!(world.is_pruned());
}

#[test]
fn only_a_person_approves() {
    let world = World::new();
    let effect = world.effect();
    let made = world.agent.ecoops(&["agent", "token", "--scope", "*"]);
    let bearer = format!("Bearer {}", String::from_utf8_lossy(&made.stdout).trim());
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = json!({ "digest": effect["digest"], "prune": true }).to_string();
    let ask = |path: &str, body: &str| ask_tcp(world.port, "POST", path, &headers, body);
    assert_eq!(ask("/v1/infra/applications/shop/approvals", &body).status, 403);
    // Nor by writing into the log what an approval looks like.
    let forged = json!({
        "timestamp": jiff::Timestamp::now().to_string(), "traceId": "t", "action": "approve-sync", "result": "success",
        "actor": { "id": "ana", "type": "user" }, "resource": { "kind": "application", "id": "shop" },
        "metadata": { "urn": "urn:ecoops:application:shop", "contentHash": effect["digest"] },
    });
    assert_eq!(ask("/audit/write", &forged.to_string()).status, 201);
    assert_eq!(world.sync(PRUNING).status, 403);
    assert!(!world.is_pruned());
    for wrong in ["", "{}", "[]", r#"{"digest":7}"#, r#"{"digest":"x"}"#, r#"{"digest":"x","admin":true}"#] {
        let json = [("content-type", "application/json")];
        let reply = world.agent.ask("POST", "/v1/infra/applications/shop/approvals", &json, wrong);
        assert!([400, 409].contains(&reply.status), "{wrong}: {}", reply.text());
    }
}

#[test]
fn the_command_shows_the_effect_and_approves_what_it_showed() {
    let world = World::new();
    let run = |arguments: &[&str]| {
        let ran = world.agent.ecoops(&[&["infra"], arguments].concat());
        let said = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
        (ran.status.code(), said)
    };
    let (code, said) = run(&["list"]);
    assert!(code == Some(1) && said.contains("shop") && said.contains("out-of-sync"), "{code:?} {said}");
    let (code, said) = run(&["show", "shop"]);
    assert!(code == Some(1) && said.contains("deployed:"), "{code:?} {said}");
    assert_eq!(run(&["show", "other"]).0, Some(3));
    assert_eq!(run(&["show", "../x"]).0, Some(2));
    // Nobody is there to be asked.
    let (code, said) = run(&["sync", "shop", "--prune"]);
    assert!(code == Some(6) && said.contains("- left"), "{code:?} {said}");
    assert!(!world.is_pruned());
    let (code, said) = run(&["sync", "shop", "--prune", "--yes"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(world.is_pruned());
    assert_eq!(run(&["list"]).0, Some(0));
    world.commit("a: 2\n");
    assert_eq!(run(&["sync", "shop", "--yes"]).0, Some(0));
    assert_eq!(std::fs::read_to_string(world.live.join("a.yaml")).unwrap(), "a: 2\n");
    let (code, said) = run(&["rollback", "shop", "1"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(std::fs::read_to_string(world.live.join("a.yaml")).unwrap(), "a: 1\n");
    let nowhere = Agent::new().ecoops(&["infra", "list"]);
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("ecoops agent start"));
}
