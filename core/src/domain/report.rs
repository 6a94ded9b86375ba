//! What a scan or a fix has to say, as data that every output format renders.
//!
//! Whoever fills it has redacted it ([`ScanReport::redact`]); whoever renders it decides nothing:
//! the exit code follows from the data, never from the format.

use super::{
    Category, Confidence, Finding, FixSource, Persona, PolicyStamp, RemediationId, RepoPath, RunId, Severity,
    Tier, Verdict,
};
use serde::Serialize;

/// What is known about a rule, for formats that describe rules. An imported finding's rule has what
/// its tool told, else empty texts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleInfo {
    pub id: String,
    pub title: String,
    pub severity: Severity,
    pub confidence: Confidence,
    pub tier: Tier,
    pub persona: Persona,
    pub category: Category,
    pub cwe: Vec<u32>,
    pub owasp: Vec<String>,
    pub why: String,
    pub remedy: String,
    /// May be empty.
    pub link: String,
}

/// One line of source code as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceLine {
    /// From 1.
    pub number: u32,
    /// Without its line end; a part of it when the line is very long.
    pub text: String,
    /// Characters left out before `text`.
    #[serde(skip_serializing_if = "is_zero")]
    pub skipped: u32,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// An edit with its place in lines and columns: both from 1, columns count characters, the end is exclusive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LocatedEdit {
    pub start: (u32, u32),
    pub end: (u32, u32),
    pub text: String,
}

/// A finding with what people need to see it without opening the file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reported {
    #[serde(flatten)]
    pub finding: Finding,
    /// The finding's lines, possibly shortened; empty when the source is not known.
    pub source: Vec<SourceLine>,
    /// The finding's fix by lines and columns, in order; empty when it has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<LocatedEdit>,
    /// The fix as hunks of a unified diff (`@@ … @@` and its lines); empty when it has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub diff: String,
}

/// Why a finding does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum SuppressedBy {
    /// A comment in the code, on this line (from 1), with the reason it gives.
    Inline { line: u32, reason: Option<String> },
    /// The baseline file knows it.
    Baseline,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suppressed {
    #[serde(flatten)]
    pub reported: Reported,
    pub suppressed: SuppressedBy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NoteLevel {
    /// Worth knowing: a file was skipped because it is binary.
    Note,
    /// Something was left out that the user may have expected: a file too large, a file with syntax errors.
    Warning,
    /// Something could not be done: a file could not be read, a rule failed.
    Error,
}

/// A skipped file, a tool's error, anything about the work rather than the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    pub level: NoteLevel,
    /// The path as it was met, which need not be UTF-8-clean or inside the repository.
    pub path: Option<String>,
    pub text: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    pub files: u64,
    pub skipped: u64,
    pub bytes: u64,
    pub rules: u64,
    /// Files whose result came from the cache.
    pub cached: u64,
    pub millis: u64,
}

/// What a scan found. `findings` alone decide between clean and not.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ScanReport {
    /// Sorted by path, then place, then rule.
    pub findings: Vec<Reported>,
    pub suppressed: Vec<Suppressed>,
    pub notes: Vec<Note>,
    /// Those that findings and suppressed ones name, sorted by id.
    pub rules: Vec<RuleInfo>,
    pub stats: Stats,
}

/// Why a finding was not fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftBecause {
    /// There is no fix that a machine should make.
    NoFix,
    /// Its fix may change what the code does, and that was not asked for.
    NotSafe,
    /// Its edits overlap another fix's.
    Conflict,
    PolicyDenied,
    ValidationFailed,
    Inconclusive,
    /// The user said no to it.
    Declined,
    /// Nobody was there to say yes.
    NotApproved,
    /// The file changed while ecoops was working.
    Moved,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fixed {
    pub remediation: RemediationId,
    /// Where the fix came from. The source lines of what was found are `source` already.
    #[serde(rename = "fix_source")]
    pub source: FixSource,
    pub tier: Tier,
    #[serde(flatten)]
    pub reported: Reported,
    /// What the policy said about this fix.
    pub policy: PolicyStamp,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Left {
    #[serde(flatten)]
    pub reported: Reported,
    pub because: LeftBecause,
    /// One sentence: the policy's reason, the failing check, what it overlaps.
    pub detail: String,
}

/// Where the record of the run stands in the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditPlace {
    /// Of the run's last entry, from 0.
    pub index: u64,
    /// The log's size under the checkpoint that covers it.
    pub size: u64,
}

/// What a fix did, or with `applied: false` would do.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FixReport {
    pub run: Option<RunId>,
    /// Whether the user's tree was changed.
    pub applied: bool,
    pub fixed: Vec<Fixed>,
    pub left: Vec<Left>,
    pub suppressed: Vec<Suppressed>,
    pub notes: Vec<Note>,
    pub rules: Vec<RuleInfo>,
    pub verdict: Option<Verdict>,
    /// Unified diff of all changed files.
    pub patch: String,
    pub files: Vec<RepoPath>,
    pub branch: Option<String>,
    /// Full id, with `--commit`.
    pub commit: Option<String>,
    pub audit: Option<AuditPlace>,
    /// The plan that waits for a yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    pub stats: Stats,
}

impl Reported {
    fn redact(&mut self, redactor: &dyn Fn(&str) -> String) {
        let edits = self.edits.iter_mut().map(|e| &mut e.text);
        let related = self.finding.related.iter_mut().map(|(_, label)| label);
        let own = self.finding.fix.iter_mut().map(|e| &mut e.text);
        let source = self.source.iter_mut().map(|l| &mut l.text);
        let rest = [&mut self.finding.title, &mut self.finding.message, &mut self.diff];
        for text in edits.chain(related).chain(own).chain(source).chain(rest) {
            *text = redactor(text);
        }
    }
}

fn redact_notes(notes: &mut [Note], redactor: &dyn Fn(&str) -> String) {
    for note in notes {
        note.text = redactor(&note.text);
    }
}

fn redact_suppressed(suppressed: &mut [Suppressed], redactor: &dyn Fn(&str) -> String) {
    for one in suppressed {
        one.reported.redact(redactor);
        if let SuppressedBy::Inline { reason: Some(reason), .. } = &mut one.suppressed {
            *reason = redactor(reason);
        }
    }
}

impl ScanReport {
    /// Passes every text that stems from the code or from a tool through `redactor`.
    pub fn redact(&mut self, redactor: &dyn Fn(&str) -> String) {
        self.findings.iter_mut().for_each(|f| f.redact(redactor));
        redact_suppressed(&mut self.suppressed, redactor);
        redact_notes(&mut self.notes, redactor);
    }
}

impl FixReport {
    /// Passes every text that stems from the code or from a tool through `redactor`. The patch too:
    /// it is for people; what is applied is in the journal.
    pub fn redact(&mut self, redactor: &dyn Fn(&str) -> String) {
        self.fixed.iter_mut().for_each(|f| f.reported.redact(redactor));
        for left in &mut self.left {
            left.reported.redact(redactor);
            left.detail = redactor(&left.detail);
        }
        redact_suppressed(&mut self.suppressed, redactor);
        redact_notes(&mut self.notes, redactor);
        self.patch = redactor(&self.patch);
    }
}
