//! The ways a value can surprise, and one surprise of them all.
//!
//! Each channel measures a distance from everything seen before, each is ranked among its own past, and the
//! ranks are joined by a power mean: near the maximum, so that one sure channel is enough, yet two that agree count for
//! more than one alone. The channels were chosen for what they see, not weighted: all count the same.
//!
//! Never looks ahead, and never at time: values come as they come.

use super::distribution::DistributionNovelty;
use super::history::History;
use super::novelty::{LevelNovelty, shape_novelty};
use super::season::Season;
use super::tail::Tail;

/// Values whose mean is a level: one, two, and as many as take away the texture.
const LEVELS: [usize; 3] = [1, 2, 24];
/// Values that make a shape: a step, and a pattern.
const SHAPES: [usize; 2] = [2, 16];
const CHANNELS: usize = LEVELS.len() + SHAPES.len() + 2;
const POWER: i32 = 3;

/// What a new value is to each channel, as −log10 of a probability.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Surprise {
    /// Means of 1, 2 and 24 values.
    pub levels: [f64; LEVELS.len()],
    /// Windows of 2 and 16 values.
    pub shapes: [f64; SHAPES.len()],
    /// The mixture of the last 52 values.
    pub distribution: f64,
    /// The value at its phase.
    pub season: f64,
}

impl Surprise {
    /// The power mean of all, from 0 to 12.
    pub fn joined(&self) -> f64 {
        let all = self.levels.iter().chain(&self.shapes).chain([&self.distribution, &self.season]);
        (all.map(|s| s.powi(POWER)).sum::<f64>() / CHANNELS as f64).cbrt()
    }
}

/// The channels' memories of one series.
#[derive(Debug, Clone)]
pub struct Channels {
    history: History,
    season: Season,
    levels: [LevelNovelty; LEVELS.len()],
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
        let levels = self.levels.each_mut().map(|level| rank(level.push(history)));
        let shapes = SHAPES.map(|width| rank(shape_novelty(history, width)));
        let distribution = rank(self.distribution.push(history));
        let season = rank(self.season.novelty(history));
        Surprise { levels, shapes, distribution, season }
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
        let drift = after(past().chain((0..24).map(|i| 80.0 + texture(i) / 10.0)));
        assert!(drift.levels[2] > 2.5 && drift.levels[0] < 2.0, "{drift:?}");
        let quiet = after(past().chain((0..52).map(|i| 50.0 + f64::from(i % 3))));
        assert!(quiet.distribution > 1.5, "{quiet:?}");
    }

    #[test]
    fn joined_is_between_mean_and_maximum() {
        assert_eq!(Surprise::default().joined(), 0.0);
        let all = Surprise { levels: [2.0; 3], shapes: [2.0; 2], distribution: 2.0, season: 2.0 };
        assert!((all.joined() - 2.0).abs() < 1e-12);
        let one = Surprise { season: 4.0, ..Surprise::default() };
        assert!((1.0..4.0).contains(&one.joined()));
    }
}
