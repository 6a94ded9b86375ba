//! Loading rules and merging them into one table a language.
//!
//! Never reads a file: it is given names and texts.

use super::finder::Finder;
use super::glob::compile_glob;
use super::language::Language;
use super::pattern::metavariable;
use super::rule::{FixStep, Rule, RuleFile};
use super::table::Table;
use crate::domain::{Category, ContentHash, Persona, RepoPath, Severity, Tier};
use rayon::prelude::*;
use regex::Regex;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Bytes that a file of rules may have.
const MAX_FILE_BYTES: usize = 1 << 20;

/// Why rules cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("{file}: {why}")]
    File { file: String, why: String },
    #[error("{file}: rule `{rule}`: {why}")]
    Rule { file: String, rule: String, why: String },
    #[error("{file}: rule `{rule}` exists already in {first}")]
    Twice { file: String, rule: String, first: String },
}

/// A rule with its globs compiled.
#[derive(Debug, Clone)]
pub struct LoadedRule {
    pub rule: Rule,
    /// The file that it came from.
    pub file: String,
    files: Vec<Regex>,
    exclude: Vec<Regex>,
}

impl LoadedRule {
    pub fn applies_to(&self, path: &RepoPath) -> bool {
        let hit = |globs: &[Regex]| globs.iter().any(|g| g.is_match(path.as_str()));
        (self.files.is_empty() || hit(&self.files)) && !hit(&self.exclude)
    }

    /// What may be done with its fix.
    pub fn tier(&self) -> Tier {
        let has_fix = !self.rule.fix.is_empty()
            || self.rule.document.as_ref().is_some_and(|d| !d.fix.is_empty())
            || self.rule.builtin.is_some();
        if has_fix { self.rule.tier } else { Tier::Manual }
    }
}

/// Which rules of a set are wanted. The default wants all of the default persona.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    pub persona: Persona,
    /// Globs on ids; empty: all.
    pub only: Vec<String>,
    /// Globs on ids: taken as well, whatever their persona.
    pub also: Vec<String>,
    /// Globs on ids.
    pub without: Vec<String>,
    /// Empty: all.
    pub categories: Vec<Category>,
    pub at_least: Option<Severity>,
}

/// All rules of a scan. Those of a language are compiled when its first file is scanned.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<LoadedRule>,
    tables: Vec<OnceLock<Table>>,
    hash: OnceLock<ContentHash>,
}

impl RuleSet {
    /// `files` are names (for messages) and YAML texts.
    ///
    /// # Errors
    /// [`RuleError`] at the first thing that is wrong, with file, rule and reason.
    pub fn load<N: AsRef<str>, T: AsRef<str>>(files: &[(N, T)]) -> Result<Self, RuleError> {
        Self::load_beside(&[], files)
    }

