//! A rule's fix steps made into edits of a file's text.
//!
//! Never applies an edit, and never gives half a fix: either all steps of a finding, or none.

use super::finder::RawMatch;
use super::import;
use super::pattern::metavariable;
use super::rule::FixStep;
use super::syntax::{Lines, Source};
use crate::domain::Edit;
use std::ops::Range;

/// The file that is edited.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub text: &'a str,
    pub lines: &'a Lines,
    pub source: Option<&'a Source>,
}

/// The edits of one finding, in the order of the text. None when a step names what this match does not
/// bind, or two steps touch the same text.
pub fn edits(steps: &[FixStep], place: Place<'_>, found: &RawMatch) -> Option<Vec<Edit>> {
    let mut edits = Vec::new();
    for step in steps {
        let target = match &step.target {
            Some(name) => found.capture(name.trim_start_matches('$'))?,
            None => found.range.clone(),
        };
        if let Some(template) = &step.replace {
            let text = expand(template, place, &indent_at(place.text, target.start), found)?;
            edits.push(Edit { range: target.clone(), text });
        }
        if let Some(template) = &step.insert_before {
            edits.push(insert_before(template, place, &target, found)?);
        }
        if let Some(template) = &step.insert_after {
            edits.push(insert_after(template, place, &target, found)?);
        }
        if step.remove {
            edits.push(Edit { range: removal(place.text, &target), text: String::new() });
        }
        if let Some(line) = &step.import {
            edits.extend(import::edit(line, place));
        }
    }
    edits.sort_by_key(|e| (e.range.start, e.range.end));
    let apart = edits.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start);
    apart.then_some(edits)
}

/// Applies edits that do not overlap. For tests and previews; the fix transaction has its own.
pub fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(text.get(at..edit.range.start)?);
        out.push_str(&edit.text);
        at = edit.range.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

fn insert_before(template: &str, place: Place<'_>, target: &Range<usize>, found: &RawMatch) -> Option<Edit> {
    let indent = indent_at(place.text, target.start);
    let (at, text) = match template.strip_suffix('\n') {
        Some(line) => {
            let at = line_start(place.text, target.start);
            (at, format!("{indent}{}\n", expand(line, place, &indent, found)?))
        }
        None => (target.start, expand(template, place, &indent, found)?),
    };
    Some(Edit { range: at..at, text })
}

fn insert_after(template: &str, place: Place<'_>, target: &Range<usize>, found: &RawMatch) -> Option<Edit> {
    let indent = indent_at(place.text, target.start);
    let (at, text) = match template.strip_suffix('\n') {
        Some(line) => {
            let line = expand(line, place, &indent, found)?;
            match place.text.get(target.end..)?.find('\n') {
                Some(end) => (target.end + end + 1, format!("{indent}{line}\n")),
                None => (place.text.len(), format!("\n{indent}{line}")),
            }
        }
        None => (target.end, expand(template, place, &indent, found)?),
    };
    Some(Edit { range: at..at, text })
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |n| n + 1)
}

/// The white space that the line of `at` begins with.
pub fn indent_at(text: &str, at: usize) -> String {
    text[line_start(text, at)..].chars().take_while(|c| matches!(c, ' ' | '\t')).collect()
}

/// Fills a template. Its further lines get `indent`; a captured text of several lines is moved to the
/// indentation of the line that it comes to stand in.
fn expand(template: &str, place: Place<'_>, indent: &str, found: &RawMatch) -> Option<String> {
    let mut out = String::with_capacity(template.len() + 32);
    for (number, line) in template.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
            if !line.is_empty() {
                out.push_str(indent);
            }
        }
        let own: String = line.chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
        let line_indent = if number > 0 { format!("{indent}{own}") } else { indent.to_owned() };
        let mut rest = line;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            match metavariable(rest) {
                Some((length, _, name)) if !name.is_empty() => {
                    rest = &rest[length..];
                    if !found.binds(name) {
                        return None;
                    }
                    let range = found.capture(name).unwrap_or(0..0);
                    if range.is_empty() {
                        rest = without_comma(&mut out, rest);
                    } else {
                        out.push_str(&moved(place.text, range, &line_indent)?);
                    }
                }
                _ => {
                    out.push('$');
                    rest = &rest[1..];
                }
            }
        }
        out.push_str(rest);
    }
    Some(out)
}

/// A list item that is nothing takes its comma along.
fn without_comma<'r>(out: &mut String, rest: &'r str) -> &'r str {
    if let Some(more) = rest.strip_prefix(',') {
        return more.trim_start();
    }
    let kept = out.trim_end();
    if let Some(kept) = kept.strip_suffix(',') {
        let length = kept.len();
        out.truncate(length);
    }
    rest
}

fn moved(text: &str, range: Range<usize>, indent: &str) -> Option<String> {
    let before = indent_at(text, range.start);
    let captured = text.get(range)?;
    if before == indent || !captured.contains('\n') {
        return Some(captured.to_owned());
    }
    let mut lines = captured.split('\n');
    let mut out = lines.next().unwrap_or("").to_owned();
    for line in lines {
        out.push('\n');
        match line.strip_prefix(before.as_str()) {
            Some(tail) => {
                out.push_str(indent);
                out.push_str(tail);
            }
            None => out.push_str(line),
        }
    }
    Some(out)
}

