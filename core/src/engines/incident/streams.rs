//! Things that happen, counted: log templates and operations of traces that appear, vanish or multiply.
//!
//! A template is held against the other templates of its service, so that more load alone changes nothing. Never
//! reads what a line says beyond its level.

use crate::domain::incident::{LogCluster, LogLevel};

/// Counts of one kind of event over the window, in equal buckets, and within the reference.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    pub service: usize,
    pub label: Label,
    pub buckets: Vec<u64>,
    pub before: u64,
    /// Whether it says of itself that something is wrong.
    pub error: bool,
}

/// Where a stream comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Label {
    /// Place among the log clusters.
    Log(usize),
    /// An operation of traces.
    Operation(String),
}

/// A stream whose part of its service's events changed for good within the window.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    pub stream: usize,
    /// The first bucket after it.
    pub bucket: usize,
    /// Log-likelihood ratio in favour of the change, in nats, less what trying every moment costs.
    pub gain: f64,
    pub appears: bool,
    /// 0 to 1.
    pub strength: f64,
    /// A stream that does the opposite at the same moment: a branch taken instead of another.
    pub instead: Option<usize>,
}

/// Fewer events than this prove nothing.
const FEWEST: u64 = 4;

/// The turns of one service's streams, the strongest first; streams of other services are not looked at.
pub(super) fn turns(streams: &[Stream], members: &[usize]) -> Vec<Turn> {
    let buckets = members.iter().map(|at| streams[*at].buckets.len()).max().unwrap_or(0);
    if buckets < 2 {
        return Vec::new();
    }
    let mut all = vec![0_u64; buckets];
    let mut before = 0;
    for at in members {
        before += streams[*at].before;
        for (sum, count) in all.iter_mut().zip(&streams[*at].buckets) {
            *sum += count;
        }
    }
    let price = (buckets as f64).ln() + (members.len() as f64).ln();
    let mut turns: Vec<Turn> =
        members.iter().filter_map(|at| turn(*at, &streams[*at], &all, before, price)).collect();
    pair(&mut turns, streams);
    turns.sort_by(|a, b| b.strength.total_cmp(&a.strength).then(b.gain.total_cmp(&a.gain)));
    turns
}

fn turn(at: usize, stream: &Stream, all: &[u64], before: u64, price: f64) -> Option<Turn> {
    let total: u64 = stream.buckets.iter().sum();
    if total + stream.before < FEWEST && !(stream.error && stream.before == 0 && total > 0) {
        return None;
    }
    let whole: u64 = all.iter().sum();
    let (mut early, mut early_all) = (stream.before, before);
    let mut best: Option<(f64, usize, f64, f64)> = None;
    let (mut late, mut late_all) = (total, whole);
    for (bucket, every) in all.iter().enumerate() {
        if late_all >= FEWEST && early_all >= FEWEST {
            let gain = ratio(early, early_all, late, late_all);
            if best.is_none_or(|(top, ..)| gain > top) {
                best = Some((gain, bucket, share(early, early_all), share(late, late_all)));
            }
        }
        let count = stream.buckets.get(bucket).copied().unwrap_or(0);
        early += count;
        early_all += every;
        late -= count;
        late_all -= every;
    }
    let (gain, bucket, was, is) = best?;
    let gain = gain - price;
    let apart = ((is + 1e-4) / (was + 1e-4)).log2().abs();
    // Shares drift with the mix of requests: only what nearly comes from nothing or goes to nothing counts.
    let decisive = ((apart - 2.0) / 2.0).clamp(0.0, 1.0);
    (gain > 0.0 && decisive > 0.0).then(|| Turn {
        stream: at,
        bucket,
        gain,
        appears: is > was,
        strength: decisive * (1.0 - (-gain / 8.0).exp()),
        instead: None,
    })
}

fn share(count: u64, all: u64) -> f64 {
    count as f64 / all.max(1) as f64
}

/// Log-likelihood ratio of two shares against one common share.
fn ratio(a: u64, all_a: u64, b: u64, all_b: u64) -> f64 {
    let part = |count: u64, all: u64, share: f64| {
        let (count, rest) = (count as f64, (all - count) as f64);
        let term = |n: f64, p: f64| if n > 0.0 { n * p.max(1e-12).ln() } else { 0.0 };
        term(count, share) + term(rest, 1.0 - share)
    };
    let common = share(a + b, all_a + all_b);
    let apart = part(a, all_a, share(a, all_a)) + part(b, all_b, share(b, all_b));
    apart - part(a, all_a, common) - part(b, all_b, common)
}

/// Finds for each turn one that goes the other way at about the same moment.
fn pair(turns: &mut [Turn], streams: &[Stream]) {
    let near = |a: &Turn, b: &Turn| {
        let buckets = streams[a.stream].buckets.len().max(10);
        a.bucket.abs_diff(b.bucket) <= buckets / 8
    };
    let paired: Vec<Option<usize>> = turns
        .iter()
        .map(|turn| {
            turns
                .iter()
                .filter(|other| other.appears != turn.appears && near(turn, other))
                .max_by(|a, b| a.gain.total_cmp(&b.gain))
                .map(|other| other.stream)
        })
        .collect();
    for (turn, other) in turns.iter_mut().zip(paired) {
        turn.instead = other;
    }
}

/// The streams of log clusters, in their order; `service` gives a cluster's number.
pub(super) fn of_logs(logs: &[LogCluster], service: impl Fn(&LogCluster) -> Option<usize>) -> Vec<Stream> {
    logs.iter()
        .enumerate()
        .filter_map(|(at, cluster)| {
            Some(Stream {
                service: service(cluster)?,
                label: Label::Log(at),
                buckets: cluster.buckets.clone(),
                before: cluster.baseline_count,
                error: cluster.level.is_some_and(|level| level >= LogLevel::Error)
                    || !cluster.frames.is_empty(),
            })
        })
        .collect()
}
