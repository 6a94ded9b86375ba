//! One search: scan the vectors, score the words, add the two, and re-rank exactly what may still win.
//!
//! A document counts with the best cosine and the best word score of its chunks, be it one chunk or two.
//! The ranking is the one that full vectors over all chunks would give. Never writes.

use super::postings;
use super::schema::SLOTS;
use super::vectors::{self, HEADER, Model, Record, Segment, Segments, Slots};
use crate::memory::intake::kind_byte;
use ecoops_core::engines::recall::bm25::Corpus;
use ecoops_core::engines::recall::hybrid::Fusion;
use ecoops_core::engines::recall::scan::{Query as VectorQuery, exact};
use ecoops_core::engines::recall::terms::terms;
use ecoops_core::ports::memory::DocumentKind;
use rayon::prelude::*;
use rusqlite::Connection;
use std::collections::{BTreeSet, HashMap, HashSet};

/// A query's terms beyond these are left out; no question has so many.
const MOST_TERMS: usize = 128;

/// What is asked, and of which documents.
pub(super) struct Request<'a> {
    pub text: &'a str,
    /// The query's vector without padding and its model; none when no chunk has that model.
    pub vector: Option<(Model, &'a [f32])>,
    pub top: usize,
    pub kinds: &'a [DocumentKind],
    /// Only these document numbers, when given.
    pub only: Option<HashSet<u32>>,
}

/// A document and the chunk that shows best why.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ranked {
    pub document: u32,
    pub slot: i64,
    pub score: f64,
    pub cosine: f64,
    pub text_rank: Option<usize>,
}

/// A chunk that may be its document's nearest. `about` and `error` bound the document's rank score by it.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    place: u32,
    owner: u32,
    about: f32,
    error: f32,
}

/// BM25 of each chunk, and the best of each document with its place.
struct Words {
    chunks: Vec<f32>,
    documents: Vec<f32>,
    places: Vec<u32>,
}

pub(super) fn run(
    connection: &Connection,
    segments: &Segments,
    request: &Request,
) -> rusqlite::Result<Vec<Ranked>> {
    let wanted = wanted(&segments.slots, request);
    let words = score_words(connection, segments, request, &wanted)?;
    let fusion = Fusion::new(&words.documents);
    let mut candidates = scan(segments, request, &wanted, &words, fusion);
    keep_possible(&mut candidates, request.top);
    let nearest = |place: u32| cosine(connection, &segments.list, request, place as usize);
    let mut ranked = Vec::with_capacity(candidates.len());
    for candidate in &candidates {
        let cosine = nearest(candidate.place)?;
        let score = fusion.score(cosine, f64::from(words.documents[candidate.owner as usize]));
        ranked.push((score, cosine, candidate));
    }
    ranked.sort_by(|(a, _, x), (b, _, y)| b.total_cmp(a).then(x.place.cmp(&y.place)));
    let mut seen = HashSet::new();
    ranked.retain(|(_, _, candidate)| seen.insert(candidate.owner));
    ranked.truncate(request.top);
    let ranks =
        text_ranks(ranked.iter().map(|(_, _, c)| words.documents[c.owner as usize]), &words.documents);
    let mut answer = Vec::with_capacity(ranked.len());
    for ((score, cosine, candidate), text_rank) in ranked.into_iter().zip(ranks) {
        let owner = candidate.owner as usize;
        let own = |cosine, place: u32| fusion.score(cosine, f64::from(words.chunks[place as usize]));
        let mut shown = candidate.place;
        if words.documents[owner] > words.chunks[shown as usize] {
            let other = words.places[owner];
            if own(nearest(other)?, other) > own(cosine, shown) {
                shown = other;
            }
        }
        let document = segments.slots.numbers[owner];
        let slot = slot(&segments.list, shown as usize);
        answer.push(Ranked { document, slot, score: fusion.shown(score), cosine, text_rank });
    }
    Ok(answer)
}

fn slot(list: &[Segment], place: usize) -> i64 {
    list[place / SLOTS].number * SLOTS as i64 + (place % SLOTS) as i64
}

/// By the full numbers of the vector; 0 for one of another model.
fn cosine(
    connection: &Connection,
    list: &[Segment],
    request: &Request,
    place: usize,
) -> rusqlite::Result<f64> {
    match request.vector {
        Some((model, query)) if model.number == list[place / SLOTS].model => {
            Ok(exact(query, &vectors::full(connection, slot(list, place))?))
        }
        _ => Ok(0.0),
    }
}

/// Which slots hold chunks of the documents asked for.
fn wanted(slots: &Slots, request: &Request) -> Vec<bool> {
    let kinds: Vec<u8> = request.kinds.iter().map(|k| kind_byte(*k)).collect();
    let one = |(kind, owner): (&u8, &u32)| {
        *kind != 0
            && (kinds.is_empty() || kinds.contains(kind))
            && request.only.as_ref().is_none_or(|only| only.contains(&slots.numbers[*owner as usize]))
    };
    slots.kinds.iter().zip(&slots.owners).map(one).collect()
}

