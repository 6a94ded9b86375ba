//! The tokens of all live templates, each kept once.
//!
//! Knows how two tokens become one with a wildcard, and what a token looks like; never what it
//! means in its line (see `column`).

use super::hash::{self, mix};
use super::mask::VAR;

/// A token, by its number in [`Words`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Word(pub u32);

/// All words, in one buffer: there are many, and they come and go together.
#[derive(Debug, Default)]
pub struct Words {
    bytes: Vec<u8>,
    /// Where each word ends in `bytes`.
    ends: Vec<u32>,
    /// Hashes of words with their numbers plus one, at the place of the hash or the next free one; the
    /// number zero is free.
    table: Vec<(u32, u32)>,
}

/// What two or more texts have in common at their ends, cut where a name ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Affixes {
    pub prefix: usize,
    pub suffix: usize,
}

impl Words {
    /// The number of `text`, a new one if it has none.
    pub fn intern(&mut self, text: &[u8]) -> Word {
        if self.table.len() < self.ends.len() * 2 + 16 {
            self.grow();
        }
        let hash = (hash::bytes(text) >> 32) as u32;
        let place = self.place(hash, |word| self.text(word) == text);
        if self.table[place].1 == 0 {
            self.bytes.extend_from_slice(text);
            self.ends.push(self.bytes.len() as u32);
            self.table[place] = (hash, self.ends.len() as u32);
        }
        Word(self.table[place].1 - 1)
    }

    /// Where a word with this hash that `is` the one is in the table, or where it would be put.
    fn place(&self, hash: u32, is: impl Fn(Word) -> bool) -> usize {
        let mask = self.table.len() - 1;
        let mut place = hash as usize & mask;
        loop {
            let (other, number) = self.table[place];
            if number == 0 || other == hash && is(Word(number - 1)) {
                return place;
            }
            place = (place + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let old = std::mem::take(&mut self.table);
        self.table = vec![(0, 0); (self.ends.len() * 4 + 64).next_power_of_two()];
        for entry in old.into_iter().filter(|e| e.1 != 0) {
            let place = self.place(entry.0, |_| false);
            self.table[place] = entry;
        }
    }

    /// The text of a word.
    pub fn text(&self, word: Word) -> &[u8] {
        let at = word.0 as usize;
        let begin = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |b| *b as usize);
        self.ends.get(at).map_or(&[VAR], |end| &self.bytes[begin..*end as usize])
    }

    /// The bytes of all words.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// How many words there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The token that stands for both: what they share at their ends around a wildcard.
    pub fn generalise(&mut self, a: Word, b: Word) -> Word {
        if a == b {
            return a;
        }
        let joined = generalise(self.text(a), self.text(b));
        self.intern(&joined)
    }

    /// A hash of what the unit `word` measures if it is one and follows a number.
    pub fn quantity(&self, before: Option<&Word>, word: Word) -> Option<u64> {
        let text = self.text(word);
        let what = quantity(core(text))?;
        let closing = &text[core(text).len()..];
        before.filter(|b| self.text(**b).ends_with(&[VAR]))?;
        Some(mix(hash::bytes(what.as_bytes()) ^ hash::bytes(closing)))
    }

    /// A hash of the token that is the same however its numbers and truth values are: `3` and
    /// `00:01`, `eth0` and `eth1`, `ok=true` and `ok=false`.
    pub fn notation(&self, word: Word) -> u64 {
        notation(self.text(word))
    }

    /// Letters alone, but for punctuation around them.
    pub fn is_plain(&self, word: Word) -> bool {
        let core = core(self.text(word));
        core.len() > 1 && core.iter().all(|b| b.is_ascii_alphabetic() || *b >= 0x80 && *b != VAR)
    }

    /// A name that programs make, perhaps after a key: digits, inner punctuation, a parameter.
    pub fn is_identifier(&self, word: Word) -> bool {
        let text = self.text(word);
        looks_made(core(&text[key(text).len()..])) || text.contains(&VAR)
    }
}

/// `text` without punctuation around it.
pub fn core(text: &[u8]) -> &[u8] {
    let wordy = |b: &u8| b.is_ascii_alphanumeric() || *b >= 0x80;
    let begin = text.iter().position(wordy).unwrap_or(text.len());
    let end = text.iter().rposition(wordy).map_or(begin, |e| e + 1);
    &text[begin..end]
}

/// Digits, parameters, inner punctuation or capitals within a word: no word of a sentence.
pub fn looks_made(core: &[u8]) -> bool {
    let digits = core.iter().any(|b| b.is_ascii_digit() || *b == VAR);
    let joined = core.iter().any(|b| matches!(b, b'.' | b'/' | b'\\' | b'@' | b'$' | b':' | b'=' | b'_'));
    let camel = core.windows(2).any(|w| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase());
    let constant = core.iter().all(|b| b.is_ascii_uppercase() || matches!(b, b'_' | b'-'));
    digits || (joined || camel) && !constant
}

/// The key of `key=value`, with the sign; empty for any other text.
pub fn key(text: &[u8]) -> &[u8] {
    let sign = text.iter().position(|b| *b == b'=').map_or(0, |at| at + 1);
    if sign > 1 { &text[..sign] } else { &[] }
}

/// What a unit measures; none for a word that is no unit.
pub fn quantity(core: &[u8]) -> Option<&'static str> {
    const UNITS: [(&str, &[&[u8]]); 2] = [
        ("size", &[b"B", b"KB", b"MB", b"GB", b"TB", b"kB", b"KiB", b"MiB", b"GiB", b"TiB", b"bytes"]),
        ("time", &[b"ns", b"us", b"ms", b"s", b"sec", b"secs", b"min", b"minutes", b"seconds", b"hours"]),
    ];
    UNITS.iter().find(|(_, units)| units.contains(&core)).map(|(what, _)| *what)
}

