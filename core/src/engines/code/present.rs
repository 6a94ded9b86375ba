//! A finding made ready for people: its source lines, and its fix by lines and as a diff.
//!
//! Works on the decoded text of one file. Never prints and never escapes: what a terminal or a
//! format cannot take is the renderer's business.

use crate::domain::{Edit, Finding, Lines, LocatedEdit, Reported, SourceLine};
use similar::{ChangeTag, TextDiff};

/// Lines of a finding that are shown, first ones first.
const MOST_LINES: u32 = 6;
/// Characters of a line that are shown.
const MOST_CHARACTERS: usize = 400;
/// Unchanged lines around a change in a diff.
const CONTEXT: usize = 2;

/// Shows a finding of the file whose decoded text is `text`. `hide` takes the secrets out of a line: it is
/// given the whole line, of which a part may be shown. The rest of what is shown is redacted with the report.
pub fn present(finding: Finding, text: &str, hide: &dyn Fn(&str) -> String) -> Reported {
    let lines = Lines::new(text);
    let mut fix: Vec<&Edit> = finding.fix.iter().filter(|e| fits(e, text)).collect();
    fix.sort_by_key(|e| (e.range.start, e.range.end));
    let whole = fix.len() == finding.fix.len() && fix.windows(2).all(|w| w[0].range.end <= w[1].range.start);
    if !whole {
        fix.clear();
    }
    let edits = fix
        .iter()
        .map(|e| LocatedEdit {
            start: lines.place(e.range.start),
            end: lines.place(e.range.end),
            text: e.text.clone(),
        })
        .collect();
    let diff = diff(&lines, &fix);
    let source = source(&lines, &finding, hide);
    Reported { finding, source, edits, diff }
}

fn fits(edit: &Edit, text: &str) -> bool {
    text.get(edit.range.clone()).is_some()
}

fn source(lines: &Lines<'_>, finding: &Finding, hide: &dyn Fn(&str) -> String) -> Vec<SourceLine> {
    let (first, column) = finding.location.start;
    let last = finding.location.end.0.max(first).min(first.saturating_add(MOST_LINES - 1));
    (first..=last)
        .filter_map(|number| {
            let content = lines.content(number)?;
            let skipped = if number == first { too_far(content, column) } else { 0 };
            let text = hide(content).chars().skip(skipped).take(MOST_CHARACTERS).collect();
            Some(SourceLine { number, text, skipped: skipped as u32 })
        })
        .collect()
}

/// How many characters to leave out so that the column of a very long line is seen.
fn too_far(content: &str, column: u32) -> usize {
    let column = column as usize;
    if column < MOST_CHARACTERS * 3 / 4 || content.len() <= MOST_CHARACTERS { 0 } else { column - 40 }
}

/// The edits' hunks; edits close to one another share one.
fn diff(lines: &Lines<'_>, edits: &[&Edit]) -> String {
    let mut hunks = String::new();
    let mut shift: isize = 0;
    let mut rest = edits;
    while !rest.is_empty() {
        let first = lines.line_of(rest[0].range.start);
        let mut last = lines.line_of(rest[0].range.end);
        let mut taken = 1;
        while let Some(next) = rest.get(taken) {
            if lines.line_of(next.range.start) > last + 2 * CONTEXT {
                break;
            }
            last = lines.line_of(next.range.end);
            taken += 1;
        }
        hunk(lines, &rest[..taken], first, last, &mut shift, &mut hunks);
        rest = &rest[taken..];
    }
    hunks
}

fn hunk(lines: &Lines<'_>, edits: &[&Edit], first: usize, last: usize, shift: &mut isize, out: &mut String) {
    use std::fmt::Write;
    let top = first.saturating_sub(CONTEXT);
    let region = lines.span(top, last + CONTEXT);
    let old = &lines.text()[region.clone()];
    let mut new = String::with_capacity(old.len());
    let mut at = region.start;
    for edit in edits {
        new.push_str(&lines.text()[at..edit.range.start]);
        new.push_str(&edit.text);
        at = edit.range.end;
    }
    new.push_str(&lines.text()[at..region.end]);
    let diff = TextDiff::from_lines(old, &new);
    let mut body = String::new();
    let (mut removed, mut added) = (0, 0);
    for change in diff.iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Equal => ' ',
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
        };
        removed += usize::from(sign != '+');
        added += usize::from(sign != '-');
        let text: &str = change.value();
        let _ = writeln!(body, "{sign}{}", text.trim_end_matches(['\n', '\r']));
    }
    let begin = top as isize + 1;
    let _ = write!(out, "@@ -{begin},{removed} +{},{added} @@\n{body}", begin + *shift);
    *shift += added as isize - removed as isize;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Category, Confidence, Location, Persona, RepoPath, Severity, Tier};
    use std::ops::Range;

    fn finding(text: &str, bytes: Range<usize>, fix: Vec<Edit>) -> Finding {
        let lines = Lines::new(text);
        let (start, end) = (lines.place(bytes.start), lines.place(bytes.end));
        let path = RepoPath::new("a.py").unwrap();
        Finding {
            rule: "r".into(),
            tool: "ecoops".into(),
            title: "t".into(),
            message: "m".into(),
            severity: Severity::Low,
            confidence: Confidence::High,
            tier: Tier::Safe,
            persona: Persona::Default,
            category: Category::Security,
            location: Location { path, bytes, start, end },
            related: vec![],
            fingerprint: "f".into(),
            fix,
        }
    }

    #[test]
    fn a_fix_is_shown_as_hunks() {
        let text = "import a\n1\n2\n3\n4\n5\n6\nbad(x)\n8\n9\n10\n";
        let at = text.find("bad").unwrap();
        let fix = vec![
            Edit { range: at..at + 3, text: "good".into() },
            Edit { range: 9..9, text: "import b\n".into() },
        ];
        let shown = present(finding(text, at..at + 6, fix), text, &str::to_owned);
        assert_eq!(
            shown.diff,
            "@@ -1,4 +1,5 @@\n import a\n+import b\n 1\n 2\n 3\n@@ -6,5 +7,5 @@\n 5\n 6\n-bad(x)\n+good(x)\n 8\n 9\n"
        );
        assert_eq!(shown.edits[1].start, (8, 1));
        assert_eq!(shown.edits[1].end, (8, 4));
        assert_eq!(shown.source[0].text, "bad(x)");
    }

    #[test]
    fn a_fix_that_does_not_fit_is_not_shown() {
        let text = "é = 1\n";
        for fix in [
            vec![Edit { range: 0..99, text: String::new() }],
            vec![Edit { range: 1..2, text: String::new() }],
            vec![Edit { range: 0..3, text: "a".into() }, Edit { range: 2..4, text: "b".into() }],
        ] {
            let shown = present(finding(text, 0..2, fix.clone()), text, &str::to_owned);
            assert!(shown.edits.is_empty() && shown.diff.is_empty(), "{fix:?}");
        }
    }

    #[test]
    fn a_very_long_line_is_cut_around_the_finding() {
        let text = format!("{}BAD{}", "x".repeat(100_000), "y".repeat(100_000));
        let shown = present(finding(&text, 100_000..100_003, vec![]), &text, &str::to_owned);
        assert_eq!(shown.source[0].text.chars().count(), MOST_CHARACTERS);
        assert!(shown.source[0].text.contains("BAD"));
        assert_eq!(shown.source[0].skipped, 100_001 - 40);
    }
}
