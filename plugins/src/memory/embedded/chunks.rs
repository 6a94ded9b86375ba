//! Writes and erases the chunks of documents: record, full vector and words, a segment at a time.
//!
//! Nothing is complete before [`Writer::finish`]; the caller's transaction makes it all or nothing.

use super::postings::{Batch, Removal};
use super::vectors::{self, Appender, Entry, Model};
use crate::memory::intake::indexed;
use ecoops_core::engines::recall::terms::terms;
use ecoops_core::ports::memory::{Document, DocumentKind};
use rusqlite::{Connection, params};
use std::ops::Range;

/// A chunk to be kept. An empty vector: found by its words only.
pub(super) struct Chunk<'a> {
    pub document: u32,
    pub kind: DocumentKind,
    pub piece: &'a Range<usize>,
    pub text: &'a str,
    pub vector: &'a [f32],
}

/// Collects what belongs to one segment and writes it in one go.
pub(super) struct Writer<'c> {
    connection: &'c Connection,
    records: Appender<'c>,
    words: Batch,
}

impl<'c> Writer<'c> {
    pub fn new(connection: &'c Connection, model: Model) -> rusqlite::Result<Self> {
        Ok(Self { connection, records: Appender::new(connection, model)?, words: Batch::default() })
    }

    pub fn add(&mut self, chunk: &Chunk) -> rusqlite::Result<()> {
        let terms = terms(chunk.text);
        let length = u16::try_from(terms.len()).unwrap_or(u16::MAX);
        let entry = Entry { document: chunk.document, kind: chunk.kind, length, vector: chunk.vector };
        let slot = self.records.append(&entry)?;
        self.words.add(self.connection, slot, terms)?;
        let bytes: Vec<u8> = chunk.vector.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.connection
            .prepare_cached(
                "INSERT INTO chunks (slot, document, start, stop, vector) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                slot,
                chunk.document,
                chunk.piece.start as i64,
                chunk.piece.end as i64,
                bytes
            ])?;
        Ok(())
    }

    pub fn finish(mut self) -> rusqlite::Result<()> {
        self.words.flush(self.connection)?;
        self.records.flush()
    }
}

/// Removes the chunks of a document, and their words from the index.
pub(super) fn erase(connection: &Connection, number: u32, document: &Document) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("SELECT slot, start, stop FROM chunks WHERE document = ?1")?;
    let rows = statement.query_map([number], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let chunks: Vec<(i64, i64, i64)> = rows.collect::<Result<_, _>>()?;
    let mut words = Removal::default();
    for (slot, start, stop) in &chunks {
        words.add(*slot, terms(&indexed(document, &(*start as usize..*stop as usize))));
    }
    words.apply(connection)?;
    let slots: Vec<i64> = chunks.iter().map(|(slot, ..)| *slot).collect();
    vectors::erase(connection, &slots)?;
    connection.execute("DELETE FROM chunks WHERE document = ?1", [number])?;
    Ok(())
}
