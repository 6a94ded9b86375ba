//! The course of events: load flows from callers to callees, latency and errors flow back.
//!
//! One step is one scrape. Each service's own work, the effects of the fault on its instances and what its
//! callees answer give what it answers itself; callers retry, give up, or do without, so that trouble
//! weakens on its way. Quantiles of mixtures are approximated, not simulated request by request.

use super::cast::{Cast, Edge, Need};
use super::clock::{Clock, STEP};
use super::fault::{Effect, OUT_OF_MEMORY, SOUND, effect};
use super::quirks::Quirks;
use super::random::Random;
use super::rollouts::{Instance, Stage};

/// How requests went; latencies in seconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traffic {
    /// Requests a second.
    pub rate: f64,
    /// Share of them that fail.
    pub errors: f64,
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
}

/// One instance at one tick.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sample {
    pub up: bool,
    pub traffic: Traffic,
    /// Share of requests that fail by its own fault.
    pub own_errors: f64,
    /// Whether a fault works in it.
    pub sick: bool,
    /// The call on which most of the other failures are to be blamed: an edge's number.
    pub blame: Option<usize>,
    /// Share of the limit.
    pub cpu: f64,
    pub memory: f64,
    /// Open connections.
    pub connections: f64,
    pub restarts: u32,
    /// Requests since the process started.
    pub total: f64,
}

/// Everything that was measured, by tick.
#[derive(Debug, Clone)]
pub struct Course {
    /// By instance, then tick.
    pub instances: Vec<Vec<Sample>>,
    /// By service, then tick.
    pub services: Vec<Vec<Traffic>>,
    /// By edge, then tick; as the callee sees it.
    pub edges: Vec<Vec<Traffic>>,
    /// Instance and time of each kill for want of memory.
    pub kills: Vec<(usize, f64)>,
}

/// Connections that one instance may open.
pub const POOL: f64 = 50.0;
/// Seconds in which a new process is slow.
const WARM_UP: f64 = 30.0;

/// What an instance remembers from tick to tick.
#[derive(Debug, Clone, Copy)]
struct Process {
    since: f64,
    down_until: f64,
    restarts: u32,
    total: f64,
    cpu: f64,
    memory: f64,
}

struct Player<'a> {
    cast: &'a Cast,
    stage: &'a Stage,
    quirks: &'a Quirks,
    /// Requests a second on an ordinary day, by service.
    nominal: Vec<f64>,
    /// Instances by service.
    members: Vec<Vec<usize>>,
    processes: Vec<Process>,
    /// A slow drift of each service's own work that has no reason anybody knows.
    wander: Vec<f64>,
    random: Random,
}

pub fn play(
    cast: &Cast,
    stage: &Stage,
    quirks: &Quirks,
    clock: Clock,
    base_rate: f64,
    mut random: Random,
) -> Course {
    let ticks = clock.ticks();
    let mut members = vec![Vec::new(); cast.services.len()];
    stage.instances.iter().enumerate().for_each(|(n, i)| members[i.service].push(n));
    let process = |i: &Instance, random: &mut Random| Process {
        since: i.from.max(clock.start as f64 - random.between(30_000.0, 900_000.0)),
        down_until: 0.0,
        restarts: 0,
        total: if i.rollout.is_some() { 0.0 } else { random.between(1e5, 4e6).round() },
        cpu: random.between(0.18, 0.4),
        memory: random.between(0.25, 0.36),
    };
    let processes = stage.instances.iter().map(|i| process(i, &mut random)).collect();
    let nominal = nominal(cast, base_rate);
    let mut player = Player {
        cast,
        stage,
        quirks,
        nominal,
        members,
        processes,
        wander: vec![0.0; cast.services.len()],
        random,
    };
    let mut course = Course {
        instances: vec![Vec::with_capacity(ticks); stage.instances.len()],
        services: vec![Vec::with_capacity(ticks); cast.services.len()],
        edges: vec![Vec::with_capacity(ticks); cast.edges.len()],
        kills: Vec::new(),
    };
    for tick in 0..ticks {
        let day = drift(clock.at(tick));
        player.step(tick, clock.at(tick), base_rate * day, &mut course);
    }
    course
}

/// A factor for the time of day, highest at noon: a parabola, since `sin` differs between machines.
fn drift(time: f64) -> f64 {
    let hour = time.rem_euclid(86_400.0) / 3600.0 - 12.0;
    1.15 - 0.35 * (hour / 12.0) * (hour / 12.0)
}

fn nominal(cast: &Cast, base_rate: f64) -> Vec<f64> {
    let mut rates = vec![0.0; cast.services.len()];
    if let Some(first) = rates.first_mut() {
        *first = base_rate;
    }
    for &service in &cast.order {
        for e in cast.edges.iter().filter(|e| e.caller == service) {
            rates[e.callee] += rates[service] * e.calls;
        }
    }
    rates
}

