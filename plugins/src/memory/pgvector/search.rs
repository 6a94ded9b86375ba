//! One search: the nearest vectors by the server, the words by us, the two added as everywhere.
//!
//! Only a handful of documents stands out by its words (see `hybrid`); all others rank by their vectors alone. So the
//! best of both lists, each with its exact cosine, hold the whole answer. Never writes.

use super::words::Scores;
use super::write::digest;
use super::{DOCUMENT, document};
use crate::memory::intake::{kind_byte, name};
use crate::postgres::PostgresError;
use ecoops_core::engines::recall::bm25::Corpus;
use ecoops_core::engines::recall::hybrid::Fusion;
use ecoops_core::engines::recall::terms::terms;
use ecoops_core::ports::memory::{Document, Hit, Query};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, IsolationLevel, Transaction};

/// A query's terms beyond these are left out; no question has so many.
const MOST_TERMS: usize = 128;
/// Up to so many vectors of a model are all compared, which takes the server some 20 ms; beyond, the index is asked.
const EXACT: i64 = 5_000;
/// How wide the index looks: recall against time, see the benchmark of the memory.
const INDEX: &str = "SET LOCAL hnsw.ef_search = 200; SET LOCAL hnsw.iterative_scan = relaxed_order;
    SET LOCAL hnsw.max_scan_tuples = 60000";
/// Documents without a vector of the query's model that are looked at, in the order in which they came.
const VECTORLESS: usize = 10_000;

/// What is asked.
pub(super) struct Request<'a> {
    pub query: &'a Query,
    pub model: &'a str,
    pub vector: Option<pgvector::Vector>,
}

/// The nearest chunk of a document, and its cosine.
type Nearest = HashMap<i64, (f64, i32)>;

pub(super) async fn run(client: &mut Client, request: &Request<'_>) -> Result<Vec<Hit>, PostgresError> {
    let start = client.build_transaction().read_only(true).isolation_level(IsolationLevel::RepeatableRead);
    let tx = start.start().await?;
    let Some(counts) = tx.query_opt("SELECT chunks, terms FROM corpora", &[]).await? else {
        return Ok(Vec::new());
    };
    let natural = |n: i64| u64::try_from(n).unwrap_or(0);
    let corpus = Corpus {
        texts: usize::try_from(counts.try_get::<_, i64>(0)?).unwrap_or(0),
        terms: natural(counts.try_get(1)?),
    };
    let only = with_fields(&tx, request.query).await?;
    let scores = words(&tx, request.query, corpus, only.as_ref()).await?;
    let all: Vec<f32> = scores.documents.values().map(|(score, _)| *score).collect();
    let fusion = Fusion::new(&all);
    let nearest = candidates(&tx, request, only.as_ref(), &scores, &fusion).await?;
    let mut ranked: Vec<(f64, i64)> = nearest
        .iter()
        .map(|(number, (cosine, _))| (fusion.score(*cosine, f64::from(scores.document(*number))), *number))
        .collect();
    ranked.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
    ranked.truncate(request.query.top_k);
    hits(&tx, request, &ranked, &nearest, &scores, &fusion).await
}

/// The documents that have all fields asked for; `None` when none is asked for.
async fn with_fields(tx: &Transaction<'_>, query: &Query) -> Result<Option<HashSet<i64>>, PostgresError> {
    let mut left: Option<HashSet<i64>> = None;
    for (key, value) in &query.filters.metadata {
        let rows = tx.query("SELECT doc FROM fields WHERE digest = $1", &[&digest(key, value)]).await?;
        let found = rows.iter().map(|row| row.try_get(0)).collect::<Result<HashSet<i64>, _>>()?;
        left = Some(left.map_or(found.clone(), |left| &left & &found));
    }
    Ok(left)
}

async fn words(
    tx: &Transaction<'_>,
    query: &Query,
    corpus: Corpus,
    only: Option<&HashSet<i64>>,
) -> Result<Scores, PostgresError> {
    let asked: BTreeSet<String> = terms(&query.query).into_iter().take(MOST_TERMS).collect();
    let asked: Vec<String> = asked.into_iter().collect();
    let mut lists: BTreeMap<String, Vec<(i64, Vec<u8>)>> = BTreeMap::new();
    for row in tx.query("SELECT term, block, list FROM postings WHERE term = ANY($1)", &[&asked]).await? {
        lists.entry(row.try_get(0)?).or_default().push((row.try_get(1)?, row.try_get(2)?));
    }
    let kinds: Vec<u8> = query.filters.kinds.iter().map(|kind| kind_byte(*kind)).collect();
    Ok(Scores::new(corpus, &lists, |number, kind| {
        (kinds.is_empty() || kinds.contains(&kind)) && only.is_none_or(|only| only.contains(&number))
    }))
}

