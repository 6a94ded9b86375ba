//! Structured documents (YAML, JSON, TOML, HCL) as mappings and lists with places, the rules that judge
//! them, and edits that keep every other byte.
//!
//! Reads through YAML's aliases and merge keys, never writes through them. Never guesses: a document that
//! does not parse, or whose text is a template, is not judged.

mod classify;
mod condition;
mod edit;
mod evaluate;
mod node;
mod path;
mod read;
mod render;
mod yaml;

pub use classify::Family;
pub use evaluate::{BadDocumentRule, DocumentFinding, DocumentRule};
pub use node::{Entry, Node, Style, Value};
pub use path::{BadPath, Path, Place};
pub use read::{Documents, Syntax, Unread, read};

#[cfg(test)]
mod tests;
