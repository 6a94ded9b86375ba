//! What becomes of a variable: each of its uses behind the place where it was given its value.

use super::shape::{MAX_DEPTH, View};
use tree_sitter::Node;

/// How a use lets the value out of the function's sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// A method or property of it, a condition on it: it stays.
    Local,
    /// An argument of a call.
    Passed,
    /// Returned, yielded, thrown, stored elsewhere, or used by an inner function.
    Escapes,
    /// Named by a statement that releases it when its block ends.
    Scoped,
}

impl<'t> View<'t> {
    /// The function that holds a node, or the file.
    pub(super) fn owner(&self, node: Node<'t>) -> Node<'t> {
        let mut at = node;
        while let Some(parent) = at.parent() {
            at = parent;
            // Ruby's blocks and other closures that are called where they stand count as their own.
            if self.is_function(at) {
                return at;
            }
        }
        at
    }

    /// The uses of the variable `name` in `owner`, inner functions included, behind `after`.
    pub(super) fn uses(&self, owner: Node<'t>, name: &str, after: usize) -> Vec<Node<'t>> {
        let mut found = Vec::new();
        let mut cursor = owner.walk();
        loop {
            let node = cursor.node();
            if node.end_byte() > after {
                let named = self.is_identifier(node);
                if named && node.start_byte() >= after && self.text(node) == name && !self.is_property(node) {
                    found.push(node);
                }
                if !named && cursor.goto_first_child() {
                    continue;
                }
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() || cursor.node() == owner {
                    return found;
                }
            }
        }
    }

    /// The name behind a dot is no variable.
    fn is_property(&self, node: Node<'t>) -> bool {
        node.parent().and_then(|parent| self.member(parent)).is_some_and(|(_, property)| property == node)
    }

    pub(super) fn classify(&self, used: Node<'t>, owner: Node<'t>) -> Use {
        if self.owner(used) != owner {
            return Use::Escapes;
        }
        let mut child = used;
        for _ in 0..MAX_DEPTH {
            let Some(parent) = child.parent() else { return Use::Local };
            if let Some(verdict) = self.step(child, parent) {
                return verdict;
            }
            child = parent;
        }
        Use::Escapes
    }

    /// What `parent` does with the value of `child`; `None`: it hands it on to its own parent.
    fn step(&self, child: Node<'t>, parent: Node<'t>) -> Option<Use> {
        let kind = parent.kind_id();
        let kinds = self.kinds;
        if self.member(parent).is_some() || self.subscripted(parent) == Some(child) {
            return Some(Use::Local);
        }
        if let Some(call) = self.call(parent) {
            return Some(if call.receiver == Some(child) { Use::Local } else { Use::Passed });
        }
        if kinds.scopes.contains(kind)
            || matches!(parent.kind(), "with_item" | "with_clause" | "resource" | "resource_specification")
        {
            return Some(Use::Scoped);
        }
        if kinds.returns.contains(kind) || kinds.yields.contains(kind) || kinds.throws.contains(kind) {
            return Some(Use::Escapes);
        }
        if let Some((left, _)) = self.assignment(parent) {
            // Going through its elements, or giving it a new value, keeps it here.
            let on_left = left == child || kinds.loops.contains(kind) || parent.kind() == "range_clause";
            return Some(if on_left { Use::Local } else { Use::Escapes });
        }
        if kinds.blocks.contains(kind) {
            return Some(if self.is_tail(child, parent) { Use::Escapes } else { Use::Local });
        }
        if kinds.branches.contains(kind) || kinds.loops.contains(kind) {
            let condition = parent.child_by_field_name("condition") == Some(child);
            return condition.then_some(Use::Local);
        }
        if self.is_function(parent) {
            return Some(Use::Escapes);
        }
        match parent.kind() {
            "global_statement" | "nonlocal_statement" | "go_statement" => Some(Use::Escapes),
            "expression_statement" | "delete_statement" | "assert_statement" => {
                let tail = self.is_tail(parent, parent.parent()?);
                Some(if tail { Use::Escapes } else { Use::Local })
            }
            "comparison_operator"
            | "not_operator"
            | "unary_expression"
            | "binary_expression"
            | "boolean_operator" => Some(Use::Local),
            _ => None,
        }
    }

    /// In Rust and Ruby the last expression of a function is its result.
    fn is_tail(&self, child: Node<'t>, block: Node<'t>) -> bool {
        let last = self.children(block).last() == Some(&child);
        match self.spec.name {
            "rust" => {
                last && child.kind() != "expression_statement" && !child.kind().ends_with("declaration")
            }
            "ruby" => last && matches!(block.kind(), "body_statement" | "block_body" | "then" | "else"),
            _ => false,
        }
    }
}
