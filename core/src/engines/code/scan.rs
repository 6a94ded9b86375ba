//! Scanning one file: words, tree, one traversal for all rules, findings.
//!
//! Never reads a file or a clock: the limit of a file is counted in steps.

use super::dependencies::{self, Project, Undeclared};
use super::finder::{Finder, RawMatch};
use super::fingerprint::Fingerprints;
use super::language::Language;
use super::matching::Matching;
use super::pattern::metavariable;
use super::rewrite;
use super::ruleset::{LoadedRule, RuleSet};
use super::suppress::{self, Because, Suppressions};
use super::syntax::{Lines, NoTree, Source};
use super::table::{Active, Table};
use super::walk;
use crate::domain::{Edit, Finding, RepoPath};
use serde::{Deserialize, Serialize};

/// Characters of captured text that a message quotes.
const QUOTED: usize = 60;
/// Findings of one rule in one file.
const MAX_PER_RULE: usize = 1000;

/// What scanning one file gave.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FileReport {
    /// In the order of the text.
    pub findings: Vec<Finding>,
    /// Found, and suppressed by a comment.
    pub suppressed: Vec<SuppressedFinding>,
    /// What the user should know: a limit reached, a suppression not understood.
    pub notes: Vec<String>,
    /// Whether the file had to be parsed.
    pub parsed: bool,
}

/// A finding that a comment suppresses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SuppressedFinding {
    pub finding: Finding,
    /// The comment's line, from 1.
    pub line: u32,
    /// What the comment gives as its reason.
    pub reason: Option<String>,
}

/// Scans one file with all rules of the set but those that need to know the whole project.
pub fn scan_text(rules: &RuleSet, path: &RepoPath, text: &str) -> FileReport {
    scan_in_project(rules, path, text, None)
}

/// Scans one file of a project with all rules of the set.
pub fn scan_in_project(
    rules: &RuleSet,
    path: &RepoPath,
    text: &str,
    project: Option<&Project>,
) -> FileReport {
    scan_concerned(rules, path, text, concerned(rules, path, text, project))
}

/// The project, when what is found in this file may depend on it. Most files import nothing that is not
/// declared: what is found in them follows from the rules, the path and the text.
pub fn concerned<'p>(
    rules: &RuleSet,
    path: &RepoPath,
    text: &str,
    project: Option<&'p Project>,
) -> Option<&'p Project> {
    rules.rule(dependencies::RULE).filter(|rule| rule.applies_to(path))?;
    let imports = dependencies::guess(language_of(path, text), text);
    project.filter(|project| !project.undeclared(path.as_str(), &imports).is_empty())
}

fn language_of(path: &RepoPath, text: &str) -> Language {
    let bytes = text.as_bytes();
    Language::detect(path, &bytes[..bytes.len().min(8192)])
}

/// Scans one file whose project is given if it is [`concerned`].
pub fn scan_concerned(rules: &RuleSet, path: &RepoPath, text: &str, project: Option<&Project>) -> FileReport {
    let language = language_of(path, text);
    let table = rules.table(language);
    let applies = |rule: usize| rules.rules().get(rule).is_some_and(|r| r.applies_to(path));
    let active = table.active(path, text, applies);
    let everywhere = rules.table(Language::Any);
    let mut raw = text_matches(everywhere, &everywhere.active(path, text, applies), text);
    if language != Language::Any {
        raw.extend(text_matches(table, &active, text));
    }
    let suppressing = suppress::mentioned(text);
    let imports = imports_rule(table, &active).zip(project);
    let needs_tree = imports.is_some()
        || table
            .entries
            .iter()
            .enumerate()
            .any(|(i, entry)| active.has(i as u32) && entry.finder.needs_tree());
    let mut report = FileReport::default();
    let mut source = None;
    if language != Language::Any && (needs_tree || suppressing) {
        match Source::parse(path.clone(), language, text.to_owned()) {
            Ok(parsed) => source = Some(parsed),
            Err(NoTree::NoGrammar(_)) => {}
            Err(why) => report.notes.push(format!("{path}: not parsed: {why}")),
        }
    }
    report.parsed = source.is_some();
    if let Some(source) = &source {
        let mut on = Matching::new(source);
        raw.extend(tree_matches(table, &active, source, &mut on));
        if let Some((rule, project)) = imports {
            let undeclared = project.undeclared(path.as_str(), &dependencies::imports(source));
            raw.extend(undeclared.into_iter().map(|found| (rule, undeclared_import(found))));
        }
        if on.exhausted() {
            report.notes.push(format!("{path}: the limit of steps was reached; findings may be missing"));
        }
    }
    if raw.is_empty() && !suppressing {
        return report;
    }
    let file = File { rules, path, text, language, lines: Lines::of(text), source: source.as_ref() };
    let findings = file.findings(raw);
    if !suppressing {
        report.findings = findings;
        return report;
    }
    let suppressions = Suppressions::of(text, language, source.as_ref());
    file.split(findings, &suppressions, &mut report);
    report
}

