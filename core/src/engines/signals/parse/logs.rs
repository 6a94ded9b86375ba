//! Logs as they stand in files: bytes in, records out, in one pass and bounded memory.
//!
//! Lines may be plain, JSON, logfmt, or carried in the envelopes of Docker and of CRI; what a stack trace
//! spreads over lines is joined. Never keeps a record after the sink has seen it.

use super::encoding::{self, Encoding};
use super::fields::{Fields, fields};
use super::header::header;
use super::json::Json;
use super::logfmt::logfmt;
use super::record::Record;
use super::stack::Part;
use super::time;
use crate::domain::incident::{LineSink, LogLevel};
use std::borrow::Cow;
use std::io::{self, Read};

/// The longest line, in bytes; what goes beyond is dropped, with a note.
pub const LONGEST_LINE: usize = 16 << 20;
/// How much of a plain line is looked at, in bytes.
const LONGEST_TEXT: usize = 64 << 10;
/// Clocks compared between a record and its carrier.
const COMPARED: usize = 256;

/// Whose lines they are, and how their times are to be read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogSource {
    /// Path within the bundle, or the name of the stream.
    pub file: String,
    pub service: String,
    pub instance: Option<String>,
    /// Unix seconds towards which times without year or day are read.
    pub near: f64,
    /// Seconds to add to times that are the line's own, because its clock is wrong by that much.
    pub shift: f64,
}

/// What was met in one file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogFacts {
    pub lines: u64,
    pub records: u64,
    /// Lines that went on with the record before.
    pub joined: u64,
    /// Records without a time of their own or of a carrier.
    pub untimed: u64,
    /// Lines that are not UTF-8, read as Windows-1252.
    pub undecoded: u64,
    /// Lines cut at [`LONGEST_LINE`].
    pub cut: u64,
    /// Runs of zero bytes, as a file leaves that was truncated while it was written to.
    pub zeroes: u64,
    /// Records whose time lies before that of the record before.
    pub disordered: u64,
    /// The last line has no end and is broken.
    pub half: bool,
    /// It is no text at all.
    pub binary: bool,
    /// Unix seconds of the earliest and the latest record, as read and shifted.
    pub first: Option<f64>,
    pub last: Option<f64>,
    /// Whether all times were a carrier's or named their zone.
    pub zoned: bool,
    /// Seconds by which records' own clocks are ahead of their carrier's, of the first records.
    pub leads: Vec<f64>,
}

/// Reads one file's bytes as they come.
#[derive(Debug)]
pub struct LogReader {
    source: LogSource,
    encoding: Option<Encoding>,
    start: Vec<u8>,
    carry: Vec<u8>,
    odd: Vec<u8>,
    /// Of the first byte in `carry`, or of the next byte when it is empty.
    offset: u64,
    /// Dropping the rest of a line that is too long.
    overlong: bool,
    record: Record,
    partial: Partial,
    last_own: Option<f64>,
    last_time: Option<f64>,
    facts: LogFacts,
}

/// A line that its carrier has cut into pieces.
#[derive(Debug, Default)]
struct Partial {
    live: bool,
    text: String,
    raw: Vec<u8>,
    offset: u64,
}

impl LogReader {
    pub fn new(source: LogSource) -> Self {
        Self {
            source,
            encoding: None,
            start: Vec::new(),
            carry: Vec::new(),
            odd: Vec::new(),
            offset: 0,
            overlong: false,
            record: Record::default(),
            partial: Partial::default(),
            last_own: None,
            last_time: None,
            facts: LogFacts { zoned: true, ..LogFacts::default() },
        }
    }

    /// Takes the next bytes of the file.
    pub fn feed(&mut self, chunk: &[u8], sink: &mut LineSink<'_>) {
        if self.encoding.is_some() {
            return self.take(chunk, sink);
        }
        // What a file is, its first bytes tell; they are kept until there are enough of them.
        self.start.extend_from_slice(chunk);
        if self.start.len() >= encoding::HEAD {
            self.judge(sink);
        }
    }

    fn judge(&mut self, sink: &mut LineSink<'_>) {
        let start = std::mem::take(&mut self.start);
        let (encoding, mark) = encoding::detect(&start);
        self.facts.binary = encoding == Encoding::Binary;
        self.encoding = Some(encoding);
        self.offset = mark as u64;
        self.take(&start[mark..], sink);
    }

