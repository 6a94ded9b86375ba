//! Consolidate: the candidates of all findings become one change set in which no two edits overlap,
//! every file still parses, each finding is gone and no new one has come.
//!
//! Goes to a fixpoint file by file. Never looks at a source's name: each candidate passes the same test.

mod file;

pub use file::{Judge, Round, Settled, settle};

use crate::domain::{ChangeSet, ContentHash, FileChange, Finding, LeftBecause, Remediation, RepoPath};
use crate::engines::code::diff;
use crate::engines::code::text::Decoded;
use rayon::prelude::*;

/// One file's part: its bytes as they are, its text, and what is to be fixed in it.
#[derive(Debug, Clone)]
pub struct Target {
    pub path: RepoPath,
    pub bytes: Vec<u8>,
    pub decoded: Decoded,
    pub findings: Vec<Finding>,
}

/// A finding that stays, and why in one sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct Unfixed {
    pub finding: Finding,
    pub because: LeftBecause,
    pub detail: String,
}

/// One fix of the set and the finding that it answers, as it was in the text before.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    pub remediation: Remediation,
    pub finding: Finding,
    /// The text of the finding's place before and after, when the whole fix lies within it.
    pub place: Option<(String, String)>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Consolidated {
    pub set: ChangeSet,
    pub answered: Vec<Answered>,
    pub left: Vec<Unfixed>,
}

/// Works the targets one by one, in parallel. The order of the targets and of each target's findings
/// decides which of two conflicting fixes wins.
pub fn consolidate(targets: &[Target], judge: &Judge<'_>) -> Consolidated {
    let settled: Vec<(Settled, Option<FileChange>, String)> =
        targets.par_iter().map(|target| one(target, judge)).collect();
    let mut result = Consolidated::default();
    for (settled, change, patch) in settled {
        result.left.extend(settled.left);
        if let Some(change) = change {
            result.set.patch.push_str(&patch);
            result.set.remediations.extend(settled.answered.iter().map(|a| a.remediation.clone()));
            result.answered.extend(settled.answered);
            result.set.files.push(change);
        }
    }
    result
}

fn one(target: &Target, judge: &Judge<'_>) -> (Settled, Option<FileChange>, String) {
    let mut settled = settle(target, judge);
    if settled.text == target.decoded.text {
        return (settled, None, String::new());
    }
    match target.decoded.encode(&settled.text) {
        Ok(content) => {
            let patch =
                String::from_utf8_lossy(&diff::unified(&target.path, &target.bytes, &content)).into_owned();
            let change = FileChange {
                path: target.path.clone(),
                before: ContentHash::of(&target.bytes),
                after: ContentHash::of(&content),
                content,
                remediations: settled.answered.iter().map(|a| a.remediation.id.clone()).collect(),
            };
            (settled, Some(change), patch)
        }
        Err(error) => {
            let why = error.to_string();
            let answered = std::mem::take(&mut settled.answered);
            settled.left.extend(answered.into_iter().map(|a| Unfixed {
                finding: a.finding,
                because: LeftBecause::Conflict,
                detail: why.clone(),
            }));
            (settled, None, String::new())
        }
    }
}
