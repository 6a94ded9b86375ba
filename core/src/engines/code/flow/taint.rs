//! Taint rules: following tainted values through one function after another.

use super::carriers::{collects, fills, vets};
use super::shape::{MAX_DEPTH, View};
use super::state::{State, Taint};
use super::{compile_all, either};
use crate::engines::code::finder::RawMatch;
use crate::engines::code::language::Language;
use crate::engines::code::matcher::{Clause, CompiledMatcher, compile_regex, shared};
use crate::engines::code::matching::Matching;
use crate::engines::code::rule;
use crate::engines::code::syntax::Source;
use regex::Regex;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use tree_sitter::Node;

/// Expressions looked at in one file by one rule.
const MAX_STEPS: usize = 2_000_000;
/// The name under which a finding has where its value comes from.
const SOURCE: &str = "SOURCE";
/// Findings of one rule in one file.
const MAX_FOUND: usize = 500;

/// A `taint` rule of one language.
#[derive(Debug)]
pub struct TaintRule {
    sources: Vec<CompiledMatcher>,
    sinks: Vec<(CompiledMatcher, Option<String>)>,
    sanitizers: Vec<CompiledMatcher>,
    parameters: Option<Regex>,
    clauses: Vec<Clause>,
}

impl TaintRule {
    /// # Errors
    /// A sentence that says what is wrong in the rule.
    pub fn compile(rule: &rule::Taint, language: Language) -> Result<Self, String> {
        let sources = compile_all(&rule.sources, language)?;
        let matchers: Vec<rule::Matcher> = rule.sinks.iter().map(|sink| sink.matcher.clone()).collect();
        let sinks = compile_all(&matchers, language)?;
        let sanitizers = compile_all(&rule.sanitizers, language)?;
        let parameters = rule.parameters.as_deref().map(compile_regex).transpose()?;
        if sinks.is_empty() || sources.is_empty() && parameters.is_none() {
            return Err("taint needs at least one sink, and a source or `parameters`".to_owned());
        }
        for (sink, compiled) in rule.sinks.iter().zip(&sinks) {
            let at = sink.at.as_deref().map(|name| name.trim_start_matches('$'));
            if let Some(at) = at.filter(|at| !compiled.names().iter().any(|name| name == at)) {
                return Err(format!("the sink's `at: {at}` is never captured"));
            }
        }
        let mut clauses: Vec<Clause> = either(&sinks).into_iter().collect();
        if parameters.is_none() {
            clauses.extend(either(&sources));
        }
        let at =
            rule.sinks.iter().map(|sink| sink.at.as_deref().map(|at| at.trim_start_matches('$').to_owned()));
        Ok(Self { sources, sinks: sinks.into_iter().zip(at).collect(), sanitizers, parameters, clauses })
    }

    /// What a file must hold for the rule to find anything.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// The names that its findings bind: what some sink captures, and what every sink does.
    pub fn names(&self) -> (Vec<String>, BTreeSet<String>) {
        let source = || SOURCE.to_owned();
        let some = self.sinks.iter().flat_map(|(sink, _)| sink.names()).chain([source()]).collect();
        let mut every = shared(self.sinks.iter().map(|(sink, _)| sink));
        every.insert(source());
        (some, every)
    }

    /// The sinks that a tainted value reaches, in the order of the text.
    pub fn find<'t>(&self, source: &'t Source, on: &mut Matching<'t>) -> Vec<RawMatch> {
        let mut sinks: HashMap<usize, Vec<Sink<'t>>> = HashMap::new();
        for (matcher, at) in &self.sinks {
            for (node, captures) in matcher.find_all(source, on) {
                let nodes = at.as_ref().and_then(|at| captures.get(at)).map(<[_]>::to_vec);
                let raw = RawMatch::of_captures(node.byte_range(), &captures);
                sinks.entry(node.id()).or_default().push(Sink { nodes, raw });
            }
        }
        if sinks.is_empty() {
            return Vec::new();
        }
        let ids = |matchers: &[CompiledMatcher], on: &mut Matching<'t>| {
            matchers
                .iter()
                .flat_map(|m| m.find_all(source, on))
                .map(|(node, _)| node.id())
                .collect::<HashSet<_>>()
        };
        let sources = ids(&self.sources, on);
        if sources.is_empty() && self.parameters.is_none() {
            return Vec::new();
        }
        let sanitized = ids(&self.sanitizers, on);
        let parameters = self.parameters.as_ref();
        let mut flow = Flow {
            view: View::new(source),
            sources,
            sanitized,
            sinks,
            parameters,
            steps: MAX_STEPS,
            found: Vec::new(),
        };
        flow.run(source.root(), &mut State::default(), 0);
        let mut found = flow.found;
        found.sort_by_key(|raw| (raw.range.start, raw.range.end));
        found.dedup_by(|a, b| a.range == b.range);
        found.truncate(MAX_FOUND);
        found
    }
}

