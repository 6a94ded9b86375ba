//! What several adapters rely on: TLS and passwords, plans that are approved, the copy of the audit log; and what
//! only many documents or two processes show.
#![allow(clippy::unwrap_used)]

use ecoops_core::domain::{AuditEntry, AuditResult};
use ecoops_core::ports::audit_log::{AuditCopy, AuditLog, CopyError};
use ecoops_core::ports::memory::{Document, DocumentKind, Memory, MemoryError};
use ecoops_plugins::audit_log::embedded::{EmbeddedAuditLog, ORIGIN};
use ecoops_plugins::audit_log::postgres::PgAuditCopy;
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
fn what_was_said_cannot_be_unsaid_and_a_hypothesis_needs_evidence() {
    let Some(server) = postgres::prepared() else { return };
    server.org("acme");
    let sql = |sql: &str| server.sql("acme", &format!("SET search_path = ecoops; {sql}"));
    assert!(sql("DELETE FROM audit_log").is_err());
    let hypothesis = "INSERT INTO hypotheses (incident_id, place, statement, confidence, counter, support)
        VALUES (gen_random_uuid(), 1, 's', 0.5, '[]', '[]')";
    assert!(sql(hypothesis).unwrap_err().contains("support"), "one without evidence is none");
}

/// Every table of the database is one that code writes.
#[test]
fn no_table_is_without_code() {
    let Some(server) = postgres::prepared() else { return };
    let list =
        "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'ecoops'";
    let tables = server.sql("postgres", list).unwrap();
    let mut code = String::new();
    texts(&ecoops_tests::home::workspace().join("plugins/src"), &mut code);
    for table in tables.split(' ') {
        let written = [format!("INTO {table} "), format!("INTO ecoops.{table} ")];
        assert!(written.iter().any(|sql| code.contains(sql.as_str())), "nothing writes {table}");
    }
}

/// The Rust sources below a folder, one after the other.
fn texts(folder: &std::path::Path, all: &mut String) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            texts(&path, all);
        } else if path.extension().is_some_and(|e| e == "rs") {
            all.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// A forgotten text stays in the server's files until they are rewritten, which an administrator can have done.
#[test]
fn what_is_forgotten_is_in_no_table_after_a_vacuum() {
    let Some(server) = postgres::prepared() else { return };
    let memory = memory(server.org("acme"));
    memory.ingest(&document(DocumentKind::Fix, "kept", "an ordinary text")).unwrap();
    let id = memory.ingest(&document(DocumentKind::Fix, "zebratitle", "quokkasecret is in it")).unwrap();
    server.sql("postgres", "CHECKPOINT").unwrap();
    let data = server.server.folder().join("data/base");
    assert!(holds(&data, b"quokkasecret") && holds(&data, b"zebratitle"));
    assert!(memory.forget(&id).unwrap());
    admin::vacuum(&server.settings("postgres")).unwrap();
    assert!(!holds(&data, b"quokkasecret") && !holds(&data, b"zebratitle"));
    assert_eq!(memory.search(&ask("ordinary", &[], 9)).unwrap().len(), 1);
    assert!(admin::vacuum(&server.settings("acme")).is_err(), "not by an org's own login");
}

/// Whether a file below a folder has these bytes.
fn holds(folder: &std::path::Path, needle: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| match path.is_dir() {
        true => holds(&path, needle),
        false => fs::read(&path).unwrap_or_default().windows(needle.len()).any(|window| window == needle),
    })
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
    let Some(mut server) = postgres::prepared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedAuditLog::in_state(folder.path(), ORIGIN).unwrap();
    let copy = PgAuditCopy::new(server.org("acme"));
    assert_eq!(copy.catch_up(&log).unwrap(), 0);
    log.append(&(0..700).map(entry).collect::<Vec<_>>()).unwrap();
    assert_eq!(copy.catch_up(&log).unwrap(), 700);
    assert_eq!(copy.catch_up(&log).unwrap(), 0);
    log.append(&[entry(700)]).unwrap();
    let copied: u64 = std::thread::scope(|scope| {
        let one = || PgAuditCopy::new(server_settings(&server)).catch_up(&log).unwrap();
        let both = [scope.spawn(one), scope.spawn(one)];
        both.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(copied, 1);
    let counts = "SELECT count(*) || ' ' || max(number) || ' ' || min(created_at AT TIME ZONE 'UTC') FROM ecoops.audit_log";
    assert_eq!(server.sql("acme", counts).as_deref(), Ok("701 700 2026-01-02 03:04:05.5"));
    assert!(server.sql("acme", "UPDATE ecoops.audit_log SET actor = 'x'").is_err());
    server.org("other");
    assert_eq!(server.sql("other", "SELECT count(*) FROM ecoops.audit_log").as_deref(), Ok("0"));

    // one by one, as the agent does: the same rows, by whichever way they came, and never twice
    let name = log.name();
    assert_eq!(AuditCopy::next(&copy, &name), Ok(Some(701)));
    log.append(&[entry(701)]).unwrap();
    let newest = log.entries(701, 1).unwrap().remove(0).1;
    assert_eq!(copy.holds(&name, 701, &newest), Ok(false));
    for _ in 0..2 {
        copy.write(&name, 701, &newest).unwrap();
    }
    assert_eq!((copy.holds(&name, 701, &newest), copy.catch_up(&log).unwrap()), (Ok(true), 0));
    assert!(server.sql("acme", counts).unwrap().starts_with("702 701 "));
    server.server.interrupt();
    assert!(matches!(copy.write(&name, 702, &newest), Err(CopyError::Away(_))));
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
