//! What every store promises.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use ecoops_core::domain::{ContentHash, Run, RunId, RunState};
use ecoops_core::ports::store::{Store, StoreError};
use ecoops_plugins::store::sqlite::SqliteStore;
use std::fs;
use std::path::Path;

fn run(id: &str, repository: &str) -> Run {
    Run {
        id: RunId(id.into()),
        repository: repository.into(),
        location: "/somewhere".into(),
        state: RunState::Started,
        started: "2026-01-01T00:00:00Z".into(),
        updated: "2026-01-01T00:00:00Z".into(),
        actor: "tester".into(),
        trace_id: String::new(),
        request: serde_json::json!({ "paths": ["a b", "ü"] }),
        write_set: Default::default(),
        unrecorded: None,
        verdict: None,
        note: String::new(),
        patch: String::new(),
    }
}

fn suite(make: impl Fn(&Path) -> Box<dyn Store>) {
    let folder = tempfile::tempdir().unwrap();
    let store = make(folder.path());
    assert_eq!(store.run(&RunId("1".into())).unwrap(), None);
    // Newest first by the order in which they began, whatever their ids and clocks say.
    for id in ["3", "1", "2"] {
        store.put_run(&run(id, if id == "1" { "other" } else { "mine" })).unwrap();
    }
    let mut changed = run("3", "mine");
    changed.state = RunState::Applied;
    store.put_run(&changed).unwrap();
    assert_eq!(store.run(&changed.id).unwrap(), Some(changed));
    let ids = |repository, limit| -> Vec<String> {
        store.runs(repository, limit).unwrap().into_iter().map(|run| run.id.0).collect()
    };
    assert_eq!(ids(None, 10), ["2", "1", "3"]);
    assert_eq!(ids(Some("mine"), 10), ["2", "3"]);
    assert_eq!(ids(None, 1), ["2"]);
    assert!(ids(Some("nobody"), 10).is_empty());

    for bytes in [&b""[..], b"a\0b\xFF", &vec![7; 1 << 20]] {
        let hash = store.put_blob(bytes).unwrap();
        assert_eq!(hash, ContentHash::of(bytes));
        assert_eq!(store.put_blob(bytes).unwrap(), hash);
        assert_eq!(store.blob(&hash).unwrap(), bytes);
    }
    let missing = ContentHash::of(b"never kept");
    assert!(matches!(store.blob(&missing), Err(StoreError::Missing(hash)) if hash == missing));

    // A second one on the same place sees the same, and a lease is held by one alone.
    let second = make(folder.path());
    assert_eq!(second.runs(None, 10).unwrap().len(), 3);
    let lease = store.lease("mine").unwrap();
    let me = std::process::id().to_string();
    for other in [&store, &second] {
        assert!(matches!(other.lease("mine"), Err(StoreError::Busy(holder)) if holder == me));
    }
    assert!(second.lease("../other\n").is_ok());
    drop(lease);
    assert!(second.lease("mine").is_ok());

    std::thread::scope(|scope| {
        for (number, store) in [&store, &second].into_iter().enumerate() {
            scope.spawn(move || {
                for n in 0..20 {
                    store.put_run(&run(&format!("{number}-{n}"), "many")).unwrap();
                }
            });
        }
    });
    assert_eq!(store.runs(Some("many"), 100).unwrap().len(), 40);
}

#[test]
fn sqlite_keeps_the_contract() {
    suite(|folder| Box::new(SqliteStore::open(folder).unwrap()));
}

#[test]
fn damage_is_an_error_and_never_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    let hash = store.put_blob(b"content").unwrap();
    store.put_run(&run("1", "mine")).unwrap();
    let raw = rusqlite::Connection::open(folder.path().join("runs.sqlite")).unwrap();
    raw.execute("UPDATE blobs SET bytes = x'00'", []).unwrap();
    raw.execute("UPDATE runs SET body = replace(body, 'started', 'applied')", []).unwrap();
    assert!(matches!(store.blob(&hash), Err(StoreError::Storage(_))));
    assert!(matches!(store.run(&RunId("1".into())), Err(StoreError::Storage(_))));
    assert!(matches!(store.runs(None, 1), Err(StoreError::Storage(_))));
    // Kept again, it is whole again.
    store.put_blob(b"content").unwrap();
    assert_eq!(store.blob(&hash).unwrap(), b"content");
}

#[test]
fn a_place_that_cannot_be_used_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let (garbage, later) = (folder.path().join("garbage"), folder.path().join("later"));
    fs::create_dir(&garbage).unwrap();
    fs::write(garbage.join("runs.sqlite"), vec![b'x'; 4096]).unwrap();
    drop(SqliteStore::open(&later).unwrap());
    let raw = rusqlite::Connection::open(later.join("runs.sqlite")).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    for place in [&file, &garbage, &later] {
        assert!(matches!(SqliteStore::open(place), Err(StoreError::Storage(_))), "{}", place.display());
    }
    assert_eq!(fs::read(garbage.join("runs.sqlite")).unwrap(), vec![b'x'; 4096]);
}
