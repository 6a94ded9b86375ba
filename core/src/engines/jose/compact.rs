//! The compact serialization of a JWS (RFC 7515 §7.1) and its verification (§5.2).

use super::algorithm::Algorithm;
use super::key::LONGEST_KID;
use super::{JsonError, KeyError, KeySet, Reading, json};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Bytes of the longest token that is looked at.
pub const LONGEST_TOKEN: usize = 32 << 10;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoseError {
    #[error("the token has {0} bytes; at most {LONGEST_TOKEN} are read")]
    TooLong(usize),
    #[error("the token has not the form header.payload.signature")]
    Form,
    #[error("the token's {0} is not base64url")]
    Base64(&'static str),
    #[error("the token's header cannot be read: {0}")]
    Header(JsonError),
    #[error("the token's header has no usable `{0}`")]
    HeaderField(&'static str),
    #[error("the token's algorithm `{0:.20}` is not accepted")]
    Algorithm(String),
    #[error("the token demands the extension `{0:.40}` (`crit`), which is not known here")]
    Critical(String),
    #[error("the token is of another kind (`typ` is `{0:.40}`)")]
    Kind(String),
    #[error("no key of the set fits the token (kid {})", .0.as_deref().map_or("none".to_owned(), |k| format!("`{k:.80}`")))]
    NoKey(Option<String>),
    #[error("the token's key `{0:.80}` is not used: {1}")]
    UnusableKey(String, KeyError),
    #[error("the token's signature does not verify")]
    Forged,
}

/// What was signed, after it was verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    pub algorithm: Algorithm,
    pub kid: Option<String>,
    pub payload: Vec<u8>,
}

/// The header of a token, *not verified*: of use only to find out which key it names.
///
/// # Errors
/// [`JoseError`] when it is no token.
pub fn peek_header(token: &str) -> Result<Map<String, Value>, JoseError> {
    let [header, ..] = split(token)?;
    decode_header(header)
}

/// Verifies a token with a set of keys, by one of the `allowed` algorithms.
///
/// # Errors
/// [`JoseError`]; what was in the token is then not to be used.
pub fn verify(
    token: &str,
    keys: &KeySet,
    allowed: &[Algorithm],
    reading: Reading,
) -> Result<Verified, JoseError> {
    let [header, payload, signature] = split(token)?;
    let (header, payload) = match reading {
        Reading::Strict => (Cow::Borrowed(header), Cow::Borrowed(payload)),
        Reading::Tolerant => (within_alphabet(header), within_alphabet(payload)),
    };
    let fields = decode_header(&header)?;
    let algorithm = algorithm(&fields, allowed)?;
    refuse_extensions(&fields)?;
    refuse_other_kinds(&fields)?;
    let kid = kid(&fields)?;
    let Some(key) = keys.choose(kid, algorithm, reading) else {
        return Err(match kid.and_then(|kid| Some((kid, keys.why_unusable(kid)?))) {
            Some((kid, why)) => JoseError::UnusableKey(kid.to_owned(), why.clone()),
            None => JoseError::NoKey(kid.map(str::to_owned)),
        });
    };
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| JoseError::Base64("signature"))?;
    let decoded = URL_SAFE_NO_PAD.decode(payload.as_ref()).map_err(|_| JoseError::Base64("payload"))?;
    let signed = [header.as_bytes(), b".", payload.as_bytes()].concat();
    if !key.verifies(algorithm, &signed, &signature) {
        return Err(JoseError::Forged);
    }
    Ok(Verified { algorithm, kid: kid.map(str::to_owned), payload: decoded })
}

/// Three parts, of which only the payload may be empty.
fn split(token: &str) -> Result<[&str; 3], JoseError> {
    if token.len() > LONGEST_TOKEN {
        return Err(JoseError::TooLong(token.len()));
    }
    let mut parts = token.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(payload), Some(signature), None)
            if !header.is_empty() && !signature.is_empty() =>
        {
            Ok([header, payload, signature])
        }
        _ => Err(JoseError::Form),
    }
}

/// Drops what is not of base64url; `=` stays, so that padding is still refused.
fn within_alphabet(part: &str) -> Cow<'_, str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_=".contains(c);
    if part.chars().all(fits) {
        part.into()
    } else {
        part.chars().filter(|c| fits(*c)).collect::<String>().into()
    }
}

fn decode_header(header: &str) -> Result<Map<String, Value>, JoseError> {
    let bytes = URL_SAFE_NO_PAD.decode(header).map_err(|_| JoseError::Base64("header"))?;
    json::parse(&bytes).map_err(JoseError::Header)
}

fn algorithm(header: &Map<String, Value>, allowed: &[Algorithm]) -> Result<Algorithm, JoseError> {
    let name = header.get("alg").and_then(Value::as_str).ok_or(JoseError::HeaderField("alg"))?;
    Algorithm::named(name)
        .filter(|algorithm| allowed.contains(algorithm))
        .ok_or_else(|| JoseError::Algorithm(name.to_owned()))
}

/// RFC 7515 §4.1.11: none is known here, so each that is critical refuses the token.
fn refuse_extensions(header: &Map<String, Value>) -> Result<(), JoseError> {
    match header.get("crit") {
        None => Ok(()),
        Some(Value::Array(names)) => {
            let first = names.first().and_then(Value::as_str).unwrap_or_default();
            Err(JoseError::Critical(first.to_owned()))
        }
        Some(_) => Err(JoseError::HeaderField("crit")),
    }
}

/// RFC 8725 §3.11: what is signed for another use is no login. Absent, `JWT` and RFC 9068's `at+jwt` are.
fn refuse_other_kinds(header: &Map<String, Value>) -> Result<(), JoseError> {
    let Some(kind) = header.get("typ") else { return Ok(()) };
    let kind = kind.as_str().ok_or(JoseError::HeaderField("typ"))?;
    let plain = kind.strip_prefix("application/").unwrap_or(kind).to_ascii_lowercase();
    if ["jwt", "at+jwt", "jose"].contains(&plain.as_str()) {
        Ok(())
    } else {
        Err(JoseError::Kind(kind.to_owned()))
    }
}

fn kid(header: &Map<String, Value>) -> Result<Option<&str>, JoseError> {
    match header.get("kid") {
        None => Ok(None),
        Some(Value::String(kid)) if kid.len() <= LONGEST_KID => Ok(Some(kid)),
        Some(_) => Err(JoseError::HeaderField("kid")),
    }
}
