//! Rules' matchers, compiled for one language: which nodes they can match, which words a file must hold,
//! and whether a node matches.
//!
//! Never visits a file; `scan` does, and asks here.

use super::constraint::CompiledConstraint;
use super::language::{KindSet, Language};
use super::matching::{Captures, Matching};
use super::pattern::CompiledPattern;
use super::rule;
use super::syntax::Source;
use regex::{Regex, RegexBuilder};
use std::collections::BTreeSet;
use tree_sitter::Node;

/// Bytes that a compiled regular expression may take.
const REGEX_SIZE: usize = 1 << 20;

/// Words of which at least one must stand in a file that the rule can match in.
pub type Clause = Vec<String>;

/// A matcher of one language.
#[derive(Debug)]
pub struct CompiledMatcher {
    /// None: any kind.
    kinds: Option<KindSet>,
    /// All must hold; cheap ones first.
    tests: Vec<Test>,
    constraints: Vec<CompiledConstraint>,
    clauses: Vec<Clause>,
}

#[derive(Debug)]
enum Test {
    Pattern(CompiledPattern),
    Any(Vec<CompiledMatcher>),
    All(Vec<CompiledMatcher>),
    Regex(Regex),
    Inside(Relation),
    Has(Relation),
    Follows(Relation),
    Precedes(Relation),
    Not(CompiledMatcher),
}

/// The names that each of some alternatives always binds.
pub fn shared<'a>(alternatives: impl IntoIterator<Item = &'a CompiledMatcher>) -> BTreeSet<String> {
    let every = alternatives.into_iter().map(CompiledMatcher::always);
    every.reduce(|all, own| all.intersection(&own).cloned().collect()).unwrap_or_default()
}

#[derive(Debug)]
struct Relation {
    matcher: CompiledMatcher,
    direct: bool,
    within: KindSet,
    field: Option<u16>,
}

/// # Errors
/// A sentence when the expression is wrong or too large.
pub fn compile_regex(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text)
        .size_limit(REGEX_SIZE)
        .dfa_size_limit(REGEX_SIZE)
        .build()
        .map_err(|e| format!("the regular expression `{text}` is wrong: {e}"))
}

/// The number of a kind.
///
/// # Errors
/// A sentence when the grammar has no such kind.
pub fn kind_id(name: &str, language: Language) -> Result<u16, String> {
    let id = language.grammar().map_or(0, |g| g.id_for_node_kind(name, true));
    if id == 0 { Err(format!("{} has no kind of node `{name}`", language.name())) } else { Ok(id) }
}

/// The kinds named, where `function` stands for the language's functions. Names that the language does
/// not have are left out, as a rule may be for several; at least one must be known.
///
/// # Errors
/// A sentence when the language has none of them.
pub fn kind_set(names: &[String], language: Language) -> Result<KindSet, String> {
    let mut set = KindSet::named(language, names.iter().map(String::as_str));
    if names.iter().any(|n| n == "function") {
        set.union_with(&language.kinds().functions);
    }
    if set.is_empty() && !names.is_empty() {
        return Err(format!("{} has no kind of node `{}`", language.name(), names.join("`, `")));
    }
    Ok(set)
}

impl CompiledMatcher {
    /// # Errors
    /// A sentence that says what is wrong with which part.
    pub fn compile(matcher: &rule::Matcher, language: Language) -> Result<Self, String> {
        let mut all = Self { kinds: None, tests: Vec::new(), constraints: Vec::new(), clauses: Vec::new() };
        if let Some(kind) = &matcher.kind {
            all.narrow(Some(kind_set(std::slice::from_ref(kind), language)?));
            if let Some((_, word)) = language.spec().words.iter().find(|(k, _)| k == kind) {
                all.clauses.push(vec![(*word).to_owned()]);
            }
        }
        if let Some(pattern) = &matcher.pattern {
            let pattern = CompiledPattern::compile(pattern, language)?;
            all.narrow(pattern.root_kinds());
            all.clauses.extend(pattern.words().into_iter().map(|w| vec![w]));
            all.tests.push(Test::Pattern(pattern));
        }
        if !matcher.all.is_empty() {
            let parts = compile_all(&matcher.all, language)?;
            for part in &parts {
                all.narrow(part.kinds.clone());
                all.clauses.extend(part.clauses.iter().cloned());
            }
            all.tests.push(Test::All(parts));
        }
        if !matcher.any.is_empty() {
            let parts = compile_all(&matcher.any, language)?;
            all.narrow(union_of_kinds(&parts));
            all.clauses.extend(either_clause(&parts));
            all.tests.push(Test::Any(parts));
        }
        if let Some(regex) = &matcher.regex {
            all.tests.push(Test::Regex(compile_regex(regex)?));
            all.clauses.extend(regex_clause(regex));
        }
        for (relation, make) in [
            (&matcher.inside, Test::Inside as fn(Relation) -> Test),
            (&matcher.has, Test::Has),
            (&matcher.follows, Test::Follows),
            (&matcher.precedes, Test::Precedes),
        ] {
            if let Some(relation) = relation {
                let relation = Relation::compile(relation, language)?;
                all.clauses.extend(relation.matcher.clauses.iter().cloned());
                all.tests.push(make(relation));
            }
        }
        if let Some(not) = &matcher.not {
            all.tests.push(Test::Not(Self::compile(not, language)?));
        }
        for constraint in &matcher.constraints {
            let compiled = CompiledConstraint::compile(constraint, language)?;
            all.clauses.extend(constraint.regex.as_deref().and_then(regex_clause));
            all.constraints.push(compiled);
        }
        if all.tests.is_empty() && all.kinds.is_none() {
            return Err("a matcher needs at least one of pattern, kind, regex, any, all, not, inside, has, \
                        follows or precedes"
                .to_owned());
        }
        Ok(all)
    }

