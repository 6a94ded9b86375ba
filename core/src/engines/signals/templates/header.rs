//! Where the message of a raw log line begins: after time, level, host, thread and component.
//!
//! For plain files whose lines no parser has taken apart. A header is only looked for when most
//! lines of a file begin with a time, and what is not surely a header stays in the message.

/// Lines of a file that [`Layout::of`] looks at.
pub const SAMPLE: usize = 200;
/// A header is no longer than this, in bytes.
const REACH: usize = 320;

/// How the lines of one file begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// Lines are messages.
    #[default]
    Bare,
    /// Lines begin with a time and what belongs to it.
    Headed,
}

impl Layout {
    /// Told from the first lines of a file: headed when half of those that say something have a time.
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let (mut all, mut headed) = (0, 0);
        for line in lines.into_iter().map(<[u8]>::trim_ascii).filter(|l| !l.is_empty()).take(SAMPLE) {
            all += 1;
            headed += usize::from(first_stamp(line).is_some());
        }
        if headed * 2 > all { Layout::Headed } else { Layout::Bare }
    }

    /// The message of `line`: all of it where there is no header.
    pub fn message<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        let line = line.trim_ascii();
        match self {
            Layout::Bare => line,
            Layout::Headed => line.get(message_start(line)..).unwrap_or_default(),
        }
    }
}

const LEVELS: [&str; 22] = [
    "TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "ERR", "CRIT", "CRITICAL", "FATAL",
    "SEVERE", "ALERT", "EMERG", "FAILURE", "PANIC", "V", "D", "I", "W", "E", "F",
];

/// One field of a header, and where the next begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    /// More header may follow.
    Part(usize),
    /// The message follows.
    Last(usize),
}

fn message_start(line: &[u8]) -> usize {
    let line = &line[..line.len().min(REACH)];
    let Some((stamp, syslog)) = first_stamp(line) else { return 0 };
    let mut at = stamp;
    let mut levelled = false;
    let mut hosted = !syslog;
    loop {
        let begin = skip(line, at);
        if begin >= line.len() {
            return at.max(begin);
        }
        if let Some(end) = stamp_at(line, begin) {
            hosted &= !line[begin].is_ascii_alphabetic();
            at = end;
            continue;
        }
        if let Some(end) = level_at(line, begin) {
            (at, levelled) = (end, true);
            continue;
        }
        match field(line, begin, levelled, &mut hosted) {
            Some(Field::Part(end)) => at = end,
            Some(Field::Last(end)) => return skip(line, end),
            None => return begin,
        }
    }
}

/// White space and what separates fields.
fn skip(line: &[u8], mut at: usize) -> usize {
    loop {
        let rest = &line[at..];
        at += match rest {
            [b' ' | b'\t' | b'|', ..] => 1,
            [b'-' | b',', b' ', ..] => 1,
            _ => return at,
        };
    }
}

fn token(line: &[u8], begin: usize) -> &[u8] {
    let rest = &line[begin..];
    &rest[..rest.iter().position(|b| matches!(b, b' ' | b'\t' | b'|')).unwrap_or(rest.len())]
}

fn field(line: &[u8], begin: usize, levelled: bool, hosted: &mut bool) -> Option<Field> {
    let text = token(line, begin);
    let end = begin + text.len();
    if text.first() == Some(&b'[') {
        return bracket(line, begin);
    }
    // What stands in a column of its own has a bar behind it too; the last column is the message.
    if begin > 0 && line[begin - 1] == b'|' && line.get(end) != Some(&b'|') {
        return None;
    }
    if text.iter().all(u8::is_ascii_digit) && !text.is_empty() {
        // A process or a thread; behind the level it is the message's, unless more of a header follows.
        let next = token(line, skip(line, end));
        return (!levelled || next.starts_with(b"-") || next.starts_with(b"[")).then_some(Field::Part(end));
    }
    if levelled && text == b"---" {
        return Some(Field::Part(end));
    }
    if let Some(component) = text.strip_suffix(b":") {
        return is_component(component).then_some(Field::Last(end));
    }
    if let Some(end) = named_before_message(line, begin, levelled).filter(|_| is_component(text)) {
        return Some(Field::Last(end));
    }
    if line.get(end) == Some(&b'|') && is_component(text) {
        return Some(Field::Part(end));
    }
    // After the time of syslog comes the host, if after it comes the program.
    if !*hosted {
        *hosted = true;
        let next = token(line, skip(line, end));
        if next.ends_with(b":") {
            return Some(Field::Part(end));
        }
    }
    if !levelled && level_follows(line, end) {
        return Some(Field::Part(end));
    }
    let dotted =
        text.iter().filter(|b| **b == b'.').count() >= 2 && is_component(text) && !text.ends_with(b".");
    let column = line[end..].starts_with(b"  ") && text.iter().all(u8::is_ascii_alphanumeric);
    (levelled && (dotted || column)).then(|| Field::Last(request(line, end)))
}

