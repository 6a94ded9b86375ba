//! The index of words: lists of where a term is, and BM25 from them.
//!
//! An entry is eight bytes, little-endian: the document after the first of its block (u16), the chunk (u16), how often
//! (u8, 255 for more), the kind (u8), the chunk's length in terms (u16). Never looks at a text.

use ecoops_core::engines::recall::bm25::Corpus;
use std::collections::{BTreeMap, HashMap};

pub(super) const ENTRY: usize = 8;
/// Documents of one block.
pub(super) const BLOCK: usize = 1 << 16;

#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub document: u16,
    pub chunk: u16,
    pub times: u8,
    pub kind: u8,
    pub length: u16,
}

impl Entry {
    fn write(self, list: &mut Vec<u8>) {
        list.extend(self.document.to_le_bytes());
        list.extend(self.chunk.to_le_bytes());
        list.extend([self.times, self.kind]);
        list.extend(self.length.to_le_bytes());
    }

    fn read(bytes: &[u8; ENTRY]) -> Self {
        let two = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        Self { document: two(0), chunk: two(2), times: bytes[4], kind: bytes[5], length: two(6) }
    }
}

/// The lists of one block.
#[derive(Debug, Default)]
pub(super) struct Block(pub BTreeMap<String, Vec<u8>>);

impl Block {
    /// Adds the terms of one chunk; the entry's `times` is filled in.
    pub fn add(&mut self, entry: Entry, mut terms: Vec<String>) {
        terms.sort_unstable();
        for same in terms.chunk_by_mut(|a, b| a == b) {
            let times = u8::try_from(same.len()).unwrap_or(u8::MAX);
            Entry { times, ..entry }.write(self.0.entry(std::mem::take(&mut same[0])).or_default());
        }
    }
}

/// The list without a document's entries.
pub(super) fn without(list: &[u8], document: u16) -> Vec<u8> {
    let stays = |entry: &&[u8; ENTRY]| Entry::read(entry).document != document;
    list.as_chunks().0.iter().filter(stays).flatten().copied().collect()
}

/// BM25 of each chunk that has a word of the query, and the best of each document.
#[derive(Debug, Default)]
pub(super) struct Scores {
    pub chunks: HashMap<(i64, u16), f32>,
    /// The score and the chunk.
    pub documents: HashMap<i64, (f32, u16)>,
}

impl Scores {
    /// `lists` by term and block; `wanted` says which documents, by number and kind, are asked for. How rare a term
    /// is counts among all chunks.
    pub fn new(
        corpus: Corpus,
        lists: &BTreeMap<String, Vec<(i64, Vec<u8>)>>,
        wanted: impl Fn(i64, u8) -> bool,
    ) -> Self {
        let mut scores = Self::default();
        for blocks in lists.values() {
            let rarity = corpus.rarity(blocks.iter().map(|(_, list)| list.len() / ENTRY).sum());
            for (block, list) in blocks {
                for entry in list.as_chunks().0.iter().map(Entry::read) {
                    let number = block + i64::from(entry.document);
                    if wanted(number, entry.kind) {
                        let length = u32::from(entry.length.max(1));
                        let score = corpus.score(rarity, u32::from(entry.times), length) as f32;
                        *scores.chunks.entry((number, entry.chunk)).or_default() += score;
                    }
                }
            }
        }
        for ((number, chunk), score) in &scores.chunks {
            let best = scores.documents.entry(*number).or_insert((*score, *chunk));
            // of equals the first
            if *score > best.0 || (*score == best.0 && *chunk < best.1) {
                *best = (*score, *chunk);
            }
        }
        scores
    }

    pub fn document(&self, number: i64) -> f32 {
        self.documents.get(&number).map_or(0.0, |(score, _)| *score)
    }

    /// From 1; none for a score of 0.
    pub fn rank(&self, number: i64) -> Option<usize> {
        let own = self.document(number);
        (own > 0.0).then(|| 1 + self.documents.values().filter(|(score, _)| *score > own).count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_document_counts_with_its_best_chunk_and_leaves_nothing_behind() {
        let mut block = Block::default();
        let entry =
            |document, chunk| Entry { document, chunk, times: 0, kind: 1 + document as u8, length: 2 };
        block.add(entry(0, 0), words("pool leak"));
        block.add(entry(0, 1), words("pool pool"));
        block.add(entry(1, 0), words("disk pool"));
        let lists = |term: &str| (term.to_owned(), vec![(100, block.0[term].clone())]);
        let asked = BTreeMap::from([lists("pool"), lists("leak")]);
        let corpus = Corpus { texts: 3, terms: 6 };
        let scores = Scores::new(corpus, &asked, |_, _| true);
        assert_eq!(scores.chunks.len(), 3);
        assert_eq!(scores.documents[&100].1, 0);
        assert_eq!((scores.rank(100), scores.rank(101), scores.rank(7)), (Some(1), Some(2), None));
        assert_eq!(Scores::new(corpus, &asked, |_, kind| kind == 2).documents.len(), 1);
        let left = without(&block.0["pool"], 0);
        assert_eq!(
            (left.len(), Entry::read(left.as_chunks().0[0..1].first().expect("one")).document),
            (ENTRY, 1)
        );
        assert_eq!(without(&block.0["leak"], 0), [0u8; 0]);
    }
}
