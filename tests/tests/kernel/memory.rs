//! Documents at memory-hub.

use super::{agent, saying, sent, service};
use ecoops_core::engines::redact::Redactor;
use ecoops_core::ports::memory::{Document, DocumentKind, Filters, Memory, MemoryError, Query};
use ecoops_plugins::registry::{self, EmbedderChoice, MemoryChoice, ServiceChoice};
use ecoops_tests::agent::free_port;
use ecoops_tests::http::{Replay, Request};
use ecoops_tests::project::Project;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

fn document(kind: DocumentKind, title: &str, text: &str) -> Document {
    let metadata = json!({ "rule": title, "before": "a:b", "tries": 2 }).as_object().cloned().unwrap();
    Document { kind, title: title.into(), text: text.into(), source: "urn:ecoops:run:1".into(), metadata }
}

fn query(text: &str, kinds: &[DocumentKind], top_k: usize) -> Query {
    Query { query: text.into(), top_k, filters: Filters { kinds: kinds.to_vec(), ..Filters::default() } }
}

#[test]
fn documents_go_through_the_agent_as_a_real_server() {
    let (_agent, service) = agent("");
    memory_suite(&*registry::memory_hub(&service).unwrap());
}

fn memory_suite(memory: &dyn Memory) {
    let pool = document(DocumentKind::Fix, "pool-leak", "the connection pool leaks when a request times out");
    let disk =
        document(DocumentKind::Runbook, "disk-full", "free space on the volume\n\nthen restart the writer");
    let [pool_id, disk_id] = [&pool, &disk].map(|d| memory.ingest(d).unwrap());
    assert_eq!(memory.ingest(&pool).unwrap(), pool_id, "the same again is the same");
    assert_ne!(memory.ingest(&Document { kind: DocumentKind::Incident, ..pool.clone() }).unwrap(), pool_id);
    assert_eq!(memory.get(&disk_id).unwrap(), Some(disk.clone()));
    let fixes = memory.search(&query("connection pool leak", &[DocumentKind::Fix], 10)).unwrap();
    assert_eq!(fixes.iter().map(|hit| (&hit.id, &hit.document)).collect::<Vec<_>>(), [(&pool_id, &pool)]);
    assert!(fixes[0].snippet.contains("connection pool") && !fixes[0].snippet.contains("ecoops-metadata"));
    let mut by_field = query("the", &[], 10);
    by_field.filters.metadata = json!({ "rule": "disk-full", "tries": 2 }).as_object().cloned().unwrap();
    assert_eq!(memory.search(&by_field).unwrap().iter().map(|hit| &hit.id).collect::<Vec<_>>(), [&disk_id]);
    by_field.filters.metadata.insert("tries".into(), json!(3));
    assert!(memory.search(&by_field).unwrap().is_empty());
    for (text, top) in [("", 10), (" \n", 10), ("x", 0), ("x", 101)] {
        assert!(
            matches!(memory.search(&query(text, &[], top)), Err(MemoryError::BadQuery(_))),
            "{text:?} {top}"
        );
    }
    assert!(matches!(memory.ingest(&document(DocumentKind::Fix, " ", "\n")), Err(MemoryError::BadQuery(_))));
    // What the service cannot do is said.
    assert!(memory.list(&[], 1).unwrap_err().to_string().contains("cannot list"));
    assert!(memory.forget(&pool_id).unwrap_err().to_string().contains("cannot delete"));
}

/// What memory-hub was seen to do: JSON only, pieces that overlap, neither title nor metadata in what is found, unknown
/// filters ignored, a default threshold that leaves nothing, no route for one document.
fn memory_hub_stand_in() -> Replay {
    Replay::start(memory_hub_answers())
}

fn memory_hub_answers() -> impl Fn(&Request) -> (u16, String) + Send + Sync {
    let documents: Mutex<Vec<(String, String)>> = Mutex::default();
    move |request: &Request| {
        let mut documents = documents.lock().unwrap();
        let body = sent(request);
        let ok = |status: u16, data: Value| (status, json!({ "success": true, "data": data }).to_string());
        match request.path.as_str() {
            "/memory/ingest" => {
                let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
                if text("title").is_empty() || text("source").is_empty() || text("content").is_empty() {
                    return (
                        400,
                        "{\"success\":false,\"error\":{\"code\":\"MISSING_FIELDS\",\"message\":\"title\"}}"
                            .into(),
                    );
                }
                let new = (text("source"), text("content"));
                if let Some(known) = documents.iter().position(|old| old.1 == new.1) {
                    return ok(
                        201,
                        json!({ "documentId": format!("d{known}"), "chunksCreated": 0, "scanStatus": "duplicate" }),
                    );
                }
                documents.push(new);
                ok(
                    201,
                    json!({ "documentId": format!("d{}", documents.len() - 1), "chunksCreated": 1, "scanStatus": "clean" }),
                )
            }
            "/memory/search" if body["similarityThreshold"] != 0 => ok(200, json!({ "results": [] })),
            "/memory/search" => {
                let words: Vec<&str> = body["query"].as_str().unwrap().split(' ').collect();
                let mut results = Vec::new();
                for (number, (source, content)) in documents.iter().enumerate() {
                    let id = format!("d{number}");
                    if body["filters"]["documentId"].as_str().is_some_and(|wanted| wanted != id) {
                        continue;
                    }
                    let pieces = cut(content, 60, 20);
                    for (index, piece) in pieces.iter().enumerate() {
                        let score = words.iter().filter(|word| piece.contains(**word)).count() as f64 / 10.0;
                        let metadata = json!({ "source": source, "chunkIndex": index, "totalChunks": pieces.len(), "modelVersion": "m" });
                        results.push(json!({ "chunk": { "id": "c", "documentId": id, "content": piece, "metadata": metadata }, "score": score }));
                    }
                }
                results.sort_by(|a, b| b["score"].as_f64().unwrap().total_cmp(&a["score"].as_f64().unwrap()));
                results.truncate(body["topK"].as_u64().unwrap_or(10) as usize);
                ok(200, json!({ "results": results }))
            }
            _ => (404, "Cannot GET".into()),
        }
    }
}

