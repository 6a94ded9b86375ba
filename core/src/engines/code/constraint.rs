//! Conditions on what a pattern captured: text, kind, number, entropy, constancy.
//!
//! Never changes what was captured.

use super::language::{KindSet, Language};
use super::matcher::{CompiledMatcher, compile_regex, kind_set};
use super::matching::{Captures, Matching};
use super::pattern::literal_text;
use super::rule::Constraint;
use regex::Regex;
use tree_sitter::Node;

/// A [`Constraint`] of one language.
#[derive(Debug)]
pub struct CompiledConstraint {
    var: String,
    regex: Option<Regex>,
    not_regex: Option<Regex>,
    kind: Option<KindSet>,
    not_kind: Option<KindSet>,
    matches: Option<CompiledMatcher>,
    not_matches: Option<CompiledMatcher>,
    min_entropy: Option<f64>,
    less_than: Option<f64>,
    greater_than: Option<f64>,
    constant: Option<bool>,
}

impl CompiledConstraint {
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn compile(constraint: &Constraint, language: Language) -> Result<Self, String> {
        let regex = |text: &Option<String>| text.as_deref().map(compile_regex).transpose();
        let kinds = |names: &[String]| {
            if names.is_empty() { Ok(None) } else { kind_set(names, language).map(Some) }
        };
        let matcher = |m: &Option<Box<super::rule::Matcher>>| {
            m.as_deref().map(|m| CompiledMatcher::compile(m, language)).transpose()
        };
        Ok(Self {
            var: constraint.var.trim_start_matches('$').to_owned(),
            regex: regex(&constraint.regex)?,
            not_regex: regex(&constraint.not_regex)?,
            kind: kinds(&constraint.kind)?,
            not_kind: kinds(&constraint.not_kind)?,
            matches: matcher(&constraint.matches)?,
            not_matches: matcher(&constraint.not_matches)?,
            min_entropy: constraint.min_entropy,
            less_than: constraint.less_than,
            greater_than: constraint.greater_than,
            constant: constraint.constant,
        })
    }

    /// The names that it binds besides.
    pub fn names(&self) -> Vec<String> {
        self.matches.as_ref().map(CompiledMatcher::names).unwrap_or_default()
    }

    /// The name that it constrains, without `$`.
    pub fn var(&self) -> &str {
        &self.var
    }

    /// A name that is not bound (in the alternative that matched) fails every positive condition and
    /// holds every negative one.
    pub fn holds<'t>(&self, on: &mut Matching<'t>, captures: &mut Captures<'t>) -> bool {
        let nodes: Vec<Node<'t>> = captures.get(&self.var).map(<[_]>::to_vec).unwrap_or_default();
        let source = on.source;
        let text = captures.text(&self.var, source);
        let number = || number_of(text);
        self.regex.as_ref().is_none_or(|r| r.is_match(text))
            && self.not_regex.as_ref().is_none_or(|r| !r.is_match(text))
            && self.kind.as_ref().is_none_or(|k| nodes.iter().any(|n| is_kind(*n, k)))
            && self.not_kind.as_ref().is_none_or(|k| !nodes.iter().any(|n| is_kind(*n, k)))
            && self.min_entropy.is_none_or(|least| entropy(literal_text(text).1) >= least)
            && self.less_than.is_none_or(|limit| number().is_some_and(|n| n < limit))
            && self.greater_than.is_none_or(|limit| number().is_some_and(|n| n > limit))
            && self.constant.is_none_or(|wanted| {
                (!nodes.is_empty() && nodes.iter().all(|n| is_constant(*n, on))) == wanted
            })
            && self
                .matches
                .as_ref()
                .is_none_or(|m| nodes.iter().any(|n| matches_through(m, *n, on, captures)))
            && self.not_matches.as_ref().is_none_or(|m| {
                let mark = captures.mark();
                let found = nodes.iter().any(|n| matches_through(m, *n, on, captures));
                captures.back_to(mark);
                !found
            })
    }
}

/// A node and what it merely wraps: a C# `argument` has the text of its expression.
fn through(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    std::iter::successors(Some(node), |n| {
        let child = n.named_child(0)?;
        (child.byte_range() == n.byte_range()).then_some(child)
    })
    .take(16)
}

