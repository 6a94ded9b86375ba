//! A rough reading of Rust source for the architecture's rules: which paths a file names and which
//! macros it calls, tests left out. Not a parser: it knows comments, strings and `use` trees.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What one file names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// From the project's root, with `/`.
    pub file: String,
    /// Absolute as far as can be told: `crate` stays, `self` and `super` are resolved.
    pub paths: BTreeSet<Vec<String>>,
    /// Without `!`.
    pub macros: BTreeSet<String>,
}

impl Source {
    /// Reads one file's text; `file` decides what `super` means.
    pub fn read(file: &str, text: &str) -> Self {
        let tokens = without_tests(tokens(text));
        let module = module_of(file);
        let mut source = Self { file: file.to_owned(), ..Self::default() };
        let mut at = 0;
        while at < tokens.len() {
            let after_dot = at > 0 && tokens[at - 1] == ".";
            if is_name(&tokens[at]) && !after_dot {
                if is_call_of_macro(&tokens, at) {
                    source.macros.insert(tokens[at].clone());
                }
                let mut found = Vec::new();
                at = path(&tokens, at, &[], &mut found);
                source.paths.extend(found.into_iter().filter(|p| p.len() > 1).map(|p| resolve(&module, p)));
            } else {
                at += 1;
            }
        }
        source
    }

    /// The first path that begins with these names.
    pub fn naming(&self, names: &[&str]) -> Option<String> {
        self.paths.iter().find(|path| starts(path, names)).map(|path| path.join("::"))
    }
}

/// Whether a path begins with some names.
pub fn starts(path: &[String], names: &[&str]) -> bool {
    path.len() >= names.len() && path.iter().zip(names).all(|(a, b)| a == b)
}

/// Every Rust file of a folder (from the project's root) that is not test code.
pub fn files(root: &Path, folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    walk(root, folder, &mut found);
    found
}

fn walk(root: &Path, folder: &str, found: &mut Vec<Source>) {
    let mut names: Vec<String> = fs::read_dir(root.join(folder))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let texts: Vec<(String, String)> = names
        .iter()
        .filter(|name| name.ends_with(".rs"))
        .filter_map(|name| Some((name.clone(), fs::read_to_string(root.join(folder).join(name)).ok()?)))
        .collect();
    let tests: BTreeSet<String> = texts.iter().flat_map(|(_, text)| test_modules(&tokens(text))).collect();
    for (name, text) in texts.iter().filter(|(name, _)| !tests.contains(name.trim_end_matches(".rs"))) {
        found.push(Source::read(&format!("{folder}/{name}"), text));
    }
    for name in names.iter().filter(|name| !tests.contains(*name)) {
        if root.join(folder).join(name).is_dir() {
            walk(root, &format!("{folder}/{name}"), found);
        }
    }
}

/// Names, `::` and single characters; comments, strings, characters and lifetimes are left out.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = skipped(rest, first) {
            rest = after;
            continue;
        }
        let length = if first.is_alphanumeric() || first == '_' {
            rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token.to_owned());
        rest = after;
    }
    tokens
}

/// The rest behind something that is no code, if that is what stands here.
fn skipped(rest: &str, first: char) -> Option<&str> {
    if first.is_whitespace() {
        return Some(rest.trim_start());
    }
    if rest.starts_with("//") {
        return Some(rest.find('\n').map_or("", |end| &rest[end..]));
    }
    if rest.starts_with("/*") {
        return Some(rest.find("*/").map_or("", |end| &rest[end + 2..]));
    }
    let raw = rest.strip_prefix('b').unwrap_or(rest);
    if let Some(raw) = raw.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let body = &raw[hashes + 1..];
            return Some(body.find(&close).map_or("", |end| &body[end + close.len()..]));
        }
    }
    let plain = rest.strip_prefix('b').filter(|r| r.starts_with(['"', '\''])).unwrap_or(rest);
    if let Some(body) = plain.strip_prefix('"') {
        return Some(closed(body, '"'));
    }
    if let Some(body) = plain.strip_prefix('\'') {
        let mut chars = body.chars();
        let (one, two) = (chars.next()?, chars.next());
        // A lifetime has no closing quote behind its first character.
        return if one == '\\' || two == Some('\'') { Some(closed(body, '\'')) } else { Some(body) };
    }
    None
}

fn closed(body: &str, quote: char) -> &str {
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return &body[at + c.len_utf8()..],
            _ => {}
        }
    }
    ""
}

/// Leaves out what stands under `#[cfg(test)]`.
fn without_tests(tokens: Vec<String>) -> Vec<String> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !is_test_mark(&tokens, at) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        at += 7;
        let mut depth = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token.as_str() {
                "{" => depth += 1,
                "}" if depth == 1 => break,
                "}" => depth -= 1,
                ";" if depth == 0 => break,
                _ => {}
            }
        }
    }
    kept
}

fn is_test_mark(tokens: &[String], at: usize) -> bool {
    tokens.get(at..at + 7).is_some_and(|mark| mark == ["#", "[", "cfg", "(", "test", ")", "]"])
}

