//! `logs/`: exactly as many lines as were asked for, spread over instances as their load and trouble are.
//!
//! The entry and the stores write one file a service, the others one an instance. Lines of a file are in
//! the order of time.

mod line;
mod said;

use super::cast::{Cast, Dialect};
use super::clock::{Clock, STEP, digits};
use super::course::{Course, Sample};
use super::random::Random;
use super::rollouts::Stage;
use super::traces::Span;
use line::{Record, Voice};
use said::{GREETING, Level, Matter};
use std::collections::HashMap;

pub struct Logs<'a> {
    pub cast: &'a Cast,
    pub stage: &'a Stage,
    pub course: &'a Course,
    pub clock: Clock,
    pub seed: u64,
    /// By instance and tick, the followed requests that it served then.
    pub spans: HashMap<(usize, usize), Vec<&'a Span>>,
}

/// Bytes after which a file's next part is handed on.
const PART: usize = 1 << 20;

/// One file and the instances that write it.
struct File {
    path: String,
    instances: Vec<usize>,
}

pub fn by_place(spans: &[Span], clock: Clock) -> HashMap<(usize, usize), Vec<&Span>> {
    let mut places: HashMap<_, Vec<&Span>> = HashMap::new();
    for span in spans {
        let tick = ((span.start / 1_000_000 - clock.start) / STEP).max(0) as usize;
        places.entry((span.instance, tick)).or_default().push(span);
    }
    places
}

impl Logs<'_> {
    /// Hands every file on, part by part.
    pub fn write<E>(&self, lines: u64, sink: &mut impl FnMut(&str, &[u8]) -> Result<(), E>) -> Result<(), E> {
        let weight =
            |i: &usize| -> f64 { self.course.instances[*i].iter().map(|s| self.weight(*i, s)).sum() };
        let files = self.files();
        let total: f64 = files.iter().flat_map(|f| &f.instances).map(weight).sum();
        let mut budget = Budget { per_weight: lines as f64 / total.max(1e-9), lines, weight: 0.0, given: 0 };
        let last = files.len().saturating_sub(1);
        for (number, file) in files.iter().enumerate() {
            self.file(file, &mut budget, number == last, sink)?;
        }
        Ok(())
    }

    fn files(&self) -> Vec<File> {
        let mut files = Vec::new();
        for (number, service) in self.cast.services.iter().enumerate() {
            let mine = |i: &usize| self.stage.instances[*i].service == number;
            let instances: Vec<usize> = (0..self.stage.instances.len()).filter(mine).collect();
            let name = encoded(&service.name);
            let end = if service.dialect == Dialect::Json { "jsonl" } else { "log" };
            if number == 0 || service.dialect.is_store() {
                files.push(File { path: format!("logs/{name}.{end}"), instances });
                continue;
            }
            files.extend(instances.into_iter().map(|i| {
                let instance = encoded(&self.stage.instances[i].name);
                File { path: format!("logs/{name}.{instance}.{end}"), instances: vec![i] }
            }));
        }
        files
    }

    /// How much is said at a tick, relative to others.
    fn weight(&self, instance: usize, sample: &Sample) -> f64 {
        if !sample.up {
            return 0.0;
        }
        let wordy = match self.cast.services[self.stage.instances[instance].service].dialect {
            Dialect::Postgres => 0.15,
            Dialect::Redis => 0.01,
            _ => 1.0,
        };
        wordy * sample.traffic.rate * (1.0 + 2.0 * sample.traffic.errors)
    }

    fn file<E>(
        &self,
        file: &File,
        budget: &mut Budget,
        last: bool,
        sink: &mut impl FnMut(&str, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut out = Vec::with_capacity(PART + PART / 4);
        let mut random = Random::stream(self.seed, &file.path);
        for tick in 0..self.clock.ticks() {
            let mut said = Vec::new();
            for &instance in &file.instances {
                let sample = &self.course.instances[instance][tick];
                budget.weight += self.weight(instance, sample);
                let end = last && tick + 1 == self.clock.ticks() && Some(&instance) == file.instances.last();
                let due = budget.due(end);
                self.cell(instance, tick, due, &mut random, &mut said);
            }
            if file.instances.len() > 1 {
                said.sort_by_key(|(time, _)| *time);
            }
            said.iter().for_each(|(_, text)| out.extend_from_slice(text));
            if out.len() >= PART {
                sink(&file.path, &out)?;
                out.clear();
            }
        }
        // A file without a line is still a file: the instance was there.
        sink(&file.path, &out)
    }

    /// What one instance says within one tick: `due` lines.
    fn cell(
        &self,
        instance: usize,
        tick: usize,
        due: u64,
        random: &mut Random,
        said: &mut Vec<(i64, Vec<u8>)>,
    ) {
        let one = &self.stage.instances[instance];
        let role = &self.cast.services[one.service];
        let class = class_of(&role.name);
        let voice = Voice { service: &role.name, noun: role.noun, class: &class, dialect: role.dialect };
        let sample = &self.course.instances[instance][tick];
        let begin = self.clock.at(tick) as i64 * 1_000_000;
        let young = one.rollout.is_some() && self.clock.at(tick) - one.from < STEP as f64;
        let mut spans = self.spans.get(&(instance, tick)).into_iter().flatten();
        let (mut left, mut number, mut message) = (due, 0, Vec::with_capacity(160));
        let mut times: Vec<i64> =
            (0..due).map(|_| begin + random.below(STEP as usize * 1_000_000) as i64).collect();
        times.sort_unstable();
        while left > 0 {
            let span = spans.next();
            let matter = if young && number < GREETING {
                Matter::Start(number)
            } else {
                self.matter(instance, sample, span, random)
            };
            message.clear();
            let millis = match span {
                Some(span) => span.duration as f64 / 1000.0,
                None => sample.traffic.p50 * 1000.0 * random.between(0.5, 1.7),
            };
            let callee =
                sample.blame.map(|e| self.cast.edges[e].callee).or_else(|| self.first_callee(one.service));
            let callee = callee.map_or("upstream", |s| self.cast.services[s].name.as_str());
            let template = said::template(matter, role.dialect, random);
            fill(template, &Fill { noun: role.noun, callee, millis }, random, &mut message);
            let failed = said::level(matter) == Level::Error;
            let whim = random.next();
            let record = Record {
                time: times.get((due - left) as usize).copied().unwrap_or(begin),
                level: said::level(matter),
                message: &message,
                trace: span.map_or_else(|| u128::from(random.next()) << 64 | u128::from(whim), |s| s.trace),
                millis,
                status: if failed { [500, 502, 503, 504][random.below(4)] } else { 200 },
                whim,
                exception: said::exception(matter, role.dialect).filter(|_| random.chance(0.5)),
            };
            let height = line::height(&record, role.dialect);
            let record = if height > left { Record { exception: None, ..record } } else { record };
            let mut text = Vec::with_capacity(240);
            line::write(&record, &voice, &mut text);
            left -= line::height(&record, role.dialect).min(left);
            said.push((record.time, text));
            number += 1;
        }
    }

    fn first_callee(&self, service: usize) -> Option<usize> {
        self.cast.edges.iter().find(|e| e.caller == service).map(|e| e.callee)
    }

    /// What the next line is about.
    fn matter(&self, instance: usize, sample: &Sample, span: Option<&&Span>, random: &mut Random) -> Matter {
        let errors = sample.traffic.errors;
        let fault = self.stage.fault.filter(|_| sample.sick);
        let failed = match span {
            Some(span) => span.error,
            None => random.chance((errors * 2.0).min(0.7)),
        };
        if failed {
            return match fault {
                Some(fault) if random.chance((sample.own_errors / errors.max(1e-6)).min(0.95)) => {
                    Matter::Fault(fault)
                }
                _ if sample.own_errors > errors * 0.5 => Matter::Crowded,
                _ => Matter::Callee,
            };
        }
        if let Some(fault) = fault.filter(|_| random.chance(0.1)) {
            return Matter::Symptom(fault);
        }
        let new = self.stage.instances[instance].rollout;
        let innocent = new.is_some_and(|r| !self.stage.rollouts[r].guilty && r % 2 == 0);
        match random.unit() {
            x if x < 0.003 => Matter::Odd,
            x if x < 0.03 && innocent => Matter::Novelty,
            _ => Matter::Ordinary,
        }
    }
}

