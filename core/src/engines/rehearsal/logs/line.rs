//! One record in the words of one format.

use super::super::cast::Dialect;
use super::super::clock::{Moment, decimal, digits};
use super::said::Level;

/// Who speaks.
#[derive(Debug, Clone, Copy)]
pub struct Voice<'a> {
    pub service: &'a str,
    pub noun: &'a str,
    /// The service's name as a class.
    pub class: &'a str,
    pub dialect: Dialect,
}

/// What is said, before it has a format.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Unix microseconds.
    pub time: i64,
    pub level: Level,
    pub message: &'a [u8],
    pub trace: u128,
    /// How long the request took.
    pub millis: f64,
    pub status: u64,
    /// Any number, for threads, processes, addresses.
    pub whim: u64,
    pub exception: Option<(&'static str, &'static [&'static str])>,
}

/// How many lines the record will have.
pub fn height(record: &Record<'_>, dialect: Dialect) -> u64 {
    let frames = record.exception.map_or(0, |(_, frames)| frames.len() as u64);
    match dialect {
        _ if frames == 0 => 1,
        Dialect::Java => 2 + frames,
        Dialect::Python => 3 + 2 * frames,
        Dialect::Go => 3 + 2 * frames,
        _ => 1,
    }
}

pub fn write(record: &Record<'_>, voice: &Voice<'_>, out: &mut Vec<u8>) {
    let moment = Moment::of(record.time);
    match voice.dialect {
        Dialect::Nginx => nginx(record, voice, moment, out),
        Dialect::Json => json(record, voice, moment, out),
        Dialect::Logfmt => logfmt(record, voice, moment, out),
        Dialect::Java => java(record, voice, moment, out),
        Dialect::Go => go(record, voice, moment, out),
        Dialect::Python => python(record, voice, moment, out),
        Dialect::Postgres => postgres(record, moment, out),
        Dialect::Redis => redis(record, moment, out),
    }
    out.push(b'\n');
}

fn put(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(text.as_bytes());
}

fn trace(record: &Record<'_>, out: &mut Vec<u8>) {
    hex(record.trace >> 64, out);
    hex(record.trace & u128::from(u64::MAX), out);
}

fn hex(value: u128, out: &mut Vec<u8>) {
    for shift in (0..16).rev() {
        out.push(b"0123456789abcdef"[(value >> (shift * 4)) as usize & 15]);
    }
}

fn word(level: Level, words: [&str; 3], out: &mut Vec<u8>) {
    let [info, warn, error] = words;
    put(
        match level {
            Level::Info => info,
            Level::Warn => warn,
            Level::Error => error,
        },
        out,
    );
}

fn frame(text: &str, voice: &Voice<'_>, out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        put(&rest[..at], out);
        let end = rest[at..].find('}').map_or(rest.len(), |e| at + e + 1);
        put(if &rest[at..end] == "{svc}" { voice.service } else { voice.class }, out);
        rest = &rest[end..];
    }
    put(rest, out);
}

fn nginx(record: &Record<'_>, voice: &Voice<'_>, moment: Moment, out: &mut Vec<u8>) {
    put("10.", out);
    for part in [record.whim & 63, record.whim >> 6 & 255, record.whim >> 14 & 255] {
        digits(part, 1, out);
        out.push(b'.');
    }
    out.pop();
    put(" - - [", out);
    digits(moment.day as u64, 2, out);
    out.push(b'/');
    put(moment.month_name(), out);
    out.push(b'/');
    digits(moment.year as u64, 4, out);
    out.push(b':');
    moment.time(out);
    put(" +0000] \"GET /", out);
    put(voice.noun, out);
    put("s/", out);
    digits(record.whim >> 22 & 0xf_ffff, 1, out);
    put(" HTTP/1.1\" ", out);
    digits(record.status, 1, out);
    out.push(b' ');
    digits(if record.status < 400 { 900 + (record.whim >> 42 & 0x3fff) } else { 157 }, 1, out);
    put(" \"-\" \"Mozilla/5.0\" rt=", out);
    decimal(record.millis / 1000.0, 3, out);
    put(" trace=", out);
    trace(record, out);
}

fn json(record: &Record<'_>, voice: &Voice<'_>, moment: Moment, out: &mut Vec<u8>) {
    put("{\"time\":\"", out);
    moment.rfc3339(out);
    put("\",\"level\":\"", out);
    word(record.level, ["info", "warn", "error"], out);
    put("\",\"service\":\"", out);
    put(voice.service, out);
    put("\",\"msg\":\"", out);
    out.extend_from_slice(record.message);
    put("\",\"trace_id\":\"", out);
    trace(record, out);
    if let Some((head, frames)) = record.exception {
        put("\",\"stack\":\"", out);
        put(head, out);
        for text in frames {
            put("\\n    at ", out);
            frame(text, voice, out);
        }
    }
    put("\",\"ms\":", out);
    decimal(record.millis, 1, out);
    out.push(b'}');
}

