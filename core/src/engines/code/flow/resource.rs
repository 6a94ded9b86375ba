//! Resource rules: a value that must be released, checked or awaited.

use super::shape::View;
use super::uses::Use;
use super::{compile_all, either};
use crate::engines::code::finder::RawMatch;
use crate::engines::code::language::Language;
use crate::engines::code::matcher::{Clause, CompiledMatcher, shared};
use crate::engines::code::matching::{Captures, Matching};
use crate::engines::code::rule;
use crate::engines::code::syntax::Source;
use std::collections::BTreeSet;
use std::ops::Range;
use tree_sitter::Node;

/// The capture that holds the variable.
const VARIABLE: &str = "V";

/// A `resource` rule of one language.
#[derive(Debug)]
pub struct ResourceRule {
    acquire: Vec<CompiledMatcher>,
    release: Vec<CompiledMatcher>,
    passing_escapes: bool,
    every_path: bool,
    clauses: Vec<Clause>,
}

/// A release: of which variable (by its text), where.
#[derive(Debug)]
struct Release<'t> {
    node: Node<'t>,
    variable: Option<&'t str>,
}

impl ResourceRule {
    /// # Errors
    /// A sentence that says what is wrong in the rule.
    pub fn compile(rule: &rule::Resource, language: Language) -> Result<Self, String> {
        let acquire = compile_all(&rule.acquire, language)?;
        let release = compile_all(&rule.release, language)?;
        if acquire.is_empty() {
            return Err("resource needs at least one `acquire`".to_owned());
        }
        let clauses = either(&acquire).into_iter().collect();
        let (passing_escapes, every_path) = (rule.passing_escapes, rule.every_path);
        Ok(Self { acquire, release, passing_escapes, every_path, clauses })
    }

    /// The names that its findings bind: what some `acquire` captures, and what every one does.
    pub fn names(&self) -> (Vec<String>, BTreeSet<String>) {
        (self.acquire.iter().flat_map(CompiledMatcher::names).collect(), shared(&self.acquire))
    }

    /// What a file must hold for the rule to find anything.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// The acquisitions that nothing follows up, in the order of the text.
    pub fn find<'t>(&self, source: &'t Source, on: &mut Matching<'t>) -> Vec<RawMatch> {
        let view = View::new(source);
        let acquired: Vec<_> = self.acquire.iter().flat_map(|m| m.find_all(source, on)).collect();
        if acquired.is_empty() {
            return Vec::new();
        }
        let releases: Vec<Release<'t>> = self
            .release
            .iter()
            .flat_map(|m| m.find_all(source, on))
            .map(|(node, captures)| Release { node, variable: captures.node(VARIABLE).map(|v| view.text(v)) })
            .collect();
        let mut found: Vec<RawMatch> = acquired
            .iter()
            .filter_map(|(node, captures)| self.judge(view, *node, captures, &releases))
            .collect();
        found.sort_by_key(|raw| (raw.range.start, raw.range.end));
        found.dedup_by(|a, b| a.range == b.range);
        found
    }

    fn judge<'t>(
        &self,
        view: View<'t>,
        node: Node<'t>,
        captures: &Captures<'t>,
        releases: &[Release<'t>],
    ) -> Option<RawMatch> {
        let raw = RawMatch::of_captures(node.byte_range(), captures);
        let Some(variable) = captures.node(VARIABLE) else {
            // Nothing holds the value: it is dropped where it stands.
            return is_dropped(node).then_some(raw);
        };
        let variable = alone(variable);
        let name = view.text(variable);
        if !view.is_identifier(variable) || name == "_" || is_scoped(view, node) {
            return None;
        }
        let owner = view.owner(node);
        if !is_declared(view, owner, node, name) {
            return None;
        }
        let uses = view.uses(owner, name, node.end_byte());
        let mine: Vec<Node<'t>> = releases
            .iter()
            .filter(|release| within(release.node, owner) && release.node.end_byte() > node.end_byte())
            .filter(|release| match release.variable {
                Some(variable) => variable == name,
                None => uses.iter().any(|used| within(*used, release.node)),
            })
            .map(|release| release.node)
            .collect();
        let outside = uses.iter().filter(|used| !mine.iter().any(|release| within(**used, *release)));
        let leaves = outside.map(|used| view.classify(*used, owner)).any(|verdict| match verdict {
            Use::Local => false,
            Use::Passed => self.passing_escapes,
            Use::Escapes | Use::Scoped => true,
        });
        if leaves {
            return None;
        }
        let Some(first) = mine.iter().min_by_key(|release| release.start_byte()) else { return Some(raw) };
        let skipped = if self.every_path { skipped(view, node, *first, name) } else { None };
        skipped.map(|exit| {
            let mut raw = raw;
            raw.related.push((exit, "here the function is left without it".to_owned()));
            raw
        })
    }
}

