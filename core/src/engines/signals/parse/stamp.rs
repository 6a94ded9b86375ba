//! Timestamps at the start of log lines, in the formats that loggers write.
//!
//! Hand-written over bytes: this runs once a line. Never guesses a zone; what a line does not say is
//! resolved towards a time that the caller knows.

use super::time::{self, DAY, clock, days, digits, seconds, year_of};

/// A time as far as a line tells it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stamp {
    /// Unix seconds; without a zone in the line they are read as UTC.
    At { seconds: f64, zoned: bool },
    /// Month and day, seconds since midnight.
    Yearless { month: u32, day: u32, clock: f64 },
    /// Seconds since midnight.
    TimeOfDay(f64),
    /// Three numbers of a date whose order only the caller's time can tell; years of two digits.
    Numbers { date: [u32; 3], clock: f64 },
}

impl Stamp {
    /// Unix seconds, of the candidates the one nearest to `near` (Unix seconds).
    pub fn resolve(&self, near: f64) -> Option<f64> {
        #[allow(clippy::cast_possible_truncation, reason = "saturates; days() then refuses it")]
        let today = (near / DAY).floor() as i64;
        let nearest = |candidates: &mut dyn Iterator<Item = f64>| {
            candidates.min_by(|a, b| (a - near).abs().total_cmp(&(b - near).abs()))
        };
        match *self {
            Self::At { seconds, .. } => Some(seconds),
            Self::Yearless { month, day, clock } => {
                let year = year_of(today);
                let at = |year| days(year, month, day).map(|d| seconds(d, 0, 0) + clock);
                nearest(&mut (year - 4..=year + 1).filter_map(at))
            }
            Self::TimeOfDay(clock) => nearest(&mut (today - 1..=today + 1).map(|d| seconds(d, 0, 0) + clock)),
            Self::Numbers { date: [a, b, c], clock } => {
                let orders = [(a, b, c), (c, a, b), (c, b, a)];
                let full = |year: u32| i64::from(if year < 100 { year + 2000 } else { year });
                let at =
                    |(y, m, d): (u32, u32, u32)| days(full(y), m, d).map(|day| seconds(day, 0, 0) + clock);
                nearest(&mut orders.into_iter().filter_map(at))
            }
        }
    }

    /// Whether the line itself says its zone.
    pub fn zoned(&self) -> bool {
        matches!(self, Self::At { zoned: true, .. })
    }
}

/// The timestamp at the very start of `text` and its length in bytes.
pub fn scan(text: &[u8]) -> Option<(Stamp, usize)> {
    match text.first()? {
        b'0'..=b'9' => numeric(text),
        b'A'..=b'Z' => named(text),
        _ => None,
    }
}

fn numeric(text: &[u8]) -> Option<(Stamp, usize)> {
    let run = text.iter().take(20).take_while(|b| b.is_ascii_digit()).count();
    let next = text.get(run).copied();
    match (run, next) {
        (4, Some(b'-' | b'/' | b'.')) => year_first(text),
        (8, Some(b'-' | b'T' | b' ' | b'_')) => compact(text),
        (10 | 13 | 16 | 19, _) => epoch(text, run),
        (6, Some(b' ')) => six_and_six(text),
        (1 | 2, Some(b':')) => time_only(text),
        (1 | 2, Some(separator @ (b'/' | b'-' | b'.' | b' '))) => day_or_month_first(text, run, separator),
        _ => None,
    }
}

fn at(days: i64, clock: Clock) -> Stamp {
    let zone = clock.zone.unwrap_or(0);
    Stamp::At { seconds: seconds(days, 0, zone) + clock.seconds, zoned: clock.zone.is_some() }
}

/// `2015-10-18 18:01:47,978`, `2015/10/18T…`, `2005-06-03-15.42.50.363779`.
fn year_first(text: &[u8]) -> Option<(Stamp, usize)> {
    let (year, separator) = (digits(text.get(..4)?)?, text[4]);
    let month = digits(text.get(5..7)?)?;
    if *text.get(7)? != separator {
        return None;
    }
    let date = days(i64::from(year), month, digits(text.get(8..10)?)?)?;
    let gap = match text.get(10..)? {
        [b'T' | b't' | b'-' | b'_' | b':', ..] => 1,
        [b' ', b' ', ..] | [b',', b' ', ..] => 2,
        [b' ', ..] => 1,
        _ => return None,
    };
    let (clock, length) = time_of_day(text.get(10 + gap..)?)?;
    Some((at(date, clock), 10 + gap + length))
}

