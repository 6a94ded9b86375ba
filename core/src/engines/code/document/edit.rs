//! Edits that set or remove a value and keep every other byte.
//!
//! Refuses (gives `None`) what it cannot do without touching something else: a value read through an
//! alias, a block scalar, an expression, a mapping that is only implied.

use super::node::{Entry, Node, Style, Value};
use super::path::{Path, Place, Step, at};
use super::read::Syntax;
use super::render::{bare_key, inline, yaml_block, yaml_flow, yaml_scalar};
use crate::domain::Edit;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::ops::Range;

/// What is to be done to one document. All of it is done, or none.
#[derive(Debug, Clone)]
pub(super) struct Editor<'a> {
    pub(super) root: &'a Node,
    pub(super) text: &'a str,
    pub(super) syntax: Syntax,
    inserts: BTreeMap<Place, Map<String, Json>>,
    edits: Vec<Edit>,
}

impl<'a> Editor<'a> {
    pub(super) fn new(root: &'a Node, text: &'a str, syntax: Syntax) -> Self {
        Self { root, text, syntax, inserts: BTreeMap::new(), edits: Vec::new() }
    }

    /// Sets every value that `path` leads to; missing mappings at its end are made.
    pub(super) fn set(&mut self, from: &Place, path: &Path, value: &Json) -> Option<()> {
        // In HCL these begin a template; what escapes them depends on what stands around.
        let text = value.to_string();
        if self.syntax == Syntax::Hcl && (text.contains("${") || text.contains("%{")) {
            return None;
        }
        let fixed =
            path.steps.iter().rposition(|step| !matches!(step, Step::Key(_))).map_or(0, |last| last + 1);
        let (head, keys) = path.steps.split_at(fixed);
        let bases = Path { absolute: path.absolute, steps: head.to_vec() }.select(self.root, from);
        if bases.is_empty() {
            return None;
        }
        for base in bases {
            self.set_below(base, keys, value)?;
        }
        Some(())
    }

    fn set_below(&mut self, mut place: Place, keys: &[Step], value: &Json) -> Option<()> {
        for (depth, key) in keys.iter().enumerate() {
            let node = at(self.root, &place)?;
            let next = Path { absolute: false, steps: vec![key.clone()] }.select(self.root, &place);
            match next.into_iter().next() {
                Some(below) => place = below,
                None if node.is_null() => return self.replace(&place, &nest(&keys[depth..], value.clone())?),
                None => return self.insert(place, &keys[depth..], value.clone()),
            }
        }
        self.replace(&place, value)
    }

    fn insert(&mut self, place: Place, keys: &[Step], value: Json) -> Option<()> {
        let node = at(self.root, &place)?;
        if node.aliased || !matches!(node.value, Value::Map(_)) {
            return None;
        }
        let Json::Object(new) = nest(keys, value)? else { return None };
        merge(self.inserts.entry(place).or_default(), new)
    }

    fn replace(&mut self, place: &Place, value: &Json) -> Option<()> {
        let node = at(self.root, place)?;
        if node.to_json() == *value {
            return Some(());
        }
        if node.aliased {
            return None;
        }
        match (&node.value, node.style) {
            (_, Style::Opaque | Style::Synthetic | Style::Section | Style::Braces) => None,
            (Value::Scalar(_), _) if node.span.is_empty() => self.fill(place, node, value),
            (Value::Scalar(_), style) => self.push(node.span.clone(), self.render(value, style)),
            (_, Style::Flow | Style::Inline) => self.push(node.span.clone(), self.render(value, node.style)),
            (_, Style::Block { .. }) => {
                let entry = self.entry(place)?;
                let range = entry.key_span.end..node.span.end;
                // What would be lost must not hold a comment.
                if self.text.get(range.clone())?.contains('#') {
                    return None;
                }
                self.push(range, format!(": {}", yaml_flow(value)))
            }
            _ => None,
        }
    }

    /// Gives a value to `key:`.
    fn fill(&mut self, place: &Place, node: &Node, value: &Json) -> Option<()> {
        let (_, parent) = place.split_last()?;
        let parent = at(self.root, parent)?;
        let at = node.span.start;
        if !self.text.get(..at)?.ends_with(':') {
            return None;
        }
        match (parent.style, value) {
            (Style::Block { indent }, Json::Object(map)) if !map.is_empty() => {
                let pad = " ".repeat(indent + 2);
                let lines: Vec<String> =
                    map.iter().map(|(key, v)| format!("\n{pad}{}", yaml_block(key, v, indent + 2))).collect();
                let end = self.line_end(at);
                self.push(end..end, lines.concat())
            }
            _ => self.push(at..at, format!(" {}", self.render(value, Style::Plain))),
        }
    }

    fn render(&self, value: &Json, style: Style) -> String {
        match self.syntax {
            Syntax::Yaml if value.is_object() || value.is_array() => yaml_flow(value),
            Syntax::Yaml => yaml_scalar(value, style),
            Syntax::Json => value.to_string(),
            Syntax::Toml | Syntax::Hcl => inline(value),
        }
    }

