//! Is the value of this expression tainted?

use super::carriers::{carries, cleans, is_predicate, measures};
use super::shape::{Call, MAX_DEPTH};
use super::state::{State, Taint};
use super::taint::Flow;
use std::rc::Rc;
use tree_sitter::Node;

impl<'t> Flow<'_, 't> {
    pub(super) fn value(&mut self, node: Node<'t>, state: &State<'t>, depth: usize) -> Option<Rc<Taint>> {
        if depth > MAX_DEPTH || !self.spend() || self.sanitized.contains(&node.id()) {
            return None;
        }
        if self.sources.contains(&node.id()) {
            return Some(Taint::from(node.byte_range()));
        }
        let view = self.view;
        let kind = node.kind_id();
        if view.is_identifier(node) {
            return state.get(view.text(node));
        }
        if view.is_function(node) || view.kinds.literals.contains(kind) {
            return None;
        }
        if let Some((object, property)) = view.member(node) {
            if let Some(taint) = state.get(view.text(node)) {
                return Some(taint);
            }
            return if measures(view.text(property)) { None } else { self.value(object, state, depth + 1) };
        }
        if let Some(object) = view.subscripted(node) {
            return state.get(view.text(node)).or_else(|| self.value(object, state, depth + 1));
        }
        if let Some(call) = view.call(node) {
            return self.call_value(&call, state, depth);
        }
        if let Some((_, Some(right))) = view.assignment(node) {
            return self.value(right, state, depth + 1);
        }
        if node.child_by_field_name("operator").is_some_and(|op| is_predicate(view.text(op)))
            || matches!(
                node.kind(),
                "comparison_operator"
                    | "not_operator"
                    | "instanceof_expression"
                    | "sizeof_expression"
                    | "unary_not"
            )
        {
            return None;
        }
        if view.kinds.strings.contains(kind)
            && let Some(taint) = self.rust_inline(node, state)
        {
            return Some(taint);
        }
        // A condition decides which value it is, and is not part of it.
        let condition = node.child_by_field_name("condition");
        view.children(node)
            .into_iter()
            .filter(|child| Some(*child) != condition)
            .find_map(|child| self.value(child, state, depth + 1))
    }

    fn call_value(&mut self, call: &Call<'t>, state: &State<'t>, depth: usize) -> Option<Rc<Taint>> {
        if cleans(call.name) {
            return None;
        }
        if let Some(taint) = call.receiver.and_then(|receiver| self.value(receiver, state, depth + 1)) {
            return Some(taint);
        }
        if !(call.constructs || carries(call.name)) {
            return None;
        }
        call.arguments.iter().find_map(|argument| self.value(*argument, state, depth + 1))
    }

    /// Rust's `format!("{name}")`: the name stands in the text.
    fn rust_inline(&mut self, node: Node<'t>, state: &State<'t>) -> Option<Rc<Taint>> {
        if self.view.spec.name != "rust" || state.is_empty() {
            return None;
        }
        let text = self.view.text(node);
        text.match_indices('{').find_map(|(at, _)| {
            let rest = text.get(at + 1..)?;
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
            if rest[end..].starts_with(['}', ':']) { state.get(&rest[..end]) } else { None }
        })
    }
}
