//! Secrets in any text, by a rule: a format of the shared table or an expression of the rule's own.
//!
//! Never quotes what it finds: a match is a place.

use super::rule;
use crate::domain::credential::{Check, entropy, format, is_placeholder};
use aho_corasick::AhoCorasick;
use regex::{Regex, RegexBuilder};
use std::ops::Range;

/// Matches of one rule in one file.
const MAX_FOUND: usize = 1000;

/// A `secret` rule, ready to be used.
#[derive(Debug)]
pub struct SecretRule {
    regex: Regex,
    keywords: Option<AhoCorasick>,
    min_entropy: f64,
    check: Check,
    allow: Vec<Regex>,
    known: bool,
}

impl SecretRule {
    /// # Errors
    /// A sentence that says what is wrong in the rule.
    pub fn compile(rule: &rule::Secret) -> Result<Self, String> {
        let known = match &rule.format {
            Some(kind) => {
                Some(format(kind).ok_or_else(|| format!("`{kind}` is no known format of credentials"))?)
            }
            None => None,
        };
        let pattern = known.map_or(rule.regex.as_str(), |format| format.regex);
        if pattern.is_empty() || known.is_some() && !rule.regex.is_empty() {
            return Err("a secret needs either `format` or `regex`".to_owned());
        }
        let words: Vec<String> = match known {
            Some(format) if rule.keywords.is_empty() => {
                format.keywords.iter().map(|w| (*w).to_owned()).collect()
            }
            _ => rule.keywords.clone(),
        };
        let check = match &rule.check {
            Some(name) => Check::named(name).ok_or_else(|| format!("`{name}` is no check"))?,
            None => known.map_or(Check::None, |format| format.check),
        };
        Ok(Self {
            regex: compile(pattern, 1 << 24)?,
            keywords: keywords(&words)?,
            min_entropy: rule.min_entropy.or(known.map(|format| format.min_entropy)).unwrap_or(0.0),
            check,
            allow: rule
                .allow
                .iter()
                .map(|text| compile(&format!("(?i:{text})"), 1 << 20))
                .collect::<Result<_, _>>()?,
            known: known.is_some_and(|format| format.known),
        })
    }

    /// The places of secrets, in the order of the text.
    pub fn find(&self, text: &str) -> Vec<Range<usize>> {
        if self.keywords.as_ref().is_some_and(|words| !words.is_match(text)) {
            return Vec::new();
        }
        self.regex
            .captures_iter(text)
            .filter_map(|found| found.get(1).or_else(|| found.get(0)))
            .filter(|value| self.is_secret(value.as_str()))
            .map(|value| value.range())
            .take(MAX_FOUND)
            .collect()
    }

    fn is_secret(&self, value: &str) -> bool {
        entropy(value) >= self.min_entropy
            && !is_placeholder(value, self.known)
            && self.check.passes(value)
            && !self.allow.iter().any(|allowed| allowed.is_match(value))
    }
}

fn compile(pattern: &str, limit: usize) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .size_limit(limit)
        .build()
        .map_err(|e| format!("the regular expression `{pattern}` is wrong: {e}"))
}

fn keywords(words: &[String]) -> Result<Option<AhoCorasick>, String> {
    if words.is_empty() {
        return Ok(None);
    }
    AhoCorasick::builder().ascii_case_insensitive(true).build(words).map(Some).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(rule: serde_json::Value, text: &str) -> Result<Vec<String>, String> {
        let rule: rule::Secret = serde_json::from_value(rule).map_err(|e| e.to_string())?;
        Ok(SecretRule::compile(&rule)?.find(text).into_iter().map(|range| text[range].to_owned()).collect())
    }

    #[test]
    fn rules_find_what_is_no_placeholder() {
        let real = concat!("ghp_", "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17");
        let wrong = concat!("ghp_", "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18");
        let own =
            json!({"regex": "key=([a-z0-9]+)", "keywords": ["KEY"], "min-entropy": 3.0, "allow": ["^demo"]});
        for (rule, text, expected) in [
            (json!({"format": "github-token"}), format!("t = '{real}'"), vec![real.to_owned()]),
            (json!({"format": "github-token"}), format!("t = '{wrong}'"), vec![]),
            (json!({"format": "github-token", "check": "none"}), wrong.to_owned(), vec![wrong.to_owned()]),
            (json!({"format": "aws-access-key"}), "AKIAIOSFODNN7EXAMPLE".to_owned(), vec![]),
            (own.clone(), "key=a8f3k2l9q7".to_owned(), vec!["a8f3k2l9q7".to_owned()]),
            (own.clone(), "key=aaaaaaaa".to_owned(), vec![]),
            (own.clone(), "key=demo8f3k2l9q7".to_owned(), vec![]),
            (own, "no word: a8f3k2l9q7".to_owned(), vec![]),
        ] {
            assert_eq!(found(rule.clone(), &text), Ok(expected), "{rule} {text}");
        }
    }

    #[test]
    fn wrong_rules_are_refused() {
        for rule in [
            json!({}),
            json!({"format": "none-such"}),
            json!({"regex": "("}),
            json!({"regex": "a", "check": "what"}),
            json!({"regex": "a", "format": "jwt"}),
        ] {
            assert!(found(rule.clone(), "").is_err(), "{rule}");
        }
    }
}
