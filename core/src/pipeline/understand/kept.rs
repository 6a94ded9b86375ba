//! Results of earlier scans: a file that is the same, at the same path, under the same rules, is not
//! scanned again.
//!
//! Never decides what is found; without it the same is found, later. What may depend on the whole
//! project has the project in its key.

use crate::domain::RepoPath;
use crate::engines::code::dependencies::Project;
use crate::engines::code::ruleset::RuleSet;
use crate::engines::code::scan::FileReport;
use crate::ports::cache::{Cache, CacheError, Entries, Key};
use sha2::{Digest, Sha256};
use std::collections::HashSet;

/// A cache and what its results belong to.
#[derive(Debug, Clone, Copy)]
pub struct Kept<'a> {
    pub cache: &'a dyn Cache,
    /// Names the repository and the build of the program; the rules are added here.
    pub scope: &'a str,
}

/// What was kept, for the length of one scan.
#[derive(Debug)]
pub(super) struct Earlier<'a> {
    cache: &'a dyn Cache,
    scope: String,
    entries: Entries,
}

/// How a file's result came about.
#[derive(Debug)]
pub(super) enum Origin {
    Kept(Key),
    /// With what is to be kept.
    New(Key, Vec<u8>),
}

impl<'a> Earlier<'a> {
    pub(super) fn load(kept: Kept<'a>, rules: &RuleSet) -> Self {
        let scope = format!("{}\n{}", kept.scope, rules.hash());
        Self { entries: kept.cache.load(&scope), cache: kept.cache, scope }
    }

    /// The kept result, else what `scan` gives.
    pub(super) fn result(&self, key: Key, scan: impl FnOnce() -> FileReport) -> (FileReport, Origin) {
        match self.entries.get(&key).and_then(|bytes| decode(bytes)) {
            Some(report) => (report, Origin::Kept(key)),
            None => {
                let report = scan();
                let bytes = encode(&report);
                (report, Origin::New(key, bytes))
            }
        }
    }

    /// Saves the new results, then those that were used, then as many of the others as there is room for.
    ///
    /// # Errors
    /// [`CacheError`] when nothing could be saved.
    pub(super) fn save(&self, origins: &[Origin]) -> Result<(), CacheError> {
        let mut named: HashSet<Key> = HashSet::with_capacity(origins.len());
        let mut entries: Vec<(Key, &[u8])> = Vec::with_capacity(self.entries.len() + origins.len());
        for origin in origins {
            if let Origin::New(key, bytes) = origin
                && named.insert(*key)
            {
                entries.push((*key, bytes));
            }
        }
        if entries.is_empty() {
            return Ok(());
        }
        for origin in origins {
            if let Origin::Kept(key) = origin
                && named.insert(*key)
                && let Some(bytes) = self.entries.get(key)
            {
                entries.push((*key, bytes));
            }
        }
        let rest = self.entries.iter().filter(|(key, _)| !named.contains(*key));
        entries.extend(rest.map(|(key, bytes)| (*key, bytes.as_slice())));
        self.cache.save(&self.scope, &entries)
    }
}

/// Of all that decides what is found in a file beside the rules. `project` when it is concerned.
pub(super) fn key(path: &RepoPath, bytes: &[u8], project: Option<&Project>) -> Key {
    let mut hash = Sha256::new();
    for part in [path.as_str().as_bytes(), project.map_or("", Project::stamp).as_bytes(), bytes] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Most files have nothing to say, and that is written as nothing.
fn encode(report: &FileReport) -> Vec<u8> {
    if report.findings.is_empty() && report.suppressed.is_empty() && report.notes.is_empty() {
        return Vec::new();
    }
    serde_json::to_vec(report).unwrap_or_default()
}

fn decode(bytes: &[u8]) -> Option<FileReport> {
    if bytes.is_empty() {
        return Some(FileReport::default());
    }
    serde_json::from_slice(bytes).ok()
}
