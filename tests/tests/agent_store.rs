//! What the daemon keeps elsewhere for its user: the audit log's copy, documents for a memory that was away, and what a
//! memory answered before it went.
#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_tests::agent::{Agent, wait};
use ecoops_tests::servers::{free_port, postgres};
use serde_json::{Value, json};
use std::path::Path;

/// An entry as any program may write it.
fn write(agent: &Agent, number: usize) {
    let entry = json!({
        "timestamp": "2026-01-02T03:04:05Z", "traceId": "5b2c7f30-0a53-11f1-8d4e-0242ac120002",
        "actor": { "id": "ana", "type": "user" }, "resource": { "kind": "pod", "id": number.to_string() },
        "action": "deploy", "result": "success",
    });
    let reply = agent.post("/audit/write", &entry);
    assert_eq!(reply.status, 201, "{}", reply.text());
}

/// A part as the aggregated health shows it.
fn part(agent: &Agent, name: &str) -> Value {
    let health = agent.get("/health/detailed").json();
    let of = |kind: &str| health[kind].get(name).cloned();
    of("services").or_else(|| of("dependencies")).unwrap_or_else(|| panic!("no {name} in {health}"))
}

#[test]
fn the_agent_copies_its_log_to_the_servers_table_by_itself() {
    let Some(mut server) = postgres::prepared() else { return };
    server.org("acme");
    let settings = format!(
        "[incidents]\nadapter = \"postgres\"\naddress = \"postgres://{}/postgres\"\nlogin = \"acme\"\n",
        server.server.address()
    );
    let mut agent = Agent::new();
    agent.configure(&settings);
    agent.run(&[]);
    let rows = |server: &postgres::Postgres| {
        server.sql("acme", "SELECT count(*) || ' ' || count(DISTINCT number) || ' ' || coalesce(max(number), -1) FROM ecoops.audit_log")
    };
    (0..3).for_each(|number| write(&agent, number));
    wait("three rows", || (rows(&server).as_deref() == Ok("3 3 2")).then_some(()));
    assert_eq!(part(&agent, "audit-copy")["status"], "healthy");

    // Away: the entries wait in the log, and health says so; the agent goes on.
    server.server.interrupt();
    (3..80).for_each(|number| write(&agent, number));
    wait("a health that says so", || {
        let part = part(&agent, "audit-copy");
        (part["status"] == "degraded" && part["message"].as_str()?.contains("wait")).then_some(())
    });
    // Killed meanwhile, it still knows.
    agent.kill();
    agent.run(&[]);
    write(&agent, 80);
    server.server.run();
    wait("every entry once", || (rows(&server).as_deref() == Ok("81 81 80")).then_some(()));

    // What somebody took away there is written again once the agent meets the server anew.
    server.sql("postgres", "DELETE FROM ecoops.audit_log WHERE number > 10").unwrap();
    let gone = server.sql("postgres", "SELECT count(*) FROM ecoops.audit_log").unwrap();
    agent.kill();
    agent.run(&[]);
    wait("every entry again", || (rows(&server).as_deref() == Ok("81 81 80")).then_some(()));
    // By hand nothing is left to do, and nothing is there twice.
    let copied = agent.ecoops(&["database", "copy-audit"]);
    let said = String::from_utf8_lossy(&copied.stderr).into_owned();
    assert!(copied.status.success() && said.contains("0 entries copied"), "{said} {gone}");
    assert_eq!(rows(&server).as_deref(), Ok("81 81 80"));
}

/// Adds a document by the command line; its answer and what it said besides.
fn add(agent: &Agent, name: &str, text: &str, more: &[&str]) -> (String, String) {
    std::fs::write(agent.home().join(name), text).unwrap();
    let done = agent.ecoops(&[&["memory", "add", name][..], more].concat());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(done.status.success(), "{}", text(&done.stderr));
    (text(&done.stdout), text(&done.stderr))
}

#[test]
fn a_document_that_waits_says_so_and_the_agent_brings_it_when_the_memory_is_back() {
    let Some(mut server) = postgres::prepared() else { return };
    server.org("acme");
    let mut agent = Agent::new();
    agent.configure(&format!(
        "[memory]\nadapter = \"pgvector\"\naddress = \"postgres://{}/postgres\"\nlogin = \"acme\"\n",
        server.server.address()
    ));
    server.server.interrupt();
    agent.run(&[]);
    let (_, said) = add(&agent, "one.md", "# One\n\nthe pool leaks", &[]);
    assert!(said.contains("the memory is away; the document waits"), "{said}");
    let (out, _) = add(&agent, "two.md", "# Two\n\nthe disk is full", &["--output", "json", "--quiet"]);
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(out["added"][0]["waits"], true, "{out}");
    let body = json!({ "kind": "runbook", "title": "three", "text": "the clock is wrong", "source": "s" });
    let reply = agent.post("/v1/memory/documents", &body);
    assert_eq!((reply.status, &reply.json()["waits"]), (201, &json!(true)), "{}", reply.text());
    wait("a health that says so", || {
        let part = part(&agent, "memory-waiting");
        part["message"].as_str()?.contains("documents wait").then_some(())
    });
    assert_eq!(part(&agent, "memory")["status"], "unhealthy");

    server.server.run();
    let count = || server.sql("acme", "SELECT count(*) FROM ecoops.docs");
    // nobody asks the memory anything: the agent does it
    wait("three documents", || (count().as_deref() == Ok("3")).then_some(()));
    wait("a health that is well", || (part(&agent, "memory-waiting")["status"] == "healthy").then_some(()));
    let (out, said) = add(&agent, "one.md", "# One\n\nthe pool leaks", &["--output", "jsonl"]);
    let out: Value = serde_json::from_str(&out).unwrap();
    assert!(out["waits"] == false && !said.contains("waits"), "{out} {said}");
    assert_eq!(count().as_deref(), Ok("3"), "once");
}