impl Player<'_> {
    fn step(&mut self, tick: usize, time: f64, base_rate: f64, course: &mut Course) {
        for drift in &mut self.wander {
            *drift = 0.97 * *drift + 0.012 * self.random.normal();
        }
        let effects: Vec<Effect> = (0..self.processes.len()).map(|i| self.effect(i, time)).collect();
        let rates = self.load(tick, time, base_rate, &effects, course);
        let mut answers = vec![Traffic::default(); self.cast.services.len()];
        for &service in self.cast.order.iter().rev() {
            answers[service] = self.serve(service, tick, time, &rates, &effects, &answers, course);
        }
        for (number, e) in self.cast.edges.iter().enumerate() {
            let mut seen = answers[e.callee];
            seen.rate = rates.edges[number];
            seen.p50 *= self.random.noise(0.05);
            seen.p95 *= self.random.noise(0.09);
            seen.errors = share(&mut self.random, seen.rate, seen.errors);
            course.edges[number].push(seen);
        }
        answers.into_iter().enumerate().for_each(|(s, t)| course.services[s].push(t));
    }

    fn effect(&mut self, instance: usize, time: f64) -> Effect {
        let one = &self.stage.instances[instance];
        let guilty = one.rollout.is_some_and(|r| self.stage.rollouts[r].guilty);
        match self.stage.fault {
            Some(fault) if guilty && one.serves(time) => {
                effect(fault, self.stage.severity, time - self.processes[instance].since)
            }
            _ => SOUND,
        }
    }

    /// Requests a second of each service and edge, from the entry downwards.
    fn load(&mut self, tick: usize, time: f64, base: f64, effects: &[Effect], course: &Course) -> Rates {
        let mut rates =
            Rates { services: vec![0.0; self.cast.services.len()], edges: vec![0.0; self.cast.edges.len()] };
        if let Some(entry) = rates.services.first_mut() {
            *entry = base * (1.0 + self.wander[0]) * self.random.noise(0.04);
        }
        for &service in &self.cast.order {
            let live: Vec<usize> = self.live(service, time);
            let calls: f64 = live.iter().map(|i| effects[*i].calls).sum::<f64>() / (live.len().max(1) as f64);
            for (number, e) in self.cast.edges.iter().enumerate().filter(|(_, e)| e.caller == service) {
                // Who got an error a moment ago tries once more.
                let failed = tick.checked_sub(1).map_or(0.0, |t| course.edges[number][t].errors);
                let retries = if e.need == Need::Must { 1.0 + 0.7 * failed } else { 1.0 };
                let rate = rates.services[service] * e.calls * calls * retries * self.random.noise(0.03);
                rates.edges[number] = rate;
                rates.services[e.callee] += rate;
            }
        }
        rates
    }

    fn live(&self, service: usize, time: f64) -> Vec<usize> {
        let up = |i: &usize| self.stage.instances[*i].serves(time) && self.processes[*i].down_until <= time;
        self.members[service].iter().copied().filter(up).collect()
    }

    #[allow(clippy::too_many_arguments)]
    fn serve(
        &mut self,
        service: usize,
        tick: usize,
        time: f64,
        rates: &Rates,
        effects: &[Effect],
        answers: &[Traffic],
        course: &mut Course,
    ) -> Traffic {
        let called = downstream(self.cast, service, answers);
        let live = self.live(service, time);
        let rate = rates.services[service];
        let load = rate / self.nominal[service].max(1e-9);
        let (mut sum, mut squares) = (Traffic::default(), [0.0; 2]);
        for member in self.members[service].clone() {
            let sample = if live.contains(&member) {
                let place = Place { member, service, tick, time };
                self.sample(place, rate / live.len() as f64, load, effects[member], &called)
            } else {
                Sample { restarts: self.processes[member].restarts, ..Sample::default() }
            };
            let t = sample.traffic;
            sum.rate += t.rate;
            sum.errors += t.rate * t.errors;
            sum.p50 += t.rate * t.p50;
            squares[0] += t.rate * t.p95 * t.p95;
            squares[1] += t.rate * t.p99 * t.p99;
            course.instances[member].push(sample);
            self.age(member, time, &effects[member], t.rate, course);
        }
        // Requests that a dying process had taken, and those sent before it is seen to be dead.
        let serving = self.members[service].iter().filter(|i| self.stage.instances[**i].serves(time)).count();
        sum.errors += sum.rate * 0.3 * serving.saturating_sub(live.len()) as f64 / serving.max(1) as f64;
        if sum.rate <= 0.0 {
            // Nobody answers.
            return Traffic { rate, errors: 1.0, p50: 0.01, p95: 0.01, p99: 0.01 };
        }
        Traffic {
            rate,
            errors: sum.errors / sum.rate,
            p50: sum.p50 / sum.rate,
            p95: (squares[0] / sum.rate).sqrt(),
            p99: (squares[1] / sum.rate).sqrt(),
        }
    }

    fn sample(&mut self, at: Place, rate: f64, load: f64, effect: Effect, called: &Called) -> Sample {
        let process = self.processes[at.member];
        let quirk = self.quirks.at(at.member, at.service, at.tick);
        let role = &self.cast.services[at.service];
        let random = &mut self.random;
        let cold = if at.time - process.since < WARM_UP { 1.8 } else { 1.0 };
        let (crowded, wander) = (overload(load), 1.0 + self.wander[at.service]);
        let work = role.work * effect.work * cold * quirk.work * crowded.work * wander * random.noise(0.06);
        let p50 = work + effect.delay + called.p50;
        let tail = work * 1.6 * random.noise(0.12);
        let slow = if effect.delay > 0.0 { effect.delay * 1.4 } else { 0.0 };
        let rate = rate * random.noise(0.03);
        let own = 1.0 - (1.0 - effect.errors) * (1.0 - crowded.errors) * (1.0 - 0.0006);
        let errors = 1.0 - (1.0 - own) * (1.0 - called.errors);
        let usage = process.cpu * load * effect.cpu * cold * quirk.cpu + 0.02;
        let memory = (process.memory + 0.05 * load.min(2.0) + effect.memory) * random.noise(0.008);
        let busy = (rate * p50 * 1.3 + 3.0).min(POOL);
        let connections = (busy + effect.leaked * (POOL - busy)).min(POOL) * random.noise(0.03);
        Sample {
            up: true,
            traffic: Traffic {
                rate,
                errors: share(random, rate, errors),
                p50,
                p95: p50 + tail + slow + called.p95,
                p99: p50 + tail * 2.1 + slow * 1.5 + called.p99,
            },
            own_errors: effect.errors.max(crowded.errors),
            sick: effect != SOUND,
            blame: called.blame,
            cpu: (usage * wander * random.noise(0.08)).clamp(0.005, 1.0),
            memory: memory.clamp(0.05, 1.0),
            connections: connections.round().clamp(0.0, POOL),
            restarts: process.restarts,
            total: process.total,
        }
    }

    /// What a tick leaves behind: counters, and death for want of memory.
    fn age(&mut self, member: usize, time: f64, effect: &Effect, rate: f64, course: &mut Course) {
        let process = &mut self.processes[member];
        process.total += (rate * STEP as f64).round();
        if self.quirks.resets.contains(&(member, course.instances[member].len())) {
            process.total = 0.0;
        }
        if effect.memory >= OUT_OF_MEMORY && process.down_until <= time {
            process.down_until = time + self.random.between(35.0, 80.0);
            process.since = process.down_until;
            process.total = 0.0;
            process.restarts += 1;
            course.kills.push((member, time + 3.0));
        }
    }
}