#[derive(Debug)]
struct Sink<'t> {
    /// What must be tainted; the whole match when absent.
    nodes: Option<Vec<Node<'t>>>,
    raw: RawMatch,
}

/// One rule on its way through one file.
pub(super) struct Flow<'r, 't> {
    pub(super) view: View<'t>,
    pub(super) sources: HashSet<usize>,
    pub(super) sanitized: HashSet<usize>,
    sinks: HashMap<usize, Vec<Sink<'t>>>,
    parameters: Option<&'r Regex>,
    steps: usize,
    found: Vec<RawMatch>,
}

/// Whether control goes on behind a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    Next,
    Left,
}

impl<'t> Flow<'_, 't> {
    pub(super) fn spend(&mut self) -> bool {
        self.steps = self.steps.saturating_sub(1);
        self.steps > 0
    }

    fn run(&mut self, node: Node<'t>, state: &mut State<'t>, depth: usize) -> Exit {
        if depth > MAX_DEPTH || !self.spend() {
            return Exit::Next;
        }
        self.check_sinks(node, state);
        let kinds = self.view.kinds;
        let kind = node.kind_id();
        if kinds.functions.contains(kind) {
            self.run_function(node, state, depth);
            return Exit::Next;
        }
        if kinds.classes.contains(kind) {
            let mut inner = state.clone();
            self.run_children(node, &mut inner, depth);
            return Exit::Next;
        }
        if kinds.loops.contains(kind) {
            return self.run_loop(node, state, depth);
        }
        if kinds.tries.contains(kind) {
            return self.run_try(node, state, depth);
        }
        if kinds.branches.contains(kind) {
            return self.run_branch(node, state, depth);
        }
        let exit = self.run_children(node, state, depth);
        self.apply(node, state);
        let leaves = kinds.returns.contains(kind)
            || kinds.throws.contains(kind)
            || matches!(
                node.kind(),
                "break_statement"
                    | "continue_statement"
                    | "break"
                    | "next"
                    | "break_expression"
                    | "continue_expression"
            );
        if leaves { Exit::Left } else { exit }
    }

    fn run_children(&mut self, node: Node<'t>, state: &mut State<'t>, depth: usize) -> Exit {
        for child in self.view.children(node) {
            // What stands behind a return is dead, or a label's; its sinks are not asked about.
            if self.run(child, state, depth + 1) == Exit::Left {
                return Exit::Left;
            }
        }
        Exit::Next
    }

    fn run_function(&mut self, function: Node<'t>, state: &State<'t>, depth: usize) {
        let mut inner = state.clone();
        for parameter in self.view.parameters(function) {
            let name = self.view.text(parameter);
            inner.clean(name);
            if self.parameters.is_some_and(|regex| regex.is_match(name)) {
                inner.taint(name, Taint::from(parameter.byte_range()));
            }
        }
        if let Some(body) = self.view.body(function) {
            self.run(body, &mut inner, depth + 1);
        }
    }

    fn run_loop(&mut self, node: Node<'t>, state: &mut State<'t>, depth: usize) -> Exit {
        let before = state.clone();
        // The second pass sees what the first one tainted further down.
        for _ in 0..2 {
            self.apply(node, state);
            self.run_children(node, state, depth);
            if !state.has_more_than(&before) {
                break;
            }
        }
        state.join(&before);
        Exit::Next
    }

    fn run_try(&mut self, node: Node<'t>, state: &mut State<'t>, depth: usize) -> Exit {
        let mut exit = Exit::Next;
        for child in self.view.children(node) {
            if self.view.kinds.catches.contains(child.kind_id()) {
                let mut handler = state.clone();
                if self.run(child, &mut handler, depth + 1) == Exit::Next {
                    state.join(&handler);
                    exit = Exit::Next;
                }
            } else {
                let before = state.clone();
                exit = self.run(child, state, depth + 1);
                state.join(&before);
            }
        }
        exit
    }

    /// Each way starts from what holds before, and what any of them taints is tainted behind.
    fn run_branch(&mut self, node: Node<'t>, state: &mut State<'t>, depth: usize) -> Exit {
        let kinds = self.view.kinds;
        let condition = node.child_by_field_name("condition");
        if let Some(condition) = condition {
            self.run(condition, state, depth + 1);
            self.vet(condition, state, depth);
        }
        let mut ways: Vec<State<'t>> = Vec::new();
        let mut all_left = true;
        let mut has_else = false;
        for child in self.view.children(node).into_iter().filter(|child| Some(*child) != condition) {
            let kind = child.kind_id();
            let is_way = kinds.blocks.contains(kind)
                || kinds.branches.contains(kind)
                || child.parent().is_some_and(|parent| {
                    ["consequence", "alternative", "body", "value"]
                        .iter()
                        .any(|field| parent.child_by_field_name(field) == Some(child))
                });
            if !is_way {
                self.run(child, state, depth + 1);
                continue;
            }
            has_else |= is_else(node, child);
            let mut way = state.clone();
            let exit = self.run(child, &mut way, depth + 1);
            all_left &= exit == Exit::Left;
            // `break` leaves a `case`, not the function.
            if exit == Exit::Next || condition.is_none() && !is_clause(node) {
                ways.push(way);
            }
        }
        // Without an `else`, and in a `switch`, it may be that none of the ways is taken. A clause (`else`,
        // `elif`) is itself one way of whoever holds it.
        if has_else || is_clause(node) {
            if all_left {
                return Exit::Left;
            }
            *state = State::default();
        }
        ways.iter().for_each(|way| state.join(way));
        Exit::Next
    }

    /// A value that a condition holds against a list or a pattern counts as examined.
    fn vet(&mut self, condition: Node<'t>, state: &mut State<'t>, depth: usize) {
        if depth > MAX_DEPTH || state.is_empty() {
            return;
        }
        let view = self.view;
        if let Some(call) = view.call(condition).filter(|call| vets(call.name)) {
            let examined = call.arguments.into_iter().chain(call.receiver);
            examined.for_each(|node| self.clear(node, state));
        }
        if condition.kind() == "comparison_operator" || condition.kind().contains("binary") {
            let children = view.children(condition);
            let operator = condition
                .child_by_field_name("operators")
                .or_else(|| condition.child_by_field_name("operator"));
            if let (Some(first), Some("in" | "not in")) = (children.first(), operator.map(|op| view.text(op)))
            {
                self.clear(*first, state);
            }
        }
        for child in view.children(condition) {
            self.vet(child, state, depth + 1);
        }
    }

    fn clear(&self, node: Node<'t>, state: &mut State<'t>) {
        let base = self.view.base(node);
        for text in [self.view.text(node), self.view.text(base)] {
            state.clean(text);
        }
        // A wrapped argument (C#, PHP) has its expression inside.
        if let [only] = self.view.children(node)[..]
            && only.byte_range() == node.byte_range()
        {
            state.clean(self.view.text(only));
        }
    }

    /// What a statement or expression does to the state.
    fn apply(&mut self, node: Node<'t>, state: &mut State<'t>) {
        if let Some((left, right)) = self.view.assignment(node) {
            if let Some(right) = right {
                self.assign(node, left, right, state);
            }
        } else if let Some(call) = self.view.call(node) {
            if collects(call.name)
                && let Some(receiver) = call.receiver
                && let Some(taint) =
                    call.arguments.iter().find_map(|argument| self.value(*argument, state, 0))
            {
                self.store(receiver, taint, state);
            } else if fills(call.name)
                && let Some((target, rest)) = call.arguments.split_first()
                && let Some(taint) = rest.iter().find_map(|argument| self.value(*argument, state, 0))
            {
                self.store(*target, taint, state);
            }
        }
    }

    fn assign(&mut self, node: Node<'t>, left: Node<'t>, right: Node<'t>, state: &mut State<'t>) {
        let (targets, values) = (self.parts(left), self.parts(right));
        if targets.len() == values.len() && targets.len() > 1 {
            let taints: Vec<_> = values.iter().map(|value| self.value(*value, state, 0)).collect();
            for (target, taint) in targets.into_iter().zip(taints) {
                self.give(node, target, taint, state);
            }
            return;
        }
        let taint = self.value(right, state, 0);
        for (index, target) in targets.iter().enumerate() {
            // The last of Go's several results is an error or a flag.
            let is_error = self.view.spec.name == "go" && index > 0 && index + 1 == targets.len();
            self.give(node, *target, if is_error { None } else { taint.clone() }, state);
        }
    }

    /// The parts of `a, b`; the node itself when it is one.
    fn parts(&self, node: Node<'t>) -> Vec<Node<'t>> {
        let listed = matches!(
            node.kind(),
            "expression_list"
                | "pattern_list"
                | "tuple_pattern"
                | "left_assignment_list"
                | "right_assignment_list"
                | "list_literal"
                | "tuple"
                | "array_pattern"
        );
        if listed { self.view.children(node) } else { vec![node] }
    }

    fn give(&mut self, node: Node<'t>, target: Node<'t>, taint: Option<Rc<Taint>>, state: &mut State<'t>) {
        let keep = self.view.is_augmented(node);
        match taint.map(|taint| taint.through(node.byte_range())) {
            Some(taint) => self.store(target, taint, state),
            None if keep || self.view.subscripted(target).is_some() => {}
            None if self.view.member(target).is_some() => state.clean(self.view.text(target)),
            None => {
                let mut names = Vec::new();
                self.view.bound(target, &mut names, 0);
                names.into_iter().for_each(|name| state.clean(self.view.text(name)));
            }
        }
    }

    fn store(&self, target: Node<'t>, taint: Rc<Taint>, state: &mut State<'t>) {
        if self.view.subscripted(target).is_some() {
            let base = self.view.base(target);
            let is_self = matches!(self.view.text(base), "self" | "this" | "$this" | "cls");
            state.taint(self.view.text(if is_self { target } else { base }), taint);
        } else if self.view.member(target).is_some() {
            state.taint(self.view.text(target), taint);
        } else {
            let mut names = Vec::new();
            self.view.bound(target, &mut names, 0);
            names.into_iter().for_each(|name| state.taint(self.view.text(name), Rc::clone(&taint)));
        }
    }

    fn check_sinks(&mut self, node: Node<'t>, state: &State<'t>) {
        let Some(sinks) = self.sinks.remove(&node.id()) else { return };
        let mut open = Vec::new();
        for sink in sinks {
            let nodes = sink.nodes.clone().unwrap_or_else(|| self.view.children(node));
            match nodes.iter().find_map(|node| self.value(*node, state, 0)) {
                Some(taint) => self.report(sink.raw, &taint),
                None => open.push(sink),
            }
        }
        // A loop's second pass asks again.
        if !open.is_empty() {
            self.sinks.insert(node.id(), open);
        }
    }

    fn report(&mut self, mut raw: RawMatch, taint: &Taint) {
        raw.related.push((taint.source.clone(), "the value comes from here".to_owned()));
        for step in &taint.steps {
            raw.related.push((step.clone(), "and passes through here".to_owned()));
        }
        if !raw.binds("SOURCE") {
            raw.captures.push((SOURCE.to_owned(), vec![taint.source.clone()]));
        }
        self.found.push(raw);
    }
}

fn is_clause(node: Node<'_>) -> bool {
    matches!(node.kind(), "else_clause" | "else" | "elif_clause" | "else_if_clause")
}

/// Whether `child` is what is done when no condition of `node` holds.
fn is_else(node: Node<'_>, child: Node<'_>) -> bool {
    let chained = matches!(child.kind(), "elif_clause" | "else_if_clause");
    matches!(child.kind(), "else_clause" | "else")
        || !chained && node.child_by_field_name("alternative") == Some(child)
}
