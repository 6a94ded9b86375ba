//! Values, times and shares as an on-call engineer would say them.
//!
//! Never rounds anything that is computed with.

use crate::domain::incident::{Meaning, UnitKind};

/// A value with its unit: `61 %`, `33 ms`, `812 MiB`.
pub(super) fn value(value: f64, meaning: &Meaning, unit: Option<&str>) -> String {
    match meaning.unit {
        UnitKind::Percent => format!("{} %", number(value)),
        UnitKind::Ratio => format!("{} %", number(value * 100.0)),
        UnitKind::Bytes
            if unit.is_some_and(|unit| matches!(unit.to_lowercase().as_str(), "b" | "byte" | "bytes")) =>
        {
            bytes(value)
        }
        kind => match (kind.seconds(), unit) {
            (Some(second), _) => seconds(value * second),
            (None, Some(unit)) if !matches!(unit, "" | "count" | "1" | "none") => {
                format!("{} {}", number(value), unit.replace('_', " "))
            }
            (None, _) => number(value),
        },
    }
}

/// Seconds in the unit that fits.
pub(super) fn seconds(seconds: f64) -> String {
    match seconds.abs() {
        large if large >= 1.0 => format!("{} s", number(seconds)),
        middle if middle >= 1e-3 => format!("{} ms", number(seconds * 1e3)),
        _ => format!("{} µs", number(seconds * 1e6)),
    }
}

fn bytes(bytes: f64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut amount, mut at) = (bytes, 0);
    while amount.abs() >= 1024.0 && at + 1 < units.len() {
        amount /= 1024.0;
        at += 1;
    }
    format!("{} {}", number(amount), units[at])
}

/// Three significant digits, without an exponent for ordinary sizes.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value.is_finite() { "0".to_owned() } else { "unknown".to_owned() };
    }
    let digits = 2 - value.abs().log10().floor() as i32;
    if !(-12..=9).contains(&digits) {
        return format!("{value:.2e}");
    }
    let decimals = digits.clamp(0, 9) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// `16:40:05Z`; the day is the incident's and would only be in the way.
pub(super) fn clock(time: f64) -> String {
    let moment = if time.is_finite() { jiff::Timestamp::from_second(time.round() as i64).ok() } else { None };
    moment.map_or_else(|| "an unknown time".to_owned(), |moment| moment.strftime("%H:%M:%SZ").to_string())
}

/// A share as whole percent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", (share * 100.0).clamp(0.0, 100.0))
}

/// `1 instance`, `3 instances`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The first part of a line, whole characters.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 160;
    let line = text.lines().next().unwrap_or("").trim();
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    let mut cut: String = line.chars().take(LONGEST - 1).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_people_say_them() {
        let says = |amount: f64, metric: &str, unit: &str| {
            value(amount, &Meaning::of(metric, Some(unit)), Some(unit))
        };
        assert_eq!(says(61.04, "success_rate", "percent"), "61 %");
        assert_eq!(says(0.6104, "success", "ratio"), "61 %");
        assert_eq!(says(0.0332, "latency", "seconds"), "33.2 ms");
        assert_eq!(says(2500.0, "latency", "ms"), "2.5 s");
        assert_eq!(says(851_443_712.0, "memory_usage", "bytes"), "812 MiB");
        assert_eq!(says(12.0, "requests", "per_second"), "12 per second");
        assert_eq!(number(1234.5), "1234");
        assert_eq!(number(0.0), "0");
        assert_eq!(number(f64::NAN), "unknown");
        assert_eq!(clock(1_695_397_140.0), "15:39:00Z");
        assert_eq!(clock(f64::NAN), "an unknown time");
        assert_eq!(clock(1e300), "an unknown time");
    }
}