/// Deals lines out so that their sum is what was asked for, however weights round.
struct Budget {
    lines: u64,
    per_weight: f64,
    weight: f64,
    given: u64,
}

impl Budget {
    /// Lines since the last call; all that are left at the end.
    fn due(&mut self, end: bool) -> u64 {
        let goal = if end { self.lines } else { ((self.weight * self.per_weight) as u64).min(self.lines) };
        let due = goal.saturating_sub(self.given);
        self.given += due;
        due
    }
}

struct Fill<'a> {
    noun: &'a str,
    callee: &'a str,
    millis: f64,
}

fn fill(template: &str, with: &Fill<'_>, random: &mut Random, out: &mut Vec<u8>) {
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        let end = rest[at..].find('}').map_or(rest.len(), |e| at + e + 1);
        match &rest[at..end] {
            "{noun}" => out.extend_from_slice(with.noun.as_bytes()),
            "{callee}" => out.extend_from_slice(with.callee.as_bytes()),
            "{ms}" => super::clock::decimal(with.millis, 1, out),
            "{n}" => digits(1 + random.below(48) as u64, 1, out),
            "{user}" => digits(10_000 + random.below(90_000) as u64, 1, out),
            _ => digits(100_000 + random.below(900_000) as u64, 1, out),
        }
        rest = &rest[end..];
    }
    out.extend_from_slice(rest.as_bytes());
}

/// `stock-feed` as `StockFeed`.
fn class_of(service: &str) -> String {
    let parts = service.split('-').map(|p| {
        let mut letters = p.chars();
        letters.next().map(|c| c.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    });
    parts.collect()
}

/// A name as a part of a file's: what separates parts is percent-encoded.
fn encoded(name: &str) -> String {
    name.replace('%', "%25").replace('/', "%2F").replace('.', "%2E")
}