/// `20171223-22:15:29:606`, `20240102T150405Z`.
fn compact(text: &[u8]) -> Option<(Stamp, usize)> {
    let date = days(i64::from(digits(text.get(..4)?)?), digits(text.get(4..6)?)?, digits(text.get(6..8)?)?)?;
    let rest = text.get(9..)?;
    if rest.iter().take(7).take_while(|b| b.is_ascii_digit()).count() == 6 {
        let (clock, length) = six_digits(rest)?;
        return Some((at(date, clock), 9 + length));
    }
    let (clock, length) = time_of_day(rest)?;
    Some((at(date, clock), 9 + length))
}

fn six_digits(text: &[u8]) -> Option<(Clock, usize)> {
    let of_day = clock(digits(text.get(..2)?)?, digits(text.get(2..4)?)?, digits(text.get(4..6)?)?)?;
    let (fraction, used) = time::fraction(&text[6..]);
    let (zone, more) = zone(text.get(6 + used..).unwrap_or_default());
    Some((Clock { seconds: f64::from(of_day) + fraction, zone }, 6 + used + more))
}

/// `081109 203615`: year, month, day, then hours, minutes, seconds.
fn six_and_six(text: &[u8]) -> Option<(Stamp, usize)> {
    let date =
        days(i64::from(digits(text.get(..2)?)?) + 2000, digits(text.get(2..4)?)?, digits(text.get(4..6)?)?)?;
    if text.get(13).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let (clock, length) = six_digits(text.get(7..)?)?;
    Some((at(date, clock), 7 + length))
}

/// Unix time of 2001 to 2100 in seconds, milli-, micro- or nanoseconds.
fn epoch(text: &[u8], run: usize) -> Option<(Stamp, usize)> {
    let whole = digits(text.get(..9)?)? as f64 * 10.0 + f64::from(text[9] - b'0');
    if !(1e9..4.2e9).contains(&whole) {
        return None;
    }
    let sub = text[10..run]
        .iter()
        .take(9)
        .fold((0.0, 0.1), |(sum, unit), b| (sum + f64::from(b - b'0') * unit, unit / 10.0));
    let (fraction, used) = if run == 10 { time::fraction(&text[10..]) } else { (sub.0, 0) };
    let end = run + used;
    let closed =
        text.get(end).is_none_or(|b| matches!(b, b' ' | b'\t' | b']' | b')' | b',' | b':' | b'|' | b';'));
    closed.then_some((Stamp::At { seconds: whole + fraction, zoned: true }, end))
}

fn time_only(text: &[u8]) -> Option<(Stamp, usize)> {
    let (clock, length) = time_of_day(text)?;
    Some((Stamp::TimeOfDay(clock.seconds), length))
}

/// `17/06/09 20:10:40`, `01/02/2024 3:04:05 PM`, `02-Jan-2006 15:04:05`, `10/Oct/2000:13:55:36 -0700`,
/// `03-17 16:13:38.811`, `12 Nov 2019 08:31:45.123`.
fn day_or_month_first(text: &[u8], run: usize, separator: u8) -> Option<(Stamp, usize)> {
    let first = digits(text.get(..run)?)?;
    let rest = text.get(run + 1..)?;
    if let Some(month) = month(rest) {
        return day_month_name(text, first, month, run + 1 + 3);
    }
    let second_run = rest.iter().take(3).take_while(|b| b.is_ascii_digit()).count();
    let second = digits(rest.get(..second_run)?).filter(|_| second_run == 2)?;
    let after = run + 1 + second_run;
    match text.get(after)? {
        b' ' if separator != b' ' => {
            let (clock, length) = time_of_day(text.get(after + 1..)?)?;
            let valid = (1..=12).contains(&first) && (1..=31).contains(&second);
            valid.then_some((
                Stamp::Yearless { month: first, day: second, clock: clock.seconds },
                after + 1 + length,
            ))
        }
        b if *b == separator && separator != b' ' => {
            let third = text.get(after + 1..)?;
            let width = third.iter().take(5).take_while(|b| b.is_ascii_digit()).count();
            let year = digits(third.get(..width)?).filter(|_| width == 2 || width == 4)?;
            let gap = after + 1 + width;
            let skip = match text.get(gap..)? {
                [b',', b' ', ..] => 2,
                [b' ' | b'T' | b':' | b'-', ..] => 1,
                _ => return None,
            };
            let (clock, length) = time_of_day(text.get(gap + skip..)?)?;
            let clock = clock.seconds - clock.zone.map_or(0.0, |z| z as f64);
            Some((Stamp::Numbers { date: [first, second, year], clock }, gap + skip + length))
        }
        _ => None,
    }
}

