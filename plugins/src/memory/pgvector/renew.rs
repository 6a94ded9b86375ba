//! New vectors for chunks that another model embedded, as one that stood in.
//!
//! Never touches a text or a word.

use crate::memory::intake::titled;
use crate::postgres::{PostgresError, unescape};
use pgvector::Vector;
use tokio_postgres::Client;

/// Chunks of one document that are taken together, about.
const PER_DOCUMENT: usize = 8;

/// Chunks with vectors of another model than this one: id, and what is embedded of them.
pub(super) async fn of_other_models(
    client: &Client,
    model: &str,
    limit: usize,
) -> Result<Vec<(String, String)>, PostgresError> {
    // the small table first: most of the time there is none
    let any = "SELECT EXISTS (SELECT FROM models WHERE model <> $1 AND vectors > 0)";
    if !client.query_one(any, &[&model]).await?.try_get::<_, bool>(0)? {
        return Ok(Vec::new());
    }
    let sql = "SELECT c.id::text, d.title, c.text FROM chunks c JOIN docs d ON d.id = c.doc_id AND d.org_id = c.org_id
        WHERE c.model = ANY (SELECT model FROM models WHERE model <> $1 AND vectors > 0)
        ORDER BY d.number, c.ordinal LIMIT $2";
    let limit = i64::try_from(limit.saturating_mul(PER_DOCUMENT)).unwrap_or(i64::MAX);
    let rows = client.query(sql, &[&model, &limit]).await?;
    let read = |row: &tokio_postgres::Row| {
        let (title, text) = (unescape(row.try_get(1)?), unescape(row.try_get(2)?));
        Ok((row.try_get(0)?, titled(&title, &text)))
    };
    rows.iter().map(read).collect()
}

/// Puts the vectors in the place of the old ones; what was forgotten meanwhile stays so.
pub(super) async fn replace(
    client: &mut Client,
    model: &str,
    new: &[(String, Option<Vector>)],
) -> Result<(), PostgresError> {
    let (ids, vectors): (Vec<&str>, Vec<Option<&Vector>>) =
        new.iter().map(|(id, vector)| (id.as_str(), vector.as_ref())).unzip();
    let tx = client.transaction().await?;
    tx.query("SELECT next FROM corpora FOR UPDATE", &[]).await?;
    let fewer = "UPDATE models m SET vectors = m.vectors - c.vectors FROM
        (SELECT model, count(*) AS vectors FROM chunks WHERE id = ANY($1::text[]::uuid[]) GROUP BY model) c
        WHERE m.model = c.model";
    tx.execute(fewer, &[&ids]).await?;
    let update = "UPDATE chunks c SET embedding = u.embedding, model = CASE WHEN u.embedding IS NULL THEN NULL ELSE $3 END
        FROM unnest($1::text[]::uuid[], $2::vector[]) AS u (id, embedding) WHERE c.id = u.id AND c.model IS NOT NULL";
    tx.execute(update, &[&ids, &vectors, &model]).await?;
    let more = "INSERT INTO models AS m (model, vectors)
        SELECT $2, count(*) FROM chunks WHERE id = ANY($1::text[]::uuid[]) AND model = $2
        ON CONFLICT (org_id, model) DO UPDATE SET vectors = m.vectors + excluded.vectors";
    tx.execute(more, &[&ids, &model]).await?;
    Ok(tx.commit().await?)
}
