//! Paths in rules: `$pod.containers[*].image`, `**."app.kubernetes.io/name"`, `../name`, `/metadata.name`.

use super::classify::pod_spec;
use super::node::{Node, Value};

/// The way from a document's root to one of its values: at each level the index of the entry or item.
pub type Place = Vec<usize>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    /// `*`: every value of a mapping.
    AnyKey,
    /// `[*]`: every item of a list.
    AnyItem,
    Item(usize),
    /// `**`: here and at any depth below.
    Deep,
    /// `$pod`.
    Pod,
    /// `..`
    Parent,
}

/// A parsed path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Begins at the document's root whatever it is relative to.
    pub(super) absolute: bool,
    pub(super) steps: Vec<Step>,
}

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is not a path: {why}")]
pub struct BadPath {
    pub path: String,
    pub why: &'static str,
}

const MAX_DEPTH: usize = 100;

impl Path {
    /// # Errors
    /// [`BadPath`] on an open quote or bracket.
    pub fn parse(text: &str) -> Result<Self, BadPath> {
        let bad = |why| BadPath { path: text.to_owned(), why };
        let mut steps = Vec::new();
        let mut rest = text.strip_prefix('/').unwrap_or(text);
        let absolute = rest.len() != text.len();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("..") {
                steps.push(Step::Parent);
                rest = after.strip_prefix(['.', '/']).unwrap_or(after);
            } else if let Some(after) = rest.strip_prefix('[') {
                let (index, after) = after.split_once(']').ok_or(bad("a `[` without `]`"))?;
                steps.push(match index {
                    "*" => Step::AnyItem,
                    number => Step::Item(number.parse().map_err(|_| bad("neither `[*]` nor `[number]`"))?),
                });
                rest = after;
            } else if let Some(after) = rest.strip_prefix('"') {
                let (key, after) = after.split_once('"').ok_or(bad("a quote is left open"))?;
                steps.push(Step::Key(key.to_owned()));
                rest = after;
            } else if let Some(after) = rest.strip_prefix(['.', '/']) {
                rest = after;
            } else {
                let end = rest.find(['.', '[', '/']).unwrap_or(rest.len());
                let (key, after) = rest.split_at(end);
                steps.push(match key {
                    "*" => Step::AnyKey,
                    "**" => Step::Deep,
                    "$pod" => Step::Pod,
                    key => Step::Key(key.to_owned()),
                });
                rest = after;
            }
        }
        Ok(Self { absolute, steps })
    }

    /// The places it leads to, in the order of the text.
    pub fn select(&self, root: &Node, from: &[usize]) -> Vec<Place> {
        let mut places = vec![if self.absolute { Vec::new() } else { from.to_vec() }];
        for step in &self.steps {
            places = places.into_iter().flat_map(|place| advance(root, place, step)).collect();
            places.dedup();
        }
        let mut seen = std::collections::HashSet::new();
        places.retain(|place| seen.insert(place.clone()));
        places
    }
}

/// The value at a place.
pub(super) fn at<'n>(root: &'n Node, place: &[usize]) -> Option<&'n Node> {
    place.iter().try_fold(root, |node, index| node.child(*index))
}

fn advance(root: &Node, place: Place, step: &Step) -> Vec<Place> {
    let Some(node) = at(root, &place) else { return Vec::new() };
    let down = |index: usize| {
        let mut below = place.clone();
        below.push(index);
        below
    };
    match (step, &node.value) {
        (Step::Parent, _) => {
            let mut up = place;
            up.pop().map(|_| up).into_iter().collect()
        }
        (Step::Key(key), Value::Map(entries)) => {
            entries.iter().enumerate().filter(|(_, entry)| entry.key == *key).map(|(i, _)| down(i)).collect()
        }
        // A key of a list of blocks means that key of each (TOML's and HCL's repeated tables).
        (Step::AnyKey, Value::Map(entries)) => (0..entries.len()).map(down).collect(),
        (Step::AnyItem, Value::List(items)) => (0..items.len()).map(down).collect(),
        (Step::Item(index), Value::List(items)) if *index < items.len() => vec![down(*index)],
        (Step::Deep, _) => {
            let mut found = Vec::new();
            descend(node, place, &mut found);
            found
        }
        (Step::Pod, _) => {
            let kind = node.get("kind").and_then(Node::text).unwrap_or_default();
            let keys = pod_spec(&kind);
            let mut places = if keys.is_empty() { Vec::new() } else { vec![place] };
            for key in keys {
                let step = Step::Key((*key).to_owned());
                places = places.into_iter().flat_map(|p| advance(root, p, &step)).collect();
            }
            places
        }
        _ => Vec::new(),
    }
}

fn descend(node: &Node, place: Place, found: &mut Vec<Place>) {
    found.push(place.clone());
    if place.len() > MAX_DEPTH {
        return;
    }
    for (index, child) in node.children().enumerate() {
        let mut below = place.clone();
        below.push(index);
        descend(child, below, found);
    }
}
