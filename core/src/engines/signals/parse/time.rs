//! Times as the formats write them: RFC 3339 or Unix time, to Unix seconds.
//!
//! Dates are of the proleptic Gregorian calendar (H. Hinnant, "chrono-compatible low-level date
//! algorithms"). Never reads a clock and never knows a time zone by name.

/// Seconds of a day.
pub const DAY: f64 = 86_400.0;

/// Unix seconds of an RFC 3339 time (a space for the `T`, and a missing zone read as UTC, are let pass) or of a
/// Unix time. Numbers too large for seconds are read as milli-, micro- or nanoseconds.
pub fn moment(text: &str) -> Option<f64> {
    let text = text.trim();
    let bytes = text.as_bytes();
    let first = *bytes.first()?;
    if bytes.len() >= 19 && bytes.get(4) == Some(&b'-') && first.is_ascii_digit() {
        return iso(bytes);
    }
    if !(first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.')) {
        return None;
    }
    unix(text.parse().ok()?)
}

/// Unix seconds of a Unix time in seconds, milli-, micro- or nanoseconds; `None` unless it is finite and
/// before the year 5000.
pub fn unix(number: f64) -> Option<f64> {
    let size = number.abs();
    let seconds = match size {
        _ if !number.is_finite() => return None,
        s if s < 1e11 => number,
        s if s < 1e14 => number / 1e3,
        s if s < 1e17 => number / 1e6,
        _ => number / 1e9,
    };
    (seconds.abs() < 95_617_584_000.0).then_some(seconds)
}

fn iso(bytes: &[u8]) -> Option<f64> {
    let number = |range: std::ops::Range<usize>| digits(bytes.get(range)?);
    let separator = |at: usize, any: &[u8]| bytes.get(at).filter(|b| any.contains(b)).map(|_| ());
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    separator(7, b"-")?;
    separator(10, b"Tt _")?;
    separator(13, b":")?;
    separator(16, b":")?;
    let clock = clock(number(11..13)?, number(14..16)?, number(17..19)?)?;
    let (fraction, used) = fraction(&bytes[19..]);
    let zone = match bytes.get(19 + used..)? {
        [] | [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, rest @ ..] => {
            let minutes = match rest {
                [] => 0,
                [b':', m1, m2] | [m1, m2] => digits(&[*m1, *m2])?,
                _ => return None,
            };
            let offset = digits(&[*h1, *h2])? * 3600 + minutes * 60;
            if *sign == b'-' { -i64::from(offset) } else { i64::from(offset) }
        }
        _ => return None,
    };
    let days = days(i64::from(year), month, day)?;
    Some(seconds(days, clock, zone) + fraction)
}

/// A fraction of a second at the start of `bytes`, with its `.` or `,`, and its length.
pub fn fraction(bytes: &[u8]) -> (f64, usize) {
    let [b'.' | b',', rest @ ..] = bytes else { return (0.0, 0) };
    let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if count == 0 {
        return (0.0, 0);
    }
    let kept = count.min(9);
    let value = rest[..kept].iter().fold(0u32, |sum, b| sum * 10 + u32::from(b - b'0'));
    (f64::from(value) / POWERS[kept], count + 1)
}

const POWERS: [f64; 10] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/// The value of up to nine ASCII digits and nothing else.
pub fn digits(bytes: &[u8]) -> Option<u32> {
    if bytes.is_empty() || bytes.len() > 9 {
        return None;
    }
    bytes.iter().try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + u32::from(b - b'0')))
}

/// Seconds since midnight; a leap second is the one before.
pub fn clock(hour: u32, minute: u32, second: u32) -> Option<u32> {
    (hour < 24 && minute < 60 && second <= 60).then(|| hour * 3600 + minute * 60 + second.min(59))
}

/// Days from 1970-01-01 to a date that exists.
pub fn days(year: i64, month: u32, day: u32) -> Option<i64> {
    if !(1..=12).contains(&month) || day == 0 || day > month_length(year, month) {
        return None;
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let month_from_march = i64::from((month + 9) % 12);
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}

fn month_length(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The year in which so many days after 1970-01-01 fall.
pub fn year_of(days: i64) -> i64 {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    year_of_era + era * 400 + i64::from(day_of_year >= 306)
}

/// Unix seconds of a day and seconds since its midnight, `zone` seconds east of Greenwich.
#[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
pub fn seconds(days: i64, clock: u32, zone: i64) -> f64 {
    (days * 86_400 + i64::from(clock) - zone) as f64
}

/// RFC 3339 with as many digits as are needed, for what is written.
pub fn rfc3339(seconds: f64) -> String {
    #[allow(clippy::cast_possible_truncation, reason = "saturates")]
    let micros = (seconds * 1e6).round() as i64;
    jiff::Timestamp::from_microsecond(micros).map_or_else(|_| format!("{seconds}"), |t| t.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_forms_of_a_time() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0.0)),
            ("2023-01-29T08:42:09.496534518Z", Some(1_674_981_729.496_534_5)),
            ("2023-01-29T16:42:09+08:00", Some(1_674_981_729.0)),
            ("2023-01-29 08:42:09", Some(1_674_981_729.0)),
            ("2023-01-29T03:42:09.5-0500", Some(1_674_981_729.5)),
            ("1674981729", Some(1_674_981_729.0)),
            ("1674981729.25", Some(1_674_981_729.25)),
            ("1674981729250", Some(1_674_981_729.25)),
            ("1674981729250000000", Some(1_674_981_729.25)),
            ("1.674981729e9", Some(1_674_981_729.0)),
            ("-5", Some(-5.0)),
            ("2016-12-31T23:59:60Z", Some(1_483_228_799.0)),
            ("2023-02-29T00:00:00Z", None),
            ("2023-13-01T00:00:00Z", None),
            ("2023-01-29T08:42:09 or so", None),
            ("2023-01-29T08:42:09+8", None),
            ("NaN", None),
            ("inf", None),
            ("1e300", None),
            ("", None),
            ("yesterday", None),
        ] {
            let close = |a: f64, b: f64| (a - b).abs() < 1e-6;
            let same = match (moment(text), expected) {
                (Some(a), Some(b)) => close(a, b),
                (a, b) => a == b,
            };
            assert!(same, "{text}: {:?}", moment(text));
        }
        assert_eq!(rfc3339(1_674_981_729.25), "2023-01-29T08:42:09.25Z");
    }

    proptest! {
        #[test]
        fn agrees_with_the_calendar(seconds in -62_000_000_000i64..200_000_000_000) {
            let time = jiff::Timestamp::from_second(seconds).unwrap();
            let date = time.to_zoned(jiff::tz::TimeZone::UTC).date();
            if (0..=9999).contains(&date.year()) {
                prop_assert_eq!(moment(&time.to_string()), Some(seconds as f64));
                prop_assert_eq!(year_of(seconds.div_euclid(86_400)), i64::from(date.year()));
            }
        }

        #[test]
        fn never_panics(text in ".{0,40}", digits in "[0-9:T.,+Z-]{0,40}") {
            let _ = (moment(&text), moment(&digits));
        }
    }
}
