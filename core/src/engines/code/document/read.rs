//! From a syntax tree to the documents of a file.

use super::node::{Entry, Node, Style, Value};
use super::yaml::{self, unescape};
use serde_json::Value as Json;
use std::ops::Range;
use tree_sitter::Node as Tree;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    Yaml,
    Json,
    Toml,
    Hcl,
}

/// Why a file, or a part of it, was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    #[error("it is a template (`{{{{ }}}}`), which is not judged before it is rendered")]
    Template,
    #[error("{0} document(s) have syntax errors")]
    Errors(usize),
}

/// What was read of one file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Documents {
    /// One for JSON, TOML and HCL; any number for YAML.
    pub roots: Vec<Node>,
    pub unread: Option<Unread>,
}

const MAX_DEPTH: usize = 100;

/// Reads the documents of a parsed file.
pub fn read(syntax: Syntax, tree: Tree<'_>, text: &str) -> Documents {
    match syntax {
        Syntax::Yaml if is_template(tree, text) => {
            Documents { roots: Vec::new(), unread: Some(Unread::Template) }
        }
        Syntax::Yaml => read_yaml(tree, text),
        _ if tree.has_error() => Documents { roots: Vec::new(), unread: Some(Unread::Errors(1)) },
        Syntax::Json => {
            let mut cursor = tree.walk();
            let top = tree.named_children(&mut cursor).find(|n| n.kind() != "comment");
            Documents {
                roots: top.map(|n| literal(n, text, Style::Flow, 0)).into_iter().collect(),
                unread: None,
            }
        }
        Syntax::Toml => Documents { roots: vec![toml(tree, text)], unread: None },
        Syntax::Hcl => {
            let mut cursor = tree.walk();
            let body = tree.named_children(&mut cursor).find(|n| n.kind() == "body");
            Documents { roots: body.map(|n| hcl_body(n, text, 0)).into_iter().collect(), unread: None }
        }
    }
}

/// Whether braces of a template engine stand where YAML would read them. Those in quotes, comments and
/// block scalars are text, and `${{` is GitHub's.
fn is_template(tree: Tree<'_>, text: &str) -> bool {
    text.match_indices("{{").any(|(at, _)| {
        if text.as_bytes().get(at.wrapping_sub(1)) == Some(&b'$') {
            return false;
        }
        let node = tree.descendant_for_byte_range(at, at + 2);
        !node.is_some_and(|n| {
            matches!(
                n.kind(),
                "double_quote_scalar" | "single_quote_scalar" | "comment" | "block_scalar" | "string_scalar"
            )
        })
    })
}

fn read_yaml(tree: Tree<'_>, text: &str) -> Documents {
    let mut cursor = tree.walk();
    let mut roots = Vec::new();
    let mut errors = usize::from(tree.is_error());
    for document in tree.named_children(&mut cursor) {
        if document.has_error() || tree.is_error() {
            errors += usize::from(!tree.is_error());
        } else if document.kind() == "document" {
            roots.extend(yaml::Reader::new(text).document(document));
        }
    }
    Documents { roots, unread: (errors > 0).then_some(Unread::Errors(errors)) }
}

fn slice<'t>(node: Tree<'_>, text: &'t str) -> &'t str {
    text.get(node.byte_range()).unwrap_or("")
}

/// A value of JSON, or an inline one of TOML.
fn literal(node: Tree<'_>, text: &str, style: Style, depth: usize) -> Node {
    let span = node.byte_range();
    let raw = slice(node, text);
    let mut cursor = node.walk();
    let children: Vec<_> = node.named_children(&mut cursor).filter(|n| n.kind() != "comment").collect();
    match node.kind() {
        _ if depth > MAX_DEPTH => Node::scalar(Json::Null, span, Style::Opaque),
        "object" | "inline_table" => {
            let mut map = Node { value: Value::Map(Vec::new()), span, style, aliased: false };
            for pair in children {
                insert_pair(&mut map, pair, text, style, depth);
            }
            map
        }
        "array" => {
            let items = children.into_iter().map(|n| literal(n, text, style, depth + 1)).collect();
            Node { value: Value::List(items), span, style, aliased: false }
        }
        "string" if raw.starts_with("\"\"\"") || raw.starts_with("'''") => {
            let inner = raw.get(3..raw.len().saturating_sub(3)).unwrap_or("");
            Node::scalar(
                Json::String(inner.strip_prefix('\n').unwrap_or(inner).to_owned()),
                span,
                Style::Opaque,
            )
        }
        "string" if raw.starts_with('\'') => {
            let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or("");
            Node::scalar(Json::String(inner.to_owned()), span, Style::SingleQuoted)
        }
        "string" => Node::scalar(Json::String(quoted(raw)), span, Style::DoubleQuoted),
        _ => Node::scalar(bare(raw), span, Style::Plain),
    }
}

