//! A signed statement of a log's size and root (c2sp.org/tlog-checkpoint).

use super::merkle::Hash;
use super::note::{NoteError, SignerKey, VerifierKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// What a checkpoint says. Extension lines are refused: we sign none, and no one could audit them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Names the log; equal to the name of its key.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    pub root: Hash,
}

/// Why a checkpoint is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error("it is no checkpoint: {0}")]
    Malformed(&'static str),
    #[error("it is of the log `{0}`")]
    OtherLog(String),
}

impl Checkpoint {
    /// Signs it as a note.
    ///
    /// # Errors
    /// [`CheckpointError`] when the origin is not the key's name.
    pub fn sign(&self, key: &SignerKey) -> Result<String, CheckpointError> {
        if self.origin != key.name() {
            return Err(CheckpointError::OtherLog(self.origin.clone()));
        }
        Ok(key.sign(&self.to_string())?)
    }

    /// Reads a signed checkpoint after checking its signature.
    ///
    /// # Errors
    /// [`CheckpointError`] when it is not signed by `key`, is malformed, or is of another log.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, CheckpointError> {
        let checkpoint = Self::parse(key.open(note)?)?;
        if checkpoint.origin == key.name() {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::OtherLog(checkpoint.origin))
        }
    }

    /// Reads the text of a checkpoint note.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`] when it is not exactly origin, size and root.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let malformed = CheckpointError::Malformed;
        let body = text.strip_suffix('\n').ok_or(malformed("its last line is not whole"))?;
        let [origin, size, root] = body.split('\n').collect::<Vec<_>>()[..] else {
            return Err(malformed("it does not have three lines"));
        };
        if origin.is_empty() {
            return Err(malformed("it names no log"));
        }
        let number: u64 = size.parse().map_err(|_| malformed("its size is no number"))?;
        if number.to_string() != size {
            return Err(malformed("its size is written oddly"));
        }
        let root = STANDARD.decode(root).map_err(|_| malformed("its root is no base64"))?;
        let root = root.try_into().map_err(|_| malformed("its root does not have 32 bytes"))?;
        Ok(Self { origin: origin.to_owned(), size: number, root })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }
}

#[cfg(test)]
mod tests {
    use super::super::merkle::EMPTY_ROOT;
    use super::*;

    #[test]
    fn a_signed_checkpoint_reads_back() {
        let key = SignerKey::new("example.org/log", &[1; 32]).unwrap();
        let checkpoint = Checkpoint { origin: "example.org/log".into(), size: 7, root: EMPTY_ROOT };
        let note = checkpoint.sign(&key).unwrap();
        assert!(note.starts_with(
            "example.org/log\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— example.org/log "
        ));
        assert_eq!(Checkpoint::open(&note, &key.verifier()), Ok(checkpoint.clone()));
        let other = SignerKey::new("example.org/log", &[2; 32]).unwrap();
        assert!(Checkpoint::open(&note, &other.verifier()).is_err());
        assert!(Checkpoint { origin: "other".into(), ..checkpoint }.sign(&key).is_err());
        let foreign = key.sign("other\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n").unwrap();
        assert_eq!(
            Checkpoint::open(&foreign, &key.verifier()),
            Err(CheckpointError::OtherLog("other".into()))
        );
    }

    #[test]
    fn malformed_checkpoints_are_refused() {
        let root = STANDARD.encode(EMPTY_ROOT);
        assert!(Checkpoint::parse(&format!("o\n0\n{root}\n")).is_ok());
        for text in [
            String::new(),
            "o\n".into(),
            format!("o\n7\n{root}"),
            format!("\n7\n{root}\n"),
            format!("o\n07\n{root}\n"),
            format!("o\n+7\n{root}\n"),
            format!("o\n-7\n{root}\n"),
            format!("o\n18446744073709551616\n{root}\n"),
            format!("o\n7\n{root}\nextension\n"),
            format!("o\n7\n{root}\n\n"),
            "o\n7\nAAAA\n".into(),
            format!("o\n7\n{}\n", root.trim_end_matches('=')),
        ] {
            assert!(Checkpoint::parse(&text).is_err(), "{text:?}");
        }
    }
}
