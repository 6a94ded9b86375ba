//! What an auditor samples from: who did what in the period, each change with what allowed it, and what the policy was.

use super::{Period, is_change};
use crate::domain::{AuditEntry, AuditResult};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Changes, and actors, that a report lists; all are counted.
const MOST_LISTED: usize = 1_000;

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    pub success: usize,
    pub failure: usize,
    pub denied: usize,
    /// Entries by who held the key that signed them.
    pub signers: BTreeMap<String, usize>,
    /// Versions of the policy that decided, as hashes of all that was evaluated.
    pub policy_versions: BTreeSet<String>,
    pub actors: BTreeMap<String, usize>,
    pub changes: usize,
    /// The first of them, in the order of the log.
    pub listed: Vec<Change>,
}

/// One change and its evidence, by index in the log.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    pub index: u64,
    pub timestamp: String,
    pub actor: String,
    pub action: String,
    pub resource: String,
    /// Where the resource is, such as the repository.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uri: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub run: String,
    /// The entry that allowed it.
    pub allowed: Option<u64>,
    /// The entry of its validation.
    pub validated: Option<u64>,
    /// The entry of a person's approval; without one it was approved beforehand or needed none.
    pub approved: Option<u64>,
    /// The entry that took it back.
    pub undone: Option<u64>,
}

pub(super) fn of(period: &Period<'_>) -> Summary {
    let mut summary = Summary::default();
    for (_, entry) in period.entries {
        match entry.result {
            AuditResult::Success => summary.success += 1,
            AuditResult::Failure => summary.failure += 1,
            AuditResult::Denied => summary.denied += 1,
        }
        *summary.signers.entry(entry.signer.clone()).or_default() += 1;
        if summary.actors.len() < MOST_LISTED || summary.actors.contains_key(&entry.actor) {
            *summary.actors.entry(entry.actor.clone()).or_default() += 1;
        }
        summary.policy_versions.extend(entry.policy.as_ref().map(|policy| policy.version.clone()));
    }
    let runs = period.runs();
    for (index, entry) in period.entries.iter().filter(|(_, entry)| is_change(entry)) {
        summary.changes += 1;
        if summary.listed.len() < MOST_LISTED {
            let run = runs.get(super::name_of(entry)).map(Vec::as_slice).unwrap_or_default();
            summary.listed.push(change(*index, entry, run));
        }
    }
    summary
}

fn change(index: u64, entry: &AuditEntry, run: &[&(u64, AuditEntry)]) -> Change {
    let done = |action: &str| {
        run.iter()
            .rev()
            .find(|(_, e)| e.action == action && e.result == AuditResult::Success)
            .map(|(i, _)| *i)
    };
    let allowed = |e: &AuditEntry| e.policy.as_ref().is_some_and(|policy| policy.decision == "allow");
    Change {
        index,
        timestamp: entry.timestamp.clone(),
        actor: entry.actor.clone(),
        action: entry.action.clone(),
        resource: entry.resource.clone(),
        uri: entry.uri.clone(),
        run: entry.run.clone(),
        allowed: run.iter().rev().find(|(i, e)| *i <= index && allowed(e)).map(|(i, _)| *i),
        validated: done("validate"),
        approved: done("approve"),
        undone: done("undo").filter(|undone| *undone > index),
    }
}
