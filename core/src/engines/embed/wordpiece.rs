//! Text to the numbers of word pieces, as BERT's uncased tokenizer does it.
//!
//! Clean, space out Chinese characters, decompose and drop accents, lower the case, split at space and
//! punctuation, then the longest pieces of the vocabulary from the left (Wu et al., 2016). Names of
//! special tokens within a text are plain text. Stops reading when enough tokens are found.

use regex::Regex;
use std::collections::HashMap;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

/// A longer word is unknown as a whole.
const LONGEST_WORD: usize = 100;

/// The vocabulary, by piece.
#[derive(Debug)]
pub struct Tokenizer {
    /// Pieces that begin a word.
    heads: HashMap<Box<str>, u32>,
    /// Pieces that go on (written `##piece`).
    tails: HashMap<Box<str>, u32>,
    size: usize,
    unknown: u32,
    first: u32,
    last: u32,
}

impl Tokenizer {
    /// `vocabulary` has one piece a line; the number of a piece is its line, from 0. `None` when one of
    /// `[UNK]`, `[CLS]`, `[SEP]` is missing.
    pub fn new(vocabulary: &str) -> Option<Self> {
        let (mut heads, mut tails) = (HashMap::with_capacity(24_000), HashMap::with_capacity(8_000));
        let mut size = 0;
        for (piece, number) in vocabulary.lines().zip(0u32..) {
            match piece.strip_prefix("##") {
                Some(tail) if !tail.is_empty() => tails.insert(tail.into(), number),
                _ => heads.insert(piece.into(), number),
            };
            size += 1;
        }
        let special = |name: &str| heads.get(name).copied();
        let (unknown, first, last) = (special("[UNK]")?, special("[CLS]")?, special("[SEP]")?);
        Some(Self { heads, tails, size, unknown, first, last })
    }

    /// Pieces in the vocabulary.
    pub fn len(&self) -> usize {
        self.size
    }

    pub fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// The pieces of `text` between `[CLS]` and `[SEP]`, at most `longest` with these two.
    pub fn encode(&self, text: &str, longest: usize) -> Vec<u32> {
        let room = longest.saturating_sub(1);
        let mut tokens = vec![self.first];
        let mut word = String::new();
        let mut letters = 0;
        for c in normal_chars(text) {
            let kind = Kind::of(c);
            if kind == Kind::Letter {
                letters += 1;
                // one more than the longest word is enough to know that it is unknown
                if letters <= LONGEST_WORD + 1 {
                    word.push(c);
                }
                continue;
            }
            self.split_word(&word, letters, &mut tokens);
            word.clear();
            letters = 0;
            if kind == Kind::Alone {
                self.split_word(c.encode_utf8(&mut [0; 4]), 1, &mut tokens);
            }
            if tokens.len() >= room {
                break;
            }
        }
        self.split_word(&word, letters, &mut tokens);
        tokens.truncate(room);
        tokens.push(self.last);
        tokens
    }

    /// How many pieces `text` has, counted up to `most`.
    pub fn count(&self, text: &str, most: usize) -> usize {
        self.encode(text, most.saturating_add(2)).len().saturating_sub(2)
    }

    fn split_word(&self, word: &str, letters: usize, tokens: &mut Vec<u32>) {
        if letters == 0 {
            return;
        }
        if letters > LONGEST_WORD {
            tokens.push(self.unknown);
            return;
        }
        let before = tokens.len();
        let mut rest = word;
        while !rest.is_empty() {
            let pieces = if rest.len() == word.len() { &self.heads } else { &self.tails };
            let Some((length, number)) = longest_piece(pieces, rest) else {
                tokens.truncate(before);
                tokens.push(self.unknown);
                return;
            };
            tokens.push(number);
            rest = &rest[length..];
        }
    }
}

fn longest_piece(pieces: &HashMap<Box<str>, u32>, text: &str) -> Option<(usize, u32)> {
    let ends = text.char_indices().map(|(start, c)| start + c.len_utf8()).collect::<Vec<_>>();
    ends.into_iter().rev().find_map(|end| Some((end, *pieces.get(&text[..end])?)))
}

