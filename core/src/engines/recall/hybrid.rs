//! One score from two: cosine of the vectors and BM25 of the words.
//!
//! A sum of scores in the sense of Bruch et al., "An Analysis of Fusion Functions for Hybrid Retrieval"
//! (2023): it keeps how much better one text is than another, which reciprocal ranks throw away. Words
//! count only as far as they set a text apart: what the seventh best text has too is no evidence. So a
//! question in other words than the texts is left to the vectors, and an exact name finds its text.

/// What a text that stands out by its words alone gains, against 1 for a perfect answer by meaning.
const WORDS: f64 = 0.35;
/// A word score counts from the score of the text at this place on.
const CROWD: usize = 7;

/// How the two scores of one query are added.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fusion {
    crowd: f64,
    per_score: f64,
}

impl Fusion {
    /// `words` are the BM25 scores of all texts that are searched; 0 for a text without a word in common.
    pub fn new(words: &[f32]) -> Self {
        // best first; most texts fail the first comparison
        let mut best = [0f32; CROWD];
        for score in words {
            if *score > best[CROWD - 1] {
                let place = best.partition_point(|b| b >= score);
                best[place..].rotate_right(1);
                best[place] = *score;
            }
        }
        let per_score = if best[0] > 0.0 { WORDS / f64::from(best[0]) } else { 0.0 };
        Self { crowd: f64::from(best[CROWD - 1]), per_score }
    }

    /// The rank score: comparable within one query only. Grows with both, and by 1 with the cosine.
    pub fn score(&self, cosine: f64, words: f64) -> f64 {
        cosine + self.per_score * (words - self.crowd).max(0.0)
    }

    /// The rank score on a scale from 0 to 1, for people.
    pub fn shown(&self, score: f64) -> f64 {
        (score / (1.0 + WORDS)).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_stands_out_by_its_words_wins() {
        let fusion = Fusion::new(&[0.0, 12.0, 3.0, 2.0, 0.0]);
        assert!(fusion.score(0.4, 12.0) > fusion.score(0.6, 3.0));
        assert!((fusion.shown(fusion.score(1.0, 12.0)) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn words_that_a_crowd_shares_do_not_count() {
        let fusion = Fusion::new(&[5.0; 9]);
        assert_eq!(fusion.score(0.4, 5.0), 0.4);
    }

    #[test]
    fn without_words_the_meaning_decides() {
        for words in [&[][..], &[0.0; 7]] {
            assert_eq!(Fusion::new(words).score(0.4, 0.0), 0.4);
        }
        assert_eq!(Fusion::new(&[]).shown(-1.0), 0.0);
    }

    #[test]
    fn better_in_one_and_equal_in_the_other_is_never_worse() {
        let fusion = Fusion::new(&[9.0, 8.0, 7.0, 6.0, 5.0, 4.0]);
        for words in [0.0, 4.0, 6.0, 9.0] {
            assert!(fusion.score(0.5, words) > fusion.score(0.4, words));
            assert!(fusion.score(0.5, words + 1.0) >= fusion.score(0.5, words));
        }
    }
}
