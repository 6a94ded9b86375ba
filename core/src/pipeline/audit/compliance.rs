//! A compliance report of the audit log: the log is verified, and a period of it judged control by control.

use crate::domain::AuditEntry;
use crate::engines::compliance::{Framework, LIMITS, Period, Report, name_of, report};
use crate::ports::audit_log::{AuditError, AuditLog, Verified};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Entries read at a time.
const PAGE: usize = 1024;

type Numbered = Vec<(u64, AuditEntry)>;

/// A period and what the log shows of it.
#[derive(Debug)]
pub struct Judged {
    pub start: Timestamp,
    pub end: Timestamp,
    pub report: Report,
    /// The whole log's size and root, or why it does not hold.
    pub log: Result<Verified, String>,
    /// The public key that anyone can check it with.
    pub key: String,
}

/// Judges the entries between two times, both included.
///
/// # Errors
/// [`AuditError`] when the log cannot be read; one that does not hold is a finding, not an error.
pub fn judge(
    log: &dyn AuditLog,
    framework: Framework,
    start: Timestamp,
    end: Timestamp,
) -> Result<Judged, AuditError> {
    let verified = log.verify().map_err(|e| e.to_string());
    let (entries, of_runs) = of_period(log, start, end)?;
    let period = Period { entries: &entries, of_runs: &of_runs };
    let report = report(framework, &period, verified.is_ok());
    Ok(Judged { start, end, report, log: verified, key: log.verifier_key() })
}

/// The entries of the period; and all entries of the runs that they are of.
fn of_period(
    log: &dyn AuditLog,
    start: Timestamp,
    end: Timestamp,
) -> Result<(Numbered, Numbered), AuditError> {
    let inside =
        |entry: &AuditEntry| entry.timestamp.parse::<Timestamp>().is_ok_and(|at| at >= start && at <= end);
    let mut entries = Vec::new();
    walk(log, |index, entry| {
        if inside(&entry) {
            entries.push((index, entry));
        }
    })?;
    let runs: HashSet<&str> = entries.iter().map(|(_, entry)| name_of(entry)).collect();
    let mut of_runs = Vec::new();
    walk(log, |index, entry| {
        if runs.contains(name_of(&entry)) {
            of_runs.push((index, entry));
        }
    })?;
    Ok((entries, of_runs))
}

/// Goes through the whole log, oldest first.
fn walk(log: &dyn AuditLog, mut take: impl FnMut(u64, AuditEntry)) -> Result<(), AuditError> {
    let mut start = 0;
    loop {
        let page = log.entries(start, PAGE)?;
        let count = page.len();
        page.into_iter().for_each(|(index, entry)| take(index, entry));
        start += count as u64;
        if count < PAGE {
            return Ok(());
        }
    }
}

impl Judged {
    /// As the kernel's `POST /reports/compliance` gives it, with what an auditor samples from.
    pub fn json(&self, generated_at: &str) -> Value {
        let log = match &self.log {
            Ok(verified) => json!({
                "verified": true, "entries": verified.entries, "root": self.root(), "origin": verified.origin,
                "key": self.key,
            }),
            Err(why) => json!({ "verified": false, "why": why, "key": self.key }),
        };
        json!({
            "framework": self.report.framework,
            "period": { "startTime": self.start.to_string(), "endTime": self.end.to_string() },
            "generatedAt": generated_at, "entries": self.report.entries, "controls": self.report.controls,
            "complianceScore": self.report.compliance_score, "summary": self.report.summary, "limits": LIMITS,
            "log": log,
        })
    }

    /// The log's root hash in hexadecimal; empty when it does not hold.
    pub fn root(&self) -> String {
        let root = self.log.as_ref().map(|verified| verified.root).unwrap_or_default();
        root.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