/// The end of a component that stands before ` : `, or of a program before ` - `.
fn named_before_message(line: &[u8], begin: usize, levelled: bool) -> Option<usize> {
    let mut end = begin + token(line, begin).len();
    if line[end..].starts_with(b" : ") {
        return Some(end + 3);
    }
    for _ in 0..2 {
        if !levelled && line[end..].starts_with(b" - ") {
            return Some(end + 3);
        }
        end = (end + 1 + token(line, (end + 1).min(line.len())).len()).min(line.len());
    }
    None
}

/// A thread, a level or a request in brackets: header when a component, a dash or another bracket
/// follows; otherwise it is the message's.
fn bracket(line: &[u8], begin: usize) -> Option<Field> {
    let mut depth = 0;
    let close = line[begin..].iter().position(|b| {
        depth += i32::from(*b == b'[') - i32::from(*b == b']');
        depth == 0
    })?;
    let end = begin + close + 1;
    let rest = &line[end..];
    let inner = &line[begin + 1..end - 1];
    if rest.starts_with(b" - ") {
        return Some(Field::Last(end + 2));
    }
    let next = token(line, skip(line, end));
    let spaced = line.get(skip(line, end) + next.len()..).is_some_and(|r| r.starts_with(b" : "));
    let component = next
        .strip_suffix(b":")
        .or(spaced.then_some(next))
        .is_some_and(|c| is_component(c) && c.contains(&b'.'));
    let thread = !inner.contains(&b' ') && (next.starts_with(b"[") || next.len() == 1 && next[0] == b'-');
    (component || thread && level_at(line, begin).is_none()).then_some(Field::Part(end))
}

/// The identifiers of a request that some frameworks write after the component.
fn request(line: &[u8], end: usize) -> usize {
    let begin = skip(line, end);
    let rest = &line[begin..];
    if rest.starts_with(b"[req-") || rest.starts_with(b"[-]") {
        return begin + rest.iter().position(|b| *b == b']').map_or(0, |p| p + 1);
    }
    end
}

fn is_component(text: &[u8]) -> bool {
    let first = text.first().is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'/'));
    let mut open = 0;
    first
        && text.iter().all(|b| {
            open += i32::from(matches!(b, b'[' | b'(')) - i32::from(matches!(b, b']' | b')'));
            b.is_ascii_alphanumeric()
                || open > 0
                || matches!(b, b'_' | b'.' | b'-' | b'$' | b'/' | b'@' | b'#' | b']' | b')')
        })
}

fn level_at(line: &[u8], begin: usize) -> Option<usize> {
    let text = token(line, begin);
    let inner = text.strip_prefix(b"[").and_then(|t| t.strip_suffix(b"]")).unwrap_or(text);
    let inner = inner.strip_suffix(b":").or(inner.strip_suffix(b",")).unwrap_or(inner);
    let long = inner.len() > 1 && LEVELS.iter().any(|l| inner.eq_ignore_ascii_case(l.as_bytes()));
    let short = inner.len() == 1 && LEVELS.iter().any(|l| inner == l.as_bytes());
    (long || short).then_some(begin + text.len())
}

/// Whether one of the next few tokens is a level in capitals or a time.
fn level_follows(line: &[u8], mut at: usize) -> bool {
    for _ in 0..4 {
        let begin = skip(line, at);
        let text = token(line, begin);
        if text.len() > 1 && LEVELS.iter().any(|l| text == l.as_bytes()) || stamp_at(line, begin).is_some() {
            return true;
        }
        if text.is_empty() || text.ends_with(b":") {
            return false;
        }
        at = begin + text.len();
    }
    false
}

/// The end of the first time in the line, if it is among the first tokens; and whether it is one of
/// syslog's, which have no year.
fn first_stamp(line: &[u8]) -> Option<(usize, bool)> {
    let mut at = 0;
    for _ in 0..6 {
        let begin = skip(line, at);
        if let Some(end) = stamp_at(line, begin) {
            return Some((end, line[begin].is_ascii_alphabetic()));
        }
        let text = token(line, begin);
        // Words of a sentence do not stand before the time of a line.
        let sentence = text.len() > 1
            && text.iter().all(u8::is_ascii_alphabetic)
            && !text.iter().all(u8::is_ascii_uppercase);
        if text.is_empty() || text.ends_with(b":") || text.len() > 64 || sentence {
            return None;
        }
        at = begin + text.len();
    }
    None
}

