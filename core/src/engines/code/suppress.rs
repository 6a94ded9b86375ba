//! Suppressing findings by comments: `# ecoops: ignore[RULE] reason` on the line or the line before,
//! `ecoops: ignore-file[RULE]` near the top.
//!
//! Never believes a suppression that is not in a comment.

use super::finder::RawMatch;
use super::glob::compile_glob;
use super::language::Language;
use super::syntax::{Lines, Source};
use crate::domain::Edit;
use std::collections::BTreeSet;
use std::ops::Range;

/// Characters of a reason that are kept.
const LONGEST_REASON: usize = 200;
/// Lines at the top where `ignore-file` is looked for.
const TOP: usize = 30;
const MARK: &str = "ecoops:";

/// True when the text may hold a suppression.
pub fn mentioned(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), MARK.as_bytes()).is_some()
}

/// True when `pattern` (an id, or a glob such as `python-*`) names the rule `id`.
pub fn names(pattern: &str, id: &str) -> bool {
    pattern == id || (pattern.contains('*') && compile_glob(pattern).is_ok_and(|g| g.is_match(id)))
}

/// One comment that suppresses.
#[derive(Debug)]
struct Comment {
    /// The whole comment.
    range: Range<usize>,
    /// Lines (from 1) that it covers; none: the whole file.
    lines: Option<[u32; 2]>,
    /// Each rule with its place, and its number among all rules of all comments.
    rules: Vec<(String, Range<usize>, usize)>,
    because: Because,
}

/// Where a suppression stands, and why it is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Because {
    /// The comment's line, from 1.
    pub line: u32,
    /// What the comment says behind its rules, on the same line.
    pub reason: Option<String>,
}

/// All suppressions of a file.
#[derive(Debug, Default)]
pub struct Suppressions {
    comments: Vec<Comment>,
    count: usize,
    /// Line and what is wrong with a suppression there.
    pub notes: Vec<(u32, String)>,
}

impl Suppressions {
    pub fn of(text: &str, language: Language, source: Option<&Source>) -> Self {
        let mut all = Self::default();
        let lines = Lines::of(text);
        let marks: Vec<usize> = memchr::memmem::find_iter(text.as_bytes(), MARK.as_bytes()).collect();
        for at in marks {
            let Some(range) = comment_around(text, at, language, source, &lines) else { continue };
            all.read(text, at, range, &lines);
        }
        all.chain(text, &lines);
        all
    }

    fn read(&mut self, text: &str, at: usize, range: Range<usize>, lines: &Lines) {
        let line = lines.line_of(at) as u32 + 1;
        let after = &text[at + MARK.len()..range.end.max(at + MARK.len())];
        let words = after.trim_start();
        let start = at + MARK.len() + (after.len() - words.len());
        let (file, list) = match (words.strip_prefix("ignore-file"), words.strip_prefix("ignore")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            _ => return,
        };
        let list_start = start + (words.len() - list.len());
        let Some((inner, rest)) = list.strip_prefix('[').and_then(|l| l.split_once(']')) else {
            self.notes.push((line, "a suppression names its rules: ecoops: ignore[rule]".to_owned()));
            return;
        };
        if file && line as usize > TOP {
            self.notes.push((line, format!("ignore-file counts in the first {TOP} lines only")));
            return;
        }
        let mut rules = Vec::new();
        let mut offset = list_start + 1;
        for part in inner.split(',') {
            let id = part.trim();
            if !id.is_empty() {
                let begin = offset + (part.len() - part.trim_start().len());
                rules.push((id.to_owned(), begin..begin + id.len(), self.count));
                self.count += 1;
            }
            offset += part.len() + 1;
        }
        let covered = if file { None } else { Some([line, line]) };
        let because = Because { line, reason: reason(rest) };
        self.comments.push(Comment { range, lines: covered, rules, because });
    }

    /// A comment alone on its line covers the next line that is not such a comment.
    fn chain(&mut self, text: &str, lines: &Lines) {
        let alone: BTreeSet<u32> = self
            .comments
            .iter()
            .filter(|c| is_alone(text, &c.range))
            .filter_map(|c| c.lines.map(|l| l[0]))
            .collect();
        for comment in &mut self.comments {
            let Some(covered) = &mut comment.lines else { continue };
            if alone.contains(&covered[0]) {
                let mut next = lines.line_of(comment.range.end.saturating_sub(1)) as u32 + 2;
                while alone.contains(&next) {
                    next += 1;
                }
                covered[1] = next;
            }
        }
    }

    /// How many rules all comments name together.
    pub fn rules(&self) -> usize {
        self.count
    }

