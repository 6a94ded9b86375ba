//! From what a tool said to a finding: the one place that checks a report against the files.

use super::{Imported, MOST_FINDINGS, Sources, paths};
use crate::domain::{
    Category, Confidence, ContentHash, Edit, Finding, Lines, Location, Persona, RepoPath, RuleInfo, Severity,
    Tier,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

/// Characters of a text that are kept.
const MOST_TEXT: usize = 4_000;
/// Notes that are kept; the rest is counted.
const MOST_NOTES: usize = 100;

/// How a tool counts columns and offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Byte,
    Character,
    Utf16,
}

/// A place as a tool gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// Lines and columns from 1, the end exclusive; an end without a column is its line's end.
    Lines { start: (u32, u32), end: (u32, Option<u32>) },
    /// Offsets from 0.
    Offsets { start: u64, end: u64 },
}

/// What a tool said at one place.
#[derive(Debug)]
pub struct Draft<'d> {
    /// The tool's name, in lower case and without spaces.
    pub tool: &'d str,
    /// The tool's own id of the rule.
    pub rule: &'d str,
    pub title: &'d str,
    pub message: &'d str,
    pub severity: Severity,
    pub category: Category,
    /// Of the fix.
    pub tier: Tier,
    pub link: &'d str,
    pub cwe: Vec<u32>,
    pub unit: Unit,
    pub span: Span,
    pub fix: Vec<(Span, String)>,
}

/// Collects findings; keeps the text of each file once.
pub struct Drafts<'s> {
    sources: Sources<'s>,
    texts: HashMap<RepoPath, Option<Rc<str>>>,
    seen: HashSet<(String, RepoPath, Range<usize>, String)>,
    equals: HashMap<String, usize>,
    rules: BTreeMap<String, RuleInfo>,
    findings: Vec<Finding>,
    notes: Vec<String>,
    more_notes: usize,
}

impl<'s> Drafts<'s> {
    pub fn new(sources: Sources<'s>) -> Self {
        Self {
            sources,
            texts: HashMap::new(),
            seen: HashSet::new(),
            equals: HashMap::new(),
            rules: BTreeMap::new(),
            findings: Vec::new(),
            notes: Vec::new(),
            more_notes: 0,
        }
    }

    pub fn finish(mut self) -> Imported {
        if self.more_notes > 0 {
            self.notes.push(format!("{} more results were left out", self.more_notes));
        }
        Imported { findings: self.findings, rules: self.rules.into_values().collect(), notes: self.notes }
    }

    pub fn note(&mut self, text: String) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push(shortened(&text));
        } else {
            self.more_notes += 1;
        }
    }

    /// The path inside the repository that `path` names.
    pub fn inside(&self, path: &str) -> Option<RepoPath> {
        paths::inside(self.sources.root, path)
    }

    /// The text of a file, read once.
    pub fn text(&mut self, path: &RepoPath) -> Option<Rc<str>> {
        let read = self.sources.read;
        self.texts.entry(path.clone()).or_insert_with(|| read(path).map(Rc::from)).clone()
    }

    /// Adds what a tool said about the file that it calls `path`.
    pub fn add(&mut self, path: &str, draft: Draft<'_>) {
        match self.inside(path) {
            Some(inside) => self.add_at(inside, draft),
            None => self.note(format!("{}/{}: {path} is outside of the repository", draft.tool, draft.rule)),
        }
    }

    pub fn add_at(&mut self, path: RepoPath, draft: Draft<'_>) {
        let name = format!("{}/{}", draft.tool, draft.rule);
        if self.findings.len() >= MOST_FINDINGS {
            return self.note(format!("{name}: the report has more than {MOST_FINDINGS} findings"));
        }
        let Some(text) = self.text(&path) else {
            return self.note(format!("{name}: there is no file {path}, or it is no text"));
        };
        let lines = Lines::new(&text);
        let Some(bytes) = resolve(&lines, &draft.span, draft.unit) else {
            return self
                .note(format!("{name}: {path} has no such place; is the report older than the file?"));
        };
        let message = shortened(draft.message);
        if !self.seen.insert((name.clone(), path.clone(), bytes.clone(), message.clone())) {
            return;
        }
        let fix = edits(&lines, &draft);
        let tier = if fix.is_empty() { Tier::Manual } else { draft.tier };
        let fingerprint = self.fingerprint(&name, &path, &lines, &bytes);
        let title = shortened(if draft.title.is_empty() { draft.message } else { draft.title });
        self.rules.entry(name.clone()).or_insert_with(|| rule(&name, &draft));
        self.findings.push(Finding {
            rule: name,
            tool: draft.tool.to_owned(),
            title,
            message,
            severity: draft.severity,
            confidence: Confidence::Medium,
            tier,
            persona: Persona::Default,
            category: draft.category,
            location: Location { path, start: lines.place(bytes.start), end: lines.place(bytes.end), bytes },
            related: Vec::new(),
            fingerprint,
            fix,
        });
    }

    /// Of rule, path, the finding's first line without its white space, and its ordinal among equals.
    fn fingerprint(
        &mut self,
        rule: &str,
        path: &RepoPath,
        lines: &Lines<'_>,
        bytes: &Range<usize>,
    ) -> String {
        let line = lines.content(lines.place(bytes.start).0).unwrap_or_default();
        let words: String = line.split_whitespace().collect();
        let key = format!("{rule}\0{path}\0{words}");
        let ordinal = self.equals.entry(key.clone()).and_modify(|n| *n += 1).or_insert(0);
        ContentHash::of(format!("{key}\0{ordinal}").as_bytes()).hex().to_owned()
    }
}

