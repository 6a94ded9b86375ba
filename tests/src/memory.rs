//! The contract of every memory, and an embedder that is cheap and predictable.

use ecoops_core::ports::embedder::{Embedder, EmbedderError, WIDTH};
use ecoops_core::ports::memory::{
    Document, DocumentKind, Filters, Hit, MOST_BYTES, MOST_TITLE_BYTES, Memory, MemoryError, Query,
};
use serde_json::json;

/// Texts to directions by their words: those that share words are near, all others far apart.
pub struct Words {
    pub model: &'static str,
}

impl Embedder for Words {
    fn model(&self) -> &str {
        self.model
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        Ok(texts.iter().map(|text| words_vector(text)).collect())
    }
}

pub fn words_vector(text: &str) -> Vec<f32> {
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

pub fn document(kind: DocumentKind, title: &str, text: &str) -> Document {
    let metadata = json!({ "rule": title, "tries": 2 }).as_object().cloned().unwrap_or_default();
    Document { kind, title: title.into(), text: text.into(), source: "test".into(), metadata }
}

pub fn ask(query: &str, kinds: &[DocumentKind], top_k: usize) -> Query {
    Query { query: query.into(), top_k, filters: Filters { kinds: kinds.to_vec(), ..Filters::default() } }
}

pub fn ids(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|h| h.id.as_str()).collect()
}

/// What a memory does otherwise than the contract has it, because the system behind it cannot do it so.
#[derive(Debug, Clone, Copy, Default)]
pub struct Departs {
    /// It neither lists nor forgets, and says so: the kernel's memory-hub has no route for either.
    keeps_for_ever: bool,
    /// It does not tell how a document ranks by words: the kernel's memory-hub ranks by vectors alone.
    hides_words: bool,
}

impl Departs {
    /// The kernel's memory-hub.
    pub const MEMORY_HUB: Self = Self { keeps_for_ever: true, hides_words: true };

    /// What a list of these kinds must be.
    fn check_list(self, memory: &dyn Memory, kinds: &[DocumentKind], expected: &[(String, Document)]) {
        match memory.list(kinds, 10) {
            Err(MemoryError::Storage(why)) if self.keeps_for_ever => assert!(why.contains("list"), "{why}"),
            listed => assert_eq!(listed.expect("listed"), expected),
        }
    }
}

/// Each part on a memory of its own, made empty.
///
/// # Panics
/// When a promise is broken.
pub fn suite(make: impl Fn() -> Box<dyn Memory>) {
    suite_of(make, Departs::default());
}

/// The same for a memory that departs from the contract.
///
/// # Panics
/// When a promise is broken.
pub fn suite_of(make: impl Fn() -> Box<dyn Memory>, departs: Departs) {
    finds_filters_and_lists(&*make(), departs);
    refuses_bad_input(&*make(), departs);
    forgets(&*make(), departs);
}

fn finds_filters_and_lists(memory: &dyn Memory, departs: Departs) {
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
    assert!(hits[0].snippet.contains("connection pool"), "{:?}", hits[0]);
    assert_eq!(hits[0].text_rank, (!departs.hides_words).then_some(1));
    assert_eq!(memory.search(&ask("connection pool leak", &[], 1)).expect("found").len(), 1);

    let fixes = memory.search(&ask("connection pool leak", &[DocumentKind::Fix], 10)).expect("found");
    assert_eq!(ids(&fixes), [&pool_id]);
    let mut query = ask("the", &[], 10);
    query.filters.metadata =
        json!({ "rule": "disk-full", "tries": 2 }).as_object().cloned().unwrap_or_default();
    assert_eq!(ids(&memory.search(&query).expect("found")), [&disk_id]);
    query.filters.metadata.insert("tries".into(), json!(3));
    assert_eq!(memory.search(&query).expect("found"), []);

    if !departs.keeps_for_ever {
        let all = memory.list(&[], 10).expect("listed");
        assert_eq!(all.len(), 4);
        assert_eq!(memory.list(&[], 1).expect("listed")[0], all[0]);
    }
    departs.check_list(memory, &[DocumentKind::Postmortem], &[(clock_id.clone(), clock.clone())]);
    assert_eq!(memory.get(&clock_id).expect("asked"), Some(clock));
    assert_eq!(memory.get("fix-0000000000000000").expect("asked"), None);
}

fn refuses_bad_input(memory: &dyn Memory, departs: Departs) {
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
    departs.check_list(memory, &[], &[]);
    for text in ["\0\0", "\u{202e}\u{feff}", "'; DROP TABLE documents; --", "\"* NEAR( OR", "中文 😀"] {
        let id = memory.ingest(&document(kind, "odd", text)).expect("kept");
        assert!(
            ids(&memory.search(&ask(text, &[], 100)).unwrap_or_default()).contains(&id.as_str()),
            "{text:?}"
        );
    }
}

fn forgets(memory: &dyn Memory, departs: Departs) {
    if departs.keeps_for_ever {
        let kept = memory.ingest(&document(DocumentKind::Fix, "keep", "an ordinary text")).expect("kept");
        assert!(matches!(memory.forget(&kept), Err(MemoryError::Storage(_))));
        assert_eq!(ids(&memory.search(&ask("ordinary text", &[], 10)).expect("found")), [&kept]);
        return;
    }
    let keep = memory.ingest(&document(DocumentKind::Fix, "keep", "an ordinary text")).expect("kept");
    let gone = memory.ingest(&document(DocumentKind::Fix, "gone", "an ordinary secret")).expect("kept");
    assert!(memory.forget(&gone).expect("forgotten"));
    assert!(!memory.forget(&gone).expect("asked"));
    assert!(!memory.forget("fix-0000").expect("asked"));
    assert_eq!(ids(&memory.search(&ask("ordinary secret", &[], 10)).expect("found")), [&keep]);
    assert_eq!(memory.list(&[], 10).expect("listed").len(), 1);
}
