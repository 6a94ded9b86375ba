//! Masking: one pass over a line that replaces what is a parameter by its form alone.
//!
//! Numbers, addresses, identifiers, paths, sizes and URLs are told by their bytes; no word is
//! judged here, and nothing is remembered between lines. What a word is — a part of the message or
//! a value — only the other lines can tell (see `refine`).

/// Stands for a parameter in masked text. Never occurs in UTF-8; an input byte of this value is
/// written as another invalid byte.
pub const VAR: u8 = 0xFF;
const INVALID: u8 = 0xFE;

const DIGIT: u8 = 1;
const ALPHA: u8 = 2;
const SPACE: u8 = 4;
const SLASH: u8 = 8;
const OTHER: u8 = 16;
const HEX: u8 = 32;
const CODE: u8 = 64;
const DOT: u8 = 128;

/// The classes of every byte. Bytes above 127 count as letters: they belong to words.
static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT | HEX,
            b'a'..=b'f' | b'A'..=b'F' => ALPHA | HEX,
            b'g'..=b'z' | b'G'..=b'Z' | 128..=254 => ALPHA,
            255 => CODE,
            b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c => SPACE,
            b'/' | b'\\' => SLASH,
            b'.' => OTHER | DOT,
            _ => OTHER,
        };
        byte += 1;
    }
    table
}

fn class(byte: u8) -> u8 {
    CLASS[byte as usize]
}

