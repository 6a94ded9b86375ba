//! Embeddings by a real server of the OpenAI protocol (llama.cpp) in the memories: each text is asked for once, in
//! batches, whoever asks; and while the server is away no ranking compares vectors of two models.
#![allow(clippy::unwrap_used)]

use ecoops_core::ports::embedder::{Embedder, EmbedderError};
use ecoops_core::ports::memory::{Document, DocumentKind, Hit, Memory};
use ecoops_plugins::embedder::cached::CachedEmbedder;
use ecoops_plugins::embedder::embedded::EmbeddedEmbedder;
use ecoops_plugins::embedder::openai::OpenAiEmbedder;
use ecoops_plugins::embedder::standby::StandbyEmbedder;
use ecoops_plugins::http::Server;
use ecoops_plugins::memory::embedded::EmbeddedMemory;
use ecoops_plugins::memory::pgvector::PgMemory;
use ecoops_tests::memory::{ask, document};
use ecoops_tests::servers::{llm, postgres};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// The server's model, and how many texts each call brought.
struct Counted {
    inner: OpenAiEmbedder,
    calls: Arc<Mutex<Vec<usize>>>,
}

impl Embedder for Counted {
    fn model(&self) -> &str {
        self.inner.model()
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        self.calls.lock().unwrap().push(texts.len());
        self.inner.embed(texts)
    }
}

/// One of several clients of this machine: the model of `url`, the cache in `folder`, the built-in model behind.
fn client(url: &str, folder: &Path, calls: &Arc<Mutex<Vec<usize>>>) -> Arc<dyn Embedder> {
    let server = Server { url: url.into(), ..Server::default() };
    let inner = OpenAiEmbedder::new(server, "smollm2").unwrap();
    let counted = Arc::new(Counted { inner, calls: calls.clone() });
    let cached = CachedEmbedder::open(&folder.join("vectors.sqlite"), counted, 10_000).unwrap();
    Arc::new(StandbyEmbedder::new(Arc::new(cached), Arc::new(EmbeddedEmbedder::new())))
}

fn fix(text: &str) -> Document {
    document(DocumentKind::Fix, "", text)
}

fn of<'a>(hits: &'a [Hit], text: &str) -> &'a Hit {
    hits.iter().find(|hit| hit.document.text == text).unwrap_or_else(|| panic!("{text}: {hits:?}"))
}

/// `make` opens the memory by an embedder, again and again.
fn story(make: impl Fn(Arc<dyn Embedder>) -> Box<dyn Memory>) {
    let Some(mut server) = llm::embedding() else { return };
    let url = format!("http://{}", server.address());
    let folder = tempfile::tempdir().unwrap();
    let calls = Arc::new(Mutex::new(Vec::new()));
    let taken = || std::mem::take(&mut *calls.lock().unwrap());
    let new = || make(client(&url, folder.path(), &calls));

    // A long document goes in one call, and another client that meets its texts asks nothing.
    let long: String = (0..150).map(|n| format!("line {n} of a long text about nothing much\n")).collect();
    new().ingest(&fix(&long)).unwrap();
    let asked = taken();
    assert!(asked.len() < asked.iter().sum::<usize>() / 5, "in batches: {asked:?}");
    let other = Document { kind: DocumentKind::Runbook, ..fix(&long) };
    new().ingest(&other).unwrap();
    assert_eq!(taken(), [] as [usize; 0], "each text once, whoever asks");
    new().search(&ask("some words", &[], 5)).unwrap();
    assert_eq!(taken(), [1]);
    new().search(&ask("some words", &[], 5)).unwrap();
    assert_eq!(taken(), [] as [usize; 0]);

    // Away: what comes in is of the built-in model, and so is the question; what is of the other model is found by its
    // words alone.
    let (before, meanwhile) = ("the pool leaks connections", "connections leak from the pool");
    new().ingest(&fix(before)).unwrap();
    server.kill();
    new().ingest(&fix(meanwhile)).unwrap();
    let hits = new().search(&ask("a leaking pool of connections", &[], 20)).unwrap();
    assert_eq!(of(&hits, before).cosine, 0.0, "a vector of the other model is not compared");
    assert!(of(&hits, before).text_rank.is_some(), "its words are");
    let builtin = EmbeddedEmbedder::new();
    let pair = builtin.embed(&["a leaking pool of connections", meanwhile]).unwrap();
    let cosine: f32 = pair[0].iter().zip(&pair[1]).map(|(a, b)| a * b).sum();
    assert!((of(&hits, meanwhile).cosine - f64::from(cosine)).abs() < 0.02, "{hits:?}");
    // A question that is cached is of the model that is away, and is compared with its vectors only.
    let cached = new().search(&ask("some words", &[], 20)).unwrap();
    assert_eq!(cached.iter().find(|hit| hit.document.text == meanwhile).map_or(0.0, |hit| hit.cosine), 0.0);

    // Back: the next ingestion makes the old ones anew, and all are of one model.
    server.run();
    let memory = new();
    while memory.renew(100).unwrap() > 0 {}
    let hits = memory.search(&ask("a leaking pool of connections", &[], 20)).unwrap();
    let real = client(&url, folder.path(), &calls);
    for text in [before, meanwhile] {
        let pair = real.embed(&["a leaking pool of connections", text]).unwrap();
        let cosine: f32 = pair[0].iter().zip(&pair[1]).map(|(a, b)| a * b).sum();
        assert!((of(&hits, text).cosine - f64::from(cosine)).abs() < 0.02, "{text}: {hits:?}");
    }
}

#[test]
fn in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.sqlite");
    story(|embedder| Box::new(EmbeddedMemory::open(&path, embedder).unwrap()));
}

#[test]
fn in_postgres() {
    let Some(server) = postgres::prepared() else { return };
    let settings = server.org("acme");
    story(|embedder| Box::new(PgMemory::new(settings.clone(), embedder)));
}
