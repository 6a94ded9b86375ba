//! What every embedder promises, and what the built-in one must give.

use ecoops_core::ports::embedder::{Embedder, EmbedderError, WIDTH};
use ecoops_plugins::embedder::cached::CachedEmbedder;
use ecoops_plugins::embedder::embedded::EmbeddedEmbedder;
use ecoops_plugins::embedder::openai::OpenAiEmbedder;
use ecoops_plugins::embedder::standby::StandbyEmbedder;
use ecoops_plugins::http::Server;
use ecoops_tests::http::{Replay, Request};
use ecoops_tests::servers::llm;
use std::sync::Arc;

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn suite(make: impl Fn() -> Box<dyn Embedder>) {
    let embedder = make();
    assert!(!embedder.model().is_empty());
    assert!(embedder.embed(&[]).expect("nothing").is_empty());
    let texts =
        ["", "\0\u{fffd}\u{200b}", "connection pool leak", "the pool leaks connections", "a recipe for soup"];
    let vectors = embedder.embed(&texts).expect("embeds");
    assert_eq!(vectors.len(), texts.len());
    for (text, vector) in texts.iter().zip(&vectors) {
        assert_eq!(vector.len(), WIDTH, "{text:?}");
        assert!((cosine(vector, vector) - 1.0).abs() < 1e-4, "{text:?} is not of unit length");
    }
    let again = make().embed(&texts[2..3]).expect("embeds");
    assert!(cosine(&again[0], &vectors[2]) > 0.999, "the same text, the same vector");
    let (model, named) = embedder.embed_named(&texts[2..3]).expect("embeds");
    assert_eq!((model.as_str(), &named[0]), (embedder.model(), &again[0]));
}

#[test]
fn embedded() {
    suite(|| Box::new(EmbeddedEmbedder::new()));
    let vectors = EmbeddedEmbedder::new()
        .embed(&["connection pool leak", "the pool leaks connections", "a recipe for soup"])
        .expect("embeds");
    assert!(cosine(&vectors[0], &vectors[1]) > cosine(&vectors[0], &vectors[2]) + 0.2);
}

fn asked(url: &str, model: &str) -> OpenAiEmbedder {
    let server = Server { url: url.into(), ..Server::default() };
    OpenAiEmbedder::new(server, model).expect("an address")
}

/// A model of 576 numbers behind llama.cpp's server.
#[test]
fn openai_protocol_by_llama_cpp() {
    let Some(mut server) = llm::embedding() else { return };
    let url = format!("http://{}", server.address());
    suite(|| Box::new(asked(&url, "smollm2")));
    let one = asked(&format!("{url}/v1/"), "smollm2");
    let many: Vec<String> = (0..150).map(|i| format!("text number {i}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let vectors = one.embed(&many).expect("in several requests");
    let alone = one.embed(&many[140..141]).expect("embeds");
    assert!(cosine(&vectors[140], &alone[0]) > 0.999 && vectors[140] != vectors[141]);
    assert!(vectors[0][576..].iter().all(|v| *v == 0.0));

    // cached before, so known when it is away; what is not known the built-in model embeds, and says so
    let folder = tempfile::tempdir().expect("folder");
    let cached =
        || CachedEmbedder::open(&folder.path().join("v.sqlite"), Arc::new(asked(&url, "smollm2")), 1_000);
    let with_standby =
        || StandbyEmbedder::new(Arc::new(cached().expect("opens")), Arc::new(EmbeddedEmbedder::new()));
    let before = with_standby().embed_named(&many[..3]).expect("embeds");
    server.kill();
    assert_eq!(with_standby().embed_named(&many[..3]).expect("known"), before);
    let (model, vectors) = with_standby().embed_named(&many[2..4]).expect("the standby embeds");
    let builtin = EmbeddedEmbedder::new();
    assert_eq!((model.as_str(), vectors), (builtin.model(), builtin.embed(&many[2..4]).expect("embeds")));
    assert!(matches!(with_standby().embed(&many[..4]), Err(EmbedderError::Away(_))));
}

/// What other servers of the protocol answer.
#[test]
fn what_a_server_refuses_is_told() {
    let replay =
        |status: u16, body: &'static str| Replay::start(move |_: &Request| (status, body.to_owned()));
    for (status, body, away) in [
        (401, r#"{"error":{"message":"bad key"}}"#, false),
        (404, "no such model", false),
        // a portal's page: somebody else answers, for now
        (200, "<html>", true),
        (200, r#"{"data":[]}"#, false),
        (200, r#"{"data":[{"index":0,"embedding":[1e39]}]}"#, false),
        (500, "broken", true),
    ] {
        let server = replay(status, body);
        match asked(&server.url(), "m").embed(&["x"]) {
            Err(EmbedderError::Away(_)) => assert!(away, "{body}"),
            Err(EmbedderError::Unusable(_)) => assert!(!away, "{body}"),
            Ok(_) => panic!("{body}"),
        }
    }
    // one that has one width only
    let sized = Replay::start(|request: &Request| match request.text().contains("dimensions") {
        true => (400, r#"{"error":"this model does not support specifying dimensions"}"#.to_owned()),
        false => (200, r#"{"data":[{"index":0,"embedding":[3,4]}]}"#.to_owned()),
    });
    let embedder = asked(&sized.url(), "ada");
    for _ in 0..2 {
        assert!((embedder.embed(&["x"]).expect("embeds")[0][1] - 0.8).abs() < 1e-6);
    }
    assert_eq!(sized.requests().len(), 3, "it is asked for a width once");
}

/// The first numbers as the original weights give them in 32 bits, by `tools/embedder/golden.py`.
#[test]
fn embedded_is_close_to_the_original_weights() {
    let golden: Vec<(String, Vec<f32>)> =
        serde_json::from_str(include_str!("data/embedder-golden.json")).expect("golden vectors");
    let texts: Vec<&str> = golden.iter().map(|(text, _)| text.as_str()).collect();
    let vectors = EmbeddedEmbedder::new().embed(&texts).expect("embeds");
    for ((text, expected), vector) in golden.iter().zip(&vectors) {
        assert_eq!(expected.len(), 384);
        let cosine = cosine(expected, vector);
        assert!(cosine > 0.999, "{text:?}: {cosine}");
        assert!(vector[384..].iter().all(|v| *v == 0.0));
    }
}