fn is(byte: Option<&u8>, wanted: u8) -> bool {
    byte.is_some_and(|b| class(*b) & wanted != 0)
}

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
            if let Some(hour) = date(&line[begin..]) {
                self.var(begin, begin + hour);
                at += hour;
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

    fn var(&mut self, begin: usize, end: usize) {
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

/// The masking of one token: text between white space that has a digit or a slash in it.
struct Token<'a> {
    line: &'a [u8],
    /// The end of the token.
    end: usize,
    at: usize,
    masked: &'a mut Masked,
}

impl Token<'_> {
    fn mask(&mut self) {
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
                self.number_tail(begin);
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

    /// A number is written from `begin` to here; a unit of size that sticks to it belongs to it.
    fn number_tail(&mut self, begin: usize) {
        let end = self.at;
        self.masked.var(begin, end);
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
        let length = path_length(rest);
        let slashes = rest[..length].iter().filter(|b| class(**b) & SLASH != 0).count();
        let address = ipv4_length(rest.get(1..).unwrap_or_default()).is_some();
        if slashes >= 2 && length >= 3 && !address && rest.get(1).is_some_and(|b| class(*b) & SLASH == 0) {
            self.hide(self.at + length);
        } else {
            self.masked.text.push(rest[0]);
            self.at += 1;
        }
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
            while tail < end && class(self.line[tail]) & (ALPHA | DIGIT) != 0
                || tail < end && self.line[tail] == b'_'
            {
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

fn path_length(text: &[u8]) -> usize {
    // `/C:/…`, as in file URLs
    let drive =
        if text.len() > 3 && class(text[1]) & ALPHA != 0 && text[2] == b':' && class(text[3]) & SLASH != 0 {
            3
        } else {
            0
        };
    let mut end = drive
        + text[drive..]
            .iter()
            .take_while(|b| {
                class(**b) & (ALPHA | DIGIT | SLASH) != 0
                    || matches!(
                        **b,
                        b'_' | b'-'
                            | b'.'
                            | b'~'
                            | b'%'
                            | b'$'
                            | b'+'
                            | b'@'
                            | b'#'
                            | b'='
                            | b'&'
                            | b'?'
                            | b'!'
                            | b'*'
                    )
            })
            .count();
    while end > 0 && text[end - 1] == b'.' {
        end -= 1;
    }
    end
}

/// Whether what sticks to digits is part of the value: a unit of size, further digits or
/// hexadecimal digits. Other letters are words of the message.
fn belongs_to_number(suffix: &[u8]) -> bool {
    let rest = suffix.strip_suffix(b"B").or(suffix.strip_suffix(b"b")).unwrap_or(suffix);
    let rest = rest.strip_suffix(b"i").unwrap_or(rest);
    let unit = suffix.len() <= 3 && matches!(rest, [] | [b'k' | b'K' | b'M' | b'G' | b'T' | b'P']);
    !suffix.is_empty()
        && (unit
            || suffix.iter().any(|b| class(*b) & DIGIT != 0)
            || suffix.iter().all(|b| class(*b) & HEX != 0))
}

/// A segment that is a value whatever the other lines say: digits first, or many of them.
fn is_variable_segment(segment: &[u8]) -> bool {
    let digits = segment.iter().filter(|b| class(**b) & DIGIT != 0).count();
    match segment.first() {
        Some(first) if class(*first) & DIGIT != 0 => true,
        Some(_) => digits >= 4 && digits * 2 >= segment.len() || is_hex(segment),
        None => false,
    }
}

/// Eight or more hexadecimal digits with both letters and decimal digits among them.
fn is_hex(text: &[u8]) -> bool {
    if text.len() > 2 && text[0] == b'0' && (text[1] | 32) == b'x' {
        return text[2..].iter().all(|b| class(*b) & HEX != 0);
    }
    let digits = text.iter().filter(|b| class(**b) & DIGIT != 0).count();
    text.len() >= 6 && digits > 0 && digits < text.len() && text.iter().all(|b| class(*b) & HEX != 0)
}

/// 8-4-4-4-12 hexadecimal digits (RFC 9562).
fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => class(*b) & HEX != 0,
        })
}

/// The length of a dotted quad at the begin of `text`, when nothing of a longer name follows.
fn ipv4_length(text: &[u8]) -> Option<usize> {
    let at = ipv4_prefix(text)?;
    let next = text.get(at);
    let goes_on = is(next, ALPHA | DIGIT)
        || next == Some(&b'_')
        || matches!(next, Some(b'.' | b'-')) && is(text.get(at + 1), ALPHA | DIGIT);
    (!goes_on).then_some(at)
}

fn ipv4_prefix(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    for part in 0..4 {
        let begin = at;
        while at < text.len() && at - begin < 4 && class(text[at]) & DIGIT != 0 {
            at += 1;
        }
        if !(1..=3).contains(&(at - begin)) {
            return None;
        }
        if part < 3 {
            if text.get(at) != Some(&b'.') {
                return None;
            }
            at += 1;
        }
    }
    Some(at)
}

/// How many bytes of a capitalised word stick to the digits at the segment's begin: `0020Job`.
fn camel_tail(segment: &[u8]) -> usize {
    let digits = segment.iter().take_while(|b| class(**b) & DIGIT != 0).count();
    let tail = &segment[digits..];
    let word = digits > 0
        && tail.len() >= 3
        && tail[0].is_ascii_uppercase()
        && tail[1..].iter().all(u8::is_ascii_lowercase);
    if word { tail.len() } else { 0 }
}

/// A host's full name: labels joined by dots, under a domain that the name system has.
fn is_host(unit: &[u8]) -> bool {
    const GENERIC: [&[u8]; 6] = [b"com", b"net", b"org", b"edu", b"gov", b"mil"];
    const SECOND: [&[u8]; 3] = [b"co", b"ac", b"ne"];
    let mut labels = unit.rsplit(|b| *b == b'.');
    let (Some(last), Some(second)) = (labels.next(), labels.next()) else { return false };
    let first = unit.split(|b| *b == b'.').next().unwrap_or_default();
    // `com.example.Name` is a class, not a host
    if GENERIC.contains(&first) || unit.contains(&b'_') || unit.contains(&b'$') || unit.contains(&b'%') {
        return false;
    }
    if GENERIC.contains(&last) {
        return second.len() > 1;
    }
    let country = last.len() == 2 && last.iter().all(u8::is_ascii_lowercase);
    country
        && labels.next().is_some()
        && (GENERIC.contains(&second)
            || SECOND.contains(&second)
            || unit.iter().any(|b| matches!(b, b'-' | b'0'..=b'9')))
}

/// A machine named by words and a number, joined by dashes: `rack-web-041`.
fn is_numbered_host(unit: &[u8]) -> bool {
    let mut parts = unit.split(|b| *b == b'-');
    let Some(last) = parts.next_back() else { return false };
    let words =
        parts.by_ref().take_while(|p| !p.is_empty() && p.iter().all(|b| b.is_ascii_alphabetic())).count();
    words >= 2
        && parts.next().is_none()
        && unit.split(|b| *b == b'-').count() == words + 1
        && !last.is_empty()
        && last.len() <= 6
        && last.iter().all(|b| b.is_ascii_digit())
}

/// The length of hexadecimal groups joined by colons (MAC and IPv6 addresses) at the begin of `text`.
fn colon_address(text: &[u8]) -> Option<usize> {
    let (mut at, mut groups, mut letters) = (0, 0, false);
    loop {
        let begin = at;
        while at < text.len() && at - begin < 5 && class(text[at]) & HEX != 0 {
            letters |= class(text[at]) & ALPHA != 0;
            at += 1;
        }
        if at - begin > 4 || at == begin && text.get(at) != Some(&b':') {
            break;
        }
        groups += 1;
        if text.get(at) != Some(&b':') {
            break;
        }
        if !is(text.get(at + 1), HEX) && text.get(at + 1) != Some(&b':') {
            break;
        }
        at += 1;
    }
    let whole = !is(text.get(at), ALPHA | DIGIT);
    (whole && (groups >= 6 || groups >= 4 && letters)).then_some(at)
}

/// A date in words before a time (`Sat Jun 18 02:08:10`, `Jul  8 17:12:34`): the length up to the
/// end of the hour, so that the time is written as times are.
fn date(text: &[u8]) -> Option<usize> {
    const DAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
    const MONTHS: [&[u8]; 12] =
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    if text.len() < 12 || !text[0].is_ascii_uppercase() || text[3] != b' ' {
        return None;
    }
    let mut at = if DAYS.contains(&&text[..3]) { 4 } else { 0 };
    if !MONTHS.contains(&text.get(at..at + 3)?) {
        return None;
    }
    at += 3;
    for most in [2, 2] {
        let blanks = text[at..].iter().take_while(|b| **b == b' ').count();
        let digits = text[at + blanks..].iter().take_while(|b| b.is_ascii_digit()).count();
        if !(1..=2).contains(&blanks) || !(1..=most).contains(&digits) {
            return None;
        }
        at += blanks + digits;
    }
    let time = text.get(at) == Some(&b':') && is(text.get(at + 1), DIGIT);
    time.then_some(at)
}
