//! Whether 5 minutes, 30 minutes and 6 hours say the same: only then is somebody woken.
//!
//! The multi-window rule of burn-rate alerts (Beyer et al., "The Site Reliability Workbook", 2018, chapter
//! 5): the long window shows that it matters, the short one that it still goes on. Each window's mean
//! distance from what is expected is ranked among its own past, learnt six hours late so that an incident
//! does not become its own norm.
//!
//! Never scores single values.

use super::spikes::median;
use super::tail::Tail;
use std::collections::VecDeque;

/// The windows in seconds.
pub const SPANS: [f64; 3] = [300.0, 1800.0, 21_600.0];
/// Slots that a window is made of.
const SLOTS: f64 = 30.0;
/// The past is learnt at this distance, in seconds.
const SLOT: f64 = 300.0;
/// So many seconds of it are the norm of a series without a season, and so many slots at most.
const DAY: f64 = 86_400.0;
const MEANS: usize = 361;
/// A window agrees from here on, as −log10 of a probability: one in a hundred.
const AGREES: f64 = 2.0;

/// Sums over the last `span` seconds, in slots.
#[derive(Debug, Clone)]
struct Window {
    span: f64,
    slots: VecDeque<(f64, f64, f64)>,
    /// What is not yet learnt, with its time.
    waiting: VecDeque<(f64, f64)>,
    tail: Tail,
}

impl Window {
    fn new(span: f64) -> Self {
        Self { span, slots: VecDeque::new(), waiting: VecDeque::new(), tail: Tail::default() }
    }

    fn push(&mut self, at: f64, distance: f64, learn: bool) -> f64 {
        let slot = (at / self.span * SLOTS).floor();
        match self.slots.back_mut() {
            Some((last, sum, count)) if *last == slot => {
                *sum += distance;
                *count += 1.0;
            }
            _ => self.slots.push_back((slot, distance, 1.0)),
        }
        while self.slots.front().is_some_and(|(first, ..)| *first <= slot - SLOTS || *first > slot) {
            self.slots.pop_front();
        }
        let (sum, count) = self.slots.iter().fold((0.0, 0.0), |(s, c), (_, sum, count)| (s + sum, c + count));
        let mean = sum / count;
        if learn {
            self.learn(at, mean.abs());
        }
        mean
    }

    fn learn(&mut self, at: f64, mean: f64) {
        self.waiting.push_back((at, mean));
        let late = at - SPANS[2];
        while let Some((then, mean)) = self.waiting.front().copied()
            && (then <= late || then > at)
        {
            self.tail.learn(mean);
            self.waiting.pop_front();
        }
    }
}

/// The three windows of one series.
#[derive(Debug, Clone)]
pub struct Horizons {
    windows: [Window; 3],
    slot: f64,
    sum: f64,
    count: f64,
    /// Means of past slots with their times; the newest six hours of them do not count yet.
    means: VecDeque<(f64, f64)>,
    norm: Option<f64>,
    since: Option<f64>,
}

impl Default for Horizons {
    fn default() -> Self {
        Self {
            windows: SPANS.map(Window::new),
            slot: f64::NEG_INFINITY,
            sum: 0.0,
            count: 0.0,
            means: VecDeque::new(),
            norm: None,
            since: None,
        }
    }
}

impl Horizons {
    /// Takes in a value at a time in seconds, and what was `expected` of it if the series has a season. True
    /// if all windows are farther from it than in ninety-nine of a hundred past ones, to the same side; never
    /// in the first thirty hours.
    pub fn push(&mut self, at: f64, value: f64, expected: Option<f64>) -> bool {
        let new_slot = self.slot_of(at);
        let norm = expected.or(self.norm).unwrap_or(value);
        let means: [f64; 3] = self.windows.each_mut().map(|w| w.push(at, value - norm, new_slot));
        self.sum += value;
        self.count += 1.0;
        let rare = |(window, mean): (&Window, &f64)| window.tail.rank(mean.abs()) >= AGREES;
        // what a day is like has to be known before anything can be said of it
        let known = at - *self.since.get_or_insert(at) >= DAY + SPANS[2];
        let one_side = means.iter().all(|m| *m > 0.0) || means.iter().all(|m| *m < 0.0);
        known && one_side && self.windows.iter().zip(&means).all(rare)
    }

    fn slot_of(&mut self, at: f64) -> bool {
        let slot = (at / SLOT).floor();
        if slot == self.slot {
            return false;
        }
        if self.count > 0.0 {
            self.means.push_back((self.slot * SLOT, self.sum / self.count));
        }
        if self.means.len() > MEANS {
            self.means.pop_front();
        }
        let ago = |then: f64| (SPANS[2]..SPANS[2] + DAY).contains(&(at - then));
        let known: Vec<f64> =
            self.means.iter().filter(|(then, _)| ago(*then)).map(|(_, mean)| *mean).collect();
        // until six hours are known, what there is must do
        self.norm = median(&known).or_else(|| self.means.front().map(|(_, mean)| *mean));
        (self.slot, self.sum, self.count) = (slot, 0.0, 0.0);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first value after the start of the change at which all windows agree.
    fn agreed(step: f64, days: f64, change: impl Fn(f64) -> f64) -> Option<f64> {
        let mut horizons = Horizons::default();
        let start = days * 86_400.0;
        let mut first = None;
        for i in 0..((start + 43_200.0) / step) as u64 {
            let at = i as f64 * step;
            let noise = (i * 7919 % 101) as f64 / 10.0;
            let changed = if at >= start { change(at - start) } else { 0.0 };
            if horizons.push(at, 100.0 + noise + changed, None) && first.is_none() {
                first = Some(at - start);
            }
        }
        first
    }

    #[test]
    fn what_lasts_is_agreed_on_and_what_passes_is_not() {
        for (step, days) in [(10.0, 3.0), (60.0, 3.0), (300.0, 3.0), (3600.0, 12.0)] {
            let lasting = agreed(step, days, |_| 40.0);
            assert!(lasting.is_some_and(|after| (0.0..3.0 * 3600.0).contains(&after)), "{step}: {lasting:?}");
            assert_eq!(agreed(step, days, |_| 0.0), None, "{step}");
        }
        assert_eq!(agreed(60.0, 3.0, |after| if after < 60.0 { 40.0 } else { 0.0 }), None);
    }

    #[test]
    fn memory_is_bounded() {
        let mut horizons = Horizons::default();
        for i in 0..200_000u64 {
            // also with times that jump
            let at = if i % 1000 == 999 { 1e12 } else { i as f64 };
            horizons.push(at, i as f64, None);
        }
        assert!(horizons.means.len() <= MEANS);
        assert!(horizons.windows.iter().all(|w| w.slots.len() <= 31 && w.waiting.len() <= 74));
    }
}
