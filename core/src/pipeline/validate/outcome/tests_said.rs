//! Which tests a runner said passed or failed: libtest, nextest, pytest, unittest, `go test -v` and
//! `-json`, TAP, `node --test`, jest, vitest, mocha, Surefire, Gradle, phpunit's testdox, rspec's documentation.
//!
//! Every format is tried on the text and the one that names the most tests is believed, because a
//! script's name does not tell which runner it starts.

use super::errors::normalise;
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// How often a test of one name passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub passed: u32,
    pub failed: u32,
}

/// One runner's way to say it, a line a test. `name` and `state` are groups; `state` is looked up in
/// the words that mean success, and all else that the pattern admits means failure.
struct Format {
    /// Patterns of one runner share a name and are read together.
    runner: &'static str,
    line: Regex,
    good: &'static [&'static str],
}

/// Runner, pattern, and the states that mean success.
const TABLE: &[(&str, &str, &[&str])] = &[
    // `test a::b ... ok`
    ("libtest", r"^test (?P<name>.+?) \.\.\. (?P<state>ok|FAILED)", &["ok"]),
    // `    PASS [   0.003s] (1/2) crate a::b`
    (
        "nextest",
        r"^\s*(?P<state>PASS|FAIL|SIGABRT|SIGSEGV|TIMEOUT|ABORT|LEAK) \[[^\]]*\] *(\([^)]*\) )?(?P<name>.+)$",
        &["PASS", "LEAK"],
    ),
    // -rA: `PASSED tests/test_a.py::test_b`, `FAILED a.py::b - why`, `ERROR a.py`
    (
        "pytest",
        r"^(?P<state>PASSED|FAILED|ERROR|XPASS|XFAIL) (?P<name>\S+(\.py|::)\S*?(\[[^\]]*\])?)( - .*)?$",
        &["PASSED", "XFAIL"],
    ),
    // -v: `tests/test_a.py::test_b PASSED [ 50%]`
    (
        "pytest -v",
        r"^(?P<name>\S+::\S.*?) (?P<state>PASSED|FAILED|ERROR|XFAIL|XPASS)( +\[ *\d+%\])?$",
        &["PASSED", "XFAIL"],
    ),
    // -v: `test_b (tests.test_a.A.test_b) ... ok`
    (
        "unittest",
        r"^(?P<name>\w+ \([\w.]+\))(?: .*)? \.\.\. (?P<state>ok|FAIL|ERROR|expected failure|unexpected success)$",
        &["ok", "expected failure"],
    ),
    // -v: `    --- FAIL: TestA/b (0.00s)`
    ("go", r"^\s*--- (?P<state>PASS|FAIL): (?P<name>\S+)", &["PASS"]),
    // TAP, also `node --test` in a pipe: `    not ok 2 - adds # time=1`
    ("tap", r"^\s*(?P<state>ok|not ok) \d+ (- )?(?P<name>.+?)( # .*)?$", &["ok"]),
    // jest, vitest, mocha, node's spec reporter, phpunit's testdox: `  ✓ adds (3 ms)`, `  1) adds`
    (
        "javascript",
        r"^\s*(?P<state>✓|✔|√|✗|✖|✘|✕|×|\d+\)) (?P<name>.+?)( \(?[\d.]+ ?m?s\)?)?$",
        &["✓", "✔", "√"],
    ),
    // jest: `PASS src/a.test.js (5 s)`, `  ● suite › adds`; vitest: ` FAIL  src/a.test.ts > adds`
    (
        "javascript",
        r"^\s*(?P<state>PASS|FAIL) +(?P<name>\S+\.[cm]?[jt]sx?( > .+?)?)( \([\d.]+ m?s\))?$",
        &["PASS"],
    ),
    ("javascript", r"^\s*(?P<state>●) (?P<name>.+ › .+)$", &[]),
    // `ATest > adds() FAILED`
    ("gradle", r"^(?P<name>\S+ > .+?) (?P<state>PASSED|FAILED)$", &["PASSED"]),
    // Maven: `[ERROR]   ATest.adds:12 why`, `[INFO] Tests run: 3, … -- in com.ATest`
    ("surefire", r"^\[(?P<state>ERROR)\] +(?P<name>[\w.$]+\.\w+)(:\d+|  |\(| --).*$", &[]),
    (
        "surefire",
        r"^\[(?P<state>INFO)\] Tests run: \d+, Failures: 0, Errors: 0, .*(- in|-- in) (?P<name>\S+)$",
        &["INFO"],
    ),
    // `  divides (FAILED - 1)`
    ("rspec", r"^\s*(?P<name>.+) \((?P<state>FAILED) - \d+\)$", &[]),
    // `  Failed Ns.Tests.Adds [12 ms]`
    ("dotnet", r"^\s*(?P<state>Passed|Failed) (?P<name>[\w.]+(\(.*\))?) \[.*\]$", &["Passed"]),
];

static FORMATS: LazyLock<Vec<Format>> = LazyLock::new(|| {
    let compiled = |(runner, line, good): &(&'static str, &str, &'static [&'static str])| {
        Some(Format { runner, line: Regex::new(line).ok()?, good })
    };
    TABLE.iter().filter_map(compiled).collect()
});

/// unittest puts a test's description between its name and its state.
static DESCRIBED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?m)^(\w+ \([\w.]+\))\n").ok());

/// The tests of the runner whose patterns name the most.
pub fn read(text: &str) -> BTreeMap<String, Count> {
    let joined = DESCRIBED.as_ref().map(|d| d.replace_all(text, "$1 "));
    let text = joined.as_deref().unwrap_or(text);
    let mut best = go_json(text);
    for formats in FORMATS.chunk_by(|a, b| a.runner == b.runner) {
        let mut tests = BTreeMap::new();
        for format in formats {
            read_lines(text, format, &mut tests);
        }
        if tests.len() > best.len() {
            best = tests;
        }
    }
    best
}