fn quoted(raw: &str) -> String {
    serde_json::from_str(raw)
        .unwrap_or_else(|_| unescape(raw.get(1..raw.len().saturating_sub(1)).unwrap_or("")))
}

fn bare(raw: &str) -> Json {
    let number = raw.replace('_', "");
    match serde_json::from_str(&number) {
        Ok(value @ (Json::Number(_) | Json::Bool(_) | Json::Null)) => value,
        _ => Json::String(raw.to_owned()),
    }
}

/// Adds `key = value` (or JSON's `"key": value`), dotted keys making what lies between.
fn insert_pair(map: &mut Node, pair: Tree<'_>, text: &str, style: Style, depth: usize) {
    let mut cursor = pair.walk();
    let parts: Vec<_> = pair.named_children(&mut cursor).filter(|n| n.kind() != "comment").collect();
    let [key, value] = parts[..] else { return };
    let keys = key_parts(key, text, 0);
    let node = literal(value, text, style, depth + 1);
    place(map, &keys, pair.byte_range(), node, false);
}

fn key_parts(key: Tree<'_>, text: &str, depth: usize) -> Vec<(String, Range<usize>)> {
    match key.kind() {
        "dotted_key" if depth < MAX_DEPTH => {
            let mut cursor = key.walk();
            let parts: Vec<_> = key.named_children(&mut cursor).collect();
            parts.into_iter().flat_map(|part| key_parts(part, text, depth + 1)).collect()
        }
        "string" | "quoted_key" => {
            let raw = slice(key, text);
            let name = if raw.starts_with('"') { quoted(raw) } else { raw.trim_matches('\'').to_owned() };
            vec![(name, key.byte_range())]
        }
        _ => vec![(slice(key, text).to_owned(), key.byte_range())],
    }
}

/// Puts `node` under `keys`, making mappings on the way; `append` makes its last key a list of such.
fn place(map: &mut Node, keys: &[(String, Range<usize>)], span: Range<usize>, node: Node, append: bool) {
    // Keys through an array of tables mean its last element.
    if let Value::List(items) = &mut map.value {
        if let Some(last) = items.last_mut() {
            place(last, keys, span, node, append);
        }
        return;
    }
    let Value::Map(entries) = &mut map.value else { return };
    let Some(((key, key_span), rest)) = keys.split_first() else { return };
    let known = entries.iter_mut().find(|entry| entry.key == *key);
    if rest.is_empty() {
        match (known, append) {
            (Some(entry), true) => {
                if let Value::List(items) = &mut entry.node.value {
                    items.push(node);
                }
            }
            (Some(entry), false) if entry.node.style == Style::Synthetic => {
                // The table's own header comes after one of a table inside it.
                let inner = std::mem::replace(&mut entry.node, node);
                if let (Value::Map(own), Value::Map(more)) = (&mut entry.node.value, inner.value) {
                    own.extend(more);
                }
            }
            _ => {
                let node = if append {
                    Node {
                        value: Value::List(vec![node]),
                        span: span.clone(),
                        style: Style::Synthetic,
                        aliased: false,
                    }
                } else {
                    node
                };
                entries.push(Entry { key: key.clone(), key_span: key_span.clone(), span, node });
            }
        }
    } else if let Some(entry) = known {
        place(&mut entry.node, rest, span, node, append);
    } else {
        let mut between = Node {
            value: Value::Map(Vec::new()),
            span: span.clone(),
            style: Style::Synthetic,
            aliased: false,
        };
        place(&mut between, rest, span.clone(), node, append);
        entries.push(Entry { key: key.clone(), key_span: key_span.clone(), span, node: between });
    }
}

