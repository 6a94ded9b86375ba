//! Whether the words in one column of otherwise equal lines are values of a parameter.
//!
//! Judged by how many they are, how evenly they come, what they look like and what stands before
//! them. No word of any log is known here but those of the language in which programs name things.

use super::mask::VAR;
use super::refine::Merge;
use super::words::{Affixes, Word, Words, affixes, core, is_coded, key, looks_made, quantity};

/// So many different values of one column are values whatever they look like.
const MANY: usize = 6;
/// As many, where the column is the line's first: it is what the line is about.
const MANY_SUBJECTS: usize = 16;
/// The least evenness of a few values that are a parameter.
const EVEN: f64 = 0.4;
/// So many where the words before announce a value.
const ANNOUNCED: usize = 3;

/// A column of clusters that agree in all others.
#[derive(Debug)]
pub struct Column {
    distinct: usize,
    /// Of all values, those that no sentence has, from 0 to 1.
    made: f64,
    /// Of all values, those with digits or a parameter in them.
    coded: f64,
    /// Words in capitals or participles: states and what happened, which tell messages apart.
    states: f64,
    /// How evenly the values come, from 0 (one alone) to 1.
    evenness: f64,
    /// One value is nothing at all within its brackets, quotes or after its sign.
    empty: bool,
    /// The values are pairs of which the key differs.
    keys: bool,
    truth: bool,
    announced: bool,
    /// Announced by a word of the sentence.
    named: bool,
    first: bool,
    units: bool,
    /// Literal words besides the column.
    constants: usize,
}

impl Column {
    /// Reads column `at` of `tokens`, whose values and their numbers of lines are `values`.
    pub fn read(tokens: &[Word], at: usize, values: &[(Word, u64)], words: &Words) -> Self {
        let ends = affixes(values.iter().map(|(w, _)| words.text(*w)));
        let middles: Vec<&[u8]> = values.iter().map(|(w, _)| middle(words.text(*w), ends)).collect();
        let share = |test: fn(&[u8]) -> bool| {
            middles.iter().filter(|m| test(core(m)) || m.contains(&VAR) && test(m)).count() as f64
                / middles.len() as f64
        };
        let prefix = &words.text(values[0].0)[..ends.prefix];
        let before = at.checked_sub(1).map(|c| words.text(tokens[c]));
        Self {
            distinct: values.len(),
            made: share(looks_made),
            coded: share(is_coded),
            states: share(is_state),
            evenness: evenness(values),
            empty: prefix
                .last()
                .is_some_and(|b| matches!(b, b'(' | b'[' | b'{' | b'=' | b':' | b'"' | b'\''))
                && middles.iter().any(|m| core(m).is_empty() && !m.contains(&VAR)),
            keys: ends.prefix == 0 && middles.iter().all(|m| !key(m).is_empty()),
            truth: middles.iter().all(|m| is_truth(core(m))),
            announced: announces(prefix, before) || prefix.is_empty() && before.is_some_and(names),
            named: prefix.is_empty() && before.is_some_and(names),
            first: at == 0 && ends.prefix == 0,
            units: before.is_some_and(|b| b.ends_with(&[VAR]))
                && middles
                    .iter()
                    .all(|m| quantity(core(m)) == quantity(core(middles[0])) && quantity(core(m)).is_some()),
            constants: tokens.iter().enumerate().filter(|(c, w)| *c != at && words.is_plain(**w)).count(),
        }
    }

    /// The judgement.
    pub fn is_parameter(&self) -> bool {
        if self.keys {
            return false;
        }
        if self.truth || self.units || self.coded >= 1.0 && self.constants > 0 {
            return true;
        }
        if self.constants == 0 {
            return self.announced && self.distinct >= MANY;
        }
        if self.first {
            return self.distinct >= MANY_SUBJECTS && self.states < 0.5;
        }
        if self.made >= 1.0 {
            return self.announced || self.distinct >= ANNOUNCED;
        }
        if self.announced && self.states < 0.5 {
            let enough = self.named || self.evenness >= EVEN;
            return self.distinct >= MANY || self.distinct >= ANNOUNCED && enough || self.made >= 0.5;
        }
        if self.empty && self.made >= 0.5 {
            return true;
        }
        self.distinct >= 2 * MANY || self.distinct >= MANY && (self.states < 0.5 || self.made >= 0.5)
    }
}

fn middle(text: &[u8], ends: Affixes) -> &[u8] {
    &text[ends.prefix..text.len() - ends.suffix]
}

/// A word in capitals, or one that says what happened or happens.
fn is_state(core: &[u8]) -> bool {
    core.len() >= 3 && core.iter().all(|b| b.is_ascii_uppercase() || matches!(b, b'_' | b'-'))
        || core.len() >= 5 && (core.ends_with(b"ed") || core.ends_with(b"ing"))
}

fn is_truth(core: &[u8]) -> bool {
    [&b"true"[..], b"false", b"yes", b"no", b"on", b"off", b"null", b"none"]
        .iter()
        .any(|t| core.eq_ignore_ascii_case(t))
}

/// The entropy of the values over what it would be if all came as often.
fn evenness(values: &[(Word, u64)]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let total: u64 = values.iter().map(|(_, n)| n).sum();
    let entropy: f64 = values
        .iter()
        .map(|(_, n)| *n as f64 / total.max(1) as f64)
        .filter(|p| *p > 0.0)
        .map(|p| -p * p.ln())
        .sum();
    entropy / (values.len() as f64).ln()
}

/// What comes right before says that a value follows: `key=`, `key:`, a quote, a qualified name.
fn announces(prefix: &[u8], before: Option<&[u8]>) -> bool {
    let opens = |b: &u8| matches!(b, b'=' | b':' | b'"' | b'\'' | b'@' | b'#');
    match prefix.last() {
        Some(last) => opens(last) || prefix.contains(&b'.'),
        None => before.and_then(<[u8]>::last).is_some_and(|l| matches!(l, b'=' | b':')),
    }
}

/// A preposition or a noun after which sentences of programs name things.
fn names(before: &[u8]) -> bool {
    const NAMES: &str = " user username host hostname node name named for from to by group account device \
                         interface domain client server service process file class called id ";
    let word = String::from_utf8_lossy(core(before)).to_ascii_lowercase();
    !word.is_empty() && NAMES.contains(&format!(" {word} "))
}

/// Whether clusters that agree in all but identifiers are one: the identifiers of each column differ
/// as values do, not as two or three names that each stand for many.
pub fn vary_together(group: &[usize], live: &[Merge], words: &Words) -> bool {
    let Some(first) = group.first().map(|g| &live[*g].tokens) else { return false };
    let (mut coded, mut named) = (0, 0);
    for c in (0..first.len()).filter(|c| words.is_identifier(first[*c])) {
        let mut seen: Vec<Word> = group.iter().map(|g| live[*g].tokens[c]).collect();
        seen.sort_unstable();
        seen.dedup();
        if seen.len() == 1 {
            continue;
        }
        if seen.len() * 2 < group.len().min(2 * MANY) {
            return false;
        }
        let all = seen.iter().all(|w| is_coded(core(words.text(*w))));
        (coded, named) = (coded + usize::from(all), named + usize::from(!all));
    }
    group.len()
        >= if named == 0 {
            2
        } else if coded > 0 {
            ANNOUNCED
        } else {
            MANY
        }
}
