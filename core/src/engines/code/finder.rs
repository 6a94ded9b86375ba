//! The ways of finding, as a closed set: what a rule compiles to for one language, and what it yields.
//!
//! Never reports: `scan` makes findings of what is yielded here. A new way of finding is a new variant
//! with its line in `compile` and in `find`.

use super::dependencies;
use super::document::{DocumentRule, Syntax};
use super::flow::{ResourceRule, TaintRule};
use super::language::Language;
use super::matcher::{Clause, CompiledMatcher, compile_regex};
use super::matching::{Captures, Matching};
use super::rule::Rule;
use super::secret::SecretRule;
use super::syntax::Source;
use crate::domain::Edit;
use regex::Regex;
use std::collections::BTreeSet;
use std::ops::Range;

/// One place that a rule found, in bytes of the file's text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawMatch {
    pub range: Range<usize>,
    /// What names stand for: each with its places, in the text's order.
    pub captures: Vec<(String, Vec<Range<usize>>)>,
    /// Other places that explain it, each with a label.
    pub related: Vec<(Range<usize>, String)>,
    /// The finder's own fix; none: the rule's fix steps apply.
    pub fix: Option<Vec<Edit>>,
}

impl RawMatch {
    pub fn of_captures(range: Range<usize>, captures: &Captures<'_>) -> Self {
        let captures = captures
            .iter()
            .map(|(name, nodes)| (name.to_owned(), nodes.iter().map(|n| n.byte_range()).collect()))
            .collect();
        Self { range, captures, ..Self::default() }
    }

    /// From the first to the last byte of what `name` stands for.
    pub fn capture(&self, name: &str) -> Option<Range<usize>> {
        let (_, ranges) = self.captures.iter().find(|(n, _)| n == name)?;
        Some(ranges.first()?.start..ranges.last()?.end)
    }

    /// True when the name is bound, be it to nothing.
    pub fn binds(&self, name: &str) -> bool {
        self.captures.iter().any(|(n, _)| n == name)
    }
}

/// How one rule finds in files of one language.
#[derive(Debug)]
pub enum Finder {
    /// Asked about each node of the kinds that it can match, by the one traversal of a file.
    Match(Box<CompiledMatcher>),
    /// Asked about the text of a file of any language.
    Text(Regex),
    Secret(Box<SecretRule>),
    Taint(Box<TaintRule>),
    Resource(Box<ResourceRule>),
    Document(Box<DocumentRule>, Syntax),
    /// Runs after all others.
    UnusedSuppression,
    /// Needs to know the project; the scan asks `dependencies` itself.
    UndeclaredDependency,
}

impl Finder {
    /// # Errors
    /// A sentence that says what is wrong in the rule.
    pub fn compile(rule: &Rule, language: Language) -> Result<Self, String> {
        if let Some(matcher) = &rule.matcher {
            return if language == Language::Any {
                let structural = matcher.pattern.is_some()
                    || matcher.kind.is_some()
                    || !matcher.any.is_empty()
                    || !matcher.all.is_empty()
                    || matcher.not.is_some()
                    || [&matcher.inside, &matcher.has, &matcher.follows, &matcher.precedes]
                        .iter()
                        .any(|relation| relation.is_some())
                    || !matcher.constraints.is_empty();
                match &matcher.regex {
                    Some(regex) if !structural => Ok(Self::Text(compile_regex(regex)?)),
                    _ => Err("for the language `any` only `regex` can be matched".to_owned()),
                }
            } else {
                CompiledMatcher::compile(matcher, language).map(|m| Self::Match(Box::new(m)))
            };
        }
        match rule.builtin.as_deref() {
            Some("unused-suppression") => return Ok(Self::UnusedSuppression),
            Some(dependencies::RULE) => return Ok(Self::UndeclaredDependency),
            _ => {}
        }
        if let Some(taint) = &rule.taint {
            return TaintRule::compile(taint, language).map(|rule| Self::Taint(Box::new(rule)));
        }
        if let Some(resource) = &rule.resource {
            return ResourceRule::compile(resource, language).map(|rule| Self::Resource(Box::new(rule)));
        }
        if let Some(document) = &rule.document {
            let syntax = document_syntax(language)?;
            let rule = DocumentRule::compile(document).map_err(|e| e.to_string())?;
            return Ok(Self::Document(Box::new(rule), syntax));
        }
        if let Some(secret) = &rule.secret {
            return SecretRule::compile(secret).map(|rule| Self::Secret(Box::new(rule)));
        }
        Err("this way of finding is not known".to_owned())
    }

