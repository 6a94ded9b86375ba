//! How bad a record is, by the names and numbers that loggers use.

use crate::domain::incident::LogLevel;

/// The longest name.
const LONGEST: usize = 13;

/// The level that a whole word names, in any case.
pub fn named(word: &str) -> Option<LogLevel> {
    let mut buffer = [0u8; LONGEST];
    let bytes = word.as_bytes();
    let lower = buffer.get_mut(..bytes.len())?;
    lower.copy_from_slice(bytes);
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"trace" | b"finest" | b"finer" | b"verbose" | b"silly" | b"trc" => LogLevel::Trace,
        b"debug" | b"fine" | b"config" | b"dbug" | b"dbg" | b"debug1" | b"debug2" | b"debug3" => {
            LogLevel::Debug
        }
        b"info" | b"information" | b"informational" | b"notice" | b"inf" | b"log" | b"http" => LogLevel::Info,
        b"warn" | b"warning" | b"wrn" => LogLevel::Warn,
        b"error" | b"err" | b"severe" | b"fail" | b"eror" => LogLevel::Error,
        b"fatal" | b"critical" | b"crit" | b"panic" | b"emerg" | b"emergency" | b"alert" | b"dpanic"
        | b"ftl" | b"crt" => LogLevel::Fatal,
        _ => return None,
    })
}

/// The level that a single capital letter stands for: klog, logcat, glog, MongoDB.
pub fn letter(letter: u8) -> Option<LogLevel> {
    Some(match letter {
        b'T' | b'V' => LogLevel::Trace,
        b'D' => LogLevel::Debug,
        b'I' | b'N' => LogLevel::Info,
        b'W' => LogLevel::Warn,
        b'E' => LogLevel::Error,
        b'F' | b'C' => LogLevel::Fatal,
        _ => return None,
    })
}

/// The level of a number: bunyan's and pino's tens from 10 to 60, else syslog's severities (RFC 5424, 6.2.1).
pub fn numbered(number: f64) -> Option<LogLevel> {
    Some(match number {
        n if !(0.0..=60.0).contains(&n) => return None,
        n if n >= 60.0 => LogLevel::Fatal,
        n if n >= 50.0 => LogLevel::Error,
        n if n >= 40.0 => LogLevel::Warn,
        n if n >= 30.0 => LogLevel::Info,
        n if n >= 20.0 => LogLevel::Debug,
        n if n >= 10.0 => LogLevel::Trace,
        n if n > 7.0 => return None,
        n if n >= 7.0 => LogLevel::Debug,
        n if n >= 5.0 => LogLevel::Info,
        n if n >= 4.0 => LogLevel::Warn,
        n if n >= 3.0 => LogLevel::Error,
        _ => LogLevel::Fatal,
    })
}

/// The level of OpenTelemetry's severity number, 1 to 24.
pub fn otel(number: u64) -> Option<LogLevel> {
    Some(match number {
        1..=4 => LogLevel::Trace,
        5..=8 => LogLevel::Debug,
        9..=12 => LogLevel::Info,
        13..=16 => LogLevel::Warn,
        17..=20 => LogLevel::Error,
        21..=24 => LogLevel::Fatal,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_letters_and_numbers() {
        assert_eq!(named("WARNING"), Some(LogLevel::Warn));
        assert_eq!(named("Informational"), Some(LogLevel::Info));
        assert_eq!(named("errors"), None);
        assert_eq!(named("a word that is much too long"), None);
        assert_eq!(letter(b'E'), Some(LogLevel::Error));
        assert_eq!(letter(b'x'), None);
        for (number, expected) in [
            (30.0, Some(LogLevel::Info)),
            (3.0, Some(LogLevel::Error)),
            (9.0, None),
            (-1.0, None),
            (f64::NAN, None),
        ] {
            assert_eq!(numbered(number), expected, "{number}");
        }
        assert_eq!(otel(17), Some(LogLevel::Error));
    }
}