fn is_kind(node: Node<'_>, kinds: &KindSet) -> bool {
    through(node).any(|n| kinds.contains(n.kind_id()))
}

fn matches_through<'t>(
    matcher: &CompiledMatcher,
    node: Node<'t>,
    on: &mut Matching<'t>,
    captures: &mut Captures<'t>,
) -> bool {
    through(node).any(|n| matcher.matches(n, on, captures))
}

/// True when nothing below (or at) the node has to be computed: no name, call, function or
/// interpolation.
pub fn is_constant<'t>(node: Node<'t>, on: &mut Matching<'t>) -> bool {
    let kinds = on.kinds;
    let computed = |n: Node<'_>| {
        let k = n.kind_id();
        kinds.identifiers.contains(k)
            || kinds.calls.contains(k)
            || kinds.interpolations.contains(k)
            || kinds.functions.contains(k)
            || kinds.awaits.contains(k)
    };
    let mut cursor = on.take_cursor(node);
    let constant = loop {
        if computed(cursor.node()) || !on.step() {
            break false;
        }
        if cursor.goto_first_child() {
            continue;
        }
        let mut done = false;
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                done = true;
                break;
            }
        }
        if done {
            break true;
        }
    };
    on.put_cursor(cursor);
    constant
}

/// Bits of Shannon entropy a character (Shannon 1948), 0 for an empty text.
pub fn entropy(text: &str) -> f64 {
    let mut counts = std::collections::BTreeMap::new();
    for c in text.chars() {
        *counts.entry(c).or_insert(0u32) += 1;
    }
    let total = f64::from(counts.values().sum::<u32>());
    counts.values().map(|n| f64::from(*n) / total).map(|p| -p * p.log2()).sum()
}

/// A number as source code writes it: underscores, `0x`/`0o`/`0b`, suffixes such as `u32`, `L`, `f`.
pub fn number_of(text: &str) -> Option<f64> {
    let plain = text.trim().replace('_', "").to_ascii_lowercase();
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(rest) => (-1.0, rest.trim_start()),
        None => (1.0, plain.as_str()),
    };
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(rest) = digits.strip_prefix(prefix) {
            let end = rest.find(|c: char| !c.is_digit(radix)).unwrap_or(rest.len());
            return u64::from_str_radix(&rest[..end], radix).ok().map(|n| sign * n as f64);
        }
    }
    if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| (b'0'..=b'7').contains(&b)) {
        return u64::from_str_radix(digits, 8).ok().map(|n| sign * n as f64);
    }
    let end = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
    let (number, suffix) = digits.split_at(end);
    if let Some(exponent) = suffix.strip_prefix('e')
        && let Ok(power) = exponent.parse::<i32>()
    {
        return number.parse::<f64>().ok().map(|n| sign * n * 10f64.powi(power));
    }
    let known = matches!(
        suffix,
        "" | "u"
            | "l"
            | "ul"
            | "ll"
            | "ull"
            | "f"
            | "d"
            | "m"
            | "n"
            | "i8"
            | "i16"
            | "i32"
            | "i64"
            | "i128"
            | "isize"
            | "u8"
            | "u16"
            | "u32"
            | "u64"
            | "u128"
            | "usize"
            | "f32"
            | "f64"
    );
    if known { number.parse::<f64>().ok().map(|n| sign * n) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_source_code() {
        for (text, expected) in [
            ("12", Some(12.0)),
            ("1_000", Some(1000.0)),
            ("-3", Some(-3.0)),
            ("0x1F", Some(31.0)),
            ("0o777", Some(511.0)),
            ("0777", Some(511.0)),
            ("1.5f", Some(1.5)),
            ("2e3", Some(2000.0)),
            ("10u32", Some(10.0)),
            ("abc", None),
            ("1+1", None),
            ("", None),
        ] {
            assert_eq!(number_of(text), expected, "{text}");
        }
    }

    #[test]
    fn entropy_is_in_bits_a_character() {
        for (text, expected) in [("", 0.0), ("aaaa", 0.0), ("abab", 1.0), ("abcd", 2.0)] {
            assert!((entropy(text) - expected).abs() < 1e-9, "{text}");
        }
    }
}
