//! The kernel's memory-hub: documents and their vectors behind HTTP.
//!
//! The service filters by no kind and no field of ours, returns neither title nor metadata, and gives pieces of
//! documents. So kind, title and source travel in the `source` that it does return, the metadata as the last line of
//! the content; more is asked for than is wanted and sifted here. It has no way to list documents or to delete one:
//! those are refused, and say so.

mod form;

use super::intake::check;
use crate::http::{HttpError, Server, path_part};
use crate::kernel::{KernelError, Service};
use ecoops_core::ports::memory::{Document, DocumentKind, Hit, Memory, MemoryError, Query};
use form::{Label, join, kept, pack, unpack};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// The most pieces that one search gives.
const MOST: usize = 100;
/// Characters of a query.
const LONGEST_QUERY: usize = 4096;

/// See the module.
#[derive(Debug)]
pub struct MemoryHub(Service);

/// A piece of a document, as a search gives it.
struct Piece {
    document: String,
    text: String,
    source: String,
    index: u64,
    total: u64,
    score: f64,
    model: String,
}

/// A 500 of the services may be bad input as well as trouble: it is not taken for "away".
fn failed(error: KernelError) -> MemoryError {
    match error {
        why if why.is_our_fault() => MemoryError::BadQuery(why.to_string()),
        why if why.is_away() => MemoryError::Away(why.to_string()),
        why => MemoryError::Storage(why.to_string()),
    }
}

fn odd(what: &str) -> MemoryError {
    MemoryError::Storage(format!("memory-hub: {what}"))
}

impl MemoryHub {
    /// # Errors
    /// [`HttpError::Invalid`] when the address is none.
    pub fn new(server: Server) -> Result<Self, HttpError> {
        Ok(Self(Service::new("memory-hub", server)?))
    }

    fn pieces(&self, query: &str, top: usize, filters: &Value) -> Result<Vec<Piece>, MemoryError> {
        // Without a threshold the service takes 0.7, which a weak embedder never reaches.
        let body = json!({ "query": query, "topK": top, "similarityThreshold": 0, "filters": filters });
        let reply = self.0.send(self.0.question("/memory/search", &body)).map_err(failed)?;
        let results = reply.data.get("results").or(Some(&reply.data)).and_then(Value::as_array);
        let results = results.ok_or_else(|| odd("the answer has no `results`"))?;
        Ok(results.iter().filter_map(piece).collect())
    }

    /// The whole content of a document, from a server that hands it out, else put together from its pieces.
    fn content(&self, id: &str) -> Result<Option<(String, String)>, MemoryError> {
        let whole = self.0.send(self.0.get(&format!("/memory/documents/{}", path_part(id))));
        match whole {
            Ok(reply) => {
                let content = reply.text("content").ok_or_else(|| odd("the document has no `content`"))?;
                return Ok(Some((reply.text("source").unwrap_or_default().to_owned(), content.to_owned())));
            }
            // The service has no such route, and says 404 of every document.
            Err(why) if why.is_our_fault() || why.status() == 500 => {}
            Err(why) => return Err(failed(why)),
        }
        let mut pieces = self.pieces("document", MOST, &json!({ "documentId": id }))?;
        // A server that knows no such filter gives others too.
        pieces.retain(|piece| piece.document == id);
        pieces.sort_by_key(|piece| piece.index);
        pieces.dedup_by_key(|piece| piece.index);
        let Some(first) = pieces.first() else { return Ok(None) };
        let (source, total) = (first.source.clone(), first.total.max(1));
        if pieces.len() as u64 != total {
            let found = pieces.len();
            return Err(odd(&format!("only {found} of {total} pieces of document {id:.100} were found")));
        }
        Ok(Some((source, join(pieces.iter().map(|piece| piece.text.as_str())))))
    }

    /// A document with its metadata, by any of its pieces.
    fn document(&self, piece: &Piece) -> Result<Option<Document>, MemoryError> {
        let label = Label::read(&piece.source);
        if piece.total <= 1
            && let Some(document) = unpack(label.clone(), &piece.text)
        {
            return Ok(Some(document));
        }
        match self.content(&piece.document)? {
            Some((source, content)) => Ok(Some(kept(Label::read(&source), &content))),
            None => Ok(Some(kept(label, &piece.text))),
        }
    }
}

fn piece(result: &Value) -> Option<Piece> {
    let chunk = result.get("chunk").unwrap_or(result);
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |name: &str| chunk.pointer(&format!("/metadata/{name}")).and_then(Value::as_u64);
    Some(Piece {
        document: chunk.get("documentId").or_else(|| chunk.get("id"))?.as_str()?.to_owned(),
        text: text(chunk.get("content")),
        source: text(chunk.pointer("/metadata/source")),
        index: number("chunkIndex").unwrap_or_default(),
        // A server that hands out whole documents may show less of them in a search.
        total: if result.get("title").is_some() { 2 } else { number("totalChunks").unwrap_or(2) },
        model: text(chunk.pointer("/metadata/modelVersion")),
        score: result.get("score").and_then(Value::as_f64).unwrap_or_default(),
    })
}