fn day_month_name(text: &[u8], day: u32, month: u32, at_separator: usize) -> Option<(Stamp, usize)> {
    let year = digits(text.get(at_separator + 1..at_separator + 5)?)?;
    let date = days(i64::from(year), month, day)?;
    let gap = at_separator + 5;
    if !matches!(text.get(gap)?, b':' | b' ' | b'-' | b'T') {
        return None;
    }
    let (clock, length) = time_of_day(text.get(gap + 1..)?)?;
    Some((at(date, clock), gap + 1 + length))
}

/// `Jun 14 15:16:01`, `Jan 02, 2024 3:04:05 PM`, `Sun Dec 04 04:47:44.123 2005`, `Mon, 02 Jan 2006 15:04:05 MST`.
fn named(text: &[u8]) -> Option<(Stamp, usize)> {
    if let Some(month) = month(text) {
        return month_first(text, month);
    }
    const WEEKDAYS: [&[u8]; 7] = [b"Sun", b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat"];
    if !WEEKDAYS.contains(&text.get(..3)?) {
        return None;
    }
    let skip = match text.get(3..)? {
        [b',', b' ', ..] => 5,
        [b' ', ..] => 4,
        _ => return None,
    };
    let rest = text.get(skip..)?;
    let (stamp, length) = match rest.first()? {
        b'0'..=b'9' => numeric(rest)?,
        _ => month_first(rest, month(rest)?)?,
    };
    Some((stamp, skip + length))
}

fn month_first(text: &[u8], month: u32) -> Option<(Stamp, usize)> {
    let gap = text.get(3..)?.iter().take(3).take_while(|b| **b == b' ').count();
    let from = 3 + gap;
    let width = text.get(from..)?.iter().take(3).take_while(|b| b.is_ascii_digit()).count();
    let day =
        digits(text.get(from..from + width)?).filter(|d| gap > 0 && width <= 2 && (1..=31).contains(d))?;
    let mut place = from + width;
    let mut year = None;
    place += match text.get(place..)? {
        [b',', b' ', ..] => 2,
        [b' ', ..] => 1,
        _ => return None,
    };
    if let Some([b' ']) = text.get(place + 4..place + 5)
        && let Some(number) = digits(text.get(place..place + 4)?)
    {
        year = Some(number);
        place += 5;
    }
    let (clock, length) = time_of_day(text.get(place..)?)?;
    place += length;
    if year.is_none()
        && let Some([b' ', digits4 @ ..]) = text.get(place..place + 5)
        && let Some(number) = digits(digits4).filter(|y| (1970..2200).contains(y))
        && !text.get(place + 5).is_some_and(u8::is_ascii_alphanumeric)
    {
        year = Some(number);
        place += 5;
    }
    match year {
        Some(year) => Some((at(days(i64::from(year), month, day)?, clock), place)),
        None => {
            let clock = clock.seconds - clock.zone.map_or(0.0, |z| z as f64);
            Some((Stamp::Yearless { month, day, clock }, place))
        }
    }
}

fn month(text: &[u8]) -> Option<u32> {
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let name: &[u8; 3] = text.first_chunk()?;
    let index = MONTHS.chunks_exact(3).position(|m| m.eq_ignore_ascii_case(name))?;
    let ends = !text.get(3).is_some_and(|b| b.is_ascii_alphabetic());
    ends.then_some(index as u32 + 1)
}

/// A time of day, with the seconds that its zone lies east of Greenwich.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Clock {
    seconds: f64,
    zone: Option<i64>,
}

