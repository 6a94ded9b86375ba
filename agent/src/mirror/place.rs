//! How far the log is mirrored, in a file that is replaced as a whole.

use serde::{Deserialize, Serialize};
use std::io::{Error, ErrorKind, Write};
use std::path::Path;

/// Entries that were set aside and are named.
const MOST_NAMED: usize = 100;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The log that this is a place in.
    pub log: String,
    /// The first entry that is not there yet.
    pub next: u64,
    /// Entries that were not taken, and why the last was not.
    #[serde(default)]
    pub refused: u64,
    #[serde(default)]
    pub why: String,
    /// Their indices, the newest hundred.
    #[serde(default)]
    pub named: Vec<u64>,
}

impl Place {
    /// The place in this log; its beginning when nothing was mirrored, or another log was.
    ///
    /// # Errors
    /// When the file is there and cannot be used: to begin again would write everything twice.
    pub fn load(file: &Path, log: &str) -> std::io::Result<Self> {
        let begin = || Self { log: log.to_owned(), ..Self::default() };
        let bytes = match std::fs::read(file) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(begin()),
            other => other?,
        };
        let found: Self = serde_json::from_slice(&bytes)
            .map_err(|e| Error::new(ErrorKind::InvalidData, format!("it is damaged: {e}")))?;
        Ok(if found.log == log { found } else { begin() })
    }

    /// # Errors
    /// When it cannot be written; then the file is as it was.
    pub fn save(&self, file: &Path) -> std::io::Result<()> {
        let folder = file.parent().unwrap_or(Path::new("."));
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        temporary.write_all(&serde_json::to_vec(self)?)?;
        temporary.as_file().sync_all()?;
        temporary.persist(file).map_err(|e| e.error)?;
        std::fs::File::open(folder)?.sync_all()
    }

    pub fn set_aside(&mut self, index: u64, why: &str) {
        self.refused += 1;
        self.why = format!("entry {index}: {why:.500}");
        self.named.push(index);
        if self.named.len() > MOST_NAMED {
            self.named.remove(0);
        }
    }
}