fn rule(name: &str, draft: &Draft<'_>) -> RuleInfo {
    RuleInfo {
        id: name.to_owned(),
        title: shortened(if draft.title.is_empty() { draft.rule } else { draft.title }),
        severity: draft.severity,
        confidence: Confidence::Medium,
        tier: draft.tier,
        persona: Persona::Default,
        category: draft.category,
        cwe: draft.cwe.clone(),
        owasp: Vec::new(),
        why: String::new(),
        remedy: String::new(),
        link: if draft.link.starts_with("https://") { draft.link.to_owned() } else { String::new() },
    }
}

/// The fix as edits in order; none of it when a part does not fit or two overlap.
fn edits(lines: &Lines<'_>, draft: &Draft<'_>) -> Vec<Edit> {
    let edit = |(span, text): &(Span, String)| {
        let range = resolve(lines, span, draft.unit)?;
        Some(Edit { range, text: text.replace("\r\n", "\n") })
    };
    let Some(mut edits) = draft.fix.iter().map(edit).collect::<Option<Vec<_>>>() else { return Vec::new() };
    edits.sort_by_key(|e| (e.range.start, e.range.end));
    let apart = edits.windows(2).all(|w| w[0].range.end <= w[1].range.start && w[0].range != w[1].range);
    if apart { edits } else { Vec::new() }
}

/// The bytes of a place; `None` when the text has no such place.
fn resolve(lines: &Lines<'_>, span: &Span, unit: Unit) -> Option<Range<usize>> {
    let range = match span {
        Span::Lines { start, end } => {
            let first = column(lines, start.0, start.1, unit)?;
            let last = match end.1 {
                Some(c) => column(lines, end.0, c, unit)?,
                None => lines.offset(end.0, u32::MAX)?,
            };
            first..last
        }
        Span::Offsets { start, end } => {
            offset(lines.text(), *start, unit)?..offset(lines.text(), *end, unit)?
        }
    };
    (range.start <= range.end && lines.text().get(range.clone()).is_some()).then_some(range)
}

/// The byte of a line and column, both from 1. One past the last line, in its first column, is the text's end.
fn column(lines: &Lines<'_>, line: u32, column: u32, unit: Unit) -> Option<usize> {
    let content = match lines.content(line) {
        Some(content) => content,
        None if column == 1 && line > 1 && lines.content(line - 1).is_some() => {
            return Some(lines.text().len());
        }
        None => return None,
    };
    let begin = lines.offset(line, 1)?;
    let within = offset(content, u64::from(column.checked_sub(1)?), unit)?;
    Some(begin + within)
}

/// The byte at an offset in some unit; `None` past the end or within a character.
fn offset(text: &str, offset: u64, unit: Unit) -> Option<usize> {
    if unit == Unit::Byte {
        return usize::try_from(offset).ok().filter(|o| text.is_char_boundary(*o));
    }
    let mut left = offset;
    for (byte, c) in text.char_indices() {
        if left == 0 {
            return Some(byte);
        }
        left = left.checked_sub(if unit == Unit::Utf16 { c.len_utf16() as u64 } else { 1 })?;
    }
    (left == 0).then_some(text.len())
}

fn shortened(text: &str) -> String {
    let text = text.trim();
    if text.len() <= MOST_TEXT {
        text.to_owned()
    } else {
        text.chars().take(MOST_TEXT).chain(['…']).collect()
    }
}