/// `15:04:05`, `3:04:05 PM`, `15.42.50.363779`, each with a fraction after `.`, `,` or `:` and a zone.
fn time_of_day(text: &[u8]) -> Option<(Clock, usize)> {
    let width = text.iter().take(3).take_while(|b| b.is_ascii_digit()).count();
    if width == 0 || width > 2 {
        return None;
    }
    let mut hour = digits(&text[..width])?;
    let separator = *text.get(width)?;
    if !matches!(separator, b':' | b'.') {
        return None;
    }
    let minute = digits(text.get(width + 1..width + 3)?)?;
    if *text.get(width + 3)? != separator {
        return None;
    }
    let second = digits(text.get(width + 4..width + 6)?)?;
    let mut place = width + 6;
    let rest = text.get(place..).unwrap_or_default();
    let (fraction, used) = match rest {
        [b':', digit, ..] if digit.is_ascii_digit() => colon_fraction(rest),
        _ => time::fraction(rest),
    };
    place += used;
    if let Some([b' ', half @ (b'A' | b'P' | b'a' | b'p'), b'M' | b'm']) = text.get(place..place + 3) {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + if half.eq_ignore_ascii_case(&b'P') { 12 } else { 0 };
        place += 3;
    }
    let of_day = clock(hour, minute, second)?;
    let (zone, used) = zone(text.get(place..).unwrap_or_default());
    Some((Clock { seconds: f64::from(of_day) + fraction, zone }, place + used))
}

/// `:606`, milliseconds after a colon.
fn colon_fraction(text: &[u8]) -> (f64, usize) {
    let count = text[1..].iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    match digits(&text[1..=count]) {
        Some(millis) if count <= 3 => (f64::from(millis) / 1000.0, count + 1),
        _ => (0.0, 0),
    }
}

/// Zones whose letters mean one thing only, in hours east of Greenwich.
const ZONES: [(&[u8], i64); 11] = [
    (b"UTC", 0),
    (b"GMT", 0),
    (b"EST", -5),
    (b"EDT", -4),
    (b"MST", -7),
    (b"MDT", -6),
    (b"PST", -8),
    (b"PDT", -7),
    (b"CET", 1),
    (b"CEST", 2),
    (b"JST", 9),
];