/// Pieces of so many characters, of which each shares the last ones with the next.
fn cut(text: &str, size: usize, shared: usize) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let starts = (0..letters.len().max(1)).step_by(size - shared);
    let pieces =
        starts.map(|start| letters[start..letters.len().min(start + size)].iter().collect::<String>());
    let mut pieces: Vec<String> = pieces.collect();
    // A last piece that is nothing but what was shared.
    if pieces.len() > 1 && pieces.last().is_some_and(|last| last.chars().count() <= shared) {
        pieces.pop();
    }
    pieces
}

/// Both ask first whether anything is kept, which memory-hub cannot list.
#[test]
fn a_fix_and_an_investigation_work_with_memory_hub() {
    let stand_in = memory_hub_stand_in();
    let project = Project::app();
    let (before, made) = (stand_in.requests().len(), project.home.path().join("made"));
    project.configure(&format!("[memory]\nadapter = \"memory_hub\"\naddress = \"{}\"\n", stand_in.url()));
    let ran = project.fix(&["--yes"]);
    assert_eq!(ran.code, 1, "the unsafe one is left: {}{}", ran.stdout, ran.stderr);
    let asked = stand_in.requests();
    let asked_for =
        |path: &str| asked[before..].iter().filter(|r| r.path == path).map(sent).collect::<Vec<_>>();
    assert!(asked_for("/memory/search").iter().any(|body| body["filters"] == json!({})));
    let kept = asked_for("/memory/ingest");
    assert!(kept.iter().any(|body| body["source"].as_str().unwrap().starts_with("ecoops:fix:")), "{kept:?}");
    let demo =
        ["incident", "demo", "--no-analysis", "--seed", "7", "--services", "8", "--lines", "5000", "--keep"];
    let ran = project.run(&[&demo[..], &[made.to_str().unwrap()]].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let before = stand_in.requests().len();
    let ran = project.run(&["incident", "analyze", made.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(stand_in.requests()[before..].iter().any(|request| request.path == "/memory/search"));
}

/// What is kept while the service is down is there when it is back.
#[test]
fn a_memory_hub_that_is_down_is_away_and_loses_nothing() {
    let pool = document(DocumentKind::Fix, "pool-leak", "the connection pool leaks when a request times out");
    let kept = |service: &ServiceChoice| registry::memory_hub(service).unwrap().ingest(&pool).unwrap_err();
    for (status, away) in [(429, true), (502, true), (503, true), (504, true), (500, false), (401, false)] {
        let error = kept(&service(&saying(status, "{}").url()));
        assert_eq!(matches!(error, MemoryError::Away(_)), away, "{status}: {error}");
    }
    assert!(matches!(kept(&service(&format!("http://127.0.0.1:{}", free_port()))), MemoryError::Away(_)));

    let (down, answers) = (Arc::new(AtomicBool::new(true)), memory_hub_answers());
    let switch = down.clone();
    let stand_in = Replay::start(move |request: &Request| match switch.load(Ordering::SeqCst) {
        true => (503, "{}".to_owned()),
        false => answers(request),
    });
    let folder = tempfile::tempdir().unwrap();
    // As one command after the other would.
    let open = || {
        let choice = MemoryChoice {
            adapter: "memory_hub".into(),
            state: folder.path().to_owned(),
            redactor: Some(Redactor::new(vec![7; 32])),
            service: service(&stand_in.url()),
            ..MemoryChoice::default()
        };
        let embedder = registry::embedder(&EmbedderChoice { model: "builtin".into(), ..Default::default() });
        registry::memory(&choice, embedder.unwrap(), registry::host("system").unwrap()).unwrap()
    };
    open().ingest(&pool).expect("waits");
    assert!(matches!(open().is_empty(&[]), Err(MemoryError::Away(_))));
    assert!(matches!(open().search(&query("pool", &[], 3)), Err(MemoryError::Away(_))));
    down.store(false, Ordering::SeqCst);
    assert!(!open().is_empty(&[]).unwrap());
    let hits = open().search(&query("pool", &[], 3)).unwrap();
    assert_eq!(hits.iter().map(|hit| &hit.document).collect::<Vec<_>>(), [&pool]);
}

#[test]
fn documents_survive_memory_hub_as_seen() {
    let stand_in = memory_hub_stand_in();
    memory_suite(&*registry::memory_hub(&service(&stand_in.url())).unwrap());
}

#[test]
fn a_document_that_would_never_be_found_again_is_an_error() {
    for (scan, chunks, good) in [
        ("clean", 3, true),
        ("duplicate", 0, true),
        ("pending", 0, false),
        ("pending", 3, false),
        ("clean", 0, false),
        ("infected", 1, false),
    ] {
        let data = json!({ "documentId": "d", "chunksCreated": chunks, "scanStatus": scan });
        let stand_in = saying(201, json!({ "success": true, "data": data }));
        let memory = registry::memory_hub(&service(&stand_in.url())).unwrap();
        assert_eq!(memory.ingest(&document(DocumentKind::Fix, "t", "x")).is_ok(), good, "{scan} {chunks}");
    }
}
