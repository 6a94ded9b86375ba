//! What several adapters rely on: TLS and passwords, plans that are approved, the copy of the audit log; and what
//! only many documents or two processes show.
#![allow(clippy::unwrap_used)]

use ecoops_core::domain::{AuditEntry, AuditResult};
use ecoops_core::ports::audit_log::AuditLog;
use ecoops_core::ports::memory::{Document, DocumentKind, Memory, MemoryError};
use ecoops_plugins::audit_log::embedded::{EmbeddedAuditLog, ORIGIN};
use ecoops_plugins::audit_log::postgres::AuditCopy;
use ecoops_plugins::memory::pgvector::PgMemory;
use ecoops_plugins::postgres::{PostgresSettings, admin};
use ecoops_tests::memory::{Words, ask, document, words_vector};
use ecoops_tests::servers::postgres::{self, Postgres};
use std::fs;
use std::process::Command;
use std::sync::Arc;

fn memory(settings: PostgresSettings) -> PgMemory {
    PgMemory::new(settings, Arc::new(Words { model: "words" }))
}

#[test]
fn passwords_and_certificates_are_checked() {
    let Some(server) = postgres::prepared() else { return };
    // Whoever reads the server's log sees every statement, and no password.
    server.sql("postgres", "ALTER SYSTEM SET log_statement = 'all'").unwrap();
    server.sql("postgres", "SELECT pg_reload_conf()").unwrap();
    let log = || fs::read_to_string(server.server.folder().join("output")).unwrap();
    ecoops_tests::servers::until("statements are logged", || {
        server.sql("postgres", "SELECT 'are they?'").unwrap();
        log().contains("are they?").then_some(())
    });
    admin::add_org(&server.settings("postgres"), "acme", "acme", Some("pass'word")).unwrap();
    assert!(log().contains("ALTER ROLE acme PASSWORD 'SCRAM-SHA-256$4096:"), "{}", log());
    assert!(!log().contains("word'"), "{}", log());
    let rules = server.server.folder().join("data/pg_hba.conf");
    let trusting = fs::read_to_string(&rules).unwrap();
    fs::write(&rules, format!("host all acme 127.0.0.1/32 scram-sha-256\n{trusting}")).unwrap();
    server.sql("postgres", "SELECT pg_reload_conf()").unwrap();
    let with = |password: Option<&str>| PostgresSettings {
        password: password.map(str::to_owned),
        ..server.settings("acme")
    };
    // the server reads its rules when it next looks
    ecoops_tests::servers::until("the rules hold", || memory(with(None)).list(&[], 1).err());
    assert_eq!(memory(with(Some("pass'word"))).list(&[], 1).unwrap(), []);
    match memory(with(Some("another"))).list(&[], 1) {
        Err(MemoryError::Storage(why)) => assert!(why.contains("28P01") && !why.contains("another"), "{why}"),
        other => panic!("{other:?}"),
    }

    let Some(front) = postgres::with_tls(&server) else { return };
    let ca = front.folder().join("ca.pem");
    let address =
        |host: &str, mode: &str| format!("postgres://acme@{host}:{}/postgres?sslmode={mode}", front.port());
    let over = |address: String, trusted: bool| PostgresSettings {
        address,
        ca_file: trusted.then(|| ca.clone()),
        ..with(Some("pass'word"))
    };
    assert_eq!(memory(over(address("localhost", "require"), true)).list(&[], 1).unwrap(), []);
    for (refused, why) in [
        (over(address("localhost", "require"), false), "an authority that nobody trusts"),
        (over(address("127.0.0.1", "require"), true), "a name that is not in the certificate"),
        (over(address("localhost", "disable"), true), "plain text where the server wants none"),
    ] {
        assert!(memory(refused).list(&[], 1).is_err(), "{why}");
    }
}

