//! Unified diffs that `git apply` takes, and the line hunks that they are made of.
//!
//! Lines end at `\n` alone, as git sees them; a `\r` before it is part of the line.

use crate::domain::RepoPath;
use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};
use std::ops::Range;

/// Lines of context around a change, as git's default.
const CONTEXT: usize = 3;

/// Lines with their `\n`; the last may have none.
pub fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|&b| b == b'\n').collect()
}

/// One change: lines of the old text (from 0, end exclusive) and the lines of the new one in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    pub old: Range<usize>,
    pub new: Range<usize>,
}

/// The changes from one text to another, by lines, in order, without context (Myers 1986).
pub fn hunks(before: &[u8], after: &[u8]) -> Vec<Hunk> {
    let mut result: Vec<Hunk> = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &lines(before), &lines(after)) {
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        let hunk = Hunk { old: op.old_range(), new: op.new_range() };
        match result.last_mut() {
            Some(last) if last.old.end == hunk.old.start && last.new.end == hunk.new.start => {
                last.old.end = hunk.old.end;
                last.new.end = hunk.new.end;
            }
            _ => result.push(hunk),
        }
    }
    result
}

/// The difference as a patch with `a/` and `b/` headers; empty when there is none.
pub fn unified(path: &RepoPath, before: &[u8], after: &[u8]) -> Vec<u8> {
    if before == after {
        return Vec::new();
    }
    let (old, new) = (lines(before), lines(after));
    let (a, b) = (quoted("a/", path.as_str()), quoted("b/", path.as_str()));
    // git marks the end of a name with blanks by a tab.
    let tab = if path.as_str().contains(' ') { "\t" } else { "" };
    let mut patch = format!("diff --git {a} {b}\n--- {a}{tab}\n+++ {b}{tab}\n").into_bytes();
    for group in group_diff_ops(capture_diff_slices(Algorithm::Myers, &old, &new), CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let header = format!(
            "@@ -{} +{} @@\n",
            span(first.old_range().start..last.old_range().end),
            span(first.new_range().start..last.new_range().end)
        );
        patch.extend_from_slice(header.as_bytes());
        for op in &group {
            if let DiffOp::Equal { .. } = op {
                put(&mut patch, b' ', old.get(op.old_range()));
            } else {
                put(&mut patch, b'-', old.get(op.old_range()));
                put(&mut patch, b'+', new.get(op.new_range()));
            }
        }
    }
    patch
}

/// As [`unified`], of decoded texts: what people read, whatever the file's encoding is.
pub fn unified_text(path: &RepoPath, before: &str, after: &str) -> String {
    String::from_utf8_lossy(&unified(path, before.as_bytes(), after.as_bytes())).into_owned()
}

fn put(patch: &mut Vec<u8>, sign: u8, lines: Option<&[&[u8]]>) {
    for line in lines.unwrap_or_default() {
        patch.push(sign);
        patch.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            patch.extend_from_slice(b"\n\\ No newline at end of file\n");
        }
    }
}

/// An empty range names the line before it.
fn span(range: Range<usize>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => format!("{}", range.start + 1),
        n => format!("{},{n}", range.start + 1),
    }
}

/// As git quotes names with control characters, quotes or backslashes (`core.quotePath` off).
fn quoted(prefix: &str, path: &str) -> String {
    if !path.contains(|c: char| c.is_ascii_control() || c == '"' || c == '\\') {
        return format!("{prefix}{path}");
    }
    let mut text = format!("\"{prefix}");
    for c in path.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            c if c.is_ascii_control() => text.push_str(&format!("\\{:03o}", c as u32)),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patches_read_as_git_writes_them() {
        let head = "diff --git a/f b/f\n--- a/f\n+++ b/f\n";
        for (before, after, body) in [
            ("a\n", "a\n", None),
            ("a\nb\n", "a\nc\n", Some("@@ -1,2 +1,2 @@\n a\n-b\n+c\n")),
            ("", "a\n", Some("@@ -0,0 +1 @@\n+a\n")),
            ("a\n", "", Some("@@ -1 +0,0 @@\n-a\n")),
            (
                "a",
                "b",
                Some("@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n"),
            ),
            ("a\r\nb\r\n", "a\r\nc\r\n", Some("@@ -1,2 +1,2 @@\n a\r\n-b\r\n+c\r\n")),
            ("a\rb\n", "a\rc\n", Some("@@ -1 +1 @@\n-a\rb\n+a\rc\n")),
        ] {
            let got = unified_text(&RepoPath::new("f").unwrap(), before, after);
            assert_eq!(got, body.map_or(String::new(), |b| format!("{head}{b}")), "{before:?} -> {after:?}");
        }
    }

    #[test]
    fn names_are_quoted_as_git_quotes_them() {
        for (path, line) in [
            ("a b", "diff --git a/a b b/a b\n--- a/a b\t\n+++ b/a b\t\n"),
            ("é", "diff --git a/é b/é\n--- a/é\n+++ b/é\n"),
            ("a\nb\"\\", "diff --git \"a/a\\nb\\\"\\\\\" \"b/a\\nb\\\"\\\\\"\n"),
        ] {
            let got = unified_text(&RepoPath::new(path).unwrap(), "x", "y");
            assert!(got.starts_with(line), "{got:?}");
        }
    }

    proptest! {
        #[test]
        fn hunks_rebuild_the_new_text(a in "[ab\r\n]{0,24}", b in "[ab\r\n]{0,24}") {
            let (old, new) = (lines(a.as_bytes()), lines(b.as_bytes()));
            let (mut result, mut from) = (Vec::new(), 0);
            for hunk in hunks(a.as_bytes(), b.as_bytes()) {
                result.extend(old[from..hunk.old.start].concat());
                result.extend(new[hunk.new].concat());
                from = hunk.old.end;
            }
            result.extend(old[from..].concat());
            prop_assert_eq!(result, b.into_bytes());
        }
    }
}