/// Modules in files of their own that are declared for tests only.
fn test_modules(tokens: &[String]) -> Vec<String> {
    (0..tokens.len())
        .filter(|at| is_test_mark(tokens, *at))
        .filter_map(|at| match tokens.get(at + 7..at + 10)? {
            [keyword, name, end] if keyword == "mod" && end == ";" => Some(name.clone()),
            _ => None,
        })
        .collect()
}

fn is_call_of_macro(tokens: &[String], at: usize) -> bool {
    let keyword = ["if", "while", "return", "in", "match", "else", "break"].contains(&tokens[at].as_str());
    let opens = |token: &String| ["(", "[", "{"].contains(&token.as_str());
    !keyword && tokens.get(at + 1).is_some_and(|t| t == "!") && tokens.get(at + 2).is_some_and(opens)
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Reads a path from `at`, groups expanded; gives the place behind it.
fn path(tokens: &[String], mut at: usize, before: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut names = before.to_vec();
    loop {
        match tokens.get(at) {
            Some(token) if is_name(token) || token == "*" => {
                names.push(token.clone());
                at += 1;
            }
            Some(token) if token == "{" && !names.is_empty() => return group(tokens, at + 1, &names, found),
            _ => break,
        }
        if tokens.get(at).is_some_and(|token| token == "::") {
            at += 1;
        } else {
            break;
        }
    }
    found.push(names);
    at
}

fn group(tokens: &[String], mut at: usize, names: &[String], found: &mut Vec<Vec<String>>) -> usize {
    while let Some(token) = tokens.get(at) {
        if token == "}" {
            return at + 1;
        }
        // `as name` and commas are passed over.
        if token == "as" {
            at += 2;
        } else if is_name(token) || token == "*" || token == "{" {
            at = path(tokens, at, names, found).max(at + 1);
        } else {
            at += 1;
        }
    }
    at
}

/// `core/src/engines/ledger/note.rs` is `crate::engines::ledger::note`.
fn module_of(file: &str) -> Vec<String> {
    let inside = file.split_once("/src/").map_or(file, |(_, inside)| inside);
    let inside = inside.trim_end_matches(".rs");
    let names = inside.split('/').filter(|name| !matches!(*name, "mod" | "lib" | "main"));
    std::iter::once("crate").chain(names).map(str::to_owned).collect()
}

fn resolve(module: &[String], path: Vec<String>) -> Vec<String> {
    let mut base = module.to_vec();
    let mut rest = path.as_slice();
    match rest.first().map(String::as_str) {
        Some("self") => rest = &rest[1..],
        Some("super") => {}
        _ => return path,
    }
    while let Some((first, others)) = rest.split_first() {
        if first != "super" {
            break;
        }
        base.pop();
        rest = others;
    }
    base.extend_from_slice(rest);
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(file: &str, text: &str) -> Vec<String> {
        Source::read(file, text).paths.into_iter().map(|path| path.join("::")).collect()
    }

    #[test]
    fn paths_are_found_and_resolved() {
        for (text, expected) in [
            ("use std::fs;", vec!["std::fs"]),
            (
                "use std::{fs::{self, File}, io as x, env::*};",
                vec!["std::env::*", "std::fs::File", "std::fs::self", "std::io"],
            ),
            ("fn f() { std::env::var(\"A\"); }", vec!["std::env::var"]),
            ("use super::tiles::Resource;", vec!["crate::engines::ledger::tiles::Resource"]),
            ("use super::super::code;", vec!["crate::engines::code"]),
            ("use self::inner::A;", vec!["crate::engines::ledger::note::inner::A"]),
            ("// use std::fs;\n/* std::net */ const A: &str = \"std::env::var\";", vec![]),
            (
                "const A: &str = r#\"std::fs \"quoted\" std::net\"#; const B: char = '\"'; use std::net::IpAddr;",
                vec!["std::net::IpAddr"],
            ),
            ("fn f<'a>(x: &'a str) { x.stdout(); command.stderr(y) }", vec![]),
            ("#[cfg(test)]\nmod tests { use std::fs; fn f() { if true {} } }\nuse std::io;", vec!["std::io"]),
            ("#[cfg(test)]\nmod tests;\nuse std::io;", vec!["std::io"]),
        ] {
            assert_eq!(paths("core/src/engines/ledger/note.rs", text), expected, "{text}");
        }
        assert_eq!(paths("core/src/engines/ledger/mod.rs", "use super::code;"), ["crate::engines::code"]);
    }

    #[test]
    fn macros_are_found() {
        let source = Source::read(
            "a/src/b.rs",
            "fn f() { println!(\"eprintln!\"); if a != b {} if !x {} if !(y) {} assert!(y); }",
        );
        assert_eq!(source.macros.into_iter().collect::<Vec<_>>(), ["assert", "println"]);
        assert_eq!(test_modules(&tokens("#[cfg(test)]\nmod samples;\nmod real;")), ["samples"]);
    }
}