/// The rule about undeclared imports, when it is to look at this file.
fn imports_rule(table: &Table, active: &Active) -> Option<usize> {
    table.entries.iter().enumerate().find_map(|(index, entry)| {
        (active.has(index as u32) && matches!(entry.finder, Finder::UndeclaredDependency))
            .then_some(entry.rule)
    })
}

fn undeclared_import(found: Undeclared) -> RawMatch {
    let captures = vec![("PACKAGE".to_owned(), vec![found.range.clone()])];
    RawMatch { range: found.range, captures, ..RawMatch::default() }
}

fn text_matches(table: &Table, active: &Active, text: &str) -> Vec<(usize, RawMatch)> {
    let mut raw = Vec::new();
    for (index, entry) in table.entries.iter().enumerate() {
        if active.has(index as u32) {
            raw.extend(entry.finder.find_in_text(text).into_iter().map(|m| (entry.rule, m)));
        }
    }
    raw
}

fn tree_matches<'t>(
    table: &Table,
    active: &Active,
    source: &'t Source,
    on: &mut Matching<'t>,
) -> Vec<(usize, RawMatch)> {
    let mut raw = Vec::new();
    if active.every_kind || !active.kinds.is_empty() {
        walk::each_node(source, on, |node, on| {
            let kind = node.kind_id();
            if !active.every_kind && !active.kinds.contains(kind) {
                return;
            }
            for index in table.for_kind(kind) {
                if !active.has(index) {
                    continue;
                }
                let Some(entry) = table.entries.get(index as usize) else { continue };
                if let Finder::Match(matcher) = &entry.finder
                    && let Some(captures) = matcher.match_node(node, on)
                {
                    raw.push((entry.rule, RawMatch::of_captures(node.byte_range(), &captures)));
                }
            }
        });
    }
    for (index, entry) in table.entries.iter().enumerate() {
        if active.has(index as u32) {
            raw.extend(entry.finder.find_in_tree(source, on).into_iter().map(|m| (entry.rule, m)));
        }
    }
    raw
}

/// What is known of the file while findings are made of matches.
struct File<'a> {
    rules: &'a RuleSet,
    path: &'a RepoPath,
    text: &'a str,
    language: Language,
    lines: Lines,
    source: Option<&'a Source>,
}

