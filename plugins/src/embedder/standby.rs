//! A model that stands in while the usual one is away.
//!
//! Says with the vectors which of the two made them; never mixes the two in one answer.

use ecoops_core::ports::embedder::{Embedder, EmbedderError};
use std::sync::Arc;

/// See the module.
pub struct StandbyEmbedder {
    usual: Arc<dyn Embedder>,
    standby: Arc<dyn Embedder>,
}

impl std::fmt::Debug for StandbyEmbedder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, else {}", self.usual.model(), self.standby.model())
    }
}

impl StandbyEmbedder {
    pub fn new(usual: Arc<dyn Embedder>, standby: Arc<dyn Embedder>) -> Self {
        Self { usual, standby }
    }
}

impl Embedder for StandbyEmbedder {
    fn model(&self) -> &str {
        self.usual.model()
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        self.usual.embed(texts)
    }

    /// The standby's when the usual one is away; what the usual one refuses is an error, which someone must mend.
    fn embed_named(&self, texts: &[&str]) -> Result<(String, Vec<Vec<f32>>), EmbedderError> {
        match self.usual.embed_named(texts) {
            Err(EmbedderError::Away(why)) => {
                tracing::debug!(%why, standby = self.standby.model(), "the embedding model is away");
                self.standby.embed_named(texts)
            }
            answer => answer,
        }
    }
}
