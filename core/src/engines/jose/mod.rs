//! Verifies signed tokens: JWS in the compact form (RFC 7515), keys and key sets (RFC 7517, 7518, 8037),
//! and the claims of a JWT (RFC 7519), after the best practice of RFC 8725.
//!
//! Nothing in a token chooses how it is verified: the caller names the algorithms, the keys come from
//! the caller alone, and `jku`, `jwk`, `x5u` and `x5c` are not looked at. `none` is no algorithm. It never
//! fetches anything, never decrypts and never signs.

mod algorithm;
mod claims;
mod compact;
mod json;
mod key;
mod key_set;
#[cfg(test)]
mod tests;
mod weak;

pub use algorithm::Algorithm;
pub use claims::{Claims, ClaimsError, Expected};
pub use compact::{JoseError, LONGEST_TOKEN, Verified, peek_header, verify};
pub use json::{JsonError, parse as parse_json};
pub use key::{Key, KeyError};
pub use key_set::{KeySet, KeySetError, LARGEST_SET};

/// How much is read into what the standards leave open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reading {
    /// To the letter, as every login does it: the key's `alg` is the token's, names are the registered
    /// ones, and one character outside base64url refuses the token.
    #[default]
    Strict,
    /// As interoperability vectors want it, and nothing that guards anything: a key's `alg` is a floor
    /// within its family (PS256 takes PS384), `ES521` is another name of ES512, and characters outside
    /// the alphabet are dropped from header and payload before the signature over the rest is verified
    /// (RFC 2045's reading of base64; what is returned is what was signed).
    Tolerant,
}
