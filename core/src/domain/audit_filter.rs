//! What entries of the audit log are asked for. Data and one judgement; reads no log.

use super::{AuditEntry, AuditResult};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;

/// What is asked for; an absent field fits all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Both ends included. An entry whose time cannot be read fits no period.
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub actor: Option<String>,
    pub action: Option<String>,
    pub resource: Option<String>,
    pub result: Option<AuditResult>,
    /// A trace in any of these writings; none: any trace.
    pub trace: Vec<String>,
    /// What kind of thing the resource is; of an entry of our own, a `path`.
    pub kind: Option<String>,
    /// A tag of compliance that an entry of another program carries.
    pub tag: Option<String>,
}

/// The fields that most filters look at, borrowed from an entry's JSON: a third of the work of reading all of it.
#[derive(Debug, Deserialize)]
pub struct AuditHead<'a> {
    #[serde(borrow)]
    pub timestamp: Cow<'a, str>,
    #[serde(borrow)]
    pub trace_id: Cow<'a, str>,
    #[serde(borrow)]
    pub actor: Cow<'a, str>,
    #[serde(borrow)]
    pub action: Cow<'a, str>,
    #[serde(borrow)]
    pub resource: Cow<'a, str>,
    pub result: AuditResult,
}

/// The kind of an entry's resource when it names none.
const PATH: &str = "path";

impl AuditFilter {
    /// Whether every entry fits.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the entry's details must be known to judge it.
    pub fn needs_details(&self) -> bool {
        self.kind.is_some() || self.tag.is_some()
    }

    pub fn fits(&self, entry: &AuditEntry) -> bool {
        let head = AuditHead {
            timestamp: Cow::Borrowed(&entry.timestamp),
            trace_id: Cow::Borrowed(&entry.trace_id),
            actor: Cow::Borrowed(&entry.actor),
            action: Cow::Borrowed(&entry.action),
            resource: Cow::Borrowed(&entry.resource),
            result: entry.result,
        };
        self.fits_head(&head) && self.fits_details(entry)
    }

    /// The judgement but for the details.
    pub fn fits_head(&self, head: &AuditHead<'_>) -> bool {
        let same = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|w| w == found);
        self.result.is_none_or(|result| result == head.result)
            && same(&self.actor, &head.actor)
            && same(&self.action, &head.action)
            && same(&self.resource, &head.resource)
            && (self.trace.is_empty() || self.trace.iter().any(|t| *t == head.trace_id))
            && self.in_time(&head.timestamp)
    }

    /// Whether the time is in the period.
    pub fn in_time(&self, timestamp: &str) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        let Ok(at) = timestamp.parse::<Timestamp>() else { return false };
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at <= until)
    }

    fn fits_details(&self, entry: &AuditEntry) -> bool {
        let details = entry.details.as_ref().filter(|details| !details.is_empty());
        let kind = match details {
            None => Some(PATH),
            Some(details) => details.get("resource").and_then(|r| r.get("kind")).and_then(Value::as_str),
        };
        let tags = details.and_then(|d| d.get("complianceTags")).and_then(Value::as_array);
        self.kind.as_ref().is_none_or(|wanted| kind == Some(wanted))
            && self
                .tag
                .as_ref()
                .is_none_or(|tag| tags.is_some_and(|tags| tags.iter().any(|t| t == tag.as_str())))
    }

    /// Texts of which an entry that fits holds, as JSON writes them: one at least of each list. What holds them need
    /// not fit.
    pub fn words(&self) -> Vec<Vec<String>> {
        let one = |text: &Option<String>| text.iter().cloned().collect::<Vec<_>>();
        let kind = one(&self.kind).into_iter().filter(|kind| kind != PATH).collect();
        [one(&self.actor), one(&self.action), one(&self.resource), one(&self.tag), kind, self.trace.clone()]
            .into_iter()
            .filter(|alternatives| !alternatives.is_empty())
            .map(|alternatives| {
                alternatives.iter().map(|text| Value::from(text.as_str()).to_string()).collect()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(details: Value) -> AuditEntry {
        serde_json::from_value(json!({
            "timestamp": "2026-11-20T08:00:00Z", "trace_id": "t1", "run": "", "actor": "a\"na", "action": "fix",
            "resource": "x.py", "result": "success", "policy": null, "content_hash": null, "urn": "", "uri": "",
            "signer": "self", "details": details,
        }))
        .unwrap()
    }

    #[test]
    fn every_field_narrows_and_the_words_of_a_filter_are_in_what_fits() {
        let text = |text: &str| Some(text.to_owned());
        let time = |text: &str| Some(text.parse().unwrap());
        let all = AuditFilter::default();
        let details = json!({ "resource": { "kind": "pod" }, "complianceTags": ["SOC2", 7] });
        for (filter, own, other) in [
            (all.clone(), true, true),
            (AuditFilter { actor: text("a\"na"), ..all.clone() }, true, true),
            (AuditFilter { actor: text("ana"), ..all.clone() }, false, false),
            (AuditFilter { action: text("fix"), resource: text("x.py"), ..all.clone() }, true, true),
            (AuditFilter { action: text("undo"), ..all.clone() }, false, false),
            (AuditFilter { result: Some(AuditResult::Success), ..all.clone() }, true, true),
            (AuditFilter { result: Some(AuditResult::Denied), ..all.clone() }, false, false),
            (AuditFilter { trace: vec!["t0".into(), "t1".into()], ..all.clone() }, true, true),
            (AuditFilter { trace: vec!["t0".into()], ..all.clone() }, false, false),
            (AuditFilter { kind: text("path"), ..all.clone() }, true, false),
            (AuditFilter { kind: text("pod"), ..all.clone() }, false, true),
            (AuditFilter { tag: text("SOC2"), ..all.clone() }, false, true),
            (AuditFilter { since: time("2026-11-20T08:00:00Z"), ..all.clone() }, true, true),
            (AuditFilter { since: time("2026-11-20T08:00:01Z"), ..all.clone() }, false, false),
            (AuditFilter { until: time("2026-11-20T07:59:59Z"), ..all.clone() }, false, false),
        ] {
            for (entry, expected) in [(entry(Value::Null), own), (entry(details.clone()), other)] {
                assert_eq!(filter.fits(&entry), expected, "{filter:?}");
                let json = serde_json::to_string(&entry).unwrap();
                let held = |alternatives: &Vec<String>| alternatives.iter().any(|word| json.contains(word));
                assert!(!expected || filter.words().iter().all(held), "{filter:?}");
            }
        }
    }
}
