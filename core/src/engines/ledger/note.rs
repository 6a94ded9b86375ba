//! Signed notes with Ed25519 (c2sp.org/signed-note), and the text forms of their keys.
//!
//! Never makes randomness: a key's seed is given. Parsing is strict; what it does not know it refuses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use std::fmt;

/// The signature type of plain Ed25519 notes.
const ED25519: u8 = 1;
/// The longest note that is looked at, in bytes.
const LONGEST: usize = 1 << 20;
/// The most signatures that are looked at.
const MOST_SIGNATURES: usize = 64;

/// Why a note or a key is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("it is no signed note: {0}")]
    Malformed(&'static str),
    #[error("it is not signed by {0}")]
    Unsigned(String),
    #[error("the signature of {0} is wrong")]
    BadSignature(String),
    #[error("it is no key: {0}")]
    BadKey(&'static str),
}

/// The public half of a log's key: `<name>+<key id>+<base64>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: u32,
    key: VerifyingKey,
}

impl VerifierKey {
    /// # Errors
    /// [`NoteError::BadKey`] when the text is no Ed25519 verifier key, or its key id is not its own.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let (name, id, data) = key_parts(text.trim_end_matches('\n'))?;
        let bytes: &[u8; 32] =
            data.as_slice().try_into().map_err(|_| NoteError::BadKey("a key has 32 bytes"))?;
        let key =
            VerifyingKey::from_bytes(bytes).map_err(|_| NoteError::BadKey("it is no point of the curve"))?;
        if key.is_weak() {
            return Err(NoteError::BadKey("it is a weak key"));
        }
        let found = Self { id: key_id(&name, &key), name, key };
        if found.id == id { Ok(found) } else { Err(NoteError::BadKey("the key id does not belong to it")) }
    }

    /// The key's name, which is also the log's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text of a note that this key signed.
    ///
    /// # Errors
    /// [`NoteError`] when the note is malformed, lacks this key's signature, or carries a wrong one.
    pub fn open<'a>(&self, note: &'a str) -> Result<&'a str, NoteError> {
        let (text, signatures) = split(note)?;
        let mut signed = false;
        for line in signatures {
            if line.name != self.name || line.id != self.id {
                continue;
            }
            let wrong = || NoteError::BadSignature(self.name.clone());
            let signature = Signature::from_slice(&line.signature).map_err(|_| wrong())?;
            self.key.verify_strict(text.as_bytes(), &signature).map_err(|_| wrong())?;
            signed = true;
        }
        if signed { Ok(text) } else { Err(NoteError::Unsigned(self.name.clone())) }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id, STANDARD.encode(data))
    }
}

/// The secret half. Its `Debug` form shows the name alone; it is wiped from memory when dropped.
pub struct SignerKey {
    name: String,
    key: SigningKey,
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignerKey").field("name", &self.name).finish_non_exhaustive()
    }
}

