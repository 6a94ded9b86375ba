//! Keeps and erases documents: row, fields, chunks, words and counts in one transaction.
//!
//! The row of the org's counts is locked first, so that writers of an org take turns and none waits in a circle.

use super::wide;
use super::words::{BLOCK, Block, Entry, without};
use crate::memory::intake::{Batch, Prepared, indexed, kind_byte, name, titled};
use crate::postgres::{PostgresError, escape, escape_json, unescape};
use ecoops_core::engines::recall::terms::terms;
use ecoops_core::ports::memory::Document;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use tokio_postgres::types::Json;
use tokio_postgres::{Client, Transaction};

/// Chunks of one statement: about 2 MB of vectors.
const CHUNKS: usize = 500;

/// Which of these documents are there.
pub(super) async fn known(client: &Client, ids: &[String]) -> Result<HashSet<String>, PostgresError> {
    let rows = client.query("SELECT name FROM docs WHERE name = ANY($1)", &[&ids]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Keeps what is not there yet; the same twice is once.
pub(super) async fn keep(client: &mut Client, batch: &Batch<'_>) -> Result<(), PostgresError> {
    let transaction = client.transaction().await?;
    transaction.execute("INSERT INTO corpora DEFAULT VALUES ON CONFLICT DO NOTHING", &[]).await?;
    let next =
        transaction.query_one("SELECT next FROM corpora FOR UPDATE", &[]).await?.try_get::<_, i64>(0)?;
    // another process may have been faster, and a document may be given twice
    let ids: Vec<String> = batch.documents.iter().map(|d| d.id.to_owned()).collect();
    let mut seen = known(transaction.client(), &ids).await?;
    let new: Vec<&Prepared> =
        batch.documents.iter().filter(|d| seen.insert(d.id.to_owned())).take(BLOCK).collect();
    if new.is_empty() {
        return Ok(());
    }
    documents(&transaction, next, &new).await?;
    let (vectors, count) = chunks(&transaction, next, &batch.model, &new).await?;
    let length = words(&transaction, next, &new).await?;
    let added = i64::try_from(new.len()).unwrap_or(i64::MAX);
    let counts =
        "UPDATE corpora SET docs = docs + $1, chunks = chunks + $2, terms = terms + $3, next = next + $1";
    transaction.execute(counts, &[&added, &count, &length]).await?;
    if vectors > 0 {
        let models = "INSERT INTO models AS m (model, vectors) VALUES ($1, $2)
            ON CONFLICT (org_id, model) DO UPDATE SET vectors = m.vectors + $2";
        transaction.execute(models, &[&batch.model, &vectors]).await?;
    }
    Ok(transaction.commit().await?)
}

fn numbered<'p, 'd>(first: i64, new: &[&'p Prepared<'d>]) -> impl Iterator<Item = (i64, &'p Prepared<'d>)> {
    (first..).zip(new.iter().copied())
}

async fn documents(tx: &Transaction<'_>, first: i64, new: &[&Prepared<'_>]) -> Result<(), PostgresError> {
    let numbers: Vec<i64> = numbered(first, new).map(|(number, _)| number).collect();
    let column = |of: fn(&Document) -> &str| new.iter().map(|d| escape(of(d.document))).collect::<Vec<_>>();
    let ids: Vec<&str> = new.iter().map(|d| d.id).collect();
    let kinds: Vec<&str> = new.iter().map(|d| name(d.document.kind)).collect();
    let (titles, texts, sources) = (column(|d| &d.title), column(|d| &d.text), column(|d| &d.source));
    let meta: Vec<Json<Value>> = new.iter().map(|d| Json(escape_json(&d.document.metadata))).collect();
    let insert = "INSERT INTO docs (number, block, name, kind, title, text, source, meta)
        SELECT number, $8, name, kind, title, text, source, meta
        FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[])
        AS u (number, name, kind, title, text, source, meta)";
    tx.execute(insert, &[&numbers, &ids, &kinds, &titles, &texts, &sources, &meta, &first]).await?;
    let (mut owners, mut digests) = (Vec::new(), Vec::new());
    for (number, new) in numbered(first, new) {
        for (key, value) in &new.document.metadata {
            owners.push(number);
            digests.push(digest(key, value));
        }
    }
    let insert = "INSERT INTO fields (doc, digest) SELECT * FROM unnest($1::bigint[], $2::bytea[])";
    tx.execute(insert, &[&owners, &digests]).await?;
    Ok(())
}

