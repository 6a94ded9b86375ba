//! What every embedder promises, and what the built-in one must give.

use ecoops_core::ports::embedder::{Embedder, WIDTH};
use ecoops_plugins::embedder::embedded::EmbeddedEmbedder;

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
    assert!(cosine(&vectors[2], &vectors[3]) > cosine(&vectors[2], &vectors[4]) + 0.2);
    assert_eq!(make().embed(&texts[2..3]).expect("embeds")[0], vectors[2], "the same text, the same vector");
}

#[test]
fn embedded() {
    suite(|| Box::new(EmbeddedEmbedder::new()));
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
