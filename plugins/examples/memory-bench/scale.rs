//! Filling and searching a memory of 100,000 documents with vectors that are made up, not embedded.

use crate::peers::Index;
use crate::speed::{cpu_seconds, ms, peak_mib, percentiles};
use ecoops_core::engines::recall::hybrid::Fusion;
use ecoops_core::engines::recall::scan::exact;
use ecoops_core::ports::embedder::{Embedder, EmbedderError, WIDTH};
use ecoops_core::ports::memory::{Document, DocumentKind, Filters, Hit, Memory, Query};
use ecoops_plugins::memory::embedded::EmbeddedMemory;
use std::sync::Arc;
use std::time::Instant;

const DOCUMENTS: usize = 100_000;

/// Vectors around some hundred topics, so that neighbours are as near as real texts are.
struct Topics;

impl Embedder for Topics {
    fn model(&self) -> &str {
        "topics"
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        Ok(texts.iter().map(|text| topic_vector(text)).collect())
    }
}

fn noise(seed: u64) -> impl FnMut() -> f32 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / 8_388_608.0 - 1.0
    }
}

fn topic_vector(text: &str) -> Vec<f32> {
    let hash = text.bytes().fold(7u64, |h, b| h.wrapping_mul(31).wrapping_add(u64::from(b)));
    let (mut topic, mut own) = (noise(hash % 300 + 1), noise(hash));
    let mut vector: Vec<f32> = (0..384).map(|_| topic() + 0.9 * own()).collect();
    let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|v| *v /= length);
    vector.resize(WIDTH, 0.0);
    vector
}

fn document(text: &str) -> Document {
    Document {
        kind: DocumentKind::Fix,
        title: String::new(),
        text: text.to_owned(),
        source: String::new(),
        metadata: serde_json::Map::new(),
    }
}

/// Texts of 60 words and questions of 6. A few words are in most texts, most words in few, as in any language.
fn made_up() -> (Vec<String>, Vec<String>) {
    let words: Vec<String> =
        (0..20_000).map(|i| format!("word{}{i}", char::from(b'a' + (i % 26) as u8))).collect();
    let mut random = noise(99);
    let mut text = |count: usize| {
        let word = |_| words[(random().abs().powi(4) * 19_999.0) as usize].as_str();
        (0..count).map(word).collect::<Vec<_>>().join(" ")
    };
    ((0..DOCUMENTS).map(|_| text(60)).collect(), (0..200).map(|_| text(6)).collect())
}

pub fn scale() {
    let (texts, queries) = made_up();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.sqlite");
    let memory = EmbeddedMemory::open(&path, Arc::new(Topics)).unwrap();
    let (start, cpu) = (Instant::now(), cpu_seconds());
    for some in texts.chunks(2_000) {
        memory.ingest_all(&some.iter().map(|t| document(t)).collect::<Vec<_>>()).unwrap();
    }
    let size = std::fs::metadata(&path).unwrap().len() >> 20;
    let (wall, cpu) = (ms(start) / 1e3, cpu_seconds() - cpu);
    println!("\n{DOCUMENTS} documents kept in {wall:.1} s ({cpu:.1} s of processor time), {size} MiB");
    println!("most memory so far: {} MiB", peak_mib());
    let ask = |query: &str| Query { query: query.into(), top_k: 10, filters: Filters::default() };
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let one = memory.ingest(&document("one more text")).unwrap();
    println!("one more: {:.1} ms", ms(start));
    memory.forget(&one).unwrap();
    println!(
        "kept and forgotten: {:.1} ms, {:.0} ms of processor time",
        ms(start),
        (cpu_seconds() - cpu) * 1e3
    );
    drop(memory);
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let cold = EmbeddedMemory::open(&path, Arc::new(Topics)).unwrap();
    cold.search(&ask(&queries[0])).unwrap();
    println!(
        "first search of a process: {:.1} ms, {:.0} ms of processor time",
        ms(start),
        (cpu_seconds() - cpu) * 1e3
    );
    let (mut times, mut answers, cpu) = (Vec::new(), Vec::new(), cpu_seconds());
    for query in &queries {
        let start = Instant::now();
        answers.push(cold.search(&ask(query)).unwrap());
        times.push(ms(start));
    }
    let cpu = (cpu_seconds() - cpu) * 1e3 / times.len() as f64;
    println!("a search: {}; {cpu:.2} ms of processor time", percentiles(&mut times));
    println!("most memory so far: {} MiB", peak_mib());
    println!("recall@10 against full vectors and all words: {:.4}", recall(&queries, &texts, &answers));
}

fn recall(queries: &[String], texts: &[String], answers: &[Vec<Hit>]) -> f64 {
    let refs: Vec<&str> = texts.iter().map(String::as_str).collect();
    let index = Index::new(&refs);
    let unpadded = |text: &String| topic_vector(text)[..384].to_vec();
    let vectors: Vec<Vec<f32>> = texts.iter().map(unpadded).collect();
    let (mut found, mut all) = (0, 0);
    for (query, answer) in queries.iter().zip(answers).take(50) {
        let (vector, words) = (topic_vector(query), index.scores(query));
        let fusion = Fusion::new(&words);
        let mut scores: Vec<(f64, usize)> = vectors
            .iter()
            .enumerate()
            .map(|(i, v)| (fusion.score(exact(v, &vector), f64::from(words[i])), i))
            .collect();
        scores.sort_by(|a, b| b.0.total_cmp(&a.0));
        all += 10;
        found += scores[..10]
            .iter()
            .filter(|(_, i)| answer.iter().any(|hit| hit.document.text == texts[*i]))
            .count();
    }
    f64::from(found as u32) / f64::from(all)
}
