//! Byte offsets of a text as lines and columns, and back.

use std::ops::Range;

/// Where each line of a text begins; turns byte offsets into lines and columns.
#[derive(Debug)]
pub struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub fn new(text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|i| i + 1));
        Self { text, starts: starts.collect() }
    }

    pub fn text(&self) -> &'t str {
        self.text
    }

    /// Line and column from 1, columns in characters. An offset past the end or inside a character
    /// counts as the nearest one before.
    pub fn place(&self, offset: usize) -> (u32, u32) {
        let offset = floor(self.text, offset);
        let line = self.starts.partition_point(|s| *s <= offset) - 1;
        let column = self.text[self.starts[line]..offset].chars().count();
        (line as u32 + 1, column as u32 + 1)
    }

    /// The byte at which a line (from 1) and column (from 1, in characters) begins; the line's end
    /// when the column is past it, `None` when there is no such line.
    pub fn offset(&self, line: u32, column: u32) -> Option<usize> {
        let content = self.content(line)?;
        let start = self.starts[line as usize - 1];
        let skip = column.saturating_sub(1) as usize;
        Some(start + content.char_indices().nth(skip).map_or(content.len(), |(i, _)| i))
    }

    /// A line (from 1) without its line end.
    pub fn content(&self, line: u32) -> Option<&'t str> {
        let index = (line as usize).checked_sub(1)?;
        let start = *self.starts.get(index)?;
        let end = self.starts.get(index + 1).copied().unwrap_or(self.text.len());
        let whole = &self.text[start..end];
        let whole = whole.strip_suffix('\n').unwrap_or(whole);
        Some(whole.strip_suffix('\r').unwrap_or(whole))
    }

    /// The bytes of lines `first..=last` (from 0), line ends included.
    pub fn span(&self, first: usize, last: usize) -> Range<usize> {
        let end = self.starts.get(last + 1).copied().unwrap_or(self.text.len());
        self.starts[first.min(self.starts.len() - 1)]..end
    }

    /// The line (from 0) that a byte offset is in.
    pub fn line_of(&self, offset: usize) -> usize {
        self.place(offset).0 as usize - 1
    }
}

fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_offsets_are_inverse() {
        let text = "aé\r\n\n漢字x\nlast";
        let lines = Lines::new(text);
        for (offset, place) in
            [(0, (1, 1)), (1, (1, 2)), (3, (1, 3)), (5, (2, 1)), (6, (3, 1)), (9, (3, 2)), (99, (4, 5))]
        {
            assert_eq!(lines.place(offset), place, "{offset}");
            assert_eq!(lines.offset(place.0, place.1), Some(offset.min(text.len())), "{place:?}");
        }
        assert_eq!(lines.offset(9, 1), None);
        assert_eq!(lines.offset(0, 1), None);
        assert_eq!(lines.offset(1, 99), Some(3), "past the line's end is its end");
    }
}
