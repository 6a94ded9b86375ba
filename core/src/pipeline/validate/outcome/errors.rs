//! Error lines of any tool, with what changes from run to run taken out.

use regex::Regex;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// More distinct lines than this tell nothing more.
const MOST: usize = 2000;

fn pattern(text: &str) -> Regex {
    #[allow(clippy::expect_used)] // a constant of this file, compiled in its tests
    Regex::new(text).expect("constant pattern")
}

/// ECMA-48 control sequences and operating-system commands.
static ESCAPES: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\-_])"));
static TELLING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\berrors?\b|\bfail(ed|ure|ures|ing|s)?\b|panick?|exception|\bassert|traceback|undefined|unresolved|cannot|\bfatal\b|segmentation|not ok|^\s*\S+:\d+(:\d+)?:? ",
    )
});
/// Tools that say that nothing failed.
static HARMLESS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(0|no) (errors?|fail(ed|ures?|ing)?)\b|^\s*(ok|pass(ed)?|✓|√|✔|---? PASS|test .* \.\.\. ok)\b|^#? ?fail 0$",
    )
});
/// Addresses, hashes, durations, and every other number.
static CHANGING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"0x[0-9a-fA-F]+|\b[0-9a-f]{12,64}\b|\d+(\.\d+)?\s*(ms|s|sec|seconds|µs)\b|\d+")
});
static SPACES: LazyLock<Regex> = LazyLock::new(|| pattern(r"\s+"));

/// Both streams as one text without colours and with plain line ends.
pub fn plain(stdout: &[u8], stderr: &[u8]) -> String {
    let both = [String::from_utf8_lossy(stdout), String::from_utf8_lossy(stderr)].join("\n");
    ESCAPES.replace_all(&both, "").replace("\r\n", "\n").replace('\r', "\n")
}

pub fn is_error(line: &str) -> bool {
    TELLING.is_match(line) && !HARMLESS.is_match(line)
}

/// The error lines, normalised, with their number.
pub fn error_lines(text: &str) -> BTreeMap<String, u32> {
    let mut lines = BTreeMap::new();
    for line in text.lines().filter(|l| is_error(l)) {
        let line = normalise(line);
        if lines.len() < MOST || lines.contains_key(&line) {
            *lines.entry(line).or_insert(0) += 1;
        }
    }
    lines
}

/// One line without places, times, addresses and indentation: two runs of the same failure agree.
pub fn normalise(line: &str) -> String {
    let line: String = line.chars().take(400).collect();
    SPACES.replace_all(CHANGING.replace_all(&line, "N").trim(), " ").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_from_run_to_run_is_taken_out() {
        for (a, b) in [
            ("error[E0425]: a.rs:3:4", "error[E0425]: a.rs:17:9"),
            ("panicked at 0xdeadbeef after 12ms", "panicked at 0x7f after 3.5 s"),
            ("  FAILED (failures=2)", "FAILED (failures=3)"),
            ("failed: 0123456789abcdef0123", "failed: ffffffffffffffff"),
        ] {
            assert_eq!(normalise(a), normalise(b));
        }
    }

    #[test]
    fn errors_are_told_from_the_rest() {
        for (line, expected) in [
            ("error: cannot find value", true),
            ("src/a.py:3:1: F401 unused", true),
            ("Traceback (most recent call last):", true),
            ("not ok 3 - adds", true),
            ("found 0 errors", false),
            ("test errors::work ... ok", false),
            ("# fail 0", false),
            ("Compiling foo v1.0", false),
            ("test result: ok. 3 passed; 0 failed; 0 ignored", false),
        ] {
            assert_eq!(is_error(line), expected, "{line}");
        }
    }

    #[test]
    fn colours_and_carriage_returns_go() {
        assert_eq!(plain(b"\x1b[1;31merror\x1b[0m\r\nx\ry", b"\xff"), "error\nx\ny\n\u{fffd}");
    }
}
