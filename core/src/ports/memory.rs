//! What we saw before: documents, searched by meaning and by words.

use serde::{Deserialize, Serialize};

/// The longest document that is kept, in bytes: title and text.
pub const MOST_BYTES: usize = 1 << 20;
/// The longest title, in bytes: every chunk repeats it.
pub const MOST_TITLE_BYTES: usize = 1 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DocumentKind {
    Fix,
    Incident,
    Runbook,
    Postmortem,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    pub kind: DocumentKind,
    pub title: String,
    pub text: String,
    /// Where it came from: a path, a URL, `urn:ecoops:run:<id>`.
    pub source: String,
    /// Free fields; a fix keeps its rule, its before and after text and its run here.
    #[serde(default)]
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

/// As the body of `POST /api/v1/search`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Query {
    pub query: String,
    /// 1 to 100.
    #[serde(default = "ten")]
    pub top_k: usize,
    #[serde(default)]
    pub filters: Filters,
}

fn ten() -> usize {
    10
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Filters {
    /// Empty: every kind.
    #[serde(default, rename = "type")]
    pub kinds: Vec<DocumentKind>,
    /// Every named metadata field must have this value.
    #[serde(default)]
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    pub id: String,
    pub document: Document,
    /// The chunk of the document that shows best why it was found.
    pub snippet: String,
    /// 0 to 1; comparable within one answer only.
    pub score: f64,
    /// The best cosine of its chunks, and the document's rank by full text (from 1), so that a score
    /// explains itself.
    pub cosine: f64,
    pub text_rank: Option<usize>,
    /// The model and version that made the vector of the chunk; empty where that is not known.
    #[serde(default)]
    pub model: String,
    /// Set when the memory is away and this is what it answered earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<Stale>,
}

/// An answer from before, because the memory is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stale {
    /// Since the memory answered so.
    pub age_seconds: u64,
}

/// What became of a document that was to be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub id: String,
    /// The memory is away: the document waits on this machine, and nobody else finds it yet.
    #[serde(default)]
    pub waits: bool,
}

pub trait Memory: Send + Sync {
    /// Chunks, embeds and keeps a document; the same kind and content again returns the first id. A part of a document
    /// (fields `document`, `part` and `begins` of its metadata) is the same in the same place only.
    ///
    /// # Errors
    /// [`MemoryError`]; then nothing was kept.
    fn ingest(&self, document: &Document) -> Result<String, MemoryError>;

    /// The same, and says whether the document waits for a memory that is away.
    ///
    /// # Errors
    /// As [`Memory::ingest`].
    fn keep(&self, document: &Document) -> Result<Kept, MemoryError> {
        self.ingest(document).map(|id| Kept { id, waits: false })
    }

    /// Brings the documents that wait for a memory that was away; how many still wait.
    ///
    /// # Errors
    /// [`MemoryError::Away`] when it still is; [`MemoryError::Storage`] when what waits cannot be read.
    fn bring(&self) -> Result<usize, MemoryError> {
        Ok(0)
    }

    /// # Errors
    /// [`MemoryError`] on a bad query or when the store cannot be read.
    fn search(&self, query: &Query) -> Result<Vec<Hit>, MemoryError>;

    /// Newest first.
    ///
    /// # Errors
    /// [`MemoryError`] when the store cannot be read.
    fn list(&self, kinds: &[DocumentKind], limit: usize) -> Result<Vec<(String, Document)>, MemoryError>;

    /// True when there is certainly no document of these kinds, empty: of any. A memory that cannot list says false.
    ///
    /// # Errors
    /// [`MemoryError`] when the store cannot be read.
    fn is_empty(&self, kinds: &[DocumentKind]) -> Result<bool, MemoryError> {
        Ok(self.list(kinds, 1)?.is_empty())
    }

    /// The document of this id, if there is one.
    ///
    /// # Errors
    /// [`MemoryError`] when the store cannot be read.
    fn get(&self, id: &str) -> Result<Option<Document>, MemoryError>;

    /// The same; while the memory is away, the document as it was seen last, marked so, if it was seen.
    ///
    /// # Errors
    /// As [`Memory::get`].
    fn get_marked(&self, id: &str) -> Result<Option<(Document, Option<Stale>)>, MemoryError> {
        Ok(self.get(id)?.map(|document| (document, None)))
    }

    /// Makes the vectors of at most `limit` documents anew that are of another model than the present one, as when it
    /// was away; how many they were.
    ///
    /// # Errors
    /// [`MemoryError`]; then the vectors are the old ones.
    fn renew(&self, limit: usize) -> Result<usize, MemoryError> {
        let _ = limit;
        Ok(0)
    }

    /// True when there was such a document. No reader finds its text and vectors any more; in a file of this machine
    /// they are gone from the disk too, while a server's disk is its owner's.
    ///
    /// # Errors
    /// [`MemoryError`] when the store cannot be written.
    fn forget(&self, id: &str) -> Result<bool, MemoryError>;
}

#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    #[error("the memory cannot be used: {0}")]
    Storage(String),
    /// The server that holds it does not answer; it may do so later.
    #[error("the memory is away: {0}")]
    Away(String),
    #[error("{0}")]
    BadQuery(String),
    #[error("embedding failed: {0}")]
    Embedder(String),
}
