//! What every memory promises, and what the one in a file must stand.

use ecoops_core::ports::embedder::{Embedder, EmbedderError, WIDTH};
use ecoops_core::ports::memory::{
    Document, DocumentKind, Filters, Hit, MOST_BYTES, MOST_TITLE_BYTES, Memory, MemoryError, Query,
};
use ecoops_plugins::memory::embedded::EmbeddedMemory;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// Texts to directions by their words: those that share words are near, all others far apart.
struct Words {
    model: &'static str,
}

impl Embedder for Words {
    fn model(&self) -> &str {
        self.model
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        Ok(texts.iter().map(|text| words_vector(text)).collect())
    }
}

fn words_vector(text: &str) -> Vec<f32> {
    let mut vector = vec![0f32; WIDTH];
    // never all zeros, and never zeros at the end that would pass for padding
    vector[127] = 0.01;
    for word in text.split_whitespace() {
        let mut state = word
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        for value in &mut vector[..128] {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *value += (state >> 40) as f32 / 8_388_608.0 - 1.0;
        }
    }
    let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|v| *v /= length);
    vector
}

fn document(kind: DocumentKind, title: &str, text: &str) -> Document {
    let metadata = json!({ "rule": title, "tries": 2 }).as_object().cloned().unwrap_or_default();
    Document { kind, title: title.into(), text: text.into(), source: "test".into(), metadata }
}

fn ask(query: &str, kinds: &[DocumentKind], top_k: usize) -> Query {
    Query { query: query.into(), top_k, filters: Filters { kinds: kinds.to_vec(), ..Filters::default() } }
}

fn ids(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|h| h.id.as_str()).collect()
}

fn suite(make: impl Fn() -> Box<dyn Memory>) {
    finds_filters_and_lists(&*make());
    refuses_bad_input(&*make());
    forgets(&*make());
}

fn finds_filters_and_lists(memory: &dyn Memory) {
    assert_eq!(memory.search(&ask("anything", &[], 10)).expect("empty"), []);
    let pool = document(DocumentKind::Fix, "pool-leak", "the connection pool leaks when a request times out");
    let disk =
        document(DocumentKind::Runbook, "disk-full", "free space on the volume\n\nthen restart the writer");
    let clock = document(DocumentKind::Postmortem, "clock", "the clock of one node was wrong for a day");
    let [pool_id, disk_id, clock_id] = [&pool, &disk, &clock].map(|d| memory.ingest(d).expect("kept"));
    assert_eq!(memory.ingest(&pool).expect("kept"), pool_id, "the same again is the same");
    let runbook = Document { kind: DocumentKind::Runbook, ..pool.clone() };
    assert_ne!(memory.ingest(&runbook).expect("kept"), pool_id, "another kind is another document");

    let hits = memory.search(&ask("connection pool leak", &[], 10)).expect("found");
    assert_eq!(hits.len(), 4);
    assert_eq!(hits.iter().find(|h| h.id == pool_id).map(|h| &h.document), Some(&pool));
    assert!(hits.windows(2).all(|w| w[0].score >= w[1].score));
    assert!(hits.iter().all(|h| (0.0..=1.0).contains(&h.score) && h.cosine.abs() <= 1.001));
    assert!(hits[0].snippet.contains("connection pool") && hits[0].text_rank == Some(1));
    assert_eq!(memory.search(&ask("connection pool leak", &[], 1)).expect("found").len(), 1);

    let fixes = memory.search(&ask("connection pool leak", &[DocumentKind::Fix], 10)).expect("found");
    assert_eq!(ids(&fixes), [&pool_id]);
    let mut query = ask("the", &[], 10);
    query.filters.metadata =
        json!({ "rule": "disk-full", "tries": 2 }).as_object().cloned().unwrap_or_default();
    assert_eq!(ids(&memory.search(&query).expect("found")), [&disk_id]);
    query.filters.metadata.insert("tries".into(), json!(3));
    assert_eq!(memory.search(&query).expect("found"), []);

    let all = memory.list(&[], 10).expect("listed");
    assert_eq!(all.len(), 4);
    assert_eq!(memory.list(&[], 1).expect("listed")[0], all[0]);
    let postmortems = memory.list(&[DocumentKind::Postmortem], 10).expect("listed");
    assert_eq!(postmortems, [(clock_id, clock)]);
}

fn refuses_bad_input(memory: &dyn Memory) {
    let kind = DocumentKind::Incident;
    for (what, bad) in [
        ("nothing", document(kind, " ", "\n")),
        ("too much", document(kind, "big", &"a ".repeat(MOST_BYTES))),
        ("a title without end", document(kind, &"a".repeat(MOST_TITLE_BYTES + 1), "text")),
    ] {
        assert!(matches!(memory.ingest(&bad), Err(MemoryError::BadQuery(_))), "{what}");
    }
    let long = "x".repeat(1 << 20);
    for (text, top) in [("", 10), (" \n", 10), ("x", 0), ("x", 101), (long.as_str(), 10)] {
        assert!(matches!(memory.search(&ask(text, &[], top)), Err(MemoryError::BadQuery(_))), "{top}");
    }
    assert_eq!(memory.list(&[], 10).expect("listed"), []);
    for text in ["\0\0", "\u{202e}\u{feff}", "'; DROP TABLE documents; --", "\"* NEAR( OR", "中文 😀"] {
        let id = memory.ingest(&document(kind, "odd", text)).expect("kept");
        assert!(
            ids(&memory.search(&ask(text, &[], 100)).unwrap_or_default()).contains(&id.as_str()),
            "{text:?}"
        );
    }
}

fn forgets(memory: &dyn Memory) {
    let keep = memory.ingest(&document(DocumentKind::Fix, "keep", "an ordinary text")).expect("kept");
    let gone = memory.ingest(&document(DocumentKind::Fix, "gone", "an ordinary secret")).expect("kept");
    assert!(memory.forget(&gone).expect("forgotten"));
    assert!(!memory.forget(&gone).expect("asked"));
    assert!(!memory.forget("fix-0000").expect("asked"));
    assert_eq!(ids(&memory.search(&ask("ordinary secret", &[], 10)).expect("found")), [&keep]);
    assert_eq!(memory.list(&[], 10).expect("listed").len(), 1);
}

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