#[derive(Clone, Copy)]
struct Place {
    member: usize,
    service: usize,
    tick: usize,
    time: f64,
}

struct Rates {
    services: Vec<f64>,
    edges: Vec<f64>,
}

/// What the callees of a service add to its requests.
struct Called {
    p50: f64,
    p95: f64,
    p99: f64,
    errors: f64,
    blame: Option<usize>,
}

fn downstream(cast: &Cast, service: usize, answers: &[Traffic]) -> Called {
    let mut called = Called { p50: 0.0, p95: 0.0, p99: 0.0, errors: 0.0, blame: None };
    let (mut passed, mut worst) = (1.0, 0.0);
    for (number, e) in cast.edges.iter().enumerate().filter(|(_, e)| e.caller == service) {
        let answer = &answers[e.callee];
        let (often, tail) = (e.calls.min(2.0), (answer.p95 - answer.p50).max(0.0));
        called.p50 += often * answer.p50.min(e.timeout);
        called.p95 += e.calls.min(1.0) * tail.min(e.timeout);
        called.p99 += (e.calls * 3.0).min(1.0) * (answer.p99 - answer.p50).clamp(0.0, e.timeout);
        let failed = (failing(e, answer) * e.calls).min(0.95);
        passed *= 1.0 - failed;
        if failed > worst {
            (worst, called.blame) = (failed, Some(number));
        }
    }
    called.errors = 1.0 - passed;
    called
}

/// Share of calls that fail after a retry or for want of patience.
fn failing(e: &Edge, answer: &Traffic) -> f64 {
    let late = |quantile: f64, share: f64| if quantile > e.timeout { share } else { 0.0 };
    let late = late(answer.p50, 0.4) + late(answer.p95, 0.04) + late(answer.p99, 0.008);
    // A retry mostly reaches another instance.
    let retried = answer.errors * (0.25 + 0.6 * answer.errors);
    let lost = 1.0 - (1.0 - retried) * (1.0 - late);
    if e.need == Need::Must { lost } else { lost * 0.03 }
}

struct Crowd {
    work: f64,
    errors: f64,
}

/// What too many requests do; `load` 1 is an ordinary day.
fn overload(load: f64) -> Crowd {
    let over = (load - 1.35).max(0.0);
    Crowd {
        work: 0.9 + 0.1 * load.min(1.35) + 1.6 * over * over,
        errors: (0.05 * (load - 2.2)).clamp(0.0, 0.35),
    }
}

/// The share of failures that is counted when `expected` of the requests fail.
fn share(random: &mut Random, rate: f64, expected: f64) -> f64 {
    let requests = (rate * STEP as f64).round().max(1.0);
    random.hits(requests, expected) / requests
}
