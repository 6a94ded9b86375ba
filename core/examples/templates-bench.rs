//! Scores log templates against ground truth, and measures how fast they are mined.
//!
//! `cargo run --release -p ecoops-core --example templates-bench -- --data DIR [--repeat N] [--stream MB] [--csv DIR]`
//!
//! `DIR/<System>` holds `*_structured.csv` with `Content` and `EventTemplate`, and the raw log
//! `*.log` with as many lines. One configuration for all. With `--csv` the templates are also
//! written as `line,template_id,template`, a file a system, for others to score.
#![allow(clippy::print_stdout)]

use ecoops_core::engines::signals::templates::{Config, Layout, Miner, Templates, Ticket};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

struct System {
    name: String,
    contents: Vec<Vec<u8>>,
    raw: Vec<Vec<u8>>,
    truth: Vec<String>,
}

#[derive(Default, Clone, Copy)]
struct Score {
    ga: f64,
    pa: f64,
    fga: f64,
    fta: f64,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            println!("{why}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), String> {
    let usage = "usage: templates-bench --data DIR [--repeat N] [--stream MB] [--csv DIR]";
    let (mut data, mut csv, mut repeat, mut stream) = (None, None, 100, 1000);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or(usage)?;
        let number = || value.parse::<usize>().map_err(|_| format!("{name} wants a number, not `{value}`"));
        match name.as_str() {
            "--data" => data = Some(PathBuf::from(&value)),
            "--csv" => csv = Some(PathBuf::from(&value)),
            "--repeat" => repeat = number()?,
            "--stream" => stream = number()?,
            _ => return Err(usage.into()),
        }
    }
    let systems = systems(&data.ok_or(usage)?)?;
    scores(&systems, csv.as_deref())?;
    speed(&systems, repeat);
    streams(stream << 20);
    Ok(())
}

fn systems(data: &Path) -> Result<Vec<System>, String> {
    let mut found = Vec::new();
    for folder in listed(data)? {
        let files = listed(&folder).unwrap_or_default();
        let ending = |end: &str| files.iter().find(|f| f.to_string_lossy().ends_with(end));
        let (Some(structured), Some(log)) = (ending("_structured.csv"), ending(".log")) else { continue };
        let rows = rows(&read(structured)?);
        let column = |name: &str| rows[0].iter().position(|c| c == name).ok_or(format!("no column {name}"));
        let (content, template) = (column("Content")?, column("EventTemplate")?);
        let raw: Vec<Vec<u8>> = read(log)?.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        found.push(System {
            name: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            contents: rows[1..].iter().map(|r| r[content].clone().into_bytes()).collect(),
            truth: rows[1..].iter().map(|r| r[template].clone()).collect(),
            raw: raw.into_iter().take(rows.len() - 1).collect(),
        });
    }
    if found.is_empty() { Err(format!("no systems in {}", data.display())) } else { Ok(found) }
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.sort();
    Ok(paths)
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))
}

/// The rows of a CSV file (RFC 4180), its header first.
fn rows(bytes: &[u8]) -> Vec<Vec<String>> {
    let text = String::from_utf8_lossy(bytes);
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match (c, quoted) {
            ('"', true) if characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            ('"', _) => quoted = !quoted,
            (',', false) => row.push(std::mem::take(&mut cell)),
            ('\r', false) => {}
            ('\n', false) => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            _ => cell.push(c),
        }
    }
    if !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows
}

fn mine(lines: &[Vec<u8>], layout: Layout) -> (Vec<Ticket>, Templates) {
    let mut miner = Miner::new(Config::default());
    let tickets = lines.iter().map(|l| miner.push(layout.message(l), None)).collect();
    (tickets, miner.templates())
}

