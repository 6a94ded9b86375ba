//! What stands before the message of a plain log line: time, level, thread, process.
//!
//! One pass over the first bytes of a line, without allocation. Never looks into the message.

use super::level;
use super::stamp::{self, Stamp};
use crate::domain::incident::LogLevel;

/// How far into a line a header is looked for, in bytes.
const REACH: usize = 160;
/// Tokens that may stand between the time and the level.
const BETWEEN: usize = 6;

/// The head of a line and where its message begins.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Header {
    pub stamp: Option<Stamp>,
    pub level: Option<LogLevel>,
    /// Byte offset of the message.
    pub message: usize,
}

/// Reads the head of a line.
pub fn header(text: &str) -> Header {
    let (priority, start) = syslog_priority(text);
    if let Some(found) = klog(&text[start..]) {
        return Header { message: start + found.message, ..found };
    }
    let Some((stamp, begin, end)) = find_stamp(text, start) else {
        let (level, message) = level_first(text, start);
        return Header { stamp: None, level: level.or(priority), message };
    };
    let before = leading_level(&text[start..begin]);
    if let Some(quote) = access_log(text, begin, end) {
        return Header { stamp: Some(stamp), level: access_level(&text[quote..]), message: quote };
    }
    let yearless = matches!(stamp, Stamp::Yearless { .. });
    let rest = skip_separators(text, end);
    if (yearless || priority.is_some())
        && let Some(message) = syslog_message(text, rest)
    {
        let (level, after) = level_first(text, message);
        return Header { stamp: Some(stamp), level: level.or(priority).or(before), message: after };
    }
    let (level, message) = level_after(text, rest);
    Header { stamp: Some(stamp), level: level.or(before).or(priority), message }
}

/// `<34>` or `<34>1 `: the severity is the rest by eight (RFC 5424, 6.2.1).
fn syslog_priority(text: &str) -> (Option<LogLevel>, usize) {
    let Some((number, rest)) = text.strip_prefix('<').and_then(|t| t.split_once('>')) else {
        return (None, 0);
    };
    let Ok(priority) = number.parse::<u8>() else { return (None, 0) };
    let start = text.len() - rest.len() + if rest.starts_with("1 ") { 2 } else { 0 };
    (level::numbered(f64::from(priority % 8)), start)
}

/// `I0102 15:04:05.000000   12 file.go:34] message`; the year is the reader's business.
fn klog(text: &str) -> Option<Header> {
    let bytes = text.as_bytes();
    let level = level::letter(*bytes.first()?)?;
    let month = super::time::digits(bytes.get(1..3)?)?;
    let day = super::time::digits(bytes.get(3..5)?)?;
    if bytes.get(5) != Some(&b' ') || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (stamp, used) = stamp::scan(bytes.get(6..)?)?;
    let Stamp::TimeOfDay(clock) = stamp else { return None };
    let rest = text.get(6 + used..)?;
    let head = rest.get(..floor(rest, 120))?;
    let message = head.find("] ").map_or(6 + used, |at| 6 + used + at + 2);
    Some(Header { stamp: Some(Stamp::Yearless { month, day, clock }), level: Some(level), message })
}

/// The first timestamp that begins at a token's start: (stamp, start, end).
fn find_stamp(text: &str, start: usize) -> Option<(Stamp, usize, usize)> {
    let bytes = text.as_bytes();
    let end = bytes.len().min(start + REACH);
    let mut at = start;
    let mut tokens = 0;
    while at < end && tokens < BETWEEN {
        while at < end && matches!(bytes[at], b' ' | b'[' | b'(' | b'\t' | b'|' | b'"') {
            at += 1;
        }
        if let Some((stamp, used)) = stamp::scan(&bytes[at..]) {
            // A bare number or time of day in the middle of a line is more likely part of the message.
            let worded = bytes[start..at].iter().any(u8::is_ascii_alphabetic);
            let number = bytes[at..at + used].iter().all(|b| b.is_ascii_digit() || *b == b'.');
            let weak = matches!(stamp, Stamp::TimeOfDay(_)) || number && worded;
            let sure = at == start || tokens < 3 && !weak || bytes[at - 1] == b'[' && !number;
            if sure {
                return Some((stamp, at, at + used));
            }
        }
        // What has begun to be a sentence holds no header any more.
        let width = bytes[at..end].iter().take_while(|b| !matches!(b, b' ' | b'[' | b'\t')).count();
        at += width;
        tokens += 1;
    }
    None
}

