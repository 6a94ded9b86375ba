//! `metrics.csv`: requests, errors and durations of services and calls, and what instances use.

use super::cast::Cast;
use super::clock::{Clock, decimal, digits};
use super::course::{Course, Sample, Traffic};
use super::quirks::Quirks;
use super::rollouts::{Instance, Stage};

pub const HEADER: &[u8] = b"ts,service,metric,value,instance,version,unit,peer,reporter\n";

/// Bytes of memory that an instance may use.
const MEMORY_LIMIT: f64 = 1_073_741_824.0;

/// A metric's name, unit, decimals, and how to read it off a sample.
type Gauge<T> = (&'static str, &'static str, u32, fn(&T) -> f64);

const SERVICE: [Gauge<Traffic>; 5] = [
    ("request_rate", "requests_per_second", 2, |t| t.rate),
    ("error_ratio", "ratio", 5, |t| t.errors),
    ("latency_p50", "seconds", 6, |t| t.p50),
    ("latency_p95", "seconds", 6, |t| t.p95),
    ("latency_p99", "seconds", 6, |t| t.p99),
];
const CALLEE: [Gauge<Traffic>; 3] = [SERVICE[0], SERVICE[1], SERVICE[3]];
const CALLER: [Gauge<Traffic>; 3] = [
    ("request_rate", "requests_per_second", 2, |t| t.rate),
    ("error_ratio", "ratio", 5, |t| t.errors),
    // The way there and back is part of what a caller sees.
    ("latency_p95", "seconds", 6, |t| t.p95 + 0.0011),
];
const INSTANCE: [Gauge<Sample>; 8] = [
    ("request_rate", "requests_per_second", 2, |s| s.traffic.rate),
    ("error_ratio", "ratio", 5, |s| s.traffic.errors),
    ("latency_p95", "seconds", 6, |s| s.traffic.p95),
    ("cpu_usage", "ratio", 4, |s| s.cpu),
    ("memory_usage", "bytes", 0, |s| s.memory * MEMORY_LIMIT),
    ("connections", "count", 0, |s| s.connections),
    ("http_requests_total", "count", 0, |s| s.total),
    ("restarts_total", "count", 0, |s| f64::from(s.restarts)),
];

pub struct Metrics<'a> {
    pub cast: &'a Cast,
    pub stage: &'a Stage,
    pub quirks: &'a Quirks,
    pub course: &'a Course,
    pub clock: Clock,
}

impl Metrics<'_> {
    /// The series of one service: its own, those of calls to it, those of its instances.
    pub fn of(&self, service: usize, out: &mut Vec<u8>) {
        let name = self.cast.services[service].name.as_str();
        for gauge in &SERVICE {
            self.rows(&self.course.services[service], gauge, &Tail { name, ..Tail::default() }, 0, out);
        }
        for (number, edge) in self.cast.edges.iter().enumerate().filter(|(_, e)| e.callee == service) {
            let peer = self.cast.services[edge.caller].name.as_str();
            for (gauges, reporter) in [(&CALLEE, "callee"), (&CALLER, "caller")] {
                let tail = Tail { name, peer, reporter, ..Tail::default() };
                for gauge in gauges {
                    self.rows(&self.course.edges[number], gauge, &tail, 0, out);
                }
            }
        }
        for (number, instance) in self.stage.instances.iter().enumerate() {
            if instance.service == service {
                self.instance(name, number, instance, out);
            }
        }
    }

    fn rows(
        &self,
        points: &[Traffic],
        gauge: &Gauge<Traffic>,
        tail: &Tail<'_>,
        phase: i64,
        out: &mut Vec<u8>,
    ) {
        for (tick, point) in points.iter().enumerate() {
            row(self.clock.at(tick) as i64 + phase, gauge, (gauge.3)(point), tail, out);
        }
    }

    fn instance(&self, name: &str, number: usize, instance: &Instance, out: &mut Vec<u8>) {
        let tail =
            Tail { name, instance: &instance.name, version: &instance.version, peer: "", reporter: "" };
        for gauge in &INSTANCE {
            for (tick, sample) in self.course.instances[number].iter().enumerate() {
                if sample.up && !self.quirks.lost(number, tick) {
                    let time = self.clock.at(tick) as i64 + instance.phase as i64;
                    row(time, gauge, (gauge.3)(sample), &tail, out);
                }
            }
        }
    }
}

#[derive(Default)]
struct Tail<'a> {
    name: &'a str,
    instance: &'a str,
    version: &'a str,
    peer: &'a str,
    reporter: &'a str,
}

fn row<T>(time: i64, gauge: &Gauge<T>, value: f64, tail: &Tail<'_>, out: &mut Vec<u8>) {
    digits(time.max(0) as u64, 1, out);
    for text in [tail.name, gauge.0] {
        out.push(b',');
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b',');
    decimal(value, gauge.2, out);
    for text in [tail.instance, tail.version, gauge.1, tail.peer, tail.reporter] {
        out.push(b',');
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b'\n');
}
