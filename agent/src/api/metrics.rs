//! Counts and times of requests, in the text format of Prometheus (exposition format 0.0.4).

use crate::component::{Component, Status};
use ecoops_core::engines::resilience::BreakerState;
use ecoops_plugins::http::tally::{self, Tally};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds in seconds.
const BOUNDS: [f64; 10] = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0];

#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
    times: Mutex<BTreeMap<&'static str, Times>>,
    under_way: AtomicU64,
    pub streams: AtomicU64,
}

/// A request that is under way until this is dropped: a client that hangs up ends it too.
#[derive(Debug)]
pub struct UnderWay<'a>(&'a AtomicU64);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug, Clone, Default)]
struct Times {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    sum: f64,
}

impl Metrics {
    pub fn begin(&self) -> UnderWay<'_> {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(&self.under_way)
    }

    /// One request to the operation `id` has ended.
    pub fn count(&self, id: &'static str, status: u16, took: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((id, status)).or_default() += 1;
        drop(requests);
        let seconds = took.as_secs_f64();
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = times.entry(id).or_default();
        for (bucket, bound) in entry.buckets.iter_mut().zip(BOUNDS) {
            *bucket += u64::from(seconds <= bound);
        }
        entry.count += 1;
        entry.sum += seconds;
    }

    pub fn text(&self, uptime: Duration, components: &[&dyn Component]) -> String {
        let mut out = String::new();
        let _ = self.write(&mut out, uptime, components);
        out
    }

    fn write(&self, out: &mut String, uptime: Duration, components: &[&dyn Component]) -> std::fmt::Result {
        head(out, "ecoops_agent_info", "gauge", "The version that runs.")?;
        writeln!(out, "ecoops_agent_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"))?;
        head(out, "ecoops_agent_uptime_seconds", "gauge", "Since the start.")?;
        writeln!(out, "ecoops_agent_uptime_seconds {:.3}", uptime.as_secs_f64())?;
        head(out, "ecoops_agent_requests_under_way", "gauge", "Requests that are being answered.")?;
        writeln!(out, "ecoops_agent_requests_under_way {}", self.under_way.load(Ordering::Relaxed))?;
        head(out, "ecoops_agent_event_streams", "gauge", "Streams of events that are read.")?;
        writeln!(out, "ecoops_agent_event_streams {}", self.streams.load(Ordering::Relaxed))?;
        head(out, "ecoops_agent_component_up", "gauge", "1 when the part is healthy.")?;
        for part in components {
            let up = u8::from(part.health().status == Status::Healthy);
            writeln!(out, "ecoops_agent_component_up{{component=\"{}\"}} {up}", part.name())?;
        }
        head(out, "ecoops_agent_component_calls", "gauge", "Calls that a part has under way.")?;
        for part in components {
            writeln!(out, "ecoops_agent_component_calls{{component=\"{}\"}} {}", part.name(), part.busy())?;
        }
        head(out, "ecoops_agent_component_waiting", "gauge", "What a part still has to do.")?;
        for (part, waiting) in components.iter().filter_map(|part| Some((part, part.waiting()?))) {
            writeln!(out, "ecoops_agent_component_waiting{{component=\"{}\"}} {waiting}", part.name())?;
        }
        outside(out)?;
        head(out, "ecoops_agent_requests_total", "counter", "Requests by operation and status.")?;
        for ((id, status), count) in self.requests.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            writeln!(out, "ecoops_agent_requests_total{{operation=\"{id}\",status=\"{status}\"}} {count}")?;
        }
        let name = "ecoops_agent_request_seconds";
        head(out, name, "histogram", "Time to an answer.")?;
        for (id, times) in self.times.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            for (bound, count) in BOUNDS.iter().zip(times.buckets) {
                writeln!(out, "{name}_bucket{{operation=\"{id}\",le=\"{bound}\"}} {count}")?;
            }
            writeln!(out, "{name}_bucket{{operation=\"{id}\",le=\"+Inf\"}} {}", times.count)?;
            writeln!(out, "{name}_sum{{operation=\"{id}\"}} {}", times.sum)?;
            writeln!(out, "{name}_count{{operation=\"{id}\"}} {}", times.count)?;
        }
        Ok(())
    }
}

/// Spans that the collector took, and those that it never will.
pub fn spans(out: &mut String, (told, dropped): (u64, u64)) {
    for (what, help, count) in [
        ("told", "Spans that the collector took.", told),
        ("dropped", "Spans that it will not get.", dropped),
    ] {
        let name = format!("ecoops_agent_spans_{what}_total");
        let _ = head(out, &name, "counter", help).and_then(|()| writeln!(out, "{name} {count}"));
    }
}

/// What was asked of other systems.
fn outside(out: &mut String) -> std::fmt::Result {
    let systems = tally::systems();
    type Count = fn(&Tally) -> u64;
    let counts: [(&str, &str, Count); 4] = [
        ("answered", "Tries that a system answered.", |t| t.answered),
        ("failed", "Tries that a system did not answer, or by 502, 503 or 504.", |t| t.failed),
        ("repeated", "Tries after the first of a request.", |t| t.repeated),
        ("spared", "Requests that were not made because the system fails.", |t| t.spared),
    ];
    for (what, help, count) in counts {
        let name = format!("ecoops_outside_{what}_total");
        head(out, &name, "counter", help)?;
        for (system, tally) in &systems {
            writeln!(out, "{name}{{system=\"{}\"}} {}", label(system), count(tally))?;
        }
    }
    let name = "ecoops_outside_breaker";
    head(out, name, "gauge", "0 a system is asked, 1 it is tried again, 2 it is not asked.")?;
    for (system, tally) in &systems {
        let state = match tally.breaker {
            BreakerState::Closed => 0,
            BreakerState::HalfOpen => 1,
            BreakerState::Open => 2,
        };
        writeln!(out, "{name}{{system=\"{}\"}} {state}", label(system))?;
    }
    let name = "ecoops_outside_seconds";
    head(out, name, "histogram", "Time of a try.")?;
    for (system, tally) in &systems {
        let (system, tries) = (label(system), tally.answered + tally.failed);
        for (bound, count) in tally::BOUNDS.iter().zip(tally.buckets) {
            writeln!(out, "{name}_bucket{{system=\"{system}\",le=\"{bound}\"}} {count}")?;
        }
        writeln!(out, "{name}_bucket{{system=\"{system}\",le=\"+Inf\"}} {tries}")?;
        writeln!(out, "{name}_sum{{system=\"{system}\"}} {}", tally.seconds)?;
        writeln!(out, "{name}_count{{system=\"{system}\"}} {tries}")?;
    }
    Ok(())
}

/// A label's value (exposition format 0.0.4): backslash, quote and line feed are escaped.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) -> std::fmt::Result {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up() {
        let metrics = Metrics::default();
        for millis in [0, 1, 3, 100, 10_000] {
            metrics.count("search", 200, Duration::from_millis(millis));
        }
        metrics.count("search", 400, Duration::ZERO);
        let text = metrics.text(Duration::from_secs(2), &[]);
        for line in [
            "ecoops_agent_requests_total{operation=\"search\",status=\"200\"} 5",
            "ecoops_agent_requests_total{operation=\"search\",status=\"400\"} 1",
            "ecoops_agent_request_seconds_bucket{operation=\"search\",le=\"0.001\"} 3",
            "ecoops_agent_request_seconds_bucket{operation=\"search\",le=\"5\"} 5",
            "ecoops_agent_request_seconds_bucket{operation=\"search\",le=\"+Inf\"} 6",
            "ecoops_agent_uptime_seconds 2.000",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
    }
}