/// The only element of a list of targets: `t := f()` in Go.
fn alone(node: Node<'_>) -> Node<'_> {
    match node.named_child(0) {
        Some(only) if node.kind() == "expression_list" && node.named_child_count() == 1 => only,
        _ => node,
    }
}

fn within(node: Node<'_>, outer: Node<'_>) -> bool {
    outer.start_byte() <= node.start_byte() && node.end_byte() <= outer.end_byte()
}

fn is_dropped(node: Node<'_>) -> bool {
    node.kind().ends_with("expression_statement")
        || node.parent().is_some_and(|parent| parent.kind() == "expression_statement")
}

/// Acquired in the head of `with`, `using`, `defer` or try-with-resources.
fn is_scoped<'t>(view: View<'t>, node: Node<'t>) -> bool {
    let mut at = Some(node);
    while let Some(here) = at {
        let text = view.text(here).trim_start();
        let is_statement = here.kind().ends_with("declaration") || here.kind().ends_with("statement");
        if is_statement && (text.starts_with("using ") || text.starts_with("await using ")) {
            return true;
        }
        if view.kinds.scopes.contains(here.kind_id()) {
            let body = here.child_by_field_name("body");
            return body.is_none_or(|body| !within(node, body));
        }
        if view.is_function(here) || view.kinds.blocks.contains(here.kind_id()) {
            return false;
        }
        at = here.parent();
    }
    false
}

/// Whether the variable belongs to the function: in languages that declare, it is declared in it.
fn is_declared<'t>(view: View<'t>, owner: Node<'t>, node: Node<'t>, name: &str) -> bool {
    let is_outer = |used: &Node<'t>| {
        let kind = used.parent().map_or("", |parent| parent.kind());
        matches!(kind, "global_statement" | "nonlocal_statement" | "global_declaration")
    };
    if view.uses(owner, name, owner.start_byte()).iter().any(is_outer) {
        return false;
    }
    // What came in as a parameter may be the caller's.
    if view.parameters(owner).iter().any(|parameter| view.text(*parameter) == name) {
        return false;
    }
    if matches!(view.spec.name, "python" | "ruby" | "php" | "bash") {
        // Ruby's `@x` and `$x` outlive the method; PHP's `$x` does not.
        return !name.starts_with('@') && (view.spec.name == "php" || !name.starts_with('$'));
    }
    let declares = |kind: &str| {
        matches!(
            kind,
            "variable_declarator"
                | "short_var_declaration"
                | "var_spec"
                | "let_declaration"
                | "init_declarator"
                | "declaration"
        )
    };
    let mut cursor = owner.walk();
    loop {
        let here = cursor.node();
        if declares(here.kind())
            && (within(here, node) || within(node, here) || here.start_byte() < node.start_byte())
        {
            let mut names = Vec::new();
            let target = view
                .assignment(here)
                .map_or_else(|| here.child_by_field_name("declarator").unwrap_or(here), |(left, _)| left);
            view.bound(target, &mut names, 0);
            if names.iter().any(|declared| view.text(*declared) == name) && view.owner(here) == owner {
                return true;
            }
        }
        if here.start_byte() < node.end_byte() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() || cursor.node() == owner {
                return false;
            }
        }
    }
}

/// The first exit between acquisition and release that nothing protects.
fn skipped<'t>(view: View<'t>, acquired: Node<'t>, release: Node<'t>, name: &str) -> Option<Range<usize>> {
    if is_protected(acquired, release) {
        return None;
    }
    let owner = view.owner(acquired);
    let error = companion(view, acquired, name);
    let mut cursor = owner.walk();
    loop {
        let here = cursor.node();
        let kind = here.kind_id();
        let between = here.start_byte() >= acquired.end_byte() && here.end_byte() <= release.start_byte();
        let leaves = view.kinds.returns.contains(kind) || view.kinds.throws.contains(kind);
        if between
            && leaves
            && view.owner(here) == owner
            && !is_excused(view, here, acquired, name, error.as_deref())
        {
            return Some(here.byte_range());
        }
        if here.end_byte() > acquired.end_byte()
            && here.start_byte() < release.start_byte()
            && cursor.goto_first_child()
        {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() || cursor.node() == owner {
                return None;
            }
        }
    }
}

/// In `finally`, `ensure` or `defer`: it runs whatever happens, from there on.
fn is_protected(acquired: Node<'_>, release: Node<'_>) -> bool {
    let mut at = release.parent();
    while let Some(here) = at {
        if here.start_byte() <= acquired.start_byte() && !matches!(here.kind(), "finally_clause" | "ensure") {
            return false;
        }
        if matches!(here.kind(), "finally_clause" | "ensure") {
            return true;
        }
        if here.kind() == "defer_statement" {
            // What leaves before the `defer` is looked at still; the defer itself is the release.
            return false;
        }
        at = here.parent();
    }
    false
}

/// The error that came with the value: `f, err := open()`.
fn companion<'t>(view: View<'t>, acquired: Node<'t>, name: &str) -> Option<String> {
    let (left, _) = view.assignment(acquired)?;
    let mut names = Vec::new();
    view.bound(left, &mut names, 0);
    names.into_iter().map(|node| view.text(node)).rfind(|other| *other != name).map(str::to_owned)
}

/// An exit taken because there is nothing to release: under a condition on the value or on its error.
fn is_excused<'t>(
    view: View<'t>,
    exit: Node<'t>,
    acquired: Node<'t>,
    name: &str,
    error: Option<&str>,
) -> bool {
    let mut at = exit.parent();
    while let Some(here) = at {
        if here.start_byte() <= acquired.start_byte() {
            return false;
        }
        let conditioned = here.child_by_field_name("condition").is_some_and(|condition| {
            !view.uses(condition, name, 0).is_empty()
                || error.is_some_and(|error| !view.uses(condition, error, 0).is_empty())
        });
        if conditioned || view.kinds.catches.contains(here.kind_id()) {
            return true;
        }
        at = here.parent();
    }
    false
}
