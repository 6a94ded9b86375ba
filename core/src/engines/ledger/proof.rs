//! A proof that one entry is in the log, in one text that needs nothing but the log's public key
//! (c2sp.org/tlog-proof). The entry itself travels as the format's extra data.

use super::checkpoint::{Checkpoint, CheckpointError};
use super::merkle::{Hash, leaf_hash};
use super::note::VerifierKey;
use super::verify::{self, ProofError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The parts of a proof; true only as far as [`LogProof::check`] says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogProof {
    /// The entry's bytes as they stand in the log.
    pub entry: Vec<u8>,
    /// From 0.
    pub index: u64,
    /// From the leaf's sibling to the root's child.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

/// Why a proof is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogProofError {
    #[error("it is no tlog proof: {0}")]
    Malformed(&'static str),
    #[error("its checkpoint does not hold: {0}")]
    Checkpoint(#[from] CheckpointError),
    #[error("the entry is not in the log: {0}")]
    Inclusion(#[from] ProofError),
}

impl LogProof {
    /// Reads a proof that carries its entry.
    ///
    /// # Errors
    /// [`LogProofError::Malformed`] when it is none.
    pub fn parse(text: &str) -> Result<Self, LogProofError> {
        let malformed = LogProofError::Malformed;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(malformed("it has no checkpoint"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(malformed("it does not begin with c2sp.org/tlog-proof@v1"));
        }
        let extra = lines.next().and_then(|line| line.strip_prefix("extra "));
        let entry = extra.ok_or(malformed("it does not carry its entry"))?;
        let entry = STANDARD.decode(entry).map_err(|_| malformed("its entry is no base64"))?;
        let index =
            lines.next().and_then(|line| line.strip_prefix("index ")).ok_or(malformed("it has no index"))?;
        let number: u64 = index.parse().map_err(|_| malformed("its index is no number"))?;
        if number.to_string() != index {
            return Err(malformed("its index is written oddly"));
        }
        let hashes: Vec<Hash> = lines
            .map(|line| STANDARD.decode(line).ok().and_then(|bytes| bytes.try_into().ok()))
            .collect::<Option<_>>()
            .ok_or(malformed("one of its hashes is none"))?;
        if hashes.len() > 64 {
            return Err(malformed("it has too many hashes"));
        }
        Ok(Self { entry, index: number, hashes, checkpoint: checkpoint.to_owned() })
    }

    /// Checks everything: the signature over the checkpoint, and that the entry leads to its root.
    ///
    /// # Errors
    /// [`LogProofError`] says what does not hold.
    pub fn check(&self, key: &VerifierKey) -> Result<Checkpoint, LogProofError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, key)?;
        let leaf = leaf_hash(&self.entry);
        verify::inclusion(self.index, checkpoint.size, &leaf, &checkpoint.root, &self.hashes)?;
        Ok(checkpoint)
    }
}

impl fmt::Display for LogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\nextra {}\nindex {}", STANDARD.encode(&self.entry), self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", STANDARD.encode(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::super::merkle::{inclusion_path, root_of};
    use super::super::note::SignerKey;
    use super::*;

    fn example() -> (LogProof, SignerKey) {
        let entries: Vec<Vec<u8>> = (0..5).map(|i| format!("entry {i}").into_bytes()).collect();
        let leaves: Vec<Hash> = entries.iter().map(|e| leaf_hash(e)).collect();
        let key = SignerKey::new("example.org/log", &[3; 32]).unwrap();
        let mut trees = |level: u32, index: u64| {
            Ok::<_, ()>(root_of(&leaves[(index << level) as usize..((index + 1) << level) as usize]))
        };
        let hashes = inclusion_path(2, 0, 5, &mut trees).unwrap();
        let checkpoint = Checkpoint { origin: key.name().into(), size: 5, root: root_of(&leaves) };
        let note = checkpoint.sign(&key).unwrap();
        (LogProof { entry: entries[2].clone(), index: 2, hashes, checkpoint: note }, key)
    }

    #[test]
    fn a_proof_reads_back_and_holds() {
        let (proof, key) = example();
        let read = LogProof::parse(&proof.to_string()).unwrap();
        assert_eq!(read, proof);
        assert_eq!(read.check(&key.verifier()).unwrap().size, 5);
    }

    #[test]
    fn any_flipped_bit_breaks_a_proof() {
        let (proof, key) = example();
        let text = proof.to_string();
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut changed = text.clone().into_bytes();
                changed[at] ^= 1 << bit;
                let Ok(changed) = String::from_utf8(changed) else { continue };
                let holds = LogProof::parse(&changed).is_ok_and(|p| p.check(&key.verifier()).is_ok());
                assert!(!holds, "byte {at}, bit {bit}");
            }
        }
    }

    #[test]
    fn malformed_proofs_are_refused() {
        let good = example().0.to_string();
        for (text, why) in [
            (String::new(), "empty"),
            (good.replace("@v1", "@v2"), "another version"),
            (good.replace("index 2", "index 02"), "an odd index"),
            (good.replace("index 2", "index -1"), "a negative index"),
            (good.replace("extra ", "more "), "no entry"),
            (good.split_once("\n\n").unwrap().0.to_owned(), "no checkpoint"),
            (good.replace("index 2\n", &format!("index 2\n{}", "AAAA\n".repeat(3))), "short hashes"),
        ] {
            assert!(LogProof::parse(&text).is_err(), "{why}");
        }
    }
}
