//! One file's candidates, to a fixpoint: propose, merge, apply, look again.

use super::{Answered, Target, Unfixed};
use crate::domain::{Finding, LeftBecause, Remediation};
use crate::engines::code::edits::{Rejection, merge};
use std::collections::{BTreeMap, BTreeSet};

/// A fix that uncovers another, that uncovers another: no deeper than this.
const ROUNDS: usize = 8;

/// The candidates for a finding, best first, or why there are none.
pub type Proposed = Result<Vec<Remediation>, (LeftBecause, String)>;

/// What this phase asks of the engines and of Reason, whom it does not know.
pub struct Judge<'a> {
    /// Everything that the rules find in a text of this path, suppressed findings left out.
    pub rescan: &'a (dyn Fn(&Target, &str) -> Vec<Finding> + Sync),
    /// How many syntax errors the text has.
    pub errors: &'a (dyn Fn(&Target, &str) -> usize + Sync),
    /// The candidates for a finding, best first, or why there are none.
    pub propose: &'a (dyn Fn(&Finding, &str) -> Proposed + Sync),
}

impl std::fmt::Debug for Judge<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Judge")
    }
}

/// What came of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    pub text: String,
    pub answered: Vec<Answered>,
    pub left: Vec<Unfixed>,
}

/// The state between two rounds.
#[derive(Debug)]
pub struct Round {
    text: String,
    counts: BTreeMap<String, usize>,
    errors: usize,
}

/// What a finding is, wherever it moves: its rule and its text. Fingerprints count equals, so they
/// shift when one of the equals is fixed.
type Key = (String, String);

fn key(finding: &Finding, text: &str) -> Key {
    (finding.rule.clone(), text.get(finding.location.bytes.clone()).unwrap_or_default().to_owned())
}

/// Fixes what can be fixed in one file. Deterministic: the same target gives the same text.
pub fn settle(target: &Target, judge: &Judge<'_>) -> Settled {
    let original = &target.decoded.text;
    let first = (judge.rescan)(target, original);
    let mut round =
        Round { text: original.clone(), counts: counts(&first), errors: (judge.errors)(target, original) };
    let known: BTreeSet<Key> = first.iter().map(|f| key(f, original)).collect();
    let mut open: BTreeMap<Key, usize> = BTreeMap::new();
    for finding in &target.findings {
        *open.entry(key(finding, original)).or_default() += 1;
    }
    let mut work =
        Work { target, judge, open, banned: BTreeSet::new(), answered: Vec::new(), left: BTreeMap::new() };
    let mut findings = target.findings.clone();
    for _ in 0..ROUNDS {
        let candidates = work.candidates(&findings, &round.text);
        if candidates.is_empty() || !work.advance(&mut round, candidates) {
            break;
        }
        // What the fixes so far have uncovered is worked on too; what was there and not asked for is not.
        let still = |f: &Finding| {
            let key = key(f, &round.text);
            work.open.get(&key).is_some_and(|n| *n > 0) || !known.contains(&key)
        };
        findings = (judge.rescan)(target, &round.text).into_iter().filter(still).collect();
    }
    Settled { left: work.unfixed(), text: round.text, answered: work.answered }
}

struct Candidate {
    finding: Finding,
    remediation: Remediation,
}

struct Work<'a> {
    target: &'a Target,
    judge: &'a Judge<'a>,
    /// How many findings of each kind that were asked for are not yet answered.
    open: BTreeMap<Key, usize>,
    /// Remediations that were tried and did not hold.
    banned: BTreeSet<String>,
    answered: Vec<Answered>,
    left: BTreeMap<String, (LeftBecause, String)>,
}