/// The end of a date, a time or both that begin at `begin`, with what brackets them.
fn stamp_at(line: &[u8], begin: usize) -> Option<usize> {
    let bracket = usize::from(line.get(begin) == Some(&b'['));
    let mut text = Scan { line, at: begin + bracket };
    let worded = text.words();
    let dated = worded || text.date();
    if dated {
        text.any(b" T-_:,");
    }
    let timed = text.time();
    if !timed {
        let epoch = !dated && text.digits(10) && line[text.at - 10] == b'1';
        if !epoch && !dated || worded {
            return None;
        }
    }
    if timed && worded {
        text.year();
    }
    if bracket == 1 {
        return (line.get(text.at) == Some(&b']')).then_some(text.at + 1);
    }
    let next = line.get(text.at);
    next.is_none_or(|b| matches!(b, b' ' | b'\t' | b',' | b'|' | b']')).then_some(text.at)
}

struct Scan<'a> {
    line: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> u8 {
        self.line.get(self.at).copied().unwrap_or(0)
    }

    fn any(&mut self, of: &[u8]) {
        self.at += usize::from(of.contains(&self.peek()));
    }

    /// Exactly `count` digits.
    fn digits(&mut self, count: usize) -> bool {
        let run = self.line[self.at.min(self.line.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
        if run == count {
            self.at += count;
        }
        run == count
    }

    fn back(&mut self, to: usize) -> bool {
        self.at = to;
        false
    }

    /// `Sat Jun 18`, `Jun 18`.
    fn words(&mut self) -> bool {
        const DAYS: [&[u8]; 7] = [b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat ", b"Sun "];
        const MONTHS: [&[u8]; 12] = [
            b"Jan ", b"Feb ", b"Mar ", b"Apr ", b"May ", b"Jun ", b"Jul ", b"Aug ", b"Sep ", b"Oct ",
            b"Nov ", b"Dec ",
        ];
        let begin = self.at;
        let next = |at: usize| self.line.get(at..at + 4).unwrap_or_default();
        let month = begin + if DAYS.contains(&next(begin)) { 4 } else { 0 };
        if !MONTHS.contains(&next(month)) {
            return false;
        }
        self.at = month + 4;
        self.any(b" ");
        self.digits(2) || self.digits(1) || self.back(begin)
    }

    /// `2015-10-18`, `17/06/09`, `03-17`, `2005.06.03`, `081109`, `20171223`.
    fn date(&mut self) -> bool {
        let begin = self.at;
        if self.digits(6) || self.digits(8) {
            return matches!(self.peek(), b' ' | b'-' | b'T' | b'_') || self.back(begin);
        }
        if !(self.digits(4) || self.digits(2)) {
            return false;
        }
        let joint = self.peek();
        if !matches!(joint, b'-' | b'/' | b'.') {
            return self.back(begin);
        }
        self.at += 1;
        if !self.digits(2) {
            return self.back(begin);
        }
        let two = self.at;
        self.any(&[joint]);
        if self.at > two && !(self.digits(4) || self.digits(2)) {
            self.at = two;
        }
        true
    }

    /// `18:01:47,978`, `15.42.50.363779`, `203615`, with a zone.
    fn time(&mut self) -> bool {
        let begin = self.at;
        if self.digits(6) && begin > 0 {
            return true;
        }
        self.at = begin;
        if !(self.digits(2) || self.digits(1)) {
            return false;
        }
        for _ in 0..2 {
            if !matches!(self.peek(), b':' | b'.') {
                return self.back(begin);
            }
            let colon = self.peek() == b':';
            self.at += 1;
            if !(self.digits(2) || colon && self.digits(1)) {
                return self.back(begin);
            }
        }
        if matches!(self.peek(), b'.' | b',' | b':')
            && self.line.get(self.at + 1).is_some_and(u8::is_ascii_digit)
        {
            self.at += 1;
            self.at += self.line[self.at..].iter().take_while(|b| b.is_ascii_digit()).count();
        }
        self.zone();
        true
    }

    fn zone(&mut self) {
        let begin = self.at;
        if self.peek() == b'Z' {
            self.at += 1;
        } else if matches!(self.peek(), b'+' | b'-') {
            self.at += 1;
            if !self.digits(4) {
                let hours = self.digits(2);
                self.any(b":");
                if !(hours && self.digits(2)) {
                    self.at = begin;
                }
            }
        }
    }

    fn year(&mut self) {
        let begin = self.at;
        self.any(b" ");
        if !self.digits(4) {
            self.at = begin;
        }
    }
}
