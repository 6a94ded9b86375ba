//! A route as data: what serves it, what it takes and gives, and what its caller must hold. The router
//! and the OpenAPI documents are both made of these.

use super::App;
use super::answer::{Answer, Fault, Shape};
use super::ask::Ask;
use super::once::Retry;
use axum::http::Method;
use serde_json::Value;
use std::pin::Pin;
use std::sync::Arc;

pub type Future = Pin<Box<dyn std::future::Future<Output = Result<Answer, Fault>> + Send>>;
pub type Handler = fn(Arc<App>, Ask) -> Future;

/// What a caller must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: it says no more than that somebody is there.
    Nothing,
    /// A token, whatever its scope.
    Token,
    /// A scope of this area, to read or to write.
    Scope(&'static str, &'static str),
}

#[derive(Debug, Clone)]
pub struct Route {
    pub method: Method,
    /// With `{names}` for the parts that vary.
    pub path: &'static str,
    /// Names the operation in documents, metrics and logs.
    pub id: &'static str,
    pub summary: &'static str,
    pub tag: &'static str,
    pub shape: Shape,
    pub needs: Needs,
    pub retry: Retry,
    /// The largest body, in bytes.
    pub most: usize,
    /// Schema of the path's parts that are not just texts.
    pub parts: Vec<(&'static str, Value)>,
    pub query: Vec<(&'static str, Value)>,
    /// Content type and schema.
    pub takes: Vec<(&'static str, Value)>,
    /// Whether the body may be left out.
    pub body_optional: bool,
    /// Status, content type and schema of the data.
    pub gives: (u16, &'static str, Value),
    /// Faults that this route alone has, by status.
    pub faults: Vec<u16>,
    pub handler: Handler,
}

/// What most bodies need at most, in bytes.
const MOST: usize = 1 << 20;

impl Route {
    pub fn new(
        (method, path): (Method, &'static str),
        (id, summary): (&'static str, &'static str),
        needs: Needs,
        handler: Handler,
    ) -> Self {
        let any = serde_json::json!({ "type": "object" });
        Self {
            method,
            path,
            id,
            summary,
            tag: "",
            shape: Shape::of_path(path),
            needs,
            retry: Retry::Never,
            most: MOST,
            parts: Vec::new(),
            query: Vec::new(),
            takes: Vec::new(),
            body_optional: false,
            gives: (200, "application/json", any),
            faults: Vec::new(),
            handler,
        }
    }

    pub fn tag(self, tag: &'static str) -> Self {
        Self { tag, ..self }
    }

    pub fn retry(self, retry: Retry) -> Self {
        Self { retry, ..self }
    }

    pub fn most(self, most: usize) -> Self {
        Self { most, ..self }
    }

    pub fn part(mut self, name: &'static str, schema: Value) -> Self {
        self.parts.push((name, schema));
        self
    }

    pub fn query(mut self, name: &'static str, schema: Value) -> Self {
        self.query.push((name, schema));
        self
    }

    /// The kernel's clients write null for what they leave out, so there it may be null too.
    pub fn takes(mut self, mut schema: Value) -> Self {
        if matches!(self.shape, Shape::Kernel | Shape::NextGen) {
            nullable(&mut schema);
        }
        self.takes.push(("application/json", schema));
        self
    }

    pub fn takes_as(mut self, content_type: &'static str, schema: Value) -> Self {
        self.takes.push((content_type, schema));
        self
    }

    pub fn body_optional(self) -> Self {
        Self { body_optional: true, ..self }
    }

    pub fn gives(self, status: u16, schema: Value) -> Self {
        Self { gives: (status, "application/json", schema), ..self }
    }

    pub fn gives_as(self, content_type: &'static str, schema: Value) -> Self {
        Self { gives: (200, content_type, schema), ..self }
    }

    pub fn fault(mut self, status: u16) -> Self {
        self.faults.push(status);
        self
    }
}

/// Lets every property that is not required be null, all the way down.
fn nullable(schema: &mut Value) {
    let required: Vec<Value> = schema["required"].as_array().cloned().unwrap_or_default();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, property) in properties {
        nullable(property);
        if !required.iter().any(|r| r == name.as_str()) {
            *property = serde_json::json!({ "anyOf": [property.take(), { "type": "null" }] });
        }
    }
}
