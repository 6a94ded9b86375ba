//! The built-in memory: one SQLite file with texts, vectors and a full-text index of its own.
//!
//! Never sends anything anywhere and never logs a text. What is kept must have passed the redactor
//! before. Several processes may use the same file.

mod chunks;
mod documents;
mod postings;
mod schema;
mod search;
mod vectors;

use super::intake::{
    Batch, Prepared, check, check_query, embed, identify, indexed, name, prepare, renew_some,
};
use chunks::{Chunk, Writer};
use documents::exists;
use ecoops_core::engines::recall::terms::spaced;
use ecoops_core::ports::embedder::Embedder;
use ecoops_core::ports::memory::{Document, DocumentKind, Hit, Memory, MemoryError, Query};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use schema::SLOTS;
use search::Request;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vectors::Segments;

/// See the module.
pub struct EmbeddedMemory {
    path: PathBuf,
    embedder: Arc<dyn Embedder>,
    store: Mutex<Store>,
}

struct Store {
    connection: Connection,
    segments: Segments,
}

impl std::fmt::Debug for EmbeddedMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedMemory").field("path", &self.path).finish_non_exhaustive()
    }
}

impl EmbeddedMemory {
    /// Opens the file at `path`, and makes it when there is none.
    ///
    /// # Errors
    /// [`MemoryError::Storage`] when the file is damaged, of a newer layout, or may not be written.
    pub fn open(path: &Path, embedder: Arc<dyn Embedder>) -> Result<Self, MemoryError> {
        let connection = schema::open(path)?;
        let store = Mutex::new(Store { connection, segments: Segments::default() });
        Ok(Self { path: path.to_owned(), embedder, store })
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // every write is one transaction, so a panic elsewhere leaves nothing half done
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn said(&self, error: &rusqlite::Error) -> MemoryError {
        schema::explain(&self.path, error)
    }

    /// Keeps many documents in one transaction: all or, on an error, none. Needs memory for the vectors
    /// of them all: about 2 KB a document of some hundred words.
    ///
    /// # Errors
    /// As [`Memory::ingest`].
    pub fn ingest_all(&self, documents: &[Document]) -> Result<Vec<String>, MemoryError> {
        documents.iter().try_for_each(check)?;
        let ids: Vec<String> = documents.iter().map(identify).collect();
        let mut new = Vec::with_capacity(documents.len());
        for (id, document) in ids.iter().zip(documents) {
            if !exists(&self.store().connection, id).map_err(|e| self.said(&e))? {
                new.push((id.as_str(), document));
            }
        }
        if !new.is_empty() {
            // outside the lock: embedding is the slow part
            let batch = prepare(&*self.embedder, &new)?;
            self.write(&batch, false)?;
            renew_some(self, batch.model == self.embedder.model());
        }
        Ok(ids)
    }

    /// Keeps what is not there; or, `again`, gives new vectors to what is.
    fn write(&self, batch: &Batch, again: bool) -> Result<(), MemoryError> {
        let Batch { model: name, documents: prepared } = batch;
        let said = |e: rusqlite::Error| self.said(&e);
        let store = self.store();
        let transaction =
            Transaction::new_unchecked(&store.connection, TransactionBehavior::Immediate).map_err(said)?;
        let longest = prepared.iter().flat_map(|p| &p.vectors).max_by_key(|v| v.len());
        let first = longest.map_or(&[][..], Vec::as_slice);
        let model = vectors::model(&transaction, name, first).map_err(said)?;
        if first.len() > model.used {
            let what = format!("{name} gave vectors of different widths");
            return Err(MemoryError::Embedder(what));
        }
        let keep = || -> rusqlite::Result<()> {
            let mut numbers = Vec::with_capacity(prepared.len());
            for Prepared { id, document, .. } in prepared {
                // another process may have been faster, and a document may be given twice
                numbers.push(match (number(&transaction, id)?, again) {
                    (None, false) => Some(documents::insert(&transaction, id, document)?),
                    (Some(number), true) => {
                        chunks::erase(&transaction, number, document)?;
                        Some(number)
                    }
                    (None, true) | (Some(_), false) => None,
                });
            }
            let mut writer = Writer::new(&transaction, model)?;
            for (number, Prepared { document, pieces, vectors, .. }) in numbers.into_iter().zip(prepared) {
                let Some(number) = number else { continue };
                for (piece, vector) in pieces.iter().zip(vectors) {
                    let (kind, text) = (document.kind, &indexed(document, piece));
                    writer.add(&Chunk { document: number, kind, piece, text, vector })?;
                }
            }
            writer.finish()
        };
        keep().map_err(said)?;
        transaction.commit().map_err(said)
    }

    fn erase(&self, id: &str) -> rusqlite::Result<bool> {
        let store = self.store();
        let transaction = Transaction::new_unchecked(&store.connection, TransactionBehavior::Immediate)?;
        let Some(number) = number(&transaction, id)? else { return Ok(false) };
        chunks::erase(&transaction, number, &documents::read(&transaction, number)?.1)?;
        documents::erase(&transaction, number)?;
        transaction.commit()?;
        Ok(true)
    }

    /// Writes the log of changes into the file and empties it, so that no old page stays in it.
    fn empty_log(&self) -> Result<(), MemoryError> {
        let store = self.store();
        let empty = |row: &rusqlite::Row| row.get::<_, i64>(0);
        match store.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], empty) {
            Ok(0) => Ok(()),
            Ok(_) => Err(MemoryError::Storage(format!(
                "the document is forgotten, but another process reads {}: forget it again to clear the log",
                self.path.display()
            ))),
            Err(e) => Err(self.said(&e)),
        }
    }
}