impl Work<'_> {
    /// The findings that were asked for and not answered, each with its reason.
    fn unfixed(&self) -> Vec<Unfixed> {
        let mut open = self.open.clone();
        let mut left = Vec::new();
        for finding in self.target.findings.iter().rev() {
            match open.get_mut(&key(finding, &self.target.decoded.text)) {
                Some(count) if *count > 0 => *count -= 1,
                _ => continue,
            }
            let (because, detail) = self
                .left
                .get(&finding.fingerprint)
                .cloned()
                .unwrap_or((LeftBecause::Conflict, "its fix overlaps another one".to_owned()));
            left.push(Unfixed { finding: finding.clone(), because, detail });
        }
        left.reverse();
        left
    }

    /// The best candidate of each finding that is not yet ruled out.
    fn candidates(&mut self, findings: &[Finding], text: &str) -> Vec<Candidate> {
        let mut chosen = Vec::new();
        for finding in findings {
            match (self.judge.propose)(finding, text) {
                Ok(list) => {
                    let best = list.into_iter().find(|r| !self.banned.contains(&r.id.0));
                    chosen
                        .extend(best.map(|remediation| Candidate { finding: finding.clone(), remediation }));
                }
                Err(why) => {
                    self.left.entry(finding.fingerprint.clone()).or_insert(why);
                }
            }
        }
        chosen
    }

    /// Applies what holds. False when nothing was applied and nothing new was ruled out.
    fn advance(&mut self, round: &mut Round, candidates: Vec<Candidate>) -> bool {
        let offered: Vec<(usize, Vec<crate::domain::Edit>)> =
            candidates.iter().enumerate().map(|(i, c)| (i, c.remediation.edits.clone())).collect();
        let merged = merge(&round.text, &offered);
        let mut progress = false;
        for (index, rejection) in &merged.rejected {
            progress |= self.refuse(&candidates[*index], rejection);
        }
        if merged.accepted.is_empty() {
            return progress;
        }
        let accepted: Vec<&Candidate> = merged.accepted.iter().map(|i| &candidates[*i]).collect();
        if let Some(next) = self.attempt(round, &accepted) {
            let before = std::mem::replace(round, next).text;
            self.accept(&accepted, &before);
            return true;
        }
        self.one_by_one(round, &accepted)
    }

    /// A candidate that is wrong in itself is ruled out; one that met another waits for the next round.
    fn refuse(&mut self, candidate: &Candidate, rejection: &Rejection<usize>) -> bool {
        let why = match rejection {
            Rejection::Invalid(bad) => bad.to_string(),
            Rejection::Empty => "its fix changes nothing".to_owned(),
            Rejection::Conflict(_) => {
                let why = "its fix overlaps another one".to_owned();
                self.left.insert(candidate.finding.fingerprint.clone(), (LeftBecause::Conflict, why));
                return false;
            }
        };
        self.ban(candidate, why)
    }

    fn ban(&mut self, candidate: &Candidate, why: String) -> bool {
        self.left.insert(candidate.finding.fingerprint.clone(), (LeftBecause::ValidationFailed, why));
        self.banned.insert(candidate.remediation.id.0.clone())
    }

    fn accept(&mut self, accepted: &[&Candidate], before: &str) {
        for candidate in accepted {
            if let Some(count) = self.open.get_mut(&key(&candidate.finding, before)) {
                *count = count.saturating_sub(1);
            }
            self.answered.push(Answered {
                remediation: candidate.remediation.clone(),
                finding: candidate.finding.clone(),
                place: place(candidate, before),
            });
        }
    }

    /// Together they do not hold: keeps each that holds with those kept before it.
    fn one_by_one(&mut self, round: &mut Round, accepted: &[&Candidate]) -> bool {
        let mut kept: Vec<&Candidate> = Vec::new();
        let mut best = None;
        for candidate in accepted {
            let mut with = kept.clone();
            with.push(candidate);
            match self.attempt(round, &with) {
                Some(next) => {
                    best = Some(next);
                    kept = with;
                }
                None => {
                    let why = "after its fix the file did not parse, the finding stayed, or a new one came";
                    self.ban(candidate, why.to_owned());
                }
            }
        }
        if let Some(next) = best {
            let before = std::mem::replace(round, next).text;
            self.accept(&kept, &before);
        }
        true
    }

    /// The next state, when these together leave no more syntax errors, remove each finding and bring none.
    fn attempt(&self, round: &Round, candidates: &[&Candidate]) -> Option<Round> {
        let offered: Vec<(usize, Vec<crate::domain::Edit>)> =
            candidates.iter().enumerate().map(|(i, c)| (i, c.remediation.edits.clone())).collect();
        let merged = merge(&round.text, &offered);
        if merged.accepted.len() != candidates.len() {
            return None;
        }
        let now = crate::engines::code::text::Decoded {
            text: round.text.clone(),
            encoding: self.target.decoded.encoding,
        };
        let text = now.rewrite(&merged.edits).ok()?;
        let errors = (self.judge.errors)(self.target, &text);
        let counts = counts(&(self.judge.rescan)(self.target, &text));
        let mut gone: BTreeMap<&str, usize> = BTreeMap::new();
        for candidate in candidates {
            *gone.entry(candidate.finding.rule.as_str()).or_default() += 1;
        }
        let holds = errors <= round.errors
            && counts.iter().all(|(rule, now)| {
                let before = round.counts.get(rule).copied().unwrap_or_default();
                now + gone.get(rule.as_str()).copied().unwrap_or_default() <= before
            });
        holds.then_some(Round { text, counts, errors })
    }
}

fn counts(findings: &[Finding]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.rule.clone()).or_default() += 1;
    }
    counts
}

/// What the fix makes of the finding's own text, when it changes nothing else.
fn place(candidate: &Candidate, text: &str) -> Option<(String, String)> {
    let bytes = candidate.finding.location.bytes.clone();
    let old = text.get(bytes.clone())?;
    let mut own = Vec::new();
    for edit in &candidate.remediation.edits {
        if edit.range.start < bytes.start || edit.range.end > bytes.end {
            return None;
        }
        let range = edit.range.start - bytes.start..edit.range.end - bytes.start;
        own.push(crate::domain::Edit { range, text: edit.text.clone() });
    }
    let new = crate::engines::code::edits::apply(old, &own).ok()?;
    Some((old.to_owned(), new))
}
