//! Reading a syntax node by the language's table: what is called with what, what is assigned to what,
//! which names a pattern binds.

use crate::engines::code::language::{AssignShape, CallShape, FunctionShape, Kinds, MemberShape, Spec};
use crate::engines::code::syntax::Source;
use tree_sitter::Node;

/// Nesting beyond which a tree is not followed; the stack is finite and such code is generated.
pub(super) const MAX_DEPTH: usize = 160;

/// A call, taken apart.
#[derive(Debug, Clone)]
pub(super) struct Call<'t> {
    /// The last name of what is called.
    pub name: &'t str,
    pub receiver: Option<Node<'t>>,
    pub arguments: Vec<Node<'t>>,
    pub constructs: bool,
}

/// A file, seen through its language's table.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'t> {
    pub source: &'t Source,
    pub spec: &'static Spec,
    pub kinds: &'static Kinds,
}

impl<'t> View<'t> {
    pub(super) fn new(source: &'t Source) -> Self {
        Self { source, spec: source.language.spec(), kinds: source.language.kinds() }
    }

    pub(super) fn text(&self, node: Node<'t>) -> &'t str {
        self.source.text.get(node.byte_range()).unwrap_or("")
    }

    pub(super) fn children(&self, node: Node<'t>) -> Vec<Node<'t>> {
        let mut cursor = node.walk();
        node.named_children(&mut cursor)
            .filter(|child| !self.kinds.comments.contains(child.kind_id()))
            .collect()
    }

    pub(super) fn is_identifier(&self, node: Node<'t>) -> bool {
        self.kinds.identifiers.contains(node.kind_id())
    }

    pub(super) fn is_function(&self, node: Node<'t>) -> bool {
        self.kinds.functions.contains(node.kind_id())
    }

    fn call_shape(&self, node: Node<'t>) -> Option<&'static CallShape> {
        let shape = || self.spec.calls.iter().find(|shape| shape.kind == node.kind());
        self.kinds.calls.contains(node.kind_id()).then(shape).flatten()
    }

    fn member_shape(&self, node: Node<'t>) -> Option<&'static MemberShape> {
        self.spec.members.iter().find(|shape| shape.kind == node.kind())
    }

    fn field(&self, node: Node<'t>, name: &str, last: bool) -> Option<Node<'t>> {
        if !name.is_empty() {
            return node.child_by_field_name(name);
        }
        let children = self.children(node);
        if last { children.last().copied() } else { children.first().copied() }
    }

    /// Object and property of `object.property`.
    pub(super) fn member(&self, node: Node<'t>) -> Option<(Node<'t>, Node<'t>)> {
        let shape = self.member_shape(node)?;
        Some((self.field(node, shape.object, false)?, self.field(node, shape.property, true)?))
    }

    /// The object of `object[index]`.
    pub(super) fn subscripted(&self, node: Node<'t>) -> Option<Node<'t>> {
        let shape = self.spec.subscripts.iter().find(|shape| shape.kind == node.kind())?;
        self.field(node, shape.object, false)
    }

    pub(super) fn call(&self, node: Node<'t>) -> Option<Call<'t>> {
        let shape = self.call_shape(node)?;
        let callee = self.field(node, shape.callee, false)?;
        let mut receiver =
            if shape.receiver.is_empty() { None } else { node.child_by_field_name(shape.receiver) };
        let mut name = callee;
        if let Some((object, property)) = self.member(callee) {
            receiver = receiver.or(Some(object));
            name = property;
        }
        let arguments = if shape.arguments.is_empty() {
            self.children(node)
                .into_iter()
                .filter(|child| *child != callee && Some(*child) != receiver)
                .collect()
        } else {
            node.child_by_field_name(shape.arguments).map(|list| self.children(list)).unwrap_or_default()
        };
        let text = self.text(name);
        let name = text.rsplit(['.', ':', '\\', ' ']).next().unwrap_or(text).trim_end_matches('!');
        let name = name.split('<').next().filter(|name| !name.is_empty()).unwrap_or(name);
        let kind = shape.kind;
        let constructs = kind.starts_with("new") || kind.starts_with("object_creation");
        Some(Call { name, receiver, arguments, constructs })
    }

    pub(super) fn assign_shape(&self, node: Node<'t>) -> Option<&'static AssignShape> {
        let shape = || self.spec.assignments.iter().find(|shape| shape.kind == node.kind());
        self.kinds.assignments.contains(node.kind_id()).then(shape).flatten()
    }

    /// Target and value of an assignment; no value for a bare declaration.
    pub(super) fn assignment(&self, node: Node<'t>) -> Option<(Node<'t>, Option<Node<'t>>)> {
        let shape = self.assign_shape(node)?;
        let left = self.field(node, shape.left, false)?;
        let right = self.field(node, shape.right, true).filter(|right| *right != left);
        // Python's `with open(p) as f`: the value comes first.
        if shape.right.is_empty() && right.is_none() {
            return Some((left, self.children(node).first().copied().filter(|first| *first != left)));
        }
        Some((left, right))
    }

    /// `+=` and its like keep what was there.
    pub(super) fn is_augmented(&self, node: Node<'t>) -> bool {
        let by_kind =
            ["augmented", "operator_assignment", "compound"].iter().any(|part| node.kind().contains(part));
        by_kind
            || node.child_by_field_name("operator").is_some_and(|operator| {
                let text = self.text(operator);
                text.len() > 1 && text.ends_with('=') && text != ":="
            })
    }

    pub(super) fn function_shape(&self, node: Node<'t>) -> Option<&'static FunctionShape> {
        let shape = || self.spec.functions.iter().find(|shape| shape.kind == node.kind());
        self.kinds.functions.contains(node.kind_id()).then(shape).flatten()
    }

    pub(super) fn body(&self, function: Node<'t>) -> Option<Node<'t>> {
        let shape = self.function_shape(function)?;
        self.field(function, shape.body, true)
    }

    /// The names of a function's parameters.
    pub(super) fn parameters(&self, function: Node<'t>) -> Vec<Node<'t>> {
        let Some(shape) = self.function_shape(function) else { return Vec::new() };
        let mut names = Vec::new();
        let list = if shape.parameters.is_empty() {
            // C and C++ keep them inside the declarator.
            find_field(function.child_by_field_name("declarator"), "parameters")
        } else {
            function
                .child_by_field_name(shape.parameters)
                .map(|node| find_field(Some(node), "parameters").unwrap_or(node))
        };
        if let Some(list) = list {
            if self.is_identifier(list) {
                names.push(list);
            }
            for parameter in self.children(list) {
                self.bound(self.parameter_name(parameter), &mut names, 0);
            }
        }
        names
    }

    fn parameter_name(&self, parameter: Node<'t>) -> Node<'t> {
        ["name", "pattern", "declarator", "left"]
            .iter()
            .find_map(|field| parameter.child_by_field_name(field))
            .unwrap_or(parameter)
    }

    /// The names that a target binds: a name, or those of a tuple or a destructuring pattern.
    pub(super) fn bound(&self, target: Node<'t>, names: &mut Vec<Node<'t>>, depth: usize) {
        if self.is_identifier(target) {
            names.push(target);
        } else if depth < MAX_DEPTH && self.member(target).is_none() && self.subscripted(target).is_none() {
            let value = target.child_by_field_name("value");
            let default = target.child_by_field_name("right");
            let kind = target.child_by_field_name("type");
            let keyed = target.kind().contains("pair");
            for child in self.children(target) {
                let skip = Some(child) == default || Some(child) == kind || !keyed && Some(child) == value;
                if !skip && child.kind() != "type" {
                    self.bound(child, names, depth + 1);
                }
            }
        }
    }

    /// The base of `a.b[c].d`: `a`.
    pub(super) fn base(&self, mut node: Node<'t>) -> Node<'t> {
        for _ in 0..MAX_DEPTH {
            match self.member(node).map(|(object, _)| object).or_else(|| self.subscripted(node)) {
                Some(object) => node = object,
                None => break,
            }
        }
        node
    }
}

fn find_field<'t>(node: Option<Node<'t>>, field: &str) -> Option<Node<'t>> {
    let mut node = node?;
    for _ in 0..8 {
        if let Some(found) = node.child_by_field_name(field) {
            return Some(found);
        }
        node = node.child_by_field_name("declarator")?;
    }
    None
}
