//! What one file's matching works with: captures, and buffers that are used again for each node.
//!
//! Never decides whether a node matches; that is `pattern` and `matcher`.

use super::document::{self, Documents, Syntax};
use super::language::Kinds;
use super::syntax::Source;
use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;
use tree_sitter::{Node, TreeCursor};

/// Steps (nodes looked at) that one file may cost.
pub const STEPS_PER_FILE: u64 = 40_000_000;

/// What a metavariable stands for.
#[derive(Debug, Clone)]
enum Bound<'t> {
    One(Node<'t>),
    Many(Vec<Node<'t>>),
}

/// The nodes that a match gave to the names of its pattern.
#[derive(Debug, Clone, Default)]
pub struct Captures<'t> {
    bound: Vec<(Arc<str>, Bound<'t>)>,
}

impl<'t> Captures<'t> {
    /// The nodes of `$NAME` or `$$$NAME` (name without `$`); none when it is not bound.
    pub fn get(&self, name: &str) -> Option<&[Node<'t>]> {
        self.bound.iter().find(|(n, _)| &**n == name).map(|(_, b)| match b {
            Bound::One(node) => std::slice::from_ref(node),
            Bound::Many(nodes) => nodes.as_slice(),
        })
    }

    /// The node of `$NAME`, when it is exactly one.
    pub fn node(&self, name: &str) -> Option<Node<'t>> {
        match self.get(name)? {
            [node] => Some(*node),
            _ => None,
        }
    }

    /// From the first to the last byte of what the name stands for; none when it stands for nothing.
    pub fn range(&self, name: &str) -> Option<Range<usize>> {
        let nodes = self.get(name)?;
        Some(nodes.first()?.start_byte()..nodes.last()?.end_byte())
    }

    /// The text of what the name stands for; empty when it stands for nothing.
    pub fn text<'s>(&self, name: &str, source: &'s Source) -> &'s str {
        self.range(name).and_then(|r| source.text.get(r)).unwrap_or("")
    }

    /// Each name with its nodes, in the order in which they were bound.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Node<'t>])> {
        self.bound.iter().map(|(name, bound)| {
            let nodes = match bound {
                Bound::One(node) => std::slice::from_ref(node),
                Bound::Many(nodes) => nodes.as_slice(),
            };
            (&**name, nodes)
        })
    }

    /// Binds a name; false when it is bound already to another text.
    pub fn bind(&mut self, name: &Arc<str>, node: Node<'t>, source: &Source) -> bool {
        match self.get(name) {
            None => {
                self.bound.push((Arc::clone(name), Bound::One(node)));
                true
            }
            Some(_) => self.text(name, source) == source.text_of(node),
        }
    }

    /// Binds a name to several nodes, or none.
    pub fn bind_many(&mut self, name: &Arc<str>, nodes: Vec<Node<'t>>, source: &Source) -> bool {
        if self.get(name).is_some() {
            let text = match (nodes.first(), nodes.last()) {
                (Some(a), Some(b)) => source.text.get(a.start_byte()..b.end_byte()).unwrap_or(""),
                _ => "",
            };
            return self.text(name, source) == text;
        }
        self.bound.push((Arc::clone(name), Bound::Many(nodes)));
        true
    }

    /// How many names are bound: a mark to go back to.
    pub fn mark(&self) -> usize {
        self.bound.len()
    }

    pub fn back_to(&mut self, mark: usize) {
        self.bound.truncate(mark);
    }
}

/// One file being matched. Holds the ancestors of the node that is being visited, so that `inside` need
/// not climb from the root.
pub struct Matching<'t> {
    pub source: &'t Source,
    pub(super) kinds: &'static Kinds,
    path: Vec<Node<'t>>,
    /// Children under consideration; each user truncates to where it began.
    pub(super) children: Vec<Node<'t>>,
    cursor: TreeCursor<'t>,
    spare: Vec<TreeCursor<'t>>,
    steps: u64,
    documents: OnceCell<Documents>,
}

impl std::fmt::Debug for Matching<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Matching").field("path", &self.source.path).field("steps", &self.steps).finish()
    }
}

