//! A second scan takes what it knows from the cache, and finds exactly what it would find without.

use ecoops_tests::home::{Home, write};
use serde_json::Value;
use std::path::Path;

/// The report of a scan without its times, and how many files came from the cache.
fn scan(home: &Home, repo: &Path, arguments: &[&str]) -> (Value, u64) {
    let mut all = vec!["scan", "--output", "json"];
    all.extend(arguments);
    let ran = home.ecoops(repo, &all);
    assert!(matches!(ran.code, 0 | 1), "{}", ran.stderr);
    let mut report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let stats = report.get_mut("stats").and_then(Value::as_object_mut).unwrap();
    stats.remove("millis");
    let cached = stats.remove("cached").unwrap().as_u64().unwrap();
    (report, cached)
}

/// Scans with the cache, and holds it against a scan without.
fn same(home: &Home, repo: &Path, arguments: &[&str]) -> (Value, u64) {
    let (with, cached) = scan(home, repo, arguments);
    let mut without = arguments.to_vec();
    without.push("--no-cache");
    let (fresh, none) = scan(home, repo, &without);
    assert_eq!((with.to_string(), none), (fresh.to_string(), 0));
    (with, cached)
}

fn rules(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().filter_map(|f| f["rule"].as_str()).collect()
}

const YAML_LOAD: &str = "import yaml\n\n\ndef read(text):\n    return yaml.load(text)\n";

#[test]
fn findings_are_the_same_and_changes_are_seen() {
    let home = Home::new();
    let repo = home.repo(&[
        ("a.py", YAML_LOAD),
        ("b.py", "def f(x):\n    return x == None  # ecoops: ignore[python-*]\n"),
        ("c.txt", "plain\n"),
        ("d.bin", "\0\0"),
    ]);
    let (first, cached) = same(&home, &repo, &["--persona", "pedantic"]);
    assert_eq!(cached, 0);
    assert!(!rules(&first).is_empty());
    let (second, cached) = same(&home, &repo, &["--persona", "pedantic"]);
    assert_eq!((second.to_string(), cached), (first.to_string(), 3));
    // Another set of rules knows nothing of it.
    assert_eq!(same(&home, &repo, &[]).1, 0);
    assert_eq!(same(&home, &repo, &["--persona", "pedantic"]).1, 3);

    write(&repo.join("a.py"), &format!("\n{YAML_LOAD}"));
    let (moved, cached) = same(&home, &repo, &["--persona", "pedantic"]);
    assert_eq!(cached, 2);
    assert_ne!(moved.to_string(), first.to_string());
    std::fs::rename(repo.join("a.py"), repo.join("e.py")).unwrap();
    assert_eq!(same(&home, &repo, &["--persona", "pedantic"]).1, 2, "a path is part of a result");
}

#[test]
fn what_the_project_declares_is_looked_at_anew() {
    let home = Home::new();
    let repo = home.repo(&[
        ("requirements.txt", "requests\n"),
        ("a.py", "import requests\nimport inventedly\n"),
        ("b.py", "import requests\n"),
    ]);
    let undeclared = |report: &Value| rules(report).iter().filter(|r| **r == "undeclared-dependency").count();
    let all = ["--persona", "pedantic"];
    let (before, _) = same(&home, &repo, &all);
    assert_eq!(undeclared(&before), 1);
    assert_eq!(same(&home, &repo, &all).1, 3, "nothing changed");
    write(&repo.join("requirements.txt"), "requests\ninventedly\n");
    assert_eq!(undeclared(&same(&home, &repo, &all).0), 0);
    write(&repo.join("requirements.txt"), "inventedly\n");
    assert_eq!(undeclared(&same(&home, &repo, &all).0), 2);
}

#[test]
fn a_cache_that_cannot_be_used_is_none() {
    let home = Home::new();
    let repo = home.repo(&[("a.py", YAML_LOAD)]);
    let (first, _) = same(&home, &repo, &[]);
    let folder = home.path().join("home/ecoops/cache/scan");
    for file in std::fs::read_dir(&folder).unwrap() {
        std::fs::write(file.unwrap().path(), "something else").unwrap();
    }
    let (second, cached) = same(&home, &repo, &[]);
    assert_eq!((second.to_string(), cached), (first.to_string(), 0));
    assert_eq!(same(&home, &repo, &[]).1, 1, "it was repaired");
    std::fs::remove_dir_all(&folder).unwrap();
    write(&folder, "a file is in the way");
    let (third, cached) = scan(&home, &repo, &[]);
    assert_eq!((rules(&third), cached), (rules(&first), 0));
}
