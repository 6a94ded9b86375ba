//! The one redactor: everything that leaves the process passes through it.
//!
//! A secret becomes a token that is equal for equal secrets and says nothing about them; the caller
//! keeps the [`Tokens`] and puts the secrets back where the text is used locally. Never logs, never
//! keeps a secret after the call, and never fails: what cannot be told apart from a secret is hidden.

mod fragments;
mod scan;
mod token;

pub use fragments::Fragments;
pub use scan::{Hit, scan};
pub use token::{Tokens, token_spans};

use serde_json::Value;
use std::fmt;

/// More rounds than any honest text needs; each one only hides more.
const ROUNDS: usize = 6;

/// A text without its secrets, and what its tokens stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    pub text: String,
    pub tokens: Tokens,
}

/// Hides secrets under one installation's key.
#[derive(Clone)]
pub struct Redactor {
    key: Vec<u8>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(..)")
    }
}

impl Redactor {
    /// `key` is the installation's own: random, at least 16 bytes, never sent anywhere. Tokens of
    /// different keys cannot be compared.
    pub fn new(key: impl Into<Vec<u8>>) -> Self {
        Self { key: key.into() }
    }

    /// The token that stands for `secret`: `‹secret:KIND:8 hex digits›`.
    pub fn token(&self, kind: &str, secret: &str) -> String {
        token::token(&self.key, kind, secret, 0)
    }

    /// Takes the secrets out of every text of a document. Names of fields stay.
    pub fn redact_all(&self, document: &mut Value) {
        match document {
            Value::String(text) => *text = self.redact(text).text,
            Value::Array(items) => items.iter_mut().for_each(|item| self.redact_all(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.redact_all(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Replaces every secret by its token. Linear in the text; redacting the result changes nothing.
    pub fn redact(&self, text: &str) -> Redacted {
        let mut tokens = Tokens::default();
        let mut text = text.to_owned();
        // Hiding a secret can bare the edge of its neighbour, so look again until nothing is found.
        for _ in 0..ROUNDS {
            let hits = scan(&text);
            if hits.is_empty() {
                break;
            }
            text = self.replace(&text, &hits, &mut tokens);
        }
        Redacted { text, tokens }
    }

    fn replace(&self, text: &str, hits: &[Hit], tokens: &mut Tokens) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for hit in hits {
            out.push_str(&text[at..hit.range.start]);
            out.push_str(&tokens.issue(&self.key, hit.kind, &text[hit.range.clone()]));
            at = hit.range.end;
        }
        out.push_str(&text[at..]);
        out
    }

    /// Puts the secrets of `tokens` back. Tokens it does not know stay.
    pub fn restore(text: &str, tokens: &Tokens) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for span in token_spans(text) {
            if let Some(secret) = tokens.secret(&text[span.clone()]) {
                out.push_str(&text[at..span.start]);
                out.push_str(secret);
                at = span.end;
            }
        }
        out.push_str(&text[at..]);
        out
    }
}

#[cfg(test)]
mod tests;
