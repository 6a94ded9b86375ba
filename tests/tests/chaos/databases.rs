//! PostgreSQL: the memory on pgvector, incidents, and the copy of the audit log.

use super::{DEADLINE, passing, system};
use ecoops_core::ports::incidents::Incidents;
use ecoops_core::ports::memory::{Document, DocumentKind, Memory, MemoryError};
use ecoops_plugins::audit_log::postgres::PgAuditCopy;
use ecoops_plugins::embedder::embedded::EmbeddedEmbedder;
use ecoops_plugins::incidents::embedded::{EmbeddedIncidents, IngestBounds};
use ecoops_plugins::incidents::postgres::PgIncidents;
use ecoops_plugins::memory::pgvector::PgMemory;
use ecoops_plugins::memory::remembered::RememberedMemory;
use ecoops_plugins::postgres::PostgresSettings;
use ecoops_plugins::registry;
use ecoops_tests::audit::entry;
use ecoops_tests::network::trial::{Act, Subject, Undone, try_all};
use ecoops_tests::network::wrong::{PLAIN, POSTGRES_HUGE};
use ecoops_tests::network::{Fault, Line, Room};
use ecoops_tests::servers::postgres;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

fn at(line: &Line) -> PostgresSettings {
    PostgresSettings {
        address: format!("postgres://ana@{}/postgres", line.address()),
        connect: Duration::from_millis(800),
        operation: DEADLINE,
        ..PostgresSettings::default()
    }
}

fn memory(settings: PostgresSettings) -> PgMemory {
    PgMemory::new(settings, Arc::new(EmbeddedEmbedder::new()))
}

fn document(key: &str) -> Document {
    let metadata = serde_json::Map::new();
    let (title, text) = (key.to_owned(), format!("what was done about {key}"));
    Document { kind: DocumentKind::Fix, title, text, source: "urn:ecoops:run:1".into(), metadata }
}

fn undone(error: MemoryError) -> Undone {
    match error {
        MemoryError::Away(why) => Undone::Passing(why),
        // What is not away does not wait: see `RememberedMemory`.
        other => Undone::ForGood(other.to_string()),
    }
}

#[test]
fn on_postgres() {
    let Some(room) = Room::open("databases::on_postgres") else { return };
    let server = room.beyond(|| {
        let server = postgres::prepared()?;
        server.org("ana");
        Some(server)
    });
    let Some(server) = server else { return };
    let count = |sql: &str| -> BTreeMap<String, usize> {
        let found = room.beyond(|| server.sql("postgres", sql)).unwrap();
        let rows = found.lines().filter_map(|line| line.rsplit_once('|'));
        rows.map(|(key, count)| (key.to_owned(), count.parse().unwrap())).collect()
    };
    let wrong: Vec<_> = PLAIN.into_iter().chain([&POSTGRES_HUGE]).collect();

    let open = |line: &Line| -> Act<'_> {
        let memory = memory(at(line));
        Box::new(move |key| memory.ingest(&document(key)).map(drop).map_err(undone))
    };
    let done = || count("SELECT title, count(*) FROM ecoops.docs GROUP BY title");
    let base = Subject {
        name: "memory on PostgreSQL",
        deadline: DEADLINE,
        wrong,
        open: &open,
        done: Some(&done),
        port: server.server.port(),
        renaming: false,
        bears: &[],
    };
    try_all(&room, &base);

    // In front of it the memory that keeps what cannot be brought: everything is done, and brought when it can be.
    let folder = tempfile::tempdir().unwrap();
    let open = |line: &Line| -> Act<'_> {
        let file = folder.path().join(line.address()).join("answers.sqlite");
        std::fs::create_dir(file.parent().unwrap()).unwrap();
        let inner = Box::new(memory(at(line)));
        let memory = RememberedMemory::open(&file, inner, &line.address(), system()).unwrap();
        Box::new(move |key| memory.ingest(&document(&format!("kept {key}"))).map(drop).map_err(undone))
    };
    let kept = || {
        let all = count("SELECT title, count(*) FROM ecoops.docs WHERE title LIKE 'kept %' GROUP BY title");
        all.into_iter().map(|(title, count)| (title.trim_start_matches("kept ").to_owned(), count)).collect()
    };
    let mut bears = vec![Fault::Cut, Fault::Refuse, Fault::HalfOpen, Fault::LostAnswer, Fault::Truncated];
    bears.extend(base.wrong.iter().map(|&wrong| Fault::Wrong(wrong)));
    let wrong = base.wrong.clone();
    let kept = Subject {
        name: "memory kept here meanwhile",
        open: &open,
        done: Some(&kept),
        bears: &bears,
        wrong,
        ..base
    };
    try_all(&room, &kept);

    let open = |line: &Line| -> Act<'_> {
        let state = folder.path().join(format!("incidents {}", line.address()));
        let local = EmbeddedIncidents::open(&state, IngestBounds::default()).unwrap();
        let incidents = PgIncidents::new(at(line), local);
        Box::new(move |_| passing(incidents.list(None, 10)).map(drop))
    };
    try_all(
        &room,
        &Subject {
            name: "incidents on PostgreSQL",
            open: &open,
            done: None,
            bears: &[],
            wrong: base.wrong.clone(),
            ..kept
        },
    );

    let open = |line: &Line| -> Act<'_> {
        let state = folder.path().join(format!("audit {}", line.address()));
        let log = registry::audit_log(&state, "tests").unwrap();
        let copy = PgAuditCopy::new(at(line));
        let mut written = std::collections::BTreeSet::new();
        Box::new(move |key| {
            if written.insert(key.to_owned()) {
                log.append(&[entry(key)]).unwrap();
            }
            passing(copy.catch_up(&*log)).map(drop)
        })
    };
    let done = || count("SELECT action, count(*) FROM ecoops.audit_log GROUP BY action");
    try_all(
        &room,
        &Subject { name: "audit copy on PostgreSQL", open: &open, done: Some(&done), bears: &[], ..base },
    );
}
