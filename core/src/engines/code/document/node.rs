//! The value tree.

use serde_json::Value as Json;
use std::ops::Range;

/// How a value is written, which is how it must be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// YAML block mapping or sequence whose entries begin at this column (in bytes, from 0).
    Block {
        indent: usize,
    },
    /// `{}` or `[]` of YAML or JSON.
    Flow,
    /// `{}` or `[]` of TOML or HCL: keys are joined by `=`.
    Inline,
    /// A TOML table under its header, or the top of the file.
    Section,
    /// The body of an HCL block.
    Braces,
    /// Made up to hold others: a dotted key, a block label. Has no place of its own.
    Synthetic,
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// A block scalar, a multi-line string, an expression: read, never edited.
    Opaque,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Never an array or object.
    Scalar(Json),
    Map(Vec<Entry>),
    List(Vec<Node>),
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub value: Value,
    /// Of the value without its key, anchor or tag; empty for a value that is not written (`key:`).
    pub span: Range<usize>,
    pub style: Style,
    /// Read through an alias or merge key: belongs to another place and is not edited here.
    pub aliased: bool,
}

/// One key of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub key: String,
    pub key_span: Range<usize>,
    /// Of key and value.
    pub span: Range<usize>,
    pub node: Node,
}

impl Node {
    pub fn scalar(value: Json, span: Range<usize>, style: Style) -> Self {
        Self { value: Value::Scalar(value), span, style, aliased: false }
    }

    /// A value that is not there.
    pub fn null(at: usize) -> Self {
        Self::scalar(Json::Null, at..at, Style::Plain)
    }

    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Scalar(Json::Null))
    }

    /// The values one step down, in order.
    pub fn children(&self) -> Box<dyn Iterator<Item = &Node> + '_> {
        match &self.value {
            Value::Scalar(_) => Box::new(std::iter::empty()),
            Value::Map(entries) => Box::new(entries.iter().map(|entry| &entry.node)),
            Value::List(items) => Box::new(items.iter()),
        }
    }

    pub fn child(&self, index: usize) -> Option<&Node> {
        match &self.value {
            Value::Scalar(_) => None,
            Value::Map(entries) => entries.get(index).map(|entry| &entry.node),
            Value::List(items) => items.get(index),
        }
    }

    /// The first value of `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node),
            _ => None,
        }
    }

    /// A scalar's text as it is meant: without quotes and escapes.
    pub fn text(&self) -> Option<String> {
        match &self.value {
            Value::Scalar(Json::String(text)) => Some(text.clone()),
            Value::Scalar(Json::Null) => Some(String::new()),
            Value::Scalar(other) => Some(other.to_string()),
            _ => None,
        }
    }

    /// How many values it holds, itself included.
    pub fn size(&self) -> usize {
        1 + self.children().map(Node::size).sum::<usize>()
    }

    /// Marks it, and all below, as read through an alias.
    pub(super) fn mark_aliased(&mut self) {
        self.aliased = true;
        match &mut self.value {
            Value::Scalar(_) => {}
            Value::Map(entries) => entries.iter_mut().for_each(|entry| entry.node.mark_aliased()),
            Value::List(items) => items.iter_mut().for_each(Node::mark_aliased),
        }
    }

    /// Without places. Of keys given twice the last counts.
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Scalar(value) => value.clone(),
            Value::Map(entries) => {
                Json::Object(entries.iter().map(|entry| (entry.key.clone(), entry.node.to_json())).collect())
            }
            Value::List(items) => Json::Array(items.iter().map(Node::to_json).collect()),
        }
    }
}