    /// The numbers of the namings that suppress this finding; none when nothing does.
    pub fn covers(&self, rule: &str, line: u32) -> Option<Vec<usize>> {
        let here = self.comments.iter().filter(|c| c.lines.is_none_or(|l| l.contains(&line)));
        let slots: Vec<usize> = here
            .flat_map(|c| &c.rules)
            .filter(|(pattern, _, _)| names(pattern, rule))
            .map(|(_, _, slot)| *slot)
            .collect();
        (!slots.is_empty()).then_some(slots)
    }

    /// The comment that one naming stands in.
    pub fn because(&self, slot: usize) -> Because {
        let named = |c: &&Comment| c.rules.iter().any(|(_, _, own)| *own == slot);
        self.comments.iter().find(named).map(|c| c.because.clone()).unwrap_or_default()
    }

    /// The namings that suppress nothing, of rules that `ran`, each with the edit that removes it.
    pub fn unused(&self, used: &[bool], text: &str, ran: impl Fn(&str) -> bool) -> Vec<RawMatch> {
        let mut found = Vec::new();
        for comment in &self.comments {
            let idle = |(id, _, slot): &&(String, Range<usize>, usize)| {
                !used.get(*slot).copied().unwrap_or(false) && ran(id)
            };
            let unused: Vec<_> = comment.rules.iter().filter(idle).collect();
            let whole = unused.len() == comment.rules.len();
            for (i, (_, range, _)) in unused.iter().enumerate() {
                let edit = match (whole, i) {
                    (true, 0) => Edit { range: with_line(text, &comment.range), text: String::new() },
                    (true, _) => continue,
                    (false, _) => Edit { range: with_comma(text, range), text: String::new() },
                };
                found.push(RawMatch {
                    range: range.clone(),
                    captures: vec![("RULE".to_owned(), vec![range.clone()])],
                    fix: Some(vec![edit]),
                    ..RawMatch::default()
                });
            }
        }
        found
    }
}

/// The comment that holds the byte `at`: by the tree, else by what begins comments.
fn comment_around(
    text: &str,
    at: usize,
    language: Language,
    source: Option<&Source>,
    lines: &Lines,
) -> Option<Range<usize>> {
    if let Some(source) = source {
        let node = source.root().descendant_for_byte_range(at, at + MARK.len())?;
        let comments = &language.kinds().comments;
        let comment = std::iter::successors(Some(node), |n| n.parent())
            .take(4)
            .find(|n| comments.contains(n.kind_id()))?;
        let end =
            comment.end_byte() - (source.text_of(comment).len() - source.text_of(comment).trim_end().len());
        return Some(comment.start_byte()..end);
    }
    let line = lines.range(lines.line_of(at), text);
    let before = text.get(line.start..at)?;
    let begin = ["#", "//", "/*", "<!--", "--", ";", "%"].iter().filter_map(|m| before.rfind(m)).min()?;
    Some(line.start + begin..line.end)
}

/// The reason in what follows the rules: up to the end of the line, of the comment or of what is suppressed.
fn reason(rest: &str) -> Option<String> {
    let line = rest.lines().next().unwrap_or_default();
    let own = line.find(MARK).map_or(line, |next| &line[..next]).trim();
    let own = ["*/", "-->", "--%>", "#}", "%}"].iter().find_map(|end| own.strip_suffix(end)).unwrap_or(own);
    let own = own.trim().trim_start_matches([':', '-', '\u{2013}', '\u{2014}', ',', ';']).trim();
    let own = own.trim_end_matches(['#', '/', '*']).trim_end();
    (!own.is_empty()).then(|| own.chars().take(LONGEST_REASON).collect())
}

fn is_alone(text: &str, range: &Range<usize>) -> bool {
    let begin = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[range.end..].find('\n').map_or(text.len(), |at| range.end + at);
    text[begin..range.start].trim().is_empty() && text[range.end..end].trim().is_empty()
}

/// The comment with its line when it is alone there, else with the space before it.
fn with_line(text: &str, range: &Range<usize>) -> Range<usize> {
    if is_alone(text, range) {
        let begin = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[range.end..].find('\n').map_or(text.len(), |at| range.end + at + 1);
        return begin..end;
    }
    let kept = text[..range.start].trim_end_matches([' ', '\t']).len();
    kept..range.end
}

