//! Rows of documents and of the fields that a search can ask for.
//!
//! Never looks at chunks, vectors or words.

use crate::memory::intake::{kind, name};
use ecoops_core::ports::memory::Document;
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};
use std::collections::HashSet;

pub(super) fn exists(connection: &Connection, id: &str) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM documents WHERE id = ?1")?.exists([id])
}

pub(super) fn insert(connection: &Connection, id: &str, document: &Document) -> rusqlite::Result<u32> {
    let metadata = serde_json::Value::Object(document.metadata.clone()).to_string();
    connection
        .prepare_cached(
            "INSERT INTO documents (id, kind, title, text, source, metadata) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            id,
            name(document.kind),
            document.title,
            document.text,
            document.source,
            metadata
        ])?;
    let number = connection.last_insert_rowid();
    for (key, value) in &document.metadata {
        connection
            .prepare_cached("INSERT INTO fields (key, digest, document) VALUES (?1, ?2, ?3)")?
            .execute(params![key, digest(value), number])?;
    }
    u32::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, number))
}

/// The id and the document.
pub(super) fn read(connection: &Connection, number: u32) -> rusqlite::Result<(String, Document)> {
    let sql = "SELECT id, kind, title, text, source, metadata FROM documents WHERE number = ?1";
    connection.prepare_cached(sql)?.query_row([number], |row| {
        let damaged = |column: usize| {
            rusqlite::Error::InvalidColumnType(column, "document".into(), rusqlite::types::Type::Text)
        };
        let metadata: String = row.get(5)?;
        let document = Document {
            kind: kind(row.get_ref(1)?.as_str()?).ok_or_else(|| damaged(1))?,
            title: row.get(2)?,
            text: row.get(3)?,
            source: row.get(4)?,
            metadata: serde_json::from_str(&metadata).map_err(|_| damaged(5))?,
        };
        Ok((row.get(0)?, document))
    })
}

/// Removes the rows of a document; its chunks are the caller's.
pub(super) fn erase(connection: &Connection, number: u32) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM fields WHERE document = ?1", [number])?;
    connection.execute("DELETE FROM documents WHERE number = ?1", [number])?;
    Ok(())
}

/// The documents that have all these fields; `None` when none is asked for.
pub(super) fn with_fields(
    connection: &Connection,
    fields: &serde_json::Map<String, serde_json::Value>,
) -> rusqlite::Result<Option<HashSet<u32>>> {
    let mut left: Option<HashSet<u32>> = None;
    for (key, value) in fields {
        let mut statement =
            connection.prepare_cached("SELECT document FROM fields WHERE key = ?1 AND digest = ?2")?;
        let rows = statement.query_map(params![key, digest(value)], |row| row.get(0))?;
        let found: HashSet<u32> = rows.collect::<Result<_, _>>()?;
        left = Some(left.map_or(found.clone(), |left| &left & &found));
    }
    Ok(left)
}

/// Values are compared by digest: a fix keeps whole texts in its fields.
fn digest(value: &serde_json::Value) -> Vec<u8> {
    Sha256::digest(value.to_string()).to_vec()
}