/// Digits or a parameter: no two lines need agree in it.
pub fn is_coded(core: &[u8]) -> bool {
    core.iter().any(|b| b.is_ascii_digit() || *b == VAR)
}

/// How `texts` begin and end alike, the affixes not overlapping in the shortest.
pub fn affixes<'a>(mut texts: impl Iterator<Item = &'a [u8]>) -> Affixes {
    let Some(first) = texts.next() else { return Affixes { prefix: 0, suffix: 0 } };
    let (mut prefix, mut suffix, mut shortest) = (first.len(), first.len(), first.len());
    for text in texts {
        prefix = prefix.min(first.iter().zip(text).take_while(|(a, b)| a == b).count());
        suffix = suffix.min(first.iter().rev().zip(text.iter().rev()).take_while(|(a, b)| a == b).count());
        shortest = shortest.min(text.len());
    }
    while prefix > 0 && !joins(first[prefix - 1]) {
        prefix -= 1;
    }
    suffix = suffix.min(shortest - prefix);
    while suffix > 0 && !closes(first[first.len() - suffix]) {
        suffix -= 1;
    }
    Affixes { prefix, suffix }
}

fn joins(byte: u8) -> bool {
    byte.is_ascii_punctuation()
}

fn closes(byte: u8) -> bool {
    matches!(
        byte,
        b',' | b';' | b')' | b']' | b'}' | b'>' | b'"' | b'\'' | b'=' | b'&' | b'|' | b':' | b'!' | b'?'
    )
}

const NUMBER: u8 = b'#';

fn notation(text: &[u8]) -> u64 {
    let inner = text.iter().rposition(|b| *b == VAR).map_or(0, |e| e + 1);
    if inner > 0 && text[..inner].iter().all(|b| matches!(*b, VAR | b'.' | b':' | b'-' | b'+')) {
        return mix(hash::bytes(&text[inner..]));
    }
    if !text.iter().any(|b| b.is_ascii_digit() || *b == VAR || matches!(b, b'e' | b'E')) {
        return hash::bytes(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let truth = truth_length(rest).filter(|_| !plain.last().is_some_and(u8::is_ascii_alphanumeric));
        if first.is_ascii_digit() || *first == VAR || truth.is_some() {
            if plain.last() != Some(&NUMBER) {
                plain.push(NUMBER);
            }
            rest = &rest[truth.unwrap_or(1)..];
        } else {
            plain.push(*first);
            rest = after;
        }
    }
    hash::bytes(&plain)
}

/// The length of `true` or `false` at the begin of `text`, as a whole word.
fn truth_length(text: &[u8]) -> Option<usize> {
    let length = [&b"true"[..], b"false"]
        .iter()
        .find(|t| text.get(..t.len()).is_some_and(|head| head.eq_ignore_ascii_case(t)))
        .map(|t| t.len())?;
    (!text.get(length).is_some_and(u8::is_ascii_alphanumeric)).then_some(length)
}

/// `a` and `b` with wildcards for what they do not share: part by part when both have the same
/// parts (`a=1,b=x` and `a=2,b=x`), otherwise one.
pub fn generalise(a: &[u8], b: &[u8]) -> Vec<u8> {
    let separators = |text: &[u8]| text.iter().filter(|b| separates(**b)).copied().collect::<Vec<u8>>();
    let between = separators(a);
    if between.is_empty() || between != separators(b) {
        return generalise_part(a, b);
    }
    let mut joined = Vec::with_capacity(a.len());
    let parts = a.split(|b| separates(*b)).zip(b.split(|b| separates(*b)));
    for (i, (x, y)) in parts.enumerate() {
        if i > 0 {
            joined.push(between[i - 1]);
        }
        joined.extend(if x == y { x.to_vec() } else { generalise_part(x, y) });
    }
    joined
}

fn separates(byte: u8) -> bool {
    matches!(
        byte,
        b'=' | b',' | b';' | b':' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'<' | b'>' | b'"' | b'\''
    )
}

fn generalise_part(a: &[u8], b: &[u8]) -> Vec<u8> {
    let Affixes { mut prefix, suffix } = affixes([a, b].into_iter());
    let letters =
        a[prefix..].iter().zip(&b[prefix..]).take_while(|(x, y)| x == y && x.is_ascii_alphabetic()).count();
    let numbered = |text: &[u8]| {
        let number = text.get(prefix + letters..text.len() - suffix).unwrap_or_default();
        !number.is_empty() && (number == [VAR] || number.iter().all(u8::is_ascii_digit))
    };
    // `eth0` and `eth1` are `eth<*>`
    if letters > 0 && numbered(a) && numbered(b) {
        prefix += letters;
    }
    let mut joined = Vec::with_capacity(prefix + suffix + 1);
    joined.extend_from_slice(&a[..prefix]);
    joined.push(VAR);
    joined.extend_from_slice(&a[a.len() - suffix..]);
    joined.dedup_by(|x, y| *x == VAR && *y == VAR);
    joined
}