    /// The kinds of nodes that it can match; none when any.
    pub fn kinds(&self) -> Option<&KindSet> {
        self.kinds.as_ref()
    }

    /// What a file must hold: of each clause at least one word.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// The names that a match binds (in one of its alternatives).
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for test in &self.tests {
            match test {
                Test::Pattern(p) => names.extend(p.names().into_iter().map(str::to_owned)),
                Test::Any(parts) | Test::All(parts) => names.extend(parts.iter().flat_map(Self::names)),
                Test::Inside(r) | Test::Has(r) | Test::Follows(r) | Test::Precedes(r) => {
                    names.extend(r.matcher.names());
                }
                Test::Regex(_) | Test::Not(_) => {}
            }
        }
        names.extend(self.constraints.iter().flat_map(CompiledConstraint::names));
        names
    }

    /// The names that every match binds, whichever of its alternatives it is.
    pub fn always(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for test in &self.tests {
            match test {
                Test::Pattern(p) => names.extend(p.names().into_iter().map(str::to_owned)),
                Test::Any(parts) => names.extend(shared(parts)),
                Test::All(parts) => names.extend(parts.iter().flat_map(Self::always)),
                Test::Inside(r) | Test::Has(r) | Test::Follows(r) | Test::Precedes(r) => {
                    names.extend(r.matcher.always());
                }
                Test::Regex(_) | Test::Not(_) => {}
            }
        }
        names.extend(self.constraints.iter().flat_map(CompiledConstraint::names));
        names
    }

    /// What the names stand for when `node` matches.
    pub fn match_node<'t>(&self, node: Node<'t>, on: &mut Matching<'t>) -> Option<Captures<'t>> {
        let mut captures = Captures::default();
        self.matches(node, on, &mut captures).then_some(captures)
    }

    /// True when `node` matches, given what is captured already; what it captures is added.
    pub fn matches<'t>(&self, node: Node<'t>, on: &mut Matching<'t>, captures: &mut Captures<'t>) -> bool {
        if self.kinds.as_ref().is_some_and(|k| !k.contains(node.kind_id())) || !on.step() {
            return false;
        }
        let mark = captures.mark();
        let found = self.tests.iter().all(|test| test.holds(node, on, captures))
            && self.constraints.iter().all(|c| c.holds(on, captures));
        if !found {
            captures.back_to(mark);
        }
        found
    }

    /// Every node of the file that matches, in order. For one rule alone; `scan` runs many at once.
    pub fn find_all<'t>(&self, source: &'t Source, on: &mut Matching<'t>) -> Vec<(Node<'t>, Captures<'t>)> {
        let mut found = Vec::new();
        super::walk::each_node(source, on, |node, on| {
            found.extend(self.match_node(node, on).map(|captures| (node, captures)));
        });
        found
    }

    fn narrow(&mut self, kinds: Option<KindSet>) {
        let Some(kinds) = kinds else { return };
        self.kinds = Some(match &self.kinds {
            None => kinds,
            Some(mine) => mine.intersection(&kinds),
        });
    }
}

fn compile_all(matchers: &[rule::Matcher], language: Language) -> Result<Vec<CompiledMatcher>, String> {
    matchers.iter().map(|m| CompiledMatcher::compile(m, language)).collect()
}

fn union_of_kinds(parts: &[CompiledMatcher]) -> Option<KindSet> {
    let mut union = KindSet::default();
    for part in parts {
        union.union_with(part.kinds.as_ref()?);
    }
    Some(union)
}

/// One clause for alternatives: the longest clause of each, joined. None when one has no clause.
fn either_clause(parts: &[CompiledMatcher]) -> Option<Clause> {
    let mut joined = Vec::new();
    for part in parts {
        let best = part.clauses.iter().max_by_key(|c| c.iter().map(String::len).min().unwrap_or(0))?;
        joined.extend(best.iter().cloned());
    }
    Some(joined)
}