impl File<'_> {
    /// Findings in the order of the text, one a rule and place.
    fn findings(&self, mut raw: Vec<(usize, RawMatch)>) -> Vec<Finding> {
        raw.sort_by(|(a, x), (b, y)| (x.range.start, x.range.end, a).cmp(&(y.range.start, y.range.end, b)));
        raw.dedup_by(|(a, x), (b, y)| a == b && x.range == y.range);
        let mut prints = Fingerprints::new(self.path);
        let mut counts = vec![0usize; self.rules.rules().len()];
        let mut findings = Vec::new();
        for (index, found) in raw {
            let Some(loaded) = self.rules.rules().get(index) else { continue };
            counts[index] += 1;
            if counts[index] <= MAX_PER_RULE {
                findings.push(self.finding(loaded, &found, &mut prints));
            }
        }
        findings
    }

    fn finding(&self, loaded: &LoadedRule, found: &RawMatch, prints: &mut Fingerprints) -> Finding {
        let rule = &loaded.rule;
        let secret = rule.secret.is_some();
        let fix = match &found.fix {
            Some(edits) => edits.clone(),
            None => self.fix_of(loaded, found),
        };
        let line = self.lines.range(self.lines.line_of(found.range.start), self.text);
        let own = self.text.get(found.range.clone()).unwrap_or("");
        Finding {
            rule: rule.id.clone(),
            tool: "ecoops".to_owned(),
            title: rule.title.clone(),
            message: if secret { rule.why.clone() } else { fill(&rule.why, self.text, found) },
            severity: rule.severity,
            confidence: rule.confidence,
            tier: loaded.tier(),
            persona: rule.persona,
            category: rule.category,
            location: self.lines.location(self.path, self.text, found.range.clone()),
            related: found
                .related
                .iter()
                .map(|(range, label)| {
                    (self.lines.location(self.path, self.text, range.clone()), label.clone())
                })
                .collect(),
            fingerprint: prints.next(&rule.id, own, self.text.get(line).unwrap_or("")),
            fix,
        }
    }

    fn fix_of(&self, loaded: &LoadedRule, found: &RawMatch) -> Vec<Edit> {
        let place = rewrite::Place { text: self.text, lines: &self.lines, source: self.source };
        rewrite::edits(&loaded.rule.fix, place, found).unwrap_or_default()
    }

    /// Parts the findings by what comments suppress, and adds what suppresses nothing.
    fn split(&self, findings: Vec<Finding>, suppressions: &Suppressions, report: &mut FileReport) {
        let mut used = vec![false; suppressions.rules()];
        for finding in findings {
            match suppressions.covers(&finding.rule, finding.location.start.0) {
                Some(slots) => {
                    let Because { line, reason } =
                        slots.first().map(|slot| suppressions.because(*slot)).unwrap_or_default();
                    slots.into_iter().for_each(|slot| used[slot] = true);
                    report.suppressed.push(SuppressedFinding { finding, line, reason });
                }
                None => report.findings.push(finding),
            }
        }
        report
            .notes
            .extend(suppressions.notes.iter().map(|(line, note)| format!("{}:{line}: {note}", self.path)));
        let unused_rule = self.rules.table(Language::Any).entries.iter().find_map(|entry| {
            matches!(entry.finder, Finder::UnusedSuppression).then(|| self.rules.rules().get(entry.rule))?
        });
        let Some(loaded) = unused_rule else { return };
        // A rule that did not run may well be suppressed.
        let ran = |id: &str| {
            self.rules.rules().iter().any(|r| {
                let known = suppress::names(id, &r.rule.id);
                known && r.rule.languages.iter().any(|l| l == "any" || l == self.language.name())
            })
        };
        let mut prints = Fingerprints::new(self.path);
        for found in suppressions.unused(&used, self.text, ran) {
            report.findings.push(self.finding(loaded, &found, &mut prints));
        }
        report.findings.sort_by_key(|f| (f.location.bytes.start, f.location.bytes.end));
    }
}

/// The rule's reason with `$X` filled in, shortened for reading.
fn fill(why: &str, text: &str, found: &RawMatch) -> String {
    let mut out = String::with_capacity(why.len() + 32);
    let mut rest = why;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match metavariable(rest).filter(|(_, _, name)| found.binds(name)) {
            Some((length, _, name)) => {
                let value = found.capture(name).and_then(|r| text.get(r)).unwrap_or("");
                out.push_str(&shorten(value));
                rest = &rest[length..];
            }
            None => {
                let dollars = rest.bytes().take_while(|b| *b == b'$').count();
                out.push_str(&rest[..dollars]);
                rest = &rest[dollars..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn shorten(value: &str) -> String {
    let line = value.lines().next().unwrap_or("");
    let short: String = line.chars().take(QUOTED).collect();
    if short.len() < value.len() { format!("{short}…") } else { short }
}
