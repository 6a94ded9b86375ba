//! How much a term tells: BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009).

/// Saturation of repetition, and how much a long text is marked down; the usual values.
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// What the weights need to know of all texts together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Corpus {
    pub texts: usize,
    /// Terms of all texts.
    pub terms: u64,
}

impl Corpus {
    /// The weight of a term that `found` texts have: high for a rare one, never below 0.
    pub fn rarity(&self, found: usize) -> f64 {
        let found = found.min(self.texts) as f64;
        (1.0 + (self.texts as f64 - found + 0.5) / (found + 0.5)).ln()
    }

    /// The score of one term in a text of `length` terms that has it `times` times: from 0 to [`Corpus::best`].
    pub fn score(&self, rarity: f64, times: u32, length: u32) -> f64 {
        let mean = (self.terms as f64 / self.texts.max(1) as f64).max(1.0);
        let times = f64::from(times);
        rarity * times * (K1 + 1.0) / (times + K1 * (1.0 - B + B * f64::from(length) / mean))
    }

    /// The score of a term that a text repeats without end.
    pub fn best(&self, rarity: f64) -> f64 {
        rarity * (K1 + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_repeated_and_short_count_for_more() {
        let corpus = Corpus { texts: 100, terms: 1_000 };
        assert!(corpus.rarity(1) > corpus.rarity(50) && corpus.rarity(100) > 0.0);
        let rarity = corpus.rarity(3);
        assert!(corpus.score(rarity, 2, 10) > corpus.score(rarity, 1, 10));
        assert!(corpus.score(rarity, 1, 5) > corpus.score(rarity, 1, 50));
        assert!(corpus.score(rarity, 1_000_000, 1) <= corpus.best(rarity));
        assert_eq!(corpus.score(rarity, 0, 10), 0.0);
    }

    #[test]
    fn nothing_stored_is_no_division_by_zero() {
        let empty = Corpus { texts: 0, terms: 0 };
        assert!(empty.score(empty.rarity(0), 1, 1).is_finite());
    }
}
