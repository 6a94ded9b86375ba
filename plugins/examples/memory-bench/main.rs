//! Ranking quality and speed of the memory on data outside the repository; see `tests/bench/memory.md`.
//!
//!     cargo run --release -p ecoops-plugins --example memory-bench -- --data DIR [speed|runbooks|cosqa|scale]...
//!
//! Vectors of the sets are kept in `target/memory-bench`.

#![allow(clippy::print_stdout, reason = "a benchmark's result is what it prints")]
#![allow(clippy::unwrap_used, reason = "a benchmark that lacks its data stops")]

mod cache;
mod peers;
mod scale;
mod sets;
mod speed;

use cache::Cached;
use ecoops_core::engines::recall::chunk::{Limits, chunks};
use ecoops_core::engines::recall::scan::exact;
use ecoops_core::engines::recall::terms::spaced;
use ecoops_core::ports::embedder::Embedder;
use ecoops_core::ports::memory::{Document, DocumentKind, Filters, Memory, Query};
use ecoops_plugins::embedder::embedded::EmbeddedEmbedder;
use ecoops_plugins::memory::embedded::EmbeddedMemory;
use peers::{Index, rank, reciprocal};
use sets::{Queries, cosqa, runbooks};
use speed::{ms, short_texts};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

fn main() {
    let mut args = std::env::args().skip(1);
    let (mut data, mut parts) = (None, Vec::new());
    while let Some(arg) = args.next() {
        if arg == "--data" {
            data = args.next();
        } else {
            parts.push(arg);
        }
    }
    let data = data.unwrap_or_else(|| panic!("--data DIR is needed"));
    let asked = |part: &str| parts.is_empty() || parts.iter().any(|p| p == part);
    if asked("speed") {
        short_texts(&EmbeddedEmbedder::new());
    }
    let cached = || Arc::new(Cached::open(EmbeddedEmbedder::new(), Path::new("target/memory-bench")));
    if asked("runbooks") {
        let (titles, names, texts) = runbooks(&Path::new(&data).join("memory/runbooks/runbooks"));
        let embedder = cached();
        report("runbooks, title in words", embedder.clone(), &titles, &texts);
        report("runbooks, name of the alert", embedder, &names, &texts);
    }
    if asked("cosqa") {
        let (queries, texts) = cosqa(&Path::new(&data).join("memory/cosqa"));
        report("cosqa", cached(), &queries, &texts);
    }
    if asked("scale") {
        scale::scale();
    }
}

/// The ranks that the memory itself gives, and those of its parts over the same chunks.
fn report(set: &str, embedder: Arc<dyn Embedder>, queries: &Queries, texts: &[String]) {
    let start = Instant::now();
    let ours = by_memory(embedder.clone(), queries, texts);
    println!("\n{set}: {} texts, {} questions, {:.1} s", texts.len(), queries.len(), ms(start) / 1e3);
    let [words, vectors, reciprocal] = by_parts(&*embedder, queries, texts);
    for (name, ranks) in [
        ("words (BM25)", words),
        ("vectors", vectors),
        ("reciprocal ranks", reciprocal),
        ("the memory", ours),
    ] {
        let part = |most: usize| ranks.iter().filter(|r| **r <= most).count() as f64 / ranks.len() as f64;
        let mrr = ranks.iter().map(|r| 1.0 / *r as f64).sum::<f64>() / ranks.len() as f64;
        let (one, five, ten) = (part(1), part(5), part(10));
        println!("  {name:<18} MRR {mrr:.4}  R@1 {one:.3}  R@5 {five:.3}  R@10 {ten:.3}");
    }
}

/// Keeps and searches as `ecoops memory` does. A right text beyond the 100th place counts as not found.
fn by_memory(embedder: Arc<dyn Embedder>, queries: &Queries, texts: &[String]) -> Vec<usize> {
    let folder = tempfile::tempdir().unwrap();
    let memory = EmbeddedMemory::open(&folder.path().join("memory.sqlite"), embedder).unwrap();
    let document = |text: &String| Document {
        kind: DocumentKind::Runbook,
        title: String::new(),
        text: text.clone(),
        source: String::new(),
        metadata: serde_json::Map::new(),
    };
    let documents: Vec<Document> = texts.iter().map(document).collect();
    let ids: Vec<String> = documents.chunks(500).flat_map(|some| memory.ingest_all(some).unwrap()).collect();
    let rank = |(query, right): &(String, usize)| {
        let query = Query { query: query.clone(), top_k: 100, filters: Filters::default() };
        let hits = memory.search(&query).unwrap();
        hits.iter().position(|hit| hit.id == ids[*right]).map_or(usize::MAX, |place| place + 1)
    };
    queries.iter().map(rank).collect()
}

fn by_parts(embedder: &dyn Embedder, queries: &Queries, texts: &[String]) -> [Vec<usize>; 3] {
    let mut owners = Vec::new();
    let mut pieces = Vec::new();
    for (owner, text) in texts.iter().enumerate() {
        for piece in chunks(text, Limits::default()) {
            owners.push(owner);
            pieces.push(&text[piece]);
        }
    }
    let vectors = embedder.embed(&pieces).unwrap();
    let index = Index::new(&pieces);
    let mut ranks: [Vec<usize>; 3] = Default::default();
    for (query, right) in queries {
        let vector = embedder.embed(&[spaced(query).as_str()]).unwrap().swap_remove(0);
        let cosines: Vec<f64> = vectors.iter().map(|v| exact(v, &vector)).collect();
        let words: Vec<f64> = index.scores(query).into_iter().map(f64::from).collect();
        let reciprocal = reciprocal(&cosines, &words);
        for (ranks, scores) in ranks.iter_mut().zip([words, cosines, reciprocal]) {
            ranks.push(rank(&scores, &owners, texts.len(), *right));
        }
    }
    ranks
}
