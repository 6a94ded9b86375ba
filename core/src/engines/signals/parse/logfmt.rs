//! `key=value` lines, as Go's and Heroku's loggers write them.

use super::stamp::Stamp;
use super::{level, time};
use crate::domain::incident::LogLevel;

/// What a logfmt line says of itself, borrowed; quoted values keep their escapes.
#[derive(Debug, Default, PartialEq)]
pub struct Logfmt<'a> {
    pub stamp: Option<Stamp>,
    pub level: Option<LogLevel>,
    pub message: Option<&'a str>,
    pub error: Option<&'a str>,
}

/// Reads a line that begins with `key=` and names a message or a level; `None` for all others.
pub fn logfmt(text: &str) -> Option<Logfmt<'_>> {
    let mut found = Logfmt::default();
    let mut rest = text;
    for turn in 0..64 {
        rest = rest.trim_start_matches(' ');
        let Some((key, value, after)) = pair(rest) else {
            if turn == 0 {
                return None;
            }
            // A bare word: go on behind it.
            match rest.split_once(' ') {
                Some((_, tail)) => rest = tail,
                None => break,
            }
            continue;
        };
        match key {
            "time" | "ts" | "t" | "timestamp" | "at" if found.stamp.is_none() => {
                let zoned = value.ends_with('Z') || value.get(19..).is_some_and(|t| t.contains(['+', '-']));
                found.stamp = time::moment(value).map(|seconds| Stamp::At { seconds, zoned });
            }
            "level" | "lvl" | "severity" => found.level = level::named(value).or(found.level),
            "msg" | "message" if found.message.is_none() => found.message = Some(value),
            "err" | "error" if !value.is_empty() => found.error = Some(value),
            _ => {}
        }
        rest = after;
    }
    (found.message.is_some() || found.level.is_some()).then_some(found)
}

/// A key, its value and what follows.
fn pair(text: &str) -> Option<(&str, &str, &str)> {
    let width = text
        .bytes()
        .take(64)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'@'))
        .count();
    let (key, rest) = (text.get(..width)?, text.get(width..)?.strip_prefix('=')?);
    if key.is_empty() {
        return None;
    }
    if let Some(quoted) = rest.strip_prefix('"') {
        let mut escaped = false;
        let end = quoted.bytes().position(|b| {
            let closes = b == b'"' && !escaped;
            escaped = b == b'\\' && !escaped;
            closes
        });
        let end = end.unwrap_or(quoted.len());
        return Some((key, &quoted[..end], quoted.get(end + 1..).unwrap_or("")));
    }
    let end = memchr::memchr(b' ', rest.as_bytes()).unwrap_or(rest.len());
    Some((key, &rest[..end], &rest[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_of_pairs() {
        let found =
            logfmt(r#"time="2023-01-29T08:42:09Z" level=warn msg="it \"broke\" again" err=timeout n=3"#)
                .unwrap();
        assert_eq!(found.stamp, Some(Stamp::At { seconds: 1_674_981_729.0, zoned: true }));
        assert_eq!(found.level, Some(LogLevel::Warn));
        assert_eq!(found.message, Some(r#"it \"broke\" again"#));
        assert_eq!(found.error, Some("timeout"));
        assert_eq!(logfmt("at=info method=GET path=/ level=info").unwrap().message, None);
        for text in ["", "a=1 b=2", "hello level=info", "=x", "msg", "level"] {
            assert_eq!(logfmt(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "(level|msg|a|=|\"|\\\\| |ü){0,30}") {
            let _ = logfmt(&text);
        }
    }
}