impl<'t> Matching<'t> {
    pub fn new(source: &'t Source) -> Self {
        Self {
            source,
            kinds: source.language.kinds(),
            path: Vec::with_capacity(64),
            children: Vec::with_capacity(64),
            cursor: source.tree.walk(),
            spare: Vec::new(),
            steps: STEPS_PER_FILE,
            documents: OnceCell::new(),
        }
    }

    /// The file's structured documents, read once for all rules.
    pub fn documents(&self, syntax: Syntax) -> &Documents {
        self.documents.get_or_init(|| document::read(syntax, self.source.root(), &self.source.text))
    }

    /// Counts one step; false when the file has cost too much.
    #[inline]
    pub fn step(&mut self) -> bool {
        self.steps = self.steps.saturating_sub(1);
        self.steps > 0
    }

    /// Counts work that grows with a text, such as running a regular expression over it; false when the
    /// file has cost too much. Nested nodes would else be read again and again.
    pub(super) fn spend_on(&mut self, bytes: usize) -> bool {
        self.steps = self.steps.saturating_sub(1 + bytes as u64 / 32);
        self.steps > 0
    }

    /// True when the limit of steps was reached, and what was found may be incomplete.
    pub fn exhausted(&self) -> bool {
        self.steps == 0
    }

    pub(super) fn enter(&mut self, node: Node<'t>) {
        self.path.push(node);
    }

    pub(super) fn leave(&mut self) {
        self.path.pop();
    }

    /// Appends the children of `node` to `children`; gives where they begin.
    pub(super) fn push_children(&mut self, node: Node<'t>) -> usize {
        let begin = self.children.len();
        self.cursor.reset(node);
        if self.cursor.goto_first_child() {
            loop {
                self.children.push(self.cursor.node());
                if !self.cursor.goto_next_sibling() {
                    break;
                }
            }
        }
        self.steps = self.steps.saturating_sub((self.children.len() - begin) as u64);
        begin
    }

    /// A cursor at `node`; give it back with [`Self::put_cursor`].
    pub(super) fn take_cursor(&mut self, node: Node<'t>) -> TreeCursor<'t> {
        match self.spare.pop() {
            Some(mut cursor) => {
                cursor.reset(node);
                cursor
            }
            None => node.walk(),
        }
    }

    pub(super) fn put_cursor(&mut self, cursor: TreeCursor<'t>) {
        self.spare.push(cursor);
    }

    /// How many ancestors a node on the path has.
    pub(super) fn depth_of(&self, node: Node<'t>) -> Option<usize> {
        self.path.iter().rposition(|n| *n == node)
    }

    pub(super) fn at_depth(&self, depth: usize) -> Option<Node<'t>> {
        self.path.get(depth).copied()
    }

    /// The ancestors of `node`, the root first.
    pub fn ancestors(&self, node: Node<'t>) -> Vec<Node<'t>> {
        if let Some(at) = self.path.iter().rposition(|n| *n == node) {
            return self.path[..at].to_vec();
        }
        // Not on the path: it hangs below the deepest entry that spans it, or anywhere.
        let keep = self
            .path
            .iter()
            .rposition(|n| n.start_byte() <= node.start_byte() && node.end_byte() <= n.end_byte());
        if let Some(at) = keep
            && let Some(found) = descend(self.path[at], node, self.path[..at].to_vec())
        {
            return found;
        }
        descend(self.source.root(), node, Vec::new()).unwrap_or_default()
    }

    /// The parent of `node`.
    pub fn parent(&self, node: Node<'t>) -> Option<Node<'t>> {
        match self.path.iter().rposition(|n| *n == node) {
            Some(0) => None,
            Some(at) => self.path.get(at - 1).copied(),
            None => node.parent(),
        }
    }
}

fn descend<'t>(from: Node<'t>, to: Node<'t>, mut path: Vec<Node<'t>>) -> Option<Vec<Node<'t>>> {
    let mut at = from;
    while at != to {
        path.push(at);
        at = at.child_with_descendant(to)?;
    }
    Some(path)
}
