//! Adding an import line where the language wants it.
//!
//! Never adds one that is there already.

use super::language::Language;
use super::rewrite::Place;
use super::syntax::Source;
use crate::domain::Edit;
use tree_sitter::Node;

/// The edit that adds `line`; none when the file has it, or has no tree.
pub fn edit(line: &str, place: Place<'_>) -> Option<Edit> {
    let source = place.source?;
    let line = line.trim();
    let top = top_level(source);
    let imports = &source.language.kinds().imports;
    if top.iter().any(|n| is_import(*n, source) && imports_it(line, source.text_of(*n), source.language)) {
        return None;
    }
    let after = top
        .iter()
        .take_while(|n| !is_definition(**n, source))
        .filter(|n| is_import(**n, source))
        .last()
        .copied()
        .or_else(|| header(&top, source));
    let at = match after {
        Some(node) => end_of_line(&source.text, node),
        None => 0,
    };
    let starts_line = at == 0 || source.text.as_bytes().get(at - 1) == Some(&b'\n');
    let mut text = if starts_line { format!("{line}\n") } else { format!("\n{line}") };
    let after_import = after.is_some_and(|n| imports.contains(n.kind_id()));
    if let Some(node) = after.filter(|n| !after_import && !is_comment(*n, source)) {
        // Set it apart from a docstring or a package clause.
        let blank = source.text[at..].starts_with('\n') || at >= source.text.len();
        let tight = node.kind() == "php_tag";
        text = if blank || tight { format!("\n{text}") } else { format!("\n{text}\n") };
    }
    Some(Edit { range: at..at, text })
}

/// The root's children; Go and others keep nothing between.
fn top_level(source: &Source) -> Vec<Node<'_>> {
    let mut cursor = source.tree.walk();
    source.root().children(&mut cursor).filter(Node::is_named).collect()
}

fn is_import(node: Node<'_>, source: &Source) -> bool {
    source.language.kinds().imports.contains(node.kind_id())
        || (source.language == Language::Ruby && source.text_of(node).starts_with("require"))
}

fn is_definition(node: Node<'_>, source: &Source) -> bool {
    let kinds = source.language.kinds();
    kinds.functions.contains(node.kind_id()) || kinds.classes.contains(node.kind_id())
}

fn is_comment(node: Node<'_>, source: &Source) -> bool {
    source.language.kinds().comments.contains(node.kind_id()) || node.kind() == "hash_bang_line"
}

/// The last node of the file's head: shebang, leading comments that stand apart, docstring, directives,
/// package clause, opening tag.
fn header<'t>(top: &[Node<'t>], source: &'t Source) -> Option<Node<'t>> {
    let mut last = None;
    for (i, node) in top.iter().enumerate() {
        let belongs = match node.kind() {
            "package_clause"
            | "package_declaration"
            | "php_tag"
            | "inner_attribute_item"
            | "hash_bang_line"
            | "shebang" => true,
            "namespace_definition" => node.child_by_field_name("body").is_none(),
            "expression_statement" => {
                let string = |n: Node<'_>| source.language.kinds().strings.contains(n.kind_id());
                node.named_child(0).is_some_and(string)
                    && matches!(
                        source.language,
                        Language::Python | Language::JavaScript | Language::TypeScript | Language::Tsx
                    )
            }
            _ if is_comment(*node, source) => {
                let text = source.text_of(*node);
                let next = top.get(i + 1).map(|n| n.start_position().row);
                let apart = next.is_some_and(|row| row > node.end_position().row + 1);
                let run = top.get(i + 1).is_some_and(|n| is_comment(*n, source));
                text.starts_with("#!") || text.contains("coding") || apart || run
            }
            _ => false,
        };
        if !belongs {
            break;
        }
        last = Some(*node);
    }
    last
}

fn end_of_line(text: &str, node: Node<'_>) -> usize {
    let end = node.end_byte();
    if text.as_bytes().get(end.wrapping_sub(1)) == Some(&b'\n') {
        return end;
    }
    text[end..].find('\n').map_or(text.len(), |at| end + at + 1)
}

/// True when the import statement `text` brings what `line` would.
fn imports_it(line: &str, text: &str, language: Language) -> bool {
    let plain = |t: &str| t.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches(';').to_owned();
    let (line, text) = (plain(line), plain(text));
    if line == text {
        return true;
    }
    match language {
        Language::Python => {
            let split = |t: &str| {
                let (head, names) = match t.strip_prefix("import ") {
                    Some(names) => ("import".to_owned(), names.to_owned()),
                    None => t.split_once(" import ").map(|(a, b)| (a.to_owned(), b.to_owned()))?,
                };
                let names: Vec<String> =
                    names.trim_matches(['(', ')', ' ']).split(',').map(|n| n.trim().to_owned()).collect();
                Some((head, names))
            };
            match (split(&line), split(&text)) {
                (Some((a, wanted)), Some((b, there))) => a == b && wanted.iter().all(|n| there.contains(n)),
                _ => false,
            }
        }
        Language::Go => {
            let path = line.trim_start_matches("import").trim();
            path.starts_with('"') && text.contains(path)
        }
        _ => false,
    }
}
