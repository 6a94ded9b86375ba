//! What every memory promises, and what the one in a file must stand.

use ecoops_core::ports::memory::{Document, DocumentKind, MOST_BYTES, Memory, MemoryError};
use ecoops_plugins::memory::embedded::EmbeddedMemory;
use ecoops_plugins::registry;
use ecoops_tests::agent::Agent;
use ecoops_tests::memory::{Departs, Words, ask, document, ids, suite, suite_of, words_vector};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

fn open(path: &Path) -> EmbeddedMemory {
    EmbeddedMemory::open(path, Arc::new(Words { model: "words" })).expect("opens")
}

#[test]
fn embedded() {
    let folder = TempDir::new().expect("folder");
    let count = std::cell::Cell::new(0);
    suite(|| {
        count.set(count.get() + 1);
        Box::new(open(&folder.path().join(format!("state/{}.sqlite", count.get()))))
    });
}

/// The kernel's memory-hub, by an agent of ours that serves its contract.
#[test]
fn memory_hub() {
    let agents = std::cell::RefCell::new(Vec::new());
    suite_of(
        || {
            let (agent, service) = Agent::serving("");
            agents.borrow_mut().push(agent);
            registry::memory_hub(&service).expect("an address")
        },
        Departs::MEMORY_HUB,
    );
}

#[test]
fn two_handles_see_what_the_other_wrote_and_forgot() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("memory.sqlite");
    let (one, two) = (open(&path), open(&path));
    let id = one.ingest(&document(DocumentKind::Fix, "a", "pool leak")).expect("kept");
    assert_eq!(two.search(&ask("pool", &[], 10)).expect("found").len(), 1);
    let more = two.ingest(&document(DocumentKind::Fix, "b", "pool leak again")).expect("kept");
    assert_eq!(one.search(&ask("pool", &[], 10)).expect("found").len(), 2);
    assert!(two.forget(&id).expect("forgotten"));
    assert_eq!(ids(&one.search(&ask("pool", &[], 10)).expect("found")), [&more]);
}

#[test]
fn what_is_forgotten_is_not_on_the_disk() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("memory.sqlite");
    let memory = open(&path);
    for i in 0..40 {
        memory.ingest(&document(DocumentKind::Fix, &format!("t{i}"), "other words of a text")).expect("kept");
    }
    let text = "quokkasecret ".repeat(3_000);
    let id = memory.ingest(&document(DocumentKind::Fix, "zebratitle", &text)).expect("kept");
    let vector: Vec<u8> =
        words_vector("zebratitle quokkasecret")[..4].iter().flat_map(|v| v.to_le_bytes()).collect();
    let probe = document(DocumentKind::Fix, "", "zebratitle quokkasecret");
    let other = memory.ingest(&probe).expect("kept");
    let on_disk = |needle: &[u8]| {
        ["", "-wal"].iter().any(|end| {
            let bytes = std::fs::read(format!("{}{end}", path.display())).unwrap_or_default();
            bytes.windows(needle.len()).any(|w| w.eq_ignore_ascii_case(needle))
        })
    };
    for needle in [&b"quokkasecret"[..], b"zebratitle", &vector] {
        assert!(on_disk(needle));
    }
    assert!(memory.forget(&id).expect("forgotten") && memory.forget(&other).expect("forgotten"));
    for needle in [&b"quokkasecret"[..], b"zebratitle", &vector] {
        assert!(!on_disk(needle), "{:?}", String::from_utf8_lossy(needle));
    }
}

#[test]
fn vectors_of_two_models_are_not_compared_but_words_are() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("memory.sqlite");
    open(&path).ingest(&document(DocumentKind::Fix, "old", "pool leak")).expect("kept");
    let newer = EmbeddedMemory::open(&path, Arc::new(Words { model: "newer" })).expect("opens");
    assert_eq!(newer.search(&ask("unrelated", &[], 10)).expect("searched"), []);
    let hits = newer.search(&ask("pool", &[], 10)).expect("searched");
    assert_eq!((hits.len(), hits[0].cosine), (1, 0.0));
    // an ingestion brings the old ones along
    let long = document(DocumentKind::Runbook, "long", &"many words of a text\n".repeat(400));
    open(&path).ingest(&long).expect("kept");
    newer.ingest(&document(DocumentKind::Fix, "new", "something else")).expect("kept");
    let hits = newer.search(&ask("unrelated", &[], 10)).expect("searched");
    assert!(hits.len() == 3 && hits.iter().all(|hit| hit.cosine != 0.0), "{hits:?}");
    assert_eq!(newer.renew(10).expect("nothing left"), 0);
    assert_eq!(open(&path).search(&ask("unrelated", &[], 10)).expect("searched"), []);
    assert_eq!(newer.search(&ask("leak words", &[], 10)).expect("searched")[0].document.title, "old");
    assert!(newer.forget(&hits[0].id).expect("forgotten"));
}

