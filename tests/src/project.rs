//! A small Python project with a test suite, in a home whose only rules are five of its own: what a
//! user's journey through scan, fix and undo is told on. The built-in rules may change; these do not.

use crate::home::{Home, Ran, binary, write};
use crate::repository::{Snapshot, differences, snapshot_of};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Safe, unsafe and manual fixes of plain Python.
pub const RULES: &str = r#"rules:
  - {id: own-none, title: Comparison with None by ==, severity: low, confidence: high, tier: safe,
     category: reliability, languages: [python], why: Another object may say that it equals None.,
     remedy: Use is., link: "https://example.org/none", match: {pattern: $X == None},
     fix: [{replace: $X is None}], examples: [{bad: "x == None\n", fixed: "x is None\n"}, {good: "x is None\n"}]}
  - {id: own-old, title: A name that goes away, severity: medium, confidence: high, tier: safe,
     category: generated, languages: [python], why: It is going away., remedy: Use the new one.,
     link: "https://example.org/old", match: {pattern: old_name($X)}, fix: [{replace: new_name($X)}],
     examples: [{bad: "old_name(1)\n", fixed: "new_name(1)\n"}, {good: "new_name(1)\n"}]}
  - {id: own-load, title: Document loaded with any object in it, severity: high, confidence: high, tier: unsafe,
     category: security, languages: [python], cwe: [502], why: It may run code., remedy: Load it safely.,
     link: "https://example.org/load", match: {pattern: loader.load($X)}, fix: [{replace: loader.safe_load($X)}],
     examples: [{bad: "loader.load(x)\n", fixed: "loader.safe_load(x)\n"}, {good: "loader.safe_load(x)\n"}]}
  - {id: own-eval, title: Text run as a program, severity: critical, confidence: high, tier: manual,
     category: security, languages: [python], why: Anything may run., remedy: Parse it.,
     link: "https://example.org/eval", match: {pattern: eval($X)},
     examples: [{bad: "eval(x)\n"}, {good: "int(x)\n"}]}
  - {id: own-remark, title: A matter of taste, severity: info, confidence: low, tier: manual, persona: pedantic,
     category: technology, languages: [python], why: Some like it otherwise., remedy: Consider it.,
     link: "https://example.org/taste", match: {pattern: taste($X)},
     examples: [{bad: "taste(x)\n"}, {good: "x\n"}]}
"#;

/// Ids of all rules in [`RULES`], as `--rule` takes them.
pub const OWN: &str = "own-*";

/// Code with one safe, one unsafe and one manual finding.
pub const APP: &str = "\
import loader


def new_name(x):
    return x


def missing(x):
    return x == None


def read(text):
    return loader.load(text)
";

pub const LOADER: &str = "def load(text):\n    return text\n\n\ndef safe_load(text):\n    return text\n";

pub const TESTS: &str = "\
import unittest

import app


