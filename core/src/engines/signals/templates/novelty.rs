//! How new each template is in a window against a baseline.
//!
//! Rates are compared as a likelihood ratio of two Poisson processes (Dunning 1993, "Accurate
//! methods for the statistics of surprise and coincidence"), so that ten lines where there were
//! none weigh more than a hundred more among a million. Says what is unusual, never what is wrong.

/// How a template's lines in the window relate to those in the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Never seen in the baseline.
    New,
    /// More often than expected.
    More,
    /// As often as expected, give or take.
    Same,
    /// More rarely than expected.
    Less,
    /// In the baseline alone.
    Gone,
}

/// A template's novelty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Novelty {
    pub change: Change,
    /// Twice the log of the likelihood ratio, at least 0: above 10.8 chance explains it less than
    /// once in a thousand.
    pub surprise: f64,
    /// The window's rate over the baseline's, smoothed by half a line.
    pub ratio: f64,
}

/// One in a thousand, for the chi-squared distribution of one degree of freedom.
const SIGNIFICANT: f64 = 10.83;

/// Compares counts of templates, given in the same order, over a baseline and a window.
/// `baseline_length` and `window_length` are how long each is, in one unit, above 0.
pub fn novelty(baseline: &[u64], window: &[u64], baseline_length: f64, window_length: f64) -> Vec<Novelty> {
    let share = window_length / (baseline_length + window_length);
    let length = baseline.len().max(window.len());
    (0..length)
        .map(|i| {
            let count = |of: &[u64]| of.get(i).copied().unwrap_or(0) as f64;
            one(
                count(baseline),
                count(window),
                if share.is_finite() { share.clamp(1e-12, 1.0 - 1e-12) } else { 0.5 },
            )
        })
        .collect()
}

/// `share` is the window's part of all the time looked at.
fn one(before: f64, now: f64, share: f64) -> Novelty {
    let total = before + now;
    let term = |seen: f64, expected: f64| if seen > 0.0 { seen * (seen / expected).ln() } else { 0.0 };
    let surprise = (2.0 * (term(now, total * share) + term(before, total * (1.0 - share)))).max(0.0);
    let ratio = (now + 0.5) / share / ((before + 0.5) / (1.0 - share));
    let change = match (before > 0.0, now > 0.0) {
        (false, true) => Change::New,
        (true, false) => Change::Gone,
        _ if surprise < SIGNIFICANT => Change::Same,
        _ if ratio > 1.0 => Change::More,
        _ => Change::Less,
    };
    Novelty { change, surprise, ratio }
}
