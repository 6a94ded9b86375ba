//! Carries a fix over to code that is the same but for its names: learns `before → after` once and
//! applies it to a text that differs from `before` by a consistent renaming.
//!
//! Purely textual; whoever uses it parses and rescans the result.

use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Text,
    Space,
    Mark,
}

/// What `target` becomes when `before` became `after`. `None` when `target` is not `before` with
/// names and literals consistently replaced, or when a name of `after` would be ambiguous.
///
/// Words map to words and quoted texts to quoted texts, one to one; marks must be equal; runs of white
/// space count as one. New lines of `after` take the indentation that `target` has over `before`.
pub fn transfer(before: &str, after: &str, target: &str) -> Option<String> {
    let old: Vec<_> = tokens(before).into_iter().filter(|t| t.0 != Kind::Space).collect();
    let new: Vec<_> = tokens(target).into_iter().filter(|t| t.0 != Kind::Space).collect();
    if old.is_empty() || old.len() != new.len() {
        return None;
    }
    let mut renamed: BTreeMap<&str, &str> = BTreeMap::new();
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    for ((kind, a), (other, b)) in old.iter().zip(&new) {
        let same = match kind {
            _ if kind != other => return None,
            Kind::Mark => a == b,
            _ => *renamed.entry(a).or_insert(b) == *b && *taken.entry(b).or_insert(a) == *a,
        };
        if !same {
            return None;
        }
    }
    let shift = indentation(target).strip_prefix(indentation(before)).unwrap_or_default().to_owned();
    let mut result = String::with_capacity(after.len());
    for (kind, token) in tokens(after) {
        match kind {
            Kind::Space if !shift.is_empty() && token.contains('\n') => {
                result.push_str(token);
                result.push_str(&shift);
            }
            Kind::Word | Kind::Text => match renamed.get(token) {
                Some(name) => result.push_str(name),
                // A new name that the target already uses for something else would change its meaning.
                None if taken.contains_key(token) => return None,
                None => result.push_str(token),
            },
            _ => result.push_str(token),
        }
    }
    Some(result)
}

fn indentation(text: &str) -> &str {
    let line = text.lines().nth(1).unwrap_or_default();
    &line[..line.len() - line.trim_start().len()]
}

fn tokens(text: &str) -> Vec<(Kind, &str)> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (kind, length) = if first.is_alphanumeric() || first == '_' {
            (Kind::Word, run(rest, |c| c.is_alphanumeric() || c == '_'))
        } else if first.is_whitespace() {
            (Kind::Space, run(rest, char::is_whitespace))
        } else if let Some(length) = quoted(rest, first) {
            (Kind::Text, length)
        } else {
            (Kind::Mark, first.len_utf8())
        };
        let (token, remaining) = rest.split_at(length);
        tokens.push((kind, token));
        rest = remaining;
    }
    tokens
}

fn run(text: &str, is: impl Fn(char) -> bool) -> usize {
    text.char_indices().find(|(_, c)| !is(*c)).map_or(text.len(), |(i, _)| i)
}

/// Length of the quoted text at the start of `text`, quotes included; `None` when it does not close on its line.
fn quoted(text: &str, quote: char) -> Option<usize> {
    if !matches!(quote, '"' | '\'' | '`') {
        return None;
    }
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\n' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fix_follows_its_names() {
        for (before, after, target, expected) in [
            ("yaml.load(f)", "yaml.safe_load(f)", "yaml.load(f)", Some("yaml.safe_load(f)")),
            ("yaml.load(f)", "yaml.safe_load(f)", "yaml.load(handle)", Some("yaml.safe_load(handle)")),
            ("x == None", "x is None", "value == None", Some("value is None")),
            ("f(a, a)", "g(a)", "f(b, b)", Some("g(b)")),
            ("f(a, a)", "g(a)", "f(b, c)", None),
            ("f(a, b)", "g(a, b)", "f(c, c)", None),
            ("f(\"x y\")", "g(\"x y\")", "f(\"other\")", Some("g(\"other\")")),
            ("f(a)", "g(a)", "f(a, b)", None),
            ("f(a)", "t = f(a)", "f(t)", None),
            ("a;\nb;", "try {\na;\n}", "a;\n  b;", Some("try {\n  a;\n  }")),
            ("", "x", "", None),
        ] {
            assert_eq!(
                transfer(before, after, target).as_deref(),
                expected,
                "{before} → {after} on {target}"
            );
        }
    }
}