/// A level among the few tokens before the time: `INFO 2024-01-02 …`, `[E] 10:00:00 …`.
fn leading_level(text: &str) -> Option<LogLevel> {
    text.split([' ', '[', ']', '\t', ':']).find_map(level_word)
}

/// Common Log Format: the time in brackets, then the request in quotes. Gives where the quote begins.
fn access_log(text: &str, begin: usize, end: usize) -> Option<usize> {
    let bracketed = begin > 0 && text.as_bytes()[begin - 1] == b'[';
    let rest = text.get(end..)?.strip_prefix("] ")?;
    (bracketed && begin > 3 && rest.starts_with('"')).then_some(end + 2)
}

/// Server errors are errors; the rest of an access log says nothing about its level.
fn access_level(request: &str) -> Option<LogLevel> {
    let after = request.get(1..)?.split_once("\" ")?.1;
    let status = after.get(..3)?;
    (status.starts_with('5') && status.bytes().all(|b| b.is_ascii_digit())).then_some(LogLevel::Error)
}

/// `host process[12]: message`: where the message begins.
fn syslog_message(text: &str, from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let (_, tail) = rest.split_once(' ')?;
    let window = tail.get(..floor(tail, 64))?;
    let colon = window.find(": ").or_else(|| window.strip_suffix(':').map(str::len))?;
    let process = &window[..colon];
    let plain = !process.contains(' ') && !process.is_empty();
    plain.then(|| (text.len() - tail.len() + colon + 2).min(text.len()))
}

/// A level as the first word of the message: `ERROR: x`, `[warn] x`, `error - x`, `E/Tag: x`.
fn level_first(text: &str, from: usize) -> (Option<LogLevel>, usize) {
    let Some(rest) = text.get(from..) else { return (None, from) };
    let body = rest.trim_start_matches([' ', '[', '<', '(']);
    let bracketed = body.len() < rest.trim_start_matches(' ').len();
    let width = body.bytes().take(14).take_while(u8::is_ascii_alphanumeric).count();
    let word = &body[..width];
    let Some(found) = level::named(word).filter(|_| !matches!(word, "http" | "log" | "config" | "fine"))
    else {
        return (None, from);
    };
    let next = body.as_bytes().get(width);
    let marked = matches!(next, Some(b':' | b']' | b'>' | b'|' | b')')) || bracketed;
    let shouted = word.bytes().all(|b| !b.is_ascii_lowercase());
    if marked || shouted && matches!(next, Some(b' ' | b'\t')) {
        return (Some(found), skip_separators(text, text.len() - body.len() + width));
    }
    (None, from)
}

/// The level among the tokens after the time, and where the message begins.
fn level_after(text: &str, from: usize) -> (Option<LogLevel>, usize) {
    let end = floor(text, from + REACH);
    let mut at = from;
    let mut words = 0;
    for _ in 0..BETWEEN {
        let Some(token) = next_token(text, at, end) else { break };
        let bare = token.trim_matches(['[', ']', '(', ')', '<', '>', ':', ',', '|']);
        let last = bare.rsplit(['.', '/', ':']).next().unwrap_or(bare);
        if let Some(found) =
            level_word(bare).or_else(|| level::named(last).filter(|_| last.len() < bare.len()))
        {
            return (Some(found), after_level(text, at + token.len()));
        }
        if !is_header_token(token) {
            words += 1;
            if words > 1 {
                break;
            }
        }
        at = skip_spaces(text, at + token.len());
    }
    let (first, after) = level_first(text, from);
    if first.is_some() { (first, after) } else { (None, without_brackets(text, from)) }
}