/// What the command line and the agent answer of a memory that went away, and of one that is there.
fn stale_story(agent: &Agent, mut away: impl FnMut()) {
    add(agent, "pool.md", "# Pool\n\nconnections of the pool leak", &[]);
    let search = |query: &str| {
        let done = agent.ecoops(&["memory", "search", query, "--output", "json"]);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (done.status.code(), serde_json::from_str::<Value>(&text(&done.stdout)).ok(), text(&done.stderr))
    };
    let by_agent = |query: &str| agent.post("/v1/memory/search", &json!({ "query": query, "top_k": 10 }));
    let (code, fresh, said) = search("leaking connections");
    let fresh = fresh.unwrap();
    assert!(code == Some(0) && fresh["results"][0].get("stale").is_none(), "{fresh} {said}");
    let id = fresh["results"][0]["id"].as_str().unwrap().to_owned();
    let served = by_agent("leaking connections");
    assert!(served.status == 200 && served.json()["hits"][0].get("stale").is_none(), "{}", served.text());
    let read = |id: &str| agent.get(&format!("/v1/memory/documents/{id}"));
    assert_eq!(read(&id).status, 200);

    away();
    let (code, old, said) = search("leaking connections");
    let mut old = old.unwrap_or_else(|| panic!("{code:?} {said}"));
    let stale = old["results"][0].as_object_mut().unwrap().remove("stale").unwrap();
    assert!(stale["age_seconds"].as_u64().is_some_and(|age| age < 600), "{stale}");
    assert!(code == Some(0) && said.contains("the memory is away; this is what it answered"), "{said}");
    assert_eq!(old, fresh);
    let served = by_agent("leaking connections");
    assert!(served.status == 200, "{}", served.text());
    assert!(served.json()["hits"][0]["stale"]["age_seconds"].is_u64(), "{}", served.text());
    let document = read(&id);
    assert!(
        document.status == 200 && document.json()["stale"]["age_seconds"].is_u64(),
        "{}",
        document.text()
    );
    // What nobody asked before cannot be answered, and is not.
    let (code, _, said) = search("what nobody asked");
    assert!(code == Some(2) && said.contains("away"), "{said}");
    let unknown = by_agent("what nobody asked");
    assert_eq!((unknown.status, &unknown.json()["code"]), (503, &json!("UNAVAILABLE")), "{}", unknown.text());
}

#[test]
fn reads_of_a_memory_in_postgres_that_is_away_are_old_and_say_so() {
    let Some(mut server) = postgres::prepared() else { return };
    server.org("acme");
    let mut agent = Agent::new();
    agent.configure(&format!(
        "[memory]\nadapter = \"pgvector\"\naddress = \"postgres://{}/postgres\"\nlogin = \"acme\"\n",
        server.server.address()
    ));
    agent.run(&[]);
    stale_story(&agent, || server.server.interrupt());
}

/// The hub is an agent of ours that serves its contract.
#[test]
fn reads_of_a_memory_hub_that_is_away_are_old_and_say_so() {
    let (hub, service) = Agent::serving("");
    let mut hub = Some(hub);
    let mut agent = Agent::new();
    agent.configure(&format!(
        "[memory]\nadapter = \"memory_hub\"\naddress = \"{}\"\ncredential = \"hub\"\n[secrets]\nstore = \"file\"\n",
        service.address
    ));
    let mut command = agent.command();
    command.args(["credential", "add", "hub"]).stdin(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let token = service.token.unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), token.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    agent.run(&[]);
    assert_eq!(part(&agent, "memory")["status"], "healthy", "a hub that cannot list is well all the same");
    stale_story(&agent, || drop(hub.take()));

    // What is to be kept waits too, until the hub, at the same place, is back.
    let (_, said) = add(&agent, "late.md", "# Late\n\nwritten in a train", &[]);
    assert!(said.contains("waits"), "{said}");
}

#[test]
fn a_server_that_was_never_there_holds_nothing_up() {
    let mut agent = Agent::new();
    agent.configure(&format!(
        "[incidents]\nadapter = \"postgres\"\naddress = \"postgres://127.0.0.1:{}/x\"\nlogin = \"acme\"\n",
        free_port()
    ));
    agent.run(&[]);
    write(&agent, 1);
    assert!(Path::new(&agent.socket()).exists());
    assert!(agent.ecoops(&["agent", "stop"]).status.success());
}
