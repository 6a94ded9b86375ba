//! The built-in model: weights within the binary, no network, the same vectors on every machine.
//!
//! Loads at the first text, never at start.

use ecoops_core::engines::embed::Encoder;
use ecoops_core::ports::embedder::{Embedder, EmbedderError, WIDTH};
use rayon::prelude::*;
use std::sync::OnceLock;

/// See `plugins/assets/embedder/README.md`.
static WEIGHTS: &[u8] = include_bytes!("../../assets/embedder/minilm-l6-v2.q8");
/// Must be the name within [`WEIGHTS`]; known without reading them.
const MODEL: &str = "all-MiniLM-L6-v2/q8-1";

/// `all-MiniLM-L6-v2` with 8-bit weights: 384 numbers, then zeros up to [`WIDTH`].
#[derive(Debug, Default)]
pub struct EmbeddedEmbedder {
    encoder: OnceLock<Result<Encoder<'static>, EmbedderError>>,
}

impl EmbeddedEmbedder {
    pub fn new() -> Self {
        Self::default()
    }

    fn encoder(&self) -> Result<&Encoder<'static>, EmbedderError> {
        let loaded = self.encoder.get_or_init(|| {
            let encoder = Encoder::new(WEIGHTS).map_err(|e| EmbedderError::Unusable(e.to_string()))?;
            if encoder.model() != MODEL {
                return Err(EmbedderError::Unusable(format!(
                    "the weights are of {}, not {MODEL}",
                    encoder.model()
                )));
            }
            Ok(encoder)
        });
        loaded.as_ref().map_err(Clone::clone)
    }
}

impl Embedder for EmbeddedEmbedder {
    fn model(&self) -> &str {
        MODEL
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        let encoder = self.encoder()?;
        let wide = |text: &&str| {
            let mut vector = encoder.embed(text);
            vector.resize(WIDTH, 0.0);
            vector
        };
        Ok(texts.par_iter().map(wide).collect())
    }
}
