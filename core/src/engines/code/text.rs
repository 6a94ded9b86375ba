//! Source files as text: decoding that can be taken back exactly, and edits that keep a file's
//! encoding, line endings and last line as they are.
//!
//! Never guesses: bytes that do not come back unchanged from `decode` and `encode` are not text that
//! may be edited, and the reason is given.

use super::edits::{self, BadEdit};
use crate::domain::Edit;

/// How a file's bytes stand for characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    /// UTF-8 behind a byte order mark.
    Utf8Bom,
    /// UTF-16, little endian, behind a byte order mark.
    Utf16Le,
    /// UTF-16, big endian, behind a byte order mark.
    Utf16Be,
    /// ISO-8859-1, declared by a coding cookie (PEP 263).
    Latin1,
    /// Only ASCII in it, and only ASCII may come in: what a file declares that uses a single-byte
    /// encoding which is not one of the above.
    Ascii,
}

impl Encoding {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf8Bom => "UTF-8 with byte order mark",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Latin1 => "ISO-8859-1",
            Self::Ascii => "ASCII",
        }
    }
}

/// A file's text, without its byte order mark, and what is needed to write it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    pub text: String,
    pub encoding: Encoding,
}

/// Why bytes are not text that may be edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotText {
    #[error("it is binary")]
    Binary,
    #[error("it has {size} bytes; the limit is {limit}")]
    TooLarge { size: usize, limit: usize },
    #[error("it is not valid {0}")]
    Malformed(&'static str),
    #[error("it declares the encoding `{0}`, which cannot be written back exactly")]
    Unsupported(String),
}

/// Why edits could not be turned into a file's bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotApplied {
    #[error(transparent)]
    Edit(#[from] BadEdit),
    #[error("the character {0:?} does not exist in {1}, the file's encoding")]
    NotEncodable(char, &'static str),
}

/// Decodes a file of at most `limit` bytes.
///
/// A byte order mark decides; then a coding cookie in the first two lines (PEP 263); else it is UTF-8.
///
/// # Errors
/// [`NotText`] unless [`Decoded::encode`] of the unchanged text gives exactly `bytes`.
pub fn decode(bytes: &[u8], limit: usize) -> Result<Decoded, NotText> {
    if bytes.len() > limit {
        return Err(NotText::TooLarge { size: bytes.len(), limit });
    }
    let decoded = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => Decoded { text: utf8(rest)?, encoding: Encoding::Utf8Bom },
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes, Encoding::Utf16Le)?,
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes, Encoding::Utf16Be)?,
        _ if memchr::memchr(0, bytes).is_some() => return Err(NotText::Binary),
        _ => declared(bytes)?,
    };
    if memchr::memchr(0, decoded.text.as_bytes()).is_some() {
        return Err(NotText::Binary);
    }
    match decoded.encode(&decoded.text) {
        Ok(again) if again == bytes => Ok(decoded),
        _ => Err(NotText::Malformed(decoded.encoding.as_str())),
    }
}

fn declared(bytes: &[u8]) -> Result<Decoded, NotText> {
    let Some(name) = cookie(bytes) else {
        return Ok(Decoded { text: utf8(bytes)?, encoding: Encoding::Utf8 });
    };
    match classify(&name) {
        Codec::Utf8 => Ok(Decoded { text: utf8(bytes)?, encoding: Encoding::Utf8 }),
        Codec::Latin1 => {
            Ok(Decoded { text: bytes.iter().map(|&b| char::from(b)).collect(), encoding: Encoding::Latin1 })
        }
        Codec::SingleByte if bytes.is_ascii() => {
            Ok(Decoded { text: utf8(bytes)?, encoding: Encoding::Ascii })
        }
        Codec::SingleByte | Codec::Other => Err(NotText::Unsupported(name)),
    }
}

fn utf8(bytes: &[u8]) -> Result<String, NotText> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) if looks_binary(bytes) => Err(NotText::Binary),
        Err(_) => Err(NotText::Malformed("UTF-8")),
    }
}

/// Control characters that no text has, in the first block.
fn looks_binary(bytes: &[u8]) -> bool {
    bytes.iter().take(8192).any(|&b| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0C | 0x1B | 0x08))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, encoding: Encoding) -> Result<Decoded, NotText> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(NotText::Malformed(encoding.as_str()));
    }
    let text = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .collect::<Result<String, _>>()
        .map_err(|_| NotText::Malformed(encoding.as_str()))?;
    Ok(Decoded { text, encoding })
}

/// The name in a coding cookie: `^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)` in line one or two
/// (PEP 263). A name that is no known encoding is prose, not a cookie.
fn cookie(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..512).unwrap_or(bytes);
    for line in head.split(|&b| b == b'\n').take(2) {
        let line = line.trim_ascii_start();
        if line.first() == Some(&b'#')
            && let Some(name) = cookie_of_line(line)
        {
            return Some(name);
        }
    }
    None
}