/// Every document that may be among the best, with its nearest chunk.
async fn candidates(
    tx: &Transaction<'_>,
    request: &Request<'_>,
    only: Option<&HashSet<i64>>,
    scores: &Scores,
    fusion: &Fusion,
) -> Result<Nearest, PostgresError> {
    let held = "SELECT vectors FROM models WHERE model = $1 AND vectors > 0";
    let held: i64 = match tx.query_opt(held, &[&request.model]).await? {
        Some(row) => row.try_get(0)?,
        None => 0,
    };
    let mut nearest = match &request.vector {
        Some(vector) if held > 0 => by_vector(tx, request, vector, only, held).await?,
        _ => Nearest::new(),
    };
    // a score above 0 without a cosine: it stands out
    let outstanding = |(number, (score, _)): (&i64, &(f32, u16))| {
        (fusion.score(0.0, f64::from(*score)) > 0.0 && !nearest.contains_key(number)).then_some(*number)
    };
    let outstanding: Vec<i64> = scores.documents.iter().filter_map(outstanding).collect();
    if let Some(vector) = request.vector.as_ref().filter(|_| held > 0) {
        let best = "SELECT DISTINCT ON (d.number) d.number, c.ordinal, 1 - (c.embedding <=> $2) AS cosine
            FROM docs d JOIN chunks c ON c.doc_id = d.id AND c.org_id = d.org_id
            WHERE d.number = ANY($1) AND c.model = $3 ORDER BY d.number, cosine DESC, c.ordinal";
        for row in tx.query(best, &[&outstanding, vector, &request.model]).await? {
            nearest.insert(row.try_get(0)?, (row.try_get(2)?, row.try_get(1)?));
        }
    }
    for number in
        without_vector(tx, request, scores, &nearest, held > 0).await?.into_iter().chain(outstanding)
    {
        let chunk = scores.documents.get(&number).map_or(0, |(_, chunk)| i32::from(*chunk));
        nearest.entry(number).or_insert((0.0, chunk));
    }
    Ok(nearest)
}