    /// Like [`Self::load`], with `known` files beside them that have been loaded in a test: of these it is
    /// not checked again that they compile, and a rule that does not would be left out.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_beside<N: AsRef<str>, T: AsRef<str>>(
        known: &[(&str, &str)],
        files: &[(N, T)],
    ) -> Result<Self, RuleError> {
        let files: Vec<_> = files.iter().map(|(name, text)| (name.as_ref(), text.as_ref())).collect();
        let mut seen = BTreeMap::new();
        let mut rules = parse(known, &mut seen)?;
        let own = parse(&files, &mut seen)?;
        own.iter().try_for_each(check)?;
        rules.extend(own);
        Ok(Self::of(rules))
    }

    fn of(rules: Vec<LoadedRule>) -> Self {
        let tables = Language::ALL.iter().map(|_| OnceLock::new()).collect();
        Self { hash: OnceLock::new(), rules, tables }
    }

    /// The rules that are wanted, as a set of their own.
    ///
    /// # Errors
    /// [`RuleError`] when a glob is wrong.
    pub fn select(&self, selection: &Selection) -> Result<Self, RuleError> {
        let globs = |list: &[String]| {
            list.iter()
                .map(|g| {
                    compile_glob(g).map_err(|why| RuleError::File { file: "the selection".to_owned(), why })
                })
                .collect::<Result<Vec<_>, _>>()
        };
        let (only, without) = (globs(&selection.only)?, globs(&selection.without)?);
        let also = globs(&selection.also)?;
        let wanted = |r: &Rule| {
            let persona = r.persona == Persona::Default || selection.persona == Persona::Pedantic;
            // A rule that is asked for by name comes whatever its persona.
            let named = only.iter().any(|g| g.is_match(&r.id));
            (named || (only.is_empty() && (persona || also.iter().any(|g| g.is_match(&r.id)))))
                && !without.iter().any(|g| g.is_match(&r.id))
                && (selection.categories.is_empty() || selection.categories.contains(&r.category))
                && selection.at_least.is_none_or(|s| r.severity >= s)
        };
        Ok(Self::of(self.rules.iter().filter(|r| wanted(&r.rule)).cloned().collect()))
    }

    pub fn rules(&self) -> &[LoadedRule] {
        &self.rules
    }

    pub fn rule(&self, id: &str) -> Option<&LoadedRule> {
        self.rules.iter().find(|r| r.rule.id == id)
    }

    /// Names the rules and this version of the engine: what was found before holds while it is the same.
    pub fn hash(&self) -> &ContentHash {
        self.hash.get_or_init(|| {
            let mut text = format!("ecoops {}\n", env!("CARGO_PKG_VERSION"));
            for loaded in &self.rules {
                text.push_str(&format!("{:?}\n", loaded.rule));
            }
            ContentHash::of(text.as_bytes())
        })
    }

    pub(super) fn table(&self, language: Language) -> &Table {
        self.tables[language as usize].get_or_init(|| {
            let named = |(index, loaded): (usize, &LoadedRule)| {
                let finder = loaded.rule.languages.iter().any(|l| l == language.name());
                finder.then(|| Finder::compile(&loaded.rule, language).ok()).flatten().map(|f| (index, f))
            };
            let finders = self.rules.iter().enumerate().filter_map(named).collect();
            Table::new(finders)
        })
    }
}

/// The rules of some files, by themselves well formed. `seen` knows the file of each id.
fn parse(files: &[(&str, &str)], seen: &mut BTreeMap<String, String>) -> Result<Vec<LoadedRule>, RuleError> {
    let read = |&(file, text): &(&str, &str)| {
        let in_file = |why: String| RuleError::File { file: file.to_owned(), why };
        if text.len() > MAX_FILE_BYTES {
            return Err(in_file(format!("more than {MAX_FILE_BYTES} bytes")));
        }
        serde_saphyr::from_str::<RuleFile>(text).map_err(|e| in_file(e.to_string()))
    };
    // Reading YAML is most of the work of a short scan.
    let read: Vec<Result<RuleFile, RuleError>> = files.par_iter().map(read).collect();
    let mut rules = Vec::new();
    // Rules share most of their globs, and a glob takes long to compile.
    let mut compiled: BTreeMap<String, Regex> = BTreeMap::new();
    for (&(file, _), parsed) in files.iter().zip(read) {
        for rule in parsed?.rules {
            let id = rule.id.clone();
            if let Some(first) = seen.insert(id.clone(), file.to_owned()) {
                return Err(RuleError::Twice { file: file.to_owned(), rule: id, first });
            }
            let in_rule = |why| RuleError::Rule { file: file.to_owned(), rule: id.clone(), why };
            validate(&rule).map_err(in_rule)?;
            let mut globs = |list: &[String]| {
                list.iter()
                    .map(|glob| match compiled.get(glob) {
                        Some(known) => Ok(known.clone()),
                        None => {
                            let regex = compile_glob(glob)?;
                            Ok(compiled.entry(glob.clone()).or_insert(regex).clone())
                        }
                    })
                    .collect::<Result<Vec<_>, String>>()
            };
            let files = globs(&rule.files).map_err(in_rule)?;
            let exclude = globs(&rule.exclude_files).map_err(in_rule)?;
            rules.push(LoadedRule { rule, file: file.to_owned(), files, exclude });
        }
    }
    Ok(rules)
}