/// A level that stands for itself: in capitals, or a single capital letter, or in lower case as loggers write it.
fn level_word(word: &str) -> Option<LogLevel> {
    match word.as_bytes() {
        [one] if one.is_ascii_uppercase() => level::letter(*one).filter(|_| *one != b'T' && *one != b'C'),
        [first, .., last] if first.is_ascii_uppercase() == last.is_ascii_uppercase() => level::named(word),
        [first, ..] if first.is_ascii_uppercase() => {
            level::named(word).filter(|_| word != "Fail" && word != "Log")
        }
        _ => None,
    }
    .filter(|_| !matches!(word, "log" | "fail" | "http" | "config" | "fine" | "alert" | "panic" | "LOG:"))
}

/// Threads, process numbers, dashes and names in capitals: what loggers put between time and level.
fn is_header_token(token: &str) -> bool {
    token.starts_with(['[', '(', '<', '{'])
        || token.ends_with([']', ')'])
        || token.bytes().all(|b| !b.is_ascii_lowercase())
        || token.contains('=') && !token.starts_with('"')
}

/// After the level: separators, a process number, dashes, threads in brackets.
fn after_level(text: &str, from: usize) -> usize {
    let mut at = skip_separators(text, from);
    // Spring Boot: `1 --- [main] logger : message`.
    let digits = text.as_bytes()[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    if digits > 0 && text.get(at + digits..).is_some_and(|t| t.starts_with(" --- ")) {
        at += digits + 5;
    }
    without_brackets(text, at)
}

/// Skips up to three groups in brackets, unless nothing would be left.
fn without_brackets(text: &str, from: usize) -> usize {
    let mut at = from;
    for _ in 0..3 {
        let Some(rest) = text.get(at..) else { return from };
        let close = match rest.as_bytes().first() {
            Some(b'[') => balanced(rest, b'[', b']'),
            Some(b'(') => balanced(rest, b'(', b')'),
            _ => None,
        };
        let Some(close) = close else { break };
        let next = skip_separators(text, at + close + 1);
        if next >= text.len() {
            break;
        }
        at = next;
    }
    at
}

/// Where the bracket that opens `text` closes, within reach.
fn balanced(text: &str, open: u8, close: u8) -> Option<usize> {
    let mut depth = 0usize;
    for (at, byte) in text.bytes().enumerate().take(REACH) {
        if byte == open {
            depth += 1;
        } else if byte == close {
            depth -= 1;
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}

/// The next token; one in brackets is one token even with spaces inside.
fn next_token(text: &str, at: usize, end: usize) -> Option<&str> {
    let rest = text.get(at..end)?;
    if rest.is_empty() {
        return None;
    }
    if rest.starts_with('[')
        && let Some(close) = balanced(rest, b'[', b']')
    {
        return rest.get(..=close);
    }
    let width = rest.bytes().take_while(|b| !matches!(b, b' ' | b'\t')).count();
    rest.get(..width)
}

fn skip_spaces(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    from + bytes[from.min(bytes.len())..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count()
}

fn skip_separators(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let from = from.min(bytes.len());
    let mut at = from;
    while at < bytes.len() && at < from + 32 {
        let spaced = || bytes.get(at + 1).is_none_or(|b| matches!(b, b' ' | b'\t' | b'-'));
        match bytes[at] {
            b' ' | b'\t' | b']' | b'|' | b',' | b';' | b'>' | b')' => at += 1,
            b':' => at += 1,
            b'-' | b'*' | b'#' if spaced() => at += 1,
            _ => break,
        }
    }
    at
}

/// The largest character boundary of `text` at or below `at`.
fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use LogLevel::{Debug, Error, Fatal, Info, Warn};
    use proptest::prelude::*;

    #[test]
    fn heads_of_the_common_formats() {
        for (line, level, message) in [
            (
                "2015-10-18 18:01:47,978 INFO [main] org.a.MRAppMaster: Created x",
                Some(Info),
                "org.a.MRAppMaster: Created x",
            ),
            (
                "2015-07-29 17:41:44,747 - INFO  [Quorum[myid=1]/0:0:2181:Fast@774] - Notification",
                Some(Info),
                "Notification",
            ),
            ("[Sun Dec 04 04:47:44 2005] [notice] workerEnv.init() ok", Some(Info), "workerEnv.init() ok"),
            ("[Sun Dec 04 04:47:44.1 2005] [core:error] [pid 12:tid 3] AH: x", Some(Error), "AH: x"),
            (
                "081109 203615 148 INFO dfs.DataNode$PacketResponder: done",
                Some(Info),
                "dfs.DataNode$PacketResponder: done",
            ),
            (
                "17/06/09 20:10:40 WARN spark.SecurityManager: Changing",
                Some(Warn),
                "spark.SecurityManager: Changing",
            ),
            (
                "Jun 14 15:16:01 combo sshd(pam_unix)[19939]: authentication failure",
                None,
                "authentication failure",
            ),
            ("<11>Oct 11 22:14:15 mymachine su: 'su root' failed", Some(Error), "'su root' failed"),
            (
                "nova-api.log.1.2017-05-16_13:53:08 2017-05-16 00:00:00.008 25746 INFO nova.wsgi [req-1 - -] 10.1.1.1 x",
                Some(Info),
                "nova.wsgi [req-1 - -] 10.1.1.1 x",
            ),
            (
                "16:42:09.495 INFO  f.m.c.BasicController#45 TraceID: 6f",
                Some(Info),
                "f.m.c.BasicController#45 TraceID: 6f",
            ),
            ("I0102 15:04:05.000000   12 file.go:34] Started", Some(Info), "Started"),
            ("E0102 15:04:05.1 12 a.go:34] oops", Some(Error), "oops"),
            (
                "2024-01-02T10:00:00.000Z  INFO 1 --- [main] c.e.App : Started",
                Some(Info),
                "c.e.App : Started",
            ),
            (
                "2024/01/02 10:00:00 [error] 31#31: *1 connect() failed",
                Some(Error),
                "31#31: *1 connect() failed",
            ),
            ("2024/01/02 10:00:00 http: TLS handshake error", None, "http: TLS handshake error"),
            ("1:M 12 Nov 2019 08:31:45.123 * Ready", None, "Ready"),
            ("2024-01-02 03:04:05.678 UTC [123] ERROR:  relation missing", Some(Error), "relation missing"),
            ("INFO:root:hello", Some(Info), "root:hello"),
            ("ERROR: it broke", Some(Error), "it broke"),
            ("error it broke", None, "error it broke"),
            ("[warn] careful", Some(Warn), "careful"),
            ("INFO 2024-01-02 10:00:00 hello", Some(Info), "hello"),
            ("2024-01-02 10:00:00 worker failed with ERROR code", None, "worker failed with ERROR code"),
            ("2024-01-02 10:00:00,123 my.logger ERROR it broke", Some(Error), "it broke"),
            (
                "1.2.3.4 - bob [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 503 23",
                Some(Error),
                "\"GET / HTTP/1.0\" 503 23",
            ),
            (
                "1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 23",
                None,
                "\"GET / HTTP/1.0\" 200 23",
            ),
            (
                "03-17 16:13:38.811  1702  2395 D WindowManager: printing",
                Some(Debug),
                "WindowManager: printing",
            ),
            ("[2024-01-02 10:00:00] production.ERROR: it broke", Some(Error), "it broke"),
            ("2024-01-02T10:00:00Z FATAL gone", Some(Fatal), "gone"),
            ("Starting up", None, "Starting up"),
            ("[2024-01-02 10:00:00]", None, ""),
            ("", None, ""),
        ] {
            let found = header(line);
            assert_eq!((found.level, &line[found.message..]), (level, message), "{line}");
        }
    }

    #[test]
    fn where_there_is_a_time() {
        for (line, timed) in [
            ("Starting 3 workers at 10:00:00", false),
            ("at 2024-01-02 10:00:00 it began", true),
            ("took 1234567890 bytes", false),
            ("- 1117838570 2005.06.03 R02 x", true),
        ] {
            assert_eq!(header(line).stamp.is_some(), timed, "{line}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_stays_inside(
            text in ".{0,80}",
            like in "(2024-01-02|10:00:00|Jan 2| |\\[|\\]|INFO|<3>|\\(|ü|E0102|: |\" 5|-){0,12}",
        ) {
            for text in [&text, &like] {
                prop_assert!(text.is_char_boundary(header(text).message));
            }
        }
    }
}
