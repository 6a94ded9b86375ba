//! What is odd and means nothing: short spikes, a nightly job, lost scrapes, a counter that starts anew.

use super::cast::Cast;
use super::random::Random;
use super::rollouts::Stage;

#[derive(Debug, Clone, Copy)]
pub struct Quirk {
    /// Factors on processor time and on own work.
    pub cpu: f64,
    pub work: f64,
}

#[derive(Debug, Clone)]
pub struct Quirks {
    /// Instance, first tick, past the last tick, what.
    spikes: Vec<(usize, usize, usize, Quirk)>,
    /// A store, and every how many ticks it is backed up.
    job: Option<(usize, usize)>,
    /// Instance, first tick and past the last tick of measurements that are lost.
    pub gaps: Vec<(usize, usize, usize)>,
    /// Instance and tick at which its counters start from 0 though nothing happened.
    pub resets: Vec<(usize, usize)>,
}

pub fn quirks(cast: &Cast, stage: &Stage, ticks: usize, random: &mut Random) -> Quirks {
    let count = stage.instances.len();
    let some = (count / 20).max(2);
    let spike = |random: &mut Random| {
        let first = random.below(ticks);
        let quirk = Quirk { cpu: random.between(1.8, 3.0), work: random.between(1.0, 2.5) };
        (random.below(count), first, first + 1 + random.below(2), quirk)
    };
    let gap = |random: &mut Random| {
        let first = random.below(ticks);
        (random.below(count), first, first + 2 + random.below(7))
    };
    Quirks {
        spikes: (0..some).map(|_| spike(random)).collect(),
        job: cast.services.iter().rposition(|s| s.dialect.is_store()).map(|s| (s, 70 + random.below(40))),
        gaps: (0..some).map(|_| gap(random)).collect(),
        resets: vec![(random.below(count), 1 + random.below(ticks - 1))],
    }
}

impl Quirks {
    pub fn at(&self, instance: usize, service: usize, tick: usize) -> Quirk {
        let mut all = Quirk { cpu: 1.0, work: 1.0 };
        if self.job.is_some_and(|(store, every)| store == service && tick % every < 3) {
            all = Quirk { cpu: 1.7, work: 1.25 };
        }
        for (_, _, _, q) in
            self.spikes.iter().filter(|(i, a, b, _)| *i == instance && (*a..*b).contains(&tick))
        {
            all = Quirk { cpu: all.cpu * q.cpu, work: all.work * q.work };
        }
        all
    }

    pub fn lost(&self, instance: usize, tick: usize) -> bool {
        self.gaps.iter().any(|(i, a, b)| *i == instance && (*a..*b).contains(&tick))
    }
}