/// Against the ranking by all full vectors, with more chunks than a segment holds.
#[test]
fn the_ranking_is_exact() {
    let folder = TempDir::new().expect("folder");
    let memory = open(&folder.path().join("memory.sqlite"));
    let texts: Vec<String> = (0..1_300).map(|i| format!("w{} w{} w{}", i % 37, i % 11, i)).collect();
    let documents: Vec<Document> = texts.iter().map(|t| document(DocumentKind::Incident, "", t)).collect();
    assert_eq!(memory.ingest_all(&documents).expect("kept").len(), texts.len());
    for query in ["u1 w3", "w5 w7 q", "zz"] {
        let hits = memory.search(&ask(&format!("~{query}~"), &[], 20)).expect("found");
        let vector = words_vector(&format!("~{query}~"));
        let cosine = |text: &String| words_vector(text).iter().zip(&vector).map(|(a, b)| a * b).sum::<f32>();
        for hit in &hits {
            assert!((hit.cosine - f64::from(cosine(&hit.document.text))).abs() < 1e-5);
        }
        if hits.iter().all(|h| h.text_rank.is_none()) {
            let mut expected: Vec<f32> = texts.iter().map(cosine).collect();
            expected.sort_by(|a, b| b.total_cmp(a));
            for (hit, expected) in hits.iter().zip(expected) {
                assert!((hit.cosine - f64::from(expected)).abs() < 1e-6, "{query}");
            }
        }
    }
}

/// The words of all of a long document are found, and the place that has them is shown.
#[test]
fn a_megabyte_is_kept_found_and_forgotten() {
    let folder = TempDir::new().expect("folder");
    let memory = open(&folder.path().join("memory.sqlite"));
    let mut text: String = (0..80_000).map(|i| format!("w{:05} filler\n", i % 900)).collect();
    text.truncate(MOST_BYTES - 100);
    text.push_str("\nthe quokka is here");
    let id = memory.ingest(&document(DocumentKind::Runbook, "long", &text)).expect("kept");
    let other = memory.ingest(&document(DocumentKind::Runbook, "short", "filler")).expect("kept");
    let hits = memory.search(&ask("quokka", &[], 10)).expect("found");
    assert_eq!((ids(&hits), hits[0].text_rank), (vec![id.as_str(), &other], Some(1)));
    assert!(hits[0].snippet.contains("quokka"), "{}", hits[0].snippet);
    assert!(memory.forget(&id).expect("forgotten"));
    assert_eq!(ids(&memory.search(&ask("quokka filler", &[], 10)).expect("found")), [&other]);
}

/// What it is about may be said in one part, and the exact name in another.
#[test]
fn a_document_counts_with_the_best_of_all_its_parts() {
    let folder = TempDir::new().expect("folder");
    let memory = open(&folder.path().join("memory.sqlite"));
    let filler = |word: &str| format!("{word} ").repeat(150);
    let text = |end: &str| format!("{}\n\n{end}", "pool leak ".repeat(90));
    for i in 0..12 {
        memory.ingest(&document(DocumentKind::Fix, "", &text(&filler(&format!("w{i}"))))).expect("kept");
    }
    let both = memory.ingest(&document(DocumentKind::Fix, "", &text(&format!("E4711 {}", filler("w")))));
    let hits = memory.search(&ask("pool leak E4711", &[], 10)).expect("found");
    assert_eq!(hits[0].id, both.expect("kept"));
}

/// In one transaction or one by one, in one segment or several: the same answers.
#[test]
fn many_at_once_are_kept_as_one_by_one() {
    let folder = TempDir::new().expect("folder");
    let (one, all) = (open(&folder.path().join("one.sqlite")), open(&folder.path().join("all.sqlite")));
    let text = |i: usize| format!("w{} w{} w{i} same", i % 7, i % 13);
    let documents: Vec<Document> = (0..150).map(|i| document(DocumentKind::Fix, "t", &text(i))).collect();
    documents.iter().for_each(|d| drop(one.ingest(d).expect("kept")));
    all.ingest_all(&documents[..40]).expect("kept");
    let again = all.ingest_all(&[&documents[..], &documents[..3]].concat()).expect("kept");
    assert_eq!(again[..3], again[150..]);
    for id in [&again[3], &again[149]] {
        assert!(one.forget(id).expect("forgotten") && all.forget(id).expect("forgotten"));
    }
    for query in ["w3 w11", "same", "w148 w5"] {
        let query = ask(query, &[], 100);
        assert_eq!(one.search(&query).expect("found"), all.search(&query).expect("found"));
    }
}

#[test]
fn a_damaged_or_newer_or_forbidden_file_is_a_clear_error_and_left_alone() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("memory.sqlite");
    let fails = |path: &Path| match EmbeddedMemory::open(path, Arc::new(Words { model: "words" })) {
        Err(MemoryError::Storage(what)) => what,
        other => panic!("{other:?}"),
    };
    std::fs::write(&path, vec![b'x'; 8192]).expect("written");
    assert!(fails(&path).contains("damaged"));
    assert_eq!(std::fs::read(&path).expect("read"), vec![b'x'; 8192]);

    let newer = folder.path().join("newer.sqlite");
    rusqlite::Connection::open(&newer).and_then(|c| c.pragma_update(None, "user_version", 99)).expect("made");
    assert!(fails(&newer).contains("layout 99"));

    let below_a_file = path.join("memory.sqlite");
    assert!(fails(&below_a_file).contains("memory.sqlite"));
}
