//! Root causes on incident bundles with known truth, through the same reader and engine as the command.
//!
//! `cargo run --release -p ecoops-plugins --example cause-bench -- --data DIR [--strengths]`; DIR holds
//! `rca/bundles`, or is it: `truth.json` and a folder of `.tar.zst` a set. `--strengths` prints what the weights
//! are fitted on instead, a line of JSON a bundle.
#![allow(clippy::print_stdout)]

use ecoops_core::domain::incident::{IncidentAnalysis, IncidentData, IncidentVerdict};
use ecoops_core::engines::incident::{analyze, strengths};
use ecoops_core::pipeline::understand::incident::understand;
use ecoops_plugins::telemetry::files::{BundleBounds, FileBundle};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

type Failure = Box<dyn std::error::Error>;

struct Outcome {
    set: String,
    /// From 1; 0 where nothing is wrong or the guilty one is not among the hypotheses.
    rank: usize,
    healthy: bool,
    found: bool,
    confidence: f64,
    /// The highest confidence on a change that is listed and innocent.
    framed: f64,
    milliseconds: f64,
    renamed_differs: bool,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let place =
        arguments.iter().position(|argument| argument == "--data").and_then(|at| arguments.get(at + 1));
    let bundles = bundles(Path::new(place.ok_or("cause-bench needs --data DIR")?));
    let truth: BTreeMap<String, Value> = serde_json::from_slice(&std::fs::read(bundles.join("truth.json"))?)?;
    let fitting = arguments.iter().any(|argument| argument == "--strengths");
    let mut outcomes = Vec::new();
    for (id, known) in &truth {
        let set = known["set"].as_str().unwrap_or("").to_owned();
        let path = bundles.join(&set).join(format!("{id}.tar.zst"));
        if !path.exists() {
            continue;
        }
        let bundle = FileBundle::open(&path, BundleBounds::default())?;
        let data = understand(&[&bundle], None, &|_| {}, &AtomicBool::new(false))?.data;
        if fitting {
            let (services, unconfirmed) = strengths(&data);
            println!(
                "{}",
                json!({"set": set, "truth": known["truth"], "unconfirmed": unconfirmed, "services": services})
            );
        } else {
            outcomes.push(judge(set, known, &data));
        }
    }
    if !fitting {
        table(&outcomes);
        reliability(&outcomes);
    }
    Ok(())
}

fn bundles(data: &Path) -> PathBuf {
    let below = data.join("rca/bundles");
    if below.exists() { below } else { data.to_owned() }
}

fn judge(set: String, known: &Value, data: &IncidentData) -> Outcome {
    let begin = Instant::now();
    let analysis = analyze(data);
    let milliseconds = begin.elapsed().as_secs_f64() * 1e3;
    let truth = known["truth"].as_str();
    let place = truth.and_then(|truth| analysis.hypotheses.iter().position(|h| h.service == truth));
    let framed =
        analysis.hypotheses.iter().filter(|h| h.change_id.is_some() && Some(h.service.as_str()) != truth);
    Outcome {
        rank: place.map_or(0, |place| place + 1),
        healthy: known["healthy"].as_bool().unwrap_or(false),
        found: analysis.verdict == IncidentVerdict::CauseFound,
        confidence: analysis.hypotheses.first().map_or(0.0, |hypothesis| hypothesis.confidence),
        framed: framed.map(|hypothesis| hypothesis.confidence).fold(0.0, f64::max),
        milliseconds,
        renamed_differs: renamed_differs(data, &analysis),
        set,
    }
}

/// Whether other names for all services and instances, and the order that they bring, change the ranking.
fn renamed_differs(data: &IncidentData, analysis: &IncidentAnalysis) -> bool {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for series in &data.series {
        names.insert(&series.key.service);
        names.extend(series.key.peer.as_deref());
        names.extend(series.key.instance.as_deref());
    }
    names.extend(data.topology.iter().flat_map(|edge| [edge.caller.as_str(), edge.callee.as_str()]));
    names.extend(data.spans.iter().map(|span| span.service.as_str()));
    names.extend(data.logs.iter().map(|cluster| cluster.service.as_str()));
    names.extend(
        data.changes.iter().flat_map(|c| c.instances.iter().map(String::as_str).chain([c.service.as_str()])),
    );
    names.extend(data.brief.service.as_deref());
    // A multiplicative hash scatters neighbours, so that the new order has nothing to do with the old one.
    let word = |at: usize| format!("w{:016x}", (at as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let words: BTreeMap<String, String> =
        names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), word(at))).collect();
    let new = |name: &str| words.get(name).cloned().unwrap_or_else(|| name.to_owned());
    let other = analyze(&renamed(data, &new));
    let line = |h: &ecoops_core::domain::incident::CauseHypothesis, service: String| {
        (service, h.confidence.to_bits(), h.kind, h.change_id.clone(), h.support.len(), h.counter.len())
    };
    let plain: Vec<_> = analysis.hypotheses.iter().map(|h| line(h, new(&h.service))).collect();
    let renamed: Vec<_> = other.hypotheses.iter().map(|h| line(h, h.service.clone())).collect();
    plain != renamed || analysis.verdict != other.verdict
}

