//! What leaves this machine to be embedded passes the redactor first.
//!
//! Never changes a vector.

use ecoops_core::engines::redact::Redactor;
use ecoops_core::ports::embedder::{Embedder, EmbedderError};
use std::sync::Arc;

/// See the module.
pub struct RedactedEmbedder {
    inner: Arc<dyn Embedder>,
    redactor: Redactor,
}

impl std::fmt::Debug for RedactedEmbedder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "redacted, {}", self.inner.model())
    }
}

impl RedactedEmbedder {
    pub fn new(inner: Arc<dyn Embedder>, redactor: Redactor) -> Self {
        Self { inner, redactor }
    }
}

impl Embedder for RedactedEmbedder {
    fn model(&self) -> &str {
        self.inner.model()
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        let clean: Vec<String> = texts.iter().map(|text| self.redactor.redact(text).text).collect();
        self.inner.embed(&clean.iter().map(String::as_str).collect::<Vec<_>>())
    }
}