fn scores(systems: &[System], csv: Option<&Path>) -> Result<(), String> {
    println!("| system | GA | PA | FGA | FTA | raw GA | raw FTA | templates (true) |");
    println!("|---|---|---|---|---|---|---|---|");
    let mut sums = [Score::default(); 2];
    for system in systems {
        let layout = |lines: &[Vec<u8>]| Layout::of(lines.iter().map(Vec::as_slice));
        let (tickets, templates) = mine(&system.contents, layout(&system.contents));
        let content = score(&tickets, &templates, &system.truth);
        let (raw_tickets, raw_templates) = mine(&system.raw, layout(&system.raw));
        let raw = score(&raw_tickets, &raw_templates, &system.truth);
        for (sum, one) in sums.iter_mut().zip([content, raw]) {
            sum.ga += one.ga / systems.len() as f64;
            sum.pa += one.pa / systems.len() as f64;
            sum.fga += one.fga / systems.len() as f64;
            sum.fta += one.fta / systems.len() as f64;
        }
        let truth: BTreeSet<&String> = system.truth.iter().collect();
        row(&system.name, content, raw, &format!("{} ({})", templates.all.len(), truth.len()));
        if let Some(folder) = csv {
            write(&folder.join(format!("{}.csv", system.name)), &tickets, &templates)?;
        }
    }
    row("**mean**", sums[0], sums[1], "");
    Ok(())
}

fn row(name: &str, content: Score, raw: Score, templates: &str) {
    let Score { ga, pa, fga, fta } = content;
    println!(
        "| {name} | {ga:.3} | {pa:.3} | {fga:.3} | {fta:.3} | {:.3} | {:.3} | {templates} |",
        raw.ga, raw.fta
    );
}

/// Grouping and template accuracy (Jiang et al. 2024, "A large-scale evaluation for log parsing
/// techniques"): a template counts when its lines are of one true template and its text is that
/// template's, byte for byte.
fn score(tickets: &[Ticket], templates: &Templates, truth: &[String]) -> Score {
    let of: Vec<usize> =
        tickets.iter().map(|t| templates.of(*t).map_or(usize::MAX, |t| t.id as usize - 1)).collect();
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut sizes: HashMap<&str, usize> = HashMap::new();
    for (line, group) in of.iter().enumerate() {
        groups.entry(*group).or_default().push(line);
        *sizes.entry(&truth[line]).or_default() += 1;
    }
    let (mut lines, mut grouped, mut worded) = (0, 0, 0);
    for (group, members) in &groups {
        let first = &truth[members[0]];
        if members.iter().any(|m| truth[*m] != *first) {
            continue;
        }
        if sizes[first.as_str()] == members.len() {
            (lines, grouped) = (lines + members.len(), grouped + 1);
        }
        worded += usize::from(templates.all[*group].text == *first);
    }
    let exact = of.iter().zip(truth).filter(|(g, t)| templates.all[**g].text == **t).count();
    let f1 = |right: usize| 2.0 * right as f64 / (groups.len() + sizes.len()) as f64;
    let share = |n: usize| n as f64 / truth.len() as f64;
    Score { ga: share(lines), pa: share(exact), fga: f1(grouped), fta: f1(worded) }
}

fn write(file: &Path, tickets: &[Ticket], templates: &Templates) -> Result<(), String> {
    let mut text = "line,template_id,template\n".to_owned();
    for (line, ticket) in tickets.iter().enumerate() {
        if let Some(template) = templates.of(*ticket) {
            let quoted = template.text.replace('"', "\"\"");
            text.push_str(&format!("{},{},\"{quoted}\"\n", line + 1, template.id));
        }
    }
    std::fs::write(file, text).map_err(|e| format!("{}: {e}", file.display()))
}

/// Processor seconds of this process, from the kernel's count in nanoseconds.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

/// The most memory that this process had, in MB.
fn peak() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