fn with_comma(text: &str, range: &Range<usize>) -> Range<usize> {
    let after = &text[range.end..];
    let spaces = after.len() - after.trim_start_matches([' ', '\t']).len();
    if after[spaces..].starts_with(',') {
        let rest = &after[spaces + 1..];
        let more = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        return range.start..range.end + spaces + 1 + more;
    }
    let before = text[..range.start].trim_end_matches([' ', '\t']);
    before.strip_suffix(',').map_or(range.start, str::len)..range.end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RepoPath;

    fn of(text: &str, language: Language) -> Suppressions {
        let source = Source::parse(RepoPath::new("a").unwrap(), language, text.into()).ok();
        Suppressions::of(text, language, source.as_ref())
    }

    #[test]
    fn a_comment_covers_its_line_or_the_next() {
        for (text, line, expected) in [
            ("x  # ecoops: ignore[r] why\n", 1, true),
            ("x  # ecoops: ignore[q, r]\n", 1, true),
            ("x  # ecoops: ignore[r-*]\n", 1, false),
            ("x  # ecoops: ignore[*]\n", 1, true),
            ("x  # ecoops: ignore[q]\n", 1, false),
            ("# ecoops: ignore[r]\nx\n", 2, true),
            ("# ecoops: ignore[r]\n# ecoops: ignore[q]\nx\n", 3, true),
            ("# ecoops: ignore[r]\n\nx\n", 3, false),
            ("y  # ecoops: ignore[r]\nx\n", 2, false),
            ("# ecoops: ignore-file[r]\n\n\nx\n", 4, true),
            ("s = '# ecoops: ignore[r]'\n", 1, false),
            ("x  # ecoops: ignore\n", 1, false),
        ] {
            assert_eq!(of(text, Language::Python).covers("r", line).is_some(), expected, "{text:?}");
        }
        assert!(of("f(); // ecoops: ignore[r]\n", Language::JavaScript).covers("r", 1).is_some());
        assert!(of("f(); /* ecoops: ignore[r] */\n", Language::C).covers("r", 1).is_some());
        assert!(Suppressions::of("a # ecoops: ignore[r]\n", Language::Any, None).covers("r", 1).is_some());
    }

    #[test]
    fn a_suppression_says_where_it_stands_and_why() {
        for (text, language, finding, line, reason) in [
            ("x  # ecoops: ignore[r] it may be None\n", Language::Python, 1, 1, Some("it may be None")),
            ("x  # ecoops: ignore[r]: it may\n", Language::Python, 1, 1, Some("it may")),
            ("x  # ecoops: ignore[r] - it may \n", Language::Python, 1, 1, Some("it may")),
            ("x  # ecoops: ignore[r]\n", Language::Python, 1, 1, None),
            ("x  # ecoops: ignore[q, r] both\n", Language::Python, 1, 1, Some("both")),
            ("\n# ecoops: ignore[r] next line\nx\n", Language::Python, 3, 2, Some("next line")),
            ("# ecoops: ignore-file[r] all of it\n\n\nx\n", Language::Python, 4, 1, Some("all of it")),
            ("f(); /* ecoops: ignore[r] checked above */\n", Language::C, 1, 1, Some("checked above")),
            ("f(); /* ecoops: ignore[r]\n more */\n", Language::C, 1, 1, None),
            ("x  # ecoops: ignore[q] one ecoops: ignore[r] two\n", Language::Python, 1, 1, Some("two")),
            (
                "x  # ecoops: ignore[r] warum nicht – später\n",
                Language::Python,
                1,
                1,
                Some("warum nicht – später"),
            ),
        ] {
            let all = of(text, language);
            let slots = all.covers("r", finding).unwrap_or_default();
            let expected = Because { line, reason: reason.map(str::to_owned) };
            assert_eq!(slots.first().map(|slot| all.because(*slot)), Some(expected), "{text:?}");
        }
        let long = format!("x  # ecoops: ignore[r] {}\n", "ä".repeat(5_000));
        let all = of(&long, Language::Python);
        let kept = all.because(all.covers("r", 1).unwrap()[0]).reason.unwrap();
        assert_eq!(kept.chars().count(), LONGEST_REASON);
    }

    #[test]
    fn a_late_ignore_file_and_a_bare_ignore_are_noted() {
        let late = format!("{}# ecoops: ignore-file[r]\n", "x\n".repeat(40));
        assert_eq!(of(&late, Language::Python).notes.len(), 1);
        assert_eq!(of("x  # ecoops: ignore\n", Language::Python).notes.len(), 1);
    }

    #[test]
    fn what_is_unused_is_removed_without_its_neighbours() {
        for (text, used, expected) in [
            ("x  # ecoops: ignore[a, b]\n", [true, false], "x  # ecoops: ignore[a]\n"),
            ("x  # ecoops: ignore[a, b]\n", [false, true], "x  # ecoops: ignore[b]\n"),
            ("x  # ecoops: ignore[a, b]\n", [false, false], "x\n"),
            ("# ecoops: ignore[a,b] why\nx\n", [false, false], "x\n"),
        ] {
            let found = of(text, Language::Python).unused(&used, text, |_| true);
            let edits: Vec<Edit> = found.into_iter().filter_map(|f| f.fix).flatten().collect();
            assert_eq!(
                super::super::rewrite::apply(text, &edits).as_deref(),
                Some(expected),
                "{text:?} {used:?}"
            );
        }
    }
}
