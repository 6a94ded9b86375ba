//! A text under a key: ChaCha20-Poly1305 (RFC 8439), the key from a passphrase by Argon2id (RFC 9106) or
//! from a file that only its owner reads, bound to this machine.
//!
//! Never writes anything; a wrong key and a damaged text are told apart by a value that only the key makes.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ecoops_core::ports::host::Host;
use ecoops_core::ports::secrets::Secret;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Argon2id's memory in KiB, passes and lanes: RFC 9106 §4's second choice with one lane.
const MEMORY: u32 = 64 << 10;
const PASSES: u32 = 3;
/// What a file may ask of us; more is refused, as it would only keep the machine busy.
const MOST_MEMORY: u32 = 1 << 20;
const MOST_PASSES: u32 = 16;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("{0}")]
    WrongKey(&'static str),
    #[error("{0}")]
    Damaged(&'static str),
    #[error("{0}")]
    Unusable(String),
}

/// How the key is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Lock {
    Passphrase { salt: String, memory_kib: u32, passes: u32 },
    Machine,
}

/// What the key is made of.
#[derive(Debug, Clone)]
pub enum KeySource {
    Passphrase(Secret),
    Machine {
        /// 32 random bytes.
        secret: Secret,
        /// What names this machine; empty where nothing does.
        machine: String,
    },
}

/// The file's form.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// `ecoops credentials 1`.
    format: String,
    pub lock: Lock,
    /// Proves the key.
    check: Boxed,
    content: Boxed,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Boxed {
    nonce: String,
    text: String,
}

const FORMAT: &str = "ecoops credentials 1";
const CHECK: &[u8] = b"this is the key";

/// A key and how it was made. Costly to make with a passphrase; keep it.
pub struct SealKey {
    lock: Lock,
    key: LessSafeKey,
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey")
    }
}

impl SealKey {
    /// A new lock for what the source gives.
    ///
    /// # Errors
    /// [`SealError::Unusable`] when there is no randomness or no memory.
    pub fn new(source: &KeySource, host: &dyn Host) -> Result<Self, SealError> {
        let lock = match source {
            KeySource::Machine { .. } => Lock::Machine,
            KeySource::Passphrase(_) => {
                let salt = STANDARD.encode(random::<16>(host)?);
                Lock::Passphrase { salt, memory_kib: MEMORY, passes: PASSES }
            }
        };
        Self::of(lock, source)
    }

    /// The key of a lock that is there.
    ///
    /// # Errors
    /// [`SealError::WrongKey`] when the lock is for another kind of key; [`SealError::Damaged`] when its
    /// numbers make no sense.
    pub fn of(lock: Lock, source: &KeySource) -> Result<Self, SealError> {
        let mut key = Zeroizing::new([0; 32]);
        match (&lock, source) {
            (Lock::Passphrase { salt, memory_kib, passes }, KeySource::Passphrase(phrase)) => {
                let salt = STANDARD.decode(salt).map_err(|_| SealError::Damaged("its salt is not base64"))?;
                if *memory_kib > MOST_MEMORY || *passes > MOST_PASSES {
                    return Err(SealError::Damaged("it asks for more work than any of ours"));
                }
                let wrong = |_| SealError::Damaged("its cost makes no sense");
                let cost = Params::new(*memory_kib, *passes, 1, Some(32)).map_err(wrong)?;
                Argon2::new(Algorithm::Argon2id, Version::V0x13, cost)
                    .hash_password_into(phrase.expose(), &salt, key.as_mut())
                    .map_err(wrong)?;
            }
            (Lock::Machine, KeySource::Machine { secret, machine }) => {
                let bound = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.expose());
                let text = [b"ecoops credentials of the machine ", machine.as_bytes()].concat();
                key.copy_from_slice(ring::hmac::sign(&bound, &text).as_ref());
            }
            (Lock::Passphrase { .. }, _) => return Err(SealError::WrongKey("it wants a passphrase")),
            (Lock::Machine, _) => {
                return Err(SealError::WrongKey("it is opened by this machine's key, not by a passphrase"));
            }
        }
        let key = UnboundKey::new(&CHACHA20_POLY1305, key.as_ref())
            .map_err(|_| SealError::Unusable("the key has not 32 bytes".into()))?;
        Ok(Self { lock, key: LessSafeKey::new(key) })
    }

    /// # Errors
    /// [`SealError::Unusable`] when there is no randomness.
    pub fn seal(&self, content: &[u8], host: &dyn Host) -> Result<Sealed, SealError> {
        let lock = self.lock.clone();
        let check = self.box_up(CHECK, &about(&lock, "check"), host)?;
        let content = self.box_up(content, &about(&lock, "content"), host)?;
        Ok(Sealed { format: FORMAT.to_owned(), lock, check, content })
    }

    /// # Errors
    /// [`SealError::WrongKey`] when this is not its key, [`SealError::Damaged`] when the key is right and the
    /// content is not what was written.
    pub fn open(&self, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let wrong = match sealed.lock {
            Lock::Passphrase { .. } => "the passphrase is not the right one",
            Lock::Machine => "it was made on another machine, or this machine's key file was replaced",
        };
        let check = self.unbox(&sealed.check, &about(&sealed.lock, "check"));
        if check.is_none_or(|text| text.as_slice() != CHECK) {
            return Err(SealError::WrongKey(wrong));
        }
        let content = self.unbox(&sealed.content, &about(&sealed.lock, "content"));
        content.ok_or(SealError::Damaged("its content was changed or cut short"))
    }

    /// Whether the sealed text was made under the same lock.
    pub fn fits(&self, sealed: &Sealed) -> bool {
        self.lock == sealed.lock
    }

    fn box_up(&self, text: &[u8], about: &[u8], host: &dyn Host) -> Result<Boxed, SealError> {
        let nonce = random::<12>(host)?;
        let mut text = text.to_vec();
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(about), &mut text)
            .map_err(|_| SealError::Unusable("the text cannot be sealed".into()))?;
        Ok(Boxed { nonce: STANDARD.encode(nonce), text: STANDARD.encode(text) })
    }

    fn unbox(&self, boxed: &Boxed, about: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let nonce: [u8; 12] = STANDARD.decode(&boxed.nonce).ok()?.try_into().ok()?;
        let mut text = Zeroizing::new(STANDARD.decode(&boxed.text).ok()?);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let size = self.key.open_in_place(nonce, Aad::from(about), &mut text).ok()?.len();
        text.truncate(size);
        Some(text)
    }
}

