//! For rule authors: try rules without the command line tool.
//!
//! `cargo run -q -p ecoops-core --example rules -- test DIR...` runs the examples of all rules below DIR;
//! `... -- scan DIR PATH...` scans files and folders with them;
//! `... -- tree LANGUAGE FILE` prints a file's syntax tree;
//! `... -- time DIR PATH...` scans on one thread and says how long it took.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods)]

use ecoops_core::domain::RepoPath;
use ecoops_core::engines::code::language::Language;
use ecoops_core::engines::code::ruleset::RuleSet;
use ecoops_core::engines::code::scan::scan_text;
use ecoops_core::engines::code::syntax::parse_tree;
use ecoops_core::engines::code::testing::run_examples;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test", folders @ ..] if !folders.is_empty() => test(folders),
        ["scan", rules, paths @ ..] if !paths.is_empty() => scan(rules, paths, true),
        ["time", rules, paths @ ..] if !paths.is_empty() => scan(rules, paths, false),
        ["tree", language, file] => tree(language, file),
        _ => {
            Err("usage: rules test DIR... | scan DIR PATH... | time DIR PATH... | tree LANGUAGE FILE".into())
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

fn load(folders: &[&str]) -> Result<RuleSet, String> {
    let mut files = Vec::new();
    for folder in folders {
        for path in files_below(Path::new(folder)) {
            if path.extension().is_some_and(|e| e == "yml" || e == "yaml") {
                let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
                files.push((path.display().to_string(), text));
            }
        }
    }
    files.sort();
    RuleSet::load(&files).map_err(|e| e.to_string())
}

fn test(folders: &[&str]) -> Result<bool, String> {
    let rules = load(folders)?;
    let results = run_examples(&rules);
    let mut failed = 0;
    for result in &results {
        if let Some(why) = &result.failure {
            failed += 1;
            println!("{} (example {}, {}): {why}", result.rule, result.number, result.language);
            println!("    in {}", result.file);
        }
    }
    println!("{} rules, {} examples, {failed} failed", rules.rules().len(), results.len());
    Ok(failed == 0)
}

fn scan(rules: &str, paths: &[&str], show: bool) -> Result<bool, String> {
    let rules = load(&[rules])?;
    let (mut found, mut parsed, mut scanned, mut bytes) = (0, 0, 0, 0);
    let started = Instant::now();
    for path in paths.iter().flat_map(|p| files_below(Path::new(p))) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let Ok(name) = RepoPath::new(path.to_string_lossy().trim_start_matches(['/', '.'])) else { continue };
        let report = scan_text(&rules, &name, &text);
        scanned += 1;
        bytes += text.len();
        parsed += usize::from(report.parsed);
        found += report.findings.len();
        for finding in report.findings.iter().filter(|_| show) {
            let (line, column) = finding.location.start;
            println!("{}:{line}:{column}: {} [{}]", path.display(), finding.message, finding.rule);
            println!("    {}", text.lines().nth(line as usize - 1).unwrap_or("").trim());
        }
        report.notes.iter().for_each(|note| eprintln!("{note}"));
    }
    let seconds = started.elapsed().as_secs_f64();
    let mb = bytes as f64 / 1e6;
    eprintln!(
        "{} rules, {scanned} files ({parsed} parsed), {mb:.1} MB, {found} findings, {seconds:.2} s, {:.1} MB/s",
        rules.rules().len(),
        mb / seconds
    );
    Ok(found == 0)
}

fn tree(language: &str, file: &str) -> Result<bool, String> {
    let language = Language::from_name(language).ok_or("no such language")?;
    let text = std::fs::read_to_string(file).map_err(|e| e.to_string())?;
    let tree = parse_tree(language, &text).map_err(|e| e.to_string())?;
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let field = cursor.field_name().map(|f| format!("{f}: ")).unwrap_or_default();
        let leaf = if node.child_count() == 0 { text.get(node.byte_range()).unwrap_or("") } else { "" };
        let name = if node.is_named() { node.kind().to_owned() } else { format!("{:?}", node.kind()) };
        println!("{}{field}{name} {leaf}", "  ".repeat(cursor.depth() as usize));
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return Ok(true);
            }
        }
    }
}

fn files_below(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![path.to_path_buf()];
    while let Some(path) = open.pop() {
        if path.is_symlink() {
            continue;
        }
        if path.is_file() {
            found.push(path);
        } else if path.file_name().is_none_or(|n| n != ".git") {
            open.extend(std::fs::read_dir(&path).into_iter().flatten().flatten().map(|e| e.path()));
        }
    }
    found
}