/// The words of which one must be in a text that the expression finds, where that is plain to see:
/// alternatives of literal text, anchored or not, in at most one group.
fn regex_clause(regex: &str) -> Option<Clause> {
    let mut text = regex.trim_start_matches('^').trim_start_matches("\\b");
    text = text.strip_suffix('$').unwrap_or(text);
    text = text.strip_suffix("\\b").unwrap_or(text);
    if let Some(inner) = text.strip_prefix("(?:").or_else(|| text.strip_prefix('('))
        && let Some(inner) = inner.strip_suffix(')')
    {
        text = inner;
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ' | '/' | ':' | '|');
    let words: Clause = text.split('|').map(str::to_owned).collect();
    (text.chars().all(plain) && words.iter().all(|w| w.len() > 2)).then_some(words)
}

impl Relation {
    fn compile(relation: &rule::Relation, language: Language) -> Result<Self, String> {
        let field = match &relation.field {
            None => None,
            Some(name) => Some(
                language
                    .grammar()
                    .and_then(|g| g.field_id_for_name(name))
                    .ok_or_else(|| format!("{} has no field `{name}`", language.name()))?
                    .get(),
            ),
        };
        Ok(Self {
            matcher: CompiledMatcher::compile(&relation.matcher, language)?,
            direct: relation.direct,
            within: kind_set(&relation.within, language)?,
            field,
        })
    }

    fn inside<'t>(&self, node: Node<'t>, on: &mut Matching<'t>, captures: &mut Captures<'t>) -> bool {
        let mut below = node;
        // Nearly always the node is on the traversal's path; then nothing has to be copied.
        let (on_path, others) = match on.depth_of(node) {
            Some(depth) => (depth, Vec::new()),
            None => (0, on.ancestors(node)),
        };
        for step in (0..on_path.max(others.len())).rev() {
            let above = match others.get(step) {
                Some(above) => *above,
                None => match on.at_depth(step) {
                    Some(above) => above,
                    None => return false,
                },
            };
            let hangs = self.field.is_none_or(|f| has_field(above, below, f));
            if hangs && self.matcher.matches(above, on, captures) {
                return true;
            }
            if self.direct || self.within.contains(above.kind_id()) || !on.step() {
                return false;
            }
            below = above;
        }
        false
    }

    fn has<'t>(&self, node: Node<'t>, on: &mut Matching<'t>, captures: &mut Captures<'t>) -> bool {
        let mut cursor = on.take_cursor(node);
        let mut found = false;
        if cursor.goto_first_child() {
            'walk: while on.step() {
                let at = cursor.node();
                let hangs = self.field.is_none_or(|f| cursor.field_id().is_some_and(|id| id.get() == f));
                if hangs && self.matcher.matches(at, on, captures) {
                    found = true;
                    break;
                }
                if !self.direct && !self.within.contains(at.kind_id()) && cursor.goto_first_child() {
                    continue;
                }
                while !cursor.goto_next_sibling() {
                    if !cursor.goto_parent() || cursor.node() == node {
                        break 'walk;
                    }
                }
            }
        }
        on.put_cursor(cursor);
        found
    }

    /// Some sibling, the nearest first.
    fn beside<'t>(
        &self,
        node: Node<'t>,
        later: bool,
        on: &mut Matching<'t>,
        captures: &mut Captures<'t>,
    ) -> bool {
        let Some(parent) = on.parent(node) else { return false };
        let begin = on.push_children(parent);
        let mut siblings: Vec<Node<'t>> = on.children[begin..]
            .iter()
            .filter(|n| n.is_named() && !n.is_extra() && **n != node)
            .filter(|n| (n.start_byte() >= node.end_byte()) == later)
            .copied()
            .collect();
        on.children.truncate(begin);
        if !later {
            siblings.reverse();
        }
        for sibling in siblings {
            let hangs = self.field.is_none_or(|f| has_field(parent, sibling, f));
            if hangs && self.matcher.matches(sibling, on, captures) {
                return true;
            }
            if self.direct || self.within.contains(sibling.kind_id()) {
                return false;
            }
        }
        false
    }
}

/// A parent may have several children of one field.
fn has_field(parent: Node<'_>, child: Node<'_>, field: u16) -> bool {
    let mut cursor = parent.walk();
    let mut more = cursor.goto_first_child();
    while more {
        if cursor.node() == child {
            return cursor.field_id().is_some_and(|id| id.get() == field);
        }
        more = cursor.goto_next_sibling();
    }
    false
}

impl Test {
    fn holds<'t>(&self, node: Node<'t>, on: &mut Matching<'t>, captures: &mut Captures<'t>) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.matches(node, on, captures),
            Self::Any(parts) => parts.iter().any(|m| m.matches(node, on, captures)),
            Self::All(parts) => parts.iter().all(|m| m.matches(node, on, captures)),
            Self::Regex(regex) => {
                on.spend_on(node.byte_range().len()) && regex.is_match(on.source.text_of(node))
            }
            Self::Inside(relation) => relation.inside(node, on, captures),
            Self::Has(relation) => relation.has(node, on, captures),
            Self::Follows(relation) => relation.beside(node, false, on, captures),
            Self::Precedes(relation) => relation.beside(node, true, on, captures),
            Self::Not(matcher) => {
                let mark = captures.mark();
                let found = matcher.matches(node, on, captures);
                captures.back_to(mark);
                !found
            }
        }
    }
}
