//! The policy gate: the only maker of [`Granted`], and the only way to integrate is to hold one.
//!
//! Asks about every remediation by itself. What cannot be evaluated is denied by the port.

use crate::domain::{
    ChangeSet, EVENT_SOURCE, Layer, LayerOutcome, PolicyStamp, Remediation, RemediationId, Severity, Verdict,
};
use crate::ports::policy::{Decision, Policy, PolicyInput};
use serde_json::{Map, Value, json};

/// A value that policy has allowed. Cannot be made outside this module.
#[derive(Debug, Clone, PartialEq)]
pub struct Granted<T> {
    value: T,
    stamp: PolicyStamp,
}

impl<T> Granted<T> {
    pub fn get(&self) -> &T {
        &self.value
    }

    pub fn stamp(&self) -> &PolicyStamp {
        &self.stamp
    }
}

/// What the policy said of one remediation.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruling {
    pub remediation: RemediationId,
    pub decision: Decision,
}

/// What the policy is told beside the change itself.
pub struct Circumstances<'a> {
    pub user: &'a str,
    /// `standard` or `enterprise`.
    pub compliance_mode: &'a str,
    /// `None` before validation; afterwards the verdict of the isolated worktree.
    pub verdict: Option<&'a Verdict>,
    /// A person has seen this very change and said yes.
    pub approved: bool,
    pub severity_of: &'a dyn Fn(&Remediation) -> Severity,
}

impl std::fmt::Debug for Circumstances<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Circumstances").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Asks about each remediation of the set. All must be allowed for the set to be granted;
/// otherwise the rulings say which were not, and the caller consolidates again without those.
pub fn rule(policy: &dyn Policy, set: &ChangeSet, about: &Circumstances<'_>) -> Vec<Ruling> {
    let lines = changed_lines(&set.patch);
    set.remediations
        .iter()
        .map(|remediation| Ruling {
            remediation: remediation.id.clone(),
            decision: policy.decide(&input(remediation, set.files.len(), lines, about)),
        })
        .collect()
}

/// Grants the set when every ruling on it allows it and there is one for each remediation.
pub fn grant(set: ChangeSet, rulings: &[Ruling]) -> Option<Granted<ChangeSet>> {
    let ruled = |r: &Remediation| rulings.iter().any(|x| x.remediation == r.id && x.decision.allow);
    if set.remediations.is_empty() || !set.remediations.iter().all(ruled) {
        return None;
    }
    let stamp = PolicyStamp {
        version: rulings.first().map(|r| r.decision.version.clone()).unwrap_or_default(),
        decision: "allow".to_owned(),
        reason: format!("{} remediations allowed", rulings.len()),
    };
    Some(Granted { value: set, stamp })
}

/// The stamp of a set of rulings, for the record.
pub fn stamp(rulings: &[Ruling]) -> PolicyStamp {
    let denied: Vec<&Ruling> = rulings.iter().filter(|r| !r.decision.allow).collect();
    PolicyStamp {
        version: rulings.first().map(|r| r.decision.version.clone()).unwrap_or_default(),
        decision: if denied.is_empty() { "allow" } else { "deny" }.to_owned(),
        reason: match denied.first() {
            None => format!("{} remediations allowed", rulings.len()),
            Some(first) => {
                format!("{} of {} denied: {}", denied.len(), rulings.len(), first.decision.reasons.join("; "))
            }
        },
    }
}

fn input(remediation: &Remediation, files: usize, lines: usize, about: &Circumstances<'_>) -> PolicyInput {
    let mut details = Map::new();
    let mut put = |key: &str, value: Value| details.insert(key.to_owned(), value);
    put("user", json!(about.user));
    put("rule", json!(remediation.rule));
    put("tier", json!(remediation.tier));
    put("source", json!(remediation.source));
    put("files", json!(files));
    put("lines", json!(lines));
    put("stage", json!(if about.verdict.is_some() { "land" } else { "isolate" }));
    if let Some(verdict) = about.verdict {
        let ran = |name: &str| {
            let skipped = |l: &Layer| matches!(l.outcome, LayerOutcome::Skipped { .. });
            verdict.layers.iter().any(|l| l.name == name && !skipped(l))
        };
        // That it parses and that the finding is gone proves nothing about the rest of the project.
        if ["build", "lint", "test"].into_iter().any(ran) {
            put("validated", json!(verdict.passed()));
        }
        put("tests", json!(ran("test")));
        put("approved", json!(about.approved));
    }
    PolicyInput {
        actor: EVENT_SOURCE.to_owned(),
        action: "apply-fix".to_owned(),
        resource: remediation.path.to_string(),
        severity: (about.severity_of)(remediation).as_str().to_owned(),
        compliance_mode: about.compliance_mode.to_owned(),
        details,
    }
}

fn changed_lines(patch: &str) -> usize {
    patch
        .lines()
        .filter(|l| {
            (l.starts_with('+') && !l.starts_with("+++")) || (l.starts_with('-') && !l.starts_with("---"))
        })
        .count()
}
