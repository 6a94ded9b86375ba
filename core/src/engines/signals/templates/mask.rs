//! Masking: one pass over a line that replaces what is a parameter by its form alone.
//!
//! Numbers, addresses, identifiers, paths, sizes and URLs are told by their bytes; no word is
//! judged here, and nothing is remembered between lines. What a word is — a part of the message or
//! a value — only the other lines can tell (see `refine`).

use super::bytes::{CODE, DIGIT, DOT, SLASH, SPACE, class, is};
use super::forms::{bound, date};
use super::token::Token;

/// Stands for a parameter in masked text. Never occurs in UTF-8; an input byte of this value is
/// written as another invalid byte.
pub const VAR: u8 = 0xFF;

/// Where a parameter's text lies in the line, in bytes.
pub type Span = (u32, u32);

/// A masked line, in buffers that are used again for the next one.
#[derive(Debug, Default)]
pub struct Masked {
    /// The text with [`VAR`] for each parameter.
    pub text: Vec<u8>,
    /// The parameters from left to right, one for each [`VAR`].
    pub values: Vec<Span>,
}

impl Masked {
    /// Masks `line`, of at most `u32::MAX` bytes, without surrounding white space.
    pub fn read(&mut self, line: &[u8]) {
        self.text.clear();
        self.values.clear();
        let mut at = 0;
        let mut last = Written::default();
        while at < line.len() {
            let begin = at;
            let mut seen = 0;
            let written = Written { text: self.text.len(), values: self.values.len() };
            if let Some(length) = date(&line[begin..]).or_else(|| bound(&line[begin..])) {
                self.var(begin, begin + length);
                at += length;
            }
            let begin = at;
            while at < line.len() && class(line[at]) & SPACE == 0 {
                seen |= class(line[at]);
                at += 1;
            }
            if seen & (DIGIT | SLASH | CODE | DOT) == 0 {
                self.text.extend_from_slice(&line[begin..at]);
            } else {
                Token { line, end: at, at: begin, masked: self }.mask();
                if !self.fold_repeated(&last, &written) {
                    last = written;
                }
            }
            if at < line.len() {
                let gap = at;
                while at < line.len() && class(line[at]) & SPACE != 0 {
                    at += 1;
                }
                if gap + 1 == at {
                    self.text.push(line[gap]);
                } else {
                    self.text.extend_from_slice(&line[gap..at]);
                }
                at = self.swallow_protocol(line, at);
            }
        }
    }

    /// What follows byte `end` of the line is not looked at: one parameter.
    pub fn rest(&mut self, end: usize) {
        self.text.push(b' ');
        self.var(end, end);
    }

    /// In a quoted request line (`"GET /path HTTP/1.1"`) the protocol belongs to the request.
    fn swallow_protocol(&mut self, line: &[u8], at: usize) -> usize {
        if line.get(at) != Some(&b'H') || !line[at..].starts_with(b"HTTP/") {
            return at;
        }
        let [.., VAR, b' '] = self.text[..] else { return at };
        let mut end = at + 5;
        while is(line.get(end), DIGIT) || line.get(end) == Some(&b'.') {
            end += 1;
        }
        if line.get(end) != Some(&b'"') {
            return at;
        }
        self.text.pop();
        if let Some(last) = self.values.last_mut() {
            last.1 = end as u32;
        }
        // The quote that closes the request is all that is left of this token.
        self.text.push(b'"');
        end + 1
    }

    /// A list of values of one form (`blk_1 blk_2 blk_3`) is written as its first, whatever its length.
    fn fold_repeated(&mut self, last: &Written, now: &Written) -> bool {
        let (Some(before), Some(token)) = (self.text.get(last.text..now.text), self.text.get(now.text..))
        else {
            return false;
        };
        let before = before.trim_ascii_end();
        let named = token.iter().any(u8::is_ascii_alphabetic) || self.values.len() > now.values + 1;
        if !named || now.values == self.values.len() || before != token {
            return false;
        }
        self.text.truncate(last.text + before.len());
        let end = self.values.last().map(|v| v.1);
        self.values.truncate(now.values);
        if let (Some(value), Some(end)) = (self.values.last_mut(), end) {
            value.1 = end;
        }
        true
    }

    /// Writes a parameter that lies from `begin` to `end` of the line.
    pub fn var(&mut self, begin: usize, end: usize) {
        self.text.push(VAR);
        self.values.push((begin as u32, end as u32));
    }
}

/// How much was written before a token.
#[derive(Debug, Default, Clone, Copy)]
struct Written {
    text: usize,
    values: usize,
}
