//! A tool as data: what it is called, what it takes and gives, and what its caller must hold.

use super::Tools;
use super::arguments::Arguments;
use crate::mcp::Context;
use serde_json::{Value, json};

/// Gives the data of an answer, or why there is none, for the model that asked.
pub type Run = fn(&Tools, &Arguments<'_>, &Context) -> Result<Value, String>;

#[derive(Clone)]
pub struct Tool {
    pub name: &'static str,
    pub title: &'static str,
    pub about: &'static str,
    pub input: Value,
    pub output: Value,
    /// The scope of a token that lets its holder use it.
    pub scope: (&'static str, &'static str),
    /// It changes something, and is only there where that was allowed.
    pub writes: bool,
    /// What it changes may be lost.
    pub destroys: bool,
    /// Twice is as once.
    pub idempotent: bool,
    /// Made by this program alone and void when a letter of it changes: not redacted again.
    pub verbatim: bool,
    pub run: Run,
}

impl Tool {
    /// One that only reads.
    pub fn reads(
        (name, title, about): (&'static str, &'static str, &'static str),
        scope: (&'static str, &'static str),
        (input, output): (Value, Value),
        run: Run,
    ) -> Self {
        let (writes, destroys, idempotent, verbatim) = (false, false, true, false);
        Self { name, title, about, input, output, scope, writes, destroys, idempotent, verbatim, run }
    }

    pub fn json(&self) -> Value {
        json!({
            "name": self.name, "title": self.title, "description": self.about,
            "inputSchema": self.input, "outputSchema": self.output,
            "annotations": {
                "title": self.title, "readOnlyHint": !self.writes, "destructiveHint": self.destroys,
                "idempotentHint": self.idempotent, "openWorldHint": false,
            },
        })
    }
}

/// An object with these properties and no others.
pub fn object(required: &[&str], properties: Value) -> Value {
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}

/// A page of items under `name`, and whatever else an answer has.
pub fn paged(name: &str, more: Value) -> Value {
    let mut properties = json!({
        name: { "type": "array", "items": { "type": "object" } },
        "total": { "type": "integer", "description": "Items of all pages" },
        "truncated": { "type": "boolean", "description": "Whether there are more than these" },
        "next_cursor": { "type": ["string", "null"], "description": "Leads to the rest" },
    });
    if let (Some(all), Some(more)) = (properties.as_object_mut(), more.as_object()) {
        all.extend(more.clone());
    }
    json!({ "type": "object", "required": [name, "total", "truncated"], "properties": properties })
}

pub fn text(about: &str) -> Value {
    json!({ "type": "string", "description": about })
}

pub fn count(about: &str, default: u64, most: u64) -> Value {
    json!({ "type": "integer", "description": about, "minimum": 0, "maximum": most, "default": default })
}

pub fn cursor() -> Value {
    text("`next_cursor` of the answer before")
}