fn speed(systems: &[System], repeat: usize) {
    let lines: usize = systems.iter().map(|s| s.contents.len()).sum();
    println!("\n| the contents | lines | lines/s of processor time |\n|---|---|---|");
    for times in [1, repeat] {
        let begin = cpu();
        for system in systems {
            let mut miner = Miner::new(Config::default());
            for _ in 0..times {
                for line in &system.contents {
                    miner.push(line, None);
                }
            }
            miner.templates();
        }
        let seconds = cpu() - begin;
        println!("| {times} times over | {} | {:.0} |", lines * times, (lines * times) as f64 / seconds);
    }
}

/// Streams made here, larger than any memory they are allowed.
fn streams(bytes: usize) {
    println!("\n| a generated stream | MB | templates | MB/s of processor time | lines/s | peak MB |");
    println!("|---|---|---|---|---|---|");
    type Line = fn(&mut Random, u64, &mut String);
    let kinds: [(&str, Line, usize); 4] = [
        ("a service's log", service, bytes),
        ("a name of its own in each line", named, bytes / 8),
        ("a million different templates", different, bytes / 10),
        ("every word new in every line", random, bytes / 16),
    ];
    for (name, line, bytes) in kinds {
        // Made in blocks beforehand, so that making them is not measured.
        let (mut random, mut number, mut pushed, mut lines, mut seconds) = (Random(7), 0, 0, 0u64, 0.0);
        let mut miner = Miner::new(Config::default());
        while pushed < bytes {
            let (mut block, mut ends) = (String::new(), Vec::new());
            while block.len() < 8 << 20 {
                line(&mut random, number, &mut block);
                ends.push(block.len());
                number += 1;
            }
            let begin = cpu();
            let mut from = 0;
            for end in &ends {
                miner.push(&block.as_bytes()[from..*end], None);
                from = *end;
            }
            seconds += cpu() - begin;
            pushed += block.len();
            lines += ends.len() as u64;
        }
        let begin = cpu();
        let templates = miner.templates().all.len();
        seconds += cpu() - begin;
        let megabytes = pushed as f64 / f64::from(1 << 20);
        println!(
            "| {name} | {megabytes:.0} | {templates} | {:.1} | {:.0} | {:.0} |",
            megabytes / seconds,
            lines as f64 / seconds,
            peak()
        );
    }
}

/// Marsaglia's xorshift (2003).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

fn word(mut seed: u64) -> String {
    seed = (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (0..4 + seed % 5).map(|i| char::from(b'a' + (seed >> (7 + i * 5) & 31) as u8 % 26)).collect()
}

fn service(random: &mut Random, _: u64, out: &mut String) {
    let kind = random.next() % 300;
    let (a, b) = (random.next(), random.next());
    out.push_str(&format!("{} {} the {} of {}", word(kind), word(kind * 7), word(kind * 3), word(kind * 5)));
    match kind % 5 {
        0 => out.push_str(&format!(" from 10.{}.{}.7:{} in {}ms", a % 256, b % 256, a % 65536, b % 900)),
        1 => out.push_str(&format!(" with id={a:016x}, size={} and state=OK", b % 100_000)),
        2 => out.push_str(&format!(" in /var/lib/{}/seg-{} after {} tries", word(kind), a % 1000, b % 9)),
        3 => out.push_str(&format!(" for user {}: {}.{} s", word(a % 50), b % 10, a % 1000)),
        _ => out.push_str(" is complete"),
    }
}

fn named(random: &mut Random, _: u64, out: &mut String) {
    out.push_str(&format!("session of {} was closed after {} ms", word(random.next()), random.next() % 999));
}

fn different(random: &mut Random, number: u64, out: &mut String) {
    let words = [number % 1000, number / 1000, number, number + 5].map(word);
    out.push_str(&format!(
        "{} {} the {} by {} in {} ms",
        words[0],
        words[1],
        words[2],
        words[3],
        random.next() % 99
    ));
}

fn random(random: &mut Random, _: u64, out: &mut String) {
    out.push_str(&(0..10).map(|_| word(random.next())).collect::<Vec<_>>().join(" "));
}
