use super::*;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

type Files = BTreeMap<String, Vec<u8>>;

fn files(script: &Script) -> (Files, Truth) {
    let rehearsal = Rehearsal::new(script).unwrap();
    let mut files = Files::new();
    let keep = |path: &str, part: &[u8]| -> Result<(), Infallible> {
        files.entry(path.into()).or_default().extend_from_slice(part);
        Ok(())
    };
    rehearsal.write(keep).unwrap();
    (files, rehearsal.truth())
}

fn small(seed: u64) -> Script {
    Script { services: 9, lines: 3_000, ..Script::new(seed) }
}

fn hash(files: &Files) -> String {
    let mut hasher = Sha256::new();
    for (path, bytes) in files {
        hasher.update(path.as_bytes());
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    }
    hasher.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

fn text<'a>(files: &'a Files, path: &str) -> &'a str {
    std::str::from_utf8(&files[path]).unwrap()
}

fn log_lines(files: &Files) -> usize {
    let logs = files.iter().filter(|(path, _)| path.starts_with("logs/"));
    logs.map(|(_, bytes)| bytes.iter().filter(|b| **b == b'\n').count()).sum()
}

/// Rows of `metrics.csv` as (seconds, service, metric, value, instance, peer).
fn rows(files: &Files) -> Vec<(f64, &str, &str, f64, &str, &str)> {
    let mut lines = text(files, "metrics.csv").lines();
    assert_eq!(lines.next(), Some("ts,service,metric,value,instance,version,unit,peer,reporter"));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            assert_eq!(cells.len(), 9, "{line}");
            let number = |n: usize| cells[n].parse::<f64>().unwrap_or_else(|_| panic!("{line}"));
            (number(0), cells[1], cells[2], number(3), cells[4], cells[7])
        })
        .collect()
}

#[test]
fn equal_seeds_give_equal_bytes() {
    assert_eq!(hash(&files(&small(7)).0), hash(&files(&small(7)).0));
    assert_ne!(hash(&files(&small(7)).0), hash(&files(&small(8)).0));
}

#[test]
fn the_promised_counts_are_kept() {
    let (files, truth) = files(&Script::new(1));
    assert_eq!(log_lines(&files), 200_000);
    let rows = rows(&files);
    assert_eq!(rows.iter().map(|r| r.1).collect::<BTreeSet<_>>().len(), 20);
    let edges: BTreeSet<_> =
        text(&files, "topology.csv").lines().skip(1).flat_map(|l| l.split(',')).collect();
    assert_eq!(edges.len(), 20);
    let changes: Vec<serde_json::Value> =
        text(&files, "changes.jsonl").lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(changes.len(), 4);
    let guilty = changes.iter().find(|c| c["id"].as_str() == truth.change.as_deref()).unwrap();
    assert_eq!(guilty["service"].as_str(), truth.service.as_deref());
    let told: Vec<_> = guilty["instances"].as_array().unwrap().iter().filter_map(|i| i.as_str()).collect();
    assert_eq!(told, truth.instances);
    let incident: serde_json::Value = serde_json::from_str(text(&files, "incident.json")).unwrap();
    let time = |v: &serde_json::Value| -> i64 {
        v.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second()
    };
    let window = &incident["window"];
    assert_eq!(time(&window["end"]) - time(&window["start"]), 3600);
    assert_eq!(time(&incident["detected_at"]) as f64, truth.detected_at);
    assert!(truth.began_at.unwrap() < truth.detected_at);
}

#[test]
fn every_file_is_what_its_name_says() {
    for (seed, fault) in Fault::ALL.into_iter().enumerate() {
        let plot = Plot::BadRollout { fault: Some(fault), listed: Listed::Yes };
        let script = Script { plot, lines: 6_000, ..Script::new(seed as u64) };
        for (path, bytes) in files(&script).0 {
            let text = std::str::from_utf8(&bytes).unwrap();
            assert!(bytes.is_empty() || bytes.ends_with(b"\n"), "{path}");
            match path.rsplit_once('.').unwrap().1 {
                "json" => drop(serde_json::from_str::<serde_json::Value>(text).unwrap()),
                "jsonl" => text.lines().for_each(|line| {
                    let value: serde_json::Value = serde_json::from_str(line).unwrap();
                    let time = value["time"].as_str().unwrap();
                    time.parse::<jiff::Timestamp>().unwrap();
                }),
                "csv" => assert!(
                    text.lines()
                        .all(|l| l.matches(',').count() == text.lines().next().unwrap().matches(',').count())
                ),
                "log" => assert!(text.lines().all(|l| l.len() > 10 || l == "MemoryError"), "{path}"),
                other => panic!("{path} {other}"),
            }
        }
    }
}

