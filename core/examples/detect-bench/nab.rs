//! The score of the Numenta Anomaly Benchmark: Lavin & Ahmad, "Evaluating real-time anomaly detection
//! algorithms" (2015).
//!
//! In each window the earliest detection counts, the earlier the more; a detection outside costs, less so
//! shortly after a window; a missed window costs. The first rows are not scored.

/// What counts how much.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    pub name: &'static str,
    found: f64,
    false_alarm: f64,
    missed: f64,
}

pub const PROFILES: [Profile; 3] = [
    Profile { name: "standard", found: 1.0, false_alarm: 0.11, missed: 1.0 },
    Profile { name: "low false alarms", found: 1.0, false_alarm: 0.22, missed: 1.0 },
    Profile { name: "low misses", found: 1.0, false_alarm: 0.11, missed: 2.0 },
];

/// A scored series: what a detection at each row is worth.
#[derive(Debug)]
pub struct Series {
    pub name: String,
    scores: Vec<f64>,
    /// The window that a row is in, and the worth of a detection there before weighting.
    worth: Vec<(Option<usize>, f64)>,
    windows: usize,
    probation: usize,
}

/// The best threshold of a corpus.
#[derive(Debug)]
pub struct Best {
    pub threshold: f64,
    pub score: f64,
}

/// Found windows and false alarms.
#[derive(Debug, Default)]
pub struct Counts {
    pub found: usize,
    pub windows: usize,
    pub false_alarms: usize,
}

fn sigmoid(position: f64) -> f64 {
    if position > 3.0 { -1.0 } else { 2.0 / (1.0 + (5.0 * position).exp()) - 1.0 }
}

impl Series {
    /// `windows` are the first and the last second of each.
    pub fn new(name: &str, times: &[f64], windows: &[(f64, f64)], scores: Vec<f64>) -> Self {
        let rows = |(start, end): &(f64, f64)| {
            let left = times.iter().position(|t| t == start)?;
            Some((left, times.iter().position(|t| t == end)?))
        };
        let windows: Vec<(usize, usize)> = windows.iter().filter_map(rows).collect();
        let probation = (times.len() * 15 / 100).min(750);
        let worth = (0..times.len()).map(|row| worth(row, &windows)).collect();
        Self { name: name.to_owned(), scores, worth, windows: windows.len(), probation }
    }

    pub fn windows(&self) -> usize {
        self.windows
    }

    fn detections(&self, threshold: f64) -> impl Iterator<Item = (Option<usize>, f64)> + '_ {
        let rows = self.scores.iter().zip(&self.worth).skip(self.probation);
        rows.filter(move |(score, _)| **score >= threshold).map(|(_, worth)| *worth)
    }

    /// The score before it is normalised.
    pub fn raw(&self, profile: Profile, threshold: f64) -> f64 {
        let mut windows = vec![-profile.missed; self.windows];
        let mut false_alarms = 0.0;
        for (window, worth) in self.detections(threshold) {
            match window {
                Some(window) => windows[window] = windows[window].max(worth * profile.found),
                None => false_alarms += worth * profile.false_alarm,
            }
        }
        windows.iter().sum::<f64>() + false_alarms
    }
}

fn worth(row: usize, windows: &[(usize, usize)]) -> (Option<usize>, f64) {
    if let Some(inside) = windows.iter().position(|(left, right)| (*left..=*right).contains(&row)) {
        let (left, right) = windows[inside];
        let position = (right - row + 1) as f64 / (right - left + 1) as f64;
        return (Some(inside), sigmoid(-position) / sigmoid(-1.0));
    }
    let Some((left, right)) = windows.iter().rev().find(|(_, right)| *right < row) else {
        return (None, -1.0);
    };
    (None, sigmoid((row - right) as f64 / (right - left) as f64))
}

/// From the score of detecting nothing, 0, to that of a perfect detector, 100.
pub fn normalised(corpus: &[&Series], profile: Profile, raw: f64) -> f64 {
    let windows = corpus.iter().map(|s| s.windows).sum::<usize>() as f64;
    100.0 * (raw + profile.missed * windows) / ((profile.found + profile.missed) * windows)
}

/// The score of a corpus at one threshold.
pub fn score(corpus: &[&Series], profile: Profile, threshold: f64) -> f64 {
    normalised(corpus, profile, corpus.iter().map(|s| s.raw(profile, threshold)).sum())
}

/// The one threshold for all that gives the best score.
pub fn best(corpus: &[&Series], profile: Profile) -> Best {
    let mut thresholds: Vec<f64> =
        corpus.iter().flat_map(|s| s.scores[s.probation..].iter().copied()).collect();
    thresholds.sort_by(f64::total_cmp);
    thresholds.dedup();
    // from the top, until so many rows are false alarms that no window could make up for them
    let mut best = Best { threshold: f64::INFINITY, score: 0.0 };
    for threshold in thresholds.into_iter().rev() {
        let score = score(corpus, profile, threshold);
        if score > best.score {
            best = Best { threshold, score };
        }
        if score < -100.0 {
            break;
        }
    }
    best
}

/// What is found and what is a false alarm at a threshold.
pub fn counts(corpus: &[&Series], threshold: f64) -> Counts {
    let mut counts = Counts::default();
    for series in corpus {
        let mut found = vec![false; series.windows];
        for (window, _) in series.detections(threshold) {
            match window {
                Some(window) => found[window] = true,
                None => counts.false_alarms += 1,
            }
        }
        counts.found += found.iter().filter(|f| **f).count();
        counts.windows += series.windows;
    }
    counts
}
