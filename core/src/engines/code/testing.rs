//! Running the examples that rules bring.
//!
//! Never changes a rule; says what does not hold, and why.

use super::dependencies::Project;
use super::language::Language;
use super::rewrite::apply;
use super::ruleset::{LoadedRule, RuleSet};
use super::scan::{FileReport, scan_in_project};
use super::syntax::Source;
use crate::domain::{Edit, RepoPath};

/// How one example of a rule came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleResult {
    pub rule: String,
    pub file: String,
    /// From 1, in the rule's order.
    pub number: usize,
    pub language: &'static str,
    /// None: it holds. Else what does not.
    pub failure: Option<String>,
}

/// Runs every example of every rule, in each of the rule's languages when the example names no file.
pub fn run_examples(rules: &RuleSet) -> Vec<ExampleResult> {
    let mut results = Vec::new();
    for loaded in rules.rules() {
        for (index, example) in loaded.rule.examples.iter().enumerate() {
            for (path, language) in places(loaded, example.file.as_deref()) {
                let failure = match path {
                    Ok(path) => run(rules, loaded, index, &path, language).err(),
                    Err(why) => Some(why),
                };
                results.push(ExampleResult {
                    rule: loaded.rule.id.clone(),
                    file: loaded.file.clone(),
                    number: index + 1,
                    language: language.name(),
                    failure,
                });
            }
        }
    }
    results
}

type Path = Result<RepoPath, String>;

/// Where an example is told to be, or one made-up file of the first language.
fn places(loaded: &LoadedRule, file: Option<&str>) -> Vec<(Path, Language)> {
    let first = loaded.rule.languages.first().and_then(|n| Language::from_name(n)).unwrap_or(Language::Any);
    match file {
        Some(file) => {
            let path = RepoPath::new(file).map_err(|e| e.to_string());
            let language = path.as_ref().map_or(first, |p| Language::detect(p, b""));
            vec![(path, language)]
        }
        None => loaded
            .rule
            .languages
            .iter()
            .filter_map(|n| Language::from_name(n))
            .map(|l| (RepoPath::new(format!("example.{}", l.spec().extension)).map_err(|e| e.to_string()), l))
            .collect(),
    }
}

/// A project with a manifest of every kind that declares nothing.
fn empty_project() -> Project {
    let manifests = [
        ("requirements.txt", ""),
        ("package.json", "{}"),
        ("go.mod", "module example.org/example\n"),
        ("Cargo.toml", "[package]\nname = \"example\"\n"),
        ("Gemfile", ""),
    ];
    Project::new(manifests.iter().map(|(path, _)| *path), manifests)
}

fn run(
    rules: &RuleSet,
    loaded: &LoadedRule,
    index: usize,
    path: &RepoPath,
    language: Language,
) -> Result<(), String> {
    let Some(example) = loaded.rule.examples.get(index) else { return Ok(()) };
    let id = loaded.rule.id.as_str();
    let project = loaded.rule.builtin.as_ref().map(|_| empty_project());
    if !loaded.applies_to(path) {
        return Err(format!("the rule does not look at {path}; give the example a `file`"));
    }
    if let Some(good) = &example.good {
        let found = scan_in_project(rules, path, good, project.as_ref());
        if let Some(hit) = found.findings.iter().find(|f| f.rule == id) {
            return Err(format!("the good code is found, at line {}", hit.location.start.0));
        }
        check_parses("good", good, path, language)?;
    }
    let Some(bad) = &example.bad else { return Ok(()) };
    let report = scan_in_project(rules, path, bad, project.as_ref());
    let edits: Vec<Edit> = own_edits(&report, id);
    if !report.findings.iter().any(|f| f.rule == id) {
        check_parses("bad", bad, path, language)?;
        return Err("the bad code is not found".to_owned());
    }
    let Some(fixed) = &example.fixed else { return Ok(()) };
    if edits.is_empty() {
        return Err("the example has `fixed`, and the rule gives no fix here".to_owned());
    }
    let text = apply(bad, &edits).ok_or_else(|| "the fix's edits overlap".to_owned())?;
    if text != *fixed {
        return Err(format!("the fix gives\n{}instead of\n{}", quoted(&text), quoted(fixed)));
    }
    if scan_in_project(rules, path, &text, project.as_ref()).findings.iter().any(|f| f.rule == id) {
        return Err("the fixed code is still found".to_owned());
    }
    if errors(bad, path, language) < errors(&text, path, language) {
        return Err("the fixed code parses worse than the bad".to_owned());
    }
    Ok(())
}

/// The edits of the rule's findings, in order, without those that overlap an earlier one or repeat it.
fn own_edits(report: &FileReport, id: &str) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    let all = report.findings.iter().filter(|f| f.rule == id).flat_map(|f| f.fix.iter().cloned());
    let mut all: Vec<Edit> = all.collect();
    all.sort_by(|a, b| (a.range.start, a.range.end, &a.text).cmp(&(b.range.start, b.range.end, &b.text)));
    all.dedup();
    for edit in all {
        if edits.last().is_none_or(|e| e.range.end <= edit.range.start) {
            edits.push(edit);
        }
    }
    edits
}

fn errors(text: &str, path: &RepoPath, language: Language) -> usize {
    Source::parse(path.clone(), language, text.to_owned()).map_or(0, |s| s.syntax_errors().total())
}

fn check_parses(what: &str, text: &str, path: &RepoPath, language: Language) -> Result<(), String> {
    match errors(text, path, language) {
        0 => Ok(()),
        _ => Err(format!("the {what} code does not parse as {}", language.name())),
    }
}

fn quoted(text: &str) -> String {
    text.lines().map(|l| format!("    | {l}\n")).collect()
}
