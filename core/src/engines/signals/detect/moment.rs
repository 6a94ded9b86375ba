//! Timestamps as tables have them: ISO 8601, numbers since 1970, and the orders of day, month and year that
//! people and spreadsheets write.
//!
//! Never looks ahead: `04/10/2014` is read as April until a row has shown that days come first.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// Reads the timestamps of one column, from above.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moments {
    /// A row had a number above 12 where the month would be.
    day_first: bool,
}

impl Moments {
    /// Seconds since 1970 (UTC unless it says otherwise).
    pub fn seconds(&mut self, cell: &str) -> Option<f64> {
        let cell = cell.trim();
        if let Ok(number) = cell.parse::<f64>() {
            return if number.is_finite() {
                Some(compact(cell).unwrap_or_else(|| unix(number)))
            } else {
                None
            };
        }
        if let Ok(at) = cell.parse::<jiff::Timestamp>() {
            return Some(at.as_nanosecond() as f64 / 1e9);
        }
        let cell =
            ["UTC", "GMT", "Z"].iter().find_map(|zone| cell.strip_suffix(zone)).unwrap_or(cell).trim_end();
        let written = cell.replace('/', "-");
        let civil =
            written.parse::<DateTime>().or_else(|_| written.parse::<Date>().map(|d| d.at(0, 0, 0, 0)));
        of(civil.ok().or_else(|| self.numbers(cell))?)
    }

    /// `10.04.2014 00:05`, `4/10/14 1:05:09 PM`, `2014.04.10`.
    fn numbers(&mut self, cell: &str) -> Option<DateTime> {
        let (date, clock) = cell.split_once([' ', 'T', ',']).unwrap_or((cell, ""));
        let separator = ['/', '.', '-'].into_iter().find(|s| date.matches(*s).count() == 2)?;
        let mut parts = date.split(separator).map(|part| Some((part.parse::<i16>().ok()?, part.len())));
        let (first, second, third) = (parts.next()??, parts.next()??, parts.next()??);
        let small = |number: i16| i8::try_from(number).ok();
        let date = if first.1 == 4 {
            Date::new(first.0, small(second.0)?, small(third.0)?).ok()?
        } else {
            self.day_first |= first.0 > 12;
            let day_first = separator == '.' || self.day_first && second.0 <= 12;
            let (day, month) = if day_first { (first.0, second.0) } else { (second.0, first.0) };
            let year = if third.1 <= 2 { third.0 + if third.0 < 70 { 2000 } else { 1900 } } else { third.0 };
            Date::new(year, small(month)?, small(day)?).ok()?
        };
        Some(date.to_datetime(time(clock.trim())?))
    }
}

/// A time of day, to the second and its fraction, of 24 hours or of 12.
fn time(clock: &str) -> Option<Time> {
    if clock.is_empty() {
        return Some(Time::midnight());
    }
    let upper = clock.to_ascii_uppercase();
    let half = ["AM", "PM"].into_iter().find(|half| upper.ends_with(half));
    let clock = &clock[..clock.len() - half.map_or(0, str::len)];
    let mut parts = clock.trim_end().splitn(3, ':');
    let hour: i8 = parts.next()?.trim().parse().ok()?;
    let minute: i8 = parts.next()?.parse().ok()?;
    let seconds: f64 = parts.next().map_or(Some(0.0), |s| s.replace(',', ".").parse().ok())?;
    let hour = match (half, hour) {
        (Some("AM"), 12) => 0,
        (Some("PM"), 1..=11) => hour + 12,
        _ => hour,
    };
    #[allow(clippy::cast_possible_truncation, reason = "below 60, and its fraction below 10^9")]
    let (whole, nanos) = (seconds.trunc() as i8, (seconds.fract() * 1e9).round().min(999_999_999.0) as i32);
    Time::new(hour, minute, whole, nanos).ok()
}

/// `20140410`, `20140410000500`: digits that are a date of this time, and not seconds since 1970.
fn compact(cell: &str) -> Option<f64> {
    if !matches!(cell.len(), 8 | 12 | 14) || !cell.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |from: usize, to: usize| cell.get(from..to).map_or(Some(0), |part| part.parse::<i8>().ok());
    let year: i16 = cell.get(..4)?.parse().ok().filter(|year| (1970..2100).contains(year))?;
    let time = Time::new(number(8, 10)?, number(10, 12)?, number(12, 14)?, 0).ok()?;
    of(Date::new(year, number(4, 6)?, number(6, 8)?).ok()?.to_datetime(time))
}

/// Seconds of a number since 1970: one of so many digits is of this century in one unit only.
fn unix(number: f64) -> f64 {
    let unit = [1e17, 1e14, 1e11].iter().zip([1e9, 1e6, 1e3]).find(|(least, _)| number.abs() >= **least);
    number / unit.map_or(1.0, |(_, unit)| unit)
}

fn of(civil: DateTime) -> Option<f64> {
    civil.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp().as_nanosecond() as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AT: f64 = 1_397_088_300.0;

    #[test]
    fn one_moment_in_many_ways() {
        for cell in [
            "1397088300",
            "1397088300.0",
            "1397088300000",
            "1397088300000000",
            "1397088300000000000",
            "20140410000500",
            "201404100005",
            "2014-04-10 00:05:00",
            "2014-04-10T00:05:00Z",
            "2014-04-10T02:05:00+02:00",
            "2014-04-10 00:05",
            "2014-04-10 00:05:00 UTC",
            "2014/04/10 00:05:00",
            "2014.04.10 00:05:00",
            "10.04.2014 00:05:00",
            "10.4.2014 0:05",
            "04/10/2014 00:05:00",
            "4/10/14 00:05",
            "4/10/2014 12:05:00 AM",
        ] {
            assert_eq!(Moments::default().seconds(cell), Some(AT), "{cell}");
        }
        assert_eq!(Moments::default().seconds("4/10/2014 1:05:00.5 pm"), Some(AT + 13.0 * 3600.0 + 0.5));
        assert_eq!(Moments::default().seconds("20140410"), Some(AT - 300.0));
        for cell in ["", "soon", "NaN", "inf", "13/13/2014", "4/10/2014 25:00", "1/2/3/4"] {
            assert_eq!(Moments::default().seconds(cell), None, "{cell}");
        }
        // Numbers that only look like one.
        assert_eq!(Moments::default().seconds("19991399"), Some(19_991_399.0));
        assert_eq!(Moments::default().seconds("100"), Some(100.0));
    }

    #[test]
    fn days_come_first_once_a_row_shows_it() {
        let mut moments = Moments::default();
        assert_eq!(moments.seconds("31/03/2014"), Some(AT - 300.0 - 10.0 * 86_400.0));
        assert_eq!(moments.seconds("10/04/2014 00:05"), Some(AT));
    }

    proptest! {
        #[test]
        fn any_cell_is_read_or_not(cell in "[0-9/.: \\-TZAPM,é]{0,24}") {
            let _ = Moments::default().seconds(&cell);
        }
    }
}