/// How many vectors and how many chunks there were.
async fn chunks(
    tx: &Transaction<'_>,
    first: i64,
    model: &str,
    new: &[&Prepared<'_>],
) -> Result<(i64, i64), PostgresError> {
    let insert = tx
        .prepare(
            "INSERT INTO chunks (doc_id, kind, ordinal, start, stop, text, embedding, model)
             SELECT d.id, d.kind, u.ordinal, u.start, u.stop, u.text, u.embedding,
               CASE WHEN u.embedding IS NULL THEN NULL ELSE $7 END
             FROM unnest($1::bigint[], $2::int[], $3::int[], $4::int[], $5::text[], $6::vector[])
               AS u (number, ordinal, start, stop, text, embedding) JOIN docs d ON d.number = u.number",
        )
        .await?;
    let all: Vec<_> = numbered(first, new)
        .flat_map(|(number, new)| (0..new.pieces.len()).map(move |place| (number, new, place)))
        .collect();
    let whole = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let mut vectors = 0;
    for some in all.chunks(CHUNKS) {
        let numbers: Vec<i64> = some.iter().map(|(number, ..)| *number).collect();
        let ordinals: Vec<i32> = some.iter().map(|(.., place)| whole(*place)).collect();
        let starts: Vec<i32> = some.iter().map(|(_, new, place)| whole(new.pieces[*place].start)).collect();
        let stops: Vec<i32> = some.iter().map(|(_, new, place)| whole(new.pieces[*place].end)).collect();
        let text = |new: &Prepared, place: usize| {
            escape(new.document.text.get(new.pieces[place].clone()).unwrap_or_default()).into_owned()
        };
        let texts: Vec<String> = some.iter().map(|(_, new, place)| text(new, *place)).collect();
        let embeddings: Vec<_> =
            some.iter().map(|(_, new, place)| wide(new.vectors[*place].clone())).collect();
        vectors += embeddings.iter().flatten().count();
        tx.execute(&insert, &[&numbers, &ordinals, &starts, &stops, &texts, &embeddings, &model]).await?;
    }
    Ok((vectors as i64, all.len() as i64))
}

/// The length of all chunks, in terms.
async fn words(tx: &Transaction<'_>, first: i64, new: &[&Prepared<'_>]) -> Result<i64, PostgresError> {
    let mut block = Block::default();
    let mut total = 0;
    for (document, new) in (0u16..).zip(new) {
        for (chunk, piece) in (0u16..).zip(&new.pieces) {
            let terms = terms(&indexed(new.document, piece));
            let length = u16::try_from(terms.len()).unwrap_or(u16::MAX);
            total += i64::from(length);
            block.add(Entry { document, chunk, times: 0, kind: kind_byte(new.document.kind), length }, terms);
        }
    }
    let (terms, lists): (Vec<String>, Vec<Vec<u8>>) = block.0.into_iter().unzip();
    let insert = "INSERT INTO postings (term, block, list) SELECT u.term, $3, u.list
        FROM unnest($1::text[], $2::bytea[]) AS u (term, list)";
    tx.execute(insert, &[&terms, &lists, &first]).await?;
    Ok(total)
}

/// Whether there was such a document.
pub(super) async fn erase(client: &mut Client, id: &str) -> Result<bool, PostgresError> {
    let tx = client.transaction().await?;
    tx.query("SELECT next FROM corpora FOR UPDATE", &[]).await?;
    let find = "SELECT id::text, number, block, title, text FROM docs WHERE name = $1";
    let Some(row) = tx.query_opt(find, &[&id]).await? else { return Ok(false) };
    let (uuid, number, block): (String, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let (title, text) = (unescape(row.try_get(3)?), unescape(row.try_get(4)?));
    let rows =
        tx.query("SELECT start, stop, model FROM chunks WHERE doc_id = $1::text::uuid", &[&uuid]).await?;
    let (mut found, mut length) = (HashSet::new(), 0);
    for row in &rows {
        let (start, stop): (i32, i32) = (row.try_get(0)?, row.try_get(1)?);
        let piece = text.get(start as usize..stop as usize).unwrap_or_default();
        let all = terms(&titled(&title, piece));
        length += i64::from(u16::try_from(all.len()).unwrap_or(u16::MAX));
        found.extend(all);
    }
    let place =
        u16::try_from(number - block).map_err(|_| PostgresError::Damaged(format!("block {block}")))?;
    forget_words(&tx, block, place, &found.into_iter().collect::<Vec<_>>()).await?;
    let models = "UPDATE models m SET vectors = m.vectors - c.vectors FROM
        (SELECT model, count(*) AS vectors FROM chunks WHERE doc_id = $1::text::uuid GROUP BY model) c
        WHERE m.model = c.model";
    tx.execute(models, &[&uuid]).await?;
    tx.execute("DELETE FROM docs WHERE id = $1::text::uuid", &[&uuid]).await?;
    let counts = "UPDATE corpora SET docs = docs - 1, chunks = chunks - $1, terms = terms - $2";
    tx.execute(counts, &[&(rows.len() as i64), &length]).await?;
    tx.commit().await?;
    Ok(true)
}

async fn forget_words(
    tx: &Transaction<'_>,
    block: i64,
    document: u16,
    terms: &[String],
) -> Result<(), PostgresError> {
    let lists = "SELECT term, list FROM postings WHERE block = $1 AND term = ANY($2)";
    let (mut empty, mut changed, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for row in tx.query(lists, &[&block, &terms]).await? {
        let (term, list): (String, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
        let left = without(&list, document);
        if left.is_empty() {
            empty.push(term);
        } else {
            changed.push(term);
            rest.push(left);
        }
    }
    tx.execute("DELETE FROM postings WHERE block = $1 AND term = ANY($2)", &[&block, &empty]).await?;
    let update = "UPDATE postings p SET list = u.list FROM unnest($2::text[], $3::bytea[]) AS u (term, list)
        WHERE p.block = $1 AND p.term = u.term";
    tx.execute(update, &[&block, &changed, &rest]).await?;
    Ok(())
}

/// Fields are compared by digest: a fix keeps whole texts in its fields.
pub(super) fn digest(key: &str, value: &Value) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update((key.len() as u64).to_le_bytes());
    hash.update(key);
    hash.update(value.to_string());
    hash.finalize().to_vec()
}
