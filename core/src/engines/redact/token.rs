//! Tokens: what stands in a text where a secret was.

use regex::Regex;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

/// What the tokens of one text stand for. Shows only how many there are.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tokens(BTreeMap<String, String>);

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.0.len())
    }
}

impl Tokens {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The tokens, without what they stand for.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What `token` stands for.
    pub fn secret(&self, token: &str) -> Option<&str> {
        self.0.get(token).map(String::as_str)
    }

    /// Joins those of another text under the same key.
    pub fn extend(&mut self, other: Tokens) {
        self.0.extend(other.0);
    }

    /// The token of `secret`; a second secret that hashes alike gets the next number.
    pub(super) fn issue(&mut self, key: &[u8], kind: &str, secret: &str) -> String {
        let mut number = 0;
        loop {
            let token = token(key, kind, secret, number);
            match self.0.get(&token) {
                Some(known) if known != secret => number += 1,
                Some(_) => return token,
                None => {
                    self.0.insert(token.clone(), secret.to_owned());
                    return token;
                }
            }
        }
    }
}

pub(super) fn token(key: &[u8], kind: &str, secret: &str, number: u32) -> String {
    let mut message = number.to_be_bytes().to_vec();
    message.extend_from_slice(secret.as_bytes());
    let mac = hmac_sha256(key, &message);
    format!("‹secret:{kind}:{:02x}{:02x}{:02x}{:02x}›", mac[0], mac[1], mac[2], mac[3])
}

/// HMAC with SHA-256 (RFC 2104).
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0u8; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|b| b ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|b| b ^ 0x5c)).chain_update(inner).finalize().into()
}

/// Where tokens stand in a text.
pub fn token_spans(text: &str) -> Vec<Range<usize>> {
    static TOKEN: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new("‹secret:[a-z-]{1,40}:[0-9a-f]{8}›").ok());
    if !text.contains('‹') {
        return Vec::new();
    }
    TOKEN.as_ref().map(|regex| regex.find_iter(text).map(|found| found.range()).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_as_in_rfc_4231() {
        let mac = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(mac[..4], [0x5b, 0xdc, 0xc1, 0x46]);
        let mac = hmac_sha256(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(mac[..4], [0x60, 0xe4, 0x31, 0x59]);
    }
}
