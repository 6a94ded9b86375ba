//! Visiting every node of a file.
//!
//! Never recurses; never visits more nodes than the file's limit of steps.

use super::matching::Matching;
use super::syntax::Source;
use tree_sitter::Node;

/// Calls `visit` on each node, parents first, with the ancestors known to `on`.
pub fn each_node<'t>(
    source: &'t Source,
    on: &mut Matching<'t>,
    mut visit: impl FnMut(Node<'t>, &mut Matching<'t>),
) {
    let mut cursor = source.tree.walk();
    loop {
        let node = cursor.node();
        on.enter(node);
        visit(node, on);
        if !on.step() {
            return;
        }
        if cursor.goto_first_child() {
            continue;
        }
        on.leave();
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
            on.leave();
        }
    }
}