fn read_lines(text: &str, format: &Format, tests: &mut BTreeMap<String, Count>) {
    for captures in text.lines().filter_map(|l| format.line.captures(l)) {
        let (Some(name), Some(state)) = (captures.name("name"), captures.name("state")) else { continue };
        let good = format.good.contains(&state.as_str());
        note(tests, name.as_str(), good);
    }
}

fn note(tests: &mut BTreeMap<String, Count>, name: &str, good: bool) {
    let count = tests.entry(stable(name)).or_default();
    if good { count.passed += 1 } else { count.failed += 1 }
}

/// A documentation test is named after its line, which a fix above it moves; durations change as well.
fn stable(name: &str) -> String {
    static LINE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r" \(line \d+\)").ok());
    static TIME: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r" *[\[(]?\b[\d.]+ ?(ms|s|µs)\b[\])]?$").ok());
    let mut name = name.trim().to_owned();
    for pattern in [&*LINE, &*TIME].into_iter().flatten() {
        name = pattern.replace_all(&name, "").into_owned();
    }
    if name.contains("0x") { normalise(&name) } else { name }
}

/// `go test -json`: one event a line; those with a test and an end count.
fn go_json(text: &str) -> BTreeMap<String, Count> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Event {
        action: String,
        package: Option<String>,
        test: Option<String>,
    }
    let mut tests = BTreeMap::new();
    for line in text.lines().filter(|l| l.starts_with('{') && l.contains("\"Action\"")) {
        let Ok(event) = serde_json::from_str::<Event>(line) else { continue };
        if let (Some(test), "pass" | "fail") = (&event.test, event.action.as_str()) {
            let name = format!("{} {test}", event.package.unwrap_or_default());
            note(&mut tests, &name, event.action == "pass");
        }
    }
    tests
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        let states = read(text).into_iter().map(|(name, c)| format!("{name}={}/{}", c.passed, c.failed));
        states.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(FORMATS.len(), TABLE.len());
    }

    #[test]
    fn each_runner_is_understood() {
        for (text, expected) in [
            (
                "running 2 tests\ntest a::works ... ok\ntest a::breaks ... FAILED\n\nfailures:\n    a::breaks\n",
                "a::breaks=0/1; a::works=1/0",
            ),
            ("test src/lib.rs - add (line 12) ... ok\n", "src/lib.rs - add=1/0"),
            ("test t ... ok\ntest t ... FAILED\n", "t=1/1"),
            (
                "    PASS [   0.003s] (1/2) crate a::b\n    FAIL [   0.011s] (2/2) crate a::c\n",
                "crate a::b=1/0; crate a::c=0/1",
            ),
            (
                "PASSED tests/test_a.py::test_b\nFAILED tests/test_a.py::test_c[1-x y] - assert 1 == 2\nERROR tests/test_d.py\n",
                "tests/test_a.py::test_b=1/0; tests/test_a.py::test_c[1-x y]=0/1; tests/test_d.py=0/1",
            ),
            ("tests/test_a.py::test_b PASSED     [ 50%]\n", "tests/test_a.py::test_b=1/0"),
            (
                "test_b (tests.test_a.A.test_b) ... ok\ntest_c (tests.test_a.A.test_c) ... FAIL\n",
                "test_b (tests.test_a.A.test_b)=1/0; test_c (tests.test_a.A.test_c)=0/1",
            ),
            (
                "=== RUN   TestA\n--- FAIL: TestA (0.00s)\n    --- PASS: TestA/b (0.00s)\n",
                "TestA=0/1; TestA/b=1/0",
            ),
            (
                "{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"TestA\"}\n{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"TestA\"}\n{\"Action\":\"pass\",\"Package\":\"p\"}\n",
                "p TestA=1/0",
            ),
            ("TAP version 13\nok 1 - adds\n    not ok 2 - divides # time=1\n", "adds=1/0; divides=0/1"),
            ("  ✓ adds (3 ms)\n  ✕ divides (1.5 ms)\n", "adds=1/0; divides=0/1"),
            ("✔ adds (0.4ms)\n✖ divides (0.8ms)\n", "adds=1/0; divides=0/1"),
            (
                "ATest > adds() PASSED\nATest > divides() FAILED\n",
                "ATest > adds()=1/0; ATest > divides()=0/1",
            ),
            (
                "[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.1 s -- in com.BTest\n[ERROR]   ATest.adds:12 expected: <1>\n",
                "ATest.adds=0/1; com.BTest=1/0",
            ),
            (
                "test_b (t.A.test_b)\nIt is said. ... ok\ntest_c (t.A.test_c) ... FAIL\n",
                "test_b (t.A.test_b)=1/0; test_c (t.A.test_c)=0/1",
            ),
            (
                "PASS src/a.test.js\nFAIL src/b.test.js (5.1 s)\n  ● sums › adds\n",
                "src/a.test.js=1/0; src/b.test.js=0/1; sums › adds=0/1",
            ),
            (" FAIL  src/a.test.ts > sums > adds\n", "src/a.test.ts > sums > adds=0/1"),
            ("  ✓ adds\n  1) divides\n", "adds=1/0; divides=0/1"),
            ("sums\n  adds\n  divides (FAILED - 1)\n", "divides=0/1"),
            ("  Passed N.T.Adds [3 ms]\n  Failed N.T.Divides [1 s]\n", "N.T.Adds=1/0; N.T.Divides=0/1"),
            ("nothing of the kind\n", ""),
            ("", ""),
        ] {
            assert_eq!(said(text), expected, "{text}");
        }
    }
}
