//! The imports that a text seems to have, by its lines alone: a cheap filter, so that only files with a
//! suspicious import are parsed.
//!
//! May take a comment or a string for an import; never misses one that stands on a line of its own.

use super::{Ecosystem, Import};
use crate::engines::code::language::Language;
use regex::Regex;
use std::sync::LazyLock;

/// Group 1 is the imported name.
static PYTHON: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)^[ \t]*(?:import|from)[ \t]+([\w.]+)").ok());
static PYTHON_LISTS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)^[ \t]*import[ \t]+[\w.]+[^\n]*,[ \t]*([\w.]+)").ok());
static JAVASCRIPT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)["'`]([^"'`\n]+)["'`]"#).ok()
});
static GO: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#""([\w.\-]+\.[\w.\-]+/[^"\s]+)""#).ok());
static RUST: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b(?:use|extern\s+crate)\s+(?:::)?(\w+)").ok());
static RUST_PATHS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b([a-z]\w*)::").ok());
static RUBY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?m)^\s*require\s*\(?\s*["']([^"'\n]+)["']"#).ok());

/// What the text seems to import.
pub fn guess(language: Language, text: &str) -> Vec<Import> {
    let (ecosystem, patterns): (Ecosystem, &[&LazyLock<Option<Regex>>]) = match language {
        Language::Python => (Ecosystem::Python, &[&PYTHON, &PYTHON_LISTS]),
        Language::JavaScript | Language::TypeScript | Language::Tsx => {
            (Ecosystem::JavaScript, &[&JAVASCRIPT])
        }
        Language::Go => (Ecosystem::Go, &[&GO]),
        Language::Rust => (Ecosystem::Rust, &[&RUST, &RUST_PATHS]),
        Language::Ruby => (Ecosystem::Ruby, &[&RUBY]),
        _ => return Vec::new(),
    };
    let names = patterns.iter().filter_map(|p| p.as_ref()).flat_map(|p| p.captures_iter(text));
    names
        .filter_map(|c| c.get(1))
        .map(|m| Import { ecosystem, name: m.as_str().to_owned(), range: m.range() })
        .collect()
}
