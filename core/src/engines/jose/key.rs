//! One key of RFC 7517: what it may verify, and the verification.

use super::algorithm::{Algorithm, Family};
use super::{Reading, weak};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature as ring_signature;
use ring::signature::{RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm};
use serde_json::{Map, Value};
use std::fmt;
use zeroize::Zeroizing;

/// Bits of an RSA modulus: below it is broken, above it keeps a processor busy.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// Bytes of a `kid`; a longer one names no key.
pub(super) const LONGEST_KID: usize = 512;

/// Why a key verifies nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("`{0}` is missing or malformed")]
    Field(&'static str),
    #[error("there is no key type `{0:.40}`")]
    Type(String),
    #[error("there is no curve `{0:.40}` for signatures")]
    Curve(String),
    #[error("there is no signature algorithm `{0:.40}`")]
    Algorithm(String),
    #[error("its algorithm {0} does not go with its type or curve")]
    Mismatch(Algorithm),
    #[error("it is not meant for signatures (`use` or `key_ops`)")]
    Purpose,
    #[error("an RSA modulus has 2048 to 8192 bits, not {0}")]
    RsaSize(usize),
    #[error("its RSA exponent is even or 1")]
    RsaExponent,
    #[error("its RSA modulus comes from the broken generator of CVE-2017-15361 (ROCA)")]
    Roca,
    #[error("a key of {0} has at least {1} bytes")]
    ShortSecret(Algorithm, usize),
    #[error("its point is not on its curve")]
    Point,
}

enum Material {
    Secret(Zeroizing<Vec<u8>>),
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    P521(Box<p521::ecdsa::VerifyingKey>),
    Ed25519(Vec<u8>),
}

/// A key that can verify signatures.
pub struct Key {
    kid: Option<String>,
    algorithm: Option<Algorithm>,
    material: Material,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl Key {
    /// A key of a JWK's fields. Private parts of asymmetric keys are not looked at.
    ///
    /// # Errors
    /// [`KeyError`] when it is malformed, too weak, or for something else than signatures.
    pub fn from_jwk(jwk: &Map<String, Value>, reading: Reading) -> Result<Self, KeyError> {
        let kid = optional(jwk, "kid")?.filter(|kid| kid.len() <= LONGEST_KID).map(str::to_owned);
        check_purpose(jwk)?;
        let algorithm = match optional(jwk, "alg")? {
            None => None,
            Some("ES521") if reading == Reading::Tolerant => Some(Algorithm::Es512),
            Some(name) => Some(Algorithm::named(name).ok_or_else(|| KeyError::Algorithm(name.to_owned()))?),
        };
        let material = match required(jwk, "kty")? {
            "oct" => secret(jwk, algorithm)?,
            "RSA" => rsa(jwk)?,
            "EC" => point(jwk)?,
            "OKP" => octets(jwk)?,
            other => return Err(KeyError::Type(other.to_owned())),
        };
        match algorithm.filter(|algorithm| !material.goes_with(*algorithm)) {
            Some(wrong) => Err(KeyError::Mismatch(wrong)),
            None => Ok(Self { kid, algorithm, material }),
        }
    }

    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub(super) fn is_symmetric(&self) -> bool {
        matches!(self.material, Material::Secret(_))
    }

    /// Whether a token of this algorithm may be verified with it.
    pub fn takes(&self, algorithm: Algorithm, reading: Reading) -> bool {
        let long_enough = match &self.material {
            Material::Secret(bytes) => bytes.len() >= algorithm.hash_bytes(),
            _ => true,
        };
        let named = match (self.algorithm, reading) {
            (None, _) => true,
            (Some(own), Reading::Strict) => own == algorithm,
            (Some(own), Reading::Tolerant) => {
                own.family() == algorithm.family() && own.hash_bytes() <= algorithm.hash_bytes()
            }
        };
        named && long_enough && self.material.goes_with(algorithm)
    }

    /// Whether `signature` is this key's of `message`. False too when the algorithm is none of its own.
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Secret(bytes) => {
                let hash = match algorithm {
                    Algorithm::Hs256 => ring::hmac::HMAC_SHA256,
                    Algorithm::Hs384 => ring::hmac::HMAC_SHA384,
                    Algorithm::Hs512 => ring::hmac::HMAC_SHA512,
                    _ => return false,
                };
                // Compares in constant time.
                ring::hmac::verify(&ring::hmac::Key::new(hash, bytes), message, signature).is_ok()
            }
            Material::Rsa { modulus, exponent } => {
                let Some(scheme) = rsa_scheme(algorithm) else { return false };
                let key = RsaPublicKeyComponents { n: modulus.as_slice(), e: exponent.as_slice() };
                key.verify(scheme, message, signature).is_ok()
            }
            Material::P256(point) if algorithm == Algorithm::Es256 => {
                verify(&ring_signature::ECDSA_P256_SHA256_FIXED, point, message, signature)
            }
            Material::P384(point) if algorithm == Algorithm::Es384 => {
                verify(&ring_signature::ECDSA_P384_SHA384_FIXED, point, message, signature)
            }
            Material::P521(key) if algorithm == Algorithm::Es512 => {
                use p521::ecdsa::signature::Verifier;
                p521::ecdsa::Signature::from_slice(signature)
                    .is_ok_and(|signature| key.verify(message, &signature).is_ok())
            }
            Material::Ed25519(key) if algorithm == Algorithm::EdDsa => {
                verify(&ring_signature::ED25519, key, message, signature)
            }
            _ => false,
        }
    }
}