#[test]
fn a_command_in_production_needs_a_plan_that_is_approved_as_it_stands() {
    let Some(server) = postgres::prepared() else { return };
    server.org("acme");
    let sql = |sql: &str| server.sql("acme", &format!("SET search_path = ecoops; {sql}"));
    sql("INSERT INTO fix_plans (summary, steps, status, digest) VALUES ('s', '[]', 'new', 'd1')").unwrap();
    let command = |production: bool| {
        sql(&format!(
            "INSERT INTO commands (plan_id, tool, script, production) SELECT id, 'kubectl', 'x', {production} FROM fix_plans"
        ))
    };
    let say = |status: &str, digest: &str| {
        let values = format!("SELECT id, 'me', '{status}', '{digest}' FROM fix_plans");
        sql(&format!("INSERT INTO approvals (plan_id, approver, status, digest) {values}")).unwrap()
    };
    assert!(command(false).is_ok() && command(true).is_err());
    say("approved", "d0");
    assert!(command(true).is_err(), "another state of the plan was approved");
    say("approved", "d1");
    assert!(command(true).is_ok());
    assert!(sql("UPDATE commands SET script = 'y' WHERE production").is_ok());
    sql("UPDATE fix_plans SET digest = 'd2'").unwrap();
    assert!(command(true).is_err(), "the plan moved");
    say("approved", "d2");
    say("rejected", "d2");
    assert!(command(true).is_err(), "the last word counts");
    for change in
        ["UPDATE approvals SET status = 'approved'", "DELETE FROM approvals", "DELETE FROM audit_log"]
    {
        assert!(sql(change).is_err(), "{change}");
    }
    let hypothesis = "INSERT INTO hypotheses (incident_id, place, statement, confidence, counter, support)
        VALUES (gen_random_uuid(), 1, 's', 0.5, '[]', '[]')";
    assert!(sql(hypothesis).unwrap_err().contains("support"), "one without evidence is none");
}

fn entry(number: usize) -> AuditEntry {
    AuditEntry {
        timestamp: "2026-01-02T03:04:05.5Z".into(),
        trace_id: "t".into(),
        run: "r".into(),
        actor: "user:1000".into(),
        action: "integrate".into(),
        resource: format!("file \0 {number}"),
        result: AuditResult::Success,
        policy: None,
        content_hash: None,
        urn: String::new(),
        uri: String::new(),
        signer: "self".into(),
        asked: None,
        details: None,
    }
}