/// The first documents with a word in common and no vector to compare: only the word makes them an answer.
async fn without_vector(
    tx: &Transaction<'_>,
    request: &Request<'_>,
    scores: &Scores,
    nearest: &Nearest,
    compared: bool,
) -> Result<Vec<i64>, PostgresError> {
    let mut numbers: Vec<i64> =
        scores.documents.keys().filter(|n| !nearest.contains_key(n)).copied().collect();
    numbers.sort_unstable();
    if !compared || request.vector.is_none() {
        numbers.truncate(request.query.top_k);
        return Ok(numbers);
    }
    numbers.truncate(VECTORLESS);
    let sql = "SELECT d.number FROM docs d WHERE d.number = ANY($1) AND NOT EXISTS
        (SELECT FROM chunks c WHERE c.doc_id = d.id AND c.org_id = d.org_id AND c.model = $2)
        ORDER BY d.number LIMIT $3";
    let top = i64::try_from(request.query.top_k).unwrap_or(i64::MAX);
    let rows = tx.query(sql, &[&numbers, &request.model, &top]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// The documents of the nearest chunks: at least as many as are asked for, if there are.
async fn by_vector(
    tx: &Transaction<'_>,
    request: &Request<'_>,
    vector: &pgvector::Vector,
    only: Option<&HashSet<i64>>,
    held: i64,
) -> Result<Nearest, PostgresError> {
    let kinds: Vec<&str> = request.query.filters.kinds.iter().map(|kind| name(*kind)).collect();
    let only: Option<Vec<i64>> = only.map(|only| only.iter().copied().collect());
    let mut exact = held <= EXACT || only.as_ref().is_some_and(|only| only.len() <= 1_000);
    tx.batch_execute(INDEX).await?;
    let mut limit = 4 * i64::try_from(request.query.top_k).unwrap_or(i64::MAX) + 64;
    loop {
        let sql = nearest_sql(!kinds.is_empty(), only.is_some(), exact);
        let mut values: Vec<&(dyn ToSql + Sync)> = vec![vector, &request.model, &limit];
        if !kinds.is_empty() {
            values.push(&kinds);
        }
        if let Some(only) = &only {
            values.push(only);
        }
        let rows = tx.query(&sql, &values).await?;
        let mut nearest = Nearest::new();
        for row in &rows {
            let (cosine, chunk): (f64, i32) = (row.try_get(2)?, row.try_get(1)?);
            let best = nearest.entry(row.try_get(0)?).or_insert((cosine, chunk));
            if cosine > best.0 || (cosine == best.0 && chunk < best.1) {
                *best = (cosine, chunk);
            }
        }
        let short = (rows.len() as i64) < limit;
        if nearest.len() >= request.query.top_k || (short && (exact || rows.len() as i64 >= held)) {
            return Ok(nearest);
        }
        // the index gave up among rows that are not asked for
        exact |= short;
        limit = limit.saturating_mul(4);
    }
}

fn nearest_sql(kinds: bool, only: bool, exact: bool) -> String {
    let kinds = if kinds { "AND kind = ANY($4)" } else { "" };
    let only = match (only, kinds.is_empty()) {
        (false, _) => "",
        (true, true) => "AND doc_id IN (SELECT id FROM docs WHERE number = ANY($4))",
        (true, false) => "AND doc_id IN (SELECT id FROM docs WHERE number = ANY($5))",
    };
    // an index serves the one order and not the other
    let order = if exact { "1 - (embedding <=> $1) DESC" } else { "embedding <=> $1" };
    format!(
        "SELECT d.number, c.ordinal, c.cosine FROM (
           SELECT doc_id, ordinal, 1 - (embedding <=> $1) AS cosine FROM chunks
           WHERE model = $2 {kinds} {only} ORDER BY {order} LIMIT $3) c JOIN docs d ON d.id = c.doc_id"
    )
}

/// The documents of the ranking, each with the chunk that shows best why it was found.
async fn hits(
    tx: &Transaction<'_>,
    request: &Request<'_>,
    ranked: &[(f64, i64)],
    nearest: &Nearest,
    scores: &Scores,
    fusion: &Fusion,
) -> Result<Vec<Hit>, PostgresError> {
    let numbers: Vec<i64> = ranked.iter().map(|(_, number)| *number).collect();
    let mut documents: HashMap<i64, (String, Document)> = HashMap::new();
    let sql = format!("SELECT {DOCUMENT} FROM docs d WHERE d.number = ANY($1)");
    for row in tx.query(&sql, &[&numbers]).await? {
        let (number, id, document) = document(&row)?;
        documents.insert(number, (id, document));
    }
    let pieces = pieces(tx, request, &numbers, nearest, scores).await?;
    let mut hits = Vec::with_capacity(ranked.len());
    for (score, number) in ranked {
        let Some((id, document)) = documents.remove(number) else { continue };
        let cosine = nearest.get(number).map_or(0.0, |(cosine, _)| *cosine);
        let own = |(chunk, cosine): (i32, f64)| {
            let words = u16::try_from(chunk).ok().and_then(|c| scores.chunks.get(&(*number, c)));
            fusion.score(cosine, words.map_or(0.0, |words| f64::from(*words)))
        };
        let mut shown: Option<&Piece> = None;
        // the nearest chunk comes first; another must be better
        for piece in pieces.get(number).into_iter().flatten() {
            if shown.is_none_or(|s| own((piece.chunk, piece.cosine)) > own((s.chunk, s.cosine))) {
                shown = Some(piece);
            }
        }
        let range = shown.map_or(0..0, |piece| piece.start..piece.stop);
        let model = shown.map(|piece| piece.model.clone()).unwrap_or_default();
        let snippet = document.text.get(range).unwrap_or_default().to_owned();
        let (score, text_rank) = (fusion.shown(*score), scores.rank(*number));
        hits.push(Hit { id, document, snippet, score, cosine, text_rank, model, stale: None });
    }
    Ok(hits)
}

struct Piece {
    chunk: i32,
    start: usize,
    stop: usize,
    cosine: f64,
    model: String,
}

/// The nearest chunk of each document, and the one with the best words.
async fn pieces(
    tx: &Transaction<'_>,
    request: &Request<'_>,
    numbers: &[i64],
    nearest: &Nearest,
    scores: &Scores,
) -> Result<HashMap<i64, Vec<Piece>>, PostgresError> {
    let (mut owners, mut chunks) = (Vec::new(), Vec::new());
    for number in numbers {
        let near = nearest.get(number).map(|(_, chunk)| *chunk);
        let worded = scores.documents.get(number).map(|(_, chunk)| i32::from(*chunk));
        for chunk in near.into_iter().chain(worded.filter(|w| Some(*w) != near)) {
            owners.push(*number);
            chunks.push(chunk);
        }
    }
    let sql = "SELECT d.number, c.ordinal, c.start, c.stop,
          CASE WHEN c.model = $3 THEN 1 - (c.embedding <=> $4) END, c.model
        FROM unnest($1::bigint[], $2::int[]) WITH ORDINALITY AS u (number, ordinal, place)
        JOIN docs d ON d.number = u.number JOIN chunks c ON c.doc_id = d.id AND c.ordinal = u.ordinal
        ORDER BY u.place";
    let mut pieces: HashMap<i64, Vec<Piece>> = HashMap::new();
    for row in tx.query(sql, &[&owners, &chunks, &request.model, &request.vector]).await? {
        let at =
            |column| Ok::<_, PostgresError>(usize::try_from(row.try_get::<_, i32>(column)?).unwrap_or(0));
        let cosine: Option<f64> = row.try_get(4)?;
        let (cosine, model) = (cosine.unwrap_or(0.0), row.try_get(5)?);
        let piece = Piece { chunk: row.try_get(1)?, start: at(2)?, stop: at(3)?, cosine, model };
        pieces.entry(row.try_get(0)?).or_default().push(piece);
    }
    Ok(pieces)
}