fn verify(scheme: &'static dyn VerificationAlgorithm, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(scheme, key).verify(message, signature).is_ok()
}

fn rsa_scheme(algorithm: Algorithm) -> Option<&'static ring_signature::RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &ring_signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &ring_signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &ring_signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &ring_signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &ring_signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &ring_signature::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

impl Material {
    fn goes_with(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Secret(_) => algorithm.family() == Family::Hmac,
            Self::Rsa { .. } => matches!(algorithm.family(), Family::RsaPkcs1 | Family::RsaPss),
            Self::P256(_) => algorithm == Algorithm::Es256,
            Self::P384(_) => algorithm == Algorithm::Es384,
            Self::P521(_) => algorithm == Algorithm::Es512,
            Self::Ed25519(_) => algorithm == Algorithm::EdDsa,
        }
    }
}

fn optional<'a>(jwk: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, KeyError> {
    match jwk.get(name) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or(KeyError::Field(name)),
    }
}

fn required<'a>(jwk: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, KeyError> {
    optional(jwk, name)?.ok_or(KeyError::Field(name))
}

fn bytes(jwk: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, KeyError> {
    URL_SAFE_NO_PAD.decode(required(jwk, name)?).map_err(|_| KeyError::Field(name))
}

/// RFC 7517 §4.2 and §4.3: both may be absent, and what is there must allow verification.
fn check_purpose(jwk: &Map<String, Value>) -> Result<(), KeyError> {
    if optional(jwk, "use")?.is_some_and(|purpose| purpose != "sig") {
        return Err(KeyError::Purpose);
    }
    let Some(operations) = jwk.get("key_ops") else { return Ok(()) };
    let operations = operations.as_array().ok_or(KeyError::Field("key_ops"))?;
    // Who holds a private key, or a shared one, may verify with it.
    let fits = operations.iter().any(|operation| operation == "verify" || operation == "sign");
    if fits { Ok(()) } else { Err(KeyError::Purpose) }
}

/// RFC 7518 §3.2: a key is at least as long as its hash.
fn secret(jwk: &Map<String, Value>, algorithm: Option<Algorithm>) -> Result<Material, KeyError> {
    let bytes = Zeroizing::new(bytes(jwk, "k")?);
    let algorithm = algorithm.unwrap_or(Algorithm::Hs256);
    if algorithm.family() == Family::Hmac && bytes.len() < algorithm.hash_bytes() {
        return Err(KeyError::ShortSecret(algorithm, algorithm.hash_bytes()));
    }
    Ok(Material::Secret(bytes))
}

fn rsa(jwk: &Map<String, Value>) -> Result<Material, KeyError> {
    let without_sign = |mut number: Vec<u8>| {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        number.split_off(zeros)
    };
    let (modulus, exponent) = (without_sign(bytes(jwk, "n")?), without_sign(bytes(jwk, "e")?));
    let bits = modulus.first().map_or(0, |first| modulus.len() * 8 - first.leading_zeros() as usize);
    if !RSA_BITS.contains(&bits) {
        return Err(KeyError::RsaSize(bits));
    }
    let odd = exponent.last().is_some_and(|last| last % 2 == 1);
    if !odd || exponent == [1] {
        return Err(KeyError::RsaExponent);
    }
    if weak::has_roca_fingerprint(&modulus) {
        return Err(KeyError::Roca);
    }
    Ok(Material::Rsa { modulus, exponent })
}

/// RFC 7518 §6.2.1: coordinates in full length. A point that is not on its curve verifies nothing.
fn point(jwk: &Map<String, Value>) -> Result<Material, KeyError> {
    let curve = required(jwk, "crv")?;
    let size = match curve {
        "P-256" => 32,
        "P-384" => 48,
        "P-521" => 66,
        other => return Err(KeyError::Curve(other.to_owned())),
    };
    let (x, y) = (bytes(jwk, "x")?, bytes(jwk, "y")?);
    if x.len() != size || y.len() != size {
        return Err(KeyError::Point);
    }
    // SEC 1 §2.3.3: an uncompressed point begins with 4.
    let point = [&[4][..], &x, &y].concat();
    Ok(match curve {
        "P-256" => Material::P256(point),
        "P-384" => Material::P384(point),
        _ => {
            let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(&point).map_err(|_| KeyError::Point)?;
            Material::P521(Box::new(key))
        }
    })
}

fn octets(jwk: &Map<String, Value>) -> Result<Material, KeyError> {
    let curve = required(jwk, "crv")?;
    if curve != "Ed25519" {
        return Err(KeyError::Curve(curve.to_owned()));
    }
    let bytes = bytes(jwk, "x")?;
    if bytes.len() == 32 { Ok(Material::Ed25519(bytes)) } else { Err(KeyError::Point) }
}