#[test]
fn the_audit_log_is_copied_once_and_cannot_be_changed_there() {
    let Some(server) = postgres::prepared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedAuditLog::in_state(folder.path(), ORIGIN).unwrap();
    let copy = AuditCopy::new(server.org("acme"));
    assert_eq!(copy.catch_up(&log).unwrap(), 0);
    log.append(&(0..700).map(entry).collect::<Vec<_>>()).unwrap();
    assert_eq!(copy.catch_up(&log).unwrap(), 700);
    assert_eq!(copy.catch_up(&log).unwrap(), 0);
    log.append(&[entry(700)]).unwrap();
    let copied: u64 = std::thread::scope(|scope| {
        let one = || AuditCopy::new(server_settings(&server)).catch_up(&log).unwrap();
        let both = [scope.spawn(one), scope.spawn(one)];
        both.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(copied, 1);
    let counts = "SELECT count(*) || ' ' || max(number) || ' ' || min(created_at AT TIME ZONE 'UTC') FROM ecoops.audit_log";
    assert_eq!(server.sql("acme", counts).as_deref(), Ok("701 700 2026-01-02 03:04:05.5"));
    assert!(server.sql("acme", "UPDATE ecoops.audit_log SET actor = 'x'").is_err());
    server.org("other");
    assert_eq!(server.sql("other", "SELECT count(*) FROM ecoops.audit_log").as_deref(), Ok("0"));
}

fn server_settings(server: &Postgres) -> PostgresSettings {
    server.settings("acme")
}

const ADDRESS: &str = "ECOOPS_TEST_POSTGRES";

fn shared(i: usize) -> Document {
    document(DocumentKind::Fix, "t", &format!("w{} w{i} same", i % 5))
}

/// Not a test: what the two processes of the next one do.
#[test]
#[ignore = "a process of another test"]
fn ingesting_process() {
    let Ok(address) = std::env::var(ADDRESS) else { return };
    let memory = memory(PostgresSettings { address, ..PostgresSettings::default() });
    for i in 0..40 {
        memory.ingest(&shared(i)).unwrap();
    }
}

#[test]
fn two_processes_that_keep_the_same_keep_it_once() {
    let Some(server) = postgres::prepared() else { return };
    let settings = server.org("acme");
    let own = std::env::current_exe().unwrap();
    let start = || {
        let mut command = Command::new(&own);
        command.args(["--exact", "ingesting_process", "--ignored"]).env(ADDRESS, &settings.address);
        command.stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    let mut both = [start(), start()];
    for process in &mut both {
        assert!(process.wait().unwrap().success());
    }
    let memory = memory(settings.clone());
    assert_eq!(memory.list(&[], 100).unwrap().len(), 40);
    assert_eq!(memory.search(&ask("w7", &[], 1)).unwrap()[0].document, shared(7));
    let counts = "SELECT docs || ' ' || chunks FROM ecoops.corpora";
    assert_eq!(server.sql("acme", counts).as_deref(), Ok("40 40"));
}

/// A number without letters and digits: nothing that the index of words holds, so that vectors alone decide.
fn signs(number: usize) -> String {
    number.to_string().bytes().map(|digit| char::from(b"!#$%&*+-./"[usize::from(digit - b'0')])).collect()
}

/// 20,000 documents, of which another org has as many in the same index.
#[test]
#[ignore = "takes minutes: 40,000 vectors"]
fn the_index_finds_what_a_comparison_of_all_finds() {
    const MANY: usize = 20_000;
    let Some(server) = postgres::prepared() else { return };
    let (ours, theirs) = (memory(server.org("acme")), memory(server.org("other")));
    // made at once, the index takes seconds and not minutes
    server.sql("postgres", "DROP INDEX ecoops.chunks_embedding").unwrap();
    let text =
        |i: usize| format!("({} [{} {{{} <{}", signs(i % 50), signs(i / 50 % 40), signs(i % 331), signs(i));
    let kind = |i: usize| if i.is_multiple_of(400) { DocumentKind::Runbook } else { DocumentKind::Fix };
    let documents: Vec<Document> = (0..MANY).map(|i| document(kind(i), "", &text(i))).collect();
    ours.ingest_all(&documents).unwrap();
    theirs.ingest_all(&documents).unwrap();
    server
        .sql(
            "postgres",
            "CREATE INDEX chunks_embedding ON ecoops.chunks USING hnsw (embedding public.vector_cosine_ops); ANALYZE",
        )
        .unwrap();
    let vectors: Vec<Vec<f32>> = documents.iter().map(|d| words_vector(&d.text)).collect();
    let (mut found, mut wanted) = (0, 0);
    for n in 0..40 {
        let asked = format!("({} [{} {{{}", signs(n % 50), signs(n % 40), signs(n * 7 % 331));
        let query = words_vector(&asked);
        let cosine = |v: &Vec<f32>| v.iter().zip(&query).map(|(a, b)| a * b).sum::<f32>();
        for kinds in [&[][..], &[DocumentKind::Runbook]] {
            let hits = ours.search(&ask(&asked, kinds, 10)).unwrap();
            assert_eq!(hits.len(), 10);
            let mut all: Vec<f32> = (0..MANY)
                .filter(|i| kinds.is_empty() || kinds.contains(&kind(*i)))
                .map(|i| cosine(&vectors[i]))
                .collect();
            all.sort_by(|a, b| b.total_cmp(a));
            let least = f64::from(all[9]) - 1e-5;
            found += hits.iter().filter(|hit| hit.cosine >= least).count();
            wanted += 10;
        }
    }
    let recall = found as f64 / f64::from(wanted);
    assert!(recall >= 0.95, "recall@10 is {recall}");
}
