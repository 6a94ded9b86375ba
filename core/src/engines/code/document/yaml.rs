//! YAML trees to values: scalars by the core schema of YAML 1.2, anchors, aliases and merge keys.
//!
//! Aliases of aliases can stand for more values than memory holds, so what they may add is limited.

use super::node::{Entry, Node, Style, Value};
use serde_json::Value as Json;
use std::collections::HashMap;
use tree_sitter::Node as Syntax;

/// Deeper values read as null.
const MAX_DEPTH: usize = 100;
/// Values that aliases may add to one document.
const MAX_ALIASED: usize = 50_000;

pub(super) struct Reader<'t> {
    text: &'t str,
    anchors: HashMap<&'t str, Node>,
    budget: usize,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, anchors: HashMap::new(), budget: MAX_ALIASED }
    }

    /// The value of a `document`.
    pub(super) fn document(&mut self, document: Syntax<'t>) -> Option<Node> {
        let mut cursor = document.walk();
        let content =
            document.named_children(&mut cursor).find(|n| matches!(n.kind(), "block_node" | "flow_node"))?;
        Some(self.node(content, 0))
    }

    fn slice(&self, node: Syntax<'t>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or("")
    }

    /// At the end of a file the grammar counts the last line breaks to what stands before them.
    fn span(&self, node: Syntax<'t>) -> std::ops::Range<usize> {
        node.start_byte()..node.start_byte() + self.slice(node).trim_end().len()
    }

    fn node(&mut self, outer: Syntax<'t>, depth: usize) -> Node {
        let mut anchor = None;
        let mut tagged = false;
        let mut value = Node::null(outer.end_byte());
        let mut cursor = outer.walk();
        let children: Vec<Syntax<'t>> = outer.named_children(&mut cursor).collect();
        for child in children {
            match child.kind() {
                "anchor" => anchor = self.slice(child).strip_prefix('&'),
                "tag" => tagged = true,
                "comment" => {}
                _ if depth >= MAX_DEPTH => {}
                _ => value = self.content(child, depth),
            }
        }
        if tagged && matches!(value.value, Value::Scalar(_)) {
            value.style = Style::Opaque;
        }
        if let Some(name) = anchor {
            self.anchors.insert(name, value.clone());
        }
        value
    }

    fn content(&mut self, node: Syntax<'t>, depth: usize) -> Node {
        let span = self.span(node);
        match node.kind() {
            "plain_scalar" => Node::scalar(plain(self.slice(node)), span, Style::Plain),
            "single_quote_scalar" => {
                let text = self.slice(node);
                let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or("");
                Node::scalar(Json::String(fold(&inner.replace("''", "'"))), span, Style::SingleQuoted)
            }
            "double_quote_scalar" => {
                Node::scalar(Json::String(double_quoted(self.slice(node))), span, Style::DoubleQuoted)
            }
            "block_scalar" => Node::scalar(Json::String(block_scalar(self.slice(node))), span, Style::Opaque),
            "block_mapping" | "flow_mapping" => self.mapping(node, depth),
            "block_sequence" | "flow_sequence" => self.sequence(node, depth),
            "alias" => self.alias(node),
            _ => Node::null(span.start),
        }
    }

    fn alias(&mut self, node: Syntax<'t>) -> Node {
        let name = self.slice(node).strip_prefix('*').unwrap_or("");
        let mut value = Node::null(node.start_byte());
        if let Some(target) = self.anchors.get(name) {
            let size = target.size();
            if size <= self.budget {
                self.budget -= size;
                value = target.clone();
            }
        }
        value.mark_aliased();
        value.span = node.byte_range();
        value
    }

    fn style(node: Syntax<'t>) -> Style {
        if node.kind().starts_with("flow") {
            Style::Flow
        } else {
            Style::Block { indent: node.start_position().column }
        }
    }

    fn sequence(&mut self, node: Syntax<'t>, depth: usize) -> Node {
        let mut cursor = node.walk();
        let children: Vec<_> = node.named_children(&mut cursor).collect();
        let mut items = Vec::new();
        for child in children {
            match child.kind() {
                "block_sequence_item" => {
                    let mut inner = child.walk();
                    let content = child.named_children(&mut inner).find(|n| n.kind().ends_with("_node"));
                    items.push(content.map_or(Node::null(child.end_byte()), |n| self.node(n, depth + 1)));
                }
                "flow_node" => items.push(self.node(child, depth + 1)),
                // `[a: 1]` is a list of one-key mappings.
                "flow_pair" => {
                    if let Some(entry) = self.pair(child, depth + 1) {
                        let span = child.byte_range();
                        items.push(Node {
                            value: Value::Map(vec![entry]),
                            span,
                            style: Style::Synthetic,
                            aliased: false,
                        });
                    }
                }
                _ => {}
            }
        }
        Node { value: Value::List(items), span: self.span(node), style: Self::style(node), aliased: false }
    }

    fn mapping(&mut self, node: Syntax<'t>, depth: usize) -> Node {
        let mut cursor = node.walk();
        let children: Vec<_> = node.named_children(&mut cursor).collect();
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged: Vec<Entry> = Vec::new();
        for child in children {
            let entry = match child.kind() {
                "block_mapping_pair" | "flow_pair" => self.pair(child, depth),
                "flow_node" => Some(Entry {
                    key: self.slice(child).to_owned(),
                    key_span: child.byte_range(),
                    span: child.byte_range(),
                    node: Node::null(child.end_byte()),
                }),
                _ => None,
            };
            match entry {
                Some(entry) if entry.key == "<<" => merged.extend(merge_sources(entry.node)),
                Some(entry) => entries.push(entry),
                None => {}
            }
        }
        for entry in merged {
            if !entries.iter().any(|own| own.key == entry.key) {
                entries.push(entry);
            }
        }
        Node { value: Value::Map(entries), span: self.span(node), style: Self::style(node), aliased: false }
    }

    fn pair(&mut self, pair: Syntax<'t>, depth: usize) -> Option<Entry> {
        let key = pair.child_by_field_name("key")?;
        let read = self.node(key, depth + 1);
        let node = match pair.child_by_field_name("value") {
            Some(value) => self.node(value, depth + 1),
            None => Node::null(pair.end_byte()),
        };
        Some(Entry { key: read.text()?, key_span: key.byte_range(), span: self.span(pair), node })
    }
}

