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

/// Fields that say of which document a text is a part, and where it begins there: the same words in two documents are
/// found and forgotten with each.
const PART: [&str; 3] = ["document", "part", "begins"];

/// The same kind and content have the same name everywhere; what is a part of a document has it in that place alone.
pub(super) fn identify(document: &Document) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    [name(document.kind), &document.title, &document.text].into_iter().for_each(&mut add);
    for field in PART {
        if let Some(value) = document.metadata.get(field) {
            add(field);
            add(&value.to_string());
        }
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
    titled(&document.title, document.text.get(piece.clone()).unwrap_or_default())
}

/// The same of a title and a chunk.
pub(super) fn titled(title: &str, piece: &str) -> String {
    match title.trim() {
        "" => piece.to_owned(),
        title => format!("{title}\n{piece}"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_part_of_a_document_has_a_name_of_its_own_and_all_else_the_name_of_its_content() {
        let named = |metadata: serde_json::Value| {
            let metadata = metadata.as_object().cloned().expect("fields");
            let (title, text, source) = ("t".to_owned(), "x".to_owned(), String::new());
            identify(&Document { kind: DocumentKind::Fix, title, text, source, metadata })
        };
        // as those that were kept before parts had names of their own
        const PLAIN: &str = "fix-cd9b46992b4bd7f4";
        for metadata in [json!({}), json!({ "rule": "r" }), json!({ "documents": "a" })] {
            assert_eq!(named(metadata), PLAIN);
        }
        let parts = [
            json!({ "document": "a" }),
            json!({ "document": "b" }),
            json!({ "document": "a", "part": 1 }),
            json!({ "document": "a", "part": 2 }),
            json!({ "document": "a", "part": 2, "begins": { "line": 7 } }),
            json!({ "part": 1 }),
        ];
        let mut names: Vec<String> = parts.iter().map(|metadata| named(metadata.clone())).collect();
        names.push(PLAIN.into());
        names.sort();
        names.dedup();
        assert_eq!(names.len(), parts.len() + 1);
        let again = json!({ "rule": "r", "part": 1, "document": "a" });
        assert_eq!(named(again), named(parts[2].clone()), "no other field counts");
    }
}
