//! Cuts a text into pieces that an embedding model can take in as a whole.
//!
//! Cuts before headings, else between paragraphs, else before lines that are not indented (the next
//! function of a program), else between lines. Pieces cover all of the text that is not blank.

use std::ops::Range;

/// Tokens, as [`estimate`] counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most in a piece.
    pub tokens: usize,
    /// What a piece repeats of the one before it when the cut is within a paragraph.
    pub overlap: usize,
}

impl Default for Limits {
    /// Below the 256 tokens that the built-in model reads.
    fn default() -> Self {
        Self { tokens: 200, overlap: 40 }
    }
}

/// The pieces of one text that are worth embedding: a piece takes some 100 ms, and a text of a megabyte has
/// thousands. The words of all pieces count all the same.
pub const MOST_EMBEDDED: usize = 48;

/// At most `most` of `count` places, the first one among them, evenly spread.
pub fn spread(count: usize, most: usize) -> impl Iterator<Item = usize> {
    let taken = count.min(most);
    (0..taken).map(move |i| i * count / taken)
}

/// About the number of word pieces of a text: one per five letters of a word, one per sign.
pub fn estimate(text: &str) -> usize {
    let (mut tokens, mut letters) = (0, 0usize);
    for c in text.chars() {
        if c.is_alphanumeric() && u32::from(c) < 0x2e80 {
            letters += 1;
            continue;
        }
        tokens += letters.div_ceil(5) + usize::from(!c.is_whitespace());
        letters = 0;
    }
    tokens + letters.div_ceil(5)
}

/// A stretch without a place to cut: a line, or a part of an overlong one.
struct Atom {
    range: Range<usize>,
    tokens: usize,
    /// How good a cut before it is: 3 heading, 2 paragraph, 1 line at the margin, 0 any other.
    cut: u8,
}

/// The pieces as byte ranges, in order, none blank; none for a blank text.
pub fn chunks(text: &str, limits: Limits) -> Vec<Range<usize>> {
    let most = limits.tokens.max(1);
    let atoms = atoms(text, most);
    let mut pieces = Vec::new();
    let mut first = 0;
    while first < atoms.len() {
        if atoms[first].tokens == 0 {
            first += 1;
            continue;
        }
        let mut tokens = 0;
        let fit = atoms[first..].iter().take_while(|a| {
            tokens += a.tokens;
            tokens <= most
        });
        let end = first + fit.count().max(1);
        let end = if end < atoms.len() { best_cut(&atoms, first, end) } else { end };
        let range = atoms[first].range.start..atoms[end - 1].range.end;
        let trimmed = trim(text, range);
        // only blank lines may follow what the piece repeats
        if pieces.last().is_none_or(|last: &Range<usize>| last.end < trimmed.end) {
            pieces.push(trimmed);
        }
        first = if end < atoms.len() { step_back(&atoms, first, end, limits.overlap) } else { end };
    }
    pieces
}

/// The last of the best cuts in the second half of the atoms from `first` to `end`.
fn best_cut(atoms: &[Atom], first: usize, end: usize) -> usize {
    let half: usize = atoms[first..end].iter().map(|a| a.tokens).sum::<usize>() / 2;
    let mut seen = 0;
    let mut best = (0, end);
    for at in first + 1..=end {
        seen += atoms[at - 1].tokens;
        if seen >= half && atoms[at].cut >= best.0 {
            best = (atoms[at].cut, at);
        }
    }
    best.1
}

/// Where the next piece begins: some lines back when the cut at `end` tore a paragraph.
fn step_back(atoms: &[Atom], first: usize, end: usize, overlap: usize) -> usize {
    if atoms[end].cut >= 2 {
        return end;
    }
    let mut start = end;
    let mut tokens = 0;
    while start > first + 1 && tokens + atoms[start - 1].tokens <= overlap {
        start -= 1;
        tokens += atoms[start].tokens;
    }
    start
}

fn atoms(text: &str, most: usize) -> Vec<Atom> {
    let mut atoms = Vec::new();
    let (mut at, mut blank, mut fenced) = (0, true, false);
    for line in text.split_inclusive('\n') {
        let fence = line.trim_start().starts_with("```");
        let cut = match line {
            _ if fenced => 0,
            _ if is_heading(line) => 3,
            _ if blank && !line.trim().is_empty() => 2,
            _ if line.starts_with(|c: char| !c.is_whitespace()) => 1,
            _ => 0,
        };
        fenced ^= fence;
        blank = line.trim().is_empty() && !fenced;
        push_line(text, at..at + line.len(), most, cut, &mut atoms);
        at += line.len();
    }
    atoms
}