    /// What a file must hold for this to find anything: of each clause at least one word.
    pub fn clauses(&self) -> &[Clause] {
        match self {
            Self::Match(matcher) => matcher.clauses(),
            Self::Taint(rule) => rule.clauses(),
            Self::Resource(rule) => rule.clauses(),
            Self::Document(rule, _) => rule.clauses(),
            Self::Text(_) | Self::Secret(_) | Self::UnusedSuppression | Self::UndeclaredDependency => &[],
        }
    }

    /// False when nothing can be found in a file at this path, whatever it holds.
    pub fn looks_at(&self, path: &str) -> bool {
        match self {
            Self::Document(rule, _) => rule.looks_at(path),
            _ => true,
        }
    }

    /// True when it works on a syntax tree.
    pub fn needs_tree(&self) -> bool {
        match self {
            Self::Match(_) | Self::Taint(_) | Self::Resource(_) | Self::Document(..) => true,
            Self::Text(_) | Self::Secret(_) | Self::UnusedSuppression | Self::UndeclaredDependency => false,
        }
    }

    /// The names that some match of it binds, and those that every match does; none when that is not known
    /// beforehand.
    pub fn names(&self) -> Option<(Vec<String>, BTreeSet<String>)> {
        let all = |names: Vec<String>| (names.clone(), names.into_iter().collect());
        match self {
            Self::Match(matcher) => Some((matcher.names(), matcher.always())),
            Self::Text(regex) => Some(all(regex.capture_names().flatten().map(str::to_owned).collect())),
            Self::UnusedSuppression => Some(all(vec!["RULE".to_owned()])),
            Self::UndeclaredDependency => Some(all(vec!["PACKAGE".to_owned()])),
            Self::Secret(_) => Some(all(Vec::new())),
            Self::Taint(rule) => Some(rule.names()),
            Self::Resource(rule) => Some(rule.names()),
            Self::Document(..) => None,
        }
    }

    /// Finds in a parsed file, one rule by itself. `Match` is left to the traversal.
    pub fn find_in_tree<'t>(&self, source: &'t Source, on: &mut Matching<'t>) -> Vec<RawMatch> {
        match self {
            Self::Taint(rule) => rule.find(source, on),
            Self::Resource(rule) => rule.find(source, on),
            Self::Document(rule, syntax) => rule
                .find(source.path.as_str(), *syntax, on.documents(*syntax), &source.text)
                .into_iter()
                .map(|found| RawMatch {
                    range: found.range,
                    captures: found
                        .judged
                        .map(|judged| ("VALUE".to_owned(), vec![judged]))
                        .into_iter()
                        .collect(),
                    related: Vec::new(),
                    fix: Some(found.edits),
                })
                .collect(),
            Self::Match(_)
            | Self::Text(_)
            | Self::Secret(_)
            | Self::UnusedSuppression
            | Self::UndeclaredDependency => Vec::new(),
        }
    }

    /// Finds in a text, parsed or not.
    pub fn find_in_text(&self, text: &str) -> Vec<RawMatch> {
        match self {
            Self::Text(regex) => regex
                .captures_iter(text)
                .filter_map(|found| {
                    let whole = found.get(0)?;
                    let captures = regex
                        .capture_names()
                        .flatten()
                        .filter_map(|name| Some((name.to_owned(), vec![found.name(name)?.range()])))
                        .collect();
                    Some(RawMatch { range: whole.range(), captures, ..RawMatch::default() })
                })
                .take(1000)
                .collect(),
            Self::Secret(rule) => {
                rule.find(text).into_iter().map(|range| RawMatch { range, ..RawMatch::default() }).collect()
            }
            Self::Match(_)
            | Self::Taint(_)
            | Self::Resource(_)
            | Self::Document(..)
            | Self::UnusedSuppression
            | Self::UndeclaredDependency => Vec::new(),
        }
    }
}

fn document_syntax(language: Language) -> Result<Syntax, String> {
    match language {
        Language::Yaml => Ok(Syntax::Yaml),
        Language::Json => Ok(Syntax::Json),
        Language::Toml => Ok(Syntax::Toml),
        Language::Hcl => Ok(Syntax::Hcl),
        other => Err(format!("a {} file is no structured document", other.name())),
    }
}