fn toml(tree: Tree<'_>, text: &str) -> Node {
    let mut root =
        Node { value: Value::Map(Vec::new()), span: 0..text.len(), style: Style::Section, aliased: false };
    let mut cursor = tree.walk();
    for child in tree.named_children(&mut cursor) {
        match child.kind() {
            "pair" => insert_pair(&mut root, child, text, Style::Inline, 0),
            "table" | "table_array_element" => {
                let mut inner = child.walk();
                let mut parts = child.named_children(&mut inner).filter(|n| n.kind() != "comment");
                let Some(header) = parts.next() else { continue };
                let end = parts.last().unwrap_or(header).end_byte();
                let span = child.start_byte()..end;
                let mut table = Node {
                    value: Value::Map(Vec::new()),
                    span: span.clone(),
                    style: Style::Section,
                    aliased: false,
                };
                let mut again = child.walk();
                for pair in child.named_children(&mut again).filter(|n| n.kind() == "pair") {
                    insert_pair(&mut table, pair, text, Style::Inline, 0);
                }
                let append = child.kind() == "table_array_element";
                place(&mut root, &key_parts(header, text, 0), span, table, append);
            }
            _ => {}
        }
    }
    root
}

fn hcl_body(body: Tree<'_>, text: &str, depth: usize) -> Node {
    let mut entries = Vec::new();
    let mut cursor = body.walk();
    for child in body.named_children(&mut cursor) {
        if depth > MAX_DEPTH {
            break;
        }
        let mut inner = child.walk();
        let parts: Vec<_> = child.named_children(&mut inner).filter(|n| n.kind() != "comment").collect();
        match (child.kind(), &parts[..]) {
            ("attribute", [name, value]) => entries.push(Entry {
                key: slice(*name, text).to_owned(),
                key_span: name.byte_range(),
                span: child.byte_range(),
                node: hcl_value(*value, text, depth + 1),
            }),
            ("block", [name, ..]) => {
                let at = parts
                    .iter()
                    .find(|n| n.kind() == "block_start")
                    .map_or(child.end_byte(), |n| n.end_byte());
                let empty = || Node {
                    value: Value::Map(Vec::new()),
                    span: at..at,
                    style: Style::Braces,
                    aliased: false,
                };
                let inner = parts.iter().find(|n| n.kind() == "body");
                let mut node = inner.map_or_else(empty, |n| hcl_body(*n, text, depth + 1));
                let labels: Vec<_> = parts
                    .iter()
                    .skip(1)
                    .filter(|n| matches!(n.kind(), "string_lit" | "identifier"))
                    .collect();
                for label in labels.into_iter().rev() {
                    let key = slice(*label, text).trim_matches('"').to_owned();
                    let entry = Entry { key, key_span: label.byte_range(), span: child.byte_range(), node };
                    node = Node {
                        value: Value::Map(vec![entry]),
                        span: child.byte_range(),
                        style: Style::Synthetic,
                        aliased: false,
                    };
                }
                let key = slice(*name, text).to_owned();
                entries.push(Entry { key, key_span: name.byte_range(), span: child.byte_range(), node });
            }
            _ => {}
        }
    }
    Node { value: Value::Map(entries), span: body.byte_range(), style: Style::Braces, aliased: false }
}

fn hcl_value(node: Tree<'_>, text: &str, depth: usize) -> Node {
    let span = node.byte_range();
    let raw = slice(node, text);
    let mut cursor = node.walk();
    let children: Vec<_> = node.named_children(&mut cursor).filter(|n| n.kind() != "comment").collect();
    match (node.kind(), &children[..]) {
        _ if depth > MAX_DEPTH => Node::scalar(Json::Null, span, Style::Opaque),
        ("expression" | "literal_value" | "collection_value", [only]) if only.byte_range() == span => {
            hcl_value(*only, text, depth + 1)
        }
        ("tuple", _) => {
            let items = children
                .iter()
                .filter(|n| n.kind() == "expression")
                .map(|n| hcl_value(*n, text, depth + 1))
                .collect();
            Node { value: Value::List(items), span, style: Style::Inline, aliased: false }
        }
        ("object", _) => {
            let mut entries = Vec::new();
            for element in children.iter().filter(|n| n.kind() == "object_elem") {
                let (Some(key), Some(value)) =
                    (element.child_by_field_name("key"), element.child_by_field_name("val"))
                else {
                    continue;
                };
                entries.push(Entry {
                    key: slice(key, text).trim_matches('"').to_owned(),
                    key_span: key.byte_range(),
                    span: element.byte_range(),
                    node: hcl_value(value, text, depth + 1),
                });
            }
            Node { value: Value::Map(entries), span, style: Style::Inline, aliased: false }
        }
        ("string_lit", _) => {
            let style =
                if raw.contains("${") || raw.contains("%{") { Style::Opaque } else { Style::DoubleQuoted };
            Node::scalar(Json::String(quoted(raw)), span, style)
        }
        _ => match bare(raw) {
            Json::String(text) => Node::scalar(Json::String(text), span, Style::Opaque),
            value => Node::scalar(value, span, Style::Plain),
        },
    }
}