fn is_heading(line: &str) -> bool {
    let level = line.bytes().take_while(|b| *b == b'#').count();
    (1..=6).contains(&level) && line[level..].starts_with(' ')
}

/// A line as one atom, or cut at spaces (or anywhere, when there are none) into several.
fn push_line(text: &str, line: Range<usize>, most: usize, cut: u8, atoms: &mut Vec<Atom>) {
    let tokens = estimate(&text[line.clone()]);
    if tokens <= most {
        atoms.push(Atom { range: line, tokens, cut });
        return;
    }
    // no character counts for more than one token, so a stretch of that many always fits
    let (mut start, mut chars) = (line.start, 0);
    for (offset, c) in text[line.clone()].char_indices() {
        let at = line.start + offset;
        if chars >= most || (chars >= most / 2 && chars > 0 && c.is_whitespace()) {
            push_part(text, start..at, if start == line.start { cut } else { 0 }, atoms);
            (start, chars) = (at, 0);
        }
        chars += 1;
    }
    push_part(text, start..line.end, if start == line.start { cut } else { 0 }, atoms);
}

fn push_part(text: &str, range: Range<usize>, cut: u8, atoms: &mut Vec<Atom>) {
    let tokens = estimate(&text[range.clone()]);
    atoms.push(Atom { range, tokens, cut });
}

fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let piece = &text[range.clone()];
    let start = range.start + (piece.len() - piece.trim_start().len());
    start..start + piece.trim().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str, tokens: usize, overlap: usize) -> Vec<&str> {
        chunks(text, Limits { tokens, overlap }).into_iter().map(|r| &text[r]).collect()
    }

    #[test]
    fn cuts_where_the_text_does() {
        for (text, tokens, overlap, expected) in [
            ("", 10, 2, &[][..]),
            (" \n\t\n", 10, 2, &[]),
            ("one two", 10, 2, &["one two"]),
            ("# A\none two\n# B\nthree four", 6, 2, &["# A\none two", "# B\nthree four"]),
            ("one two\n\nsix ten\n\nred tan", 4, 0, &["one two\n\nsix ten", "red tan"]),
            ("aa bb\ncc dd\nee ff", 4, 2, &["aa bb\ncc dd", "cc dd\nee ff"]),
            ("def a():\n  b\n  c\ndef d():\n  e", 8, 0, &["def a():\n  b\n  c", "def d():\n  e"]),
        ] {
            assert_eq!(cut(text, tokens, overlap), expected, "{text:?}");
        }
    }

    #[test]
    fn a_heading_within_fenced_code_is_no_heading() {
        let cuts: Vec<u8> = atoms("```\n# b\n```\n# c\n", 100).iter().map(|a| a.cut).collect();
        assert_eq!(cuts, [2, 0, 0, 3]);
    }

    #[test]
    fn ten_megabytes_without_a_line_end_are_cut() {
        let text = "word ".repeat(2_000_000);
        let pieces = chunks(&text, Limits::default());
        assert!(pieces.len() > 9_000);
        assert!(!chunks(&"é".repeat(5_000_000), Limits::default()).is_empty());
    }

    #[test]
    fn spreads_evenly_from_the_first() {
        for (count, most, expected) in
            [(0, 3, &[][..]), (2, 3, &[0, 1]), (3, 3, &[0, 1, 2]), (10, 3, &[0, 3, 6]), (5, 0, &[])]
        {
            assert_eq!(spread(count, most).collect::<Vec<_>>(), expected, "{count} {most}");
        }
    }

    proptest! {
        #[test]
        fn pieces_cover_the_text_and_are_small(
            text in "(\\PC{0,30}\n|#{1,3} [a-z ]{0,9}\n|\n|  [a-z0-9_.()]{0,40}\n|[\\x00-\\x7f]{0,30}|中{0,20}|```\n){0,40}",
            tokens in 1usize..60,
            overlap in 0usize..20,
        ) {
            let pieces = chunks(&text, Limits { tokens, overlap });
            let mut covered = 0;
            for piece in &pieces {
                prop_assert!(piece.start < piece.end && text.get(piece.clone()).is_some());
                prop_assert!(estimate(&text[piece.clone()]) <= tokens.max(1));
                let gap = text.get(covered..piece.start).unwrap_or("");
                prop_assert!(gap.trim().is_empty(), "lost {gap:?}");
                covered = covered.max(piece.end);
            }
            prop_assert!(text[covered..].trim().is_empty());
            prop_assert!(pieces.windows(2).all(|w| w[0].start < w[1].start && w[0].end < w[1].end));
        }
    }
}