impl SignerKey {
    /// # Errors
    /// [`NoteError::BadKey`] when the name is empty or holds white space, `+` or control characters.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::BadKey("a name has no white space and no `+`"));
        }
        Ok(Self { name: name.to_owned(), key: SigningKey::from_bytes(seed) })
    }

    /// Reads the form that [`SignerKey::secret_text`] writes.
    ///
    /// # Errors
    /// [`NoteError::BadKey`] when it is none, or its key id is not its own.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let rest = text
            .strip_prefix("PRIVATE+KEY+")
            .ok_or(NoteError::BadKey("it does not begin with PRIVATE+KEY+"))?;
        let (name, id, data) = key_parts(rest.trim_end_matches('\n'))?;
        let seed: &[u8; 32] =
            data.as_slice().try_into().map_err(|_| NoteError::BadKey("a key has 32 bytes"))?;
        let key = Self::new(&name, seed)?;
        if key.verifier().id == id {
            Ok(key)
        } else {
            Err(NoteError::BadKey("the key id does not belong to it"))
        }
    }

    /// `PRIVATE+KEY+<name>+<key id>+<base64>`, as golang.org/x/mod/sumdb/note writes it. Secret.
    pub fn secret_text(&self) -> String {
        let data = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        format!("PRIVATE+KEY+{}+{:08x}+{}", self.name, self.verifier().id, STANDARD.encode(data))
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn verifier(&self) -> VerifierKey {
        let key = self.key.verifying_key();
        VerifierKey { id: key_id(&self.name, &key), name: self.name.clone(), key }
    }

    /// The note over `text`, which must end in a line end and hold no control characters.
    ///
    /// # Errors
    /// [`NoteError::Malformed`] when `text` cannot be a note's.
    pub fn sign(&self, text: &str) -> Result<String, NoteError> {
        if !text.ends_with('\n') || !is_printable(text) {
            return Err(NoteError::Malformed("its text must be printable and end in a line end"));
        }
        let mut data = self.verifier().id.to_be_bytes().to_vec();
        data.extend_from_slice(&self.key.sign(text.as_bytes()).to_bytes());
        Ok(format!("{text}\n— {} {}\n", self.name, STANDARD.encode(data)))
    }
}

struct SignatureLine {
    name: String,
    id: u32,
    signature: Vec<u8>,
}

/// A note's text and its signature lines.
fn split(note: &str) -> Result<(&str, Vec<SignatureLine>), NoteError> {
    if note.len() > LONGEST {
        return Err(NoteError::Malformed("it is too long"));
    }
    if !is_printable(note) {
        return Err(NoteError::Malformed("it holds control characters"));
    }
    let end = note.rfind("\n\n").ok_or(NoteError::Malformed("it has no signatures"))?;
    let (text, signatures) = (&note[..=end], &note[end + 2..]);
    let body = signatures.strip_suffix('\n').ok_or(NoteError::Malformed("its last line is not whole"))?;
    let lines: Vec<SignatureLine> = body.split('\n').map(signature_line).collect::<Result<_, _>>()?;
    if lines.len() > MOST_SIGNATURES {
        return Err(NoteError::Malformed("it has too many signatures"));
    }
    Ok((text, lines))
}

fn signature_line(line: &str) -> Result<SignatureLine, NoteError> {
    let malformed = NoteError::Malformed("a line after its text is no signature");
    let Some((name, data)) = line.strip_prefix("— ").and_then(|rest| rest.split_once(' ')) else {
        return Err(malformed);
    };
    let data = STANDARD.decode(data).map_err(|_| malformed.clone())?;
    match data.split_first_chunk::<4>() {
        Some((id, signature)) if is_name(name) && !signature.is_empty() => Ok(SignatureLine {
            name: name.to_owned(),
            id: u32::from_be_bytes(*id),
            signature: signature.to_vec(),
        }),
        _ => Err(malformed),
    }
}

/// `<name>+<8 hex digits>+<base64 of the type and the key>`, without the type.
fn key_parts(text: &str) -> Result<(String, u32, Vec<u8>), NoteError> {
    let bad = NoteError::BadKey("it is not written as <name>+<key id>+<key>");
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(data)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(bad);
    };
    let hex = id.len() == 8 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let id = u32::from_str_radix(id, 16).ok().filter(|_| hex && is_name(name)).ok_or_else(|| bad.clone())?;
    let data = STANDARD.decode(data).map_err(|_| bad.clone())?;
    match data.split_first() {
        Some((&ED25519, key)) => Ok((name.to_owned(), id, key.to_vec())),
        Some(_) => Err(NoteError::BadKey("only Ed25519 keys are known")),
        None => Err(bad),
    }
}