#[test]
fn spans_name_their_parents() {
    let (files, _) = files(&small(3));
    let traces: serde_json::Value = serde_json::from_str(text(&files, "traces.json")).unwrap();
    let spans: Vec<&serde_json::Value> = traces["resourceSpans"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|r| r["scopeSpans"][0]["spans"].as_array().unwrap())
        .collect();
    let ids: BTreeSet<_> = spans.iter().map(|s| s["spanId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), spans.len());
    let roots = spans.iter().filter(|s| s.get("parentSpanId").is_none()).count();
    assert!(roots > 100 && roots < spans.len());
    assert!(spans.iter().filter_map(|s| s["parentSpanId"].as_str()).all(|p| ids.contains(p)));
    // What was followed is also in the logs.
    let trace = spans[spans.len() / 2]["traceId"].as_str().unwrap();
    let big = self::files(&Script { lines: 60_000, ..small(3) }).0;
    assert!(
        big.iter().any(|(p, b)| p.starts_with("logs/") && std::str::from_utf8(b).unwrap().contains(trace))
    );
}

/// The mean of a metric over the guilty instances' last ten minutes, over that of their colleagues before.
fn change_in(fault: Fault, metric: &str, seed: u64) -> f64 {
    let plot = Plot::BadRollout { fault: Some(fault), listed: Listed::Yes };
    let (files, truth) = files(&Script { plot, services: 12, lines: 0, ..Script::new(seed) });
    let (service, rows) = (truth.service.unwrap(), rows(&files));
    let end = rows.iter().map(|r| r.0).fold(0.0, f64::max);
    let of_it: Vec<_> = rows.into_iter().filter(|r| r.1 == service && r.2 == metric).collect();
    let mean = |keep: &dyn Fn(&str, f64) -> bool| {
        let kept: Vec<f64> = of_it.iter().filter(|r| keep(r.4, r.0)).map(|r| r.3).collect();
        kept.iter().sum::<f64>() / kept.len().max(1) as f64
    };
    let bad = mean(&|i, t| truth.instances.iter().any(|x| x == i) && t > end - 600.0);
    let before = mean(&|i, t| !i.is_empty() && t < end - 3600.0);
    bad / before.max(1e-6)
}

#[test]
fn each_fault_shows_in_what_it_is_about() {
    for (fault, metric, at_least) in [
        (Fault::ErrorResponses, "error_ratio", 20.0),
        (Fault::Slowdown, "latency_p95", 2.5),
        (Fault::MemoryLeak, "memory_usage", 1.3),
        (Fault::ConnectionLeak, "connections", 3.0),
        (Fault::RetryStorm, "error_ratio", 10.0),
        (Fault::BusyLoop, "cpu_usage", 2.0),
    ] {
        for seed in 0..4 {
            let times = change_in(fault, metric, seed);
            assert!(times > at_least, "{fault:?} {seed}: {times}");
        }
    }
}

#[test]
fn out_of_memory_is_reported() {
    let plot = Plot::BadRollout { fault: Some(Fault::MemoryLeak), listed: Listed::Yes };
    for seed in 0..3 {
        let (files, truth) = files(&Script { plot, lines: 0, ..Script::new(seed) });
        let killed: Vec<&str> =
            text(&files, "events.jsonl").lines().filter(|l| l.contains("OOMKilled")).collect();
        assert!(!killed.is_empty(), "{seed}");
        assert!(killed.iter().all(|l| truth.instances.iter().any(|i| l.contains(i.as_str()))), "{seed}");
    }
}

#[test]
fn a_hidden_rollout_is_not_told_and_a_healthy_system_has_none() {
    let hidden = Plot::BadRollout { fault: None, listed: Listed::No };
    for (plot, changes, faulty, told) in [
        (hidden, 3, true, false),
        (Plot::Healthy, 4, false, false),
        (Plot::BadRollout { fault: None, listed: Listed::Yes }, 4, true, true),
    ] {
        let (files, truth) = files(&Script { plot, ..small(11) });
        assert_eq!(text(&files, "changes.jsonl").lines().count(), changes);
        assert_eq!(truth.fault.is_some(), faulty);
        assert_eq!(truth.service.is_some(), faulty);
        assert_eq!(truth.change.is_some(), told);
        if let Some(service) = truth.service.filter(|_| !told) {
            assert!(!text(&files, "changes.jsonl").contains(&format!("\"{service}\"")));
        }
    }
}

#[test]
fn a_healthy_system_fails_next_to_nothing() {
    for seed in 0..4 {
        let (files, _) = files(&Script { plot: Plot::Healthy, services: 12, lines: 0, ..Script::new(seed) });
        let rows = rows(&files);
        let failed: Vec<f64> = rows
            .iter()
            .filter(|r| r.2 == "error_ratio" && r.4.is_empty() && r.5.is_empty())
            .map(|r| r.3)
            .collect();
        assert!(failed.iter().sum::<f64>() / (failed.len() as f64) < 0.002, "{seed}");
        assert!(!text(&files, "events.jsonl").contains("firing"));
    }
}

#[test]
fn casts_and_logs_scale() {
    for (services, lines) in [(6, 0), (6, 1), (7, 137), (13, 5_000), (60, 10_000), (120, 50)] {
        let (files, _) = files(&Script { services, lines, ..Script::new(5) });
        assert_eq!(log_lines(&files) as u64, lines, "{services}");
        let names: BTreeSet<&str> = rows(&files).iter().map(|r| r.1).collect();
        assert_eq!(names.len(), services);
    }
}

#[test]
fn what_cannot_be_rehearsed_is_refused() {
    for (services, lines, expected) in [
        (5, 1, ScriptError::Services(5)),
        (501, 1, ScriptError::Services(501)),
        (20, 100_000_001, ScriptError::Lines(100_000_001)),
    ] {
        assert_eq!(Rehearsal::new(&Script { services, lines, ..Script::new(0) }).unwrap_err(), expected);
    }
}

#[test]
fn a_sink_that_fails_ends_the_writing() {
    let mut calls = 0;
    let full = |_: &str, _: &[u8]| {
        calls += 1;
        if calls == 3 { Err("full") } else { Ok(()) }
    };
    assert_eq!(Rehearsal::new(&small(1)).unwrap().write(full), Err("full"));
    assert_eq!(calls, 3);
}

/// No function of a platform's own library may slip in. Whoever changes the rehearsal changes this.
#[test]
fn a_seed_means_the_same_everywhere() {
    let (files, _) = files(&Script { services: 6, lines: 500, ..Script::new(2026) });
    assert_eq!(hash(&files), "19d698631c87f2f6d95a0b940d07913088d85ec29f634a459d23549bb49d616f");
}
