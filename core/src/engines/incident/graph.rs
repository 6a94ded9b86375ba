//! Who calls whom: given, else learnt from calls, traces and, where there is nothing else, from movement.
//!
//! Never decides who is to blame.

use super::measures::Measure;
use super::services::Services;
use super::track::{Track, sorted_quantile};
use crate::domain::incident::{EdgeSource, IncidentData, MetricClass};
use std::collections::{BTreeMap, VecDeque};

/// The directed graph of calls, by number.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// By caller and callee.
    edges: BTreeMap<(usize, usize), EdgeSource>,
    callees: Vec<Vec<usize>>,
    callers: Vec<Vec<usize>>,
}

impl Graph {
    /// Every edge that the data know, each with its best source; `calls` are callers and callees seen in traces.
    pub fn of(
        data: &IncidentData,
        services: &Services,
        measures: &[Measure],
        calls: &[(usize, usize)],
    ) -> Self {
        let mut graph = Self::default();
        for edge in &data.topology {
            if let (Some(caller), Some(callee)) =
                (services.number(&edge.caller), services.number(&edge.callee))
            {
                graph.add(caller, callee, edge.source);
            }
        }
        for measure in measures {
            if let Some(caller) = measure.peer {
                graph.add(caller, measure.service, EdgeSource::Calls);
            }
        }
        calls.iter().for_each(|(caller, callee)| graph.add(*caller, *callee, EdgeSource::Traces));
        if graph.edges.is_empty() {
            moving_together(measures).into_iter().for_each(|(a, b)| graph.add(a, b, EdgeSource::Movement));
        }
        graph.callees = vec![Vec::new(); services.len()];
        graph.callers = vec![Vec::new(); services.len()];
        for (caller, callee) in graph.edges.keys() {
            graph.callees[*caller].push(*callee);
            graph.callers[*callee].push(*caller);
        }
        graph
    }

    fn add(&mut self, caller: usize, callee: usize, source: EdgeSource) {
        if caller != callee {
            let kept = self.edges.entry((caller, callee)).or_insert(source);
            *kept = (*kept).min(source);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    pub fn source(&self, caller: usize, callee: usize) -> Option<EdgeSource> {
        self.edges.get(&(caller, callee)).copied()
    }

    /// Whether nobody gave any of it.
    pub fn learnt(&self) -> bool {
        !self.edges.is_empty() && self.edges.values().all(|source| *source != EdgeSource::Given)
    }

    pub fn callees(&self, service: usize) -> &[usize] {
        self.callees.get(service).map_or(&[], Vec::as_slice)
    }

    pub fn callers(&self, service: usize) -> &[usize] {
        self.callers.get(service).map_or(&[], Vec::as_slice)
    }

    /// Calls from a service to each other that it reaches, `None` for those it does not; 0 for itself.
    pub fn distances(&self, from: usize) -> Vec<Option<usize>> {
        self.walk(from, &self.callees)
    }

    /// Calls from each service to this one; 0 for itself.
    pub fn distances_to(&self, to: usize) -> Vec<Option<usize>> {
        self.walk(to, &self.callers)
    }

    fn walk(&self, from: usize, next: &[Vec<usize>]) -> Vec<Option<usize>> {
        let mut distances = vec![None; next.len()];
        let Some(first) = distances.get_mut(from) else { return distances };
        *first = Some(0);
        let mut queue = VecDeque::from([(from, 0)]);
        while let Some((at, distance)) = queue.pop_front() {
            for to in &next[at] {
                if distances[*to].is_none() {
                    distances[*to] = Some(distance + 1);
                    queue.push_back((*to, distance + 1));
                }
            }
        }
        distances
    }
}

/// Below this two series are not said to move together.
const TOGETHER: f64 = 0.85;
/// More services than this are not compared pairwise.
const MOST_COMPARED: usize = 200;

/// Pairs whose traffic rises and falls together, the slower one as the caller, since a caller waits for its
/// callees. Without latency on both sides the direction is unknown and nothing is said.
fn moving_together(measures: &[Measure]) -> Vec<(usize, usize)> {
    let of = |class: MetricClass| -> BTreeMap<usize, &Measure> {
        let mut found = BTreeMap::new();
        for measure in
            measures.iter().filter(|m| m.meaning.class == class && m.peer.is_none() && !m.meaning.shared)
        {
            found.entry(measure.service).or_insert(measure);
        }
        found
    };
    let (traffic, latency) = (of(MetricClass::Traffic), of(MetricClass::Latency));
    let both: Vec<(usize, &Measure, f64)> = traffic
        .iter()
        .filter_map(|(service, measure)| {
            let mut sorted = latency.get(service)?.reference.values.clone();
            sorted.sort_by(f64::total_cmp);
            Some((*service, *measure, sorted_quantile(&sorted, 0.5)?))
        })
        .take(MOST_COMPARED)
        .collect();
    let mut pairs = Vec::new();
    for (at, (a, first, slow_a)) in both.iter().enumerate() {
        for (b, second, slow_b) in &both[at + 1..] {
            if correlation(&first.reference, &second.reference).is_some_and(|r| r >= TOGETHER) {
                if slow_a > slow_b {
                    pairs.push((*a, *b));
                } else if slow_b > slow_a {
                    pairs.push((*b, *a));
                }
            }
        }
    }
    pairs
}

/// Pearson's coefficient of the steps that two tracks share; none with fewer than ten of them.
fn correlation(a: &Track, b: &Track) -> Option<f64> {
    let mut pairs: Vec<(f64, f64)> = Vec::new();
    let mut at = 0;
    for (time, value) in a.times.iter().zip(&a.values) {
        while at < b.len() && b.times[at] < *time - 0.5 {
            at += 1;
        }
        if at < b.len() && b.times[at] <= *time + 0.5 {
            pairs.push((*value, b.values[at]));
        }
    }
    if pairs.len() < 10 {
        return None;
    }
    let count = pairs.len() as f64;
    let mean = |pick: fn(&(f64, f64)) -> f64| pairs.iter().map(pick).sum::<f64>() / count;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let sum = |f: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(f).sum::<f64>();
    let cross = sum(&|p| (p.0 - x) * (p.1 - y));
    let (vx, vy) = (sum(&|p| (p.0 - x).powi(2)), sum(&|p| (p.1 - y).powi(2)));
    (vx > 0.0 && vy > 0.0).then(|| cross / (vx * vy).sqrt())
}
