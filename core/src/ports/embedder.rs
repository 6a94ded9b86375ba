//! Text to vectors.

/// The width of every vector, shorter models zero-padded.
pub const WIDTH: usize = 1024;

pub trait Embedder: Send + Sync {
    /// Names the model and its version; stored with each vector, and vectors of two models are never compared.
    fn model(&self) -> &str;
    /// One unit-length vector of [`WIDTH`] a text, in order.
    ///
    /// # Errors
    /// [`EmbedderError`] when the model cannot be used.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedderError>;
    /// The same, with the model that made them: one for all, and another than [`Embedder::model`] where that is away
    /// and there is one to stand in for it.
    ///
    /// # Errors
    /// [`EmbedderError`] when no model can be used.
    fn embed_named(&self, texts: &[&str]) -> Result<(String, Vec<Vec<f32>>), EmbedderError> {
        Ok((self.model().to_owned(), self.embed(texts)?))
    }
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum EmbedderError {
    #[error("the embedding model cannot be used: {0}")]
    Unusable(String),
    /// It may answer later.
    #[error("the embedding model is away: {0}")]
    Away(String),
}
