//! Separates who fails from who suffers: of what a service lost, how much do its callees account for.
//!
//! Losses are counted in a common currency where the data allow it (seconds or failures a period: the excess of a
//! call times the number of calls), since averages of calls that are made often and rarely cannot be compared.
//! Never looks at resources or logs.

use super::graph::Graph;
use super::measures::Measure;
use super::notice::Notice;
use super::track::{Track, ordered_sum, sorted_quantile};
use crate::domain::incident::{Direction, MetricClass, TimeRange, UnitKind};
use std::collections::BTreeMap;

/// What callers lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Loss {
    Time,
    Success,
}

/// One service's losses of one kind.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Account {
    /// Lost on calls to the service, in seconds or failures a period, or a call where counts are unknown.
    pub total: f64,
    /// The part that its own callees account for.
    pub explained: f64,
    /// The measure that shows it best.
    pub shown_by: usize,
    /// Its strength, 0 to 1.
    pub strength: f64,
    /// 0 to 1: how sure it is, whatever the size.
    pub sure: f64,
    /// Whether losses are a period's rather than a call's.
    pub counted: bool,
    /// The callee that accounts for most of what is explained.
    pub through: Option<usize>,
}

impl Account {
    /// 0 to 1: the part that only the service itself can account for.
    pub fn own_share(&self) -> f64 {
        if self.total > 0.0 { ((self.total - self.explained) / self.total).clamp(0.0, 1.0) } else { 0.0 }
    }

    pub fn own(&self) -> f64 {
        (self.total - self.explained).max(0.0)
    }
}

/// Accounts of all services with losses of a kind.
pub(super) fn accounts(
    loss: Loss,
    measures: &[Measure],
    graph: &Graph,
    notice: &Notice,
) -> BTreeMap<usize, Account> {
    let range = notice.range(measures);
    let traffic = traffic(measures);
    let mut calls: BTreeMap<(usize, Option<usize>), Lost> = BTreeMap::new();
    for (at, measure) in measures.iter().enumerate().filter(|(_, measure)| suits(measure, loss)) {
        if let Some(lost) = lost(at, measure, loss, range.as_ref(), &traffic) {
            let kept = calls.entry((measure.service, measure.peer)).or_insert(lost);
            if better(&lost, kept) {
                *kept = lost;
            }
        }
    }
    let mut counts: Vec<f64> = calls.values().filter_map(|lost| lost.count).collect();
    counts.sort_by(f64::total_cmp);
    // Calls nobody counted are taken to be as many as others typically are.
    let typical = sorted_quantile(&counts, 0.5);
    let counted = typical.is_some();
    let amount = |lost: &Lost| lost.each * lost.count.or(typical).unwrap_or(1.0);
    let totals = totals(&calls, &amount, counted);
    let mut accounts = BTreeMap::new();
    for (service, (total, best)) in &totals {
        let mut explained = Vec::new();
        for callee in graph.callees(*service) {
            let lost = calls.get(&(*callee, Some(*service))).map(&amount);
            let lost = lost.or_else(|| calls.get(&(*callee, None)).map(&amount));
            explained.extend(lost.map(|lost| (lost, *callee)));
        }
        let through =
            explained.iter().copied().max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(lost, _)| *lost > 0.0);
        let sum = match loss {
            // A request fails once, whichever of its calls failed.
            Loss::Success if !counted => through.map_or(0.0, |(lost, _)| lost),
            _ => ordered_sum(explained.iter().map(|(lost, _)| *lost).collect()),
        };
        accounts.insert(
            *service,
            Account {
                total: *total,
                explained: sum.min(*total),
                shown_by: best.measure,
                strength: best.strength,
                sure: best.sure,
                counted,
                through: through.map(|(_, callee)| callee),
            },
        );
    }
    accounts
}

#[derive(Debug, Clone, Copy)]
struct Lost {
    measure: usize,
    strength: f64,
    sure: f64,
    /// A call.
    each: f64,
    /// Calls a period, weighted by what was lost in it; none where nobody counted them.
    count: Option<f64>,
    /// Of the calls that it speaks of: 1 for an average, .05 for a 95th percentile.
    share: f64,
}

/// Averages before percentiles and lower percentiles before higher ones, then the stronger: what two services
/// lost can be compared only by the same share of their calls.
fn better(new: &Lost, kept: &Lost) -> bool {
    (new.share, new.strength, new.each) > (kept.share, kept.strength, kept.each)
}