/// What goes with a target that is removed: its line when it is alone there, else its comma in a list.
fn removal(text: &str, target: &Range<usize>) -> Range<usize> {
    let begin = line_start(text, target.start);
    let line_end = text[target.end..].find('\n').map_or(text.len(), |n| target.end + n);
    let tail = text[target.end..line_end].trim();
    if text[begin..target.start].trim().is_empty() && matches!(tail, "" | "," | ";") {
        return begin..(line_end + 1).min(text.len());
    }
    let after = &text[target.end..line_end];
    let spaces = after.len() - after.trim_start().len();
    if let Some(more) = after[spaces..].strip_prefix(',') {
        let space = more.len() - more.trim_start().len();
        return target.start..target.end + spaces + 1 + space;
    }
    let kept = text[..target.start].trim_end();
    match kept.strip_suffix(',') {
        Some(kept) => kept.len()..target.end,
        None => target.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RepoPath;
    use crate::engines::code::language::Language;

    fn after(language: Language, text: &str, target: &str, step: FixStep) -> String {
        let source = Source::parse(RepoPath::new("a").unwrap(), language, text.into()).unwrap();
        let start = text.find(target).unwrap();
        let range = start..start + target.len();
        let found = RawMatch {
            captures: vec![("X".into(), vec![range.clone()]), ("NONE".into(), vec![])],
            range,
            ..RawMatch::default()
        };
        let place = Place { text, lines: &source.lines, source: Some(&source) };
        apply(text, &edits(&[step], place, &found).unwrap()).unwrap()
    }

    fn step() -> FixStep {
        FixStep {
            target: None,
            replace: None,
            insert_before: None,
            insert_after: None,
            remove: false,
            import: None,
        }
    }

    #[test]
    fn replacing_and_inserting_keep_indentation() {
        let text = "def f():\n    a()\n    b()\n";
        for (step, expected) in [
            (FixStep { replace: Some("g($X)".into()), ..step() }, "def f():\n    g(a())\n    b()\n"),
            (FixStep { replace: Some("g($$$NONE, 1)".into()), ..step() }, "def f():\n    g(1)\n    b()\n"),
            (FixStep { replace: Some("g(1, $$$NONE)".into()), ..step() }, "def f():\n    g(1)\n    b()\n"),
            (
                FixStep { replace: Some("if x:\n    $X".into()), ..step() },
                "def f():\n    if x:\n        a()\n    b()\n",
            ),
            (
                FixStep { insert_before: Some("c()\n".into()), ..step() },
                "def f():\n    c()\n    a()\n    b()\n",
            ),
            (
                FixStep { insert_after: Some("c()\n".into()), ..step() },
                "def f():\n    a()\n    c()\n    b()\n",
            ),
            (FixStep { insert_after: Some(".c".into()), ..step() }, "def f():\n    a().c\n    b()\n"),
            (FixStep { remove: true, ..step() }, "def f():\n    b()\n"),
        ] {
            assert_eq!(after(Language::Python, text, "a()", step.clone()), expected, "{step:?}");
        }
    }

    #[test]
    fn a_removed_item_takes_its_comma() {
        for (text, expected) in [
            ("f(aa, b)", "f(b)"),
            ("f(b, aa)", "f(b)"),
            ("f(b, aa, c)", "f(b, c)"),
            ("f(aa)", "f()"),
            ("f(\n    b,\n    aa,\n)", "f(\n    b,\n)"),
        ] {
            assert_eq!(after(Language::Python, text, "aa", FixStep { remove: true, ..step() }), expected);
        }
    }

    #[test]
    fn imports_go_where_the_language_wants_them() {
        use Language::*;
        for (language, import, text, expected) in [
            (Python, "import os", "import sys\nx\n", "import sys\nimport os\nx\n"),
            (Python, "import os", "import sys, os\nx\n", "import sys, os\nx\n"),
            (Python, "from a import b", "from a import (b, c)\nx\n", "from a import (b, c)\nx\n"),
            (Python, "import os", "x\n", "import os\nx\n"),
            (Python, "import os", "#!/usr/bin/python\nx\n", "#!/usr/bin/python\nimport os\nx\n"),
            (Python, "import os", "\"\"\"Doc.\"\"\"\n\nx\n", "\"\"\"Doc.\"\"\"\n\nimport os\n\nx\n"),
            (
                Python,
                "import os",
                "from __future__ import annotations\nx\n",
                "from __future__ import annotations\nimport os\nx\n",
            ),
            (
                Go,
                "import \"time\"",
                "package p\n\nvar x = 1\n",
                "package p\n\nimport \"time\"\n\nvar x = 1\n",
            ),
            (
                Go,
                "import \"time\"",
                "package p\n\nimport (\n\t\"time\"\n)\nvar x = 1\n",
                "package p\n\nimport (\n\t\"time\"\n)\nvar x = 1\n",
            ),
            (Java, "import a.B;", "package p;\n\nclass x {}\n", "package p;\n\nimport a.B;\n\nclass x {}\n"),
            (Rust, "use a::b;", "use c::d;\nfn x() {}\n", "use c::d;\nuse a::b;\nfn x() {}\n"),
            (
                JavaScript,
                "import a from 'a';",
                "'use strict';\nx;\n",
                "'use strict';\n\nimport a from 'a';\n\nx;\n",
            ),
            (C, "#include <a.h>", "#include <b.h>\nint x;\n", "#include <b.h>\n#include <a.h>\nint x;\n"),
        ] {
            let step = FixStep { import: Some(import.into()), ..step() };
            assert_eq!(after(language, text, "x", step), expected, "{} {text:?}", language.name());
        }
    }

    #[test]
    fn a_fix_is_whole_or_not_at_all() {
        let text = "f(a)\n";
        let lines = Lines::of(text);
        let place = Place { text, lines: &lines, source: None };
        let found = RawMatch { range: 0..4, ..RawMatch::default() };
        let replace = |t: &str| FixStep { replace: Some(t.into()), ..step() };
        assert_eq!(edits(&[replace("$GONE")], place, &found), None);
        assert_eq!(edits(&[replace("a"), replace("b")], place, &found), None);
    }
}