class AppTest(unittest.TestCase):
    def test_missing(self):
        self.assertTrue(app.missing(None))
        self.assertFalse(app.missing(1))

    def test_read(self):
        self.assertEqual(app.read(\"a\"), \"a\")
";

/// A home with [`RULES`] and a repository.
#[derive(Debug)]
pub struct Project {
    pub home: Home,
    pub root: PathBuf,
}

impl Project {
    /// With these files committed. Memory is off: embedding is slow in a debug build.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let home = Home::new();
        let root = home.repo(files);
        let project = Self { home, root };
        project.git(&["config", "user.name", "Tester"]);
        project.git(&["config", "user.email", "tester@example.org"]);
        project.configure("[memory]\nenabled = false\n");
        project
    }

    /// [`APP`] with its tests.
    pub fn app() -> Self {
        Self::new(&[("app.py", APP), ("loader.py", LOADER), ("test_app.py", TESTS)])
    }

    /// The user's own settings, beside the rules of this project.
    pub fn configure(&self, more: &str) {
        let rules = self.home.path().join("rules/own.yml");
        write(&rules, RULES);
        let settings = format!("scan.rules = [{:?}]\n{more}", rules.display().to_string());
        write(&self.state("config/config.toml"), &settings);
    }

    /// A path below the folder of ecoops.
    pub fn state(&self, name: &str) -> PathBuf {
        self.home.path().join("home/ecoops").join(name)
    }

    /// Runs ecoops at the top of the repository.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command().args(arguments))
    }

    /// The binary at the top of the repository. Only the system's own tools are on its path: a version
    /// manager's shims do not work in another home.
    pub fn command(&self) -> Command {
        let mut command = self.home.command(binary(), &self.root);
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command
    }

    /// Runs `fix` with this project's rules only.
    pub fn fix(&self, arguments: &[&str]) -> Ran {
        self.run(&[&["fix", "--rule", OWN], arguments].concat())
    }

    /// Runs `scan` with this project's rules only.
    pub fn scan(&self, arguments: &[&str]) -> Ran {
        self.run(&[&["scan", "--rule", OWN], arguments].concat())
    }

    /// `rule path:line` of what a scan finds, with further arguments; the scan must not fail.
    pub fn found(&self, arguments: &[&str]) -> Vec<String> {
        let ran = self.scan(&[arguments, &["--output", "json"]].concat());
        assert!([0, 1, 3].contains(&ran.code), "{arguments:?}: {} {}", ran.code, ran.stderr);
        let found = findings(&ran.stdout);
        assert_eq!(ran.code == 1, !found.is_empty(), "{arguments:?}: exit {} with {found:?}", ran.code);
        found
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        self.home.git(&self.root, arguments)
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().expect("it is below the root")).expect("folders");
        std::fs::write(path, text).expect("a file");
    }

    pub fn read(&self, path: &str) -> String {
        String::from_utf8_lossy(&self.bytes(path)).into_owned()
    }

    pub fn bytes(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.root.join(path)).expect("a file")
    }

    /// All of the working tree and git's folder but its objects and logs.
    pub fn snapshot(&self) -> Snapshot {
        snapshot_of(&self.root, true)
    }

    /// Of the working tree what can be read, by whom the tests are run: names and contents.
    pub fn snapshot_readable(&self) -> Vec<(PathBuf, Option<Vec<u8>>)> {
        let mut files = Vec::new();
        let mut open = vec![self.root.clone()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                match path.is_dir() && !path.is_symlink() {
                    true if entry.file_name() != ".git" => open.push(path),
                    true => {}
                    false => files.push((path.clone(), std::fs::read(&path).ok())),
                }
            }
        }
        files.sort();
        files
    }

    /// What differs from an earlier snapshot.
    pub fn changed(&self, before: &Snapshot) -> Vec<String> {
        differences(before, &self.snapshot())
    }

    /// Folders and files that no command may leave behind: copies, temporaries, locks of git.
    pub fn leftovers(&self) -> Vec<String> {
        let mut left: Vec<String> = self
            .snapshot()
            .into_keys()
            .filter(|name| name.contains(".ecoops-") || name.ends_with(".lock"))
            .filter(|name| !name.ends_with(".ecoops-baseline.json"))
            .collect();
        let copies = self.state("cache/isolated");
        left.extend(names(&copies).into_iter().map(|name| format!("isolated/{name}")));
        left
    }

    /// The runs of this repository, newest first.
    pub fn runs(&self) -> Vec<serde_json::Value> {
        let ran = self.run(&["runs", "--output", "json"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        serde_json::from_str(&ran.stdout).expect("a list")
    }
}

/// The names in a folder; none when it is not there.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect()
}

/// `rule path:line` of each finding of a JSON report.
pub fn findings(json: &str) -> Vec<String> {
    let report: serde_json::Value = serde_json::from_str(json).expect("a report");
    let text = |v: &serde_json::Value| v.as_str().map(str::to_owned).unwrap_or_default();
    let list = report["findings"].as_array().cloned().unwrap_or_default();
    list.iter()
        .map(|f| {
            format!("{} {}:{}", text(&f["rule"]), text(&f["location"]["path"]), f["location"]["start"][0])
        })
        .collect()
}
