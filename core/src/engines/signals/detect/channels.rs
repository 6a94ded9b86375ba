//! The ways a value can surprise, and one surprise of them all.
//!
//! Each channel measures a distance from everything seen before, each is ranked among its own past, and the
//! ranks are joined by a power mean: near the maximum, so that one sure channel is enough, yet two that agree
//! count for more than one alone. The channels were chosen for what they see, not weighted: all count the
//! same.
//!
//! Never looks ahead, and never at time: values come as they come.

use super::distribution::DistributionNovelty;
use super::history::{History, newest};
use super::novelty::{LevelNovelty, shape_novelty};
use super::season::Season;
use super::tail::Tail;

/// Values whose mean is a level.
const LEVELS: [usize; 2] = [1, 2];
/// Values that a step is away from.
const BEFORE: usize = 48;
/// Values that make a shape: an edge, and a pattern.
const SHAPES: [usize; 2] = [2, 16];
/// Values whose mean is compared with its phase.
const PHASES: [usize; 2] = [1, 4];
const CHANNELS: usize = LEVELS.len() + 1 + SHAPES.len() + 1 + PHASES.len();
const POWER: i32 = 3;

/// What a new value is to each channel, as −log10 of a probability.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Surprise {
    /// Means of 1 and 2 values.
    pub levels: [f64; LEVELS.len()],
    /// The distance from the mean of the 48 values before.
    pub step: f64,
    /// Windows of 2 and 16 values.
    pub shapes: [f64; SHAPES.len()],
    /// The mixture of the last 52 values.
    pub distribution: f64,
    /// Means of 1 and 4 values at their phase.
    pub phases: [f64; PHASES.len()],
}

impl Surprise {
    /// The power mean of all, from 0 to 12.
    pub fn joined(&self) -> f64 {
        let all = self.unseasonal().chain(self.phases);
        (all.map(|s| s.powi(POWER)).sum::<f64>() / CHANNELS as f64).cbrt()
    }

    /// Whether the phase is what is strangest.
    pub fn is_seasonal(&self) -> bool {
        let most = self.phases.into_iter().fold(0.0, f64::max);
        most > 0.0 && self.unseasonal().all(|other| other <= most)
    }

    fn unseasonal(&self) -> impl Iterator<Item = f64> {
        self.levels.into_iter().chain(self.shapes).chain([self.step, self.distribution])
    }
}

/// The channels' memories of one series.
#[derive(Debug, Clone)]
pub struct Channels {
    history: History,
    season: Season,
    levels: [LevelNovelty; LEVELS.len()],
    steps: LevelNovelty,
    distribution: DistributionNovelty,
    tails: [Tail; CHANNELS],
}

impl Channels {
    /// Remembers `capacity` values.
    pub fn new(capacity: usize) -> Self {
        Self {
            history: History::new(capacity),
            season: Season::default(),
            levels: LEVELS.map(|width| LevelNovelty::new(width, capacity)),
            steps: LevelNovelty::new(1, capacity),
            distribution: DistributionNovelty::new(capacity),
            tails: Default::default(),
        }
    }

    /// The values seen, the newest last.
    pub fn history(&self) -> &[f64] {
        self.history.values()
    }

    /// The season in force.
    pub fn season(&self) -> &Season {
        &self.season
    }

    /// Takes in a finite value and says how surprising it was before it was learnt.
    pub fn push(&mut self, value: f64) -> Surprise {
        self.history.push(value);
        let history = self.history.values();
        self.season.push(history);
        let mut tails = self.tails.iter_mut();
        let mut rank = |surprise: Option<f64>| {
            let tail = tails.next();
            surprise.zip(tail).map_or(0.0, |(surprise, tail)| {
                let rank = tail.rank(surprise);
                tail.learn(surprise);
                rank
            })
        };
        let levels = self.levels.each_mut();
        let mut widths = LEVELS.into_iter();
        let levels =
            levels.map(|level| rank(widths.next().and_then(|w| level.push(mean(newest(history, w)?)))));
        let step = rank(self.steps.push(step(history)));
        let shapes = SHAPES.map(|width| rank(shape_novelty(history, width)));
        let distribution = rank(self.distribution.push(history));
        let phases = PHASES.map(|width| rank(self.season.novelty(history, width)));
        Surprise { levels, step, shapes, distribution, phases }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// From the mean of the values before, as many as there are.
fn step(history: &[f64]) -> f64 {
    match history.split_last() {
        Some((present, before)) if !before.is_empty() => {
            present - mean(&before[before.len().saturating_sub(BEFORE)..])
        }
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(values: impl IntoIterator<Item = f64>) -> Surprise {
        let mut channels = Channels::new(4096);
        values.into_iter().map(|v| channels.push(v)).last().unwrap_or_default()
    }

    #[test]
    fn each_channel_sees_its_own() {
        let texture = |i: i32| f64::from(i * 37 % 101);
        let past = || (0..1500).map(texture);
        let usual = after(past());
        assert!(usual.joined() < 1.0, "{usual:?}");
        let spike = after(past().chain([500.0]));
        assert!(spike.levels[0] > 2.5 && spike.joined() > 1.8, "{spike:?}");
        let quiet = after(past().chain((0..52).map(|i| 50.0 + f64::from(i % 3))));
        assert!(quiet.distribution > 1.5, "{quiet:?}");
        // a value that is common, but not so far from where the series has been of late
        let wave = |i: i32| ((f64::from(i) / 200.0).sin() * 50.0).round() + f64::from(i % 7);
        let jump = after((0..3000).map(wave).chain([wave(2999) - 40.0]));
        assert!(jump.step > 2.5 && jump.levels[0] < 1.0, "{jump:?}");
        let day = |i: i32| f64::from(i % 50 / 25) * 10.0 + texture(i) / 100.0;
        let night = after((0..1500).map(day).chain((0..4).map(|i| day(i + 25))));
        assert!(night.phases[1] > 2.5 && night.levels[0] < 1.5, "{night:?}");
    }

    #[test]
    fn the_season_is_the_reason_only_where_nothing_is_stranger() {
        let phase = Surprise { phases: [0.0, 3.0], levels: [2.0; 2], ..Surprise::default() };
        assert!(phase.is_seasonal() && !Surprise::default().is_seasonal());
        assert!(!Surprise { distribution: 3.5, ..phase }.is_seasonal());
    }

    #[test]
    fn joined_is_between_mean_and_maximum() {
        assert_eq!(Surprise::default().joined(), 0.0);
        let all =
            Surprise { levels: [2.0; 2], step: 2.0, shapes: [2.0; 2], distribution: 2.0, phases: [2.0; 2] };
        assert!((all.joined() - 2.0).abs() < 1e-12);
        let one = Surprise { phases: [4.0, 0.0], ..Surprise::default() };
        assert!((1.0..4.0).contains(&one.joined()));
    }
}