/// `SHA-256(name || 0x0A || 0x01 || key)`, its first four bytes.
fn key_id(name: &str, key: &VerifyingKey) -> u32 {
    let hash: [u8; 32] = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', ED25519])
        .chain_update(key.as_bytes())
        .finalize()
        .into();
    u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

fn is_printable(text: &str) -> bool {
    text.chars().all(|c| c >= ' ' || c == '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verifier key and note of the signed-note package's own tests (golang.org/x/mod).
    #[test]
    fn a_note_of_another_implementation_opens() {
        let key =
            VerifierKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
        let text = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
        let note = format!(
            "{text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
        );
        assert_eq!(key.open(&note), Ok(text));
        assert_eq!(key.to_string(), "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    }

    fn signer() -> SignerKey {
        SignerKey::new("example.org/log", &[7; 32]).unwrap()
    }

    #[test]
    fn keys_read_back_and_a_changed_character_is_noticed() {
        let (secret, public) = (signer().secret_text(), signer().verifier().to_string());
        assert_eq!(SignerKey::parse(&secret).unwrap().verifier(), signer().verifier());
        assert_eq!(VerifierKey::parse(&format!("{public}\n")).unwrap(), signer().verifier());
        for at in 0..public.len() {
            let mut changed = public.clone().into_bytes();
            changed[at] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            assert!(VerifierKey::parse(&changed).is_err(), "{changed}");
        }
        for at in 0..secret.len() {
            let mut changed = secret.clone().into_bytes();
            changed[at] ^= 1;
            assert!(SignerKey::parse(std::str::from_utf8(&changed).unwrap()).is_err(), "{at}");
        }
        assert_eq!(format!("{:?}", signer()), "SignerKey { name: \"example.org/log\", .. }");
    }

    #[test]
    fn malformed_notes_and_keys_are_refused() {
        let good = signer().sign("text\n").unwrap();
        let line = good.lines().last().unwrap();
        for (note, why) in [
            (String::new(), "empty"),
            ("text\n".into(), "no signature"),
            ("text\n\n".into(), "an empty signature line"),
            (good.trim_end().to_owned(), "no last line end"),
            (format!("text\n{line}\n"), "no blank line"),
            (format!("text\n\n{line}\nmore\n"), "text after the signature"),
            (format!("text\r\n\n{line}\n"), "a control character"),
            (good.replace("— ", "- "), "a hyphen for a dash"),
            (good.replace("example.org/log", "example.org/other"), "another name"),
            (good.replace("text", "test"), "another text"),
            (format!("text\n\n— example.org/log {}\n", STANDARD.encode([1, 2, 3])), "a short signature"),
            ("x".repeat(LONGEST + 1), "too long"),
            (format!("text\n\n{}", format!("{line}\n").repeat(65)), "too many"),
        ] {
            assert!(signer().verifier().open(&note).is_err(), "{why}");
        }
        assert!(signer().sign("no line end").is_err());
        for name in ["", "a b", "a+b", "a\n"] {
            assert!(SignerKey::new(name, &[7; 32]).is_err(), "{name:?}");
        }
        for key in ["", "a", "a+b", "a+00000000+", "a+00000000+AA==", "a+ABCDEF01+AQ=="] {
            assert!(VerifierKey::parse(key).is_err(), "{key}");
        }
    }

    #[test]
    fn signatures_of_strangers_are_ignored() {
        let stranger = SignerKey::new("stranger", &[8; 32]).unwrap().sign("text\n").unwrap();
        let good = signer().sign("text\n").unwrap();
        let both = format!("{good}{}\n", stranger.lines().last().unwrap());
        assert_eq!(signer().verifier().open(&both), Ok("text\n"));
        assert!(matches!(signer().verifier().open(&stranger), Err(NoteError::Unsigned(_))));
    }

    #[test]
    fn any_flipped_bit_breaks_a_note() {
        let note = signer().sign("text\nwith two lines\n").unwrap();
        for at in 0..note.len() {
            for bit in 0..8 {
                let mut changed = note.clone().into_bytes();
                changed[at] ^= 1 << bit;
                if let Ok(changed) = String::from_utf8(changed) {
                    assert!(signer().verifier().open(&changed).is_err(), "byte {at}, bit {bit}");
                }
            }
        }
    }
}