    fn take(&mut self, chunk: &[u8], sink: &mut LineSink<'_>) {
        match self.encoding {
            Some(Encoding::Utf8) => self.lines(Encoding::Utf8, chunk, sink),
            Some(Encoding::Binary) | None => {}
            // Units of two bytes: what a chunk leaves over begins the next.
            Some(encoding) => {
                let mut whole = std::mem::take(&mut self.odd);
                whole.extend_from_slice(chunk);
                if whole.len() % 2 == 1 {
                    self.odd.extend(whole.pop());
                }
                self.lines(encoding, &whole, sink);
            }
        }
    }

    fn lines(&mut self, encoding: Encoding, mut chunk: &[u8], sink: &mut LineSink<'_>) {
        if !self.carry.is_empty() || self.overlong {
            let end = encoding.line_end(chunk);
            self.keep(&chunk[..end.unwrap_or(chunk.len())], sink);
            let Some(end) = end else { return };
            chunk = &chunk[end..];
            if std::mem::take(&mut self.overlong) {
                self.carry.clear();
            } else {
                let mut line = std::mem::take(&mut self.carry);
                self.line(&line, sink);
                line.clear();
                self.carry = line;
            }
        }
        while let Some(end) = encoding.line_end(chunk) {
            self.line(&chunk[..end], sink);
            chunk = &chunk[end..];
        }
        self.keep(chunk, sink);
    }

    /// Keeps the beginning of a line until its end comes. One that is too long goes out cut, and its rest is
    /// only counted.
    fn keep(&mut self, piece: &[u8], sink: &mut LineSink<'_>) {
        if self.overlong {
            self.offset += piece.len() as u64;
            return;
        }
        let room = LONGEST_LINE.saturating_sub(self.carry.len()).min(piece.len());
        self.carry.extend_from_slice(&piece[..room]);
        if room < piece.len() {
            let line = std::mem::take(&mut self.carry);
            self.facts.cut += 1;
            self.line(&line, sink);
            self.overlong = true;
            self.offset += (piece.len() - room) as u64;
        }
    }

    /// Takes one whole line that a server holds, with the time that it has for it. Its place is counted as if the
    /// lines of this reader were a file.
    pub fn carry(&mut self, time: f64, line: &str, sink: &mut LineSink<'_>) {
        self.encoding = Some(Encoding::Utf8);
        let offset = self.offset;
        self.offset += line.len() as u64 + 1;
        self.facts.lines += 1;
        let text = line.trim_end_matches(['\n', '\r']);
        self.inner(text, Some(time), text.as_bytes(), offset, sink);
    }

    /// The file has ended: the last line and the last record.
    pub fn finish(mut self, sink: &mut LineSink<'_>) -> LogFacts {
        if self.encoding.is_none() {
            self.judge(sink);
        }
        let last = std::mem::take(&mut self.carry);
        if !last.is_empty() && !self.overlong {
            self.facts.half = last.first() == Some(&b'{') && !last.ends_with(b"}");
            self.line(&last, sink);
        }
        if self.partial.live {
            self.whole_partial(None, sink);
        }
        self.flush(sink);
        self.facts
    }

    /// One physical line with its end.
    fn line(&mut self, line: &[u8], sink: &mut LineSink<'_>) {
        let encoding = self.encoding.unwrap_or(Encoding::Utf8);
        let mut offset = self.offset;
        self.offset += line.len() as u64;
        let mut raw = encoding.without_end(line);
        if raw.len() > LONGEST_LINE {
            raw = &raw[..LONGEST_LINE];
            self.facts.cut += 1;
        }
        let zeroes = encoding.leading_zeroes(raw);
        if zeroes > 0 {
            self.facts.zeroes += 1;
            raw = &raw[zeroes..];
            offset += zeroes as u64;
        }
        self.facts.lines += 1;
        let (text, clean) = encoding.decode(raw);
        self.facts.undecoded += u64::from(!clean);
        self.text(&text, raw, offset, sink);
    }