impl Memory for MemoryHub {
    fn ingest(&self, document: &Document) -> Result<String, MemoryError> {
        check(document)?;
        let kind = serde_json::to_value(document.kind).unwrap_or_default();
        let mut metadata = document.metadata.clone();
        metadata.insert("type".to_owned(), kind);
        let body = json!({
            "title": if document.title.trim().is_empty() { "untitled" } else { &document.title },
            "source": Label::of(document).write(), "content": pack(document), "metadata": metadata,
        });
        // The same content again is a duplicate to the service, so it may be asked again.
        let reply = self.0.send(self.0.question("/memory/ingest", &body)).map_err(failed)?;
        let id = reply.text("documentId").or_else(|| reply.text("id"));
        let id = id.ok_or_else(|| odd("the answer names no document"))?.to_owned();
        let scan = reply.text("scanStatus").unwrap_or_default();
        let chunks = reply.data.get("chunksCreated").and_then(Value::as_u64);
        match (scan, chunks) {
            ("duplicate", _) => Ok(id),
            // It says 201 and will never find it.
            ("pending" | "infected" | "error", _) => {
                Err(odd(&format!("document {id:.100} cannot be found again: its virus scan is `{scan}`")))
            }
            (_, Some(0)) => Err(odd(&format!("document {id:.100} cannot be found again: it has no pieces"))),
            _ => Ok(id),
        }
    }

    fn search(&self, query: &Query) -> Result<Vec<Hit>, MemoryError> {
        let Query { query: text, top_k, filters } = query;
        if text.trim().is_empty() || text.chars().count() > LONGEST_QUERY || !(1..=MOST).contains(top_k) {
            let why = format!("a query has 1 to {LONGEST_QUERY} characters, and 1 to {MOST} results");
            return Err(MemoryError::BadQuery(why));
        }
        let sifted = !filters.kinds.is_empty() || !filters.metadata.is_empty();
        // Several pieces may be of one document.
        let mut top = MOST.min(top_k * if sifted { 10 } else { 3 });
        loop {
            let pieces = self.pieces(text, top, &json!({}))?;
            let full = pieces.len() >= top;
            let hits = self.sift(pieces, query)?;
            if hits.len() >= *top_k || !full || top >= MOST {
                return Ok(hits);
            }
            top = MOST;
        }
    }

    fn list(&self, _kinds: &[DocumentKind], _limit: usize) -> Result<Vec<(String, Document)>, MemoryError> {
        Err(odd("it cannot list documents; search for them instead"))
    }

    /// It is asked whether it answers; that it finds nothing would not say that there is nothing.
    fn is_empty(&self, _kinds: &[DocumentKind]) -> Result<bool, MemoryError> {
        self.pieces("document", 1, &json!({})).map(|_| false)
    }

    fn get(&self, id: &str) -> Result<Option<Document>, MemoryError> {
        Ok(self.content(id)?.map(|(source, content)| kept(Label::read(&source), &content)))
    }

    fn forget(&self, _id: &str) -> Result<bool, MemoryError> {
        Err(odd("it cannot delete a document; ask who runs it"))
    }
}

impl MemoryHub {
    /// The best piece of each document that is wanted, best first.
    fn sift(&self, pieces: Vec<Piece>, query: &Query) -> Result<Vec<Hit>, MemoryError> {
        let mut seen = HashSet::new();
        let mut hits: Vec<Hit> = Vec::new();
        let mut pieces = pieces;
        pieces.sort_by(|a, b| b.score.total_cmp(&a.score));
        for piece in pieces {
            let kinds = &query.filters.kinds;
            if !kinds.is_empty() && !kinds.contains(&Label::read(&piece.source).kind) {
                continue;
            }
            if !seen.insert(piece.document.clone()) {
                continue;
            }
            let Some(document) = self.document(&piece)? else { continue };
            if fits(&document.metadata, &query.filters.metadata) {
                let score = piece.score.clamp(0.0, 1.0);
                let snippet = form::without_fields(&piece.text).to_owned();
                hits.push(Hit {
                    id: piece.document,
                    document,
                    snippet,
                    score,
                    cosine: piece.score,
                    text_rank: None,
                    model: piece.model,
                    stale: None,
                });
            }
            if hits.len() >= query.top_k {
                break;
            }
        }
        Ok(hits)
    }
}

fn fits(own: &Map<String, Value>, wanted: &Map<String, Value>) -> bool {
    wanted.iter().all(|(name, value)| own.get(name) == Some(value))
}