/// Whether a rule compiles for each of its languages.
fn check(loaded: &LoadedRule) -> Result<(), RuleError> {
    let fail = |why| RuleError::Rule { file: loaded.file.clone(), rule: loaded.rule.id.clone(), why };
    for name in &loaded.rule.languages {
        let language =
            Language::from_name(name).ok_or_else(|| fail(format!("the language `{name}` is not known")))?;
        let finder = Finder::compile(&loaded.rule, language).map_err(fail)?;
        check_names(&loaded.rule, &finder).map_err(fail)?;
    }
    Ok(())
}

fn validate(rule: &Rule) -> Result<(), String> {
    let ways = [
        rule.matcher.is_some(),
        rule.taint.is_some(),
        rule.resource.is_some(),
        rule.document.is_some(),
        rule.secret.is_some(),
        rule.builtin.is_some(),
    ];
    let ways = ways.iter().filter(|way| **way).count();
    let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if rule.id.is_empty() || !rule.id.chars().all(kebab) {
        return Err("the id must be in kebab case".to_owned());
    }
    if ways != 1 {
        return Err(format!(
            "it names {ways} ways of finding; it must name exactly one of match, taint, resource, document, \
             secret, builtin"
        ));
    }
    for (what, text) in [("title", &rule.title), ("why", &rule.why), ("remedy", &rule.remedy)] {
        if text.trim().is_empty() {
            return Err(format!("its {what} is empty"));
        }
    }
    if rule.languages.is_empty() {
        return Err("it names no language".to_owned());
    }
    if !rule.link.starts_with("https://") {
        return Err("its link must start with https://".to_owned());
    }
    if !rule.examples.iter().any(|e| e.bad.is_some()) || !rule.examples.iter().any(|e| e.good.is_some()) {
        return Err("it needs at least one bad and one good example".to_owned());
    }
    rule.fix.iter().try_for_each(validate_step)
}

fn validate_step(step: &FixStep) -> Result<(), String> {
    let actions = [
        step.replace.is_some(),
        step.insert_before.is_some() || step.insert_after.is_some(),
        step.remove,
        step.import.is_some(),
    ];
    if actions.iter().filter(|a| **a).count() == 1 {
        Ok(())
    } else {
        Err("each step of a fix needs exactly one of replace, insert-before/insert-after, remove, import"
            .to_owned())
    }
}

/// Every `$X` in the rule's texts must be bound by what it finds, and one in its fix by every alternative:
/// else there would be findings that the fix passes over without a word.
fn check_names(rule: &Rule, finder: &Finder) -> Result<(), String> {
    let Some((some, every)) = finder.names() else { return Ok(()) };
    let mut wanted: Vec<&str> = Vec::new();
    for step in &rule.fix {
        wanted.extend(step.target.as_deref().map(|name| name.trim_start_matches('$')));
        for text in [&step.replace, &step.insert_before, &step.insert_after] {
            wanted.extend(text.as_deref().map(names_in).unwrap_or_default());
        }
    }
    let known = |name: &&str| some.iter().any(|bound| bound == *name);
    if let Some(name) = names_in(&rule.why).iter().chain(&wanted).find(|name| !known(name)) {
        return Err(format!("${name} is used and never captured"));
    }
    match wanted.iter().find(|name| !every.contains(**name)) {
        Some(name) => Err(format!("the fix uses ${name}, which not every alternative captures")),
        None => Ok(()),
    }
}

fn names_in(text: &str) -> Vec<&str> {
    text.match_indices('$')
        .filter(|(at, _)| *at == 0 || text.as_bytes().get(at - 1) != Some(&b'$'))
        .filter_map(|(at, _)| metavariable(&text[at..]).map(|(_, _, name)| name))
        .filter(|name| !name.is_empty())
        .collect()
}

#[cfg(test)]
#[path = "ruleset_tests.rs"]
mod tests;