    fn text(&mut self, text: &str, raw: &[u8], offset: u64, sink: &mut LineSink<'_>) {
        if text.starts_with('{')
            && let Ok(json) = Json::read(text)
        {
            if let (Some(log), Some(time)) = (json.get("log").and_then(Json::text), json.text_at(&["time"]))
                && json.get("level").is_none()
            {
                let (inner, whole) = (log.trim_end_matches(['\n', '\r']), log.ends_with('\n'));
                return self.carried(inner, whole, time::moment(time), raw, offset, sink);
            }
            return self.structured(&json, text, None, raw, offset, sink);
        }
        match cri(text) {
            Some((time, whole, inner)) => self.carried(inner, whole, Some(time), raw, offset, sink),
            None => self.plain(text, None, raw, offset, sink),
        }
    }

    /// A line in the envelope of a container runtime, perhaps only a piece of it.
    fn carried(
        &mut self,
        inner: &str,
        whole: bool,
        time: Option<f64>,
        raw: &[u8],
        offset: u64,
        sink: &mut LineSink<'_>,
    ) {
        if self.partial.live || !whole {
            if !self.partial.live {
                self.partial.live = true;
                self.partial.offset = offset;
                self.partial.raw.clear();
                self.partial.raw.extend_from_slice(raw);
                self.partial.text.clear();
            }
            let room = LONGEST_LINE.saturating_sub(self.partial.text.len());
            self.partial.text.push_str(&inner[..inner.floor_char_boundary(room)]);
            if whole {
                self.whole_partial(time, sink);
            }
            return;
        }
        self.inner(inner, time, raw, offset, sink);
    }

    fn whole_partial(&mut self, time: Option<f64>, sink: &mut LineSink<'_>) {
        let partial = std::mem::take(&mut self.partial);
        self.inner(&partial.text, time, &partial.raw, partial.offset, sink);
    }

    fn inner(&mut self, text: &str, time: Option<f64>, raw: &[u8], offset: u64, sink: &mut LineSink<'_>) {
        if text.starts_with('{')
            && let Ok(json) = Json::read(text)
        {
            return self.structured(&json, text, time, raw, offset, sink);
        }
        self.plain(text, time, raw, offset, sink);
    }

    fn structured(
        &mut self,
        json: &Json<'_>,
        text: &str,
        carrier: Option<f64>,
        raw: &[u8],
        offset: u64,
        sink: &mut LineSink<'_>,
    ) {
        let found = fields(json);
        if json.fields().is_empty() {
            return self.plain(text, carrier, raw, offset, sink);
        }
        self.flush(sink);
        let time = self.time(carrier, found.time, found.zoned);
        let mut level = found.level;
        let message: Cow<'_, str> = match found.message {
            Some(message) if level.is_none() => {
                let head = header(first_line(message));
                level = head.level;
                Cow::Borrowed(&message[head.message..])
            }
            Some(message) => Cow::Borrowed(message),
            None => Cow::Borrowed(text),
        };
        if level.is_none() && server_error(json) {
            level = Some(LogLevel::Error);
        }
        self.record.begin(raw, offset, time, level, &message[..message.floor_char_boundary(LONGEST_TEXT)]);
        self.record.own(found.service, found.instance, found.trace);
        let Fields { error, stack, .. } = found;
        if let Some(error) = error {
            self.record.error = Some(error);
        }
        for line in stack.unwrap_or("").lines().take(400) {
            self.record.stack.add(line);
        }
    }

    fn plain(&mut self, text: &str, carrier: Option<f64>, raw: &[u8], offset: u64, sink: &mut LineSink<'_>) {
        let text = &text[..text.floor_char_boundary(LONGEST_TEXT)];
        let indented = text.starts_with([' ', '\t']);
        let joins = self.record.live && self.partial_of_record(text, indented);
        if joins {
            self.facts.joined += 1;
            return self.record.stack.add(text);
        }
        if text.trim().is_empty() {
            return;
        }
        self.flush(sink);
        if let Some(found) = logfmt(text) {
            let time = self.stamped(carrier, found.stamp);
            self.record.begin(raw, offset, time, found.level, found.message.unwrap_or(text));
            self.record.error = found.error.map(str::to_owned);
            self.record.trace_in(text);
            return;
        }
        let head = header(text);
        let time = self.stamped(carrier, head.stamp);
        self.record.begin(raw, offset, time, head.level, &text[head.message..]);
    }

    /// Whether a line goes on with the record before it.
    fn partial_of_record(&self, text: &str, indented: bool) -> bool {
        if indented {
            return !text.trim().is_empty() || self.record.stack.is_some();
        }
        match self.record.stack.part(text) {
            Part::Own => false,
            _ if header(text).stamp.is_some() => false,
            Part::Continues => true,
            Part::Reports => self.record.level.is_none_or(|level| level >= LogLevel::Warn),
        }
    }

    fn stamped(&mut self, carrier: Option<f64>, stamp: Option<super::stamp::Stamp>) -> Option<f64> {
        let near = carrier.or(self.last_own).unwrap_or(self.source.near);
        let own = stamp.and_then(|stamp| stamp.resolve(near));
        self.time(carrier, own, stamp.is_some_and(|s| s.zoned()))
    }

    /// The record's time: the carrier's, else its own, else that of the record before.
    fn time(&mut self, carrier: Option<f64>, own: Option<f64>, zoned: bool) -> Option<f64> {
        if let Some(own) = own {
            self.last_own = Some(own);
            self.facts.zoned &= zoned || carrier.is_some();
            if let Some(carrier) = carrier
                && self.facts.leads.len() < COMPARED
            {
                self.facts.leads.push(own - carrier);
            }
        }
        let time = carrier.or_else(|| own.map(|own| own + self.source.shift));
        match time {
            Some(time) => {
                self.facts.disordered += u64::from(self.last_time.is_some_and(|last| time < last));
                self.facts.first = Some(self.facts.first.map_or(time, |first| first.min(time)));
                self.facts.last = Some(self.facts.last.map_or(time, |last| last.max(time)));
                self.last_time = Some(time);
            }
            None => self.facts.untimed += 1,
        }
        time.or(self.last_time)
    }

    fn flush(&mut self, sink: &mut LineSink<'_>) {
        if self.record.live {
            self.facts.records += 1;
            self.record.give(&self.source, sink);
        }
    }
}

