//! The packages that a file imports.

use super::Ecosystem;
use crate::engines::code::language::Language;
use crate::engines::code::syntax::Source;
use std::ops::Range;
use tree_sitter::Node;

/// One import. Relative ones, and those that are allowed to fail or serve types only, are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    pub ecosystem: Ecosystem,
    /// As it is written: `a.b`, `@scope/name/part`, `github.com/x/y/z`, `crate_name`.
    pub name: String,
    pub range: Range<usize>,
}

/// The imports of a parsed file, in the order of the text.
pub fn imports(source: &Source) -> Vec<Import> {
    let collect: fn(&Source, Node<'_>, &mut Vec<Import>) = match source.language {
        Language::Python => python,
        Language::JavaScript | Language::TypeScript | Language::Tsx => javascript,
        Language::Go => go,
        Language::Rust => rust,
        Language::Ruby => ruby,
        _ => return Vec::new(),
    };
    let mut found = Vec::new();
    let mut cursor = source.tree.walk();
    loop {
        collect(source, cursor.node(), &mut found);
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                found.retain(|import| {
                    import.ecosystem != Ecosystem::Rust || !is_own_rust(source, &import.name)
                });
                return found;
            }
        }
    }
}

fn add(found: &mut Vec<Import>, ecosystem: Ecosystem, name: &str, node: Node<'_>) {
    if !name.is_empty() {
        found.push(Import { ecosystem, name: name.to_owned(), range: node.byte_range() });
    }
}

fn python(source: &Source, node: Node<'_>, found: &mut Vec<Import>) {
    if !matches!(node.kind(), "import_statement" | "import_from_statement")
        || is_optional_python(source, node)
    {
        return;
    }
    if let Some(module) = node.child_by_field_name("module_name") {
        if module.kind() == "dotted_name" {
            add(found, Ecosystem::Python, source.text_of(module), module);
        }
        return;
    }
    let mut cursor = node.walk();
    for child in node.named_children(&mut cursor) {
        let name = child.child_by_field_name("name").unwrap_or(child);
        if name.kind() == "dotted_name" {
            add(found, Ecosystem::Python, source.text_of(name), name);
        }
    }
}

/// In a `try`, its handlers, or under a condition (a version, a platform, `TYPE_CHECKING`).
fn is_optional_python(source: &Source, node: Node<'_>) -> bool {
    let mut at = node.parent();
    while let Some(here) = at {
        match here.kind() {
            "try_statement" | "except_clause" => return true,
            "if_statement" => {
                let condition =
                    here.child_by_field_name("condition").map(|c| source.text_of(c)).unwrap_or("");
                if !condition.contains("__name__") {
                    return true;
                }
            }
            "with_statement" => return true,
            _ => {}
        }
        at = here.parent();
    }
    false
}

fn javascript(source: &Source, node: Node<'_>, found: &mut Vec<Import>) {
    let text = match node.kind() {
        "import_statement" | "export_statement" => {
            let statement = source.text_of(node);
            if statement.starts_with("import type") || statement.starts_with("export type") {
                return;
            }
            node.child_by_field_name("source")
        }
        "import_require_clause" => node.child_by_field_name("source"),
        "call_expression" => {
            let callee = node.child_by_field_name("function").map(|f| source.text_of(f));
            let optional = inside(node, "try_statement") || inside(node, "catch_clause");
            if !matches!(callee, Some("require" | "import")) || optional {
                return;
            }
            let arguments = node.child_by_field_name("arguments");
            arguments.and_then(|list| list.named_child(0)).filter(|first| first.kind() == "string")
        }
        _ => return,
    };
    if let Some(text) = text {
        let name = source.text_of(text).trim_matches(['"', '\'', '`']);
        add(found, Ecosystem::JavaScript, name, text);
    }
}

fn inside(node: Node<'_>, kind: &str) -> bool {
    std::iter::successors(node.parent(), |at| at.parent()).any(|at| at.kind() == kind)
}

fn go(source: &Source, node: Node<'_>, found: &mut Vec<Import>) {
    if node.kind() == "import_spec"
        && let Some(path) = node.child_by_field_name("path")
    {
        add(found, Ecosystem::Go, source.text_of(path).trim_matches(['"', '`']), path);
    }
}

/// A name that the file itself makes (`mod x`, `use a as x`), or that the compiler's own tree provides.
fn is_own_rust(source: &Source, name: &str) -> bool {
    let own = [format!("mod {name}"), format!(" as {name}"), format!("macro_rules! {name}")];
    name.starts_with("rustc_")
        || source.text.contains("rustc_private")
        || own.iter().any(|text| source.text.contains(text))
}

/// Only `use` at the top of a file and `extern crate`: further in, a name may be anything in scope.
fn rust(source: &Source, node: Node<'_>, found: &mut Vec<Import>) {
    let top = node.parent().is_some_and(|parent| parent.kind() == "source_file");
    let guarded = node.prev_named_sibling().is_some_and(|before| before.kind() == "attribute_item");
    if !top || guarded {
        return;
    }
    match node.kind() {
        "extern_crate_declaration" => {
            if let Some(name) = node.child_by_field_name("name") {
                add(found, Ecosystem::Rust, source.text_of(name), name);
            }
        }
        "use_declaration" => {
            if let Some(argument) = node.child_by_field_name("argument") {
                rust_roots(source, argument, found, 0);
            }
        }
        _ => {}
    }
}

fn rust_roots(source: &Source, node: Node<'_>, found: &mut Vec<Import>, depth: usize) {
    let path = node.child_by_field_name("path");
    match node.kind() {
        _ if depth > 32 => {}
        // A single name comes from anywhere; a path begins with a crate or a module.
        "scoped_identifier" | "scoped_use_list" | "use_wildcard" | "use_as_clause" => {
            if let Some(inner) = path.or_else(|| node.named_child(0)) {
                if inner.kind() == "identifier" && node.kind() != "use_as_clause" {
                    add(found, Ecosystem::Rust, source.text_of(inner).trim_start_matches("r#"), inner);
                } else {
                    rust_roots(source, inner, found, depth + 1);
                }
            }
        }
        "use_list" => {
            let mut cursor = node.walk();
            let children: Vec<_> = node.named_children(&mut cursor).collect();
            children.into_iter().for_each(|child| rust_roots(source, child, found, depth + 1));
        }
        _ => {}
    }
}

fn ruby(source: &Source, node: Node<'_>, found: &mut Vec<Import>) {
    let is_require = node.kind() == "call"
        && node.child_by_field_name("receiver").is_none()
        && node.child_by_field_name("method").is_some_and(|method| source.text_of(method) == "require");
    if !is_require
        || inside(node, "begin")
        || inside(node, "if")
        || inside(node, "if_modifier")
        || inside(node, "rescue_modifier")
    {
        return;
    }
    let first = node.child_by_field_name("arguments").and_then(|list| list.named_child(0));
    if let Some(text) = first.filter(|text| text.kind() == "string" && text.named_child_count() == 1) {
        add(found, Ecosystem::Ruby, source.text_of(text).trim_matches(['"', '\'']), text);
    }
}