fn totals(
    calls: &BTreeMap<(usize, Option<usize>), Lost>,
    amount: &dyn Fn(&Lost) -> f64,
    counted: bool,
) -> BTreeMap<usize, (f64, Lost)> {
    let mut by_service: BTreeMap<usize, Vec<(Option<usize>, Lost)>> = BTreeMap::new();
    for ((service, peer), lost) in calls {
        by_service.entry(*service).or_default().push((*peer, *lost));
    }
    by_service
        .into_iter()
        .filter_map(|(service, lost)| {
            let whole = lost.iter().find(|(peer, _)| peer.is_none()).map(|(_, lost)| amount(lost));
            let parts: Vec<f64> =
                lost.iter().filter(|(peer, _)| peer.is_some()).map(|(_, lost)| amount(lost)).collect();
            let total = whole.unwrap_or_else(|| {
                if counted { ordered_sum(parts) } else { parts.into_iter().fold(0.0, f64::max) }
            });
            let best =
                lost.into_iter().map(|(_, lost)| lost).max_by(|a, b| a.strength.total_cmp(&b.strength))?;
            Some((service, (total, best)))
        })
        .collect()
}

fn suits(measure: &Measure, loss: Loss) -> bool {
    let class = match loss {
        Loss::Time => measure.meaning.class == MetricClass::Latency,
        Loss::Success => {
            measure.meaning.class == MetricClass::Availability || measure.meaning.is_failure_share()
        }
    };
    class && !measure.meaning.shared && !measure.meaning.outgoing
}

/// What a measure says was lost while the trouble lasted; none where it shows no shift for the worse.
fn lost(
    at: usize,
    measure: &Measure,
    loss: Loss,
    range: Option<&TimeRange>,
    traffic: &BTreeMap<(usize, Option<usize>), &Track>,
) -> Option<Lost> {
    let (shift, strength) = measure.worst()?;
    let rising = loss == Loss::Time || measure.meaning.is_failure_share();
    if shift.direction != if rising { Direction::Up } else { Direction::Down } {
        return None;
    }
    let range = range.unwrap_or(&shift.range);
    let unit = match loss {
        Loss::Time => measure.meaning.unit.seconds().unwrap_or(1.0),
        Loss::Success => {
            if shift.usual > 1.5 || measure.meaning.unit == UnitKind::Percent {
                0.01
            } else {
                1.0
            }
        }
    };
    let counts = traffic.get(&(measure.service, measure.peer));
    let tail = percentile(&measure.metric).map_or(1.0, |share| 1.0 - share);
    let (mut each, mut amounts) = (Vec::new(), Vec::new());
    for (time, value) in measure.window.times.iter().zip(&measure.window.values) {
        if !range.contains(*time) {
            continue;
        }
        // What a percentile lost, only the calls beyond it did.
        let excess = ((value - shift.usual) * if rising { unit } else { -unit }).max(0.0) * tail;
        each.push(excess);
        let count = counts.and_then(|track| nearest(track, *time));
        amounts.extend(count.map(|count| excess * count));
    }
    if each.is_empty() {
        return None;
    }
    let periods = each.len() as f64;
    let each = ordered_sum(each) / periods;
    let count = (!amounts.is_empty() && each > 0.0).then(|| ordered_sum(amounts) / periods / each);
    Some(Lost { measure: at, strength, sure: shift.sure, each, count, share: tail })
}

/// The share of calls below what a metric's name says is a percentile: 0.99 for `latency_p99`.
fn percentile(metric: &str) -> Option<f64> {
    metric.split(['_', '.', '-', ' ']).find_map(|word| {
        let digits = word.strip_prefix(['p', 'P'])?;
        let number: f64 = digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?;
        let scale = 10_f64.powi(i32::try_from(digits.len().max(2)).ok()?);
        Some(number / scale)
    })
}

fn traffic(measures: &[Measure]) -> BTreeMap<(usize, Option<usize>), &Track> {
    let mut traffic = BTreeMap::new();
    for measure in measures.iter().filter(|m| m.meaning.class == MetricClass::Traffic) {
        traffic.entry((measure.service, measure.peer)).or_insert(&measure.window);
    }
    traffic
}

fn nearest(track: &Track, time: f64) -> Option<f64> {
    let after = track.times.partition_point(|at| *at < time);
    let step = track.step().unwrap_or(1.0);
    [after.checked_sub(1), Some(after)]
        .into_iter()
        .flatten()
        .filter(|at| *at < track.len() && (track.times[*at] - time).abs() <= step)
        .min_by(|a, b| (track.times[*a] - time).abs().total_cmp(&(track.times[*b] - time).abs()))
        .map(|at| track.values[at])
}