/// The zone at the start of `text`, in seconds east of Greenwich, and its length.
fn zone(text: &[u8]) -> (Option<i64>, usize) {
    if let Some(b'Z') = text.first()
        && !text.get(1).is_some_and(u8::is_ascii_alphanumeric)
    {
        return (Some(0), 1);
    }
    let space = usize::from(text.first() == Some(&b' '));
    let rest = text.get(space..).unwrap_or_default();
    match rest {
        [sign @ (b'+' | b'-'), h1, h2, more @ ..] => {
            let Some(hours) = digits(&[*h1, *h2]).filter(|h| *h <= 15) else { return (None, 0) };
            let (minutes, width) = match more {
                [b':', m1, m2, ..] if digits(&[*m1, *m2]).is_some() => (digits(&[*m1, *m2]), 6),
                [m1, m2, ..] if digits(&[*m1, *m2]).is_some() => (digits(&[*m1, *m2]), 5),
                // After a space, two digits are more likely a number of the message.
                _ if space == 0 => (Some(0), 3),
                _ => return (None, 0),
            };
            let size = i64::from(hours * 3600 + minutes.unwrap_or(0) * 60);
            (Some(if *sign == b'-' { -size } else { size }), space + width)
        }
        [b'A'..=b'Z', ..] if space == 1 => {
            let width = rest.iter().take(5).take_while(|b| b.is_ascii_uppercase()).count();
            let found = ZONES.iter().find(|(name, _)| *name == &rest[..width]);
            found.map_or((None, 0), |(_, hours)| (Some(hours * 3600), 1 + width))
        }
        _ => (None, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2024-03-05T10:00:00Z.
    const NEAR: f64 = 1_709_632_800.0;

    #[test]
    fn the_formats_of_loggers() {
        for (line, expected, length) in [
            ("2015-10-18 18:01:47,978 INFO", "2015-10-18T18:01:47.978Z", 23),
            ("2015-10-18T18:01:47.978Z x", "2015-10-18T18:01:47.978Z", 24),
            ("2015-10-18T18:01:47+02:00 x", "2015-10-18T16:01:47Z", 25),
            ("2015-10-18 18:01:47.5 -0330 x", "2015-10-18T21:31:47.5Z", 27),
            ("2024-01-02 03:04:05.678 UTC [123]", "2024-01-02T03:04:05.678Z", 27),
            ("2016/09/28 04:30:30 [error]", "2016-09-28T04:30:30Z", 19),
            ("2016-09-28 04:30:30, Info", "2016-09-28T04:30:30Z", 19),
            ("2005-06-03-15.42.50.363779 R02", "2005-06-03T15:42:50.363779Z", 26),
            ("20171223-22:15:29:606|Step", "2017-12-23T22:15:29.606Z", 21),
            ("20240102T150405Z x", "2024-01-02T15:04:05Z", 16),
            ("081109 203615 148 INFO", "2008-11-09T20:36:15Z", 13),
            ("17/06/09 20:10:40 INFO", "2017-06-09T20:10:40Z", 17),
            ("03/04/2024 20:10:40 INFO", "2024-03-04T20:10:40Z", 19),
            ("25/02/2024 20:10:40 INFO", "2024-02-25T20:10:40Z", 19),
            ("02-Jan-2006 15:04:05.123 SEVERE", "2006-01-02T15:04:05.123Z", 24),
            ("10/Oct/2000:13:55:36 -0700] x", "2000-10-10T20:55:36Z", 26),
            ("12 Nov 2019 08:31:45.123 * x", "2019-11-12T08:31:45.123Z", 24),
            ("03-17 16:13:38.811  1702", "2024-03-17T16:13:38.811Z", 18),
            ("Jun 14 15:16:01 combo", "2024-06-14T15:16:01Z", 15),
            ("Mar  1 09:00:55 host", "2024-03-01T09:00:55Z", 15),
            ("Feb 29 09:00:55 host", "2024-02-29T09:00:55Z", 15),
            ("Jan 02, 2024 3:04:05 PM com", "2024-01-02T15:04:05Z", 23),
            ("Sun Dec 04 04:47:44 2005] x", "2005-12-04T04:47:44Z", 24),
            ("Sun Dec 04 04:47:44.123456 2005] x", "2005-12-04T04:47:44.123456Z", 31),
            ("Mon, 02 Jan 2006 15:04:05 GMT x", "2006-01-02T15:04:05Z", 29),
            ("16:42:09.495 INFO", "2024-03-05T16:42:09.495Z", 12),
            ("23:59:59 INFO", "2024-03-04T23:59:59Z", 8),
            ("1117838570 2005.06.03", "2005-06-03T22:42:50Z", 10),
            ("1117838570.25 x", "2005-06-03T22:42:50.25Z", 13),
            ("1117838570250 x", "2005-06-03T22:42:50.25Z", 13),
        ] {
            let (stamp, used) = scan(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(time::rfc3339(stamp.resolve(NEAR).unwrap()), expected, "{line}");
            assert_eq!(used, length, "{line}");
        }
    }

    #[test]
    fn what_is_no_timestamp() {
        for line in [
            "",
            "1",
            "12",
            "12:",
            "12:34",
            "99:99:99 x",
            "2024",
            "2024-13-45 10:00:00 x",
            "10 apples",
            "Marvin said",
            "Sunny day",
            "10.1.2.3 - -",
            "1234567890123456789012 x",
            "0000000000 x",
            "12345678",
            "Jan",
            "Jan 99 10:00:00",
            "081109 2036159",
            "5/5/5",
        ] {
            assert_eq!(scan(line.as_bytes()), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60), like in "[0-9JanFebMon:,./ TZ+-]{0,40}") {
            for text in [&bytes[..], like.as_bytes()] {
                if let Some((stamp, used)) = scan(text) {
                    prop_assert!(used <= text.len());
                    let _ = (stamp.resolve(NEAR), stamp.resolve(f64::NAN), stamp.resolve(1e300));
                }
            }
        }
    }
}