fn logfmt(record: &Record<'_>, voice: &Voice<'_>, moment: Moment, out: &mut Vec<u8>) {
    put("ts=", out);
    moment.rfc3339(out);
    put(" level=", out);
    word(record.level, ["info", "warn", "error"], out);
    put(" svc=", out);
    put(voice.service, out);
    put(" msg=\"", out);
    out.extend_from_slice(record.message);
    put("\" trace_id=", out);
    trace(record, out);
    put(" dur=", out);
    decimal(record.millis, 1, out);
    put("ms", out);
}

fn java(record: &Record<'_>, voice: &Voice<'_>, moment: Moment, out: &mut Vec<u8>) {
    moment.date(b'-', out);
    out.push(b' ');
    moment.time(out);
    out.push(b',');
    moment.millis(out);
    word(record.level, [" INFO  [", " WARN  [", " ERROR ["], out);
    put(voice.service, out);
    out.push(b',');
    trace(record, out);
    put("] 1 --- [exec-", out);
    digits(1 + record.whim % 32, 1, out);
    put("] com.shop.", out);
    put(voice.class, out);
    put("Controller : ", out);
    out.extend_from_slice(record.message);
    if let Some((head, frames)) = record.exception {
        out.push(b'\n');
        put(head, out);
        for text in frames {
            put("\n\tat ", out);
            frame(text, voice, out);
        }
        put("\n\t... 23 more", out);
    }
}

fn go(record: &Record<'_>, voice: &Voice<'_>, moment: Moment, out: &mut Vec<u8>) {
    moment.date(b'/', out);
    out.push(b' ');
    moment.time(out);
    out.push(b'.');
    digits(u64::from(moment.micros), 6, out);
    word(record.level, [" INFO ", " WARN ", " ERROR "], out);
    out.extend_from_slice(record.message);
    put(" trace=", out);
    trace(record, out);
    if let Some((head, frames)) = record.exception {
        out.push(b'\n');
        put(head, out);
        put("\ngoroutine ", out);
        digits(100 + record.whim % 90_000, 1, out);
        put(" [running]:", out);
        for text in frames {
            let (function, place) = text.split_once(' ').unwrap_or((text, ""));
            out.push(b'\n');
            frame(function, voice, out);
            put("(...)\n\t", out);
            put(place, out);
        }
    }
}

fn python(record: &Record<'_>, voice: &Voice<'_>, moment: Moment, out: &mut Vec<u8>) {
    moment.date(b'-', out);
    out.push(b' ');
    moment.time(out);
    out.push(b',');
    moment.millis(out);
    word(record.level, [" INFO ", " WARNING ", " ERROR "], out);
    put(voice.service, out);
    put(".api [trace=", out);
    trace(record, out);
    put("] ", out);
    out.extend_from_slice(record.message);
    if let Some((head, frames)) = record.exception {
        put("\nTraceback (most recent call last):", out);
        for text in frames.iter().rev() {
            put("\n  ", out);
            frame(text, voice, out);
            let call = text.rsplit_once(" in ").map_or("", |(_, name)| name);
            put("\n    return ", out);
            put(call, out);
            put("(request)", out);
        }
        out.push(b'\n');
        put(head, out);
    }
}

fn postgres(record: &Record<'_>, moment: Moment, out: &mut Vec<u8>) {
    moment.date(b'-', out);
    out.push(b' ');
    moment.time(out);
    out.push(b'.');
    moment.millis(out);
    put(" UTC [", out);
    digits(1000 + record.whim % 300, 1, out);
    word(record.level, ["] LOG:  ", "] WARNING:  ", "] FATAL:  "], out);
    out.extend_from_slice(record.message);
}

fn redis(record: &Record<'_>, moment: Moment, out: &mut Vec<u8>) {
    put("1:M ", out);
    digits(moment.day as u64, 2, out);
    out.push(b' ');
    put(moment.month_name(), out);
    out.push(b' ');
    digits(moment.year as u64, 4, out);
    out.push(b' ');
    moment.time(out);
    out.push(b'.');
    moment.millis(out);
    word(record.level, [" * ", " # ", " # "], out);
    out.extend_from_slice(record.message);
}
