//! Rows of comma-separated values (RFC 4180) over bytes as they come.
//!
//! A row without quotes is split in place. Never keeps more than one row, and never more of it than a bound.

/// The longest row, in bytes; a longer one is dropped. An open quote cannot swallow a file.
const LONGEST: usize = 1 << 20;
/// Fields of a row that can be asked for.
const FIELDS: usize = 64;

/// One row, borrowed.
#[derive(Debug)]
pub struct Row<'a> {
    bytes: &'a [u8],
    /// Start and end of each field.
    ends: &'a [(usize, usize)],
    /// From 1, counting lines.
    pub number: u64,
}

impl Row<'_> {
    pub fn field(&self, at: usize) -> Option<&[u8]> {
        let (start, end) = *self.ends.get(at)?;
        self.bytes.get(start..end)
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.iter().all(|b| matches!(b, b',' | b' ' | b'\t' | b'\r'))
    }
}

/// Splits a stream of bytes into rows.
#[derive(Debug, Default)]
pub struct Rows {
    carry: Vec<u8>,
    dropping: bool,
    /// A quote was opened and not closed yet.
    open: bool,
    /// Lines seen.
    lines: u64,
    ends: Vec<(usize, usize)>,
    plain: Vec<u8>,
}

impl Rows {
    pub fn feed(&mut self, mut chunk: &[u8], each: &mut dyn FnMut(&Row<'_>)) {
        while let Some(at) = memchr::memchr(b'\n', chunk) {
            let (line, rest) = (&chunk[..at], &chunk[at + 1..]);
            chunk = rest;
            self.lines += 1;
            let odd = odd_quotes(line);
            if self.carry.is_empty() && !self.dropping && !odd {
                self.row(line, each);
                continue;
            }
            self.keep(line);
            if self.dropping {
                // A row that was too long ends with its line, whatever its quotes say.
                self.dropping = false;
                self.open = false;
                self.carry.clear();
            } else if !self.open {
                let row = std::mem::take(&mut self.carry);
                self.row(&row, each);
                self.carry = row;
                self.carry.clear();
            } else {
                self.keep(b"\n");
            }
        }
        self.keep(chunk);
    }

    /// The last row, if it has no end of line; says whether there was one.
    pub fn finish(&mut self, each: &mut dyn FnMut(&Row<'_>)) -> bool {
        let last = std::mem::take(&mut self.carry);
        self.open = false;
        if last.is_empty() || self.dropping {
            return false;
        }
        self.lines += 1;
        self.row(&last, each);
        true
    }

    fn keep(&mut self, piece: &[u8]) {
        if self.carry.len() + piece.len() > LONGEST {
            self.dropping = true;
            self.carry.clear();
        }
        if !self.dropping {
            self.open ^= odd_quotes(piece);
            self.carry.extend_from_slice(piece);
        }
    }

    fn row(&mut self, line: &[u8], each: &mut dyn FnMut(&Row<'_>)) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.ends.clear();
        let bytes = if memchr::memchr(b'"', line).is_none() {
            let mut start = 0;
            for end in memchr::memchr_iter(b',', line).chain(std::iter::once(line.len())).take(FIELDS) {
                self.ends.push((start, end));
                start = end + 1;
            }
            line
        } else {
            unquote(line, &mut self.plain, &mut self.ends);
            &self.plain
        };
        each(&Row { bytes, ends: &self.ends, number: self.lines });
    }
}

/// Whether a piece of a row leaves a quote open that was closed, or the other way round.
fn odd_quotes(piece: &[u8]) -> bool {
    memchr::memchr_iter(b'"', piece).count() % 2 == 1
}

fn unquote(line: &[u8], plain: &mut Vec<u8>, ends: &mut Vec<(usize, usize)>) {
    plain.clear();
    let mut start = 0;
    let mut inside = false;
    let mut at = 0;
    while at < line.len() {
        match line[at] {
            b'"' if inside && line.get(at + 1) == Some(&b'"') => {
                plain.push(b'"');
                at += 1;
            }
            b'"' => inside = !inside,
            b',' if !inside => {
                if ends.len() < FIELDS {
                    ends.push((start, plain.len()));
                }
                start = plain.len();
            }
            byte => plain.push(byte),
        }
        at += 1;
    }
    if ends.len() < FIELDS {
        ends.push((start, plain.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, chunk: usize) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        let mut each = |row: &Row<'_>| {
            let field = |at| String::from_utf8_lossy(row.field(at).unwrap()).into_owned();
            found.push((0..row.len()).map(field).collect());
        };
        let mut rows = Rows::default();
        for piece in text.as_bytes().chunks(chunk) {
            rows.feed(piece, &mut each);
        }
        rows.finish(&mut each);
        found
    }

    #[test]
    fn quotes_and_ends_of_lines() {
        for chunk in [1, 3, 100] {
            assert_eq!(
                rows("a,b\r\n\"x,\"\"y\",\"1\n2\"\n,\nlast", chunk),
                [vec!["a", "b"], vec!["x,\"y", "1\n2"], vec!["", ""], vec!["last"]]
            );
        }
        assert_eq!(rows("\"never closed\nmore", 4), [vec!["never closed\nmore"]]);
        let long = format!("\"{}\na,b\n", "x\n".repeat(LONGEST));
        assert_eq!(rows(&long, 4096).last().unwrap(), &["a", "b"]);
    }
}
