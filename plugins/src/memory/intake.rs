//! What every memory of ours does with a document before it keeps it: bounds, name, pieces, vectors.
//!
//! Never keeps anything.

use ecoops_core::engines::recall::chunk::{Limits, MOST_EMBEDDED, chunks, spread};
use ecoops_core::ports::embedder::{Embedder, WIDTH};
use ecoops_core::ports::memory::{
    Document, DocumentKind, MOST_BYTES, MOST_TITLE_BYTES, Memory, MemoryError, Query,
};
use sha2::{Digest, Sha256};
use std::ops::Range;

/// The longest query, in bytes.
pub const MOST_QUERY_BYTES: usize = 16 << 10;
/// The most hits of one search.
pub const MOST_HITS: usize = 100;
/// Texts that are embedded at once: enough to keep every core busy.
const TOGETHER: usize = 64;

/// Documents that an ingestion brings along when their vectors are of another model.
const RENEWED: usize = 8;

/// Brings some old documents along, when the usual model has just answered. What fails is tried at the next.
pub(super) fn renew_some(memory: &dyn Memory, usual: bool) {
    if usual && let Err(error) = memory.renew(RENEWED) {
        tracing::debug!(%error, "old vectors were not made anew");
    }
}

/// The same kind and content have the same name everywhere.
pub(super) fn identify(document: &Document) -> String {
    let mut hash = Sha256::new();
    for part in [name(document.kind), &document.title, &document.text] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    format!("{}-{}", name(document.kind), ecoops_core::domain::hex(&hash.finalize()[..8]))
}

pub(super) fn name(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Fix => "fix",
        DocumentKind::Incident => "incident",
        DocumentKind::Runbook => "runbook",
        DocumentKind::Postmortem => "postmortem",
    }
}

pub(super) fn kind(name: &str) -> Option<DocumentKind> {
    use DocumentKind::{Fix, Incident, Postmortem, Runbook};
    [Fix, Incident, Runbook, Postmortem].into_iter().find(|k| self::name(*k) == name)
}

/// Never 0, which stands for none.
pub(super) fn kind_byte(kind: DocumentKind) -> u8 {
    match kind {
        DocumentKind::Fix => 1,
        DocumentKind::Incident => 2,
        DocumentKind::Runbook => 3,
        DocumentKind::Postmortem => 4,
    }
}

/// # Errors
/// [`MemoryError::BadQuery`].
pub(super) fn check(document: &Document) -> Result<(), MemoryError> {
    if document.title.trim().is_empty() && document.text.trim().is_empty() {
        return Err(MemoryError::BadQuery("the document has neither a title nor a text".into()));
    }
    let title = document.title.len();
    if title > MOST_TITLE_BYTES {
        return Err(MemoryError::BadQuery(format!(
            "the title has {title} bytes, the most is {MOST_TITLE_BYTES}: give a shorter one"
        )));
    }
    let bytes = title + document.text.len();
    if bytes > MOST_BYTES {
        return Err(MemoryError::BadQuery(format!(
            "the document has {bytes} bytes, the most is {MOST_BYTES}: keep the part that matters"
        )));
    }
    Ok(())
}

/// # Errors
/// [`MemoryError::BadQuery`].
pub(super) fn check_query(query: &Query) -> Result<(), MemoryError> {
    if query.query.trim().is_empty() {
        return Err(MemoryError::BadQuery("the query is empty".into()));
    }
    if query.query.len() > MOST_QUERY_BYTES {
        return Err(MemoryError::BadQuery(format!("the query is longer than {MOST_QUERY_BYTES} bytes")));
    }
    if !(1..=MOST_HITS).contains(&query.top_k) {
        return Err(MemoryError::BadQuery(format!("top_k is {}, not 1 to {MOST_HITS}", query.top_k)));
    }
    Ok(())
}

/// What is embedded and indexed of a chunk: the title says what a chunk from the middle is about.
pub(super) fn indexed(document: &Document, piece: &Range<usize>) -> String {
    let text = document.text.get(piece.clone()).unwrap_or_default();
    match document.title.trim() {
        "" => text.to_owned(),
        title => format!("{title}\n{text}"),
    }
}

/// A document cut and embedded, ready to be written. A piece beyond the bound has an empty vector.
#[derive(Debug)]
pub(super) struct Prepared<'d> {
    pub id: &'d str,
    pub document: &'d Document,
    pub pieces: Vec<Range<usize>>,
    pub vectors: Vec<Vec<f32>>,
}

fn cut<'d>(id: &'d str, document: &'d Document) -> Prepared<'d> {
    let mut pieces = chunks(&document.text, Limits::default());
    if pieces.is_empty() {
        // the title alone is worth finding
        pieces.push(0..0);
    }
    let vectors = vec![Vec::new(); pieces.len()];
    Prepared { id, document, pieces, vectors }
}

/// The model's name and the vectors, without the zeros at their ends.
///
/// # Errors
/// [`MemoryError::Embedder`].
pub(super) fn embed(embedder: &dyn Embedder, texts: &[&str]) -> Result<(String, Vec<Vec<f32>>), MemoryError> {
    let named = embedder.embed_named(texts);
    let (model, mut vectors) = named.map_err(|e| MemoryError::Embedder(e.to_string()))?;
    let fits = |v: &Vec<f32>| v.len() <= WIDTH && v.iter().all(|v| v.is_finite());
    if vectors.len() != texts.len() || !vectors.iter().all(fits) {
        return Err(MemoryError::Embedder("the model did not give one finite vector a text".into()));
    }
    for vector in &mut vectors {
        vector.truncate(vector.iter().rposition(|v| *v != 0.0).map_or(0, |last| last + 1));
        vector.shrink_to_fit();
    }
    Ok((model, vectors))
}

/// Documents whose vectors are all of one model.
#[derive(Debug)]
pub(super) struct Batch<'d> {
    pub model: String,
    pub documents: Vec<Prepared<'d>>,
}

/// Cuts and embeds documents, each with its name.
///
/// # Errors
/// [`MemoryError::Embedder`].
pub(super) fn prepare<'d>(
    embedder: &dyn Embedder,
    new: &[(&'d str, &'d Document)],
) -> Result<Batch<'d>, MemoryError> {
    let documents = new.iter().map(|(id, document)| cut(id, document)).collect();
    let mut batch = Batch { model: embedder.model().to_owned(), documents };
    // one model may go away, or come back, in between
    for _ in 0..3 {
        if embed_all(embedder, &mut batch)? {
            return Ok(batch);
        }
    }
    Err(MemoryError::Embedder("the model changes all the time: try again".into()))
}

/// False when not all vectors were of the batch's model, which then is the other one.
fn embed_all(embedder: &dyn Embedder, batch: &mut Batch) -> Result<bool, MemoryError> {
    let places: Vec<(usize, usize)> = batch
        .documents
        .iter()
        .enumerate()
        .flat_map(|(at, p)| spread(p.pieces.len(), MOST_EMBEDDED).map(move |piece| (at, piece)))
        .collect();
    for some in places.chunks(TOGETHER) {
        let text = |(at, piece): &(usize, usize)| {
            let Prepared { document, pieces, .. } = &batch.documents[*at];
            indexed(document, &pieces[*piece])
        };
        let texts: Vec<String> = some.iter().map(text).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (model, vectors) = embed(embedder, &texts)?;
        if model != batch.model {
            batch.model = model;
            return Ok(false);
        }
        for ((at, piece), vector) in some.iter().zip(vectors) {
            batch.documents[*at].vectors[*piece] = vector;
        }
    }
    Ok(true)
}
