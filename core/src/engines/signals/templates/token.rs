//! Masking one token: which of its parts are values by their form.
//!
//! Sees the bytes of one token and of what stands right before it; never another token.

use super::bytes::{ALPHA, DIGIT, SLASH, SPACE, class, is};
use super::forms::{
    belongs_to_number, camel_tail, colon_address, ipv4_length, ipv4_prefix, is_hex, is_host,
    is_numbered_host, is_uuid, is_variable_segment, path_length,
};
use super::mask::{Masked, VAR};

/// Written for an input byte that has the value of [`VAR`]: as little of any encoding.
const INVALID: u8 = 0xFE;

/// The masking of one token: text between white space that has a digit or a slash in it.
pub struct Token<'a> {
    pub line: &'a [u8],
    /// The end of the token.
    pub end: usize,
    pub at: usize,
    pub masked: &'a mut Masked,
}

impl Token<'_> {
    /// Writes the token with its parameters masked.
    pub fn mask(&mut self) {
        while self.at < self.end {
            let byte = self.line[self.at];
            let kind = class(byte);
            if kind & (ALPHA | DIGIT) != 0 || byte == b'_' {
                self.unit();
            } else if kind & SLASH != 0 {
                self.slash();
            } else if (byte == b'-' || byte == b'+') && self.signed() {
                let begin = self.at;
                self.at += 1;
                self.digits();
                self.masked.var(begin, self.at);
            } else {
                self.masked.text.push(if byte == VAR { INVALID } else { byte });
                self.at += 1;
            }
        }
    }

    fn rest(&self) -> &[u8] {
        &self.line[self.at..self.end]
    }

    fn peek(&self, ahead: usize) -> Option<&u8> {
        self.rest().get(ahead)
    }

    fn copy(&mut self, end: usize) {
        self.masked.text.extend_from_slice(&self.line[self.at..end]);
        self.at = end;
    }

    fn hide(&mut self, end: usize) {
        self.masked.var(self.at, end);
        self.at = end;
    }

    /// A sign belongs to its number at the token's begin and after `=`, `:`, `(`, `[`, `,`.
    fn signed(&self) -> bool {
        let first = self.at == 0
            || class(self.line[self.at - 1]) & SPACE != 0
            || matches!(self.line[self.at - 1], b'=' | b':' | b'(' | b'[' | b',' | b'{' | b'"' | b'\'');
        first && is(self.peek(1), DIGIT)
    }

    fn digits(&mut self) {
        while self.at < self.end && class(self.line[self.at]) & DIGIT != 0 {
            self.at += 1;
        }
    }

    /// A path has at least two separators; less is written as it is.
    fn slash(&mut self) {
        let rest = self.rest();
        if let [b'\\', escape @ ..] = rest
            && !escape.starts_with(b"\\")
        {
            // A byte written in octal (`\042`) is no number.
            let octal = escape.iter().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
            return self.copy(self.at + 1 + if octal == 3 { 3 } else { 0 });
        }
        let begins = rest.get(1).is_some_and(|b| class(*b) & SLASH == 0);
        if !begins || ipv4_length(&rest[1..]).is_some() {
            return self.copy(self.at + 1);
        }
        let length = path_length(rest);
        let slashes = rest[..length].iter().filter(|b| class(**b) & SLASH != 0).count();
        if slashes >= 2 { self.hide(self.at + length) } else { self.copy(self.at + 1) }
    }

    /// Letters, digits and what joins them: the unit that is one identifier, number or name.
    fn unit(&mut self) {
        let rest = self.rest();
        let joined = rest
            .iter()
            .take_while(|b| {
                class(**b) & (ALPHA | DIGIT) != 0 || matches!(**b, b'_' | b'-' | b'.' | b'$' | b'~' | b'%')
            })
            .count();
        // A sentence's full stop is not part of the name before it.
        let length = joined
            - rest[..joined].iter().rev().take_while(|b| matches!(**b, b'.' | b'-' | b'~' | b'%')).count();
        let length = length.max(1);
        if rest[length..].starts_with(b"://") {
            return self.url(length);
        }
        if length == 1 && class(rest[0]) & ALPHA != 0 && rest[1..].starts_with(b":\\") {
            let end = 2 + path_length(&rest[2..]);
            return self.hide(self.at + end);
        }
        let unit = &rest[..length];
        if let Some(end) = ipv4_length(rest) {
            return self.addresses(end);
        }
        if let Some(end) = colon_address(rest) {
            return self.hide(self.at + end);
        }
        if is_uuid(unit) || is_hex(unit) || is_host(unit) || is_numbered_host(unit) {
            return self.hide(self.at + length);
        }
        if class(rest[0]) & DIGIT != 0 {
            return self.number(length);
        }
        self.identifier(length);
    }

    /// Addresses joined by commas (a chain of proxies) are one parameter.
    fn addresses(&mut self, first: usize) {
        let mut end = first;
        while self.rest().get(end) == Some(&b',') {
            let Some(next) = ipv4_length(&self.rest()[end + 1..]) else { break };
            end += 1 + next;
        }
        self.hide(self.at + end);
    }

    /// `scheme://` stays, what it names goes.
    fn url(&mut self, scheme: usize) {
        let begin = scheme + 3;
        self.copy(self.at + begin);
        let rest = self.rest();
        let mut end = rest
            .iter()
            .take_while(|b| {
                !matches!(
                    **b,
                    b'"' | b'\'' | b'<' | b'>' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b',' | b';'
                )
            })
            .count();
        while end > 0 && matches!(rest[end - 1], b'.' | b':') {
            end -= 1;
        }
        if end > 0 {
            self.hide(self.at + end);
        }
    }

    /// What begins with a digit: numbers joined by dots and dashes, with units that stick to them.
    fn number(&mut self, length: usize) {
        let end = self.at + length;
        while self.at < end {
            let begin = self.at;
            if class(self.line[begin]) & DIGIT == 0 {
                self.masked.text.push(self.line[begin]);
                self.at += 1;
                continue;
            }
            self.digits();
            let digits = self.at;
            let mut tail = digits;
            while tail < end && (class(self.line[tail]) & (ALPHA | DIGIT) != 0 || self.line[tail] == b'_') {
                tail += 1;
            }
            let suffix = &self.line[digits..tail];
            let kept = !belongs_to_number(suffix);
            self.masked.var(begin, if kept { digits } else { tail });
            if kept {
                self.masked.text.extend_from_slice(suffix);
            }
            self.at = tail;
        }
    }

    /// A name with digits in it: `blk_12`, `part-0001`, `attempt_12_m_3`, `jk2_init`, `host-3.lan`.
    ///
    /// Segments that are numbers are parameters, with what follows them up to the next real word;
    /// digits that stick to letters belong to the name.
    fn identifier(&mut self, length: usize) {
        let first = self.at;
        let end = self.at + length;
        while self.at < end {
            let begin = self.at;
            let stop = self.segment(begin, end);
            let part = &self.line[begin..stop];
            if is_variable_segment(part) {
                let tail = camel_tail(part);
                let close = if tail == 0 { self.variable_run(stop, end) } else { stop - tail };
                self.hide(close);
                self.copy(self.at + tail.min(end - self.at));
            } else if begin == first {
                self.version(stop);
            } else {
                self.copy(stop);
            }
            if self.at < end && class(self.line[self.at]) & (ALPHA | DIGIT) != 0 {
                continue;
            }
            // The sign of a number after `_`: `blk_-12`.
            if self.at + 2 < end
                && self.line[self.at] == b'_'
                && self.line[self.at + 1] == b'-'
                && is(self.line.get(self.at + 2), DIGIT)
            {
                self.copy(self.at + 1);
                let stop = self.segment(self.at + 1, end);
                let close = self.variable_run(stop, end);
                self.hide(close);
            }
            if self.at < end {
                let byte = self.line[self.at];
                self.masked.text.push(byte);
                self.at += 1;
            }
        }
    }

    fn segment(&self, begin: usize, end: usize) -> usize {
        let mut stop = begin;
        while stop < end && class(self.line[stop]) & (ALPHA | DIGIT) != 0 {
            stop += 1;
        }
        stop
    }

    /// From the end of a number, how far it goes on: over `_` and `-` and single letters.
    fn variable_run(&self, mut stop: usize, end: usize) -> usize {
        while stop < end && matches!(self.line[stop], b'_' | b'-') {
            let joint = self.line[stop];
            let rest = &self.line[stop + 1..end];
            if let Some(address) = ipv4_prefix(rest) {
                stop += 1 + address;
                continue;
            }
            let next = self.segment(stop + 1, end);
            let part = &self.line[stop + 1..next];
            let short = part.len() == 1 && joint == b'_';
            if part.is_empty() || !(short || is_variable_segment(part)) {
                break;
            }
            stop = next - camel_tail(part);
            if stop < next {
                break;
            }
        }
        stop
    }

    /// `v2` before a dot or at the end is a version: the letter stays, the number goes.
    fn version(&mut self, stop: usize) {
        let part = &self.line[self.at..stop];
        let versioned = matches!(part.first(), Some(b'v' | b'V'))
            && part.len() > 1
            && part[1..].iter().all(|b| class(*b) & DIGIT != 0);
        if versioned {
            self.copy(self.at + 1);
            self.hide(stop);
        } else {
            self.copy(stop);
        }
    }
}