fn cookie_of_line(line: &[u8]) -> Option<String> {
    for at in memchr::memmem::find_iter(line, b"coding") {
        let after = line.get(at + 6..).unwrap_or_default();
        let Some((b':' | b'=', after)) = after.split_first() else { continue };
        let name: String = after
            .trim_ascii_start()
            .iter()
            .map(|&b| char::from(b))
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
            .collect();
        if is_codec(&name) {
            return Some(name);
        }
    }
    None
}

enum Codec {
    Utf8,
    Latin1,
    /// ASCII below 128, something else above.
    SingleByte,
    /// Bytes below 128 may mean something else (shift sequences, trail bytes).
    Other,
}

fn normal(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}

fn classify(name: &str) -> Codec {
    let name = normal(name);
    let single = ["iso-8859-", "iso8859-", "cp125", "windows-125", "koi8", "mac-", "cp437", "cp85", "cp86"];
    match name.as_str() {
        "utf-8" | "utf8" | "u8" | "utf-8-sig" | "utf-8-unix" | "utf-8-dos" | "utf-8-mac" => Codec::Utf8,
        "latin-1" | "latin1" | "l1" | "iso-8859-1" | "iso8859-1" | "8859" | "cp819" | "iso-latin-1"
        | "iso-latin-1-unix" | "iso-8859-1-unix" => Codec::Latin1,
        "ascii" | "us-ascii" | "646" | "latin-9" | "latin9" | "l9" => Codec::SingleByte,
        _ if single.iter().any(|prefix| name.starts_with(prefix)) => Codec::SingleByte,
        _ => Codec::Other,
    }
}

fn is_codec(name: &str) -> bool {
    let other = ["utf", "big5", "gb", "euc", "shift", "sjis", "iso", "hz", "johab", "cp", "idna", "punycode"];
    let exact = ["rot13", "rot-13", "mbcs", "unicode-escape", "raw-unicode-escape", "tis-620", "ptcp154"];
    let low = normal(name);
    !matches!(classify(name), Codec::Other)
        || exact.contains(&low.as_str())
        || other.iter().any(|prefix| {
            low.strip_prefix(prefix).is_some_and(|rest| {
                rest.is_empty() || rest.contains(|c: char| c.is_ascii_digit() || c == '-')
            })
        })
}

impl Decoded {
    /// The bytes of `text` in this file's encoding, with its byte order mark.
    ///
    /// # Errors
    /// [`NotApplied::NotEncodable`] for a character that the encoding does not have.
    pub fn encode(&self, text: &str) -> Result<Vec<u8>, NotApplied> {
        let not = |c: char| NotApplied::NotEncodable(c, self.encoding.as_str());
        match self.encoding {
            Encoding::Utf8 => Ok(text.as_bytes().to_vec()),
            Encoding::Utf8Bom => Ok([&[0xEF, 0xBB, 0xBF], text.as_bytes()].concat()),
            Encoding::Utf16Le => {
                Ok([0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect())
            }
            Encoding::Utf16Be => {
                Ok([0xFE, 0xFF].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect())
            }
            Encoding::Latin1 => text.chars().map(|c| u8::try_from(c).map_err(|_| not(c))).collect(),
            Encoding::Ascii => match text.chars().find(|c| !c.is_ascii()) {
                Some(c) => Err(not(c)),
                None => Ok(text.as_bytes().to_vec()),
            },
        }
    }

    /// The file's text after edits that do not overlap, in its own line endings: a `\n` of an edit
    /// becomes the ending in use at that place, and the file ends with a line end exactly if it did before.
    ///
    /// # Errors
    /// [`BadEdit`] when an edit lies outside the text or two overlap.
    pub fn rewrite(&self, edits: &[Edit]) -> Result<String, BadEdit> {
        let adopted: Vec<Edit> = edits.iter().map(|edit| adopt(&self.text, edit)).collect();
        Ok(keep_last_line(&self.text, edits::apply(&self.text, &adopted)?))
    }

    /// The file's bytes after [`Decoded::rewrite`].
    ///
    /// # Errors
    /// [`NotApplied`] when an edit is not one, or brings a character that the encoding does not have.
    pub fn rewrite_bytes(&self, edits: &[Edit]) -> Result<Vec<u8>, NotApplied> {
        self.encode(&self.rewrite(edits)?)
    }
}

/// The line ending in use at a place: of the line that it stands in, else of the nearest before; `\n`
/// for a text of one line.
pub fn ending_at(text: &str, at: usize) -> &'static str {
    let bytes = text.as_bytes();
    let at = at.min(bytes.len());
    let found = memchr::memchr2(b'\n', b'\r', &bytes[at..])
        .map(|i| at + i)
        .or_else(|| memchr::memrchr2(b'\n', b'\r', &bytes[..at]));
    match found {
        Some(i) if bytes[i] == b'\r' && bytes.get(i + 1) == Some(&b'\n') => "\r\n",
        Some(i) if bytes[i] == b'\n' && i > 0 && bytes[i - 1] == b'\r' => "\r\n",
        Some(i) if bytes[i] == b'\r' => "\r",
        _ => "\n",
    }
}