fn renamed(data: &IncidentData, new: &dyn Fn(&str) -> String) -> IncidentData {
    let mut data = data.clone();
    for series in &mut data.series {
        series.key.service = new(&series.key.service);
        series.key.peer = series.key.peer.as_deref().map(new);
        series.key.instance = series.key.instance.as_deref().map(new);
    }
    for edge in &mut data.topology {
        edge.caller = new(&edge.caller);
        edge.callee = new(&edge.callee);
    }
    data.spans.iter_mut().for_each(|span| span.service = new(&span.service));
    data.logs.iter_mut().for_each(|cluster| cluster.service = new(&cluster.service));
    for change in &mut data.changes {
        change.service = new(&change.service);
        change.instances.iter_mut().for_each(|instance| *instance = new(instance));
    }
    data.brief.service = data.brief.service.as_deref().map(new);
    data.series.sort_by(|a, b| a.key.cmp(&b.key));
    data.topology.sort();
    data.spans.sort_by(|a, b| a.service.cmp(&b.service).then(a.start.total_cmp(&b.start)));
    data.logs.sort_by(|a, b| a.service.cmp(&b.service).then(a.template.cmp(&b.template)));
    data
}

fn table(outcomes: &[Outcome]) {
    println!(
        "| set | bundles | @1 | @3 | @5 | Avg@5 | cause found | abstained | an innocent change, at most | renaming differs | ms, median and most |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let sets: BTreeSet<&str> = outcomes.iter().map(|outcome| outcome.set.as_str()).collect();
    for set in sets {
        let of: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.set == set).collect();
        let all = of.len() as f64;
        let within = |most: usize| of.iter().filter(|o| (1..=most).contains(&o.rank)).count() as f64 / all;
        let found = of.iter().filter(|outcome| outcome.found).count();
        let framed = of.iter().map(|outcome| outcome.framed).fold(0.0, f64::max);
        let differs = of.iter().filter(|outcome| outcome.renamed_differs).count();
        let mut times: Vec<f64> = of.iter().map(|outcome| outcome.milliseconds).collect();
        times.sort_by(f64::total_cmp);
        let ranks = if of.iter().all(|outcome| outcome.healthy) {
            "- | - | - | -".to_owned()
        } else {
            let average = (1..=5).map(within).sum::<f64>() / 5.0;
            format!("{:.3} | {:.3} | {:.3} | {average:.3}", within(1), within(3), within(5))
        };
        println!(
            "| {set} | {} | {ranks} | {found} | {:.3} | {framed:.2} | {differs} | {:.0}, {:.0} |",
            of.len(),
            (of.len() - found) as f64 / all,
            times[times.len() / 2],
            times[times.len() - 1]
        );
    }
}

/// How often the first hypothesis is right, by its confidence; never for what is healthy.
fn reliability(outcomes: &[Outcome]) {
    println!("\n| confidence of the first | bundles | mean | right |\n|---|---|---|---|");
    for (low, high) in [(0.0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.01)] {
        let of: Vec<&Outcome> = outcomes.iter().filter(|o| (low..high).contains(&o.confidence)).collect();
        if !of.is_empty() {
            let count = of.len() as f64;
            let mean = of.iter().map(|outcome| outcome.confidence).sum::<f64>() / count;
            let right = of.iter().filter(|outcome| outcome.rank == 1).count() as f64 / count;
            println!("| {low:.1} to {:.1} | {} | {mean:.2} | {right:.2} |", f64::min(high, 1.0), of.len());
        }
    }
    let error = outcomes.iter().map(|o| (o.confidence - f64::from(u8::from(o.rank == 1))).powi(2));
    println!(
        "\nBrier score {:.3} over {} bundles",
        error.sum::<f64>() / outcomes.len().max(1) as f64,
        outcomes.len()
    );
}
