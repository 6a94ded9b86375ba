//! Clocks that are wrong by whole offsets: a container that writes local time as if it were UTC.
//!
//! Decides from where the times of a file lie and where the incident is known to lie. Never corrects by less
//! than a quarter of an hour: such drift cannot be told from being late.

use super::logs::LogFacts;
use crate::domain::incident::TimeRange;

/// Zones differ by whole quarters of an hour, and by at most 14 hours.
const QUARTER: f64 = 900.0;
const FARTHEST: f64 = 14.0 * 3600.0;
/// How far outside a range a record may lie and still belong to it, in seconds.
const SLACK: f64 = 120.0;

/// Seconds to add to a service's own times so that they fall where something is known to have happened; 0 when
/// some of them do so as they are, or no offset of a time zone helps.
///
/// `spanned` is the time that the service's files span as read, `known` the window and its reference. Times that
/// name their zone (`zoned`) are moved only when they then fill what is known almost exactly.
pub fn shift(spanned: TimeRange, known: &[TimeRange], zoned: bool) -> f64 {
    let overlap = |shift: f64| {
        let of = |k: &TimeRange| {
            (spanned.end + shift).min(k.end + SLACK) - (spanned.start + shift).max(k.start - SLACK)
        };
        known.iter().map(of).fold(f64::NEG_INFINITY, f64::max)
    };
    if overlap(0.0) >= 0.0 || known.is_empty() {
        return 0.0;
    }
    let length = spanned.length();
    let enough = known.iter().map(TimeRange::length).fold(f64::INFINITY, f64::min);
    let fits = |shift: f64| overlap(shift) >= length && (!zoned || length > 0.8 * enough);
    let offsets = |step: f64| {
        let count = (FARTHEST / step) as i32;
        (1..=count).flat_map(move |n| [f64::from(n) * step, -f64::from(n) * step])
    };
    // Whole hours are by far the commonest.
    let candidates = || offsets(3600.0).chain(offsets(1800.0)).chain(offsets(QUARTER));
    if let Some(found) = candidates().find(|s| fits(*s)) {
        return found;
    }
    let best =
        offsets(3600.0).max_by(|a, b| overlap(*a).total_cmp(&overlap(*b)).then(b.abs().total_cmp(&a.abs())));
    best.filter(|s| !zoned && overlap(*s) >= 0.5 * enough).unwrap_or(0.0)
}

/// Seconds by which a file's own clock is ahead of its carrier's, when that is a whole offset and more than
/// a few records say so.
pub fn lead(facts: &LogFacts) -> Option<f64> {
    let mut leads: Vec<f64> = facts.leads.iter().copied().filter(|l| l.is_finite()).collect();
    if leads.len() < 3 {
        return None;
    }
    leads.sort_by(f64::total_cmp);
    let median = leads[leads.len() / 2];
    let whole = (median / QUARTER).round() * QUARTER;
    (whole != 0.0 && (median - whole).abs() < SLACK).then_some(whole)
}

/// `+8 h`, `-5 h 30 min`.
pub fn offset_text(seconds: f64) -> String {
    let minutes = (seconds.abs() / 60.0).round();
    let (hours, rest) = ((minutes / 60.0).floor(), minutes % 60.0);
    let sign = if seconds < 0.0 { '-' } else { '+' };
    match (hours > 0.0, rest > 0.0) {
        (true, true) => format!("{sign}{hours} h {rest} min"),
        (true, false) => format!("{sign}{hours} h"),
        _ => format!("{sign}{rest} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_offsets_only() {
        let known = TimeRange { start: 1_674_980_000.0, end: 1_674_983_600.0 };
        let (first, last) = (1_674_981_000.0, 1_674_982_000.0);
        let range = |start: f64, end: f64, wrong: f64| TimeRange { start: start + wrong, end: end + wrong };
        for (wrong, expected) in [
            (0.0, 0.0),
            (8.0 * 3600.0, -8.0 * 3600.0),
            (-5.5 * 3600.0, 5.5 * 3600.0),
            (30.0, 0.0),
            (86_400.0, 0.0),
        ] {
            assert_eq!(shift(range(first, last, wrong), &[known], false), expected, "{wrong}");
            assert_eq!(shift(range(first, last, wrong), &[known], true), 0.0, "{wrong}");
            assert_eq!(shift(range(known.start, known.end, wrong), &[known], true), expected, "{wrong}");
        }
        // A log of ten hours that ends in the window was begun long before it.
        assert_eq!(shift(range(first - 36_000.0, last, 0.0), &[known], false), 0.0);
        // One that spans more than is known is moved to where it covers that.
        assert_eq!(
            shift(range(known.start - 600.0, known.end + 600.0, 28_800.0), &[known], false),
            -28_800.0
        );
        assert_eq!(shift(range(first, last, 0.0), &[], false), 0.0);
        assert_eq!(offset_text(28_800.0), "+8 h");
        assert_eq!(offset_text(-19_800.0), "-5 h 30 min");
    }

    #[test]
    fn the_median_lead() {
        let facts = |leads: &[f64]| LogFacts { leads: leads.to_vec(), ..LogFacts::default() };
        assert_eq!(lead(&facts(&[28_799.9, 28_800.0, 5.0])), Some(28_800.0));
        assert_eq!(lead(&facts(&[-0.1, 0.0, 0.2])), None);
        assert_eq!(lead(&facts(&[f64::NAN, 28_800.0])), None);
        assert_eq!(lead(&facts(&[400.0; 9])), None);
    }
}