/// What is bound to a box: the lock and the box's place, so that neither can be exchanged.
fn about(lock: &Lock, which: &str) -> Vec<u8> {
    let lock = serde_json::to_string(lock).unwrap_or_default();
    format!("{FORMAT}\n{which}\n{lock}").into_bytes()
}

fn random<const N: usize>(host: &dyn Host) -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    host.random(&mut bytes).map_err(|e| SealError::Unusable(e.to_string()))?;
    Ok(bytes)
}

impl Sealed {
    /// # Errors
    /// [`SealError::Damaged`] when it is not of this form.
    pub fn parse(text: &[u8]) -> Result<Self, SealError> {
        let sealed: Self =
            serde_json::from_slice(text).map_err(|_| SealError::Damaged("it is not what was written"))?;
        if sealed.format == FORMAT { Ok(sealed) } else { Err(SealError::Damaged("it is of another version")) }
    }

    pub fn text(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::system::System;

    fn machine(byte: u8, name: &str) -> KeySource {
        KeySource::Machine { secret: Secret::new(vec![byte; 32]), machine: name.to_owned() }
    }

    fn cheap(phrase: &str) -> (Lock, KeySource) {
        let salt = STANDARD.encode([1; 16]);
        (Lock::Passphrase { salt, memory_kib: 64, passes: 1 }, KeySource::Passphrase(phrase.into()))
    }

    #[test]
    fn only_the_key_opens() {
        let host = System::new();
        let key = SealKey::new(&machine(1, "m"), &host).unwrap();
        let sealed = key.seal(b"content", &host).unwrap();
        let again = Sealed::parse(&sealed.text()).unwrap();
        assert_eq!(key.open(&again).unwrap().as_slice(), b"content");
        for other in [machine(2, "m"), machine(1, "other"), machine(1, "")] {
            let other = SealKey::of(sealed.lock.clone(), &other).unwrap();
            assert!(matches!(other.open(&sealed), Err(SealError::WrongKey(_))));
        }
        assert!(matches!(SealKey::of(Lock::Machine, &cheap("p").1), Err(SealError::WrongKey(_))));
        assert!(matches!(SealKey::of(cheap("p").0, &machine(1, "m")), Err(SealError::WrongKey(_))));
        let text = String::from_utf8(sealed.text()).unwrap();
        assert!(!text.contains("content\":\"content") && !text.contains(&STANDARD.encode("content")));
    }

    #[test]
    fn a_wrong_passphrase_is_told_from_damage() {
        let host = System::new();
        let (lock, source) = cheap("correct horse");
        let key = SealKey::of(lock.clone(), &source).unwrap();
        let sealed = key.seal(b"content", &host).unwrap();
        let wrong = SealKey::of(lock.clone(), &cheap("battery staple").1).unwrap();
        assert!(matches!(wrong.open(&sealed), Err(SealError::WrongKey(_))));
        let mut damaged = sealed.clone();
        damaged.content.text = STANDARD.encode([0; 64]);
        assert!(matches!(key.open(&damaged), Err(SealError::Damaged(_))));
        // The boxes cannot be exchanged, and a cheaper lock is another lock.
        let mut exchanged = sealed.clone();
        exchanged.content = sealed.check.clone();
        assert!(matches!(key.open(&exchanged), Err(SealError::Damaged(_))));
        let mut cheaper = sealed.clone();
        cheaper.lock = Lock::Passphrase { salt: STANDARD.encode([1; 16]), memory_kib: 32, passes: 1 };
        assert!(key.open(&cheaper).is_err());
        // Numbers that would keep the machine busy for hours.
        for (memory_kib, passes) in [(u32::MAX, 1), (64, u32::MAX), (0, 0), (1 << 21, 1)] {
            let lock = Lock::Passphrase { salt: STANDARD.encode([1; 16]), memory_kib, passes };
            assert!(
                matches!(SealKey::of(lock, &source), Err(SealError::Damaged(_))),
                "{memory_kib} {passes}"
            );
        }
        for text in ["", "{}", "null", "\0\0", r#"{"format":"other"}"#] {
            assert!(matches!(Sealed::parse(text.as_bytes()), Err(SealError::Damaged(_))), "{text}");
        }
    }
}
