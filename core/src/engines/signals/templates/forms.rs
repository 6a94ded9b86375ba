//! What the forms of values are: addresses, hosts, hexadecimal numbers, paths, dates.
//!
//! Each looks at the bytes at hand and nothing else. Every one stops at the first byte that does
//! not fit, so that masking takes time in proportion to the line.

use super::bytes::{ALPHA, DIGIT, HEX, SLASH, class, is};

/// Groups of the longest address that is written with colons (an InfiniBand hardware address has 20).
const GROUPS: usize = 32;

/// The length of a path at the begin of `text`, without the full stop of a sentence.
pub fn path_length(text: &[u8]) -> usize {
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
pub fn belongs_to_number(suffix: &[u8]) -> bool {
    let rest = suffix.strip_suffix(b"B").or(suffix.strip_suffix(b"b")).unwrap_or(suffix);
    let rest = rest.strip_suffix(b"i").unwrap_or(rest);
    let unit = suffix.len() <= 3 && matches!(rest, [] | [b'k' | b'K' | b'M' | b'G' | b'T' | b'P']);
    !suffix.is_empty()
        && (unit
            || suffix.iter().any(|b| class(*b) & DIGIT != 0)
            || suffix.iter().all(|b| class(*b) & HEX != 0))
}

/// A segment that is a value whatever the other lines say: digits first, or many of them.
pub fn is_variable_segment(segment: &[u8]) -> bool {
    let digits = segment.iter().filter(|b| class(**b) & DIGIT != 0).count();
    match segment.first() {
        Some(first) if class(*first) & DIGIT != 0 => true,
        Some(_) => digits >= 4 && digits * 2 >= segment.len() || is_hex(segment),
        None => false,
    }
}

/// Six or more hexadecimal digits with both letters and decimal digits among them.
pub fn is_hex(text: &[u8]) -> bool {
    if text.len() > 2 && text[0] == b'0' && (text[1] | 32) == b'x' {
        return text[2..].iter().all(|b| class(*b) & HEX != 0);
    }
    let digits = text.iter().filter(|b| class(**b) & DIGIT != 0).count();
    text.len() >= 6 && digits > 0 && digits < text.len() && text.iter().all(|b| class(*b) & HEX != 0)
}

/// 8-4-4-4-12 hexadecimal digits (RFC 9562).
pub fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => class(*b) & HEX != 0,
        })
}

/// The length of a dotted quad at the begin of `text`, when nothing of a longer name follows.
pub fn ipv4_length(text: &[u8]) -> Option<usize> {
    let at = ipv4_prefix(text)?;
    let next = text.get(at);
    let goes_on = is(next, ALPHA | DIGIT)
        || next == Some(&b'_')
        || matches!(next, Some(b'.' | b'-')) && is(text.get(at + 1), ALPHA | DIGIT);
    (!goes_on).then_some(at)
}

/// The length of a dotted quad at the begin of `text`, whatever follows.
pub fn ipv4_prefix(text: &[u8]) -> Option<usize> {
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
pub fn camel_tail(segment: &[u8]) -> usize {
    let digits = segment.iter().take_while(|b| class(**b) & DIGIT != 0).count();
    let tail = &segment[digits..];
    let word = digits > 0
        && tail.len() >= 3
        && tail[0].is_ascii_uppercase()
        && tail[1..].iter().all(u8::is_ascii_lowercase);
    if word { tail.len() } else { 0 }
}

/// A host's full name: labels joined by dots, under a domain that the name system has.
pub fn is_host(unit: &[u8]) -> bool {
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
pub fn is_numbered_host(unit: &[u8]) -> bool {
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
pub fn colon_address(text: &[u8]) -> Option<usize> {
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
        if text.get(at) != Some(&b':') || groups == GROUPS {
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
pub fn date(text: &[u8]) -> Option<usize> {
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

/// A quantity that is only bounded (`<1 sec`, `>10 MB`): the length with its unit.
pub fn bound(text: &[u8]) -> Option<usize> {
    const UNITS: [&[u8]; 14] = [
        b"s", b"sec", b"secs", b"second", b"seconds", b"ms", b"us", b"ns", b"min", b"B", b"KB", b"MB", b"GB",
        b"bytes",
    ];
    if !matches!(text, [b'<' | b'>', b'0'..=b'9', ..]) {
        return None;
    }
    let digits = text[1..].iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let rest = text[1 + digits..].strip_prefix(b" ")?;
    let unit = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    UNITS.contains(&&rest[..unit]).then_some(1 + digits + 1 + unit)
}