/// The entries that `<<: *x` or `<<: [*x, *y]` brings in, the earlier source winning.
fn merge_sources(mut node: Node) -> Vec<Entry> {
    node.mark_aliased();
    match node.value {
        Value::Map(entries) => entries,
        Value::List(items) => items.into_iter().flat_map(merge_sources).collect(),
        Value::Scalar(_) => Vec::new(),
    }
}

/// A plain scalar by YAML 1.2's core schema (section 10.3.2).
pub(super) fn plain(text: &str) -> Json {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Json::Null,
        "true" | "True" | "TRUE" => return Json::Bool(true),
        "false" | "False" | "FALSE" => return Json::Bool(false),
        _ => {}
    }
    let unsigned = text.trim_start_matches(['-', '+']);
    if unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') && text.len() - unsigned.len() <= 1 {
        if let Some(octal) = unsigned.strip_prefix("0o").and_then(|o| i64::from_str_radix(o, 8).ok()) {
            return Json::from(octal);
        }
        if let Some(hex) = unsigned.strip_prefix("0x").and_then(|h| i64::from_str_radix(h, 16).ok()) {
            return Json::from(hex);
        }
        if let Ok(integer) = text.parse::<i64>() {
            return Json::from(integer);
        }
        let numeric =
            unsigned.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
        if let (true, Ok(float)) = (numeric, text.parse::<f64>()) {
            return Json::from(float);
        }
    }
    Json::String(fold(text))
}

/// Line folding: a break is a space, an empty line a break.
fn fold(text: &str) -> String {
    if !text.contains('\n') {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut breaks = 0;
    for (number, line) in text.split('\n').enumerate() {
        let line = line.trim();
        if number > 0 {
            breaks += 1;
        }
        if line.is_empty() && number > 0 {
            continue;
        }
        match breaks {
            0 => {}
            1 => out.push(' '),
            more => out.extend(std::iter::repeat_n('\n', more - 1)),
        }
        breaks = 0;
        out.push_str(line);
    }
    out
}

fn double_quoted(text: &str) -> String {
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or("");
    unescape(&fold(inner))
}

/// Backslash escapes as YAML, JSON, TOML and HCL share them; an unknown one stays as it is written.
pub(super) fn unescape(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let Some(escape) = rest.next() else { break };
        let digits = match escape {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        match escape {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            '0' => out.push('\0'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'e' => out.push('\u{1b}'),
            '"' | '\\' | '/' | ' ' => out.push(escape),
            _ if digits > 0 => {
                let code: String = rest.by_ref().take(digits).collect();
                out.push(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32).unwrap_or('\u{fffd}'));
            }
            other => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    out
}

/// The text of `|` and `>` scalars. Chomping indicators count; folding is by lines.
fn block_scalar(text: &str) -> String {
    let (header, body) = text.split_once('\n').unwrap_or((text, ""));
    let lines: Vec<&str> = body.split('\n').collect();
    let indent = lines
        .iter()
        .filter(|l| !l.trim().is_empty())
        .map(|l| l.len() - l.trim_start().len())
        .min()
        .unwrap_or(0);
    let lines: Vec<&str> =
        lines.iter().map(|l| l.get(indent..).unwrap_or("").trim_end_matches('\r')).collect();
    let mut out = if header.starts_with('>') { fold(&lines.join("\n")) } else { lines.join("\n") };
    out.truncate(out.trim_end_matches('\n').len());
    if !header.contains('-') {
        out.push('\n');
    }
    out
}
