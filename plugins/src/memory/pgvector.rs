//! The memory in PostgreSQL with pgvector: one database for all clients of an org, and several orgs in one database.
//!
//! Ranks as the built-in memory does, from the same scores. The server keeps the orgs apart (row-level security by
//! login); nothing here asks for another org's rows, and nothing here could. What is forgotten no reader sees any
//! more; the server overwrites it on its disk when it next vacuums the tables.

mod renew;
mod search;
mod words;
mod write;

use super::intake::{check, check_query, embed, identify, name, prepare, renew_some};
use crate::postgres::{Pool, PostgresError, PostgresSettings, escape, unescape, unescape_json};
use ecoops_core::engines::recall::terms::spaced;
use ecoops_core::ports::embedder::{Embedder, WIDTH};
use ecoops_core::ports::memory::{Document, DocumentKind, Hit, Memory, MemoryError, Query};
use search::Request;
use std::sync::Arc;
use tokio_postgres::Row;

/// Documents of one transaction.
const TOGETHER: usize = 128;
/// Columns of a document, as [`document`] reads them.
const DOCUMENT: &str = "d.number, d.name, d.kind, d.title, d.text, d.source, d.meta";

/// See the module.
#[derive(Debug)]
pub struct PgMemory {
    pool: Pool,
    embedder: EmbedderBox,
}

struct EmbedderBox(Arc<dyn Embedder>);

impl std::fmt::Debug for EmbedderBox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.model())
    }
}

impl From<PostgresError> for MemoryError {
    fn from(error: PostgresError) -> Self {
        match error {
            PostgresError::Away(_) | PostgresError::Offline(_) => Self::Away(error.to_string()),
            other => Self::Storage(other.to_string()),
        }
    }
}

impl PgMemory {
    /// Connects to nothing yet; the tables are checked when it is first used.
    pub fn new(settings: PostgresSettings, embedder: Arc<dyn Embedder>) -> Self {
        Self { pool: Pool::new(settings), embedder: EmbedderBox(embedder) }
    }

    /// Keeps many documents, some hundred in one transaction: on an error those before are kept.
    ///
    /// # Errors
    /// As [`Memory::ingest`].
    pub fn ingest_all(&self, documents: &[Document]) -> Result<Vec<String>, MemoryError> {
        documents.iter().try_for_each(check)?;
        let ids: Vec<String> = documents.iter().map(identify).collect();
        for (ids, documents) in ids.chunks(TOGETHER).zip(documents.chunks(TOGETHER)) {
            let known = self.pool.again(async |client| write::known(client, ids).await)?;
            let new: Vec<_> = ids
                .iter()
                .zip(documents)
                .filter(|(id, _)| !known.contains(*id))
                .map(|(id, document)| (id.as_str(), document))
                .collect();
            if !new.is_empty() {
                // outside the transaction: embedding is the slow part
                let batch = prepare(&*self.embedder.0, &new)?;
                self.pool.again(async |client| write::keep(client, &batch).await)?;
                renew_some(self, batch.model == self.embedder.0.model());
            }
        }
        Ok(ids)
    }
}

impl Memory for PgMemory {
    fn ingest(&self, document: &Document) -> Result<String, MemoryError> {
        Ok(self.ingest_all(std::slice::from_ref(document))?.swap_remove(0))
    }

    fn search(&self, query: &Query) -> Result<Vec<Hit>, MemoryError> {
        check_query(query)?;
        let (model, mut vectors) = embed(&*self.embedder.0, &[spaced(&query.query).as_str()])?;
        let request = Request { query, model: &model, vector: wide(vectors.swap_remove(0)) };
        Ok(self.pool.again(async |client| search::run(client, &request).await)?)
    }

    fn list(&self, kinds: &[DocumentKind], limit: usize) -> Result<Vec<(String, Document)>, MemoryError> {
        let kinds: Vec<&str> = kinds.iter().map(|kind| name(*kind)).collect();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let sql = format!(
            "SELECT {DOCUMENT} FROM docs d WHERE cardinality($1::text[]) = 0 OR d.kind = ANY($1)
             ORDER BY d.number DESC LIMIT $2"
        );
        Ok(self.pool.again(async |client| {
            let rows = client.query(&sql, &[&kinds, &limit]).await?;
            rows.iter().map(|row| document(row).map(|(_, id, document)| (id, document))).collect()
        })?)
    }

    fn get(&self, id: &str) -> Result<Option<Document>, MemoryError> {
        let sql = format!("SELECT {DOCUMENT} FROM docs d WHERE d.name = $1");
        Ok(self.pool.again(async |client| {
            let row = client.query_opt(&sql, &[&escape(id)]).await?;
            row.map(|row| document(&row).map(|(_, _, document)| document)).transpose()
        })?)
    }

    fn renew(&self, limit: usize) -> Result<usize, MemoryError> {
        let model = self.embedder.0.model();
        let old = self.pool.again(async |client| renew::of_other_models(client, model, limit).await)?;
        if old.is_empty() {
            return Ok(0);
        }
        let texts: Vec<&str> = old.iter().map(|(_, text)| text.as_str()).collect();
        let (made_by, vectors) = embed(&*self.embedder.0, &texts)?;
        if made_by != model {
            return Ok(0);
        }
        let new: Vec<_> = old.iter().map(|(id, _)| id.clone()).zip(vectors.into_iter().map(wide)).collect();
        self.pool.again(async |client| renew::replace(client, model, &new).await)?;
        Ok(new.len())
    }

    fn forget(&self, id: &str) -> Result<bool, MemoryError> {
        Ok(self.pool.once(async |client| write::erase(client, &escape(id)).await)?)
    }
}

/// The number, the id and the document.
fn document(row: &Row) -> Result<(i64, String, Document), PostgresError> {
    let kind: String = row.try_get(2)?;
    let kind = super::intake::kind(&kind).ok_or_else(|| PostgresError::Damaged(format!("a {kind}")))?;
    let text = |column| row.try_get::<_, String>(column).map(unescape);
    let metadata = unescape_json(row.try_get(6)?);
    let document = Document { kind, title: text(3)?, text: text(4)?, source: text(5)?, metadata };
    Ok((row.try_get(0)?, row.try_get(1)?, document))
}

/// With its padding; none for a vector of zeros, which has no direction.
fn wide(mut vector: Vec<f32>) -> Option<pgvector::Vector> {
    if vector.is_empty() {
        return None;
    }
    vector.resize(WIDTH, 0.0);
    Some(vector.into())
}
