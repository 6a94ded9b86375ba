//! What the memory is compared with, computed plainly over all texts: words alone, vectors alone, reciprocal ranks.

use ecoops_core::engines::recall::bm25::Corpus;
use ecoops_core::engines::recall::terms::terms;
use std::collections::HashMap;

pub struct Index {
    corpus: Corpus,
    lengths: Vec<u32>,
    postings: HashMap<String, HashMap<usize, u32>>,
}

impl Index {
    pub fn new(texts: &[&str]) -> Self {
        let mut postings: HashMap<String, HashMap<usize, u32>> = HashMap::new();
        let mut lengths = Vec::new();
        for (place, text) in texts.iter().enumerate() {
            let terms = terms(text);
            lengths.push(terms.len() as u32);
            for term in terms {
                *postings.entry(term).or_default().entry(place).or_default() += 1;
            }
        }
        let terms = lengths.iter().map(|l| u64::from(*l)).sum();
        Self { corpus: Corpus { texts: texts.len(), terms }, lengths, postings }
    }

    pub fn scores(&self, query: &str) -> Vec<f32> {
        let mut scores = vec![0f32; self.lengths.len()];
        let distinct: std::collections::BTreeSet<String> = terms(query).into_iter().collect();
        for places in distinct.iter().filter_map(|t| self.postings.get(t)) {
            let rarity = self.corpus.rarity(places.len());
            for (place, times) in places {
                scores[*place] += self.corpus.score(rarity, *times, self.lengths[*place]) as f32;
            }
        }
        scores
    }
}

/// Reciprocal rank fusion with k = 60 (Cormack et al., 2009).
pub fn reciprocal(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; a.len()];
    for scores in [a, b] {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|x, y| scores[*y].total_cmp(&scores[*x]));
        for (rank, place) in order.into_iter().enumerate() {
            if scores[place] != 0.0 {
                sum[place] += 1.0 / (61.0 + rank as f64);
            }
        }
    }
    sum
}

/// The rank of the right text by its best chunk; ties count against it when they come first.
pub fn rank(scores: &[f64], owners: &[usize], texts: usize, right: usize) -> usize {
    let mut best = vec![f64::MIN; texts];
    for (score, owner) in scores.iter().zip(owners) {
        best[*owner] = best[*owner].max(*score);
    }
    let above = |(i, s): (usize, &f64)| *s > best[right] || (*s == best[right] && i < right);
    1 + best.iter().enumerate().filter(|(i, s)| above((*i, s))).count()
}