/// The edit in the text's own line endings. A boundary between `\r` and `\n` moves before both (some
/// grammars count the `\r` as part of a comment), so that no edit tears a line ending apart.
pub fn adopt(text: &str, edit: &Edit) -> Edit {
    let bytes = text.as_bytes();
    let torn = |at: usize| at > 0 && bytes.get(at) == Some(&b'\n') && bytes.get(at - 1) == Some(&b'\r');
    let (mut start, mut end) = (edit.range.start, edit.range.end);
    let mut new = edit.text.as_str();
    if torn(end) {
        end -= 1;
        new = new.strip_suffix('\r').unwrap_or(new);
    }
    if torn(start) {
        start -= 1;
    }
    let ending = ending_at(text, start);
    let unified = new.replace("\r\n", "\n");
    let text = if ending == "\n" { unified } else { unified.replace('\n', ending) };
    Edit { range: start..end.max(start), text }
}

fn keep_last_line(before: &str, mut after: String) -> String {
    let ends = |text: &str| text.ends_with(['\n', '\r']);
    if before.is_empty() || after.is_empty() || ends(before) == ends(&after) {
        return after;
    }
    if ends(before) {
        after.push_str(ending_at(before, before.len()));
        return after;
    }
    let kept =
        after.strip_suffix("\r\n").or_else(|| after.strip_suffix(['\n', '\r'])).unwrap_or(&after).len();
    after.truncate(kept);
    after
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMIT: usize = 1 << 20;

    fn edit(start: usize, end: usize, text: &str) -> Edit {
        Edit { range: start..end, text: text.into() }
    }

    #[test]
    fn every_encoding_is_recognised_or_refused_with_a_reason() {
        let unsupported = |name: &str| Err(NotText::Unsupported(name.into()));
        for (bytes, expected) in [
            (&b"x = 1\n"[..], Ok((Encoding::Utf8, "x = 1\n"))),
            (b"", Ok((Encoding::Utf8, ""))),
            ("é\n".as_bytes(), Ok((Encoding::Utf8, "é\n"))),
            (b"\xEF\xBB\xBFx", Ok((Encoding::Utf8Bom, "x"))),
            (b"\xFF\xFEx\0\n\0", Ok((Encoding::Utf16Le, "x\n"))),
            (b"\xFE\xFF\0x\0\n", Ok((Encoding::Utf16Be, "x\n"))),
            (b"# -*- coding: latin-1 -*-\n\xE9", Ok((Encoding::Latin1, "# -*- coding: latin-1 -*-\né"))),
            (
                b"#!/bin/x\n# coding=iso-8859-1\n\xE9",
                Ok((Encoding::Latin1, "#!/bin/x\n# coding=iso-8859-1\né")),
            ),
            (b"# coding: cp1252\nx", Ok((Encoding::Ascii, "# coding: cp1252\nx"))),
            (b"# base64 decoding: yes\n\xC3\xA9", Ok((Encoding::Utf8, "# base64 decoding: yes\né"))),
            (b"x\ny\n# coding: latin-1\n\xE9", Err(NotText::Malformed("UTF-8"))),
            (b"# coding: cp1252\n\x80", unsupported("cp1252")),
            (b"# coding: iso-8859-15\n\xA4", unsupported("iso-8859-15")),
            (b"# coding: shift_jis\nx", unsupported("shift_jis")),
            (b"# coding: utf-7\nx", unsupported("utf-7")),
            (b"# coding: utf-8\n\xE9", Err(NotText::Malformed("UTF-8"))),
            (b"\xE9t\xE9\n", Err(NotText::Malformed("UTF-8"))),
            (b"a\0b", Err(NotText::Binary)),
            (b"\x7FELF\x01\xFF", Err(NotText::Binary)),
            (b"\xFF\xFE\0\0x\0\0\0", Err(NotText::Binary)),
            (b"\xFF\xFEx", Err(NotText::Malformed("UTF-16LE"))),
            (b"\xFF\xFE\x00\xD8", Err(NotText::Malformed("UTF-16LE"))),
        ] {
            let got = decode(bytes, LIMIT);
            match (&got, expected) {
                (Ok(d), Ok((encoding, text))) => {
                    assert_eq!((d.encoding, d.text.as_str()), (encoding, text), "{bytes:?}");
                    assert_eq!(d.encode(&d.text).unwrap(), bytes);
                }
                (Err(e), Err(expected)) => assert_eq!(*e, expected, "{bytes:?}"),
                (_, expected) => panic!("{bytes:?}: {got:?}, expected {expected:?}"),
            }
        }
        assert_eq!(decode(b"abc", 2), Err(NotText::TooLarge { size: 3, limit: 2 }));
    }

    #[test]
    fn edits_take_the_line_ending_of_their_place() {
        for (before, edits, after) in [
            ("a\r\nb\r\n", vec![edit(0, 0, "x\n")], "x\r\na\r\nb\r\n"),
            ("a\nb\n", vec![edit(0, 0, "x\r\n")], "x\na\nb\n"),
            ("a\rb\r", vec![edit(2, 2, "x\n")], "a\rx\rb\r"),
            ("a\r\nb\nc\n", vec![edit(3, 3, "x\n"), edit(0, 0, "y\n")], "y\r\na\r\nx\nb\nc\n"),
            // the comment's node holds the `\r`
            ("# a\r\nb\r\n", vec![edit(0, 4, "# c")], "# c\r\nb\r\n"),
            ("# a\r\nb\r\n", vec![edit(0, 4, "# c\r")], "# c\r\nb\r\n"),
            ("# a\r\nb\r\n", vec![edit(4, 4, " c")], "# a c\r\nb\r\n"),
            ("a\r\nb\r\n", vec![edit(2, 4, "")], "a\r\n"),
            ("a", vec![edit(1, 1, "\nb\n")], "a\nb"),
            ("a\n", vec![edit(0, 2, "b")], "b\n"),
            ("a\r\n", vec![edit(0, 3, "b")], "b\r\n"),
            ("a\nb\n", vec![edit(0, 4, "")], ""),
            ("", vec![edit(0, 0, "a\n")], "a\n"),
        ] {
            let file = decode(before.as_bytes(), LIMIT).unwrap();
            assert_eq!(file.rewrite(&edits).unwrap(), after, "{before:?} {edits:?}");
        }
    }

    #[test]
    fn what_the_encoding_lacks_is_refused() {
        let latin = decode(b"# coding: latin-1\n", LIMIT).unwrap();
        assert_eq!(latin.rewrite_bytes(&[edit(0, 0, "#é\n")]).unwrap(), b"#\xE9\n# coding: latin-1\n");
        assert!(matches!(
            latin.rewrite_bytes(&[edit(0, 0, "#€\n")]),
            Err(NotApplied::NotEncodable('€', "ISO-8859-1"))
        ));
        let ascii = decode(b"# coding: cp1252\n", LIMIT).unwrap();
        assert!(ascii.rewrite_bytes(&[edit(0, 0, "é")]).is_err());
    }

    proptest! {
        #[test]
        fn what_decodes_encodes_back(bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..64),
            "# coding: latin-1\n\\PC{0,20}".prop_map(|s| s.chars().map(|c| c as u32 as u8).collect()),
            "\\PC{0,20}(\r\n|\n|\r)".prop_map(String::into_bytes),
            proptest::collection::vec(any::<u8>(), 0..64).prop_map(|v| [vec![0xFF, 0xFE], v].concat()),
        ]) {
            if let Ok(decoded) = decode(&bytes, LIMIT) {
                prop_assert_eq!(decoded.encode(&decoded.text).unwrap(), bytes);
            }
        }

        /// Whatever edits are merged, also ones that tear a line ending apart, a file with one kind
        /// of ending has no other afterwards, and a last line that was ended is ended.
        #[test]
        fn no_line_ending_is_torn(
            lines in proptest::collection::vec("[abé ]{0,4}", 1..6),
            ending in prop_oneof![Just("\n"), Just("\r\n"), Just("\r")],
            edits in proptest::collection::vec((0usize..30, 0usize..6, "[x\n]{0,4}"), 0..6),
        ) {
            let text = lines.join(ending);
            let file = Decoded { text: text.clone(), encoding: Encoding::Utf8 };
            let candidates: Vec<_> = edits
                .iter()
                .enumerate()
                .map(|(id, (start, length, new))| (id, vec![edit(*start, start + length, new)]))
                .collect();
            let merged = edits::merge(&text, &candidates);
            let after = file.rewrite(&merged.edits).unwrap();
            // A text of one line has no ending of its own yet; it gets `\n`.
            let ending = if lines.len() > 1 { ending } else { "\n" };
            prop_assert!(!after.replace(ending, "").contains(['\r', '\n']), "{text:?} {merged:?} {after:?}");
            prop_assert!(!text.ends_with(['\n', '\r']) || after.is_empty() || after.ends_with(['\n', '\r']));
        }
    }
}
