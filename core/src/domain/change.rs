//! Changes of files, from one edit to the set that is integrated as a whole.

use super::{ContentHash, RepoPath, Tier};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Replaces the bytes `range` of a file's decoded UTF-8 text by `text`. Lines in `text` end in `\n`;
/// whoever applies it uses the file's own line ending.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Edit {
    pub range: Range<usize>,
    pub text: String,
}

/// Where a fix came from, cheapest first. The source changes cost, never trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FixSource {
    /// Remembered from an earlier run.
    Memory,
    /// The rule's own fix.
    Rule,
    /// A compiler's or linter's machine-applicable suggestion.
    Tool,
    /// A repair template found by searching.
    Template,
    /// A language model.
    Model,
}

/// A remediation's id within its run: `f1`, `f2`, …
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RemediationId(pub String);

/// One candidate fix: the edits that make one finding go away, whole or not at all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Remediation {
    pub id: RemediationId,
    pub source: FixSource,
    pub tier: Tier,
    /// The rule and fingerprint of the finding that it answers.
    pub rule: String,
    pub fingerprint: String,
    pub title: String,
    pub path: RepoPath,
    pub edits: Vec<Edit>,
}

/// The new content of one file, with the hash of the old: an optimistic lock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileChange {
    pub path: RepoPath,
    pub before: ContentHash,
    pub after: ContentHash,
    /// The file's new bytes, in its own encoding and line endings.
    #[serde(skip)]
    pub content: Vec<u8>,
    pub remediations: Vec<RemediationId>,
}

/// All that one run would change; at most one entry a path.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChangeSet {
    pub files: Vec<FileChange>,
    pub remediations: Vec<Remediation>,
    /// Unified diff of the whole, for people and for the `remediation.fixed` event.
    pub patch: String,
}

impl ChangeSet {
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Names the effect: hash of every path with its content before and after.
    pub fn hash(&self) -> ContentHash {
        let mut lines: Vec<String> =
            self.files.iter().map(|f| format!("{}\0{}\0{}\n", f.path, f.before, f.after)).collect();
        lines.sort();
        ContentHash::of(lines.concat().as_bytes())
    }
}