/// Characters without control characters and accents, in lower case.
fn normal_chars(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .filter(|c| !is_dropped(*c))
        .nfd()
        .filter(|c| c.is_ascii() || !MARK.is_match(c.encode_utf8(&mut [0; 4])))
        .flat_map(char::to_lowercase)
}

fn is_dropped(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        '\u{fffd}' => true,
        _ if c.is_ascii() => c.is_ascii_control(),
        _ => CONTROL.is_match(c.encode_utf8(&mut [0; 4])),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Space,
    /// A word by itself: punctuation, a Chinese character.
    Alone,
    Letter,
}

impl Kind {
    fn of(c: char) -> Self {
        if c.is_whitespace() {
            Kind::Space
        } else if c.is_ascii_punctuation() || is_chinese(c) {
            Kind::Alone
        } else if c.is_ascii() || !PUNCTUATION.is_match(c.encode_utf8(&mut [0; 4])) {
            Kind::Letter
        } else {
            Kind::Alone
        }
    }
}

/// The blocks of Chinese characters that BERT names.
fn is_chinese(c: char) -> bool {
    matches!(u32::from(c),
        0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x20000..=0x2A6DF | 0x2A700..=0x2B73F | 0x2B740..=0x2B81F
        | 0x2B820..=0x2CEAF | 0xF900..=0xFAFF | 0x2F800..=0x2FA1F)
}

fn class(pattern: &str) -> Regex {
    // a constant pattern of this file; a wrong one shows in every test of this module
    Regex::new(pattern).unwrap_or_else(|e| unreachable!("{e}"))
}

static MARK: LazyLock<Regex> = LazyLock::new(|| class(r"^\p{Mn}"));
static CONTROL: LazyLock<Regex> = LazyLock::new(|| class(r"^\p{C}"));
static PUNCTUATION: LazyLock<Regex> = LazyLock::new(|| class(r"^\p{P}"));

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn small() -> Tokenizer {
        let pieces = [
            "[UNK]", "[CLS]", "[SEP]", "fix", "##ed", "##ing", "the", "leak", ".", "中", "cafe", "[", "]",
            "sep",
        ];
        Tokenizer::new(&pieces.join("\n")).expect("complete")
    }

    #[test]
    fn splits_as_bert_does() {
        let tokenizer = small();
        for (text, expected) in [
            ("", &[1, 2][..]),
            ("Fixed the LEAK.", &[1, 3, 4, 6, 7, 8, 2]),
            ("fixing\tfix\u{0}ed\u{200b}", &[1, 3, 5, 3, 4, 2]),
            ("café中leak", &[1, 10, 9, 7, 2]),
            ("fixes", &[1, 0, 2]),
            ("[SEP]", &[1, 11, 13, 12, 2]),
            ("ed", &[1, 0, 2]),
        ] {
            assert_eq!(tokenizer.encode(text, 256), expected, "{text:?}");
        }
    }

    #[test]
    fn a_huge_text_is_cut_and_a_huge_word_is_unknown() {
        let tokenizer = small();
        assert_eq!(tokenizer.encode(&"the ".repeat(3_000_000), 16).len(), 16);
        assert_eq!(tokenizer.encode(&"a".repeat(10_000_000), 16), [1, 0, 2]);
        assert_eq!(tokenizer.count("the leak. the leak.", 3), 3);
    }

    #[test]
    fn a_vocabulary_without_special_tokens_is_refused() {
        assert!(Tokenizer::new("the\nleak").is_none());
    }

    proptest! {
        #[test]
        fn any_text_gives_known_numbers(text in "\\PC*|.{0,40}|[\\x00-\\x7f]{0,80}", longest in 2usize..40) {
            let tokenizer = small();
            let tokens = tokenizer.encode(&text, longest);
            prop_assert!(tokens.len() >= 2 && tokens.len() <= longest);
            prop_assert!(tokens.iter().all(|t| (*t as usize) < tokenizer.len()));
        }
    }
}