    fn push(&mut self, range: Range<usize>, text: String) -> Option<()> {
        self.edits.push(Edit { range, text });
        Some(())
    }

    fn entry(&self, place: &Place) -> Option<&'a Entry> {
        let (index, parent) = place.split_last()?;
        match &at(self.root, parent)?.value {
            Value::Map(entries) => entries.get(*index),
            _ => None,
        }
    }

    fn line_end(&self, from: usize) -> usize {
        let rest = self.text.get(from..).unwrap_or("");
        let end = rest.find('\n').map_or(self.text.len(), |n| from + n);
        if self.text.get(from..end).is_some_and(|line| line.ends_with('\r')) { end - 1 } else { end }
    }

    fn line_start(&self, from: usize) -> usize {
        self.text.get(..from).and_then(|before| before.rfind('\n')).map_or(0, |n| n + 1)
    }

    /// All edits, in order; `None` when two of them touch.
    pub(super) fn finish(mut self) -> Option<Vec<Edit>> {
        for (place, keys) in std::mem::take(&mut self.inserts) {
            self.write_keys(&place, &keys)?;
        }
        let mut edits: Vec<Edit> = Vec::new();
        // Stable: of two insertions at one place the one made later belongs deeper and comes first.
        self.edits.reverse();
        self.edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        for edit in self.edits {
            match edits.last_mut() {
                Some(last) if last.range == edit.range && edit.range.is_empty() => {
                    last.text.push_str(&edit.text)
                }
                Some(last) if last.range == edit.range && last.text == edit.text => {}
                Some(last) if edit.range.start < last.range.end => return None,
                _ => edits.push(edit),
            }
        }
        Some(edits)
    }

    fn write_keys(&mut self, place: &Place, keys: &Map<String, Json>) -> Option<()> {
        let node = at(self.root, place)?;
        let Value::Map(entries) = &node.value else { return None };
        let own: Vec<&Entry> = entries
            .iter()
            .filter(|entry| !entry.node.aliased || node.span.contains(&entry.span.start))
            .collect();
        match node.style {
            Style::Block { indent } => {
                let last = own.iter().map(|entry| entry.span.end).max().unwrap_or(node.span.end);
                let end = self.line_end(last);
                let pad = " ".repeat(indent);
                let lines: Vec<String> =
                    keys.iter().map(|(k, v)| format!("\n{pad}{}", yaml_block(k, v, indent))).collect();
                self.push(end..end, lines.concat())
            }
            Style::Flow | Style::Inline => self.write_inline(node, &own, keys),
            Style::Section => self.write_lines(node, &own, keys, 0),
            Style::Braces => self.write_braces(node, &own, keys),
            _ => None,
        }
    }

    fn pair(&self, key: &str, value: &Json) -> String {
        match self.syntax {
            Syntax::Yaml => format!("{}: {}", yaml_scalar(&Json::from(key), Style::Plain), yaml_flow(value)),
            Syntax::Json => format!("{}: {value}", Json::from(key)),
            Syntax::Toml | Syntax::Hcl => format!("{} = {}", bare_key(key), inline(value)),
        }
    }

    fn write_inline(&mut self, node: &Node, own: &[&Entry], keys: &Map<String, Json>) -> Option<()> {
        let pairs: Vec<String> = keys.iter().map(|(k, v)| self.pair(k, v)).collect();
        let (Some(first), Some(last)) = (own.first(), own.last()) else {
            let pad = if self.syntax == Syntax::Toml { " " } else { "" };
            return self.push(node.span.clone(), format!("{{{pad}{}{pad}}}", pairs.join(", ")));
        };
        let gap = self.text.get(node.span.start + 1..first.span.start)?;
        let gap =
            gap.rfind('\n').and_then(|at| gap.get(at..)).filter(|gap| gap.trim().is_empty()).unwrap_or(" ");
        let comma = if self.syntax == Syntax::Hcl && gap.contains('\n') { "" } else { "," };
        let added: Vec<String> = pairs.iter().map(|pair| format!("{comma}{gap}{pair}")).collect();
        self.push(last.span.end..last.span.end, added.concat())
    }

    /// TOML: after the section's last own line.
    fn write_lines(
        &mut self,
        node: &Node,
        own: &[&Entry],
        keys: &Map<String, Json>,
        indent: usize,
    ) -> Option<()> {
        let pad = " ".repeat(indent);
        let lines: Vec<String> = keys.iter().map(|(k, v)| format!("{pad}{}", self.pair(k, v))).collect();
        let is_pair = |entry: &&&Entry| !matches!(entry.node.style, Style::Section | Style::Synthetic);
        let is_top = node.span.start == 0 && node.span.end == self.text.len();
        match own.iter().filter(is_pair).map(|entry| entry.span.end).max() {
            Some(end) => {
                let end = self.line_end(end);
                self.push(end..end, lines.iter().map(|line| format!("\n{line}")).collect())
            }
            None if is_top => self.push(0..0, lines.iter().map(|line| format!("{line}\n")).collect()),
            None => {
                let end = self.line_end(node.span.start);
                self.push(end..end, lines.iter().map(|line| format!("\n{line}")).collect())
            }
        }
    }

    /// HCL: a line of its own, as far in as its neighbours.
    fn write_braces(&mut self, node: &Node, own: &[&Entry], keys: &Map<String, Json>) -> Option<()> {
        let last = own.iter().max_by_key(|entry| entry.span.end)?;
        let start = self.line_start(last.span.start);
        let pad = self.text.get(start..last.span.start)?;
        let end = self.line_end(last.span.end);
        let alone = pad.trim().is_empty() && !self.text.get(last.span.end..end)?.contains('}');
        if !alone || node.aliased {
            return None;
        }
        let lines: Vec<String> = keys.iter().map(|(k, v)| format!("\n{pad}{}", self.pair(k, v))).collect();
        self.push(end..end, lines.concat())
    }

    /// Removes every value that `path` leads to, with its lines or its comma.
    pub(super) fn remove(&mut self, from: &Place, path: &Path) -> Option<()> {
        for place in path.select(self.root, from) {
            let (index, parent_place) = place.split_last()?;
            let parent = at(self.root, parent_place)?;
            let node = at(self.root, &place)?;
            if parent.aliased || node.aliased && self.entry(&place).is_none() {
                return None;
            }
            let spans: Vec<Range<usize>> = match &parent.value {
                Value::Map(entries) => entries.iter().map(|entry| entry.span.clone()).collect(),
                Value::List(items) => items.iter().map(|item| item.span.clone()).collect(),
                Value::Scalar(_) => return None,
            };
            match parent.style {
                Style::Flow | Style::Inline => self.remove_inline(&spans, *index)?,
                Style::Block { .. } if spans.len() == 1 => {
                    self.remove_only(&parent_place.to_vec(), parent)?
                }
                Style::Block { indent } => self.remove_lines(parent, &spans, *index, indent)?,
                Style::Section | Style::Braces => {
                    let span = spans.get(*index)?;
                    let (start, end) = (self.line_start(span.start), self.line_end(span.end));
                    let next = (end + 1).min(self.text.len());
                    self.push(start..next, String::new())?;
                }
                _ => return None,
            }
        }
        Some(())
    }

    fn remove_inline(&mut self, spans: &[Range<usize>], index: usize) -> Option<()> {
        let span = spans.get(index)?.clone();
        let range = match (spans.get(index + 1), index.checked_sub(1).and_then(|i| spans.get(i))) {
            (Some(next), _) => span.start..next.start,
            (None, Some(previous)) => previous.end..span.end,
            (None, None) => span,
        };
        self.push(range, String::new())
    }

    /// The last entry of a block mapping or list leaves `{}` or `[]`.
    fn remove_only(&mut self, place: &Place, parent: &Node) -> Option<()> {
        let entry = self.entry(place)?;
        let empty = if matches!(parent.value, Value::Map(_)) { "{}" } else { "[]" };
        let range = entry.key_span.end..parent.span.end;
        if self.text.get(range.clone())?.contains(['#', '&', '!']) {
            return None;
        }
        self.push(range, format!(": {empty}"))
    }

    fn remove_lines(
        &mut self,
        parent: &Node,
        spans: &[Range<usize>],
        index: usize,
        indent: usize,
    ) -> Option<()> {
        let mut span = spans.get(index)?.clone();
        if !parent.span.contains(&span.start) {
            return None;
        }
        if matches!(parent.value, Value::List(_)) {
            // The item's place begins after its dash.
            span.start = self.text.get(..span.start)?.rfind('-')?;
        }
        let start = self.line_start(span.start);
        let end = (self.line_end(span.end) + 1).min(self.text.len());
        if start + indent == span.start && self.text.get(start..span.start)?.trim().is_empty() {
            return self.push(start..end, String::new());
        }
        // The first key after a dash: what follows moves up.
        let next = spans.get(index + 1).filter(|next| parent.span.contains(&next.start))?;
        if self.text.get(span.end..next.start)?.contains('#') {
            return None;
        }
        self.push(span.start..next.start, String::new())
    }
}

fn nest(keys: &[Step], value: Json) -> Option<Json> {
    keys.iter().rev().try_fold(value, |inner, step| match step {
        Step::Key(key) => Some(Json::Object(Map::from_iter([(key.clone(), inner)]))),
        _ => None,
    })
}

/// Joins two sets of new keys; `None` when they contradict each other.
fn merge(into: &mut Map<String, Json>, new: Map<String, Json>) -> Option<()> {
    for (key, value) in new {
        match (into.get_mut(&key), value) {
            (Some(Json::Object(old)), Json::Object(value)) => merge(old, value)?,
            (Some(old), value) if *old != value => return None,
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
    Some(())
}
