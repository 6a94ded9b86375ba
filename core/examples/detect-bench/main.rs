//! Measures detection on the Numenta Anomaly Benchmark's series: the score of each profile, of each folder,
//! and what a threshold chosen elsewhere gives; and how many points a second.
//!
//! `cargo run --release -p ecoops-core --example detect-bench -- --data DIR [--write DIR]`
//!
//! DIR holds `windows.json` and the folders that it names. `--write` leaves the scored rows there, for
//! another scorer.
#![allow(clippy::print_stdout)]

mod nab;

use ecoops_core::engines::signals::detect::{Settings, detect, table};
use nab::{PROFILES, Profile, Series};
use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Ways to divide the series in two.
const HALVES: u64 = 32;

type Windows = BTreeMap<String, Vec<(String, String)>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let after = |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1));
    let Some(data) = after("--data").and_then(|data| corpus(Path::new(data))) else {
        println!(
            "usage: detect-bench --data DIR [--write DIR]   (DIR with windows.json, or above anomaly/nab)"
        );
        return ExitCode::from(2);
    };
    match run(&data, after("--write").map(Path::new)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            println!("{why}");
            ExitCode::from(2)
        }
    }
}

fn corpus(data: &Path) -> Option<PathBuf> {
    ["", "nab", "anomaly/nab"]
        .into_iter()
        .map(|below| data.join(below))
        .find(|d| d.join("windows.json").is_file())
}

fn run(data: &Path, write: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let windows: Windows = serde_json::from_slice(&std::fs::read(data.join("windows.json"))?)?;
    let mut corpus = Vec::new();
    let (mut points, mut took) = (0, Duration::ZERO);
    for (name, windows) in &windows {
        let table = table::read(&std::fs::read(data.join(name))?).map_err(|why| format!("{name}: {why}"))?;
        let rows: Vec<(f64, f64)> = table.points().collect();
        let start = Instant::now();
        let verdicts = detect(rows.iter().copied(), Settings::default());
        took += start.elapsed();
        points += rows.len();
        if let Some(folder) = write {
            let file = folder.join(name);
            std::fs::create_dir_all(file.parent().unwrap_or(folder))?;
            std::fs::write(file, table::scored(&table, &verdicts))?;
        }
        let times: Vec<f64> = rows.iter().map(|(at, _)| *at).collect();
        let scores = verdicts.iter().map(|v| v.score).collect();
        corpus.push(Series::new(name, &times, &limits(windows)?, scores));
    }
    report(&corpus);
    println!(
        "\n{points} points in {:.2} s: {:.0} points/s on one thread",
        took.as_secs_f64(),
        rate(points, took)
    );
    Ok(())
}

fn rate(points: usize, took: Duration) -> f64 {
    points as f64 / took.as_secs_f64().max(1e-9)
}

fn limits(windows: &[(String, String)]) -> Result<Vec<(f64, f64)>, Box<dyn Error>> {
    // written like the rows, so that they are read like them
    let seconds = |text: &str| -> Result<f64, Box<dyn Error>> {
        Ok(table::read(format!("{text},0").as_bytes())?.rows[0].at)
    };
    windows.iter().map(|(start, end)| Ok((seconds(start)?, seconds(end)?))).collect()
}

fn report(corpus: &[Series]) {
    let all: Vec<&Series> = corpus.iter().collect();
    println!("| profile | score | threshold | windows found | false alarms |\n|---|---|---|---|---|");
    for profile in PROFILES {
        let best = nab::best(&all, profile);
        let counts = nab::counts(&all, best.threshold);
        println!(
            "| {} | {:.1} | {:.3} | {} of {} | {} |",
            profile.name, best.score, best.threshold, counts.found, counts.windows, counts.false_alarms
        );
    }
    let standard = PROFILES[0];
    let best = nab::best(&all, standard);
    println!("\n| folder | series | score at {:.3} | its own best |\n|---|---|---|---|", best.threshold);
    for (folder, series) in folders(&all) {
        if series.iter().any(|s| s.windows() > 0) {
            let at = nab::score(&series, standard, best.threshold);
            println!("| {folder} | {} | {at:.1} | {:.1} |", series.len(), nab::best(&series, standard).score);
        }
    }
    println!(
        "\nAt 0.5, as a notice: {:.1}. With a threshold from other series:",
        nab::score(&all, standard, 0.5)
    );
    println!(
        "{:.1} each kind of series from the other kinds",
        held_out(&all, standard, |_, name| kind(name))
    );
    let halves: Vec<f64> =
        (1..=HALVES).map(|n| held_out(&all, standard, |i, _| usize::from(half(n, i)))).collect();
    let mean = halves.iter().sum::<f64>() / halves.len() as f64;
    let least = halves.iter().copied().fold(f64::INFINITY, f64::min);
    println!(
        "{mean:.1} each half from the other, the mean of {HALVES} divisions; {least:.1} the worst of them"
    );
}

fn folders<'a>(corpus: &[&'a Series]) -> BTreeMap<&'a str, Vec<&'a Series>> {
    let mut folders: BTreeMap<&str, Vec<&Series>> = BTreeMap::new();
    for series in corpus {
        let folder = series.name.split('/').next().unwrap_or_default();
        folders.entry(folder).or_default().push(series);
    }
    folders
}

/// The folder, and the name up to its second underscore.
fn kind(name: &str) -> usize {
    let end = name.match_indices('_').nth(1).map_or(name.len(), |(at, _)| at);
    name[..end].bytes().fold(17, |sum: usize, b| sum.wrapping_mul(31).wrapping_add(usize::from(b)))
}

/// Divides the series in one of many ways.
fn half(division: u64, series: usize) -> bool {
    let x = (division * 1000 + series as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (x ^ (x >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 63 == 1
}

/// The score with a threshold for each group of series that is the best of all other groups.
fn held_out(corpus: &[&Series], profile: Profile, group: impl Fn(usize, &str) -> usize) -> f64 {
    let groups: Vec<usize> = corpus.iter().enumerate().map(|(i, s)| group(i, &s.name)).collect();
    let thresholds: Vec<f64> = groups
        .iter()
        .map(|own| {
            let others = corpus.iter().zip(&groups).filter(|(_, other)| *other != own);
            nab::best(&others.map(|(s, _)| *s).collect::<Vec<_>>(), profile).threshold
        })
        .collect();
    nab::normalised(corpus, profile, corpus.iter().zip(&thresholds).map(|(s, t)| s.raw(profile, *t)).sum())
}
