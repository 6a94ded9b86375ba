//! A sample of requests from end to end, written as OTLP JSON (OpenTelemetry protocol 1.x,
//! `ExportTraceServiceRequest`).

use super::cast::{Cast, Need};
use super::clock::{Clock, STEP};
use super::course::Course;
use super::random::Random;
use super::rollouts::Stage;
use std::collections::BTreeMap;
use std::io::Write;

/// Requests that are followed.
const TRACES: usize = 420;

/// One span; times in Unix microseconds.
#[derive(Debug, Clone)]
pub struct Span {
    pub trace: u128,
    id: u64,
    parent: Option<u64>,
    pub instance: usize,
    pub start: i64,
    pub duration: i64,
    pub error: bool,
}

struct Walk<'a> {
    cast: &'a Cast,
    stage: &'a Stage,
    course: &'a Course,
    clock: Clock,
    random: Random,
    spans: Vec<Span>,
}

pub fn sample(cast: &Cast, stage: &Stage, course: &Course, clock: Clock, random: Random) -> Vec<Span> {
    let mut walk = Walk { cast, stage, course, clock, random, spans: Vec::new() };
    let length = (clock.end() - clock.start - STEP) as f64;
    for _ in 0..TRACES {
        let start = clock.start * 1_000_000 + (walk.random.between(0.0, length) * 1e6) as i64;
        let high = u128::from(walk.random.next()) << 64;
        let trace = high | u128::from(walk.random.next());
        walk.request(trace, None, 0, start);
    }
    walk.spans
}

impl Walk<'_> {
    /// Serves a request and those it makes; returns its duration and whether it failed.
    fn request(&mut self, trace: u128, parent: Option<u64>, service: usize, start: i64) -> (i64, bool) {
        let tick = ((start / 1_000_000 - self.clock.start) / STEP).max(0) as usize;
        let up = |i: &usize| self.course.instances[*i].get(tick).is_some_and(|s| s.up);
        let live: Vec<usize> = (0..self.stage.instances.len())
            .filter(|i| self.stage.instances[*i].service == service)
            .filter(up)
            .collect();
        let Some(instance) = live.get(self.random.below(live.len())).copied() else {
            return (1_000, true);
        };
        let sample = self.course.instances[instance][tick];
        let (id, place) = (self.random.next() | 1, self.spans.len());
        self.spans.push(Span { trace, id, parent, instance, start, duration: 0, error: false });
        let work = self.cast.services[service].work;
        // What its own part of the time is, when the part of its callees is taken away.
        let own = (sample.traffic.p50 - self.called(service, tick)).max(work * 0.5);
        let mut duration = (own * self.random.between(0.5, 1.6) * 1e6) as i64;
        let mut failed = self.random.chance(sample.own_errors);
        for edge in self.cast.edges.iter().filter(|e| e.caller == service) {
            if !failed && self.random.chance(edge.calls.min(1.0)) {
                let (took, broke) = self.request(trace, Some(id), edge.callee, start + duration / 2);
                duration += took.min((edge.timeout * 1e6) as i64);
                let late = took as f64 > edge.timeout * 1e6;
                failed |= (broke || late) && edge.need == Need::Must;
            }
        }
        self.spans[place].duration = duration.max(50);
        self.spans[place].error = failed;
        (duration, failed)
    }

    fn called(&self, service: usize, tick: usize) -> f64 {
        let edges = self.cast.edges.iter().filter(|e| e.caller == service);
        edges.map(|e| e.calls.min(2.0) * self.course.services[e.callee][tick].p50.min(e.timeout)).sum()
    }
}

pub fn written(spans: &[Span], cast: &Cast, stage: &Stage) -> Vec<u8> {
    let mut by_instance: BTreeMap<usize, Vec<&Span>> = BTreeMap::new();
    spans.iter().for_each(|s| by_instance.entry(s.instance).or_default().push(s));
    let mut out = b"{\"resourceSpans\":[".to_vec();
    for (number, (instance, spans)) in by_instance.into_iter().enumerate() {
        let one = &stage.instances[instance];
        let service = &cast.services[one.service];
        let comma = if number > 0 { "," } else { "" };
        let attribute =
            |key: &str, value: &str| format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#);
        let resource = [
            attribute("service.name", &service.name),
            attribute("service.instance.id", &one.name),
            attribute("service.version", &one.version),
        ];
        // Writing to memory does not fail.
        let _ = write!(
            out,
            r#"{comma}{{"resource":{{"attributes":[{}]}},"scopeSpans":[{{"scope":{{"name":"shop"}},"spans":["#,
            resource.join(",")
        );
        for (number, span) in spans.into_iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            span.write(service.noun, &mut out);
        }
        out.extend_from_slice(b"]}]}");
    }
    out.extend_from_slice(b"]}\n");
    out
}

impl Span {
    fn write(&self, noun: &str, out: &mut Vec<u8>) {
        let _ = write!(out, r#"{{"traceId":"{:032x}","spanId":"{:016x}","#, self.trace, self.id);
        if let Some(parent) = self.parent {
            let _ = write!(out, r#""parentSpanId":"{parent:016x}","#);
        }
        let code = if self.error { 2 } else { 0 };
        let _ = write!(
            out,
            r#""name":"GET /{noun}s/{{id}}","kind":2,"startTimeUnixNano":"{}","endTimeUnixNano":"{}","status":{{"code":{code}}}}}"#,
            self.start * 1000,
            (self.start + self.duration) * 1000
        );
    }
}