/// Scores are 0 for chunks not asked for. How rare a term is counts among all chunks.
fn score_words(
    connection: &Connection,
    segments: &Segments,
    request: &Request,
    wanted: &[bool],
) -> rusqlite::Result<Words> {
    let slots = &segments.slots;
    let corpus = Corpus { texts: slots.chunks, terms: slots.terms };
    let orders: HashMap<i64, usize> = segments.list.iter().enumerate().map(|(i, s)| (s.number, i)).collect();
    let mut chunks = vec![0f32; wanted.len()];
    let distinct: BTreeSet<String> = terms(request.text).into_iter().take(MOST_TERMS).collect();
    for term in distinct {
        let found = postings::find(connection, &term)?;
        let rarity = corpus.rarity(found.slots);
        for (order, list) in found.lists().filter_map(|(number, list)| Some((*orders.get(&number)?, list))) {
            let places = order * SLOTS..(order + 1) * SLOTS;
            let (chunks, wanted) = (&mut chunks[places.clone()], &wanted[places.clone()]);
            let lengths = &slots.lengths[places];
            for (place, times) in list {
                if wanted.get(place) == Some(&true) {
                    chunks[place] += corpus.score(rarity, times, u32::from(lengths[place].max(1))) as f32;
                }
            }
        }
    }
    let (mut documents, mut places) = (vec![0f32; slots.numbers.len()], vec![0; slots.numbers.len()]);
    for (place, score) in chunks.iter().enumerate().filter(|(_, score)| **score > 0.0) {
        let owner = slots.owners[place] as usize;
        if *score > documents[owner] {
            (documents[owner], places[owner]) = (*score, place as u32);
        }
    }
    Ok(Words { chunks, documents, places })
}

/// Every chunk asked for, with the approximate rank score that it gives its document.
fn scan(
    segments: &Segments,
    request: &Request,
    wanted: &[bool],
    words: &Words,
    fusion: Fusion,
) -> Vec<Candidate> {
    let query = request.vector.map(|(model, vector)| (model, VectorQuery::new(vector)));
    let one = |(order, segment): (usize, &Segment)| {
        let mut found = Vec::with_capacity(SLOTS);
        let first = order * SLOTS;
        let candidate = |place: usize, cosine: f32, error: f32| {
            let owner = segments.slots.owners[place];
            let score = f64::from(words.documents[owner as usize]);
            let about = fusion.score(f64::from(cosine), score) as f32;
            Candidate { place: place as u32, owner, about, error: error + 1e-6 }
        };
        match &query {
            Some((model, query))
                if model.number == segment.model && segment.stride == HEADER + model.used =>
            {
                query.scan(&segment.records, HEADER, |place, header, sum| {
                    if wanted[first + place] {
                        let record = Record::read(header);
                        let about = query.product(record.scale, sum);
                        found.push(candidate(first + place, about, query.bound(record.error)));
                    }
                });
            }
            _ => {
                // without a vector to compare, only a word in common makes an answer
                let places = first..first + SLOTS;
                let common = places.filter(|place| wanted[*place] && words.chunks[*place] > 0.0);
                found.extend(common.map(|place| candidate(place, 0.0, 0.0)));
            }
        }
        // what cannot be among the best of its segment cannot be among the best of all
        keep_possible(&mut found, request.top);
        found
    };
    segments.list.par_iter().enumerate().flat_map_iter(one).collect()
}

/// Drops the candidates that cannot be the best chunk of one of the `top` best documents.
fn keep_possible(candidates: &mut Vec<Candidate>, top: usize) {
    let by_score = |a: &Candidate, b: &Candidate| (b.about - b.error).total_cmp(&(a.about - a.error));
    let mut sample = (4 * top).max(64);
    while sample < candidates.len() {
        candidates.select_nth_unstable_by(sample, by_score);
        candidates[..sample].sort_unstable_by(by_score);
        let mut documents = HashSet::new();
        let enough = candidates[..sample].iter().find(|c| {
            documents.insert(c.owner);
            documents.len() >= top
        });
        if let Some(last) = enough {
            let sure = last.about - last.error;
            candidates.retain(|c| c.about + c.error >= sure);
            return;
        }
        sample *= 4;
    }
}

/// The rank of each score among all documents, from 1; none for a score of 0.
fn text_ranks(scores: impl Iterator<Item = f32>, all: &[f32]) -> Vec<Option<usize>> {
    let scores: Vec<f32> = scores.collect();
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let mut above = vec![0usize; scores.len()];
    for score in all.iter().filter(|s| **s > 0.0) {
        // all hits with a lower score have this one above them: count at the last of them
        let lower = order.partition_point(|hit| scores[*hit] < *score);
        if lower > 0 {
            above[lower - 1] += 1;
        }
    }
    let mut total = 0;
    let mut ranks = vec![None; scores.len()];
    for at in (0..order.len()).rev() {
        total += above[at];
        ranks[order[at]] = (scores[order[at]] > 0.0).then_some(total + 1);
    }
    ranks
}
