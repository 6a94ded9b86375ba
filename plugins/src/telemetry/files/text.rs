//! Text that is UTF-16 by its byte order mark, as spreadsheets and some shells write it, handed on as UTF-8. All else
//! passes as it is.

use std::io::{self, Read};

/// Bytes that are taken at a time.
const PIECE: usize = 64 << 10;

/// Reads as UTF-8 what may be UTF-16.
pub struct Text<R> {
    inner: R,
    kind: Kind,
    /// Of UTF-16, what is no whole character yet.
    rest: Vec<u8>,
    ready: Vec<u8>,
    /// How much of `ready` was given.
    given: usize,
}

#[derive(Clone, Copy)]
enum Kind {
    Unknown,
    AsItIs,
    Wide(fn([u8; 2]) -> u16),
}

impl<R: Read> Text<R> {
    pub fn new(inner: R) -> Self {
        Self { inner, kind: Kind::Unknown, rest: Vec::new(), ready: Vec::new(), given: 0 }
    }

    fn begin(&mut self) -> io::Result<()> {
        (&mut self.inner).take(2).read_to_end(&mut self.ready)?;
        self.kind = match self.ready.as_slice() {
            [0xFF, 0xFE] => Kind::Wide(u16::from_le_bytes),
            [0xFE, 0xFF] => Kind::Wide(u16::from_be_bytes),
            _ => Kind::AsItIs,
        };
        if matches!(self.kind, Kind::Wide(_)) {
            self.ready.clear();
        }
        Ok(())
    }

    /// Makes the next piece ready; nothing at the end.
    fn widened(&mut self, unit: fn([u8; 2]) -> u16) -> io::Result<()> {
        let before = self.rest.len();
        let read = (&mut self.inner).take(PIECE as u64).read_to_end(&mut self.rest);
        let ended = self.rest.len() - before < PIECE;
        let mut units: Vec<u16> = self.rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        let mut kept = self.rest.len() % 2;
        // The first half of a pair waits for the second.
        if !ended && units.last().is_some_and(|last| (0xD800..0xDC00).contains(last)) {
            units.pop();
            kept += 2;
        }
        self.rest.drain(..self.rest.len() - kept);
        if ended {
            self.rest.clear();
        }
        self.ready.extend_from_slice(String::from_utf16_lossy(&units).as_bytes());
        if self.ready.is_empty() { read.map(|_| ()) } else { Ok(()) }
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Kind::Unknown = self.kind {
            self.begin()?;
        }
        if self.given >= self.ready.len() {
            self.ready.clear();
            self.given = 0;
            match self.kind {
                Kind::Wide(unit) => self.widened(unit)?,
                _ => return self.inner.read(buffer),
            }
        }
        let ready = self.ready.get(self.given..).unwrap_or_default();
        let count = ready.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), ready.get(..count)) {
            to.copy_from_slice(from);
        }
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_text_comes_out_as_it_was_meant() {
        let long = "ts,service,metric,value\n1,café 𝄞,x,2\n".repeat(9_000);
        for text in ["", "a", "ab", "a\n", "é", "𝄞", long.as_str()] {
            let units = || std::iter::once(0xFEFF).chain(text.encode_utf16());
            let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
            for bytes in [little, big, text.as_bytes().to_vec()] {
                let mut out = String::new();
                Text::new(&mut bytes.as_slice()).read_to_string(&mut out).unwrap();
                assert!(out == text, "{} bytes of {}", out.len(), text.len());
            }
        }
        // Half a unit at its end is dropped.
        let mut out = Vec::new();
        Text::new(&mut &b"\xFF\xFEa\0b"[..]).read_to_end(&mut out).unwrap();
        assert_eq!(out, b"a");
    }
}
