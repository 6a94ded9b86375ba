//! An incident that never was: a shop's telemetry with a bad rollout among innocent ones, made from a seed.
//!
//! Gives the files of an incident bundle, part by part, to whoever keeps them, and tells apart from them
//! what really happened. Pure: no clock, no files; the same script gives the same bytes on every machine.

mod cast;
mod clock;
mod course;
mod fault;
mod logs;
mod metrics;
mod notices;
mod quirks;
mod random;
mod rollouts;
mod script;
mod traces;

pub use script::{Fault, Listed, Plot, Script, ScriptError, Truth};

use cast::Cast;
use clock::{Clock, WINDOW};
use course::Course;
use notices::Noticed;
use quirks::Quirks;
use random::Random;
use rollouts::{Instance, Stage};

/// A rehearsed incident, ready to be written.
#[derive(Debug)]
pub struct Rehearsal {
    script: Script,
    clock: Clock,
    cast: Cast,
    stage: Stage,
    quirks: Quirks,
    course: Course,
    noticed: Noticed,
}

impl Rehearsal {
    /// # Errors
    /// When the script asks for fewer or more than can be rehearsed.
    pub fn new(script: &Script) -> Result<Self, ScriptError> {
        script.check()?;
        let random = |name: &str| Random::stream(script.seed, name);
        let mut when = random("clock");
        // An hour of some day in 2026.
        let clock = Clock { start: 1_767_225_600 + WINDOW * when.below(24 * 300) as i64 - clock::BEFORE };
        let base_rate = when.between(40.0, 90.0);
        let cast = cast::cast(script.services, &mut random("cast"));
        let stage = rollouts::stage(&cast, clock, script.plot, &mut random("rollouts"));
        let quirks = quirks::quirks(&cast, &stage, clock.ticks(), &mut random("quirks"));
        let course = course::play(&cast, &stage, &quirks, clock, base_rate, random("course"));
        let noticed = notices::notice(&cast, &stage, &course, clock, &mut random("noticed"));
        Ok(Self { script: script.clone(), clock, cast, stage, quirks, course, noticed })
    }

    pub fn truth(&self) -> Truth {
        let guilty = self.stage.guilty();
        let instances: Vec<&Instance> =
            guilty.map(|(n, _)| self.stage.brought(n).collect()).unwrap_or_default();
        Truth {
            fault: self.stage.fault,
            service: guilty.map(|(_, r)| self.cast.services[r.service].name.clone()),
            change: guilty.filter(|(_, r)| r.listed).map(|(_, r)| r.id.clone()),
            began_at: instances.iter().map(|i| i.from).reduce(f64::min),
            instances: instances.iter().map(|i| i.name.clone()).collect(),
            detected_at: self.noticed.time,
        }
    }

    /// Gives `sink` each file's path within the bundle (`/` between folders) and its next bytes. Files come
    /// one after another; calls with the same path belong together and follow each other.
    ///
    /// # Errors
    /// Whatever the sink returns; nothing is given after it.
    pub fn write<E>(&self, mut sink: impl FnMut(&str, &[u8]) -> Result<(), E>) -> Result<(), E> {
        let Self { script, clock, cast, stage, quirks, course, noticed } = self;
        let random = |name: &str| Random::stream(script.seed, name);
        sink("incident.json", &notices::incident(cast, *clock, noticed, script.baseline))?;
        sink("topology.csv", &notices::topology(cast))?;
        sink("changes.jsonl", &notices::changes(cast, stage, *clock))?;
        sink("events.jsonl", &notices::events(cast, stage, course, *clock, noticed, &mut random("events")))?;
        sink("metrics.csv", metrics::HEADER)?;
        let metrics = metrics::Metrics { cast, stage, quirks, course, clock: *clock };
        let mut part = Vec::new();
        for service in 0..cast.services.len() {
            part.clear();
            metrics.of(service, &mut part);
            sink("metrics.csv", &part)?;
        }
        let spans = traces::sample(cast, stage, course, *clock, random("traces"));
        sink("traces.json", &traces::written(&spans, cast, stage))?;
        let spans = logs::by_place(&spans, *clock);
        let logs = logs::Logs { cast, stage, course, clock: *clock, seed: script.seed, spans };
        logs.write(script.lines, &mut sink)
    }
}

#[cfg(test)]
mod tests;
