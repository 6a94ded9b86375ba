//! Where in a document a piece of text stands: page, heading, line and byte.

use serde::{Deserialize, Serialize};

/// A place in a document's text. Pages, lines from 1; `offset` in bytes from 0, of the text as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Of a document that has pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<usize>,
    /// The nearest heading above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heading: Option<String>,
    pub line: usize,
    pub offset: usize,
}

impl Place {
    /// The place of byte `at` in `text`, which itself begins at `base`. Only Markdown and HTML have headings.
    pub fn of(text: &str, at: usize, base: &Place, headed: bool) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let count = |c: u8| before.bytes().filter(|b| *b == c).count();
        // The heading may be the piece's own first line.
        let rest = text.get(at..).and_then(|t| t.lines().next()).unwrap_or_default();
        let upto = text.get(..at + rest.len()).unwrap_or(before);
        let heading = headed.then(|| headings(upto).last().map(|(_, heading)| heading.to_owned())).flatten();
        Self {
            page: base.page.map(|page| page + count(b'\x0c')),
            heading: heading.or_else(|| base.heading.clone()),
            line: base.line + count(b'\n'),
            offset: base.offset + before.len(),
        }
    }

    /// For people: `page 3` or `line 12, "Steps"`.
    pub fn words(&self) -> String {
        match (self.page, &self.heading) {
            (Some(page), _) => format!("page {page}"),
            (None, Some(heading)) => format!("line {}, \u{201c}{heading}\u{201d}", self.line),
            (None, None) => format!("line {}", self.line),
        }
    }
}

/// Markdown headings outside fenced code: their offset and their text.
pub fn headings(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let (mut at, mut fenced) = (0, false);
    text.split_inclusive('\n').filter_map(move |line| {
        let start = at;
        at += line.len();
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        let level = line.bytes().take_while(|b| *b == b'#').count();
        let title = line.get(level..)?.strip_prefix(' ')?;
        (!fenced && (1..=6).contains(&level)).then(|| (start, title.trim().trim_end_matches('#').trim_end()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_by_what_stands_before() {
        let text = "# One\n\nfirst\n## Two ##\nsecond\n\x0cthird\n";
        for (needle, page, heading, line) in
            [("first", 1, "One", 3), ("## Two", 1, "Two", 4), ("second", 1, "Two", 5), ("third", 2, "Two", 6)]
        {
            let at = text.find(needle).unwrap();
            let base = Place { page: Some(1), line: 1, ..Place::default() };
            let place = Place::of(text, at, &base, true);
            assert_eq!((place.page, place.heading.as_deref(), place.line), (Some(page), Some(heading), line));
            assert_eq!(place.offset, at);
        }
        let base = Place { page: None, heading: Some("Zero".into()), line: 11, offset: 100 };
        let place = Place::of("a\nb", 2, &base, true);
        assert_eq!(place, Place { line: 12, offset: 102, ..base });
    }
}
