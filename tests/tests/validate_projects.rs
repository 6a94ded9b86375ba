//! Validation of small real projects with the real tools, in the real cage: each is broken by a fix, and
//! each has a test that fails without it.

// Helpers of tests are tests, which clippy does not see.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use ecoops_core::domain::{ContentHash, LayerOutcome, RepoPath, Verdict};
use ecoops_core::pipeline::validate::checks::{Cage, Detected, Surroundings, ValidateSettings, plan};
use ecoops_core::pipeline::validate::{Request, tool_works, validate};
use ecoops_core::ports::workspace::Side;
use ecoops_plugins::runner::local::{LocalRunner, Settings};
use ecoops_plugins::runner::tools;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;

/// A project, the file that a fix changes, and its texts: without a fix, with a good and with a bad one.
struct Project<'a> {
    files: &'a [(&'a str, &'a str)],
    changed: &'a str,
    before: &'a str,
    good: &'a str,
    bad: &'a str,
}

struct Ground {
    runner: LocalRunner,
    copy: TempDir,
    _scratch: TempDir,
}

fn ground(project: &Project<'_>) -> Ground {
    let (scratch, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (path, text) in project.files.iter().chain([&(project.changed, project.before)]) {
        let path = copy.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let homes = tools::find(&home, &|name| std::env::var(name).ok());
    let settings = Settings {
        launcher: env!("CARGO_BIN_EXE_ecoops-sandbox").into(),
        launcher_arguments: Vec::new(),
        path: std::env::var("PATH").unwrap(),
        scratch: scratch.path().to_path_buf(),
        readable: homes.readable,
        environment: homes.environment,
    };
    Ground { runner: LocalRunner::new(settings), copy, _scratch: scratch }
}

impl Ground {
    fn plan(&self, project: &Project<'_>) -> Detected {
        let names = project.files.iter().map(|(p, _)| *p).chain([project.changed]);
        let mut paths: Vec<RepoPath> = names.map(|p| RepoPath::new(p).unwrap()).collect();
        paths.sort();
        let cage = Cage {
            root: self.copy.path().to_path_buf(),
            writable: Vec::new(),
            deadline_seconds: 60,
            memory_bytes: 4 << 30,
        };
        let none = AtomicBool::new(false);
        let around = Surroundings {
            paths: &paths,
            read: &|p| std::fs::read_to_string(self.copy.path().join(p.as_str())).ok(),
            works: &|command| tool_works(&self.runner, &cage, command, &none),
            exists: &|p| self.copy.path().join(p).exists(),
        };
        plan(&ValidateSettings::default(), &around, &[RepoPath::new(project.changed).unwrap()], &cage)
    }

    fn judge(&self, project: &Project<'_>, planned: &Detected, fixed: &str) -> Verdict {
        let place = |side| {
            let text = if side == Side::Before { project.before } else { fixed };
            std::fs::write(self.copy.path().join(project.changed), text).map_err(|e| e.to_string())
        };
        let request = Request {
            checks: &planned.checks,
            unchecked: &planned.unchecked,
            done: Vec::new(),
            place: &place,
            baseline: None::<&ContentHash>,
            cache: None,
            progress: &|_| {},
            redact: &str::to_owned,
            cancel: &AtomicBool::new(false),
        };
        validate(request, &self.runner).unwrap().verdict
    }
}

/// Whether a tool of this machine answers; a project of another language is then not tested.
fn has(tool: &str) -> bool {
    let found = std::process::Command::new(tool).arg("--version").output().is_ok_and(|o| o.status.success());
    if !found {
        eprintln!("not tested: {tool} is not installed");
    }
    found
}

fn story(project: &Project<'_>, newly: &str) {
    let ground = ground(project);
    let planned = ground.plan(project);
    assert!(!planned.checks.is_empty(), "{:?}", planned.unchecked);
    let good = ground.judge(project, &planned, project.good);
    assert!(good.passed(), "{good:#?}");
    let test = |v: &Verdict| v.layers.iter().rfind(|l| l.name == "test").cloned().unwrap();
    let outcome = test(&good).outcome;
    assert!(matches!(outcome, LayerOutcome::FailedBefore { .. }), "the old failure stays: {outcome:?}");
    let bad = ground.judge(project, &planned, project.bad);
    assert!(!bad.passed());
    match test(&bad).outcome {
        LayerOutcome::Failed { why } => {
            let first = why.lines().next().unwrap_or_default();
            assert!(first.contains(newly) && !first.contains("old"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    assert!(Path::new(project.changed).is_relative());
}

#[test]
fn python_unittest() {
    if !has("python3") {
        return;
    }
    let tests = "import unittest\nfrom calc import add\n\nclass T(unittest.TestCase):\n    def test_adds(self):\n        self.assertEqual(add(1, 2), 3)\n\n    def test_old(self):\n        self.fail('always')\n";
    story(
        &Project {
            files: &[("tests/__init__.py", ""), ("tests/test_calc.py", tests)],
            changed: "calc.py",
            before: "def add(a, b):\n    return a + b\n",
            good: "def add(a, b):\n    return b + a\n",
            bad: "def add(a, b):\n    return a - b\n",
        },
        "test_adds",
    );
}

#[test]
fn cargo() {
    if !has("cargo") {
        return;
    }
    let tests = "#[test]\nfn adds() { assert_eq!(calc::add(1, 2), 3) }\n#[test]\nfn old() { panic!() }\n";
    story(
        &Project {
            files: &[
                (
                    "Cargo.toml",
                    "[package]\nname = \"calc\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[lib]\ndoctest = false\n",
                ),
                ("tests/calc.rs", tests),
            ],
            changed: "src/lib.rs",
            before: "pub fn add(a: i32, b: i32) -> i32 { a + b }\n",
            good: "pub fn add(a: i32, b: i32) -> i32 { b + a }\n",
            bad: "pub fn add(a: i32, b: i32) -> i32 { a - b }\n",
        },
        "adds",
    );
}

#[test]
fn a_build_that_breaks_stops_the_tests() {
    if !has("cargo") {
        return;
    }
    let project = Project {
        files: &[("Cargo.toml", "[package]\nname = \"calc\"\nversion = \"0.1.0\"\nedition = \"2021\"\n")],
        changed: "src/lib.rs",
        before: "pub fn one() -> i32 { 1 }\n",
        good: "",
        bad: "pub fn one() -> i32 { \"1\" }\n",
    };
    let ground = ground(&project);
    let verdict = ground.judge(&project, &ground.plan(&project), project.bad);
    let outcomes: Vec<_> = verdict.layers.iter().map(|l| &l.outcome).collect();
    assert!(
        matches!(outcomes[0], LayerOutcome::Failed { why } if why.contains("mismatched types")),
        "{verdict:#?}"
    );
    assert!(matches!(outcomes[1], LayerOutcome::Skipped { why } if why == "build failed"), "{verdict:#?}");
}

#[test]
fn node() {
    if !has("npm") {
        return;
    }
    let tests = "const { test } = require('node:test');\nconst assert = require('node:assert');\nconst { add } = require('./calc.js');\ntest('adds', () => assert.strictEqual(add(1, 2), 3));\ntest('old', () => assert.fail('always'));\n";
    story(
        &Project {
            files: &[("package.json", "{\"scripts\": {\"test\": \"node --test\"}}"), ("calc.test.js", tests)],
            changed: "calc.js",
            before: "exports.add = (a, b) => a + b;\n",
            good: "exports.add = (a, b) => b + a;\n",
            bad: "exports.add = (a, b) => a - b;\n",
        },
        "adds",
    );
}

#[test]
fn make() {
    if !has("make") {
        return;
    }
    let makefile = "check:\n\t@test \"$$(cat value.c)\" = good && echo 'ok 1 - value' || echo 'not ok 1 - value'\n\t@echo 'not ok 2 - old'; exit 1\n";
    story(
        &Project {
            files: &[("Makefile", makefile)],
            changed: "value.c",
            before: "good",
            good: "good\n",
            bad: "bad",
        },
        "value",
    );
}

#[test]
fn go() {
    if !std::process::Command::new("go").arg("version").output().is_ok_and(|o| o.status.success()) {
        eprintln!("not tested: go is not installed");
        return;
    }
    let tests = "package calc\n\nimport \"testing\"\n\nfunc TestAdds(t *testing.T) {\n\tif Add(1, 2) != 3 {\n\t\tt.Fail()\n\t}\n}\n\nfunc TestOld(t *testing.T) { t.Fail() }\n";
    story(
        &Project {
            files: &[("go.mod", "module example.com/calc\n\ngo 1.20\n"), ("calc_test.go", tests)],
            changed: "calc.go",
            before: "package calc\n\nfunc Add(a, b int) int { return a + b }\n",
            good: "package calc\n\nfunc Add(a, b int) int { return b + a }\n",
            bad: "package calc\n\nfunc Add(a, b int) int { return a - b }\n",
        },
        "TestAdds",
    );
}
