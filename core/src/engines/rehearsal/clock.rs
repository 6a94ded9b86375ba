//! The rehearsal's own time: its ticks, and how each format of logs writes a moment.

/// Seconds between two measurements.
pub const STEP: i64 = 15;
/// Seconds of the window, and of the quiet time before it.
pub const WINDOW: i64 = 3600;
pub const BEFORE: i64 = 1800;

/// Unix seconds; whole, because everything else is measured from here.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    pub start: i64,
}

impl Clock {
    pub fn window_start(self) -> i64 {
        self.start + BEFORE
    }

    pub fn end(self) -> i64 {
        self.start + BEFORE + WINDOW
    }

    pub fn ticks(self) -> usize {
        ((BEFORE + WINDOW) / STEP) as usize
    }

    pub fn at(self, tick: usize) -> f64 {
        (self.start + tick as i64 * STEP) as f64
    }
}

/// A moment taken apart, in UTC.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    pub year: i64,
    pub month: usize,
    pub day: i64,
    seconds: i64,
    pub micros: u32,
}

pub const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Moment {
    /// `time` in Unix microseconds. Civil date by Hinnant's "chrono-compatible low-level date algorithms".
    pub fn of(time: i64) -> Self {
        let (seconds, micros) = (time.div_euclid(1_000_000), time.rem_euclid(1_000_000));
        let z = seconds.div_euclid(86_400) + 719_468;
        let (era, of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: month as usize,
            day: day_of_year - (153 * shifted + 2) / 5 + 1,
            seconds: seconds.rem_euclid(86_400),
            micros: micros as u32,
        }
    }

    pub fn month_name(self) -> &'static str {
        MONTHS.get(self.month.wrapping_sub(1)).copied().unwrap_or("Jan")
    }

    /// `2026-11-20` with the given separator.
    pub fn date(self, separator: u8, out: &mut Vec<u8>) {
        digits(self.year as u64, 4, out);
        out.push(separator);
        digits(self.month as u64, 2, out);
        out.push(separator);
        digits(self.day as u64, 2, out);
    }

    /// `11:35:02`
    pub fn time(self, out: &mut Vec<u8>) {
        let s = self.seconds as u64;
        digits(s / 3600, 2, out);
        out.push(b':');
        digits(s / 60 % 60, 2, out);
        out.push(b':');
        digits(s % 60, 2, out);
    }

    /// Three digits of the second's fraction.
    pub fn millis(self, out: &mut Vec<u8>) {
        digits(u64::from(self.micros / 1000), 3, out);
    }

    /// RFC 3339 with milliseconds.
    pub fn rfc3339(self, out: &mut Vec<u8>) {
        self.date(b'-', out);
        out.push(b'T');
        self.time(out);
        out.push(b'.');
        self.millis(out);
        out.push(b'Z');
    }
}

/// RFC 3339 of Unix seconds, to the second.
pub fn rfc3339(seconds: f64) -> String {
    let moment = Moment::of(seconds as i64 * 1_000_000);
    let mut out = Vec::with_capacity(20);
    moment.date(b'-', &mut out);
    out.push(b'T');
    moment.time(&mut out);
    out.push(b'Z');
    String::from_utf8_lossy(&out).into_owned()
}

/// `value` in decimal with leading zeros up to `width`.
pub fn digits(value: u64, width: usize, out: &mut Vec<u8>) {
    let mut buffer = [b'0'; 20];
    let (mut at, mut rest) = (buffer.len(), value);
    while rest > 0 || buffer.len() - at < width.max(1) {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if at == 0 {
            break;
        }
    }
    out.extend_from_slice(&buffer[at..]);
}

/// `value` with up to `places` decimals, without trailing zeros. Not for numbers above 10^13.
pub fn decimal(value: f64, places: u32, out: &mut Vec<u8>) {
    let scale = 10u64.pow(places);
    let scaled = (value.abs() * scale as f64).round() as u64;
    if value < 0.0 && scaled > 0 {
        out.push(b'-');
    }
    digits(scaled / scale, 1, out);
    let (mut fraction, mut width) = (scaled % scale, places as usize);
    if fraction > 0 {
        while fraction % 10 == 0 {
            fraction /= 10;
            width -= 1;
        }
        out.push(b'.');
        digits(fraction, width, out);
    }
}
