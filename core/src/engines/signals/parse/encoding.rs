//! How a file's bytes become lines of text: UTF-8, UTF-16 with a mark, Windows-1252 for what is neither.

use std::borrow::Cow;

/// How many bytes of a file are looked at.
pub const HEAD: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    /// Compressed, an image, a program: no lines at all.
    Binary,
}

/// Judges a file by its first bytes; gives the length of a byte order mark as well.
pub fn detect(start: &[u8]) -> (Encoding, usize) {
    match start {
        [0xEF, 0xBB, 0xBF, ..] => (Encoding::Utf8, 3),
        [0xFF, 0xFE, ..] => (Encoding::Utf16Le, 2),
        [0xFE, 0xFF, ..] => (Encoding::Utf16Be, 2),
        [0x1F, 0x8B, ..]
        | [0x28, 0xB5, 0x2F, 0xFD, ..]
        | [0x7F, b'E', b'L', b'F', ..]
        | [b'P', b'K', 3, 4, ..] => (Encoding::Binary, 0),
        _ => {
            let head = &start[..start.len().min(HEAD)];
            // Runs of zeroes at the start are a truncated log; control characters all over are no log.
            let text = &head[head.iter().take_while(|b| **b == 0).count()..];
            let control = text.iter().filter(|b| **b < 9 || (14..27).contains(*b)).count();
            let binary = control * 10 > text.len() && text.len() >= 16;
            (if binary { Encoding::Binary } else { Encoding::Utf8 }, 0)
        }
    }
}

/// A line of UTF-8, or of Windows-1252 where it is none.
pub fn decoded(line: &[u8]) -> Cow<'_, str> {
    Encoding::Utf8.decode(line).0
}

impl Encoding {
    /// Where the first line of `bytes` ends, its end included. UTF-16 begins with a whole unit.
    pub fn line_end(self, bytes: &[u8]) -> Option<usize> {
        let end: [u8; 2] = match self {
            Self::Utf16Le => [b'\n', 0],
            Self::Utf16Be => [0, b'\n'],
            _ => return memchr::memchr(b'\n', bytes).map(|at| at + 1),
        };
        bytes.chunks_exact(2).position(|unit| unit == end).map(|at| at * 2 + 2)
    }

    /// A line without `\n`, `\r\n` or a stray `\r` at its end.
    pub fn without_end(self, mut line: &[u8]) -> &[u8] {
        let ends: [&[u8]; 2] = match self {
            Self::Utf16Le => [b"\n\0", b"\r\0"],
            Self::Utf16Be => [b"\0\n", b"\0\r"],
            _ => [b"\n", b"\r"],
        };
        for end in ends {
            line = line.strip_suffix(end).unwrap_or(line);
        }
        line
    }

    /// Zero bytes at the start of a line, which no logger writes.
    pub fn leading_zeroes(self, line: &[u8]) -> usize {
        if self == Self::Utf8 { line.iter().take_while(|b| **b == 0).count() } else { 0 }
    }

    /// The text of a line, and whether it is in the file's encoding throughout.
    pub fn decode(self, line: &[u8]) -> (Cow<'_, str>, bool) {
        let unit: fn([u8; 2]) -> u16 = match self {
            Self::Utf16Le => u16::from_le_bytes,
            Self::Utf16Be => u16::from_be_bytes,
            _ => {
                return match std::str::from_utf8(line) {
                    Ok(text) => (Cow::Borrowed(text), true),
                    Err(_) => (Cow::Owned(line.iter().map(|b| windows_1252(*b)).collect()), false),
                };
            }
        };
        let units = line.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let text: String = char::decode_utf16(units).map(|c| c.unwrap_or('\u{FFFD}')).collect();
        (Cow::Owned(text), line.len().is_multiple_of(2))
    }
}

/// The character of a byte in Windows-1252; the five bytes without one stay control characters.
fn windows_1252(byte: u8) -> char {
    const HIGH: [u16; 32] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152,
        0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122,
        0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
    ];
    match byte {
        0x80..=0x9F => char::from_u32(u32::from(HIGH[usize::from(byte - 0x80)])).unwrap_or('\u{FFFD}'),
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_files() {
        for (start, expected) in [
            (&b"hello world, a log"[..], Encoding::Utf8),
            (b"\xEF\xBB\xBFhello", Encoding::Utf8),
            (b"\xFF\xFEh\0", Encoding::Utf16Le),
            (b"\x1F\x8B\x08", Encoding::Binary),
            (b"\x7FELF", Encoding::Binary),
            (b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0then a line of text", Encoding::Utf8),
            (b"\x01\x02\x03\x04\x05\x06\x07\x01\x02\x03\x04\x05\x06\x07\x01\x02", Encoding::Binary),
            (b"\x1B[31mred\x1B[0m and so on", Encoding::Utf8),
        ] {
            assert_eq!(detect(start).0, expected, "{start:?}");
        }
        assert_eq!(Encoding::Utf8.decode(b"caf\xE9 \x80"), (Cow::Borrowed("café €"), false));
        assert_eq!(Encoding::Utf16Le.decode(b"h\0i\0"), (Cow::Borrowed("hi"), true));
    }
}