/// `2016-10-06T00:17:09.669794202Z stdout F message`: (time, whether it is whole, message).
fn cri(text: &str) -> Option<(f64, bool, &str)> {
    let bytes = text.as_bytes();
    if bytes.get(4) != Some(&b'-') || !bytes.first()?.is_ascii_digit() {
        return None;
    }
    let (stamp, rest) = text.split_once(' ')?;
    let rest = rest.strip_prefix("stdout ").or_else(|| rest.strip_prefix("stderr "))?;
    let (tag, message) = match rest.as_bytes() {
        [tag @ (b'F' | b'P'), b' ', ..] => (*tag, &rest[2..]),
        [tag @ (b'F' | b'P')] => (*tag, ""),
        _ => return None,
    };
    Some((time::moment(stamp)?, tag == b'F', message))
}

fn first_line(text: &str) -> &str {
    text.split('\n').next().unwrap_or(text)
}

/// A request's record that tells of a server error and has no level.
fn server_error(json: &Json<'_>) -> bool {
    const NAMES: [&str; 4] = ["status", "status_code", "statusCode", "http_status"];
    let status = NAMES.iter().find_map(|name| json.get(name)).or_else(|| json.at(&["http", "status_code"]));
    status.and_then(Json::number).is_some_and(|status| (500.0..600.0).contains(&status))
}

/// The line that begins at a byte offset of a stream, without its end and cut as the reader cuts it; `None` when
/// the stream ends before.
///
/// # Errors
/// Those of the stream.
pub fn line_at(bytes: &mut dyn Read, offset: u64) -> io::Result<Option<Vec<u8>>> {
    let mut mark = Vec::new();
    bytes.take(offset.min(2)).read_to_end(&mut mark)?;
    let encoding = encoding::detect(&mark).0;
    let skipped = io::copy(&mut bytes.take(offset.saturating_sub(2)), &mut io::sink())?;
    if (mark.len() as u64) + skipped < offset {
        return Ok(None);
    }
    let mut line = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    while line.len() <= LONGEST_LINE {
        let read = bytes.read(&mut buffer)?;
        let from = line.len() & !1;
        line.extend_from_slice(&buffer[..read]);
        if let Some(end) = encoding.line_end(&line[from..]) {
            line.truncate(from + end);
            break;
        }
        if read == 0 {
            break;
        }
    }
    if line.is_empty() {
        return Ok(None);
    }
    let whole = encoding.without_end(&line);
    Ok(Some(whole[..whole.len().min(LONGEST_LINE)].to_vec()))
}

#[cfg(test)]
mod tests;