impl Memory for EmbeddedMemory {
    fn ingest(&self, document: &Document) -> Result<String, MemoryError> {
        Ok(self.ingest_all(std::slice::from_ref(document))?.swap_remove(0))
    }

    fn search(&self, query: &Query) -> Result<Vec<Hit>, MemoryError> {
        check_query(query)?;
        let (name, mut vectors) = embed(&*self.embedder, &[spaced(&query.query).as_str()])?;
        let mut vector = vectors.swap_remove(0);
        let mut guard = self.store();
        let Store { connection, segments } = &mut *guard;
        let mut read = || -> rusqlite::Result<Vec<Hit>> {
            let transaction = connection.unchecked_transaction()?;
            segments.refresh(&transaction)?;
            let model = vectors::find_model(&transaction, &name)?;
            let model = model.filter(|model| vector.len() <= model.used);
            vector.resize(model.map_or(0, |model| model.used), 0.0);
            let request = Request {
                text: &query.query,
                vector: model.map(|model| (model, vector.as_slice())),
                top: query.top_k,
                kinds: &query.filters.kinds,
                only: documents::with_fields(&transaction, &query.filters.metadata)?,
            };
            let ranked = search::run(&transaction, segments, &request)?;
            ranked.iter().map(|ranked| hit(&transaction, ranked)).collect()
        };
        read().map_err(|e| schema::explain(&self.path, &e))
    }

    fn list(&self, kinds: &[DocumentKind], limit: usize) -> Result<Vec<(String, Document)>, MemoryError> {
        let store = self.store();
        let read = || -> rusqlite::Result<Vec<(String, Document)>> {
            let sql = "SELECT number FROM documents WHERE ?1 = '' OR instr(?1, kind) > 0 ORDER BY number DESC LIMIT ?2";
            let kinds = kinds.iter().map(|k| name(*k)).collect::<Vec<_>>().join(",");
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut statement = store.connection.prepare_cached(sql)?;
            let numbers = statement.query_map(params![kinds, limit], |row| row.get(0))?;
            numbers.map(|number| documents::read(&store.connection, number?)).collect()
        };
        read().map_err(|e| self.said(&e))
    }

    fn get(&self, id: &str) -> Result<Option<Document>, MemoryError> {
        let store = self.store();
        let read = || -> rusqlite::Result<Option<Document>> {
            number(&store.connection, id)?
                .map(|n| documents::read(&store.connection, n).map(|(_, document)| document))
                .transpose()
        };
        read().map_err(|e| self.said(&e))
    }

    fn renew(&self, limit: usize) -> Result<usize, MemoryError> {
        let model = self.embedder.model();
        let old = of_other_models(&self.store().connection, model, limit).map_err(|e| self.said(&e))?;
        let asked: Vec<_> = old.iter().map(|(id, document)| (id.as_str(), document)).collect();
        if asked.is_empty() {
            return Ok(0);
        }
        let batch = prepare(&*self.embedder, &asked)?;
        if batch.model != model {
            return Ok(0);
        }
        self.write(&batch, true)?;
        Ok(asked.len())
    }

    fn forget(&self, id: &str) -> Result<bool, MemoryError> {
        let found = self.erase(id).map_err(|e| self.said(&e))?;
        self.empty_log()?;
        Ok(found)
    }
}

fn number(connection: &Connection, id: &str) -> rusqlite::Result<Option<u32>> {
    let find = "SELECT number FROM documents WHERE id = ?1";
    connection.query_row(find, [id], |row| row.get(0)).optional()
}

/// Documents with vectors of another model than this one.
fn of_other_models(
    connection: &Connection,
    model: &str,
    limit: usize,
) -> rusqlite::Result<Vec<(String, Document)>> {
    let sql = "SELECT DISTINCT document FROM chunks WHERE vector <> x'' AND slot / ?1 IN
        (SELECT s.number FROM segments s JOIN models m ON m.number = s.model WHERE m.name <> ?2) LIMIT ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let numbers = statement.query_map(params![SLOTS as i64, model, limit], |row| row.get(0))?;
    numbers.map(|number| documents::read(connection, number?)).collect()
}

fn hit(connection: &Connection, ranked: &search::Ranked) -> rusqlite::Result<Hit> {
    let (id, document) = documents::read(connection, ranked.document)?;
    let sql = "SELECT c.start, c.stop, m.name FROM chunks c
        JOIN segments s ON s.number = c.slot / ?2 JOIN models m ON m.number = s.model WHERE c.slot = ?1";
    let (range, model) = connection.prepare_cached(sql)?.query_row([ranked.slot, SLOTS as i64], |row| {
        Ok((row.get::<_, i64>(0)? as usize..row.get::<_, i64>(1)? as usize, row.get(2)?))
    })?;
    let snippet = document.text.get(range).unwrap_or_default().to_owned();
    let (score, cosine, text_rank) = (ranked.score, ranked.cosine, ranked.text_rank);
    Ok(Hit { id, document, snippet, score, cosine, text_rank, model, stale: None })
}
