//! Files, and stdin, that were named on the command line: opened, read, or put together as a bundle.

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::interrupt::waiting;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Opens a file to be read; `-` is stdin.
///
/// # Errors
/// [`Failure`] when there is none (exit 3), or it is a folder or may not be read.
pub fn open(app: &App, path: &Path) -> Result<Box<dyn Read + Send>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(std::io::stdin()));
    }
    let failed = || Failure::new(format!("{} cannot be read", path.display()));
    let path = app.here.join(path);
    let file = File::open(&path).map_err(|e| {
        let failure = failed().because(&e);
        if e.kind() == std::io::ErrorKind::NotFound { failure.exit(Exit::Nothing) } else { failure }
    })?;
    if file.metadata().is_ok_and(|about| about.is_dir()) {
        return Err(failed().next("name a file: it is a folder"));
    }
    Ok(Box::new(file))
}

/// All of a file, up to `most` bytes.
///
/// # Errors
/// As [`open`], or when it is longer.
pub fn read_whole(app: &App, path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let failed = || Failure::new(format!("{} cannot be read", path.display()));
    let file = open(app, path)?;
    let mut bytes = Vec::new();
    waiting(|| file.take(most + 1).read_to_end(&mut bytes)).map_err(|e| failed().because(&e))?;
    if bytes.len() as u64 > most {
        return Err(Failure::new(format!("{} is longer than {} MiB", path.display(), most >> 20))
            .next("give a part of it"));
    }
    Ok(bytes)
}

/// Loose files, put together as a bundle for as long as this lives.
#[derive(Debug)]
pub struct Loose {
    pub folder: TempDir,
    /// The files as the user named them.
    pub label: String,
}

/// Puts loose files together as a bundle: metrics, changes, events, traces and topology by their names, all
/// else as logs. The files are linked where that is possible.
///
/// # Errors
/// [`Failure`] naming the file that cannot be read.
pub fn bundle(app: &App, names: &[PathBuf]) -> Result<Loose, Failure> {
    let failed = |name: &Path, e: &dyn std::error::Error| {
        Failure::new(format!("{} cannot be read", name.display())).because(e)
    };
    std::fs::create_dir_all(&app.folders.cache).map_err(|e| failed(&app.folders.cache, &e))?;
    let folder = tempfile::tempdir_in(&app.folders.cache).map_err(|e| failed(&app.folders.cache, &e))?;
    std::fs::create_dir(folder.path().join("logs")).map_err(|e| failed(folder.path(), &e))?;
    for name in names {
        if name == Path::new("-") {
            let copy = File::create(folder.path().join("logs/stream.log"));
            copy.and_then(|mut copy| waiting(|| std::io::copy(&mut std::io::stdin(), &mut copy)))
                .map_err(|e| failed(name, &e))?;
            continue;
        }
        let path = app.here.join(name);
        drop(open(app, name)?);
        let mut place = folder.path().join(otlp(&path).map_or_else(|| part(&path), str::to_owned));
        // Two files of one name are two instances.
        let mut number = 1;
        while place.exists() {
            number += 1;
            let name = place.file_name().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            let (stem, suffix) = name.split_once('.').unwrap_or((&name, ""));
            let suffix = suffix.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches('.');
            let numbered = format!("{stem}.{number}.{suffix}");
            place.set_file_name(numbered);
        }
        let linked = std::fs::hard_link(&path, &place);
        if linked.is_err() {
            std::fs::copy(&path, &place).map_err(|e| failed(name, &e))?;
        }
    }
    Ok(Loose { folder, label: label(names) })
}

/// The files as a message names them: the first three.
fn label(names: &[PathBuf]) -> String {
    let shown = names.iter().take(3).map(|name| match name == Path::new("-") {
        true => "stdin".to_owned(),
        false => name.display().to_string(),
    });
    let mut shown: Vec<String> = shown.collect();
    if names.len() > shown.len() {
        shown.push(format!("{} more", names.len() - shown.len()));
    }
    shown.join(", ")
}

/// The part that a file of OTLP's JSON is, by its first bytes.
fn otlp(path: &Path) -> Option<&'static str> {
    let json = path.extension().is_some_and(|e| e == "json" || e == "jsonl");
    let mut start = Vec::new();
    File::open(path).ok().filter(|_| json)?.take(8192).read_to_end(&mut start).ok()?;
    let start = String::from_utf8_lossy(&start);
    let holds = |key: &str| start.contains(&format!("\"{key}\""));
    if holds("resourceSpans") {
        Some("traces.json")
    } else if holds("resourceLogs") {
        Some("logs.json")
    } else if holds("resourceMetrics") {
        Some("metrics.json")
    } else {
        None
    }
}

/// What a file is called within a bundle.
fn part(path: &Path) -> String {
    let name = path.file_name().map(|n| n.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let is = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = stem.replace(['/', '.'], "-");
    match path.extension().and_then(|e| e.to_str()) {
        Some("gz") => format!("{}.gz", part(&path.with_extension(""))),
        Some("csv") if is(&["topology", "calls"]) => "topology.csv".to_owned(),
        Some("csv") => "metrics.csv".to_owned(),
        Some("json") if name == "incident.json" => name,
        Some("json") if is(&["trace", "span"]) => "traces.json".to_owned(),
        Some("json" | "jsonl") if is(&["change", "deploy", "release", "rollout"]) => {
            "changes.jsonl".to_owned()
        }
        Some("json" | "jsonl") if is(&["event", "alert"]) => "events.jsonl".to_owned(),
        Some("json" | "jsonl") => format!("logs/{stem}.jsonl"),
        _ => format!("logs/{stem}.log"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_part_is_told_by_its_name() {
        for (path, expected) in [
            ("/a/api.log", "logs/api.log"),
            ("/a/api.log.1", "logs/api-log.log"),
            ("syslog", "logs/syslog.log"),
            ("/a/api.log.gz", "logs/api.log.gz"),
            ("syslog.gz", "logs/syslog.log.gz"),
            ("api.jsonl", "logs/api.jsonl"),
            ("deploys.jsonl", "changes.jsonl"),
            ("k8s-events.json", "events.jsonl"),
            ("export.csv", "metrics.csv"),
            ("topology.csv", "topology.csv"),
            ("spans.json", "traces.json"),
            ("incident.json", "incident.json"),
        ] {
            assert_eq!(part(Path::new(path)), expected, "{path}");
        }
    }
}
