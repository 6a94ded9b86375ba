//! The key that signs checkpoints: a file that only its owner can read, or another holder's function.
//!
//! Never replaces a key: a log whose key is lost can be verified, but not continued.

use ecoops_core::engines::ledger::{Checkpoint, SignerKey, VerifierKey};
use ecoops_core::ports::audit_log::AuditError;
use std::fmt;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use zeroize::Zeroizing;

type Sign = Box<dyn Fn(&Checkpoint) -> Result<String, AuditError> + Send + Sync>;

/// Who signs, and how. A process that does not hold the secret passes a `sign` that asks the holder.
pub struct LogKey {
    pub verifier: VerifierKey,
    /// What entries carry as `signer`: `self` when the actor's own process holds the key.
    pub signer: String,
    pub sign: Sign,
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogKey").field("verifier", &self.verifier.to_string()).finish_non_exhaustive()
    }
}

impl LogKey {
    /// A key held by this process.
    pub fn held(key: SignerKey) -> Self {
        Self {
            verifier: key.verifier(),
            signer: "self".to_owned(),
            sign: Box::new(move |checkpoint| {
                checkpoint.sign(&key).map_err(|e| AuditError::Key(e.to_string()))
            }),
        }
    }

    /// Reads the key from `path`, or makes one there (mode 0600) whose name begins with `origin`; with
    /// `None` it must exist.
    ///
    /// # Errors
    /// [`AuditError::Key`] when it cannot be read, is damaged, others may read it, or it is missing
    /// though the log already has entries.
    pub fn from_file(path: &Path, origin: Option<&str>) -> Result<Self, AuditError> {
        match fs::read_to_string(path) {
            Ok(text) => Self::read(path, Zeroizing::new(text)),
            Err(e) if e.kind() == ErrorKind::NotFound => match origin {
                Some(origin) => Self::create(path, origin),
                None => Err(AuditError::Key(format!(
                    "{} is missing, and the log that it signed has entries; put the key back, or move the log away to begin a new one",
                    path.display()
                ))),
            },
            Err(e) => Err(AuditError::Key(format!("{}: {e}", path.display()))),
        }
    }

    fn read(path: &Path, text: Zeroizing<String>) -> Result<Self, AuditError> {
        let wrong = |why: String| AuditError::Key(format!("{}: {why}", path.display()));
        let mode = fs::metadata(path).map_err(|e| wrong(e.to_string()))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(wrong(format!("others may read it (mode {:03o}); chmod it to 600", mode & 0o777)));
        }
        SignerKey::parse(&text).map(Self::held).map_err(|e| wrong(e.to_string()))
    }

    fn create(path: &Path, origin: &str) -> Result<Self, AuditError> {
        let wrong = |why: String| AuditError::Key(format!("{}: {why}", path.display()));
        let mut seed = Zeroizing::new([0u8; 32]);
        let mut id = [0u8; 8];
        getrandom::fill(seed.as_mut()).map_err(|e| wrong(e.to_string()))?;
        getrandom::fill(&mut id).map_err(|e| wrong(e.to_string()))?;
        let name = format!("{}/{}", origin.trim_end_matches('/'), ecoops_core::domain::hex(id));
        let key = SignerKey::new(&name, &seed).map_err(|e| wrong(e.to_string()))?;
        let text = Zeroizing::new(key.secret_text() + "\n");
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|e| wrong(e.to_string()))?;
        // A temporary file of this crate is made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|e| wrong(e.to_string()))?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.as_file().sync_all())
            .map_err(|e| wrong(e.to_string()))?;
        match file.persist_noclobber(path) {
            Ok(_) => {
                let _ = fs::File::open(folder).and_then(|f| f.sync_all());
                Ok(Self::held(key))
            }
            // Another process was faster: its key is the log's.
            Err(e) if e.error.kind() == ErrorKind::AlreadyExists => Self::from_file(path, None),
            Err(e) => Err(wrong(e.error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/audit.key");
        assert!(matches!(LogKey::from_file(&path, None), Err(AuditError::Key(_))));
        let first = LogKey::from_file(&path, Some("team.example/audit")).unwrap().verifier;
        assert!(first.to_string().starts_with("team.example/audit/"), "{first}");
        assert_eq!(LogKey::from_file(&path, None).unwrap().verifier, first);
        let other = LogKey::from_file(&path, Some("other.example")).unwrap().verifier;
        assert_eq!(other, first, "a log keeps its name");
        let bad = LogKey::from_file(&folder.path().join("bad.key"), Some("two words"));
        assert!(matches!(bad, Err(AuditError::Key(_))));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(LogKey::from_file(&path, None).unwrap_err().to_string().contains("chmod"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "PRIVATE+KEY+nonsense").unwrap();
        assert!(matches!(LogKey::from_file(&path, Some("team.example/audit")), Err(AuditError::Key(_))));
    }
}
