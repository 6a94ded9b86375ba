//! Names of findings that survive line shifts, and the baseline of what was known before.
//!
//! Never holds code: only hashes, rules and paths.

use crate::domain::{ContentHash, Finding, RepoPath};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Gives the findings of one file their fingerprints: `<content>-<path>`, both hex. The content part is
/// the hash of rule, normalised text, normalised first line and the ordinal among equals.
#[derive(Debug)]
pub struct Fingerprints {
    path: String,
    seen: BTreeMap<String, u32>,
}

impl Fingerprints {
    pub fn new(path: &RepoPath) -> Self {
        let hash = ContentHash::of(path.as_str().as_bytes());
        Self { path: hash.hex()[..12].to_owned(), seen: BTreeMap::new() }
    }

    /// `text` is the finding's own, `line` that of the line where it begins.
    pub fn next(&mut self, rule: &str, text: &str, line: &str) -> String {
        let key = format!("{rule}\0{}\0{}", normalised(text), normalised(line));
        let ordinal = self.seen.entry(key.clone()).or_insert(0);
        let hash = ContentHash::of(format!("{key}\0{ordinal}").as_bytes());
        *ordinal += 1;
        format!("{}-{}", &hash.hex()[..24], self.path)
    }
}

fn normalised(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What was known before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    pub version: u32,
    pub findings: Vec<Known>,
}

/// One finding that was known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    pub fingerprint: String,
    pub rule: String,
    pub path: String,
}

/// Findings parted by a baseline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Split {
    pub new: Vec<Finding>,
    pub known: Vec<Finding>,
    /// In the baseline and found no more.
    pub gone: Vec<Known>,
}

/// Why a baseline cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BadBaseline {
    #[error("the baseline is not what ecoops writes: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the baseline has version {0}; this ecoops reads version {VERSION}")]
    Version(u32),
}

const VERSION: u32 = 1;

impl Baseline {
    pub fn of(findings: &[Finding]) -> Self {
        let mut findings: Vec<Known> = findings
            .iter()
            .map(|f| Known {
                fingerprint: f.fingerprint.clone(),
                rule: f.rule.clone(),
                path: f.location.path.to_string(),
            })
            .collect();
        findings.sort();
        Self { version: VERSION, findings }
    }

    /// # Errors
    /// [`BadBaseline`] when the text is not one, or of another version.
    pub fn from_json(text: &str) -> Result<Self, BadBaseline> {
        let baseline: Self = serde_json::from_str(text)?;
        if baseline.version == VERSION { Ok(baseline) } else { Err(BadBaseline::Version(baseline.version)) }
    }

    /// As it is written to a file: one finding a line would differ little; pretty JSON merges well.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).map(|t| t + "\n").unwrap_or_default()
    }

    /// A finding is known when its fingerprint is, or when (after a rename) exactly one entry that matches
    /// nothing else and one finding share rule and content.
    pub fn split(&self, findings: Vec<Finding>) -> Split {
        let mut left: BTreeMap<&str, Vec<&Known>> = BTreeMap::new();
        for known in &self.findings {
            left.entry(&known.fingerprint).or_default().push(known);
        }
        let mut split = Split::default();
        let mut unmatched = Vec::new();
        for finding in findings {
            match left.get_mut(finding.fingerprint.as_str()).and_then(Vec::pop) {
                Some(_) => split.known.push(finding),
                None => unmatched.push(finding),
            }
        }
        let mut renamed: BTreeMap<String, Vec<&Known>> = BTreeMap::new();
        for known in left.into_values().flatten() {
            renamed.entry(content_part(&known.fingerprint).to_owned()).or_default().push(known);
        }
        let mut wanted: BTreeMap<String, usize> = BTreeMap::new();
        for finding in &unmatched {
            *wanted.entry(content_part(&finding.fingerprint).to_owned()).or_default() += 1;
        }
        for finding in unmatched {
            let content = content_part(&finding.fingerprint);
            let alone = wanted.get(content) == Some(&1);
            match renamed.get_mut(content) {
                Some(entries) if alone && entries.len() == 1 && entries[0].rule == finding.rule => {
                    entries.clear();
                    split.known.push(finding);
                }
                _ => split.new.push(finding),
            }
        }
        split.gone = renamed.into_values().flatten().cloned().collect();
        split.gone.sort();
        split
    }
}

fn content_part(fingerprint: &str) -> &str {
    fingerprint.split_once('-').map_or(fingerprint, |(content, _)| content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Category, Confidence, Location, Persona, Severity, Tier};

    fn findings(path: &str, lines: &[&str]) -> Vec<Finding> {
        let path = RepoPath::new(path).unwrap();
        let mut prints = Fingerprints::new(&path);
        let finding = |line: &&str| Finding {
            rule: "r".into(),
            tool: "ecoops".into(),
            title: String::new(),
            message: String::new(),
            severity: Severity::Low,
            confidence: Confidence::Low,
            tier: Tier::Manual,
            persona: Persona::Default,
            category: Category::Security,
            location: Location { path: path.clone(), bytes: 0..1, start: (1, 1), end: (1, 2) },
            related: vec![],
            fingerprint: prints.next("r", line, line),
            fix: vec![],
        };
        lines.iter().map(finding).collect()
    }

    fn counts(split: &Split) -> (usize, usize, usize) {
        (split.new.len(), split.known.len(), split.gone.len())
    }

    #[test]
    fn a_baseline_parts_new_known_and_gone() {
        let baseline = Baseline::of(&findings("a.py", &["x()", "x()", "y()"]));
        let read = Baseline::from_json(&baseline.to_json()).unwrap();
        assert_eq!(read, baseline);
        for (path, lines, expected) in [
            ("a.py", &["x()", "x()", "y()"][..], (0, 3, 0)),
            ("a.py", &["  x( )", "x()", "y()"], (1, 2, 1)),
            ("a.py", &["\tx()", "x()", "y()"], (0, 3, 0)),
            ("a.py", &["y()"], (0, 1, 2)),
            ("a.py", &["x()", "x()", "x()", "y()"], (1, 3, 0)),
            ("b.py", &["x()", "x()", "y()"], (0, 3, 0)),
            ("b.py", &["z()"], (1, 0, 3)),
        ] {
            assert_eq!(counts(&baseline.split(findings(path, lines))), expected, "{path} {lines:?}");
        }
    }

    #[test]
    fn a_copy_of_a_file_is_new() {
        let baseline = Baseline::of(&findings("a.py", &["x()"]));
        let mut both = findings("a.py", &["x()"]);
        both.extend(findings("copy.py", &["x()"]));
        assert_eq!(counts(&baseline.split(both)), (1, 1, 0));
    }

    #[test]
    fn what_is_no_baseline_is_refused() {
        for text in ["", "[]", "{\"version\": 2, \"findings\": []}", "{\"version\": 1}"] {
            assert!(Baseline::from_json(text).is_err(), "{text}");
        }
    }
}
